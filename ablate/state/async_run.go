package state

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// asyncArm is one way of showing the images.
type asyncArm struct {
	Rule
	From   AsyncStart
	images int // the first so many
	draws  int
	// shared gives all images the same orders; otherwise each has its own.
	shared bool
	// itself lets each image follow itself.
	itself bool
}

// asyncBatch is how many images run side by side. No number depends on it beyond the rounding of sums.
const asyncBatch = 32

// run shows the images in every draw of the order: draws × images.
func (x *asyncExperiment) run(ctx context.Context, stage string, arm asyncArm) ([][]trial, error) {
	trials := make([][]trial, arm.draws)
	for d := range trials {
		trials[d] = make([]trial, arm.images)
	}
	workers := x.Workers
	if workers <= 0 {
		workers = kernel.Workers()
	}
	runners := make([]*model.Asynchronous, workers)
	batches := (arm.images + asyncBatch - 1) / asyncBatch
	var lock sync.Mutex
	var failed error
	done := 0
	kernel.Parallel(workers, batches*arm.draws, func(w, task int) {
		if ctx.Err() != nil {
			return
		}
		if runners[w] == nil {
			runners[w] = model.NewAsynchronous(x.n)
		}
		d, first := task/batches, task%batches*asyncBatch
		last := min(first+asyncBatch, arm.images)
		err := x.batch(ctx, runners[w], arm, d, first, trials[d][first:last])
		lock.Lock()
		defer lock.Unlock()
		if failed == nil {
			failed = err
		}
		done += last - first
		x.progress(stage, done, arm.images*arm.draws)
	})
	if failed != nil {
		return nil, failed
	}
	return trials, ctx.Err()
}

// batch runs some images until the last of them has settled.
func (x *asyncExperiment) batch(ctx context.Context, a *model.Asynchronous, arm asyncArm, draw, first int, trials []trial) error {
	images := x.images[first : first+len(trials)]
	pixels := x.pixels(images)
	logits, err := a.Settle(pixels, first, x.edits)
	if err != nil {
		return err
	}
	want := slices.Clone(logits)
	if err := x.start(a, arm, first, len(trials)); err != nil {
		return err
	}
	classes := len(x.n.Classes)
	settled := make([]int, len(trials))
	numbers := make([]uint64, len(trials))
	for i := range trials {
		settled[i] = model.Answer(want[i*classes : (i+1)*classes])
		numbers[i] = uint64(draw)
		if !arm.shared {
			numbers[i] |= uint64(first+i+1) << 20
		}
		trials[i].says = []saying{say(0, a.Logits()[i*classes:(i+1)*classes], settled[i])}
	}
	if err := a.Show(pixels); err != nil {
		return err
	}
	before := slices.Clone(a.Logits())
	order := newClock(x.n, arm.Rule, x.Seed).draws(numbers)
	for tick := 1; !allSettled(a, len(trials)); tick++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.Tick(order.at(tick))
		for i := range trials {
			if a.Moved(i, x.n.Depth()) != tick {
				continue
			}
			row := a.Logits()[i*classes : (i+1)*classes]
			if !slices.Equal(row, before[i*classes:(i+1)*classes]) {
				copy(before[i*classes:], row)
				trials[i].says = append(trials[i].says, say(tick, row, settled[i]))
			}
		}
	}
	for i := range trials {
		for l := 1; l <= x.n.Depth(); l++ {
			trials[i].moved = append(trials[i].moved, a.Moved(i, l))
		}
	}
	return identical(a.Logits(), want)
}

// start brings the network to the activity from which the images of a batch find it.
func (x *asyncExperiment) start(a *model.Asynchronous, arm asyncArm, first, images int) error {
	if arm.From == FromSilence {
		return a.Silence(images, first, x.edits)
	}
	var pixels []float32
	for k := first; k < first+images; k++ {
		switch {
		case arm.itself:
			pixels = append(pixels, x.set.Image(x.images[k])...)
		case arm.From == FromRest:
			pixels = append(pixels, unseen(x.n)...)
		default:
			pixels = append(pixels, x.set.Image(x.images[x.previous(k)])...)
		}
	}
	_, err := a.Settle(pixels, first, x.edits)
	return err
}

// previous is the image that came before the k-th: each follows another.
func (x *asyncExperiment) previous(k int) int { return (k + len(x.images) - 1) % len(x.images) }

// unseen is the image that is no sensory input: the first layer reads 0 everywhere.
func unseen(n *model.Network) []float32 {
	image := make([]float32, 0, n.Spec.Input.Size())
	for _, mean := range n.Mean {
		image = append(image, slices.Repeat([]float32{mean}, n.Spec.Input.Area())...)
	}
	return image
}

func allSettled(a *model.Asynchronous, images int) bool {
	for i := range images {
		if !a.Settled(i) {
			return false
		}
	}
	return true
}

// identical holds logits against the synchronous ones, bit by bit.
func identical(logits, want []float32) error {
	for k, v := range logits {
		if math.Float32bits(v) != math.Float32bits(want[k]) {
			return fmt.Errorf("state: %w: a logit is %v, synchronously %v", ErrUnsettled, v, want[k])
		}
	}
	return nil
}
