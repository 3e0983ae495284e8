package state

import (
	"context"
	"sync"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// Sequence is an experiment in time: subjects, each with its own history, that see one image after
// another.
type Sequence struct {
	Network  *model.Network
	Body     Body
	Rates    *Rates
	Subjects int
	Steps    []Step
	// Edits are in force all the time, lesions say. Their levels are the same for all subjects, and
	// they act after the body's.
	Edits   []model.Edit
	Workers int // 0: all cores
	// Progress is told how many presentations (subjects × steps) are done; calls do not overlap.
	Progress func(done, total int)
}

// Step is a moment of a sequence: a rest, then an image.
type Step struct {
	Rest float64 // before the image, in presentations
	// Image gives the pixels that a subject sees; nil: nothing is shown.
	Image    func(subject int) []float32
	Duration float64 // of the image, in presentations; 0 means 1
}

// sequenceBatch is how many subjects run side by side. No number depends on it beyond the rounding of sums.
const sequenceBatch = 32

// Run lets all subjects go through the steps, from fresh. see, if not nil, is called after each
// step that shows an image, for a batch of subjects: with the number of the first, their logits and
// their states as the image has left them, neither of which it may keep or change. Calls come from several goroutines at once.
func (q *Sequence) Run(ctx context.Context, see func(step, first int, logits []float32, s *State)) error {
	workers := q.Workers
	if workers <= 0 {
		workers = kernel.Workers()
	}
	var lock sync.Mutex
	var failed error
	done := 0
	report := func(subjects int, err error) {
		lock.Lock()
		defer lock.Unlock()
		if failed == nil {
			failed = err
		}
		done += subjects
		if q.Progress != nil && failed == nil {
			q.Progress(done, q.Subjects*len(q.Steps))
		}
	}
	kernel.Parallel(workers, (q.Subjects+sequenceBatch-1)/sequenceBatch, func(_, task int) {
		first := task * sequenceBatch
		if err := q.batch(ctx, first, min(sequenceBatch, q.Subjects-first), see, report); err != nil {
			report(0, err)
		}
	})
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// batch takes some of the subjects through all steps.
func (q *Sequence) batch(ctx context.Context, first, subjects int, see func(step, first int, logits []float32, s *State), report func(int, error)) error {
	s, err := NewSession(q.Network, q.Body, q.Rates, first, NewState(q.Network, subjects))
	if err != nil {
		return err
	}
	size := q.Network.Spec.Input.Size()
	images := make([]float32, subjects*size)
	for k := range q.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		step := &q.Steps[k]
		if err := s.Rest(step.Rest); err != nil {
			return err
		}
		if step.Image != nil {
			for i := range subjects {
				copy(images[i*size:(i+1)*size], step.Image(first+i))
			}
			duration := step.Duration
			if duration == 0 {
				duration = 1
			}
			logits, err := s.Show(images, duration, q.Edits...)
			if err != nil {
				return err
			}
			if see != nil {
				see(k, first, logits, s.State)
			}
		}
		report(subjects, nil)
	}
	return nil
}
