package circuit

import (
	"context"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// annotate measures edges (by number, in order) and the neurons at their ends: exact effects with
// intervals and adjusted p, mean contributions, lesions, labels. It also gives the effects, by edge
// and pair.
func (t *Task) annotate(ctx context.Context, edges []int) ([]Node, []Link, map[int][]float64, error) {
	effects, err := t.Effects(ctx, "measuring links", edges, Noising)
	if err != nil {
		return nil, nil, nil, err
	}
	sent, err := meanOutputs(ctx, t.Network, t.Clean, t.Workers)
	if err != nil {
		return nil, nil, nil, err
	}
	links, byEdge := make([]Link, len(edges)), map[int][]float64{}
	var p []float64
	for k, interval := range t.intervals(effects) {
		e := t.Edges[edges[k]]
		links[k] = Link{Edge: e, Source: ID(e.From), Target: ID(e.To), Exact: interval, P: probe.Number(t.permutations().SignFlip(effects[k])), Restored: probe.Undefined,
			Contribution: t.contribution(e, sent)}
		for _, w := range t.Network.Synapses(e.From, e.To) {
			links[k].Synapses, links[k].Weight = links[k].Synapses+1, links[k].Weight+float64(w)
		}
		p = append(p, float64(links[k].P))
		byEdge[edges[k]] = effects[k]
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		links[k].Adj = probe.Number(adjusted)
	}
	nodes, err := t.nodes(ctx, links)
	return nodes, links, byEdge, err
}

// nodes are the neurons at the ends of links. The lesion of a hidden one gives all edges out of it their
// reference value at once.
func (t *Task) nodes(ctx context.Context, links []Link) ([]Node, error) {
	var all []model.Address
	in, out := map[model.Address]int{}, map[model.Address]int{}
	for _, l := range links {
		all = append(all, l.Edge.From, l.Edge.To)
		in[l.Edge.To]++
		out[l.Edge.From]++
	}
	slices.SortFunc(all, compareNeurons)
	all = slices.Compact(all)
	var nodes []Node
	var arms []model.Arm
	var lesioned []int
	for _, a := range all {
		n := Node{ID: ID(a), Neuron: a, Layer: "input", AUROC: probe.Undefined, In: in[a], Out: out[a]}
		if a.Layer > 0 {
			n.Layer = t.Network.Layer(a.Layer).Name
		}
		if label, ok := t.Labels[a]; ok {
			n.Label, n.AUROC = label.Name, label.AUROC
		}
		if a.Layer > 0 && a.Layer < t.Network.Depth() {
			n.Lesioned = true
			lesioned, arms = append(lesioned, len(nodes)), append(arms, t.armOf(t.edgesFrom(a)))
		}
		nodes = append(nodes, n)
	}
	effects, err := t.armEffects(ctx, "lesioning neurons", arms)
	if err != nil {
		return nil, err
	}
	for k, interval := range t.intervals(effects) {
		nodes[lesioned[k]].Lesion = interval
	}
	return nodes, nil
}

// edgesFrom are the numbers of a neuron's edges.
func (p *Preparation) edgesFrom(a model.Address) []int {
	var out []int
	for e, edge := range p.Edges {
		if edge.From == a {
			out = append(out, e)
		}
	}
	return out
}

// armOf corrupts several edges at once.
func (t *Task) armOf(edges []int) model.Arm {
	var all model.Arm
	for _, e := range edges {
		a := t.arm(t.Edges[e])
		all.Edits, all.PatchEdges = append(all.Edits, a.Edits...), append(all.PatchEdges, a.PatchEdges...)
	}
	return all
}

// armEffects are the effects of arms on y in the clean run, by arm and pair.
func (t *Task) armEffects(ctx context.Context, stage string, arms []model.Arm) ([][]float64, error) {
	out := columns(len(arms), t.Len())
	classes := len(t.Network.Classes)
	o := model.SweepOptions{Workers: t.Workers, Memory: t.Memory, Progress: func(done, total int) { t.progress(stage, done, total) }}
	if t.Against.images() {
		o.Sources = []model.Source{{Images: t.Corrupted}}
	}
	err := t.Network.Sweep(ctx, t.Clean, arms, o, func(b model.SweepBatch) {
		for i := range b.Images {
			intact := t.Y(b.Intact[i*classes : (i+1)*classes])
			for k := range arms {
				out[k][b.First+i] = t.Y(b.Logits[(k*b.Images+i)*classes:(k*b.Images+i+1)*classes]) - intact
			}
		}
	})
	return out, err
}

// intervals are means with bootstrap intervals over pairs.
func (p *Preparation) intervals(columns [][]float64) []ablate.Interval {
	if len(columns) == 0 {
		return nil
	}
	out := make([]ablate.Interval, len(columns))
	for k, i := range p.bootstrap().Means(columns...) {
		out[k] = ablate.Interval{Estimate: stats.Mean(columns[k]), Low: i.Low, High: i.High}
	}
	return out
}
