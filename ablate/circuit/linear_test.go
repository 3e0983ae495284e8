package circuit_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// convolved is two convolutions of 3 channels, their sum averaged over positions, and an output
// layer, all with one activation function.
func convolved(a model.Activation) model.Spec {
	conv := func(name string) model.Layer {
		return model.Layer{Name: name, Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: a}
	}
	return model.Spec{Name: "convolved", Input: model.Shape{2, 4, 4}, Layers: []model.Layer{conv("conv1"), conv("conv2"),
		{Name: "sum", Kind: model.Add, Inputs: []int{1, 2}, Activation: a, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
}

// pictures are random images of classes A and B in equal parts; B has the feature "seen", and a twin
// is another random image.
func pictures(t testing.TB, shape model.Shape, each int) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: shape[0], Height: shape[1], Width: shape[2], Classes: []string{"A", "B"}, Features: []string{"seen"}, Images: modeltest.Images(shape, 3*each, 21)}
	for i := range 3 * each {
		s.Labels, s.Present = append(s.Labels, i%2), append(s.Present, i%2 == 1)
	}
	twins := modeltest.Images(shape, 3*each, 22)
	set, err := datasets.New(s, each, each, each)
	if err != nil {
		t.Fatal(err)
	}
	return set.WithTwins(func(i, _ int) []float32 { return slices.Clone(twins[i*shape.Size() : (i+1)*shape.Size()]) })
}

// randomNet has the spec's classes named as those of pictures.
func randomNet(spec model.Spec, seed uint64) *model.Network {
	n := modeltest.Random(spec, seed)
	n.Classes = []string{"A", "B"}
	return n
}

// difference takes logit-diff for the metric: both outputs count.
func difference(o *circuit.Options) { o.Metric = "logit-diff" }

// TestLinearNetworksAreExact: without thresholds the first order is all there is, wherever on the path
// the gradient is taken. Tolerance: 1e-5 of the largest effect, which is about 1, as logits are
// float32.
func TestLinearNetworksAreExact(t *testing.T) {
	spec := convolved(model.Identity)
	for _, against := range circuit.AllAgainst {
		t.Run(string(against), func(t *testing.T) {
			task := taskOf(t, randomNet(spec, 5), pictures(t, spec.Input, 20), against, difference)
			exact := score(t, circuit.Exact{}, task)
			for _, m := range []circuit.Method{circuit.EAP{}, circuit.EAPIG{}, circuit.EAPIG{Steps: 1}} {
				agree(t, task, score(t, m, task).Score, exact.Score, 1e-5)
			}
			checkOutputSum(t, task, exact.Score)
		})
	}
}

// agree wants two scores of all edges to be the same to a share of the largest.
func agree(t *testing.T, task *circuit.Task, got, want []float64, share float64) {
	t.Helper()
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	if largest == 0 {
		t.Error("no edge has an effect")
	}
	for e, w := range want {
		if !(math.Abs(got[e]-w) <= share*largest) {
			t.Errorf("%v: %v, want %v (the largest is %v)", task.Edges[e], got[e], w, largest)
		}
	}
}

// checkOutputSum: the edges into the outputs together make up corrupted − clean, in any network, for
// y is linear in what they carry.
func checkOutputSum(t *testing.T, task *circuit.Task, scores []float64) {
	t.Helper()
	y, err := task.Run(context.Background(), "", []*model.Mask{task.Network.NewMask(true), task.Network.NewMask(false)})
	if err != nil {
		t.Fatal(err)
	}
	got, want := 0.0, stats.Mean(y[1])-stats.Mean(y[0])
	for e, edge := range task.Edges {
		if edge.To.Layer == task.Network.Depth() {
			got += scores[e]
		}
	}
	if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) || want == 0 {
		t.Errorf("edges into the outputs make up %v, want %v", got, want)
	}
}

// TestOutputEdgesAddUp: the same with thresholds, by gradient and by measurement.
func TestOutputEdgesAddUp(t *testing.T) {
	spec := convolved(model.ReLU)
	for _, against := range circuit.AllAgainst {
		task := taskOf(t, randomNet(spec, 6), pictures(t, spec.Input, 20), against, difference)
		for _, m := range []circuit.Method{circuit.EAP{}, circuit.EAPIG{}, circuit.Exact{NoisingOnly: true}} {
			checkOutputSum(t, task, score(t, m, task).Score)
		}
	}
}

// TestIntegratedGradientsAddUp: the edges out of the image make up y of the reference input − y of the
// clean one, if the weights of the path's points add up to 1 and the points are dense. They do not with
// the gradient at one end.
func TestIntegratedGradientsAddUp(t *testing.T) {
	spec := convolved(model.ReLU)
	task := taskOf(t, randomNet(spec, 7), pictures(t, spec.Input, 20), circuit.Twins, difference)
	y, err := task.Run(context.Background(), "", []*model.Mask{task.Network.NewMask(true), task.Network.NewMask(false)})
	if err != nil {
		t.Fatal(err)
	}
	want := stats.Mean(y[1]) - stats.Mean(y[0])
	gap := func(m circuit.Method) float64 {
		sum := -want
		for e, s := range score(t, m, task).Score {
			if task.Edges[e].From.Layer == 0 {
				sum += s
			}
		}
		return math.Abs(sum / want)
	}
	if fine, one := gap(circuit.EAPIG{Steps: 300}), gap(circuit.EAP{}); !(fine < 1e-3) || one < 0.01 {
		t.Errorf("off by a share of %v in 300 steps, and of %v in one at the end", fine, one)
	}
}

// TestMidpointsByHand: y = relu(x) over a path from x = −1 to 1 (a shift of ½: pixels are 0 and 1) has
// gradient 0 on its first half and 1 on its second; the reference carries 2 less. Any even number of
// midpoints gives the mean exactly, ½; a score of −1.
func TestMidpointsByHand(t *testing.T) {
	net := modeltest.Wire(1, [][]float32{{2, -1}}, answers(1, 0))
	task := taskOf(t, net, pairsOf(t, net.Spec.Input, pairing{[]float32{1}, []float32{0}}), circuit.Twins, nil)
	for _, c := range []struct {
		steps int
		want  float64
	}{{2, -1}, {4, -1}, {10, -1}, {1, 0}, {3, -2. / 3}} {
		if got := score(t, circuit.EAPIG{Steps: c.steps}, task).Score[0]; math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%d steps: %v, want %v", c.steps, got, c.want)
		}
	}
	if got := score(t, circuit.EAP{}, task).Score[0]; got != -2 {
		t.Errorf("eap: %v, want −2", got)
	}
}

// TestEAPIsTheDerivative with respect to an edge's place in a mask, by central differences: the edge
// keeps 1 − ε of its contribution and takes ε of the reference's, in a network with thresholds. With
// ε = 2⁻⁷ the differences of float32 logits are good to about 1e-5; where a threshold lies between the
// two sides, forward and backward differ, and the edge is left out.
func TestEAPIsTheDerivative(t *testing.T) {
	const epsilon = 1. / 128
	n := randomNet(convolved(model.ReLU), 8)
	task := taskOf(t, n, pictures(t, n.Spec.Input, 2), circuit.Twins, difference) // one image of B
	got := score(t, circuit.EAP{}, task).Score
	intact := yUnder(t, task, nil)
	checked := 0
	for e, edge := range task.Edges {
		fill := make([]float32, n.Positions(edge.To))
		n.Contribution(fill, edge.From, edge.To, handedOn(t, n, task.Corrupted, edge.From.Layer))
		side := func(share float32) float64 {
			scaled := make([]float32, len(fill))
			for p, v := range fill {
				scaled[p] = share * v
			}
			return yUnder(t, task, []model.Edit{{Target: edge.To, From: &edge.From, Keep: model.Constant(1 - share), Fill: model.Level{Values: scaled, PerPosition: true}}})
		}
		more, less := side(epsilon), side(-epsilon)
		if math.Abs((more-intact)-(intact-less)) > 4e-6 {
			continue
		}
		checked++
		if want := (more - less) / (2 * epsilon); math.Abs(got[e]-want) > 2e-4 {
			t.Errorf("%v: %v, want %v", edge, got[e], want)
		}
	}
	if checked < len(task.Edges)/2 {
		t.Errorf("only %d of %d edges could be checked", checked, len(task.Edges))
	}
}

func yUnder(t *testing.T, task *circuit.Task, edits []model.Edit) float64 {
	t.Helper()
	logits, err := task.Network.Logits(context.Background(), task.Clean, edits, 1)
	if err != nil {
		t.Fatal(err)
	}
	return task.Y(logits)
}

// handedOn is what a layer hands on on one image.
func handedOn(t *testing.T, n *model.Network, image []float32, layer int) []float32 {
	t.Helper()
	trace := &model.Trace{Out: []int{layer}}
	if _, err := model.NewSession(n).Run(image, 0, nil, trace); err != nil {
		t.Fatal(err)
	}
	return trace.Output(layer)
}

// everyMethod are all, with few pairs for those that take a part.
var everyMethod = []circuit.Method{circuit.EAP{}, circuit.EAPIG{}, circuit.Exact{}, circuit.ACDC{}, circuit.Elimination{}}

// TestScoresDoNotDependOnTheMachine: on workers, on the memory of a sweep, or on the order of pairs and
// how they fall into batches.
func TestScoresDoNotDependOnTheMachine(t *testing.T) {
	n := randomNet(convolved(model.ReLU), 9)
	set := pictures(t, n.Spec.Input, 140) // 70 pairs: a full batch and one that is not
	for _, against := range []circuit.Against{circuit.Twins, circuit.Mean} {
		for _, m := range everyMethod {
			change := func(workers int, memory int64) *circuit.Task {
				return taskOf(t, n, set, against, func(o *circuit.Options) {
					o.Metric, o.Options = "logit-diff", ablate.Options{Workers: workers, Memory: memory, Metric: "logit-diff"}
				})
			}
			one := score(t, m, change(1, 0))
			if several := score(t, m, change(3, 0)); !slices.Equal(one.Score, several.Score) || !slices.Equal(one.Kept, several.Kept) {
				t.Errorf("%s against %s depends on the workers", m.Name(), against)
			}
			small := score(t, m, change(2, 1<<16))
			agree(t, change(1, 0), small.Score, one.Score, 1e-5)
			if m.Name() == "acdc" {
				continue // it takes the first pairs, and a greedy choice may hang by a hair
			}
			turned := change(1, 0)
			reverse(turned)
			agree(t, turned, score(t, m, turned).Score, one.Score, 1e-5)
		}
	}
}

// reverse turns the order of pairs around.
func reverse(t *circuit.Task) {
	size := t.Set.ImageSize()
	for _, images := range []*[]float32{&t.Clean, &t.Corrupted} {
		var out []float32
		for at := len(*images) - size; at >= 0; at -= size {
			out = append(out, (*images)[at:at+size]...)
		}
		*images = out
	}
	slices.Reverse(t.Places)
}

// TestAnswerlessNetworkHasNoCircuit: nothing matters where the output weights are 0.
func TestAnswerlessNetworkHasNoCircuit(t *testing.T) {
	n := randomNet(convolved(model.ReLU), 10)
	clear(n.Params[n.Depth()].Weight)
	for _, against := range circuit.AllAgainst {
		task := taskOf(t, n, pictures(t, n.Spec.Input, 20), against, difference)
		for _, m := range everyMethod {
			s := score(t, m, task)
			for e := range s.Score {
				if s.Score[e] != 0 || s.Kept != nil && s.Kept[e] {
					t.Errorf("%s against %s: %v has score %v", m.Name(), against, task.Edges[e], s.Score[e])
				}
			}
		}
	}
}

func TestMethodsByName(t *testing.T) {
	for k, name := range circuit.MethodNames {
		if m, err := circuit.ParseMethod(name); err != nil || m.Name() != name {
			t.Errorf("%s: %v, %v", name, m, err)
		} else if def, err := circuit.ParseMethod(""); k == 0 && (err != nil || def != m) {
			t.Errorf("the default is %v, want %v (%v)", def, m, err)
		}
	}
	if _, err := circuit.ParseMethod("guess"); err == nil || !strings.HasPrefix(err.Error(), `circuit: method "guess" (want elimination, eap-ig, eap, exact, acdc)`) {
		t.Error(err)
	}
	task := grounds(t)[0].task(t)
	for _, m := range []circuit.Method{circuit.EAPIG{Steps: -1}, circuit.ACDC{Threshold: -1}, circuit.ACDC{Threshold: math.NaN()}} {
		if _, err := m.Score(context.Background(), task); err == nil {
			t.Errorf("%#v went through", m)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for _, m := range everyMethod {
		if _, err := m.Score(stopped, task); err != context.Canceled {
			t.Errorf("%s after an interruption: %v", m.Name(), err)
		}
	}
}
