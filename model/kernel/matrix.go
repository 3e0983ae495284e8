package kernel

import "fmt"

// Matrix is a row-major view of a slice: element (i, j) is Data[i*Stride+j].
type Matrix struct {
	Data               []float32
	Rows, Cols, Stride int
}

// Dense makes a view of a slice without gaps between rows.
func Dense(data []float32, rows, cols int) Matrix {
	return Matrix{Data: data, Rows: rows, Cols: cols, Stride: cols}
}

// Columns is the view of columns [lo, hi).
func (m Matrix) Columns(lo, hi int) Matrix {
	return Matrix{Data: m.Data[lo:], Rows: m.Rows, Cols: hi - lo, Stride: m.Stride}
}

// Slice is the view of rows [lo, hi).
func (m Matrix) Slice(lo, hi int) Matrix {
	return Matrix{Data: m.Data[lo*m.Stride:], Rows: hi - lo, Cols: m.Cols, Stride: m.Stride}
}

// Op says how Product reads its operands and treats what is in the result already.
type Op struct {
	TransposeA, TransposeB bool
	Accumulate             bool // c += a·b instead of c = a·b
}

// Product computes c = op(a)·op(b), or c += op(a)·op(b), with the back end in use.
// Dimensions that do not fit are a programming error and panic.
func Product(c, a, b Matrix, op Op) {
	m, k := a.Rows, a.Cols
	if op.TransposeA {
		m, k = k, m
	}
	kb, n := b.Rows, b.Cols
	if op.TransposeB {
		kb, n = n, kb
	}
	if k != kb || c.Rows != m || c.Cols != n {
		panic(fmt.Sprintf("kernel: product of %d×%d and %d×%d into %d×%d", m, k, kb, n, c.Rows, c.Cols))
	}
	c.verify()
	a.verify()
	b.verify()
	if m == 0 || n == 0 || k == 0 {
		return
	}
	current().product(c, a, b, op)
}

// verify keeps a wrong size from becoming a wild read inside the system library.
func (m Matrix) verify() {
	if m.Rows > 0 && m.Cols > 0 && (m.Stride < m.Cols || len(m.Data) < (m.Rows-1)*m.Stride+m.Cols) {
		panic(fmt.Sprintf("kernel: %d values for a %d×%d matrix of stride %d", len(m.Data), m.Rows, m.Cols, m.Stride))
	}
}
