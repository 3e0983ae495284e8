package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBenjaminiHochbergByHand(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct{ p, want []float64 }{
		{nil, nil},
		{[]float64{0.03}, []float64{0.03}},
		{[]float64{0.01, 0.02, 0.03, 0.04, 0.05}, []float64{0.05, 0.05, 0.05, 0.05, 0.05}},
		// 6·0.005 = 0.03 but 3·0.009 = 0.027 below it; 2·0.05, 1.5·0.1, 1.2·0.2, 1·0.3.
		{[]float64{0.005, 0.009, 0.05, 0.1, 0.2, 0.3}, []float64{0.027, 0.027, 0.1, 0.15, 0.24, 0.3}},
		{[]float64{0.3, 0.009, 0.1, 0.005, 0.2, 0.05}, []float64{0.3, 0.027, 0.15, 0.027, 0.24, 0.1}},
		{[]float64{0.9, 0.6, 1}, []float64{1, 1, 1}},             // 3·0.6, 1.5·0.9
		{[]float64{0.02, 0.02, 0.5}, []float64{0.03, 0.03, 0.5}}, // equal p stay equal: 1.5·0.02
		{[]float64{0, 1}, []float64{0, 1}},
		{[]float64{nan, 0.02, nan, 0.01}, []float64{nan, 0.02, nan, 0.02}}, // two tests, not four
		{[]float64{nan}, []float64{nan}},
		{[]float64{0.01, 1.5, 0.02}, []float64{nan, nan, nan}},
		{[]float64{0.01, -0.5}, []float64{nan, nan}},
	} {
		before := slices.Clone(test.p)
		got := BenjaminiHochberg(test.p)
		if len(got) != len(test.want) {
			t.Fatalf("%v: %v", test.p, got)
		}
		for i := range got {
			near(t, fmt.Sprint(test.p, " at ", i), got[i], test.want[i], 1e-15)
			if test.p[i] != before[i] && !math.IsNaN(before[i]) {
				t.Errorf("%v was changed to %v", before, test.p)
			}
		}
	}
}

// TestBenjaminiHochbergPublished: the 15 tests of section 3.2 of the paper, of which the
// procedure finds four at 0.05. Adjusted values by hand: 15/4·0.0095 and so on; the sixth's
// 15/6·0.0278 = 0.0695 gives way to the seventh's 15/7·0.0298.
func TestBenjaminiHochbergPublished(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	want := []float64{0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.447 / 7, 0.447 / 7, 0.0645, 0.0765, 0.486, 6.393 / 11, 0.714875, 9.792 / 13, 11.385 / 14, 1}
	found := 0
	for i, got := range BenjaminiHochberg(p) {
		near(t, fmt.Sprint(i+1), got, want[i], 1e-14)
		if got <= 0.05 {
			found++
		}
	}
	if found != 4 {
		t.Errorf("%d discoveries, the paper has 4", found)
	}
}

// TestBenjaminiHochbergIsTheStepUp: an adjusted p is at most q where the procedure as the paper
// has it, the largest k with p₍ₖ₎ ≤ k·q/m, rejects.
func TestBenjaminiHochbergIsTheStepUp(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 300 {
		p := make([]float64, 1+r.IntN(30))
		for i := range p {
			p[i] = math.Pow(r.Float64(), 1+3*r.Float64())
		}
		q := 0.3 * r.Float64()
		sorted, limit := slices.Sorted(slices.Values(p)), -1.0
		for k, v := range sorted {
			if v <= float64(k+1)*q/float64(len(p)) {
				limit = v
			}
		}
		for i, adjusted := range BenjaminiHochberg(p) {
			if (adjusted <= q) != (p[i] <= limit) || adjusted < p[i] || adjusted > 1 {
				t.Errorf("p = %v of %v adjusted to %v, the procedure's limit at %v is %v", p[i], p, adjusted, q, limit)
			}
		}
	}
}

// TestBenjaminiHochbergKeepsItsRate: with ten true hypotheses and uniform, independent p any
// discovery is false, and there is one with probability q exactly (R. J. Simes, Biometrika
// 73:751, 1986). The standard error of 10,000 repeats is 0.003.
func TestBenjaminiHochbergKeepsItsRate(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	discoveries, p := 0, make([]float64, 10)
	for range 10_000 {
		for i := range p {
			p[i] = r.Float64()
		}
		if slices.Min(BenjaminiHochberg(p)) <= 0.1 {
			discoveries++
		}
	}
	near(t, "rate", float64(discoveries)/10_000, 0.1, 0.012)
}
