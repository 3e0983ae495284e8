package model

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"neuroprobe/model/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Gradients is a network in gorgonia's graph for batches of a fixed size: one run gives the
// objective and its gradients with respect to whatever was asked for. The graph reads the
// network's own parameter slices, so a change of the weights is seen by the next run.
//
// It is used by one goroutine at a time; its operations use all cores.
type Gradients struct {
	images  int
	graph   *G.ExprGraph
	vm      G.VM
	input   *tensor.Dense // images × C×H×W, normalised
	target  *tensor.Dense // images × outputs
	cost    *G.Node
	acts    []*kernelOp // by layer number
	outputs *kernelOp
	params  []paramNodes
	wanted  Wanted
	spec    *Spec
	geo     []Geometry
	carries []bool    // by layer: somebody wants a gradient of it, or of what it reads
	nodes   []*G.Node // activation of each layer, 0 the input
	handed  []*G.Node // what each layer hands on, after pooling

	actGradients []G.Value
}

type paramNodes struct{ weight, bias, dWeight, dBias *G.Node }

// Wanted says which gradients a Gradients computes.
type Wanted struct {
	Params, Input, Activations bool

	frozen int // the parameters of so many first layers are left out
}

// Objective is the number whose gradients are taken.
type Objective int

// The objectives. All take one row of targets an image.
const (
	// CrossEntropy is the mean over the images of -Σ target·log softmax(logits), in nats.
	CrossEntropy Objective = iota
	// WeightedLogits is Σ target·logits over images and outputs: with a target of 1 for one
	// output it is that logit, with 1 and -1 a logit difference.
	WeightedLogits
	// Goodness is forward-forward's, of the last layer's activities: the mean over the images of
	// log(1+exp(−t·(Σa² − k)/√k)) with k activities and one target t an image, +1 for positive data
	// and −1 for negative ones.
	Goodness
)

// NewGradients builds the graph of a network for batches of exactly `images` images.
func NewGradients(n *Network, images int, objective Objective, wanted Wanted) (*Gradients, error) {
	return newGradients(&n.Spec, n.geo, n.Params, images, objective, wanted)
}

func newGradients(spec *Spec, geo []Geometry, params []Params, images int, objective Objective, wanted Wanted) (*Gradients, error) {
	g := &Gradients{images: images, graph: G.NewGraph(), wanted: wanted, spec: spec, geo: geo,
		acts: make([]*kernelOp, len(geo)), params: make([]paramNodes, len(geo)),
		nodes: make([]*G.Node, len(geo)), handed: make([]*G.Node, len(geo))}
	g.input = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(images, spec.Input[0], spec.Input[1], spec.Input[2]))
	g.nodes[0] = G.NewTensor(g.graph, tensor.Float32, 4, G.WithShape(g.input.Shape()...), G.WithName("input"), G.WithValue(g.input))
	g.handed[0] = g.nodes[0]
	g.carries = []bool{wanted.Input}
	for i := 1; i < len(geo); i++ {
		g.carries = append(g.carries, wanted.Activations || g.trains(i) || g.needsInputGradient(i))
		if err := g.addLayer(i, params[i]); err != nil {
			return nil, err
		}
	}
	if err := g.addObjective(objective); err != nil {
		return nil, err
	}
	if err := g.differentiate(); err != nil {
		return nil, err
	}
	g.vm = G.NewTapeMachine(g.graph)
	// Gorgonia sets a finalizer on the machine, to which its tensors point back: the garbage
	// collector frees no such ring, and every graph would stay in memory. Close does its work.
	runtime.SetFinalizer(g.vm, nil)
	return g, nil
}

// addLayer adds layer i's activation and pooling.
func (g *Gradients) addLayer(i int, p Params) error {
	l, geo := &g.spec.Layers[i-1], &g.geo[i]
	var in []*G.Node
	for _, k := range geo.Inputs {
		in = append(in, g.handed[k])
	}
	var op *kernelOp
	switch l.Kind {
	case Add:
		op = g.addOp(i)
	default:
		g.params[i].weight = g.param(l.Name+".weight", p.Weight, geo.Act[0], geo.FanIn)
		g.params[i].bias = g.param(l.Name+".bias", p.Bias, geo.Act[0])
		in = append(in, g.params[i].weight, g.params[i].bias)
		if op = g.affineOp(i); l.Kind == Recurrent {
			op = g.recurrentOp(i)
		}
	}
	node, err := op.apply(in...)
	if err != nil {
		return err
	}
	g.acts[i], g.nodes[i], g.handed[i], g.outputs = op, node, node, op
	if l.Pool == nil {
		return nil
	}
	pool := g.poolOp(i)
	g.handed[i], err = pool.apply(node)
	g.outputs = pool
	return err
}

func (g *Gradients) param(name string, values []float32, shape ...int) *G.Node {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
	return G.NewTensor(g.graph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
}

// shaped is a layer's shape in the graph: images first.
func (g *Gradients) shaped(s Shape) []int { return []int{g.images, s[0], s[1], s[2]} }

// needsInputGradient tells whether anybody wants the gradient that layer i passes on to its
// input; for the first layer in training nobody does, and it would cost a convolution.
func (g *Gradients) needsInputGradient(i int) bool {
	return slices.ContainsFunc(g.geo[i].Inputs, func(in int) bool { return g.carries[in] })
}

// trains tells whether the gradients of layer i's parameters are wanted.
func (g *Gradients) trains(i int) bool {
	return g.wanted.Params && i > g.wanted.frozen && g.spec.Layers[i-1].Kind != Add
}

// affineOp is a convolution or dense layer with its bias and activation.
func (g *Gradients) affineOp(i int) *kernelOp {
	l, geo := &g.spec.Layers[i-1], &g.geo[i]
	relu := l.Activation == ReLU
	a := g.arithmetic(i)
	op := newOp(l.Name, func(out []float32, in [][]float32) float32 {
		a.forward(out, in[0], in[1], in[2], relu)
		return 0
	}, g.shaped(geo.Act)...)
	op.differentiable = []bool{g.needsInputGradient(i), g.trains(i), g.trains(i)}
	op.gradient = func(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
		dz, err := g.preActivationGradient(i, out, grad)
		if err != nil {
			return nil, err
		}
		var dx *G.Node
		if op.differentiable[0] {
			dxOp := newOp("d"+l.Name+".input", func(out []float32, in [][]float32) float32 {
				a.backwardInput(out, in[0], in[1])
				return 0
			}, g.shaped(geo.In)...)
			if dx, err = dxOp.apply(dz, in[1]); err != nil {
				return nil, err
			}
		}
		if !g.trains(i) {
			return G.Nodes{dx, nil, nil}, nil
		}
		// One pass over the images gives both gradients: the weight's operation computes the
		// bias's too, which only hands it on.
		db := make([]float32, geo.Act[0])
		dwOp := newOp("d"+l.Name+".weight", func(out []float32, in [][]float32) float32 {
			a.backwardWeight(out, db, in[0], in[1])
			return 0
		}, geo.Act[0], geo.FanIn)
		dw, err := dwOp.apply(dz, in[0])
		if err != nil {
			return nil, err
		}
		dbOp := newOp("d"+l.Name+".bias", func(out []float32, _ [][]float32) float32 { copy(out, db); return 0 }, geo.Act[0])
		dbNode, err := dbOp.apply(dw)
		return G.Nodes{dx, dw, dbNode}, err
	}
	return op
}

// preActivationGradient is the gradient before a layer's activation function.
func (g *Gradients) preActivationGradient(i int, act, grad *G.Node) (*G.Node, error) {
	l := &g.spec.Layers[i-1]
	if l.Activation != ReLU {
		return grad, nil
	}
	return newOp("d"+l.Name+".pre", func(out []float32, in [][]float32) float32 {
		kernel.BackwardReLU(out, in[0], in[1], 0)
		return 0
	}, g.shaped(g.geo[i].Act)...).apply(grad, act)
}

// affine is the arithmetic of a layer with weights, for one batch size.
type affine struct {
	forward        func(out, x, w, b []float32, relu bool)
	backwardInput  func(dx, dz, w []float32)
	backwardWeight func(dw, db, dz, x []float32)
}

func (g *Gradients) arithmetic(i int) affine {
	l, geo, n := &g.spec.Layers[i-1], &g.geo[i], g.images
	if l.Kind == Conv2D {
		c := kernel.NewConv(geo.In[0], geo.In[1], geo.In[2], geo.Act[0], l.Kernel, l.stride(), l.Padding)
		return affine{
			func(out, x, w, b []float32, relu bool) { c.Forward(out, x, w, b, n, relu, 0) },
			func(dx, dz, w []float32) { c.BackwardInput(dx, dz, w, n, 0) },
			func(dw, db, dz, x []float32) { c.BackwardWeight(dw, db, dz, x, n, 0) },
		}
	}
	in, out := geo.FanIn, geo.Act[0]
	return affine{
		func(a, x, w, b []float32, relu bool) { kernel.DenseForward(a, x, w, b, n, in, out, relu, 0) },
		func(dx, dz, w []float32) { kernel.DenseBackwardInput(dx, dz, w, n, in, out, 0) },
		func(dw, db, dz, x []float32) { kernel.DenseBackwardWeight(dw, db, dz, x, n, in, out, 0) },
	}
}

// addOp sums its inputs, then applies the activation; each input's gradient is the
// pre-activation's.
func (g *Gradients) addOp(i int) *kernelOp {
	l, geo := &g.spec.Layers[i-1], &g.geo[i]
	op := newOp(l.Name, func(out []float32, in [][]float32) float32 {
		copy(out, in[0])
		for _, other := range in[1:] {
			for k, v := range other {
				out[k] += v
			}
		}
		if l.Activation == ReLU {
			kernel.ReLU(out)
		}
		return 0
	}, g.shaped(geo.Act)...)
	for _, in := range geo.Inputs {
		op.differentiable = append(op.differentiable, g.carries[in])
	}
	op.gradient = func(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
		dz, err := g.preActivationGradient(i, out, grad)
		all := make(G.Nodes, len(in))
		for k := range all {
			all[k] = dz
		}
		return all, err
	}
	return op
}

func (g *Gradients) poolOp(i int) *kernelOp {
	l, geo := &g.spec.Layers[i-1], &g.geo[i]
	n, planes := g.images, g.images*geo.Act[0]
	forward := func(out, a []float32) { kernel.GlobalAverage(out, a, planes, geo.Act.Area()) }
	backward := func(da, dp, _ []float32) { kernel.BackwardGlobalAverage(da, dp, planes, geo.Act.Area()) }
	switch l.Pool.Kind {
	case LengthNormalise:
		forward = func(out, a []float32) { kernel.LengthNormalise(out, a, geo.Act.Size()) }
		backward = func(da, dp, a []float32) { kernel.BackwardLengthNormalise(da, dp, a, geo.Act.Size()) }
	case LastStep:
		forward = func(out, a []float32) { lastSteps(out, a, geo.Act[1]) }
		backward = func(da, dp, _ []float32) {
			clear(da)
			toStep(da, dp, geo.Act[1]-1, geo.Act)
		}
	case MaxPool:
		p := kernel.NewMaxPool(geo.Act[0], geo.Act[1], geo.Act[2], l.Pool.Size, l.Pool.stride())
		forward = func(out, a []float32) { p.Forward(out, a, n, 0) }
		backward = func(da, dp, a []float32) { p.Backward(da, dp, a, n, 0) }
	}
	op := newOp(l.Name+".pool", func(out []float32, in [][]float32) float32 { forward(out, in[0]); return 0 }, g.shaped(geo.Out)...)
	op.differentiable = []bool{true}
	op.gradient = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		da, err := newOp("d"+l.Name+".pool", func(out []float32, in [][]float32) float32 {
			backward(out, in[0], in[1])
			return 0
		}, g.shaped(geo.Act)...).apply(grad, in[0])
		return G.Nodes{da}, err
	}
	return op
}

// addObjective adds the number to differentiate: a scalar of logits and targets.
func (g *Gradients) addObjective(objective Objective) error {
	last := g.geo[len(g.geo)-1].Out
	value, gradient, targetsEach := crossEntropy, crossEntropyGradient, last.Size()
	switch objective {
	case WeightedLogits:
		value, gradient = weightedLogits, weightedLogitsGradient
	case Goodness:
		value, gradient, targetsEach = goodness, goodnessGradient, 1
	}
	g.target = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(g.images, targetsEach))
	targets := G.NewMatrix(g.graph, tensor.Float32, G.WithShape(g.images, targetsEach), G.WithName("target"), G.WithValue(g.target))
	op := newOp("objective", func(_ []float32, in [][]float32) float32 { return value(in[0], in[1], g.images) })
	op.differentiable = []bool{true, false}
	op.gradient = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		d, err := newOp("dobjective", func(out []float32, in [][]float32) float32 {
			gradient(out, in[0], in[1], g.images)
			return 0
		}, g.shaped(last)...).apply(in[0], in[1])
		return G.Nodes{d, nil}, err
	}
	var err error
	g.cost, err = op.apply(g.handed[len(g.handed)-1], targets)
	return err
}

// differentiate asks gorgonia for the gradients that are wanted.
func (g *Gradients) differentiate() error {
	var wrt G.Nodes
	if g.wanted.Params {
		for i := range g.params {
			if g.params[i].weight != nil && g.trains(i) {
				wrt = append(wrt, g.params[i].weight, g.params[i].bias)
			}
		}
	}
	first := 1
	if g.wanted.Input {
		first = 0
	}
	if g.wanted.Activations || g.wanted.Input {
		last := len(g.nodes)
		if !g.wanted.Activations {
			last = 1
		}
		wrt = append(wrt, g.nodes[first:last]...)
	}
	if len(wrt) == 0 {
		return errors.New("model: gradients with respect to nothing")
	}
	// Not G.Grad: it takes leaves only, and activations are none.
	one := G.NewConstant(float32(1))
	g.graph.AddNode(one)
	nodes, err := G.Backpropagate(G.Nodes{g.cost}, G.Nodes{one}, wrt)
	if err != nil {
		return fmt.Errorf("model: differentiating: %w", err)
	}
	g.actGradients = make([]G.Value, len(g.nodes))
	byNode := map[*G.Node]*G.Node{}
	for k, n := range wrt {
		byNode[n] = nodes[k]
	}
	for i := range g.params {
		if p := &g.params[i]; p.weight != nil {
			p.dWeight, p.dBias = byNode[p.weight], byNode[p.bias]
		}
	}
	for i, n := range g.nodes {
		if d := byNode[n]; d != nil {
			if i > 0 && g.spec.Layers[i-1].Kind == Recurrent {
				if d, err = g.throughSteps(i, n, d); err != nil {
					return err
				}
			}
			// Read copies: the sum of two gradients is gorgonia's own operation, whose
			// registers are reused.
			G.Read(d, &g.actGradients[i])
		}
	}
	return nil
}

// Run computes the objective and the gradients for one batch. inputs are normalised images
// (see Network.Normalise), targets one row an image; both must have exactly the batch's size.
func (g *Gradients) Run(inputs, targets []float32) (objective float64, err error) {
	in, out := g.input.Data().([]float32), g.target.Data().([]float32)
	if len(inputs) != len(in) || len(targets) != len(out) {
		return 0, fmt.Errorf("model: gradients for %d images got %d pixel values and %d targets (want %d and %d)", g.images, len(inputs), len(targets), len(in), len(out))
	}
	copy(in, inputs)
	copy(out, targets)
	g.vm.Reset()
	if err := g.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("model: running the graph: %w", err)
	}
	return float64(g.cost.Value().Data().(float32)), nil
}

// Param is the gradient of layer i's weight and bias in the last run, overwritten by the next;
// nil for layers without.
func (g *Gradients) Param(i int) Params {
	if p := g.params[i]; p.dWeight != nil {
		return Params{p.dWeight.Value().Data().([]float32), p.dBias.Value().Data().([]float32)}
	}
	return Params{}
}

// Activation is the gradient with respect to layer i's activation (before pooling; 0 is the
// normalised input) in the last run, overwritten by the next; nil if it was not asked for. Of a
// recurrent layer it is what a change at a step does in all, through later steps too.
func (g *Gradients) Activation(i int) []float32 {
	if g.actGradients[i] == nil {
		return nil
	}
	return g.actGradients[i].Data().([]float32)
}

// PreActivation is the gradient with respect to layer i's pre-activation (1 to Depth) in the last run,
// a copy; nil if gradients of activations were not asked for.
func (g *Gradients) PreActivation(i int) []float32 {
	if g.actGradients[i] == nil {
		return nil
	}
	dz := append([]float32(nil), g.Activation(i)...)
	if g.spec.Layers[i-1].Activation == ReLU {
		for k, a := range g.acts[i].values() {
			if a <= 0 {
				dz[k] = 0
			}
		}
	}
	return dz
}

// Logits are the outputs of the last run, overwritten by the next.
func (g *Gradients) Logits() []float32 { return g.outputs.values() }

// Close frees what gorgonia holds.
func (g *Gradients) Close() error { return g.vm.Close() }
