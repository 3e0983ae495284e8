package state

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// unchangingImages are shown again and again.
const unchangingImages = 5

// unchanging shows that the network does not tire: a few images, each many times, in a row and with
// others between, must give the same bits. At the reference fatigue they must not.
func (t *tiring) unchanging(ctx context.Context, r *TiredResult) error {
	u := &r.Unchanging
	chosen := rand.New(rand.NewPCG(t.Seed, 0x73616d65)).Perm(t.Images) // "same"
	u.Images, u.Repeats = min(unchangingImages, t.Images), t.o.Repeats
	var lock sync.Mutex
	var failed error
	kernel.Parallel(t.Workers, u.Images, func(_, k int) {
		row, between, positive, err := t.again(ctx, chosen[k], chosen, k)
		lock.Lock()
		defer lock.Unlock()
		u.Row.add(row)
		u.Between.add(between)
		u.Positive.add(positive)
		if err != nil {
			failed = err
		}
	})
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

func (s *SameBits) add(o SameBits) {
	s.Showings, s.Logits, s.Differing, s.Answers = s.Showings+o.Showings, s.Logits+o.Logits, s.Differing+o.Differing, s.Answers+o.Answers
}

// compare counts a showing.
func (s *SameBits) compare(logits, first []float32) {
	s.Showings++
	for k, v := range logits {
		s.Logits++
		if math.Float32bits(v) != math.Float32bits(first[k]) {
			s.Differing++
		}
	}
	if model.Answer(logits) != model.Answer(first) {
		s.Answers++
	}
}

// again shows one image many times. The first showing is what the others are held against.
func (t *tiring) again(ctx context.Context, image int, others []int, k int) (row, between, positive SameBits, err error) {
	plain := model.NewSession(t.Network)
	tiring, err := NewSession(t.Network, t.body, t.rates, k, NewState(t.Network, 1))
	if err != nil {
		return row, between, positive, err
	}
	var first []float32
	count := func(into *SameBits, logits []float32, err error) error {
		if err != nil {
			return err
		}
		if first == nil {
			first = slices.Clone(logits)
		}
		into.compare(logits, first)
		return ctx.Err()
	}
	pixels := t.image(image)
	for range t.o.Repeats {
		logits, err := plain.Run(pixels, 0, t.edits, nil)
		if err := count(&row, logits, err); err != nil {
			return row, between, positive, err
		}
	}
	for n := range t.o.Repeats {
		if _, err := plain.Run(t.image(others[(k+1+n)%len(others)]), 0, t.edits, nil); err != nil {
			return row, between, positive, err
		}
		logits, err := plain.Run(pixels, 0, t.edits, nil)
		if err := count(&between, logits, err); err != nil {
			return row, between, positive, err
		}
	}
	for range t.o.Repeats {
		logits, err := tiring.Show(pixels, 1, t.edits...)
		if err := count(&positive, logits, err); err != nil {
			return row, between, positive, err
		}
	}
	return row, between, positive, nil
}
