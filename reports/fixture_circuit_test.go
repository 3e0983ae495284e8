package reports

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureUnits are the neurons of a circuit by layer: 52 edges between them.
var fixtureUnits = [][]int{{0, 1, 2}, {2, 5, 9, 11}, {3, 7, 18, 30}, {5, 17, 41, 60}, {0, 1}}

// fixtureCircuit is the circuit of dog, against the mean.
func fixtureCircuit(t testing.TB) CircuitReport {
	r := CircuitReport{Source: fixtureSource(t, "neuroprobe circuit --edges 52"), Result: circuit.Result{
		Split: datasets.Confirm, SplitName: "confirm", Target: circuit.Target{Name: "dog", Class: 1, Feature: -1}, Class: "dog", Metric: "logit-diff",
		Against: circuit.Mean, Method: "eap-ig", SelectPairs: 30, Pairs: 100, Wish: circuit.Wish{Edges: 52},
		EdgesInNetwork: 2736, HiddenEdges: 2560, NeuronsHidden: 112,
		Dropped: []circuit.DroppedEdge{{Edge: "3:33->4:1", Score: -0.0871}, {Edge: "0:2->1:14", Score: 0.0554}},
		Rank:    0.8714, RankLast: 0.9032, RankN: 2736, LastN: 2688, RankPairs: 100,
		Identities: circuit.Identities{WholeWorst: 2.1e-6, NoneWorst: 4.3e-7, Tolerance: 1e-5},
		Random:     100, Permutations: 999, Resamples: 2000, Seed: 1,
	}}
	x := &r.Result
	for l := 1; l < len(fixtureUnits); l++ {
		for _, from := range fixtureUnits[l-1] {
			for _, to := range fixtureUnits[l] {
				x.Edges = append(x.Edges, fixtureLink(model.Edge{From: model.Neuron(l-1, from), To: model.Neuron(l, to)}))
			}
		}
	}
	slices.SortStableFunc(x.Edges, func(a, b circuit.Link) int { return cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)) })
	for k, e := range x.Edges {
		x.Minimal = append(x.Minimal, within(-0.12*e.Exact.Estimate-0.002*float64(k%3), 0.004))
	}
	for l, units := range fixtureUnits {
		for _, u := range units {
			x.Nodes = append(x.Nodes, fixtureNode(r, model.Neuron(l, u)))
		}
	}
	for k, a := range []circuit.Against{circuit.Mean, circuit.Zero, circuit.Resample} {
		f := float64(k)
		c := circuit.Check{Against: a, Pairs: 100, Whole: 4.8123, Corrupted: round(0.2113 - 2*f), Alone: round(4.3921 - 0.31*f), Defined: true,
			Faithfulness: within(0.9087-0.04*f, 0.0301), Completeness: within(0.0823+0.05*f, 0.021),
			Random:         circuit.Spread{N: 100, Mean: 0.1132, Low: 0.0211, High: 0.2514, Lowest: -0.0131, Most: 0.3117},
			RandomComplete: circuit.Spread{N: 100, Mean: 0.7132, Low: 0.4211, High: 0.9114, Lowest: 0.3131, Most: 0.9817},
			FaithfulnessP:  probe.Number(1.0 / 101), CompletenessP: probe.Number(1.0 / 101), Needed: 41 - 3*k,
			Correlation: probe.Number(round(0.9712 - 0.03*f)), Agreement: probe.Number(round(0.94 - 0.02*f)), Accuracy: probe.Number(round(0.9 - 0.01*f)), WholeAccuracy: 0.915, Images: 200}
		x.Checks = append(x.Checks, c)
	}
	for k := range 12 {
		edges := int(math.Round(5 * math.Pow(1.7, float64(k))))
		share := 1 / (1 + math.Exp(2.2-0.55*float64(k)))
		x.Curve = append(x.Curve, circuit.CurvePoint{Edges: min(edges, 2410), Candidates: min(edges+k, 2700), Share: round(float64(min(edges, 2410)) / 2736),
			Select: round(share + 0.01), Faithfulness: within(share, 0.03), RandomLow: probe.Number(round(0.2*share*share - 0.03)), RandomHigh: probe.Number(round(0.3*share*share + 0.05))})
	}
	x.Curve = slices.Insert(x.Curve, 5, circuit.CurvePoint{Edges: 52, Candidates: 54, Share: 0.019, Select: 0.93, Faithfulness: x.Checks[0].Faithfulness, RandomLow: 0.0211, RandomHigh: 0.2514, Chosen: true})
	slices.SortStableFunc(x.Curve, func(a, b circuit.CurvePoint) int { return cmp.Compare(a.Edges, b.Edges) })
	return r
}

// fixtureLink is an edge whose numbers follow from its address.
func fixtureLink(e model.Edge) circuit.Link {
	phase := float64(7*e.From.Unit + 13*e.To.Unit + 3*e.To.Layer)
	exact := -0.6 * math.Pow(math.Abs(math.Sin(phase)), 3)
	if e.From.Unit%5 == 0 && e.From.Layer > 0 {
		exact = -0.3 * exact
	}
	return circuit.Link{Edge: e, Source: e.From.String(), Target: e.To.String(), Score: round(exact + 0.05*math.Cos(phase)), Exact: within(exact, 0.02),
		P: 0.001, Adj: 0.0013, Restored: probe.Undefined, Contribution: round(0.4 * math.Cos(2*phase)), Synapses: 9, Weight: round(0.8 * math.Cos(2*phase))}
}

// fixtureNode is a neuron with its edges counted.
func fixtureNode(r CircuitReport, a model.Address) circuit.Node {
	n := circuit.Node{ID: a.String(), Neuron: a, Layer: "input", AUROC: probe.Undefined, Lesioned: a.Layer > 0 && a.Layer < r.Network.Depth()}
	if a.Layer > 0 {
		n.Layer = r.Network.Layer(a.Layer).Name
	}
	for _, e := range r.Result.Edges {
		if e.Edge.From == a {
			n.Out++
		}
		if e.Edge.To == a {
			n.In++
		}
	}
	if n.Lesioned {
		n.Lesion = within(-0.9*math.Abs(math.Sin(float64(a.Unit+a.Layer))), 0.05)
		if a.Unit%3 != 0 {
			n.Label, n.AUROC = []string{"pointed_ears", "whiskers", "dog", "no collar"}[a.Unit%4], probe.Number(round(0.71+0.02*float64(a.Unit%10)))
		}
	}
	return n
}

// fixtureFeatureCircuit is a small circuit of a feature against twins, of names that are markup.
func fixtureFeatureCircuit(t testing.TB) CircuitReport {
	r := fixtureCircuit(t)
	r.Command = "neuroprobe circuit --target 'ears|\"[round]\"' --threshold 0.2"
	set := *r.Set
	set.Classes = []string{"cat <b>", "dog\"];end|`#1`"}
	r.Set = &set
	x := &r.Result
	x.Target, x.Class = circuit.Target{Name: "ears|\"[round]\"", Class: 0, Feature: 0}, set.Classes[0]
	x.Against, x.Method, x.Metric, x.Wish = circuit.Twins, "acdc", "logit", circuit.Wish{Threshold: 0.2}
	x.Excluded, x.Dropped, x.Curve = 7, nil, x.Curve[:3]
	x.Edges = slices.DeleteFunc(x.Edges, func(e circuit.Link) bool { return e.Edge.From.Unit > 5 || e.Edge.To.Unit > 5 })
	used := map[string]bool{}
	for k := range x.Edges {
		used[x.Edges[k].Source], used[x.Edges[k].Target] = true, true
		x.Edges[k].Restored = probe.Number(round(-1.2 * x.Edges[k].Exact.Estimate))
	}
	x.Minimal = x.Minimal[:len(x.Edges)]
	x.Nodes = slices.DeleteFunc(x.Nodes, func(n circuit.Node) bool { return !used[n.ID] })
	for k := range x.Nodes {
		if n := &x.Nodes[k]; n.Lesioned {
			n.Label, n.AUROC = "a very long name of a feature, with | pipes, \"quotes\" and <br/> [brackets]", 0.87
		}
	}
	x.Checks[0].Against = circuit.Twins
	c := x.Checks[1]
	x.Checks = append(x.Checks, c)
	x.Checks[1].Against, x.Checks[2].Against = circuit.Mean, circuit.Zero
	x.Checks[2] = undefinedCheck(x.Checks[2])
	x.Checks[3].Against = circuit.Resample
	x.Warnings = []string{"against zero, y of the whole network (4.81) cannot be told from y with every edge corrupted (4.8): faithfulness and completeness are not defined"}
	return r
}

// undefinedCheck is a check without a scale.
func undefinedCheck(c circuit.Check) circuit.Check {
	none := circuit.Spread{Mean: probe.Undefined, Low: probe.Undefined, High: probe.Undefined, Lowest: probe.Undefined, Most: probe.Undefined}
	c.Defined, c.Corrupted, c.Needed = false, 4.8, 0
	c.Faithfulness, c.Completeness = ablate.Interval{}, ablate.Interval{}
	c.Random, c.RandomComplete, c.FaithfulnessP, c.CompletenessP = none, none, probe.Undefined, probe.Undefined
	return c
}
