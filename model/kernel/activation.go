package kernel

import (
	"math"

	"github.com/viterin/vek/vek32"
)

// ReLU replaces negative values by +0, in place. NaN stays NaN, and -Inf becomes NaN, so that a
// network gone wrong shows it.
func ReLU(x []float32) {
	var scratch [512]float32
	for len(x) > 0 {
		n := min(len(x), len(scratch))
		rectify(x[:n], scratch[:n])
		x = x[n:]
	}
}

// rectify computes (x + |x|)/2, which is max(x, 0) exactly below half of the largest float32,
// with three operations that vek does fast; its maximum is three times slower than all of them.
func rectify(x, scratch []float32) {
	vek32.Abs_Into(scratch, x)
	vek32.Add_Inplace(x, scratch)
	vek32.MulNumber_Inplace(x, 0.5)
}

// addBias adds the bias in place, followed by ReLU if asked; scratch is as long as x.
func addBias(x, scratch []float32, bias float32, relu bool) {
	vek32.AddNumber_Inplace(x, bias)
	if relu {
		rectify(x, scratch)
	}
}

// BackwardReLU computes dz = da where the activation a is above 0, and 0 elsewhere.
func BackwardReLU(dz, da, a []float32, workers int) {
	const block = 1 << 14
	Parallel(workers, (len(a)+block-1)/block, func(_, task int) {
		lo, hi := task*block, min((task+1)*block, len(a))
		dz, da, a := dz[lo:hi], da[lo:hi], a[lo:hi]
		da, dz = da[:len(a)], dz[:len(a)]
		for i, v := range a {
			b := int32(math.Float32bits(v))
			positive := uint32(-b>>31) &^ uint32(b>>31) // all ones where a > 0
			dz[i] = math.Float32frombits(math.Float32bits(da[i]) & positive)
		}
	})
}

// sum adds in four interleaved lanes, in the same order on every machine.
func sum(x []float32) float32 {
	var a, b, c, d float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a += x[i]
		b += x[i+1]
		c += x[i+2]
		d += x[i+3]
	}
	for ; i < len(x); i++ {
		a += x[i]
	}
	return (a + b) + (c + d)
}
