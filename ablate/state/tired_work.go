package state

import (
	"context"
	"math/rand/v2"
	"sync"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// roster says which subject sees which image when: as many subjects as images, so that in each
// step every image is shown once, and no subject sees an image twice (a Latin rectangle of cyclic
// shifts of a random order). The shifts are random too: neighbours in the order share little of
// their histories.
type roster struct{ order, shifts []int }

func newRoster(images, steps int, seed uint64) roster {
	random := rand.New(rand.NewPCG(seed, 0x64617921)) // "day!"
	return roster{random.Perm(images), random.Perm(images)[:min(steps, images)]}
}

// image is the one that a subject sees in a step.
func (r roster) image(step, subject int) int {
	return r.order[(subject+r.shifts[step])%len(r.order)]
}

// readout is what was said about each measured image.
type readout struct {
	logits []float32 // images × classes
}

func (t *tiring) newReadout() *readout {
	return &readout{make([]float32, t.Images*len(t.Network.Classes))}
}

// work lets all subjects work through the steps of the roster with a body, and tells what they say
// in every step and how they are when the last one begins. lacking is the gain they lack by then, by
// step, each subject's mean over all neurons.
func (t *tiring) work(ctx context.Context, body Body) (said []*readout, worked *State, lacking [][]float64, err error) {
	steps, classes := t.o.Steps+1, len(t.Network.Classes)
	q := Sequence{Network: t.Network, Body: body, Rates: t.rates, Subjects: t.Images, Edits: t.edits, Workers: t.Workers}
	for k := range steps {
		q.Steps = append(q.Steps, Step{Image: func(s int) []float32 { return t.image(t.plan.image(k, s)) }})
		said, lacking = append(said, t.newReadout()), append(lacking, make([]float64, t.Images))
	}
	worked = NewState(t.Network, t.Images)
	err = q.Run(ctx, func(step, first int, logits []float32, s *State) {
		for i := range s.Subjects {
			at := t.plan.image(step, first+i) * classes
			copy(said[step].logits[at:at+classes], logits[i*classes:(i+1)*classes])
			if step+1 < steps {
				lacking[step+1][first+i] = 1 - s.mean(i)
			}
		}
		if step == steps-2 {
			worked.put(first, s)
		}
	})
	worked.Shown = t.o.Steps
	return said, worked, lacking, err
}

// mean is a subject's mean gain over all neurons that can tire.
func (s *State) mean(subject int) float64 {
	sum, n := 0.0, 0
	for _, gains := range s.Gains {
		for k := subject; k < len(gains); k += s.Subjects {
			sum, n = sum+gains[k], n+1
		}
	}
	return sum / float64(n)
}

// put copies the subjects of part into s, from first on.
func (s *State) put(first int, part *State) {
	for l, gains := range part.Gains {
		for u := range len(gains) / part.Subjects {
			copy(s.Gains[l][u*s.Subjects+first:], gains[u*part.Subjects:(u+1)*part.Subjects])
		}
	}
}

// part are some of the subjects.
func (s *State) part(first, subjects int) *State {
	p := &State{Subjects: subjects, Shown: s.Shown, Gains: make([][]float64, len(s.Gains))}
	for l, gains := range s.Gains {
		for k := first; k < len(gains); k += s.Subjects {
			p.Gains[l] = append(p.Gains[l], gains[k:k+subjects]...)
		}
	}
	return p
}

// test shows every subject its last image: after a rest, and with a body that may be another
// one than it has worked with. The answer is that of the neurons at the image's onset, so that nobody
// needs to tire any more; the subjects stay as they were.
func (t *tiring) test(ctx context.Context, body Body, s *State, rest float64) (*readout, error) {
	body.Fatigue = 0
	return t.show(ctx, t.o.Steps, func(first int, images []float32, buffers *model.Session) ([]float32, error) {
		session, err := sessionWith(t.Network, body, t.rates, first, s.part(first, len(images)/t.Set.ImageSize()), buffers)
		if err != nil {
			return nil, err
		}
		if err := session.Rest(rest); err != nil {
			return nil, err
		}
		return session.Show(images, 0, t.edits...)
	})
}

// plainly is what the network without a body says in a step.
func (t *tiring) plainly(ctx context.Context, step int) (*readout, error) {
	return t.show(ctx, step, func(_ int, images []float32, buffers *model.Session) ([]float32, error) {
		return buffers.Run(images, 0, t.edits, nil)
	})
}

// show collects what is said about the images of a step, in the batches in which the work runs, so that
// the same gains give the same bits.
func (t *tiring) show(ctx context.Context, step int, run func(first int, images []float32, buffers *model.Session) ([]float32, error)) (*readout, error) {
	said, classes := t.newReadout(), len(t.Network.Classes)
	workers := t.Workers
	if workers <= 0 {
		workers = kernel.Workers()
	}
	buffers := make([]*model.Session, workers)
	var lock sync.Mutex
	var failed error
	kernel.Parallel(workers, (t.Images+sequenceBatch-1)/sequenceBatch, func(w, task int) {
		if ctx.Err() != nil {
			return
		}
		if buffers[w] == nil {
			buffers[w] = model.NewSession(t.Network)
		}
		first := task * sequenceBatch
		var images []float32
		for s := first; s < min(first+sequenceBatch, t.Images); s++ {
			images = append(images, t.image(t.plan.image(step, s))...)
		}
		logits, err := run(first, images, buffers[w])
		if err != nil {
			lock.Lock()
			failed = err
			lock.Unlock()
			return
		}
		for i := range len(logits) / classes {
			at := t.plan.image(step, first+i) * classes
			copy(said.logits[at:at+classes], logits[i*classes:(i+1)*classes])
		}
	})
	if failed != nil {
		return nil, failed
	}
	return said, ctx.Err()
}
