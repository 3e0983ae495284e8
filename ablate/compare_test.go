package ablate_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// lamps are images of two pixels: the first is on, 1, in those of B and off in those of A; the second
// takes many values whatever the class. The classes take turns; the feature "dim" is a second pixel
// below a half.
func lamps(t testing.TB, train, selected, confirm int) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"dim"}}
	for i := range train + selected + confirm {
		second := float32(i*37%101) / 101
		s.Images, s.Labels, s.Present = append(s.Images, float32(i%2), second), append(s.Labels, i%2), append(s.Present, second < 0.5)
	}
	set, err := datasets.New(s, train, selected, confirm)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// lone hangs on one of its four neurons, 1:0, the lamp; the others are read by nobody. shared has four
// copies of the lamp, each with a quarter of its weight. Both answer B where the lamp outweighs 0.4.
func lone() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, -1, 0}}, [][]float32{{0, 0, 0, 0, 0.4}, {1, 0, 0, 0, 0}})
}

func shared() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}}, [][]float32{{0, 0, 0, 0, 0.4}, {0.25, 0.25, 0.25, 0.25, 0}})
}

func compare(t testing.TB, a, b ablate.CompareSide, adjust func(*ablate.CompareOptions)) *ablate.Comparison {
	t.Helper()
	o := ablate.CompareOptions{Options: ablate.DefaultOptions()}
	o.Resamples, o.Permutations = 200, 199
	if adjust != nil {
		adjust(&o)
	}
	r, err := ablate.Compare(context.Background(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func compareRow(t testing.TB, r *ablate.Comparison, name string) ablate.CompareRow {
	t.Helper()
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	t.Fatalf("no row %q", name)
	return ablate.CompareRow{}
}

// TestCompareByHand: one neuron that all hangs on against four that share the work, n = 100 images.
//
// Effects: whatever that of lone's 1:0 is, the others have 0: Gini (2·4−4−1)/4 = 3/4, half and 90 % are
// in 1 of 4. shared's effects are all the same: Gini 0, half is in 2 of 4, 90 % (3.6 of 4) in all. Neuron by neuron silenced, lone answers A from the first on,
// the right answer for half of the images; shared has 3/4, 2/4 and 1/4 of the lamp left against 0.4, and
// answers A from the third on.
func TestCompareByHand(t *testing.T) {
	set := lamps(t, 40, 40, 100)
	r := compare(t, ablate.CompareSide{Name: "lone", Network: lone(), Set: set}, ablate.CompareSide{Name: "shared", Network: shared(), Set: set}, nil)
	if !r.SameData || r.SameNetwork || r.A.Hidden != 4 || r.A.Parameters != 12+10 || r.A.Images != 100 || r.A.Rule != ablate.Backpropagation {
		t.Errorf("%+v", r.A)
	}
	for _, want := range []struct {
		name string
		a, b float64
	}{
		{"accuracy", 1, 1},
		{"important neurons", 1. / 4, 1},
		{"Gini index of |effects|", 3. / 4, 0},
		{"neurons with half of Σ|effect|", 1. / 4, 2. / 4},
		{"neurons with 90 % of Σ|effect|", 1. / 4, 1},
		// (1+½)/2 + ½ + ½ + ½, and 1 + 1 + (1+½)/2 + ½, in steps of a quarter.
		{"area, most important first", 2.25 / 4, 3.25 / 4},
		{"dead neurons", 1. / 4, 0}, // −x is never above 0
		{"class read from hidden layers", 1, 1},
	} {
		row := compareRow(t, r, want.name)
		if !near(float64(row.A.Value), want.a) || !near(float64(row.B.Value), want.b) || !near(float64(row.Difference.Estimate), want.b-want.a) {
			t.Errorf("%s: %v and %v, difference %v, want %v and %v", want.name, row.A.Value, row.B.Value, row.Difference.Estimate, want.a, want.b)
		}
	}
	// In random orders, at 0, 2 and 4 silenced, shared has 1, 1 and ½: (1+1)/2 + (1+½)/2, in steps of a half.
	if area := compareRow(t, r, "area, random orders"); !near(float64(area.B.Value), 1.75/2) {
		t.Errorf("area in random orders %v, want %v", area.B.Value, 1.75/2)
	}
	// The lamp is the class: AUROC 1, selectivity 1. Of lone's three live neurons 1:1 and 1:2 tell nothing
	// and are not far from 0.5 and 0.
	if row := compareRow(t, r, "class AUROC of a neuron"); row.B.Value != 1 || row.A.Value < 0.55 || row.A.Value > 0.75 {
		t.Errorf("AUROC %v and %v", row.A.Value, row.B.Value)
	}
	if row := compareRow(t, r, "class-selectivity index"); row.B.Value != 1 || row.A.Value > 0.5 {
		t.Errorf("selectivity %v and %v", row.A.Value, row.B.Value)
	}
	// The lamp is on for half of the images: (1 − ½²/½)/(1 − 1/100).
	if row := compareRow(t, r, "lifetime sparseness"); !near(float64(row.B.Value), 0.5/0.99) {
		t.Errorf("lifetime sparseness %v, want %v", row.B.Value, 0.5/0.99)
	}
	// shared's layer is silent for A, which counts as 1, and all alike for B, 0.
	if row := compareRow(t, r, "population sparseness"); !near(float64(row.B.Value), 0.5) {
		t.Errorf("population sparseness %v, want 0.5", row.B.Value)
	}
	if row := compareRow(t, r, "Gini index of |effects|"); !(row.Difference.High < 0) || float64(row.Adjusted) > 0.05 || row.Test != ablate.Bootstrapped {
		t.Errorf("Gini: %+v", row)
	}
}

// TestAnswersByHand: blind says A whatever it sees; against lone it is wrong on all images of B.
func TestAnswersByHand(t *testing.T) {
	blind := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 5}, {1, 0, 0}})
	set := lamps(t, 40, 40, 100)
	a, b := ablate.CompareSide{Name: "lone", Network: lone(), Set: set}, ablate.CompareSide{Name: "blind", Network: blind, Set: set}
	row := compareRow(t, compare(t, a, b, nil), "accuracy")
	if row.Difference.Estimate != -0.5 || row.Test != ablate.McNemar || !near(float64(row.P), stats.McNemarExact(50, 0)) || row.Difference.High >= -0.3 {
		t.Errorf("paired: %+v", row)
	}
	other := lamps(t, 40, 40, 60)
	b.Set = other
	r := compare(t, a, b, nil)
	row = compareRow(t, r, "accuracy")
	if r.SameData || row.Difference.Estimate != -0.5 || row.Test != ablate.Bootstrapped || row.N != [2]int{100, 60} || !near(float64(row.P), 2./201) {
		t.Errorf("unpaired: %+v", row)
	}
	if r.Similarity == nil || r.Similarity.Images != 100 {
		t.Errorf("on A's images both can be shown: %+v", r.NoSimilarity)
	}
}

// TestTheSameTwice: a network against itself, and against itself with its neurons in another order.
func TestTheSameTwice(t *testing.T) {
	set := lamps(t, 40, 40, 100)
	n := modeltest.Random(modelSpec(3), 4)
	n.Classes = set.Classes
	side := ablate.CompareSide{Name: "n", Network: n, Set: set}
	r := compare(t, side, side, nil)
	if !r.SameNetwork {
		t.Error("it is not seen that they are the same")
	}
	for _, row := range r.Rows {
		d := row.Difference
		if row.A.Value.Defined() && d.Estimate != 0 || d.Low.Defined() && (d.Low != 0 || d.High != 0) || row.P.Defined() && row.P != 1 {
			t.Errorf("%s: %+v, p %v", row.Name, d, row.P)
		}
	}
	for l := range n.Depth() {
		if c := r.Similarity.Between.Cells[l][l]; c.CKA != 1 || c.Debiased != 1 {
			t.Errorf("layer %d with itself: %+v", l+1, c.Similarity)
		}
	}
	if m := r.Similarity.Mean; !near(float64(m.Estimate), 1) || !near(float64(m.Low), 1) {
		t.Errorf("mean %+v", m)
	}
	// Hidden neurons in the reverse order: what is counted over neurons is the same, and so is all CKA.
	turned := reversed(n)
	r = compare(t, side, ablate.CompareSide{Name: "turned", Network: turned, Set: set}, nil)
	for _, row := range r.Rows {
		if math.Abs(float64(row.Difference.Estimate)) > 1e-5 {
			t.Errorf("%s of the same neurons in another order differs by %v", row.Name, row.Difference.Estimate)
		}
	}
	if m := r.Similarity.Mean; math.Abs(float64(m.Estimate)-1) > 1e-5 {
		t.Errorf("mean %+v", m)
	}
}

// modelSpec is two dense layers over two pixels.
func modelSpec(units int) model.Spec {
	return model.Spec{Name: "two", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: units, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
}

// reversed has the neurons of layer 1 in the reverse order.
func reversed(n *model.Network) *model.Network {
	units, first, second := n.Geometry(1).Act[0], n.Params[1], n.Params[2]
	params := []model.Params{{}, {}, {Weight: make([]float32, len(second.Weight)), Bias: second.Bias}}
	for u := units - 1; u >= 0; u-- {
		params[1].Weight = append(params[1].Weight, first.Weight[2*u:2*u+2]...)
		params[1].Bias = append(params[1].Bias, first.Bias[u])
		for c := range 2 {
			params[2].Weight[c*units+units-1-u] = second.Weight[c*units+u]
		}
	}
	out, err := model.NewNetwork(n.Spec, params, n.Mean, n.Std, n.Classes)
	if err != nil {
		panic(err)
	}
	return out
}

// TestDepthsAreMatched: two layers against four.
func TestDepthsAreMatched(t *testing.T) {
	deep := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0.4}, {1, 0, 0}})
	set := lamps(t, 40, 40, 100)
	r := compare(t, ablate.CompareSide{Name: "deep", Network: deep, Set: set}, ablate.CompareSide{Name: "lone", Network: lone(), Set: set}, nil)
	want := []ablate.DepthPair{{A: 2, B: 1}, {A: 4, B: 2}}
	if d := r.Similarity.Depths; len(d) != 2 || d[0] != want[0] || d[1] != want[1] {
		t.Errorf("%v, want %v", r.Similarity.Depths, want)
	}
	if s := r.Similarity; len(s.UntrainedPairs) != 10 || s.UntrainedPairs[0] != s.MeanUntrained.Estimate {
		t.Errorf("untrained pairs %v, the drawn one %v", s.UntrainedPairs, s.MeanUntrained.Estimate)
	}
	if len(r.Similarity.Between.Cells) != 4 || r.Similarity.Between.Tests != 8 {
		t.Errorf("%d rows, %d tests", len(r.Similarity.Between.Cells), r.Similarity.Between.Tests)
	}
}

// TestSeedsAreTheYardstick: two networks of A's lab, a and a′, give SD |a − a′|/√2 with one degree of
// freedom, t = 12.7062: two networks of one lab differ by up to 12.7062·|a − a′|.
func TestSeedsAreTheYardstick(t *testing.T) {
	set := lamps(t, 40, 40, 100)
	a := ablate.CompareSide{Name: "a", Network: lone(), Set: set, Others: []*model.Network{shared()}}
	r := compare(t, a, ablate.CompareSide{Name: "b", Network: shared(), Set: set}, nil)
	row := compareRow(t, r, "Gini index of |effects|")
	if s := row.Seeds; s == nil || len(s.A) != 2 || len(s.B) != 1 || !near(float64(s.SD), 0.75/math.Sqrt2) || math.Abs(float64(s.Reach)-12.7062*0.75) > 1e-3 || s.Beyond(-0.75) || !s.Beyond(-10) {
		t.Errorf("%+v", row.Seeds)
	}
	if s := r.Similarity.SeedsA; len(s) != 1 || !s[0].Defined() || r.A.Others != 1 {
		t.Errorf("similarity between seeds %v", s)
	}
}

// TestComparisonHangsOnTheSeedAlone: not on workers, nor on an interruption.
func TestComparisonHangsOnTheSeedAlone(t *testing.T) {
	set := lamps(t, 40, 40, 100)
	a, b := ablate.CompareSide{Name: "a", Network: lone(), Set: set}, ablate.CompareSide{Name: "b", Network: shared(), Set: set}
	text := func(r *ablate.Comparison) string {
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	kept := keptParts{}
	want := text(compare(t, a, b, func(o *ablate.CompareOptions) { o.Workers, o.Parts = 3, kept }))
	if len(kept) == 0 {
		t.Error("no part is kept")
	}
	if got := text(compare(t, a, b, func(o *ablate.CompareOptions) { o.Workers, o.Parts = 1, kept })); got != want {
		t.Error("from kept parts the comparison is another")
	}
	if got := text(compare(t, a, b, func(o *ablate.CompareOptions) { o.Workers = 1 })); got != want {
		t.Error("one worker gives another comparison")
	}
	if got := text(compare(t, a, b, func(o *ablate.CompareOptions) { o.Seed = 2 })); got == want {
		t.Error("the seed changes nothing")
	}
}

// TestCompareSamples: with more images than asked for, answers are judged on all and the rest on some.
func TestCompareSamples(t *testing.T) {
	set := lamps(t, 40, 60, 100)
	r := compare(t, ablate.CompareSide{Name: "a", Network: lone(), Set: set}, ablate.CompareSide{Name: "b", Network: shared(), Set: set}, func(o *ablate.CompareOptions) { o.Images = 50 })
	if row := compareRow(t, r, "accuracy"); row.N != [2]int{100, 100} || r.A.Images != 50 || r.Similarity.Images != 50 || r.A.Battery.Responses.Images != 50 {
		t.Errorf("answers on %v, the rest on %d, CKA on %d", row.N, r.A.Images, r.Similarity.Images)
	}
}

func TestCompareRefuses(t *testing.T) {
	set := lamps(t, 40, 40, 100)
	a := ablate.CompareSide{Name: "first", Network: lone(), Set: set}
	flat := modeltest.Wire(2, [][]float32{{0, 0, 0.4}, {1, 0, 0}})
	_, err := ablate.Compare(context.Background(), a, ablate.CompareSide{Name: "flat", Network: flat, Set: set}, ablate.CompareOptions{})
	if err == nil || !strings.Contains(err.Error(), "flat: ablate: the network has no hidden neuron") {
		t.Errorf("%v", err)
	}
	wide := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}}, [][]float32{{0, 0.4}, {1, 0}})
	_, err = ablate.Compare(context.Background(), a, ablate.CompareSide{Name: "wide", Network: wide, Set: set}, ablate.CompareOptions{})
	if err == nil || !strings.Contains(err.Error(), "wide: model: the network reads images of 3×1×1") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ablate.Compare(ctx, a, a, ablate.CompareOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want an end with the context", err)
	}
	// Images that only one can read: no similarity, and the reason.
	three := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 120 {
		three.Images, three.Labels = append(three.Images, float32(i%2), float32(i%7)/7, 0), append(three.Labels, i%2)
	}
	other, err := datasets.New(three, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	r := compare(t, a, ablate.CompareSide{Name: "wide", Network: wide, Set: other}, nil)
	if r.Similarity != nil || !strings.Contains(r.NoSimilarity, "no image can be shown to both") {
		t.Errorf("%q", r.NoSimilarity)
	}
	if row := compareRow(t, r, "features read from hidden layers"); !row.A.Value.Defined() || row.B.Value.Defined() || row.P.Defined() {
		t.Errorf("features that only one has: %+v", row)
	}
}
