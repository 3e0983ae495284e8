package ablate

import (
	"context"

	"neuroprobe/model"
	"neuroprobe/probe"
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
	// Batches arrive in any order and at once: what belongs to an image is kept apart, so that the
	// order of summation is fixed.
	sums := make([]float64, len(targets)*len(labels))
	fires := make([]bool, len(targets)*len(labels))
	logits, err := n.Observe(ctx, images, nil, workers, want, func(first int, trace *model.Trace) {
		for k, t := range targets {
			n.EachActivation(t, trace.Activation(t.Layer), func(image int, values func(yield func(float32) bool)) {
				at := k*len(labels) + first + image
				for v := range values {
					sums[at] += float64(v)
					fires[at] = fires[at] || v > 0
				}
			})
		}
	})
	for k, t := range targets {
		byClass := make([]float64, len(n.Classes))
		for i, label := range labels {
			out[k].Mean += sums[k*len(labels)+i]
			byClass[label] += sums[k*len(labels)+i]
			if fires[k*len(labels)+i] {
				out[k].Fires++
				out[k].FiresByClass[label]++
			}
		}
		out[k].Mean /= float64(len(labels) * n.Positions(t))
		for class, sum := range byClass { // 0/0, no images of the class, is undefined
			out[k].MeanByClass = append(out[k].MeanByClass, probe.Number(sum/float64(out[k].ImagesByClass[class]*n.Positions(t))))
		}
	}
	return logits, out, err
}
