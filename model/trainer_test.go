package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/model/modeltest"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestGradientsAgainstFiniteDifferences moves weights, biases, activations and pixels of random
// networks a little and compares the objective's change, computed by the plain forward pass in
// float64, with the gradient.
func TestGradientsAgainstFiniteDifferences(t *testing.T) {
	for _, spec := range specs(t) {
		for _, objective := range []model.Objective{model.CrossEntropy, model.WeightedLogits} {
			n := modeltest.Random(spec, 11)
			const images = 3
			x := modeltest.Images(spec.Input, images, 12)
			targets := []float32{1, 0, 0, 0, 0, 1, 0, 1, 0}
			if objective == model.WeightedLogits {
				targets = []float32{1, -1, 0, 0, 2, 0, 0.5, 0, -1}
			}
			g, err := model.NewGradients(n, images, objective, model.Wanted{Params: true, Input: true, Activations: true})
			if err != nil {
				t.Fatal(err)
			}
			value, err := g.Run(n.Normalise(x), targets)
			if err != nil {
				t.Fatal(err)
			}
			if want := objectiveOf(n, x, targets, objective); math.Abs(value-want) > 1e-4*(1+math.Abs(want)) {
				t.Fatalf("%s: objective %v, want %v", spec.Name, value, want)
			}
			what := fmt.Sprint(spec.Name, " objective ", objective)
			checkParams(t, what, n, g, x, targets, objective)
			checkPixels(t, what, n, g, x, targets, objective)
			checkActivations(t, what, n, g, x, targets, objective)
			g.Close()
		}
	}
}

func objectiveOf(n *model.Network, x, targets []float32, objective model.Objective) float64 {
	size, k, total := n.Spec.Input.Size(), len(n.Classes), 0.0
	images := len(x) / size
	for i := range images {
		_, _, out := modeltest.Forward(n, x[i*size:(i+1)*size])
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
func between(t *testing.T, what string, got float64, at func(delta float64) float64, h float64) {
	t.Helper()
	middle := at(0)
	right, left := (at(h)-middle)/h, (middle-at(-h))/h
	lo, hi := min(left, right), max(left, right)
	// Float32 sums leave the objective uncertain by about a millionth.
	slack := 2e-3*(0.05+max(math.Abs(lo), math.Abs(hi))) + 1e-6*(1+math.Abs(middle))/h
	if got < lo-slack || got > hi+slack {
		t.Errorf("%s: gradient %v, finite differences %v and %v", what, got, left, right)
	}
}

func checkParams(t *testing.T, what string, n *model.Network, g *model.Gradients, x, targets []float32, o model.Objective) {
	for l := 1; l <= n.Depth(); l++ {
		d := g.Param(l)
		for name, pair := range map[string][2][]float32{"weight": {n.Params[l].Weight, d.Weight}, "bias": {n.Params[l].Bias, d.Bias}} {
			if len(pair[0]) != len(pair[1]) {
				t.Fatalf("%s: layer %d: %d gradients for %d values", what, l, len(pair[1]), len(pair[0]))
			}
			for k := 0; k < len(pair[0]); k += 1 + len(pair[0])/3 {
				old := pair[0][k]
				between(t, fmt.Sprint(what, " layer ", l, " ", name, " ", k), float64(pair[1][k]), func(delta float64) float64 {
					pair[0][k] = old + float32(delta)
					defer func() { pair[0][k] = old }()
					return objectiveOf(n, x, targets, o)
				}, 1.0/1024)
			}
		}
	}
}

func checkPixels(t *testing.T, what string, n *model.Network, g *model.Gradients, x, targets []float32, o model.Objective) {
	d := g.Activation(0)
	for k := 0; k < len(x); k += 1 + len(x)/5 {
		old, c := x[k], k/n.Spec.Input.Area()%n.Spec.Input[0]
		// The gradient is with respect to the normalised pixel.
		between(t, fmt.Sprint(what, " pixel ", k), float64(d[k])/float64(n.Std[c]), func(delta float64) float64 {
			x[k] = old + float32(delta)
			defer func() { x[k] = old }()
			return objectiveOf(n, x, targets, o)
		}, 1.0/1024)
	}
}

// checkActivations moves an activation by an edit: the session is held against the plain
// forward pass elsewhere.
func checkActivations(t *testing.T, what string, n *model.Network, g *model.Gradients, x, targets []float32, o model.Objective) {
	s := model.NewSession(n)
	k := len(n.Classes)
	for l := 1; l <= n.Depth(); l++ {
		shape := n.Geometry(l).Act
		d := g.Activation(l)
		for at := 0; at < shape.Size(); at += 1 + shape.Size()/3 {
			sum := 0.0
			for i := range len(x) / n.Spec.Input.Size() {
				sum += float64(d[i*shape.Size()+at])
			}
			target := model.Address{Layer: l, Unit: at / shape.Area(), Row: at % shape.Area() / shape[2], Col: at % shape[2]}
			between(t, fmt.Sprint(what, " activation ", target), sum, func(delta float64) float64 {
				edit := model.Edit{Target: target, Keep: model.Constant(1), Fill: model.Constant(float32(delta))}
				logits, err := s.Run(x, 0, []model.Edit{edit}, nil)
				if err != nil {
					t.Fatal(err)
				}
				total := 0.0
				for i := range len(logits) / k {
					row := make([]float64, k)
					for j := range row {
						row[j] = float64(logits[i*k+j])
					}
					total += objectiveOfLogits(row, targets[i*k:(i+1)*k], o)
				}
				if o == model.CrossEntropy {
					total /= float64(len(logits) / k)
				}
				return total
			}, 1.0/64)
		}
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

type pair struct{ value, grad *tensor.Dense }

func (p pair) Value() G.Value         { return p.value }
func (p pair) Grad() (G.Value, error) { return p.grad, nil }

// TestAdamAgainstGorgonias takes the same steps with both solvers.
func TestAdamAgainstGorgonias(t *testing.T) {
	vec := func(v ...float32) *tensor.Dense { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
	ours, theirs := vec(1, -2, 0.5), vec(1, -2, 0.5)
	a, b := model.NewAdamW(0.01, 0), G.NewAdamSolver(G.WithLearnRate(0.01))
	for step := range 20 {
		s := float32(step + 1)
		if err := a.Step([]G.ValueGrad{pair{ours, vec(0.3*s, -0.1, float32(math.Sin(float64(s))))}}); err != nil {
			t.Fatal(err)
		}
		if err := b.Step([]G.ValueGrad{pair{theirs, vec(0.3*s, -0.1, float32(math.Sin(float64(s))))}}); err != nil {
			t.Fatal(err)
		}
		closeEnough(t, fmt.Sprint("step ", step+1), ours.Data().([]float32), theirs.Data().([]float32))
	}
}

// TestWeightDecayByHand: with a gradient of 0, decoupled decay multiplies by 1 - rate·decay.
func TestWeightDecayByHand(t *testing.T) {
	w := tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{2}))
	bias := tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{2}))
	zero := func(shape ...int) *tensor.Dense {
		return tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	}
	a := model.NewAdamW(0.1, 0.5)
	if err := a.Step([]G.ValueGrad{pair{w, zero(1, 1)}, pair{bias, zero(1)}}); err != nil {
		t.Fatal(err)
	}
	closeEnough(t, "weight", w.Data().([]float32), []float32{1.9})
	closeEnough(t, "bias", bias.Data().([]float32), []float32{2})
}

func blobs() *datasets.Set { return modeltest.Blobs(model.Shape{3, 16, 16}, 200, 40, 40, 1) }

func smallOptions() model.TrainOptions {
	o := model.DefaultTrainOptions()
	o.Epochs, o.Batch, o.Flip, o.Shift, o.Rate = 3, 20, false, 1, 2e-3
	return o
}

func trainer(t testing.TB, preset string, o model.TrainOptions) *model.Trainer {
	t.Helper()
	spec, err := model.Preset(preset, model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := model.NewTrainer(blobs(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestEveryPresetLearns(t *testing.T) {
	for _, p := range model.Presets {
		tr := trainer(t, p.Name, smallOptions())
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		n, err := tr.Network("test")
		if err != nil {
			t.Fatal(err)
		}
		e, err := n.Evaluate(context.Background(), blobs(), datasets.Confirm, 0)
		if err != nil || e.Accuracy < 0.95 {
			t.Errorf("%s: accuracy %v on an easy task (%v)", p.Name, e.Accuracy, err)
		}
	}
}

func TestSameSeedSameWeights(t *testing.T) {
	digest := func(seed uint64) string {
		o := smallOptions()
		o.Seed = seed
		tr := trainer(t, "cnn", o)
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		n, _ := tr.Network("test")
		return n.Digest()
	}
	first := digest(1)
	if again := digest(1); again != first {
		t.Error("the same seed gives other weights")
	}
	if first == digest(2) {
		t.Error("another seed gives the same weights")
	}
}

func TestDivergenceIsAnError(t *testing.T) {
	o := smallOptions()
	o.Rate = 10
	o.WeightDecay = 0
	o.Epochs = 40
	o.Patience = 0
	set := blobs()
	set.Images[5] = float32(math.Inf(1)) // the surest way to a loss that is not finite
	spec, _ := model.Preset("cnn", model.Shape{3, 16, 16}, 2)
	tr, err := model.NewTrainer(set, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); !errors.Is(err, model.ErrDiverged) {
		t.Errorf("error %v, want one that says training diverged", err)
	}
}

// BenchmarkTrainEpoch is one epoch of the cnn preset on 10,000 images, batches of 64: the
// peer's task "train-epoch".
func BenchmarkTrainEpoch(b *testing.B) {
	for _, backend := range []string{"go", "auto"} {
		b.Run(backend, func(b *testing.B) {
			kernel.Use(backend)
			set := modeltest.Blobs(model.Shape{3, 32, 32}, 10000, 10, 10, 1)
			spec, _ := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
			for b.Loop() {
				o := model.DefaultTrainOptions()
				o.Epochs, o.Flip, o.Shift = 1, false, 0
				tr, err := model.NewTrainer(set, spec, o)
				if err != nil {
					b.Fatal(err)
				}
				if err := tr.Run(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	kernel.Use("auto")
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
