package circuit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// comparer is a comparison under way. Sides are A and B. Edges that can be compared are known by their
// number in A's network.
type comparer struct {
	sides  [2]*side
	same   bool
	random int
	// theirs is by edge of A's network the number of its counterpart in B's, -1 where there is none.
	theirs []int
	// partner is B's neuron for each of A's that has one, back the reverse.
	partner, back map[model.Address]model.Address
	r             map[model.Address]probe.Number
	result        *Comparison
}

// side is one of the circuits.
type side struct {
	*Preparation
	name     string
	labels   map[model.Address]probe.Label
	scores   []float64
	rank     []int // by edge: its place by |score|, from 1
	wiring   []int // all edges of the circuit, in its own network's numbers
	chosen   *Task
	measured *Task
	// shown are the edges that can be compared, in A's numbers, ascending.
	shown []int
}

// side finds a circuit.
func (o CompareOptions) side(ctx context.Context, set *datasets.Set, s Side) (*side, error) {
	mine := o.Options
	mine.Target, mine.Labels = s.Target, s.Labels
	if o.Progress != nil {
		mine.Progress = func(stage string, done, total int) { o.Progress(s.Name+": "+stage, done, total) }
	}
	p, err := Prepare(ctx, s.Network, set, mine)
	if err != nil {
		return nil, err
	}
	out := &side{Preparation: p, name: s.Name, labels: s.Labels}
	if out.chosen, err = p.Task(ctx, datasets.Select, p.Against); err != nil {
		return nil, err
	}
	if out.measured, err = p.Task(ctx, p.Split, p.Against); err != nil {
		return nil, err
	}
	part := fmt.Sprintf("compared scores %s %.12s", s.Target, s.Network.Digest())
	scores, err := ablate.Part(o.Parts, part, func() (*Scores, error) { return o.Method.Score(ctx, out.chosen) })
	if err != nil {
		return nil, err
	}
	if len(scores.Score) != len(p.Edges) {
		return nil, fmt.Errorf("circuit: method %s gave %d scores for %d edges", o.Method.Name(), len(scores.Score), len(p.Edges))
	}
	ranked := p.rank(scores)
	out.scores, out.wiring = scores.Score, ranked.atMost(o.Edges).Edges
	if len(out.wiring) == 0 {
		return nil, fmt.Errorf("circuit: %w on a path from the image to the output", ErrEmpty)
	}
	out.rank = places(scores.Score)
	return out, nil
}

// places are ranks by size, from 1; ties by place.
func places(values []float64) []int {
	order := make([]int, len(values))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(abs(values[b]), abs(values[a])) })
	ranks := make([]int, len(values))
	for k, e := range order {
		ranks[e] = k + 1
	}
	return ranks
}

// match pairs the neurons of the two networks: hidden ones with their homologues where both are each
// other's best match; channels of the image and outputs with their namesakes.
func (c *comparer) match(ctx context.Context) error {
	a, b := c.sides[0], c.sides[1]
	n := a.Network
	c.partner, c.back, c.r = map[model.Address]model.Address{}, map[model.Address]model.Address{}, map[model.Address]probe.Number{}
	pair := func(x, y model.Address, r probe.Number) { c.partner[x], c.back[y], c.r[x] = y, x, r }
	for l := range n.Depth() + 1 {
		if c.same || l == 0 || l == n.Depth() {
			for u := range n.Geometry(l).Out[0] {
				pair(model.Neuron(l, u), model.Neuron(l, u), 1)
			}
		}
	}
	if !c.same {
		o := a.Options.Options
		o.Parts = nil
		a.progress("homologues", 0, 1)
		found, err := ablate.Homologues(ctx, n, b.Network, a.Set, o)
		if err != nil {
			return err
		}
		layers := map[int]*[]float64{}
		for _, h := range found {
			if layers[h.Neuron.Layer] == nil {
				layers[h.Neuron.Layer] = &[]float64{}
			}
			if h.Found() && h.Mutual {
				pair(h.Neuron, h.Match, h.R)
				*layers[h.Neuron.Layer] = append(*layers[h.Neuron.Layer], float64(h.R))
			}
		}
		for l := 1; l < n.Depth(); l++ {
			rs := *layers[l]
			c.result.Matching = append(c.result.Matching, LayerMatch{n.Layer(l).Name, n.Geometry(l).Act[0], len(rs), probe.Number(stats.Quantile(rs, 0.5))})
		}
		a.progress("homologues", 1, 1)
	}
	c.theirs = make([]int, len(a.Edges))
	ours := map[int]int{}
	for e, edge := range a.Edges {
		c.theirs[e] = -1
		from, ok := c.partner[edge.From]
		to, too := c.partner[edge.To]
		if ok && too {
			if at := b.Number(model.Edge{From: from, To: to}); at >= 0 { // a sum's edges go to namesakes
				c.theirs[e], ours[at] = at, e
				c.result.Comparable++
			}
		}
	}
	for _, e := range a.wiring {
		if c.theirs[e] >= 0 {
			a.shown = append(a.shown, e)
		}
	}
	for _, e := range b.wiring {
		if at, ok := ours[e]; ok {
			b.shown = append(b.shown, at)
		}
	}
	slices.Sort(a.shown)
	slices.Sort(b.shown)
	return nil
}

// hiddenOf are the hidden neurons at the ends of some edges, in order.
func (p *Preparation) hiddenOf(edges []int) []model.Address {
	links := make([]Link, len(edges))
	for k, e := range edges {
		links[k].Edge = p.Edges[e]
	}
	return p.hidden(endsOf(links))
}

// describe fills in the two sides, and the neurons and edges of either.
func (c *comparer) describe() {
	r, p := c.result, c.sides[0].Preparation
	for k, to := range []*ComparedSide{&r.A, &r.B} {
		s := c.sides[k]
		*to = ComparedSide{Name: s.name, Target: s.Goal, Class: s.Network.Classes[s.Goal.Class], Against: s.Against, Network: s.Network.Digest(),
			SelectPairs: s.chosen.Len(), Pairs: s.measured.Len(), Excluded: s.chosen.Excluded + s.measured.Excluded, Edges: len(s.wiring), LeftOutEdges: len(s.wiring) - len(s.shown)}
		hidden := s.hiddenOf(s.wiring)
		to.Neurons = len(hidden)
		known := c.partner
		if k == 1 {
			known = c.back
		}
		for _, a := range hidden {
			if _, ok := known[a]; !ok {
				to.LeftOutNeurons++
			}
		}
	}
	var union []int
	union = append(append(union, c.sides[0].shown...), c.sides[1].shown...)
	slices.Sort(union)
	union = slices.Compact(union)
	for _, e := range union {
		edge := p.Edges[e]
		l := ComparedLink{Edge: edge, Source: edge.From.String(), Target: edge.To.String(), InA: has(c.sides[0].shown, e), InB: has(c.sides[1].shown, e),
			ScoreA: c.sides[0].scores[e], ScoreB: c.sides[1].scores[c.theirs[e]], RankA: c.sides[0].rank[e], RankB: c.sides[1].rank[c.theirs[e]]}
		carried := p.reference(edge)
		for _, v := range carried {
			l.Contribution += float64(v) / float64(len(carried))
		}
		if !c.same {
			l.Other = c.sides[1].Edges[c.theirs[e]].String()
		}
		r.Links = append(r.Links, l)
	}
	slices.SortStableFunc(r.Links, func(x, y ComparedLink) int {
		return cmp.Or(count(y.Shared())-count(x.Shared()), cmp.Compare(max(abs(y.ScoreA), abs(y.ScoreB)), max(abs(x.ScoreA), abs(x.ScoreB))))
	})
	c.nodes()
}

func has(sorted []int, e int) bool {
	_, ok := slices.BinarySearch(sorted, e)
	return ok
}

// nodes fills in the hidden neurons of either circuit. A neuron belongs to a circuit if that has it at
// all, even where the edge that it has there cannot be compared.
func (c *comparer) nodes() {
	r, a, b := c.result, c.sides[0], c.sides[1]
	var all []model.Address
	members := [2]map[model.Address]bool{{}, {}}
	for _, n := range a.hiddenOf(a.wiring) {
		if _, ok := c.partner[n]; ok {
			members[0][n] = true
			all = append(all, n)
		}
	}
	for _, n := range b.hiddenOf(b.wiring) {
		if mine, ok := c.back[n]; ok {
			members[1][mine] = true
			all = append(all, mine)
		}
	}
	slices.SortFunc(all, compareNeurons)
	for _, n := range slices.Compact(all) {
		other := c.partner[n]
		x := ComparedNode{Neuron: n, ID: n.String(), R: probe.Undefined, Layer: a.Network.Layer(n.Layer).Name, Label: a.labels[n].Name, InA: members[0][n], InB: members[1][n]}
		if !c.same {
			x.Other, x.R, x.LabelB = other.String(), c.r[n], b.labels[other].Name
		}
		x.EdgesA, x.ShareA = a.part(n)
		x.EdgesB, x.ShareB = b.part(other)
		r.Nodes = append(r.Nodes, x)
	}
	slices.SortStableFunc(r.Nodes, func(x, y ComparedNode) int {
		return cmp.Or(count(y.InA && y.InB)-count(x.InA && x.InB), cmp.Compare(y.ShareA+y.ShareB, x.ShareA+x.ShareB))
	})
}

// part is how many of a circuit's edges a neuron has, and their share of Σ|score|.
func (s *side) part(n model.Address) (edges int, share float64) {
	all := 0.0
	for _, e := range s.wiring {
		size := abs(s.scores[e])
		all += size
		if s.Edges[e].From == n || s.Edges[e].To == n {
			edges++
			share += size
		}
	}
	if all > 0 {
		share /= all
	}
	return edges, share
}
