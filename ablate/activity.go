package ablate

import (
	"context"

	"neuroprobe/model"
)

// observe runs the intact network and watches the targets: how often each fires (activation
// above 0 anywhere in it), by class, and its mean activation.
func observe(ctx context.Context, n *model.Network, images []float32, labels []int, targets []model.Address, workers int) ([]float32, []Target, error) {
	out := make([]Target, len(targets))
	var want model.Trace
	for k, t := range targets {
		l := n.Layer(t.Layer)
		out[k] = Target{Address: t, Layer: l.Name, Kind: l.Kind,
			FiresByClass: make([]int, len(n.Classes)), ImagesByClass: make([]int, len(n.Classes))}
		for _, label := range labels {
			out[k].ImagesByClass[label]++
		}
		want.Post = append(want.Post, t.Layer)
	}
	// Batches arrive in any order: the sums are kept apart by image, so that their order is fixed.
	sums := make([]float64, len(targets)*len(labels))
	logits, err := n.Observe(ctx, images, nil, workers, want, func(first int, trace *model.Trace) {
		for k, t := range targets {
			n.EachActivation(t, trace.Activation(t.Layer), func(image int, values func(yield func(float32) bool)) {
				fires := false
				for v := range values {
					sums[k*len(labels)+first+image] += float64(v)
					fires = fires || v > 0
				}
				if fires {
					out[k].Fires++
					out[k].FiresByClass[labels[first+image]]++
				}
			})
		}
	})
	for k, t := range targets {
		for _, s := range sums[k*len(labels) : (k+1)*len(labels)] {
			out[k].Mean += s
		}
		out[k].Mean /= float64(len(labels) * n.Positions(t))
	}
	return logits, out, err
}
