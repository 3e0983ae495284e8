package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDPrimeByHand(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name               string
		positive, negative []float64
		want               float64
	}{
		{"equal variances", []float64{4, 6}, []float64{1, 3}, 3 / math.Sqrt2},       // means 5 and 2, variances 2 and 2
		{"unequal sizes", []float64{1, 2, 6}, []float64{0, 2}, 2 / math.Sqrt(4.5)},  // means 3 and 1, variances 7 and 2
		{"the other way", []float64{0, 2}, []float64{1, 2, 6}, -2 / math.Sqrt(4.5)}, // sign
		{"one constant", []float64{3, 3, 3}, []float64{0, 2}, 2},                    // variances 0 and 2
		{"equal means", []float64{1, 3}, []float64{0, 4}, 0},                        // 0, not -0
		{"far from 0", []float64{1e9 + 4, 1e9 + 6}, []float64{1e9 + 1, 1e9 + 3}, 3 / math.Sqrt2},
		{"constant both", []float64{1, 1}, []float64{1, 1}, nan},
		{"constant, apart", []float64{2, 2}, []float64{1, 1}, nan},
		{"one value", []float64{2}, []float64{1, 3}, nan},
		{"none", nil, []float64{1, 3}, nan},
		{"NaN", []float64{1, nan}, []float64{1, 3}, nan},
		{"infinite", []float64{1, 2}, []float64{1, inf}, nan},
		{"too large", []float64{1e200, 2e200}, []float64{0, 1}, nan},
	} {
		got := DPrime(test.positive, test.negative)
		near(t, test.name, got, test.want, 1e-14)
		if got == 0 && math.Signbit(got) {
			t.Errorf("%s: -0", test.name)
		}
	}
}

// TestDPrimeOfNormals: for normal values AUROC = Φ(d′/√2), even with unequal variances. With
// 20,000 each the standard error of d′ is 0.01, that of AUROC 0.003.
func TestDPrimeOfNormals(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var positive, negative []float64
	for range 20_000 {
		positive, negative = append(positive, 1+2*r.NormFloat64()), append(negative, r.NormFloat64())
	}
	want := 1 / math.Sqrt(2.5) // (1-0)/√((4+1)/2)
	near(t, "d'", DPrime(positive, negative), want, 0.04)
	near(t, "AUROC", AUROC(positive, negative), math.Erfc(-want/2)/2, 0.012) // Φ(x) = erfc(-x/√2)/2
}
