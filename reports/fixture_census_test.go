package reports

import (
	"math"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureCensus is of a network with a convolution, a sum and an output.
func fixtureCensus(t testing.TB) CensusReport {
	c := &probe.Census{Split: datasets.Confirm, Images: 200, SelectImages: 60, Negative: 0.48, Permutations: 999, Seed: 1, DaleTests: 12,
		Total: probe.Count{Neurons: 8, Synapses: 87, Biases: 5, Connections: 15_000, Padding: 400, Cells: 1028}}
	spread := func(n int, middle float64) probe.Spread {
		at := func(by float64) probe.Number { return probe.Number(round(middle * by)) }
		return probe.Spread{N: n, Least: at(0.5), Low: at(0.8), Median: at(1), High: at(1.1), Most: at(1.4)}
	}
	weights := func(n int) probe.WeightSpread {
		w := probe.WeightSpread{Mean: 0.0021, SD: 0.12, Kurtosis: -0.43, Gini: 0.38, Weak: 0.071}
		for k := range probe.HistogramBins {
			w.Bins = append(w.Bins, int(float64(n)*0.08*math.Exp(-float64((k-20)*(k-20))/50)))
		}
		return w
	}
	c.Layers = []probe.LayerCensus{
		{Layer: 1, Name: "conv1", Kind: model.Conv2D, Activation: model.ReLU, Dendrites: 27, Positions: 256, Count: probe.Count{Neurons: 3, Synapses: 81, Biases: 3, Connections: 14_300, Padding: 400, Cells: 768},
			Signs: probe.Signs{Excitatory: 43, Inhibitory: 37, Silent: 1, ExcitatoryStrength: 4.5, InhibitoryStrength: 3.25}, Weights: weights(81), EffectiveFanIn: spread(3, 11),
			Activity: &probe.LayerActivity{Dead: []model.Address{model.Neuron(1, 2)}, Firing: spread(200, 0.66), Presence: 0.31, Lifetime: spread(2, 0.4), Population: spread(200, 0.52)}},
		{Layer: 2, Name: "add2", Kind: model.Add, Activation: model.Identity, Dendrites: 2, Positions: 1, Count: probe.Count{Neurons: 3, Connections: 6, Cells: 3},
			Signs: probe.Signs{}, Weights: probe.WeightSpread{Mean: probe.Undefined, SD: probe.Undefined, Kurtosis: probe.Undefined, Gini: probe.Undefined, Weak: probe.Undefined}},
		{Layer: 3, Name: "dense3", Kind: model.Dense, Activation: model.Identity, Dendrites: 3, Positions: 1, Count: probe.Count{Neurons: 2, Synapses: 6, Biases: 2, Connections: 6, Cells: 2},
			Signs: probe.Signs{Excitatory: 2, Inhibitory: 4, ExcitatoryStrength: 1.2, InhibitoryStrength: 2.1}, Weights: weights(6), EffectiveFanIn: spread(2, 1.8)},
	}
	for u := range 3 {
		c.Neurons = append(c.Neurons, probe.NeuronCensus{Address: model.Neuron(1, u), EffectiveFanIn: probe.Number(8 + 3*u), Balance: probe.Number(0.5 + 0.25*float64(u)), StrengthBalance: 0.75,
			Lifetime: 0.4, Quality: probe.Quality{Presence: 0.3, Dead: u == 2}})
	}
	test := func(n probe.Null, measure string, observed, expected, over float64) probe.BalanceTest {
		return probe.BalanceTest{Null: n, Measure: measure, Observed: observed, Expected: expected, Low: expected - 0.03, High: expected + 0.04,
			POver: over, PUnder: 1 - over, AdjustedOver: min(1, 2*over), AdjustedUnder: 1}
	}
	c.Dale = []probe.Dale{
		{Layer: 1, Name: "conv1", Readers: []int{3}, Senders: 3, Synapses: 6, Exact: 1, Band: [2]probe.Number{0.52, 0.71},
			Balance: []probe.BalanceTest{test(probe.ShuffledSigns, probe.ByNumber, 0.75, 0.62, 0.001), test(probe.ShuffledSigns, probe.ByStrength, 0.78, 0.66, 0.003),
				test(probe.ShuffledSenders, probe.ByNumber, 0.75, 0.64, 0.011), test(probe.ShuffledSenders, probe.ByStrength, 0.78, 0.71, 0.31)},
			Exacts: []probe.BalanceTest{test(probe.ShuffledSigns, "", 1, 0.004, 0.021), test(probe.ShuffledSenders, "", 1, 0.31, 0.4)}},
		{Layer: 2, Name: "add2", NotTested: "no ReLU: what its neurons send can be below 0, and a weight's sign is not that of what arrives"},
	}
	return CensusReport{Result: c, Source: fixtureSource(t, "neuroprobe census")}
}
