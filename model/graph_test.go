package model_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestGradientsAgainstFiniteDifferences moves weights, biases, activations and pixels of random
// networks a little and compares the objective's change, computed by the plain forward pass in
// float64, with the gradient.
func TestGradientsAgainstFiniteDifferences(t *testing.T) {
	for _, spec := range specs(t) {
		for objective, targets := range map[model.Objective][]float32{
			model.CrossEntropy:   {1, 0, 0, 0, 0, 1, 0, 1, 0},
			model.WeightedLogits: {1, -1, 0, 0, 2, 0, 0.5, 0, -1},
		} {
			t.Run(fmt.Sprint(spec.Name, " objective ", objective), func(t *testing.T) {
				t.Parallel()
				checkGradients(t, spec, objective, targets)
			})
		}
	}
}

func checkGradients(t *testing.T, spec model.Spec, objective model.Objective, targets []float32) {
	const images = 3
	n, x := modeltest.Random(spec, 11), modeltest.Images(spec.Input, images, 12)
	g, err := model.NewGradients(n, images, objective, model.Wanted{Params: true, Input: true, Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	value, err := g.Run(n.Normalise(x), targets)
	if err != nil {
		t.Fatal(err)
	}
	want := objectiveOf(n, x, targets, objective)
	if math.Abs(value-want) > 1e-4*(1+math.Abs(want)) {
		t.Fatalf("objective %v, want %v", value, want)
	}
	checkParams(t, n, g, x, targets, objective, want)
	checkActivations(t, n, g, x, targets, objective)
}

// objectiveOf is the objective by the definitions; nudges act on every image.
func objectiveOf(n *model.Network, x, targets []float32, objective model.Objective, nudges ...modeltest.Nudge) float64 {
	size, k, total := n.Spec.Input.Size(), len(n.Classes), 0.0
	images := len(x) / size
	for i := range images {
		_, _, out := modeltest.Forward(n, x[i*size:(i+1)*size], nudges...)
		total += objectiveOfLogits(out[n.Depth()], targets[i*k:(i+1)*k], objective)
	}
	if objective == model.CrossEntropy {
		total /= float64(images)
	}
	return total
}

func objectiveOfLogits(logits []float64, targets []float32, objective model.Objective) float64 {
	norm, total := 0.0, 0.0
	for _, v := range logits {
		norm += math.Exp(v)
	}
	for j, v := range logits {
		if objective == model.CrossEntropy {
			total += float64(targets[j]) * (math.Log(norm) - v)
		} else {
			total += float64(targets[j]) * v
		}
	}
	return total
}

// between compares a gradient with the differences to both sides; where a ReLU or a maximum switches in between, the
// gradient lies between them.
func between(t *testing.T, what string, got, middle float64, at func(delta float64) float64, h float64) {
	t.Helper()
	right, left := (at(h)-middle)/h, (middle-at(-h))/h
	lo, hi := min(left, right), max(left, right)
	slack := 1e-3 * (0.01 + max(math.Abs(lo), math.Abs(hi)))
	if got < lo-slack || got > hi+slack {
		t.Errorf("%s: gradient %v, finite differences %v and %v", what, got, left, right)
	}
}

func checkParams(t *testing.T, n *model.Network, g *model.Gradients, x, targets []float32, o model.Objective, middle float64) {
	for l := 1; l <= n.Depth(); l++ {
		d := g.Param(l)
		for name, pair := range map[string][2][]float32{"weight": {n.Params[l].Weight, d.Weight}, "bias": {n.Params[l].Bias, d.Bias}} {
			if len(pair[0]) != len(pair[1]) {
				t.Fatalf("layer %d: %d gradients for %d values", l, len(pair[1]), len(pair[0]))
			}
			for k := 0; k < len(pair[0]); k += 1 + len(pair[0])/3 {
				old := pair[0][k]
				between(t, fmt.Sprint("layer ", l, " ", name, " ", k), float64(pair[1][k]), middle, func(delta float64) float64 {
					pair[0][k] = old + float32(delta)
					defer func() { pair[0][k] = old }()
					return objectiveOf(n, x, targets, o)
				}, 1.0/1024)
			}
		}
	}
}

// checkActivations moves activations; those of layer 0 are normalised pixels. One image is moved at a
// time by giving the others no nudge.
func checkActivations(t *testing.T, n *model.Network, g *model.Gradients, x, targets []float32, o model.Objective) {
	pixels, k := n.Spec.Input.Size(), len(n.Classes)
	images := len(x) / pixels
	value := func(i int, nudges ...modeltest.Nudge) float64 {
		return objectiveOf(n, x[i*pixels:(i+1)*pixels], targets[i*k:(i+1)*k], o, nudges...)
	}
	middle := make([]float64, images)
	for i := range middle {
		middle[i] = value(i)
	}
	for l := 0; l <= n.Depth(); l++ {
		size := n.Geometry(l).Act.Size()
		d := g.Activation(l)
		if len(d) != images*size {
			t.Fatalf("layer %d: %d gradients for %d activations", l, len(d), images*size)
		}
		for at := 0; at < len(d); at += 1 + len(d)/7 {
			i := at / size
			got := float64(d[at])
			if o == model.CrossEntropy {
				got *= float64(images) // the objective is the mean over the images
			}
			between(t, fmt.Sprint("image ", i, " layer ", l, " activation ", at%size), got, middle[i], func(delta float64) float64 {
				return value(i, modeltest.Nudge{Layer: l, Index: at % size, Delta: delta})
			}, 1e-5)
		}
	}
}

// TestGradientsRunAgain: nothing of one run is left in the next.
func TestGradientsRunAgain(t *testing.T) {
	for _, spec := range specs(t) {
		n := modeltest.Random(spec, 15)
		g, err := model.NewGradients(n, 3, model.CrossEntropy, model.Wanted{Params: true, Input: true, Activations: true})
		if err != nil {
			t.Fatal(err)
		}
		run := func(seed uint64, targets ...float32) (all []float32) {
			objective, err := g.Run(n.Normalise(modeltest.Images(spec.Input, 3, seed)), targets)
			if err != nil {
				t.Fatal(err)
			}
			all = append(slices.Clone(g.Logits()), float32(objective))
			for l := range n.Params {
				all = append(append(all, g.Param(l).Weight...), g.Param(l).Bias...)
				all = append(all, g.Activation(l)...)
			}
			return all
		}
		first := run(16, 1, 0, 0, 0, 1, 0, 0, 0, 1)
		other := run(17, 0, 1, 0, 1, 0, 0, 0, 1, 0)
		if again := run(16, 1, 0, 0, 0, 1, 0, 0, 0, 1); !identical(again, first) || identical(other, first) {
			t.Errorf("%s: a run between two like ones changes the second", spec.Name)
		}
		g.Close()
	}
}

// TestGradientsAgainstGorgoniasOwn builds a small convolutional network from gorgonia's stock
// operations and compares loss and gradients.
func TestGradientsAgainstGorgoniasOwn(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 21)
	const images = 4
	x := n.Normalise(modeltest.Images(spec.Input, images, 22))
	targets := []float32{1, 0, 0, 1, 1, 0, 0, 1}
	ours, err := model.NewGradients(n, images, model.CrossEntropy, model.Wanted{Params: true})
	if err != nil {
		t.Fatal(err)
	}
	loss, err := ours.Run(x, targets)
	if err != nil {
		t.Fatal(err)
	}

	g := G.NewGraph()
	node := func(values []float32, shape ...int) *G.Node {
		return G.NodeFromAny(g, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float32(nil), values...))), G.WithName(fmt.Sprint(shape, len(values), values[0])))
	}
	h := node(x, images, 3, 16, 16)
	var params []*G.Node
	for l := 1; l <= n.Depth(); l++ {
		geo, p := n.Geometry(l), n.Params[l]
		if n.Layer(l).Kind == model.Conv2D {
			w, b := node(p.Weight, geo.Act[0], geo.In[0], 3, 3), node(p.Bias, 1, geo.Act[0], 1, 1)
			z := G.Must(G.Conv2d(h, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
			z = G.Must(G.BroadcastAdd(z, b, nil, []byte{0, 2, 3}))
			h = G.Must(G.MaxPool2D(G.Must(G.Rectify(z)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
			params = append(params, w, b)
			continue
		}
		h = G.Must(G.Reshape(h, tensor.Shape{images, geo.FanIn}))
		w, b := node(p.Weight, geo.Act[0], geo.FanIn), node(p.Bias, 1, geo.Act[0])
		h = G.Must(G.BroadcastAdd(G.Must(G.Mul(h, G.Must(G.Transpose(w)))), b, nil, []byte{0}))
		if l < n.Depth() {
			h = G.Must(G.Rectify(h))
		}
		params = append(params, w, b)
	}
	y := node(targets, images, 2)
	likelihood := G.Must(G.Sum(G.Must(G.HadamardProd(y, G.Must(G.Log(G.Must(G.SoftMax(h))))))))
	cost := G.Must(G.Div(G.Must(G.Neg(likelihood)), G.NewConstant(float32(images))))
	grads, err := G.Grad(cost, params...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]G.Value, len(grads))
	for i, d := range grads {
		G.Read(d, &values[i])
	}
	var costValue G.Value
	G.Read(cost, &costValue)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	if want := float64(costValue.Data().(float32)); math.Abs(loss-want) > 1e-5*(1+want) {
		t.Errorf("loss %v, gorgonia's %v", loss, want)
	}
	for l := 1; l <= n.Depth(); l++ {
		got := ours.Param(l)
		closeEnough(t, fmt.Sprint("layer ", l, " weight"), got.Weight, values[2*l-2].Data().([]float32))
		closeEnough(t, fmt.Sprint("layer ", l, " bias"), got.Bias, values[2*l-1].Data().([]float32))
	}
}

func closeEnough(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-4*(0.1+math.Abs(float64(want[i]))) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestGraphsAreFreed guards against gorgonia's finalizer, which kept every graph in memory.
func TestGraphsAreFreed(t *testing.T) {
	n := modeltest.Random(specs(t)[0], 31)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // what a finalizer held needs a second round
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	graph := func() {
		g, err := model.NewGradients(n, 32, model.CrossEntropy, model.Wanted{Params: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Run(make([]float32, 32*n.Spec.Input.Size()), make([]float32, 32*3)); err != nil {
			t.Fatal(err)
		}
		g.Close()
	}
	graph()
	before := heap()
	for range 8 {
		graph()
	}
	if grown := int64(heap() - before); grown > 4<<20 {
		t.Errorf("eight graphs leave %d MB behind", grown>>20)
	}
}
