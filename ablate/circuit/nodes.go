package circuit

import (
	"context"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// nodes fills in the circuit's neurons.
func (f *finder) nodes(ctx context.Context) (err error) {
	ends := endsOf(f.result.Edges)
	effects, err := ablate.Part(f.parts, "circuit neurons", func() ([][]float64, error) { return f.measured.lesions(ctx, f.hidden(ends)) })
	f.result.Nodes = f.nodesOf(f.result.Edges, ends, effects)
	return err
}

// endsOf are the neurons at the ends of links, in order.
func endsOf(links []Link) []model.Address {
	var all []model.Address
	for _, l := range links {
		all = append(all, l.Edge.From, l.Edge.To)
	}
	slices.SortFunc(all, compareNeurons)
	return slices.Compact(all)
}

// hidden are those that can be lesioned: neither channels of the image nor outputs.
func (p *Preparation) hidden(neurons []model.Address) (out []model.Address) {
	for _, a := range neurons {
		if a.Layer > 0 && a.Layer < p.Network.Depth() {
			out = append(out, a)
		}
	}
	return out
}

// nodesOf tells of the neurons at the ends of links; effects are those of lesions, of the hidden ones.
func (p *Preparation) nodesOf(links []Link, ends []model.Address, effects [][]float64) []Node {
	in, out := map[model.Address]int{}, map[model.Address]int{}
	for _, l := range links {
		in[l.Edge.To]++
		out[l.Edge.From]++
	}
	lesions, hidden := p.intervals(effects...), p.hidden(ends)
	var nodes []Node
	for _, a := range ends {
		n := Node{ID: ID(a), Neuron: a, Layer: "input", AUROC: probe.Undefined, In: in[a], Out: out[a]}
		if a.Layer > 0 {
			n.Layer = p.Network.Layer(a.Layer).Name
		}
		if l, ok := p.Labels[a]; ok {
			n.Label, n.AUROC = l.Name, l.AUROC
		}
		if k := slices.Index(hidden, a); k >= 0 && k < len(lesions) {
			n.Lesioned, n.Lesion = true, lesions[k]
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// lesions are the effects on y, by neuron and pair, of corrupting all edges out of a neuron in the clean run:
// it hands on its reference.
func (t *Task) lesions(ctx context.Context, neurons []model.Address) ([][]float64, error) {
	masks := []*model.Mask{t.Network.NewMask(true)}
	for _, a := range slices.Backward(neurons) { // nearest the output first: the least is computed anew
		m := t.Network.NewMask(true)
		for _, e := range t.Edges {
			if e.From == a {
				m.Set(e, false)
			}
		}
		masks = append(masks, m)
	}
	ys, err := t.Run(ctx, "lesioning neurons", masks)
	if err != nil {
		return nil, err
	}
	var effects [][]float64
	for k := range neurons {
		effects = append(effects, minus(ys[len(ys)-1-k], ys[0]))
	}
	return effects, nil
}
