package circuit

import (
	"math/rand/v2"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// layers are the two ends of an edge.
type layers struct{ from, to int }

// draw draws circuits with as many edges from each layer to each layer as one has, all such sets
// being equally likely. They need not be connected.
func (p *Preparation) draw(edges []int, count int, stream uint64) []*model.Mask {
	wanted, all := map[layers]int{}, map[layers][]int{}
	for _, e := range edges {
		wanted[p.between(e)]++
	}
	var order []layers // a map has none
	for e := range p.Edges {
		l := p.between(e)
		if all[l] == nil {
			order = append(order, l)
		}
		all[l] = append(all[l], e)
	}
	r := rand.New(rand.NewPCG(p.Seed, 0x72616e64<<16+stream)) // "rand"
	masks := make([]*model.Mask, count)
	for k := range masks {
		var drawn []int
		for _, l := range order {
			for _, at := range r.Perm(len(all[l]))[:wanted[l]] {
				drawn = append(drawn, all[l][at])
			}
		}
		masks[k] = p.Mask(drawn)
	}
	return masks
}

func (p *Preparation) between(edge int) layers {
	return layers{p.Edges[edge].From.Layer, p.Edges[edge].To.Layer}
}

// spread describes numbers.
func spread(values []float64) Spread {
	q := func(at float64) probe.Number { return probe.Number(stats.Quantile(values, at)) }
	mean := probe.Undefined
	if len(values) > 0 {
		mean = probe.Number(stats.Mean(values))
	}
	return Spread{N: len(values), Mean: mean, Low: q(0.025), High: q(0.975), Lowest: q(0), Most: q(1)}
}

// randomP is the share of random circuits that do at least as well, the circuit itself among them.
func randomP(random []float64, asWell func(float64) bool) probe.Number {
	if len(random) == 0 {
		return probe.Undefined
	}
	b := 0
	for _, v := range random {
		if asWell(v) {
			b++
		}
	}
	return probe.Number(stats.PermutationP(b, len(random)))
}
