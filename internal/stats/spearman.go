package stats

import (
	"cmp"
	"math"
	"slices"
)

// Spearman is the rank correlation of pairs: Pearson's of the ranks, equals sharing their mean
// rank. It is NaN for fewer than two pairs, where one side is constant, and with a NaN among them.
//
// C. Spearman, American Journal of Psychology 15:72 (1904). scipy.stats.spearmanr gives the same.
func Spearman(x, y []float64) float64 {
	checkLength(len(y), len(x))
	if slices.ContainsFunc(x, math.IsNaN) || slices.ContainsFunc(y, math.IsNaN) {
		return math.NaN()
	}
	// Doubled ranks less their mean are whole numbers: the sums below are exact.
	a, b := midranks(x), midranks(y)
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	if aa == 0 || bb == 0 {
		return math.NaN()
	}
	return ab / math.Sqrt(aa*bb)
}

// midranks are twice the ranks, counted from 1, less n+1; equals have their mean rank.
func midranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for lo := 0; lo < len(order); {
		hi := lo
		for hi < len(order) && values[order[hi]] == values[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo + 1 + hi - len(order) - 1)
		}
		lo = hi
	}
	return ranks
}
