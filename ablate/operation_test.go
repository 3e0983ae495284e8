package ablate_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func operate(t *testing.T, n *model.Network, set *datasets.Set, neurons string, o ablate.Options) *ablate.Operation {
	t.Helper()
	targets, err := n.ParseAddresses(neurons)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ablate.Operate(context.Background(), p, targets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// quick are options with few resamples.
func quick() ablate.Options {
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 100, 99
	return o
}

// sensor answers B where the light of its two pixels is above 0.5: h = (x₀, x₁), logits (0.5, h₀+h₁).
func sensor() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0.5}, {1, 1, 0}})
}

// pictures is a set of two pixels an image; each image is label, x₀, x₁. Train is one image a class.
func pictures(t *testing.T, selected, confirm [][3]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for _, x := range slices.Concat([][3]float32{{0, 0, 0}, {1, 1, 0}}, selected, confirm) {
		s.Labels, s.Images = append(s.Labels, int(x[0])), append(s.Images, x[1], x[2])
	}
	set, err := datasets.New(s, 2, len(selected), len(confirm))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func times(n int, image [3]float32) [][3]float32 { return slices.Repeat([][3]float32{image}, n) }

func kind(t *testing.T, o *ablate.Operation, k ablate.Kind) *ablate.Result {
	t.Helper()
	for _, r := range o.Kinds() {
		if r.Kind == k {
			return &ablate.Result{Kind: k, Measures: r.Measures, Flips: r.Flips, Features: r.Features}
		}
	}
	t.Fatalf("no kind %s", k)
	return nil
}

// TestDeadUnitUnderEachKind: h₁ is lit on half of select, on no confirm image. Zero finds nothing to take;
// the mean, 0.5, lights it everywhere and makes a B of every A; another confirm image's is 0.
func TestDeadUnitUnderEachKind(t *testing.T) {
	set := pictures(t, [][3]float32{{0, 0, 1}, {0, 0, 0}, {1, 1, 1}, {1, 1, 0}},
		slices.Concat(times(20, [3]float32{0, 0.25, 0}), times(30, [3]float32{1, 0.75, 0})))
	o := operate(t, sensor(), set, "1:1", quick())
	still := []row{{"accuracy", 50, 1, 1}, {"recall of A", 20, 1, 1}, {"logit difference", 50, 0.25, 0.25}}
	checkMeasures(t, kind(t, o, ablate.Zero), still...)
	checkMeasures(t, kind(t, o, ablate.Resample), still...)
	// With 0.5 more for B the As' difference is -0.25, the Bs' 0.75.
	checkMeasures(t, kind(t, o, ablate.Mean), row{"accuracy", 50, 1, 0.6}, row{"balanced accuracy", 50, 1, 0.5}, row{"recall of A", 20, 1, 0}, row{"recall of B", 30, 1, 1},
		row{"logit difference", 50, 0.25, (20*-0.25 + 30*0.75) / 50})
	for _, c := range o.Contrasts {
		zeroToMean := c.Kinds == [2]ablate.Kind{ablate.Zero, ablate.Mean}
		if c.Measure == "recall of A" && zeroToMean && (c.Verdict != ablate.Apart || c.Difference != (ablate.Interval{Estimate: -1, Low: -1, High: -1})) {
			t.Errorf("recall of A from zero to mean: %+v", c)
		}
		if c.Kinds == [2]ablate.Kind{ablate.Zero, ablate.Resample} && (c.Verdict != ablate.Agree || c.Difference != ablate.Interval{}) {
			t.Errorf("zero and resample: %+v", c)
		}
	}
	if len(o.Contrasts) != 3*6 || o.Tests != 3*6 {
		t.Errorf("%d contrasts, %d tests, want 18 and 18", len(o.Contrasts), o.Tests)
	}
	if f := kind(t, o, ablate.Mean).Flips; f.CorrectToWrong != 20 || f.WrongToCorrect != 0 || f.Changed != 20 || !near(f.McNemarP*(1<<19), 1) {
		t.Errorf("flips under mean %+v", f)
	}
	if d := o.Dose.Curves[0]; d.Shape != ablate.NoEffect || d.Fit != nil {
		t.Errorf("dose curve of a dead unit %+v", d)
	}
	if r := o.Rescue.Arms[1]; r.Recovery != nil || !slices.ContainsFunc(o.Rescue.Warnings, func(w string) bool { return strings.Contains(w, "not defined") }) {
		t.Errorf("rescue of a dead unit %+v, warnings %q", r, o.Rescue.Warnings)
	}
}

// TestKindsOfOppositeSigns: zero takes 0.6 of light from every B, the mean over select, 0.9, adds 0.3
// where there are 0.6; over all images -0.5 against (20·0.3 - 4·0.9)/24.
func TestKindsOfOppositeSigns(t *testing.T) {
	set := pictures(t, [][3]float32{{1, 0.9, 0}, {0, 0.9, 0}}, slices.Concat(times(20, [3]float32{1, 0.6, 0}), times(4, [3]float32{0, 0, 0})))
	o := operate(t, sensor(), set, "1:0", quick())
	for _, c := range o.Contrasts {
		if c.Kinds != [2]ablate.Kind{ablate.Zero, ablate.Mean} || c.Measure != "logit difference" {
			continue
		}
		if c.Verdict != ablate.Opposite || !c.Verdict.Disagree() || !near(c.Difference.Estimate, 0.1+0.5) {
			t.Errorf("contrast %+v", c)
		}
		return
	}
	t.Error("no contrast of zero and mean")
}

// TestResampleOfTwoImages swaps them in every draw: A is lit by 0.75, B by 0.25, both are wrong.
func TestResampleOfTwoImages(t *testing.T) {
	set := pictures(t, [][3]float32{{0, 0, 0}, {1, 1, 0}}, [][3]float32{{0, 0.25, 0}, {1, 0.75, 0}})
	options := quick()
	options.Kinds = []ablate.Kind{ablate.Resample}
	o := operate(t, sensor(), set, "1:0", options)
	checkMeasures(t, &o.Result, row{"accuracy", 2, 1, 0}, row{"recall of A", 1, 1, 0}, row{"logit difference", 2, 0.25, -0.25})
	if o.Kind != ablate.Resample || len(o.Others) != 0 || len(o.Contrasts) != 0 || o.Flips != (ablate.Flips{CorrectToWrong: 2}) {
		t.Errorf("kind %s, %d others, flips %+v", o.Kind, len(o.Others), o.Flips)
	}
	// Both differences fall by 0.5: of the four choices of signs two are as extreme.
	for _, m := range o.Measures {
		if m.Test != ablate.SignFlip || m.Name == "logit difference" && m.P != 0.5 {
			t.Errorf("%s: p %v by %s", m.Name, m.P, m.Test)
		}
	}
	// Of its own class there is the image itself, of the other the other one.
	r := o.Rescue
	for k, want := range []ablate.Rescued{{Injection: ablate.Recorded, Value: 0.25, Identical: true}, {Injection: ablate.MeanValue, Value: 0},
		{Injection: ablate.SameClass, Value: 0.25}, {Injection: ablate.OtherClass, Value: -0.25}} {
		if got := r.Arms[k]; got.Injection != want.Injection || !near(got.Value, want.Value) || got.Identical != want.Identical {
			t.Errorf("rescue %+v, want %+v", got, want)
		}
	}
	if len(r.Warnings) != 3 { // one image of each class, nothing to recover from
		t.Errorf("warnings %q", r.Warnings)
	}
}

// TestControlsByHand: over select the detector's three units have the means 0.75, 0.5, 0 and the outgoing norms
// 1, 0, 5: variances 7/72 and 14/3. From 1:0 the decoy is √(9/14 + 3/14) away, the dead unit √(81/14 + 48/14).
func TestControlsByHand(t *testing.T) {
	o := operate(t, detector(), lights(t), "1:0", quick())
	c := o.Controls
	if !near(c.Target.Mean, 0.75) || !near(c.Target.Norm, 1) || c.Target.Dead {
		t.Errorf("target %+v", c.Target)
	}
	for k, want := range []ablate.Control{{Address: model.Neuron(1, 1), Mean: 0.5, Distance: math.Sqrt(12.0 / 14)},
		{Address: model.Neuron(1, 2), Norm: 5, Distance: math.Sqrt(129.0 / 14), Dead: true}} {
		got := c.Units[k]
		if got.Address != want.Address || !near(got.Mean, want.Mean) || !near(got.Norm, want.Norm) || !near(got.Distance, want.Distance) || got.Dead != want.Dead {
			t.Errorf("control %d: %+v, want %+v", k, got, want)
		}
		if got.Effect != (ablate.Interval{}) {
			t.Errorf("control %d has the effect %+v", k, got.Effect)
		}
	}
	if c.Rank != 1 || !near(c.P, 1.0/3) || !near(c.Floor, 1.0/3) || c.Dead != 1 || c.Wanted != 20 || !near(c.Beyond.Estimate, (3.64-15.8)/40) || c.Target.Effect.Estimate != c.Beyond.Estimate {
		t.Errorf("controls %+v", c)
	}
	if len(c.Warnings) != 2 { // fewer than wanted, and a p that cannot be small
		t.Errorf("warnings %q", c.Warnings)
	}
	// One control: the decoy.
	options := quick()
	options.Controls = 1
	if c := operate(t, detector(), lights(t), "1:0", options).Controls; len(c.Units) != 1 || c.Units[0].Address != model.Neuron(1, 1) || !near(c.P, 0.5) {
		t.Errorf("one control %+v", c)
	}
}

// TestDecoyRanksLast: nothing reads it, so no kind of ablation finds anything; a dead control with an effect of 0
// goes before it.
func TestDecoyRanksLast(t *testing.T) {
	o := operate(t, detector(), lights(t), "1:1", quick())
	for _, r := range o.Kinds() {
		for _, m := range r.Measures {
			if m.Change != 0 || m.Low != 0 || m.High != 0 || m.P != 1 || m.Adjusted != 1 {
				t.Errorf("%s: %s changes by %v, p %v", r.Kind, m.Name, m.Change, m.P)
			}
		}
	}
	if c := o.Controls; c.Rank != 3 || c.P != 1 || c.Target.Norm != 0 {
		t.Errorf("controls %+v", c)
	}
}

// TestOutgoingNorms are seen through the matching. Layer 1 (two channels of 2×2) is read by a convolution and, through
// the sum of both, by a dense layer. Unit 0: kernels 3 and 4, columns 0 but for one of 12: 13. Unit 1: kernels 0 and 0,
// columns 1 eight times: √8.
func TestOutgoingNorms(t *testing.T) {
	spec := model.Spec{Name: "sum", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.ReLU},
		{Name: "conv2", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.ReLU},
		{Name: "add3", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 1}, Bias: []float32{0, 0}},
		{Weight: []float32{3, 0, 4, 0}, Bias: []float32{0, 0}}, {},
		{Weight: []float32{12, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1}, Bias: []float32{0, 0}}},
		[]float32{0}, []float32{1}, []string{"left", "right"})
	if err != nil {
		t.Fatal(err)
	}
	c := operate(t, n, modeltest.Blobs(model.Shape{1, 2, 2}, 4, 4, 4, 1), "1:0", quick()).Controls
	if !near(c.Target.Norm, 13) || !near(c.Units[0].Norm, math.Sqrt(8)) {
		t.Errorf("norms %v and %v, want 13 and √8", c.Target.Norm, c.Units[0].Norm)
	}
}

// TestDoseOnTheDetector: at dose d the Bs, which it fires for, lose d of their light, 15.8 in 28, and the As
// gain 3.64 in 12, straight lines on both sides of 0: half of the lesion's effect at 0.5, and no EC50 among the doses.
func TestDoseOnTheDetector(t *testing.T) {
	r := operate(t, detector(), lights(t), "1:0", quick()).Dose
	if r.OnClass != "B" || r.NoClasses != "" || len(r.Curves) != 3 {
		t.Fatalf("dose %+v", r)
	}
	for k, want := range []struct {
		images string
		n      int
		slope  float64
	}{{"all", 40, (3.64 - 15.8) / 40}, {"on-class", 28, -15.8 / 28}, {"off-class", 12, 3.64 / 12}} {
		c := r.Curves[k]
		if c.Images != want.images || c.N != want.n || c.Shape != ablate.Monotone {
			t.Errorf("curve %s of %d images, %s", c.Images, c.N, c.Shape)
		}
		for i, d := range r.Doses {
			if e := c.Effects[i]; !near(e.Estimate, d*want.slope) || e.Low > e.Estimate || e.Estimate > e.High {
				t.Errorf("%s at dose %v: %+v, want %v", c.Images, d, e, d*want.slope)
			}
		}
		if f := c.Fit; f == nil || !f.Outside || !f.Straight || math.Abs(f.Half.Estimate-0.5) > 0.02 || f.R2 < 0.999 {
			t.Errorf("%s: fit %+v", c.Images, f)
		}
	}
	if r.FitResamples != 100 || len(r.Warnings) != 1 {
		t.Errorf("%d resamples, warnings %q", r.FitResamples, r.Warnings)
	}
}

// TestDoseShapes: B's logit is |h-0.5| or a knee that only the last half of the dose finds.
//
//	fold: h = 0.75 gives 0.25; half way down it is 0, without it 0.5.
//	knee: h = 1 gives 1 - relu(0.5 - h)·2: nothing is lost up to dose 0.5, all of it at 1.
func TestDoseShapes(t *testing.T) {
	fold := modeltest.Wire(2, [][]float32{{1, 0, 0}}, [][]float32{{1, -0.5}, {-1, 0.5}}, [][]float32{{0, 0, 0}, {1, 1, 0}})
	knee := modeltest.Wire(2, [][]float32{{1, 0, 0}}, [][]float32{{-1, 0.5}}, [][]float32{{0, 0}, {-2, 1}})
	lit := func(light float32) *datasets.Set {
		return pictures(t, [][3]float32{{0, 0, 0}, {1, 1, 0}}, slices.Concat(times(30, [3]float32{1, light, 0}), times(2, [3]float32{0, 0.5, 0})))
	}
	on := operate(t, fold, lit(0.75), "1:0", quick()).Dose.Curves[1]
	if on.Images != "on-class" || on.Shape != ablate.NotMonotone || on.Fit != nil || !near(on.Effects[11].Estimate, 0.25) || !near(on.Effects[5].Estimate, -0.1875) {
		t.Errorf("fold: %+v", on)
	}
	on = operate(t, knee, lit(1), "1:0", quick()).Dose.Curves[1]
	if on.Shape != ablate.Monotone || on.Fit == nil || !near(on.Effects[7].Estimate, 0) || !near(on.Effects[11].Estimate, -1) || on.Fit.Half.Estimate < 0.7 || on.Fit.Half.Estimate > 0.8 || on.Fit.Slope.Estimate < 3 {
		t.Errorf("knee: %+v, fit %+v", on, on.Fit)
	}
}

// TestRescueOfTheDetector: the lights within a class only change places, so that another image's of the same class
// restores the mean difference in full. The mean over select, 0.75, leaves Bs a difference of 0.25 and As one of -0.25.
func TestRescueOfTheDetector(t *testing.T) {
	r := operate(t, detector(), lights(t), "1:0", quick()).Rescue
	const intact, lesioned = 4.16 / 40, -8.0 / 40
	if !near(r.Intact, intact) || !near(r.Lesioned, lesioned) || !near(r.Lesion.Estimate, lesioned-intact) {
		t.Errorf("rescue %+v", r)
	}
	recovered := func(value float64) float64 { return (value - lesioned) / (intact - lesioned) }
	for k, want := range []struct {
		name     ablate.Injection
		recovery float64
	}{{ablate.Recorded, 1}, {ablate.MeanValue, recovered(0.25 * 16 / 40)}, {ablate.SameClass, 1}} {
		if got := r.Arms[k]; got.Injection != want.name || got.Recovery == nil || math.Abs(got.Recovery.Estimate-want.recovery) > 1e-5 {
			t.Errorf("%+v, recovery %+v, want %+v", got, got.Recovery, want)
		}
	}
	// An A's light in a B is worth little, a B's in an A is bad: less than the lesion left.
	if got := r.Arms[3]; got.Injection != ablate.OtherClass || got.Recovery.High > r.Arms[2].Recovery.Low || got.Recovery.Low > got.Recovery.Estimate || got.Recovery.Estimate > got.Recovery.High {
		t.Errorf("other class %+v, %+v", got, got.Recovery)
	}
}

// TestOperationsOnOtherTargets leaves out what makes no sense, and rescues all of it.
func TestOperationsOnOtherTargets(t *testing.T) {
	n := modeltest.Random(model.Spec{Name: "map", Input: model.Shape{1, 4, 4}, Layers: []model.Layer{
		{Name: "map", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "hidden", Kind: model.Dense, Units: 6, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 3)
	set := modeltest.Blobs(model.Shape{1, 4, 4}, 8, 20, 40, 3)
	n.Classes = set.Classes
	for _, test := range []struct {
		targets, controls, classes string
	}{
		{"1:2", "", ""},
		{"1:2@1,1", "position", ""},
		{"1:*", "layer", "layer"},
		{"1:*@1,1", "layer", "layer"},
		{"1:0-2", "several", "several"},
		{"1:1,2:3", "several", "several"},
		{"3:1", "logit", ""},
	} {
		options := quick()
		options.Memory = 2000 // bytes: the rescue takes a few images at a time
		o := operate(t, n, set, test.targets, options)
		if (o.Controls == nil) != (test.controls != "") || !strings.Contains(o.NoControls, test.controls) {
			t.Errorf("%s: controls %v, %q", test.targets, o.Controls, o.NoControls)
		}
		if (len(o.Dose.Curves) == 1) != (test.classes != "") || !strings.Contains(o.Dose.NoClasses, test.classes) {
			t.Errorf("%s: %d curves, %q", test.targets, len(o.Dose.Curves), o.Dose.NoClasses)
		}
		if !o.Rescue.Arms[0].Identical || len(o.Others) != 2 || !o.Sham.Identical {
			t.Errorf("%s: %+v", test.targets, o.Rescue)
		}
		// Dose 1 is the zero arm, dose 0 nothing.
		if e := o.Dose.Curves[0].Effects; e[3] != (ablate.Interval{}) || !near(e[11].Estimate, measure(t, &o.Result, "logit difference").Change) {
			t.Errorf("%s: dose 0 %+v, dose 1 %+v", test.targets, e[3], e[11])
		}
	}
}

// kept are parts that go through gob, as on a disk.
type kept map[string][]byte

func (k kept) Load(name string, into any) (bool, error) {
	data, ok := k[name]
	if !ok {
		return false, nil
	}
	return true, gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

func (k kept) Save(name string, value any) error {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(value)
	k[name] = b.Bytes()
	return err
}

func asJSON(t *testing.T, o *ablate.Operation) string {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOperationGoesOn from its parts to the same result.
func TestOperationGoesOn(t *testing.T) {
	for _, neuron := range []string{"1:0", "1:2"} {
		want := asJSON(t, operate(t, detector(), lights(t), neuron, quick()))
		options, parts := quick(), kept{}
		options.Parts = parts
		first := asJSON(t, operate(t, detector(), lights(t), neuron, options))
		if len(parts) != 4 || first != want {
			t.Errorf("%s: %d parts; with them the result is another", neuron, len(parts))
		}
		if again := asJSON(t, operate(t, detector(), lights(t), neuron, options)); again != want {
			t.Errorf("%s: from its parts the result is\n%s\nwant\n%s", neuron, again, want)
		}
		delete(parts, "dose")
		if again := asJSON(t, operate(t, detector(), lights(t), neuron, options)); again != want {
			t.Errorf("%s: from some of its parts the result is another", neuron)
		}
	}
}

// TestOperationIsTheSameWithAnyWorkersAndMemory, and another with another seed.
func TestOperationIsTheSameWithAnyWorkersAndMemory(t *testing.T) {
	run := func(workers int, memory int64, seed uint64) string {
		o := quick()
		o.Workers, o.Memory, o.Seed = workers, memory, seed
		return asJSON(t, operate(t, detector(), lights(t), "1:0", o))
	}
	want := run(1, 0, 1)
	if run(3, 0, 1) != want || run(2, 3000, 1) != want {
		t.Error("workers or memory change the result")
	}
	if run(1, 0, 2) == want {
		t.Error("another seed gives the same result")
	}
}

func TestOperateRefuses(t *testing.T) {
	options := quick()
	options.Metric = "beauty"
	p, err := ablate.Prepare(context.Background(), detector(), lights(t), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ablate.Operate(context.Background(), p, []model.Address{model.Neuron(1, 0)}); err == nil || !strings.Contains(err.Error(), "beauty") {
		t.Errorf("an unknown metric: %v", err)
	}
	if _, err := ablate.Operate(context.Background(), p, nil); err == nil {
		t.Error("an operation on nothing went through")
	}
	p.Metric = "logit-diff"
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ablate.Operate(ctx, p, []model.Address{model.Neuron(1, 0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
