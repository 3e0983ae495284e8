package circuit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// oddSpecs are the presets that have edges, small, and a network with stride, padding, pools, a layer added twice and an
// add of the image's own shape.
func oddSpecs(t *testing.T) []model.Spec {
	t.Helper()
	var all []model.Spec
	for _, p := range model.Presets {
		spec, err := model.Preset(p.Name, model.Shape{3, 16, 16}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == "recurrent" {
			continue // it cannot be cut into edges
		}
		all = append(all, spec)
	}
	return append(all, model.Spec{Name: "odd", Input: model.Shape{2, 11, 9}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 2, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "add2", Kind: model.Add, Inputs: []int{0, 1, 1}, Activation: model.Identity},
		{Name: "conv3", Kind: model.Conv2D, Units: 5, Kernel: 4, Stride: 2, Padding: 3, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 3, Stride: 2}},
		{Name: "conv4", Kind: model.Conv2D, Units: 4, Kernel: 2, Stride: 1, Activation: model.Identity, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "dense5", Kind: model.Dense, Units: 4, Activation: model.ReLU, Inputs: []int{4}},
		{Name: "dense6", Kind: model.Dense, Units: 3, Activation: model.ReLU, Inputs: []int{3}},
		{Name: "dense7", Kind: model.Dense, Units: 3, Activation: model.ReLU, Inputs: []int{5}},
		{Name: "add8", Kind: model.Add, Inputs: []int{6, 7}, Activation: model.Identity},
	}})
}

// TestTermsAddUp: at random positions of every layer the terms add up to the recorded pre-activation, and
// each term is what the pre-activation loses when the edge is cut.
func TestTermsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for _, spec := range oddSpecs(t) {
		n := modeltest.Random(spec, 21)
		image := modeltest.Images(spec.Input, 1, 22)
		rec, err := record(n, image)
		if err != nil {
			t.Fatal(err)
		}
		for l := 1; l <= n.Depth(); l++ {
			g := n.Geometry(l)
			for range 12 {
				a, row, col := model.Neuron(l, r.IntN(g.Act[0])), r.IntN(g.Act[1]), r.IntN(g.Act[2])
				s := rec.sum(a, row, col)
				if err := s.Check(); err != nil {
					t.Errorf("%s, at %d,%d: %v", spec.Name, row, col, err)
				}
				worst = max(worst, s.Relative())
				total := s.Bias
				for _, term := range s.Terms {
					total += term.Value
				}
				if math.Abs(total-s.Sum) > 1e-9*s.Scale || math.Abs(s.Bias+s.ExcitatorySum+s.InhibitorySum-s.Sum) > 1e-9*s.Scale || len(s.Terms) != len(senders(n, a)) {
					t.Errorf("%s, %v: sum %v, terms %v", spec.Name, a, s.Sum, total)
				}
				term := s.Terms[r.IntN(len(s.Terms))]
				without := model.Edit{Target: a, From: &term.From, Keep: model.Constant(0), Fill: model.Constant(0)}
				trace := &model.Trace{Pre: []int{l}}
				if _, err := model.NewSession(n).Run(image, 0, []model.Edit{without}, trace); err != nil {
					t.Fatal(err)
				}
				at := (a.Unit*g.Act[1]+row)*g.Act[2] + col
				if lost := s.PreActivation - float64(trace.PreActivation(l)[at]); math.Abs(lost-term.Value) > 1e-5*s.Scale {
					t.Errorf("%s, %v at %d,%d: the term of %s is %v, cutting it takes %v", spec.Name, a, row, col, term.Sender, term.Value, lost)
				}
			}
		}
	}
	t.Logf("largest residual: %.2g of Σ|w·x|", worst)
}

// TestWrongTermsAreRefused: a sum that does not add up is an error.
func TestWrongTermsAreRefused(t *testing.T) {
	s := DendriticSum{ID: "3:17", Sum: 1.00001, PreActivation: 1, Residual: 1e-5, Scale: 2}
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "3:17") {
		t.Errorf("error %v", err)
	}
	s.Residual = 1e-6
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

// imageOf runs Image on a hand-wired network.
func imageOf(t *testing.T, n *model.Network, set *datasets.Set, change func(*ImageOptions)) *ImageResult {
	t.Helper()
	o := ImageOptions{Random: 40}
	o.Split, o.Seed, o.Metric = datasets.Confirm, 1, "logit"
	if change != nil {
		change(&o)
	}
	x, err := Image(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestImageByHand: the two chains of twoChains, whose cuts now give the mean over select, of which half is
// A's (a = 0, b = 0, c = 1) and half B's (a = 1, b = 0.5, c = 1). Means handed on: n0 0.5, n1 0.25; m0 1;
// m1 (1 + 0.5)/2 = 0.75. On B's image y = 3·2 + 2·0.5 = 7. Each link of a's chain carries half when cut:
// y loses 3. On b's way, cutting the last link adds 2·0.25 = 0.5, the others m1 = 0.75, +(−0.5 → ) 0.5
// as well: b's chain speaks against B, compared with the mean.
func TestImageByHand(t *testing.T) {
	set := constant([]float32{0, 0, 1}, []float32{1, 0.5, 1}, 10)
	x := imageOf(t, twoChains(), set, func(o *ImageOptions) { o.Index = 1 })
	c := x.Chain
	if x.Answer != "B" || x.RunnerUp != "A" || x.Y != 7 || x.Label != "B" || x.Index != 1 || x.Split != datasets.Confirm {
		t.Errorf("answer %s, y %v, label %s", x.Answer, x.Y, x.Label)
	}
	var names []string
	for _, n := range c.Neurons {
		names = append(names, n.ID)
	}
	if !slices.Equal(names, []string{"0:0", "1:0", "2:0", "3:1"}) || c.Supporting != 1 || c.InNetwork != 27 || c.Sign != 1 || c.Strength != 3 {
		t.Errorf("chain %v, %+v", names, c)
	}
	for k, l := range c.Links {
		if l.After != 4 || l.Effect != -3 || l.Flips || l.Rank != 1 || l.Of != []int{9, 9, 3}[k] || l.Term != []float64{1, 2, 6}[k] || l.Usual != []float64{0.5, 1, 3}[k] || !l.Excitatory() {
			t.Errorf("link %+v", l)
		}
	}
	if c.Cut.Effect != -3 || c.Cut.After != 4 {
		t.Errorf("cut %+v", c.Cut)
	}
	// Of a random chain's links, those that it shares with a's lower y by 3, those of b's raise it.
	for _, e := range c.Random {
		if !slices.Contains([]float64{-3, -2.5, 0, 0.5}, e) {
			t.Errorf("a random chain changes y by %v", e)
		}
	}
	if len(c.Random) != 40 || c.AtLeast == 0 {
		t.Errorf("random chains %v, %d at least as strong", c.Random, c.AtLeast)
	}
	// The sums: n0 = 1·a, m0 = 2·n0, B = 3·m0 + 2·m1, A = 0.
	var sums []string
	for _, s := range x.Sums {
		text := s.ID
		for _, term := range s.Terms {
			if term.Value != 0 {
				text += fmt.Sprintf(" %+.0f×%s", term.Value, term.Sender)
			}
		}
		sums = append(sums, fmt.Sprintf("%s = %v", text, s.PreActivation))
	}
	if want := []string{"1:0 +1×0:0 = 1", "2:0 +2×1:0 = 2", "3:1 +6×2:0 +1×2:1 = 7", "3:0 = 0"}; !reflect.DeepEqual(sums, want) {
		t.Errorf("sums %q, want %q", sums, want)
	}
	// 1:0 is 1 here, 0 or 1 on select: mean 0.5, a quarter of ties counted half.
	first := x.Layers[0]
	if first.Fired != 3 || first.Typical != 2 || first.Strongest[0].ID != "1:0" || first.Strongest[0].Mean != 0.5 || first.Strongest[0].Percentile != 0.75 {
		t.Errorf("layer 1: %+v", first)
	}
	if x.Worst != 0 {
		t.Errorf("residual %v of numbers that floats hold exactly", x.Worst)
	}
}

// TestImageCutsFlip: on an image of B whose evidence is just enough, the cut of each link of the chain turns
// the answer round. B = 3·a, A = 2: with a = 0.8 B has 2.4; at its mean, 0.4, it has 1.2.
func TestImageCutsFlip(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{0, 2}, {3, 0}})
	x := imageOf(t, n, constant([]float32{0}, []float32{0.8}, 10), func(o *ImageOptions) { o.Index, o.Metric = 3, "logit-diff" })
	for _, l := range x.Chain.Links {
		if !l.Flips || l.Answer != "A" {
			t.Errorf("link %+v", l)
		}
	}
	if !x.Chain.Cut.Flips || x.Chain.RandomFlips != 40 {
		t.Errorf("%+v", x.Chain)
	}
}

// TestSilenceCarries: B = 2 − 3·h, h = a, A = 1.5. On B's image a = 0: all is silent. At their means, a and h
// are 0.5 and B is 0.5: each cut lowers y by 1.5. The signs are those of what is usually carried.
func TestSilenceCarries(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{0, 1.5}, {-3, 2}})
	x := imageOf(t, n, constant([]float32{1}, []float32{0}, 10), func(o *ImageOptions) { o.Index = 1 })
	c := x.Chain
	if x.Answer != "B" || len(c.Links) != 2 || c.Sign != -1 {
		t.Fatalf("%s, %+v", x.Answer, c)
	}
	for k, l := range c.Links {
		if l.Term != 0 || l.Usual != []float64{0.5, -1.5}[k] || l.Effect != -1.5 || l.Excitatory() != (k == 0) || l.Answer != "A" {
			t.Errorf("link %+v", l)
		}
	}
}

// TestImageWithoutChain: an answer that comes from a bias alone has no chain.
func TestImageWithoutChain(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}, {0, 2}})
	x := imageOf(t, n, constant([]float32{0}, []float32{1}, 10), nil)
	if x.Chain != nil || len(x.Warnings) != 1 || len(x.Sums) != 2 {
		t.Errorf("%+v", x)
	}
}

// TestImageOfOnesOwn takes pixels, and refuses what is no image of the network's.
func TestImageOfOnesOwn(t *testing.T) {
	set := constant([]float32{0, 0, 1}, []float32{1, 0.5, 1}, 10)
	x := imageOf(t, twoChains(), set, func(o *ImageOptions) { o.Pixels, o.Name = []float32{1, 0.5, 1}, "my.png" })
	if !x.Own || x.Index != -1 || x.Label != "" || x.Name != "my.png" || x.Y != 7 {
		t.Errorf("%+v", x)
	}
	o := ImageOptions{Pixels: []float32{1}}
	if _, err := Image(context.Background(), twoChains(), set, o); err == nil {
		t.Error("one pixel is taken for an image")
	}
	for _, index := range []int{-1, 10} {
		o := ImageOptions{Index: index}
		o.Split = datasets.Select
		if _, err := Image(context.Background(), twoChains(), set, o); err == nil || !strings.Contains(err.Error(), "not in select (it has images 0 to 9)") {
			t.Errorf("index %d: %v", index, err)
		}
	}
}

// TestImageOnPresets runs everything, whose checks are errors, and makes JSON of it.
func TestImageOnPresets(t *testing.T) {
	for _, spec := range oddSpecs(t) {
		n := modeltest.Random(spec, 31)
		set := modeltest.Blobs(spec.Input, 4, 12, 6, 3)
		set.Classes = append(set.Classes, "none")
		n.Classes = set.Classes
		x := imageOf(t, n, set, func(o *ImageOptions) { o.Index, o.Random, o.Metric = 2, 5, "logit-diff" })
		if x.Chain == nil || x.Worst > SumTolerance || len(x.Layers) != n.Depth()-1 {
			t.Errorf("%s: chain %v, worst residual %v", spec.Name, x.Chain, x.Worst)
		}
		if _, err := json.Marshal(x); err != nil {
			t.Errorf("%s: %v", spec.Name, err)
		}
	}
}

// TestWalkIsUniform: every chain is drawn as often as any other.
func TestWalkIsUniform(t *testing.T) {
	w := randomWires(7)
	for e := range w.size {
		w.size[e] = 1
	}
	all, drawn := w.allPaths(), map[string]int{}
	r, ways := rand.New(rand.NewPCG(3, 3)), w.ways(0)
	const each = 400
	for range each * len(all) {
		drawn[fmt.Sprint(w.walk(ways, r))]++
	}
	for _, p := range all {
		if got := drawn[fmt.Sprint(p.links)]; got < each*7/10 || got > each*13/10 {
			t.Errorf("of %d chains one was drawn %d times in %d", len(all), got, each*len(all))
		}
	}
	if len(drawn) != len(all) || len(all) < 5 {
		t.Errorf("%d different chains of %d", len(drawn), len(all))
	}
}
