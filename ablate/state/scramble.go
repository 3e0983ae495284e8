package state

import (
	"math"
	"math/rand/v2"
)

// fourier transforms planes, by the definition along rows and then columns: images here are small.
type fourier struct {
	height, width int
	alongWidth    []complex128 // e^(-2πi·k/width)
	alongHeight   []complex128
}

func newFourier(height, width int) *fourier {
	roots := func(n int) []complex128 {
		out := make([]complex128, n)
		for k := range out {
			sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
			out[k] = complex(cos, sin)
		}
		return out
	}
	return &fourier{height, width, roots(width), roots(height)}
}

// transform is the discrete Fourier transform of a plane; inverse without the factor 1/n.
func (f *fourier) transform(plane []complex128, inverse bool) []complex128 {
	line := func(to, from []complex128, at func(k int) int, roots []complex128) {
		n := len(roots)
		for k := range n {
			sum := complex128(0)
			for j := range n {
				root := roots[k*j%n]
				if inverse {
					root = complex(real(root), -imag(root))
				}
				sum += from[at(j)] * root
			}
			to[at(k)] = sum
		}
	}
	rows, out := make([]complex128, len(plane)), make([]complex128, len(plane))
	for y := range f.height {
		line(rows, plane, func(k int) int { return y*f.width + k }, f.alongWidth)
	}
	for x := range f.width {
		line(out, rows, func(k int) int { return k*f.width + x }, f.alongHeight)
	}
	return out
}

// scramble gives an image the phases of random noise, the same shift of phase in every channel, so
// that its power spectrum, its mean and the correlation of its colours stay: S. C. Dakin, R. F. Hess, T. Ledgeway
// and R. L. Achtman, Current Biology 12:R476 (2002). The noise's phases have the symmetry that keeps the
// result real; its mean is left out of it. Values may leave [0,1].
func (f *fourier) scramble(into, image []float32, random *rand.Rand) {
	area := f.height * f.width
	plane := make([]complex128, area)
	for k := range plane {
		plane[k] = complex(random.NormFloat64(), 0)
	}
	phases := f.transform(plane, false)
	for k, v := range phases {
		phases[k] /= complex(math.Hypot(real(v), imag(v)), 0)
	}
	phases[0] = 1
	for at := 0; at < len(image); at += area {
		for k, v := range image[at : at+area] {
			plane[k] = complex(float64(v), 0)
		}
		spectrum := f.transform(plane, false)
		for k := range spectrum {
			spectrum[k] *= phases[k]
		}
		for k, v := range f.transform(spectrum, true) {
			into[at+k] = float32(real(v) / float64(area))
		}
	}
}
