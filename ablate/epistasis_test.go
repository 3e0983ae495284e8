package ablate_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// The gates below have one output, the logit of class B; that of A is always 0. The metric is
// logit-diff:B, which counts the images of B alone: so it is the output and nothing else.

// constant is a row of weights for a logit that is always 0.
func constant(inputs int) []float32 { return make([]float32, inputs+1) }

// onGate: hidden layer 1 hands on the inputs a and b, the rest is the gate over them.
func onGate(hidden [][]float32, output []float32) *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, hidden, [][]float32{constant(len(hidden)), output})
}

func orGate() *model.Network { return onGate([][]float32{{-1, -1, 1}}, []float32{-1, 1}) }
func andGate() *model.Network {
	return onGate([][]float32{{1, 1, -1}}, []float32{1, 0})
}
func xorGate() *model.Network {
	return onGate([][]float32{{1, 1, 0}, {1, 1, -1}}, []float32{1, -2, 0})
}

// imagesOfB are images of class B, given by their pixels, the same in every split, and an image of A
// with all pixels at ½ that the metric does not count.
func imagesOfB(t testing.TB, pixels ...[]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: len(pixels[0]), Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for range 3 {
		for _, p := range pixels {
			s.Images, s.Labels = append(s.Images, p...), append(s.Labels, 1)
		}
		s.Images, s.Labels = append(s.Images, slices.Repeat([]float32{0.5}, len(pixels[0]))...), append(s.Labels, 0)
	}
	size := len(pixels) + 1
	set, err := datasets.New(s, size, size, size)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// repeated are n images with the same pixels.
func repeated(n int, pixels ...float32) [][]float32 { return slices.Repeat([][]float32{pixels}, n) }

func pairsOf(t testing.TB, n *model.Network, set *datasets.Set, neurons string, change func(*ablate.PairsOptions)) *ablate.Epistasis {
	t.Helper()
	o := ablate.PairsOptions{Options: ablate.DefaultOptions()}
	o.Resamples, o.Permutations, o.Metric = 200, 199, "logit-diff:B"
	if neurons != "" {
		var err error
		if o.Neurons, err = n.ParseAddresses(neurons); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(&o)
	}
	r, err := ablate.Pairs(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pairOf finds a pair by its addresses.
func pairOf(t testing.TB, r *ablate.Epistasis, name string) ablate.PairLoss {
	t.Helper()
	for _, x := range r.Pairs {
		if x.A.String()+" "+x.B.String() == name {
			return x
		}
	}
	t.Fatalf("no pair %s", name)
	panic("unreachable")
}

// wantPair is what a pair should cost.
type wantPair struct {
	name             string
	a, b, both, epsi float64
	class            ablate.PairClass
}

func checkPairs(t *testing.T, r *ablate.Epistasis, want ...wantPair) {
	t.Helper()
	if len(r.Pairs) != len(want) {
		t.Errorf("%d pairs, want %d", len(r.Pairs), len(want))
	}
	for _, w := range want {
		x := pairOf(t, r, w.name)
		if !near(x.LostA, w.a) || !near(x.LostB, w.b) || !near(x.Lost.Estimate, w.both) || !near(x.Epistasis.Estimate, w.epsi) || x.Class != w.class {
			t.Errorf("%s: lost %v, %v, both %v, epistasis %v, %s; want %v, %v, %v, %v, %s", w.name,
				x.LostA, x.LostB, x.Lost.Estimate, x.Epistasis.Estimate, x.Class, w.a, w.b, w.both, w.epsi, w.class)
		}
		if !(x.Epistasis.Low <= x.Epistasis.Estimate && x.Epistasis.Estimate <= x.Epistasis.High) {
			t.Errorf("%s: epistasis outside its interval: %+v", w.name, x.Epistasis)
		}
	}
}

// TestGatesByHand: at a = b = 1,
//
//	                           intact  without a  without b  without both
//	OR   1-relu(1-(a+b))            1          1          1             0   lost 0, 0, 1     ε +1
//	AND  relu(a+b-1)                1          0          0             0   lost 1, 1, 1     ε −1
//	XOR  relu(a+b)-2relu(a+b-1)     0          1          1             0   lost −1, −1, 0   ε +2
func TestGatesByHand(t *testing.T) {
	set := imagesOfB(t, repeated(40, 1, 1)...)
	for _, c := range []struct {
		name   string
		n      *model.Network
		intact float64
		want   wantPair
	}{
		{"OR", orGate(), 1, wantPair{"1:0 1:1", 0, 0, 1, 1, ablate.Buffering}},
		{"AND", andGate(), 1, wantPair{"1:0 1:1", 1, 1, 1, -1, ablate.Synergistic}},
		{"XOR", xorGate(), 0, wantPair{"1:0 1:1", -1, -1, 0, 2, ablate.Buffering}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := pairsOf(t, c.n, set, "1:0-1", nil)
			checkPairs(t, r, c.want)
			x := r.Pairs[0]
			if r.Intact != c.intact || r.Images != 40 || !r.Sham.Identical || r.Interacting != 1 || r.Exact != 0 || !x.Significant || x.P != 1./200 || x.Adjusted != x.P {
				t.Errorf("intact %v on %d images, sham %+v, %d interact, %+v", r.Intact, r.Images, r.Sham, r.Interacting, x)
			}
			// Only in the XOR does the loss of an input gain alone and cost where the other is lost.
			if reverses := c.name == "XOR"; x.ReversesA != reverses || x.ReversesB != reverses {
				t.Errorf("reverses %v, %v, want %v", x.ReversesA, x.ReversesB, reverses)
			}
			if share := float64(x.Share); c.name == "XOR" && !math.IsNaN(share) || c.name != "XOR" && share != 1 {
				t.Errorf("share %v", share)
			}
		})
	}
}

// TestGateOverAllInputs: each of the four inputs 10 times. For the OR, a = 1, b = 0 loses 1 with a,
// 0 with b and 1 with both, so ε = 0; 0, 0 loses nothing. On average: lost 1/4 with each, 3/4 with
// both, ε 1/4, and its interval has a width. For the AND all but 1, 1 loses nothing: 1/4, 1/4, 1/4,
// −1/4. For the XOR 1, 0 loses 1 with a and with both, 0, 1 with b and both: (1-1)/4 = 0 with each,
// (1+1+0)/4 with both, ε 1/2.
func TestGateOverAllInputs(t *testing.T) {
	set := imagesOfB(t, slices.Repeat([][]float32{{0, 0}, {1, 0}, {0, 1}, {1, 1}}, 10)...)
	or, and, xor := pairsOf(t, orGate(), set, "1:0-1", nil), pairsOf(t, andGate(), set, "1:0-1", nil), pairsOf(t, xorGate(), set, "1:0-1", nil)
	checkPairs(t, or, wantPair{"1:0 1:1", 0.25, 0.25, 0.75, 0.25, ablate.Buffering})
	checkPairs(t, and, wantPair{"1:0 1:1", 0.25, 0.25, 0.25, -0.25, ablate.Synergistic})
	checkPairs(t, xor, wantPair{"1:0 1:1", 0, 0, 0.5, 0.5, ablate.Buffering})
	if e := or.Pairs[0].Epistasis; !(e.Low < 0.2 && e.High > 0.3) {
		t.Errorf("10 of 40 images with ε = 1 give the interval %+v", e)
	}
	// Ten differences other than 0, all positive: the exact sign-flip p is 2/2¹⁰.
	if p := or.Pairs[0].P; !near(p, 2./1024) {
		t.Errorf("p %v, want 2/1024", p)
	}
}

// TestSignOfLossMetrics: the cross-entropy of a B image of the OR is log(1+e⁻ˡ) for the logit l. It
// rises from log(1+1/e) to log 2 with both lost: a contribution lost, above 0. A's image, with
// log(1+eˡ), has l = 1, ½ with either and 0 with both lost.
func TestSignOfLossMetrics(t *testing.T) {
	r := pairsOf(t, orGate(), imagesOfB(t, repeated(40, 1, 1)...), "1:0-1", func(o *ablate.PairsOptions) { o.Metric = "cross-entropy" })
	f := func(l float64) float64 { return math.Log1p(math.Exp(l)) }
	x, want := r.Pairs[0], (40*(f(0)-f(-1))+(f(0)-f(1))-2*(f(0.5)-f(1)))/41
	if math.Abs(x.Epistasis.Estimate-want) > 1e-6 || math.Abs(x.LostA-(f(0.5)-f(1))/41) > 1e-6 || x.Class != ablate.Buffering {
		t.Errorf("%+v, want ε %v", x, want)
	}
}

// TestCombinationsByHand are other two-unit circuits at inputs of 1.
func TestCombinationsByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       *model.Network
		pixels  []float32
		neurons string
		want    []wantPair
	}{
		// Units 1:0 and 1:1 both copy pixel 0 and feed an OR: neither is missed alone.
		{"duplicates behind an OR", modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{-1, -1, 1}}, [][]float32{constant(1), {-1, 1}}),
			[]float32{1}, "1:0-1", []wantPair{{"1:0 1:1", 0, 0, 1, 1, ablate.Buffering}}},
		// relu(a-b): intact 0, without a 0, without b 1, without both 0. b holds a back: its loss
		// gains 1 while a is there, and nothing once a is lost: ε = 0-0-(-1).
		{"inhibition", modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, -1, 0}}, [][]float32{constant(1), {1, 0}}),
			[]float32{1, 1}, "1:0-1", []wantPair{{"1:0 1:1", 0, -1, 0, 1, ablate.Buffering}}},
		// 1:1 sees what 1:0 sees, but nobody reads it.
		{"decoy", modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 0, 0}}, [][]float32{constant(1), {1, 0}}),
			[]float32{1}, "1:0-1", []wantPair{{"1:0 1:1", 1, 0, 1, 0, ablate.Additive}}},
		// 1:0 acts through 2:0 alone: a chain. Each loss costs all.
		{"chain", modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{2, 0}}, [][]float32{constant(1), {1, 0}}),
			[]float32{1}, "1:0,2:0", []wantPair{{"1:0 2:0", 2, 2, 2, -2, ablate.Synergistic}}},
		// 0.3a + 0.7b - 0.2c, straight to the output: nothing interacts.
		{"sum", modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, [][]float32{constant(3), {0.3, 0.7, -0.2, 0}}),
			[]float32{1, 1, 1}, "1:0-2", []wantPair{{"1:0 1:1", 0.3, 0.7, 1, 0, ablate.Additive}, {"1:0 1:2", 0.3, -0.2, 0.1, 0, ablate.Additive}, {"1:1 1:2", 0.7, -0.2, 0.5, 0, ablate.Additive}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := pairsOf(t, c.n, imagesOfB(t, repeated(40, c.pixels...)...), c.neurons, nil)
			checkPairs(t, r, c.want...)
			for _, x := range r.Pairs {
				if additive := x.Class == ablate.Additive; x.Exact != additive || x.Significant == additive {
					t.Errorf("%+v", x)
				}
			}
		})
	}
}

// skipping has a skip connection: h = (a, b) in layer 1, g = (relu(h0+h1-1), h1) in layer 2, layer 3
// adds s = h + g, and the output is s0 + s1.
func skipping(t *testing.T) *model.Network {
	t.Helper()
	dense := func(name string, units int, f model.Activation) model.Layer {
		return model.Layer{Name: name, Kind: model.Dense, Units: units, Activation: f}
	}
	spec := model.Spec{Name: "skip", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		dense("h", 2, model.ReLU), dense("g", 2, model.ReLU),
		{Name: "s", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.Identity},
		dense("out", 2, model.Identity),
	}}
	n, err := model.NewNetwork(spec, []model.Params{{},
		{Weight: []float32{1, 0, 0, 1}, Bias: []float32{0, 0}},
		{Weight: []float32{1, 1, 0, 1}, Bias: []float32{-1, 0}},
		{},
		{Weight: []float32{0, 0, 1, 1}, Bias: []float32{0, 0}},
	}, []float32{0, 0}, []float32{1, 1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSkipConnectionByHand: at a = b = 1 intact h = (1,1), g = (1,1), s = (2,2), output 4.
//
//	lost       h      g      output      lost             h      g      output
//	1:0        (0,1)  (0,1)  2           1:0 and 1:1      (0,0)  (0,0)  0
//	1:1        (1,0)  (0,0)  1           1:0 and 2:0      (0,1)  (0,1)  2
//	2:0        (1,1)  (0,1)  3           1:0 and 2:1      (0,1)  (0,0)  1
//	2:1        (1,1)  (1,0)  3           1:1 and 2:0      (1,0)  (0,0)  1
//	3:0        s = (0,2)     2           1:1 and 2:1      (1,0)  (0,0)  1
//	                                     2:0 and 2:1      (1,1)  (0,0)  2
//	1:0 and 3:0: s = (0, 1+1) = 2;  1:1 and 3:0: s = (0, 0) = 0;  2:0 and 3:0: 2;  2:1 and 3:0: s = (0, 1) = 1
func TestSkipConnectionByHand(t *testing.T) {
	r := pairsOf(t, skipping(t), imagesOfB(t, repeated(40, 1, 1)...), "1:0-1,2:0-1,3:0", nil)
	checkPairs(t, r,
		wantPair{"1:0 1:1", 2, 3, 4, -1, ablate.Synergistic},
		wantPair{"1:0 2:0", 2, 1, 2, -1, ablate.Synergistic}, // half of what 1:0 does goes through 2:0
		wantPair{"1:0 2:1", 2, 1, 3, 0, ablate.Additive},
		wantPair{"1:1 2:0", 3, 1, 3, -1, ablate.Synergistic},
		wantPair{"1:1 2:1", 3, 1, 3, -1, ablate.Synergistic},
		wantPair{"2:0 2:1", 1, 1, 2, 0, ablate.Additive},
		wantPair{"1:0 3:0", 2, 2, 2, -2, ablate.Synergistic}, // 1:0 reaches the output through s0 alone, on both branches
		wantPair{"1:1 3:0", 3, 2, 4, -1, ablate.Synergistic},
		wantPair{"2:0 3:0", 1, 2, 2, -1, ablate.Synergistic},
		wantPair{"2:1 3:0", 1, 2, 3, 0, ablate.Additive},
	)
}

// TestMeanAndResample: over the four inputs of the AND, each 10 times, a's mean is ½. With a at ½ the output
// relu(½+b-1) is ½ where b = 1: lost ½ on 1,1 and −½ on 0,1, on average 0. With both at ½ it is 0
// everywhere: lost ¼. So ε = ¼, where zero ablation gives −¼.
func TestMeanAndResample(t *testing.T) {
	set := imagesOfB(t, slices.Repeat([][]float32{{0, 0}, {1, 0}, {0, 1}, {1, 1}}, 10)...)
	r := pairsOf(t, andGate(), set, "1:0-1", func(o *ablate.PairsOptions) { o.Kind = ablate.Mean })
	checkPairs(t, r, wantPair{"1:0 1:1", 0, 0, 0.25, 0.25, ablate.Buffering})

	// Both patched from the same donor: the output is the donor's. Each image is a donor once in every
	// draw, so that nothing is lost on average but what A's image (output 0) brings, at most 1 in 40.
	r = pairsOf(t, andGate(), set, "1:0-1", func(o *ablate.PairsOptions) { o.Kind = ablate.Resample })
	x := r.Pairs[0]
	if x.Lost.Estimate < 0 || x.Lost.Estimate > 1./40 || !near(x.Epistasis.Estimate, x.Lost.Estimate-x.LostA-x.LostB) || x.LostA == 0 || r.Draws != 5 {
		t.Errorf("resample: %+v", x)
	}
}

// TestAddingUpIsExact: the last hidden layer of any network of two classes adds up in logits, whatever
// rounding float32 leaves.
func TestAddingUpIsExact(t *testing.T) {
	spec := model.Spec{Name: "random", Input: model.Shape{1, 4, 4}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 24, Activation: model.ReLU}, {Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	set := modeltest.Blobs(spec.Input, 10, 40, 60, 3)
	n := modeltest.Random(spec, 5)
	n.Classes = set.Classes
	r := pairsOf(t, n, set, "1:0-23", func(o *ablate.PairsOptions) { o.Metric = "logit-diff" })
	if len(r.Pairs) != 276 || r.Exact != 276 || r.Interacting != 0 {
		t.Errorf("of %d pairs %d add up exactly, %d interact", len(r.Pairs), r.Exact, r.Interacting)
	}
	// In accuracy the same units do interact on some image.
	r = pairsOf(t, n, set, "1:0-23", func(o *ablate.PairsOptions) { o.Metric = "accuracy" })
	if r.Exact == 276 {
		t.Error("all pairs add up in accuracy too")
	}
}

// TestNoiseIsNoInteraction: six units, and for each of the 15 pairs a coin (pixel) of each image: heads
// puts an AND over the pair into the output (ε −1), tails an OR (ε +1). So every pair interacts on
// every image, and no pair on average.
func TestNoiseIsNoInteraction(t *testing.T) {
	const units, pairs, images, seeds = 6, 15, 60, 40
	n, pixels := coinNetwork(units, pairs)
	alarms, small, tests := 0, 0, 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 5))
		var all [][]float32
		for range images {
			all = append(all, pixels(func(int) bool { return r.IntN(2) == 0 }))
		}
		found := pairsOf(t, n, imagesOfB(t, all...), "1:0-5", func(o *ablate.PairsOptions) { o.Seed = seed })
		if found.Interacting > 0 {
			alarms++
		}
		for _, x := range found.Pairs {
			tests++
			if x.P <= 0.1 {
				small++
			}
			if math.Abs(x.Epistasis.Estimate) > 0.6 || x.Exact {
				t.Fatalf("the coins are not as wired: %+v", x)
			}
		}
	}
	// If no pair interacts, BH lets one through in at most 1 of 20 experiments: 2 of 40, more than 6
	// once in 300 times. Sign flips of ±1 are conservative; p ≤ 0.1 in no more than 10 % of tests.
	if alarms > 6 || float64(small) > 0.13*float64(tests) || small == 0 {
		t.Errorf("false alarms with %d of %d seeds; p ≤ 0.1 in %d of %d tests", alarms, seeds, small, tests)
	}
	// And a pair whose coin always falls heads is found.
	r := rand.New(rand.NewPCG(1, 6))
	var all [][]float32
	for range images {
		all = append(all, pixels(func(pair int) bool { return pair == 7 || r.IntN(2) == 0 }))
	}
	found := pairsOf(t, n, imagesOfB(t, all...), "1:0-5", nil)
	if x := found.Pairs[0]; x.A.Unit != 1 || x.B.Unit != 4 || !x.Significant || x.Class != ablate.Synergistic || x.Epistasis.Estimate != -1 {
		t.Errorf("the planted pair 1:1, 1:4 is not the strongest: %+v", x)
	}
}

// coinNetwork: layer 1 hands on the units (always 1) and the coins s; layer 2 has for each pair
// relu(a+b+s-2), an AND where s = 1, and relu(1-a-b-s), which takes an OR down where s = 0. pixels
// makes an image.
func coinNetwork(units, pairs int) (n *model.Network, pixels func(heads func(pair int) bool) []float32) {
	inputs := units + pairs
	row := func(bias float32, at map[int]float32) []float32 {
		w := make([]float32, inputs+1)
		for k, v := range at {
			w[k] = v
		}
		w[inputs] = bias
		return w
	}
	var first, second [][]float32
	for k := range inputs {
		first = append(first, row(0, map[int]float32{k: 1}))
	}
	output, coin := []float32{}, units
	for a := range units {
		for b := a + 1; b < units; b++ {
			second = append(second, row(-2, map[int]float32{a: 1, b: 1, coin: 1}), row(1, map[int]float32{a: -1, b: -1, coin: -1}))
			output = append(output, 1, -1)
			coin++
		}
	}
	output = append(output, 0)
	return modeltest.Wire(inputs, first, second, [][]float32{constant(len(second)), output}), func(heads func(int) bool) []float32 {
		p := slices.Repeat([]float32{1}, inputs)
		for k := range pairs {
			if !heads(k) {
				p[units+k] = 0
			}
		}
		return p
	}
}

// TestTopChoosesOnSelect: units 0 to 3 carry 4, 3, 2, 1 times their pixel to the output. On select all
// pixels are lit, on confirm only the last: the choice does not look there.
func TestTopChoosesOnSelect(t *testing.T) {
	n := modeltest.Wire(4, [][]float32{{1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 0}}, [][]float32{constant(4), {2, -4, 3, 1, 0}})
	s := datasets.Set{Channels: 4, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 60 {
		p := []float32{1, 1, 1, 1}
		if i >= 20 {
			p = []float32{0, 0, 0, 1}
		}
		s.Images, s.Labels = append(s.Images, p...), append(s.Labels, min(i%10, 1))
	}
	set, err := datasets.New(s, 10, 10, 40)
	if err != nil {
		t.Fatal(err)
	}
	r := pairsOf(t, n, set, "", func(o *ablate.PairsOptions) { o.Top = 3 })
	c := r.Choice
	want := []ablate.ChosenUnit{{Address: model.Neuron(1, 1), Lost: -4}, {Address: model.Neuron(1, 2), Lost: 3}, {Address: model.Neuron(1, 0), Lost: 2}}
	if c.Candidates != 4 || c.Images != 9 || !slices.Equal(c.Layers, []int{1}) || !slices.Equal(c.Units, want) {
		t.Errorf("choice %+v, want %v", c, want)
	}
	checkPairs(t, r, wantPair{"1:0 1:1", 0, 0, 0, 0, ablate.Additive}, wantPair{"1:0 1:2", 0, 0, 0, 0, ablate.Additive}, wantPair{"1:1 1:2", 0, 0, 0, 0, ablate.Additive})
	if r = pairsOf(t, n, set, "", func(o *ablate.PairsOptions) { o.Top, o.Split = 3, datasets.Select }); !strings.Contains(strings.Join(r.Warnings, " "), "chosen on the images") {
		t.Errorf("measured where chosen: warnings %q", r.Warnings)
	}
}

func TestPairsAreTheSameHowever(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0.5, 0}, {0.3, 1, 0}, {1, -1, 0.2}, {-0.5, 1, 0}}, [][]float32{{1, 1, -0.4, 0, -0.7}, {-1, 0.5, 1, 0.3, 0.2}}, [][]float32{constant(2), {1, -0.8, 0}})
	r := rand.New(rand.NewPCG(8, 8))
	var all [][]float32
	for range 70 {
		all = append(all, []float32{r.Float32(), r.Float32()})
	}
	set := imagesOfB(t, all...)
	text := func(change func(*ablate.PairsOptions)) string {
		data, err := json.Marshal(pairsOf(t, n, set, "1:0-3,2:0-1", change))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := text(nil)
	for name, change := range map[string]func(*ablate.PairsOptions){
		"one worker":  func(o *ablate.PairsOptions) { o.Workers = 1 },
		"little room": func(o *ablate.PairsOptions) { o.Memory = 1 },
		"other order": func(o *ablate.PairsOptions) { slices.Reverse(o.Neurons) },
	} {
		if text(change) != want {
			t.Errorf("%s: another result", name)
		}
	}
	if text(func(o *ablate.PairsOptions) { o.Seed = 2 }) == want {
		t.Error("another seed gives the same intervals")
	}
	// The order of images changes the draws, not the estimates.
	slices.Reverse(all)
	a, b := pairsOf(t, n, set, "1:0-3", nil), pairsOf(t, n, imagesOfB(t, all...), "1:0-3", nil)
	for k := range a.Pairs {
		if !near(a.Pairs[k].Epistasis.Estimate, b.Pairs[k].Epistasis.Estimate) || a.Pairs[k].A != b.Pairs[k].A {
			t.Errorf("images in reverse: %+v and %+v", a.Pairs[k], b.Pairs[k])
		}
	}
}

// TestPairsGoOnWhereTheyStopped: an experiment that is cancelled after some of its blocks (12 units, 66
// pairs: two blocks) keeps them, and the resumed one gives what an uninterrupted one gives.
func TestPairsGoOnWhereTheyStopped(t *testing.T) {
	spec := model.Spec{Name: "random", Input: model.Shape{1, 4, 4}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 14, Activation: model.ReLU}, {Name: "dense2", Kind: model.Dense, Units: 6, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, set := modeltest.Random(spec, 4), modeltest.Blobs(spec.Input, 10, 40, 60, 3)
	n.Classes = set.Classes
	top := func(o *ablate.PairsOptions) { o.Top, o.Metric = 12, "logit-diff" }
	whole := pairsOf(t, n, set, "", top)

	parts := pairParts{}
	ctx, cancel := context.WithCancel(context.Background())
	o := ablate.PairsOptions{Options: ablate.DefaultOptions(), Top: 12}
	o.Resamples, o.Permutations, o.Parts = 200, 199, parts
	o.Progress = func(stage string, done, _ int) {
		if stage == "testing pairs" && done > 0 {
			cancel()
		}
	}
	if _, err := ablate.Pairs(ctx, n, set, o); err != context.Canceled {
		t.Fatalf("interrupted: %v", err)
	}
	if len(parts) != 2 {
		t.Fatalf("%d parts kept, want the choice and one block of pairs", len(parts))
	}
	resumed := pairsOf(t, n, set, "", func(o *ablate.PairsOptions) { top(o); o.Parts = parts })
	a, _ := json.Marshal(whole)
	b, _ := json.Marshal(resumed)
	if string(a) != string(b) || len(parts) != 3 {
		t.Errorf("the resumed run (%d parts) differs:\n%s\n%s", len(parts), a, b)
	}
}

// pairParts keeps parts in memory.
type pairParts map[string]any

func (p pairParts) Load(name string, into any) (bool, error) {
	v, kept := p[name]
	if kept {
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(v))
	}
	return kept, nil
}

func (p pairParts) Save(name string, value any) error {
	p[name] = value
	return nil
}

func TestPairsRefuse(t *testing.T) {
	n, set := orGate(), imagesOfB(t, repeated(4, 1, 1)...)
	for want, change := range map[string]func(*ablate.PairsOptions){
		"1 unit makes no pair":           func(o *ablate.PairsOptions) { o.Neurons = o.Neurons[:1] },
		"65 units have 2080 pairs":       func(o *ablate.PairsOptions) { o.Neurons = slices.Repeat(o.Neurons[:1], 65) },
		"layer 7 not in model":           func(o *ablate.PairsOptions) { o.Neurons[0].Layer = 7 },
		"unknown metric":                 func(o *ablate.PairsOptions) { o.Metric = "beauty" },
		"pairs of the 1 strongest units": func(o *ablate.PairsOptions) { o.Neurons, o.Top = nil, 1 },
	} {
		o := ablate.PairsOptions{Options: ablate.DefaultOptions(), Neurons: []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)}}
		change(&o)
		if _, err := ablate.Pairs(context.Background(), n, set, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
