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

// CircuitReport is what a search for a circuit hands in.
type CircuitReport struct {
	Result circuit.Result
	Source
}

// listedEdges, listedMembers and listedDropped are how many rows the tables have at most.
const (
	listedEdges   = 30
	listedMembers = 30
	listedDropped = 10
)

// Circuit is the entry of a circuit and its checks.
func Circuit(r CircuitReport) Entry {
	x := r.Result
	e := Entry{
		Kind:     "circuit",
		Slug:     Slug("circuit", x.Target.Name),
		Title:    "Circuit for " + x.Target.Name,
		Question: r.question(),
		Answer:   r.answer(),
		Method:   r.method(),
		Warnings: r.warnings(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"method", x.Method}, Fact{"other edges carry", string(x.Against)}, Fact{"metric", x.Metric},
			Fact{"random circuits", Count(x.Random)}, Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Run:  r.Run,
		Data: r.data(),
	}
	if x.Excluded > 0 {
		e.Exclusions = []Exclusion{{Count: x.Excluded, What: "images of the select and the measured split without a counterpart"}}
	}
	for _, s := range []Section{r.drawingSection(), r.checksSection(), r.curveSection(), r.edgesSection(), r.scoresSection(), r.neuronsSection(), r.minimalitySection(), r.droppedSection()} {
		if len(s.Blocks) > 0 {
			e.Sections = append(e.Sections, s)
		}
	}
	return e
}

// data is the result for programs. Nodes and edges are in the graph, in networkx's node-link form, and
// only there: the fields of the result that hold them are hidden by the two without a value.
func (r CircuitReport) data() any {
	type nodeLink struct {
		Directed   bool           `json:"directed"`
		Multigraph bool           `json:"multigraph"`
		Graph      struct{}       `json:"graph"`
		Nodes      []circuit.Node `json:"nodes"`
		Edges      []circuit.Link `json:"edges"`
	}
	return struct {
		circuit.Result
		Graph nodeLink `json:"graph"`
		Nodes *bool    `json:"nodes,omitempty"`
		Edges *bool    `json:"edges,omitempty"`
	}{Result: r.Result, Graph: nodeLink{Directed: true, Nodes: append([]circuit.Node{}, r.Result.Nodes...), Edges: append([]circuit.Link{}, r.Result.Edges...)}}
}

func (r CircuitReport) question() string {
	x := r.Result
	if x.Target.IsFeature() {
		return fmt.Sprintf("Through which neurons and connections does %s in an image act on the answer %s?", x.Target.Name, x.Class)
	}
	return fmt.Sprintf("Through which neurons and connections does the network come to the answer %s?", x.Class)
}

// y is what is explained, in a sentence.
func (r CircuitReport) y() string {
	if r.Result.Metric == "logit" {
		return "logit of " + r.Result.Class
	}
	return "logit difference for " + r.Result.Class
}

// carrying says what all other edges do under a reference.
func (r CircuitReport) carrying(a circuit.Against) string {
	x := r.Result
	switch a {
	case circuit.Mean:
		return "its mean over the select images"
	case circuit.Zero:
		return "nothing"
	case circuit.Resample:
		if x.Target.IsFeature() {
			return fmt.Sprintf("what it carries on another image, without %s", x.Target.Name)
		}
		return "what it carries on a random image of another class"
	}
	if x.Target.IsFeature() {
		return fmt.Sprintf("what it carries on the same image drawn again without %s", x.Target.Name)
	}
	return fmt.Sprintf("what it carries on the same image drawn again with one feature typical of %s flipped", x.Class)
}

// images counts what a check was made on.
func (r CircuitReport) images(a circuit.Against, n int) string {
	if a == circuit.Twins || a == circuit.Resample {
		return plural(n, "pair")
	}
	return plural(n, "image")
}

// hiddenNeurons counts the circuit's neurons that are neither the image's nor the output's.
func (r CircuitReport) hiddenNeurons() int {
	n := 0
	for _, node := range r.Result.Nodes {
		if node.Lesioned {
			n++
		}
	}
	return n
}

// answer is the result in one sentence.
func (r CircuitReport) answer() string {
	x := r.Result
	if len(x.Edges) == 0 || len(x.Checks) == 0 {
		return fmt.Sprintf("No circuit was found: of %s none that was wanted lies on a path from the image to the output.", plural(x.EdgesInNetwork, "edge"))
	}
	c := x.Checks[0]
	size := fmt.Sprintf("%s of %s (%s) through %s of %s", Count(len(x.Edges)), plural(x.EdgesInNetwork, "edge"), r.share(),
		Count(r.hiddenNeurons()), plural(x.NeuronsHidden, "hidden neuron"))
	where := fmt.Sprintf("on %s of %s", r.images(c.Against, c.Pairs), x.Split)
	if !c.Defined {
		return fmt.Sprintf("How faithful the circuit is cannot be said (%s): %s the network's %s, %s, is not told from that with every edge corrupted, %s.",
			size, where, r.y(), Signed(c.Whole), Signed(c.Corrupted))
	}
	give := "give"
	if len(x.Edges) == 1 {
		give = "gives"
	}
	if c.Faithfulness.High < 0.5 {
		give += " only"
	}
	return fmt.Sprintf("%s %s %s (95 %% interval %s) of the network's %s %s when every other edge carries %s; %s%s%s.", size, give, Percent(c.Faithfulness.Estimate),
		PercentInterval(c.Faithfulness.Low, c.Faithfulness.High), r.y(), where, r.carrying(c.Against), versusRandom(c), r.otherKinds(), answersAlone(c))
}

// share is that of the network's edges that are in the circuit, of which there may be very few.
func (r CircuitReport) share() string {
	return unit(significant(100*float64(len(r.Result.Edges))/float64(max(1, r.Result.EdgesInNetwork)), 2), "%")
}

// versusRandom says how the circuit stands among random ones of its size.
func versusRandom(c circuit.Check) string {
	m := c.Random.N
	if m == 0 || !c.FaithfulnessP.Defined() {
		return "no random circuits were run beside it"
	}
	p := equalsP(float64(c.FaithfulnessP))
	better := int(math.Round(float64(c.FaithfulnessP)*float64(m+1))) - 1 // random circuits that do at least as well
	switch {
	case better <= 0 && m == 1:
		return fmt.Sprintf("above the one random circuit of the size (%s)", p)
	case better <= 0:
		return fmt.Sprintf("above all %s random circuits of the size, which need not be connected (%s)", Count(m), p)
	case float64(c.FaithfulnessP) < probe.Alpha:
		return fmt.Sprintf("above all but %s of %s random circuits of the size (%s)", Count(better), Count(m), p)
	}
	return fmt.Sprintf("random circuits of the size do as well (%s of %s at least as much, %s), so that these edges explain nothing", Count(better), Count(m), p)
}

// otherKinds has the faithfulness under the other references.
func (r CircuitReport) otherKinds() string {
	var parts []string
	for _, c := range r.Result.Checks[1:] {
		if c.Defined {
			part := fmt.Sprintf("%s against %s", Percent(c.Faithfulness.Estimate), c.Against)
			if c.Pairs != r.Result.Checks[0].Pairs {
				part += fmt.Sprintf(" (%s images)", Count(c.Pairs))
			}
			parts = append(parts, part)
		}
	}
	if parts == nil {
		return ""
	}
	return "; it is " + enumerate(parts)
}

// answersAlone says what the circuit answers on all images.
func answersAlone(c circuit.Check) string {
	if !c.Agreement.Defined() {
		return ""
	}
	return fmt.Sprintf("; alone it gives the network's answer on %s of all %s", Percent(float64(c.Agreement)), plural(c.Images, "image"))
}

// disagreement is how far faithfulness may differ between references before the entry warns of it.
const disagreement = 0.2

// warnings are the result's and what its checks say against it.
func (r CircuitReport) warnings() []string {
	x := r.Result
	var out []string
	for _, w := range x.Warnings {
		out = append(out, sentence(w))
	}
	low, high := math.Inf(1), math.Inf(-1)
	var kinds []string
	for _, c := range x.Checks {
		if c.Defined {
			low, high = min(low, c.Faithfulness.Estimate), max(high, c.Faithfulness.Estimate)
			kinds = append(kinds, fmt.Sprintf("%s against %s", Percent(c.Faithfulness.Estimate), c.Against))
		}
	}
	if high-low > disagreement {
		out = append(out, fmt.Sprintf("The verdict depends on what the other edges carry: faithfulness is %s.", enumerate(kinds)))
	}
	if len(x.Checks) == 0 {
		return out
	}
	c := x.Checks[0]
	if chance := 1 / float64(max(1, len(r.Set.Classes))); c.Agreement.Defined() && float64(c.Accuracy) < (chance+float64(c.WholeAccuracy))/2 {
		out = append(out, fmt.Sprintf("The circuit alone does not tell the classes apart as the network does (accuracy %s, the network's %s): its output is right for %s rather than for the image.",
			Percent(float64(c.Accuracy)), Percent(float64(c.WholeAccuracy)), x.Class))
	}
	if c.Defined && c.Completeness.Low > 0.5 {
		out = append(out, fmt.Sprintf("All the other edges without the circuit still give %s: what the circuit does is done elsewhere too.", Percent(c.Completeness.Estimate)))
	}
	if i := x.Identities; max(i.WholeWorst, i.NoneWorst) > i.Tolerance {
		out = append(out, fmt.Sprintf("The machinery is not exact: with all edges kept y is off by %s, with none by %s (tolerance %s).", Number(i.WholeWorst), Number(i.NoneWorst), Number(i.Tolerance)))
	}
	return out
}

func (r CircuitReport) method() string {
	x := r.Result
	var s strings.Builder
	s.WriteString("Nodes are neurons and the channels of the image; an edge is what one neuron, the sender, adds to the pre-activation of another, the receiver (of a convolution from channel to channel, over all positions). ")
	y := fmt.Sprintf("the logit of %s", x.Class)
	if x.Metric != "logit" {
		y = fmt.Sprintf("the logit of %s minus the mean of the other logits", x.Class)
	}
	fmt.Fprintf(&s, "What is explained is y, %s, on %s. To corrupt an edge is to let it carry %s instead. ", y, r.clean(), r.carrying(x.Against))
	fmt.Fprintf(&s, "Choice, on %s of the select split: %s; %s; edges on no path from the image to an output were dropped. ", r.images(x.Against, x.SelectPairs), methodWords(x.Method), r.wishWords())
	fmt.Fprintf(&s, "Checks, on %s of the %s split: the circuit was run alone, all other edges corrupted. ", r.images(x.Against, x.Pairs), x.Split)
	s.WriteString("Faithfulness F = (y of the circuit alone − y with every edge corrupted) / (y of the whole network − y with every edge corrupted): 1 is the whole network. " +
		"Completeness is F of all edges but the circuit's: near 0 is good. Minimality is what F loses without one edge. " +
		"Exact effect of an edge = y with it alone corrupted − y of the intact network: below 0, the edge speaks for " + x.Class + ". ")
	if x.Against == circuit.Twins || x.Against == circuit.Resample {
		s.WriteString("Denoising is the reverse: y of the run with every edge corrupted and this one restored − y without that; the two differ in size where edges stand in for each other. ")
	}
	s.WriteString("Lesion of a neuron: all edges out of it corrupted, so that it hands on its reference; effect = y with − y without. ")
	if x.Random > 0 {
		fmt.Fprintf(&s, "Controls: %s with as many edges from each layer to each layer, which need not be connected; p is the share of them that do at least as well, (b + 1)/(m + 1). ", plural(x.Random, "random circuit"))
	}
	fmt.Fprintf(&s, "Intervals are 95 %% paired bootstrap intervals over images (%s). p of an exact effect is a two-sided sign-flip test (%s), adjusted by Benjamini and Hochberg for all %s. Seed %d. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(len(x.Edges), "test"), x.Seed)
	fmt.Fprintf(&s, "Identities: with all edges kept y is that of the intact network to %s, with none kept that of the fully corrupted run to %s (tolerance %s).",
		Number(x.Identities.WholeWorst), Number(x.Identities.NoneWorst), Number(x.Identities.Tolerance))
	return s.String()
}

// clean says which images y is of.
func (r CircuitReport) clean() string {
	x := r.Result
	switch {
	case !x.Target.IsFeature():
		return "images of " + x.Class
	case r.Set != nil && r.Set.HasTwins():
		return fmt.Sprintf("images drawn with %s (which speaks for %s)", x.Target.Name, x.Class)
	}
	return fmt.Sprintf("images with %s (which speaks for %s)", x.Target.Name, x.Class)
}

// methodWords say how edges are scored.
func methodWords(name string) string {
	switch name {
	case "eap":
		return "edges were scored by attribution patching (EAP, Nanda 2023; Syed, Rager and Conmy 2023): what corrupting the edge changes in the receiver times the gradient of y there"
	case "eap-ig":
		return "edges were scored by attribution patching with integrated gradients (EAP-IG, Hanna, Pezzelle and Belinkov 2024): what corrupting the edge changes in the receiver times the gradient of y there, averaged along the straight way from the reference to the image"
	case "exact":
		return "edges were scored by corrupting one at a time"
	case "acdc":
		return "edges were taken away greedily from the output to the image where y changed too little (ACDC, Conmy et al. 2023), and scored by that change"
	case "elimination":
		return "edges were taken away a few at a time, those of least |score| first, and the rest scored anew within the circuit that is left (by attribution patching there; Molchanov et al. 2017 prune neurons so)"
	}
	return "edges were scored by " + name
}

// wishWords say how the size was decided.
func (r CircuitReport) wishWords() string {
	strongest := "the strongest by |score|"
	if r.Result.Method == "elimination" {
		strongest = "those that would have left last"
	}
	switch w := r.Result.Wish; {
	case w.Edges > 0:
		return fmt.Sprintf("%s were taken, as many as leave at most %s", strongest, plural(w.Edges, "edge"))
	case w.Threshold > 0:
		return fmt.Sprintf("those with a |score| of at least %s were taken", Number(w.Threshold))
	case w.Faithfulness > 0:
		return fmt.Sprintf("of %s as few were taken as gave a faithfulness of %s there", strongest, Number(w.Faithfulness))
	}
	return "the method itself decided how many"
}

func (r CircuitReport) caveats() []string {
	x := r.Result
	c := []string{
		fmt.Sprintf("Faithful means faithful on images of the target: a circuit that always speaks for %s is faithful there. Agreement over images of all classes, in the checks, tells.", x.Class),
		"A circuit is relative to what its corrupted edges carry: another reference asks another question and may give another circuit.",
		"Zero is off-distribution: no image makes all these edges carry nothing at once.",
		"Where edges stand in for each other (an OR), corrupting one costs nothing: such edges hide from scores and from minimality, and a circuit may hold one of two copies.",
		"An edge from channel to channel sums over all positions: that two parts of the image act by it in opposite ways does not show.",
		"Scores propose, exact effects decide: believe the measured effect where the two differ.",
		"Excites and inhibits are the sign of the mean contribution over images and positions. An edge out of the image has a mixed sign by nature, for its pixels are centred at 0.",
		"Labels are correlational: they name what a neuron is tuned to on images, not what it is for.",
		"One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may be wired differently.",
	}
	if x.Random > 0 {
		c = append(c, "Random circuits of the size are a weak control: any connected set of strong edges beats them. That the circuit is above them does not make it the only one, nor the smallest.")
	}
	return c
}

// interval95 is an estimate of a share with its interval, as two cells.
func interval95(i ablate.Interval, defined bool) (estimate, interval string) {
	if !defined {
		return Missing, Missing
	}
	return Percent(i.Estimate), PercentInterval(i.Low, i.High)
}

// checksSection is the circuit alone under every reference.
func (r CircuitReport) checksSection() Section {
	x := r.Result
	if len(x.Checks) == 0 {
		return Section{}
	}
	faithful := Table{
		Caption:  "The circuit alone",
		Columns:  append(textColumns("other edges carry"), numberColumns("n", "y whole", "y none", "y alone", "faithfulness", "95 % interval", "random circuits", "p")...),
		Notes:    []Note{{Text: "y none: every edge corrupted. Random circuits: the range of 95 % of them."}},
		Terminal: true,
	}
	complete := Table{
		Caption: "All edges but the circuit's, and the circuit without one",
		Columns: append(textColumns("other edges carry"), numberColumns("completeness", "95 % interval", "random circuits", "p", "edges needed")...),
		Notes: []Note{{Text: fmt.Sprintf("p: the share of random circuits whose complement gives as little. Edges needed: those of %s without which F is less, the interval of the loss above 0; intervals are not corrected for their number: of edges that do nothing, one in 40 would seem needed.", Count(len(x.Edges)))},
			{Text: "Of a small circuit the complement is nearly the whole network, and the random circuits' too: the p then says little."}},
	}
	answers := Table{
		Caption:  "Images of all classes",
		Columns:  append(textColumns("other edges carry"), numberColumns("n", "same answer", "r of y", "accuracy alone", "accuracy whole")...),
		Terminal: true,
	}
	undefined := false
	for _, c := range x.Checks {
		f, fi := interval95(c.Faithfulness, c.Defined)
		g, gi := interval95(c.Completeness, c.Defined)
		needed := Count(c.Needed)
		if !c.Defined {
			needed, undefined = Missing, true
		}
		faithful.Rows = append(faithful.Rows, []string{string(c.Against), Count(c.Pairs), Number(c.Whole), Number(c.Corrupted), Number(c.Alone), f, fi, spreadCell(c.Random), PValue(float64(c.FaithfulnessP))})
		complete.Rows = append(complete.Rows, []string{string(c.Against), g, gi, spreadCell(c.RandomComplete), PValue(float64(c.CompletenessP)), needed})
		answers.Rows = append(answers.Rows, []string{string(c.Against), Count(c.Images), Percent(float64(c.Agreement)), Number(float64(c.Correlation)), Percent(float64(c.Accuracy)), Percent(float64(c.WholeAccuracy))})
	}
	if undefined {
		faithful.Notes = append(faithful.Notes, Note{Text: "–: y of the whole network is not told from y with every edge corrupted, so that there is nothing to take a share of."})
	}
	if x.Checks[0].RestCut {
		complete.Notes = append(complete.Notes, Note{Text: "The circuit holds an edge of every path from the image to the output: through the others nothing of the image comes, whatever they carry. Completeness says nothing here, and has no p."})
	}
	blocks := []Block{faithful, complete, answers}
	if x.Metric == "logit" { // no answer is left to give: the other outputs have no edges
		blocks = blocks[:2]
	}
	return Section{"Does it hold?", blocks}
}

// spreadCell is where 95 % of the random circuits lie.
func spreadCell(s circuit.Spread) string { return PercentInterval(float64(s.Low), float64(s.High)) }

// sortedBySize are the places of things, the largest |value| first.
func sortedBySize(n int, value func(int) float64) []int {
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := math.Abs(value(a)), math.Abs(value(b)); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return order
}
