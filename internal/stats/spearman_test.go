package stats

import (
	"math"
	"slices"
	"testing"
)

// TestPearson by hand: deviations -2 -1 0 1 2 and -2 0 -1 1 2 (sums of squares 10 and 10, of products 9).
func TestPearson(t *testing.T) {
	x, y := []float64{1, 2, 3, 4, 5}, []float64{1, 3, 2, 4, 5}
	if got := Pearson(x, y); math.Abs(got-0.9) > 1e-15 {
		t.Errorf("%v, want 0.9", got)
	}
	if got := Pearson(x, x); math.Abs(got-1) > 1e-15 {
		t.Errorf("of a column with itself %v", got)
	}
	constant := []float64{0.1, 0.1, 0.1, 0.1, 0.1}
	for _, c := range [][2][]float64{{x, constant}, {constant, x}, {nil, nil}, {{1}, {2}}, {{1, math.NaN()}, {1, 2}}, {{1, math.Inf(1)}, {1, 2}}} {
		if got := Pearson(c[0], c[1]); !math.IsNaN(got) {
			t.Errorf("of %v with %v: %v, want NaN", c[0], c[1], got)
		}
	}
}

// TestSpearman: the ten children of Myers and Well, Research Design and Statistical Analysis (2003), p.
// 508: IQ and hours of television, Σd² = 194, ρ = 1 - 6·194/990 = -29/165.
func TestSpearman(t *testing.T) {
	iq := []float64{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}
	hours := []float64{7, 27, 2, 50, 28, 29, 20, 12, 6, 17}
	if got, want := Spearman(iq, hours), -29./165; math.Abs(got-want) > 1e-14 {
		t.Errorf("%v, want %v", got, want)
	}
	rising := make([]float64, len(iq))
	for i, v := range iq {
		rising[i] = math.Exp(v / 10)
	}
	if got := Spearman(iq, rising); math.Abs(got-1) > 1e-14 {
		t.Errorf("of a rising function %v", got)
	}
	if got := Spearman(iq, make([]float64, 10)); !math.IsNaN(got) {
		t.Errorf("with a constant %v", got)
	}
}

func TestMidranks(t *testing.T) {
	if got := Midranks([]float64{3, 1, 3, 3, 7}); !slices.Equal(got, []float64{3, 1, 3, 3, 5}) {
		t.Errorf("%v", got)
	}
	if got := Midranks([]float64{2, 2}); !slices.Equal(got, []float64{1.5, 1.5}) {
		t.Errorf("%v", got)
	}
	if got := Midranks([]float64{2, math.NaN()}); !math.IsNaN(got[0]) {
		t.Errorf("%v", got)
	}
}
