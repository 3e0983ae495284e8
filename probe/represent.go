package probe

import (
	"context"
	"fmt"

	"neuroprobe/model"
)

// Represent runs images through a network and gives what each layer shows of them, layers 1 to
// Depth in turn: of a dense layer its activations, of a convolution each channel's mean over the
// positions. They may be images of any set whose shape the network reads.
func Represent(ctx context.Context, n *model.Network, images []float32, workers int) ([]*Representation, error) {
	size := n.Spec.Input.Size()
	if len(images)%size != 0 {
		return nil, fmt.Errorf("probe: %d values are no images of %v", len(images), n.Spec.Input)
	}
	layers, err := checkLayers(n, nil)
	if err != nil {
		return nil, err
	}
	r := newRecording(n, 0, len(images)/size, layers)
	if err := r.record(ctx, n, images, 0, layers, workers, nil); err != nil {
		return nil, err
	}
	var out []*Representation
	unit := 0
	for _, l := range layers {
		units := n.Geometry(l).Act[0]
		values := make([]float64, r.Images*units)
		for u := range units {
			for i, v := range r.of(unit+u, Mean) {
				values[i*units+u] = float64(v)
			}
		}
		unit += units
		layer, err := NewRepresentation(values, r.Images, units)
		if err != nil {
			return nil, err
		}
		out = append(out, layer)
	}
	return out, nil
}
