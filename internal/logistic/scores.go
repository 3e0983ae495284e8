package logistic

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Scores are w·x + b of each row of x, rows × len(Weights). Above 0 the model says yes.
func (m *Model) Scores(x []float64, rows int) []float64 {
	out := make([]float64, rows)
	scores(out, x, m.Weights, m.Intercept)
	return out
}

// scores fills out with w·x + b, one number a row.
func scores(out, x, w []float64, intercept float64) {
	for i := range out {
		out[i] = intercept
	}
	if len(w) > 0 {
		blas64.Gemv(blas.NoTrans, 1, rowsOf(x, len(out), len(w)), vector(w), 1, vector(out))
	}
}

func rowsOf(x []float64, rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: x}
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Inc: 1, Data: v} }

// CrossEntropy is the mean over rows of −log of the probability that the scores give to the right
// answers, in nats; NaN of no rows.
func CrossEntropy(scores []float64, y []bool) float64 {
	if len(scores) != len(y) {
		panic(fmt.Sprintf("logistic: %d scores of %d answers", len(scores), len(y)))
	}
	sum := 0.0
	for i, s := range scores {
		if y[i] {
			s = -s
		}
		loss, _ := softplus(s)
		sum += loss
	}
	return sum / float64(len(y))
}

// softplus is log(1 + exp(s)) and its slope 1/(1 + exp(−s)), without overflow.
func softplus(s float64) (value, slope float64) {
	e := math.Exp(-math.Abs(s))
	if s > 0 {
		return s + math.Log1p(e), 1 / (1 + e)
	}
	return math.Log1p(e), e / (1 + e)
}
