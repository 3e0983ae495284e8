package state

import (
	"math"
	"math/cmplx"
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

// scrambled has an image's amplitudes at every spatial frequency with random phases, the same added to
// all channels, so that colours stay together: S. C. Dakin, R. F. Hess, T. Ledgeway and R. L.
// Achtman, Current Biology 12:R476 (2002). Values that leave [0,1] are cut.
func scrambled(image []float32, channels, height, width int, random *rand.Rand) []float32 {
	area := height * width
	noise := make([]complex128, area)
	for k := range noise {
		noise[k] = complex(random.NormFloat64(), 0)
	}
	fourier(noise, height, width, -1)
	out := make([]float32, len(image))
	for c := range channels {
		plane := make([]complex128, area)
		for k := range plane {
			plane[k] = complex(float64(image[c*area+k]), 0)
		}
		fourier(plane, height, width, -1)
		for k := range plane {
			if k > 0 { // the mean stays; phases of real noise keep the result real
				plane[k] *= cmplx.Rect(1, cmplx.Phase(noise[k]))
			}
		}
		fourier(plane, height, width, 1)
		for k, v := range plane {
			out[c*area+k] = float32(min(max(real(v)/float64(area), 0), 1))
		}
	}
	return out
}

// fourier is the two-dimensional discrete Fourier transform, in place, by its definition along rows and
// then columns. sign is that of the exponent; nothing is scaled.
func fourier(plane []complex128, height, width int, sign float64) {
	line := func(n, from, step int) {
		out := make([]complex128, n)
		for k := range out {
			for j := range n {
				out[k] += plane[from+j*step] * cmplx.Rect(1, sign*2*math.Pi*float64(j*k%n)/float64(n))
			}
		}
		for k, v := range out {
			plane[from+k*step] = v
		}
	}
	for row := range height {
		line(width, row*width, 1)
	}
	for column := range width {
		line(height, column, width)
	}
}
