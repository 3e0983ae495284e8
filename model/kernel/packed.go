package kernel

import (
	"fmt"
	"sync"
)

// Packed is a matrix of K×N laid out once for many products with it on the right: in panels of a
// few columns, each of which the processor's registers hold whole. It is what a sweep multiplies
// with: the same weights meet small batches many thousand times, so that a library that packs
// its operands anew in each call spends much of its time copying.
type Packed struct {
	K, N    int
	panels  []float32 // ⌈N/panelWidth⌉ × K × panelWidth, zeros beyond N
	rows    []float32 // K×N, where there is no SIMD
	columns []float32 // N×K, where N is so small that a panel would be mostly empty
}

// Panels names the SIMD that products with a Packed use, for reports: "AVX-512", "AVX2", or "" where
// they go through the back end in use.
func Panels() string {
	switch panelWidth {
	case 0:
		return ""
	case 16:
		return "AVX2"
	}
	return "AVX-512"
}

// Pack lays out a matrix given by rows. The rows may be kept.
func Pack(rows []float32, k, n int) *Packed {
	if len(rows) != k*n {
		panic(fmt.Sprintf("kernel: %d values for a %d×%d matrix", len(rows), k, n))
	}
	p := &Packed{K: k, N: n}
	if panelWidth == 0 {
		p.rows = rows
		return p
	}
	if p.narrow() {
		p.columns = make([]float32, k*n)
		transpose(p.columns, k, Dense(rows, k, n))
	}
	count := (n + panelWidth - 1) / panelWidth
	p.panels = make([]float32, count*k*panelWidth)
	for panel := range count {
		lo, hi := panel*panelWidth, min((panel+1)*panelWidth, n)
		for i := range k {
			copy(p.panels[(panel*k+i)*panelWidth:], rows[i*n+lo:i*n+hi])
		}
	}
	return p
}

// PackTransposed lays out the transpose of a matrix of n×k given by rows: a dense layer's weights.
func PackTransposed(rows []float32, n, k int) *Packed {
	if len(rows) != k*n {
		panic(fmt.Sprintf("kernel: %d values for a %d×%d matrix", len(rows), n, k))
	}
	p := &Packed{K: k, N: n}
	if panelWidth == 0 {
		p.rows = make([]float32, k*n)
		transpose(p.rows, n, Dense(rows, n, k))
		return p
	}
	if p.narrow() {
		p.columns = rows
	}
	p.panels = make([]float32, (n+panelWidth-1)/panelWidth*k*panelWidth)
	for lo := 0; lo < n; lo += panelWidth {
		transpose(p.panels[lo*k:], panelWidth, Dense(rows[lo*k:], min(panelWidth, n-lo), k))
	}
	return p
}

// Window tells how the K values of a row of the left operand lie: Outer runs of Inner values,
// Jump apart. A patch of an image stored channels last is K runs of K·C values; Window{Inner: K,
// Outer: 1} is a plain row.
type Window struct{ Inner, Outer, Jump int }

// Multiply computes
//
//	c[i][j] = start[i][j] + Σ_{o,k} a[i][o·Jump+k] · p[o·Inner+k][j]
//
// for i below rows: rows of c, start and a begin ldc, ldstart and lda values apart. ldstart may
// be 0 (every row starts from the bias), start may be c itself, and rows of a may overlap, so that a
// convolution needs no copy of its patches.
func (p *Packed) Multiply(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, rows int, w Window) {
	if rows == 0 {
		return
	}
	last := rows - 1
	if w.Inner*w.Outer != p.K || len(c) < last*ldc+p.N || len(start) < last*ldstart+p.N || len(a) < last*lda+(w.Outer-1)*w.Jump+w.Inner {
		panic(fmt.Sprintf("kernel: product of %d rows (%d, %d, %d values) by %d×%d through %+v", rows, len(c), len(start), len(a), p.K, p.N, w))
	}
	if p.columns != nil && w.Outer == 1 {
		p.multiplyColumns(c, ldc, start, ldstart, a, lda, rows)
		return
	}
	if panelWidth == 0 {
		p.multiplyPlain(c, ldc, start, ldstart, a, lda, rows, w)
		return
	}
	if rows < panelHeight {
		p.multiplyFew(c, ldc, start, ldstart, a, lda, rows, w)
		return
	}
	for lo := 0; lo < p.N; lo += panelWidth {
		panel := p.panels[lo*p.K:]
		for i := 0; i < rows; i += panelHeight {
			at := min(i, rows-panelHeight) // the last rows are reached by going back a few
			if at == i && lo+panelWidth <= p.N {
				multiplyPanel(c[i*ldc+lo:], ldc, start[i*ldstart+lo:], ldstart, a[i*lda:], lda, panel, w)
			} else {
				p.multiplyEdge(c, ldc, start, ldstart, a[at*lda:], lda, at, i, lo, w)
			}
		}
	}
}

// narrow tells whether dot products are faster than panels: the classes of an output layer, say.
func (p *Packed) narrow() bool { return p.N <= 4 && p.K%simdStep == 0 }

// multiplyColumns makes one dot product a value.
func (p *Packed) multiplyColumns(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, rows int) {
	for i := range rows {
		row := a[i*lda : i*lda+p.K]
		for j := range p.N {
			c[i*ldc+j] = start[i*ldstart+j] + dotAVX(&row[0], &p.columns[j*p.K], p.K)
		}
	}
}

// multiplyEdge does a panel whose columns reach beyond N, or whose rows from `at` on are done up
// to `from`, beside the result and copies what is missing.
func (p *Packed) multiplyEdge(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, at, from, lo int, w Window) {
	var tile [maxPanel]float32
	cols := min(panelWidth, p.N-lo)
	for r := from - at; r < panelHeight; r++ {
		copy(tile[r*panelWidth:r*panelWidth+cols], start[(at+r)*ldstart+lo:])
	}
	multiplyPanel(tile[:], panelWidth, tile[:], panelWidth, a, lda, p.panels[lo*p.K:], w)
	for r := from - at; r < panelHeight; r++ {
		copy(c[(at+r)*ldc+lo:(at+r)*ldc+lo+cols], tile[r*panelWidth:])
	}
}

var tiles = sync.Pool{New: func() any { return new([]float32) }}

// multiplyFew does fewer rows than a panel is high, from a copy with rows of zeros.
func (p *Packed) multiplyFew(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, rows int, w Window) {
	buffer := tiles.Get().(*[]float32)
	defer tiles.Put(buffer)
	full := grown(buffer, panelHeight*p.K)
	clear(full[rows*p.K:])
	gatherRows(full, a, lda, rows, w)
	var tile [maxPanel]float32
	plain := Window{p.K, 1, 0}
	for lo := 0; lo < p.N; lo += panelWidth {
		cols := min(panelWidth, p.N-lo)
		for r := range rows {
			copy(tile[r*panelWidth:r*panelWidth+cols], start[r*ldstart+lo:])
		}
		multiplyPanel(tile[:], panelWidth, tile[:], panelWidth, full, p.K, p.panels[lo*p.K:], plain)
		for r := range rows {
			copy(c[r*ldc+lo:r*ldc+lo+cols], tile[r*panelWidth:])
		}
	}
}

// multiplyPlain is Multiply where there is no SIMD of ours: the rows are written out and
// multiplied by the back end in use.
func (p *Packed) multiplyPlain(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, rows int, w Window) {
	for r := range rows {
		copy(c[r*ldc:r*ldc+p.N], start[r*ldstart:])
	}
	left := Matrix{Data: a, Rows: rows, Cols: p.K, Stride: lda}
	if w.Outer > 1 || lda < p.K {
		buffer := tiles.Get().(*[]float32)
		defer tiles.Put(buffer)
		left = Dense(grown(buffer, rows*p.K), rows, p.K)
		gatherRows(left.Data, a, lda, rows, w)
	}
	Product(Matrix{Data: c, Rows: rows, Cols: p.N, Stride: ldc}, left, Dense(p.rows, p.K, p.N), Op{Accumulate: true})
}

// gatherRows writes rows without gaps.
func gatherRows(to, a []float32, lda, rows int, w Window) {
	k := w.Inner * w.Outer
	for r := range rows {
		for o := range w.Outer {
			copy(to[r*k+o*w.Inner:r*k+(o+1)*w.Inner], a[r*lda+o*w.Jump:])
		}
	}
}
