package ablate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// randomGrouping has two classes and some features, which go with the class a little.
func randomGrouping(images, features int, r *rand.Rand) *grouping {
	g := &grouping{images: images, features: features, classes: make([][]int, 2), with: [][][]int{make([][]int, features), make([][]int, features)}}
	for i := range images {
		c := r.IntN(2)
		g.labels, g.all = append(g.labels, c), append(g.all, i)
		g.classes[c] = append(g.classes[c], i)
		for f := range features {
			if r.Float64() < 0.3+0.4*float64(c) {
				g.with[c][f] = append(g.with[c][f], i)
			}
		}
	}
	return g
}

// noise are changes that carry no effect: symmetric about 0 whatever the image shows.
func noise(neurons, images int, r *rand.Rand) changes {
	var c changes
	for range neurons * images {
		flip := float32(0)
		if r.Float64() < 0.05 {
			flip = float32(2*r.IntN(2) - 1)
		}
		c.Correct = append(c.Correct, flip)
		c.Loss = append(c.Loss, float32(r.NormFloat64()))
		c.Diff = append(c.Diff, float32(r.NormFloat64()))
	}
	return c
}

func measured(t testing.TB, g *grouping, c changes, kind Kind, o Options) []NeuronLesion {
	t.Helper()
	lesions, err := g.measure(context.Background(), c, kind, &Preparation{Options: o.filled()})
	if err != nil {
		t.Fatal(err)
	}
	return lesions
}

// BenchmarkSweepStatistics is one kind of the sweep of the default specimen.
func BenchmarkSweepStatistics(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	g := randomGrouping(1000, 8, r)
	c := noise(176, 1000, r)
	o := DefaultOptions()
	o.Permutations = 9999
	for b.Loop() {
		measured(b, g, c, Zero, o)
	}
}

// TestStatisticsAgainstTheDefinitions holds the matrix products against internal/stats, statistic by
// statistic.
func TestStatisticsAgainstTheDefinitions(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	const images, neurons, features = 150, 3, 2
	g, c := randomGrouping(images, features, r), noise(neurons, images, r)
	o := Options{Resamples: 400, Permutations: 4999, Seed: 7}
	b := stats.Bootstrap{Resamples: o.Resamples, Seed: o.Seed}
	for k, l := range measured(t, g, c, Zero, o) {
		correct, loss, diff := c.neuron(k, images)
		class := func(c int) []bool { return marks(images, g.classes[c]) }
		wants := []stats.Statistic{
			stats.MeanOf(float64s(correct)),
			stats.Average(stats.GroupMean(float64s(correct), class(0)), stats.GroupMean(float64s(correct), class(1))),
			stats.MeanOf(float64s(loss)),
			stats.MeanOf(float64s(diff)),
		}
		for c := range 2 {
			wants = append(wants, stats.GroupMean(float64s(correct), class(c)), stats.GroupMean(float64s(diff), class(c)))
		}
		for f := range features {
			with := marks(images, append(append([]int(nil), g.with[0][f]...), g.with[1][f]...))
			wants = append(wants, stats.GroupMean(float64s(diff), with), contrastOf(g, float64s(diff), with))
		}
		intervals, ones := b.Intervals(images, wants...), make([]float64, images)
		for i := range ones {
			ones[i] = 1
		}
		places := l.places()
		if len(places) != len(wants) {
			t.Fatalf("%d statistics, want %d", len(places), len(wants))
		}
		for j, place := range places {
			for name, pair := range map[string][2]float64{
				"estimate": {float64(place.Estimate), wants[j](ones)},
				"low":      {float64(place.Low), intervals[j].Low},
				"high":     {float64(place.High), intervals[j].High},
			} {
				if math.Abs(pair[0]-pair[1]) > 1e-6 {
					t.Errorf("neuron %d, statistic %d, %s: %v, want %v", k, j, name, pair[0], pair[1])
				}
			}
		}
		if want := stats.McNemarExact(l.RightToWrong, l.WrongToRight); float64(l.Accuracy.P) != want {
			t.Errorf("neuron %d: accuracy p %v, want %v", k, l.Accuracy.P, want)
		}
		// Both are estimates of one p from 4,999 random choices.
		slow := stats.Permutations{Count: o.Permutations, Seed: 99}
		if want := slow.SignFlip(float64s(diff)); math.Abs(float64(l.LogitDiff.P)-want) > 0.03 {
			t.Errorf("neuron %d: sign-flip p %v, want about %v", k, l.LogitDiff.P, want)
		}
		for f := range features {
			with := marks(images, append(append([]int(nil), g.with[0][f]...), g.with[1][f]...))
			observed, extreme := studentisedOf(g, float64s(diff), with), 0
			shuffle := slow
			shuffle.Strata = g.labels
			shuffle.Shuffle(images, func(order []int) {
				permuted := make([]bool, images)
				for i, k := range order {
					permuted[i] = with[k]
				}
				if studentisedOf(g, float64s(diff), permuted) >= observed-1e-9 {
					extreme++
				}
			})
			if want := stats.PermutationP(extreme, slow.Count); math.Abs(float64(l.Contrast[f].P)-want) > 0.03 {
				t.Errorf("neuron %d, feature %d: p %v, want about %v", k, f, l.Contrast[f].P, want)
			}
		}
	}
}

func marks(images int, some []int) []bool {
	out := make([]bool, images)
	for _, i := range some {
		out[i] = true
	}
	return out
}

// contrastOf is the contrast by its definition: within each class the mean of diff with the feature
// less that without, weighted by with·without/all of the images, drawn or not.
func contrastOf(g *grouping, diff []float64, with []bool) stats.Statistic {
	return func(counts []float64) float64 {
		above, below := 0.0, 0.0
		for _, images := range g.classes {
			var n, sum [2]float64
			for _, i := range images {
				k := 0
				if with[i] {
					k = 1
				}
				n[k], sum[k] = n[k]+counts[i], sum[k]+counts[i]*diff[i]
			}
			all := 0.0
			for _, i := range images {
				if with[i] {
					all++
				}
			}
			w := all * (float64(len(images)) - all) / float64(len(images))
			above, below = above+w*(sum[1]/n[1]-sum[0]/n[0]), below+w
		}
		return above / below
	}
}

// studentisedOf is the square of the contrast over its variance, by the definition.
func studentisedOf(g *grouping, diff []float64, with []bool) float64 {
	above, variance := 0.0, 0.0
	for _, images := range g.classes {
		var groups [2][]float64
		for _, i := range images {
			k := 0
			if with[i] {
				k = 1
			}
			groups[k] = append(groups[k], diff[i])
		}
		var m [2]stats.Moments
		for k := range groups {
			for _, v := range groups[k] {
				m[k].Add(v)
			}
		}
		n0, n1 := float64(m[0].N()), float64(m[1].N())
		w := n0 * n1 / (n0 + n1)
		above += w * (m[1].Mean() - m[0].Mean())
		variance += w * w * (m[1].PopulationVariance()/n1 + m[0].PopulationVariance()/n0)
	}
	return above * above / variance
}

// TestSpreadIsNoEffect: images with a rare feature vary three times as much, about the same mean. A
// test of the plain difference would find something in a third of the neurons.
func TestSpreadIsNoEffect(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	const neurons, images = 400, 300
	g := &grouping{images: images, features: 1, classes: make([][]int, 1), with: [][][]int{make([][]int, 1)}}
	for i := range images {
		g.labels, g.all, g.classes[0] = append(g.labels, 0), append(g.all, i), append(g.classes[0], i)
		if i < images/10 {
			g.with[0][0] = append(g.with[0][0], i)
		}
	}
	c := noise(neurons, images, r)
	for k := range neurons {
		for _, i := range g.with[0][0] {
			c.Diff[k*images+i] *= 3
		}
	}
	found := 0
	for _, l := range measured(t, g, c, Zero, Options{Resamples: 100, Permutations: 999}) {
		if l.Contrast[0].P < 0.05 {
			found++
		}
	}
	if found > 40 { // 20 expected, plus what 30 images with the feature leave to be desired
		t.Errorf("p below 0.05 for %d of %d neurons without effect", found, neurons)
	}
}

// TestFewChangesAreTestedExactly: up to 20 images that moved, the sign-flip p is that of internal/stats.
func TestFewChangesAreTestedExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	const images = 100
	g := randomGrouping(images, 0, r)
	c := changes{Correct: make([]float32, images), Loss: make([]float32, images), Diff: make([]float32, images)}
	for i := range 8 {
		c.Diff[i*12] = -1 - float32(i)/10 // all one way: p = 2/2⁸
	}
	l := measured(t, g, c, Zero, Options{Permutations: 99})[0]
	if l.LogitDiff.P != 2./256 {
		t.Errorf("p %v of 8 changes one way, want 2/256", l.LogitDiff.P)
	}
	if !l.Moved || l.Accuracy.P != 1 {
		t.Errorf("moved %v, accuracy p %v of no flip, want 1", l.Moved, l.Accuracy.P)
	}
}

// TestWorkersDoNotMatter holds runs with one worker and with many against each other, bit by bit.
func TestWorkersDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	g, c := randomGrouping(90, 2, r), noise(5, 90, r)
	one := measured(t, g, c, Resample, Options{Resamples: 300, Permutations: 400, Workers: 1})
	many := measured(t, g, c, Resample, Options{Resamples: 300, Permutations: 400, Workers: 7})
	a, errA := json.Marshal(one)
	b, errB := json.Marshal(many)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("%v, %v; or the results differ", errA, errB)
	}
}

// TestNoEffectNoFinding is the negative control: answers that changed at random, with no more
// to one side than to the other and whatever the image shows. At a false discovery rate of 5 % of
// nothing true, a family may have a finding in 5 % of the runs.
func TestNoEffectNoFinding(t *testing.T) {
	const runs, neurons, images = 30, 40, 160
	with := map[SweepTest]int{}
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 9))
		g := randomGrouping(images, 2, r)
		kind := []Kind{Zero, Resample}[seed%2]
		for _, f := range families(measured(t, g, noise(neurons, images, r), kind, Options{Resamples: 100, Permutations: 1999, Seed: seed}), kind) {
			if f.Significant > 0 {
				with[f.Test]++
			}
		}
	}
	for test, n := range with {
		if n > 5 { // 30 runs at 5 %: more than 5 come about in 3 of 1,000
			t.Errorf("%s: findings in %d of %d runs without any effect", test, n, runs)
		}
	}
}

// TestPlantedEffectsAreFound: of 40 neurons one hurts class 1, another images with feature 0 in
// both classes, and nothing else is there.
func TestPlantedEffectsAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	const neurons, images, hurtsClass, hurtsFeature = 40, 300, 7, 23
	g, c := randomGrouping(images, 2, r), noise(neurons, images, r)
	for _, i := range g.classes[1] {
		c.Diff[hurtsClass*images+i] -= 0.6
	}
	for class := range g.classes {
		for _, i := range g.all {
			c.Diff[hurtsFeature*images+i] += 0.4 / 2
		}
		for _, i := range g.with[class][0] {
			c.Diff[hurtsFeature*images+i] -= 0.8
		}
	}
	lesions := measured(t, g, c, Zero, Options{Resamples: 200, Permutations: 9999})
	families(lesions, Zero)
	for k := range lesions {
		l := &lesions[k]
		for class, x := range l.ByClass {
			if found, planted := x.Significant(), k == hurtsClass && class == 1; planted && (!found || x.Estimate > -0.4) {
				t.Errorf("the neuron that hurts class 1: effect %+v", x)
			} else if found && !planted && k != hurtsFeature {
				t.Errorf("neuron %d, class %d: a finding where there is no effect: %+v", k, class, x)
			}
		}
		for f, x := range l.Contrast {
			if found, planted := x.Significant(), k == hurtsFeature && f == 0; found != planted {
				t.Errorf("neuron %d, feature %d: found %v, planted %v: %+v", k, f, found, planted, x)
			}
		}
	}
}

// families corrects lesions as a sweep does.
func families(lesions []NeuronLesion, kind Kind) []Family {
	s := &sweep{SweepOptions: SweepOptions{Kinds: []Kind{kind}}, result: &SweepResult{Neurons: make([]SweptNeuron, len(lesions))}}
	for k := range lesions {
		s.result.Neurons[k].Lesions = lesions[k : k+1 : k+1]
	}
	s.correct()
	return s.result.Families
}

// TestShamMayRoundAndNothingMore: the last bits may differ, a thousandth may not, nor a NaN.
func TestShamMayRoundAndNothingMore(t *testing.T) {
	intact := &Outcomes{Loss: []float32{0.5, 1}, Diff: []float32{2, -3}}
	for sham, fails := range map[float32]bool{2: false, 2 + 1e-6: false, 2.001: true, float32(math.NaN()): true} {
		most, err := sameOutcomes(intact, &Outcomes{Loss: []float32{0.5, 1}, Diff: []float32{sham, -3}}, model.Neuron(1, model.AllUnits))
		if errors.Is(err, ErrSham) != fails || !fails && most != float64(sham-2) {
			t.Errorf("sham %v: %v, %v", sham, most, err)
		}
	}
}
