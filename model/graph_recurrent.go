package model

import (
	"neuroprobe/model/kernel"

	G "gorgonia.org/gorgonia"
)

// recurrentOp is a recurrent layer, unrolled. Its gradients are backpropagation through time (P. J.
// Werbos, Proceedings of the IEEE 78:1550 (1990)): with g_t what comes from outside to step t,
//
//	dh_t = g_t + Uᵀ·dz_{t+1},  dz_t = dh_t ⊙ f'(z_t),
//	d[W|U] = Σ_t dz_t·[x | h_{t-1}]ᵀ,  db = Σ_t dz_t,  dx = Wᵀ·Σ_t dz_t.
func (g *Gradients) recurrentOp(i int) *kernelOp {
	l, geo, n := &g.spec.Layers[i-1], &g.geo[i], g.images
	units, in, steps := geo.Act[0], geo.In.Size(), geo.Act[1]
	// What each step reads, steps × images × FanIn; the weight's gradient needs it again.
	joined, now := make([]float32, steps*n*geo.FanIn), make([]float32, n*units)
	op := newOp(l.Name, func(out []float32, inputs [][]float32) float32 {
		clear(now)
		for t := range steps {
			reads := joined[t*n*geo.FanIn:][:n*geo.FanIn]
			for img := range n {
				copy(reads[img*geo.FanIn:], inputs[0][img*in:(img+1)*in])
				copy(reads[img*geo.FanIn+in:(img+1)*geo.FanIn], now[img*units:])
			}
			kernel.DenseForward(now, reads, inputs[1], inputs[2], n, geo.FanIn, units, l.Activation == ReLU, 0)
			toStep(out, now, t, geo.Act)
		}
		return 0
	}, g.shaped(geo.Act)...)
	op.differentiable = []bool{g.needsInputGradient(i), g.wanted.Params, g.wanted.Params}
	op.gradient = func(inputs G.Nodes, out, grad *G.Node) (G.Nodes, error) {
		// One pass gives all gradients; the operations that hand them out wait for it.
		back, dw, db := g.backwards(i), make([]float32, units*geo.FanIn), make([]float32, units)
		pass, err := newOp("d"+l.Name, func(_ []float32, inputs [][]float32) float32 {
			back.run(inputs[0], inputs[1], inputs[2])
			if g.wanted.Params {
				kernel.DenseBackwardWeight(dw, db, back.dz, joined, steps*n, geo.FanIn, units, 0)
			}
			return 0
		}).apply(grad, inputs[1], out)
		if err != nil {
			return nil, err
		}
		all := make(G.Nodes, 3)
		for k, d := range []struct {
			name   string
			values []float32
			shape  []int
		}{{"input", back.dx, g.shaped(geo.In)}, {"weight", dw, []int{units, geo.FanIn}}, {"bias", db, []int{units}}} {
			if !op.differentiable[k] {
				continue
			}
			hand := newOp("d"+l.Name+"."+d.name, func(out []float32, _ [][]float32) float32 { copy(out, d.values); return 0 }, d.shape...)
			if all[k], err = hand.apply(pass); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return op
}

// throughSteps is the whole gradient with respect to a recurrent layer's activation, from what comes
// to it from outside.
func (g *Gradients) throughSteps(i int, act, outside *G.Node) (*G.Node, error) {
	back := g.backwards(i)
	return newOp("d"+g.spec.Layers[i-1].Name+".steps", func(out []float32, inputs [][]float32) float32 {
		back.run(inputs[0], inputs[1], inputs[2])
		copy(out, back.dh)
		return 0
	}, g.shaped(g.geo[i].Act)...).apply(outside, g.params[i].weight, act)
}

// backwards goes through the steps of a recurrent layer from the last to the first.
type backwards struct {
	geo                *Geometry
	relu               bool
	images             int
	dh                 []float32 // images × Act
	dz                 []float32 // steps × images × units
	reads              []float32 // images × FanIn: the gradient of what a step reads
	dx                 []float32 // images × In, summed over the steps
	act, outside, from []float32 // images × units
}

func (g *Gradients) backwards(i int) *backwards {
	geo, n := &g.geo[i], g.images
	of := func(size int) []float32 { return make([]float32, n*size) }
	return &backwards{geo: geo, relu: g.spec.Layers[i-1].Activation == ReLU, images: n, dh: of(geo.Act.Size()), dz: of(geo.Act.Size()),
		reads: of(geo.FanIn), dx: of(geo.In.Size()), act: of(geo.Act[0]), outside: of(geo.Act[0]), from: of(geo.Act[0])}
}

func (b *backwards) run(outside, weight, act []float32) {
	units, in, n := b.geo.Act[0], b.geo.In.Size(), b.images
	clear(b.from)
	clear(b.dx)
	for t := b.geo.Act[1] - 1; t >= 0; t-- {
		fromStep(b.outside, outside, t, b.geo.Act)
		kernel.Sum(b.from, b.outside)
		toStep(b.dh, b.from, t, b.geo.Act)
		dz := b.dz[t*n*units:][:n*units]
		copy(dz, b.from)
		if b.relu {
			fromStep(b.act, act, t, b.geo.Act)
			kernel.BackwardReLU(dz, b.from, b.act, 0)
		}
		kernel.DenseBackwardInput(b.reads, dz, weight, n, b.geo.FanIn, units, 0)
		for img := range n {
			reads := b.reads[img*b.geo.FanIn:][:b.geo.FanIn]
			kernel.Sum(b.dx[img*in:(img+1)*in], reads[:in])
			copy(b.from[img*units:], reads[in:])
		}
	}
}
