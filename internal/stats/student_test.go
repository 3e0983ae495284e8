package stats

import (
	"math"
	"testing"
)

// TestStudentQuantile holds against the table of Fisher and Yates, Statistical Tables (1963), and
// the closed forms for one (Cauchy) and two degrees of freedom.
func TestStudentQuantile(t *testing.T) {
	for _, c := range []struct{ p, df, want float64 }{
		{0.975, 1, math.Tan(0.475 * math.Pi)},
		{0.975, 2, 0.95 * math.Sqrt(2/(1-0.95*0.95))}, // (2p-1)·√(2/(4p(1-p)))
		{0.975, 4, 2.7764451052},
		{0.975, 9, 2.2621571628},
		{0.95, 30, 1.6972608866},
		{0.025, 4, -2.7764451052},
		{0.5, 3, 0},
		{0.975, 1e7, 1.959964}, // the normal's
	} {
		if got := StudentQuantile(c.p, c.df); math.Abs(got-c.want) > 2e-6 {
			t.Errorf("t of %v with %v degrees of freedom is %v, want %v", c.p, c.df, got, c.want)
		}
	}
	for _, c := range [][2]float64{{0, 3}, {1, 3}, {0.5, 0}, {0.5, -1}, {math.NaN(), 3}, {0.9, math.NaN()}} {
		if got := StudentQuantile(c[0], c[1]); !math.IsNaN(got) {
			t.Errorf("t of %v with %v degrees of freedom is %v, want NaN", c[0], c[1], got)
		}
	}
}

// TestMeanT by hand: of 2, 4, 4, 5, 5 the mean is 4 and the sum of squares 4+0+0+1+1 = 6, so the SD
// is √1.5 and the reach 2.776445·√(1.5/5) = 1.520722.
func TestMeanT(t *testing.T) {
	mean, low, high := MeanT([]float64{2, 4, 4, 5, 5})
	if mean != 4 || math.Abs(low-2.479278) > 1e-6 || math.Abs(high-5.520722) > 1e-6 {
		t.Errorf("mean %v in [%v, %v], want 4 in [2.479278, 5.520722]", mean, low, high)
	}
	if mean, low, high := MeanT([]float64{7}); mean != 7 || !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("of a single value: %v in [%v, %v], want 7 and no interval", mean, low, high)
	}
	if mean, _, _ := MeanT(nil); !math.IsNaN(mean) {
		t.Errorf("of nothing: %v", mean)
	}
}
