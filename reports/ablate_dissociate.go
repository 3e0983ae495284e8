package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
)

// DissociateReport is what a test for a double dissociation hands in.
type DissociateReport struct {
	Result ablate.Dissociation
	Source
}

// Dissociate is the entry of a test for a double dissociation.
func Dissociate(r DissociateReport) Entry {
	x := r.Result
	e := Entry{
		Kind:     "dissociate",
		Slug:     Slug("dissociate", x.Outcomes[0].Name, x.Outcomes[1].Name),
		Title:    fmt.Sprintf("Dissociation of %s and %s", x.Outcomes[0].Name, x.Outcomes[1].Name),
		Question: fmt.Sprintf("Does the loss of one neuron hurt %s more than %s, and that of another %s more than %s?", x.Outcomes[0].Name, x.Outcomes[1].Name, x.Outcomes[1].Name, x.Outcomes[0].Name),
		Answer:   r.answer(),
		Method:   r.method(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"kind of ablation", string(x.Kind)}, Fact{"metric", x.Metric.Name},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"permutations", Count(x.Permutations)}),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			ablate.Dissociation
		}{x.Split.String(), x},
	}
	if x.Found {
		e.Title += fmt.Sprintf(" by neurons %v and %v", x.Units[0], x.Units[1])
		e.Slug = Slug("dissociate", x.Units[0].String(), x.Units[1].String())
		e.Sections = append(e.Sections, r.lossesSection())
	}
	if x.Search != nil {
		e.Sections = append(e.Sections, r.searchSection())
	}
	return e
}

func (r DissociateReport) words() lossWords { return lossWords{r.Result.Metric} }

// answer is the result in one sentence.
func (r DissociateReport) answer() string {
	x := r.Result
	if s := x.Search; !x.Found {
		return fmt.Sprintf("None found: of %s of %s of %s, none crosses on select (n = %s, %s ablation), so that there was nothing to measure on %s.",
			plural(s.Tried, "ordered pair"), plural(s.Candidates, "hidden neuron"), layersPhrase(s.Layers), plural(s.Images, "image"), x.Kind, x.Split)
	}
	tried := ""
	if x.Search != nil {
		tried = fmt.Sprintf("; the best of %s on select", plural(x.Search.Tried, "ordered pair"))
	}
	verdict := fmt.Sprintf("%s on %s (n = %s, %s, %s ablation%s)", capital(string(x.Verdict)), x.Split, plural(x.Images, "image"), r.words().short(), x.Kind, tried)
	if x.Verdict == ablate.NoDissociation && x.Hurts[0] >= 0 {
		verdict += ", for both losses hurt the same"
	}
	return fmt.Sprintf("%s: %s; %s; interaction %s (95 %% interval %s, %s).", verdict, r.comparison(0), r.comparison(1),
		r.words().signed(x.Interaction.Estimate), r.words().interval(x.Interaction), equalsP(x.P))
}

// comparison says what the loss of a unit does to the outcomes, as far as its interval shows.
func (r DissociateReport) comparison(u int) string {
	x, w := r.Result, r.words()
	i, more, other := x.Within[u], x.Outcomes[0].Name, x.Outcomes[1].Name
	if i.Estimate < 0 {
		i, more, other = ablate.Interval{Estimate: -i.Estimate, Low: -i.High, High: -i.Low}, other, more
	}
	loss, numbers := fmt.Sprintf("the loss of %v", x.Units[u]), fmt.Sprintf("%s, 95 %% interval %s", w.signed(i.Estimate), w.interval(i))
	switch {
	case x.Hurts[u] >= 0:
		return fmt.Sprintf("%s costs %s more than %s (%s)", loss, more, other, numbers)
	case excludesZero(i.Low, i.High):
		return fmt.Sprintf("%s costs %s more than %s (%s), but does not detectably hurt %s in itself", loss, more, other, numbers, more)
	}
	return fmt.Sprintf("%s makes no detectable difference between them (%s − %s %s)", loss, more, other, numbers)
}

func (r DissociateReport) method() string {
	x, w := r.Result, r.words()
	a, b := x.Outcomes[0], x.Outcomes[1]
	var s strings.Builder
	if x.Search != nil {
		fmt.Fprintf(&s, "Search: each of %s of %s was ablated alone on %s of the select split. From that each of %s of neurons a and b has a score, the smaller of Δ(a) of %s and Δ(b) of %s less the larger of the other two "+
			"(a gain counts as 0): above 0, each loss hurts its own outcome more than the other, and each outcome is hurt more by its own loss. ",
			plural(x.Search.Candidates, "hidden neuron"), layersPhrase(x.Search.Layers), plural(x.Search.Images, "image"), plural(x.Search.Tried, "ordered pair"), a.Name, b.Name)
		if !x.Found {
			s.WriteString("The best one does not cross, and the experiment ends there. ")
		} else {
			fmt.Fprintf(&s, "The best one is measured on %s. ", x.Split)
		}
	}
	if x.Found {
		fmt.Fprintf(&s, "Each of the two neurons was ablated alone on %s of the %s split: %s. ", plural(x.Images, "image"), x.Split, strings.Replace(kindPhrase(x.Kind, x.MeanOver, x.Draws), ", both neurons of a pair the same image's", "", 1))
	}
	fmt.Fprintf(&s, "Δ is the contribution lost in the metric, %s: %s, so that above 0 is damage and below 0 a gain. ", w.name(), w.sign())
	if a.Kind == ablate.OfFeature {
		fmt.Fprintf(&s, "The outcome of a feature is the mean of Δ over images with it less that over images without it, within each class and averaged over classes by their images, "+
			"so that a class that is hurt does not pass for its features; classes whose images all have or all lack the feature do not count. ")
	} else {
		fmt.Fprintf(&s, "The outcome of a class is the mean of Δ over its images. ")
	}
	if !x.Found {
		fmt.Fprintf(&s, "Seed %d.", x.Seed)
		return s.String()
	}
	s.WriteString("A loss hurts an outcome more than the other where the difference and Δ of that outcome are both above 0 with intervals that exclude 0. Double dissociation: the two losses do so for different outcomes, " +
		"and each outcome is hurt more by its own loss than by the other one (the lines cross), with intervals that exclude 0; uncrossed: without the latter; single: one of the losses hurts one outcome more. ")
	exchange := "over all images of the two classes"
	if a.Kind == ablate.OfFeature {
		exchange = "within each class, both features together"
	}
	fmt.Fprintf(&s, "Intervals are 95 %% bootstrap intervals over images, each group keeping its size (%s). The interaction (Δ_aA − Δ_aB) − (Δ_bA − Δ_bB) is tested two-sided by permutation (%s): an image keeps both its losses, "+
		"and which group it belongs to is shuffled %s. What is exchangeable if nothing interacts is the difference of an image's two losses. Seed %d. ", plural(x.Resamples, "resample"), plural(x.Permutations, "shuffle"), exchange, x.Seed)
	s.WriteString(shamSentence(x.Sham))
	return s.String()
}

// lossesSection is the table of losses and comparisons, with its picture.
func (r DissociateReport) lossesSection() Section {
	x, w := r.Result, r.words()
	a, b := x.Outcomes[0].Name, x.Outcomes[1].Name
	cell := func(i ablate.Interval) string { return w.plain(i.Estimate) + " " + w.bare(i) }
	name := func(u int) string { return fmt.Sprintf("%v (%s)", x.Units[u], x.Layers[u]) }
	t := Table{
		Columns: append(textColumns("loss of"), numberColumns("Δ of "+a, "Δ of "+b, a+" − "+b)...),
		Rows: [][]string{
			{name(0), cell(x.Lost[0][0]), cell(x.Lost[0][1]), cell(x.Within[0])},
			{name(1), cell(x.Lost[1][0]), cell(x.Lost[1][1]), cell(x.Within[1])},
			{fmt.Sprintf("%v − %v", x.Units[0], x.Units[1]), cell(x.Between[0]), cell(x.Between[1]), cell(x.Interaction)},
		},
		Notes: []Note{
			{Text: fmt.Sprintf("In %s, with 95 %% intervals; Δ above 0 is damage. %s.", w.unit(), r.images())},
		},
		Terminal: true,
	}
	t.Notes = append(t.Notes, r.doubts()...)
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("The interaction; permutation %s.", equalsP(x.P)), Row: 3, Col: 3})
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	p := interactionPlot{axis: "contribution lost (" + w.unit() + "; above 0 is damage)", outcomes: [2]string{a, b}}
	for u := range x.Units {
		p.lesions[u] = x.Units[u].String()
		for y, i := range x.Lost[u] {
			p.effects[u][y] = effect{w.scaled(i.Estimate), w.scaled(i.Low), w.scaled(i.High)}
		}
	}
	return Section{"Two losses, two outcomes", []Block{t, Figure{
		File:    "dissociation.png",
		PNG:     p.png(),
		Alt:     "Contribution lost with each neuron for both outcomes, as in the table above",
		Caption: fmt.Sprintf("What the loss of each neuron costs %s and %s, with 95 %% intervals. Lines that cross tell of a dissociation.", a, b),
	}}}
}

// images says which images are behind the outcomes.
func (r DissociateReport) images() string {
	var parts []string
	for _, o := range r.Result.Outcomes {
		if o.Kind == ablate.OfClass {
			parts = append(parts, fmt.Sprintf("%s of %s", plural(o.With, "image"), o.Name))
		} else {
			parts = append(parts, fmt.Sprintf("%s with and %s without %s", plural(o.With, "image"), Count(o.Without), o.Name))
		}
	}
	return capital(strings.Join(parts, ", "))
}

// doubts are notes on what the verdict leaves open.
func (r DissociateReport) doubts() []Note {
	x := r.Result
	var notes []Note
	for u := range x.Units {
		for y, o := range x.Outcomes {
			if o.Kind == ablate.OfClass && x.Lost[u][y].High < 0 {
				notes = append(notes, Note{Text: fmt.Sprintf("The loss of %v is a gain for %s: part of what it costs %s is a shift of all answers.", x.Units[u], o.Name, x.Outcomes[1-y].Name), Row: u + 1, Col: y + 1})
			}
		}
	}
	if x.Verdict == ablate.UncrossedDissociation {
		notes = append(notes, Note{Text: "Each loss hurts another outcome more, but not each outcome is hurt more by its own loss (last row): one loss may just be larger, and one outcome frailer."})
	}
	if sure := excludesZero(x.Interaction.Low, x.Interaction.High); sure != (x.P < 0.05) {
		notes = append(notes, Note{Text: "The interval of the interaction and its permutation test disagree: a borderline case."})
	}
	return notes
}

// searchSection lists the best pairs on select.
func (r DissociateReport) searchSection() Section {
	x, w := r.Result, r.words()
	s := x.Search
	a, b := x.Outcomes[0].Name, x.Outcomes[1].Name
	t := Table{
		Columns:  append(textColumns("a", "b"), numberColumns("Δ(a) of "+a, "Δ(b) of "+b, "Δ(a) of "+b, "Δ(b) of "+a, "score")...),
		Notes:    []Note{{Text: fmt.Sprintf("In %s on the select split: the best of %s tried.", w.unit(), plural(s.Tried, "ordered pair"))}},
		Terminal: !x.Found,
	}
	for _, p := range s.Best {
		t.Rows = append(t.Rows, []string{p.A.String(), p.B.String(), w.plain(p.Lost[0][0]), w.plain(p.Lost[1][1]), w.plain(p.Lost[0][1]), w.plain(p.Lost[1][0]), w.plain(p.Score)})
	}
	if !x.Found {
		t.Notes = append(append(t.Notes, Note{Text: "No score is above 0: no pair crosses."}), warningNotes(x.Warnings)...)
		return Section{"Search", []Block{t}}
	}
	said := fmt.Sprintf("The best pair's score is %s on select and %s on %s.", w.signed(s.Best[0].Score), w.signed(s.Confirmed.Score), x.Split)
	if x.Split != datasets.Select {
		said += fmt.Sprintf(" The best of %s is flattered by the images it was picked on (the winner's curse): only the numbers from %s count.", Count(s.Tried), x.Split)
	}
	return Section{"Search", []Block{Paragraph(said), t}}
}

func (r DissociateReport) caveats() []string {
	x := r.Result
	var c []string
	if x.Outcomes[0].Kind == ablate.OfFeature {
		c = append(c, "Features come with each other, even within a class: a loss that hurts images with one may do so for another that comes with it.")
	} else if len(r.Set.Classes) == 2 {
		c = append(c, fmt.Sprintf("With two classes, evidence for one is evidence against the other: a loss that shifts all answers towards %s hurts %s and helps %s. "+
			"Two opposed shifts dissociate as well as two faculties do; gains in the table tell them apart.", x.Outcomes[1].Name, x.Outcomes[0].Name, x.Outcomes[1].Name))
	}
	c = append(c, fmt.Sprintf("Outcomes are compared on the scale of %s, and how far one is hurt beyond the other depends on it; which of two losses hurts an outcome more does not.", r.words().name()))
	if x.Search != nil && x.Found && x.Split != datasets.Select {
		c = append(c, fmt.Sprintf("This is the best of %s, chosen on other images: the test on %s needs no correction, but speaks of this pair and not of a typical one.", plural(x.Search.Tried, "ordered pair"), x.Split))
	}
	if x.Search != nil {
		c = append(c, "The search looks at one loss at a time: it does not find neurons that stand in for each other (neuroprobe ablate pairs does).")
	}
	if x.Kind == ablate.Zero {
		c = append(c, "Zero ablation is off-distribution: part of an effect may come from the strangeness of the value. --kind mean and --kind resample tell.")
	}
	return append(c, "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
}
