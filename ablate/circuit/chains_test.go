package circuit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// allPaths lists every chain to the end, by walking.
func (w *wires) allPaths() []path {
	out := map[model.Address][]int{}
	for e, edge := range w.edges {
		if w.size[e] > 0 {
			out[edge.From] = append(out[edge.From], e)
		}
	}
	var all []path
	var walk func(at model.Address, p path)
	walk = func(at model.Address, p path) {
		if at == w.end {
			all = append(all, p)
			return
		}
		for _, e := range out[at] {
			walk(w.edges[e].To, p.along(e, w.size[e]))
		}
	}
	for at := range out {
		if at.Layer == 0 {
			walk(at, path{})
		}
	}
	return all
}

// byHand orders chains as the definition has it: sorted sizes padded with infinity, then addresses.
func byHand(a, b path, edges []model.Edge) int {
	for k := range 40 {
		at := func(p path) float64 {
			if k < len(p.sizes) {
				return p.sizes[k]
			}
			return math.Inf(1)
		}
		if c := cmp.Compare(at(b), at(a)); c != 0 {
			return c
		}
	}
	for k := range a.links {
		x, y := edges[a.links[k]].From, edges[b.links[k]].From
		if c := cmp.Or(cmp.Compare(x.Layer, y.Layer), cmp.Compare(x.Unit, y.Unit)); c != 0 {
			return c
		}
	}
	return 0
}

// randomWires are layered neurons with skip connections; sizes come from few values, so that ties abound,
// and some are 0.
func randomWires(seed uint64) *wires {
	r := rand.New(rand.NewPCG(seed, 5))
	layers := 2 + r.IntN(4)
	w := &wires{end: model.Neuron(layers, 0)}
	units := []int{1 + r.IntN(3)}
	for l := 1; l <= layers; l++ {
		units = append(units, 1+r.IntN(4))
		for u := range units[l] {
			for from := range l {
				for j := range units[from] {
					if from == l-1 || r.IntN(4) == 0 {
						w.edges = append(w.edges, model.Edge{From: model.Neuron(from, j), To: model.Neuron(l, u)})
						w.size = append(w.size, float64(r.IntN(4)))
					}
				}
			}
		}
	}
	return w
}

// TestStrongestAgainstBruteForce holds the search, the counts and the widest chain against a walk over all
// chains.
func TestStrongestAgainstBruteForce(t *testing.T) {
	none, many := 0, 0
	for seed := range uint64(400) {
		w := randomWires(seed)
		want := w.allPaths()
		slices.SortFunc(want, func(a, b path) int { return byHand(a, b, w.edges) })
		if got := w.count(0); got != float64(len(want)) {
			t.Fatalf("seed %d: %v chains, want %d", seed, got, len(want))
		}
		if len(want) == 0 {
			none++
			if w.widest() != 0 || w.strongest(3) != nil {
				t.Fatalf("seed %d: found a chain where there is none", seed)
			}
			continue
		}
		if len(want) > 10 {
			many++
		}
		for _, top := range []int{1, 3, 10} {
			got := w.strongest(top)
			if !reflect.DeepEqual(got, want[:min(top, len(want))]) {
				t.Fatalf("seed %d, top %d:\n got %v\nwant %v", seed, top, got, want[:min(top, len(want))])
			}
		}
		if got := w.widest(); got != want[0].sizes[0] {
			t.Errorf("seed %d: widest %v, want %v", seed, got, want[0].sizes[0])
		}
		for e := range w.edges {
			sharing := 0
			for _, p := range want {
				if slices.Contains(p.links, e) && p.sizes[0] == w.size[e] {
					sharing++
				}
			}
			if w.size[e] > 0 && w.sharing(e) != float64(sharing) {
				t.Fatalf("seed %d: %v chains have %v as their weakest, want %d", seed, w.sharing(e), w.edges[e], sharing)
			}
		}
	}
	if none < 10 || many < 50 {
		t.Errorf("%d networks without a chain and %d with more than ten: the test tests little", none, many)
	}
}

// constant is a set of images of so many channels of one pixel; those of class B (odd ones) show b, the
// others a.
func constant(a, b []float32, each int) *datasets.Set {
	s := datasets.Set{Classes: []string{"A", "B"}, Channels: len(a), Height: 1, Width: 1}
	for i := range 3 * each {
		s.Labels = append(s.Labels, i%2)
		s.Images = append(s.Images, [][]float32{a, b}[i%2]...)
	}
	set, err := datasets.New(s, each, each, each)
	if err != nil {
		panic(err)
	}
	return set
}

func links(x *ChainsResult, c Chain) (out []string) {
	for _, k := range c.Links {
		l := x.Links[k]
		sign := "+"
		if !l.Excitatory() {
			sign = "−"
		}
		out = append(out, fmt.Sprintf("%s->%s %s %+.3g", l.Source, l.Target, sign, l.Exact.Estimate))
	}
	return out
}

// twoChains has two chains to B, one of which inhibits, and a third input that leads nowhere:
//
//	n0 = a, n1 = b, n2 = c;  m0 = 2·n0, m1 = 1 − n1, m2 = n2;  B = 3·m0 + 2·m1.
func twoChains() *model.Network {
	return modeltest.Wire(3,
		[][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}},
		[][]float32{{2, 0, 0, 0}, {0, -1, 0, 1}, {0, 0, 1, 0}},
		[][]float32{{0, 0, 0, 0}, {3, 2, 0, 0}})
}

// TestTwoParallelChains: on images of B a = 1, b = 0.5, so that n1 = 0.5 and m1 = 0.5. With 0 in the place
// of a contribution, every cut on the way of a costs 3·2·1 = 6. On the way of b, cutting 0:1->1:1 or
// 1:1->2:1 sets m1 to 1, a gain of 2·0.5 = 1; cutting 2:1->3:1 costs 2·0.5 = 1. Cut at once, the last
// cut decides: −1. c reaches m2 and no further.
func TestTwoParallelChains(t *testing.T) {
	o := ChainsOptions{Options: Options{Against: Zero}, To: "B", Surrogates: -1}
	o.Metric, o.Split, o.Seed = "logit", datasets.Confirm, 1
	x, err := Chains(context.Background(), twoChains(), constant([]float32{0, 0, 1}, []float32{1, 0.5, 1}, 10), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Chains) != 2 {
		t.Fatalf("%d chains, want 2", len(x.Chains))
	}
	a, b := x.Chains[0], x.Chains[1]
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"first", links(x, a), []string{"0:0->1:0 + -6", "1:0->2:0 + -6", "2:0->3:1 + -6"}},
		{"second", links(x, b), []string{"0:1->1:1 + +1", "1:1->2:1 − +1", "2:1->3:1 + -1"}},
		{"neurons", a.Neurons, []string{"0:0", "1:0", "2:0", "3:1"}},
		{"signs", []int{a.Sign, b.Sign}, []int{1, -1}},
		{"strengths", []float64{a.Strength.Estimate, b.Strength.Estimate, a.Chosen, b.Chosen}, []float64{6, 1, 6, 1}},
		{"cuts", []float64{a.Cut.Estimate, b.Cut.Estimate}, []float64{-6, -1}},
		{"lesion of 2:0", x.Node("2:0").Lesion.Estimate, -6.0},
		{"lesion of 1:1", x.Node("1:1").Lesion.Estimate, 1.0},
		{"input is not lesioned", x.Node("0:0").Lesioned || x.Node("3:1").Lesioned, false},
		{"in the network", []float64{x.InNetwork, x.Effective}, []float64{27, 2}}, // 3·3·3 to B
		{"edges", []int{x.Edges, x.Silent}, []int{21, 15}},                        // 9 + 9 + 3
		{"pairs", []int{x.SelectPairs, x.Pairs}, []int{5, 5}},
		{"end", x.End + " " + x.EndClass, "3:1 B"},
		// Of three links alike, the first is the bottleneck.
		{"bottlenecks", x.Bottlenecks, []Bottleneck{{"0:0->1:0", 6, 1, 1}, {"0:1->1:1", 1, 1, 1}}},
		{"common", append(x.SharedNeurons, x.SharedLinks...), []string{}},
		{"alone", x.Together.Estimate, 1.0},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

// skipNetwork: B = s0 − s1/4, s = h + d, h = image (two channels), d0 = h0/2 and d1 = 3·h1.
func skipNetwork(t *testing.T) *model.Network {
	t.Helper()
	spec := model.Spec{Name: "skip", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 2, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.ReLU},
		{Name: "add3", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "dense4", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 0, 0, 1}, Bias: make([]float32, 2)},
		{Weight: []float32{0.5, 0, 0, 3}, Bias: make([]float32, 2)}, {}, {Weight: []float32{0, 0, 1, -0.25}, Bias: make([]float32, 2)}},
		[]float32{0, 0}, []float32{1, 1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSkipIsAChain: on B both channels are 1. Cuts on channel 0: 0:0->1:0 costs 1.5, the skip 1:0->3:0
// costs 1, 1:0->2:0 and 2:0->3:0 cost 0.5, 3:0->4:1 costs 1.5. On channel 1, which inhibits B: into 1:1
// and out of 3:1 +1, the skip +0.25, the two into and out of 2:1 +0.75.
func TestSkipIsAChain(t *testing.T) {
	o := ChainsOptions{Options: Options{Against: Zero, Target: "B"}, Surrogates: -1}
	o.Metric, o.Split, o.Seed = "logit", datasets.Confirm, 1
	x, err := Chains(context.Background(), skipNetwork(t), constant([]float32{0, 0}, []float32{1, 1}, 10), o)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"0:0->1:0 + -1.5", "1:0->3:0 + -1", "3:0->4:1 + -1.5"},
		{"0:1->1:1 + +1", "1:1->2:1 + +0.75", "2:1->3:1 + +0.75", "3:1->4:1 − +1"},
		{"0:0->1:0 + -1.5", "1:0->2:0 + -0.5", "2:0->3:0 + -0.5", "3:0->4:1 + -1.5"},
		{"0:1->1:1 + +1", "1:1->3:1 + +0.25", "3:1->4:1 − +1"},
	}
	var got [][]string
	for _, c := range x.Chains {
		got = append(got, links(x, c))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("chains\n%v, want\n%v", got, want)
	}
	if x.InNetwork != 12 || x.Effective != 4 { // 2 channels × (2 by skip + 2·2 by dense2) = 12
		t.Errorf("%v chains, %v effective, want 12 and 4", x.InNetwork, x.Effective)
	}
	if s := []int{x.Chains[0].Sign, x.Chains[1].Sign}; !slices.Equal(s, []int{1, -1}) {
		t.Errorf("signs %v", s)
	}
}

// TestNoChain: nothing that B reads changes with the image.
func TestNoChain(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}, {0, 1}})
	o := ChainsOptions{Options: Options{Against: Zero}, To: "2:1"}
	o.Metric, o.Split = "logit", datasets.Confirm
	if _, err := Chains(context.Background(), n, constant([]float32{0}, []float32{1}, 10), o); !errors.Is(err, ErrNoChain) {
		t.Errorf("error %v, want ErrNoChain", err)
	}
}

func TestParseOutput(t *testing.T) {
	n := twoChains()
	for _, c := range []struct {
		text string
		want model.Address
		bad  bool
	}{{"B", model.Neuron(3, 1), false}, {"3:0", model.Neuron(3, 0), false}, {"dense3:1", model.Neuron(3, 1), false}, {"2:1", model.Address{}, true},
		{"3:*", model.Address{}, true}, {"3:0-1", model.Address{}, true}, {"3:9", model.Address{}, true}, {"C", model.Address{}, true}} {
		if got, err := ParseOutput(n, c.text); got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
}

// TestSurrogateKeepsWeights: each layer keeps its bundles, as a multiset, and the biases; the seed decides.
func TestSurrogateKeepsWeights(t *testing.T) {
	spec, err := model.Preset("resnet", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 3)
	a, err := Surrogate(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Surrogate(n, 1)
	other, _ := Surrogate(n, 2)
	if a.Digest() != b.Digest() || a.Digest() == other.Digest() || a.Digest() == n.Digest() {
		t.Error("the seed does not decide")
	}
	for l := 1; l <= n.Depth(); l++ {
		if !slices.Equal(a.Params[l].Bias, n.Params[l].Bias) {
			t.Errorf("layer %d: other biases", l)
		}
		if n.Layer(l).Kind == model.Add {
			continue
		}
		each := n.Geometry(l).FanIn / n.Geometry(l).In[0]
		bundles := func(weight []float32) (out []string) {
			for k := 0; k < len(weight); k += each {
				out = append(out, fmt.Sprint(weight[k:k+each]))
			}
			slices.Sort(out)
			return out
		}
		if !slices.Equal(bundles(a.Params[l].Weight), bundles(n.Params[l].Weight)) {
			t.Errorf("layer %d: other bundles", l)
		}
	}
}

// wide has one strong chain among many weak synapses, which shuffling breaks: 8 units a layer, of whose
// synapses only those of unit 0 are strong.
func wide() *model.Network {
	r := rand.New(rand.NewPCG(9, 9))
	layer := func(units, inputs int) [][]float32 {
		rows := make([][]float32, units)
		for u := range rows {
			for range inputs {
				rows[u] = append(rows[u], float32(0.05*r.NormFloat64()))
			}
			rows[u] = append(rows[u], 0)
		}
		return rows
	}
	l1, l2, l3 := layer(8, 8), layer(8, 8), layer(2, 8)
	l1[0][0], l2[0][0], l3[1][0] = 2, 2, 2
	return modeltest.Wire(8, l1, l2, l3)
}

// TestPlantedChainBeatsSurrogates: the planted chain has the least p that 39 surrogates can
// give, 1/40.
func TestPlantedChainBeatsSurrogates(t *testing.T) {
	o := ChainsOptions{Options: Options{Against: Zero}, To: "B", Top: 3}
	o.Metric, o.Split, o.Seed = "logit", datasets.Confirm, 4
	x, err := Chains(context.Background(), wide(), constant(make([]float32, 8), slices.Repeat([]float32{1}, 8), 20), o)
	if err != nil {
		t.Fatal(err)
	}
	first := x.Chains[0]
	if !slices.Equal(first.Neurons, []string{"0:0", "1:0", "2:0", "3:1"}) || first.P != 1.0/40 {
		t.Errorf("first %v, p = %v", first.Neurons, first.P)
	}
	s := x.Surrogates
	if len(s.Networks) != 39 || !slices.IsSortedFunc(s.Networks, func(a, b SurrogateChain) int { return cmp.Compare(a.Strength, b.Strength) }) || s.Pairs != 10 {
		t.Errorf("surrogates: %+v", s)
	}
	// All images are alike: what is sought on the pairs of the comparison is the chain itself. Total is the
	// whole of y, which every link of the chain nearly is.
	if s.Own.Strength != float64(first.Compared) || s.Own.Relative() < 0.8 || s.Own.Relative() > 1.2 || first.RelativeP > 0.5 {
		t.Errorf("own %+v, compared %v, relative p %v", s.Own, first.Compared, first.RelativeP)
	}
}

// TestRandomNetworksHaveNoChain is the negative control: networks that are surrogates themselves have a
// chain with p ≤ 0.1 about once in ten, and the p-values spread over the whole range.
func TestRandomNetworksHaveNoChain(t *testing.T) {
	set := constant([]float32{0.1, 0.9, 0.3, 0.2}, []float32{1, 0.2, 0.7, 0.4}, 8)
	low, sum, relative := 0, 0.0, 0.0
	const networks = 30
	for seed := range uint64(networks) {
		spec := model.Spec{Name: "random", Input: model.Shape{4, 1, 1}, Layers: []model.Layer{
			{Name: "dense1", Kind: model.Dense, Units: 10, Activation: model.ReLU}, {Name: "dense2", Kind: model.Dense, Units: 10, Activation: model.ReLU},
			{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
		n := modeltest.Random(spec, seed)
		n.Classes = []string{"A", "B"}
		n, err := Surrogate(n, 1000+seed)
		if err != nil {
			t.Fatal(err)
		}
		o := ChainsOptions{Options: Options{Against: Zero}, To: "B", Top: 1, Surrogates: 19}
		o.Split, o.Seed, o.Resamples, o.Permutations = datasets.Confirm, 1, 100, 19
		x, err := Chains(context.Background(), n, set, o)
		if errors.Is(err, ErrNoChain) {
			sum, relative = sum+1, relative+1 // the output hears nothing
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if x.Chains[0].P <= 0.1 {
			low++
		}
		sum, relative = sum+float64(x.Chains[0].P), relative+float64(x.Chains[0].RelativeP)
	}
	outside := func(mean float64) bool { return mean < 0.35 || mean > 0.65 }
	if low > 7 || outside(sum/networks) || outside(relative/networks) {
		t.Errorf("%d of %d random networks have a chain with p ≤ 0.1, mean p %.2f, relative %.2f", low, networks, sum/networks, relative/networks)
	}
}

// TestChainsInvariance: workers change nothing; noise-like choices follow the seed.
func TestChainsInvariance(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{1, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range spec.Layers[:3] {
		spec.Layers[i].Units = 3
	}
	spec.Layers[3].Units = 4
	n := modeltest.Random(spec, 5)
	n.Classes = []string{"left", "right"}
	set := modeltest.Blobs(spec.Input, 10, 24, 30, 6)
	var first *ChainsResult
	for _, workers := range []int{1, 3} {
		for _, against := range []Against{Mean, Resample} {
			o := ChainsOptions{Options: Options{Against: against, Target: "right"}, Top: 4, Surrogates: 3, SurrogatePairs: 5}
			o.Split, o.Seed, o.Workers, o.Resamples, o.Permutations = datasets.Confirm, 1, workers, 100, 19
			x, err := Chains(context.Background(), n, set, o)
			if err != nil {
				t.Fatal(err)
			}
			if against == Resample {
				continue
			}
			if first == nil {
				first = x
			} else if !reflect.DeepEqual(fmt.Sprintf("%+v", x), fmt.Sprintf("%+v", first)) {
				t.Errorf("%d workers: %+v\nwant %+v", workers, x, first)
			}
		}
	}
	// The effects of links are those of Task.Effects, and the strength is the least.
	for _, c := range first.Chains {
		for _, k := range c.Links {
			if math.Abs(first.Links[k].Exact.Estimate) < c.Strength.Estimate {
				t.Errorf("chain %v: strength %v, link %v", c.Neurons, c.Strength, first.Links[k])
			}
		}
	}
}
