package datasets

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Defaults and limits of petfaces.
const (
	petfaceSide         = 32
	petfaceMinSide      = 16
	petfaceMaxSide      = 224
	petfaceNoise        = 0.03
	petfaceMaxNoise     = 0.5
	petfaceTrainSize    = 4000
	petfaceSelectSize   = 1000
	petfaceConfirmSize  = 1000
	petfaceMaxSplitSize = 1 << 20
)

// Second words of the generators' seeds, one for each use.
const (
	petfaceFaceStream  = 0x66616365 // "face"
	petfaceOrderStream = 0x6f726465 // "orde"
	petfaceNoiseStream = 0x6e6f6973 // "nois"
)

// petfaces are the latents of a whole set and what is needed to draw them again.
type petfaces struct {
	faces []petface
	side  int
	noise float64
}

// openPetfaces draws a set of cat and dog faces. Image k of a split depends on the seed, the
// split and k alone: neither the sizes of the splits nor the number of cores changes it.
func openPetfaces(ctx context.Context, o Options, _ string) (*Set, error) {
	sizes, err := petfaceOptions(&o)
	if err != nil {
		return nil, err
	}
	d := &petfaces{side: o.Size, noise: *o.Noise}
	s := &Set{
		Classes:  slices.Clone(petfaceClasses),
		Channels: 3, Height: o.Size, Width: o.Size,
		Parts: slices.Clone(petfaceParts),
		Bound: petfaceBound(),
		sizes: sizes,
		mask:  d.mask,
		masks: d.masks,
		twin:  d.twin,
	}
	for _, row := range petfaceTable {
		s.Features = append(s.Features, row.Name)
		s.FeatureParts = append(s.FeatureParts, slices.Index(petfaceParts, row.Part))
	}
	for _, split := range Splits {
		for k := range sizes[split] {
			p := petfaceAt(o.Seed, split, k)
			d.faces = append(d.faces, p)
			s.Labels = append(s.Labels, p.class)
			s.Present = append(s.Present, p.has[:]...)
			s.Names = append(s.Names, fmt.Sprintf("%s/%05d", split, k))
		}
	}
	s.Images, err = d.drawAll(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// petfaceOptions fills in the defaults and reports every option that makes no sense.
func petfaceOptions(o *Options) (sizes [3]int, err error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("datasets: "+format, args...)) }

	if len(o.Classes) > 0 && !slices.Equal(o.Classes, petfaceClasses) {
		fault("--classes %s: petfaces have the classes %s, in this order", strings.Join(o.Classes, ","), strings.Join(petfaceClasses, ","))
	}
	if o.Size == 0 {
		o.Size = petfaceSide
	}
	if o.Size < petfaceMinSide || o.Size > petfaceMaxSide {
		fault("--size %d: petfaces are drawn at %d to %d pixels", o.Size, petfaceMinSide, petfaceMaxSide)
	}
	if o.Noise == nil {
		o.Noise = new(float64)
		*o.Noise = petfaceNoise
	}
	if !(*o.Noise >= 0 && *o.Noise <= petfaceMaxNoise) {
		fault("--noise %v: the standard deviation of the pixel noise is 0 to %v", *o.Noise, petfaceMaxNoise)
	}
	if o.SkipBad {
		fault("--skip-bad: petfaces are drawn, there are no files to skip")
	}
	defaults := [3]int{petfaceTrainSize, petfaceSelectSize, petfaceConfirmSize}
	for k, n := range [3]int{o.Train, o.Select, o.Confirm} {
		if n == 0 {
			n = defaults[k]
		}
		if n < len(petfaceClasses) || n > petfaceMaxSplitSize {
			fault("--%s-images %d: a split of petfaces has %d to %d images", Split(k), n, len(petfaceClasses), petfaceMaxSplitSize)
		}
		sizes[k] = n
	}
	return sizes, errors.Join(faults...)
}

// petfaceAt is the latent of image k of a split.
func petfaceAt(seed uint64, split Split, k int) petface {
	return samplePetface(petfaceRand(seed, petfaceFaceStream, split, k), petfaceClassAt(seed, split, k))
}

// petfaceClassAt balances the classes exactly: of each pair of neighbours one is a cat and
// one a dog, in random order, so that the class does not follow from the index either.
func petfaceClassAt(seed uint64, split Split, k int) int {
	first := petfaceRand(seed, petfaceOrderStream, split, k/2).IntN(2)
	return (first + k) % 2
}

// petfaceRand is a generator of its own for every use, split and number. The words are
// mixed first: neighbouring seeds of a PCG start in neighbouring states.
func petfaceRand(seed, stream uint64, split Split, k int) *rand.Rand {
	return rand.New(rand.NewPCG(mix64(seed^mix64(stream)), mix64(uint64(split)<<32|uint64(k))))
}

// mix64 is the output function of SplitMix64 (Steele, Lea and Flood 2014), a bijection.
func mix64(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// petfaceBatch is the number of images between two looks at the context.
const petfaceBatch = 50

// drawAll draws every face, in parallel over the cores.
func (d *petfaces) drawAll(ctx context.Context, progress func(done, total int)) ([]float32, error) {
	total, size := len(d.faces), 3*d.side*d.side
	images := make([]float32, total*size)
	var (
		mu         sync.Mutex // guards next and done, and serialises progress
		next, done int
		workers    sync.WaitGroup
	)
	take := func() (lo, hi int) {
		mu.Lock()
		defer mu.Unlock()
		lo = next
		next = min(total, lo+petfaceBatch)
		return lo, next
	}
	report := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		if progress != nil {
			progress(done, total)
		}
	}
	for range min(runtime.GOMAXPROCS(0), total) {
		workers.Go(func() {
			c := newCanvas(d.side, false)
			for lo, hi := take(); lo < hi && ctx.Err() == nil; lo, hi = take() {
				for i := lo; i < hi; i++ {
					d.faces[i].draw(c)
					d.faces[i].develop(c, d.noise, images[i*size:(i+1)*size])
				}
				report(hi - lo)
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("datasets: drawing petfaces: %w", err)
	}
	return images, nil
}

// mask draws image i again, keeping track of the parts.
func (d *petfaces) mask(i, part int) Mask {
	c := newCanvas(d.side, true)
	d.faces[i].draw(c)
	return c.mask(part)
}

// masks are those of all parts, from one drawing.
func (d *petfaces) masks(i int) []Mask {
	c := newCanvas(d.side, true)
	d.faces[i].draw(c)
	return c.masks(len(petfaceParts))
}

// twin draws image i again with feature f flipped.
func (d *petfaces) twin(i, f int) []float32 {
	p := d.faces[i]
	p.has[f] = !p.has[f]
	c := newCanvas(d.side, false)
	p.draw(c)
	pixels := make([]float32, 3*d.side*d.side)
	p.develop(c, d.noise, pixels)
	return pixels
}
