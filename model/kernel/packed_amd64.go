package kernel

import "golang.org/x/sys/cpu"

// panelWidth and panelHeight are the size of the piece of a product that registers hold: 8×32
// with AVX-512, 4×16 with AVX2 and FMA, none without.
var panelWidth, panelHeight = panelSize()

// maxPanel is the largest panelWidth·panelHeight.
const maxPanel = 8 * 32

func panelSize() (width, height int) {
	switch {
	case cpu.X86.HasAVX512F && hasAVX:
		return 32, 8
	case hasAVX:
		return 16, 4
	}
	return 0, 0
}

// hasAVX tells whether the processor has AVX2 and FMA, which all functions here use.
var hasAVX = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// multiplyPanel computes one piece. The caller has checked all lengths.
func multiplyPanel(c []float32, ldc int, start []float32, ldstart int, a []float32, lda int, panel []float32, w Window) {
	// Called by their names, so that the compiler knows that tiles on the stack stay there.
	if panelWidth == 16 {
		multiply4x16(&c[0], 4*ldc, &start[0], 4*ldstart, &a[0], 4*lda, &panel[0], w.Inner, w.Outer, 4*w.Jump)
		return
	}
	multiply8x32(&c[0], 4*ldc, &start[0], 4*ldstart, &a[0], 4*lda, &panel[0], w.Inner, w.Outer, 4*w.Jump)
}

// multiply8x32 and multiply4x16: all strides in bytes, inner and outer at least 1.
//
//go:noescape
func multiply8x32(c *float32, ldc int, start *float32, ldstart int, a *float32, lda int, b *float32, inner, outer, jump int)

//go:noescape
func multiply4x16(c *float32, ldc int, start *float32, ldstart int, a *float32, lda int, b *float32, inner, outer, jump int)

// addScaledAVX computes dst = a + scale·b for n values, a multiple of 8.
//
//go:noescape
func addScaledAVX(dst, a, b *float32, scale float32, n int)

// floorAVX computes x = max(floor, x) for n values, a multiple of 8, in place.
//
//go:noescape
func floorAVX(x *float32, floor float32, n int)

// poolLineAVX pools one line of 2×2 windows, channels last: positions × channels values from
// two lines of twice as many positions, and none below floor. channels is a multiple of 8.
//
//go:noescape
func poolLineAVX(dst, upper, lower *float32, positions, channels int, floor float32)
