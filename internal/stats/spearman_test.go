package stats

import (
	"math"
	"testing"
)

func TestSpearman(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
	}{
		{"same order", []float64{1, 2, 3}, []float64{10, 100, 1000}, 1},
		{"opposite", []float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		// Ranks 1 2 3 4 5 and 2 1 4 3 5: Σd² = 4, ρ = 1 − 6·4/(5·24) = 0.8.
		{"by hand", []float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5}, 0.8},
		// scipy.stats.spearmanr([1,2,2,3],[1,3,2,4]): ranks 1 2.5 2.5 4 and 1 3 2 4, 4.5/√(4.5·5).
		{"ties", []float64{1, 2, 2, 3}, []float64{1, 3, 2, 4}, 0.9486832980505138},
		{"constant", []float64{1, 1, 1}, []float64{1, 2, 3}, math.NaN()},
		{"one pair", []float64{1}, []float64{2}, math.NaN()},
		{"none", nil, nil, math.NaN()},
		{"NaN", []float64{1, math.NaN(), 2}, []float64{1, 2, 3}, math.NaN()},
	} {
		if got := Spearman(c.x, c.y); math.Abs(got-c.want) > 1e-15 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

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
