package probe

// sparseness of n responses that are not negative, given their sum and the sum of their squares,
//
//	S = (1 − a)/(1 − 1/n),   a = (Σr/n)² / (Σr²/n),
//
// 0 if all are equal, 1 if one alone is not 0; NaN if all are 0, or there is only one. Over images it is a neuron's lifetime
// sparseness, over neurons an image's population sparseness.
//
// E. T. Rolls and M. J. Tovée, Journal of Neurophysiology 73:713 (1995), after A. Treves and E. T. Rolls,
// Network 2:371 (1991), for a; W. E. Vinje and J. L. Gallant, Science 287:1273 (2000), for S.
func sparseness(sum, squares float64, n int) float64 {
	count := float64(n)
	a := sum * sum / count / squares
	return min(1, max(0, (1-a)/(1-1/count))) // rounding must not lead out of [0,1]; NaN stays
}

// sparsenessOf is sparseness of responses given one by one.
func sparsenessOf(responses []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, r := range responses {
		sum, squares = sum+r, squares+r*r
	}
	return sparseness(sum, squares, len(responses))
}
