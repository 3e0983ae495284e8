package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureAblate is an operation on a neuron that fires for cats.
func fixtureAblate(t testing.TB) AblateReport {
	set := fixtureSet()
	r := AblateReport{
		Source: Source{Network: fixtureNetwork(t), Set: set, DataDigest: fixtureDigest, ModelPath: "model.safetensors",
			Run: fixtureRun("neuroprobe ablate --neuron 3:17")},
		Operation: ablate.Operation{
			Result: fixtureLesion(set), Draws: 5, MeanOver: ablate.OverPosition, Tests: 18, Permutations: 999,
			Metric:   ablate.Metric{Name: "logit-diff"},
			Controls: fixtureControls(), Dose: fixtureDose(), Rescue: fixtureRescue(),
		},
	}
	r.Others = []ablate.KindResult{fixtureKind(r.Result, ablate.Mean, 0.6, ablate.McNemar), fixtureKind(r.Result, ablate.Resample, 0.7, ablate.SignFlip)}
	for k, m := range r.Measures {
		for _, pair := range [][2]ablate.Kind{{ablate.Zero, ablate.Mean}, {ablate.Zero, ablate.Resample}, {ablate.Mean, ablate.Resample}} {
			c := ablate.Contrast{Kinds: pair, Measure: m.Name, Percent: m.Percent, Verdict: ablate.Agree,
				Difference: ablate.Interval{Estimate: round(-0.4 * m.Change), Low: round(-0.4*m.Change - math.Abs(m.Change)), High: round(-0.4*m.Change + math.Abs(m.Change))}}
			if pair[0] == ablate.Zero && (k == 2 || m.Name == "logit difference") {
				c.Verdict, c.Difference.Low, c.Difference.High = ablate.Size, round(-0.2*m.Change), round(-0.6*m.Change)
			}
			if pair[1] == ablate.Mean && m.Name == "logit difference" {
				c.Verdict = ablate.Apart
			}
			r.Contrasts = append(r.Contrasts, c)
		}
	}
	return r
}

// fixtureKind is a kind that does a share of what zeroing does.
func fixtureKind(zero ablate.Result, kind ablate.Kind, share float64, test ablate.Test) ablate.KindResult {
	k := ablate.KindResult{Kind: kind, Flips: ablate.Flips{CorrectToWrong: 12, WrongToCorrect: 2, Changed: 14, McNemarP: 0.0129}}
	if kind == ablate.Resample {
		k.Flips = ablate.Flips{CorrectToWrong: 13.6, WrongToCorrect: 2.4}
	}
	for _, m := range zero.Measures {
		m.Change, m.Low, m.High, m.Flips = round(share*m.Change), round(share*m.Low), round(share*m.High), nil
		m.Lesioned = round(m.Intact + m.Change)
		m.P, m.Adjusted = min(1, 3*m.P), min(1, 4*m.P)
		if m.Test == ablate.McNemar {
			m.Test = test
		}
		k.Measures = append(k.Measures, m)
	}
	scale := func(g ablate.Group) ablate.Group {
		for _, i := range []*ablate.Interval{&g.Accuracy, &g.Logit} {
			*i = ablate.Interval{Estimate: round(share * i.Estimate), Low: round(share * i.Low), High: round(share * i.High)}
		}
		return g
	}
	for _, f := range zero.Features {
		k.Features = append(k.Features, ablate.FeatureEffect{Feature: f.Feature, With: scale(f.With), Without: scale(f.Without)})
	}
	return k
}

// fixtureControls are 20 neurons, the last of them dead; the target's effect is the largest.
func fixtureControls() *ablate.Controls {
	c := &ablate.Controls{Kind: ablate.Zero, Wanted: 20, Rank: 1, P: 1.0 / 21, Floor: 1.0 / 21, Dead: 1,
		Target: ablate.Control{Address: model.Neuron(3, 17), Mean: 0.0834, Norm: 1.213,
			Effect: ablate.Interval{Estimate: -0.9113, Low: -1.0642, High: -0.7581}, Accuracy: ablate.Interval{Estimate: -0.08, Low: -0.125, High: -0.035}},
		Beyond:   ablate.Interval{Estimate: -0.7722, Low: -0.9315, High: -0.6204},
		Warnings: []string{"the layer is watched by nobody"}}
	for k := range 20 {
		f := float64(k)
		u := ablate.Control{Address: model.Neuron(3, 3*k), Mean: round(0.08 - 0.004*f), Norm: round(1.2 - 0.03*f), Distance: round(0.1 + 0.13*f)}
		if k < 19 {
			e := round(-0.55 + 0.032*f + 0.08*math.Sin(3*f))
			u.Effect = ablate.Interval{Estimate: e, Low: round(e - 0.06), High: round(e + 0.06)}
			u.Accuracy = ablate.Interval{Estimate: round(e / 40), Low: round(e/40 - 0.015), High: round(e/40 + 0.015)}
		} else {
			u.Mean, u.Dead = 0, true
		}
		c.Units = append(c.Units, u)
	}
	return c
}

// fixtureDose rises as a Hill curve on cats, falls back on all images, and does nothing on dogs.
func fixtureDose() *ablate.DoseResponse {
	d := &ablate.DoseResponse{Doses: ablate.Doses, OnClass: "cat", Metric: "logit-diff", FitResamples: 500,
		Warnings: []string{"off-class images: the interval of the effect at dose 1 includes 0, so there is no effect to fit"}}
	hill := stats.Hill{EC50: 0.41, Slope: 2.6, Plateau: -1.85}
	for _, c := range []struct {
		images string
		n      int
		shape  ablate.Shape
		at     func(dose float64) (effect, reach float64)
	}{
		{ablate.AllImages, 200, ablate.NotMonotone, func(x float64) (float64, float64) { return -1.2 * x * (1.3 - x), 0.15 }},
		{ablate.OnClass, 100, ablate.Monotone, func(x float64) (float64, float64) {
			if x < 0 {
				return -0.4 * x, 0.12
			}
			return hill.At(x), 0.2
		}},
		{ablate.OffClass, 100, ablate.NoEffect, func(x float64) (float64, float64) { return -0.1 * x, 0.16 }},
	} {
		curve := ablate.DoseCurve{Images: c.images, N: c.n, Shape: c.shape}
		for _, dose := range d.Doses {
			e, reach := c.at(dose)
			reach *= math.Abs(dose)
			curve.Effects = append(curve.Effects, ablate.Interval{Estimate: round(e), Low: round(e - reach), High: round(e + reach)})
		}
		if c.shape == ablate.Monotone {
			curve.Fit = &ablate.DoseFit{EC50: ablate.Interval{Estimate: 0.41, Low: 0.38, High: 0.45}, Slope: ablate.Interval{Estimate: 2.6, Low: 2.2, High: 3.1},
				Plateau: ablate.Interval{Estimate: -1.85, Low: -2.08, High: -1.66}, Half: ablate.Interval{Estimate: 0.366, Low: 0.341, High: 0.392}, R2: 0.9987}
		}
		d.Curves = append(d.Curves, curve)
	}
	return d
}

func fixtureRescue() *ablate.Rescue {
	r := &ablate.Rescue{Intact: 2.8134, Lesioned: 1.9021, Lesion: ablate.Interval{Estimate: -0.9113, Low: -1.0642, High: -0.7581}, Draws: 5,
		Arms: []ablate.Rescued{{Injection: ablate.Recorded, Value: 2.8134, Recovery: &ablate.Interval{Estimate: 1, Low: 1, High: 1}, Identical: true}}}
	for k, e := range []ablate.Interval{{Estimate: 0.214, Low: 0.15, High: 0.281}, {Estimate: 0.962, Low: 0.914, High: 1.013}, {Estimate: -0.31, Low: -0.42, High: -0.215}} {
		name := []ablate.Injection{ablate.MeanValue, ablate.SameClass, ablate.OtherClass}[k]
		r.Arms = append(r.Arms, ablate.Rescued{Injection: name, Value: round(1.9021 + 0.9113*e.Estimate), Recovery: &e})
	}
	return r
}

// fixtureLesion is what zeroing does.
func fixtureLesion(set *datasets.Set) ablate.Result {
	r := ablate.Result{
		Kind: ablate.Zero, Split: datasets.Confirm, Images: 200, Classes: set.Classes, Resamples: 2000, Seed: 1,
		Targets: []ablate.Target{{Address: model.Neuron(3, 17), Layer: "conv3", Kind: model.Conv2D, Fires: 131, Mean: 0.08342,
			FiresByClass: []int{97, 34}, ImagesByClass: []int{100, 100}, MeanByClass: []probe.Number{0.1391, 0.0277}}},
		Measures: []ablate.Measure{
			{Name: "accuracy", P: 0.000855, Adjusted: 0.0026, Test: ablate.McNemar, Percent: true, N: 200, Intact: 0.915, Lesioned: 0.835, Change: -0.08, Low: -0.125, High: -0.035,
				Flips: &ablate.Flips{CorrectToWrong: 19, WrongToCorrect: 3, Changed: 22, McNemarP: 0.000855}},
			{Name: "balanced accuracy", P: 0.001, Adjusted: 0.0026, Test: ablate.SignFlip, Percent: true, N: 200, Intact: 0.915, Lesioned: 0.835, Change: -0.08, Low: -0.124, High: -0.036},
			{Name: "recall of cat", P: 7.63e-6, Adjusted: 0.00014, Test: ablate.McNemar, Percent: true, N: 100, Intact: 0.93, Lesioned: 0.75, Change: -0.18, Low: -0.26, High: -0.11,
				Flips: &ablate.Flips{CorrectToWrong: 18, Changed: 18, McNemarP: 7.63e-6}},
			{Name: "recall of dog", P: 0.625, Adjusted: 0.66, Test: ablate.McNemar, Percent: true, N: 100, Intact: 0.90, Lesioned: 0.92, Change: 0.02, Low: -0.01, High: 0.06,
				Flips: &ablate.Flips{CorrectToWrong: 1, WrongToCorrect: 3, Changed: 4, McNemarP: 0.625}},
			{Name: "cross-entropy", P: 0.001, Adjusted: 0.0026, Test: ablate.SignFlip, N: 200, Intact: 0.2417, Lesioned: 0.3962, Change: 0.1545, Low: 0.0981, High: 0.2143},
			{Name: "logit difference", P: 0.001, Adjusted: 0.0026, Test: ablate.SignFlip, N: 200, Intact: 2.8134, Lesioned: 1.9021, Change: -0.9113, Low: -1.0642, High: -0.7581},
		},
		Flips:    ablate.Flips{CorrectToWrong: 19, WrongToCorrect: 3, Changed: 22, McNemarP: 0.000855},
		Sham:     ablate.Sham{Images: 200, Identical: true},
		Warnings: []string{"the confirm split has fewer than 500 images; intervals are wide"},
		Features: []ablate.FeatureEffect{
			{Feature: "collar",
				With:    ablate.Group{N: 40, Accuracy: ablate.Interval{Estimate: -0.075, Low: -0.175, High: 0.025}, Logit: ablate.Interval{Estimate: -0.8812, Low: -1.2004, High: -0.5521}},
				Without: ablate.Group{N: 160, Accuracy: ablate.Interval{Estimate: -0.08125, Low: -0.131, High: -0.031}, Logit: ablate.Interval{Estimate: -0.9188, Low: -1.0921, High: -0.7402}}},
			{Feature: "pointed_ears",
				With:    ablate.Group{N: 100, Accuracy: ablate.Interval{Estimate: -0.18, Low: -0.26, High: -0.11}, Logit: ablate.Interval{Estimate: -1.6932, Low: -1.9014, High: -1.4881}},
				Without: ablate.Group{N: 100, Accuracy: ablate.Interval{Estimate: 0.02, Low: -0.01, High: 0.06}, Logit: ablate.Interval{Estimate: -0.1294, Low: -0.2812, High: 0.0312}}},
			{Feature: "whiskers",
				With: ablate.Group{N: 200, Accuracy: ablate.Interval{Estimate: -0.08, Low: -0.125, High: -0.035}, Logit: ablate.Interval{Estimate: -0.9113, Low: -1.0642, High: -0.7581}}},
		},
	}
	for k := range 12 {
		i := 260 + 13*k
		c := ablate.ImageChange{Image: i, Name: set.Names[i], Label: set.Labels[i], Intact: set.Labels[i], Lesioned: set.Labels[i],
			DiffIntact: round(1.9 - 0.11*float64(k)), DiffLesion: round(-0.9 + 0.13*float64(k))}
		if c.DiffLesion < 0 {
			c.Lesioned = 1 - c.Label
		}
		if k == 9 {
			c.Intact, c.DiffIntact, c.Lesioned, c.DiffLesion = 1-c.Label, -0.41, c.Label, 0.55
		}
		r.Changed = append(r.Changed, c)
	}
	return r
}
