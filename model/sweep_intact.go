package model

import (
	"neuroprobe/model/kernel"
)

// sweptRun is the intact network's run on a block of images, with everything on the way kept:
// what arms are differences from, or what patches copy from. Values are channels last; where
// a whole map of one unit is wanted they are turned around when first asked for.
type sweptRun struct {
	s             *sweeper
	images        int
	pre, act, out [][]float32        // by layer, images × shape
	first         [turnings][]turned // by layer
	padded        *paddings
	pools         []*kernel.MaxPool
	// The normalised images as they are, which dense layers read, and channels last.
	normalised, input []float32
}

// turned are values turned around.
type turned struct {
	values []float32
	held   bool // for this block
}

// What is turned around: pre-activations, activations, outputs, and outputs of single values by unit.
const (
	preFirst = iota
	actFirst
	outFirst
	outByUnit
	turnings
)

func newSweptRun(s *sweeper, padded *paddings, pools []*kernel.MaxPool) *sweptRun {
	depth := s.net.Depth()
	r := &sweptRun{s: s, pre: make([][]float32, depth+1), act: make([][]float32, depth+1), out: make([][]float32, depth+1), padded: padded, pools: pools}
	for what := range r.first {
		r.first[what] = make([]turned, depth+1)
	}
	return r
}

// run computes all layers on images (N×C×H×W, values in [0,1]).
func (r *sweptRun) run(pixels []float32) {
	n := r.s.net
	shape := n.Spec.Input
	r.images = len(pixels) / shape.Size()
	for what := range r.first {
		for l := range r.first[what] {
			r.first[what][l].held = false
		}
	}
	r.normalised = sized(r.normalised, len(pixels))
	normalised := r.normalised[:len(pixels)]
	normalise(normalised, pixels, n.Mean, n.Std, shape.Area())
	r.out[0] = normalised
	if r.s.lastInput {
		r.out[0] = lastOf(sized(r.input, len(pixels)), normalised, shape)
		r.input = r.out[0]
	}
	for m := 1; m <= n.Depth(); m++ {
		r.layer(m)
	}
}

func (r *sweptRun) layer(m int) {
	n := r.s.net
	g, spec := &n.geo[m], &n.Spec.Layers[m-1]
	act, out := g.Act.Size(), g.Out.Size()
	r.pre[m], r.act[m] = sized(r.pre[m], r.images*act), sized(r.act[m], r.images*act)
	pre, post := r.pre[m][:r.images*act], r.act[m][:r.images*act]
	in := r.out[g.Inputs[0]]
	switch spec.Kind {
	case Dense, Recurrent:
		if g.Inputs[0] == 0 {
			in = r.normalised[:r.images*g.In.Size()]
		}
		r.s.dense(m, pre, act, in, r.images)
	case Conv2D:
		for i := range r.images {
			r.s.convolve(m, pre[i*act:(i+1)*act], in[i*g.In.Size():(i+1)*g.In.Size()], r.padded)
		}
	case Add:
		copy(pre, in)
		for _, k := range g.Inputs[1:] {
			kernel.Sum(pre, r.out[k][:len(pre)])
		}
	}
	copy(post, pre)
	if spec.Activation == ReLU {
		kernel.Floor(post, 0)
	}
	if spec.Kind == Recurrent {
		r.s.feedBack(m, pre, post, r.images)
	}
	if g.Out == g.Act && !spec.Pool.normalises() {
		r.out[m] = post
		return
	}
	r.out[m] = sized(r.out[m], r.images*out)
	for i := range r.images {
		to, from := r.out[m][i*out:(i+1)*out], post[i*act:(i+1)*act]
		switch {
		case spec.Kind == Recurrent:
			poolSteps(spec.Pool, to, from)
		case spec.Pool.Kind == MaxPool:
			r.pools[m].ForwardLast(to, from, r.s.floor(m))
		case spec.Pool.normalises():
			kernel.LengthNormalise(to, from, act)
		default:
			averageLast(to, from)
		}
	}
}

// firstOf gives values of a layer channels first, images × shape.
func (r *sweptRun) firstOf(what, layer int) []float32 {
	g := &r.s.net.geo[layer]
	values, shape := r.act[layer], g.Act
	switch what {
	case preFirst:
		values = r.pre[layer]
	case outFirst:
		values, shape = r.out[layer], g.Out
	}
	if layer == 0 {
		return r.normalised[:r.images*shape.Size()]
	}
	values = values[:r.images*shape.Size()]
	if shape.Area() == 1 {
		return values
	}
	t := &r.first[what][layer]
	if !t.held {
		t.values = sized(t.values, len(values))
		for at := 0; at < len(values); at += shape.Size() {
			toFirst(t.values[at:at+shape.Size()], values[at:at+shape.Size()], shape[0])
		}
		t.held = true
	}
	return t.values[:len(values)]
}

// preFirst, actFirst and outFirst are one image's values of a layer, channels first.
func (r *sweptRun) preFirst(layer, image int) []float32 {
	size := r.s.net.geo[layer].Act.Size()
	return r.firstOf(preFirst, layer)[image*size : (image+1)*size]
}

func (r *sweptRun) actFirst(layer, image int) []float32 {
	size := r.s.net.geo[layer].Act.Size()
	return r.firstOf(actFirst, layer)[image*size : (image+1)*size]
}

func (r *sweptRun) outFirst(layer, image int) []float32 {
	size := r.s.net.geo[layer].Out.Size()
	return r.firstOf(outFirst, layer)[image*size : (image+1)*size]
}

// byUnit are the outputs of a layer of single values, units × images.
func (r *sweptRun) byUnit(layer int) []float32 {
	t, units := &r.first[outByUnit][layer], r.s.net.geo[layer].Out[0]
	if !t.held {
		t.values = sized(t.values, r.images*units)
		toFirst(t.values[:r.images*units], r.out[layer][:r.images*units], units)
		t.held = true
	}
	return t.values
}

// lastOf turns the values of several images of a shape around.
func lastOf(buffer, values []float32, shape Shape) []float32 {
	for at := 0; at < len(values); at += shape.Size() {
		toLast(buffer[at:at+shape.Size()], values[at:at+shape.Size()], shape[0])
	}
	return buffer[:len(values)]
}

// paddings are images with a border of zeros, one a layer and number of channels, to be used
// again and again.
type paddings struct {
	s    *sweeper
	held map[[2]int][]float32
}

// pad puts what a layer reads, channels last, into its border. channels is 1 for the map of
// a single unit.
func (p *paddings) pad(m int, image []float32, channels int) []float32 {
	border := p.s.net.Spec.Layers[m-1].Padding
	if border == 0 {
		return image
	}
	h, line := p.s.net.geo[m].In[1], p.s.net.geo[m].In[2]*channels
	width, key := line+2*border*channels, [2]int{m, channels}
	padded := p.held[key] // its border stays 0
	if padded == nil {
		padded = make([]float32, (h+2*border)*width)
		p.held[key] = padded
	}
	for y := range h {
		copy(padded[(y+border)*width+border*channels:][:line], image[y*line:])
	}
	return padded
}

// convolve computes a convolution of one image, channels last, plus bias.
func (s *sweeper) convolve(m int, z, image []float32, p *paddings) {
	l, g := &s.net.Spec.Layers[m-1], &s.net.geo[m]
	channels := g.In[0]
	s.lines(m, s.weights[m].whole, z, s.net.Params[m].Bias, 0, p.pad(m, image, channels), channels,
		kernel.Window{Inner: l.Kernel * channels, Outer: l.Kernel, Jump: (g.In[2] + 2*l.Padding) * channels})
}

// correct adds to start what a change of one channel of the input contributes to a convolution.
// z may be start.
func (s *sweeper) correct(m, unit int, delta, start, z []float32, p *paddings) {
	l, g := &s.net.Spec.Layers[m-1], &s.net.geo[m]
	s.lines(m, s.weights[m].parts[unit], z, start, g.Act[0], p.pad(m, delta, 1), 1,
		kernel.Window{Inner: l.Kernel, Outer: l.Kernel, Jump: g.In[2] + 2*l.Padding})
}

// lines computes a convolution line by line: the patches of neighbouring positions are rows that
// overlap.
func (s *sweeper) lines(m int, weights *kernel.Packed, z, start []float32, step int, padded []float32, channels int, w kernel.Window) {
	g, stride := &s.net.geo[m], s.net.Spec.Layers[m-1].stride()
	positions, line := g.Act[2], g.Act[2]*g.Act[0]
	for y := range g.Act[1] {
		weights.Multiply(z[y*line:(y+1)*line], g.Act[0], start[y*positions*step:], step, padded[y*stride*w.Jump:], stride*channels, positions, w)
	}
}

// dense computes a dense layer of several images, plus bias: of a recurrent one the first step. The
// rows of z begin `apart` values apart.
func (s *sweeper) dense(m int, z []float32, apart int, in []float32, images int) {
	size := s.net.geo[m].In.Size()
	s.weights[m].whole.Multiply(z, apart, s.net.Params[m].Bias, 0, in, size, images, kernel.Window{Inner: size, Outer: 1})
}
