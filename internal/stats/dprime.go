package stats

import "math"

// DPrime is the distance between the means of two groups in units of their common spread,
//
//	d′ = (μ₁-μ₀) / √((σ₁²+σ₀²)/2),
//
// μ₁, σ₁² of positive, μ₀, σ₀² of negative: above 0 where positive is higher. The variances are
// unbiased ones (divided by n-1) and count alike, however large the groups are; hence it is not
// Cohen's d with pooled variance unless the groups are of one size. For normal values
// AUROC = Φ(d′/√2).
//
// It is NaN where it is not defined: fewer than two values in a group, no variance in either
// (even where the means differ), a value that is not a finite number, a variance beyond float64.
//
// D. M. Green and J. A. Swets, Signal Detection Theory and Psychophysics (1966); with unequal
// variances it is d_a of A. J. Simpson and M. J. Fitter, Psychological Bulletin 80:481 (1973).
func DPrime(positive, negative []float64) float64 {
	var one, zero Moments
	for _, v := range positive {
		one.Add(v)
	}
	for _, v := range negative {
		zero.Add(v)
	}
	variance := (one.Variance() + zero.Variance()) / 2
	if !(variance > 0) || math.IsInf(variance, 1) {
		return math.NaN()
	}
	return (one.Mean() - zero.Mean()) / math.Sqrt(variance)
}
