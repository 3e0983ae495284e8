package state

import (
	"math/rand/v2"

	"neuroprobe/datasets"
)

// meanImage is the mean of the select images.
func (e *priming) meanImage() []float32 {
	lo, hi := e.Set.Range(datasets.Select)
	sum := make([]float64, e.Set.ImageSize())
	for i := lo; i < hi; i++ {
		for k, v := range e.Set.Image(i) {
			sum[k] += float64(v)
		}
	}
	mean := make([]float32, len(sum))
	for k, v := range sum {
		mean[k] = float32(v / float64(hi-lo))
	}
	return mean
}

// grey is an image without any structure.
func (e *priming) grey() []float32 {
	image := make([]float32, e.Set.ImageSize())
	for k := range image {
		image[k] = 0.5
	}
	return image
}

// blend is image at a contrast, the rest the other image; at 1 it is the image itself.
func blend(image, other []float32, contrast float64) []float32 {
	out := make([]float32, len(image))
	for k := range out {
		out[k] = float32(contrast)*image[k] + float32(1-contrast)*other[k]
	}
	return out
}

// shuffled has an image's pixels in random order: its colours without its shapes.
func shuffled(image []float32, channels int, random *rand.Rand) []float32 {
	area := len(image) / channels
	out := make([]float32, len(image))
	for to, from := range random.Perm(area) {
		for c := range channels {
			out[c*area+to] = image[c*area+from]
		}
	}
	return out
}

// scrambled has an image's amplitudes at every spatial frequency with random phases. Values that leave
// [0,1] are cut.
func scrambled(image []float32, height, width int, random *rand.Rand) []float32 {
	out := make([]float32, len(image))
	newFourier(height, width).scramble(out, image, random)
	for k, v := range out {
		out[k] = min(max(v, 0), 1)
	}
	return out
}
