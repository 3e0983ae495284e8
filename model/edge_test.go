package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func cutEdge(from, to model.Address) model.Edit {
	return model.Edit{Target: to, From: &from, Keep: model.Constant(0), Fill: model.Constant(0)}
}

// TestCutEdgeIsAWeightOfZero: cutting an edge is the network whose synapses of that edge are 0; at
// one position, only that position changes.
func TestCutEdgeIsAWeightOfZero(t *testing.T) {
	for _, spec := range specs(t) {
		n := modeltest.Random(spec, 13)
		x := modeltest.Images(spec.Input, 4, 14)
		for l := 1; l <= n.Depth(); l++ {
			if n.Layer(l).Kind == model.Add || n.Steps(l) > 0 {
				continue
			}
			in := n.Geometry(l).Inputs[0]
			pre := func(edits ...model.Edit) []float32 {
				trace := &model.Trace{Pre: []int{l}}
				if _, err := model.NewSession(n).Run(x, 0, edits, trace); err != nil {
					t.Fatal(err)
				}
				return slices.Clone(trace.PreActivation(l))
			}
			whole := pre()
			for try := range 3 {
				to, from := model.Neuron(l, (try*5+1)%n.Geometry(l).Act[0]), model.Neuron(in, (try*3+1)%n.Geometry(in).Out[0])
				what := fmt.Sprint(spec.Name, " ", from, "->", to)
				got := pre(cutEdge(from, to))
				checkWithoutSynapses(t, what, n, from, to, x, got)
				checkOnePosition(t, what, n, from, to, whole, got, pre)
			}
		}
	}
}

// checkWithoutSynapses sets the weights between two neurons to 0 for the plain forward pass.
func checkWithoutSynapses(t *testing.T, what string, n *model.Network, from, to model.Address, x, got []float32) {
	t.Helper()
	g := n.Geometry(to.Layer)
	bundle := g.FanIn / n.Geometry(from.Layer).Out[0]
	synapses := n.Params[to.Layer].Weight[to.Unit*g.FanIn+from.Unit*bundle:][:bundle]
	old := slices.Clone(synapses)
	clear(synapses)
	for i := range 4 {
		pre, _, _ := modeltest.Forward(n, cut(x, i, 4))
		same(t, what, cut(got, i, 4), pre[to.Layer])
	}
	copy(synapses, old)
}

// checkOnePosition holds a cut at one position against the cut everywhere and none.
func checkOnePosition(t *testing.T, what string, n *model.Network, from, to model.Address, intact, cut []float32, pre func(...model.Edit) []float32) {
	t.Helper()
	act := n.Geometry(to.Layer).Act
	at := to
	at.Row, at.Col = act[1]/2, act[2]-1
	for k, v := range pre(cutEdge(from, at)) {
		want := intact[k]
		if k%act.Size() == to.Unit*act.Area()+at.Row*act[2]+at.Col {
			want = cut[k]
		}
		if v != want {
			t.Fatalf("%s at %d,%d: value %d is %v, want %v", what, at.Row, at.Col, k, v, want)
		}
	}
}

// adding is a network of two pixels: layer 1 doubles them, layer 2 adds up the layers given, and
// layer 3 is there for layer 1 to be read.
func adding(t *testing.T, inputs ...int) *model.Network {
	t.Helper()
	spec := model.Spec{Name: "adding", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		{Name: "double", Kind: model.Dense, Units: 2, Activation: model.Identity},
		{Name: "sum", Kind: model.Add, Inputs: inputs, Activation: model.Identity},
		{Name: "out", Kind: model.Add, Inputs: []int{2, 1}, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{2, 0, 0, 2}, Bias: []float32{0, 0}}, {}, {}}, []float32{0, 0}, []float32{1, 1}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEdgesIntoAnAddByHand: x = (3, 5), and layer 1 is 2x. An edge is all that a neuron
// contributes: where the add reads its layer twice, both times.
func TestEdgesIntoAnAddByHand(t *testing.T) {
	for _, test := range []struct {
		inputs     []int
		from, to   model.Address
		keep, fill float32
		want       []float32
	}{
		{[]int{0, 0}, model.Neuron(0, 0), model.Neuron(2, 0), 1, 0, []float32{6, 10}},
		{[]int{0, 0}, model.Neuron(0, 0), model.Neuron(2, 0), 0, 0, []float32{0, 10}},
		{[]int{0, 0}, model.Neuron(0, 1), model.Neuron(2, 1), 0, 0, []float32{6, 0}},
		{[]int{0, 0}, model.Neuron(0, 0), model.Neuron(2, 0), 0.5, 1, []float32{4, 10}},
		{[]int{0, 0}, model.Neuron(0, 0), model.Neuron(2, 1), 0, 0, []float32{6, 10}}, // no synapse there
		{[]int{0, 1}, model.Neuron(0, 0), model.Neuron(2, 0), 0, 0, []float32{6, 15}},
		{[]int{0, 1}, model.Neuron(1, 0), model.Neuron(2, 0), 0, 0, []float32{3, 15}},
		{[]int{0, 1, 1}, model.Neuron(1, 1), model.Neuron(2, 1), 0, 0, []float32{15, 5}},
		{[]int{1, 0, 1}, model.Neuron(0, 1), model.Neuron(2, 1), 0, 2, []float32{15, 22}},
	} {
		e := model.Edit{Target: test.to, From: &test.from, Keep: model.Constant(test.keep), Fill: model.Constant(test.fill)}
		trace := &model.Trace{Pre: []int{2}}
		_, err := model.NewSession(adding(t, test.inputs...)).Run([]float32{3, 5}, 0, []model.Edit{e}, trace)
		if got := trace.PreActivation(2); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("add of %v, %v->%v, keep %v, fill %v: %v, want %v (%v)", test.inputs, test.from, test.to, test.keep, test.fill, trace.PreActivation(2), test.want, err)
		}
	}
}

func TestEdgeRefusals(t *testing.T) {
	n := adding(t, 1, 1)
	position := model.Address{Layer: 1, Unit: 0}
	for _, test := range []struct {
		from, to model.Address
		want     string
	}{
		{model.Neuron(0, 0), model.Neuron(2, 0), "layer 2 reads layers [1 1]"},
		{model.Neuron(2, 0), model.Neuron(1, 0), "layer 1 reads layers [0]"},
		{model.Neuron(-1, 0), model.Neuron(1, 0), "no such layer"},
		{model.Neuron(4, 0), model.Neuron(1, 0), "no such layer"},
		{model.Neuron(1, 0), model.Neuron(2, model.AllUnits), "want one neuron as receiver"},
		{model.Neuron(1, model.AllUnits), model.Neuron(2, 0), "want one neuron of layer 1 as sender, 0 to 1"},
		{model.Neuron(1, 2), model.Neuron(2, 0), "want one neuron of layer 1 as sender, 0 to 1"},
		{position, model.Neuron(2, 0), "want one neuron of layer 1 as sender, 0 to 1"},
	} {
		if _, err := model.NewSession(n).Run([]float32{3, 5}, 0, []model.Edit{cutEdge(test.from, test.to)}, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v->%v: error %v, want %q in it", test.from, test.to, err, test.want)
		}
	}
}

// TestPerImageLevelsCountFromTheFirstImage: 100 images are several batches.
func TestPerImageLevelsCountFromTheFirstImage(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}})
	x, levels := make([]float32, 100), make([]float32, 100)
	for i := range levels {
		levels[i] = float32(i)
	}
	from := model.Neuron(0, 0)
	for _, e := range []model.Edit{
		{Target: model.Neuron(1, 0), Keep: model.Constant(0), Fill: model.Level{Values: levels, PerImage: true}},
		{Target: model.Neuron(1, 0), From: &from, Keep: model.Constant(0), Fill: model.Level{Values: levels, PerImage: true}},
	} {
		if got, err := n.Logits(context.Background(), x, []model.Edit{e}, 2); err != nil || !slices.Equal(got, levels) {
			t.Errorf("edge %v: %v (%v)", e.From != nil, got, err)
		}
		e.Fill.Values = levels[:99]
		if _, err := n.Logits(context.Background(), x, []model.Edit{e}, 2); err == nil {
			t.Errorf("edge %v: 99 levels for 100 images went through", e.From != nil)
		}
	}
}

// TestEdgesAreCounted: senders times receivers for dense layers and convolutions, one a neuron and
// sender layer for sums; each parses back from its name.
func TestEdgesAreCounted(t *testing.T) {
	for _, c := range []struct {
		preset string
		want   int
	}{
		{"mlp", 3*256 + 256*128 + 128*64 + 64*32 + 32*2},
		{"cnn", 3*16 + 16*32 + 32*64 + 64*64 + 64*2},
	} {
		spec, err := model.Preset(c.preset, model.Shape{3, 32, 32}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(modeltest.Random(spec, 1).Edges()); got != c.want {
			t.Errorf("%s: %d edges, want %d", c.preset, got, c.want)
		}
	}
	for _, spec := range sweepSpecs(t)[1:2] { // a: 1×4, b: 4×4, c: 4 from a (twice) and b, d: 4 from a and c, e: 4×2
		n := modeltest.Random(spec, 1)
		edges := n.Edges()
		if len(edges) != 4+16+8+8+8 {
			t.Errorf("%s: %d edges", spec.Name, len(edges))
		}
		if !slices.IsSortedFunc(edges, model.Edge.Compare) {
			t.Error("edges are not in order")
		}
		for _, e := range edges {
			if back, err := n.ParseEdge(e.String()); err != nil || back != e {
				t.Errorf("%v parses to %v, %v", e, back, err)
			}
		}
	}
}

func TestEdgesThatAreNone(t *testing.T) {
	n := modeltest.Random(oddSpecs()[1], 1)
	for text, want := range map[string]string{
		"1:0":          `edge "1:0": want SENDER->RECEIVER`,
		"0:1->1:0":     "layer 0 has neurons 0 to 0",
		"0:0->2:1":     "layer 2 reads layers [1]",
		"1:0->3:1":     "layer 3 adds each neuron to its namesake (want 1:1->3:1)",
		"1:0->2:*":     "want one neuron as receiver",
		"1:0-1->2:0":   "2 neurons, 1:0 to 1:1: want one",
		"1:0->2:0@0,0": "want a whole neuron as receiver, 2:0",
		"1:9->2:0":     "layer 1 has neurons 0 to 3",
		"->":           "want LAYER:NEURON",
	} {
		if _, err := n.ParseEdge(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
