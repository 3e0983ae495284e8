package reports

import (
	"fmt"
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

func edgeEffect(x, half, gap float64, adjusted probe.Number) circuit.EdgeEffect {
	e := circuit.EdgeEffect{Effect: within(x, half), P: adjusted / 2, Adjusted: adjusted, Share: probe.Undefined, ShareLow: probe.Undefined, ShareHigh: probe.Undefined}
	if gap != 0 {
		e.Share, e.ShareLow, e.ShareHigh = probe.Number(round(x/gap)), probe.Number(round((x-half)/gap)), probe.Number(round((x+half)/gap))
	}
	return e
}

func edgeControls(self circuit.EdgeControl, from, n int, rank int) circuit.EdgeControls {
	c := circuit.EdgeControls{Edge: self, Rank: rank, P: probe.Number(round(float64(rank) / float64(n+1)))}
	for k := range n {
		e := circuit.EdgeControl{Edge: model.Edge{From: model.Neuron(2, from+k), To: self.Edge.To}, Mean: round(0.4 * math.Cos(float64(k))), Size: round(0.4 + 0.01*float64(k)),
			Share: probe.Number(round(0.3 / float64(k+2))), Effect: within(0.5*math.Pow(0.8, float64(k))*math.Cos(float64(2*k)), 0.03)}
		if e.Name = e.Edge.String(); k%3 == 0 {
			e.Label = "whiskers"
		}
		c.Edges = append(c.Edges, e)
	}
	return c
}

// fixtureCircuitEdge is an edge of two convolutions, with everything there is to show.
func fixtureCircuitEdge(t testing.TB) CircuitEdgeReport {
	r := CircuitEdgeReport{Source: fixtureSource(t, "neuroprobe circuit edge --positions '2:5->3:17'")}
	edge := model.Edge{From: model.Neuron(2, 5), To: model.Neuron(3, 17)}
	r.Result = &circuit.EdgeResult{Split: datasets.Confirm, SplitName: "confirm", Edge: edge, Name: edge.String(),
		Sender:   circuit.EdgeEnd{Neuron: edge.From, ID: "2:5", Layer: "conv2", Label: "pointed_ears"},
		Receiver: circuit.EdgeEnd{Neuron: edge.To, ID: "3:17", Layer: "conv3"},
		Synapses: 9, Weight: 0.4712, Target: circuit.Target{Name: "dog", Class: 1, Feature: -1}, Class: "dog", Metric: "logit-diff",
		Tests: 10, Sham: circuit.EdgeSham{Images: 100, Identical: true}, PreActivation: -0.2134, Bias: 0.0312,
		Permutations: 999, Resamples: 2000, Seed: 1,
		Warnings: []string{"against zero: clean and corrupted runs do not differ in y in a way that can be told from 0, so that there are no shares of it"}}
	x := r.Result
	restored := edgeEffect(0.291, 0.03, 2.9, 0.002)
	x.Kinds = []circuit.EdgeKind{
		{Against: circuit.Mean, Pairs: 100, Clean: 2.1, Corrupted: -0.1, Gap: within(2.2, 0.1), Contribution: 0.31, Reference: 0.28, Noising: edgeEffect(-0.182, 0.02, -2.2, 0.002),
			Sender: edgeEffect(-0.41, 0.05, -2.2, 0.002), Receiver: edgeEffect(-0.37, 0.04, -2.2, 0.002), ThroughSender: circuit.EdgeShare{Share: 0.444, Low: 0.39, High: 0.5},
			ThroughReceiver: circuit.EdgeShare{Share: 0.492, Low: 0.43, High: 0.55}, Right: 0.97, RightPatched: 0.93, ToWrong: 5, ToRight: 1, McNemarP: 0.2188},
		{Against: circuit.Resample, Pairs: 98, Excluded: 2, Clean: 2.1, Corrupted: -0.8, Gap: within(2.9, 0.2), Contribution: 0.31, Reference: 0.12, Noising: edgeEffect(-0.312, 0.04, -2.9, 0.002), Denoising: &restored,
			Sender: edgeEffect(-0.61, 0.05, -2.9, 0.002), Receiver: edgeEffect(0.01, 0.04, -2.9, 0.62), ThroughSender: circuit.EdgeShare{Share: 0.51, Low: 0.45, High: 0.58},
			ThroughReceiver: circuit.EdgeShare{Share: probe.Undefined, Low: probe.Undefined, High: probe.Undefined}, Right: 0.97, RightPatched: 0.91, ToWrong: 6, McNemarP: 0.03125},
		{Against: circuit.Zero, Pairs: 100, Clean: 2.1, Corrupted: 2.05, Gap: within(0.05, 0.1), Contribution: 0.31, Noising: edgeEffect(0.011, 0.02, 0, 0.31),
			Sender: edgeEffect(0.2, 0.05, 0, 0.002), Receiver: edgeEffect(0.1, 0.04, 0, 0.02), ThroughSender: circuit.EdgeShare{Share: 0.055, Low: -0.05, High: 0.16},
			ThroughReceiver: circuit.EdgeShare{Share: 0.11, Low: -0.1, High: 0.3}, Right: 0.97, RightPatched: 0.97, McNemarP: 1},
	}
	x.Contrasts = []circuit.EdgeContrast{
		{Kinds: [2]circuit.Against{circuit.Mean, circuit.Resample}, Images: 98, Difference: within(-0.13, 0.02), Verdict: ablate.Apart},
		{Kinds: [2]circuit.Against{circuit.Mean, circuit.Zero}, Images: 100, Difference: within(0.193, 0.02), Verdict: ablate.Opposite},
		{Kinds: [2]circuit.Against{circuit.Resample, circuit.Zero}, Images: 98, Difference: within(0.323, 0.05), Verdict: ablate.Opposite},
	}
	self := circuit.EdgeControl{Edge: edge, Name: edge.String(), Label: "pointed_ears", Mean: 0.31, Size: 0.33, Share: 0.082, Effect: within(-0.182, 0.02)}
	x.Into, x.Matched = edgeControls(self, 6, 20, 4), edgeControls(self, 8, 9, 3)
	x.Dose.Doses = ablate.Doses
	for _, d := range ablate.Doses {
		x.Dose.Effects = append(x.Dose.Effects, within(0.011*d, 0.02*math.Abs(d)))
	}
	m := &circuit.EdgeMaps{Rows: 8, Cols: 8, Told: 11, Sum: -0.2012, All: -0.182}
	for k := range 64 {
		row, col := float64(k/8)-3, float64(k%8)-4
		bump := math.Exp(-(row*row + col*col) / 5)
		m.Contribution, m.Change = append(m.Contribution, round(0.6*bump-0.05)), append(m.Change, round(-0.2*bump))
		m.Effect, m.Adjusted = append(m.Effect, round(-0.02*bump+0.002*math.Cos(float64(k)))), append(m.Adjusted, round(min(1, 0.01/bump)))
	}
	x.Positions = m
	return r
}

func TestGoldenCircuitEdge(t *testing.T) {
	whole, bare := fixtureCircuitEdge(t), fixtureCircuitEdge(t)
	x := bare.Result
	x.Kinds, x.Contrasts, x.Positions, x.Warnings = x.Kinds[2:], nil, nil, nil
	x.Into, x.Matched = circuit.EdgeControls{Edge: x.Into.Edge, Rank: 1, P: probe.Undefined, Why: "2:5->3:17 is the only edge into 3:17"}, circuit.EdgeControls{P: probe.Undefined, Why: "none were asked for"}
	goldenEntries(t, map[string]Entry{"0030-edge-2-5-3-17": CircuitEdge(whole), "0031-edge-bare": CircuitEdge(bare)})
}

// TestEdgeAnswerIsNoMoreCertainThanItsInterval: what is not told from 0 is not called an effect.
func TestEdgeAnswerIsNoMoreCertainThanItsInterval(t *testing.T) {
	r := fixtureCircuitEdge(t)
	for told, want := range map[bool]string{true: "When 2:5->3:17 alone carries", false: "No effect of 2:5->3:17 alone"} {
		if r.Result.Kinds[0].Noising.Adjusted = 0.01; !told {
			r.Result.Kinds[0].Noising.Adjusted = 0.3
		}
		if got := CircuitEdge(r).Answer; len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("told %v: %s", told, got)
		}
	}
	if got := fmt.Sprint(finePercent(0.00034), " ", finePercent(-0.5), " ", finePercent(0)); got != "0.0340 % −50.0 % 0 %" {
		t.Error(got)
	}
}
