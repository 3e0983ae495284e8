package model

import "neuroprobe/model/kernel"

// Gradients adds to sums, by layer and edge in the order of Edges, the derivative with respect to each
// edge's place in the mask of Σ targets·logits (images × classes), at the mask that ran last:
//
//	∂/∂M_j = Σ over images and positions of  W_j·(x_j − x'_j) · ∂/∂z,
//
// for edges that are kept and for those that are not. Minus it is the first-order effect of dropping
// a kept edge, plus it that of keeping another: attribution patching within a circuit.
func (s *MaskedSession) Gradients(targets []float32, sums [][]float64) {
	n := s.net
	differences := make([][]float32, len(s.layers))
	out := make([][]float32, len(s.layers)) // gradients of what each layer hands on
	for l := range s.layers {
		differences[l] = s.layers[l].difference
		out[l] = make([]float32, len(s.layers[l].out))
	}
	copy(out[n.Depth()], targets)
	for m := n.Depth(); m > 0; m-- {
		pre := s.preGradient(m, out[m])
		n.edgeProducts(m, differences, pre, s.images, sums[m], 1)
		s.passBack(m, pre, out)
	}
}

// preGradient carries a gradient from what layer m hands on to its pre-activation.
func (s *MaskedSession) preGradient(m int, out []float32) []float32 {
	l, g, spec := &s.layers[m], &s.net.geo[m], &s.net.Spec.Layers[m-1]
	act := out
	if spec.Pool.normalises() {
		act = make([]float32, len(l.act))
		kernel.BackwardLengthNormalise(act, out, l.act, g.Act.Size())
	} else if g.Act != g.Out {
		act = make([]float32, len(l.act))
		if spec.Pool.Kind == MaxPool {
			kernel.NewMaxPool(g.Act[0], g.Act[1], g.Act[2], spec.Pool.Size, spec.Pool.stride()).Backward(act, out, l.act, s.images, 1)
		} else {
			kernel.BackwardGlobalAverage(act, out, s.images*g.Act[0], g.Act.Area())
		}
	}
	if spec.Activation != ReLU {
		return act
	}
	pre := make([]float32, len(act))
	kernel.BackwardReLU(pre, act, l.act, 1)
	return pre
}

// passBack adds layer m's gradient, through the edges that are kept, to those of the layers it reads.
func (s *MaskedSession) passBack(m int, pre []float32, out [][]float32) {
	g, spec := &s.net.geo[m], &s.net.Spec.Layers[m-1]
	if spec.Kind == Add {
		s.passSum(m, pre, out)
		return
	}
	if g.Inputs[0] == 0 {
		return
	}
	units := make([]int, g.Act[0])
	for u := range units {
		units[u] = u
	}
	weight, dx := s.weights(m, s.last, units), make([]float32, len(out[g.Inputs[0]]))
	if spec.Kind == Conv2D {
		s.conv(m, g.Act[0]).BackwardInput(dx, pre, weight, s.images, 1)
	} else {
		kernel.DenseBackwardInput(dx, pre, weight, s.images, g.FanIn, g.Act[0], 1)
	}
	kernel.Sum(out[g.Inputs[0]], dx)
}

func (s *MaskedSession) passSum(m int, pre []float32, out [][]float32) {
	g := &s.net.geo[m]
	area, layers := g.Act.Area(), s.net.senders(m)
	for _, from := range g.Inputs { // a layer that is read twice has it twice
		for k, l := range layers {
			if l != from {
				continue
			}
			for at := range s.images * g.Act[0] {
				if s.last.kept[m][at%g.Act[0]*len(layers)+k] {
					kernel.Sum(out[from][at*area:][:area], pre[at*area:][:area])
				}
			}
		}
	}
}
