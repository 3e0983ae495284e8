package probe_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// levels are images of one pixel with a given value by class and turn: select and confirm are the
// same twelve images, four of each of three classes; train has one of each.
func levels(t testing.TB, values [3][4]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 1, Height: 1, Width: 1, Classes: []string{"A", "B", "C"}}
	for c := range 3 {
		s.Images, s.Labels = append(s.Images, 0), append(s.Labels, c)
	}
	for range 2 {
		for c, row := range values {
			for _, v := range row {
				s.Images, s.Labels = append(s.Images, v), append(s.Labels, c)
			}
		}
	}
	set, err := datasets.New(s, 3, 12, 12)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func respond(t testing.TB, n *model.Network, set *datasets.Set, o probe.ResponseOptions) *probe.Responses {
	t.Helper()
	n.Classes = set.Classes
	r, err := probe.Respond(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestResponsesByHand: the pixel is 4, 2, 3, 3 for A, 0, 0, 1, 3 for B and 0, 0, 0, 0 for C. Neuron 1:0 is
// the pixel x, 1:1 is 4 − x, 1:2 never fires, 1:3 is always 1.
//
//	1:0  A against the rest: of 32 pairs A is higher but for 3 = 3 (twice, half) and 2 < 3: AUROC
//	     (32 − 2·½ − 1)/32 = 30/32. Means 3, 1, 0: selectivity (3 − ½)/(3 + ½) = 5/7.
//	     Σx = 16, Σx² = 16+4+9+9+1+9 = 48: a = (16/12)²/(48/12) = 4/9, sparseness (5/9)/(11/12) = 20/33.
//	1:1  the same turned about: AUROC of A 2/32, so 30/32 inverted. Means 1, 3, 4: towards C
//	     (4 − 2)/(4 + 2) = 1/3. Σ = 48 − 16 = 32, Σ² = 12·16 − 8·16 + 48 = 112: a = (8/3)²/(28/3) = 16/21,
//	     sparseness (5/21)/(11/12) = 20/77.
//	1:3  a = 1, sparseness 0, selectivity 0; no AUROC.
//
// C against the rest is 1 for nobody: A and C are told by x as 30/32 and, of 0 against B's two zeros,
// 1 − (2·4·½)/32 = 28/32 turned about, which is less.
func TestResponsesByHand(t *testing.T) {
	set := levels(t, [3][4]float32{{4, 2, 3, 3}, {0, 0, 1, 3}, {0, 0, 0, 0}})
	n := modeltest.Wire(1, [][]float32{{1, 0}, {-1, 4}, {0, -1}, {0, 1}}, [][]float32{{0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}})
	r := respond(t, n, set, probe.ResponseOptions{Split: datasets.Confirm, Resamples: 50, Permutations: 99, Seed: 1})
	for k, want := range []struct {
		class               int
		inverted            bool
		auroc, index, spars float64
	}{{0, false, 30. / 32, 5. / 7, 20. / 33}, {0, true, 30. / 32, 1. / 3, 20. / 77}, {-1, false, math.NaN(), math.NaN(), math.NaN()}, {-1, false, math.NaN(), 0, 0}} {
		u := r.Neurons[k]
		if u.Class != want.class || u.Inverted != want.inverted || u.Dead != (k == 2) || u.AlwaysOn != (k == 3) {
			t.Errorf("1:%d: %+v", k, u)
		}
		for what, pair := range map[string][2]float64{"AUROC": {float64(u.AUROC), want.auroc}, "selectivity": {float64(u.Index), want.index}, "sparseness": {float64(u.Lifetime), want.spars}} {
			if math.IsNaN(pair[1]) != math.IsNaN(pair[0]) || math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("1:%d: %s %v, want %v", k, what, pair[0], pair[1])
			}
		}
	}
	closeTo(t, "mean AUROC", r.AUROC.Value, 30./32, 1e-9)
	closeTo(t, "mean selectivity", r.Index.Value, (5./7+1./3+0)/3, 1e-9)
	closeTo(t, "mean lifetime sparseness", r.Lifetime.Value, (20./33+20./77+0)/3, 1e-9)
	// Fires: x on 6 of 12, 4 − x but for the one 4 on 11, the third never, the fourth always: of 4 neurons.
	closeTo(t, "firing", r.Firing.Value, (6.+11+0+12)/12/4, 1e-9)
	if r.Rated != 2 || r.Dead != 1 || r.AlwaysOn != 1 || len(r.Layers) != 1 || r.Layers[0].Neurons != 4 || r.Layers[0].Rated != 2 {
		t.Errorf("%+v", r)
	}
	if !(r.AUROC.Low < r.AUROC.Value && r.AUROC.Value < r.AUROC.High) || len(r.AUROC.Draws) != 50 || len(r.Firing.Terms) != 12 {
		t.Errorf("AUROC %v, [%v, %v]", r.AUROC.Value, r.AUROC.Low, r.AUROC.High)
	}
}

// TestPopulationSparseness: four neurons alike have sparseness 0, one alone 1, and silence counts as 1.
func TestPopulationSparseness(t *testing.T) {
	set := levels(t, [3][4]float32{{1, 1, 1, 1}, {0, 0, 0, 0}, {3, 3, 3, 3}})
	output := [][]float32{{1, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}}
	o := probe.ResponseOptions{Split: datasets.Confirm, Resamples: 20, Permutations: 19}
	alike := respond(t, modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}, {1, 0}, {1, 0}}, output), set, o)
	closeTo(t, "of equals", alike.Population.Value, (0.+1+0)/3, 1e-6)
	// 3 is above all four thresholds, 3 − 0 and 3 − 2 thrice: 3, 1, 1, 1, a = (6/4)²/(12/4) = 3/4 and
	// (1 − 3/4)/(1 − 1/4) = 1/3; 1 is above one.
	steps := respond(t, modeltest.Wire(1, [][]float32{{1, 0}, {1, -2}, {1, -2}, {1, -2}}, output), set, o)
	closeTo(t, "of steps", steps.Population.Value, (1+1+1./3)/3, 1e-6)
}

// TestDrawsAreTheBootstraps: the draws are those that the indices of the bootstrap give, one by one.
func TestDrawsAreTheBootstraps(t *testing.T) {
	set, n := shuffledLabels(t, 5), modeltest.Random(twoLayers, 3)
	o := probe.ResponseOptions{Split: datasets.Confirm, Resamples: 30, Permutations: 19, Seed: 9}
	r := respond(t, n, set, o)
	lo, hi := set.Range(datasets.Confirm)
	columns := make([][]float64, len(r.Neurons))
	_, err := n.Observe(context.Background(), set.Images[lo*set.ImageSize():hi*set.ImageSize()], nil, 1, model.Trace{Post: []int{1}}, func(_ int, trace *model.Trace) {
		for k, v := range trace.Activation(1) {
			columns[k%len(columns)] = append(columns[k%len(columns)], float64(v))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	draw := 0
	stats.Bootstrap{Resamples: o.Resamples, Seed: o.Seed}.Interval(hi-lo, func(indices []int) float64 {
		sum, rated := 0.0, 0.0
		for u, neuron := range r.Neurons {
			if neuron.Class < 0 {
				continue
			}
			var with, without []float64
			for _, i := range indices {
				if (set.Labels[lo+i] == neuron.Class) != neuron.Inverted {
					with = append(with, columns[u][i])
				} else {
					without = append(without, columns[u][i])
				}
			}
			sum, rated = sum+stats.AUROC(with, without), rated+1
		}
		if got := r.AUROC.Draws[draw]; math.Abs(got-sum/rated) > 1e-9 {
			t.Errorf("draw %d is %v, want %v", draw, got, sum/rated)
		}
		draw++
		return 0
	})
}

var twoLayers = model.Spec{Name: "two", Input: model.Shape{3, 2, 2}, Layers: []model.Layer{
	{Name: "dense1", Kind: model.Dense, Units: 40, Activation: model.ReLU},
	{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}

// shuffledLabels are noise with labels that have nothing to do with it.
func shuffledLabels(t testing.TB, seed uint64) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 3, Height: 2, Width: 2, Classes: []string{"A", "B"}}
	r := rand.New(rand.NewPCG(seed, 8))
	for i := range 300 {
		for range 12 {
			s.Images = append(s.Images, float32(r.Float64()))
		}
		s.Labels = append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 20, 140, 140)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestNothingIsSelectiveForShuffledLabels: the choice on select pays for itself, the mean is 0.5 and not
// above, and no neuron is found.
func TestNothingIsSelectiveForShuffledLabels(t *testing.T) {
	mean, found := 0.0, 0
	const sets = 12
	for seed := range uint64(sets) {
		r := respond(t, modeltest.Random(twoLayers, seed), shuffledLabels(t, seed), probe.ResponseOptions{Split: datasets.Confirm, Resamples: 20, Permutations: 199, Seed: seed})
		mean += float64(r.AUROC.Value) / sets
		found += r.Selective
	}
	// Folded at 0.5 it would be some 0.54.
	if math.Abs(mean-0.5) > 0.012 || found > 12*40/20 {
		t.Errorf("mean AUROC %v, %d neurons selective", mean, found)
	}
}

func TestResponsesHangOnTheSeedAlone(t *testing.T) {
	set := shuffledLabels(t, 1)
	r := func(workers int, seed uint64) string {
		return asJSON(t, respond(t, modeltest.Random(twoLayers, 1), set, probe.ResponseOptions{Split: datasets.Confirm, Resamples: 60, Permutations: 99, Seed: seed, Workers: workers}))
	}
	if r(1, 4) != r(3, 4) {
		t.Error("workers change the numbers")
	}
	if r(1, 4) == r(1, 5) {
		t.Error("the seed changes nothing")
	}
}

// TestRepresentChannels: of a channel its mean over positions, of a dense layer each neuron.
func TestRepresentChannels(t *testing.T) {
	spec := model.Spec{Name: "conv", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 3, Kernel: 1, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n := modeltest.Random(spec, 2)
	images := make([]float32, 4*30)
	r := rand.New(rand.NewPCG(4, 4))
	for k := range images {
		images[k] = float32(r.Float64())
	}
	got, err := probe.Represent(context.Background(), n, images, 2)
	if err != nil {
		t.Fatal(err)
	}
	var values []float64
	for i := range 30 {
		_, act, _ := modeltest.Forward(n, images[4*i:4*i+4])
		for u := range 3 {
			values = append(values, (act[1][4*u]+act[1][4*u+1]+act[1][4*u+2]+act[1][4*u+3])/4)
		}
	}
	if len(got) != 2 || got[0].Features != 3 || got[1].Features != 2 || got[0].Images != 30 {
		t.Fatalf("%d layers", len(got))
	}
	closeTo(t, "conv1 with its channels' means", probe.Similar(got[0], representation(t, values, 3)).CKA, 1, 1e-5)
	if _, err := probe.Represent(context.Background(), n, images[:7], 1); err == nil {
		t.Error("7 values are taken for images of 4")
	}
}
