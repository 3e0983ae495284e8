package logistic

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Design is what all fits over the same rows share. Several goroutines may use it at once.
type Design struct {
	x          []float64 // rows × cols
	rows, cols int
	steps      []step
}

// step is one penalty of a path. root is the lower Cholesky factor R of the curvature's bound,
// R·Rᵀ = XᵀX/(4·rows) + penalty·I.
type step struct {
	penalty float64
	root    blas64.Triangular
}

// NewDesign prepares fits over the rows of x, rows × cols, with each of the penalties, which must
// be above 0. It keeps x.
func NewDesign(x []float64, rows, cols int, penalties ...float64) (*Design, error) {
	if rows < 1 || cols < 0 || len(x) != rows*cols {
		return nil, fmt.Errorf("logistic: %d numbers for %d rows of %d", len(x), rows, cols)
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("logistic: input %d of row %d is %v (want a finite number)", i%cols, i/cols, v)
		}
	}
	d := &Design{x: x, rows: rows, cols: cols}
	gram := d.gram()
	for _, p := range penalties {
		if !(p > 0) || math.IsInf(p, 0) {
			return nil, fmt.Errorf("logistic: penalty %v (want a number above 0)", p)
		}
		s := step{penalty: p}
		if cols > 0 {
			var err error
			if s.root, err = root(gram, p); err != nil {
				return nil, err
			}
		}
		d.steps = append(d.steps, s)
	}
	return d, nil
}

// gram is XᵀX/(4·rows), cols × cols.
func (d *Design) gram() *mat.SymDense {
	if d.cols == 0 {
		return nil
	}
	g := mat.NewSymDense(d.cols, nil)
	blas64.Syrk(blas.Trans, 1/(4*float64(d.rows)), blas64.General{Rows: d.rows, Cols: d.cols, Stride: d.cols, Data: d.x}, 0, g.RawSymmetric())
	return g
}

func root(gram *mat.SymDense, penalty float64) (blas64.Triangular, error) {
	n := gram.SymmetricDim()
	bound := mat.NewSymDense(n, nil)
	bound.CopySym(gram)
	for i := range n {
		bound.SetSym(i, i, bound.At(i, i)+penalty)
	}
	var c mat.Cholesky
	if !c.Factorize(bound) {
		return blas64.Triangular{}, errors.New("logistic: the penalty is lost in rounding beside the inputs: standardise them")
	}
	var r mat.TriDense
	c.LTo(&r)
	return r.RawTriangular(), nil
}
