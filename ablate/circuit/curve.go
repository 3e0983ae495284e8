package circuit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// The sizes of a curve grow by curveGrowth from curveLeast on; in the band of random circuits each size
// has curveRandom of them, on at most curveBandPairs pairs.
const (
	curveLeast     = 5
	curveGrowth    = 1.5
	curveRandom    = 40
	curveBandPairs = 100
)

// grid are the circuits of a curve, smallest first, each size once.
func (r *ranking) grid() (out []wiring) {
	for size := float64(curveLeast); ; size *= curveGrowth {
		n := int(min(size, float64(len(r.order))))
		if w := r.atMost(n); len(w.Edges) > 0 && (len(out) == 0 || len(w.Edges) > len(out[len(out)-1].Edges)) {
			out = append(out, w)
		}
		if n == len(r.order) {
			return out
		}
	}
}

// onSelect is the faithfulness of circuits on select.
func (f *finder) onSelect(ctx context.Context, all []wiring) ([]float64, error) {
	masks := make([]*model.Mask, len(all))
	for k, w := range all {
		masks[k] = f.Mask(w.Edges)
	}
	ys, err := f.selected.Run(ctx, "choosing a size", masks)
	out := make([]float64, len(all))
	for k, y := range ys {
		out[k] = f.selectScale.faithfulness(y)
	}
	return out, err
}

// choose finds the circuit that was wished for.
func (f *finder) choose(ctx context.Context) error {
	ys, err := f.selected.Run(ctx, "choosing a size", []*model.Mask{f.Network.NewMask(true), f.Network.NewMask(false)})
	if err != nil {
		return err
	}
	f.selectScale = newScale(ys[0], ys[1], f.bootstrap())
	switch w := f.wish; {
	case w.Edges > 0:
		f.wiring = f.ranking.atMost(w.Edges)
		if n := len(f.wiring.Edges); n < w.Edges && n > 0 {
			f.warnf("%d edges were asked for; the next smaller size of which every edge is on a path from the image to the output has %d", w.Edges, n)
		}
	case w.Threshold > 0:
		f.wiring = f.ranking.above(w.Threshold)
	case w.Faithfulness > 0:
		if !f.selectScale.defined {
			return fmt.Errorf("circuit: on %d select pairs y of the whole network, %.3g, cannot be told from y with every edge corrupted, %.3g: no size can be chosen by faithfulness (want a number of edges, or another reference)",
				f.selected.Len(), stats.Mean(ys[0]), stats.Mean(ys[1]))
		}
		f.wiring, err = ablate.Part(f.parts, "circuit size", func() (w wiring, err error) {
			return f.smallest(ctx, f.wish.Faithfulness)
		})
	default:
		f.wiring = f.ranking.first(f.ranking.kept)
	}
	if err == nil && len(f.wiring.Edges) == 0 {
		return fmt.Errorf("circuit: %w on a path from the image to the output (the strongest score is %.3g)", ErrEmpty, f.strongest())
	}
	if err != nil || f.wish.Faithfulness == 0 {
		return err
	}
	reached, err := f.onSelect(ctx, []wiring{f.wiring})
	if err == nil && reached[0] < f.wish.Faithfulness {
		f.warnf("no circuit reaches a faithfulness of %v on select: the largest, of all edges that have a score, reaches %.3g", f.wish.Faithfulness, reached[0])
	}
	return err
}

func (f *finder) strongest() float64 {
	strongest := 0.0
	for _, score := range f.ranking.Score {
		strongest = max(strongest, math.Abs(score))
	}
	return strongest
}

// smallest is the smallest circuit on the grid that reaches a faithfulness on select, refined by bisection
// between it and the size before; where none does, the largest.
func (f *finder) smallest(ctx context.Context, goal float64) (wiring, error) {
	grid := f.ranking.grid()
	if len(grid) == 0 {
		return wiring{}, nil
	}
	reached, err := f.onSelect(ctx, grid)
	if err != nil {
		return wiring{}, err
	}
	at := slices.IndexFunc(reached, func(v float64) bool { return v >= goal })
	if at < 0 {
		return grid[len(grid)-1], nil // choose warns of it
	}
	best, below := grid[at], 0
	if at > 0 {
		below = len(grid[at-1].Edges)
	}
	for len(best.Edges)-below > 1 {
		middle := f.ranking.atMost((len(best.Edges) + below) / 2)
		if len(middle.Edges) <= below {
			below = (len(best.Edges) + below) / 2
			continue
		}
		v, err := f.onSelect(ctx, []wiring{middle})
		if err != nil {
			return wiring{}, err
		}
		if v[0] >= goal {
			best = middle
		} else {
			below = (len(best.Edges) + below) / 2
		}
	}
	return best, nil
}

// curve is the faithfulness over size, of the method's circuits and of random ones.
func (f *finder) curve(ctx context.Context) (err error) {
	f.result.Curve, err = ablate.Part(f.parts, "circuit curve", func() ([]CurvePoint, error) { return f.curvePoints(ctx) })
	return err
}

func (f *finder) curvePoints(ctx context.Context) ([]CurvePoint, error) {
	all := f.ranking.grid()
	if !slices.ContainsFunc(all, func(w wiring) bool { return len(w.Edges) == len(f.wiring.Edges) }) {
		all = append(all, f.wiring)
		slices.SortFunc(all, func(a, b wiring) int { return len(a.Edges) - len(b.Edges) })
	}
	onSelect, err := f.onSelect(ctx, all)
	if err != nil {
		return nil, err
	}
	masks := []*model.Mask{f.Network.NewMask(true), f.Network.NewMask(false)}
	for _, w := range all {
		masks = append(masks, f.Mask(w.Edges))
	}
	ys, err := f.measured.Run(ctx, "curve", masks)
	if err != nil {
		return nil, err
	}
	s := newScale(ys[0], ys[1], f.bootstrap())
	numerators := make([][]float64, len(all))
	for k := range all {
		numerators[k] = minus(ys[2+k], ys[1])
	}
	intervals := s.intervals(f.bootstrap(), numerators...)
	points := make([]CurvePoint, len(all))
	for k, w := range all {
		points[k] = CurvePoint{Edges: len(w.Edges), Candidates: w.Candidates, Share: float64(len(w.Edges)) / float64(len(f.Edges)),
			Faithfulness: intervals[k], RandomLow: probe.Undefined, RandomHigh: probe.Undefined, Chosen: len(w.Edges) == len(f.wiring.Edges)}
		if f.selectScale.defined {
			points[k].Select = onSelect[k]
		}
	}
	return points, f.band(ctx, all, points)
}

// band fills in what random circuits of each size reach.
func (f *finder) band(ctx context.Context, all []wiring, points []CurvePoint) error {
	each := min(f.random, curveRandom)
	if each == 0 {
		return nil
	}
	part := f.measured.first(curveBandPairs)
	masks := []*model.Mask{f.Network.NewMask(true), f.Network.NewMask(false)}
	for _, w := range all {
		masks = append(masks, f.draw(w.Edges, each, uint64(len(w.Edges)))...)
	}
	ys, err := part.Run(ctx, "curve of random circuits", masks)
	if err != nil {
		return err
	}
	s := newScale(ys[0], ys[1], f.bootstrap())
	if !s.defined {
		return nil
	}
	for k := range points {
		var values []float64
		for _, y := range ys[2+k*each:][:each] {
			values = append(values, s.faithfulness(y))
		}
		reach := spread(values)
		points[k].RandomLow, points[k].RandomHigh = reach.Low, reach.High
	}
	return nil
}
