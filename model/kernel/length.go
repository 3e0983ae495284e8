package kernel

import "math"

// lengthEpsilon is added to the mean square: a row of zeros stays one.
const lengthEpsilon = 1e-8

// LengthNormalise divides each row of a by its root mean square, √(mean a² + 1e-8), so that only
// the direction of a row is handed on: the layer normalisation of Hinton 2022, which subtracts no
// mean. dst may be a.
func LengthNormalise(dst, a []float32, size int) {
	for at := 0; at < len(a); at += size {
		row, to := a[at:at+size], dst[at:at+size]
		scale := inverseLength(row)
		for k, v := range row {
			to[k] = v * scale
		}
	}
}

// BackwardLengthNormalise computes da of rows a from the gradients dout of what LengthNormalise
// makes of them: with s = 1/√(mean a² + ε), da = s·(dout − a·s²·mean(a·dout)).
func BackwardLengthNormalise(da, dout, a []float32, size int) {
	for at := 0; at < len(a); at += size {
		row, from, to := a[at:at+size], dout[at:at+size], da[at:at+size]
		scale := inverseLength(row)
		along := inner(row, from) / float32(size) * scale * scale
		for k, v := range row {
			to[k] = scale * (from[k] - v*along)
		}
	}
}

func inverseLength(row []float32) float32 {
	return float32(1 / math.Sqrt(float64(inner(row, row))/float64(len(row))+lengthEpsilon))
}

// inner is the inner product, added up in four interleaved lanes, in the same order on every machine.
func inner(x, y []float32) float32 {
	var a, b, c, d float32
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a += x[i] * y[i]
		b += x[i+1] * y[i+1]
		c += x[i+2] * y[i+2]
		d += x[i+3] * y[i+3]
	}
	for ; i < len(x); i++ {
		a += x[i] * y[i]
	}
	return (a + b) + (c + d)
}
