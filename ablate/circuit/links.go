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
	sent, err := meanOutputs(ctx, f.Network, f.measured.Clean, f.Workers)
	if err != nil {
		return err
	}
	intervals := f.bootstrap().Means(noised...)
	p := make([]float64, len(edges))
	for k, e := range edges {
		edge := f.Edges[e]
		p[k] = f.permutations().SignFlip(noised[k])
		l := Link{Edge: edge, Source: edge.From.String(), Target: edge.To.String(), Score: f.ranking.Score[e],
			Exact: ablate.Interval{Estimate: stats.Mean(noised[k]), Low: intervals[k].Low, High: intervals[k].High},
			P:     probe.Number(p[k]), Restored: probe.Undefined, Contribution: f.contribution(edge, sent)}
		if restored != nil {
			l.Restored = probe.Number(stats.Mean(restored[k]))
		}
		for _, w := range f.Network.Synapses(edge.From, edge.To) {
			l.Synapses, l.Weight = l.Synapses+1, l.Weight+float64(w)
		}
		f.result.Edges = append(f.result.Edges, l)
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		f.result.Edges[k].Adj = probe.Number(adjusted)
	}
	f.result.Dropped = f.ranking.dropped(f.wiring)
	return nil
}

// contribution is the mean over positions of what an edge carries where its sender hands on `sent`.
func (p *Preparation) contribution(e model.Edge, sent [][]float32) float64 {
	carried := make([]float32, p.Network.Positions(e.To))
	p.Network.Contribution(carried, e.From, e.To, sent[e.From.Layer])
	sum := 0.0
	for _, v := range carried {
		sum += float64(v)
	}
	return sum / float64(len(carried))
}
