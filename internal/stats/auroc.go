package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// AUROC is the area under the receiver operating characteristic: the probability that a value
// drawn from positive exceeds one drawn from negative, ties counting half,
//
//	AUROC = U/(n₁n₀),   U = #{x > y} + #{x = y}/2   over all pairs x of positive, y of negative.
//
// 1 means that every positive lies above every negative, 0 the reverse, 0.5 that neither is
// higher on the whole. Only the order of the values matters; infinities are in order. It takes
// O(n log n), and U is exact.
//
// It is NaN if either is empty or a value is NaN. It is also NaN if all values are equal: the
// formula would give 0.5, but a constant (dead, saturated) unit tells nothing about any label
// and is not the same as a unit that varies without regard to the label.
//
// J. A. Hanley and B. J. McNeil, Radiology 143:29 (1982); U is H. B. Mann and D. R. Whitney,
// Annals of Mathematical Statistics 18:50 (1947).
func AUROC(positive, negative []float64) float64 {
	all := make([]labelled, 0, len(positive)+len(negative))
	for _, v := range positive {
		all = append(all, labelled{value: v, positive: true})
	}
	for _, v := range negative {
		all = append(all, labelled{value: v})
	}
	return auroc(all)
}

// AUROCOf is AUROC of the values marked positive against the others.
func AUROCOf(values []float64, positive []bool) float64 {
	return StratifiedAUROC(values, positive, make([]int, len(values)))
}

// StratifiedAUROC is AUROC within strata (classes, say): the probability that a positive value
// exceeds a negative one of the same stratum, ties counting half. It is the mean of the strata's
// AUROCs, weighted by their numbers of pairs,
//
//	Σ U_s / Σ n₁ₛn₀ₛ = Σ n₁ₛn₀ₛ·AUROC_s / Σ n₁ₛn₀ₛ,
//
// so that a difference in level between strata, and a feature being commoner in one of them,
// do not enter. A stratum without positives or without negatives has no pairs and says nothing.
// A stratum in which all values are equal counts 0.5 with its weight, as ties do, beside others
// in which values differ.
//
// It is NaN if no stratum has pairs, if a value is NaN (in any stratum), or if the values are
// constant within each of the strata that have pairs.
//
// Combining U over strata is P. van Elteren, Bulletin of the International Statistical
// Institute 37:351 (1960); his test weights U_s by 1/(nₛ+1), this, an estimate and not a test,
// by 1, which makes large strata count more.
func StratifiedAUROC(values []float64, positive []bool, stratum []int) float64 {
	if len(values) != len(positive) || len(values) != len(stratum) {
		panic(fmt.Sprintf("stats: %d values with %d labels and %d strata", len(values), len(positive), len(stratum)))
	}
	all := make([]labelled, len(values))
	for i, v := range values {
		all[i] = labelled{v, stratum[i], positive[i]}
	}
	return auroc(all)
}

type labelled struct {
	value    float64
	stratum  int
	positive bool
}

// auroc sorts all.
func auroc(all []labelled) float64 {
	if slices.ContainsFunc(all, func(a labelled) bool { return math.IsNaN(a.value) }) {
		return math.NaN()
	}
	slices.SortFunc(all, func(a, b labelled) int {
		switch { // half the time of cmp.Or with cmp.Compare; there are no NaNs
		case a.stratum != b.stratum:
			return cmp.Compare(a.stratum, b.stratum)
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	twiceU, pairs, varies := 0, 0, false
	for len(all) > 0 {
		n := lead(all, func(a, b labelled) bool { return a.stratum == b.stratum })
		u, p := mannWhitney(all[:n])
		twiceU, pairs = twiceU+u, pairs+p
		varies = varies || p > 0 && all[0].value != all[n-1].value
		all = all[n:]
	}
	if !varies {
		return math.NaN()
	}
	return float64(twiceU) / 2 / float64(pairs)
}

// mannWhitney is 2U, a whole number, and the number of pairs of one stratum in ascending order.
func mannWhitney(sorted []labelled) (twiceU, pairs int) {
	positives, negatives := 0, 0
	for len(sorted) > 0 {
		tied := lead(sorted, func(a, b labelled) bool { return a.value == b.value })
		above := 0
		for _, a := range sorted[:tied] {
			if a.positive {
				above++
			}
		}
		level := tied - above
		twiceU += above * (2*negatives + level)
		positives, negatives = positives+above, negatives+level
		sorted = sorted[tied:]
	}
	return twiceU, positives * negatives
}

// lead is how many elements, from the first on, are alike.
func lead(all []labelled, alike func(a, b labelled) bool) int {
	n := 1
	for n < len(all) && alike(all[0], all[n]) {
		n++
	}
	return n
}
