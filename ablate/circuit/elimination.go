package circuit

import (
	"cmp"
	"context"
	"math"
	"slices"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// Elimination takes edges away a few at a time, those of least |score| first, and scores those that are left
// anew within the circuit that is left: what many edges carry together shows only when others are gone, which
// EAP and Exact, that score every edge once within the whole network, do not see. The score is EAP's at that
// circuit, minus the derivative of y by the edge's place in the mask (model.MaskedSession.Gradients): the
// effect on y, to first order, of corrupting the edge too. Edges on no path leave at once. The order of
// leaving, backwards, gives a circuit of every size, each a part of the next.
//
// P. Molchanov et al., Pruning convolutional neural networks for resource efficient inference, ICLR 2017,
// arXiv:1611.06440, prune neurons so; edges pruned together make more faithful circuits than edges scored
// alone: A. Bhaskar et al., Finding transformer circuits with edge pruning, NeurIPS 2024, arXiv:2406.16778.
type Elimination struct {
	// Rate is the share of the edges left that leave between two scorings; 0: DefaultRate.
	Rate float64
}

// DefaultRate of Elimination scores some sixty times on the way from 7,000 edges to 10.
const DefaultRate = 0.1

// Name implements Method.
func (Elimination) Name() string { return "elimination" }

// Score implements Method.
func (m Elimination) Score(ctx context.Context, t *Task) (*Scores, error) {
	if m.Rate == 0 {
		m.Rate = DefaultRate
	}
	g, err := t.newGreedy(false)
	if err != nil {
		return nil, err
	}
	s := &Scores{Score: make([]float64, len(t.Edges))}
	left := make([]int, len(t.Edges))
	for k := range left {
		left[k] = k
	}
	for len(left) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scores := g.within(t.Mask(left))
		for _, k := range left {
			s.Score[k] = scores[k]
		}
		slices.SortFunc(left, func(a, b int) int {
			return cmp.Or(cmp.Compare(math.Abs(scores[a]), math.Abs(scores[b])), cmp.Compare(a, b))
		})
		leave := max(1, int(m.Rate*float64(len(left))))
		on := t.prune(left[leave:])
		s.Order = append(s.Order, left[:leave]...)
		for _, k := range left[leave:] {
			if !slices.Contains(on, k) {
				s.Order = append(s.Order, k)
			}
		}
		left = on
		t.progress("elimination", len(s.Order), len(t.Edges))
	}
	slices.Reverse(s.Order)
	return s, nil
}

// within are the scores of EAP within a circuit, by edge.
func (g *greedy) within(mask *model.Mask) []float64 {
	blocks := columns(len(g.circuits), len(g.Edges))
	kernel.Parallel(g.Workers, len(g.circuits), func(_, block int) {
		images := len(g.circuits[block].Run(mask)) / len(g.weights)
		var targets []float32
		for range images {
			targets = append(targets, g.weights...)
		}
		sums, rest := make([][]float64, g.Network.Depth()+1), blocks[block]
		for m := 1; m < len(sums); m++ {
			sums[m], rest = rest[:g.into(m)], rest[g.into(m):]
		}
		g.circuits[block].Gradients(targets, sums)
	})
	scores := make([]float64, len(g.Edges))
	for _, b := range blocks {
		for k, v := range b {
			scores[k] -= v / float64(g.Len())
		}
	}
	return scores
}
