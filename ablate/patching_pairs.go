package ablate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"neuroprobe/datasets"
)

// patchPairs are pairs of a clean and a corrupted image, with the classes whose logits make up y.
type patchPairs struct {
	set              PatchSet
	clean, corrupted []float32
	// y of a pair is the logit of the class it speaks for minus that of another.
	speaksFor, against []int
}

// pairImages are the places in the Set that pairs are made from: so many random images of a split, or
// all for 0.
func (p *Preparation) pairImages(split datasets.Split, images int) []int {
	lo, hi := p.Set.Range(split)
	var all []int
	for i := lo; i < hi; i++ {
		all = append(all, i)
	}
	if images > 0 && images < len(all) {
		chosen := rand.New(rand.NewPCG(p.Seed, 0x696d6167)).Perm(len(all))[:images] // "imag"
		slices.Sort(chosen)
		for k, at := range chosen {
			chosen[k] = lo + at
		}
		return chosen
	}
	return all
}

// twins pairs each image with itself drawn again with the feature flipped. Clean is the one that has
// the feature. It speaks for the class in which it is more frequent on train.
func (p *Preparation) twins(ctx context.Context, feature int, from []int) (*patchPairs, error) {
	s := p.Set
	q := &patchPairs{set: PatchSet{Name: s.Features[feature], Twins: true}}
	q.set.Presence = presence(s, feature)
	class := slices.Index(q.set.Presence, slices.Max(q.set.Presence))
	q.set.For = s.Classes[class]
	size := s.ImageSize()
	q.clean, q.corrupted = make([]float32, len(from)*size), make([]float32, len(from)*size)
	var missing atomic.Bool
	p.eachImage(ctx, "drawing twins: "+q.set.Name, len(from), func(k int) {
		a, b := s.Image(from[k]), s.Twin(from[k], feature)
		if b == nil {
			missing.Store(true)
			return
		}
		if !s.HasFeature(from[k], feature) {
			a, b = b, a
		}
		copy(q.clean[k*size:(k+1)*size], a)
		copy(q.corrupted[k*size:(k+1)*size], b)
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case missing.Load():
		return nil, fmt.Errorf("ablate: the data set %s cannot make twins for %s", s.Source, q.set.Name)
	}
	for range from {
		q.speaksFor = append(q.speaksFor, class)
	}
	return q, p.fixAgainst(ctx, q)
}

// eachImage calls do for 0 to n−1, several at once, until the context ends.
func (p *Preparation) eachImage(ctx context.Context, stage string, n int, do func(k int)) {
	workers := p.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next, done atomic.Int64
	var group sync.WaitGroup
	var lock sync.Mutex
	for range workers {
		group.Go(func() {
			for k := int(next.Add(1)) - 1; k < n && ctx.Err() == nil; k = int(next.Add(1)) - 1 {
				do(k)
				if all := int(done.Add(1)); all%64 == 0 || all == n {
					lock.Lock()
					p.progress(stage, all, n)
					lock.Unlock()
				}
			}
		})
	}
	group.Wait()
}

// fixAgainst takes as the other class the strongest other one of the clean run.
func (p *Preparation) fixAgainst(ctx context.Context, q *patchPairs) error {
	classes := len(p.Network.Classes)
	logits, err := p.Network.Logits(ctx, q.clean, nil, p.Workers)
	if err != nil {
		return err
	}
	for i, c := range q.speaksFor {
		other := -1
		for k, v := range logits[i*classes : (i+1)*classes] {
			if k != c && (other < 0 || v > logits[i*classes+other]) {
				other = k
			}
		}
		q.against = append(q.against, other)
	}
	return nil
}

// presence is the share of each class's train images that have a feature.
func presence(s *datasets.Set, feature int) []float64 {
	has, all := make([]float64, len(s.Classes)), make([]float64, len(s.Classes))
	lo, hi := s.Range(datasets.Train)
	for i := lo; i < hi; i++ {
		all[s.Labels[i]]++
		if s.HasFeature(i, feature) {
			has[s.Labels[i]]++
		}
	}
	for c := range has {
		if all[c] > 0 {
			has[c] /= all[c]
		}
	}
	return has
}

// opposites pairs each image with a random one of another class. y is for the clean image's class,
// against the other's.
func (p *Preparation) opposites(from []int) (*patchPairs, error) {
	s := p.Set
	q := &patchPairs{set: PatchSet{Name: "classes"}}
	if !slices.ContainsFunc(from, func(i int) bool { return s.Labels[i] != s.Labels[from[0]] }) {
		return nil, errors.New("ablate: all images are of one class: there are no pairs of classes")
	}
	random := rand.New(rand.NewPCG(p.Seed, 0x70616972)) // "pair"
	for _, i := range from {
		k := i
		for s.Labels[k] == s.Labels[i] {
			k = from[random.IntN(len(from))]
		}
		q.clean, q.corrupted = append(q.clean, s.Image(i)...), append(q.corrupted, s.Image(k)...)
		q.speaksFor, q.against = append(q.speaksFor, s.Labels[i]), append(q.against, s.Labels[k])
	}
	return q, nil
}

// y is the logit difference of pair i.
func (q *patchPairs) y(i int, logits []float32) float64 {
	return float64(logits[q.speaksFor[i]]) - float64(logits[q.against[i]])
}
