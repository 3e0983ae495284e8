package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// PairsReport is what an experiment on pairs of units hands in.
type PairsReport struct {
	Result ablate.Epistasis
	Source
}

// listedPairs is how many pairs the table lists.
const listedPairs = 20

// Pairs is the entry of an experiment on pairs of units.
func Pairs(r PairsReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "pairs",
		Slug:     r.slug(),
		Title:    fmt.Sprintf("Pairs of %s", plural(len(x.Singles), "neuron")),
		Question: fmt.Sprintf("Do %s act for themselves in telling %s, or do some stand in for each other, or need each other?", r.units(), telling(r.Set.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.matrixSection(), r.pairsSection(), r.singlesSection()},
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"kind of ablation", string(x.Kind)}, Fact{"metric", x.Metric.Name},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			ablate.Epistasis
		}{x.Split.String(), x},
	}
}

func (r PairsReport) slug() string {
	if c := r.Result.Choice; c != nil {
		return Slug("pairs-top", fmt.Sprint(len(c.Units)))
	}
	return Slug(append([]string{"pairs"}, r.names(listedAddresses)...)...)
}

// names are the addresses of the units, runs of neighbours as ranges, and how many more there are.
func (r PairsReport) names(most int) []string {
	var all []ablate.Target
	for _, s := range r.Result.Singles {
		all = append(all, ablate.Target{Address: s.Address})
	}
	names := contract(all)
	if more := len(names) - most; more > 0 {
		names = append(names[:most:most], fmt.Sprintf("%d more", more))
	}
	return names
}

// units is how the entry speaks of what it ablates.
func (r PairsReport) units() string {
	if c := r.Result.Choice; c != nil {
		return fmt.Sprintf("the %s with the strongest effects alone", plural(len(c.Units), "neuron"))
	}
	return "neurons " + enumerate(r.names(3*listedAddresses))
}

// words are the metric's.
func (r PairsReport) words() lossWords { return lossWords{r.Result.Metric} }

// answer is the result in one sentence.
func (r PairsReport) answer() string {
	x, w := r.Result, r.words()
	where := fmt.Sprintf("on %s (n = %s, %s, %s ablation)", x.Split, plural(x.Images, "image"), w.short(), x.Kind)
	pairs := plural(len(x.Pairs), "pair")
	if len(x.Pairs) == x.Exact {
		return fmt.Sprintf("None of %s interacts %s: on every image the losses add up exactly, which the wiring behind these neurons may leave no choice about.", pairs, where)
	}
	top := x.Pairs[0]
	if k := slices.IndexFunc(x.Pairs, func(p ablate.PairLoss) bool { return p.Significant }); k >= 0 {
		top = x.Pairs[k]
	}
	strongest := fmt.Sprintf("%v with %v, ε = %s (95 %% interval %s)", top.A, top.B, w.signed(top.Epistasis.Estimate), w.interval(top.Epistasis))
	if x.Interacting == 0 {
		return fmt.Sprintf("No interaction is detected among %s %s after correction; the largest estimate is %s.", pairs, where, strongest)
	}
	found := fmt.Sprintf("%s of %s interact %s after correction, %s", Count(x.Interacting), pairs, where, r.classes())
	if x.Interacting == 1 {
		found = fmt.Sprintf("1 of %s interacts %s after correction", pairs, where)
	}
	return fmt.Sprintf("%s; the strongest is %s, %s: alone they cost %s and %s, together %s.", found, strongest, top.Class,
		w.signed(top.LostA), w.signed(top.LostB), w.signed(top.Lost.Estimate))
}

// classes counts the pairs that interact, by class.
func (r PairsReport) classes() string {
	counts := map[ablate.PairClass]int{}
	for _, p := range r.Result.Pairs {
		if p.Significant {
			counts[p.Class]++
		}
	}
	return fmt.Sprintf("%s buffering and %s synergistic", Count(counts[ablate.Buffering]), Count(counts[ablate.Synergistic]))
}

func (r PairsReport) method() string {
	x := r.Result
	var s strings.Builder
	if c := x.Choice; c != nil {
		fmt.Fprintf(&s, "Choice: each of %s of %s was zero-ablated alone on %s of the select split, and the %s whose loss changed the metric most, whichever way, "+
			"were taken (zero ablation whatever the kind below, so that all kinds look at the same neurons). ", plural(c.Candidates, "hidden neuron"), layersPhrase(c.Layers),
			plural(c.Images, "image"), plural(len(c.Units), "neuron"))
	}
	fmt.Fprintf(&s, "Each neuron and each of the %s was ablated on %s of the %s split: %s. ", plural(len(x.Pairs), "pair"), plural(x.Images, "image"), x.Split,
		kindPhrase(x.Kind, x.MeanOver, x.Draws))
	fmt.Fprintf(&s, "Δ is the contribution lost in the metric, %s: %s, so that above 0 is damage and below 0 a gain. ", r.words().name(), r.words().sign())
	s.WriteString("Epistasis is ε = Δ(ab) − Δ(a) − Δ(b), computed on each image and averaged. Additive: the 95 % interval of ε includes 0. Buffering, ε above 0: losing both costs more " +
		"than the sum, as with two inputs of an OR, which stand in for each other. Synergistic, ε below 0: losing both costs less than the sum, as with two inputs of an AND or two links of a " +
		"chain, where each loss already costs what both cost. Where a loss alone is a gain (Δ below 0) neither picture fits, and ε says how much of the gain depends on the other neuron. ")
	fmt.Fprintf(&s, "Intervals are 95 %% paired bootstrap intervals over images (%s). p is a two-sided sign-flip test of the mean of ε over images (%s, at least 20 a pair so that a single pair can pass), "+
		"adjusted by Benjamini and Hochberg for all %s; a pair interacts where the adjusted p is below 0.05 and the interval excludes 0. An ε within the rounding of 32-bit logits counts as 0. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(len(x.Pairs), "test"))
	fmt.Fprintf(&s, "Seed %d. ", x.Seed)
	s.WriteString(shamSentence(x.Sham))
	return s.String()
}

// shamSentence says what the control arm did.
func shamSentence(s ablate.Sham) string {
	if !s.Identical {
		return "There was no sham arm."
	}
	return fmt.Sprintf("Sham: the identity edit on all these neurons at once left the outcome of all %s bit-identical.", plural(s.Images, "image"))
}

// kindPhrase says what took the activations' place.
func kindPhrase(k ablate.Kind, over ablate.MeanOver, draws int) string {
	switch k {
	case ablate.Mean:
		if over == ablate.OverChannel {
			return "its activation became its mean over the select images and all positions (mean ablation)"
		}
		return "its activation became, at each position, its mean over the select images (mean ablation)"
	case ablate.Resample:
		return fmt.Sprintf("its activation became the one that another image of the split evokes, both neurons of a pair the same image's; %s an image, outcomes averaged (resample ablation)", plural(draws, "draw"))
	}
	return "its activation became 0 (zero ablation)"
}

// layersPhrase names layers in a sentence.
func layersPhrase(layers []int) string {
	if len(layers) == 1 {
		return fmt.Sprintf("layer %d", layers[0])
	}
	var names []string
	for _, l := range layers {
		names = append(names, fmt.Sprint(l))
	}
	return "layers " + enumerate(names)
}

// matrixSection is the picture of all pairs.
func (r PairsReport) matrixSection() Section {
	x, w := r.Result, r.words()
	at := map[model.Address]int{}
	m := pairMatrix{write: w.decimals, above: "buffering", below: "synergistic", unit: "lost with the neuron alone"}
	for k, s := range x.Singles {
		at[s.Address] = k
		m.labels, m.groups, m.single = append(m.labels, s.Address.String()), append(m.groups, s.Address.Layer), append(m.single, s.Lost.Estimate)
	}
	cells := make([]matrixCell, len(at)*len(at))
	for _, p := range x.Pairs {
		cells[at[p.A]*len(at)+at[p.B]] = matrixCell{p.Epistasis.Estimate, p.Significant}
	}
	m.pair = func(a, b int) matrixCell { return cells[a*len(at)+b] }
	return Section{"Who interacts with whom", []Block{Figure{
		File:    "epistasis.png",
		PNG:     m.png(),
		Alt:     fmt.Sprintf("Matrix of the epistasis of %s; the table below has the strongest", plural(len(x.Pairs), "pair")),
		Caption: fmt.Sprintf("Epistasis ε of each pair, %s: blue above 0 (buffering), vermillion below (synergistic). Grey on the diagonal: Δ of the neuron alone. Lines part the layers.", w.unit()),
	}}}
}

// pairsSection lists the strongest pairs.
func (r PairsReport) pairsSection() Section {
	x, w := r.Result, r.words()
	t := Table{
		Columns:  append(append(textColumns("a", "b"), numberColumns("Δ(a)", "Δ(b)", "Δ(ab)", "ε", "95 % interval", "|ε|/|Δ(ab)|", "adjusted p")...), textColumns("class")...),
		Notes:    []Note{{Text: fmt.Sprintf("Δ and ε in %s; Δ above 0 is damage. %s, the largest |ε| first.", w.unit(), capital(plural(len(x.Pairs), "pair")))}},
		Terminal: true,
	}
	unsure, reverses := false, false
	for _, p := range x.Pairs[:min(len(x.Pairs), listedPairs)] {
		class := string(p.Class)
		if p.Class != ablate.Additive && !p.Significant {
			class, unsure = class+" ?", true
		}
		for _, rev := range []struct {
			on   bool
			unit model.Address
		}{{p.ReversesA, p.A}, {p.ReversesB, p.B}} {
			if rev.on {
				class, reverses = class+fmt.Sprintf(", ± %v", rev.unit), true
			}
		}
		t.Rows = append(t.Rows, []string{p.A.String(), p.B.String(), w.plain(p.LostA), w.plain(p.LostB), w.plain(p.Lost.Estimate), w.plain(p.Epistasis.Estimate),
			w.bare(p.Epistasis), Percent(float64(p.Share)), PValue(p.Adjusted), class})
	}
	if unsure {
		t.Notes = append(t.Notes, Note{Text: "?: the interval excludes 0, but not after correction (adjusted p of 0.05 or more)."})
	}
	if reverses {
		t.Notes = append(t.Notes, Note{Text: "± unit: its loss costs where the other neuron is there and gains where that is lost, or the reverse, both intervals excluding 0 (sign epistasis)."})
	}
	if slices.ContainsFunc(x.Pairs[:len(t.Rows)], func(p ablate.PairLoss) bool { return !p.Share.Defined() }) {
		t.Notes = append(t.Notes, Note{Text: "–: the interval of Δ(ab) includes 0, so that there is no joint effect to take a share of."})
	}
	if x.Exact > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("For %s ε is 0 on every single image: nothing between these neurons and the metric can make them interact.", plural(x.Exact, "pair"))})
	}
	if more := len(x.Pairs) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more pair") + " only in the JSON file."})
	}
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	said := fmt.Sprintf("Of %s, %s after correction: %s. The median |ε| is %s; the metric is %s in the intact network.",
		plural(len(x.Pairs), "pair"), interacting(x.Interacting), r.classes(), w.size(r.median()), w.value(x.Intact))
	return Section{"Strongest pairs", []Block{Paragraph(said), t}}
}

func interacting(n int) string {
	switch n {
	case 0:
		return "none interacts"
	case 1:
		return "1 interacts"
	}
	return Count(n) + " interact"
}

// median is that of |ε|; Pairs are sorted by it.
func (r PairsReport) median() float64 {
	p := r.Result.Pairs
	return (math.Abs(p[(len(p)-1)/2].Epistasis.Estimate) + math.Abs(p[len(p)/2].Epistasis.Estimate)) / 2
}

// singlesSection is what each neuron costs alone.
func (r PairsReport) singlesSection() Section {
	x, w := r.Result, r.words()
	t := Table{Columns: append(textColumns("neuron", "layer"), numberColumns("Δ", "95 % interval")...)}
	chosen := map[model.Address]float64{}
	if x.Choice != nil {
		t.Columns = append(t.Columns, Column{"Δ on select", true})
		for _, u := range x.Choice.Units {
			chosen[u.Address] = u.Lost
		}
	}
	for _, s := range x.Singles[:min(len(x.Singles), 30)] {
		row := []string{s.Address.String(), s.Layer, w.plain(s.Lost.Estimate), w.bare(s.Lost)}
		if x.Choice != nil {
			row = append(row, w.plain(chosen[s.Address]))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("In %s; above 0 is damage.", w.unit())}}
	if x.Choice != nil {
		t.Notes = append(t.Notes, Note{Text: "Δ on select is what the choice was made by, under zero ablation: the strongest of many are overstated there."})
	}
	if more := len(x.Singles) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	return Section{"Each neuron alone", []Block{t}}
}

func (r PairsReport) caveats() []string {
	x := r.Result
	c := []string{
		fmt.Sprintf("Interaction depends on the scale: what adds up in logits does not in accuracy, and the reverse. Here it is %s.", r.words().name()),
		"A pair is buffering or synergistic towards the metric. That the two neurons exchange signals does not follow: a nonlinearity that both reach is enough.",
		"Pairs are blind to redundancy among three or more neurons: of three copies, no pair is missed.",
	}
	if x.Kind == ablate.Zero {
		c = append(c, "Zero ablation is off-distribution, with two neurons at 0 more so than with one: an interaction may come from the strangeness of the combination. --kind mean and --kind resample tell.")
	}
	return append(c,
		"With many images even a tiny interaction is detected: look at ε and its share of Δ(ab), not at p.",
		"One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
}
