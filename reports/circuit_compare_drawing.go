package reports

import (
	"fmt"
	"math"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
)

// drawingSection shows both circuits in one picture. What both have stands out: heavy frames, full
// colours. What one has is marked with its letter.
func (r CircuitCompareReport) drawingSection() Section {
	x := r.Result
	if len(x.Links) == 0 {
		return Section{}
	}
	d, left := r.drawing().strongest(mostDrawnEdges)
	if left > 0 {
		d.note = fmt.Sprintf("… and %s", plural(left, "weaker edge"))
	}
	return Section{"Both circuits", []Block{
		Figure{File: "circuits.png", PNG: d.png(),
			Alt: fmt.Sprintf("The strongest edges of both circuits from the image to the output; the tables of neurons and edges below say which are in both, only in A (%s) and only in B (%s)", x.A.Name, x.B.Name),
			Caption: fmt.Sprintf("The strongest edges of both circuits, in whole paths, %d of %d that can be compared. In both: heavy frames and full lines in full colour. In one only: pale, with A (%s) or B (%s) on it. An edge's width is the larger of its two scores, each in parts of its circuit's largest.",
				len(d.edges), len(x.Links), x.A.Name, x.B.Name)},
	}}
}

func (r CircuitCompareReport) drawing() circuitDrawing {
	x := r.Result
	d := circuitDrawing{width: "larger score, in parts of its circuit's largest"}
	for l := range r.Network.Depth() + 1 {
		name := "input"
		if l > 0 {
			name = r.Network.Layer(l).Name
		}
		d.layers = append(d.layers, name)
	}
	known := map[model.Address]circuit.ComparedNode{}
	for _, n := range x.Nodes {
		known[n.Neuron] = n
	}
	largestA, largestB := 0.0, 0.0
	for _, l := range x.Links {
		if l.InA {
			largestA = max(largestA, math.Abs(l.ScoreA))
		}
		if l.InB {
			largestB = max(largestB, math.Abs(l.ScoreB))
		}
	}
	drawn := map[model.Address]bool{}
	node := func(a model.Address) {
		if drawn[a] {
			return
		}
		drawn[a] = true
		n, ok := known[a]
		lines := []string{a.String()}
		switch {
		case !ok && a.Layer == r.Network.Depth():
			lines = append(lines, r.Network.Classes[a.Unit])
		case !ok:
			lines = append(lines, "image")
		default:
			if n.Label != "" {
				lines = append(lines, n.Label)
			}
			lines = append(lines, "in "+whose(n.InA, n.InB))
		}
		d.nodes = append(d.nodes, drawnNode{id: a.String(), layer: a.Layer, lines: lines, emphasis: !ok || n.InA && n.InB})
	}
	for _, l := range x.Links {
		node(l.Edge.From)
		node(l.Edge.To)
		e := drawnEdge{from: l.Source, to: l.Target, excitatory: l.Contribution > 0, emphasis: l.Shared()}
		if l.InA && largestA > 0 {
			e.weight = math.Abs(l.ScoreA) / largestA
		}
		if l.InB && largestB > 0 {
			e.weight = max(e.weight, math.Abs(l.ScoreB)/largestB)
		}
		if !l.Shared() {
			e.text = whose(l.InA, l.InB)
		}
		d.edges = append(d.edges, e)
	}
	return d
}

// whose says which circuits have something.
func whose(a, b bool) string {
	switch {
	case a && b:
		return "A and B"
	case a:
		return "A"
	}
	return "B"
}
