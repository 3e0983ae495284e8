package stats

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestPermutationP(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		extreme, permutations int
		want                  float64
	}{
		{0, 999, 0.001}, {49, 999, 0.05}, {999, 999, 1}, {0, 0, 1}, {1, 3, 0.5},
		{-1, 9, nan}, {10, 9, nan}, {0, -1, nan}, {-1, -1, nan},
	} {
		near(t, "p", PermutationP(test.extreme, test.permutations), test.want, 1e-16)
	}
	if p := PermutationP(0, math.MaxInt); !(p > 0) {
		t.Errorf("none of 2⁶³-1: p = %v", p)
	}
}

func orders(p Permutations, n int) (all [][]int) {
	p.Shuffle(n, func(order []int) { all = append(all, slices.Clone(order)) })
	return all
}

// TestShuffleIsFair: 24,000 of the 24 permutations of four. Pearson's statistic has 23 degrees
// of freedom, and is above 49.7 once in a thousand.
func TestShuffleIsFair(t *testing.T) {
	seen := map[[4]int]float64{}
	for _, order := range orders(Permutations{Count: 24_000, Seed: 1}, 4) {
		seen[[4]int(order)]++
	}
	chi2 := 0.0
	for _, count := range seen {
		chi2 += (count - 1000) * (count - 1000) / 1000
	}
	if len(seen) != 24 || chi2 > 49.7 {
		t.Errorf("%d permutations, chi-squared %v", len(seen), chi2)
	}
}

func TestShuffleIsDeterministic(t *testing.T) {
	one := orders(Permutations{Count: 30, Seed: 1}, 50)
	if !reflect.DeepEqual(one, orders(Permutations{Count: 30, Seed: 1}, 50)) {
		t.Error("the same seed gave others")
	}
	if !reflect.DeepEqual(one, orders(Permutations{Count: 60, Seed: 1}, 50)[:30]) {
		t.Error("more permutations began differently")
	}
	if !reflect.DeepEqual(one, orders(Permutations{Count: 30, Seed: 1, Strata: slices.Repeat([]int{4}, 50)}, 50)) {
		t.Error("a single stratum gave others than none")
	}
	if reflect.DeepEqual(one, orders(Permutations{Count: 30, Seed: 2}, 50)) {
		t.Error("another seed gave the same")
	}
	k := 0
	Permutations{Count: 30, Seed: 1}.Shuffle(50, func(order []int) {
		if !slices.Equal(order, one[k]) {
			t.Errorf("permutation %d depends on what was done to the one before", k)
		}
		k++
		clear(order)
	})
	if got := len(orders(Permutations{}, 3)); got != DefaultPermutations {
		t.Errorf("%d by default, want %d", got, DefaultPermutations)
	}
	if got := orders(Permutations{Count: 2}, 0); len(got) != 2 || len(got[0]) != 0 {
		t.Errorf("of nothing: %v, want two empty ones", got)
	}
	if got := orders(Permutations{Count: -5}, 3); got != nil {
		t.Errorf("count -5: %v", got)
	}
}

func TestShuffleWrongStrataPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	orders(Permutations{Strata: []int{1, 2}}, 3)
}

func TestShuffleWithinStrata(t *testing.T) {
	strata := []int{7, 7, -3, 7, -3, 0, 7}
	seen := map[[7]int]bool{}
	for _, order := range orders(Permutations{Count: 2000, Seed: 3, Strata: strata}, 7) {
		for i, k := range order {
			if strata[i] != strata[k] {
				t.Fatalf("%v: place %d of stratum %d has observation %d of stratum %d", order, i, strata[i], k, strata[k])
			}
		}
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5, 6}) {
			t.Fatalf("%v is no permutation", order)
		}
		seen[[7]int(order)] = true
	}
	if len(seen) != 48 { // 4!·2!·1!; that one is missing from 2000 has a probability of 1e-17
		t.Errorf("%d permutations, want 48", len(seen))
	}
}

// TestPermutationPApproachesEnumeration: of the C(6,3) = 20 ways to label 1..6, two have an AUROC
// as far from 0.5 as {4,5,6} has, and four as far as {3,5,6} (8 of 9 pairs). 20,000 permutations
// have a standard error below 0.003.
func TestPermutationPApproachesEnumeration(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6}
	for _, test := range []struct {
		positive []bool
		want     float64
	}{
		{[]bool{false, false, false, true, true, true}, 0.1},
		{[]bool{false, false, true, false, true, true}, 0.2},
	} {
		observed := math.Abs(AUROCOf(values, test.positive) - 0.5)
		extreme, labels := 0, make([]bool, 6)
		Permutations{Count: 20_000, Seed: 5}.Shuffle(6, func(order []int) {
			for i, k := range order {
				labels[i] = test.positive[k]
			}
			if math.Abs(AUROCOf(values, labels)-0.5) >= observed-1e-12 {
				extreme++
			}
		})
		near(t, "p", PermutationP(extreme, 20_000), test.want, 0.01)
	}
}

// kolmogorov is the distance √N·sup|F-uniform| of N values. Were they uniform on [0,1], it would
// be above 1.95 once in a thousand (Kolmogorov's limit, 2·exp(-2·1.95²) = 0.001).
func kolmogorov(p []float64) float64 {
	slices.Sort(p)
	n, distance := float64(len(p)), 0.0
	for i, v := range p {
		distance = max(distance, float64(i+1)/n-v, v-float64(i)/n)
	}
	return math.Sqrt(n) * distance
}

// TestNullPIsUniform: 400 experiments without an effect. p lies on a grid of 1/200, which adds at
// most √400/200 = 0.1 to the distance.
func TestNullPIsUniform(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	var raw, stratified []float64
	for k := range 400 {
		const n = 24
		values, positive, classes := make([]float64, n), make([]bool, n), make([]int, n)
		for i := range n {
			classes[i] = i % 2
			positive[i] = i%8 < 3 // 2 of 4 evens, 1 of 4 odds
			values[i] = r.NormFloat64()
		}
		raw = append(raw, tuningP(Permutations{Count: 199, Seed: uint64(k)}, values, positive))
		for i := range n {
			values[i] += 5 * float64(classes[i]) // the class matters, the feature does not
		}
		stratified = append(stratified, tuningP(Permutations{Count: 199, Seed: uint64(k), Strata: classes}, values, positive))
	}
	for name, p := range map[string][]float64{"raw": raw, "stratified": stratified} {
		if d := kolmogorov(p); d > 1.95+0.1 || p[0] <= 0 {
			t.Errorf("%s: Kolmogorov distance %v, least p %v", name, d, p[0])
		}
	}
}

// tuningP is the one-sided p of the sum of the positive values.
func tuningP(p Permutations, values []float64, positive []bool) float64 {
	sumOf := func(order []int) (sum float64) {
		for i, k := range order {
			if positive[k] {
				sum += values[i]
			}
		}
		return sum
	}
	identity := make([]int, len(values))
	for i := range identity {
		identity[i] = i
	}
	observed, extreme, m := sumOf(identity), 0, 0
	p.Shuffle(len(values), func(order []int) {
		m++
		if sumOf(order) >= observed-1e-9 {
			extreme++
		}
	})
	return PermutationP(extreme, m)
}
