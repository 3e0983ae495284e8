package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

func fixtureSource(t testing.TB, command string) Source {
	return Source{Network: fixtureNetwork(t), Set: fixtureSet(), DataDigest: fixtureDigest, ModelPath: "model.safetensors", Run: fixtureRun(command)}
}

func around95(estimate, half float64) ablate.Interval {
	return ablate.Interval{Estimate: estimate, Low: round(estimate - half), High: round(estimate + half)}
}

// fixtureShapley are 64 neurons of layer 3, of which the first few have every verdict.
func fixtureShapley(t testing.TB) ShapleyReport {
	metric, err := ablate.ParseMetric("accuracy", fixtureSet().Classes)
	if err != nil {
		t.Fatal(err)
	}
	r := &ablate.ShapleyResult{Kind: ablate.Zero, Metric: metric, Split: datasets.Confirm, Images: 150, Of: 200, Counted: 150, Classes: fixtureSet().Classes,
		Orders: 50, Coalitions: 3316, All: 0.91, None: 0.5, AtOnce: 0.5, Total: around95(0.41, 0.06), Sum: 0.41,
		Sham: ablate.Sham{Images: 150, Identical: true}, Rank: 0.612, Resamples: 2000, Seed: 1, Warnings: []string{"3 images appear in two splits"}}
	verdicts := []ablate.ShapleyMatch{ablate.ShapleyMore, ablate.ShapleyMissed, ablate.ShapleyMissed, ablate.ShapleyAgrees, ablate.ShapleyLess, ablate.ShapleyOpposite, ablate.ShapleyNothing}
	single := []float64{0.02, 0, 0.002, 0.03, 0.09, -0.03, 0.012}
	for k := range 64 {
		value := round(0.08 * math.Exp(-float64(k)/6))
		u := ablate.ShapleyUnit{Address: model.Neuron(3, (k*37+11)%64), Layer: "conv3", Value: around95(value, 0.006), SE: 0.002, Single: around95(value, 0.004), Verdict: ablate.ShapleyAgrees}
		if k < len(verdicts) {
			u.Single, u.Verdict = around95(single[k], 0.004), verdicts[k]
		}
		u.Difference = around95(round(u.Value.Estimate-u.Single.Estimate), 0.005)
		r.Units = append(r.Units, u)
	}
	return ShapleyReport{r, fixtureSource(t, "neuroprobe ablate shapley --layer 3 --images 150")}
}

func fixturePatchEffect(share, half, p float64) ablate.PatchEffect {
	return ablate.PatchEffect{Share: probe.Number(share), Low: probe.Number(round(share - half)), High: probe.Number(round(share + half)),
		Median: probe.Number(round(0.9 * share)), Moved: round(2 * share), P: probe.Number(p), Adjusted: probe.Number(min(1, 2*p))}
}

func fixturePatchSet(name string, pairs, excluded int, total, half float64) ablate.PatchSet {
	s := ablate.PatchSet{Name: name, Twins: true, For: "cat", Presence: []float64{0.85, 0.12}, Pairs: pairs, Excluded: excluded, Threshold: 0.05,
		Clean: round(1 + total/2), Corrupted: round(1 - total/2), Total: around95(total, half), Sham: ablate.Sham{Images: pairs, Identical: true}}
	for l, name := range []string{"conv1", "conv2", "conv3"} {
		s.Layers = append(s.Layers, ablate.PatchLayer{Layer: l + 1, Name: name, Denoising: 1, Noising: 0.99999, Worst: 2.4e-6, Bypassed: l == 1})
	}
	return s
}

// fixturePatch is one channel on three features: one it carries, one it may, one that nothing carries.
func fixturePatch(t testing.TB) PatchReport {
	ears, whiskers, collar := fixturePatchSet("pointed_ears", 200, 3, 2.5, 0.3), fixturePatchSet("whiskers", 200, 0, 0.8, 0.2), fixturePatchSet("collar", 200, 41, 0.01, 0.05)
	for k, s := range []*ablate.PatchSet{&ears, &whiskers, &collar} {
		u := ablate.PatchUnit{Targets: []model.Address{model.Neuron(3, 17)}, SelectDenoising: probe.Undefined, SelectNoising: probe.Undefined, CleanMean: 0.21, CorruptedMean: 0.043}
		u.Denoising = fixturePatchEffect([]float64{0.12, 0.01, 3}[k], []float64{0.03, 0.02, 20}[k], []float64{0.001, 0.4, 0.5}[k])
		u.Noising = fixturePatchEffect([]float64{0.31, -0.005, -2}[k], []float64{0.04, 0.02, 20}[k], []float64{0.001, 0.7, 0.5}[k])
		s.Units = []ablate.PatchUnit{u}
	}
	return PatchReport{&ablate.PatchResult{Split: datasets.Confirm, Classes: fixtureSet().Classes, Targets: [][]model.Address{{model.Neuron(3, 17)}}, Sets: []ablate.PatchSet{collar, ears, whiskers}, Tests: 6, Permutations: 999, Resamples: 2000, Seed: 1,
		Warnings: []string{"collar: clean − corrupted cannot be told from 0 (0.01, 95 % interval -0.04 to 0.06): shares of it mean nothing"}},
		fixtureSource(t, "neuroprobe ablate patch --neuron 3:17")}
}

// fixturePatchMap is the map of layers 2 and 3 on class pairs.
func fixturePatchMap(t testing.TB) PatchReport {
	s := fixturePatchSet("classes", 200, 7, 6.2, 0.4)
	s.Twins, s.For, s.Presence = false, "", nil
	for l, units := range []int{2: 32, 3: 64} {
		for u := range units {
			share := round(0.3 / float64(l) * math.Exp(-float64((u*29+3)%units)/5))
			p := 0.001
			if share < 0.002 {
				p = 0.3
			}
			x := ablate.PatchUnit{Targets: []model.Address{model.Neuron(l, u)}, Denoising: fixturePatchEffect(share, 0.004, p), Noising: fixturePatchEffect(round(share*(0.6+0.1*float64(u%9))), 0.004, p),
				CleanMean: probe.Undefined, CorruptedMean: probe.Undefined}
			x.SelectDenoising, x.SelectNoising = x.Denoising.Share, x.Noising.Share
			s.Units = append(s.Units, x)
		}
	}
	return PatchReport{&ablate.PatchResult{Split: datasets.Confirm, Classes: fixtureSet().Classes, Map: true, Sets: []ablate.PatchSet{s}, Tests: 192, Permutations: 999, Resamples: 2000, Seed: 1},
		fixtureSource(t, "neuroprobe ablate patch --all --layers 2-3")}
}
