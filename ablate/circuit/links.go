package circuit

import (
	"context"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// links fills in the circuit's edges.
func (f *finder) links(ctx context.Context) error {
	edges := f.wiring.Edges
	noised, err := ablate.Part(f.parts, "circuit edges", func() ([][]float64, error) { return f.measured.Effects(ctx, "corrupting edges", edges, Noising) })
	if err != nil {
		return err
	}
	var restored [][]float64
	if f.Against.images() {
		restored, err = ablate.Part(f.parts, "circuit edges restored", func() ([][]float64, error) { return f.measured.Effects(ctx, "restoring edges", edges, Denoising) })
		if err != nil {
			return err
		}
	}
	if f.result.Edges, err = f.measured.linksOf(ctx, edges, noised); err != nil {
		return err
	}
	for k, e := range edges {
		l := &f.result.Edges[k]
		if l.Score = f.ranking.Score[e]; restored != nil {
			l.Restored = probe.Number(stats.Mean(restored[k]))
		}
	}
	f.result.Dropped = f.ranking.dropped(f.wiring)
	return nil
}

// linksOf tells of edges, by number, what their effects by pair and the clean images say; they have no score.
func (t *Task) linksOf(ctx context.Context, edges []int, effects [][]float64) ([]Link, error) {
	sent, err := meanOutputs(ctx, t.Network, t.Clean, t.Workers)
	if err != nil {
		return nil, err
	}
	links, p := make([]Link, len(edges)), make([]float64, len(edges))
	for k, interval := range t.intervals(effects...) {
		edge := t.Edges[edges[k]]
		p[k] = t.permutations().SignFlip(effects[k])
		l := Link{Edge: edge, Source: ID(edge.From), Target: ID(edge.To), Exact: interval, P: probe.Number(p[k]), Restored: probe.Undefined,
			Contribution: t.meanContribution(edge, sent)}
		for _, w := range t.Network.Synapses(edge.From, edge.To) {
			l.Synapses, l.Weight = l.Synapses+1, l.Weight+float64(w)
		}
		links[k] = l
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		links[k].Adj = probe.Number(adjusted)
	}
	return links, nil
}

// meanContribution is the mean over positions of what an edge carries where its sender hands on `sent`.
func (p *Preparation) meanContribution(e model.Edge, sent [][]float32) float64 {
	carried := make([]float32, p.Network.Positions(e.To))
	p.Network.Contribution(carried, e.From, e.To, sent[e.From.Layer])
	sum := 0.0
	for _, v := range carried {
		sum += float64(v)
	}
	return sum / float64(len(carried))
}
