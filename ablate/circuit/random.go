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
	all := make([]int, len(p.Edges))
	for e := range all {
		all[e] = e
	}
	strata := p.strata(edges, all)
	r := rand.New(rand.NewPCG(p.Seed, 0x72616e64<<16+stream)) // "rand"
	masks := make([]*model.Mask, count)
	for k := range masks {
		var drawn []int
		for _, s := range strata {
			for _, at := range r.Perm(len(s.pool))[:s.wanted] {
				drawn = append(drawn, s.pool[at])
			}
		}
		masks[k] = p.Mask(drawn)
	}
	return masks
}

// stratum is the edges from one layer to another that are drawn from, and how many of them.
type stratum struct {
	pool   []int
	wanted int
}

// strata sorts edges to draw from by their layers, those from and to which a circuit has any.
func (p *Preparation) strata(circuit, among []int) []stratum {
	wanted, at := map[layers]int{}, map[layers]int{}
	for _, e := range circuit {
		wanted[p.between(e)]++
	}
	var out []stratum
	for _, e := range among {
		l := p.between(e)
		if wanted[l] == 0 {
			continue
		}
		if _, known := at[l]; !known {
			at[l] = len(out)
			out = append(out, stratum{wanted: wanted[l]})
		}
		out[at[l]].pool = append(out[at[l]].pool, e)
	}
	return out
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
