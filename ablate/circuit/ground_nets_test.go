package circuit_test

import (
	"context"
	"slices"
	"testing"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// The nets below answer with class B: y is its logit, and that of A is always 0. Their images are
// given in pairs, clean and corrupted: the clean ones are all of class B.

// pairing is a clean image and its counterpart.
type pairing struct{ clean, corrupted []float32 }

// pairsOf are images of class B with the feature "seen", whose twins are given, the same in every
// split; each split also has one image of A, all ½, which is its own twin.
func pairsOf(t testing.TB, shape model.Shape, pairs ...pairing) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: shape[0], Height: shape[1], Width: shape[2], Classes: []string{"A", "B"}, Features: []string{"seen"}}
	var twins [][]float32
	grey := slices.Repeat([]float32{0.5}, shape.Size())
	for range 3 {
		for _, p := range pairs {
			s.Images, s.Labels, s.Present = append(s.Images, p.clean...), append(s.Labels, 1), append(s.Present, true)
			twins = append(twins, p.corrupted)
		}
		s.Images, s.Labels, s.Present = append(s.Images, grey...), append(s.Labels, 0), append(s.Present, false)
		twins = append(twins, grey)
	}
	size := len(pairs) + 1
	set, err := datasets.New(s, size, size, size)
	if err != nil {
		t.Fatal(err)
	}
	return set.WithTwins(func(image, _ int) []float32 { return slices.Clone(twins[image]) })
}

// silent is a row of weights for a neuron that is always 0.
func silent(inputs int) []float32 { return make([]float32, inputs+1) }

// answers is an output layer whose B is the row given.
func answers(row ...float32) [][]float32 { return [][]float32{silent(len(row) - 1), row} }

// ground is a net whose circuit is known.
type ground struct {
	name  string
	net   *model.Network
	pairs []pairing
	// want has the score of every edge of the circuit, noising and denoising together; an edge that is
	// not in it has none.
	want map[string]float64
	// hidden are the edges that noising alone does not find.
	hidden []string
}

var lit = []pairing{{[]float32{1, 1}, []float32{0, 0}}}

// grounds are worked out by hand; layer 0 is a and b.
func grounds(t testing.TB) []ground {
	return []ground{
		// relu(a + b − 1): without either it is 0.
		{"AND", modeltest.Wire(2, [][]float32{{1, 1, -1}}, answers(1, 0)), lit,
			map[string]float64{"0:0->1:0": -1, "0:1->1:0": -1, "1:0->2:1": -1}, nil},
		// 1 − relu(1 − a − b): either holds it up, and either brings it back.
		{"OR", modeltest.Wire(2, [][]float32{{-1, -1, 1}}, answers(-1, 1)), lit,
			map[string]float64{"0:0->1:0": -1, "0:1->1:0": -1, "1:0->2:1": -1}, []string{"0:0->1:0", "0:1->1:0"}},
		// h0 − 2·h1 with h0 = relu(a + b), h1 = relu(a + b − 1): 1 where one is lit, 0 where both are. Of
		// two pairs each input changes in one: h0's edge alone makes h0 2 and y 2 (+1), h1's makes h1 1 and
		// y −1 (−2), each in one pair of two; h0's output alone +1, h1's −2 in both.
		{"XOR", modeltest.Wire(2, [][]float32{{1, 1, 0}, {1, 1, -1}}, answers(1, -2, 0)),
			[]pairing{{[]float32{1, 0}, []float32{1, 1}}, {[]float32{0, 1}, []float32{1, 1}}},
			map[string]float64{"0:0->1:0": 0.5, "0:1->1:0": 0.5, "0:0->1:1": -1, "0:1->1:1": -1, "1:0->2:1": 1, "1:1->2:1": -2}, nil},
		// relu(a − b) with a lit and then b: without a's drive 0, with b's inhibition 0.
		{"inhibition", modeltest.Wire(2, [][]float32{{1, -1, 0}}, answers(1, 0)), []pairing{{[]float32{1, 0}, []float32{0, 1}}},
			map[string]float64{"0:0->1:0": -1, "0:1->1:0": -1, "1:0->2:1": -1}, nil},
		// Two copies of a into the OR above: only the last edge is missed at once.
		{"redundant pair", modeltest.Wire(2, [][]float32{{1, 0, 0}, {1, 0, 0}}, [][]float32{{-1, -1, 1}}, answers(-1, 1)), lit,
			map[string]float64{"0:0->1:0": -1, "0:0->1:1": -1, "1:0->2:0": -1, "1:1->2:0": -1, "2:0->3:1": -1},
			[]string{"0:0->1:0", "0:0->1:1", "1:0->2:0", "1:1->2:0"}},
		// 1:0 carries a to the output; 1:1 copies it and is not read, 1:2 copies it, is read, and goes no
		// further.
		{"decoys", modeltest.Wire(2, [][]float32{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}}, [][]float32{{1, 0, 0, 0}, {0, 0, 1, 0}}, answers(1, 0, 0)), lit,
			map[string]float64{"0:0->1:0": -1, "1:0->2:0": -1, "2:0->3:1": -1}, nil},
		// a by one way and twice b by another.
		{"two chains", modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, answers(1, 2, 0)), lit,
			map[string]float64{"0:0->1:0": -1, "1:0->2:0": -1, "2:0->3:1": -1, "0:1->1:1": -2, "1:1->2:1": -2, "2:1->3:1": -2}, nil},
		{"skip", skipping(t, answers(1, 0, 0)), lit,
			map[string]float64{"0:0->1:0": -1, "0:1->1:1": -1, "1:1->2:0": -1, "1:0->3:0": -1, "2:0->3:0": -1, "3:0->4:1": -2}, nil},
		// The OR of a way past a layer and one through it.
		{"OR past a layer", skipping(t, [][]float32{{-1, 0, 1}}, answers(-1, 1)), lit,
			map[string]float64{"0:0->1:0": -1, "0:1->1:1": -1, "1:1->2:0": -1, "1:0->3:0": -1, "2:0->3:0": -1, "3:0->4:0": -1, "4:0->5:1": -1},
			[]string{"0:0->1:0", "0:1->1:1", "1:1->2:0", "1:0->3:0", "2:0->3:0"}},
	}
}

// skipping makes a + b the first neuron of layer 3, and puts dense layers behind it: a goes past
// layer 2, b through it, and layer 3 adds them up.
func skipping(t testing.TB, behind ...[][]float32) *model.Network {
	t.Helper()
	dense := modeltest.Wire(2, append([][][]float32{{{1, 0, 0}, {0, 1, 0}}, {{0, 1, 0}, {0, 0, 0}}}, behind...)...)
	sum := model.Layer{Name: "sum", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU}
	spec := dense.Spec
	spec.Layers = slices.Insert(slices.Clone(spec.Layers), 2, sum)
	n, err := model.NewNetwork(spec, slices.Insert(slices.Clone(dense.Params), 3, model.Params{}), dense.Mean, dense.Std, dense.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// taskOf lays a net out for class B's logit on its select images; change may alter the options.
func taskOf(t testing.TB, n *model.Network, set *datasets.Set, against circuit.Against, change func(*circuit.Options)) *circuit.Task {
	t.Helper()
	o := circuit.Options{Target: "B", Against: against}
	o.Metric = "logit"
	if change != nil {
		change(&o)
	}
	p, err := circuit.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	task, err := p.Task(context.Background(), datasets.Select, against)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func (g *ground) task(t testing.TB) *circuit.Task {
	return taskOf(t, g.net, pairsOf(t, g.net.Spec.Input, g.pairs...), circuit.Twins, nil)
}

func score(t testing.TB, m circuit.Method, task *circuit.Task) *circuit.Scores {
	t.Helper()
	s, err := m.Score(context.Background(), task)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Score) != len(task.Edges) || s.Kept != nil && len(s.Kept) != len(task.Edges) {
		t.Fatalf("%s: %d scores for %d edges", m.Name(), len(s.Score), len(task.Edges))
	}
	return s
}
