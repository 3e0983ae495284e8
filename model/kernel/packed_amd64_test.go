package kernel

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// everyPanel runs a test with each size of panel that this processor has, and without SIMD.
func everyPanel(t *testing.T, test func(t *testing.T)) {
	width, height, avx := panelWidth, panelHeight, hasAVX
	defer func() { panelWidth, panelHeight, hasAVX = width, height, avx }()
	if cpu.X86.HasAVX512F && avx {
		panelWidth, panelHeight = 32, 8
		t.Run("AVX-512", test)
	}
	if avx {
		panelWidth, panelHeight = 16, 4
		t.Run("AVX2", test)
	}
	panelWidth, panelHeight, hasAVX = 0, 0, false
	t.Run("plain", test)
}
