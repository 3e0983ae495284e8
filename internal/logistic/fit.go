package logistic

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/optimize"
)

// Model is a fitted logistic regression: yes where w·x + b > 0.
type Model struct {
	Weights   []float64 // w
	Intercept float64   // b
	Penalty   float64
	// Converged: the gradient came down to Tolerance. Where it did not, the model is the best that
	// was met on the way.
	Converged bool
}

// Tolerance is the norm of the gradient, in the coordinates in which the curvature is at most 1,
// at which a fit ends; the objective is then within some 1e-12 nats of its minimum.
const Tolerance = 1e-6

// maxSteps is far more than a fit needs.
const maxSteps = 1000

// Path fits the answers y, one a row, with each of the design's penalties in their order, each fit
// starting where the one before ended: from the strongest penalty to the weakest is fastest.
// It needs answers of both kinds, or no finite intercept were best.
func (d *Design) Path(y []bool) ([]Model, error) {
	if len(y) != d.rows {
		return nil, fmt.Errorf("logistic: %d answers for %d rows", len(y), d.rows)
	}
	if !slices.Contains(y, true) || !slices.Contains(y, false) {
		return nil, fmt.Errorf("logistic: all %d answers are the same", len(y))
	}
	o := newObjective(d, y)
	var path []Model
	w, b := make([]float64, d.cols), 0.0
	for _, s := range d.steps {
		m := o.minimise(s, w, b)
		w, b = m.Weights, m.Intercept
		path = append(path, m)
	}
	return path, nil
}

// blockRows rows at a time go through scores and gradient, so that they are read from memory once.
const blockRows = 64

// objective is what a fit minimises, as a function of the whitened coordinates z: the weights are
// R⁻ᵀ·z[1:], the intercept is 2·z[0], whose curvature is at most 1/4.
type objective struct {
	*Design
	y []bool
	step
	weights, slopes, residual []float64
	at, gradient              []float64 // where it was evaluated last, and its gradient there
	value                     float64
}

func newObjective(d *Design, y []bool) *objective {
	return &objective{Design: d, y: y, weights: make([]float64, d.cols), slopes: make([]float64, d.cols),
		residual: make([]float64, blockRows), gradient: make([]float64, d.cols+1)}
}

// minimise starts from the weights and the intercept.
func (o *objective) minimise(s step, weights []float64, intercept float64) Model {
	o.step, o.at = s, nil
	start := append([]float64{intercept / 2}, weights...)
	if o.cols > 0 {
		blas64.Trmv(blas.Trans, s.root, vector(start[1:]))
	}
	result, err := optimize.Minimize(
		optimize.Problem{
			Func: func(z []float64) float64 { o.evaluate(z); return o.value },
			Grad: func(into, z []float64) { o.evaluate(z); copy(into, o.gradient) },
		}, start,
		&optimize.Settings{GradientThreshold: Tolerance, MajorIterations: maxSteps, Converger: optimize.NeverTerminate{}},
		&optimize.LBFGS{})
	if result == nil {
		panic(err) // gonum knows the method, and the problem is complete
	}
	m := Model{Weights: make([]float64, o.cols), Penalty: s.penalty, Converged: err == nil && result.Status == optimize.GradientThreshold}
	m.Intercept = o.unwhiten(m.Weights, result.X)
	return m
}

// unwhiten turns z into weights and intercept.
func (o *objective) unwhiten(weights, z []float64) (intercept float64) {
	copy(weights, z[1:])
	if o.cols > 0 {
		blas64.Trsv(blas.Trans, o.root, vector(weights))
	}
	return 2 * z[0]
}

// evaluate brings value and gradient to z. gonum asks for the two one after the other.
func (o *objective) evaluate(z []float64) {
	if o.at != nil && slices.Equal(o.at, z) {
		return
	}
	o.at = append(o.at[:0], z...)
	intercept := o.unwhiten(o.weights, z)
	loss, slope := o.loss(intercept)
	o.value = loss / float64(o.rows)
	o.gradient[0] = 2 * slope / float64(o.rows)
	for j, w := range o.weights {
		o.value += o.penalty / 2 * w * w
		o.gradient[1+j] = o.slopes[j]/float64(o.rows) + o.penalty*w
	}
	if o.cols > 0 {
		blas64.Trsv(blas.NoTrans, o.root, vector(o.gradient[1:]))
	}
}

// loss is the sum over rows of the cross-entropy, and its derivative by the intercept; slopes get
// that by the weights.
func (o *objective) loss(intercept float64) (sum, slope float64) {
	clear(o.slopes)
	for first := 0; first < o.rows; first += blockRows {
		rows := min(blockRows, o.rows-first)
		x, residual := o.x[first*o.cols:(first+rows)*o.cols], o.residual[:rows]
		scores(residual, x, o.weights, intercept)
		for i, s := range residual {
			sign := 1.0
			if o.y[first+i] {
				sign = -1
			}
			loss, p := softplus(sign * s)
			sum += loss
			residual[i] = sign * p
			slope += residual[i]
		}
		if o.cols > 0 {
			blas64.Gemv(blas.Trans, 1, rowsOf(x, rows, o.cols), vector(residual), 1, vector(o.slopes))
		}
	}
	return sum, slope
}
