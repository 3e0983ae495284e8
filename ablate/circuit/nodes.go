package circuit

import (
	"cmp"
	"context"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// nodes fills in the circuit's neurons. To lesion one is to corrupt all edges out of it in the clean run:
// it hands on its reference.
func (f *finder) nodes(ctx context.Context) error {
	in, out := map[model.Address]int{}, map[model.Address]int{}
	var all []model.Address
	for _, e := range f.wiring.Edges {
		edge := f.Edges[e]
		out[edge.From]++
		in[edge.To]++
		all = append(all, edge.From, edge.To)
	}
	slices.SortFunc(all, func(a, b model.Address) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Unit, b.Unit))
	})
	all = slices.Compact(all)
	var hidden []model.Address
	for _, a := range all {
		if a.Layer > 0 && a.Layer < f.Network.Depth() {
			hidden = append(hidden, a)
		}
	}
	effects, err := ablate.Part(f.parts, "circuit neurons", func() ([][]float64, error) { return f.lesions(ctx, hidden) })
	if err != nil {
		return err
	}
	intervals := f.bootstrap().Means(effects...)
	for _, a := range all {
		n := Node{ID: a.String(), Neuron: a, Layer: "input", AUROC: probe.Undefined, In: in[a], Out: out[a]}
		if a.Layer > 0 {
			n.Layer = f.Network.Layer(a.Layer).Name
		}
		if l, ok := f.Labels[a]; ok {
			n.Label, n.AUROC = l.Name, l.AUROC
		}
		if k := slices.Index(hidden, a); k >= 0 {
			n.Lesioned, n.Lesion = true, ablate.Interval{Estimate: stats.Mean(effects[k]), Low: intervals[k].Low, High: intervals[k].High}
		}
		f.result.Nodes = append(f.result.Nodes, n)
	}
	return nil
}

// lesions are the effects on y, by neuron and pair.
func (f *finder) lesions(ctx context.Context, neurons []model.Address) ([][]float64, error) {
	masks := []*model.Mask{f.Network.NewMask(true)}
	for _, a := range slices.Backward(neurons) { // nearest the output first: the least is computed anew
		m := f.Network.NewMask(true)
		for _, e := range f.Edges {
			if e.From == a {
				m.Set(e, false)
			}
		}
		masks = append(masks, m)
	}
	ys, err := f.measured.Run(ctx, "lesions", masks)
	if err != nil {
		return nil, err
	}
	var effects [][]float64
	for k := range neurons {
		effects = append(effects, minus(ys[len(ys)-1-k], ys[0]))
	}
	return effects, nil
}
