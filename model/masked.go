package model

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"neuroprobe/model/kernel"
)

// Reference says what edges carry that a mask does not keep: the contribution of what their sender
// hands on in another run. One of the fields is set.
type Reference struct {
	// Outputs is by layer (0: the normalised input) what each neuron hands on, the same for all
	// images: means, or zeros.
	Outputs [][]float32
	// Images are other images, one for each, whose run it is.
	Images []float32
}

func (r *Reference) check(n *Network, images int) error {
	if r.Outputs == nil {
		if len(r.Images) != images {
			return fmt.Errorf("model: %d pixel values of reference images for %d", len(r.Images), images)
		}
		return nil
	}
	if len(r.Outputs) != n.Depth()+1 {
		return fmt.Errorf("model: a reference of %d layers (want 0 to %d)", len(r.Outputs), n.Depth())
	}
	for l, values := range r.Outputs {
		if len(values) != n.geo[l].Out.Size() {
			return fmt.Errorf("model: the reference of layer %d has %d values (want %d)", l, len(values), n.geo[l].Out.Size())
		}
	}
	return nil
}

// MaskOptions are the settings of RunMasked; the zero value is sensible.
type MaskOptions struct {
	Workers int // 0: all cores
	// Progress is told how many of all images are done. Calls come one at a time.
	Progress func(done, total int)
}

// maskedBlock is how many images a MaskedSession of RunMasked holds.
const maskedBlock = 32

// RunMasked runs the network on all images under each mask in turn and hands out the logits, images ×
// classes, of a few consecutive images under one mask. Calls of see come in any order and from
// several goroutines at once; it must not keep the slice. Masks that have the lower layers in common
// should follow each other: what they have in common is not computed again.
func (n *Network) RunMasked(ctx context.Context, images []float32, ref Reference, masks []*Mask, o MaskOptions, see func(first, images, mask int, logits []float32)) error {
	size := n.Spec.Input.Size()
	if len(images)%size != 0 {
		return fmt.Errorf("model: %d pixel values are no whole number of %v images", len(images), n.Spec.Input)
	}
	if err := ref.check(n, len(images)); err != nil {
		return err
	}
	workers := o.Workers
	if workers <= 0 {
		workers = kernel.Workers()
	}
	total, done := len(images)/size, 0
	var lock sync.Mutex
	var failed error
	kernel.Parallel(workers, (total+maskedBlock-1)/maskedBlock, func(_, task int) {
		first, last := task*maskedBlock, min((task+1)*maskedBlock, total)
		part := ref
		if ref.Images != nil {
			part.Images = ref.Images[first*size : last*size]
		}
		s, err := NewMaskedSession(n, images[first*size:last*size], part)
		for k, m := range masks {
			if err != nil || ctx.Err() != nil {
				break
			}
			see(first, last-first, k, s.Run(m))
		}
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			failed = err
		} else if done += last - first; o.Progress != nil && ctx.Err() == nil {
			o.Progress(done, total)
		}
	})
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// MaskedSession runs some images under one mask after another. With z' the pre-activation and x' the
// senders' outputs of the reference, a neuron's pre-activation under mask M is
//
//	z = z' + Σ M_j·W_j·(x_j − x'_j),
//
// x_j being what the sender hands on under the mask itself. It holds all layers of all its images,
// and belongs to one goroutine.
type MaskedSession struct {
	net    *Network
	images int
	layers []maskedLayer
	last   *Mask // that the layers hold
	rows   []int
	weight []float32
}

type maskedLayer struct {
	act        []float32 // images × Act
	out        []float32 // images × Out
	difference []float32 // out − reference
	refPre     []float32 // images × Act, or one image's for all
	refOut     []float32
	pre        []float32            // scratch: images × rows × area
	pool       *kernel.MaxPool      // of one unit's map
	convs      map[int]*kernel.Conv // by number of rows
	changed    bool
}

// NewMaskedSession runs the reference.
func NewMaskedSession(n *Network, images []float32, ref Reference) (*MaskedSession, error) {
	if err := n.CheckEdges(); err != nil {
		return nil, err
	}
	if err := ref.check(n, len(images)); err != nil {
		return nil, err
	}
	s := &MaskedSession{net: n, images: len(images) / n.Spec.Input.Size(), layers: make([]maskedLayer, n.Depth()+1)}
	input := append([]float32(nil), images...)
	normalise(input, images, n.Mean, n.Std, n.Spec.Input.Area())
	for l := range s.layers {
		g := &n.geo[l]
		s.layers[l].out, s.layers[l].difference = make([]float32, s.images*g.Out.Size()), make([]float32, s.images*g.Out.Size())
		if l > 0 {
			s.layers[l].act = make([]float32, s.images*g.Act.Size())
		}
		s.layers[l].convs = map[int]*kernel.Conv{}
		if l > 0 && n.Spec.Layers[l-1].Pool != nil && n.Spec.Layers[l-1].Pool.Kind == MaxPool {
			p := n.Spec.Layers[l-1].Pool
			s.layers[l].pool = kernel.NewMaxPool(1, g.Act[1], g.Act[2], p.Size, p.stride())
		}
	}
	if ref.Outputs != nil {
		s.fixed(ref.Outputs)
	} else if err := s.counterparts(ref.Images); err != nil {
		return nil, err
	}
	copy(s.layers[0].out, input)
	for i := range s.images {
		s.subtract(0, i, 0, len(input)/s.images)
	}
	return s, nil
}

// fixed takes one image's outputs as the reference of all.
func (s *MaskedSession) fixed(outputs [][]float32) {
	n := s.net
	for m := range s.layers {
		s.layers[m].refOut = outputs[m]
		if m == 0 {
			continue
		}
		g, p := &n.geo[m], &n.Params[m]
		z, in := make([]float32, g.Act.Size()), outputs[g.Inputs[0]]
		switch n.Spec.Layers[m-1].Kind {
		case Conv2D:
			s.conv(m, g.Act[0]).Forward(z, in, p.Weight, p.Bias, 1, false, 1)
		case Dense:
			kernel.DenseForward(z, in, p.Weight, p.Bias, 1, g.FanIn, g.Act[0], false, 1)
		case Add:
			copy(z, in)
			for _, k := range g.Inputs[1:] {
				kernel.Sum(z, outputs[k])
			}
		}
		s.layers[m].refPre = z
	}
}

// counterparts takes the run on other images as the reference.
func (s *MaskedSession) counterparts(images []float32) error {
	var t Trace
	for l := range s.layers {
		t.Out = append(t.Out, l)
		if l > 0 {
			t.Pre = append(t.Pre, l)
		}
	}
	if _, err := NewSession(s.net).Run(images, 0, nil, &t); err != nil {
		return err
	}
	for l := range s.layers {
		s.layers[l].refOut = slices.Clone(t.Output(l))
		s.layers[l].refPre = slices.Clone(t.PreActivation(l))
	}
	return nil
}

// conv is layer m's convolution for so many of its neurons.
func (s *MaskedSession) conv(m, rows int) *kernel.Conv {
	held := s.layers[m].convs
	if held[rows] == nil {
		l, g := &s.net.Spec.Layers[m-1], &s.net.geo[m]
		held[rows] = kernel.NewConv(g.In[0], g.In[1], g.In[2], rows, l.Kernel, l.stride(), l.Padding)
	}
	return held[rows]
}

// Run gives the logits, images × classes, under a mask; they are overwritten by the next run. Neurons
// whose inputs are as in the run before are not computed again.
func (s *MaskedSession) Run(mask *Mask) []float32 {
	for m := 1; m < len(s.layers); m++ {
		rows := s.affected(m, mask)
		s.layers[m].changed = len(rows) > 0
		s.compute(m, mask, rows)
	}
	s.last = mask.Clone()
	return s.layers[len(s.layers)-1].out
}

// affected are the neurons of a layer that must be computed anew.
func (s *MaskedSession) affected(m int, mask *Mask) []int {
	s.rows = s.rows[:0]
	anew := s.last == nil
	for _, k := range s.net.geo[m].Inputs {
		anew = anew || s.layers[k].changed
	}
	senders := s.net.sendersOf(m)
	for u := range s.net.geo[m].Act[0] {
		if anew || !slices.Equal(mask.kept[m][u*senders:(u+1)*senders], s.last.kept[m][u*senders:(u+1)*senders]) {
			s.rows = append(s.rows, u)
		}
	}
	return s.rows
}

// compute brings some neurons of a layer up to date.
func (s *MaskedSession) compute(m int, mask *Mask, units []int) {
	l, g := &s.layers[m], &s.net.geo[m]
	area := g.Act.Area()
	// Neurons that keep no edge have their reference's pre-activation; the others come first.
	senders, wired := s.net.sendersOf(m), 0
	for k, u := range units {
		if slices.Contains(mask.kept[m][u*senders:(u+1)*senders], true) {
			units[wired], units[k] = u, units[wired]
			wired++
		}
	}
	if need := s.images * max(1, wired) * area; len(l.pre) < need {
		l.pre = make([]float32, need)
	}
	if wired > 0 {
		s.sum(m, mask, units[:wired])
	}
	for i := range s.images {
		ref := l.refPre[i%(len(l.refPre)/g.Act.Size())*g.Act.Size():]
		for k, u := range units {
			z := l.act[i*g.Act.Size()+u*area:][:area]
			copy(z, ref[u*area:(u+1)*area])
			if k < wired {
				for p, v := range l.pre[(i*wired+k)*area:][:area] {
					z[p] += v
				}
			}
			s.hand(m, i, u)
		}
		if len(units) > 0 && s.net.Layer(m).Pool.normalises() {
			s.handAll(m, i)
		}
	}
}

// weights are the weights of some neurons with 0 for what is not kept.
func (s *MaskedSession) weights(m int, mask *Mask, units []int) []float32 {
	g, senders := &s.net.geo[m], s.net.sendersOf(m)
	each := g.FanIn / senders // weights of an edge
	s.weight = sized(s.weight, len(units)*g.FanIn)
	masked := s.weight[:len(units)*g.FanIn]
	for k, u := range units {
		row := masked[k*g.FanIn : (k+1)*g.FanIn]
		copy(row, s.net.Params[m].Weight[u*g.FanIn:])
		for j, kept := range mask.kept[m][u*senders : (u+1)*senders] {
			if !kept {
				clear(row[j*each : (j+1)*each])
			}
		}
	}
	return masked
}

// sum fills pre, images × units × area, with what the kept edges carry more than the reference.
func (s *MaskedSession) sum(m int, mask *Mask, units []int) {
	l, g := &s.layers[m], &s.net.geo[m]
	if s.net.Spec.Layers[m-1].Kind == Add {
		s.add(m, mask, units)
		return
	}
	masked := s.weights(m, mask, units)
	in, none := s.layers[g.Inputs[0]].difference, make([]float32, len(units))
	if s.net.Spec.Layers[m-1].Kind == Conv2D {
		s.conv(m, len(units)).Forward(l.pre, in, masked, none, s.images, false, 1)
		return
	}
	kernel.DenseForward(l.pre, in, masked, none, s.images, g.FanIn, len(units), false, 1)
}

// add is sum for a sum of layers; one that reads a layer twice has it twice.
func (s *MaskedSession) add(m int, mask *Mask, units []int) {
	l, g := &s.layers[m], &s.net.geo[m]
	area, layers := g.Act.Area(), s.net.senders(m)
	pre := l.pre[:s.images*len(units)*area]
	clear(pre)
	for _, from := range g.Inputs {
		at := slices.Index(layers, from)
		for i := range s.images {
			for k, u := range units {
				if mask.kept[m][u*len(layers)+at] {
					kernel.Sum(pre[(i*len(units)+k)*area:][:area], s.layers[from].difference[(i*g.Act[0]+u)*area:][:area])
				}
			}
		}
	}
}

// hand makes a neuron's pre-activation on an image, in act, into what it hands on.
func (s *MaskedSession) hand(m, image, unit int) {
	g, spec := &s.net.geo[m], &s.net.Spec.Layers[m-1]
	z := s.layers[m].act[image*g.Act.Size()+unit*g.Act.Area():][:g.Act.Area()]
	if spec.Activation == ReLU {
		kernel.ReLU(z)
	}
	if spec.Pool.normalises() {
		return // handAll does it when all neurons are there
	}
	area := g.Out.Area()
	out := s.layers[m].out[(image*g.Out[0]+unit)*area:][:area]
	switch {
	case g.Act == g.Out:
		copy(out, z)
	case spec.Pool.Kind == MaxPool:
		s.layers[m].pool.Plane(out, z)
	default:
		out[0] = averageUnit(z)
	}
	s.subtract(m, image, unit*area, area)
}

// handAll makes a layer's activations on an image into what it hands on, where it is normalised as a
// whole.
func (s *MaskedSession) handAll(m, image int) {
	l, size := &s.layers[m], s.net.geo[m].Act.Size()
	kernel.LengthNormalise(l.out[image*size:][:size], l.act[image*size:][:size], size)
	s.subtract(m, image, 0, size)
}

// subtract takes the reference off n of an image's outputs, beginning at from.
func (s *MaskedSession) subtract(m, image, from, n int) {
	l, size := &s.layers[m], s.net.geo[m].Out.Size()
	ref := l.refOut[image%(len(l.refOut)/size)*size+from:][:n]
	out, difference := l.out[image*size+from:][:n], l.difference[image*size+from:][:n]
	for p, v := range out {
		difference[p] = v - ref[p]
	}
}
