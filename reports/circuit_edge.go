package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

// CircuitEdgeReport is what path patching along one edge hands in.
type CircuitEdgeReport struct {
	Result *circuit.EdgeResult
	Source
}

// CircuitEdge is the entry of path patching along one edge.
func CircuitEdge(r CircuitEdgeReport) Entry {
	x := r.Result
	return Entry{
		Kind:       "circuit-edge",
		Slug:       Slug("edge", strings.Replace(x.Name, "->", "-", 1)),
		Title:      fmt.Sprintf("Edge %s (%s to %s)", x.Name, x.Sender.Layer, x.Receiver.Layer),
		Question:   fmt.Sprintf("What reaches %s through the edge %s alone?", r.y(), x.Name),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.effectSection(), r.contextSection(), r.answersSection(), r.intoSection(), r.matchedSection(), r.doseSection(), r.positionsSection()),
		Exclusions: r.exclusions(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"target", x.Target.Name}, Fact{"metric", x.Metric}, Fact{"leading corruption", string(r.lead().Against)},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Run:  r.Run,
		Data: x,
	}
}

func (r CircuitEdgeReport) lead() circuit.EdgeKind { return r.Result.Kinds[0] }

// y says what y is.
func (r CircuitEdgeReport) y() string {
	return circuitMetric(r.Result.Metric, r.Result.Class, r.Set.Classes)
}

// circuitMetric says in a sentence what the metric of a circuit is.
func circuitMetric(metric, class string, classes []string) string {
	if metric == "logit" || len(classes) < 2 {
		return fmt.Sprintf("the logit of %s", class)
	}
	if len(classes) > 2 {
		return fmt.Sprintf("the logit of %s minus the mean of the others'", class)
	}
	other := classes[0]
	if other == class {
		other = classes[1]
	}
	return fmt.Sprintf("the logit of %s minus that of %s", class, other)
}

// edgeCarries says what a corrupted edge carries, after "carries".
func edgeCarries(a circuit.Against) string {
	switch a {
	case circuit.Twins:
		return "what it carries on the image's twin"
	case circuit.Resample:
		return "what it carries on another image"
	case circuit.Mean:
		return "its mean over the select images, position by position"
	}
	return "nothing"
}

func edgeWords(i ablate.Interval) string {
	return fmt.Sprintf("%s (95 %% interval %s)", Signed(noDust(i.Estimate)), SignedInterval(i.Low, i.High))
}

func edgeShare(e circuit.EdgeEffect) (share, span string) {
	return finePercent(float64(e.Share)), edgeSpan(e.ShareLow, e.ShareHigh)
}

func edgeSpan(low, high probe.Number) string {
	return unit(Interval(100*float64(low), 100*float64(high)), "%")
}

// finePercent is Percent with three significant figures for shares that are small.
func finePercent(x float64) string {
	if math.Abs(x) < 0.1 {
		return unit(Number(noDust(100*x)), "%")
	}
	return Percent(x)
}

func (r CircuitEdgeReport) answer() string {
	x, k := r.Result, r.lead()
	var said string
	if k.Noising.Told() {
		said = fmt.Sprintf("When %s alone carries %s, %s changes by %s", x.Name, edgeCarries(k.Against), r.y(), edgeWords(k.Noising.Effect))
		if share, span := edgeShare(k.Noising); share != Missing {
			said += fmt.Sprintf(", which is %s (%s) of what all edges together carry", share, span)
		}
	} else {
		said = fmt.Sprintf("No effect of %s alone on %s can be told from 0: when it carries %s, y changes by %s", x.Name, r.y(), edgeCarries(k.Against), edgeWords(k.Noising.Effect))
	}
	said += fmt.Sprintf(", on %s of the %s split", plural(k.Pairs, "image"), x.Split)
	var ranks []string
	if len(x.Into.Edges) > 0 {
		ranks = append(ranks, fmt.Sprintf("%d of %d among the edges into %s", x.Into.Rank, len(x.Into.Edges)+1, x.Receiver.ID))
	}
	if len(x.Matched.Edges) > 0 {
		ranks = append(ranks, fmt.Sprintf("%d of %d among edges that carry about as much", x.Matched.Rank, len(x.Matched.Edges)+1))
	}
	if len(ranks) > 0 {
		said += "; its rank is " + enumerate(ranks)
	}
	return strings.TrimSpace(said + ". " + r.agreement())
}

// agreement says whether the kinds of corruption agree.
func (r CircuitEdgeReport) agreement() string {
	x := r.Result
	disagree, opposite := 0, 0
	for _, c := range x.Contrasts {
		if c.Verdict.Disagree() {
			disagree++
		}
		if c.Verdict == ablate.Opposite {
			opposite++
		}
	}
	switch {
	case len(x.Contrasts) == 0:
		return ""
	case disagree == 0:
		return fmt.Sprintf("The %d kinds of corruption do not contradict each other.", len(x.Kinds))
	case opposite == 0:
		return fmt.Sprintf("The kinds of corruption agree on the direction, but not on the size: %d of %d comparisons lie apart.", disagree, len(x.Contrasts))
	}
	return fmt.Sprintf("The kinds of corruption disagree: %d of %d comparisons lie apart, %d of them with opposite signs.", disagree, len(x.Contrasts), opposite)
}

func (r CircuitEdgeReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "Path patching (Goldowsky-Dill et al. 2023) along one edge. The edge %s is what %s contributes to the pre-activation of %s. Corrupted, this contribution and nothing else takes another value; "+
		"%s goes on as it is to all other receivers, and what follows %s is computed anew. ", x.Name, x.Sender.ID, x.Receiver.ID, x.Sender.ID, x.Receiver.ID)
	fmt.Fprintf(&s, "y is %s. Clean images are %s. ", r.y(), r.images())
	s.WriteString("Noising corrupts the edge in the clean run; denoising restores its clean value in the corrupted run. Effect = y with the intervention − y without. ")
	for _, k := range x.Kinds {
		fmt.Fprintf(&s, "%s: the edge carries %s%s. ", capital(string(k.Against)), edgeCarries(k.Against), r.counterpart(k.Against))
	}
	s.WriteString("Shares are of clean − corrupted: y of the clean run minus y with every edge of the network corrupted the same way; noising's share is what it takes, denoising's what it gives back, each a ratio of means. ")
	fmt.Fprintf(&s, "Intervals are 95 %% bootstrap intervals over images (%s). p is a two-sided sign-flip test of the mean effect (%s), adjusted by Benjamini and Hochberg over all %s of the edge, its sender and its receiver. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(x.Tests, "test"))
	fmt.Fprintf(&s, "Matched edges are chosen by what they carry on select. An effect within the rounding of 32-bit logits counts as 0. Seed %d. ", x.Seed)
	if x.Sham.Identical {
		fmt.Fprintf(&s, "Sham: the edge patched from the run itself left every logit of %s bit-identical, by the plain forward pass and by the sweep that measures all arms.", plural(x.Sham.Images, "image"))
	} else {
		s.WriteString("There was no sham arm.")
	}
	return s.String()
}

// images says which images are clean.
func (r CircuitEdgeReport) images() string {
	x := r.Result
	switch {
	case !x.Target.IsFeature():
		return fmt.Sprintf("those of %s", x.Target.Name)
	case r.Set.HasTwins():
		return fmt.Sprintf("drawn with the feature %s, all else as it is", x.Target.Name)
	}
	return fmt.Sprintf("those with the feature %s", x.Target.Name)
}

// counterpart says which image the counterpart is.
func (r CircuitEdgeReport) counterpart(a circuit.Against) string {
	t := r.Result.Target
	switch {
	case a == circuit.Twins && t.IsFeature():
		return " (the same image without the feature)"
	case a == circuit.Twins:
		return " (the same image with one feature flipped, at random among those whose state is typical of the class)"
	case a == circuit.Resample && t.IsFeature():
		return " (at random, without the feature, of the same class where there is one)"
	case a == circuit.Resample:
		return " (at random, of another class)"
	}
	return ""
}

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

func edgeLabel(e circuit.EdgeEnd) string {
	if e.Label == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", e.Label)
}

// edgeSign names the sign of a contribution.
func edgeSign(contribution float64) string {
	switch {
	case contribution > 0:
		return "excitatory"
	case contribution < 0:
		return "inhibitory"
	}
	return "neither excitatory nor inhibitory"
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

func (r CircuitEdgeReport) rank(c circuit.EdgeControls) string {
	n := len(c.Edges) + 1
	return fmt.Sprintf("By the size of its effect, %s has rank %d of %d (%s, which is the share with an effect at least as large and cannot be below 1/%d).", r.Result.Name, c.Rank, n, equalsP(float64(c.P)), n)
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

// shownEdges is how many other edges a table shows.
const shownEdges = 12

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

func (r CircuitEdgeReport) exclusions() []Exclusion {
	var out []Exclusion
	for _, k := range r.Result.Kinds {
		if k.Excluded > 0 {
			out = append(out, Exclusion{Count: k.Excluded, What: fmt.Sprintf("images without a counterpart against %s", k.Against)})
		}
	}
	return out
}

func (r CircuitEdgeReport) caveats() []string {
	c := []string{
		"The effect is of this edge alone. Where another edge stands in for it (OR), noising shows nothing and denoising all; where it needs another (AND), the reverse.",
		"An edge carries all that its sender says, not one concept: a label says what the sender is tuned to, not what passes here.",
	}
	if r.lead().Against == circuit.Zero {
		c = append(c, "A contribution of 0 is off-distribution: part of the effect may come from the missing level, which what follows is adapted to.")
	}
	return append(c,
		"The rank p compares edges of this network, which are not independent of each other; it says how usual the effect is here, and nothing of other networks.",
		"With many images even a tiny effect is detected: look at its size and its share.",
		"One network is one specimen (n = 1): images are repeated measures within it. In a network raised from another seed this edge is another one.")
}
