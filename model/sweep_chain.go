package model

import "neuroprobe/model/kernel"

// chainState is what a chain holds on its way through the arms on one image.
type chainState struct {
	out     []float32   // what the first layer hands on by now
	pre     [][]float32 // by layer: the pre-activation of who reads it by now, of recurrent layers that of the first step
	repeats []pair      // arms that change nothing against the one before
}

// runChain runs arms each of which changes a few units of the one before it, image by image: the
// pre-activations of the layers that read the first one are corrected from step to step.
func (w *sweepWorker) runChain(g *group) {
	w.begin(g)
	capacity := w.capacity(g)
	c := &w.chain
	c.repeats = c.repeats[:0]
	for i := range w.images {
		w.startChain(g, i)
		for k := range g.arms {
			a := &g.arms[k]
			if !w.step(g, a, i) {
				if k > 0 {
					c.repeats = append(c.repeats, pair{arm: a.arm, image: i})
				}
				continue
			}
			w.pairs = append(w.pairs, pair{a.arm, i, a})
			w.present(g)
			if len(w.pairs) == capacity {
				w.finish(g)
			}
		}
	}
	w.finish(g)
	classes := len(w.net.Classes)
	for _, r := range c.repeats {
		at := (r.arm*w.images + r.image) * classes
		before := at - w.images*classes
		copy(w.logits[at:at+classes], w.logits[before:before+classes])
	}
}

// startChain begins with the intact network.
func (w *sweepWorker) startChain(g *group, image int) {
	c := &w.chain
	c.out = append(c.out[:0], w.intact.outFirst(g.start, image)...)
	if c.pre == nil {
		c.pre = make([][]float32, w.net.Depth()+1)
	}
	for _, m := range g.corrected {
		size := w.net.geo[m].Act.Size()
		c.pre[m] = append(c.pre[m][:0], w.intact.pre[m][image*size:][:w.driven(m)]...)
	}
}

// step makes an arm's changes, and tells whether there are any.
func (w *sweepWorker) step(g *group, a *armPlan, image int) bool {
	c, changed := &w.chain, false
	area := w.net.geo[g.start].Out.Area()
	w.deltas = sized(w.deltas, area)
	for k := range a.units {
		u := &a.units[k]
		now := c.out[u.unit*area:][:area]
		delta, differs := w.deltas[:area], false
		if u.scaled {
			for p, v := range w.intact.outFirst(g.start, image)[u.unit*area:][:area] {
				delta[p] = v*u.keep + u.fill
			}
		} else {
			copy(delta, w.handedOn(g.start, u, image))
		}
		for p, v := range delta {
			delta[p], now[p] = v-now[p], v
			differs = differs || delta[p] != 0
		}
		if !differs {
			continue
		}
		changed = true
		for _, m := range g.corrected {
			w.correctChain(m, u.unit, delta)
		}
	}
	return changed
}

// correctChain corrects the chain's pre-activation of layer m for a change of one unit.
func (w *sweepWorker) correctChain(m, unit int, delta []float32) {
	pre, units := w.chain.pre[m], w.net.geo[m].Act[0]
	switch weights := &w.weights[m]; {
	case w.net.Spec.Layers[m-1].Kind == Conv2D:
		w.correct(m, unit, delta, pre, pre, w.padded)
	case len(delta) == 1:
		kernel.AddScaled(pre, pre, weights.rows[unit*units:], delta[0])
	default:
		weights.parts[unit].Multiply(pre, units, pre, units, delta, len(delta), 1, kernel.Window{Inner: len(delta), Outer: 1})
	}
}

// present adds the chain's state to the batch.
func (w *sweepWorker) present(g *group) {
	s := &w.states[g.start]
	s.kind = throughout
	if w.summed[g.start] {
		at := len(s.out)
		s.out = extend(s.out, len(w.chain.out))
		toLast(s.out[at:], w.chain.out, w.net.geo[g.start].Out[0])
	}
	for _, m := range g.corrected {
		w.states[m].hasPre = true
		w.states[m].pre = append(w.states[m].pre, w.chain.pre[m]...)
	}
}
