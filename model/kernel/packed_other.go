//go:build !amd64

package kernel

// Without SIMD of ours, products go through the back end in use and the rest through plain loops.
var panelWidth, panelHeight = 0, 0

const (
	maxPanel = 1
	hasAVX   = false
)

func multiplyPanel([]float32, int, []float32, int, []float32, int, []float32, Window) {}

func addScaledAVX(dst, a, b *float32, scale float32, n int) {}

func dotAVX(a, b *float32, n int) float32 { return 0 }

func floorAVX(x *float32, floor float32, n int) {}

func poolLineAVX(dst, upper, lower *float32, positions, channels int, floor float32) {}
