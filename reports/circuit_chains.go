package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

// ChainsReport is what a search for chains hands in.
type ChainsReport struct {
	Result circuit.ChainsResult
	Source
}

// Chains is the entry of the strongest chains from the image to an output neuron.
func Chains(r ChainsReport) Entry {
	x := &r.Result
	return Entry{
		Kind:     "chains",
		Slug:     Slug("chains", x.End),
		Title:    fmt.Sprintf("Chains of neurons to %s (%s)", x.End, x.EndClass),
		Question: fmt.Sprintf("Along which chains of neurons does the image reach output neuron %s, which speaks for %s?", x.End, x.EndClass),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.chainsSection(), r.bottlenecksSection(), r.linksSection(), r.neuronsSection(), r.surrogatesSection()},
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"target", x.Target.Name}, Fact{"metric", x.Metric}, Fact{"corrupted edges carry", string(x.Against)},
			Fact{"surrogate networks", Count(x.Surrogates.Count)}, Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Exclusions: chainExclusions(x),
		Warnings:   sentences(x.Warnings),
		Run:        r.Run,
		Data:       x,
	}
}

func chainExclusions(x *circuit.ChainsResult) []Exclusion {
	if x.Excluded == 0 {
		return nil
	}
	return []Exclusion{{Count: x.Excluded, What: fmt.Sprintf("images of %s without a counterpart (%s)", x.Target.Name, x.Against)}}
}

// sentences are warnings as sentences.
func sentences(warnings []string) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, sentence(w))
	}
	return out
}

// chainText is a chain in a line: "0:1 → 1:3 ⊣ 2:5 → 3:1".
func chainText(x *circuit.ChainsResult, c circuit.Chain) string {
	var b strings.Builder
	for k, n := range c.Neurons {
		if k > 0 {
			b.WriteString(arrow(x.Links[c.Links[k-1]].Excitatory()))
		}
		b.WriteString(n)
	}
	return b.String()
}

// arrow is an edge's sign in text.
func arrow(excitatory bool) string {
	if excitatory {
		return " → "
	}
	return " ⊣ "
}

// answer is the strongest chain in one sentence.
func (r ChainsReport) answer() string {
	x := &r.Result
	c := x.Chains[0]
	weakest := x.Weakest(c)
	said := fmt.Sprintf("The strongest chain is %s: cutting its weakest link, %s, changes %s by %s (95 %% interval %s) of %s on %s (n = %s)", chainText(x, c), weakest.Edge,
		yPhrase(x.Metric, x.Class, r.Set.Classes), Signed(weakest.Exact.Estimate), SignedInterval(weakest.Exact.Low, weakest.Exact.High), Number(x.Whole), x.SplitName, plural(x.Pairs, "image"))
	if !excludesZero(weakest.Exact.Low, weakest.Exact.High) {
		said += ", which is not told from 0"
	}
	if !c.P.Defined() {
		return said + "; it was not held against surrogate networks."
	}
	beaten := func(p probe.Number) bool { return float64(p) < probe.Alpha }
	p, relative := equalsP(float64(c.P)), equalsP(float64(c.RelativeP))
	said += fmt.Sprintf("; of %s with shuffled weights, the strongest chains are ", plural(x.Surrogates.Count, "network"))
	switch {
	case beaten(c.P) && beaten(c.RelativeP):
		return fmt.Sprintf("%sweaker (%s), also as shares of all that changes y (%s).", said, p, relative)
	case beaten(c.P):
		return fmt.Sprintf("%sweaker (%s), but not as shares of all that changes y (%s).", said, p, relative)
	case beaten(c.RelativeP):
		return fmt.Sprintf("%sas strong (%s), but weaker as shares of all that changes y (%s).", said, p, relative)
	}
	return fmt.Sprintf("%sas strong (%s), also as shares of all that changes y (%s).", said, p, relative)
}

// yPhrase says what y is.
func yPhrase(metric, class string, classes []string) string {
	switch {
	case metric == "logit" || len(classes) < 2:
		return "the logit of " + class
	case len(classes) == 2:
		other := classes[0]
		if other == class {
			other = classes[1]
		}
		return fmt.Sprintf("the logit of %s minus that of %s", class, other)
	}
	return fmt.Sprintf("the logit of %s minus the mean of the other logits", class)
}

// corruptedPhrase says what a corrupted edge carries.
func corruptedPhrase(a circuit.Against, t circuit.Target) string {
	switch {
	case a == circuit.Mean:
		return "it carries, at each position, its mean over the select images"
	case a == circuit.Zero:
		return "it carries nothing"
	case a == circuit.Resample && t.IsFeature():
		return fmt.Sprintf("it carries what it carries on an image without %s", t.Name)
	case a == circuit.Resample:
		return "it carries what it carries on an image of another class"
	case t.IsFeature():
		return fmt.Sprintf("it carries what it carries on the same image drawn again without %s", t.Name)
	}
	return "it carries what it carries on the same image drawn again with one feature flipped"
}

// cleanPhrase says which images are clean.
func cleanPhrase(t circuit.Target, a circuit.Against) string {
	if t.IsFeature() {
		return "images with " + t.Name
	}
	return "images of " + t.Name
}

func (r ChainsReport) method() string {
	x := &r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "An edge is what one neuron (a channel of a convolution, a unit of a dense layer, or a channel of the image, 0:0, 0:1, …) contributes to another's pre-activation. "+
		"y of an image is %s. To corrupt an edge is to change its contribution alone: %s; everything behind it is computed anew. Its exact effect is y with the edge corrupted − y without, averaged over %s: "+
		"below 0, the edge works for y. ", yPhrase(x.Metric, x.Class, r.Set.Classes), corruptedPhrase(x.Against, x.Target), cleanPhrase(x.Target, x.Against))
	fmt.Fprintf(&s, "A chain leads from a channel of the image, edge by edge, to %s, through skip connections as well. Its strength is the size of its weakest link's effect; of chains with the same weakest link, "+
		"the one with the stronger next-weakest comes first, and so on (leximin, found exactly by dynamic programming). ", x.End)
	fmt.Fprintf(&s, "All %s that can lie on a chain were measured on %s of select, by which chains are ranked; every number told of a chain is from %s of %s. ",
		plural(x.Edges, "edge"), plural(x.SelectPairs, "image"), plural(x.Pairs, "image"), x.SplitName)
	s.WriteString("A link is excitatory (→) if its sender's mean contribution is above 0, else inhibitory (⊣); a chain's sign is the product of its links' signs. ")
	fmt.Fprintf(&s, "Intervals are 95 %% bootstrap intervals over images (%s). The p of a link is a two-sided sign-flip test (%s), adjusted by Benjamini and Hochberg for the %s listed. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(len(x.Links), "link"))
	if x.Surrogates.Count > 0 {
		fmt.Fprintf(&s, "Surrogates: %s in which, layer by layer, the bundles of weights between two neurons are shuffled among all pairs of neurons, biases kept. In each the strongest chain to %s was sought on %s of %s. "+
			"The p of a chain is (b+1)/(m+1), b of the m = %s surrogates having a strongest chain at least as strong as it is on the same images: it is adjusted for the search. "+
			"Training makes y large, so the comparison is made twice: p of strengths in logits, and relative p of strengths as shares of what corrupting every edge at once changes in the network in question (root mean square over the images). ",
			plural(x.Surrogates.Count, "network"), x.End, plural(x.Surrogates.Pairs, "image"), x.SplitName, Count(x.Surrogates.Count))
	}
	fmt.Fprintf(&s, "Seed %d.", x.Seed)
	return s.String()
}

// layerNames are those of the network, the image first.
func (s Source) layerNames() []string {
	names := []string{"image"}
	for l := 1; l <= s.Network.Depth(); l++ {
		names = append(names, s.Network.Layer(l).Name)
	}
	return names
}

// listedChains is how many rows the table has.
const listedChains = 30

func (r ChainsReport) chainsSection() Section {
	x := &r.Result
	t := Table{
		Columns:  append(append(numberColumns("#"), textColumns("chain", "sign", "weakest link")...), numberColumns("strength", "95 % interval", "on select", "all links cut", "95 % interval", "p", "relative p")...),
		Notes:    []Note{{Text: "→ excitatory, ⊣ inhibitory; sign: their product. Strength: the size of the weakest link's effect on y, turned so that it is above 0 (its interval reaches below 0 where the effect is not told from 0). All links cut: the effect on y of corrupting all of the chain at once."}},
		Terminal: true,
	}
	for k, c := range x.Chains[:min(len(x.Chains), listedChains)] {
		t.Rows = append(t.Rows, []string{Count(k + 1), chainText(x, c), chainSign(c.Sign), x.Weakest(c).Edge.String(), Number(c.Strength.Estimate), Interval(c.Strength.Low, c.Strength.High), Number(c.Chosen),
			Signed(c.Cut.Estimate), SignedInterval(c.Cut.Low, c.Cut.High), pFigure(c.P), pFigure(c.RelativeP)})
	}
	if more := len(x.Chains) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more chain") + " only in the JSON file."})
	}
	rows := newChainRows(x, r.Source)
	caption := "Chains from the image (left) to the output neuron (right), the strongest first; under a neuron what probe found it tuned to."
	if len(rows.chains) < len(x.Chains) {
		caption += fmt.Sprintf(" The first %s of %s.", Count(len(rows.chains)), Count(len(x.Chains)))
	}
	s := Section{"The strongest chains", []Block{
		Figure{File: "chains.png", PNG: rows.png(), Alt: fmt.Sprintf("The %s as rows of neurons; the table below has the same", plural(len(rows.chains), "chain")), Caption: caption},
		t, Paragraph(r.together())}}
	if len(x.Chains) > 1 {
		s.Blocks = append(s.Blocks, Figure{File: "wiring.png", PNG: r.wiring().png(), Alt: "The edges of all chains as one piece of wiring",
			Caption: "All chains listed as one piece of wiring; the edges of the strongest are dark."})
	}
	return s
}

// wiring is all chains in one drawing, the first with emphasis.
func (r ChainsReport) wiring() circuitDrawing {
	x := &r.Result
	d := circuitDrawing{layers: r.layerNames(), width: "size of the effect on y"}
	first := x.Chains[0]
	for _, n := range x.Nodes {
		lines := []string{n.ID}
		if label := r.tuned(n); label != Missing {
			lines = append(lines, label)
		}
		d.nodes = append(d.nodes, drawnNode{id: n.ID, layer: n.Neuron.Layer, lines: lines, emphasis: slices.Contains(first.Neurons, n.ID)})
	}
	for k, l := range x.Links {
		d.edges = append(d.edges, drawnEdge{from: l.Source, to: l.Target, weight: l.Exact.Estimate, excitatory: l.Excitatory(), emphasis: slices.Contains(first.Links, k)})
	}
	d, left := d.strongest(mostDrawnEdges)
	if left > 0 {
		d.note = fmt.Sprintf("… and %s", plural(left, "weaker edge"))
	}
	return d
}

func chainSign(sign int) string {
	switch {
	case sign > 0:
		return "+"
	case sign < 0:
		return minus
	}
	return "0"
}

// together says what the edges of all chains keep alone.
func (r ChainsReport) together() string {
	x := &r.Result
	said := fmt.Sprintf("Mean y is %s in the whole network and %s with every edge corrupted.", Number(x.Whole), Number(x.Corrupted))
	if !x.Shared {
		return said
	}
	return fmt.Sprintf("%s The %s of these chains alone, all others corrupted, keep %s of the difference (95 %% interval %s): %s.", said, plural(len(x.Links), "edge"),
		Percent(x.Together.Estimate), PercentInterval(x.Together.Low, x.Together.High), keeps(x.Together))
}

// keeps puts a faithfulness in words.
func keeps(i ablate.Interval) string {
	switch {
	case i.Low >= 0.8:
		return "they nearly suffice"
	case i.High <= 0:
		return "alone they carry none of the answer"
	case i.Low > 0 && i.High < 0.2:
		return "they are a small part of how the answer comes about"
	case i.Low > 0:
		return "they are a part of how the answer comes about"
	}
	return "it is not shown that they carry anything alone"
}

// bottlenecksSection is what the chains have in common.
func (r ChainsReport) bottlenecksSection() Section {
	x := &r.Result
	t := Table{Columns: append(textColumns("edge"), numberColumns("effect's size on select", "weakest of chains here", "weakest of chains in all")...)}
	for _, b := range x.Bottlenecks[:min(len(x.Bottlenecks), listedChains)] {
		t.Rows = append(t.Rows, []string{b.Edge, Number(b.Chosen), Count(b.Listed), chainCount(b.Sharing)})
	}
	if more := len(x.Bottlenecks) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more edge") + " only in the JSON file."})
	}
	said := fmt.Sprintf("The wiring has %s chains from the image to %s. %s of %s leave y as it is, to rounding; %s chains have none of these.",
		chainCount(x.InNetwork), x.End, Count(x.Silent), plural(x.Edges, "edge"), chainCount(x.Effective))
	said += fmt.Sprintf(" The weakest link of the strongest chain is that of %s: a list of the strongest chains is mostly one of the ways into and out of a few bottlenecks.", chainsInAll(x.Bottlenecks[0].Sharing))
	switch {
	case len(x.Chains) < 2:
	case len(x.SharedNeurons) == 0:
		said += " No neuron but the last is on all chains listed."
	default:
		said += fmt.Sprintf(" On all chains listed: %s", enumerate(x.SharedNeurons))
		if len(x.SharedLinks) > 0 {
			said += fmt.Sprintf(", and %s %s", pluralWord(len(x.SharedLinks), "edge"), enumerate(x.SharedLinks))
		}
		said += "."
	}
	return Section{"Bottlenecks", []Block{Paragraph(said), t}}
}

// chainsInAll is a number of chains with its noun.
func chainsInAll(n float64) string {
	if n == 1 {
		return "no other chain"
	}
	return chainCount(n) + " chains in all"
}

// pluralWord is a noun for so many.
func pluralWord(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// chainCount is a number of chains, which may be huge.
func chainCount(n float64) string {
	if n < 1e15 {
		return Count(int(n))
	}
	return Number(n)
}

// linksSection lists the edges of the chains, each once.
func (r ChainsReport) linksSection() Section {
	x := &r.Result
	on := make([][]string, len(x.Links))
	for k, c := range x.Chains {
		for _, l := range c.Links {
			on[l] = append(on[l], fmt.Sprint(k+1))
		}
	}
	t := Table{
		Columns: append(append(textColumns("edge", "sender", "receiver", "sign"), numberColumns("contribution", "effect on y", "95 % interval", "adjusted p", "synapses")...), textColumns("chains")...),
		Notes: []Note{{Text: "Contribution: what the sender adds to the receiver's pre-activation, averaged over images and positions. " +
			"The sign of an effect tells whether the edge works for y (below 0) or against it, the sign of a contribution whether it excites its receiver: an inhibitory edge may well work for y. " +
			"The image is normalised by its mean over train: an edge from it is excitatory or inhibitory for what is brighter than that."}},
	}
	for k, l := range x.Links[:min(len(x.Links), listedChains)] {
		sign := "inhibitory"
		if l.Excitatory() {
			sign = "excitatory"
		}
		t.Rows = append(t.Rows, []string{l.Edge.String(), r.tuned(x.Node(l.Source)), r.tuned(x.Node(l.Target)), sign, Signed(l.Contribution), Signed(l.Exact.Estimate),
			SignedInterval(l.Exact.Low, l.Exact.High), pFigure(l.Adj), Count(l.Synapses), chainNumbers(on[k])})
	}
	if more := len(x.Links) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more edge") + " only in the JSON file."})
	}
	return Section{"The links", []Block{t}}
}

// chainNumbers lists the chains an edge or a neuron is on.
func chainNumbers(on []string) string {
	if len(on) > 12 {
		return strings.Join(on[:11], ", ") + fmt.Sprintf(" and %d more", len(on)-11)
	}
	return strings.Join(on, ", ")
}

// tuned is a neuron's label, or what it is without.
func (s Source) tuned(n circuit.Node) string {
	switch {
	case n.Label != "":
		return n.Label
	case n.Layer == "input":
		return strings.TrimSpace("image " + channelName(s.Set.Channels, n.Neuron.Unit))
	}
	return Missing
}

// channelName is that of a channel of colour images.
func channelName(channels, k int) string {
	if channels != 3 {
		return ""
	}
	return []string{"red", "green", "blue"}[k]
}

// neuronsSection lists the neurons of the chains.
func (r ChainsReport) neuronsSection() Section {
	x := &r.Result
	t := Table{
		Columns: append(append(textColumns("neuron", "layer", "tuned to"), numberColumns("AUROC", "lesion: effect on y", "95 % interval")...), textColumns("chains")...),
		Notes: []Note{{Text: "Lesion: all edges out of the neuron corrupted at once. Tuned to: what probe found on the same data, –: nothing that beats its null" + unlabelled(x) + ". " +
			"A label says what a neuron responds to, not what it is for."}},
	}
	for _, n := range x.Nodes {
		var on []string
		for k, c := range x.Chains {
			if slices.Contains(c.Neurons, n.ID) {
				on = append(on, fmt.Sprint(k+1))
			}
		}
		lesion, interval := Missing, Missing
		if n.Lesioned {
			lesion, interval = Signed(n.Lesion.Estimate), SignedInterval(n.Lesion.Low, n.Lesion.High)
		}
		t.Rows = append(t.Rows, []string{n.ID, n.Layer, r.tuned(n), figure(n.AUROC), lesion, interval, chainNumbers(on)})
		if len(t.Rows) == listedChains && len(x.Nodes) > listedChains {
			t.Notes = append(t.Notes, Note{Text: plural(len(x.Nodes)-listedChains, "more neuron") + " only in the JSON file."})
			break
		}
	}
	return Section{"The neurons", []Block{t}}
}

// unlabelled says so where no neuron was probed.
func unlabelled(x *circuit.ChainsResult) string {
	if slices.ContainsFunc(x.Nodes, func(n circuit.Node) bool { return n.Label != "" }) {
		return ""
	}
	return ", or not probed"
}

// surrogatesSection says what networks with shuffled weights have.
func (r ChainsReport) surrogatesSection() Section {
	x := &r.Result
	s := x.Surrogates
	if s.Count == 0 {
		return Section{"Chance", []Block{Paragraph("The chains were not held against surrogate networks (--surrogates).")}}
	}
	row := func(name string, c circuit.SurrogateChain) []string {
		return []string{name, Number(c.Strength), Number(c.Total), Percent(c.Relative())}
	}
	relative := slices.Clone(s.Networks)
	slices.SortStableFunc(relative, func(a, b circuit.SurrogateChain) int { return cmp.Compare(a.Relative(), b.Relative()) })
	t := Table{Columns: append(textColumns("strongest chain of"), numberColumns("strength", "all edges corrupted", "share")...), Rows: [][]string{
		row("this network, sought on the same images", s.Own),
		row("this network, chain 1 of the table", circuit.SurrogateChain{Strength: float64(x.Chains[0].Compared), Total: s.Own.Total}),
		row("surrogates: the strongest", s.Networks[s.Count-1]),
		row("surrogates: the median by strength", s.Networks[s.Count/2]),
		row("surrogates: the largest share", relative[s.Count-1]),
		row("surrogates: the median by share", relative[s.Count/2]),
	}, Notes: []Note{{Text: "All edges corrupted: the root mean square of the change of y over the images. Share: strength in parts of it."}}}
	passing, relatively := 0, 0
	for _, c := range x.Chains {
		if float64(c.P) < probe.Alpha {
			passing++
		}
		if float64(c.RelativeP) < probe.Alpha {
			relatively++
		}
	}
	said := fmt.Sprintf("%s of the %s have p below 0.05, %s a relative p below 0.05; the least that %s surrogates can give is %s. The comparison is on %s. A chain of this network was found on other images than those it is compared on, "+
		"a surrogate's on these very ones, which makes p too large rather than too small.", capital(Count(passing)), plural(len(x.Chains), "chain"), Count(relatively), Count(s.Count), PValue(1/float64(s.Count+1)), plural(s.Pairs, "image"))
	if passing > 0 && relatively == 0 {
		said += " A small p with a large relative p says that training has made y and all edges' effects large, not that it has gathered them in single chains: each chain is a smaller part of the whole here than in networks wired by accident."
	}
	return Section{"Chance", []Block{Paragraph(said), t}}
}

// median of sorted values.
func median(sorted []float64) float64 {
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func (r ChainsReport) caveats() []string {
	x := &r.Result
	c := []string{
		"An edge's effect goes along every path from it to y. That all links of a chain are strong does not show that what passes through one passes on through the next: a chain is a reading of edges, not a measured flow.",
		"Edges are corrupted one at a time: where two stand in for each other, each alone has little effect, and no chain through them is listed (an OR hides).",
		"The strongest chains share most of their links. They are not so many independent findings.",
	}
	if x.Against == circuit.Zero {
		c = append(c, "An edge that carries nothing is off-distribution. --against mean and --against resample tell whether the chains stay.")
	}
	if x.Against == circuit.Mean {
		c = append(c, "Against the mean over select, an edge that carries the same on every image has no effect, however much of the answer rests on it.")
	}
	return append(c,
		"A surrogate keeps weights and biases, and breaks what the layers have learnt about each other: a small p says that the chain is stronger than such accidents, not that it is the reason for the answer.",
		"One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed has other chains.")
}
