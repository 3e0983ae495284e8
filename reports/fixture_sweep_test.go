package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureSweep is a sweep of conv1 (16 neurons) and conv3 (20 of its neurons), made up by a formula.
func fixtureSweep(t testing.TB) SweepReport {
	set := fixtureSet()
	metric, err := ablate.ParseMetric("logit-diff", set.Classes)
	if err != nil {
		t.Fatal(err)
	}
	r := &ablate.SweepResult{
		Split: datasets.Confirm, Images: 200, SelectImages: 60, Classes: set.Classes, ClassImages: []int{100, 100},
		Features: set.Features, FeatureImages: []int{100, 67, 40}, Metric: metric,
		Intact: ablate.Intact{Accuracy: 0.915, LogitDiff: 2.8134, Shams: 8},
		Kinds:  []ablate.Kind{ablate.Zero, ablate.Mean}, Draws: 5, SelectDraws: 2, MeanOver: ablate.OverPosition,
		Layers: []ablate.SweptLayer{
			{Number: 1, Name: "conv1", Kind: model.Conv2D, Neurons: 16, Dead: 1, Trust: []probe.Number{0.9731, 0.951}},
			{Number: 3, Name: "conv3", Kind: model.Conv2D, Neurons: 20, Trust: []probe.Number{0.412, 0.388}},
		},
		Families: []ablate.Family{
			{Kind: ablate.Zero, Test: ablate.TestAccuracy, Tests: 35, Significant: 3, LeftOut: 1},
			{Kind: ablate.Zero, Test: ablate.TestLogitDiff, Tests: 35, Significant: 17, LeftOut: 1},
			{Kind: ablate.Zero, Test: ablate.TestClass, Tests: 70, Significant: 31, LeftOut: 2},
			{Kind: ablate.Zero, Test: ablate.TestFeature, Tests: 70, Significant: 9, LeftOut: 38},
		},
		Pairs:     []ablate.KindPair{{A: ablate.Zero, B: ablate.Mean, Correlation: 0.8312, Opposite: []model.Address{model.Neuron(1, 4), model.Neuron(3, 9)}}},
		Resamples: 2000, Permutations: 9999, Seed: 1,
		Warnings: []string{"3 images appear in two splits"},
	}
	for i := range 36 {
		a := model.Neuron(1, i)
		if i >= 16 {
			a = model.Neuron(3, i-16)
		}
		u := ablate.SweptNeuron{Address: a, Fires: 200 - 5*(i%16), FiresByClass: []int{100, 100 - 5*(i%16)}, Mean: 0.05 * float64(i%7)}
		for k, kind := range r.Kinds {
			u.Lesions = append(u.Lesions, fixtureSwept(i, k, kind, len(set.Features)))
		}
		if i == 13 {
			u.Fires, u.FiresByClass, u.Mean, u.Dead = 0, []int{0, 0}, 0, true
			for k := range u.Lesions {
				u.Lesions[k] = stillLesion(u.Lesions[k])
			}
		}
		r.Neurons = append(r.Neurons, u)
	}
	line := func(n, steps int, bend float64) []ablate.Point {
		var points []ablate.Point
		for k := range steps + 1 {
			x := float64(k) / float64(steps)
			points = append(points, ablate.Point{Accuracy: round(0.915 - 0.415*math.Pow(x, bend)), Metric: round(2.8 - 2.8*x)})
		}
		return points
	}
	for _, l := range []struct {
		number, neurons int
		name            string
	}{{1, 16, "conv1"}, {3, 20, "conv3"}, {0, 36, ""}} {
		c := ablate.Cumulative{Layer: l.number, Name: l.name, Kind: ablate.Zero, Neurons: l.neurons, Most: line(l.neurons, 4, 0.5), Least: line(l.neurons, 4, 5),
			Random: [][]ablate.Point{line(l.neurons, 2, 1), line(l.neurons, 2, 2)}, Area: 0.2103, AreaRandom: 0.0814, Spare: l.neurons / 2}
		c.Removed, c.RandomRemoved = []int{0, l.neurons / 4, l.neurons / 2, 3 * l.neurons / 4, l.neurons}, []int{0, l.neurons / 2, l.neurons}
		r.Curves = append(r.Curves, c)
	}
	return SweepReport{Result: r, Table: "recordings/ablate-sweep.parquet", Source: Source{Network: fixtureNetwork(t), Set: set, DataDigest: fixtureDigest,
		ModelPath: "model.safetensors", Run: fixtureRun("neuroprobe ablate sweep --kind zero,mean --layers 1,3")}}
}

func fixtureSwept(i, k int, kind ablate.Kind, features int) ablate.NeuronLesion {
	size := round((float64(i%9) - 6) * 0.113 / float64(1+k))
	change := func(x float64) ablate.Change {
		return ablate.Change{Estimate: probe.Number(round(x)), Low: probe.Number(round(x - 0.1)), High: probe.Number(round(x + 0.1))}
	}
	tested := func(x float64) ablate.Tested {
		p := probe.Number(0.6)
		if math.Abs(x) > 0.1 {
			p = 0.0004
		}
		return ablate.Tested{Change: change(x), P: p, Adjusted: min(1, 1.4*p)}
	}
	l := ablate.NeuronLesion{Kind: kind, Moved: true, RightToWrong: 9 - i%9, WrongToRight: i % 4,
		Accuracy: tested(size / 10), Balanced: change(size / 10), Recall: []ablate.Change{change(size / 5), change(0)},
		CrossEntropy: change(-size / 4), LogitDiff: tested(size), ByClass: []ablate.Tested{tested(1.5 * size), tested(0.5 * size)},
		Select: ablate.SelectEffect{Metric: round(0.9 * size), Rank: 1 + (i*5+27)%36, LayerRank: 1 + i%16, ByClass: []probe.Number{probe.Number(round(1.4 * size)), probe.Number(round(0.4 * size))}}}
	for f := range features {
		x := size * (float64(f) - 0.5)
		l.With, l.Contrast = append(l.With, change(size)), append(l.Contrast, tested(x))
		l.Select.Contrast = append(l.Select.Contrast, probe.Number(round(0.8*x)))
		if f == 0 { // one that is the same throughout a class
			l.Contrast[f] = ablate.Tested{Change: ablate.Change{Estimate: probe.Undefined, Low: probe.Undefined, High: probe.Undefined}, P: probe.Undefined, Adjusted: probe.Undefined}
			l.Select.Contrast[f] = probe.Undefined
		}
	}
	return l
}

// stillLesion is one that moved nothing.
func stillLesion(l ablate.NeuronLesion) ablate.NeuronLesion {
	none := ablate.Tested{P: probe.Undefined, Adjusted: probe.Undefined}
	out := ablate.NeuronLesion{Kind: l.Kind, Accuracy: none, LogitDiff: none, Recall: make([]ablate.Change, len(l.Recall)),
		ByClass: []ablate.Tested{none, none}, With: make([]ablate.Change, len(l.With)), Contrast: []ablate.Tested{none, none, none}}
	out.Contrast[0] = l.Contrast[0]
	out.Select = ablate.SelectEffect{Rank: 36, LayerRank: 16, ByClass: []probe.Number{0, 0}, Contrast: []probe.Number{probe.Undefined, 0, 0}}
	return out
}
