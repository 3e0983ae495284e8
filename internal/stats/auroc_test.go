package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAUROCByHand(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name               string
		positive, negative []float64
		want               float64
	}{
		{"all above", []float64{3, 4}, []float64{1, 2}, 1},
		{"all below", []float64{1, 2}, []float64{3, 4, 5}, 0},
		{"between", []float64{1, 4}, []float64{2, 3}, 0.5},
		{"three of four pairs", []float64{2, 4}, []float64{1, 3}, 0.75},
		{"a tie", []float64{1, 2}, []float64{1}, 0.75},                      // (½+1)/2
		{"ties", []float64{1, 2, 2}, []float64{0, 1, 2}, 13. / 18},          // 1+½, 2+½, 2+½ of 9
		{"mostly silent", []float64{0, 0, 0, 1}, []float64{0, 0}, 10. / 16}, // 3·½ and 1, of 4, twice
		{"infinities", []float64{inf, 0}, []float64{-inf, inf}, 5. / 8},     // 1+½, 1+0
		{"one each", []float64{-1}, []float64{2}, 0},
		{"no positive", nil, []float64{1, 2}, nan},
		{"no negative", []float64{1, 2}, nil, nan},
		{"nothing", nil, nil, nan},
		{"NaN", []float64{1, nan}, []float64{0}, nan},
		{"NaN below", []float64{1}, []float64{0, nan}, nan},
		{"constant", []float64{2, 2}, []float64{2, 2, 2}, nan},
		{"both zeros", []float64{0, 0}, []float64{math.Copysign(0, -1)}, nan},
		{"always infinite", []float64{inf}, []float64{inf}, nan},
	} {
		near(t, test.name, AUROC(test.positive, test.negative), test.want, 1e-15)
	}
}

// TestAUROCPublished: 109 CT images in five ratings, table I of Hanley and McNeil 1982; they
// have W = 0.893.
func TestAUROCPublished(t *testing.T) {
	var normal, abnormal []float64
	for rating, count := range [5][2]int{{33, 3}, {6, 2}, {6, 2}, {11, 11}, {2, 33}} {
		normal = append(normal, slices.Repeat([]float64{float64(rating)}, count[0])...)
		abnormal = append(abnormal, slices.Repeat([]float64{float64(rating)}, count[1])...)
	}
	near(t, "W", AUROC(abnormal, normal), 0.893, 0.0005)
}

// tuned makes n values, coarse enough for ties, with labels and strata that have to do with them.
func tuned(n, levels, strata int, r *rand.Rand) (values []float64, positive []bool, stratum []int) {
	for range n {
		s := r.IntN(strata)
		p := r.IntN(strata+1) > s
		v := float64(r.IntN(levels) + s)
		if p {
			v += float64(r.IntN(2))
		}
		values, positive, stratum = append(values, v), append(positive, p), append(stratum, 5-3*s)
	}
	return values, positive, stratum
}

// bruteAUROC is the oracle: all pairs of one stratum.
func bruteAUROC(values []float64, positive []bool, stratum []int) float64 {
	u, pairs, differ := 0.0, 0.0, map[int]map[float64]bool{}
	for i, x := range values {
		for j, y := range values {
			if !positive[i] || positive[j] || stratum[i] != stratum[j] {
				continue
			}
			pairs++
			if x > y {
				u++
			} else if x == y {
				u += 0.5
			}
			if differ[stratum[i]] == nil {
				differ[stratum[i]] = map[float64]bool{}
			}
			differ[stratum[i]][x], differ[stratum[i]][y] = true, true
		}
	}
	for _, values := range differ {
		if len(values) > 1 {
			return u / pairs
		}
	}
	return math.NaN()
}

func TestAUROCAgainstAllPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	undefined := 0
	for range 600 {
		values, positive, stratum := tuned(1+r.IntN(40), 1+r.IntN(12), 1+r.IntN(4), r)
		before := slices.Clone(values)
		want := bruteAUROC(values, positive, stratum)
		near(t, "stratified", StratifiedAUROC(values, positive, stratum), want, 1e-15)
		if math.IsNaN(want) {
			undefined++
		}
		var one, zero []float64
		for i, v := range values {
			if positive[i] {
				one = append(one, v)
			} else {
				zero = append(zero, v)
			}
		}
		want = bruteAUROC(values, positive, make([]int, len(values)))
		near(t, "AUROCOf", AUROCOf(values, positive), want, 1e-15)
		near(t, "AUROC", AUROC(one, zero), want, 1e-15)
		near(t, "swapped", AUROC(zero, one), 1-want, 1e-15)
		if !slices.Equal(before, values) {
			t.Fatalf("the values were changed from %v to %v", before, values)
		}
	}
	if undefined < 10 || undefined > 200 {
		t.Errorf("%d of 600 cases undefined: the cases test too little", undefined)
	}
}

func TestAUROCInvariances(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	values, positive, stratum := tuned(200, 9, 3, r)
	within, raw := StratifiedAUROC(values, positive, stratum), AUROCOf(values, positive)
	for name, f := range map[string]func(float64) float64{
		"exp": math.Exp, "cube": func(v float64) float64 { return v * v * v }, "scale": func(v float64) float64 { return 1e-300 * (v - 4) },
	} {
		mapped := slices.Clone(values)
		for i, v := range mapped {
			mapped[i] = f(v)
		}
		near(t, name, AUROCOf(mapped, positive), raw, 0)
		near(t, name+" stratified", StratifiedAUROC(mapped, positive, stratum), within, 0)
	}
	shifted, not := slices.Clone(values), slices.Clone(positive)
	for i := range shifted {
		shifted[i] += 1000 * float64(stratum[i])
		not[i] = !positive[i]
	}
	near(t, "a level for each stratum", StratifiedAUROC(shifted, positive, stratum), within, 0)
	near(t, "swapped labels", StratifiedAUROC(values, not, stratum), 1-within, 1e-15)
	r.Shuffle(len(values), func(i, j int) {
		values[i], values[j] = values[j], values[i]
		positive[i], positive[j] = positive[j], positive[i]
		stratum[i], stratum[j] = stratum[j], stratum[i]
	})
	near(t, "another order", StratifiedAUROC(values, positive, stratum), within, 0)
}

func TestStratifiedAUROCByHand(t *testing.T) {
	const y, n = true, false
	nan := math.NaN()
	for _, test := range []struct {
		name     string
		values   []float64
		positive []bool
		stratum  []int
		want     float64
	}{
		// Class 1 is higher and has the feature oftener: raw 6 of 9 pairs, no tuning within.
		{"confound", []float64{0, 0, 1, 5, 5, 6}, []bool{n, n, y, y, y, n}, []int{0, 0, 0, 1, 1, 1}, 0.5}, // 2 and 0, of 2 and 2
		{"weights", []float64{2, 1, 0, 0, 0, 1}, []bool{y, n, n, n, y, n}, []int{0, 0, 0, 0, 1, 1}, 0.75}, // 3 of 3, 0 of 1
		{"a stratum without pairs", []float64{2, 1, 9, 0}, []bool{y, n, n, n}, []int{0, 0, 1, 1}, 1},
		{"a constant stratum", []float64{2, 1, 3, 3}, []bool{y, n, y, n}, []int{0, 0, 1, 1}, 0.75}, // 1 and ½, of 2
		{"constant in each", []float64{2, 2, 3, 3}, []bool{y, n, y, n}, []int{0, 0, 1, 1}, nan},
		{"varies only without pairs", []float64{2, 2, 3, 4}, []bool{y, n, n, n}, []int{0, 0, 1, 1}, nan},
		{"no pairs", []float64{1, 2}, []bool{y, n}, []int{0, 1}, nan},
		{"NaN without pairs", []float64{2, 1, nan}, []bool{y, n, n}, []int{0, 0, 1}, nan},
		{"nothing", nil, nil, nil, nan},
	} {
		near(t, test.name, StratifiedAUROC(test.values, test.positive, test.stratum), test.want, 1e-15)
	}
}

func TestAUROCWrongLengthsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"labels": func() { AUROCOf([]float64{1, 2}, []bool{true}) },
		"strata": func() { StratifiedAUROC([]float64{1, 2}, []bool{true, false}, []int{1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkAUROC(b *testing.B) {
	for _, n := range []int{2_000, 200_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			values, positive, stratum := tuned(n, 1000, 4, rand.New(rand.NewPCG(1, 1)))
			for b.Loop() {
				StratifiedAUROC(values, positive, stratum)
			}
		})
	}
}
