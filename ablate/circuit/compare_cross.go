package circuit

import (
	"context"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// cross runs each circuit on each task.
func (c *comparer) cross(ctx context.Context) error {
	both := intersection(c.sides[0].shown, c.sides[1].shown)
	for k, s := range c.sides {
		// In this side's numbers.
		own := func(edges []int) []int {
			if k == 0 {
				return edges
			}
			out := make([]int, len(edges))
			for i, e := range edges {
				out[i] = c.theirs[e]
			}
			return out
		}
		names, circuits := []string{CrossOwn}, [][]int{s.wiring}
		if len(s.shown) < len(s.wiring) {
			names, circuits = append(names, CrossComparable), append(circuits, own(s.shown))
		}
		names, circuits = append(names, CrossOther, CrossShared), append(circuits, own(c.sides[1-k].shown), own(both))
		if err := c.crossTask(ctx, s, names, circuits); err != nil {
			return err
		}
	}
	return nil
}

func intersection(a, b []int) (out []int) {
	for _, e := range a {
		if has(b, e) {
			out = append(out, e)
		}
	}
	return out
}

// crossTask runs circuits on one side's measured pairs, beside random ones.
func (c *comparer) crossTask(ctx context.Context, s *side, names []string, circuits [][]int) error {
	masks := []*model.Mask{s.Network.NewMask(true), s.Network.NewMask(false)}
	for _, e := range circuits {
		masks = append(masks, s.Mask(e))
	}
	ys, err := s.measured.Run(ctx, "cross-faithfulness", masks)
	if err != nil {
		return err
	}
	scale := newScale(ys[0], ys[1], s.bootstrap())
	t := CrossTask{Side: s.name, Against: s.Against, Pairs: s.measured.Len(), Whole: stats.Mean(ys[0]), Corrupted: stats.Mean(ys[1]), Defined: scale.defined}
	var numerators [][]float64
	for _, y := range ys[2:] {
		numerators = append(numerators, minus(y, ys[1]))
	}
	intervals := scale.intervals(s.bootstrap(), numerators...)
	for k, edges := range circuits {
		row := CrossRow{Circuit: names[k], Edges: len(edges), Faithfulness: intervals[k]}
		var random []float64
		if scale.defined && c.random > 0 && len(edges) > 0 {
			drawn, err := s.measured.Run(ctx, "random circuits", s.draw(edges, c.random, uint64(k)))
			if err != nil {
				return err
			}
			for _, y := range drawn {
				random = append(random, scale.faithfulness(y))
			}
		}
		row.Random, row.P = spread(random), randomP(random, func(v float64) bool { return v >= row.Faithfulness.Estimate })
		t.Rows = append(t.Rows, row)
	}
	c.result.Cross = append(c.result.Cross, t)
	return nil
}
