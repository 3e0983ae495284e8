package stats

import "math"

// Wilson is the 95 % score interval of a rate of which `successes` of n were observed.
// See WilsonAt.
func Wilson(successes, n int) (low, high float64) { return WilsonAt(successes, n, 0.95) }

// WilsonAt is the score interval of a rate at a confidence between 0 and 1: all rates p that
// a two-sided normal test of the observed x of n does not reject, the solutions of
//
//	(x/n - p)² ≤ z²·p(1-p)/n,   z = Φ⁻¹((1+confidence)/2),
//
// without continuity correction. It stays within [0,1] and has a width at 0 and n successes.
// With n = 0 nothing is known and the interval is [0,1], its limit. It is NaN, NaN for counts
// out of range or a confidence outside (0,1).
//
// E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA
// 22:209 (1927); method 3 of R. G. Newcombe, Statistics in Medicine 17:857 (1998).
func WilsonAt(successes, n int, confidence float64) (low, high float64) {
	if successes < 0 || n < successes || !(confidence > 0 && confidence < 1) {
		return math.NaN(), math.NaN()
	}
	if n == 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	return wilsonLow(successes, n, z), 1 - wilsonLow(n-successes, n, z)
}

// wilsonLow is the smaller root. It is had from the larger one and the product of both,
// x²/(n(n+z²)): the direct difference would lose digits for small x and not be 0 at x = 0.
func wilsonLow(successes, n int, z float64) float64 {
	x, m := float64(successes), float64(n)
	return x * x / m / (x + z*z/2 + z*math.Sqrt(x*(m-x)/m+z*z/4))
}
