package model

import (
	"context"

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
	// pre-activations, one unit's change, the difference of two runs.
	row, plane, scratch, deltas, editRow, sent, gap []float32
	drive, steps                                    []float32 // of recurrent layers: pairs × units, pairs × Act
	changed                                         []int     // images
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
