package stats

import (
	"math"
	"slices"
)

// ClassSelectivity is the class-selectivity index of a unit, given its mean activation on the
// images of each class (not negative: taken after a ReLU),
//
//	(μ_max - μ̄_rest) / (μ_max + μ̄_rest),
//
// where μ̄_rest is the unweighted mean of the other classes' means. It is 0 if the unit responds
// to all classes alike and 1 if to one alone. Which class that is does not show; if two share the
// maximum, one of them is among the rest.
//
// It is NaN where it is not defined: fewer than two classes, all means 0 (the denominator is 0),
// a negative mean (the index would leave [0,1]), a mean that is NaN (a class without images) or
// infinite.
//
// A. S. Morcos, D. G. T. Barrett, N. C. Rabinowitz and M. Botvinick, On the importance of single
// directions for generalization, ICLR 2018, arXiv:1803.06959.
func ClassSelectivity(means []float64) float64 {
	if len(means) < 2 || slices.ContainsFunc(means, func(m float64) bool { return !(m >= 0) }) {
		return math.NaN()
	}
	best := slices.Index(means, slices.Max(means))
	sum := 0.0
	for i, m := range means {
		if i != best {
			sum += m
		}
	}
	rest := sum / float64(len(means)-1)
	return max(0, (means[best]-rest)/(means[best]+rest)) // rounding must not lead below 0
}
