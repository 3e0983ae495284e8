package circuit

import (
	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
)

// scale is what shares are shares of: y of the whole network and of the fully corrupted run, by pair.
type scale struct {
	whole, corrupted []float64
	difference       []float64 // whole − corrupted
	defined          bool
}

// leastDifference is how far whole and corrupted must lie apart, in units of |y|, for shares of their
// difference to be more than rounding.
const leastDifference = 1e-4

func newScale(whole, corrupted []float64, b stats.Bootstrap) *scale {
	s := &scale{whole: whole, corrupted: corrupted, difference: minus(whole, corrupted)}
	size := 0.0
	for k := range whole {
		size += (abs(whole[k]) + abs(corrupted[k])) / float64(len(whole))
	}
	low, high := b.Mean(s.difference)
	s.defined = (low > 0 || high < 0) && abs(stats.Mean(s.difference)) > leastDifference*size
	return s
}

// share is the mean of part − from over the mean of whole − corrupted.
func (s *scale) share(part, from []float64) float64 {
	return stats.Mean(minus(part, from)) / stats.Mean(s.difference)
}

// faithfulness is F of y by pair.
func (s *scale) faithfulness(y []float64) float64 { return s.share(y, s.corrupted) }

// intervals are shares part − from of several columns with bootstrap intervals on the same resamples of
// pairs; zero intervals where shares are not defined.
func (s *scale) intervals(b stats.Bootstrap, numerators ...[]float64) []ablate.Interval {
	out := make([]ablate.Interval, len(numerators))
	if !s.defined {
		return out
	}
	difference := stats.MeanOf(s.difference)
	means := make([]stats.Statistic, len(numerators))
	for k, n := range numerators {
		means[k] = stats.MeanOf(n)
		out[k].Estimate = stats.Mean(n) / stats.Mean(s.difference)
	}
	found := b.Several(len(s.difference), len(means), func(counts, into []float64) {
		d := difference(counts)
		for k, mean := range means {
			into[k] = mean(counts) / d
		}
	})
	for k, i := range found {
		out[k].Low, out[k].High = i.Low, i.High
	}
	return out
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for k := range out {
		out[k] = a[k] - b[k]
	}
	return out
}

func abs(x float64) float64 { return max(x, -x) }

func means(columns [][]float64) []float64 {
	out := make([]float64, len(columns))
	for k, c := range columns {
		out[k] = stats.Mean(c)
	}
	return out
}
