package circuit

import (
	"math"
	"testing"
)

// TestHypergeometricByHand: of 10, 4 and 5: C(4,2)·C(6,3)/C(10,5) = 120/252. Three of 4 and two of 4
// share at least one. The overlap of two layers is the sum.
func TestHypergeometricByHand(t *testing.T) {
	pmf := hypergeometric(10, 4, 5)
	if len(pmf) != 5 || math.Abs(pmf[2]-120./252) > 1e-12 {
		t.Errorf("%v", pmf)
	}
	if pmf = hypergeometric(4, 3, 2); pmf[0] != 0 || math.Abs(pmf[1]-0.5) > 1e-12 || math.Abs(pmf[2]-0.5) > 1e-12 {
		t.Errorf("%v", pmf)
	}
	// Two coins, and one of each kind: P(both) = ¼.
	rows, all := []Overlap{{All: 2, A: 1, B: 1, Shared: 1}, {All: 2, A: 1, B: 1, Shared: 1}}, Overlap{}
	together(rows, &all)
	if math.Abs(float64(all.P)-0.25) > 1e-12 || math.Abs(float64(rows[0].P)-0.5) > 1e-12 || math.Abs(all.Expected-1) > 1e-12 || all.Jaccard != 1 || math.Abs(float64(rows[1].Adjusted)-0.5) > 1e-12 {
		t.Errorf("%+v %+v", rows, all)
	}
	for n := range 8 {
		for a := range n + 1 {
			for b := range n + 1 {
				sum := 0.0
				for _, p := range hypergeometric(n, a, b) {
					sum += p
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Errorf("%d %d %d: sum %v", n, a, b, sum)
				}
			}
		}
	}
}
