package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

func (r CircuitEdgeReport) effectSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("corrupted with", "direction"), numberColumns("effect on y", "95 % interval", "share of clean − corrupted", "95 % interval", "p", "adjusted p", "images")...), Terminal: true}
	p := effectsPlot{axis: "effect on y (with the edge patched − without)", series: []series{firstSeries("noising"), secondSeries("denoising")},
		write: func(e effect) string { return Signed(noDust(e.estimate)) + "  " + SignedInterval(e.low, e.high) }}
	row := func(k circuit.EdgeKind, direction string, e circuit.EdgeEffect) *effect {
		share, span := edgeShare(e)
		t.Rows = append(t.Rows, []string{string(k.Against), direction, Signed(noDust(e.Effect.Estimate)), SignedInterval(e.Effect.Low, e.Effect.High), share, span,
			PValue(float64(e.P)), PValue(float64(e.Adjusted)), Count(k.Pairs)})
		return &effect{e.Effect.Estimate, e.Effect.Low, e.Effect.High}
	}
	for _, k := range x.Kinds {
		effects := []*effect{row(k, "noising", k.Noising), nil}
		if k.Denoising != nil {
			effects[1] = row(k, "denoising", *k.Denoising)
		}
		p.rows = append(p.rows, effectRow{string(k.Against), effects})
	}
	if slices.ContainsFunc(x.Kinds, func(k circuit.EdgeKind) bool { return k.Denoising == nil }) {
		t.Notes = append(t.Notes, Note{Text: "There is no denoising against mean and zero, which are no run on images."})
	}
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	blocks := []Block{t, Figure{File: "effect.png", PNG: p.png(), Alt: "Effect of patching the edge on y by each kind of corruption, with 95 % intervals, as in the table",
		Caption: "Effect of the edge alone on y, with 95 % intervals."}}
	return Section{"Effect", append(blocks, r.contrasts()...)}
}

// contrasts hold the kinds against each other.
func (r CircuitEdgeReport) contrasts() []Block {
	x := r.Result
	if len(x.Contrasts) == 0 {
		return nil
	}
	t := Table{Caption: "Paired differences between kinds (noising)", Columns: append(append(textColumns("kinds"), numberColumns("difference", "95 % interval", "images")...), textColumns("verdict")...)}
	for _, c := range x.Contrasts {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%s − %s", c.Kinds[1], c.Kinds[0]), Signed(noDust(c.Difference.Estimate)), SignedInterval(c.Difference.Low, c.Difference.High), Count(c.Images), string(c.Verdict)})
	}
	t.Notes = append(t.Notes, Note{Text: "The kinds ask different things. Zero takes away all that the edge carries, mean what varies from image to image, resample what differs between images, twins what one feature makes. Effects may differ in size where all are right."})
	return []Block{t}
}

// contextSection is what the edge carries, and what its two neurons do.
func (r CircuitEdgeReport) contextSection() Section {
	x := r.Result
	said := fmt.Sprintf("On clean images %s%s contributes %s to the pre-activation of %s%s, on average over images and positions: it is %s. ", x.Sender.ID, edgeLabel(x.Sender), Signed(noDust(x.Into.Edge.Mean)), x.Receiver.ID, edgeLabel(x.Receiver), edgeSign(x.Into.Edge.Mean))
	said += fmt.Sprintf("The mean pre-activation is %s, its bias %s. ", Signed(noDust(x.PreActivation)), Signed(noDust(x.Bias)))
	if n := len(x.Into.Edges); n > 0 {
		said += fmt.Sprintf("That is %s of the sum of all %s' mean contributions in size, rank %d. ", Percent(float64(x.Into.Edge.Share)), plural(n+1, "edge"), x.DriveRank())
	}
	if x.Synapses > 0 {
		said += fmt.Sprintf("The edge has %s with a sum of %s.", plural(x.Synapses, "weight"), Signed(noDust(x.Weight)))
	} else {
		said += "It is a skip connection, without weights."
	}
	t := Table{Columns: append(textColumns("corrupted with"), numberColumns("carried, clean", "carried, corrupted", "y clean", "y all corrupted", "this edge", "all edges of "+x.Sender.ID, "this edge's share", "95 % interval", x.Receiver.ID+" as a whole", "this edge's share", "95 % interval")...)}
	for _, k := range x.Kinds {
		row := []string{string(k.Against), Signed(noDust(k.Contribution)), Signed(noDust(k.Reference)), Signed(noDust(k.Clean)), Signed(noDust(k.Corrupted)), Signed(noDust(k.Noising.Effect.Estimate))}
		for _, w := range []struct {
			e circuit.EdgeEffect
			s circuit.EdgeShare
		}{{k.Sender, k.ThroughSender}, {k.Receiver, k.ThroughReceiver}} {
			row = append(row, Signed(noDust(w.e.Effect.Estimate)), finePercent(float64(w.s.Share)), edgeSpan(w.s.Low, w.s.High))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{
		{Text: "Effects on y by noising. Of the sender, all its outgoing edges were corrupted the same way; of the receiver too (of an output neuron, its logit)."},
		{Text: "The shares need not add up over edges: paths that meet again interact. A share below 0 or above 100 % means that the rest works against this edge. –: the whole neuron's effect cannot be told from 0."},
	}
	return Section{"The edge and its two neurons", []Block{Paragraph(strings.TrimSpace(said)), t}}
}

// answersSection counts changed answers.
func (r CircuitEdgeReport) answersSection() Section {
	t := Table{Columns: append(textColumns("corrupted with"), numberColumns("right, clean", "right, edge corrupted", "right → wrong", "wrong → right", "McNemar p", "images")...)}
	for _, k := range r.Result.Kinds {
		t.Rows = append(t.Rows, []string{string(k.Against), Percent(k.Right), Percent(k.RightPatched), Count(k.ToWrong), Count(k.ToRight), PValue(float64(k.McNemarP)), Count(k.Pairs)})
	}
	what := "Accuracy on the clean images"
	if x := r.Result; !x.Target.IsFeature() {
		what = fmt.Sprintf("All clean images are of %s, so that this is its recall", x.Target.Name)
	}
	t.Notes = []Note{{Text: what + "; noising. McNemar's exact test, not adjusted."}}
	return Section{"Changed answers", []Block{t}}
}

// intoSection sets the edge among all edges into its receiver.
func (r CircuitEdgeReport) intoSection() Section {
	x := r.Result
	title := fmt.Sprintf("All edges into %s", x.Receiver.ID)
	if len(x.Into.Edges) == 0 {
		return Section{title, []Block{Paragraph("Left out: " + x.Into.Why + ".")}}
	}
	return Section{title, []Block{
		Paragraph(fmt.Sprintf("Each edge into %s was corrupted alone, the same way (%s, noising). %s", x.Receiver.ID, r.lead().Against, r.rank(x.Into))),
		r.lane("into.png", x.Into, plural(len(x.Into.Edges), "other edge")+" into "+x.Receiver.ID),
		r.controlsTable(x.Into, true),
	}}
}

// matchedSection sets it among edges that carry about as much.
func (r CircuitEdgeReport) matchedSection() Section {
	x := r.Result
	if len(x.Matched.Edges) == 0 {
		return Section{"Matched edges", []Block{Paragraph("Left out: " + x.Matched.Why + ".")}}
	}
	return Section{"Matched edges", []Block{
		Paragraph(fmt.Sprintf("The %s between %s and %s whose mean |contribution| on select is nearest to this edge's, each corrupted alone, the same way (%s, noising). They ask whether the effect is this edge's own or that of any edge that carries as much. %s",
			plural(len(x.Matched.Edges), "other edge"), x.Sender.Layer, x.Receiver.Layer, r.lead().Against, r.rank(x.Matched))),
		r.lane("matched.png", x.Matched, plural(len(x.Matched.Edges), "matched edge")),
		r.controlsTable(x.Matched, false),
	}}
}

func (r CircuitEdgeReport) lane(file string, c circuit.EdgeControls, others string) Figure {
	at := func(e circuit.EdgeControl) effect { return effect{e.Effect.Estimate, e.Effect.Low, e.Effect.High} }
	p := lanePlot{axis: "effect on y (noising)", name: r.Result.Name, target: at(c.Edge), kind: others}
	for _, e := range c.Edges {
		p.others = append(p.others, at(e))
	}
	return Figure{File: file, PNG: p.png(), Alt: "Effects of the other edges as dots on one axis, with this edge's effect below them, as in the table",
		Caption: fmt.Sprintf("Effect on y of corrupting each edge alone (%s).", r.lead().Against)}
}

func (r CircuitEdgeReport) controlsTable(c circuit.EdgeControls, share bool) Table {
	t := Table{Columns: append(textColumns("edge", "sender"), numberColumns("contribution", "mean |contribution|")...)}
	if share {
		t.Columns = append(t.Columns, Column{"share of drive", true})
	}
	t.Columns = append(t.Columns, numberColumns("effect on y", "95 % interval")...)
	row := func(e circuit.EdgeControl, name string) {
		cells := []string{name, e.Label, Signed(noDust(e.Mean)), Number(noDust(e.Size))}
		if share {
			cells = append(cells, Percent(float64(e.Share)))
		}
		t.Rows = append(t.Rows, append(cells, Signed(noDust(e.Effect.Estimate)), SignedInterval(e.Effect.Low, e.Effect.High)))
	}
	row(c.Edge, c.Edge.Name+" (this)")
	for _, e := range c.Edges[:min(len(c.Edges), shownEdges)] {
		row(e, e.Name)
	}
	order := "the nearest first"
	if share {
		order = "the largest effect first"
		t.Notes = append(t.Notes, Note{Text: "Share of drive: |contribution| in parts of the sum over all edges into the receiver. Contributions are from clean images."})
	} else {
		t.Notes = append(t.Notes, Note{Text: "Contributions are from select images, effects from the measured ones."})
	}
	t.Notes = append(t.Notes, Note{Text: "Other edges: " + order + "."})
	if more := len(c.Edges) - shownEdges; more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more edge") + " only in the JSON file."})
	}
	return t
}

func (r CircuitEdgeReport) doseSection() Section {
	d := r.Result.Dose
	t := Table{Columns: numberColumns("dose", "contribution times", "effect on y", "95 % interval")}
	line := doseLine{series: firstSeries("effect on y, with 95 % interval")}
	for k, dose := range d.Doses {
		e := d.Effects[k]
		t.Rows = append(t.Rows, []string{signedFixed(dose, 3), fixed(1-dose, 3), Signed(noDust(e.Estimate)), SignedInterval(e.Low, e.High)})
		line.effects = append(line.effects, effect{e.Estimate, e.Low, e.High})
	}
	return Section{"Dose–response", []Block{
		Paragraph("At dose d what the edge carries is multiplied by 1 − d: 0 leaves it, 1 takes all of it away (as against zero), below 0 it carries more than it does."),
		Figure{File: "dose.png", PNG: dosePlot{what: "what the edge carries", axis: "effect on y", doses: d.Doses, lines: []doseLine{line}}.png(), Alt: "Effect on y by dose, as in the table", Caption: "Effect on y by the share of the edge that is taken away."},
		t,
	}}
}

func (r CircuitEdgeReport) positionsSection() Section {
	m := r.Result.Positions
	if m == nil {
		return Section{}
	}
	strongest := 0
	for k, v := range m.Effect {
		if math.Abs(v) > math.Abs(m.Effect[strongest]) {
			strongest = k
		}
	}
	at := r.Result.Receiver.Neuron
	at.Row, at.Col = strongest/m.Cols, strongest%m.Cols
	maps := edgeMaps{rows: m.Rows, cols: m.Cols, maps: []edgeMap{
		{"contribution, clean", m.Contribution, nil},
		{"corrupted − clean", m.Change, nil},
		{"effect on y of this position alone", m.Effect, func(k int) bool { return m.Adjusted[k] < float64(probe.Alpha) }},
	}}
	said := fmt.Sprintf("The edge corrupted (%s) at one position of %s after another. At %d of %s the effect on y can be told from 0 (sign flips, adjusted over all positions). The strongest is %v with %s. ",
		r.lead().Against, r.Result.Receiver.ID, m.Told, plural(len(m.Effect), "position"), at, Signed(noDust(m.Effect[strongest])))
	said += fmt.Sprintf("The effects of all positions add up to %s; corrupted at once they make %s, and the difference is what they do together (activation and pooling, and layers behind).", Signed(noDust(m.Sum)), Signed(noDust(m.All)))
	return Section{"Position by position", []Block{Paragraph(said), Figure{File: "positions.png", PNG: maps.png(),
		Alt:     "Three maps over the receiver's positions: what the edge carries on clean images, what corrupting changes of it, and the effect on y of corrupting each position alone",
		Caption: "Maps over the positions of the receiver, before pooling; all numbers are in the JSON file. Blue is above 0, vermillion below; minus signs mark cells below 0, and in the last map signs mark only positions told from 0."}}}
}
