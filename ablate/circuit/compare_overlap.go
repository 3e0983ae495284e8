package circuit

import (
	"fmt"
	"math"
	"math/rand/v2"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// overlaps counts what both have, by layer, beside what chance would give.
func (c *comparer) overlaps() {
	r, p := c.result, c.sides[0].Preparation
	n := p.Network
	r.AllNeurons.Name, r.AllEdges.Name = "all hidden layers", "all"
	for l := 1; l < n.Depth(); l++ {
		o := Overlap{Name: n.Layer(l).Name}
		for u := range n.Geometry(l).Act[0] {
			_, matched := c.partner[model.Neuron(l, u)]
			o.All += count(matched)
		}
		for _, x := range r.Nodes {
			if x.Neuron.Layer == l {
				o.A, o.B, o.Shared = o.A+count(x.InA), o.B+count(x.InB), o.Shared+count(x.InA && x.InB)
			}
		}
		r.Neurons = append(r.Neurons, o)
	}
	at := map[layers]int{}
	for e := range p.Edges {
		if c.theirs[e] < 0 {
			continue
		}
		l := p.between(e)
		if _, known := at[l]; !known {
			at[l] = len(r.Layers)
			from := "input"
			if l.from > 0 {
				from = n.Layer(l.from).Name
			}
			r.Layers = append(r.Layers, Overlap{Name: fmt.Sprintf("%s to %s", from, n.Layer(l.to).Name)})
		}
		o := &r.Layers[at[l]]
		inA, inB := has(c.sides[0].shown, e), has(c.sides[1].shown, e)
		o.All, o.A, o.B, o.Shared = o.All+1, o.A+count(inA), o.B+count(inB), o.Shared+count(inA && inB)
	}
	together(r.Neurons, &r.AllNeurons)
	together(r.Layers, &r.AllEdges)
}

// together fills in what is expected of each row, and the sum of all rows.
func together(rows []Overlap, all *Overlap) {
	whole := []float64{1}
	var p []float64
	for k := range rows {
		o := &rows[k]
		pmf := hypergeometric(o.All, o.A, o.B)
		o.finish(pmf)
		p = append(p, float64(o.P))
		all.All, all.A, all.B, all.Shared = all.All+o.All, all.A+o.A, all.B+o.B, all.Shared+o.Shared
		whole = convolved(whole, pmf)
	}
	for k, q := range stats.BenjaminiHochberg(p) {
		rows[k].Adjusted = probe.Number(q)
	}
	all.finish(whole)
	all.Adjusted = probe.Undefined
}

// finish compares the number shared with its distribution.
func (o *Overlap) finish(pmf []float64) {
	o.Jaccard = probe.Undefined
	if union := o.A + o.B - o.Shared; union > 0 {
		o.Jaccard = probe.Number(float64(o.Shared) / float64(union))
	}
	p := 0.0
	for k := len(pmf) - 1; k >= 0; k-- {
		o.Expected += float64(k) * pmf[k]
		if k >= o.Shared {
			p += pmf[k]
		}
	}
	o.P = probe.Number(min(1, p))
}

// hypergeometric is the distribution of the overlap of a random set of a among n with one of b:
//
//	P(k) = C(a,k)·C(n−a,b−k) / C(n,b).
func hypergeometric(n, a, b int) []float64 {
	pmf := make([]float64, min(a, b)+1)
	for k := max(0, a+b-n); k < len(pmf); k++ {
		pmf[k] = math.Exp(logChoose(a, k) + logChoose(n-a, b-k) - logChoose(n, b))
	}
	return pmf
}

func logChoose(n, k int) float64 {
	factorial := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return factorial(n) - factorial(k) - factorial(n-k)
}

// convolved is the distribution of a sum.
func convolved(a, b []float64) []float64 {
	out := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			out[i+j] += x * y
		}
	}
	return out
}

// nulls draws circuits at random and counts what they share.
func (c *comparer) nulls() {
	p, a, b := c.sides[0].Preparation, c.sides[0].shown, c.sides[1].shown
	inA := make([]bool, len(p.Edges))
	for _, e := range a {
		inA[e] = true
	}
	var comparable []int
	for e := range p.Edges {
		if c.theirs[e] >= 0 {
			comparable = append(comparable, e)
		}
	}
	anew := p.drawer(b, comparable)
	ownA, ownB := p.drawer(a, p.among(a, comparable)), p.drawer(b, p.among(b, comparable))
	marks := make([]int, len(p.Edges))
	for k, draw := range []func(r *rand.Rand, round int) int{
		func(r *rand.Rand, _ int) int { return shared(inA, anew(r)) },
		func(r *rand.Rand, _ int) int { return shared(inA, c.relabelled(r, b)) },
		func(r *rand.Rand, round int) int {
			for _, e := range ownA(r) {
				marks[e] = round
			}
			both := 0
			for _, e := range ownB(r) {
				both += count(marks[e] == round)
			}
			return both
		},
	} {
		r := rand.New(rand.NewPCG(p.Seed, 0x6e756c6c<<8+uint64(k))) // "null"
		counts := make([]float64, p.Permutations)
		for round := range counts {
			counts[round] = float64(draw(r, round+1))
		}
		seen := float64(c.result.AllEdges.Shared)
		c.result.Nulls = append(c.result.Nulls, Null{Name: []string{NullLayers, NullRelabelled, NullNeurons}[k], Draws: spread(counts),
			Many: randomP(counts, func(v float64) bool { return v >= seen }), Few: randomP(counts, func(v float64) bool { return v <= seen })})
	}
}

func shared(in []bool, edges []int) (n int) {
	for _, e := range edges {
		n += count(in[e])
	}
	return n
}

// drawer draws as many edges from each layer to each layer as a circuit has, among some.
func (p *Preparation) drawer(circuit, among []int) func(*rand.Rand) []int {
	strata := p.strata(circuit, among)
	out := make([]int, 0, len(circuit))
	return func(r *rand.Rand) []int {
		out = out[:0]
		for _, s := range strata {
			pool := s.pool
			for k := range s.wanted { // the beginning of a random order
				at := k + r.IntN(len(pool)-k)
				pool[k], pool[at] = pool[at], pool[k]
			}
			out = append(out, pool[:s.wanted]...)
		}
		return out
	}
}

// among are the edges of some between neurons that a circuit has.
func (p *Preparation) among(circuit, some []int) (out []int) {
	mine := map[model.Address]bool{}
	for _, e := range circuit {
		mine[p.Edges[e].From], mine[p.Edges[e].To] = true, true
	}
	for _, e := range some {
		if mine[p.Edges[e].From] && mine[p.Edges[e].To] {
			out = append(out, e)
		}
	}
	return out
}

// relabelled is a circuit whose hidden neurons have changed places within their layers, among those
// that can be compared. Where a sum's namesakes part, the edge is lost.
func (c *comparer) relabelled(r *rand.Rand, circuit []int) []int {
	p := c.sides[0].Preparation
	to := map[model.Address]model.Address{}
	for l := 1; l < p.Network.Depth(); l++ {
		var units []model.Address
		for u := range p.Network.Geometry(l).Act[0] {
			if _, ok := c.partner[model.Neuron(l, u)]; ok {
				units = append(units, model.Neuron(l, u))
			}
		}
		for k, at := range r.Perm(len(units)) {
			to[units[k]] = units[at]
		}
	}
	moved := func(a model.Address) model.Address {
		if b, ok := to[a]; ok {
			return b
		}
		return a
	}
	out := make([]int, 0, len(circuit))
	for _, e := range circuit {
		if at := p.Number(model.Edge{From: moved(p.Edges[e].From), To: moved(p.Edges[e].To)}); at >= 0 {
			out = append(out, at)
		}
	}
	return out
}

// scores compares the scores of all edges that can be compared.
func (c *comparer) scores() {
	var a, b, sizeA, sizeB []float64
	for e, at := range c.theirs {
		if at >= 0 {
			a, b = append(a, c.sides[0].scores[e]), append(b, c.sides[1].scores[at])
			sizeA, sizeB = append(sizeA, abs(c.sides[0].scores[e])), append(sizeB, abs(c.sides[1].scores[at]))
		}
	}
	s := &c.result.Scores
	*s = ScoreAgreement{Edges: len(a), Spearman: probe.Number(stats.Spearman(a, b)), Sizes: probe.Number(stats.Spearman(sizeA, sizeB)), Low: probe.Undefined, High: probe.Undefined, P: probe.Undefined}
	for _, l := range c.result.Links {
		if l.Shared() {
			s.Shared++
			s.SameSign += count(l.SameSign())
		}
	}
	if s.Shared > 0 {
		low, high := stats.Wilson(s.SameSign, s.Shared)
		s.Low, s.High = probe.Number(low), probe.Number(high)
		s.P = probe.Number(stats.McNemarExact(s.SameSign, s.Shared-s.SameSign)) // the sign test
	}
}
