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

// detector answers B exactly where pixel 0 is lit: h₀ = relu(x₀), logits (0.5, h₀). h₁ = relu(x₁)
// is a decoy that nobody reads, h₂ is dead.
func detector() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}, [][]float32{{0, 0, 0, 0.5}, {1, 0, 5, 0}})
}

// lights is a set of 40 images a split over two pixels, with features "first lit" and "second
// lit". Of 40: 18 are B with pixel 0 lit, 2 are B without, 3 are A with it, 17 are A without.
func lights(t *testing.T) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"first lit", "second lit"}}
	for range 3 {
		for i := range 40 {
			first, label := i < 21, 0
			if i < 18 || i >= 38 {
				label = 1
			}
			second := i%2 == 0
			s.Images = append(s.Images, pixel(first), pixel(second))
			s.Labels = append(s.Labels, label)
			s.Present = append(s.Present, first, second)
		}
	}
	set, err := datasets.New(s, 40, 40, 40)
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
	n := detector()
	targets, err := n.ParseAddresses(neuron)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ablate.Lesion(context.Background(), n, lights(t), targets, ablate.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return r
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

// TestLesionOfTheDetector has every number worked out on paper.
func TestLesionOfTheDetector(t *testing.T) {
	r := lesion(t, "1:0")
	for _, want := range []struct {
		name             string
		n                int
		intact, lesioned float64
	}{
		{"accuracy", 40, 35.0 / 40, 20.0 / 40},
		{"balanced accuracy", 40, (17.0/20 + 18.0/20) / 2, 0.5},
		{"recall of A", 20, 17.0 / 20, 1},
		{"recall of B", 20, 18.0 / 20, 0},
		// Logits (0.5, 1) where pixel 0 is lit, (0.5, 0) where not; after the lesion always the latter.
		{"logit difference", 40, (18*0.5 - 2*0.5 - 3*0.5 + 17*0.5) / 40, (-20*0.5 + 20*0.5) / 40},
		{"cross-entropy", 40, (18*soft(0.5) + 2*soft(-0.5) + 3*soft(-0.5) + 17*soft(0.5)) / 40, (20*soft(-0.5) + 20*soft(0.5)) / 40},
	} {
		m := measure(t, r, want.name)
		if m.N != want.n || !near(m.Intact, want.intact) || !near(m.Lesioned, want.lesioned) || !near(m.Change, want.lesioned-want.intact) {
			t.Errorf("%s: n %d, %v → %v (%v), want n %d, %v → %v", want.name, m.N, m.Intact, m.Lesioned, m.Change, want.n, want.intact, want.lesioned)
		}
		if !(m.Low <= m.Change && m.Change <= m.High) {
			t.Errorf("%s: change %v outside its interval [%v, %v]", want.name, m.Change, m.Low, m.High)
		}
	}
	// 18 correct Bs are lost, 3 wrong Bs become right: p = 2·P(X ≤ 3 | 21, 1/2) = 2·1562/2²¹.
	if f := r.Flips; f.CorrectToWrong != 18 || f.WrongToCorrect != 3 || f.Changed != 21 || !near(f.McNemarP, 2*1562.0/(1<<21)) {
		t.Errorf("flips %+v", f)
	}
	if r.Sham != (ablate.Sham{Images: 40, Identical: true}) {
		t.Errorf("sham %+v", r.Sham)
	}
	if a := r.Targets[0]; a.Fires != 21 || !near(a.Mean, 21.0/40) || !slices.Equal(a.FiresByClass, []int{3, 18}) || !slices.Equal(a.ImagesByClass, []int{20, 20}) {
		t.Errorf("activity %+v", a)
	}
	f := r.Features[0]
	if f.With.N != 21 || f.Without.N != 19 || !near(f.With.Accuracy.Estimate, -15.0/21) || f.Without.Accuracy.Estimate != 0 || f.Without.Logit.Estimate != 0 {
		t.Errorf("feature %+v", f)
	}
	if !near(f.With.Logit.Estimate, (-18.0+3)/21) {
		t.Errorf("logit difference with the feature changes by %v", f.With.Logit.Estimate)
	}
	if len(r.Changed) != 12 || math.Abs(r.Changed[0].DiffLesion-r.Changed[0].DiffIntact) != 1 {
		t.Errorf("changed %+v", r.Changed)
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

func TestSeveralNeuronsAtOnce(t *testing.T) {
	if r := lesion(t, "1:0,1:1"); len(r.Targets) != 2 || r.Flips.CorrectToWrong != 18 {
		t.Errorf("two neurons: %+v", r.Flips)
	}
	if r := lesion(t, "1:*"); r.Targets[0].Fires != 30 { // lit in the first or the second pixel
		t.Errorf("whole layer fires on %d images", r.Targets[0].Fires)
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
