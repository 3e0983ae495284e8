package stats

import (
	"cmp"
	"math"
	"slices"
)

// BenjaminiHochberg gives p-values adjusted for there being many, in the order of p: those at or
// below q are the discoveries of the step-up procedure that keeps the false discovery rate at q.
// With p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted value of p₍ᵢ₎ is
//
//	min over j ≥ i of min(1, p₍ⱼ₎·m/j),
//
// never below p₍ᵢ₎. The rate is kept for independent tests and for positively dependent ones
// (PRDS, Benjamini and Yekutieli), not under every dependence.
//
// A NaN is a test that was not made: it stays NaN and is not counted in m. A p outside [0,1] is
// a mistake that would change what the others mean, and makes all of them NaN.
//
// Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57:289 (1995);
// dependence: Y. Benjamini and D. Yekutieli, Annals of Statistics 29:1165 (2001). R's
// p.adjust(p, "BH") gives the same.
func BenjaminiHochberg(p []float64) []float64 {
	adjusted := make([]float64, len(p))
	var places []int
	inRange := true
	for i, v := range p {
		adjusted[i] = math.NaN()
		if !math.IsNaN(v) {
			places = append(places, i)
			inRange = inRange && v >= 0 && v <= 1
		}
	}
	if !inRange {
		return adjusted
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	least, m := 1.0, float64(len(places))
	for k, i := range slices.Backward(places) {
		least = min(least, m/float64(k+1)*p[i]) // in this order: rounding does not lead below p
		adjusted[i] = least
	}
	return adjusted
}
