package stats

import (
	"fmt"
	"math"
	"slices"
)

// Pearson is the correlation of x with y,
//
//	Σ(x-x̄)(y-ȳ) / √(Σ(x-x̄)²·Σ(y-ȳ)²).
//
// It is NaN where it is not defined: fewer than two pairs, x or y constant, a value that is not a
// finite number.
func Pearson(x, y []float64) float64 {
	checkLength(len(x), len(y))
	a, b := Standardised(x), Standardised(y)
	if a == nil || b == nil {
		return math.NaN()
	}
	return min(1, max(-1, dot(a, b)))
}

// Standardised is x less its mean, divided by √Σ(x-x̄)²: the correlation of two columns is the
// product of their standardised ones. It is nil where there is no correlation: fewer than two
// values, a constant column, values that are not finite numbers.
func Standardised(x []float64) []float64 {
	if len(x) == 0 || slices.Min(x) == slices.Max(x) {
		return nil // exactly: a sum's rounding could make a constant vary
	}
	mean := Mean(x)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - mean
	}
	norm := math.Sqrt(dot(out, out))
	if !(norm > 0) || math.IsInf(norm, 0) {
		return nil
	}
	for i := range out {
		out[i] /= norm
	}
	return out
}

// Spearman is the correlation of the ranks of x with those of y, ties having the mean of their
// ranks: 1 if one rises wherever the other does. It is NaN where it is not defined, as Pearson is.
//
// C. Spearman, American Journal of Psychology 15:72 (1904).
func Spearman(x, y []float64) float64 {
	if len(x) != len(y) {
		panic(fmt.Sprintf("stats: %d values with %d", len(x), len(y)))
	}
	return Pearson(Midranks(x), Midranks(y))
}

// Midranks are the ranks of values from 1 on, ties having the mean of theirs. A NaN makes all of
// them NaN.
func Midranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	ranks := make([]float64, len(values))
	if slices.ContainsFunc(values, math.IsNaN) {
		for i := range ranks {
			ranks[i] = math.NaN()
		}
		return ranks
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	for first := 0; first < len(order); {
		last := first + 1
		for last < len(order) && values[order[last]] == values[order[first]] {
			last++
		}
		for _, i := range order[first:last] {
			ranks[i] = float64(first+last+1) / 2
		}
		first = last
	}
	return ranks
}
