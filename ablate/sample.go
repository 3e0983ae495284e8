package ablate

import (
	"math/rand/v2"
	"slices"
)

// Sample is the preparation over `images` random images of the measured split, in their order; over
// all of them where it has no more, or for 0.
func (p *Preparation) Sample(images int) *Preparation {
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
