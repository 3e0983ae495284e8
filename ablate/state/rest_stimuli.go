package state

import (
	"math"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// stimulus is one kind of nothing: one image, or draws.
type stimulus struct {
	name     string
	strength float64
	clipped  float64 // filled in by pixels
	draw     func(into []float32, draw int)
	draws    int
	size     int
	workers  int
}

// pixels are all draws. What lies outside [0,1] is cut off and counted.
func (s *stimulus) pixels() []float32 {
	out := make([]float32, s.draws*s.size)
	clipped := make([]int, s.draws)
	kernel.Parallel(s.workers, s.draws, func(_, d int) {
		image := out[d*s.size : (d+1)*s.size]
		s.draw(image, d)
		if s.name == NoInput {
			return // what the network's normalisation makes 0, wherever that lies
		}
		for k, v := range image {
			if v < 0 || v > 1 {
				clipped[d]++
				image[k] = min(max(v, 0), 1)
			}
		}
	})
	total := 0
	for _, c := range clipped {
		total += c
	}
	s.clipped = float64(total) / float64(len(out))
	return out
}

// stimuli are all conditions, NoInput first.
func (r *rester) stimuli() []*stimulus {
	shape := r.n.Spec.Input
	add := func(all []*stimulus, name string, strength float64, draws int, draw func([]float32, int)) []*stimulus {
		return append(all, &stimulus{name: name, strength: strength, draws: draws, size: shape.Size(), workers: r.o.Workers, draw: draw})
	}
	uniform := func(level func(channel int) float32) func([]float32, int) {
		return func(into []float32, _ int) {
			for k := range into {
				into[k] = level(k / shape.Area())
			}
		}
	}
	var all []*stimulus
	all = add(all, NoInput, 0, 1, uniform(func(c int) float32 { return r.n.Mean[c] }))
	all = add(all, Black, 0, 1, uniform(func(int) float32 { return 0 }))
	all = add(all, Grey, 0, 1, uniform(func(int) float32 { return 0.5 }))
	all = add(all, White, 0, 1, uniform(func(int) float32 { return 1 }))
	all = add(all, MeanImage, 0, 1, func(into []float32, _ int) { copy(into, r.meanImage()) })
	for _, strength := range r.o.Strengths {
		all = add(all, Noise, strength, r.o.Draws, func(into []float32, draw int) {
			// The same draw at every strength: only its size differs.
			random := rand.New(rand.NewPCG(r.o.Seed, 0x6e6f6973<<32|uint64(draw))) // "nois"
			for k := range into {
				c := k / shape.Area()
				into[k] = float32(r.Colour[c] + strength*r.PixelSD[c]*random.NormFloat64())
			}
		})
	}
	if shape.Area() > 1 {
		lo, hi := r.set.Range(datasets.Select)
		order := rand.New(rand.NewPCG(r.o.Seed, 0x73637261)).Perm(hi - lo) // "scra"
		fourier := newFourier(shape[1], shape[2])
		all = add(all, Scrambled, 0, r.o.Draws, func(into []float32, draw int) {
			random := rand.New(rand.NewPCG(r.o.Seed, 0x70686173<<32|uint64(draw))) // "phas"
			fourier.scramble(into, r.set.Image(lo+order[draw%len(order)]), random)
		})
	}
	return all
}

// meanImage is the mean of the select images.
func (r *rester) meanImage() []float32 {
	lo, hi := r.set.Range(datasets.Select)
	sum := make([]float64, r.set.ImageSize())
	for i := lo; i < hi; i++ {
		for k, v := range r.set.Image(i) {
			sum[k] += float64(v)
		}
	}
	out := make([]float32, len(sum))
	for k, v := range sum {
		out[k] = float32(v / float64(hi-lo))
	}
	return out
}

// pixelMoments are mean and standard deviation of the pixels, by channel.
func pixelMoments(pixels []float32, shape model.Shape) (mean, sd []float64) {
	moments := make([]stats.Moments, shape[0])
	for k, v := range pixels {
		moments[k/shape.Area()%shape[0]].Add(float64(v))
	}
	for c := range moments {
		mean, sd = append(mean, moments[c].Mean()), append(sd, math.Sqrt(moments[c].PopulationVariance()))
	}
	return mean, sd
}
