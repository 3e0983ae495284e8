package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/probe"
)

// doseSection is what the work does by fatigue.
func (r TiredReport) doseSection() Section {
	x := r.Result
	t := Table{Columns: append(numberColumns("κ", "mean gain"), r.conditionColumns()...), Terminal: true}
	gaps := Table{Caption: "Which class suffers", Columns: append(numberColumns("κ"), append(textColumns("recall falls most"),
		numberColumns("change of its recall", "less the others'", "95 % interval", "p", "adjusted p", "balanced accuracy", "change")...)...)}
	for _, d := range x.Doses {
		t.Rows = append(t.Rows, append([]string{dose(d.Fatigue), fixed(d.Gain, 3)}, r.conditionCells(d.Condition)...))
		name, recall, gap, ends := "none", Missing, Missing, Missing
		if d.Suffers >= 0 {
			name, recall, gap, ends = x.Classes[d.Suffers], Points(d.Recall[d.Suffers].Change.Estimate), Points(d.Gap.Estimate), PointsInterval(d.Gap.Low, d.Gap.High)
		}
		gaps.Rows = append(gaps.Rows, []string{dose(d.Fatigue), name, recall, gap, ends, PValue(float64(d.P)), PValue(float64(d.Adjusted)),
			Percent(d.Balanced.Estimate), Points(d.Balanced.Change.Estimate)})
	}
	t.Notes = append([]Note{{Text: fmt.Sprintf("After %s. The change of accuracy is against the fresh network on the same images; with κ = 0 it is exactly 0.", plural(x.Steps, "image"))}}, r.shownNote()...)
	gaps.Notes = []Note{{Text: fmt.Sprintf("p: that the recalls of all classes change alike, by permuting classes among images; adjusted for the %s.", plural(len(x.Doses), "dose"))}}
	return Section{"Dose–response", []Block{
		Figure{File: "doses.png", PNG: r.dosePanels(), Alt: "Recall of each class, accuracy, AUROC and confidence by fatigue, as in the table",
			Caption: fmt.Sprintf("After %s at each fatigue κ (the axis is that of log(1 + κ)). Left: what is named right, with 95 %% intervals. Right: what the logits still tell apart (AUROC), and how sure the answers are; the line at ½ is chance.", plural(x.Steps, "image"))},
		t, gaps, r.curveTable(x.Curves, "κ"),
	}}
}

// curveTable are the fitted curves.
func (r TiredReport) curveTable(curves []state.TiredCurve, unit string) Table {
	t := Table{Caption: "Fitted curves", Columns: append(append(textColumns("change of"), numberColumns("n", "at the largest dose", "95 % interval")...), textColumns("shape")...)}
	t.Columns = append(t.Columns, numberColumns("EC50", "slope", "half dose", "R²")...)
	straight := false
	for _, c := range curves {
		last := c.Effects[len(c.Effects)-1]
		value, ends := Signed(last.Estimate), SignedInterval(last.Low, last.High)
		if c.Percent {
			value, ends = Points(last.Estimate), PointsInterval(last.Low, last.High)
		}
		row := []string{c.Measure, Count(c.N), value, ends, string(c.Shape)}
		if f := c.Fit; f != nil {
			ec50 := withEnds(f.EC50, Number, Interval)
			if f.Straight {
				ec50, straight = "not determined", true
			}
			row = append(row, ec50, withEnds(f.Slope, Number, Interval), withEnds(f.Half, Number, Interval), fixed(f.R2, 3))
		} else {
			row = append(row, Missing, Missing, Missing, Missing)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Hill curves, plateau·dˢ/(dˢ + EC50ˢ) over d = %s, fitted where the change is monotone (drops within chance or under 1 %% of the largest effect do not count). EC50 and half dose in %s; half dose: half of the change at the largest dose. "+
		"Intervals from fits to resampled images.", unit, unit)}}
	if straight {
		t.Notes = append(t.Notes, Note{Text: "Not determined: the search ran into its bound, as with a straight line."})
	}
	return t
}

// daySection is the time course, and what rest gives back.
func (r TiredReport) daySection() Section {
	x := r.Result
	course := Table{Caption: "Working", Columns: append(numberColumns("images seen", "mean gain"), r.conditionColumns()...)}
	worst := 0
	for k, m := range x.Course {
		course.Rows = append(course.Rows, append([]string{Count(m.Images), fixed(m.Gain, 3)}, r.conditionCells(m.Condition)...))
		if m.Accuracy.Estimate < x.Course[worst].Accuracy.Estimate {
			worst = k
		}
	}
	rest := Table{Caption: "Resting", Terminal: true, Columns: numberColumns("rest", "in τ", "mean gain", "gain back", "accuracy", "of what was lost", "95 % interval", "logit difference", "of what was lost", "95 % interval")}
	for _, m := range x.Recovery.Rests {
		share := func(s state.Share) (string, string) {
			return Percent(float64(s.Estimate)), PercentInterval(float64(s.Low), float64(s.High))
		}
		a, aEnds := share(m.Accuracy)
		d, dEnds := share(m.Diff)
		rest.Rows = append(rest.Rows, []string{dose(m.Rest), dose(m.Rest / x.Body.Recovery), fixed(m.Gain, 3), Percent(m.Gained),
			Percent(m.Condition.Accuracy.Estimate), a, aEnds, Number(m.LogitDiff.Estimate), d, dEnds})
	}
	rest.Notes = []Note{{Text: fmt.Sprintf("After %s at κ = %s, a rest in presentations, nothing shown. Of what was lost: (after the rest − before it) / (fresh − before it); – where the loss may be none.", plural(x.Steps, "image"), dose(x.Body.Fatigue))}}
	said := fmt.Sprintf("The gain comes back with a time constant of %s (fitted to the mean over neurons and subjects; single neurons %s), the body's τ being %s.", r.number(x.Recovery.Tau),
		Interval(float64(x.Recovery.TauRange[0]), float64(x.Recovery.TauRange[1])), dose(x.Body.Recovery))
	if x.Recovery.Half.Defined() && x.Recovery.HalfDiff.Defined() {
		said += fmt.Sprintf(" Half of the accuracy is back after %s presentations, half of the logit difference after %s (on lines between the rests measured).", Number(float64(x.Recovery.Half)), Number(float64(x.Recovery.HalfDiff)))
	}
	if last := len(x.Course) - 1; worst > 0 && worst < last && x.Course[worst].Accuracy.High < x.Course[last].Accuracy.Low {
		said += fmt.Sprintf(" Work is hardest at first: accuracy is lowest after %s (%s) and rises again to %s; probably because neurons that are driven by a fresh layer below them tire more than those driven by a tired one (not tested).",
			plural(x.Course[worst].Images, "image"), Percent(x.Course[worst].Accuracy.Estimate), Percent(x.Course[last].Accuracy.Estimate))
	}
	return Section{"Work and rest", []Block{Paragraph(said),
		Figure{File: "day.png", PNG: r.dayPanels(), Alt: "Recall of each class and mean gain over the work and over the rest, as in the tables",
			Caption: fmt.Sprintf("κ = %s. Left: while working. Right: after the work and a rest (the axis is that of log(1 + rest)). Bars are 95 %% intervals; the gain is the mean over neurons and subjects, in percent of the fresh one.", dose(x.Body.Fatigue))},
		course, rest}}
}

func (r TiredReport) number(n probe.Number) string {
	if !n.Defined() {
		return Missing
	}
	return Number(float64(n))
}

// historySection is whether it matters what was seen.
func (r TiredReport) historySection() Section {
	x := r.Result
	h := x.Histories
	if len(h.Effects) == 0 {
		return Section{}
	}
	arms := Table{Columns: append(append(textColumns("history"), numberColumns("mean gain")...), r.conditionColumns()...)}
	for _, a := range []struct {
		name string
		state.HistoryArm
	}{{"the tested image's class only", h.Own}, {"another class only", h.Other}, {"classes at random", h.Mixed}} {
		arms.Rows = append(arms.Rows, append([]string{a.name, fixed(a.Gain, 3)}, r.conditionCells(a.Condition)...))
	}
	t := Table{Caption: "After one's own class − after another", Columns: append(textColumns("tested images"),
		numberColumns("n", "accuracy", "95 % interval", "logit difference", "95 % interval", "adjusted p", "with uniform gains", "95 % interval", "beyond that", "95 % interval", "adjusted p")...)}
	shown := r.shown()
	for _, e := range h.Effects {
		name := "all"
		if e.Class >= 0 {
			if !slices.Contains(shown, e.Class) {
				continue
			}
			name = x.Classes[e.Class]
		}
		t.Rows = append(t.Rows, []string{name, Count(e.N), Points(e.Accuracy.Estimate), PointsInterval(e.Accuracy.Low, e.Accuracy.High),
			Signed(e.Diff.Estimate), SignedInterval(e.Diff.Low, e.Diff.High), PValue(float64(e.Diff.Adjusted)), Signed(e.Uniform.Estimate), SignedInterval(e.Uniform.Low, e.Uniform.High),
			Signed(e.Specific.Estimate), SignedInterval(e.Specific.Low, e.Specific.High), PValue(float64(e.Specific.Adjusted))})
	}
	t.Notes = append([]Note{{Text: fmt.Sprintf("With uniform gains: in each subject all neurons of a layer have the layer's mean gain, so that it is as tired as before, but no neuron more than another. Adjusted for %s.", plural(h.Tests, "test"))}}, r.shownNote()...)
	e := h.Effects[0]
	said := fmt.Sprintf("The %s were seen by the same subjects in three histories, all of %s images, at κ = %s. ", plural(x.Steps, "image"), x.HistorySplit, dose(x.Body.Fatigue))
	switch share := e.Uniform.Estimate / e.Diff.Estimate; {
	case !e.Diff.Found():
		said += "Whether they were of the test's class is not seen to matter: fatigue is of the work, not of what was seen."
	case e.Diff.Estimate < 0 && e.Specific.Found():
		said += fmt.Sprintf("A class is recognised worse after its own images than after another's: the neurons that it needs are the tired ones. With the same fatigue spread evenly over each layer %s of the effect is left.", Percent(max(0, share)))
	case e.Diff.Estimate > 0 && e.Specific.Found():
		said += fmt.Sprintf("A class is recognised better after its own images than after another's. With the same fatigue spread evenly over each layer %s of the effect is left.", Percent(max(0, share)))
	default:
		said += "It matters, but as much with the same fatigue spread evenly over each layer: by how tired a subject is, not by which of its neurons are."
	}
	return Section{"What was seen before", []Block{Paragraph(said), arms, t}}
}

// controlSection parts which neurons tire from how much all do.
func (r TiredReport) controlSection() Section {
	x := r.Result
	c := x.Controls
	t := Table{Columns: append(append(textColumns("gains"), numberColumns("mean gain")...), r.conditionColumns()...)}
	t.Rows = append(t.Rows, append([]string{"each neuron's own", fixed(r.gainAtTest(), 3)}, r.conditionCells(x.Tired)...))
	beyond := Table{Caption: "Their own − the control", Columns: append(textColumns("control"), numberColumns("accuracy", "95 % interval", "adjusted p", "logit difference", "95 % interval", "adjusted p")...)}
	for _, k := range []struct {
		name string
		state.SpreadControl
	}{{"mean of the layer", c.Uniform}, {"mean weighted by rate", c.Matched}} {
		t.Rows = append(t.Rows, append([]string{k.name, fixed(k.Gain, 3)}, r.conditionCells(k.Condition)...))
		beyond.Rows = append(beyond.Rows, []string{k.name, Points(k.BeyondAccuracy.Estimate), PointsInterval(k.BeyondAccuracy.Low, k.BeyondAccuracy.High), PValue(float64(k.BeyondAccuracy.Adjusted)),
			Signed(k.BeyondDiff.Estimate), SignedInterval(k.BeyondDiff.Low, k.BeyondDiff.High), PValue(float64(k.BeyondDiff.Adjusted))})
	}
	t.Notes = []Note{{Text: "Mean of the layer: in each subject all neurons of a layer have their mean gain. Weighted by rate: the one that leaves the layer the same total output at usual rates, since neurons that fire much tire most."}}
	beyond.Notes = []Note{{Text: "Adjusted for 4 tests."}}
	s := c.Shuffled
	said := fmt.Sprintf("Frozen: the gains after the work, put in by hand, left %s of %s different from those of the working subjects. ", plural(c.Frozen.Differing, "logit"), Count(c.Frozen.Logits))
	said += r.weakening()
	shuffled := fmt.Sprintf("With the gains shuffled among the neurons of each layer (%s, each the same in all subjects), accuracy changes by %s on average (%s to %s) and the logit difference by %s (%s to %s). "+
		"Their own assignment gives %s (%s) and %s (%s); p is the share of assignments, their own among them, that lie at least as far from the middle of all, and cannot be below %s.",
		plural(s.Shuffles, "shuffle"), Points(s.Accuracy[0]), Points(s.Accuracy[1]), Points(s.Accuracy[2]), Signed(s.Diff[0]), Signed(s.Diff[1]), Signed(s.Diff[2]),
		Points(x.Tired.Accuracy.Change.Estimate), equalsP(s.AccuracyP), Signed(x.Tired.LogitDiff.Change.Estimate), equalsP(s.DiffP), PValue(1/float64(s.Shuffles+1)))
	return Section{"Which neurons, or less of everything", []Block{Paragraph(said), t, beyond, Paragraph(shuffled)}}
}

// weakening says how much of the loss the control of equal weakening has too.
func (r TiredReport) weakening() string {
	x := r.Result
	c, own := x.Controls.Matched, x.Tired.LogitDiff.Change
	if !excludesZero(own.Low, own.High) {
		return "Fatigue leaves the logit difference where it was, and there is nothing to part."
	}
	s := fmt.Sprintf("Equal weakening, with the same output of every layer, alone makes the logit difference change by %s where the neurons' own fatigue makes it %s: ",
		Signed(c.LogitDiff.Change.Estimate), Signed(own.Estimate))
	share := c.LogitDiff.Change.Estimate / own.Estimate
	if !c.BeyondDiff.Found() {
		return s + "no difference is seen, so that it matters how tired the layers are and not which of their neurons."
	}
	return s + fmt.Sprintf("%s of the loss is there without any neuron tiring more than another.", Percent(share))
}

func (r TiredReport) gainAtTest() float64 { return r.Result.Course[len(r.Result.Course)-1].Gain }

// globalSection is the state of the whole.
func (r TiredReport) globalSection() Section {
	x := r.Result
	table := func(caption, unit string, g state.GlobalCurve) Table {
		t := Table{Caption: caption, Columns: append(numberColumns(unit), numberColumns("fresh: accuracy", "change", "95 % interval")...)}
		for _, k := range r.shown() {
			t.Columns = append(t.Columns, Column{"recall of " + x.Classes[k], true})
		}
		t.Columns = append(t.Columns, numberColumns("AUROC", "tired: accuracy", "change", "95 % interval")...)
		for _, k := range r.shown() {
			t.Columns = append(t.Columns, Column{"recall of " + x.Classes[k], true})
		}
		t.Columns = append(t.Columns, Column{"AUROC", true})
		for k, d := range g.Doses {
			row := []string{dose(d)}
			for _, c := range []state.Condition{g.Fresh[k], g.Tired[k]} {
				row = append(append(row, Percent(c.Accuracy.Estimate)), changed(c.Accuracy.Change)...)
				for _, class := range r.shown() {
					row = append(row, Percent(c.Recall[class].Estimate))
				}
				row = append(row, fixed(float64(c.AUROC), 3))
			}
			t.Rows = append(t.Rows, row)
		}
		return t
	}
	arousal := table("Arousal", "arousal", x.Arousal)
	arousal.Notes = []Note{{Text: "Every activation is multiplied by 1 + arousal; −1 would be silence. Tired: after the work at the reference fatigue. Changes are against the fresh network at 0."}}
	noise := table("Noise", "noise", x.Noise)
	noise.Notes = []Note{{Text: "In standard deviations of each neuron over the select images, one draw an image, added to its whole map after gain and ReLU: it does not shrink with the gain, so that a tired signal stands lower in it."}}
	blocks := []Block{Paragraph(r.globalWords()),
		Figure{File: "global.png", PNG: r.globalPanels(), Alt: "Accuracy by arousal and by noise, fresh and tired, as in the tables",
			Caption: "Accuracy by arousal (left) and by noise (right), in the fresh network and in the tired one, with 95 % intervals."}, arousal, noise}
	if len(x.Noise.Curves) > 0 {
		t := r.curveTable(x.Noise.Curves, "noise")
		t.Caption = "Fitted curves of noise, fresh"
		blocks = append(blocks, t)
	}
	return Section{"The state of the whole: arousal and noise", blocks}
}

// globalWords says what arousal does for a tired network, and whether drowsiness is like fatigue.
func (r TiredReport) globalWords() string {
	x := r.Result
	zero := slices.Index(x.Arousal.Doses, 0)
	best := zero
	for k := range x.Arousal.Doses {
		if x.Arousal.Tired[k].Accuracy.Estimate > x.Arousal.Tired[best].Accuracy.Estimate {
			best = k
		}
	}
	s := ""
	if at, now := x.Arousal.Tired[zero].Accuracy, x.Arousal.Tired[best].Accuracy; best == zero || now.Low <= at.High {
		s = fmt.Sprintf("No arousal tried makes the tired network clearly better than it is at 0 (%s).", Percent(at.Estimate))
	} else {
		s = fmt.Sprintf("Arousal wakes a tired network: at %s its accuracy is %s %s where it is %s %s at 0 and %s in the fresh network (the best of %d doses, chosen on the same images).",
			signedFixed(x.Arousal.Doses[best], 2), Percent(now.Estimate), PercentInterval(now.Low, now.High), Percent(at.Estimate), PercentInterval(at.Low, at.High), Percent(x.Fresh.Accuracy.Estimate), len(x.Arousal.Doses))
	}
	if favoured, drowsy := r.favoured(), x.Arousal.Fresh[0]; zero > 0 && favoured >= 0 && drowsy.Suffers >= 0 {
		answers := drowsy.Answers[favoured]
		if answers.Change.Low > 0 {
			s += fmt.Sprintf(" Drowsiness does to a fresh network what fatigue does: at %s it says %s to %s of images, the class that the tired one favours, though no neuron is weaker than another.",
				signedFixed(x.Arousal.Doses[0], 2), x.Classes[favoured], Percent(answers.Estimate))
		}
	}
	return s
}

// listedTired is how many the table lists.
const listedTired = 20

// neuronSection is whose fatigue matters.
func (r TiredReport) neuronSection() Section {
	x := r.Result
	if len(x.Neurons) == 0 {
		return Section{}
	}
	m := x.Map
	layers := Table{Caption: "Layers", Columns: append(append(numberColumns("layer"), textColumns("name")...),
		numberColumns("neurons", "mean gain", "alone: accuracy", "95 % interval", "logit difference", "95 % interval", "among: accuracy", "95 % interval", "logit difference", "95 % interval", "ρ with lesion")...)}
	for _, l := range x.Layers {
		a, d := l.Only.Accuracy.Change, l.Only.LogitDiff.Change
		layers.Rows = append(layers.Rows, []string{Count(l.Layer), l.Name, Count(l.Neurons), fixed(l.Gain, 3), Points(a.Estimate), PointsInterval(a.Low, a.High), Signed(d.Estimate), SignedInterval(d.Low, d.High),
			Points(l.AmongAccuracy.Estimate), PointsInterval(l.AmongAccuracy.Low, l.AmongAccuracy.High), Signed(l.AmongDiff.Estimate), SignedInterval(l.AmongDiff.Low, l.AmongDiff.High), r.fixedNumber(l.Rho)})
	}
	layers.Notes = []Note{{Text: "Alone: only this layer tired. Among: all layers tired, less the same with this one fresh. ρ: rank correlation, over the layer's neurons, of each one's fatigue alone with its zero lesion."}}
	t := Table{Caption: "Neurons", Columns: append(textColumns("neuron", "layer"), numberColumns("mean gain", "among: logit difference", "95 % interval", "adjusted p", "accuracy", "95 % interval",
		"alone: logit difference", "95 % interval", "adjusted p", "zero lesion")...)}
	order := slices.Clone(x.Neurons)
	slices.SortStableFunc(order, func(a, b state.NeuronFatigue) int {
		return cmp.Compare(math.Abs(b.Among.Estimate), math.Abs(a.Among.Estimate))
	})
	for _, u := range order[:min(len(order), listedTired)] {
		t.Rows = append(t.Rows, []string{u.Address.String(), u.Layer, fixed(u.Gain, 3), Signed(u.Among.Estimate), SignedInterval(u.Among.Low, u.Among.High), PValue(float64(u.Among.Adjusted)),
			Points(u.AmongAccuracy.Estimate), PointsInterval(u.AmongAccuracy.Low, u.AmongAccuracy.High),
			Signed(u.Alone.Estimate), SignedInterval(u.Alone.Low, u.Alone.High), PValue(float64(u.Alone.Adjusted)), Signed(u.Lesion.Estimate)})
	}
	t.Notes = []Note{{Text: "Effect of the neuron's fatigue: with it − without. Alone: only it tired, all others fresh. Among: all tired, less the same with it fresh. The largest among the others first; zero lesion: it silenced in the fresh network."},
		{Text: fmt.Sprintf("%s tested in each column, %s each.", capital(plural(m.Tested, "neuron")), plural(m.Flips, "sign flip"))}}
	if more := len(order) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	if idle := len(x.Neurons) - m.Tested; idle > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s move no logit difference on any image and were not tested.", capital(plural(idle, "neuron")))})
	}
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	corr := Table{Caption: "Does a lesion predict what fatigue does?", Columns: append(textColumns("rank correlation, over neurons, of"), numberColumns("ρ", "95 % interval", "p")...)}
	for _, c := range []struct {
		name string
		state.Correlation
	}{{"fatigue alone, with zero lesion", m.AloneLesion}, {"fatigue alone, with zero lesion × gain lost", m.AloneScaled}, {"fatigue alone (size), with gain lost", m.AloneFatigue},
		{"fatigue among the others, with zero lesion", m.AmongLesion}} {
		corr.Rows = append(corr.Rows, []string{c.name, r.fixedNumber(c.R), Interval(float64(c.Low), float64(c.High)), PValue(float64(c.P))})
	}
	corr.Notes = []Note{{Text: "Intervals by resampling images (the neurons are all there are), p by permuting neurons. A gain below 1 is a part of a zero lesion, so that a high ρ of fatigue alone is no surprise; among tired others nothing makes it so."}}
	said := fmt.Sprintf("Of %s, the fatigue of %s changes the logit difference alone and of %s among the others, for the worse with %s of them (adjusted p below 0.05 and interval without 0). "+
		"The effects alone add up to %s, all together make it %s: %s.", plural(m.Tested, "neuron"), Count(m.Alone), Count(m.Among), Count(m.HarmfulAmong),
		signedEnds(m.SumAlone), signedEnds(m.Whole), r.additivity())
	return Section{"Whose fatigue matters", []Block{Paragraph(said),
		Figure{File: "neurons.png", PNG: r.neuronSwarm(), Alt: "Effect of each neuron's fatigue among the others, by layer; the table has the strongest",
			Caption: "Each dot is a neuron: what its fatigue does to the logit difference among tired others. Below 0 it does harm; above 0 the tired network would be worse if this neuron were fresh. The largest of each layer has its name."},
		layers, t, corr}}
}

func signedEnds(i ablate.Interval) string {
	return Signed(i.Estimate) + " " + SignedInterval(i.Low, i.High)
}

func (r TiredReport) fixedNumber(n probe.Number) string {
	if !n.Defined() {
		return Missing
	}
	return fixed(float64(n), 3)
}

// additivity compares the sum of single effects with the whole.
func (r TiredReport) additivity() string {
	sum, whole := r.Result.Map.SumAlone, r.Result.Map.Whole
	switch {
	case sum.Low > whole.High && whole.High < 0:
		return "together neurons cost more than one by one"
	case sum.High < whole.Low && whole.High < 0:
		return "together neurons cost less than one by one, as links of the same chains do"
	}
	return "no clear departure from adding up"
}
