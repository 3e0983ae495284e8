package state

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// twoSights: neuron 1:0 sees A's pixel and carries A, 1:1 sees B's and carries B; 1:2 fires for both, most
// of all, and nobody reads it. B has a bias of ½: an image of A is named right while the gain of 1:0
// is above ½, one of B always.
func twoSights() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {3, 3, 0}}, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0.5}})
}

// sights are images of A, with the pixels 1 and 0, and of B, 0 and 1, in turn: 20 in each split.
func sights(t testing.TB) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 60 {
		s.Images, s.Labels = append(s.Images, float32(1-i%2), float32(i%2)), append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 20, 20, 20)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func tiredOptions() TiredOptions {
	o := DefaultTiredOptions()
	o.Resamples, o.Permutations, o.Repeats, o.Shuffles = 100, 99, 20, 3
	o.Fatigue, o.Recovery, o.Steps = 1, 2, 3
	o.Doses, o.Arousal, o.Noise = []float64{0, 0.5, 1, 2}, []float64{-0.6, 0, 1}, []float64{0, 0.5, 1, 2}
	return o
}

func tire(t testing.TB, n *model.Network, set *datasets.Set, change func(*TiredOptions)) *TiredResult {
	t.Helper()
	o := tiredOptions()
	if change != nil {
		change(&o)
	}
	r, err := Tired(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// afterSeeing is the gain of a neuron after images on which it is driven or not: its rate on select
// is ½, since it fires at 1 on half of the images, so that it is driven with 2; with τ = 2 it goes, in one presentation,
// to 1/(1+2κ) by exp(-(1+2κ)/2), and without drive back to 1 by exp(-½).
func afterSeeing(kappa float64, driven []bool) float64 {
	x := 1.0
	for _, d := range driven {
		end, rate := 1.0, 1.0
		if d {
			end, rate = 1/(1+2*kappa), 1+2*kappa
		}
		x = end + (x-end)*math.Exp(-rate/2)
	}
	return x
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestTheDayByHand follows every subject through its day on paper: which images it sees is known, so is
// each gain, and so each answer.
func TestTheDayByHand(t *testing.T) {
	o := tiredOptions()
	r := tire(t, twoSights(), sights(t), nil)
	plan := newRoster(20, o.Steps+1, 1)
	for k, kappa := range o.Doses {
		right, diff := [2]float64{}, 0.0
		for s := range 20 {
			// Image i is of class i%2, and drives the neuron of its class alone.
			class := plan.image(o.Steps, s) % 2
			var driven []bool
			for step := range o.Steps {
				driven = append(driven, plan.image(step, s)%2 == class)
			}
			gain := afterSeeing(kappa, driven)
			margin := gain - 0.5 // of A: its logit is the gain, that of B ½
			if class == 1 {
				margin = gain + 0.5
			}
			right[class] += yes(margin > 0) / 10
			diff += margin / 20
		}
		near(t, "recall of A", r.Doses[k].Recall[0].Estimate, right[0])
		near(t, "recall of B", r.Doses[k].Recall[1].Estimate, 1)
		near(t, "logit difference", r.Doses[k].LogitDiff.Estimate, diff)
		near(t, "answers B", r.Doses[k].Answers[1].Estimate, (1-right[0])/2+0.5)
		if k > 1 && (r.Doses[k].Suffers != 0 || right[0] == 1) {
			t.Errorf("κ = %v: class %d suffers, want 0, A", kappa, r.Doses[k].Suffers)
		}
		near(t, "the gap between A and B", r.Doses[k].Gap.Estimate, right[0]-1)
	}
}

// TestHistoryOfOneClassTiresIt: after three images of its own class a neuron's gain is x = afterSeeing, after three of
// the other's 1. Only A fails, and only after images of A. With the layer's mean gain, which counts
// 1:2 too and is the same after either, history makes no difference.
func TestHistoryOfOneClassTiresIt(t *testing.T) {
	r := tire(t, twoSights(), sights(t), func(o *TiredOptions) { o.Fatigue = 2 })
	x := afterSeeing(2, []bool{true, true, true})
	if x >= 0.5 {
		t.Fatalf("the gain is %v, too high for A to fail", x)
	}
	h := r.Histories
	near(t, "recall of A after images of A", h.Own.Recall[0].Estimate, 0)
	near(t, "recall of B after images of B", h.Own.Recall[1].Estimate, 1)
	near(t, "accuracy after images of the other class", h.Other.Accuracy.Estimate, 1)
	near(t, "AUROC after images of the own class", float64(h.Own.AUROC), 1)
	for _, e := range h.Effects {
		near(t, "own − other", e.Diff.Estimate, x-1)
		near(t, "own − other with uniform gains", e.Uniform.Estimate, 0)
		near(t, "beyond uniform gains", e.Specific.Estimate, x-1)
		if !e.Diff.Found() || e.Uniform.Found() {
			t.Errorf("class %d: adjusted p %v of the history, %v with uniform gains, want below 0.05 and not", e.Class, e.Diff.Adjusted, e.Uniform.Adjusted)
		}
	}
}

// TestTheMapFindsThePlantedNeurons: the network is linear behind its ReLUs, so that a neuron's fatigue does the same
// alone and among others, and all together what they do one by one: 1:0 takes its gain from the images of A,
// 1:1 from those of B. 1:2 tires most and does nothing.
func TestTheMapFindsThePlantedNeurons(t *testing.T) {
	o := tiredOptions()
	r := tire(t, twoSights(), sights(t), nil)
	plan := newRoster(20, o.Steps+1, 1)
	var want [2]float64
	for s := range 20 {
		class := plan.image(o.Steps, s) % 2
		var driven []bool
		for step := range o.Steps {
			driven = append(driven, plan.image(step, s)%2 == class)
		}
		want[class] += (afterSeeing(1, driven) - 1) / 20
	}
	for class, u := range r.Neurons[:2] {
		near(t, "alone", u.Alone.Estimate, want[class])
		near(t, "among", u.Among.Estimate, want[class])
		near(t, "lesion", u.Lesion.Estimate, -0.5) // 1 off each image of its class, half of all
		if !u.Alone.Found() || !u.Among.Found() {
			t.Errorf("%v is not found: adjusted p %v, %v", u.Address, u.Alone.Adjusted, u.Among.Adjusted)
		}
	}
	idle := r.Neurons[2]
	if idle.Moved || idle.Alone.Estimate != 0 || idle.Alone.P.Defined() || r.Map.Tested != 2 {
		t.Errorf("the neuron that nobody reads: %+v of %d tested, want nothing, untested", idle, r.Map.Tested)
	}
	if idle.Gain >= r.Neurons[0].Gain {
		t.Errorf("1:2, which always fires, has a gain of %v, no lower than %v", idle.Gain, r.Neurons[0].Gain)
	}
	near(t, "all together", r.Map.Whole.Estimate, want[0]+want[1])
	near(t, "the sum", r.Map.SumAlone.Estimate, want[0]+want[1])
	near(t, "the layer", r.Layers[0].Only.LogitDiff.Change.Estimate, want[0]+want[1])
	near(t, "the test", r.Tired.LogitDiff.Change.Estimate, want[0]+want[1])
}

func TestRestGivesBackWithTau(t *testing.T) {
	r := tire(t, twoSights(), sights(t), func(o *TiredOptions) { o.Recovery = 7 })
	near(t, "τ", float64(r.Recovery.Tau), 7)
	near(t, "the least τ of a neuron", float64(r.Recovery.TauRange[0]), 7)
	for _, m := range r.Recovery.Rests {
		// Logits are linear in the gains here: they come back as the gains do.
		near(t, "gain back", m.Gained, 1-math.Exp(-m.Rest/7))
		near(t, "logit difference back", float64(m.Diff.Estimate), 1-math.Exp(-m.Rest/7))
	}
}

func TestGlobalStates(t *testing.T) {
	r := tire(t, twoSights(), sights(t), nil)
	// At an arousal of −0.6 the logit of A is 0.4, below B's bias.
	drowsy, excited := r.Arousal.Fresh[0], r.Arousal.Fresh[2]
	near(t, "recall of A, drowsy", drowsy.Recall[0].Estimate, 0)
	near(t, "recall of B, drowsy", drowsy.Recall[1].Estimate, 1)
	near(t, "logit difference, excited", excited.LogitDiff.Estimate, (1.5+2.5)/2)
	for _, c := range []Condition{r.Arousal.Fresh[1], r.Noise.Fresh[0], r.Fresh} {
		near(t, "accuracy at dose 0", c.Accuracy.Estimate, 1)
		near(t, "logit difference at dose 0", c.LogitDiff.Estimate, (0.5+1.5)/2)
	}
	if at := r.Noise.Tired[0].LogitDiff.Estimate; at != r.Tired.LogitDiff.Estimate {
		t.Errorf("noise 0 on the tired network: logit difference %v, want %v", at, r.Tired.LogitDiff.Estimate)
	}
	if noisy := r.Noise.Fresh[3].LogitDiff; noisy.Change.Estimate == 0 {
		t.Error("noise changes nothing")
	}
}

// TestWithoutFatigueNothingDiffers: no bit of a logit, and no change or interval of any number.
func TestWithoutFatigueNothingDiffers(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 8, 8}, 3)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 3)
	r := tire(t, n, randomSet(t, n, 34), nil)
	u := r.Unchanging
	if u.NoFatigue.Logits != 34*4*3 || u.NoFatigue.Differing != 0 {
		t.Errorf("κ = 0: %d of %d logits differ, want 0 of 408", u.NoFatigue.Differing, u.NoFatigue.Logits)
	}
	if u.Row.Showings != 5*20 || u.Row.Logits != 5*20*3 || u.Row.Differing+u.Between.Differing != 0 || u.Between.Showings != 5*20 {
		t.Errorf("showings again and again: %+v, %+v, want 100 each and no difference", u.Row, u.Between)
	}
	if u.Positive.Differing == 0 {
		t.Error("the positive control shows nothing")
	}
	zero := r.Doses[0]
	for _, l := range append([]Level{zero.Accuracy, zero.Balanced, zero.Confidence, zero.LogitDiff}, slices.Concat(zero.Recall, zero.Answers, zero.LogitDiffOf)...) {
		if l.Change != (ablate.Interval{}) {
			t.Errorf("κ = 0: a change of %+v, want exactly 0", l.Change)
		}
	}
	if zero.P != 1 || zero.Suffers != -1 {
		t.Errorf("κ = 0: class %d suffers, p = %v, want none, 1", zero.Suffers, zero.P)
	}
	if c := r.Controls.Frozen; c.Differing != 0 || c.Logits != 102 {
		t.Errorf("frozen gains: %d of %d logits differ, want 0 of 102", c.Differing, c.Logits)
	}
	if r.Doses[3].LogitDiff.Change.Estimate == 0 {
		t.Error("the largest κ changes nothing")
	}
}

// randomSet are random images with labels in turn, so many in each split.
func randomSet(t testing.TB, n *model.Network, images int) *datasets.Set {
	t.Helper()
	in := n.Spec.Input
	s := datasets.Set{Channels: in[0], Height: in[1], Width: in[2], Classes: n.Classes, Images: modeltest.Images(in, 3*images, 4)}
	for i := range 3 * images {
		s.Labels = append(s.Labels, i%len(n.Classes))
	}
	set, err := datasets.New(s, images, images, images)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestWorkersDoNotMatter(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 5)
	set := randomSet(t, n, 34)
	var texts []string
	for _, workers := range []int{1, 3} {
		r := tire(t, n, set, func(o *TiredOptions) { o.Workers = workers })
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Error("results depend on the number of workers")
	}
}

// TestALesionStaysUnderFatigue: with 1:0 silenced A is never recognised, fresh or tired, and 1:0 is not on the map.
func TestALesionStaysUnderFatigue(t *testing.T) {
	r := tire(t, twoSights(), sights(t), func(o *TiredOptions) { o.Lesions = []model.Address{model.Neuron(1, 0)} })
	near(t, "recall of A, fresh", r.Fresh.Recall[0].Estimate, 0)
	near(t, "recall of A, tired", r.Tired.Recall[0].Estimate, 0)
	near(t, "logit difference of A", r.Tired.LogitDiffOf[0].Estimate, -0.5)
	if len(r.Neurons) != 2 || r.Neurons[0].Address != model.Neuron(1, 1) || r.Unchanging.NoFatigue.Differing != 0 {
		t.Errorf("%d neurons on the map, the first %v; %d logits differ at κ = 0; want 1:1 and 1:2, and none", len(r.Neurons), r.Neurons[0].Address, r.Unchanging.NoFatigue.Differing)
	}
}

// TestRosterShowsEachImageOnce: in each step every image once, to each subject no image twice.
func TestRosterShowsEachImageOnce(t *testing.T) {
	const images, steps = 13, 13
	r := newRoster(images, steps, 8)
	seen := map[[2]int]bool{}
	for step := range steps {
		shown := map[int]bool{}
		for s := range images {
			i := r.image(step, s)
			if shown[i] || seen[[2]int{s, i}] {
				t.Fatalf("step %d shows image %d again, or subject %d has seen it", step, i, s)
			}
			shown[i], seen[[2]int{s, i}] = true, true
		}
	}
}

func TestTiredRefusesNonsense(t *testing.T) {
	for _, c := range []struct {
		change func(*TiredOptions)
		want   string
	}{
		{func(o *TiredOptions) { o.Fatigue = 0 }, "fatigue 0 as the reference"},
		{func(o *TiredOptions) { o.Fatigue = math.NaN() }, "fatigue NaN"},
		{func(o *TiredOptions) { o.Recovery = -1 }, "recovery -1"},
		{func(o *TiredOptions) { o.Steps = 0 }, "0 steps of work"},
		{func(o *TiredOptions) { o.Steps = 20 }, "20 steps of work with 20 images"},
		{func(o *TiredOptions) { o.Images = -1 }, "-1 images"},
		{func(o *TiredOptions) { o.Steps, o.Images = 1, 2; o.Seed = 3 }, "none of the 2 images"},
		{func(o *TiredOptions) { o.Doses = []float64{0, 1, 2} }, "want 4 to 100 in ascending order, 0 among them"},
		{func(o *TiredOptions) { o.Doses = []float64{1, 2, 3, 4} }, "doses of fatigue"},
		{func(o *TiredOptions) { o.Doses = []float64{0, 2, 1, 4} }, "doses of fatigue"},
		{func(o *TiredOptions) { o.Arousal = []float64{-2, 0} }, "arousal -2"},
		{func(o *TiredOptions) { o.Noise = []float64{0, 1, 1, 2} }, "doses of noise"},
		{func(o *TiredOptions) { o.Lesions = []model.Address{model.Neuron(9, 1)} }, "layer 9 not in model"},
	} {
		o := tiredOptions()
		c.change(&o)
		if _, err := Tired(context.Background(), twoSights(), sights(t), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Tired(ctx, twoSights(), sights(t), tiredOptions()); err == nil {
		t.Error("an interrupted experiment gives a result")
	}
}
