package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// lesion makes n paired outcomes of a lesion that hurts class 1: labels, and the change of
// correctness (-1, 0, 1) of each image.
func lesion(n int, seed uint64) (labels []int, diffs []float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		label := r.IntN(3) / 2 // one image in three is of class 1
		d := 0.0
		switch u := r.Float64(); {
		case u < 0.05+0.2*float64(label):
			d = -1
		case u > 0.97:
			d = 1
		}
		labels, diffs = append(labels, label), append(diffs, d)
	}
	return labels, diffs
}

func membersOf(labels []int, class int) []bool {
	out := make([]bool, len(labels))
	for i, l := range labels {
		out[i] = l == class
	}
	return out
}

// TestPercentilesByHand: a statistic that counts the resamples, 0 to 2000. The quantiles 0.025
// and 0.975 of 0..2000 are 50 and 1950; 0.05 and 0.95 are 100 and 1900.
func TestPercentilesByHand(t *testing.T) {
	for _, test := range []struct{ confidence, low, high float64 }{{0, 50, 1950}, {0.95, 50, 1950}, {0.9, 100, 1900}} {
		k := -1.0
		low, high := Bootstrap{Resamples: 2001, Confidence: test.confidence}.Interval(3, func([]int) float64 { k++; return k })
		near(t, "low", low, test.low, 1e-9)
		near(t, "high", high, test.high, 1e-9)
	}
}

// TestBootstrapMeanByHand: with half of 100 values 0 and half 1, a resample's sum is
// Binomial(100, 1/2), whose 2.5 % and 97.5 % quantiles are 40 and 60. 50,000 resamples reach
// them surely: P(X ≤ 39) = 0.0176 and P(X ≤ 40) = 0.0284 lie 12 and 4 standard errors from 0.025.
func TestBootstrapMeanByHand(t *testing.T) {
	diffs := make([]float64, 100)
	for i := range 50 {
		diffs[2*i] = 1
	}
	low, high := Bootstrap{Resamples: 50_000, Seed: 3}.Mean(diffs)
	near(t, "low", low, 0.40, 1e-12)
	near(t, "high", high, 0.60, 1e-12)
}

func TestBootstrapEdges(t *testing.T) {
	nan, b := math.NaN(), Bootstrap{Resamples: 50}
	for _, test := range []struct {
		name      string
		diffs     []float64
		low, high float64
	}{
		{"none", nil, nan, nan},
		{"one", []float64{0.25}, 0.25, 0.25},
		{"constant", []float64{-1, -1, -1, -1, -1}, -1, -1},
		{"NaN", []float64{1, nan, 2, 3, 4, 5, 6, 7, 8, 9}, nan, nan},
		{"infinite", []float64{1, math.Inf(1), 2}, nan, nan},
	} {
		low, high := b.Mean(test.diffs)
		near(t, test.name+" low", low, test.low, 0)
		near(t, test.name+" high", high, test.high, 0)
	}
	for _, bad := range []float64{-0.5, 1, 95, nan} {
		if low, high := (Bootstrap{Confidence: bad}).Mean([]float64{1, 2}); !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("confidence %v: %v to %v, want NaN", bad, low, high)
		}
	}
	if got := b.Means(); got != nil {
		t.Errorf("no columns: %v", got)
	}
	// A class of which no image exists is undefined on every resample.
	got := b.Intervals(3, GroupMean([]float64{1, 2, 3}, make([]bool, 3)))[0]
	if !math.IsNaN(got.Low) || !math.IsNaN(got.High) || got.Undefined != 50 {
		t.Errorf("empty group: %+v, want NaN, all 50 undefined", got)
	}
}

// TestUndefinedResamplesAreCounted: one image of four is in the group; it is missing from a
// resample with probability (3/4)⁴ = 0.316.
func TestUndefinedResamplesAreCounted(t *testing.T) {
	got := Bootstrap{Resamples: 10_000}.Intervals(4, GroupMean([]float64{5, 6, 7, 8}, []bool{false, true, false, false}))[0]
	if got.Low != 6 || got.High != 6 || math.Abs(float64(got.Undefined)-3164) > 200 { // 200 is 4.3 standard errors
		t.Errorf("%+v, want 6 to 6, about 3164 undefined", got)
	}
}

func TestWrongLengthsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"strata":  func() { Bootstrap{Strata: []int{1, 2}}.Mean([]float64{1, 2, 3}) },
		"columns": func() { Bootstrap{}.Means([]float64{1, 2}, []float64{1, 2, 3}) },
		"group":   func() { Bootstrap{}.Intervals(1, GroupMean([]float64{1, 2}, []bool{true, true})) },
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

// TestFastIsSlow: counts and indices are two ways to the same numbers, with and without strata.
func TestFastIsSlow(t *testing.T) {
	labels, diffs := lesion(301, 5)
	r := rand.New(rand.NewPCG(6, 6))
	logits := make([]float64, len(diffs))
	for i := range logits {
		logits[i] = r.NormFloat64()
	}
	recall := func(class int) func([]int) float64 {
		return func(indices []int) float64 {
			sum, n := 0.0, 0
			for _, i := range indices {
				if labels[i] == class {
					sum, n = sum+diffs[i], n+1
				}
			}
			return sum / float64(n)
		}
	}
	recall0, recall1 := GroupMean(diffs, membersOf(labels, 0)), GroupMean(diffs, membersOf(labels, 1))
	for _, strata := range [][]int{nil, labels} {
		b := Bootstrap{Resamples: 500, Seed: 9, Strata: strata}
		fast := b.Intervals(len(diffs), MeanOf(diffs), recall1, Average(recall0, recall1), MeanOf(logits))
		slow := []func([]int) float64{
			func(indices []int) float64 { return meanAt(diffs, indices) },
			recall(1),
			func(indices []int) float64 { return (recall(0)(indices) + recall(1)(indices)) / 2 },
			func(indices []int) float64 { return meanAt(logits, indices) },
		}
		for k := range slow {
			low, high := b.Interval(len(diffs), slow[k])
			near(t, fmt.Sprint("low ", k), fast[k].Low, low, 1e-15)
			near(t, fmt.Sprint("high ", k), fast[k].High, high, 1e-15)
		}
		low, high := b.Mean(diffs)
		if got := b.Means(logits, diffs)[1]; got != (Interval{low, high, 0}) || got != fast[0] {
			t.Errorf("alone %v to %v, together %+v and %+v", low, high, got, fast[0])
		}
	}
}

func meanAt(values []float64, indices []int) float64 {
	sum := 0.0
	for _, i := range indices {
		sum += values[i]
	}
	return sum / float64(len(indices))
}

func TestBootstrapIsDeterministic(t *testing.T) {
	_, diffs := lesion(200, 1)
	draws := func(b Bootstrap) (all [][]int) {
		b.Interval(len(diffs), func(indices []int) float64 { all = append(all, slices.Clone(indices)); return 0 })
		return all
	}
	one := draws(Bootstrap{Seed: 1, Resamples: 30})
	if !reflect.DeepEqual(one, draws(Bootstrap{Seed: 1, Resamples: 30})) {
		t.Error("the same seed drew differently")
	}
	if !reflect.DeepEqual(one, draws(Bootstrap{Seed: 1, Resamples: 50})[:30]) {
		t.Error("more resamples began differently")
	}
	if !reflect.DeepEqual(one, draws(Bootstrap{Seed: 1, Resamples: 30, Strata: make([]int, len(diffs))})) {
		t.Error("a single stratum drew differently from none")
	}
	if reflect.DeepEqual(one, draws(Bootstrap{Seed: 2, Resamples: 30})) {
		t.Error("another seed drew the same")
	}
	if got := len(draws(Bootstrap{})); got != DefaultResamples {
		t.Errorf("%d resamples by default, want %d", got, DefaultResamples)
	}
	// Drawn afresh by anyone with the same seed: the numbers of today.
	low, high := Bootstrap{Seed: 1}.Mean(diffs)
	near(t, "low of seed 1", low, -0.13, 1e-15)
	near(t, "high of seed 1", high, -0.02, 1e-15)
}

func TestStrataKeepTheirSizes(t *testing.T) {
	strata := []int{7, 7, -3, 7, -3, 0, 7, 7}
	b := Bootstrap{Resamples: 200, Strata: strata}
	b.Interval(len(strata), func(indices []int) float64 {
		for i, k := range indices {
			if strata[k] != strata[i] {
				t.Fatalf("place %d of stratum %d holds observation %d of stratum %d", i, strata[i], k, strata[k])
			}
		}
		return 0
	})
}

// TestStrataNarrow: where strata differ in level, drawing within them takes that difference out.
func TestStrataNarrow(t *testing.T) {
	var diffs []float64
	var strata []int
	for i := range 100 {
		diffs, strata = append(diffs, float64(i%2)*10+float64(i%7)/7), append(strata, i%2)
	}
	whole, within := Bootstrap{Resamples: 400}, Bootstrap{Resamples: 400, Strata: strata}
	low, high := whole.Mean(diffs)
	lowWithin, highWithin := within.Mean(diffs)
	if highWithin-lowWithin > (high-low)/5 {
		t.Errorf("width %v within strata, %v without", highWithin-lowWithin, high-low)
	}
}

// TestBootstrapCoverage repeats an experiment of known truth and counts how often the 95 %
// interval holds it: in about 93.5 % of cases with these few, skewed, discrete differences. The
// standard error of 800 repeats is 0.9 %; the bounds lie at least 3 of them off.
func TestBootstrapCoverage(t *testing.T) {
	const repeats, n = 800, 100
	meanHits, recallHits := 0, 0
	for k := range repeats {
		labels, diffs := lesion(n, uint64(1000+k))
		got := Bootstrap{Resamples: 200, Seed: uint64(k)}.Intervals(n, MeanOf(diffs), GroupMean(diffs, membersOf(labels, 1)))
		// Truth: 2/3 of the images lose 0.05, 1/3 lose 0.25, all gain 0.03.
		meanHits += hit(got[0], 0.03-(2*0.05+0.25)/3)
		recallHits += hit(got[1], 0.03-0.25)
	}
	for what, hits := range map[string]int{"mean": meanHits, "recall": recallHits} {
		if rate := float64(hits) / repeats; rate < 0.905 || rate > 0.97 {
			t.Errorf("%s: the 95 %% interval held the truth in %.1f %% of experiments", what, 100*rate)
		}
	}
}

func hit(i Interval, truth float64) int {
	if i.Low <= truth && truth <= i.High {
		return 1
	}
	return 0
}

// BenchmarkBootstrap is a report's worth: 2,000 images, 2,000 resamples, 20 statistics.
func BenchmarkBootstrap(b *testing.B) {
	labels, diffs := lesion(2000, 1)
	for _, strata := range [][]int{nil, labels} {
		b.Run(fmt.Sprintf("stratified=%v", strata != nil), func(b *testing.B) {
			var statistics []Statistic
			for k := range 16 {
				statistics = append(statistics, MeanOf(diffs))
				if k%4 == 0 {
					statistics = append(statistics, GroupMean(diffs, membersOf(labels, 1)))
				}
			}
			for b.Loop() {
				Bootstrap{Strata: strata}.Intervals(len(diffs), statistics...)
			}
		})
	}
}
