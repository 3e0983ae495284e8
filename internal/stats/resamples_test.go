package stats

import (
	"math"
	"testing"
)

// TestCountsAreTheDrawsOfIntervals: a mean over counts is the mean that Intervals saw.
func TestCountsAreTheDrawsOfIntervals(t *testing.T) {
	const n = 23
	for _, strata := range [][]int{nil, {0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0}} {
		b := Bootstrap{Resamples: 300, Seed: 5, Strata: strata}
		diffs := make([]float64, n)
		for i := range diffs {
			diffs[i] = math.Sin(float64(3 * i))
		}
		counts, values := b.Counts(n), make([]float64, 300)
		for r := range values {
			drawn := 0.0
			for i, c := range counts[r*n : (r+1)*n] {
				values[r] += float64(c) * diffs[i] / n
				drawn += float64(c)
			}
			if drawn != n {
				t.Fatalf("resample %d draws %v observations, want %d", r, drawn, n)
			}
		}
		got, want := b.Percentiles(values), b.Means(diffs)[0]
		if math.Abs(got.Low-want.Low) > 1e-12 || math.Abs(got.High-want.High) > 1e-12 {
			t.Errorf("strata %v: [%v, %v], want [%v, %v]", strata, got.Low, got.High, want.Low, want.High)
		}
	}
}
