package state

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// leaky is a pair of neurons over three steps: 2:0 takes x and half of what it showed before,
//
//	h_t = x + h_{t-1}/2:   x, 1.5x, 1.75x,
//
// and 2:1 listens to 2:0 alone, k_t = h_{t-1}: 0, x, 1.5x. The logit of B is the last h + k, that of A ½.
// (Here the layer is layer 1.)
func leaky(t testing.TB) *model.Network {
	t.Helper()
	spec := model.Spec{Name: "leaky", Input: model.Shape{1, 1, 1}, Layers: []model.Layer{
		{Name: "circle", Kind: model.Recurrent, Units: 2, Steps: 3, Activation: model.ReLU, Pool: &model.Pool{Kind: model.LastStep}},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 0.5, 0, 0, 1, 0}, Bias: []float32{0, 0}}, {Weight: []float32{0, 0, 1, 1}, Bias: []float32{0.5, 0}}},
		[]float32{0}, []float32{1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lights are images of B, of brightness ¼, and dark ones of A, in turn; 8 in each split.
func lights(t testing.TB) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 1, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 24 {
		s.Images, s.Labels = append(s.Images, 0.25*float32(i%2)), append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 8, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func circle(t testing.TB, n *model.Network, set *datasets.Set, change func(*ablate.Options)) *Circle {
	t.Helper()
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 200, 99
	if change != nil {
		change(&o)
	}
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := CircleOf(context.Background(), p, CircleOptions{Shuffles: 3})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCircleByHand: with x = ¼ on images of B, h is .25, .375, .4375 and k 0, .25, .375, so that the
// logit of B, less ½ of A, is .3125 at the end, .125 after two steps (.375 + .25 − .5) and −.25 after
// one: B is named from the second step on. On images of A all is dark: their margin is ½ throughout.
func TestCircleByHand(t *testing.T) {
	r := circle(t, leaky(t), lights(t), nil)
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) < 1e-6) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	for k, want := range []struct{ accuracy, diff float64 }{{0.5, (0.5 - 0.25) / 2}, {1, (0.5 + 0.125) / 2}, {1, (0.5 + 0.3125) / 2}} {
		x := r.Readings[k]
		near("accuracy", x.Accuracy.Estimate, want.accuracy)
		near("logit difference", x.Diff.Estimate, want.diff)
	}
	if r.Readings[0].Other != 4 || r.Readings[1].Other != 0 {
		t.Errorf("other answers %d and %d, want 4 and 0", r.Readings[0].Other, r.Readings[1].Other)
	}
	// Halves of images are dark: means are half of what shows on B.
	at := map[model.Address]*CircleNeuron{}
	for k := range r.Neurons {
		at[r.Neurons[k].Address] = &r.Neurons[k]
	}
	h, k := at[model.Neuron(1, 0)], at[model.Neuron(1, 1)]
	for step, want := range [][2]float64{{0.25, 0}, {0.375, 0.25}, {0.4375, 0.375}} {
		near("mean of h", h.Mean[step], want[0]/2)
		near("mean of k", k.Mean[step], want[1]/2)
	}
	// Without h at step 1, h goes on with .25, .375 and k with 0, .25: the end is .625 instead of .8125. At step 2: h_3
	// is .25, k_3 0. At step 3 its own .4375 are lost. At all steps everything, .8125.
	for step, want := range []float64{0.625 - 0.8125, 0.25 - 0.8125, -0.4375} {
		near("lesion of h at a step", h.Lesions[step].Estimate, want/2)
	}
	near("lesion of h", h.All.Estimate, -0.8125/2)
	near("interaction of h", h.Interaction.Estimate, (-0.8125-(-0.1875-0.5625-0.4375))/2)
	// Nobody listens to k within the circle: only its last step counts.
	for step, want := range []float64{0, 0, -0.375} {
		near("lesion of k at a step", k.Lesions[step].Estimate, want/2)
	}
	near("interaction of k", k.Interaction.Estimate, 0)
	if k.Lesions[0].P.Defined() {
		t.Errorf("a lesion that changes nothing was tested: p = %v", k.Lesions[0].P)
	}
	// Cut, h shows .25 and k nothing: B's logit is .25, below ½.
	near("circle cut", r.Cut.Accuracy, 0.5)
	near("circle cut", r.Cut.Diff.Estimate, (0.25-0.8125)/2)
	// Back to itself alone, h is .4375 and k nothing; between neurons alone, h is .25 and k .25.
	near("itself alone", r.Parts[0].Diff.Estimate, (0.4375-0.8125)/2)
	near("between neurons alone", r.Parts[1].Diff.Estimate, (0.5-0.8125)/2)
	near("silent at the last step", r.SilentLayer[2].Diff.Estimate, -0.8125/2)
	if r.Tests != 2+2*3-2 || r.ShamArms != 4 {
		t.Errorf("%d tests (want 6), %d shams (want 4)", r.Tests, r.ShamArms)
	}
}

// TestACutAverage: where the steps are averaged, the circle cut is the first step at all of them, and not
// silence: .25 of .354 = (.25 + .375 + .4375)/3, and k nothing of (0 + .25 + .375)/3.
func TestACutAverage(t *testing.T) {
	n := leaky(t)
	spec := n.Spec
	spec.Layers = slices.Clone(spec.Layers)
	spec.Layers[0].Pool = &model.Pool{Kind: model.GlobalAveragePool}
	averaged, err := model.NewNetwork(spec, n.Params, n.Mean, n.Std, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	r := circle(t, averaged, lights(t), nil)
	// Half of the images are of B, whose margin falls by (1.0625 + .625)/3 − .25.
	if got, want := r.Cut.Diff.Estimate, -((1.0625+0.625)/3-0.25)/2; math.Abs(got-want) > 1e-6 {
		t.Errorf("cut: %v, want %v", got, want)
	}
}

// TestACutCircleIsTheFirstStep: without weights back, the layer shows at last what it does at once.
func TestACutCircleIsTheFirstStep(t *testing.T) {
	spec, err := model.Preset("recurrent", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n, set := modeltest.Random(spec, 4), modeltest.Blobs(spec.Input, 20, 30, 60, 5)
	n.Classes = set.Classes
	r := circle(t, n, set, nil)
	last := r.Readings[r.Steps-1]
	if first := r.Readings[0]; math.Abs(r.Cut.Accuracy-first.Accuracy.Estimate) > 1e-9 || math.Abs(r.Cut.Diff.Estimate-first.DiffChange.Estimate) > 1e-4 {
		t.Errorf("cut %+v, first step %+v", r.Cut, first)
	}
	if last.Other != 0 || last.AccuracyChange.Estimate != 0 {
		t.Errorf("the last step against itself: %+v", last)
	}
	again := circle(t, n, set, func(o *ablate.Options) { o.Workers = 3 })
	if !slices.EqualFunc(r.Neurons, again.Neurons, func(a, b CircleNeuron) bool {
		same := func(x, y CircleEffect) bool { return x.Interval == y.Interval } // an undefined p is not itself
		return a.Address == b.Address && same(a.All, b.All) && slices.EqualFunc(a.Lesions, b.Lesions, same)
	}) {
		t.Error("effects depend on the number of workers")
	}
}

// TestTurningIsSeen: 1:0 fires for A at first, and is then excited by 1:1, which sees B.
func TestTurningIsSeen(t *testing.T) {
	spec := model.Spec{Name: "turning", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		{Name: "circle", Kind: model.Recurrent, Units: 2, Steps: 2, Activation: model.ReLU, Pool: &model.Pool{Kind: model.LastStep}},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 0, 0, 3, 0, 1, 0, 0}, Bias: []float32{0, 0}}, {Weight: []float32{1, 0, 0, 1}, Bias: []float32{0, 0}}},
		[]float32{0, 0}, []float32{1, 1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	r := circle(t, n, sights(t), nil)
	for _, x := range r.Neurons {
		want := x.Address.Unit == 0
		if x.Turned != want {
			t.Errorf("%v turned: %v, want %v (preferred %v)", x.Address, x.Turned, want, x.Preferred)
		}
	}
}

func TestNoCircleIsAnError(t *testing.T) {
	for _, c := range []struct {
		n     *model.Network
		layer int
		want  string
	}{{twoSights(), 0, "no recurrent layer"}, {leaky(t), 2, "layer 2 is not recurrent"}} {
		if _, err := CheckCircle(c.n, c.layer); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
