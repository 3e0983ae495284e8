package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureCircuitCompare are two small circuits, the chains of which meet in conv2; of one network, or of
// two.
func fixtureCircuitCompare(t testing.TB, same bool) CircuitCompareReport {
	command := "neuroprobe circuit compare cat dog"
	if !same {
		command = "neuroprobe circuit compare specimen:1 specimen:2"
	}
	r := CircuitCompareReport{Source: fixtureSource(t, command), Other: "specimens/02.safetensors"}
	target := func(class int) circuit.Target {
		return circuit.Target{Name: r.Network.Classes[class], Class: class, Feature: -1}
	}
	spread := func(mean, half float64) circuit.Spread {
		return circuit.Spread{N: 100, Mean: probe.Number(mean), Low: probe.Number(round(mean - half)), High: probe.Number(round(mean + half))}
	}
	x := &circuit.Comparison{Split: datasets.Confirm, SplitName: "confirm", SameNetwork: same, Method: "eap-ig", Size: 12, Metric: "logit-diff",
		EdgesInNetwork: 2736, Comparable: 2736, Permutations: 999, Resamples: 2000, Random: 100, Seed: 1,
		A: circuit.ComparedSide{Name: "cat", Target: target(0), Class: "cat", Against: circuit.Mean, Network: "aa", SelectPairs: 30, Pairs: 100, Edges: 12, Neurons: 7},
		B: circuit.ComparedSide{Name: "dog", Target: target(1), Class: "dog", Against: circuit.Mean, Network: "aa", SelectPairs: 30, Pairs: 100, Edges: 12, Neurons: 8},
		Neurons: []circuit.Overlap{{Name: "conv1", All: 16, A: 3, B: 3, Shared: 2, Expected: 0.5625, P: 0.0714, Adjusted: 0.107},
			{Name: "conv2", All: 32, A: 2, B: 2, Shared: 1, Expected: 0.125, P: 0.123, Adjusted: 0.123}, {Name: "conv3", All: 64, A: 2, B: 3, Expected: 0.09375, P: 1, Adjusted: 1}},
		AllNeurons: circuit.Overlap{Name: "all hidden layers", All: 112, A: 7, B: 8, Shared: 3, Jaccard: 0.25, Expected: 0.78, P: 0.021, Adjusted: probe.Undefined},
		Layers: []circuit.Overlap{{Name: "input to conv1", All: 48, A: 4, B: 4, Shared: 2, Expected: 0.33, P: 0.034, Adjusted: 0.11},
			{Name: "conv1 to conv2", All: 512, A: 4, B: 4, Shared: 1, Expected: 0.03, P: 0.031, Adjusted: 0.11}, {Name: "conv2 to conv3", All: 2048, A: 2, B: 2, Expected: 0.002, P: 1, Adjusted: 1},
			{Name: "conv3 to dense4", All: 128, A: 2, B: 2, Expected: 0.03, P: 1, Adjusted: 1}},
		AllEdges: circuit.Overlap{Name: "all", All: 2736, A: 12, B: 12, Shared: 3, Jaccard: 3. / 21, Expected: 0.392, P: 0.0012, Adjusted: probe.Undefined},
		Nulls: []circuit.Null{{Name: circuit.NullLayers, Draws: spread(0.4, 0.4), Many: 0.002, Few: 1}, {Name: circuit.NullRelabelled, Draws: spread(0.41, 0.41), Many: 0.012, Few: 0.99},
			{Name: circuit.NullNeurons, Draws: spread(2.3, 2), Many: 0.41, Few: 0.82}},
		Scores:   circuit.ScoreAgreement{Edges: 2736, Spearman: -0.1234, Sizes: 0.62, Shared: 3, SameSign: 2, Low: 0.208, High: 0.939, P: 1},
		Warnings: []string{"the circuit of dog alone has a faithfulness of 0.41: at this size it is its strongest edges, and not yet what works by itself"}}
	row := func(name string, edges int, f float64, random float64, p probe.Number) circuit.CrossRow {
		return circuit.CrossRow{Circuit: name, Edges: edges, Faithfulness: within(f, 0.05), Random: spread(random, 0.1), P: p}
	}
	x.Cross = []circuit.CrossTask{
		{Side: "cat", Against: circuit.Mean, Pairs: 100, Whole: 3.1, Corrupted: -0.2, Defined: true, Rows: []circuit.CrossRow{row(circuit.CrossOwn, 12, 0.78, 0.02, 0.0099), row(circuit.CrossOther, 12, 0.1, 0.03, 0.12), row(circuit.CrossShared, 3, -0.02, 0, 0.61)}},
		{Side: "dog", Against: circuit.Mean, Pairs: 100, Whole: 2.4, Corrupted: 0.2, Defined: true, Rows: []circuit.CrossRow{row(circuit.CrossOwn, 12, 0.41, 0.01, 0.0099), row(circuit.CrossOther, 12, 0.06, 0.02, 0.2), row(circuit.CrossShared, 3, 0, 0, 0.9)}},
	}
	fixtureComparedWiring(r.Network, x, same)
	if !same {
		x.A.Name, x.B.Name, x.B.Target, x.B.Class, x.B.Network, x.Comparable = "specimen 1", "specimen 2", x.A.Target, x.A.Class, "bb", 1210
		x.A.LeftOutEdges, x.A.LeftOutNeurons, x.B.LeftOutEdges, x.B.LeftOutNeurons, x.B.Excluded = 5, 2, 4, 1, 3
		x.Cross[0].Side, x.Cross[1].Side, x.Cross[1].Defined = x.A.Name, x.B.Name, false
		x.Matching = []circuit.LayerMatch{{Layer: "conv1", Neurons: 16, Matched: 11, R: 0.91}, {Layer: "conv2", Neurons: 32, Matched: 20, R: 0.78}, {Layer: "conv3", Neurons: 64, Matched: 0, R: probe.Undefined}}
		x.Nulls[2].Many = 0.004
		x.Scores = circuit.ScoreAgreement{Edges: 1210, Spearman: 0.31, Sizes: 0.4, Low: probe.Undefined, High: probe.Undefined, P: probe.Undefined}
		x.Warnings = nil
	}
	r.Result = x
	return r
}

// fixtureComparedWiring fills in edges and neurons.
func fixtureComparedWiring(n *model.Network, x *circuit.Comparison, same bool) {
	a, b, both := []string{"0:0->1:2", "0:1->1:2", "1:2->2:7", "2:7->3:4", "3:4->4:0", "1:3->2:9"}, []string{"0:2->1:8", "1:8->2:5", "2:5->3:11", "3:11->4:1", "2:5->3:40"}, []string{"0:0->1:3", "0:2->1:3", "1:3->2:5"}
	members := map[model.Address][2]bool{}
	for set, edges := range [][]string{both, a, b} {
		for k, name := range edges {
			e, err := n.ParseEdge(name)
			if err != nil {
				panic(err)
			}
			size := 0.9 * math.Pow(0.7, float64(k))
			l := circuit.ComparedLink{Edge: e, Source: e.From.String(), Target: e.To.String(), InA: set != 2, InB: set != 1, Contribution: round(0.5 - 0.3*float64(k)), ScoreA: round(-size), ScoreB: round(-0.8 * size), RankA: 1 + 3*k, RankB: 2 + 3*k}
			switch {
			case set == 0 && k == 2:
				l.ScoreB = -l.ScoreB
			case set == 1:
				l.ScoreB, l.RankB = round(0.01*size), 900+k
			case set == 2:
				l.ScoreA, l.RankA = round(-0.02*size), 700+k
			}
			if !same {
				l.Other = e.String()
			}
			x.Links = append(x.Links, l)
			for _, end := range []model.Address{e.From, e.To} {
				m := members[end]
				members[end] = [2]bool{m[0] || l.InA, m[1] || l.InB}
			}
		}
	}
	for l := 1; l < n.Depth(); l++ {
		for u := range n.Geometry(l).Act[0] {
			at := model.Neuron(l, u)
			if m := members[at]; m[0] || m[1] {
				node := circuit.ComparedNode{Neuron: at, ID: at.String(), R: probe.Undefined, Layer: n.Layer(l).Name, InA: m[0], InB: m[1], EdgesA: 2, EdgesB: 1, ShareA: round(0.4 / float64(u+1)), ShareB: round(0.2 / float64(l))}
				if u%2 == 0 {
					node.Label = "pointed_ears"
				}
				if !same {
					node.Other, node.R, node.LabelB = model.Neuron(l, u+1).String(), probe.Number(round(1-0.01*float64(u))), "whiskers"
				}
				x.Nodes = append(x.Nodes, node)
			}
		}
	}
}

func TestGoldenCircuitCompare(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0032-compare-cat-dog": CircuitCompare(fixtureCircuitCompare(t, true)), "0033-compare-specimen-1-specimen-2": CircuitCompare(fixtureCircuitCompare(t, false))})
}

// TestNothingSharedHasAReport: no edge in common, no random circuits, nothing comparable.
func TestNothingSharedHasAReport(t *testing.T) {
	r := fixtureCircuitCompare(t, true)
	x := r.Result
	x.Links, x.Nodes, x.Scores.Shared, x.AllEdges.Shared, x.AllEdges.Jaccard = nil, nil, 0, 0, 0
	for k := range x.Cross {
		for i := range x.Cross[k].Rows {
			x.Cross[k].Rows[i].Random, x.Cross[k].Rows[i].P, x.Cross[k].Rows[i].Faithfulness = circuit.Spread{}, probe.Undefined, ablate.Interval{}
		}
	}
	e := CircuitCompare(r)
	if err := e.check(); err != nil || len(e.Markdown("0001-x")) == 0 {
		t.Error(err)
	}
}
