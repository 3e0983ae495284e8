package model

import (
	"context"
	"fmt"
	"sync"

	"neuroprobe/model/kernel"
)

// batchImages is how many images a Session takes at a time here: enough for fast matrix
// products, few enough for the activations to stay in the cache. It does not depend on the
// number of workers, and so neither does any logit.
const batchImages = 32

// Logits runs all images (N×C×H×W, values in [0,1]) under the edits, on `workers` goroutines
// (0: all cores), and returns N×classes. Per-image levels of an edit count from the first image.
func (n *Network) Logits(ctx context.Context, images []float32, edits []Edit, workers int) ([]float32, error) {
	return n.run(ctx, images, edits, workers, func() *Trace { return nil }, nil)
}

// Observe is Logits with a look inside: see is called for each batch with the number of its
// first image and the trace asked for. Calls come in any order and from several goroutines at
// once: see may write to what belongs to its images without a lock, and to nothing else.
func (n *Network) Observe(ctx context.Context, images []float32, edits []Edit, workers int, want Trace, see func(first int, t *Trace)) ([]float32, error) {
	return n.run(ctx, images, edits, workers, func() *Trace { return &Trace{Pre: want.Pre, Post: want.Post, Out: want.Out} }, see)
}

func (n *Network) run(ctx context.Context, images []float32, edits []Edit, workers int, newTrace func() *Trace, see func(int, *Trace)) ([]float32, error) {
	size, outputs := n.Spec.Input.Size(), len(n.Classes)
	if len(images)%size != 0 {
		return nil, fmt.Errorf("model: %d pixel values are no whole number of %v images", len(images), n.Spec.Input)
	}
	total := len(images) / size
	for k := range edits {
		if err := n.checkEdit(&edits[k], total); err != nil {
			return nil, err
		}
	}
	logits := make([]float32, total*outputs)
	if workers <= 0 {
		workers = kernel.Workers()
	}
	sessions, traces := make([]*Session, workers), make([]*Trace, workers)
	var lock sync.Mutex
	var failed error
	kernel.Parallel(workers, (total+batchImages-1)/batchImages, func(w, task int) {
		if ctx.Err() != nil {
			return
		}
		if sessions[w] == nil {
			sessions[w], traces[w] = NewSession(n), newTrace()
		}
		first, last := task*batchImages, min((task+1)*batchImages, total)
		out, err := sessions[w].Run(images[first*size:last*size], first, edits, traces[w])
		copy(logits[first*outputs:], out)
		if err != nil {
			lock.Lock()
			failed = err
			lock.Unlock()
			return
		}
		if see != nil {
			see(first, traces[w])
		}
	})
	if failed != nil {
		return nil, failed
	}
	return logits, ctx.Err()
}

// Answer is the class with the largest logit, the first of equals.
func Answer(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}
