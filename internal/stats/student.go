package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// StudentQuantile is the p-quantile, 0 < p < 1, of Student's t distribution with df > 0 degrees of
// freedom: with I⁻¹ the inverse of the regularised incomplete beta function,
//
//	t = √(df·(1-x)/x),   x = I⁻¹(2(1-p); df/2, 1/2)   for p ≥ 1/2,
//
// and minus the (1-p)-quantile below. Arguments out of range give NaN.
//
// "Student", Biometrika 6:1 (1908).
func StudentQuantile(p, df float64) float64 {
	switch {
	case !(p > 0 && p < 1) || !(df > 0):
		return math.NaN()
	case p == 0.5:
		return 0
	case p < 0.5:
		return -StudentQuantile(1-p, df)
	}
	x := mathext.InvRegIncBeta(df/2, 0.5, 2*(1-p))
	return math.Sqrt(df * (1 - x) / x)
}

// MeanT is the mean of values with the 95 % t-interval
//
//	mean ± t₀.₉₇₅,ₙ₋₁ · SD/√n,   SD with n-1 in its denominator,
//
// right for values drawn from a normal distribution and roughly for others, but not for a handful of
// skewed ones. The limits are NaN with fewer than two values. Two values that are the same
// give an interval of width 0, which claims too much.
func MeanT(values []float64) (mean, low, high float64) {
	n := float64(len(values))
	mean = Mean(values)
	reach := StudentQuantile(0.975, n-1) * math.Sqrt(Variance(values)/n)
	return mean, mean - reach, mean + reach
}
