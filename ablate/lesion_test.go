package ablate_test

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

// detector answers B exactly where pixel 0 is brighter than 0.5: h₀ = relu(x₀), logits (0.5, h₀). h₁ = relu(x₁)
// is a decoy that nobody reads, h₂ is dead.
func detector() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}, [][]float32{{0, 0, 0, 0.5}, {1, 0, 5, 0}})
}

// confirmFirst is where lights' confirm split begins.
const confirmFirst = 26

// lights is a set over two pixels with features "first lit" (pixel 0 above 0.5) and "second lit"
// (pixel 1 is 1). Confirm has 40 images, two batches, 12 of A and 28 of B:
//
//	image   label  pixel 0               intact     detector silenced
//	 0–19   B      0.55, 0.57, …, 0.93   B, right   A, wrong
//	20–23   B      0.1, 0.2, 0.3, 0.4    A, wrong   A, wrong
//	24–27   B      0                     A, wrong   A, wrong
//	28–30   A      1, 0.96, 0.98         B, wrong   A, right
//	31–32   A      0.25, 0.45            A, right   A, right
//	33–39   A      0                     A, right   A, right
//
// Pixel 1 is lit in every other image. Train and select are other images: 4 of A, dark, and
// 6 and 12 of B, lit, all answered rightly.
func lights(t *testing.T) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"first lit", "second lit"}}
	add := func(label int, light float32) {
		second := len(s.Labels)%2 == 0
		s.Images = append(s.Images, light, pixel(second))
		s.Labels = append(s.Labels, label)
		s.Present = append(s.Present, light > 0.5, second)
	}
	for _, lit := range []int{6, 12} {
		for range 4 {
			add(0, 0)
		}
		for range lit {
			add(1, 1)
		}
	}
	for i := range 20 {
		add(1, 0.55+0.02*float32(i))
	}
	for _, light := range []float32{0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0} {
		add(1, light)
	}
	for _, light := range []float32{1, 0.96, 0.98, 0.25, 0.45, 0, 0, 0, 0, 0, 0, 0} {
		add(0, light)
	}
	set, err := datasets.New(s, 10, 16, 40)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func pixel(lit bool) float32 {
	if lit {
		return 1
	}
	return 0
}

func lesion(t *testing.T, neuron string) *ablate.Result {
	t.Helper()
	return lesionOf(t, detector(), lights(t), neuron, ablate.DefaultOptions())
}

func lesionOf(t *testing.T, n *model.Network, set *datasets.Set, neurons string, o ablate.Options) *ablate.Result {
	t.Helper()
	targets, err := n.ParseAddresses(neurons)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ablate.Lesion(context.Background(), n, set, targets, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// row is what a measure should be.
type row struct {
	name             string
	n                int
	intact, lesioned float64
}

func checkMeasures(t *testing.T, r *ablate.Result, rows ...row) {
	t.Helper()
	for _, want := range rows {
		m := measure(t, r, want.name)
		if m.N != want.n || !near(m.Intact, want.intact) || !near(m.Lesioned, want.lesioned) || !near(m.Change, want.lesioned-want.intact) {
			t.Errorf("%s: n %d, %v → %v (%v), want n %d, %v → %v", want.name, m.N, m.Intact, m.Lesioned, m.Change, want.n, want.intact, want.lesioned)
		}
		if !(m.Low <= m.Change && m.Change <= m.High) {
			t.Errorf("%s: change %v outside its interval [%v, %v]", want.name, m.Change, m.Low, m.High)
		}
	}
}

func checkActivity(t *testing.T, got ablate.Target, fires int, mean float64, firesByClass, imagesByClass []int) {
	t.Helper()
	if got.Fires != fires || !near(got.Mean, mean) || !slices.Equal(got.FiresByClass, firesByClass) || !slices.Equal(got.ImagesByClass, imagesByClass) {
		t.Errorf("activity %+v, want %d images %v, mean %v of %v", got, fires, firesByClass, mean, imagesByClass)
	}
}

// checkChanged compares the most changed images: their numbers within the split, in order.
func checkChanged(t *testing.T, r *ablate.Result, first int, want ...int) {
	t.Helper()
	var got []int
	for _, c := range r.Changed {
		got = append(got, c.Image-first)
	}
	if !slices.Equal(got, want) {
		t.Errorf("images changed most %v, want %v", got, want)
	}
}

func measure(t *testing.T, r *ablate.Result, name string) ablate.Measure {
	t.Helper()
	for _, m := range r.Measures {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no measure %q", name)
	return ablate.Measure{}
}

// TestLesionOfTheDetector has every number worked out on paper. The lesion takes pixel 0 from B's
// logit; the lights of images 0–19 add up to 14.8, of 20–23 to 1, of 28–32 to 3.64.
func TestLesionOfTheDetector(t *testing.T) {
	r := lesion(t, "1:0")
	// Cross-entropies, by the table: B has the logit difference light - 0.5, A the opposite.
	intact := 4*soft(-0.5) + soft(-0.4) + soft(-0.3) + soft(-0.2) + soft(-0.1) +
		soft(-0.5) + soft(-0.46) + soft(-0.48) + soft(0.25) + soft(0.05) + 7*soft(0.5)
	for i := range 20 {
		intact += soft(0.05 + 0.02*float64(i))
	}
	checkMeasures(t, r,
		row{"accuracy", 40, 29.0 / 40, 12.0 / 40},
		row{"balanced accuracy", 40, (9.0/12 + 20.0/28) / 2, 0.5},
		row{"recall of A", 12, 9.0 / 12, 1},
		row{"recall of B", 28, 20.0 / 28, 0},
		// Intact B: 14.8 + 1 - 28/2, A: 12/2 - 3.64. Lesioned always (0.5, 0).
		row{"logit difference", 40, (1.8 + 2.36) / 40, (6.0 - 14) / 40},
		row{"cross-entropy", 40, intact / 40, (12*soft(0.5) + 28*soft(-0.5)) / 40})
	// 20 right Bs are lost, 3 wrong As become right: p = 2·P(X ≤ 3 | 23, 1/2) = 2·(1+23+253+1771)/2²³ = 2⁻¹¹.
	if f := r.Flips; f != (ablate.Flips{CorrectToWrong: 20, WrongToCorrect: 3, Changed: 23, McNemarP: f.McNemarP}) || !near(f.McNemarP*2048, 1) {
		t.Errorf("flips %+v", f)
	}
	if r.Split != datasets.Confirm || r.Images != 40 || r.Sham != (ablate.Sham{Images: 40, Identical: true}) {
		t.Errorf("%d images of %v, sham %+v", r.Images, r.Split, r.Sham)
	}
	checkActivity(t, r.Targets[0], 29, (14.8+1+3.64)/40, []int{5, 24}, []int{12, 28})
	// Of image 28 the difference moves by 1, of 30 by 0.98, of 29 by 0.96, of 19 by 0.93, of 18 by 0.91 …
	checkChanged(t, r, confirmFirst, 28, 30, 29, 19, 18, 17, 16, 15, 14, 13, 12, 11)
	if c := r.Changed[3]; c.Label != 1 || c.Name != "image 45" || c.Intact != 1 || c.Lesioned != 0 || !near(c.DiffIntact, 0.43) || !near(c.DiffLesion, -0.5) {
		t.Errorf("changed %+v", c)
	}
}

// TestLesionByFeature: "first lit" are images 0–19 (-1 each, differences -14.8) and 28–30 (+1, +2.94).
// Without are 20–23 (differences -1) and 31–32 (+0.7). "Second lit" are the even ones: ten Bs and two As flip.
func TestLesionByFeature(t *testing.T) {
	r := lesion(t, "1:0")
	if len(r.Features) != 2 || r.Features[0].Feature != "first lit" || r.Features[1].Feature != "second lit" {
		t.Fatalf("features %+v", r.Features)
	}
	for _, test := range []struct {
		what            string
		got             ablate.Group
		n               int
		accuracy, logit float64
	}{
		{"first lit", r.Features[0].With, 23, -17.0 / 23, (-14.8 + 2.94) / 23},
		{"first dark", r.Features[0].Without, 17, 0, (-1 + 0.7) / 17},
		// Even: lights 0.55 + 0.59 + … + 0.91 = 7.3, 0.1 + 0.3, against 1 + 0.98 + 0.45.
		{"second lit", r.Features[1].With, 20, (-10.0 + 2) / 20, (-7.3 - 0.4 + 2.43) / 20},
		// Odd: 0.57 + 0.61 + … + 0.93 = 7.5, 0.2 + 0.4, against 0.96 + 0.25.
		{"second dark", r.Features[1].Without, 20, (-10.0 + 1) / 20, (-7.5 - 0.6 + 1.21) / 20},
	} {
		if g := test.got; g.N != test.n || !near(g.Accuracy.Estimate, test.accuracy) || !near(g.Logit.Estimate, test.logit) {
			t.Errorf("%s: %+v, want n %d, %v, %v", test.what, g, test.n, test.accuracy, test.logit)
		}
		for _, i := range []ablate.Interval{test.got.Accuracy, test.got.Logit} {
			if !(i.Low <= i.Estimate && i.Estimate <= i.High) {
				t.Errorf("%s: %+v", test.what, i)
			}
		}
	}
}

// TestLesionOnTheSplitAsked: select has 4 dark As and 12 lit Bs, image 10 of the set being its first.
func TestLesionOnTheSplitAsked(t *testing.T) {
	o := ablate.DefaultOptions()
	o.Split, o.Changed = datasets.Select, 3
	r := lesionOf(t, detector(), lights(t), "1:0", o)
	checkMeasures(t, r, row{"accuracy", 16, 1, 4.0 / 16}, row{"recall of B", 12, 1, 0}, row{"logit difference", 16, 0.5, (4*0.5 - 12*0.5) / 16})
	checkActivity(t, r.Targets[0], 12, 12.0/16, []int{0, 12}, []int{4, 12})
	checkChanged(t, r, 10, 4, 5, 6)
	if r.Split != datasets.Select || r.Images != 16 || r.Sham.Images != 16 || r.Features[0].With.N != 12 {
		t.Errorf("%d images of %v, sham %+v, features %+v", r.Images, r.Split, r.Sham, r.Features)
	}
	if !slices.Contains(r.Warnings, "the intact network makes no mistake on these images: accuracy can only fall") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// TestWarnings: confirm's recalls rest on 12 and 28 images, fewer than 30.
func TestWarnings(t *testing.T) {
	want := []string{"recall of A rests on 12 images: its interval is too narrow", "recall of B rests on 28 images: its interval is too narrow"}
	if r := lesion(t, "1:0"); !slices.Equal(r.Warnings, want) {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// soft is the cross-entropy of two classes at a logit difference d.
func soft(d float64) float64 { return math.Log(1 + math.Exp(-d)) }

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// TestDecoyAndDeadUnit: a unit that correlates but is not read, and one that never fires,
// change nothing at all.
func TestDecoyAndDeadUnit(t *testing.T) {
	for _, neuron := range []string{"1:1", "1:2"} {
		r := lesion(t, neuron)
		for _, m := range r.Measures {
			if m.Change != 0 || m.Low != 0 || m.High != 0 {
				t.Errorf("%s: %s changes by %v [%v, %v]", neuron, m.Name, m.Change, m.Low, m.High)
			}
		}
		if r.Flips.Changed != 0 || r.Flips.McNemarP != 1 || len(r.Changed) != 0 {
			t.Errorf("%s: flips %+v", neuron, r.Flips)
		}
		dead := slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "never fires") })
		if dead != (neuron == "1:2") {
			t.Errorf("%s: warnings %q", neuron, r.Warnings)
		}
	}
}

// threeWay answers with the brightest of three pixels: logit k is relu(xₖ), by neuron 1:k.
func threeWay() *model.Network {
	one := [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	return modeltest.Wire(3, one, one)
}

// threeWaySet has ten images, in eighths. diff is the true logit minus the strongest other one:
//
//	image  label  pixels   intact  diff   without 1:0  diff   without 1:0 and 1:1  diff
//	  0     A     8 4 2    A        4     B            -4     C                    -2
//	  1     A     6 1 3    A        3     C            -3     C                    -3
//	  2     B     7 5 0    A       -2     B             5     A (tie)               0
//	  3     B     4 1 3    A       -3     C            -2     C                    -3
//	  4     B     0 6 2    B        4     B             4     C                    -2
//	  5     C     1 2 8    C        6     C             6     C                     8
//	  6     C     3 2 7    C        4     C             5     C                     7
//	  7     C     5 6 1    B       -5     B            -5     C                     1
//	  8     C     2 0 4    C        2     C             4     C                     4
//	  9     C     0 7 8    C        1     C             1     C                     8
func threeWaySet(t *testing.T) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"A", "B", "C"}}
	for range 2 { // train and select: one image a class, answered rightly
		s.Images = append(s.Images, 1, 0, 0, 0, 1, 0, 0, 0, 1)
		s.Labels = append(s.Labels, 0, 1, 2)
	}
	for _, eighths := range []float32{8, 4, 2, 6, 1, 3, 7, 5, 0, 4, 1, 3, 0, 6, 2, 1, 2, 8, 3, 2, 7, 5, 6, 1, 2, 0, 4, 0, 7, 8} {
		s.Images = append(s.Images, eighths/8)
	}
	s.Labels = append(s.Labels, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2)
	set, err := datasets.New(s, 3, 3, 10)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestLesionAmongThreeClasses: image 3 goes from one wrong answer to another.
func TestLesionAmongThreeClasses(t *testing.T) {
	r := lesionOf(t, threeWay(), threeWaySet(t), "1:0", ablate.DefaultOptions())
	checkMeasures(t, r,
		row{"accuracy", 10, 7.0 / 10, 6.0 / 10},
		row{"balanced accuracy", 10, (2.0/2 + 1.0/3 + 4.0/5) / 3, (0 + 2.0/3 + 4.0/5) / 3},
		row{"recall of A", 2, 1, 0},
		row{"recall of B", 3, 1.0 / 3, 2.0 / 3},
		row{"recall of C", 5, 4.0 / 5, 4.0 / 5},
		row{"logit difference", 10, 14.0 / 80, 11.0 / 80})
	// p = 2·P(X ≤ 1 | 3, 1/2) = 1; of A alone 2·P(X ≤ 0 | 2, 1/2) = 1/2.
	for name, want := range map[string]ablate.Flips{
		"accuracy":    {CorrectToWrong: 2, WrongToCorrect: 1, Changed: 4, McNemarP: 1},
		"recall of A": {CorrectToWrong: 2, Changed: 2, McNemarP: 0.5},
		"recall of B": {WrongToCorrect: 1, Changed: 2, McNemarP: 1},
		"recall of C": {McNemarP: 1},
	} {
		if got := measure(t, r, name).Flips; got == nil || *got != want {
			t.Errorf("flips of %s: %+v, want %+v", name, got, want)
		}
	}
	// Lit in A 8 6, in B 7 4 0, in C 1 3 5 2 0.
	checkActivity(t, r.Targets[0], 8, 36.0/80, []int{2, 2, 4}, []int{2, 3, 5})
	// Moved by 8, 7, 6, 2 and twice by 1, in eighths.
	checkChanged(t, r, 6, 0, 2, 1, 8, 3, 6)
	if c := r.Changed[4]; c.Label != 1 || c.Intact != 0 || c.Lesioned != 2 || c.DiffIntact != -3.0/8 || c.DiffLesion != -2.0/8 {
		t.Errorf("changed %+v", c)
	}
}

// TestSeveralNeuronsAtOnce: the effect of both is neither one's alone (6 right answers each).
func TestSeveralNeuronsAtOnce(t *testing.T) {
	r := lesionOf(t, threeWay(), threeWaySet(t), "1:0,1:1", ablate.DefaultOptions())
	checkMeasures(t, r, row{"accuracy", 10, 7.0 / 10, 5.0 / 10}, row{"balanced accuracy", 10, (2.0/2 + 1.0/3 + 4.0/5) / 3, (0 + 0 + 5.0/5) / 3},
		row{"logit difference", 10, 14.0 / 80, 18.0 / 80})
	if f := r.Flips; f.CorrectToWrong != 3 || f.WrongToCorrect != 1 || f.Changed != 5 {
		t.Errorf("flips %+v", f)
	}
	if len(r.Targets) != 2 {
		t.Fatalf("targets %+v", r.Targets)
	}
	checkActivity(t, r.Targets[0], 8, 36.0/80, []int{2, 2, 4}, []int{2, 3, 5})
	// Pixel 1: in A 4 1, in B 5 1 6, in C 2 2 6 0 7.
	checkActivity(t, r.Targets[1], 9, 34.0/80, []int{2, 3, 4}, []int{2, 3, 5})
}

// TestLesionOfAChannel: the channels of a 2×2 map are relu(x) and relu(x - 0.5); B's logit is the
// first one's maximum, A's is 0.3. Confirm: (0 0 0 0.75), (0.5 0.5 0.25 0.25) and (1 0 1 0) of B, dark of A.
func TestLesionOfAChannel(t *testing.T) {
	spec := model.Spec{Name: "map", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "map", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 1}, Bias: []float32{0, -0.5}}, {Weight: []float32{0, 0, 1, 0}, Bias: []float32{0.3, 0}}},
		[]float32{0}, []float32{1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := datasets.New(datasets.Set{Channels: 1, Height: 2, Width: 2, Classes: []string{"A", "B"},
		Images: []float32{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1,
			0, 0, 0, 0.75, 0.5, 0.5, 0.25, 0.25, 0, 0, 0, 0, 1, 0, 1, 0},
		Labels: []int{0, 1, 0, 1, 1, 1, 0, 1}}, 2, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		target   string
		fires    int
		mean     float64
		accuracy float64 // lesioned
		logit    float64 // lesioned; intact (0.45 + 0.2 + 0.3 + 0.7)/4
	}{
		{"1:0", 3, 4.25 / 16, 1.0 / 4, (-0.3 - 0.3 + 0.3 - 0.3) / 4},
		{"1:1", 2, 1.25 / 16, 1, (0.45 + 0.2 + 0.3 + 0.7) / 4},
		{"1:0@1,1", 2, 1.0 / 4, 3.0 / 4, (-0.3 + 0.2 + 0.3 + 0.7) / 4},
		{"1:0@0,0", 2, 1.5 / 4, 1, (0.45 + 0.2 + 0.3 + 0.7) / 4},
		{"1:*", 3, 5.5 / 32, 1.0 / 4, (-0.3 - 0.3 + 0.3 - 0.3) / 4},
		{"1:*@1,1", 2, 1.25 / 8, 3.0 / 4, (-0.3 + 0.2 + 0.3 + 0.7) / 4},
	} {
		r := lesionOf(t, n, set, test.target, ablate.DefaultOptions())
		if a := r.Targets[0]; a.Fires != test.fires || !near(a.Mean, test.mean) || !slices.Equal(a.FiresByClass, []int{0, test.fires}) {
			t.Errorf("%s: %+v, want %d, %v", test.target, a, test.fires, test.mean)
		}
		checkMeasures(t, r, row{"accuracy", 4, 1, test.accuracy}, row{"logit difference", 4, (0.45 + 0.2 + 0.3 + 0.7) / 4, test.logit})
	}
}

// TestWholeLayerFires where any of its neurons does: images 0–23 and 28–32 by pixel 0, 24, 26,
// 34, 36 and 38 by pixel 1.
func TestWholeLayerFires(t *testing.T) {
	if r := lesion(t, "1:*"); r.Targets[0].Fires != 34 || !near(r.Targets[0].Mean, (14.8+1+3.64+20)/(3*40)) {
		t.Errorf("whole layer %+v", r.Targets[0])
	}
}

func TestSameSeedSameResultAnyWorkers(t *testing.T) {
	run := func(workers int, seed uint64) string {
		n, set := detector(), lights(t)
		o := ablate.DefaultOptions()
		o.Workers, o.Seed = workers, seed
		r, err := ablate.Lesion(context.Background(), n, set, []model.Address{model.Neuron(1, 0)}, o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if run(1, 1) != run(3, 1) {
		t.Error("the number of workers changes the result")
	}
	if run(1, 1) == run(1, 2) {
		t.Error("another seed gives the same intervals")
	}
}

func TestLesionRefuses(t *testing.T) {
	n, set := detector(), lights(t)
	if _, err := ablate.Lesion(context.Background(), n, set, nil, ablate.DefaultOptions()); err == nil {
		t.Error("a lesion of nothing went through")
	}
	if _, err := ablate.Lesion(context.Background(), n, set, []model.Address{model.Neuron(7, 0)}, ablate.DefaultOptions()); err == nil {
		t.Error("a lesion of a layer that does not exist went through")
	}
	other := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 0, 0, 0}})
	if _, err := ablate.Lesion(context.Background(), other, set, []model.Address{model.Neuron(1, 0)}, ablate.DefaultOptions()); err == nil {
		t.Error("a network of another input size went through")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ablate.Lesion(ctx, n, set, []model.Address{model.Neuron(1, 0)}, ablate.DefaultOptions()); err == nil {
		t.Error("a cancelled lesion gave a result")
	}
}
