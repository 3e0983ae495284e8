package reports

import (
	"fmt"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

func fixtureSpecimenSource(t testing.TB, command string) Source {
	return Source{Network: fixtureNetwork(t), Set: fixtureSet(), DataDigest: fixtureDigest, ModelPath: "model.safetensors", Run: fixtureRun(command)}
}

var fixtureSpecimenFiles = []string{"model.safetensors", "specimens/02.safetensors", "specimens/03.safetensors", "specimens/04.safetensors"}

// fixtureSpecimenFacts are four networks.
func fixtureSpecimenFacts(k int) ablate.SpecimenFacts {
	return ablate.SpecimenFacts{Name: fmt.Sprintf("%02d", k+1), Seed: uint64(k + 1), Digest: fmt.Sprintf("%d%063x", k+1, 0xabc), Accuracy: []float64{0.915, 0.92, 0.905, 0.91}[k]}
}

// fixtureSpecimens is neuron 3:17 in four networks: found again in one, without an effect in another, without
// a homologue in the last.
func fixtureSpecimens(t testing.TB) SpecimensReport {
	headline := func(estimate, low, high, p float64) *ablate.Headline {
		return &ablate.Headline{Interval: ablate.Interval{Estimate: estimate, Low: low, High: high}, N: 200, P: probe.Number(p)}
	}
	target := model.Neuron(3, 17)
	match := func(k, unit, second int, r, r2, within, p, adjusted float64, mutual bool, problem string) ablate.ReplicatedSpecimen {
		s := ablate.ReplicatedSpecimen{SpecimenFacts: fixtureSpecimenFacts(k), Homologues: []ablate.Homologue{{Neuron: target, Match: model.Neuron(3, unit), R: probe.Number(r),
			RunnerUp: model.Neuron(3, second), RunnerUpR: probe.Number(r2), Within: probe.Number(within), Mutual: mutual, P: probe.Number(p), AdjustedP: probe.Number(adjusted), Problem: problem}}}
		if problem != "" {
			s.Excluded = "3:17 has no homologue: " + problem
		}
		return s
	}
	effect := func(kind string, controls []ablate.ControlTally, headlines ...*ablate.Headline) ablate.ReplicatedEffect {
		return ablate.ReplicatedEffect{ReplicatedExperiment: ablate.ReplicatedExperiment{Name: kind + " lesion", Quantity: "the change of logit-diff under " + kind + " ablation",
			Method: []string{"Effect = logit-diff with the ablation − without.", capital(kind) + " ablation is one kind."}}, Headlines: headlines, Controls: controls}
	}
	zero := effect("zero", []ablate.ControlTally{{}, {Of: 20, Alike: 4, Stronger: 1}, {Of: 20, Alike: 2, Stronger: 9}, {}},
		headline(-0.9113, -1.0642, -0.7581, 0.001), headline(-0.5124, -0.6611, -0.3702, 0.001), headline(-0.0213, -0.0802, 0.0391, 0.48), nil)
	zero.All, zero.Others, zero.Mutual = ablate.Penetrance{Shows: 2, Of: 3, Low: 0.2077, High: 0.9385}, ablate.Penetrance{Shows: 1, Of: 2, Low: 0.0945, High: 0.9055}, ablate.Penetrance{Shows: 1, Of: 1, Low: 0.2065, High: 1}
	zero.Mean = ablate.Across{N: 3, Mean: -0.4817, SD: 0.4458, Low: -1.5891, High: 0.6257}
	zero.OthersMean = ablate.Across{N: 2, Mean: -0.26685, SD: 0.3473, Low: probe.Undefined, High: probe.Undefined}
	mean := effect("mean", make([]ablate.ControlTally, 4), headline(-0.4021, -0.5012, -0.3011, 0.001), headline(0.2011, 0.1011, 0.3092, 0.001), headline(-0.1101, -0.1902, -0.0301, 0.006), nil)
	mean.All, mean.Others, mean.Mutual = zero.All, zero.Others, ablate.Penetrance{Shows: 0, Of: 1, Low: 0, High: 0.7935}
	mean.Mean, mean.OthersMean = ablate.Across{N: 3, Mean: -0.1037, SD: 0.3017, Low: -0.8532, High: 0.6458}, ablate.Across{N: 2, Mean: 0.0455, SD: 0.22, Low: probe.Undefined, High: probe.Undefined}
	return SpecimensReport{
		Source: fixtureSpecimenSource(t, "neuroprobe ablate --neuron 3:17 --specimens"), Files: fixtureSpecimenFiles,
		Replication: ablate.Replication{
			Split: datasets.Confirm, Images: 200, Matched: 60, Targets: []model.Address{target}, Matches: 3, Resamples: 2000, Permutations: 999, Seed: 1,
			Specimens: []ablate.ReplicatedSpecimen{
				{SpecimenFacts: fixtureSpecimenFacts(0)},
				match(1, 34, 45, 0.8901, 0.8732, 0.861, 0.001, 0.0015, true, ""),
				match(2, 5, 6, 0.612, 0.6101, 0.42, 0.001, 0.0015, false, ""),
				match(3, 9, 2, 0.113, 0.1092, 0.08, 0.41, 0.41, false, "the best match, 3:9 (r = 0.11), does not beat shuffled images (adjusted p = 0.41)"),
			},
			Effects: []ablate.ReplicatedEffect{zero, mean},
			Warnings: []string{"1 of 4 networks are left out of penetrance and mean, for want of a homologue: both are about networks that have one",
				"in network 03 the match of 3:17 with 3:5 is not mutual: 3:5 answers the images most as another neuron does"},
		},
	}
}

// fixtureSweepSpecimens is a sweep over two layers of four networks.
func fixtureSweepSpecimens(t testing.TB) SweepSpecimensReport {
	metric, err := ablate.ParseMetric("logit-diff", []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	r := ablate.SweepReplication{Split: datasets.Confirm, Images: 200, Matched: 60, Metric: metric, Kind: ablate.Zero, Layers: []string{"conv1", "conv2"}, Numbers: []int{1, 2},
		Neurons: 48, Matches: 144, Correlations: 5, Permutations: 999, Seed: 1,
		Claims: []ablate.Claim{{Text: "conv1 has a larger share of neurons whose loss hurts than conv2", Holds: 4, Of: 4}, {Text: "a tenth of the neurons does more than half of all damage", Holds: 1, Of: 4},
			{Text: "the effects of homologues in conv2 rank alike (adjusted p < 0.05)", Holds: 3, Of: 3}},
		Warnings: []string{"network 04: 3 of 48 neurons of the reference have no homologue and are left out of the rank correlations"},
	}
	for k := range 4 {
		first := ablate.LayerTally{Neurons: 16, Hurts: 15 - k, Lost: 0.41 - 0.02*float64(k), Agreement: probe.Number(0.61 - 0.11*float64(k)), P: 0.004, AdjustedP: 0.008, Homologues: 16}
		second := ablate.LayerTally{Neurons: 32, Hurts: 9 + k, Helps: k, Lost: 0.051 + 0.004*float64(k), Agreement: probe.Number(0.35 + 0.02*float64(k)), P: 0.02, AdjustedP: 0.025, Homologues: 32}
		if k == 0 {
			first.Agreement, first.P, first.AdjustedP, first.Homologues = probe.Undefined, probe.Undefined, probe.Undefined, 0
			second.Agreement, second.P, second.AdjustedP, second.Homologues = probe.Undefined, probe.Undefined, probe.Undefined, 0
		}
		if k == 3 {
			first.Agreement, first.P, first.AdjustedP, first.Homologues = probe.Undefined, probe.Undefined, probe.Undefined, 3
		}
		r.Specimens = append(r.Specimens, ablate.SweptSpecimen{SpecimenFacts: fixtureSpecimenFacts(k), Layers: []ablate.LayerTally{first, second}, TopShare: probe.Number(0.38 + 0.05*float64(k)),
			Effects: []ablate.NeuronEffect{{Neuron: model.Neuron(1, 0), Change: -0.2, P: 0.001, AdjustedP: 0.002}, {Neuron: model.Neuron(2, 3), Change: -1.1 - 0.1*float64(k), P: 0.001, AdjustedP: 0.002}}})
	}
	return SweepSpecimensReport{Source: fixtureSpecimenSource(t, "neuroprobe ablate sweep --specimens"), Files: fixtureSpecimenFiles, Sweep: r}
}
