package probe

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/internal/stats"
)

// TestRankingByHand: values 3 1 3 2 with labels + - - +. Midranks are 3½ 1 3½ 2, doubled less 5:
// 2 -3 2 -1. T = 2-1 = 1, AUROC = ½ + 1/8 = 5/8: of the four pairs 3>1, 3=3, 2>1 count, 2½ in all.
// Within strata {0,2} and {1,3}: 3 = 3 counts half, 2 > 1 one: 1½ of 2 pairs.
func TestRankingByHand(t *testing.T) {
	values, shows := []float64{3, 1, 3, 2}, []bool{true, false, false, true}
	for _, test := range []struct {
		strata []int
		ranks  []int32
		want   float64
	}{
		{nil, []int32{2, -3, 2, -1}, 5.0 / 8},
		{[]int{0, 1, 0, 1}, []int32{0, -1, 0, 1}, 3.0 / 4},
	} {
		r, err := rank(context.Background(), 1, [][]float64{values}, test.strata)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.values, test.ranks) {
			t.Errorf("ranks %v, want %v", r.values, test.ranks)
		}
		if got := r.aurocs(r.contrast(shows))[0]; float64(got) != test.want {
			t.Errorf("AUROC %v, want %v", got, test.want)
		}
	}
}

// TestAUROCOfConstant: a unit that is constant where there are pairs has no AUROC, be it that it
// varies where there are none.
func TestAUROCOfConstant(t *testing.T) {
	r, err := rank(context.Background(), 1, [][]float64{{7, 7, 1, 2}}, []int{0, 0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.aurocs(r.contrast([]bool{true, false, true, true}))[0]; got.Defined() {
		t.Errorf("AUROC %v, want none", got)
	}
	if got := r.aurocs(r.contrast([]bool{true, false, true, false}))[0]; got != 0.25 { // ½ of one pair, 0 of the other
		t.Errorf("AUROC %v, want 0.25", got)
	}
}

// TestNullPsAreUniform: 1,000 tests of independent noise with 99 permutations. p is one of 0.01,
// 0.02 … 1, each as likely; the largest distance between the fraction of p at or below x and x
// exceeds 1.63/√1000 = 0.0515 with a chance below 0.01 (Kolmogorov).
func TestNullPsAreUniform(t *testing.T) {
	const tests, images = 1000, 40
	random := rand.New(rand.NewPCG(12, 34))
	var p []float64
	for range tests / 10 {
		// Ten independent units, labels and permutations; half of the images in either stratum.
		values, strata, shows := make([][]float64, 10), make([]int, images), make([]bool, images)
		for i := range images {
			strata[i], shows[i] = i%2, random.IntN(2) == 0
		}
		shows[0], shows[2] = true, false
		for u := range values {
			for range images {
				values[u] = append(values[u], random.Float64())
			}
		}
		r, err := rank(context.Background(), 2, values, strata)
		if err != nil {
			t.Fatal(err)
		}
		extreme, err := r.permute(context.Background(), 2, stats.Permutations{Count: 99, Seed: random.Uint64()}, []contrast{r.contrast(shows)}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range extreme[0] {
			p = append(p, stats.PermutationP(e, 99))
		}
	}
	slices.Sort(p)
	worst := 0.0
	for i, v := range p {
		if i+1 == len(p) || p[i+1] > v {
			worst = max(worst, math.Abs(float64(i+1)/tests-v))
		}
	}
	if worst > 0.0515 {
		t.Errorf("the p-values of pure noise are %.3f from uniform", worst)
	}
}
