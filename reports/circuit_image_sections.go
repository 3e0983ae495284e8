package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
)

func (r ImageReport) sections() []Section {
	all := []Section{r.answerSection()}
	if r.Result.Chain != nil {
		all = append(all, r.chainSection())
	}
	return append(all, r.firedSection(), r.sumsSection(), r.evidenceSection())
}

// listedClasses is how many classes the table of logits has.
const listedClasses = 10

// answerSection shows the image and the logits.
func (r ImageReport) answerSection() Section {
	x := &r.Result
	t := thumbnail{frame: slate, lines: []string{"→ " + x.Answer}}
	switch x.Label {
	case "":
	case x.Answer:
		t.frame, t.word = green, "right"
	default:
		t.frame, t.word = vermillion, "wrong"
	}
	if x.Label != "" {
		t.lines = []string{x.Label + " → " + x.Answer}
	}
	logits := Table{Columns: append(textColumns("class", "neuron"), numberColumns("logit", "probability")...)}
	for _, c := range x.Classes[:min(len(x.Classes), listedClasses)] {
		logits.Rows = append(logits.Rows, []string{c.Class, c.Neuron, Signed(c.Logit), probability(c.Probability)})
	}
	if more := len(x.Classes) - len(logits.Rows); more > 0 {
		logits.Notes = append(logits.Notes, Note{Text: fmt.Sprintf("%s more classes only in the JSON file.", Count(more))})
	}
	said := fmt.Sprintf("y, %s, is %s. With every edge at its mean over select it would be %s.", yPhrase(x.Metric, x.Answer, r.Set.Classes), Number(x.Y), Number(x.Corrupted))
	return Section{"The image and the answer", []Block{
		Figure{File: "image.png", PNG: thumbnailsPNG(onePicture(r.Set, x.Pixels), []thumbnail{t}, 1), Alt: "The image as the network sees it",
			Caption: fmt.Sprintf("%s as the network sees it: %d×%d pixels.", capital(r.name()), r.Set.Height, r.Set.Width)},
		logits, Paragraph(said)}}
}

// chainSection is the chain with its verification.
func (r ImageReport) chainSection() Section {
	x := &r.Result
	c := x.Chain
	t := Table{
		Columns:  append(append(textColumns("cut", "receiver", "sign"), numberColumns("T at the peak", "usually", "change of y", "y after", "place among its kind")...), textColumns("answer")...),
		Terminal: true,
		Notes: []Note{
			{Text: "T: what the sender adds to the receiver's pre-activation, at the receiver's peak; usually: what it adds there on average over select, which takes its place in the cut. → excitatory (T above 0), ⊣ inhibitory; where the sender is silent (T is 0), by what it usually adds: a silence carries something, too. Place among its kind: of all edges between the same two layers, how many places from the one that lowers y most."}},
	}
	flips := 0
	for _, l := range c.Links {
		if l.Flips {
			flips++
		}
		t.Rows = append(t.Rows, []string{l.Edge.String(), r.tunedAs(l.Edge.To), strings.TrimSpace(arrow(l.Excitatory())), Signed(l.Term), Signed(l.Usual), Signed(l.Effect), Number(l.After), Count(l.Rank) + " of " + Count(l.Of), becomes(l.Cut)})
	}
	t.Rows = append(t.Rows, []string{"all at once", "", chainSign(c.Sign), "", "", Signed(c.Cut.Effect), Number(c.Cut.After), "", becomes(c.Cut)})
	said := fmt.Sprintf("y is %s before any cut. Cut alone, %s of the %s %s the answer; all cut at once, it %s.", Number(x.Y), none(flips), plural(len(c.Links), "link"), turn(flips), becomes(c.Cut))
	said += fmt.Sprintf(" Of %s chains from the image to %s, %s have only edges whose cut lowers y; this one's weakest link lowers it by %s.",
		chainCount(c.InNetwork), c.Neurons[len(c.Neurons)-1].ID, chainCount(c.Supporting), Number(c.Strength))
	if n := len(c.Random); n > 0 {
		said += fmt.Sprintf(" Of %s cut as a whole, %s, and %s %s the answer; the median changes y by %s, the middle 95 %% lie in %s.",
			plural(n, "random chain"), r.randomWords(), none(c.RandomFlips), turn(c.RandomFlips), Signed(noDust(median(c.Random))), SignedInterval(noDust(c.Random[n*25/1000]), noDust(c.Random[n-1-n*25/1000])))
	}
	strip := chainStrip{c, onePicture(r.Set, x.Pixels), r.Set.Classes}
	return Section{"The chain that carried the decision", []Block{
		Figure{File: "chain.png", PNG: strip.png(), Alt: "The chain from the image to the answer, neuron by neuron; the table below has its links",
			Caption: "From the image (upper left) to the answer's neuron, in the order of reading. A channel is shown as its map over the image: grey where it is silent, glowing where it fires, up to its own highest activation. A dense neuron is a box with its activation."},
		t, Paragraph(said)}}
}

// none is a number in a sentence.
func none(n int) string {
	if n == 0 {
		return "none"
	}
	return Count(n)
}

// turn is the verb for so many cuts that turn the answer.
func turn(n int) string {
	if n > 1 {
		return "turn"
	}
	return "turns"
}

// tunedAs is what is known of a neuron: its class for an output, its label otherwise.
func (r ImageReport) tunedAs(a model.Address) string {
	if a.Layer == r.Network.Depth() && a.Unit < len(r.Set.Classes) {
		return fmt.Sprintf("%v, the neuron of %s", a, r.Set.Classes[a.Unit])
	}
	for _, n := range r.Result.Chain.Neurons {
		if n.Neuron == a && n.Label != "" {
			return fmt.Sprintf("%v, tuned to %s", a, imagesWith(n.Label))
		}
	}
	return a.String()
}

// imagesWith is a label in a sentence.
func imagesWith(label string) string {
	if strings.HasPrefix(label, "without ") {
		return "images " + label
	}
	return label
}

// firedSection lists layer by layer who fired.
func (r ImageReport) firedSection() Section {
	x := &r.Result
	t := Table{
		Columns: append(append(textColumns("layer", "neuron", "tuned to"), numberColumns("activation", "usually", "z", "above")...), textColumns("peak")...),
		Notes: []Note{{Text: fmt.Sprintf("The neurons of each layer that fired most above their own habit. Usually: mean ± standard deviation on %s of select; above: of how many of them the activation is higher; peak: row, column of the channel's map.",
			plural(x.SelectImages, "image"))}},
	}
	var counts List
	for _, l := range x.Layers {
		counts = append(counts, fmt.Sprintf("%s (layer %d): %s of %s fired; on a select image %s do, on average.", l.Name, l.Layer, Count(l.Fired), plural(l.Neurons, "neuron"), Number(l.Typical)))
		for _, a := range l.Strongest {
			peak := Missing
			if a.Row >= 0 {
				peak = fmt.Sprintf("%d, %d", a.Row, a.Col)
			}
			label := a.Label
			if label == "" {
				label = Missing
			}
			t.Rows = append(t.Rows, []string{l.Name, a.ID, label, Number(a.Activation), Number(a.Mean) + " ± " + Number(a.SD), Signed(float64(a.Z)), percentileText(a.Percentile), peak})
		}
	}
	if len(t.Rows) == 0 {
		return Section{"Who fired", []Block{counts}}
	}
	return Section{"Who fired", []Block{counts, t}}
}

// shownTerms is how many terms of a sum are written out.
const shownTerms = 5

// sumsSection writes the sums of the chain's neurons out.
func (r ImageReport) sumsSection() Section {
	x := &r.Result
	var equations strings.Builder
	t := Table{Columns: append(append(textColumns("neuron", "layer", "tuned to", "at"), numberColumns("excitatory terms", "their sum", "inhibitory terms", "their sum", "bias", "pre-activation")...), numberColumns("residual")...),
		Notes: []Note{{Text: "At: row, column of the peak, of a channel. Residual: the sum of terms and bias, less the pre-activation recorded in the run, relative to Σ|w·x| + |bias|."}}}
	for _, s := range r.shownSums() {
		fmt.Fprintln(&equations, equation(s))
		at, label := Missing, s.Label
		if s.Row >= 0 {
			at = fmt.Sprintf("%d, %d", s.Row, s.Col)
		}
		switch {
		case s.Neuron.Layer == r.Network.Depth() && s.Neuron.Unit < len(r.Set.Classes):
			label = "output for " + r.Set.Classes[s.Neuron.Unit]
		case label == "":
			label = Missing
		}
		t.Rows = append(t.Rows, []string{s.ID, s.Layer, label, at, Count(s.Excitatory), Signed(s.ExcitatorySum), Count(s.Inhibitory), Signed(s.InhibitorySum), Signed(s.Bias), Signed(s.PreActivation), tinyShare(s.Relative())})
	}
	of := "of each neuron of the chain and of the two strongest output neurons"
	if x.Chain == nil {
		of = "of the two strongest output neurons"
	}
	return Section{"What each neuron received", []Block{
		Paragraph(fmt.Sprintf("The dendritic sum %s: T(sender) for each of its %d largest terms, what is left of them, and the bias. Figures are rounded; the terms in full, which add up, are in the JSON file. "+
			"After a ReLU a neuron fires with its pre-activation where that is above 0, else not at all.", of, shownTerms)),
		Code{"text", equations.String()}, t}}
}

// shownSums are those of the chain, the answer and the runner-up.
func (r ImageReport) shownSums() []circuit.DendriticSum {
	x := &r.Result
	outputs := 0
	var out []circuit.DendriticSum
	for _, s := range x.Sums {
		if s.Neuron.Layer == r.Network.Depth() {
			if outputs++; outputs > 2 {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// equation is a sum in a line: "3:17 at 2,4 = +0.812 (2:5) −0.310 (2:1) … +0.020 (27 other terms) +0.100 (bias) = 0.622".
func equation(s circuit.DendriticSum) string {
	var b strings.Builder
	b.WriteString(s.ID)
	if s.Row >= 0 {
		fmt.Fprintf(&b, " at %d,%d", s.Row, s.Col)
	}
	b.WriteString(" = ")
	decimals := equationDecimals(s)
	shown := min(len(s.Terms), shownTerms)
	rest := 0.0
	for k, t := range s.Terms {
		if k >= shown {
			rest += t.Value
			continue
		}
		fmt.Fprintf(&b, "%s T(%s) ", spaced(t.Value, decimals, k == 0), t.Sender)
	}
	if left := len(s.Terms) - shown; left > 0 {
		fmt.Fprintf(&b, "%s (%s) ", spaced(rest, decimals, false), plural(left, "more term"))
	}
	fmt.Fprintf(&b, "%s bias = %s", spaced(s.Bias, decimals, false), fixed(s.PreActivation, decimals))
	return b.String()
}

// spaced is a number in a sum: "+ 0.812"; the first has no plus.
func spaced(x float64, decimals int, first bool) string {
	digits := fixed(math.Abs(x), decimals)
	switch {
	case x < 0 && strings.Trim(digits, "0.") != "":
		return minus + " " + digits
	case first:
		return digits
	}
	return "+ " + digits
}

// equationDecimals give the largest number of a sum three significant figures.
func equationDecimals(s circuit.DendriticSum) int {
	largest := max(math.Abs(s.Bias), math.Abs(s.PreActivation))
	for _, t := range s.Terms {
		largest = max(largest, math.Abs(t.Value))
	}
	return min(6, figureDecimals(largest)+1)
}

// evidenceSection holds the evidence for the answer against that for the runner-up.
func (r ImageReport) evidenceSection() Section {
	x := &r.Result
	if x.RunnerUp == "" {
		return Section{"What else fired", []Block{Paragraph("There is one class: nothing competes with the answer.")}}
	}
	outputs := r.outputSums()
	own, other := outputs[0], outputs[1]
	t := Table{Columns: append(textColumns("sender", "tuned to", "speaks for"), numberColumns("activation", "T("+own.ID+"), "+x.Answer, "T("+other.ID+"), "+x.RunnerUp)...),
		Notes: []Note{{Text: fmt.Sprintf("The senders with the largest excitatory terms, %d for each of the two neurons. A sender may excite both.", shownTerms)}}}
	for _, sum := range []circuit.DendriticSum{own, other} {
		for _, term := range excitatory(sum, shownTerms) {
			a, b := termOf(own, term.Sender), termOf(other, term.Sender)
			if slices.ContainsFunc(t.Rows, func(row []string) bool { return row[0] == term.Sender }) {
				continue
			}
			label, side := term.Label, x.Answer
			if label == "" {
				label = Missing
			}
			if b > a {
				side = x.RunnerUp
			}
			t.Rows = append(t.Rows, []string{term.Sender, label, side, Number(term.Activation), Signed(a), Signed(b)})
		}
	}
	said := fmt.Sprintf("The runner-up is %s: its neuron's pre-activation is %s, that of %s %s. It received %s excitatory terms (%s together) and %s inhibitory ones (%s).",
		x.RunnerUp, Signed(other.PreActivation), x.Answer, Signed(own.PreActivation), Count(other.Excitatory), Signed(other.ExcitatorySum), Count(other.Inhibitory), Signed(other.InhibitorySum))
	if len(t.Rows) == 0 {
		return Section{"What else fired", []Block{Paragraph(said)}}
	}
	return Section{"What else fired", []Block{Paragraph(said), t}}
}

// outputSums are those of the output neurons, the answer's first.
func (r ImageReport) outputSums() []circuit.DendriticSum {
	var out []circuit.DendriticSum
	for _, s := range r.Result.Sums {
		if s.Neuron.Layer == r.Network.Depth() {
			out = append(out, s)
		}
	}
	return out
}

// excitatory are the largest terms above 0.
func excitatory(s circuit.DendriticSum, most int) (out []circuit.Term) {
	for _, t := range s.Terms {
		if t.Value > 0 && len(out) < most {
			out = append(out, t)
		}
	}
	return out
}

func termOf(s circuit.DendriticSum, sender string) float64 {
	for _, t := range s.Terms {
		if t.Sender == sender {
			return t.Value
		}
	}
	return math.NaN()
}
