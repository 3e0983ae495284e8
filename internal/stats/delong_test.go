package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAUROCIntervalByHand. Positives 2, 4 against negatives 1, 3: placements of the positives ½, 1,
// of the negatives (positives above) 1, ½: A = ¾, both sample variances ⅛, Var = ⅛/2 + ⅛/2 = ⅛.
// Positives 1, 2, 3 against 0, 2: placements ½, ¾, 1 with variance 1/16, and 1, ½ with variance ⅛:
// A = ¾, Var = 1/48 + 1/16 = 1/12. On the logit scale log 3 ± z·√Var·16/3.
func TestAUROCIntervalByHand(t *testing.T) {
	const z = 1.959963984540054 // Φ⁻¹(0.975)
	for _, test := range []struct {
		name               string
		positive, negative []float64
		variance           float64
	}{
		{"two and two", []float64{4, 2}, []float64{1, 3}, 1. / 8},
		{"a tie", []float64{3, 1, 2}, []float64{2, 0}, 1. / 12},
	} {
		a, low, high := AUROCInterval(test.positive, test.negative, 0.95)
		reach := z * math.Sqrt(test.variance) * 16 / 3
		near(t, test.name, a, 0.75, 1e-15)
		near(t, test.name+": low", math.Log(low/(1-low)), math.Log(3)-reach, 1e-12)
		near(t, test.name+": high", math.Log(high/(1-high)), math.Log(3)+reach, 1e-12)
	}
}

// TestAUROCIntervalPublished: the data of DeLong, DeLong and Clarke-Pearson 1988, as they are
// reprinted in SAS/STAT's guide (PROC LOGISTIC, comparing ROC curves): 43 patients, with their
// albumin, total protein and K-G score, and whether they benefited from surgery. It gives the
// standard errors 0.0927, 0.1000 and 0.1028 for areas of 0.7366, 0.6478 and 0.7258.
func TestAUROCIntervalPublished(t *testing.T) {
	patients := [][4]float64{
		{3.0, 5.8, 10, 0}, {3.2, 6.3, 5, 1}, {3.9, 6.8, 3, 1}, {2.8, 4.8, 6, 0}, {3.2, 5.8, 3, 1}, {0.9, 4.0, 5, 0}, {2.5, 5.7, 8, 0},
		{1.6, 5.6, 5, 1}, {3.8, 5.7, 5, 1}, {3.7, 6.7, 6, 1}, {3.2, 5.4, 4, 1}, {3.8, 6.6, 6, 1}, {4.1, 6.6, 5, 1}, {3.6, 5.7, 5, 1},
		{4.3, 7.0, 4, 1}, {3.6, 6.7, 4, 0}, {2.3, 4.4, 6, 1}, {4.2, 7.6, 4, 0}, {4.0, 6.6, 6, 0}, {3.5, 5.8, 6, 1}, {3.8, 6.8, 7, 1},
		{3.0, 4.7, 8, 0}, {4.5, 7.4, 5, 1}, {3.7, 7.4, 5, 1}, {3.1, 6.6, 6, 1}, {4.1, 8.2, 6, 1}, {4.3, 7.0, 5, 1}, {4.3, 6.5, 4, 1},
		{3.2, 5.1, 5, 1}, {2.6, 4.7, 6, 1}, {3.3, 6.8, 6, 0}, {1.7, 4.0, 7, 0}, {3.7, 6.1, 5, 1}, {3.3, 6.3, 7, 1}, {4.2, 7.7, 6, 1},
		{3.5, 6.2, 5, 1}, {2.9, 5.7, 9, 0}, {2.1, 4.8, 7, 1}, {2.8, 6.2, 8, 0}, {4.0, 7.0, 7, 1}, {3.3, 5.7, 6, 1}, {3.7, 6.9, 5, 1},
		{3.6, 6.6, 5, 1},
	}
	for k, want := range []struct{ area, error float64 }{{0.7366, 0.0927}, {0.6478, 0.1000}, {0.7258, 0.1028}} {
		var one, zero []float64
		for _, p := range patients {
			v := p[k]
			if k == 2 {
				v = -v // a high K-G score is bad
			}
			if p[3] == 1 {
				one = append(one, v)
			} else {
				zero = append(zero, v)
			}
		}
		a, low, high := AUROCInterval(one, zero, 0.95)
		// Half the interval on the logit scale is z·SE/(A(1-A)).
		half := (math.Log(high/(1-high)) - math.Log(low/(1-low))) / 2
		near(t, "area", a, want.area, 0.00005)
		near(t, "standard error", half*a*(1-a)/1.959963984540054, want.error, 0.00005)
	}
}

// slowVariance is DeLong's definition: all pairs, placements by counting.
func slowVariance(positive, negative []float64) float64 {
	psi := func(x, y float64) float64 {
		switch {
		case x > y:
			return 1
		case x == y:
			return 0.5
		}
		return 0
	}
	n1, n0 := float64(len(positive)), float64(len(negative))
	v1, v0, a := make([]float64, len(positive)), make([]float64, len(negative)), 0.0
	for i, x := range positive {
		for j, y := range negative {
			v1[i] += psi(x, y) / n0
			v0[j] += psi(x, y) / n1
			a += psi(x, y) / n1 / n0
		}
	}
	s1, s0 := 0.0, 0.0
	for _, v := range v1 {
		s1 += (v - a) * (v - a) / (n1 - 1)
	}
	for _, v := range v0 {
		s0 += (v - a) * (v - a) / (n0 - 1)
	}
	return s1/n1 + s0/n0
}

func TestAUROCIntervalAgainstAllPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	compared := 0
	for range 300 {
		levels := 2 + r.IntN(20)
		draw := func(n, shift int) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = float64(r.IntN(levels) + shift)
			}
			return out
		}
		one, zero := draw(2+r.IntN(20), r.IntN(4)), draw(2+r.IntN(20), 0)
		before := slices.Concat(one, zero)
		a, low, high := AUROCInterval(one, zero, 0.9)
		near(t, "area", a, AUROC(one, zero), 0)
		if !slices.Equal(before, slices.Concat(one, zero)) {
			t.Fatal("the values were changed")
		}
		if math.IsNaN(a) || a == 0 || a == 1 {
			continue
		}
		compared++
		want := 1.6448536269514722 * math.Sqrt(slowVariance(one, zero)) / (a * (1 - a))
		near(t, "low", math.Log(low/(1-low)), math.Log(a/(1-a))-want, 1e-9)
		near(t, "high", math.Log(high/(1-high)), math.Log(a/(1-a))+want, 1e-9)
		b, mirroredLow, mirroredHigh := AUROCInterval(zero, one, 0.9)
		near(t, "swapped", b, 1-a, 1e-15)
		near(t, "swapped low", mirroredLow, 1-high, 1e-12)
		near(t, "swapped high", mirroredHigh, 1-low, 1e-12)
	}
	if compared < 250 {
		t.Errorf("only %d of 300 cases compared", compared)
	}
}

func TestAUROCIntervalAtTheEnds(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name               string
		positive, negative []float64
		confidence         float64
		want               [3]float64
	}{
		// 0.025^(1/2) = 0.158113883…, the lower limit of 2 of 2 (Clopper and Pearson).
		{"perfect", []float64{3, 4, 5}, []float64{1, 2}, 0.95, [3]float64{1, 0.15811388300841897, 1}},
		{"perfectly wrong", []float64{1, 2}, []float64{3, 4, 5}, 0.95, [3]float64{0, 0, 1 - 0.15811388300841897}},
		{"one each", []float64{2}, []float64{1}, 0.5, [3]float64{1, 0.25, 1}},
		{"one positive in the middle", []float64{2}, []float64{1, 3}, 0.95, [3]float64{0.5, nan, nan}},
		{"constant", []float64{1, 1}, []float64{1, 1}, 0.95, [3]float64{nan, nan, nan}},
		{"empty", nil, []float64{1, 2}, 0.95, [3]float64{nan, nan, nan}},
		{"NaN", []float64{1, nan}, []float64{1, 2}, 0.95, [3]float64{nan, nan, nan}},
		{"confidence 1", []float64{1, 3}, []float64{2, 0}, 1, [3]float64{nan, nan, nan}},
		{"confidence 0", []float64{1, 3}, []float64{2, 0}, 0, [3]float64{nan, nan, nan}},
	} {
		a, low, high := AUROCInterval(test.positive, test.negative, test.confidence)
		near(t, test.name, a, test.want[0], 0)
		near(t, test.name+": low", low, test.want[1], 1e-15)
		near(t, test.name+": high", high, test.want[2], 1e-15)
	}
}

// TestAUROCIntervalCovers: normal values a distance of 2 apart have an AUROC of Φ(2/√2) =
// 0.92135. In 2,000 experiments of 25 against 35 the interval should cover it in 95 %; five
// standard errors are 2.4 points, and 2 are allowed for its being an approximation.
func TestAUROCIntervalCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	truth := 0.5 * math.Erfc(-1)
	covered := 0
	for range 2000 {
		one, zero := make([]float64, 25), make([]float64, 35)
		for i := range one {
			one[i] = 2 + r.NormFloat64()
		}
		for i := range zero {
			zero[i] = r.NormFloat64()
		}
		if _, low, high := AUROCInterval(one, zero, 0.95); low <= truth && truth <= high {
			covered++
		}
	}
	if share := float64(covered) / 2000; math.Abs(share-0.95) > 0.044 {
		t.Errorf("covered in %.3f of the experiments", share)
	}
}
