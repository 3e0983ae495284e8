package kernel

import "github.com/viterin/vek/vek32"

// Sum adds b to a, in place.
func Sum(a, b []float32) { vek32.Add_Inplace(a, b) }

// AddScaled computes dst = a + scale·b. dst may be a, or else overlaps neither.
func AddScaled(dst, a, b []float32, scale float32) {
	if len(dst) < 16 { // a call of a SIMD function costs more than the sum
		for i, v := range b[:len(dst)] {
			dst[i] = a[i] + scale*v
		}
		return
	}
	var scratch [512]float32
	for len(dst) > 0 {
		n := min(len(dst), len(scratch))
		vek32.MulNumber_Into(scratch[:n], b[:n], scale)
		if &dst[0] == &a[0] {
			vek32.Add_Inplace(dst[:n], scratch[:n])
		} else {
			vek32.Add_Into(dst[:n], a[:n], scratch[:n])
		}
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}
