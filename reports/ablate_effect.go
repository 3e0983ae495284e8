package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// plottedMeasures is how many rows the picture of the effect has at most.
const plottedMeasures = 14

// effectSection is every measure intact and ablated, as a table and as a picture.
func (r AblateReport) effectSection() Section {
	t := Table{
		Columns:  append(textColumns("measure"), numberColumns("intact", "ablated", "change", "95 % interval", "McNemar p", "images")...),
		Terminal: true,
	}
	var rows []effectRow
	for _, m := range r.Result.Measures {
		t.Rows = append(t.Rows, measureRow(m))
		if m.Percent && len(rows) < plottedMeasures {
			rows = append(rows, effectRow{m.Name, []*effect{{100 * m.Change, 100 * m.Low, 100 * m.High}}})
		}
	}
	t.Notes = warningNotes(r.Result.Warnings)
	s := Section{"Effect", []Block{t}}
	if len(rows) > 0 {
		p := effectsPlot{
			axis:   "change (percentage points; below 0 is damage)",
			series: []series{firstSeries("")},
			rows:   rows,
			write: func(e effect) string {
				return signedFixed(e.estimate, 1) + "  " + interval(e.low, e.high, 1, true)
			},
		}
		s.Blocks = append(s.Blocks, Figure{
			File:    "effect.png",
			PNG:     p.png(),
			Alt:     "Change of each measure with its 95 % interval, as in the table above",
			Caption: "Change of each measure with its 95 % interval, in percentage points.",
		})
	}
	return s
}

func measureRow(m ablate.Measure) []string {
	p := Missing
	if m.Flips != nil {
		p = PValue(m.Flips.McNemarP)
	}
	if m.Percent {
		return []string{m.Name, Percent(m.Intact), Percent(m.Lesioned), Points(m.Change), PointsInterval(m.Low, m.High), p, Count(m.N)}
	}
	return []string{m.Name, Number(m.Intact), Number(m.Lesioned), Signed(m.Change), SignedInterval(m.Low, m.High), p, Count(m.N)}
}

// flipsSection counts the changed answers, and says that the control arm changed none.
func (r AblateReport) flipsSection() Section {
	f, n := r.Result.Flips, r.Result.Images
	t := Table{Columns: append(textColumns("answers"), numberColumns("images", "share")...), Terminal: true}
	row := func(name string, k int) {
		t.Rows = append(t.Rows, []string{name, Count(k), Percent(float64(k) / float64(n))})
	}
	row("right → wrong", f.CorrectToWrong)
	row("wrong → right", f.WrongToCorrect)
	if other := f.Changed - f.CorrectToWrong - f.WrongToCorrect; len(r.Result.Classes) > 2 {
		row("wrong → wrong, another class", other)
	}
	row("unchanged", n-f.Changed)
	test := fmt.Sprintf("McNemar's exact test, two-sided, on the %d against %d images that changed between right and wrong: %s.",
		f.CorrectToWrong, f.WrongToCorrect, equalsP(f.McNemarP))
	return Section{"Changed answers", []Block{t, Paragraph(test), Paragraph(r.sham())}}
}

func (r AblateReport) sham() string {
	switch s := r.Result.Sham; {
	case s.Images == 0:
		return "No sham arm was run."
	case !s.Identical:
		return fmt.Sprintf("Sham arm: FAILED. An edit that should change nothing changed logits on %s.", plural(s.Images, "image"))
	default:
		return fmt.Sprintf("Sham arm: an edit that keeps the activation as it is, on the same target and through the same code, left every logit of %s bit-identical.", plural(s.Images, "image"))
	}
}

// shamWarnings stand under the answer, because they take it back.
func (r AblateReport) shamWarnings() []string {
	switch s := r.Result.Sham; {
	case s.Images == 0:
		return []string{"No sham arm was run: nothing shows that the effect comes from the ablation and not from the code path."}
	case !s.Identical:
		return []string{"The sham arm failed: an edit that should change nothing changed the logits. Do not trust the numbers of this entry."}
	}
	return nil
}
