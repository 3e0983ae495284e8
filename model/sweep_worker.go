package model

import (
	"context"
	"math"

	"neuroprobe/model/kernel"
)

// sweepWorker runs all arms on one block of images after another. It owns its buffers and
// belongs to one goroutine.
type sweepWorker struct {
	*sweeper
	intact  *sweptRun
	patched *sweptRun // on the images' counterparts
	padded  *paddings
	pools   []*kernel.MaxPool // by layer

	first, images int       // the block
	logits        []float32 // arms × images × classes
	pixels        []float32 // of counterparts

	pairs  []pair
	states []state // by layer
	chain  chainState
	// Scratch space: one image's activations of a layer, one unit's map, a layer's
	// pre-activations, one unit's change.
	row, plane, scratch, deltas, editRow, sent []float32
	changed                                    []int // images
}

// pair is one arm on one image of the block.
type pair struct {
	arm, image int
	plan       *armPlan
}

// state is what a layer hands on in a batch of pairs: what it does intact, or that with some units
// changed, or something else altogether.
type state struct {
	kind    stateKind
	changes []change
	deltas  []float32 // one map (area of Out) a change: new − intact
	out     []float32 // pairs × Out, where kind is throughout
	pre     []float32 // pairs × Act: the new pre-activation, where the front has worked it out
	hasPre  bool
}

type stateKind int

const (
	asIntact stateKind = iota
	inUnits
	throughout
)

// change is one unit that differs from the intact run in one pair of the batch.
type change struct{ pair, unit int }

func newSweepWorker(s *sweeper) *sweepWorker {
	n := s.net
	w := &sweepWorker{sweeper: s, padded: &paddings{s: s, held: map[[2]int][]float32{}},
		states: make([]state, n.Depth()+1), pools: make([]*kernel.MaxPool, n.Depth()+1)}
	for m := 1; m <= n.Depth(); m++ {
		if l, g := n.Layer(m), n.geo[m]; l.Pool != nil && l.Pool.Kind == MaxPool {
			w.pools[m] = kernel.NewMaxPool(g.Act[0], g.Act[1], g.Act[2], l.Pool.Size, l.Pool.stride())
		}
	}
	w.intact = newSweptRun(s, w.padded, w.pools)
	return w
}

// run computes all arms on images [first, first+images).
func (w *sweepWorker) run(ctx context.Context, first, images int) (SweepBatch, error) {
	size, classes := w.net.Spec.Input.Size(), len(w.net.Classes)
	w.first, w.images = first, images
	w.intact.run(w.sweeper.images[first*size : (first+images)*size])
	intact := w.intact.out[w.net.Depth()][:images*classes]
	block := images * classes
	if len(w.logits) != w.arms*block {
		w.logits = make([]float32, w.arms*block)
	}
	for k := range w.arms {
		copy(w.logits[k*block:(k+1)*block], intact)
	}
	source := -1
	for k := range w.groups {
		if ctx.Err() != nil {
			return SweepBatch{}, ctx.Err()
		}
		g := &w.groups[k]
		if g.source >= 0 && g.source != source {
			source = g.source
			w.visit(source)
		}
		w.runGroup(g)
	}
	return SweepBatch{First: first, Images: images, Intact: intact, Logits: w.logits}, nil
}

// visit runs the intact network on the block's counterparts in a source.
func (w *sweepWorker) visit(source int) {
	size, s := w.net.Spec.Input.Size(), &w.sources[source]
	if w.patched == nil {
		w.patched = newSweptRun(w.sweeper, w.padded, w.pools)
	}
	w.pixels = w.pixels[:0]
	for i := range w.images {
		at := s.counterpart(w.first + i)
		w.pixels = append(w.pixels, s.Images[at*size:(at+1)*size]...)
	}
	w.patched.run(w.pixels)
}

// capacity is how many pairs of a group fill a batch.
func (w *sweepWorker) capacity(g *group) int {
	values := 0
	for m := g.start; m <= w.net.Depth(); m++ {
		values += w.net.geo[m].Out.Size()
	}
	return max(1, min(largestBatch, batchBytes/(4*values)))
}

func (w *sweepWorker) runGroup(g *group) {
	if g.front == chain {
		w.runChain(g)
		return
	}
	w.begin(g)
	capacity := w.capacity(g)
	for k := range g.arms {
		a := &g.arms[k]
		if g.front == few && a.single(w.net.geo[g.start].Out) {
			w.scale(g, a, capacity)
			continue
		}
		for i := range w.images {
			if g.front == few && w.depart(g, a, i) || g.front == many && w.renew(g, a, i) {
				w.enter(g, a, i, capacity)
			} // else the logits are the intact ones
		}
	}
	w.finish(g)
}

// enter adds a pair, whose change at the first layer is there already, to the batch.
func (w *sweepWorker) enter(g *group, a *armPlan, image, capacity int) {
	w.pairs = append(w.pairs, pair{a.arm, image, a})
	if len(w.pairs) == capacity {
		w.finish(g)
	}
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

// begin empties the batch.
func (w *sweepWorker) begin(g *group) {
	w.pairs = w.pairs[:0]
	for m := range w.states {
		s := &w.states[m]
		s.kind, s.hasPre = asIntact, false
		s.changes, s.deltas, s.out, s.pre = s.changes[:0], s.deltas[:0], s.out[:0], s.pre[:0]
	}
}

// finish runs the batch through to the logits and empties it.
func (w *sweepWorker) finish(g *group) {
	if len(w.pairs) > 0 {
		w.propagate(g)
		w.collect()
	}
	w.begin(g)
}

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
	size, area := g.Act.Size(), g.Act.Area()
	w.row = sized(w.row, size)
	from := u.unit * area
	unit := w.row[from : from+area]
	copy(unit, w.intact.actFirst(layer, image)[from:])
	if hasEdges(u.actions) {
		copy(unit, w.intact.preFirst(layer, image)[from:])
		for k := range u.actions {
			if e := u.actions[k].edit; e != nil && e.From != nil {
				w.edge(layer, w.row, e, image, w.intact.outFirst(e.From.Layer, image))
			}
		}
		if w.net.Spec.Layers[layer-1].Activation == ReLU {
			kernel.ReLU(unit)
		}
	}
	w.act(layer, w.row, u.actions, image)
	return w.pooledUnit(layer, unit)
}

func hasEdges(actions []action) bool {
	for k := range actions {
		if e := actions[k].edit; e != nil && e.From != nil {
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
		case a.edit == nil:
			from, positions, step := a.patch.span(shape)
			other := w.patched.actFirst(layer, image)
			for p := range positions {
				row[from+p*step] = other[from+p*step]
			}
		case a.edit.From == nil:
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

// pooledUnit pools one unit's map.
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

// renew computes the first layer's output anew, and tells whether it differs from the intact one.
func (w *sweepWorker) renew(g *group, a *armPlan, image int) bool {
	s, geo := &w.states[g.start], &w.net.geo[g.start]
	at, size := len(s.out), geo.Out.Size()
	s.out = extend(s.out, size)
	if out := s.out[at:]; a.first.constant {
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
	default:
		averageLast(out, row)
	}
}

// renewFirst does edits and patches of any sort, channels first.
func (w *sweepWorker) renewFirst(layer int, a *armPlan, image int, out []float32) {
	geo := &w.net.geo[layer]
	w.row = sized(w.row, geo.Act.Size())
	row := w.row[:geo.Act.Size()]
	copy(row, w.intact.actFirst(layer, image))
	if hasEdges(a.first.actions) {
		copy(row, w.intact.preFirst(layer, image))
		for k := range a.first.actions {
			if e := a.first.actions[k].edit; e != nil && e.From != nil {
				w.edge(layer, row, e, image, w.intact.outFirst(e.From.Layer, image))
			}
		}
		if w.relu(layer) {
			kernel.ReLU(row)
		}
	}
	w.act(layer, row, a.first.actions, image)
	w.scratch = sized(w.scratch, geo.Out.Size())
	pooled := w.scratch[:geo.Out.Size()]
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
	default:
		for u := range out {
			out[u] = averageUnit(act[u*g.Act.Area() : (u+1)*g.Act.Area()])
		}
	}
}

// collect copies the batch's logits to their places.
func (w *sweepWorker) collect() {
	depth, classes := w.net.Depth(), len(w.net.Classes)
	for k, p := range w.pairs {
		to := w.logits[(p.arm*w.images+p.image)*classes:][:classes]
		for c, v := range w.outLast(depth, k) {
			to[c] = v
		}
	}
}

// outLast is what a layer hands on in a pair, channels last.
func (w *sweepWorker) outLast(layer, pair int) []float32 {
	s, size := &w.states[layer], w.net.geo[layer].Out.Size()
	intact := w.intact.out[layer][w.pairs[pair].image*size:][:size]
	switch s.kind {
	case throughout:
		return s.out[pair*size : (pair+1)*size]
	case inUnits:
		w.row = sized(w.row, size)
		row, shape := w.row[:size], w.net.geo[layer].Out
		copy(row, intact)
		for k, c := range s.changes {
			if c.pair == pair {
				for p, d := range s.deltas[k*shape.Area() : (k+1)*shape.Area()] {
					row[p*shape[0]+c.unit] += d
				}
			}
		}
		return row
	}
	return intact
}

// outFirst is the same, channels first.
func (w *sweepWorker) outFirst(layer, pair int) []float32 {
	if w.states[layer].kind == asIntact {
		return w.intact.outFirst(layer, w.pairs[pair].image)
	}
	last := w.outLast(layer, pair)
	w.sent = sized(w.sent, len(last))
	toFirst(w.sent[:len(last)], last, w.net.geo[layer].Out[0])
	return w.sent[:len(last)]
}

// sized gives a buffer of at least n values.
func sized(buffer []float32, n int) []float32 {
	if len(buffer) < n {
		return make([]float32, n)
	}
	return buffer
}

// extend makes a slice n values longer; what they are is not defined.
func extend(s []float32, n int) []float32 {
	if need := len(s) + n; need <= cap(s) {
		return s[:need]
	}
	grown := make([]float32, len(s)+n, max(2*cap(s), len(s)+n))
	copy(grown, s)
	return grown
}
