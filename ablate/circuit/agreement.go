package circuit

import (
	"context"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// Scores are held against exact effects on so many pairs of the measured split, and, of networks that
// have more, on as many random edges.
const (
	agreementPairs = 100
	agreementEdges = 10_000
)

// ranks are rank correlations of scores with exact effects.
type ranks struct {
	All, Last   probe.Number
	N, LastN    int
	PairsOfThem int
}

// agreement is how far the method ranks edges as exact effects do, over all edges and over those of the
// last three layers.
func (f *finder) agreement(ctx context.Context) error {
	if f.result.Method == (Exact{}).Name() {
		return nil // it would be held against itself
	}
	r, err := ablate.Part(f.parts, "circuit ranks", func() (ranks, error) { return f.ranks(ctx) })
	f.result.Rank, f.result.RankLast, f.result.RankN, f.result.LastN, f.result.RankPairs = r.All, r.Last, r.N, r.LastN, r.PairsOfThem
	return err
}

func (f *finder) ranks(ctx context.Context) (ranks, error) {
	var all, last []int
	for e := range f.Edges {
		all = append(all, e)
		if f.Edges[e].To.Layer > f.Network.Depth()-3 {
			last = append(last, e)
		}
	}
	all, last = f.sample(all), f.sample(last)
	wanted := slices.Concat(all, last)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	t := f.measured.first(agreementPairs)
	exact := map[int]float64{}
	const chunk = 2048 // edges whose effects are held at a time
	for first := 0; first < len(wanted); first += chunk {
		edges := wanted[first:min(first+chunk, len(wanted))]
		effects, err := t.Effects(ctx, "exact effects of edges", edges, Noising)
		if err != nil {
			return ranks{}, err
		}
		for k, m := range means(effects) {
			exact[edges[k]] = m
		}
	}
	correlation := func(edges []int) probe.Number {
		var x, y []float64
		for _, e := range edges {
			x, y = append(x, f.ranking.Score[e]), append(y, exact[e])
		}
		return probe.Number(stats.Spearman(x, y))
	}
	return ranks{correlation(all), correlation(last), len(all), len(last), t.Len()}, nil
}

// sample is all edges, or random ones of very many.
func (f *finder) sample(edges []int) []int {
	if len(edges) <= agreementEdges {
		return edges
	}
	r := rand.New(rand.NewPCG(f.Seed, 0x61677265)) // "agre"
	var out []int
	for _, at := range r.Perm(len(edges))[:agreementEdges] {
		out = append(out, edges[at])
	}
	return out
}
