package ablate

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// search scores every ordered pair of hidden units on select, from an ablation of each unit alone.
func (o *DissociateOptions) search(ctx context.Context, n *model.Network, set *datasets.Set, metric Metric) (DissociationSearch, error) {
	return Part(o.Parts, "dissociate-search", func() (DissociationSearch, error) {
		selecting := o.Options
		selecting.Split = datasets.Select
		s := DissociationSearch{}
		p, err := Prepare(ctx, n, set, selecting)
		if err != nil {
			return s, err
		}
		outcomes := o.Outcomes
		g, err := p.group(&outcomes)
		if err != nil {
			return s, err
		}
		rows := p.Rows(o.Layers)
		s.Candidates, s.Layers, s.Images, s.Tried = len(rows), layersOf(rows), len(g.images), len(rows)*(len(rows)-1)
		if len(rows) < 2 {
			return s, fmt.Errorf("ablate: %d hidden unit to search (want 2 or more)", len(rows))
		}
		var lost [][2]float64
		_, err = p.lostColumns(ctx, "searching", o.Kind, metric, rows, func(_ int, column []float64) {
			lost = append(lost, [2]float64{g.sum(0, column), g.sum(1, column)})
		})
		if err != nil {
			return s, err
		}
		for a := range rows {
			for b := range rows {
				if a != b {
					s.Best = keepBest(s.Best, scored(rows[a][0], rows[b][0], lost[a], lost[b]))
				}
			}
		}
		return s, nil
	})
}

func scored(a, b model.Address, lostA, lostB [2]float64) ScoredPair {
	return ScoredPair{a, b, [2][2]float64{lostA, lostB}, min(lostA[0], lostB[1]) - max(0, lostA[1], lostB[0])}
}

// keepBest adds a pair to the best ones, in order; of equal scores the larger damage comes first,
// then the lower address, in which order the pairs come.
func keepBest(best []ScoredPair, x ScoredPair) []ScoredPair {
	order := func(x, y ScoredPair) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Lost[0][0]+y.Lost[1][1], x.Lost[0][0]+x.Lost[1][1]))
	}
	at := len(best)
	for at > 0 && order(x, best[at-1]) < 0 {
		at--
	}
	if at == keptPairs {
		return best
	}
	best = slices.Insert(best, at, x)
	return best[:min(len(best), keptPairs)]
}
