package kernel

import "github.com/viterin/vek/vek32"

// simdStep is how many values the SIMD functions take at a time.
const simdStep = 8

// Sum adds b to a, in place.
func Sum(a, b []float32) { vek32.Add_Inplace(a, b) }

// AddScaled computes dst = a + scale·b, values of the length of dst. dst may be a itself.
func AddScaled(dst, a, b []float32, scale float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	done := 0
	if hasAVX {
		if done = len(dst) &^ (simdStep - 1); done > 0 {
			addScaledAVX(&dst[0], &a[0], &b[0], scale, done)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] + scale*b[i]
	}
}

// Floor raises values below floor to it, in place: with 0 it is ReLU. NaN stays NaN.
func Floor(x []float32, floor float32) {
	done := 0
	if hasAVX {
		if done = len(x) &^ (simdStep - 1); done > 0 {
			floorAVX(&x[0], floor, done)
		}
	}
	for i := done; i < len(x); i++ {
		x[i] = max(x[i], floor)
	}
}
