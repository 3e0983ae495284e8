package reports

import (
	"cmp"
	"math"
	"slices"

	"neuroprobe/probe"
)

// labelSection is the label and the runners-up with the evidence for each.
func (r NeuronReport) labelSection() Section {
	u, s := r.unit(), r.Examination.Survey
	warnings := warningNotes(r.Examination.Warnings)
	if u.Label == nil {
		t := Table{Columns: textColumns("label", "why"), Rows: [][]string{{Missing, r.noLabel()}}, Notes: warnings, Terminal: true}
		return Section{"Labels", []Block{t}}
	}
	has := contentsOf(s)
	t := Table{Columns: append(textColumns("label"), numberColumns("AUROC", "p adj.")...), Notes: warnings, Terminal: true}
	if has.within {
		t.Columns = append(t.Columns, numberColumns("within class", "p adj.")...)
	}
	if has.twins {
		t.Columns = append(t.Columns, numberColumns("twin effect", "p adj.")...)
	}
	for _, l := range append([]probe.Label{*u.Label}, u.RunnersUp...) {
		row := []string{l.Name, figure(l.AUROC), pFigure(l.Adjusted)}
		tuning := u.Tuning[l.Concept]
		if has.within {
			row = append(row, withinCells(tuning, l.Absent)...)
		}
		if has.twins {
			row = append(row, twinCells(tuning)...)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append([]Note{{Text: "The first is the neuron's label, the others are runners-up, by their AUROC on select. AUROCs are in the label's direction, twin effects with − without."}}, t.Notes...)
	return Section{"Labels", []Block{t}}
}

// noLabel says in a few words why the neuron has no label.
func (r NeuronReport) noLabel() string {
	u := r.unit()
	switch {
	case !u.Tested():
		return "nothing to test: " + flags(r.Examination.Survey, u)
	case bestConcept(u, func(_ int, t *probe.Tuning) bool { return beats(t.Adjusted) }) < 0:
		return "no concept beats the null"
	}
	return "no concept beats the null both raw and where the class cannot help"
}

// withinCells are the AUROC within class and its p, of the absence of the concept if absent.
func withinCells(t *probe.Tuning, absent bool) []string {
	if t.Within == nil {
		return []string{Missing, Missing}
	}
	auroc := t.Within.AUROC
	if absent {
		auroc = 1 - auroc
	}
	return []string{figure(auroc), pFigure(t.Within.Adjusted)}
}

// twinCells are the twin effect and its p.
func twinCells(t *probe.Tuning) []string {
	if t.Twin == nil {
		return []string{Missing, Missing}
	}
	return []string{inSDs(t.Twin.SDs), pFigure(t.Twin.Adjusted)}
}

// tuningSection is the raw tuning to every concept.
func (r NeuronReport) tuningSection() Section {
	u, s := r.unit(), r.Examination.Survey
	t := Table{
		Columns:  append(textColumns("concept"), numberColumns("AUROC", "95 % interval", "p adj.", "d′", "mean difference", "95 % interval")...),
		Terminal: true,
	}
	for c, x := range u.Tuning {
		if x == nil || !x.AUROC.Defined() {
			continue
		}
		auroc, difference := Missing, Missing
		if d := r.detail(c); d != nil {
			auroc, difference = figureInterval(d.AUROCLow, d.AUROCHigh), signedFigInterval(d.DifferenceLow, d.DifferenceHigh)
		}
		t.Rows = append(t.Rows, []string{conceptName(s, s.Concepts[c]), figure(x.AUROC), auroc, pFigure(x.Adjusted), signedFigure(x.DPrime), signedFigure(x.Difference), difference})
	}
	if len(t.Rows) == 0 {
		return Section{}
	}
	t.Notes = []Note{{Text: "With − without the concept; of two classes, the first − the second. Intervals are for one concept each, not adjusted for their number."}}
	blocks := []Block{t}
	if why := contentsOf(s).missing(r.Set); why != "" {
		blocks = append(blocks, Paragraph(why))
	}
	return Section{"Tuning", blocks}
}

// beyondSection is the tuning to features where the class cannot help: within class, on twins.
func (r NeuronReport) beyondSection() Section {
	u, s := r.unit(), r.Examination.Survey
	has := contentsOf(s)
	t := Table{Columns: textColumns("feature"), Terminal: true}
	if has.within {
		t.Columns = append(t.Columns, numberColumns("within class", "p adj.")...)
	}
	if has.twins {
		t.Columns = append(t.Columns, numberColumns("twin effect", "95 % interval", "in sd", "p adj.", "pairs")...)
	}
	for c, x := range u.Tuning {
		if x == nil || x.Within == nil && x.Twin == nil {
			continue
		}
		row := []string{s.Concepts[c].Name}
		if has.within {
			row = append(row, withinCells(x, false)...)
		}
		if has.twins {
			row = append(row, twinRow(x.Twin)...)
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return Section{}
	}
	blocks := []Block{t}
	if f, ok := r.twinPlot(); ok {
		blocks = append(blocks, f)
	}
	return Section{"Beyond the class", blocks}
}

func twinRow(t *probe.TwinEffect) []string {
	if t == nil {
		return []string{Missing, Missing, Missing, Missing, Missing}
	}
	return []string{signedFigure(t.Mean), signedFigInterval(t.Low, t.High), signedFigure(t.SDs), pFigure(t.Adjusted), Count(t.Pairs)}
}

// twinRows are the twin effects, the largest first.
func (r NeuronReport) twinRows() []effectRow {
	var rows []effectRow
	for c, x := range r.unit().Tuning {
		if x != nil && x.Twin != nil && x.Twin.Mean.Defined() {
			t := x.Twin
			rows = append(rows, effectRow{r.Examination.Survey.Concepts[c].Name, []*effect{{float64(t.Mean), float64(t.Low), float64(t.High)}}})
		}
	}
	slices.SortStableFunc(rows, func(a, b effectRow) int {
		return cmp.Compare(math.Abs(b.effects[0].estimate), math.Abs(a.effects[0].estimate))
	})
	return rows
}

// twinPlot shows the twin effects.
func (r NeuronReport) twinPlot() (Figure, bool) {
	rows := r.twinRows()
	if len(rows) == 0 {
		return Figure{}, false
	}
	rows = rows[:min(len(rows), plottedFeatures)]
	p := effectsPlot{
		axis:   "change of the activation by the feature (with − without, on twins)",
		series: []series{firstSeries("")},
		rows:   rows,
		write:  func(e effect) string { return Signed(e.estimate) + "  " + SignedInterval(e.low, e.high) },
	}
	return Figure{
		File:    "twins.png",
		PNG:     p.png(),
		Alt:     "Twin effect of each feature with its 95 % interval, as in the table above",
		Caption: "What each feature does to the activation, all else in the image equal, with 95 % intervals; the largest first.",
	}, true
}

// overlapSection is how far the neuron's map lies on each part.
func (r NeuronReport) overlapSection() Section {
	u, s := r.unit(), r.Examination.Survey
	t := Table{Columns: append(textColumns("part"), numberColumns("IoU", "null IoU", "p adj.")...), Terminal: true}
	t.Columns = append(t.Columns, Column{"detector", false})
	for _, o := range u.Overlaps {
		detector := "no"
		if o.Detector() {
			detector = "yes"
		}
		t.Rows = append(t.Rows, []string{s.Parts[o.Part], figure(o.IoU), figure(o.NullIoU), pFigure(o.Adjusted), detector})
	}
	if len(t.Rows) == 0 {
		return Section{}
	}
	t.Notes = []Note{{Text: "The map is cut at T_k = " + figure(u.MapThreshold) + ". Null: the maps paired with the masks of other images."}}
	return Section{"Where in the image", []Block{t}}
}
