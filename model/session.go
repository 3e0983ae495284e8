package model

import (
	"fmt"

	"neuroprobe/model/kernel"
)

// Session runs a Network on batches of images under a list of edits. It owns its buffers and
// belongs to one goroutine; several sessions may share a network. After the first batch of a
// size it allocates nothing.
type Session struct {
	net    *Network
	layers []sessionLayer // by layer number; 0 is the input
	edits  []Edit
	images int // capacity of the buffers
}

// sessionLayer holds one layer's buffers for a batch.
type sessionLayer struct {
	act, out []float32 // before and after pooling; the same slice where there is no pooling
	conv     *kernel.Conv
	pool     *kernel.MaxPool
	part     []float32 // one sender's contribution, for edge edits
	edits    []int     // indices into Session.edits, in their order
	edges    []int
	unrolled unrolled // of recurrent layers
}

// NewSession prepares a network for running.
func NewSession(n *Network) *Session {
	s := &Session{net: n, layers: make([]sessionLayer, n.Depth()+1)}
	for i := 1; i <= n.Depth(); i++ {
		l, g := n.Layer(i), n.geo[i]
		if l.Kind == Conv2D {
			s.layers[i].conv = kernel.NewConv(g.In[0], g.In[1], g.In[2], g.Act[0], l.Kernel, l.stride(), l.Padding)
		}
		if l.Pool != nil && l.Pool.Kind == MaxPool {
			s.layers[i].pool = kernel.NewMaxPool(g.Act[0], g.Act[1], g.Act[2], l.Pool.Size, l.Pool.stride())
		}
	}
	return s
}

// Run computes the logits, images × classes, of a batch of images (N×C×H×W, values in [0,1])
// under the edits, filling the trace if one is given. first is the number of the batch's
// first image, which per-image levels of an edit are indexed by. The result is overwritten
// by the next run.
func (s *Session) Run(images []float32, first int, edits []Edit, trace *Trace) ([]float32, error) {
	size := s.net.Spec.Input.Size()
	if len(images) == 0 || len(images)%size != 0 {
		return nil, fmt.Errorf("model: %d pixel values are no whole number of %v images", len(images), s.net.Spec.Input)
	}
	n := len(images) / size
	if err := s.assign(edits, first+n); err != nil {
		return nil, err
	}
	if trace == nil {
		trace = &noTrace
	} else {
		if err := trace.check(s.net); err != nil {
			return nil, err
		}
		trace.prepare()
	}
	s.grow(n)
	normalise(s.layers[0].out, images, s.net.Mean, s.net.Std, s.net.Spec.Input.Area())
	show(trace.post, 0, s.layers[0].out)
	show(trace.out, 0, s.layers[0].out)
	for i := 1; i < len(s.layers); i++ {
		s.layer(i, n, first, trace)
		show(trace.out, i, s.layers[i].out)
	}
	return s.layers[len(s.layers)-1].out, nil
}

var noTrace Trace

func (t *Trace) check(n *Network) error {
	for _, layers := range [][]int{t.Pre, t.Post, t.Out} {
		for _, l := range layers {
			if l < 0 || l > n.Depth() {
				return fmt.Errorf("model: trace of layer %d (there are 0 to %d)", l, n.Depth())
			}
		}
	}
	return nil
}

// assign sorts the edits to their layers and checks every one.
func (s *Session) assign(edits []Edit, images int) error {
	s.edits = edits
	for i := range s.layers {
		s.layers[i].edits, s.layers[i].edges = s.layers[i].edits[:0], s.layers[i].edges[:0]
	}
	for k := range edits {
		e := &edits[k]
		if err := s.net.checkEdit(e, images); err != nil {
			return err
		}
		if l := &s.layers[e.Target.Layer]; e.From != nil {
			l.edges = append(l.edges, k)
		} else {
			l.edits = append(l.edits, k)
		}
	}
	return nil
}

// grow makes room for n images and cuts every buffer to that length.
func (s *Session) grow(n int) {
	for i := range s.layers {
		l, g := &s.layers[i], &s.net.geo[i]
		if n > s.images {
			l.act = make([]float32, n*g.Act.Size())
			l.out = l.act
			if g.Out != g.Act || i > 0 && s.net.Spec.Layers[i-1].Pool.normalises() {
				l.out = make([]float32, n*g.Out.Size())
			}
		}
		l.act, l.out = l.act[:n*g.Act.Size()], l.out[:n*g.Out.Size()]
	}
	s.images = max(s.images, n)
}

// layer runs one layer: pre-activation, edge edits, activation, edits, pooling.
func (s *Session) layer(i, n, first int, trace *Trace) {
	l, spec := &s.layers[i], &s.net.Spec.Layers[i-1]
	if spec.Kind == Recurrent {
		s.unroll(i, n, first)
		keep(trace.pre, i, l.unrolled.pre)
		show(trace.post, i, l.act)
		s.pool(i, n)
		return
	}
	_, wantPre := trace.pre[i]
	// ReLU is fused into the product unless somebody needs to see the pre-activation.
	fused := spec.Activation == ReLU && !wantPre && len(l.edges) == 0
	if _, wantPost := trace.post[i]; l.conv != nil && l.pool != nil && fused && !wantPost && len(l.edits) == 0 {
		p := &s.net.Params[i]
		l.conv.ForwardPooled(l.out, s.layers[s.net.geo[i].Inputs[0]].out, p.Weight, p.Bias, n, true, l.pool, 1)
		return
	}
	s.preActivation(i, n, fused)
	for _, k := range l.edges {
		s.editEdge(i, n, first, &s.edits[k])
	}
	keep(trace.pre, i, l.act)
	if spec.Activation == ReLU && !fused {
		kernel.ReLU(l.act)
	}
	for _, k := range l.edits {
		s.edits[k].apply(l.act, s.net.geo[i].Act, n, first)
	}
	show(trace.post, i, l.act)
	s.pool(i, n)
}

// preActivation fills act with the layer's weighted sums plus bias, through ReLU if fused.
func (s *Session) preActivation(i, n int, relu bool) {
	l, g, p := &s.layers[i], &s.net.geo[i], &s.net.Params[i]
	in := s.layers[g.Inputs[0]].out
	switch s.net.Spec.Layers[i-1].Kind {
	case Conv2D:
		l.conv.Forward(l.act, in, p.Weight, p.Bias, n, relu, 1)
	case Dense:
		kernel.DenseForward(l.act, in, p.Weight, p.Bias, n, g.In.Size(), g.Act[0], relu, 1)
	case Add:
		copy(l.act, in)
		for _, other := range g.Inputs[1:] {
			for k, v := range s.layers[other].out {
				l.act[k] += v
			}
		}
		if relu {
			kernel.ReLU(l.act)
		}
	case Recurrent:
		s.unroll(i, n, 0)
		if !relu {
			copy(l.act, l.unrolled.pre)
		}
	}
}

func (s *Session) pool(i, n int) {
	l, g := &s.layers[i], &s.net.geo[i]
	switch pool := s.net.Spec.Layers[i-1].Pool; {
	case pool == nil:
	case pool.Kind == MaxPool:
		l.pool.Forward(l.out, l.act, n, 1)
	case pool.normalises():
		kernel.LengthNormalise(l.out, l.act, g.Act.Size())
	case pool.Kind == LastStep:
		lastSteps(l.out, l.act, g.Act[1])
	case g.Act != g.Out:
		kernel.GlobalAverage(l.out, l.act, n*g.Act[0], g.Act.Area())
	}
}
