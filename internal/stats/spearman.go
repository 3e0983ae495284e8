package stats

import (
	"cmp"
	"math"
	"slices"
)

// Spearman is the rank correlation of paired values: Pearson's correlation of their ranks, where
// equal values share the mean of their ranks. It is 1 where one is an increasing function of the
// other. With fewer than two pairs, a NaN among them or all values of one side equal it is NaN.
//
// C. Spearman, American Journal of Psychology 15:72 (1904).
func Spearman(x, y []float64) float64 {
	checkLength(len(x), len(y))
	if len(x) < 2 || slices.ContainsFunc(x, math.IsNaN) || slices.ContainsFunc(y, math.IsNaN) {
		return math.NaN()
	}
	a, b := ranks(x), ranks(y)
	middle := float64(len(x)+1) / 2
	var xy, xx, yy float64
	for i := range a {
		u, v := a[i]-middle, b[i]-middle
		xy, xx, yy = xy+u*v, xx+u*u, yy+v*v
	}
	if xx == 0 || yy == 0 {
		return math.NaN()
	}
	return xy / math.Sqrt(xx*yy)
}

// ranks are the places of values in ascending order, counted from 1, equal values' averaged.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return out
}
