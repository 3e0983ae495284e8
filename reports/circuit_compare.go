package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
)

// CircuitCompareReport is what a comparison of two circuits hands in.
type CircuitCompareReport struct {
	Result *circuit.Comparison
	Source
	Other string // the file of B's network
}

// CircuitCompare is the entry of a comparison of two circuits.
func CircuitCompare(r CircuitCompareReport) Entry {
	x := r.Result
	facts := []Fact{{"method", x.Method}, {"metric", x.Metric}, {"edges", Count(x.Size)}, {"bootstrap resamples", Count(x.Resamples)}, {"random draws", Count(x.Permutations)}}
	if !x.SameNetwork {
		facts = append([]Fact{{"model of B", r.Other}, {"model digest of B", x.B.Network}}, facts...)
	}
	return Entry{
		Kind:       "circuit-compare",
		Slug:       Slug("compare", x.A.Name, x.B.Name),
		Title:      fmt.Sprintf("Circuits of %s and %s compared", x.A.Name, x.B.Name),
		Question:   r.question(),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.sharedSection(), r.drawingSection(), r.crossSection(), r.layersSection(), r.nodesSection(), r.linksSection(), r.scoresSection(), r.matchingSection()),
		Exclusions: r.exclusions(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, facts...),
		Run:        r.Run,
		Data:       x,
	}
}

func (r CircuitCompareReport) question() string {
	x := r.Result
	if x.SameNetwork {
		return fmt.Sprintf("Does the network come to %s and to %s by the same wiring?", x.A.Name, x.B.Name)
	}
	what := x.A.Target.Name
	if x.A.Target != x.B.Target {
		what += " and to " + x.B.Target.Name
	}
	return fmt.Sprintf("Do two networks, %s and %s, come to %s by the same wiring?", x.A.Name, x.B.Name, what)
}

// compareAlpha is below which p the number of shared edges is told from chance.
const compareAlpha = 0.05

func (r CircuitCompareReport) answer() string {
	x := r.Result
	e, n, null := x.AllEdges, x.AllNeurons, x.Nulls[0]
	compared := ""
	if !x.SameNetwork {
		compared = " that have a counterpart"
	}
	said := fmt.Sprintf("The circuits of %s and %s, chosen on %s and %s pairs of select, share %s of %s and %s edges%s, where %s would be expected by chance (%s), and %s of %s and %s hidden neurons (%s expected, %s).",
		x.A.Name, x.B.Name, Count(x.A.SelectPairs), Count(x.B.SelectPairs), Count(e.Shared), Count(e.A), Count(e.B), compared, fixed(e.Expected, 1), equalsP(float64(null.Many)), Count(n.Shared), Count(n.A), Count(n.B), fixed(n.Expected, 1), equalsP(float64(n.P)))
	given := x.Nulls[len(x.Nulls)-1]
	switch mean := fixed(float64(given.Draws.Mean), 1); {
	case given.Many < compareAlpha:
		said += fmt.Sprintf(" That is more than the neurons that each has would make it (%s, %s).", mean, equalsP(float64(given.Many)))
	case given.Few < compareAlpha:
		said += fmt.Sprintf(" That is less than the neurons that each has would make it (%s, %s).", mean, equalsP(float64(given.Few)))
	default:
		said += fmt.Sprintf(" The neurons that each has would make it %s (%s): beyond them the edges cannot be told from chance.", mean, equalsP(float64(given.Many)))
	}
	if s := x.Scores; s.Shared > 0 {
		said += fmt.Sprintf(" Of the shared edges %s push y the same way (95 %% interval %s).", Percent(float64(s.SameSign)/float64(s.Shared)), PercentInterval(float64(s.Low), float64(s.High)))
	}
	if c := r.row(x.Cross[1], circuit.CrossOther); c != nil && x.Cross[1].Defined {
		own := r.row(x.Cross[1], circuit.CrossOwn)
		said += fmt.Sprintf(" Alone, the circuit of %s has a faithfulness of %s (%s) for %s, whose own has %s, on %s of the %s split.", x.A.Name, fixed(c.Faithfulness.Estimate, 2),
			interval(c.Faithfulness.Low, c.Faithfulness.High, 2, false), x.B.Name, fixed(own.Faithfulness.Estimate, 2), plural(x.Cross[1].Pairs, "pair"), x.Split)
	}
	return said
}

func (r CircuitCompareReport) row(t circuit.CrossTask, name string) *circuit.CrossRow {
	for k := range t.Rows {
		if t.Rows[k].Circuit == name {
			return &t.Rows[k]
		}
	}
	return nil
}

func (r CircuitCompareReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "Both circuits were found in the same way: every edge (what one neuron contributes to another's pre-activation) was scored by %s on the select split, the strongest by |score| were taken, "+
		"and edges on no path from the image to the output dropped, so that at most %s were left. A score is the effect on y of corrupting the edge. ", x.Method, Count(x.Size))
	for _, side := range []circuit.ComparedSide{x.A, x.B} {
		fmt.Fprintf(&s, "For %s, y is %s, a corrupted edge carries %s, and the circuit was chosen on %s. ", side.Name, yPhrase(x.Metric, side.Class, r.Set.Classes), edgeCarries(side.Against), plural(side.SelectPairs, "pair"))
	}
	if !x.SameNetwork {
		s.WriteString("Neurons of the two networks were matched by the correlation of their activations (means over positions) over the select images: two are homologues if each is the other's best match in its layer and the match beats " +
			"shuffled images (adjusted p below 0.05). Channels of the image and outputs are their own counterparts. Everything below counts only neurons with a homologue and edges between such; the chance expectations do too. ")
	}
	s.WriteString("Expected by chance: for neurons, that each circuit's in a layer are a random choice of that layer's (hypergeometric; all layers: the sum of independent ones); for edges, that each circuit's from one layer to another are a random choice of all there are. " +
		"Since edges of a circuit hang together, three nulls are drawn: the edges of B anew between the same layers; B's hidden neurons changing places within their layers, which keeps the circuit's shape; the edges of both anew among the neurons that each has, which asks for more than shared neurons. ")
	fmt.Fprintf(&s, "p is (b+1)/(m+1) of m = %s draws. Faithfulness is (y of the circuit alone − y with every edge corrupted) / (y whole − y with every edge corrupted) on the %s split, with a 95 %% bootstrap interval over pairs (%s)", Count(x.Permutations), x.Split, plural(x.Resamples, "resample"))
	if x.Random > 0 {
		fmt.Fprintf(&s, ", beside %s with as many edges from layer to layer", plural(x.Random, "random circuit"))
	}
	fmt.Fprintf(&s, ". Seed %d.", x.Seed)
	return s.String()
}

// sharedSection is the overlap beside chance.
func (r CircuitCompareReport) sharedSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("what"), numberColumns("there are", "in A", "in B", "shared", "Jaccard", "expected", "p")...), Terminal: true}
	for _, o := range []struct {
		name string
		circuit.Overlap
	}{{"hidden neurons", x.AllNeurons}, {"edges", x.AllEdges}} {
		t.Rows = append(t.Rows, []string{o.name, Count(o.All), Count(o.A), Count(o.B), Count(o.Shared), fixed(float64(o.Jaccard), 3), fixed(o.Expected, 1), PValue(float64(o.P))})
	}
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("A is %s, B is %s. Jaccard: shared in parts of those in either. Expected and p (of as many or more): hypergeometric, layer by layer.", x.A.Name, x.B.Name)})
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	n := Table{Caption: "Shared edges by chance", Columns: append(textColumns("circuits drawn at random by"), numberColumns("shared: mean", "95 % of draws", "seen", "p of as many", "p of as few")...), Terminal: true}
	for _, null := range x.Nulls {
		n.Rows = append(n.Rows, []string{null.Name, fixed(float64(null.Draws.Mean), 1), fmt.Sprintf("%s to %s", fixed(float64(null.Draws.Low), 0), fixed(float64(null.Draws.High), 0)), Count(x.AllEdges.Shared), PValue(float64(null.Many)), PValue(float64(null.Few))})
	}
	return Section{"What is shared", []Block{t, n}}
}

// layersSection has the same by layer.
func (r CircuitCompareReport) layersSection() Section {
	x := r.Result
	var blocks []Block
	for _, part := range []struct {
		caption, column string
		rows            []circuit.Overlap
	}{{"Hidden neurons", "layer", x.Neurons}, {"Edges", "from layer to layer", x.Layers}} {
		t := Table{Caption: part.caption, Columns: append(textColumns(part.column), numberColumns("there are", "in A", "in B", "shared", "expected", "p", "adjusted p")...)}
		for _, o := range part.rows[:min(len(part.rows), listedRows)] {
			t.Rows = append(t.Rows, []string{o.Name, Count(o.All), Count(o.A), Count(o.B), Count(o.Shared), fixed(o.Expected, 1), PValue(float64(o.P)), PValue(float64(o.Adjusted))})
		}
		t.Notes = []Note{{Text: fmt.Sprintf("Adjusted p: Benjamini and Hochberg over the %s of the table.", plural(len(part.rows), "row"))}}
		if more := len(part.rows) - len(t.Rows); more > 0 {
			t.Notes = append(t.Notes, Note{Text: plural(more, "more row") + " only in the JSON file."})
		}
		blocks = append(blocks, t)
	}
	return Section{"Layer by layer", blocks}
}

// crossSection is each circuit on each task.
func (r CircuitCompareReport) crossSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("task", "circuit"), numberColumns("edges", "faithfulness", "95 % interval", "random circuits: mean", "95 % of them", "p")...), Terminal: true}
	p := effectsPlot{axis: "faithfulness: 0 is every edge corrupted, 1 the whole network", series: []series{firstSeries("")},
		write: func(e effect) string { return fixed(e.estimate, 2) + "  " + interval(e.low, e.high, 2, false) }}
	for _, task := range x.Cross {
		for _, c := range task.Rows {
			if !task.Defined {
				t.Rows = append(t.Rows, []string{task.Side, c.Circuit, Count(c.Edges), Missing, Missing, Missing, Missing, Missing})
				continue
			}
			f := c.Faithfulness
			random, span := Missing, Missing
			if c.Random.N > 0 {
				random, span = fixed(float64(c.Random.Mean), 3), interval(float64(c.Random.Low), float64(c.Random.High), 3, false)
			}
			t.Rows = append(t.Rows, []string{task.Side, c.Circuit, Count(c.Edges), fixed(f.Estimate, 3), interval(f.Low, f.High, 3, false), random, span, PValue(float64(c.P))})
			p.rows = append(p.rows, effectRow{elide(task.Side, 14) + ": " + c.Circuit, []*effect{{f.Estimate, f.Low, f.High}}})
		}
	}
	t.Notes = []Note{{Text: "Each circuit alone, all other edges corrupted with what the task's own reference says. p: the share of random circuits of as many edges from layer to layer that are at least as faithful. A faithfulness below 0 or above 1 is possible: edges that were left out may work either way."}}
	s := Section{"Does one's circuit work for the other?", []Block{t}}
	if len(p.rows) > 0 {
		s.Blocks = append(s.Blocks, Figure{File: "cross.png", PNG: p.png(), Alt: "Faithfulness of each circuit on each task, with 95 % intervals, as in the table", Caption: "Faithfulness of each circuit alone on each task, with 95 % intervals."})
	}
	return s
}

// shownShared and shownOnly are how many rows the tables of neurons and edges have.
const (
	shownShared = 20
	shownOnly   = 8
)

// nodesSection lists the neurons that both have, and the strongest of those that one has.
func (r CircuitCompareReport) nodesSection() Section {
	x := r.Result
	var both, onlyA, onlyB []circuit.ComparedNode
	for _, n := range x.Nodes {
		switch {
		case n.InA && n.InB:
			both = append(both, n)
		case n.InA:
			onlyA = append(onlyA, n)
		default:
			onlyB = append(onlyB, n)
		}
	}
	return Section{"Neurons", nonEmptyTables(r.nodesTable("In both", both, shownShared), r.nodesTable("Only in A, "+x.A.Name, onlyA, shownOnly), r.nodesTable("Only in B, "+x.B.Name, onlyB, shownOnly))}
}

func nonEmptyTables(tables ...Table) (blocks []Block) {
	for _, t := range tables {
		if len(t.Rows) > 0 {
			blocks = append(blocks, t)
		} else {
			blocks = append(blocks, Paragraph(t.Caption+": none."))
		}
	}
	return blocks
}

func (r CircuitCompareReport) nodesTable(caption string, nodes []circuit.ComparedNode, most int) Table {
	x := r.Result
	t := Table{Caption: caption, Columns: textColumns("neuron", "layer", "label")}
	if !x.SameNetwork {
		t.Columns = append(append(textColumns("in A", "in B"), numberColumns("r")...), textColumns("layer", "label in A", "label in B")...)
	}
	t.Columns = append(t.Columns, numberColumns("edges in A", "in B", "share of Σ|score|, A", "B")...)
	for _, n := range nodes[:min(len(nodes), most)] {
		row := []string{n.ID, n.Layer, n.Label}
		if !x.SameNetwork {
			row = []string{n.ID, n.Other, fixed(float64(n.R), 2), n.Layer, n.Label, n.LabelB}
		}
		t.Rows = append(t.Rows, append(row, Count(n.EdgesA), Count(n.EdgesB), Percent(n.ShareA), Percent(n.ShareB)))
	}
	if len(t.Rows) > 0 {
		t.Notes = []Note{{Text: "Share: Σ|score| of the neuron's edges in parts of the whole circuit's; each edge counts for both of its ends. Sorted by both shares together."}}
	}
	if more := len(nodes) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	return t
}

// linksSection lists edges the same way.
func (r CircuitCompareReport) linksSection() Section {
	x := r.Result
	var both, onlyA, onlyB []circuit.ComparedLink
	for _, l := range x.Links {
		switch {
		case l.Shared():
			both = append(both, l)
		case l.InA:
			onlyA = append(onlyA, l)
		default:
			onlyB = append(onlyB, l)
		}
	}
	return Section{"Edges", nonEmptyTables(r.linksTable("In both", both, shownShared), r.linksTable("Only in A, "+x.A.Name, onlyA, shownOnly), r.linksTable("Only in B, "+x.B.Name, onlyB, shownOnly))}
}

func (r CircuitCompareReport) linksTable(caption string, links []circuit.ComparedLink, most int) Table {
	x := r.Result
	labels := map[model.Address]string{}
	for _, n := range x.Nodes {
		labels[n.Neuron] = n.Label
	}
	t := Table{Caption: caption, Columns: textColumns("edge")}
	if !x.SameNetwork {
		t.Columns = append(t.Columns, Column{"in B", false})
	}
	t.Columns = append(t.Columns, textColumns("sender", "receiver")...)
	t.Columns = append(t.Columns, numberColumns("contribution", "score A", "score B", "rank A", "rank B")...)
	t.Columns = append(t.Columns, Column{"sign", false})
	for _, l := range links[:min(len(links), most)] {
		row := []string{l.Edge.String()}
		if !x.SameNetwork {
			row = append(row, l.Other)
		}
		sign := "same"
		if !l.SameSign() {
			sign = "opposite"
		}
		t.Rows = append(t.Rows, append(row, labels[l.Edge.From], labels[l.Edge.To], Signed(noDust(l.Contribution)), Signed(noDust(l.ScoreA)), Signed(noDust(l.ScoreB)), Count(l.RankA), Count(l.RankB), sign))
	}
	if len(t.Rows) > 0 {
		t.Notes = []Note{{Text: "Score: the effect on one's own y of corrupting the edge, from select; below 0 it works for y. Rank: by |score| among all edges of the network. Sorted by the larger |score|. Labels are of A's network."}}
	}
	if more := len(links) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more edge") + " only in the JSON file."})
	}
	return t
}

// scoresSection holds the scores of all edges against each other.
func (r CircuitCompareReport) scoresSection() Section {
	x := r.Result
	s := x.Scores
	said := fmt.Sprintf("Over all %s that can be compared, the scores of A and B have a rank correlation (Spearman) of %s, their sizes of %s.", plural(s.Edges, "edge"), fixed(float64(s.Spearman), 3), fixed(float64(s.Sizes), 3))
	if s.Shared > 0 {
		said += fmt.Sprintf(" Of %s, %s have scores of one sign, %s (95 %% interval %s; sign test against a half: %s).", plural(s.Shared, "shared edge"), Count(s.SameSign), Percent(float64(s.SameSign)/float64(s.Shared)),
			PercentInterval(float64(s.Low), float64(s.High)), equalsP(float64(s.P)))
	}
	said += " Scores of edges that share a neuron are not independent, so that interval and p are too good."
	p := scatterPlot{x: "score in A, " + x.A.Name, y: "score in B, " + x.B.Name, sign: true, diagonal: "equal scores", marked: "in both circuits", plain: "in one of them"}
	for _, l := range x.Links {
		p.points = append(p.points, scatterPoint{label: l.Edge.String(), x: effect{l.ScoreA, l.ScoreA, l.ScoreA}, y: effect{l.ScoreB, l.ScoreB, l.ScoreB}, marked: l.Shared()})
	}
	return Section{"Scores", []Block{Paragraph(said), Figure{File: "scores.png", PNG: p.png(), Alt: "Score of each edge of either circuit in A against that in B", Caption: "Scores of all edges of either circuit, from select: the effect on one's own y of corrupting the edge."}}}
}

// matchingSection says how the neurons of two networks were matched.
func (r CircuitCompareReport) matchingSection() Section {
	x := r.Result
	if x.SameNetwork {
		return Section{}
	}
	t := Table{Columns: append(textColumns("layer"), numberColumns("neurons", "with a homologue", "share", "median r")...)}
	for _, m := range x.Matching {
		t.Rows = append(t.Rows, []string{m.Layer, Count(m.Neurons), Count(m.Matched), Percent(float64(m.Matched) / float64(max(1, m.Neurons))), fixed(float64(m.R), 2)})
	}
	said := fmt.Sprintf("%s of A's %s have a counterpart in B's network.", Count(x.Comparable), plural(x.EdgesInNetwork, "edge"))
	for _, s := range []circuit.ComparedSide{x.A, x.B} {
		said += fmt.Sprintf(" Of the circuit of %s, %s of %s and %s of %s were left out.", s.Name, Count(s.LeftOutEdges), plural(s.Edges, "edge"), Count(s.LeftOutNeurons), plural(s.Neurons, "hidden neuron"))
	}
	return Section{"Homologous neurons", []Block{Paragraph(said), t}}
}

func (r CircuitCompareReport) exclusions() []Exclusion {
	var out []Exclusion
	for _, s := range []circuit.ComparedSide{r.Result.A, r.Result.B} {
		if s.Excluded > 0 {
			out = append(out, Exclusion{Count: s.Excluded, What: fmt.Sprintf("images of %s without a counterpart (against %s)", s.Name, s.Against)})
		}
		if s.LeftOutEdges > 0 {
			out = append(out, Exclusion{Count: s.LeftOutEdges, What: fmt.Sprintf("edges of the circuit of %s without a counterpart in the other network", s.Name)})
		}
	}
	return out
}

func (r CircuitCompareReport) caveats() []string {
	x := r.Result
	c := []string{
		fmt.Sprintf("What is shared depends on the size: of larger circuits more is shared, by chance too. Here both were to have %s.", plural(x.Size, "edge")),
		"An edge in both circuits carries something for both; that it carries the same for both does not follow.",
		"Circuits are chosen by scores, the strongest first: an edge just below the cut counts as absent. The ranks beside the scores show how far below.",
		"Edges near the output are in most circuits, because all paths end there; the comparison by layer shows it.",
	}
	if x.SameNetwork {
		if len(r.Set.Classes) == 2 && !x.A.Target.IsFeature() && !x.B.Target.IsFeature() && x.A.Class != x.B.Class && x.Metric == "logit-diff" {
			c = append(c, "With two classes the two y are the same number with opposite signs: the circuits differ because the images do, not because the outputs do. --metric logit asks for each output by itself.")
		}
		return append(c, "One network is one specimen (n = 1). Whether two circuits overlap in networks like this, several specimens tell.")
	}
	return append(c,
		"A homologue answers the images alike; that it does the same work does not follow. Neurons without one may still have a counterpart in several neurons together.",
		"Two networks are two specimens (n = 2): what they share may be shared by all networks raised like this, or by these two.")
}
