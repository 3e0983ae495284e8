//go:build !amd64

package kernel

// Without SIMD of ours, products go through the back end in use and the rest through plain loops.
const (
	panelWidth, panelHeight = 0, 0
	maxPanel                = 1
	hasAVX                  = false
)

func multiplyPanel([]float32, int, []float32, int, []float32, int, []float32, Window) {}

func addScaledAVX(dst, a, b *float32, scale float32, n int) {}

func floorAVX(x *float32, floor float32, n int) {}

func poolLineAVX(dst, upper, lower *float32, positions, channels int, floor float32) {}
