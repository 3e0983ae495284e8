package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// sampled is a number with an interval of this half-width.
func sampled(x, half float64) probe.Sampled {
	return probe.Sampled{Value: probe.Number(round(x)), Low: probe.Number(round(x - half)), High: probe.Number(round(x + half))}
}

func spreadOver(x float64) (q probe.Quantiles) {
	for k := range q {
		q[k] = probe.Number(round(x + 0.05*float64(k-2)))
	}
	return q
}

// fixtureBattery is a network of layers, the better the higher skill, from 0 to 1.
func fixtureBattery(layers []model.Layer, skill float64, trained bool) *ablate.Battery {
	hidden := len(layers) - 1
	b := &ablate.Battery{Accuracy: sampled(0.5+0.45*skill, 0.02), Balanced: sampled(0.5+0.44*skill, 0.02), CrossEntropy: sampled(0.7-0.5*skill, 0.03),
		Responses: &probe.Responses{Images: 200, Rated: 100, Selective: int(90 * skill), Dead: 4, AlwaysOn: 1, AUROC: sampled(0.5+0.3*skill, 0.01), Index: sampled(0.6*skill, 0.02),
			Lifetime: sampled(0.3+0.2*skill, 0.01), Population: sampled(0.4, 0.01), Firing: sampled(0.8-0.2*skill, 0.01)},
		Decoding: &ablate.DepthReading{Train: 200, Images: 200, Class: sampled(0.6+0.35*skill, 0.02), Features: sampled(0.6+0.2*skill, 0.02), Known: []string{"whiskers"}}}
	b.Decoding.Layers = append(b.Decoding.Layers, ablate.ReadLayer{Name: "input", Class: sampled(0.66, 0.03), Features: sampled(0.6, 0.03)})
	for l, layer := range layers {
		depth := float64(l+1) / float64(len(layers))
		b.Decoding.Layers = append(b.Decoding.Layers, ablate.ReadLayer{Layer: l + 1, Name: layer.Name, Class: sampled(0.6+0.35*skill*depth, 0.03), Features: sampled(0.7+0.2*skill*(1-depth), 0.03)})
		if l < hidden {
			b.Responses.Layers = append(b.Responses.Layers, probe.LayerResponse{Layer: l + 1, Name: layer.Name, Kind: layer.Kind, Neurons: layer.Units, Rated: layer.Units, Selective: layer.Units / 2,
				AUROC: spreadOver(0.55 + 0.3*skill*depth), Index: spreadOver(0.15 + 0.5*skill*depth), Lifetime: spreadOver(0.4), Population: 0.4, Firing: 0.75})
		}
	}
	if !trained {
		return b
	}
	b.Importance = &ablate.Importance{Images: 200, Gini: sampled(0.4+0.2*skill, 0.01), Half: sampled(0.2, 0.01), Ninety: sampled(0.6, 0.01)}
	b.Curve = &ablate.LesionCurve{AreaMost: sampled(0.55, 0.01), AreaRandom: sampled(0.7, 0.01)}
	for l, layer := range layers[:hidden] {
		b.Importance.Layers = append(b.Importance.Layers, ablate.ImportanceLayer{Layer: l + 1, Neurons: layer.Units, Significant: layer.Units / 2, Share: round(1 / float64(hidden))})
		b.Importance.Neurons, b.Importance.Significant, b.Importance.Tests = b.Importance.Neurons+layer.Units, b.Importance.Significant+layer.Units/2, b.Importance.Tests+layer.Units-1
	}
	b.Curve.Neurons = b.Importance.Neurons
	for k := range 9 {
		x := float64(k) / 8
		b.Curve.Removed = append(b.Curve.Removed, k*b.Curve.Neurons/8)
		b.Curve.Most = append(b.Curve.Most, round(0.5+0.45*skill*math.Exp(-8*x)))
	}
	for order := range 3 {
		var line []float64
		for k := range 5 {
			line = append(line, round(0.5+0.45*skill*math.Pow(1-float64(k)/4, 0.5+0.3*float64(order))))
		}
		b.Curve.Random = append(b.Curve.Random, line)
	}
	for k := range 5 {
		b.Curve.RandomRemoved = append(b.Curve.RandomRemoved, k*b.Curve.Neurons/4)
	}
	return b
}

// fixtureSimilarities falls off with the distance of depths from a height on the diagonal.
func fixtureSimilarities(a, b int, height float64, tested bool) *probe.Similarities {
	s := &probe.Similarities{Images: 200, Permutations: 999, Tests: a * b}
	for i := range a {
		var row []probe.SimilarityCell
		for j := range b {
			v := height * math.Exp(-4*math.Abs(float64(i+1)/float64(a)-float64(j+1)/float64(b)))
			c := probe.SimilarityCell{Similarity: probe.Similarity{CKA: probe.Number(round(v + 0.01)), Debiased: probe.Number(round(v))}, Low: probe.Number(round(v - 0.03)), High: probe.Number(round(v + 0.03)),
				NullCKA: probe.Undefined, NullHigh: probe.Undefined, NullDebiased: probe.Undefined, P: probe.Undefined, Adjusted: probe.Undefined}
			if tested {
				c.NullCKA, c.NullHigh, c.NullDebiased, c.P, c.Adjusted = 0.012, 0.02, 0.0001, 0.001, 0.001
				if v < 0.1 {
					c.P, c.Adjusted = 0.2, 0.21
				}
			}
			row = append(row, c)
		}
		s.Cells = append(s.Cells, row)
	}
	return s
}

// fixtureCompare is a convolutional network against a dense one of the same lab's data.
func fixtureCompare(t testing.TB) CompareReport {
	r := CompareReport{Source: fixtureSource(t, "neuroprobe compare lab dense"), Sets: [2]*datasets.Set{fixtureSet(), fixtureSet()}}
	conv := r.Network.Spec.Layers
	dense := []model.Layer{{Name: "dense1", Kind: model.Dense, Units: 60}, {Name: "dense2", Kind: model.Dense, Units: 40}, {Name: "dense3", Kind: model.Dense, Units: 2}}
	x := &ablate.Comparison{Split: datasets.Confirm, SameData: true, Resamples: 2000, Permutations: 999, Seed: 1, Tests: 12,
		A: ablate.ComparedNet{Name: "lab", Spec: "small", Rule: ablate.Backpropagation, Seed: 1, Digest: r.Network.Digest(), Data: "petfaces", DataDigest: fixtureDigest, Hidden: 112, Parameters: 23714, Judged: 200, Images: 200,
			Battery: fixtureBattery(conv, 0.9, true), Untrained: fixtureBattery(conv, 0.1, false), UntrainedSeed: 1000001, Layers: conv},
		B: ablate.ComparedNet{Name: "dense", Spec: "mlp", Rule: ablate.Backpropagation, Seed: 2, Digest: fixtureDigest, Data: "petfaces", DataDigest: fixtureDigest, Hidden: 100, Parameters: 186862, Judged: 200, Images: 200,
			Battery: fixtureBattery(dense, 0.7, true), Untrained: fixtureBattery(dense, 0.05, false), UntrainedSeed: 1000002, Layers: dense},
		Warnings: []string{"dense: 4 of 100 hidden neurons are constant and have no AUROC"},
		Similarity: &ablate.NetSimilarity{Data: "petfaces", Images: 200, Between: fixtureSimilarities(4, 3, 0.8, true), Untrained: fixtureSimilarities(4, 3, 0.4, true),
			WithinA: fixtureSimilarities(4, 4, 1, false), WithinB: fixtureSimilarities(3, 3, 1, false), Depths: []ablate.DepthPair{{A: 1, B: 1}, {A: 3, B: 2}, {A: 4, B: 3}},
			Mean: ablate.Change{Estimate: 0.71, Low: 0.68, High: 0.74}, MeanUntrained: ablate.Change{Estimate: 0.35, Low: 0.31, High: 0.39}, Gain: ablate.Change{Estimate: 0.36, Low: 0.32, High: 0.4}, UntrainedPairs: []probe.Number{0.35, 0.28, 0.41}},
	}
	row := func(group, name string, percent bool, a, b, half float64) {
		c := ablate.CompareRow{Name: name, Group: group, Percent: percent, N: [2]int{200, 200}, A: sampled(a, half), B: sampled(b, half), Test: ablate.SignFlip,
			Difference: ablate.Change{Estimate: probe.Number(round(b - a)), Low: probe.Number(round(b - a - half)), High: probe.Number(round(b - a + half))}, P: 0.001, Adjusted: 0.0013, Untrained: [2]probe.Number{0.5, 0.52}}
		if math.Abs(b-a) < half {
			c.P, c.Adjusted = 0.3, 0.3
		}
		if group == ablate.OfImportance || group == ablate.OfLesions {
			c.Untrained = [2]probe.Number{probe.Undefined, probe.Undefined}
		}
		if half == 0 {
			c.Difference.Low, c.Difference.High, c.P, c.Adjusted = probe.Undefined, probe.Undefined, probe.Undefined, probe.Undefined
		}
		x.Rows = append(x.Rows, c)
	}
	row(ablate.OfAnswers, "accuracy", true, 0.905, 0.815, 0.04)
	row(ablate.OfAnswers, "cross-entropy", false, 0.25, 0.35, 0.05)
	row(ablate.OfSelectivity, "class AUROC of a neuron", false, 0.77, 0.71, 0.012)
	row(ablate.OfSelectivity, "selective neurons", true, 0.81, 0.63, 0)
	row(ablate.OfSparsity, "lifetime sparseness", false, 0.48, 0.44, 0.015)
	row(ablate.OfImportance, "Gini index of |effects|", false, 0.58, 0.54, 0.01)
	row(ablate.OfLesions, "area, most important first", true, 0.55, 0.551, 0.01)
	row(ablate.OfDecoding, "class read from hidden layers", true, 0.91, 0.84, 0.02)
	r.Result = x
	return r
}

// fixtureCompareSeeds is the same with several networks a lab, other data for B, one of them trained by
// forward-forward, and no image for both.
func fixtureCompareSeeds(t testing.TB) CompareReport {
	r := fixtureCompare(t)
	x := r.Result
	x.SameData, x.Similarity, x.NoSimilarity = false, nil, "A reads images of 3×32×32 and B of 1×28×28, so that no image can be shown to both"
	x.B.Rule, x.B.Name, x.B.Data, x.A.Others = ablate.ForwardForward, "ff", "idx:mnist", 2
	for k := range x.Rows {
		row := &x.Rows[k]
		a, b := row.A.Value, row.B.Value
		row.Seeds = &ablate.SeedSpread{A: []probe.Number{a, a + 0.01, a - 0.01}, B: []probe.Number{b}, SD: 0.01, Reach: probe.Number(round(4.303 * math.Sqrt2 * 0.01))}
	}
	return r
}
