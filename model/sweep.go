package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"neuroprobe/model/kernel"
)

// SweepOptions are the settings of a sweep; the zero value is sensible.
type SweepOptions struct {
	Sources []Source
	Workers int // 0: all cores
	// Memory bounds the working buffers of all workers together, in bytes, whatever the number
	// of images; 0 means DefaultSweepMemory. Fewer workers run, and then smaller batches are
	// taken, where it does not suffice; one image at a time is the least.
	Memory int64
	// Progress is told how many of all images are done. Calls come one at a time.
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
//
// It gives what a Session gives with each arm's edits, to the rounding of float32 sums, without a
// forward pass an arm. The intact network runs once for each batch of images. A change of a
// few neurons then changes the next pre-activation by as many ranks,
//
//	z' = z + W[:,j]·Δa_j,
//
// so that each (arm, image) starts there, together with many others, and nothing before is computed
// again. Pairs whose activation is what the arm would make it are left out: their logits are the
// intact ones, bit by bit. Results do not depend on the number of workers.
func (n *Network) Sweep(ctx context.Context, images []float32, arms []Arm, o SweepOptions, see func(SweepBatch)) error {
	size := n.Spec.Input.Size()
	if len(images)%size != 0 {
		return fmt.Errorf("model: %d pixel values are no whole number of %v images", len(images), n.Spec.Input)
	}
	total := len(images) / size
	if err := n.checkArms(arms, o.Sources, total); err != nil {
		return err
	}
	s := newSweeper(n, images, arms, o)
	workers := make([]*sweepWorker, s.workers)
	var lock sync.Mutex
	var failed error
	done := 0
	kernel.Parallel(s.workers, (total+s.block-1)/s.block, func(w, task int) {
		if ctx.Err() != nil {
			return
		}
		if workers[w] == nil {
			workers[w] = newSweepWorker(s)
		}
		batch, err := workers[w].run(ctx, task*s.block, min(s.block, total-task*s.block))
		if err == nil {
			see(batch)
		}
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			failed = err
			return
		}
		if done += batch.Images; o.Progress != nil {
			o.Progress(done, total)
		}
	})
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// sweeper is what all workers of a sweep share.
type sweeper struct {
	net       *Network
	images    []float32
	sources   []Source
	arms      int
	groups    []group
	earliest  int            // the first layer that any arm changes
	weights   []sweptWeights // by layer; those for corrections after earliest only
	summed    []bool         // by layer: its output is needed whole, for a sum or an edge
	lastInput bool           // the image is wanted channels last
	workers   int
	block     int // images a worker takes at a time
}

// The sizes of batches. They depend on nothing but the network, the number of images and the
// memory allowed, so that the number of workers changes no sum.
const (
	largestBlock = 64      // images whose intact activations are kept at a time
	leastBlocks  = 16      // into which the images are cut, if there are enough, to keep all cores busy
	batchBytes   = 1 << 18 // of a batch of pairs, to stay in a core's cache
	largestBatch = 256     // pairs
)

func newSweeper(n *Network, images []float32, arms []Arm, o SweepOptions) *sweeper {
	s := &sweeper{net: n, images: images, sources: o.Sources, arms: len(arms), workers: o.Workers, earliest: n.Depth(),
		weights: make([]sweptWeights, n.Depth()+1), summed: make([]bool, n.Depth()+1)}
	s.groups = n.planSweep(arms)
	for k := range s.groups {
		s.earliest = min(s.earliest, s.groups[k].start)
	}
	for m := 1; m <= n.Depth(); m++ {
		s.weights[m] = n.swept.weights(n, m, m > s.earliest)
	}
	s.lastInput = slices.ContainsFunc(n.Spec.Layers, func(l Layer) bool { return l.Kind != Dense })
	for l := range n.geo {
		s.summed[l] = s.readWhole(l)
	}
	s.fit(len(images)/n.Spec.Input.Size(), o.Memory)
	return s
}

// readWhole tells whether somebody may ask for all that a changed layer hands on, and not only for
// what it changes: a sum, or the edge edits of a later layer.
func (s *sweeper) readWhole(l int) bool {
	for m := l + 1; m <= s.net.Depth(); m++ {
		if s.net.Spec.Layers[m-1].Kind == Add && slices.Contains(s.net.geo[m].Inputs, l) {
			return true
		}
	}
	return slices.ContainsFunc(s.groups, func(g group) bool { return len(g.edited) > 0 })
}

// fit chooses the size of blocks and the number of workers that the memory allows.
func (s *sweeper) fit(total int, memory int64) {
	if memory <= 0 {
		memory = DefaultSweepMemory
	}
	if s.workers <= 0 {
		s.workers = kernel.Workers()
	}
	s.block = max(1, min(largestBlock, (total+leastBlocks-1)/leastBlocks))
	for s.block > 1 && s.bytes() > memory {
		s.block = (s.block + 1) / 2
	}
	s.workers = int(max(1, min(int64(s.workers), memory/s.bytes())))
}

func (s *sweeper) relu(m int) bool { return s.net.Spec.Layers[m-1].Activation == ReLU }

// floor is the least a layer hands on: 0 after ReLU.
func (s *sweeper) floor(m int) float32 {
	if s.relu(m) {
		return 0
	}
	return float32(math.Inf(-1))
}

// bytes is what one worker needs: the intact activations of a block, another run's where arms patch
// from it, all arms' logits, and a batch of pairs. What the weights take, laid out once for all
// workers, is not in it.
func (s *sweeper) bytes() int64 {
	acts, outs := int64(0), int64(0)
	for i := range s.net.geo {
		acts += int64(s.net.geo[i].Act.Size())
		outs += int64(s.net.geo[i].Out.Size())
	}
	values := 2*acts + 2*outs // pre-activations and activations; outputs in both orders
	maps, edges, patches := s.needs()
	if maps {
		values += acts
	}
	if edges {
		values += acts
	}
	if patches {
		values += 3*acts + outs
	}
	values += int64(s.arms * len(s.net.Classes))
	return 4*int64(s.block)*values + 3*batchBytes
}

// needs tells what arms ask for beside the usual: activations channels first, pre-activations, and
// another run.
func (s *sweeper) needs() (maps, edges, patches bool) {
	for k := range s.groups {
		g := &s.groups[k]
		patches = patches || g.source >= 0
		for i := range g.arms {
			a := &g.arms[i]
			maps = maps || len(a.first.actions) > 0 && !a.first.constant
			edges = edges || hasEdges(a.first.actions)
			for u := range a.units {
				maps = maps || !a.units[u].scaled
				edges = edges || hasEdges(a.units[u].actions)
			}
		}
	}
	return maps, edges, patches
}
