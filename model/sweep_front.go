package model

import (
	"math"

	"neuroprobe/model/kernel"
)

// depart works out what an arm changes of an image's first layer, and tells whether it changes
// anything.
func (w *sweepWorker) depart(g *group, a *armPlan, image int) bool {
	s := &w.states[g.start]
	changed := len(a.later) > 0
	for k := range a.units {
		at := len(s.deltas)
		if s.deltas = w.delta(s.deltas, g.start, &a.units[k], image); len(s.deltas) > at {
			s.changes = append(s.changes, change{len(w.pairs), a.units[k].unit})
			changed = true
		}
	}
	if changed {
		s.kind = inUnits
	}
	return changed
}

// scale is depart for the usual case of a single value changed by constants, on all images. Which
// neurons are silent on which images nobody can predict, least of all the processor: the loop
// that finds them has no branch.
func (w *sweepWorker) scale(g *group, a *armPlan, capacity int) {
	u := &a.units[0]
	s := &w.states[g.start]
	w.deltas = sized(w.deltas, w.images+1)
	w.changed = append(w.changed[:0], make([]int, w.images+1)...)
	found := 0
	for i, v := range w.intact.byUnit(g.start)[u.unit*w.images:][:w.images] {
		d := v*u.keep + u.fill - v
		w.deltas[found], w.changed[found] = d, i
		differs := 0
		if d != 0 {
			differs = 1
		}
		found += differs
	}
	for k, i := range w.changed[:found] {
		s.kind = inUnits
		s.deltas = append(s.deltas, w.deltas[k])
		s.changes = append(s.changes, change{len(w.pairs), u.unit})
		w.enter(g, a, i, capacity)
	}
}

// delta appends new − intact of what a unit hands on, or nothing where there is no difference.
func (w *sweepWorker) delta(to []float32, layer int, u *unitPlan, image int) []float32 {
	shape := w.net.geo[layer].Out
	area := shape.Area()
	out := w.intact.outFirst(layer, image)[u.unit*area:][:area]
	at, differs := len(to), false
	if u.scaled {
		for _, v := range out {
			d := v*u.keep + u.fill - v
			differs = differs || d != 0
			to = append(to, d)
		}
	} else {
		for k, v := range w.handedOn(layer, u, image) {
			d := v - out[k]
			differs = differs || d != 0
			to = append(to, d)
		}
	}
	if !differs {
		return to[:at]
	}
	return to
}

// handedOn is what a unit of an otherwise intact layer hands on after its actions.
func (w *sweepWorker) handedOn(layer int, u *unitPlan, image int) []float32 {
	g := &w.net.geo[layer]
	w.row = sized(w.row, g.Act.Size())
	from, to := u.unit*g.Act.Area(), (u.unit+1)*g.Act.Area()
	w.perform(layer, w.row[:g.Act.Size()], from, to, u.actions, image)
	return w.pooledUnit(layer, w.row[from:to])
}

// perform does actions on the intact activations of an image, channels first, of which only those in
// [from, to) are wanted.
func (w *sweepWorker) perform(layer int, row []float32, from, to int, actions []action, image int) {
	if hasEdges(actions) {
		copy(row[from:to], w.intact.preFirst(layer, image)[from:to])
		w.edges(layer, row, actions, image, func(l int) []float32 { return w.intact.outFirst(l, image) })
		if w.relu(layer) {
			kernel.ReLU(row[from:to])
		}
	} else {
		copy(row[from:to], w.intact.actFirst(layer, image)[from:to])
	}
	w.act(layer, row, actions, image)
}

// edges does the edge edits among actions to one image's pre-activations of a layer; sent gives
// what another layer hands on.
func (w *sweepWorker) edges(layer int, row []float32, actions []action, image int, sent func(layer int) []float32) {
	for k := range actions {
		switch a := &actions[k]; {
		case a.edge != nil:
			w.patchEdge(layer, row, a.edge, image, sent(a.edge.From.Layer))
		case a.onEdge():
			w.edge(layer, row, a.edit, image, sent(a.edit.From.Layer))
		}
	}
}

func hasEdges(actions []action) bool {
	for k := range actions {
		if actions[k].onEdge() {
			return true
		}
	}
	return false
}

// act does the patches and activation edits among actions to one image's activations of a layer.
func (w *sweepWorker) act(layer int, row []float32, actions []action, image int) {
	shape := w.net.geo[layer].Act
	for k := range actions {
		a := &actions[k]
		switch {
		case a.onEdge():
		case a.edit == nil:
			from, positions, step := a.patch.span(shape)
			other := w.patched.actFirst(layer, image)
			for p := range positions {
				row[from+p*step] = other[from+p*step]
			}
		default:
			a.edit.apply(row, shape, 1, w.first+image)
		}
	}
}

// edge changes one sender's contribution to the pre-activations in row; sent is what the
// sender's layer hands on.
func (w *sweepWorker) edge(layer int, row []float32, e *Edit, image int, sent []float32) {
	shape := w.net.geo[layer].Act
	area := shape.Area()
	w.plane = sized(w.plane, area)
	contribution := w.plane[:area]
	w.net.Contribution(contribution, *e.From, Neuron(layer, e.Target.Unit), sent)
	from, positions, _ := e.Target.span(shape)
	offset := from - e.Target.Unit*area
	for p := range positions {
		c := contribution[offset+p]
		keep, fill := e.Keep.at(w.first+image, p, positions), e.Fill.at(w.first+image, p, positions)
		row[from+p] += c*keep + fill - c
	}
}

// patchEdge gives one sender's contribution to the pre-activations in row the value it has in the
// other run. Contributions are linear in what is sent: where both runs send the same, no bit changes.
func (w *sweepWorker) patchEdge(layer int, row []float32, e *Edge, image int, sent []float32) {
	g := &w.net.geo[layer]
	area, size := g.Act.Area(), g.In.Area()
	w.plane, w.gap = sized(w.plane, area), sized(w.gap, len(sent))
	difference, other := w.gap[e.From.Unit*size:][:size], w.patched.outFirst(e.From.Layer, image)[e.From.Unit*size:]
	for p, v := range sent[e.From.Unit*size:][:size] {
		difference[p] = other[p] - v
	}
	w.net.Contribution(w.plane[:area], e.From, e.To, w.gap)
	for p, d := range w.plane[:area] {
		row[e.To.Unit*area+p] += d
	}
}

// renew computes the first layer's output anew, and tells whether it differs from the intact one.
func (w *sweepWorker) renew(g *group, a *armPlan, image int) bool {
	s, geo := &w.states[g.start], &w.net.geo[g.start]
	at, size := len(s.out), geo.Out.Size()
	s.out = extend(s.out, size)
	if out := s.out[at:]; w.net.Spec.Layers[g.start-1].Kind == Recurrent {
		w.renewSteps(g.start, a, image, out)
	} else if a.first.constant {
		w.renewLast(g.start, a, image, out)
	} else {
		w.renewFirst(g.start, a, image, out)
	}
	if same(s.out[at:], w.intact.out[g.start][image*size:(image+1)*size]) && len(a.later) == 0 {
		s.out = s.out[:at]
		return false
	}
	s.kind = throughout
	return true
}

// renewLast does edits by constants, channels last.
func (w *sweepWorker) renewLast(layer int, a *armPlan, image int, out []float32) {
	size := w.net.geo[layer].Act.Size()
	w.row = sized(w.row, size)
	row := w.row[:size]
	copy(row, w.intact.act[layer][image*size:])
	editLast(row, a.first.actions, w.net.geo[layer].Act)
	switch pool := w.pooling(layer); {
	case pool == nil:
		copy(out, row)
	case pool.Kind == MaxPool:
		w.pools[layer].ForwardLast(out, row, float32(math.Inf(-1)))
	case pool.normalises():
		kernel.LengthNormalise(out, row, len(row))
	default:
		averageLast(out, row)
	}
}

// renewFirst does edits and patches of any sort, channels first.
func (w *sweepWorker) renewFirst(layer int, a *armPlan, image int, out []float32) {
	geo := &w.net.geo[layer]
	w.row, w.scratch = sized(w.row, geo.Act.Size()), sized(w.scratch, geo.Out.Size())
	row, pooled := w.row[:geo.Act.Size()], w.scratch[:geo.Out.Size()]
	w.perform(layer, row, 0, len(row), a.first.actions, image)
	w.poolRow(layer, pooled, row)
	toLast(out, pooled, geo.Out[0])
}

// same compares by value: 0 and −0 are the same to whoever reads them, NaN is not itself.
func same(a, b []float32) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

// pooledUnit pools one unit's map; of a layer that is normalised as a whole nobody asks for one.
func (w *sweepWorker) pooledUnit(layer int, unit []float32) []float32 {
	g := &w.net.geo[layer]
	switch pool := w.net.Spec.Layers[layer-1].Pool; {
	case pool == nil:
		return unit
	case pool.Kind == MaxPool:
		w.plane = sized(w.plane, g.Act.Area())
		out := w.plane[:g.Out.Area()]
		w.pools[layer].Plane(out, unit)
		return out
	default:
		w.plane = sized(w.plane, 1)
		w.plane[0] = averageUnit(unit)
		return w.plane[:1]
	}
}

// poolRow pools one image's activations of a layer.
func (w *sweepWorker) poolRow(layer int, out, act []float32) {
	g := &w.net.geo[layer]
	switch pool := w.net.Spec.Layers[layer-1].Pool; {
	case pool == nil:
		copy(out, act)
	case pool.Kind == MaxPool:
		in, area := g.Act.Area(), g.Out.Area()
		for u := range g.Act[0] {
			w.pools[layer].Plane(out[u*area:(u+1)*area], act[u*in:(u+1)*in])
		}
	case pool.normalises():
		kernel.LengthNormalise(out, act, len(act))
	default:
		for u := range out {
			out[u] = averageUnit(act[u*g.Act.Area() : (u+1)*g.Act.Area()])
		}
	}
}
