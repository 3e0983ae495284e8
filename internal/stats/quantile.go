package stats

import (
	"math"
	"slices"
)

// Quantile is the q-quantile of values, 0 ≤ q ≤ 1, with linear interpolation between order
// statistics, x[h] for h = (n-1)·q counted from 0: type 7 of R. J. Hyndman and Y. Fan, The
// American Statistician 50:361 (1996), the default of R and numpy. The values need not be
// sorted and are not changed. No values, a NaN among them or a q outside [0,1] give NaN.
func Quantile(values []float64, q float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return QuantileSorted(sorted, q)
}

// QuantileSorted is Quantile for values in ascending order, NaNs (if any) first, as
// slices.Sort leaves them.
func QuantileSorted(sorted []float64, q float64) float64 {
	n := len(sorted)
	if n == 0 || math.IsNaN(sorted[0]) || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	whole, part := math.Modf(float64(n-1) * q)
	lower := sorted[int(whole)]
	if part == 0 {
		return lower // also keeps ∞-∞ out
	}
	upper := sorted[int(whole)+1]
	if lower == upper {
		return lower
	}
	return min(upper, lower+part*(upper-lower)) // rounding must not lead past upper
}
