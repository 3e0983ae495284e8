package reports

import (
	"cmp"
	"fmt"
	"slices"

	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

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
		"a surrogate's on these very ones, which makes p too large rather than too small.", capital(none(passing)), plural(len(x.Chains), "chain"), none(relatively), Count(s.Count), PValue(1/float64(s.Count+1)), plural(s.Pairs, "image"))
	if passing > 0 && relatively == 0 {
		said += " A small p with a large relative p says that training has made y and all edges' effects large, not that it has gathered them in single chains: none of them is shown to be a larger part of the whole than in networks wired by accident."
	}
	return Section{"Chance", []Block{Paragraph(said), t}}
}
