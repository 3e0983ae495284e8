package stats

import "math"

// McNemarExact is the two-sided p of the exact McNemar test: b pairs changed one way, c the
// other way; if neither way is likelier, each is a fair coin's throw, so that
//
//	p = min(1, 2·P(X ≤ min(b,c))),   X ~ Binomial(b+c, 1/2).
//
// Pairs that did not change say nothing. Without any change p is 1. The relative error is
// below 1e-11 up to a million pairs; where p is under 5e-324, the smallest float64, it is 0 (see
// McNemarLog). Negative counts give NaN.
//
// Q. McNemar, Psychometrika 12:153 (1947); for the exact form M. W. Fagerland, S. Lydersen and
// P. Laake, BMC Medical Research Methodology 13:91 (2013).
func McNemarExact(b, c int) float64 { return math.Exp(McNemarLog(b, c)) }

// McNemarLog is the natural logarithm of McNemarExact's p, finite also where p itself is too
// small for a float64.
func McNemarLog(b, c int) float64 {
	switch {
	case b < 0 || c < 0:
		return math.NaN()
	case max(b, c)-min(b, c) <= 1:
		return 0 // the lower half of the distribution is at least 1/2
	}
	return min(0, math.Ln2+logHalfBinomialTail(b+c, min(b, c)))
}

// logHalfBinomialTail is log P(X ≤ k), X ~ Binomial(n, 1/2), k < n/2. The probabilities shrink
// geometrically downwards from k, so they are summed as multiples of the one at k.
func logHalfBinomialTail(n, k int) float64 {
	sum, term := 1.0, 1.0
	for i := k; i > 0 && term > 1e-18*sum; i-- {
		term *= float64(i) / float64(n-i+1)
		sum += term
	}
	return logHalfBinomial(n, k) + math.Log(sum)
}

// logHalfBinomial is log P(X = k), X ~ Binomial(n, 1/2), by the saddle-point expansion of C. Loader,
// Fast and accurate computation of binomial probabilities (2000). A difference of log
// factorials would lose as many digits as they have before the point.
func logHalfBinomial(n, k int) float64 {
	if k == 0 || k == n {
		return -float64(n) * math.Ln2
	}
	m, d := float64(n), float64(n-2*k)/float64(n)
	deviance := m / 2 * ((1-d)*math.Log1p(-d) + (1+d)*math.Log1p(d))
	return stirlingError(n) - stirlingError(k) - stirlingError(n-k) - deviance +
		math.Log(m/(2*math.Pi*float64(k)*float64(n-k)))/2
}

// stirlingError is log n! less Stirling's formula for it, n·log n - n + log(2πn)/2.
func stirlingError(n int) float64 {
	m := float64(n)
	if n < 16 {
		factorial, _ := math.Lgamma(m + 1)
		return factorial - (m+0.5)*math.Log(m) + m - math.Log(2*math.Pi)/2
	}
	s := m * m
	return (1./12 - (1./360-(1./1260-1./1680/s)/s)/s) / m
}
