package kernel

import (
	"math"
	"testing"
)

// TestLengthNormaliseByHand: 3, 4, 0, 0 have a mean square of 25/4 and so a root mean square of 2.5;
// a row of zeros stays one.
func TestLengthNormaliseByHand(t *testing.T) {
	a := []float32{3, 4, 0, 0, 0, 0, 0, 0, -2, 2, -2, 2}
	want := []float32{1.2, 1.6, 0, 0, 0, 0, 0, 0, -1, 1, -1, 1}
	LengthNormalise(a, a, 4)
	for k, v := range a {
		if math.Abs(float64(v-want[k])) > 1e-6 {
			t.Errorf("value %d: %v, want %v", k, v, want[k])
		}
	}
}

// TestBackwardLengthNormalise: by finite differences in float64; and what is orthogonal to the row
// by hand: at (3, 4, 0, 0) a gradient of (4, −3, 0, 0) is divided by the length, one of (3, 4, 0, 0)
// becomes 0, for a longer row is handed on the same.
func TestBackwardLengthNormalise(t *testing.T) {
	da, row := make([]float32, 4), []float32{3, 4, 0, 0}
	BackwardLengthNormalise(da, []float32{4, -3, 0, 0}, row, 4)
	if math.Abs(float64(da[0])-1.6) > 1e-6 || math.Abs(float64(da[1])+1.2) > 1e-6 {
		t.Errorf("across: %v, want 1.6, -1.2", da)
	}
	BackwardLengthNormalise(da, row, row, 4)
	for _, v := range da {
		if math.Abs(float64(v)) > 1e-6 {
			t.Errorf("along: %v, want 0", da)
		}
	}

	const size = 7
	a, dout := random(2*size, 1), random(2*size, 2)
	value := func(a []float64) (y float64) {
		for at := 0; at < len(a); at += size {
			squares := 0.0
			for _, v := range a[at : at+size] {
				squares += v * v
			}
			for k, v := range a[at : at+size] {
				y += float64(dout[at+k]) * v / math.Sqrt(squares/size+lengthEpsilon)
			}
		}
		return y
	}
	wide := make([]float64, len(a))
	for k, v := range a {
		wide[k] = float64(v)
	}
	got := make([]float32, len(a))
	BackwardLengthNormalise(got, dout, a, size)
	for k := range wide {
		const h = 1e-5
		old := wide[k]
		wide[k] = old + h
		up := value(wide)
		wide[k] = old - h
		want := (up - value(wide)) / (2 * h)
		if wide[k] = old; math.Abs(float64(got[k])-want) > 1e-5*(1+math.Abs(want)) {
			t.Errorf("value %d: gradient %v, finite difference %v", k, got[k], want)
		}
	}
}
