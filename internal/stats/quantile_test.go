package stats

import (
	"math"
	"slices"
	"testing"
)

// TestQuantile has values worked out from (n-1)·q; R's quantile(x, q, type = 7) gives the same.
func TestQuantile(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3, 1, 2, 4}, 0, 1},
		{[]float64{3, 1, 2, 4}, 1, 4},
		{[]float64{3, 1, 2, 4}, 0.5, 2.5},
		{[]float64{3, 1, 2, 4}, 0.25, 1.75},
		{[]float64{10, 20, 30, 40, 50}, 0.1, 14},
		{[]float64{10, 20, 30, 40, 50}, 0.25, 20},
		{[]float64{7}, 0.3, 7},
		{[]float64{-1, 1}, 0.975, 0.95},
		{[]float64{1, 2, inf}, 0.5, 2},
		{[]float64{1, inf, inf}, 0.75, inf},
		{nil, 0.5, math.NaN()},
		{[]float64{1, math.NaN(), 2}, 0.5, math.NaN()},
		{[]float64{1, 2}, -0.1, math.NaN()},
		{[]float64{1, 2}, 1.1, math.NaN()},
		{[]float64{1, 2}, math.NaN(), math.NaN()},
	} {
		before := slices.Clone(test.values)
		got := Quantile(test.values, test.q)
		if math.Abs(got-test.want) > 1e-14 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("quantile %v of %v: %v, want %v", test.q, test.values, got, test.want)
		}
		if !slices.EqualFunc(before, test.values, func(a, b float64) bool { return a == b || a != a && b != b }) {
			t.Errorf("quantile %v changed its input to %v", test.q, test.values)
		}
	}
}

func TestQuantileGrowsWithQ(t *testing.T) {
	values := []float64{0.1, 0.1, 0.3, 2, 5, 5, 9}
	last := math.Inf(-1)
	for i := range 1001 {
		v := Quantile(values, float64(i)/1000)
		if v < last {
			t.Fatalf("quantile %v is %v, the one before %v", float64(i)/1000, v, last)
		}
		last = v
	}
}
