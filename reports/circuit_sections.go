package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
)

// longestName is how many characters of a neuron's label a box shows.
const longestName = 20

// drawing is the whole circuit as a drawing.
func (r CircuitReport) drawing() circuitDrawing {
	x := r.Result
	d := circuitDrawing{width: "size of the exact effect"}
	for _, n := range x.Nodes {
		for len(d.layers) <= n.Neuron.Layer {
			d.layers = append(d.layers, "")
		}
		d.layers[n.Neuron.Layer] = n.Layer
		node := drawnNode{id: n.ID, layer: n.Neuron.Layer, lines: []string{n.ID}}
		switch {
		case n.Lesioned:
			if n.Label != "" {
				node.lines = append(node.lines, elide(strings.Replace(n.Label, "without ", "no ", 1), longestName))
			}
			node.lines = append(node.lines, "lesion "+Signed(n.Lesion.Estimate))
		case n.Neuron.Layer == 0:
			node.lines = append(node.lines, r.channel(n.Neuron.Unit))
		case n.Neuron.Unit < len(r.Set.Classes):
			node.lines = append(node.lines, r.Set.Classes[n.Neuron.Unit])
			node.emphasis = n.Neuron.Unit == x.Target.Class
		}
		d.nodes = append(d.nodes, node)
	}
	for _, e := range x.Edges {
		d.edges = append(d.edges, drawnEdge{from: e.Source, to: e.Target, weight: e.Exact.Estimate, excitatory: e.Excitatory()})
	}
	return d
}

// channel names a channel of the image.
func (r CircuitReport) channel(unit int) string {
	if r.Set.Channels == 3 {
		return []string{"red", "green", "blue"}[unit]
	}
	if r.Set.Channels == 1 {
		return "grey"
	}
	return fmt.Sprintf("channel %d", unit)
}

// drawingSection shows the circuit.
func (r CircuitReport) drawingSection() Section {
	x := r.Result
	if len(x.Edges) == 0 {
		return Section{}
	}
	whole := r.drawing()
	drawn, left := whole.strongest(mostDrawnEdges)
	shown := "all " + plural(len(x.Edges), "edge")
	if left > 0 {
		drawn.note = fmt.Sprintf("… and %s", plural(left, "weaker edge"))
		shown = fmt.Sprintf("the strongest %s by exact effect, each with the strongest path through it from the image to an output; %s are not drawn", plural(len(drawn.edges), "edge"), Count(left))
	}
	drawn.width = fmt.Sprintf("size of the exact effect (widest %s)", Number(drawn.largest()))
	blocks := []Block{
		Paragraph(capital(shown) + ". Each box has the neuron's address, what probe found it tuned to, if anything (the AUROC is in the table of neurons), and the effect of its lesion on y. The heavy frame is the target's output."),
		Figure{
			File: "circuit.png", PNG: drawn.png(),
			Alt:     fmt.Sprintf("Drawing of the circuit, layer by layer from the image to the output: %s between %s", plural(len(drawn.edges), "edge"), plural(len(drawn.nodes), "neuron")),
			Caption: "From left to right by layer. Solid with an arrow head: excites (adds to the receiver's pre-activation on average). Dashed with a bar: inhibits. Width: size of the exact effect on y.",
		},
		Files{
			{File: "circuit.svg", Data: drawn.svg(), What: "the same drawing, to be enlarged"},
			{File: "circuit.dot", Data: []byte(whole.dot()), What: fmt.Sprintf("all %s, for Graphviz", plural(len(x.Edges), "edge"))},
		},
		Paragraph("The same as a Mermaid diagram (dotted with a cross: inhibits):"),
		Code{"mermaid", drawn.mermaid()},
	}
	return Section{"The circuit", blocks}
}

// curveSection is faithfulness over size.
func (r CircuitReport) curveSection() Section {
	x := r.Result
	if len(x.Curve) == 0 || len(x.Checks) > 0 && !x.Checks[0].Defined {
		return Section{}
	}
	points := slices.Clone(x.Curve)
	slices.SortStableFunc(points, func(a, b circuit.CurvePoint) int { return a.Edges - b.Edges })
	t := Table{Columns: numberColumns("edges", "of all", "candidates", "F on select", fmt.Sprintf("F on %v", x.Split), "95 % interval", "random circuits")}
	for _, p := range points {
		edges := Count(p.Edges)
		if p.Chosen {
			edges = "→ " + edges
		}
		t.Rows = append(t.Rows, []string{edges, Percent(p.Share), Count(p.Candidates), Percent(p.Select), Percent(p.Faithfulness.Estimate),
			PercentInterval(p.Faithfulness.Low, p.Faithfulness.High), PercentInterval(float64(p.RandomLow), float64(p.RandomHigh))})
	}
	t.Notes = []Note{{Text: "Edges: what pruning leaves of the candidates. →: the circuit of this entry. The size is chosen by F on select."}}
	return Section{"How large must it be?", []Block{Figure{
		File: "curve.png", PNG: circuitCurve{points, len(x.Edges), x.Split.String()}.png(),
		Alt:     "Curve of faithfulness over the number of edges, with the band of random circuits; the table below has the numbers",
		Caption: fmt.Sprintf("Faithfulness of the circuit of so many edges on %s, with its 95 %% interval, beside the middle 95 %% of random circuits of the size.", x.Split),
	}, t}}
}

// edgesSection lists the strongest edges.
func (r CircuitReport) edgesSection() Section {
	x := r.Result
	if len(x.Edges) == 0 {
		return Section{}
	}
	denoised := x.Against == circuit.Twins || x.Against == circuit.Resample
	t := Table{Columns: append(textColumns("edge", "sign"), numberColumns("score", "exact effect", "95 % interval", "adjusted p")...), Terminal: true}
	if denoised {
		t.Columns = append(t.Columns, Column{"denoising", true})
	}
	t.Columns = append(t.Columns, numberColumns("contribution", "F lost without")...)
	for _, k := range sortedBySize(len(x.Edges), func(k int) float64 { return x.Edges[k].Exact.Estimate })[:min(len(x.Edges), listedEdges)] {
		e := x.Edges[k]
		row := []string{e.Source + "→" + e.Target, signWord(e), Signed(e.Score), Signed(e.Exact.Estimate), SignedInterval(e.Exact.Low, e.Exact.High), PValue(float64(e.Adj))}
		if denoised {
			row = append(row, Signed(float64(e.Restored)))
		}
		lost := Missing
		if k < len(x.Minimal) && x.Checks[0].Defined {
			lost = Points(x.Minimal[k].Estimate)
		}
		t.Rows = append(t.Rows, append(row, Signed(e.Contribution), lost))
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Score and effects in the unit of y (logits), the largest |exact effect| first; below 0, the edge speaks for %s. Score is from select, everything else from %s. Contribution: what the edge adds to the receiver's pre-activation on average.", x.Class, x.Split)}}
	if more := len(x.Edges) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more edge") + " only in the JSON file."})
	}
	clear, forTarget, excite := 0, 0, 0
	for _, e := range x.Edges {
		if float64(e.Adj) < 0.05 && excludesZero(e.Exact.Low, e.Exact.High) {
			clear++
			if e.Exact.Estimate < 0 {
				forTarget++
			}
		}
		if e.Excitatory() {
			excite++
		}
	}
	said := fmt.Sprintf("Of %s, %s excite and %s inhibit. Corrupting one alone has an effect that is told from 0 after correction for %s; %s of these speak for %s, the others against it.",
		plural(len(x.Edges), "edge"), Count(excite), Count(len(x.Edges)-excite), Count(clear), Count(forTarget), x.Class)
	return Section{"Edges", []Block{Paragraph(said), t}}
}

func signWord(e circuit.Link) string {
	switch {
	case e.Contribution == 0:
		return "none"
	case e.Excitatory():
		return "excites"
	}
	return "inhibits"
}

// scatteredEdges is how many points a scatter plot holds before it is a cloud.
const scatteredEdges = 400

// scoresSection holds scores against exact effects.
func (r CircuitReport) scoresSection() Section {
	x := r.Result
	if len(x.Edges) == 0 {
		return Section{}
	}
	opposite := 0
	s := scatterPlot{x: "score, from select (logits)", y: fmt.Sprintf("exact effect, from %v (logits)", x.Split), sign: true, diagonal: "equal",
		marked: "opposite signs", plain: "same sign"}
	order := sortedBySize(len(x.Edges), func(k int) float64 { return x.Edges[k].Exact.Estimate })
	for rank, k := range order {
		e := x.Edges[k]
		against := e.Score*e.Exact.Estimate < 0
		if against {
			opposite++
		}
		if rank < scatteredEdges {
			s.points = append(s.points, scatterPoint{label: e.Source + "→" + e.Target, x: effect{e.Score, e.Score, e.Score},
				y: effect{e.Exact.Estimate, e.Exact.Low, e.Exact.High}, marked: against})
		}
	}
	var said strings.Builder
	if x.Rank.Defined() {
		fmt.Fprintf(&said, "Spearman's rank correlation of scores and exact effects (both with their signs) over %s of the network is %s", plural(x.RankN, "edge"), fixed(float64(x.Rank), 3))
		if x.RankLast.Defined() {
			fmt.Fprintf(&said, ", over %s into the last three layers %s", plural(x.LastN, "edge"), fixed(float64(x.RankLast), 3))
		}
		if x.RankPairs > 0 {
			fmt.Fprintf(&said, " (exact effects from %s)", r.images(x.Against, x.RankPairs))
		}
		said.WriteString(". ")
	}
	fmt.Fprintf(&said, "In the circuit, score and exact effect have opposite signs for %s of %s.", Count(opposite), plural(len(x.Edges), "edge"))
	if x.Method == "acdc" || x.Method == "elimination" {
		fmt.Fprintf(&said, " The scores of %s are effects within the circuit that was left when the edge was judged, exact effects those within the whole network: they need not agree.", x.Method)
	}
	caption := "The circuit's edges: score against exact effect with its 95 % interval."
	if len(x.Edges) > scatteredEdges {
		caption = fmt.Sprintf("The %d edges of the circuit with the largest exact effects: score against exact effect with its 95 %% interval.", scatteredEdges)
	}
	return Section{"Do the scores tell the truth?", []Block{Paragraph(said.String()), Figure{
		File: "scores.png", PNG: s.png(), Alt: "Scatter plot of score and exact effect, an edge a point", Caption: caption,
	}}}
}

// neuronsSection lists the circuit's neurons.
func (r CircuitReport) neuronsSection() Section {
	x := r.Result
	var hidden []circuit.Node
	for _, n := range x.Nodes {
		if n.Lesioned {
			hidden = append(hidden, n)
		}
	}
	if len(hidden) == 0 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("neuron", "layer", "label"), numberColumns("AUROC", "lesion effect", "95 % interval", "edges in", "edges out")...)}
	for _, k := range sortedBySize(len(hidden), func(k int) float64 { return hidden[k].Lesion.Estimate })[:min(len(hidden), listedMembers)] {
		n := hidden[k]
		label := n.Label
		if label == "" {
			label = Missing
		}
		t.Rows = append(t.Rows, []string{n.ID, n.Layer, label, fixed(float64(n.AUROC), 3), Signed(n.Lesion.Estimate), SignedInterval(n.Lesion.Low, n.Lesion.High), Count(n.In), Count(n.Out)})
	}
	t.Notes = []Note{{Text: "Lesion effect: on y, in logits, of giving the neuron its reference in the intact network (not in the circuit); the largest first. Edges: those of the circuit."},
		{Text: "–: no class and no feature beat chance, or neurons were not probed."}}
	if more := len(hidden) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	return Section{"Neurons", []Block{t}}
}

// leastNeeded is how many of the edges that matter least are listed.
const leastNeeded = 10

// minimalitySection is what F loses without each edge.
func (r CircuitReport) minimalitySection() Section {
	x := r.Result
	if len(x.Minimal) == 0 || len(x.Minimal) != len(x.Edges) || !x.Checks[0].Defined {
		return Section{}
	}
	order := make([]int, len(x.Minimal))
	lost := make([]float64, len(x.Minimal))
	needed, gain := 0, 0
	for k, m := range x.Minimal {
		order[k], lost[k] = k, m.Estimate
		switch {
		case m.Low > 0:
			needed++
		case m.High < 0:
			gain++
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareIntervals(x.Minimal[a], x.Minimal[b]) })
	slices.Sort(lost)
	at := func(q float64) float64 { return lost[int(math.Round(q*float64(len(lost)-1)))] }
	said := fmt.Sprintf("Without one edge, faithfulness (against %s) is less for %s of %s, the interval above 0; more for %s; for %s the interval includes 0. Of the losses, the least is %s, the middle half lies between %s and %s, and the most is %s.",
		x.Checks[0].Against, Count(needed), plural(len(lost), "edge"), Count(gain), Count(len(lost)-needed-gain), fineCell(lost[0]), fineCell(at(0.25)), fineCell(at(0.75)), fineCell(lost[len(lost)-1]))
	if needed < len(lost) {
		said += " The circuit is not minimal: edges were taken by their scores, not because F needs them."
	}
	t := Table{Caption: "Least needed", Columns: append(textColumns("edge"), numberColumns("F lost without", "95 % interval", "exact effect")...)}
	for _, k := range order[:min(len(order), leastNeeded)] {
		m := x.Minimal[k]
		t.Rows = append(t.Rows, []string{x.Edges[k].Source + "→" + x.Edges[k].Target, fineCell(m.Estimate), unit(SignedInterval(100*m.Low, 100*m.High), "pp"), Signed(x.Edges[k].Exact.Estimate)})
	}
	if more := len(order) - len(t.Rows); more > 0 {
		t.Notes = []Note{{Text: plural(more, "more edge") + " only in the JSON file."}}
	}
	return Section{"Is every edge needed?", []Block{Paragraph(said), t}}
}

// compareIntervals orders by estimate.
func compareIntervals(a, b ablate.Interval) int {
	switch {
	case a.Estimate < b.Estimate:
		return -1
	case a.Estimate > b.Estimate:
		return 1
	}
	return 0
}

// fineCell is a change of F, which may be far below a tenth of a point.
func fineCell(x float64) string { return unit(Signed(100*x), "pp") }

// droppedSection is what pruning left out.
func (r CircuitReport) droppedSection() Section {
	x := r.Result
	if len(x.Dropped) == 0 {
		if len(x.Edges) == 0 {
			return Section{}
		}
		return Section{"What was dropped", []Block{Paragraph("Nothing: all candidates were on a path from the image to an output.")}}
	}
	t := Table{Columns: append(textColumns("edge"), Column{"score", true})}
	for _, k := range sortedBySize(len(x.Dropped), func(k int) float64 { return x.Dropped[k].Score })[:min(len(x.Dropped), listedDropped)] {
		t.Rows = append(t.Rows, []string{strings.Replace(x.Dropped[k].Edge, "->", "→", 1), Signed(x.Dropped[k].Score)})
	}
	if more := len(x.Dropped) - len(t.Rows); more > 0 {
		t.Notes = []Note{{Text: plural(more, "more edge") + " only in the JSON file."}}
	}
	said := fmt.Sprintf("%s had a score that would have let them in, but %s on no path from the image to an output: nothing of the image reaches %s, or nothing reads what %s.",
		capital(plural(len(x.Dropped), "candidate")), map[bool]string{true: "is", false: "are"}[len(x.Dropped) == 1], map[bool]string{true: "it", false: "them"}[len(x.Dropped) == 1], map[bool]string{true: "it carries", false: "they carry"}[len(x.Dropped) == 1])
	return Section{"What was dropped", []Block{Paragraph(said), t}}
}
