package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
)

// TiredReport is what an experiment on fatigue hands in.
type TiredReport struct {
	Result *state.TiredResult
	Source
}

// Tired is the entry of an experiment on fatigue.
func Tired(r TiredReport) Entry {
	x := r.Result
	facts := []Fact{{"bootstrap resamples", Count(x.Resamples)}, {"permutations", Count(x.Permutations)}}
	if len(x.Lesions) > 0 {
		facts = append(facts, Fact{"under lesion throughout", r.lesions()})
	}
	return Entry{
		Kind:  "state-tired",
		Slug:  r.slug(),
		Title: "A tired network" + r.underLesion(),
		Claim: "“Do results change because it is tired? No.” (of a neural network, as against a brain)",
		Question: fmt.Sprintf("Does a network telling %s change its answers by working, and what would change if its neurons tired as neurons do?",
			telling(x.Classes)),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.sameSection(), r.doseSection(), r.daySection(), r.historySection(), r.controlSection(), r.globalSection(), r.neuronSection()),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, facts...),
		Run:        r.Run,
		Data: struct {
			Split        string `json:"split"`
			HistorySplit string `json:"history_split"`
			*state.TiredResult
		}{x.Split.String(), x.HistorySplit.String(), x},
	}
}

func (r TiredReport) slug() string {
	if len(r.Result.Lesions) == 0 {
		return "state-tired"
	}
	words := []string{"state-tired-lesion"}
	for _, a := range r.Result.Lesions {
		words = append(words, a.String())
	}
	return Slug(words...)
}

func (r TiredReport) lesions() string {
	var names []string
	for _, a := range r.Result.Lesions {
		names = append(names, a.String())
	}
	return enumerate(names)
}

func (r TiredReport) underLesion() string {
	if len(r.Result.Lesions) == 0 {
		return ""
	}
	return " under a lesion of " + r.lesions()
}

// answer is the result in one line.
func (r TiredReport) answer() string {
	x := r.Result
	u, c := x.Unchanging, x.Tired
	differing := u.Row.Differing + u.Between.Differing + u.NoFatigue.Differing
	showings := u.Row.Showings + u.Between.Showings + u.NoFatigue.Showings
	var s strings.Builder
	if differing == 0 {
		fmt.Fprintf(&s, "No, as claimed: in %s no logit changed by a bit. ", plural(showings, "showing"))
	} else {
		fmt.Fprintf(&s, "Not as claimed: %s changed in %s. ", plural(differing, "logit"), plural(showings, "showing"))
	}
	a := c.Accuracy
	fmt.Fprintf(&s, "With neurons that tire (κ = %s), %s make accuracy ", dose(x.Body.Fatigue), plural(x.Steps, "image"))
	n := fmt.Sprintf("(95 %% interval %s, n = %s, %s)", PointsInterval(a.Change.Low, a.Change.High), plural(x.Images, "image"), x.Split)
	switch {
	case !excludesZero(a.Change.Low, a.Change.High):
		fmt.Fprintf(&s, "change by %s %s, which may be none", Points(a.Change.Estimate), n)
	case a.Change.Estimate < 0:
		fmt.Fprintf(&s, "fall by %s to %s %s", size(a.Change.Estimate), Percent(a.Estimate), n)
	default:
		fmt.Fprintf(&s, "rise by %s to %s %s", size(a.Change.Estimate), Percent(a.Estimate), n)
	}
	s.WriteString(r.whoSuffers())
	s.WriteString(r.whatIsBack())
	return s.String() + "."
}

func size(change float64) string { return trimSign.Replace(Points(change)) }

// whoSuffers says which class does, and whether it is sight or criterion that is lost.
func (r TiredReport) whoSuffers() string {
	x := r.Result
	c := x.Tired
	if c.Suffers < 0 || !(c.Gap.High < 0) || !(float64(c.Adjusted) < 0.05) {
		return "; no class suffers more than the others beyond chance"
	}
	s := fmt.Sprintf("; %s suffers (recall %s)", x.Classes[c.Suffers], Points(c.Recall[c.Suffers].Change.Estimate))
	favoured := r.favoured()
	if favoured >= 0 && c.Answers[favoured].Change.Low > 0 {
		s += fmt.Sprintf(", as it comes to say %s (%s of answers, fresh %s)", x.Classes[favoured], Percent(c.Answers[favoured].Estimate),
			Percent(x.Fresh.Answers[favoured].Estimate))
	}
	return s + fmt.Sprintf(", while its logits keep an AUROC of %s (fresh %s)", fixed(float64(c.AUROC), 3), fixed(float64(x.Fresh.AUROC), 3))
}

// favoured is the class whose share of answers rises most, -1 where none rises.
func (r TiredReport) favoured() int {
	at, most := -1, 0.0
	for k, a := range r.Result.Tired.Answers {
		if a.Change.Estimate > most {
			at, most = k, a.Change.Estimate
		}
	}
	return at
}

// whatIsBack says what the shortest rest gives back.
func (r TiredReport) whatIsBack() string {
	for _, m := range r.Result.Recovery.Rests {
		if m.Rest > 0 && m.Accuracy.Estimate.Defined() && float64(m.Accuracy.Low) > 0 {
			return fmt.Sprintf("; a rest of %s τ gives back %s %s of the lost accuracy, and %s of the gain", dose(m.Rest/r.Result.Body.Recovery),
				Percent(float64(m.Accuracy.Estimate)), PercentInterval(float64(m.Accuracy.Low), float64(m.Accuracy.High)), Percent(m.Gained))
		}
	}
	return ""
}

func (r TiredReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "Body: every hidden neuron with ReLU has a gain x, 1 when fresh, by which its activation is multiplied. It tires by dx/dt = (1 − x)/τ − (κ/τ)·d·x, with t in presentations of an image, τ = %s, "+
		"and d the neuron's drive: what it would fire with if fresh, averaged over its map, as a multiple of its mean over the select images. A drive of 1 kept up brings the gain to 1/(1 + κ); silence brings it back with the time constant τ. "+
		"This is synaptic depression by depletion (Tsodyks and Markram, PNAS 94:719, 1997; Abbott et al., Science 275:220, 1997), whose steady state is divisive (Carandini and Heeger, Nat. Rev. Neurosci. 13:51, 2012). "+
		"An image is answered with the gains that it finds; then the neurons tire. ", dose(x.Body.Recovery))
	fmt.Fprintf(&s, "Work: as many subjects (copies of the network, each with its history) as there are images of the %s split, %s; each works through %s and is tested with one more. In every step each image is shown to exactly one subject, and no subject sees "+
		"an image twice (cyclic shifts, drawn at random, of a random order), so that every step and dose is measured on the same images and compared image by image with the network without a body. ", x.Split, Count(x.Images), plural(x.Steps, "image"))
	fmt.Fprintf(&s, "Change = tired − fresh, below 0 is damage. The logit difference is the true class's logit minus the strongest other; confidence is the softmax of the answer; AUROC is how well %s tells classes apart, wherever the border lies: "+
		"1 with a recall of 0 means a shifted criterion, not a loss of sight. The reference is κ = %s. ", r.aurocOf(), dose(x.Body.Fatigue))
	fmt.Fprintf(&s, "Intervals are 95 %%: paired bootstrap over images for changes and means (%s), Wilson for rates, %s. Tests: that all recalls change alike, by permuting classes among images; "+
		"mean changes of the logit difference by sign flips (%s each; at least 20 a neuron in the map), two-sided; adjusted by Benjamini and Hochberg within each table. Seed %d. ",
		plural(x.Resamples, "resample"), r.delong(), plural(x.Permutations, "permutation"), x.Seed)
	if len(x.Lesions) > 0 {
		fmt.Fprintf(&s, "%s %s silenced throughout, in the fresh arm too. ", capital(r.lesions()), map[bool]string{true: "is", false: "are"}[len(x.Lesions) == 1])
	}
	u := x.Unchanging
	fmt.Fprintf(&s, "Sham: the whole work with a body at κ = 0 left %s of %s different from the network without a body.", plural(u.NoFatigue.Differing, "logit"), Count(u.NoFatigue.Logits))
	return s.String()
}

func (r TiredReport) aurocOf() string {
	if len(r.Result.Classes) == 2 {
		return "the difference of the two logits"
	}
	return "each class's logit less the strongest other (mean over classes, each against all others)"
}

func (r TiredReport) delong() string {
	if len(r.Result.Classes) == 2 {
		return "DeLong for AUROC"
	}
	return "none for AUROC"
}

// shown are the classes that tables show: all of three or fewer, else the three whose recall changes most.
func (r TiredReport) shown() []int {
	var classes []int
	for k := range r.Result.Classes {
		classes = append(classes, k)
	}
	if len(classes) > 3 {
		change := func(k int) float64 { return math.Abs(r.Result.Tired.Recall[k].Change.Estimate) }
		slices.SortStableFunc(classes, func(a, b int) int { return cmp.Compare(change(b), change(a)) })
		classes = classes[:3]
		slices.Sort(classes)
	}
	return classes
}

// shownNote says which classes are left out.
func (r TiredReport) shownNote() []Note {
	if more := len(r.Result.Classes) - len(r.shown()); more > 0 {
		return []Note{{Text: fmt.Sprintf("The three classes whose recall changes most at the reference; %d more only in the JSON file.", more)}}
	}
	return nil
}

// sameSection is the claim's own arm.
func (r TiredReport) sameSection() Section {
	u := r.Result.Unchanging
	t := Table{Columns: append(textColumns("arm"), numberColumns("showings", "logits compared", "differ in a bit", "answers changed")...), Terminal: true}
	add := func(name string, s state.SameBits) {
		t.Rows = append(t.Rows, []string{name, Count(s.Showings), Count(s.Logits), Count(s.Differing), Count(s.Answers)})
	}
	images := plural(u.Images, "image")
	add(fmt.Sprintf("network: %s, each %s times in a row", images, Count(u.Repeats)), u.Row)
	add("network: the same, another image before each showing", u.Between)
	add(fmt.Sprintf("body at κ = 0: all images, work of %s", plural(r.Result.Steps+1, "step")), u.NoFatigue)
	add(fmt.Sprintf("positive control: κ = %s, in a row", dose(r.Result.Body.Fatigue)), u.Positive)
	t.Notes = []Note{{Text: "The first showing of each image by the network is what its others are held against, bit for bit; the body at κ = 0 is held against the network on the same images. " +
		"The positive control shows that a difference would have been seen."}}
	return Section{"As it is, nothing changes", []Block{t}}
}

// changed is a change of a rate with its interval.
func changed(i ablate.Interval) []string {
	return []string{Points(i.Estimate), PointsInterval(i.Low, i.High)}
}

// conditionColumns are the columns of what a condition does by class; conditionCells fill them.
func (r TiredReport) conditionColumns() []Column {
	c := numberColumns("accuracy", "change", "95 % interval")
	for _, k := range r.shown() {
		c = append(c, Column{"recall of " + r.Result.Classes[k], true})
	}
	answers := r.shown()
	if len(r.Result.Classes) == 2 {
		answers = answers[:1]
	}
	for _, k := range answers {
		c = append(c, Column{"answers " + r.Result.Classes[k], true})
	}
	return append(c, numberColumns("AUROC", "confidence", "logit difference")...)
}

func (r TiredReport) conditionCells(c state.Condition) []string {
	cells := append([]string{Percent(c.Accuracy.Estimate)}, changed(c.Accuracy.Change)...)
	for _, k := range r.shown() {
		cells = append(cells, Percent(c.Recall[k].Estimate))
	}
	answers := r.shown()
	if len(r.Result.Classes) == 2 {
		answers = answers[:1]
	}
	for _, k := range answers {
		cells = append(cells, Percent(c.Answers[k].Estimate))
	}
	return append(cells, fixed(float64(c.AUROC), 3), Percent(c.Confidence.Estimate), Number(c.LogitDiff.Estimate))
}

func (r TiredReport) caveats() []string {
	x := r.Result
	c := []string{
		"The body is a model of fatigue, one of many. Its strength κ and its clock τ are chosen, not measured in anything: what is found is how this network fails if its neurons tire in this way.",
		"A gain scales what a neuron sends and not the bias of what receives it: a network whose neurons all fire less leaves more of the decision to biases. Much of a class's suffering can come from that; the controls of equal weakening show how much.",
		"Effects in logits and in accuracy need not go together: with all activations scaled down, logit differences shrink though the same class leads.",
		"Histories of different subjects share images (each image serves in many), so that tests over images treat as independent what is nearly so.",
		"The neurons of the map are sorted by the estimates that are shown: those of the first few are a little too large.",
		"One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may tire towards another class.",
	}
	if len(x.Classes) > 2 {
		c = append(c, "With more than two classes, the class that suffers most is chosen on the images on which its gap is measured: the gap's interval is a little too far from 0. The p is that of any difference between classes.")
	}
	return c
}
