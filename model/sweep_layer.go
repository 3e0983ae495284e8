package model

import (
	"math"

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
	case kind == Recurrent && (s.hasPre || input != asIntact || g.edited[m]):
		w.recur(g, m, input)
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
		w.settleAll(g, m, func(pair int, z []float32) { w.convolve(m, z, w.outLast(geo.Inputs[0], pair), w.padded) })
	default:
		w.computeDense(g, m)
	}
	s.kind = throughout
}

// intactPre are the pre-activations of a pair's image, channels last.
func (w *sweepWorker) intactPre(layer, pair int) []float32 {
	size := w.net.geo[layer].Act.Size()
	return w.intact.pre[layer][w.pairs[pair].image*size:][:size]
}

// pooling is a layer's pooling, nil where it changes nothing.
func (w *sweepWorker) pooling(m int) *Pool {
	pool := w.net.Spec.Layers[m-1].Pool
	if w.net.geo[m].Act.Area() == 1 && !pool.normalises() {
		return nil
	}
	return pool
}

// settleAll computes what layer m hands on in every pair: fill writes the pre-activation, then come
// activation, the arm's edits, and pooling.
func (w *sweepWorker) settleAll(g *group, m int, fill func(pair int, z []float32)) {
	s, geo := &w.states[m], &w.net.geo[m]
	act, out := geo.Act.Size(), geo.Out.Size()
	s.out = extend(s.out[:0], len(w.pairs)*out)
	w.scratch = sized(w.scratch, act)
	inPlace := w.pooling(m) == nil
	for k := range w.pairs {
		z, to := w.scratch[:act], s.out[k*out:(k+1)*out]
		if inPlace {
			z = to
		}
		fill(k, z)
		w.settle(g, m, k, z, to)
	}
}

// settle makes one pair's pre-activation z into what the layer hands on; out may be z where pooling
// leaves the shape as it is.
func (w *sweepWorker) settle(g *group, m, pair int, z, out []float32) {
	floor, relu := w.floor(m), w.relu(m)
	if g.edited[m] {
		switch edits := w.pairs[pair].plan.later[m]; {
		case len(edits.actions) == 0:
		case !edits.constant:
			w.settleEdited(m, pair, z, out)
			return
		default:
			if relu {
				kernel.Floor(z, 0)
			}
			editLast(z, edits.actions, w.net.geo[m].Act)
			floor, relu = float32(math.Inf(-1)), false
		}
	}
	switch pool := w.pooling(m); {
	case pool != nil && pool.Kind == MaxPool:
		w.pools[m].ForwardLast(out, z, floor)
	default:
		if relu {
			kernel.Floor(z, 0)
		}
		switch {
		case pool.normalises():
			kernel.LengthNormalise(out, z, len(z))
		case pool != nil:
			averageLast(out, z)
		}
	}
}

// editLast does edits of whole units by constants, channels last.
func editLast(row []float32, edits []action, shape Shape) {
	for k := range edits {
		e := edits[k].edit
		from, step := e.Target.Unit, shape[0]
		if from == AllUnits {
			from, step = 0, 1
		}
		keep, fill := e.Keep.Values[0], e.Fill.Values[0]
		for p := from; p < len(row); p += step {
			row[p] = row[p]*keep + fill
		}
	}
}

// averageLast is the mean over positions, channels last: added up in the order of positions, as
// averageUnit does, so that what no edit changes keeps its bits.
func averageLast(out, z []float32) {
	clear(out)
	positions := len(z) / len(out)
	for p := range positions {
		kernel.Sum(out, z[p*len(out):(p+1)*len(out)])
	}
	for u := range out {
		out[u] *= 1 / float32(positions)
	}
}

// averageUnit is the mean over the positions of one unit.
func averageUnit(unit []float32) float32 {
	sum := float32(0)
	for _, v := range unit {
		sum += v
	}
	return sum * (1 / float32(len(unit)))
}

// settleEdited does the arm's edits and patches at a later layer, channels first as they are defined.
func (w *sweepWorker) settleEdited(m, pair int, z, out []float32) {
	p, geo := w.pairs[pair], &w.net.geo[m]
	later := p.plan.later[m].actions
	w.editRow = sized(w.editRow, geo.Act.Size()+geo.Out.Size())
	row, pooled := w.editRow[:geo.Act.Size()], w.editRow[geo.Act.Size():][:geo.Out.Size()]
	toFirst(row, z, geo.Act[0])
	w.edges(m, row, later, p.image, func(l int) []float32 { return w.outFirst(l, pair) })
	if w.relu(m) {
		kernel.Floor(row, 0)
	}
	w.act(m, row, later, p.image)
	w.poolRow(m, pooled, row)
	toLast(out, pooled, geo.Out[0])
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
		z, image := w.scratch[:area], w.pairs[c.pair].image
		pre := w.intact.preFirst(m, image)[c.unit*area:]
		kernel.AddScaled(z, pre, from.deltas[k*area:(k+1)*area], 1)
		if w.relu(m) {
			kernel.Floor(z, 0)
		}
		was := w.intact.outFirst(m, image)[c.unit*out:][:out]
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
	copy(z, w.outLast(inputs[0], pair))
	for _, k := range inputs[1:] {
		kernel.Sum(z, w.outLast(k, pair))
	}
}

// correctConv corrects a convolution's pre-activation for the changed channels of its input.
func (w *sweepWorker) correctConv(g *group, m int) {
	from, area := &w.states[w.net.geo[m].Inputs[0]], w.net.geo[m].In.Area()
	next := 0 // changes come in the order of pairs
	w.settleAll(g, m, func(pair int, z []float32) {
		start := w.intactPre(m, pair)
		for next < len(from.changes) && from.changes[next].pair == pair {
			w.correct(m, from.changes[next].unit, from.deltas[next*area:(next+1)*area], start, z, w.padded)
			start = z
			next++
		}
		if &start[0] != &z[0] {
			copy(z, start)
		}
	})
}

// correctDense corrects a dense layer's pre-activation for the changed units of its input. The
// changes of one unit in consecutive pairs, which is what an arm on many images makes, are one
// matrix product where the unit is a channel.
func (w *sweepWorker) correctDense(g *group, m int) {
	s := &w.states[m]
	s.out = extend(s.out[:0], len(w.pairs)*w.net.geo[m].Act[0])
	w.correctRows(m, s.out)
	w.settleRows(g, m)
}

// correctRows fills a row a pair with the corrected weighted sums of the layer's input.
func (w *sweepWorker) correctRows(m int, out []float32) {
	geo := &w.net.geo[m]
	from := &w.states[geo.Inputs[0]]
	units, area := geo.Act[0], geo.In.Area()
	done := 0 // pairs whose rows are begun
	begin := func(upTo int) {
		for ; done < upTo; done++ {
			copy(out[done*units:(done+1)*units], w.intactPre(m, done))
		}
	}
	for k := 0; k < len(from.changes); {
		c, end := from.changes[k], k+1
		if area == 1 {
			row, start := out[c.pair*units:][:units], w.intactPre(m, c.pair)
			begin(c.pair)
			if done > c.pair { // not the pair's first change
				start = row
			}
			kernel.AddScaled(row, start, w.weights[m].rows[c.unit*units:], from.deltas[k])
			done = max(done, c.pair+1)
			k = end
			continue
		}
		for end < len(from.changes) && from.changes[end] == (change{c.pair + end - k, c.unit}) {
			end++
		}
		begin(c.pair + end - k)
		rows := out[c.pair*units:]
		w.weights[m].parts[c.unit].Multiply(rows, units, rows, units, from.deltas[k*area:], area, end-k, kernel.Window{Inner: area, Outer: 1})
		k = end
	}
	begin(len(w.pairs))
}

// settleRows settles the rows of a dense layer, whose pre-activations lie in out already.
func (w *sweepWorker) settleRows(g *group, m int) {
	out := w.states[m].out
	if !g.edited[m] {
		if w.relu(m) {
			kernel.Floor(out, 0)
		}
		if w.pooling(m).normalises() {
			kernel.LengthNormalise(out, out, w.net.geo[m].Act.Size())
		}
		return
	}
	size := w.net.geo[m].Out.Size()
	for k := range w.pairs {
		row := out[k*size : (k+1)*size]
		w.settle(g, m, k, row, row)
	}
}

// computeDense computes a dense layer of an input that has changed altogether.
func (w *sweepWorker) computeDense(g *group, m int) {
	s, geo, n := &w.states[m], &w.net.geo[m], len(w.pairs)
	s.out = extend(s.out[:0], n*geo.Act[0])
	w.dense(m, s.out, geo.Act[0], w.states[geo.Inputs[0]].out, n)
	w.settleRows(g, m)
}
