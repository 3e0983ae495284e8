package model

import (
	"context"
	"fmt"

	"neuroprobe/model/kernel"
)

// SweepOptions are the settings of a sweep; the zero value is sensible.
type SweepOptions struct {
	Sources []Source
	Workers int // 0: all cores
	// Memory bounds the working buffers of all workers together, in bytes, whatever the number
	// of images and arms; 0 means DefaultSweepMemory.
	Memory int64
	// Progress is told how many of all images are done.
	Progress func(done, total int)
}

// DefaultSweepMemory is the bound on a sweep's working buffers.
const DefaultSweepMemory = 256 << 20

// SweepBatch is what a sweep hands out: all arms' logits for a few consecutive images.
type SweepBatch struct {
	First, Images int       // which images
	Intact        []float32 // images × classes
	Logits        []float32 // arms × images × classes
}

// Sweep runs the network on all images (N×C×H×W, values in [0,1]) under every arm, and calls see
// for each batch of images. Calls come in any order and from several goroutines at once; see may
// write to what belongs to its images without a lock, and must not keep the batch.
func (n *Network) Sweep(ctx context.Context, images []float32, arms []Arm, o SweepOptions, see func(SweepBatch)) error {
	size, classes := n.Spec.Input.Size(), len(n.Classes)
	if len(images)%size != 0 {
		return fmt.Errorf("model: %d pixel values are no whole number of %v images", len(images), n.Spec.Input)
	}
	total := len(images) / size
	if err := n.checkArms(arms, o.Sources, total); err != nil {
		return err
	}
	full := expand(arms)
	intact, err := n.Logits(ctx, images, nil, o.Workers)
	if err != nil {
		return err
	}
	b := SweepBatch{Images: total, Intact: intact, Logits: make([]float32, len(arms)*total*classes)}
	for k := range full {
		edits, err := n.patchEdits(ctx, full[k], o, total)
		if err != nil {
			return err
		}
		logits, err := n.Logits(ctx, images, append(edits, full[k].Edits...), o.Workers)
		if err != nil {
			return err
		}
		copy(b.Logits[k*total*classes:], logits)
	}
	see(b)
	return nil
}

// patchEdits are an arm's patches as edits with the other run's activations as fill.
func (n *Network) patchEdits(ctx context.Context, a Arm, o SweepOptions, total int) ([]Edit, error) {
	if len(a.Patches) == 0 {
		return nil, nil
	}
	size := n.Spec.Input.Size()
	source := &o.Sources[a.Source]
	images := make([]float32, total*size)
	for i := range total {
		copy(images[i*size:(i+1)*size], source.Images[source.counterpart(i)*size:])
	}
	var edits []Edit
	for _, p := range a.Patches {
		fill := make([]float32, total*n.Positions(p))
		_, err := n.Observe(ctx, images, nil, o.Workers, Trace{Post: []int{p.Layer}}, func(first int, t *Trace) {
			n.EachActivation(p, t.Activation(p.Layer), func(image int, values func(yield func(float32) bool)) {
				at := (first + image) * n.Positions(p)
				for v := range values {
					fill[at] = v
					at++
				}
			})
		})
		if err != nil {
			return nil, err
		}
		edits = append(edits, Edit{Target: p, Keep: Constant(0), Fill: Level{Values: fill, PerImage: true, PerPosition: true}})
	}
	return edits, nil
}

var _ = kernel.Workers
