package reports

import (
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureRest has three hidden layers, one of them without ReLU, and noise of two strengths.
func fixtureRest(t testing.TB) RestReport {
	x := &state.Rest{Split: datasets.Confirm, Images: 200, SelectImages: 60, Classes: []string{"cat", "dog"}, Colour: []float64{0.51, 0.47, 0.4}, PixelSD: []float64{0.21, 0.22, 0.25},
		Silenced: 2.1e-7, CutEdges: 48, Sham: ablate.Sham{Images: 5, Identical: true}, Resamples: 2000, Draws: 100, Seed: 1, Tests: 24,
		RealConfidence: probe.Spread{N: 200, Least: 0.51, Low: 0.9, Median: 0.97, High: 0.995, Most: 1}}
	answer := func(n, cats int, confidence, rank float64) state.RestAnswer {
		share := func(k int) ablate.Interval { return within(float64(k)/float64(n), 0.04) }
		a := state.RestAnswer{N: n, Answers: []int{cats, n - cats}, Shares: []ablate.Interval{share(cats), share(n - cats)}, Confidence: within(confidence, 0.02), Margin: within(4*confidence-2, 0.1), Rank: rank}
		if 2*cats < n {
			a.Answer = 1
		}
		return a
	}
	x.Real, x.ByClass = answer(200, 99, 0.94, 0.5), []state.RestAnswer{answer(100, 93, 0.93, 0.48), answer(100, 7, 0.95, 0.52)}
	x.OutputAlone = answer(1, 0, 0.53, 0.01)
	spread := func(n int, m float64) probe.Spread {
		return probe.Spread{N: n, Least: 0, Low: probe.Number(round(m * 0.4)), Median: probe.Number(m), High: probe.Number(round(1.7 * m)), Most: probe.Number(3 * m)}
	}
	none := probe.Spread{Least: probe.Undefined, Low: probe.Undefined, Median: probe.Undefined, High: probe.Undefined, Most: probe.Undefined}
	layers := func(m, r, p float64) []state.RestActivity {
		var all []state.RestActivity
		for l := 1; l <= 3; l++ {
			f := float64(l)
			a := state.RestActivity{Layer: l, Firing: probe.Number(round(0.3 + 0.1*f)), Ratio: spread(4, round(m/f)), Population: probe.Number(round(1.2 * m / f)),
				Resemblance: []state.Resemblance{{R: probe.Number(round(r * f / 3)), P: probe.Number(p), Adjusted: probe.Number(min(1, 2*p))}}}
			if l == 2 {
				a.Firing, a.Ratio, a.Population = probe.Undefined, none, probe.Undefined
			}
			all = append(all, a)
		}
		all[0].Resemblance[0].P, all[0].Resemblance[0].Adjusted = 0.62, 0.71
		return all
	}
	for _, c := range []struct {
		name              string
		strength, clipped float64
		answer            state.RestAnswer
		m, r, p           float64
	}{
		{state.NoInput, 0, 0, answer(1, 0, 0.71, 0.04), 0.12, -0.81, 0.005}, {state.Black, 0, 0, answer(1, 1, 0.88, 0.21), 1.9, 0.4, 0.21}, {state.Grey, 0, 0, answer(1, 0, 0.7, 0.03), 0.14, -0.6, 0.08},
		{state.White, 0, 0, answer(1, 1, 0.99, 0.7), 2.4, 0.9, 0.005}, {state.MeanImage, 0, 0, answer(1, 0, 0.81, 0.11), 0.4, -0.3, 0.33},
		{state.Noise, 0.5, 0.012, answer(100, 4, 0.74, 0.05), 0.3, -0.7, 0.03}, {state.Noise, 2, 0.22, answer(100, 61, 0.79, 0.08), 1.1, 0.2, 0.5}, {state.Scrambled, 0, 0.018, answer(100, 45, 0.8, 0.09), 0.97, 0.1, 0.8},
	} {
		x.Conditions = append(x.Conditions, state.RestCondition{Name: c.name, Strength: c.strength, Clipped: c.clipped, RestAnswer: c.answer, Layers: layers(c.m, c.r, c.p)})
	}
	for k, l := range []state.RestLayer{{Name: "conv1", Rated: true, Firing: 0.93, Silent: 1}, {Name: "conv2", Firing: probe.Undefined}, {Name: "conv3", Rated: true, Firing: 0.71}} {
		l.Layer, l.Units, l.Varying, l.Alone = k+1, 5, 5-l.Silent, layers(0.06, 0, 1)[k]
		l.Alone.Resemblance = nil
		x.Layers = append(x.Layers, l)
		for class := range 2 {
			f := float64(k + 1)
			x.Controls = append(x.Controls, state.RestControl{Layer: k + 1, Class: class, Mean: state.Resemblance{Class: class, R: probe.Number(round(0.9 + 0.03*f)), P: 0.005},
				Single: spread(100, round(0.2*f)), Found: probe.Number(round(0.1 * f)), Bare: probe.Number(round(float64(2*class-1) * 0.27 * f)), BareRank: probe.Number(0.1 + 0.7*float64(class))})
		}
		for u := range 5 {
			f := float64(u + 1)
			n := state.RestNeuron{Address: model.Neuron(k+1, u), Evoked: round(0.2 * f), EvokedSD: round(0.1 * f), Resting: []float64{round(0.05 * f * float64(u%3)), round(0.3 * f), 0, round(0.4 * f), 0.1},
				Ratio: probe.Number(round(0.25 * float64(u%3))), Rank: round(0.07 * f * float64(u%3)), Effect: []float64{round(0.08*float64(u%3)*(f-3) - 0.05*float64(u%3)), -0.2, 0, 0.31, -0.02}, Flips: []bool{u == 4, false, false, false, true}}
			if k == 0 && u == 0 {
				n.Evoked, n.Ratio = 0, probe.Undefined
			}
			x.Neurons = append(x.Neurons, n)
		}
	}
	return RestReport{Result: x, Source: fixtureSource(t, "neuroprobe state rest --draws 100 --strengths 0.5,2")}
}
