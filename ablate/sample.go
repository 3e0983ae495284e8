package ablate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"neuroprobe/model"
)

// sample is the preparation over `images` random images of the measured split, in their order; over
// all of them where it has no more, or for 0.
func (p *Preparation) sample(images int) *Preparation {
	if images <= 0 || images >= p.Images {
		return p
	}
	chosen := rand.New(rand.NewPCG(p.Seed, 0x696d6167)).Perm(p.Images)[:images] // "imag"
	slices.Sort(chosen)
	q := *p
	q.Images, q.Labels, q.pixels, q.sources, q.Intact = images, nil, nil, nil, newOutcomes(images)
	size := p.Set.ImageSize()
	for k, i := range chosen {
		q.Labels = append(q.Labels, p.Labels[i])
		q.pixels = append(q.pixels, p.pixels[i*size:(i+1)*size]...)
		q.Intact.Answer[k], q.Intact.Correct[k] = p.Intact.Answer[i], p.Intact.Correct[i]
		q.Intact.Loss[k], q.Intact.Diff[k] = p.Intact.Loss[i], p.Intact.Diff[i]
	}
	return &q
}

// checkSham runs arms that should change nothing and holds every logit against the intact run of the
// same sweep, bit by bit.
func (p *Preparation) checkSham(ctx context.Context, arms []model.Arm) error {
	var lock sync.Mutex
	var broken error
	o := model.SweepOptions{Workers: p.Workers, Memory: p.Memory}
	err := p.Network.Sweep(ctx, p.pixels, arms, o, func(b model.SweepBatch) {
		for i, v := range b.Logits {
			if math.Float32bits(v) != math.Float32bits(b.Intact[i%len(b.Intact)]) {
				lock.Lock()
				broken = fmt.Errorf("ablate: %w: a logit is %v, intact %v", ErrSham, v, b.Intact[i%len(b.Intact)])
				lock.Unlock()
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return broken
}
