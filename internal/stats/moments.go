package stats

import "math"

// Moments is a running mean and variance: values are added one at a time and not kept. The
// zero value is ready for use. It does not suffer from cancellation as Σx² - (Σx)²/n does.
//
// B. P. Welford, Technometrics 4:419 (1962); Merge is T. F. Chan, G. H. Golub and
// R. J. LeVeque, Stanford STAN-CS-79-773 (1979).
type Moments struct {
	n    int
	mean float64
	m2   float64 // Σ (x - mean)²
}

// Add takes in a value. A NaN or an infinity makes mean and variance NaN or infinite for good.
func (m *Moments) Add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += d * (x - m.mean)
}

// Merge takes in all that another Moments has seen.
func (m *Moments) Merge(other Moments) {
	if other.n == 0 {
		return
	}
	a, b := float64(m.n), float64(other.n)
	d := other.mean - m.mean
	m.n += other.n
	m.mean += d * b / (a + b)
	m.m2 += other.m2 + d*d*a*b/(a+b)
}

// N is the number of values seen.
func (m *Moments) N() int { return m.n }

// Mean is the arithmetic mean, NaN without values.
func (m *Moments) Mean() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.mean
}

// Variance is the unbiased estimate Σ(x-mean)²/(n-1), NaN with fewer than two values.
func (m *Moments) Variance() float64 {
	if m.n < 2 {
		return math.NaN()
	}
	return m.m2 / float64(m.n-1)
}

// PopulationVariance is Σ(x-mean)²/n, for when the values are all there are; NaN without values.
func (m *Moments) PopulationVariance() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.m2 / float64(m.n)
}

// SD is the square root of Variance.
func (m *Moments) SD() float64 { return math.Sqrt(m.Variance()) }

// Mean is the arithmetic mean of values, NaN without values.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Variance is the unbiased estimate of values' variance, NaN with fewer than two values.
func Variance(values []float64) float64 {
	var m Moments
	for _, v := range values {
		m.Add(v)
	}
	return m.Variance()
}
