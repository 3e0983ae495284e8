package kernel

import (
	"math"

	"github.com/viterin/vek/vek32"
)

// ReLU replaces negative values by +0, in place. NaN stays NaN, so that a network gone wrong
// shows it.
func ReLU(x []float32) {
	vek32.MaximumNumber_Inplace(x, 0) // leaves -0 as it is
	vek32.AddNumber_Inplace(x, 0)     // -0 + 0 is +0
}

// addBias writes from + bias, through ReLU if asked.
func addBias(to, from []float32, bias float32, rectify bool) {
	bias += 0 // a sum is -0 only if both terms are: without a bias of -0 ReLU need not mend it
	vek32.AddNumber_Into(to, from, bias)
	if rectify {
		vek32.MaximumNumber_Inplace(to, 0)
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
