package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/probe"
)

func TestGoldenCircuit(t *testing.T) {
	goldenEntries(t, map[string]Entry{
		"0031-circuit-dog":        Circuit(fixtureCircuit(t)),
		"0032-circuit-ears-round": Circuit(fixtureFeatureCircuit(t)),
	})
}

func TestCircuitWording(t *testing.T) {
	undefined := func(x *circuit.Result) {
		for k := range x.Checks {
			x.Checks[k] = undefinedCheck(x.Checks[k])
		}
		x.Warnings = []string{"12 pairs are few: intervals from so few are too narrow"}
	}
	var b bytes.Buffer
	usual := Circuit(fixtureCircuit(t)).Method
	for _, c := range []struct {
		name   string
		change func(x *circuit.Result)
	}{
		{"as it is", func(*circuit.Result) {}},
		{"no edges", func(x *circuit.Result) {
			*x = circuit.Result{Split: x.Split, SplitName: "confirm", Target: x.Target, Class: x.Class, Metric: x.Metric, Against: x.Against, Method: "acdc",
				SelectPairs: 30, Pairs: 100, EdgesInNetwork: 2736, NeuronsHidden: 112, Rank: probe.Undefined, RankLast: probe.Undefined, Seed: 1}
		}},
		{"nothing is defined", undefined},
		{"no better than random ones", func(x *circuit.Result) { x.Checks[0].FaithfulnessP = probe.Number(32.0 / 101) }},
		{"better than most random ones", func(x *circuit.Result) { x.Checks[0].FaithfulnessP = probe.Number(4.0 / 101) }},
		{"no random ones", func(x *circuit.Result) {
			x.Random = 0
			for k := range x.Checks {
				x.Checks[k].Random, x.Checks[k].FaithfulnessP = circuit.Spread{}, probe.Undefined
			}
		}},
		{"not faithful, against zero, by threshold", func(x *circuit.Result) {
			x.Against, x.Wish, x.Method = circuit.Zero, circuit.Wish{Threshold: 0.013}, "eap"
			x.Checks = x.Checks[1:2]
			x.Checks[0].Faithfulness = within(0.21, 0.03)
		}},
		{"the kinds disagree, the rest does it too, answers are lost", func(x *circuit.Result) {
			x.Checks[1].Faithfulness, x.Checks[0].Completeness, x.Checks[0].Accuracy = within(0.31, 0.05), within(0.94, 0.02), 0.5
		}},
		{"a class against resample, exact, on select", func(x *circuit.Result) {
			x.Against, x.Method, x.Split, x.Wish = circuit.Resample, "exact", datasets.Select, circuit.Wish{Faithfulness: 0.9}
			x.Checks[0], x.Checks[2] = x.Checks[2], x.Checks[0]
			x.Rank, x.RankLast = probe.Undefined, probe.Undefined
			x.Warnings = []string{"measured on the select split, on which the circuit was chosen: its numbers are too good"}
		}},
		{"elimination to a faithfulness", func(x *circuit.Result) { x.Method, x.Wish = "elimination", circuit.Wish{Faithfulness: 0.85} }},
		{"a class against twins", func(x *circuit.Result) { x.Against, x.Checks[0].Against = circuit.Twins, circuit.Twins }},
		{"the machinery is off", func(x *circuit.Result) { x.Identities.NoneWorst = 0.02 }},
		{"one pair, one edge, one random circuit", func(x *circuit.Result) {
			x.Edges, x.Minimal, x.Nodes = x.Edges[:1], x.Minimal[:1], x.Nodes[:1]
			x.Pairs, x.SelectPairs, x.Checks[0].Pairs, x.Checks[0].Random.N, x.Random, x.Checks[0].FaithfulnessP = 1, 1, 1, 1, 1, 0.5
		}},
	} {
		r := fixtureCircuit(t)
		c.change(&r.Result)
		if len(r.Result.Nodes) == 1 { // the one edge's
			r.Result.Nodes = []circuit.Node{fixtureNode(r, r.Result.Edges[0].Edge.From), fixtureNode(r, r.Result.Edges[0].Edge.To)}
		}
		e := Circuit(r)
		if e.Method == usual && b.Len() > 0 {
			e.Method = "(as it is)"
		}
		writeWording(t, &b, c.name, e)
		for _, w := range e.Warnings {
			fmt.Fprintf(&b, "warning:  %s\n", w)
		}
		if _, err := e.JSON(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	golden(t, "wording-circuit.txt", b.Bytes())
}

// TestManyEdgesAreCut: tables list 30 rows and say how many more there are; the drawing does the same.
func TestManyEdgesAreCut(t *testing.T) {
	text := string(Circuit(fixtureCircuit(t)).Markdown("0001-x"))
	for _, want := range []string{"22 more edges only in the JSON file", "42 more edges only in the JSON file", "are not drawn"} {
		if !strings.Contains(text, want) {
			t.Errorf("the entry does not say %q", want)
		}
	}
}

// TestCircuitGraphLoads: the JSON holds the graph once, in networkx's node-link form: every edge joins
// two nodes, and the counts of a node are those of its edges.
func TestCircuitGraphLoads(t *testing.T) {
	r := fixtureCircuit(t)
	data, err := Circuit(r).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Files []string
		Data  struct {
			Nodes, Edges json.RawMessage
			Minimality   []ablate.Interval
			Graph        struct {
				Directed, Multigraph bool
				Graph                map[string]any
				Nodes                []circuit.Node
				Edges                []circuit.Link
			}
		}
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	g := e.Data.Graph
	switch {
	case e.Data.Nodes != nil || e.Data.Edges != nil:
		t.Error("nodes or edges are in the file twice")
	case !g.Directed || g.Multigraph || g.Graph == nil:
		t.Errorf("the graph is %v, %v, %v", g.Directed, g.Multigraph, g.Graph)
	case len(g.Nodes) != len(r.Result.Nodes) || len(g.Edges) != len(r.Result.Edges) || len(e.Data.Minimality) != len(g.Edges):
		t.Errorf("%d nodes, %d edges, %d losses", len(g.Nodes), len(g.Edges), len(e.Data.Minimality))
	case !slices.Equal(e.Files, []string{"circuit.svg", "circuit.dot"}):
		t.Errorf("files %v", e.Files)
	}
	in, out := map[string]int{}, map[string]int{}
	for _, l := range g.Edges {
		out[l.Source]++
		in[l.Target]++
	}
	for _, n := range g.Nodes {
		if n.In != in[n.ID] || n.Out != out[n.ID] {
			t.Errorf("%s has %d edges in and %d out, says %d and %d", n.ID, in[n.ID], out[n.ID], n.In, n.Out)
		}
		delete(in, n.ID)
		delete(out, n.ID)
	}
	if len(in)+len(out) > 0 {
		t.Errorf("edges of no node: %v %v", in, out)
	}
}

// TestCircuitIsFiled: pictures and files lie beside each other, each with a link.
func TestCircuitIsFiled(t *testing.T) {
	dir := t.TempDir()
	page := add(t, open(t, dir), Circuit(fixtureFeatureCircuit(t)))
	checkLinks(t, page)
	for _, want := range []string{"circuit.dot", "circuit.png", "circuit.svg", "curve.png", "scores.png"} {
		if name := "reports/0001-circuit-ears-round/" + want; !slices.Contains(listing(t, dir), name) {
			t.Errorf("no %s", name)
		}
	}
}
