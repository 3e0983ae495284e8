package circuit

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"neuroprobe/model"
)

// prune keeps the edges that are on a path from the image to an output that y depends on, in their
// order. What is dropped carries nothing of the image, or reaches nothing.
func (p *Preparation) prune(edges []int) []int {
	sorted := slices.Clone(edges)
	slices.Sort(sorted) // by receiver's layer: an edge comes after all that its sender reads
	fed, read := map[model.Address]bool{}, map[model.Address]bool{}
	for _, e := range sorted {
		if from := p.Edges[e].From; from.Layer == 0 || fed[from] {
			fed[p.Edges[e].To] = true
		}
	}
	for _, e := range slices.Backward(sorted) {
		if p.counts(p.Edges[e].To) || read[p.Edges[e].To] {
			read[p.Edges[e].From] = true
		}
	}
	var kept []int
	for _, e := range edges {
		from, to := p.Edges[e].From, p.Edges[e].To
		if (from.Layer == 0 || fed[from]) && (p.counts(to) || read[to]) {
			kept = append(kept, e)
		}
	}
	return kept
}

// counts tells whether a neuron is an output that y depends on.
func (p *Preparation) counts(a model.Address) bool {
	return a.Layer == p.Network.Depth() && p.weights[a.Unit] != 0
}

// ranking are a method's candidates, strongest first. Edges of score 0 are not among them.
type ranking struct {
	*Preparation
	*Scores
	order []int
	kept  int // how many, from the first on, the method wants; all of one that only ranks
}

// rank puts what the method kept first, then orders by |score|; ties by edge.
func (p *Preparation) rank(s *Scores) *ranking {
	r := &ranking{Preparation: p, Scores: s}
	if s.Order != nil {
		r.order, r.kept = s.Order, len(s.Order)
		return r
	}
	kept := func(e int) bool { return s.Kept == nil || s.Kept[e] }
	for e, score := range s.Score {
		if score != 0 {
			r.order = append(r.order, e)
			if kept(e) {
				r.kept++
			}
		}
	}
	slices.SortStableFunc(r.order, func(a, b int) int {
		if kept(a) != kept(b) {
			if kept(a) {
				return -1
			}
			return 1
		}
		return cmp.Compare(math.Abs(s.Score[b]), math.Abs(s.Score[a]))
	})
	return r
}

// wiring is a pruned set of edges, strongest first.
type wiring struct {
	Edges      []int
	Candidates int // the strongest so many, of which these are left
}

// first is what is left of the n strongest candidates.
func (r *ranking) first(n int) wiring { return wiring{r.prune(r.order[:n]), n} }

// atMost is the largest circuit of at most n edges: candidates are added until as many are left. Of
// the candidates that give it, the fewest.
func (r *ranking) atMost(n int) wiring {
	// What is left of more candidates contains what is left of fewer.
	most := sort.Search(len(r.order), func(k int) bool { return len(r.prune(r.order[:k+1])) > n })
	size := len(r.prune(r.order[:most]))
	return r.first(sort.Search(most, func(k int) bool { return len(r.prune(r.order[:k])) >= size }))
}

// above are the candidates whose score is at least t in size, pruned.
func (r *ranking) above(t float64) wiring {
	n := 0
	for n < len(r.order) && math.Abs(r.Score[r.order[n]]) >= t {
		n++
	}
	return r.first(n)
}

// dropped are the candidates that pruning left out of a circuit.
func (r *ranking) dropped(c wiring) (out []DroppedEdge) {
	for _, e := range r.order[:c.Candidates] {
		if !slices.Contains(c.Edges, e) {
			out = append(out, DroppedEdge{r.Edges[e].String(), r.Score[e]})
		}
	}
	return out
}
