package reports

import (
	"fmt"
	"math"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/model"
)

// CircleReport is what an experiment on a recurrent layer hands in.
type CircleReport struct {
	Result state.Circle
	Source
}

// Circle is the entry of an experiment on a recurrent layer.
func Circle(r CircleReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "state-circle",
		Slug:     Slug("circle", x.Name),
		Title:    "In circles: " + x.Name + " step by step",
		Claim:    "Neurons in a brain communicate in circles; a network synchronously, once.",
		Question: fmt.Sprintf("What does layer %d (%s, %s) do in each of its %s, and does the network need the circle?", x.Layer, x.Name, plural(x.Units, "neuron"), plural(x.Steps, "step")),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.readingSection(), r.needSection(), r.activitySection(), r.neuronSection()},
		Warnings: x.Warnings,
		Caveats: []string{
			"The readout was trained on the last step. What it says of an earlier one is the network's answer if it were stopped there, not all that could be read there.",
			"Cutting the circle takes a trained network apart: a network trained without one could be as accurate. That would be another specimen.",
			"Weights dealt out anew keep their values and lose their places; the layer's activity may grow or die out.",
			"Zero ablation is off-distribution; neurons that stand in for each other hide in lesions of one.",
			"A step is a tick of a clock that all neurons share. In a brain they have none: see state async.",
			"One network is one specimen (n = 1).",
		},
		Provenance: r.provenance(x.Split, x.Seed, Fact{"layer", fmt.Sprintf("%d %s", x.Layer, x.Name)}, Fact{"steps", Count(x.Steps)},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			state.Circle
		}{x.Split.String(), x},
	}
}

func (r CircleReport) answer() string {
	x := r.Result
	first, last := x.Readings[0], x.Readings[x.Steps-1]
	said := fmt.Sprintf("Here a layer works %s on an image: the logit difference goes from %s after the first step to %s after the last (%s, 95 %% interval %s), the accuracy from %s to %s (%s, %s; n = %s, %s)",
		times(x.Steps), Number(first.Diff.Estimate), Number(last.Diff.Estimate), Signed(-first.DiffChange.Estimate), SignedInterval(-first.DiffChange.High, -first.DiffChange.Low),
		Percent(first.Accuracy.Estimate), Percent(last.Accuracy.Estimate), Points(-first.AccuracyChange.Estimate),
		PointsInterval(-first.AccuracyChange.High, -first.AccuracyChange.Low), plural(x.Images, "image"), x.Split)
	worst := x.Shuffled[0].Accuracy
	best := worst
	for _, s := range x.Shuffled {
		worst, best = min(worst, s.Accuracy), max(best, s.Accuracy)
	}
	for k, what := range []string{"; with each neuron's weight to itself alone the logit difference changes by %s", ", with those between neurons alone by %s"} {
		if k < len(x.Parts) {
			said += fmt.Sprintf(what, Signed(x.Parts[k].Diff.Estimate))
		}
	}
	said += fmt.Sprintf("; with all weights back dealt out anew the accuracy is %s to %s (%s, p = %s)", Percent(worst), Percent(best), plural(len(x.Shuffled), "shuffle"), PValue(float64(x.ShuffledP)))
	early, any := r.earlier()
	said += fmt.Sprintf("; of %s, %s at a step before the last, where only the circle carries it on", plural(len(x.Neurons), "neuron"), lesionsMatter(early))
	if any > early {
		said += fmt.Sprintf(", %s at any", Count(any))
	}
	return said + "."
}

func lesionsMatter(n int) string {
	if n == 1 {
		return "the lesion of 1 matters"
	}
	return fmt.Sprintf("lesions of %s matter", Count(n))
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Count(n) + " times"
}

// earlier counts neurons whose silence matters at a step before the last, and at any.
func (r CircleReport) earlier() (early, any int) {
	for _, n := range r.Result.Neurons {
		e, a := false, false
		for t, l := range n.Lesions {
			a = a || l.Significant()
			e = e || l.Significant() && t < len(n.Lesions)-1
		}
		early, any = early+yesNumber(e), any+yesNumber(a)
	}
	return early, any
}

func yesNumber(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r CircleReport) method() string {
	x := r.Result
	return fmt.Sprintf("A recurrent layer computes h_t = f(W·x + U·h_{t−1} + b) from h_0 = 0, with the same W, U and b at every step; what comes after it reads the last step. A neuron's address is %v, at its third step %v. "+
		"Reading a step: the network with so many steps, so that the same readout sees what the layer shows there. Changes are against the last step on the same images. "+
		"Circle cut: U set to 0, so that the layer hears nothing of itself at any step. Back to itself alone: U without all but its diagonal; between neurons alone: without the diagonal. "+
		"Shuffled: the values of U dealt out anew among all pairs of neurons (%s); p is of a network as accurate or more, (b+1)/(m+1). "+
		"Effect of a lesion: mean logit difference (true class − strongest other) with zero ablation − without, on %s of %s. Interaction: the effect at all steps − the sum of the effects at single steps. "+
		"Intervals: 95 %% bootstrap over images (%s), of accuracies Wilson's. p: exact McNemar of changed answers; sign flips (%s) of effects, adjusted by Benjamini and Hochberg over %s of lesions, and those of interactions by themselves; lesions that change nothing are not tested. "+
		"Sham: the identity edit on the layer and on each of its steps, %s: every logit difference is that of the intact network, bit by bit. "+
		"Class selectivity: (μ − μ̄ of the others)/(sum) for the class of the highest mean (Morcos et al. 2018); a neuron's preferred class is chosen on select. Change from step to step: ‖h_t − h_{t−1}‖/‖h_t‖ over images and neurons. Similarity: debiased linear CKA (Kornblith et al. 2019). Seed %d.",
		model.Neuron(x.Layer, min(5, x.Units-1)), model.Step(x.Layer, min(5, x.Units-1), min(3, x.Steps)), plural(len(x.Shuffled), "time"), plural(x.Images, "image"), x.Split,
		plural(x.Resamples, "resample"), plural(x.Permutations, "time"), plural(x.Tests, "test"), plural(x.ShamArms, "arm"), x.Seed)
}

func (r CircleReport) readingSection() Section {
	x := r.Result
	t := Table{Terminal: true, Caption: "The answer after each step", Columns: numberColumns("step", "accuracy", "95 % interval", "against the last", "95 % interval", "other answers", "p", "logit difference", "95 % interval")}
	for _, s := range x.Readings {
		change, interval, p := Missing, Missing, Missing
		if s.Step < x.Steps {
			change, interval, p = Points(s.AccuracyChange.Estimate), PointsInterval(s.AccuracyChange.Low, s.AccuracyChange.High), PValue(float64(s.P))
		}
		t.Rows = append(t.Rows, []string{Count(s.Step), Percent(s.Accuracy.Estimate), PercentInterval(s.Accuracy.Low, s.Accuracy.High), change, interval,
			Count(s.Other), p, Number(s.Diff.Estimate), Interval(s.Diff.Low, s.Diff.High)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("n = %s of %s. Other answers: images answered otherwise than after the last step.", plural(x.Images, "image"), x.Split)}}
	return Section{"The answer, step by step", []Block{
		Figure{File: "steps.png", PNG: r.stepsPNG(), Alt: "Accuracy, share of neurons that fire and similarity to the last step, step by step; the tables have the numbers",
			Caption: "Left: accuracy of the answer read after each step. Right: how many of the layer's neurons fire, and how alike the step is to the last (debiased CKA)."}, t}}
}

func (r CircleReport) needSection() Section {
	x := r.Result
	t := Table{Terminal: true, Caption: "Without the circle", Columns: append(textColumns("condition"), numberColumns("accuracy", "change", "95 % interval", "p", "Δ logit difference", "95 % interval")...)}
	t.Rows = append(t.Rows, []string{"intact", Percent(x.Readings[x.Steps-1].Accuracy.Estimate), Missing, Missing, Missing, Missing, Missing})
	row := func(a state.CircleArm) {
		t.Rows = append(t.Rows, []string{a.What, Percent(a.Accuracy), Points(a.Change.Estimate), PointsInterval(a.Change.Low, a.Change.High), PValue(float64(a.P)),
			Signed(a.Diff.Estimate), SignedInterval(a.Diff.Low, a.Diff.High)})
	}
	row(x.Cut)
	for _, a := range x.Parts {
		row(a)
	}
	best, worst := x.Shuffled[0], x.Shuffled[0]
	for _, s := range x.Shuffled {
		if s.Accuracy > best.Accuracy {
			best = s
		}
		if s.Accuracy < worst.Accuracy {
			worst = s
		}
	}
	best.What, worst.What = fmt.Sprintf("feedback shuffled, the best of %d", len(x.Shuffled)), fmt.Sprintf("feedback shuffled, the worst of %d", len(x.Shuffled))
	row(best)
	row(worst)
	for _, a := range x.SilentLayer {
		row(a)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Changes against the intact network on the same %s.", plural(x.Images, "image"))}}
	return Section{"Does the network need the circle?", []Block{t}}
}

func (r CircleReport) activitySection() Section {
	x := r.Result
	columns := numberColumns("step")
	for _, c := range x.Classes {
		if len(x.Classes) <= classesByColumn {
			columns = append(columns, numberColumns("mean on "+c)...)
		}
	}
	t := Table{Caption: "The layer's activity", Columns: append(columns, numberColumns("neurons firing", "change from the step before", "similarity to the last")...)}
	turned := 0
	for _, n := range x.Neurons {
		turned += yesNumber(n.Turned)
	}
	for _, a := range x.Activity {
		row := []string{Count(a.Step)}
		if len(x.Classes) <= classesByColumn {
			for _, m := range a.Mean {
				row = append(row, Number(m))
			}
		}
		change := Percent(a.Change)
		if a.Step == 1 {
			change = Missing
		}
		t.Rows = append(t.Rows, append(row, Percent(a.Firing), change, fixed(a.Similar, 3)))
	}
	t.Notes = []Note{{Text: "Means over neurons and images."}}
	return Section{"Activity over time", []Block{t, Paragraph(fmt.Sprintf("Of %s, %s the class that they prefer between the step at which they first fire and the last, on select and on %s.",
		plural(len(x.Neurons), "neuron"), changing(turned), x.Split))}}
}

func changing(n int) string {
	if n == 1 {
		return "1 changes"
	}
	return Count(n) + " change"
}

// circleRows is how many neurons the table shows, circleColumns how many the picture.
const (
	circleRows    = 12
	circleColumns = 24
)

func (r CircleReport) neuronSection() Section {
	x := r.Result
	columns := textColumns("neuron")
	for t := range x.Steps {
		columns = append(columns, numberColumns(fmt.Sprintf("#%d", t+1))...)
	}
	t := Table{Terminal: true, Caption: "Lesions at one step and at all: effect on the logit difference", Columns: append(columns, numberColumns("all steps", "95 % interval", "accuracy", "interaction", "95 % interval")...)}
	for _, n := range x.Neurons[:min(circleRows, len(x.Neurons))] {
		row := []string{n.Address.String()}
		for _, l := range n.Lesions {
			row = append(row, starred(l))
		}
		t.Rows = append(t.Rows, append(row, starred(n.All), SignedInterval(n.All.Low, n.All.High), Points(n.Accuracy), starred(n.Interaction), SignedInterval(n.Interaction.Low, n.Interaction.High)))
	}
	t.Notes = []Note{{Text: fmt.Sprintf("The largest at all steps first. *: beats sign flips after correction for %s (interactions: for theirs). One step is addressed as %v.", plural(x.Tests, "test"), model.Step(x.Layer, x.Neurons[0].Address.Unit, 1))}}
	if more := len(x.Neurons) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	critical, counts := r.critical()
	said := fmt.Sprintf("The most critical step is the %s for %s of the neurons whose lesion matters at any. ", ordinal(critical), Count(counts))
	interacting := 0
	for _, n := range x.Neurons {
		interacting += yesNumber(n.Interaction.Significant())
	}
	said += fmt.Sprintf("For %s the effect at all steps is not the sum of those at single steps.", plural(interacting, "neuron"))
	return Section{"A neuron at each of its steps", []Block{Paragraph(said),
		Figure{File: "lesions.png", PNG: r.lesionsPNG(), Alt: "The effect of silencing each neuron at each step and at all; the table below has the strongest",
			Caption: fmt.Sprintf("Effect on the logit difference of silencing a neuron (column) at one step or at all (rows); vermillion: harm, blue: gain; a sign where it beats the correction. The %d with the largest effect at all steps.", min(circleColumns, len(x.Neurons)))}, t}}
}

func starred(e state.CircleEffect) string {
	s := Signed(e.Estimate)
	if e.Significant() {
		s += " *"
	}
	return s
}

// critical is the step, counted from 1, at which the most neurons' lesions have their largest effect, and of how many.
func (r CircleReport) critical() (step, neurons int) {
	held := make([]int, r.Result.Steps)
	for _, n := range r.Result.Neurons {
		best := -1
		for t, l := range n.Lesions {
			if l.Significant() && (best < 0 || math.Abs(l.Estimate) > math.Abs(n.Lesions[best].Estimate)) {
				best = t
			}
		}
		if best >= 0 {
			held[best]++
		}
	}
	for t, n := range held {
		if n > neurons {
			step, neurons = t+1, n
		}
	}
	return max(step, 1), neurons
}

func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		return Count(n) + "st"
	case n%10 == 2:
		return Count(n) + "nd"
	case n%10 == 3:
		return Count(n) + "rd"
	}
	return Count(n) + "th"
}

// percentOf is an interval in percent.
func percentOf(i ablate.Interval) effect {
	return effect{100 * i.Estimate, 100 * i.Low, 100 * i.High}
}
