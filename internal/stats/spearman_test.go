package stats

import (
	"math"
	"testing"
)

func TestSpearmanByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
	}{
		{"increasing, not linear", []float64{1, 2, 3, 4}, []float64{1, 10, 11, 1000}, 1},
		{"decreasing", []float64{1, 2, 3}, []float64{5, 4, -4}, -1},
		// Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 − 6·Σd²/(n(n²−1)) = 1 − 6·4/120.
		{"two swaps", []float64{1, 2, 3, 4, 5}, []float64{20, 10, 40, 30, 50}, 0.8},
		// Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
		{"a tie", []float64{0, 7, 7, 9}, []float64{1, 2, 3, 4}, 4.5 / math.Sqrt(4.5*5)},
	} {
		if got := Spearman(c.x, c.y); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range [][2][]float64{{{1}, {2}}, {{1, 1, 1}, {1, 2, 3}}, {{1, math.NaN(), 3}, {1, 2, 3}}} {
		if got := Spearman(c[0], c[1]); !math.IsNaN(got) {
			t.Errorf("of %v and %v: %v, want NaN", c[0], c[1], got)
		}
	}
}
