package model

import (
	"neuroprobe/model/kernel"
)

// propagate runs a batch of pairs from the group's first layer to the logits. Layers that no
// change reaches stay as they are in the intact run.
func (w *sweepWorker) propagate(g *group) {
	for m := g.start + 1; m <= w.net.Depth(); m++ {
		w.layer(g, m)
	}
}

func (w *sweepWorker) layer(g *group, m int) {
	s, geo := &w.states[m], &w.net.geo[m]
	input := asIntact
	for _, k := range geo.Inputs {
		input = max(input, w.states[k].kind)
	}
	kind := w.net.Spec.Layers[m-1].Kind
	switch {
	case s.hasPre:
		w.settleAll(g, m, func(pair int, z []float32) { copy(z, s.pre[pair*geo.Act.Size():]) })
	case input == asIntact && !g.edited[m]:
		return
	case input == asIntact:
		w.settleAll(g, m, func(pair int, z []float32) { copy(z, w.intactPre(m, pair)) })
	case kind == Add && !g.edited[m] && w.oneInUnits(geo.Inputs):
		w.addInUnits(m)
		return
	case kind == Add:
		w.settleAll(g, m, func(pair int, z []float32) { w.sum(m, pair, z) })
	case input == inUnits && kind == Conv2D:
		w.correctConv(g, m)
	case input == inUnits:
		w.correctDense(g, m)
	case kind == Conv2D:
		w.computeConv(g, m)
	default:
		w.computeDense(g, m)
	}
	s.kind = throughout
}

func (w *sweepWorker) intactPre(layer, pair int) []float32 {
	size := w.net.geo[layer].Act.Size()
	return w.intact.PreActivation(layer)[w.pairs[pair].image*size:][:size]
}

func (w *sweepWorker) relu(m int) bool { return w.net.Spec.Layers[m-1].Activation == ReLU }

// pooling is a layer's pooling, nil where it changes nothing.
func (w *sweepWorker) pooling(m int) *Pool {
	if w.net.geo[m].Act.Area() == 1 {
		return nil
	}
	return w.net.Spec.Layers[m-1].Pool
}

// settleAll computes what layer m hands on in every pair: fill writes the pre-activation, then come
// activation, the arm's edits, and pooling.
func (w *sweepWorker) settleAll(g *group, m int, fill func(pair int, z []float32)) {
	s, geo := &w.states[m], &w.net.geo[m]
	act, out := geo.Act.Size(), geo.Out.Size()
	s.out = extend(s.out[:0], len(w.pairs)*out)
	w.scratch = sized(w.scratch, act)
	pooled := w.pooling(m) != nil
	for k := range w.pairs {
		z, to := w.scratch[:act], s.out[k*out:(k+1)*out]
		if !pooled {
			z = to
		}
		fill(k, z)
		w.settle(g, m, k, z, to)
	}
	w.rectify(g, m)
}

// settle makes one pair's pre-activation z into what the layer hands on. Without edits and with
// max pooling, ReLU is left to rectify: the maximum first is the same, and leaves less to do.
func (w *sweepWorker) settle(g *group, m, pair int, z, out []float32) {
	pool := w.pooling(m)
	if !g.edited[m] {
		switch {
		case pool == nil:
		case pool.Kind == MaxPool:
			w.poolRow(m, out, z)
		default:
			if w.relu(m) {
				kernel.ReLU(z)
			}
			w.poolRow(m, out, z)
		}
		return
	}
	p := w.pairs[pair]
	later := p.plan.later[m]
	for k := range later {
		if e := later[k].edit; e != nil && e.From != nil {
			w.edge(m, z, e, p.image, w.outRow(e.From.Layer, pair))
		}
	}
	if w.relu(m) {
		kernel.ReLU(z)
	}
	w.act(m, z, later, p.image)
	if pool != nil {
		w.poolRow(m, out, z)
	}
}

// rectify does the ReLU of all pairs that settle left.
func (w *sweepWorker) rectify(g *group, m int) {
	if pool := w.pooling(m); w.relu(m) && !g.edited[m] && (pool == nil || pool.Kind == MaxPool) {
		kernel.ReLU(w.states[m].out)
	}
}

// oneInUnits tells whether a single input, read once, has changed, and only in some units.
func (w *sweepWorker) oneInUnits(inputs []int) bool {
	changed := 0
	for _, k := range inputs {
		switch w.states[k].kind {
		case inUnits:
			changed++
		case throughout:
			return false
		}
	}
	return changed == 1
}

// addInUnits carries changed units through a sum of layers: the same units change there.
func (w *sweepWorker) addInUnits(m int) {
	s, geo := &w.states[m], &w.net.geo[m]
	var from *state
	for _, k := range geo.Inputs {
		if w.states[k].kind == inUnits {
			from = &w.states[k]
		}
	}
	area, out := geo.Act.Area(), geo.Out.Area()
	w.scratch = sized(w.scratch, area)
	s.kind = inUnits
	for k, c := range from.changes {
		z := w.scratch[:area]
		pre := w.intactPre(m, c.pair)[c.unit*area:]
		for p, d := range from.deltas[k*area : (k+1)*area] {
			z[p] = pre[p] + d
		}
		if w.relu(m) {
			kernel.ReLU(z)
		}
		was := w.intactOut(m, w.pairs[c.pair].image)[c.unit*out:][:out]
		differs := false
		at := len(s.deltas)
		for p, v := range w.pooledUnit(m, z) {
			s.deltas = append(s.deltas, v-was[p])
			differs = differs || v != was[p]
		}
		if !differs {
			s.deltas = s.deltas[:at]
			continue
		}
		s.changes = append(s.changes, c)
	}
}

// sum is the pre-activation of an add layer.
func (w *sweepWorker) sum(m, pair int, z []float32) {
	inputs := w.net.geo[m].Inputs
	copy(z, w.outRow(inputs[0], pair))
	for _, k := range inputs[1:] {
		kernel.Sum(z, w.outRow(k, pair))
	}
}

// correctConv corrects a convolution's pre-activation for the changed channels of its input.
func (w *sweepWorker) correctConv(g *group, m int) {
	geo, weight := &w.net.geo[m], w.net.Params[m].Weight
	from := &w.states[geo.Inputs[0]]
	area := geo.In.Area()
	next := 0 // changes come in the order of pairs
	w.settleAll(g, m, func(pair int, z []float32) {
		copy(z, w.intactPre(m, pair))
		for next < len(from.changes) && from.changes[next].pair == pair {
			w.convs[m].AddChannel(z, from.deltas[next*area:(next+1)*area], weight, from.changes[next].unit)
			next++
		}
	})
}

// correctDense corrects a dense layer's pre-activation for the changed units of its input. The
// changes of one unit in consecutive pairs, which is what an arm on many images makes, are one
// matrix product where the unit is a channel.
func (w *sweepWorker) correctDense(g *group, m int) {
	s, geo := &w.states[m], &w.net.geo[m]
	from := &w.states[geo.Inputs[0]]
	units, area := geo.Act[0], geo.In.Area()
	s.out = extend(s.out[:0], len(w.pairs)*units)
	done := 0 // pairs whose rows are begun
	begin := func(upTo int) {
		for ; done < upTo; done++ {
			copy(s.out[done*units:(done+1)*units], w.intactPre(m, done))
		}
	}
	for k := 0; k < len(from.changes); {
		c, end := from.changes[k], k+1
		weight := w.transposed[m][c.unit*area*units:][:area*units]
		if area == 1 {
			row := s.out[c.pair*units:][:units]
			if c.pair == done { // the pair's first change: correct while copying
				kernel.AddScaled(row, w.intactPre(m, c.pair), weight, from.deltas[k])
				done++
			} else {
				begin(c.pair + 1)
				kernel.AddScaled(row, row, weight, from.deltas[k])
			}
			k = end
			continue
		}
		for end < len(from.changes) && from.changes[end] == (change{c.pair + end - k, c.unit}) {
			end++
		}
		begin(c.pair + end - k)
		kernel.Product(kernel.Dense(s.out[c.pair*units:], end-k, units),
			kernel.Dense(from.deltas[k*area:], end-k, area), kernel.Dense(weight, area, units), kernel.Op{Accumulate: true})
		k = end
	}
	begin(len(w.pairs))
	w.settleInPlace(g, m)
}

// settleInPlace settles rows of pre-activations that lie in out already.
func (w *sweepWorker) settleInPlace(g *group, m int) {
	if g.edited[m] {
		size := w.net.geo[m].Out.Size()
		for k := range w.pairs {
			row := w.states[m].out[k*size : (k+1)*size]
			w.settle(g, m, k, row, row)
		}
	}
	w.rectify(g, m)
}

// computeConv computes a convolution of an input that has changed altogether.
func (w *sweepWorker) computeConv(g *group, m int) {
	s, geo, p, n := &w.states[m], &w.net.geo[m], &w.net.Params[m], len(w.pairs)
	in := w.states[geo.Inputs[0]].out
	s.out = extend(s.out[:0], n*geo.Out.Size())
	pool := w.pooling(m)
	switch {
	case pool == nil:
		w.convs[m].Forward(s.out, in, p.Weight, p.Bias, n, w.relu(m) && !g.edited[m], 1)
		if g.edited[m] {
			w.settleInPlace(g, m)
		}
	case pool.Kind == MaxPool && !g.edited[m]:
		w.convs[m].ForwardPooled(s.out, in, p.Weight, p.Bias, n, w.relu(m), w.pools[m], 1)
	default:
		size := geo.Act.Size()
		s.act = sized(s.act, n*size)
		w.convs[m].Forward(s.act, in, p.Weight, p.Bias, n, false, 1)
		w.settleAll(g, m, func(pair int, z []float32) { copy(z, s.act[pair*size:]) })
	}
}

// computeDense computes a dense layer of an input that has changed altogether.
func (w *sweepWorker) computeDense(g *group, m int) {
	s, geo, n := &w.states[m], &w.net.geo[m], len(w.pairs)
	units, in := geo.Act[0], geo.FanIn
	s.out = extend(s.out[:0], n*units)
	for k := range n {
		copy(s.out[k*units:(k+1)*units], w.net.Params[m].Bias)
	}
	kernel.Product(kernel.Dense(s.out, n, units), kernel.Dense(w.states[geo.Inputs[0]].out, n, in),
		kernel.Dense(w.transposed[m], in, units), kernel.Op{Accumulate: true})
	w.settleInPlace(g, m)
}
