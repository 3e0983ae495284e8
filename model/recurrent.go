package model

import "neuroprobe/model/kernel"

// Steps is how often a layer works on an image, 0 where it is not recurrent.
func (n *Network) Steps(layer int) int { return n.Spec.Layers[layer-1].Steps }

// Maps tells whether a neuron of a layer has a map of the image: positions that are no steps.
func (n *Network) Maps(layer int) bool { return n.geo[layer].Act.Area() > 1 && n.Steps(layer) == 0 }

// unrolled are a Session's buffers of a recurrent layer.
type unrolled struct {
	joined []float32 // images × FanIn: the input, and what the layer showed a step before
	now    []float32 // images × units
	pre    []float32 // images × Act
}

// unroll runs a recurrent layer step by step, so that an edit of one step is seen by the next. A
// step is a dense layer that reads the input and the layer itself side by side.
func (s *Session) unroll(i, n, first int) {
	l, g, p := &s.layers[i], &s.net.geo[i], &s.net.Params[i]
	u, units, in, relu := &l.unrolled, g.Act[0], g.In.Size(), s.net.Spec.Layers[i-1].Activation == ReLU
	u.joined, u.now, u.pre = sized(u.joined, n*g.FanIn), sized(u.now, n*units), sized(u.pre, n*g.Act.Size())
	u.pre = u.pre[:n*g.Act.Size()]
	now := u.now[:n*units]
	clear(now)
	for img := range n {
		copy(u.joined[img*g.FanIn:], s.layers[g.Inputs[0]].out[img*in:(img+1)*in])
	}
	for t := range g.Act[1] {
		for img := range n {
			copy(u.joined[img*g.FanIn+in:(img+1)*g.FanIn], now[img*units:])
		}
		kernel.DenseForward(now, u.joined, p.Weight, p.Bias, n, g.FanIn, units, false, 1)
		toStep(u.pre, now, t, g.Act)
		if relu {
			kernel.ReLU(now)
		}
		for _, k := range l.edits {
			for img := range n {
				s.edits[k].applyStep(now[img*units:(img+1)*units], g.Act, t, first+img)
			}
		}
		toStep(l.act, now, t, g.Act)
	}
}

// toStep puts what all units show at a step, images × units, to its place among the activations of
// all steps, images × shape.
func toStep(all, now []float32, t int, shape Shape) {
	for k, v := range now {
		all[k*shape[1]+t] = v
	}
}

// fromStep is the way back.
func fromStep(now, all []float32, t int, shape Shape) {
	for k := range now {
		now[k] = all[k*shape[1]+t]
	}
}

// lastSteps takes the last step of every unit.
func lastSteps(out, act []float32, steps int) {
	for k := range out {
		out[k] = act[k*steps+steps-1]
	}
}

// applyStep is apply on what one image's units show at step t, counted from 0.
func (e *Edit) applyStep(now []float32, shape Shape, t, image int) {
	_, positions, _ := e.Target.span(shape)
	lo, hi, p, next := e.Target.atStep(shape, t)
	for u := lo; u < hi; u++ {
		now[u] = now[u]*e.Keep.at(image, p, positions) + e.Fill.at(image, p, positions)
		p += next
	}
}

// atStep tells what an address names at step t, counted from 0: units from lo to hi, of which the
// first is number p of the address's positions, and each other `next` further on.
func (a Address) atStep(shape Shape, t int) (lo, hi, p, next int) {
	p, next = t, shape[1]
	if a.Row != AllPositions {
		if a.Row != t {
			return 0, 0, 0, 0
		}
		p, next = 0, 1
	}
	if a.Unit == AllUnits {
		return 0, shape[0], p, next
	}
	return a.Unit, a.Unit + 1, p, next
}

// Feedback is the weight by which a neuron of a recurrent layer reads another one of that layer, or
// itself, a step before.
func (n *Network) Feedback(layer, from, to int) float32 {
	g := &n.geo[layer]
	return n.Params[layer].Weight[to*g.FanIn+g.In.Size()+from]
}
