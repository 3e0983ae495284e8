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

func logitDiff(t testing.TB) ablate.Metric {
	m, err := ablate.ParseMetric("logit-diff", []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// within is an estimate with an interval of this half-width.
func within(x, half float64) ablate.Interval {
	return ablate.Interval{Estimate: round(x), Low: round(x - half), High: round(x + half)}
}

// fixturePairs are seven units of two layers, whose 21 pairs are of every class.
func fixturePairs(t testing.TB) PairsReport {
	r := PairsReport{Source: fixtureSource(t, "neuroprobe ablate pairs --top 7"), Result: ablate.Epistasis{
		Kind: ablate.Zero, Metric: logitDiff(t), Split: datasets.Confirm, Images: 200, Intact: 2.8134, Sham: ablate.Sham{Images: 200, Identical: true},
		Choice:    &ablate.PairsChoice{Candidates: 112, Layers: []int{1, 2, 3}, Images: 60},
		Resamples: 2000, Permutations: 999, Draws: 5, MeanOver: ablate.OverPosition, Seed: 1,
		Warnings: []string{"3 images appear in two splits"},
	}}
	x := &r.Result
	for k, a := range []model.Address{model.Neuron(2, 3), model.Neuron(2, 11), model.Neuron(2, 30), model.Neuron(3, 2), model.Neuron(3, 17), model.Neuron(3, 41), model.Neuron(3, 60)} {
		lost := round(0.9*math.Cos(float64(k)) + 0.1)
		x.Singles = append(x.Singles, ablate.SingleLoss{Address: a, Layer: r.Network.Layer(a.Layer).Name, Lost: within(lost, 0.08)})
		x.Choice.Units = append(x.Choice.Units, ablate.ChosenUnit{Address: a, Lost: round(1.1 * lost)})
	}
	for a := range x.Singles {
		for b := a + 1; b < len(x.Singles); b++ {
			x.Pairs = append(x.Pairs, fixturePair(x.Singles[a], x.Singles[b], len(x.Pairs)))
		}
	}
	for _, p := range x.Pairs {
		if p.Significant {
			x.Interacting++
		}
		if p.Exact {
			x.Exact++
		}
	}
	return r
}

// fixturePair is the k-th strongest of 21 pairs.
func fixturePair(a, b ablate.SingleLoss, k int) ablate.PairLoss {
	epsilon := round(0.6 * math.Pow(float64(20-k)/20, 2))
	if k%3 > 0 {
		epsilon = -epsilon
	}
	p := ablate.PairLoss{A: a.Address, B: b.Address, LostA: a.Lost.Estimate, LostB: b.Lost.Estimate, Lost: within(a.Lost.Estimate+b.Lost.Estimate+epsilon, 0.12),
		Epistasis: within(epsilon, 0.03), Share: probe.Undefined, P: round(min(1, 0.001*math.Pow(1.6, float64(k)))), Class: ablate.Additive, Exact: epsilon == 0}
	p.Adjusted = round(min(1, 1.4*p.P))
	if p.Exact {
		p.Epistasis, p.P, p.Adjusted = ablate.Interval{}, 1, 1
	}
	if p.Lost.Low > 0 || p.Lost.High < 0 {
		p.Share = probe.Number(round(math.Abs(epsilon / p.Lost.Estimate)))
	}
	switch {
	case p.Epistasis.Low > 0:
		p.Class = ablate.Buffering
	case p.Epistasis.High < 0:
		p.Class = ablate.Synergistic
	}
	p.Significant = p.Class != ablate.Additive && p.Adjusted < 0.05
	p.ReversesA, p.ReversesB = k == 1, k == 1 || k == 4
	return p
}

// fixtureDissociate is a pair found by a search.
func fixtureDissociate(t testing.TB) DissociateReport {
	r := DissociateReport{Source: fixtureSource(t, "neuroprobe ablate dissociate --search"), Result: ablate.Dissociation{
		Kind: ablate.Zero, Metric: logitDiff(t), Split: datasets.Confirm, Images: 200, Found: true,
		Outcomes: [2]ablate.Outcome{{Name: "cat", Kind: ablate.OfClass, With: 100}, {Name: "dog", Kind: ablate.OfClass, With: 100}},
		Search:   &ablate.DissociationSearch{Candidates: 112, Layers: []int{1, 2, 3}, Images: 60, Tried: 112 * 111},
		Units:    [2]model.Address{model.Neuron(3, 17), model.Neuron(3, 41)}, Layers: [2]string{"conv3", "conv3"},
		Lost:        [2][2]ablate.Interval{{within(1.21, 0.11), within(0.08, 0.1)}, {within(-0.24, 0.07), within(0.93, 0.12)}},
		Within:      [2]ablate.Interval{within(1.13, 0.14), within(-1.17, 0.13)},
		Between:     [2]ablate.Interval{within(1.45, 0.15), within(-0.85, 0.14)},
		Interaction: within(2.3, 0.21), P: 0.001, Hurts: [2]int{0, 1}, Verdict: ablate.DoubleDissociation, Sham: ablate.Sham{Images: 200, Identical: true},
		Resamples: 2000, Permutations: 999, Draws: 5, MeanOver: ablate.OverPosition, Seed: 1,
	}}
	for k := range 10 {
		f := float64(k)
		p := ablate.ScoredPair{A: model.Neuron(3, 17), B: model.Neuron(3, 41+k), Lost: [2][2]float64{{1.34, 0.11}, {-0.2, round(1.02 - 0.08*f)}}}
		p.Score = round(p.Lost[1][1] - 0.11)
		r.Result.Search.Best = append(r.Result.Search.Best, p)
	}
	r.Result.Search.Confirmed = ablate.ScoredPair{A: model.Neuron(3, 17), B: model.Neuron(3, 41), Lost: [2][2]float64{{1.21, 0.08}, {-0.24, 0.93}}, Score: 0.85}
	return r
}
