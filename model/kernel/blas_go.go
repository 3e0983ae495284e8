package kernel

import (
	"sync"

	"github.com/viterin/vek"
	"github.com/viterin/vek/vek32"
)

// goBackend multiplies with viterin/vek, which knows neither transposition nor strides nor
// accumulation: operands are packed first, and the result is copied or added.
type goBackend struct{}

func (goBackend) String() string {
	if vek.Info().Acceleration {
		return "Go (vek, AVX2)"
	}
	return "Go (vek, no SIMD)"
}

type packing struct{ a, b, c []float32 }

var packings = sync.Pool{New: func() any { return new(packing) }}

func (goBackend) product(c, a, b Matrix, op Op) {
	p := packings.Get().(*packing)
	defer packings.Put(p)
	k := a.Cols
	if op.TransposeA {
		k = a.Rows
	}
	width := c.Cols
	if width > simdWidth {
		// Without this the columns beyond the last whole vector take ten times as long.
		width = (width + simdWidth - 1) / simdWidth * simdWidth
	}
	x, y := pack(&p.a, a, op.TransposeA, 0), pack(&p.b, b, op.TransposeB, width)
	if !op.Accumulate && c.Stride == width && c.Cols == width {
		vek32.MatMul_Into(c.Data[:c.Rows*c.Cols], x, y, k)
		return
	}
	sum := vek32.MatMul_Into(grown(&p.c, c.Rows*width), x, y, k)
	for i := range c.Rows {
		to, from := c.Data[i*c.Stride:i*c.Stride+c.Cols], sum[i*width:][:c.Cols]
		if op.Accumulate {
			vek32.Add_Inplace(to, from)
		} else {
			copy(to, from)
		}
	}
}

// simdWidth is the number of float32 in an AVX2 register.
const simdWidth = 8

// pack gives op(m) without gaps, its rows filled up with zeros to the given width (0: as they
// are). It copies into the buffer only if it must.
func pack(buffer *[]float32, m Matrix, transposed bool, width int) []float32 {
	rows, cols := m.Rows, m.Cols
	if transposed {
		rows, cols = cols, rows
	}
	width = max(width, cols)
	if !transposed && m.Stride == width && width == cols {
		return m.Data[:rows*cols]
	}
	out := grown(buffer, rows*width)
	if width > cols {
		clear(out)
	}
	if transposed {
		transpose(out, width, m)
		return out
	}
	for i := range rows {
		copy(out[i*width:], m.Data[i*m.Stride:i*m.Stride+cols])
	}
	return out
}

// transpose works in blocks of 16×16, which keeps both the rows read and the rows written in
// the cache.
func transpose(out []float32, stride int, m Matrix) {
	const block = 16
	for i0 := 0; i0 < m.Rows; i0 += block {
		for j0 := 0; j0 < m.Cols; j0 += block {
			for i := i0; i < min(i0+block, m.Rows); i++ {
				row := m.Data[i*m.Stride : i*m.Stride+m.Cols]
				for j := j0; j < min(j0+block, m.Cols); j++ {
					out[j*stride+i] = row[j]
				}
			}
		}
	}
}

// grown gives n values of the buffer, enlarging it where it is too small.
func grown(buffer *[]float32, n int) []float32 {
	if cap(*buffer) < n {
		*buffer = make([]float32, n)
	}
	return (*buffer)[:n]
}
