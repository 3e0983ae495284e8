package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSignFlipByHand(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name  string
		diffs []float64
		want  float64
	}{
		{"one", []float64{3}, 1},                                            // ±3
		{"two", []float64{1, 2}, 0.5},                                       // ±3 of ±3, ±1
		{"two, apart", []float64{-1, 2}, 1},                                 // all are at least 1
		{"three", []float64{1, 2, 3}, 0.25},                                 // ±6 of 8
		{"three, one down", []float64{-1, 2, 3}, 0.5},                       // ±6, ±4 of ±6, ±4, ±2, 0, 0
		{"the other way", []float64{1, -2, -3}, 0.5},                        //
		{"sum 0", []float64{1, 2, -3}, 1},                                   //
		{"zeros", []float64{0, 1, 0, 2, 0, 3}, 0.25},                        // do not matter
		{"tenths", []float64{0.1, 0.2, -0.3}, 1},                            // 0.1+0.2 is not 0.3
		{"equal but for rounding", []float64{0.3, 0.1, -0.2, 0.4, -0.6}, 1}, // 0
		{"far apart", []float64{1e300, 1, 1e-300}, 1},                       // 1 is nothing beside 1e300
		{"all zero", []float64{0, 0}, 1},
		{"none", nil, nan},
		{"NaN", []float64{1, nan}, nan},
		{"infinite", []float64{1, math.Inf(-1)}, nan},
		{"too large", []float64{1e308, -1e308}, nan},
	} {
		near(t, test.name, Permutations{Seed: 3}.SignFlip(test.diffs), test.want, 0)
	}
}

// TestSignFlipPublished: Darwin's 15 pairs of crossed and self-fertilised maize, in eighths of an
// inch. Fisher counts 863 of 2¹⁵ choices with a sum of 314 or more, on one side.
func TestSignFlipPublished(t *testing.T) {
	darwin := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}
	near(t, "p", Permutations{}.SignFlip(darwin), 2*863./32768, 0)
	for i := range darwin {
		darwin[i] /= 80 // no longer whole: the 28 ties of each side must still be seen
	}
	near(t, "p of decimals", Permutations{}.SignFlip(darwin), 2*863./32768, 0)
}

// TestSignFlipIsMcNemar: on differences of ±1, exactly up to 20 of them and about so beyond.
func TestSignFlipIsMcNemar(t *testing.T) {
	for _, test := range []struct {
		b, c      int
		tolerance float64
	}{
		{0, 1, 0}, {3, 4, 1e-13}, {1, 9, 1e-13}, {0, 20, 1e-13}, {7, 13, 1e-13}, {10, 10, 1e-13},
		{7, 14, 0.01}, {20, 30, 0.01}, {60, 70, 0.01}, // 20,000 choices: standard error below 0.0036
	} {
		diffs := append(slices.Repeat([]float64{-1}, test.b), slices.Repeat([]float64{1}, test.c)...)
		diffs = append(diffs, make([]float64, 30)...)
		got := Permutations{Count: 20_000, Seed: 2}.SignFlip(diffs)
		near(t, fmt.Sprint(test.b, " and ", test.c), got, McNemarExact(test.b, test.c), test.tolerance)
	}
}

// TestSignFlipAgainstAllSigns: one sum for each choice of signs, added up afresh.
func TestSignFlipAgainstAllSigns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 60 {
		diffs := make([]float64, 1+r.IntN(10))
		for i := range diffs {
			diffs[i] = 0.5 + r.NormFloat64()
		}
		observed, extreme := 0.0, 0
		for _, d := range diffs {
			observed += d
		}
		for signs := range 1 << len(diffs) {
			sum := 0.0
			for i, d := range diffs {
				sum += d * float64(1-2*(signs>>i&1))
			}
			if math.Abs(sum) >= math.Abs(observed)-1e-10 {
				extreme++
			}
		}
		near(t, fmt.Sprint(diffs), Permutations{}.SignFlip(diffs), float64(extreme)/float64(int(1)<<len(diffs)), 0)
	}
}

func TestSignFlipIsNeverZero(t *testing.T) {
	for _, n := range []int{1, 5, 20, 21, 64, 65, 200} {
		diffs, want := slices.Repeat([]float64{0.7}, n), 1/float64(1000)
		if n <= exactFlips {
			want = 2 / float64(int(1)<<n)
		}
		near(t, fmt.Sprint(n, " alike"), Permutations{}.SignFlip(diffs), want, 0)
	}
}

func TestSignFlipIsDeterministic(t *testing.T) {
	_, diffs := lesion(200, 1)
	p := Permutations{Seed: 1}.SignFlip(diffs)
	near(t, "the same seed", Permutations{Seed: 1, Strata: []int{1}}.SignFlip(diffs), p, 0)
	for i := range diffs {
		diffs[i] = -diffs[i]
	}
	near(t, "the other sign", Permutations{Seed: 1}.SignFlip(diffs), p, 0)
}

// TestSignFlipNullIsUniform: 1000 experiments with symmetric differences, exact (grid of 2/2¹⁰)
// and sampled (grid of 1/500, which adds at most √1000/500 = 0.07 to the distance).
func TestSignFlipNullIsUniform(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for _, n := range []int{10, 40} {
		var all []float64
		for k := range 1000 {
			diffs := make([]float64, n)
			for i := range diffs {
				diffs[i] = r.NormFloat64() * float64(1+i%3)
			}
			all = append(all, Permutations{Count: 499, Seed: uint64(k)}.SignFlip(diffs))
		}
		if d := kolmogorov(all); d > 1.95+0.07 || all[0] <= 0 {
			t.Errorf("%d differences: Kolmogorov distance %v, least p %v", n, d, all[0])
		}
	}
}

func BenchmarkSignFlip(b *testing.B) {
	for _, n := range []int{20, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			diffs := make([]float64, n)
			for i := range diffs {
				diffs[i] = math.Sin(float64(i + 1))
			}
			for b.Loop() {
				Permutations{}.SignFlip(diffs)
			}
		})
	}
}
