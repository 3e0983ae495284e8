package reports

import (
	"fmt"
	"math"

	"neuroprobe/ablate"
)

// plottedMeasures is how many rows the picture of the effect has at most.
const plottedMeasures = 14

// effectSection is every measure intact and ablated by the leading kind, as a table, and all kinds
// as a picture.
func (r AblateReport) effectSection() Section {
	t := Table{
		Columns:  append(textColumns("measure"), numberColumns("intact", "ablated", "change", "95 % interval", "p", "images")...),
		Terminal: true,
	}
	if len(r.Others) > 0 {
		t.Caption = capital(string(r.Kind)) + " ablation"
	}
	var rows []effectRow
	for k, m := range r.Measures {
		t.Rows = append(t.Rows, measureRow(m))
		if !m.Percent || len(rows) == plottedMeasures {
			continue
		}
		row := effectRow{label: m.Name}
		for _, kind := range r.Kinds() {
			m := kind.Measures[k]
			row.effects = append(row.effects, &effect{100 * m.Change, 100 * m.Low, 100 * m.High})
		}
		rows = append(rows, row)
	}
	t.Notes = warningNotes(r.Warnings)
	s := Section{"Effect", []Block{t}}
	if len(rows) > 0 {
		p := effectsPlot{
			axis:   "change (percentage points; below 0 is damage)",
			series: r.kindSeries(),
			rows:   rows,
			write: func(e effect) string {
				return signedFixed(e.estimate, 1) + "  " + interval(e.low, e.high, 1, true)
			},
		}
		by := ""
		if len(r.Others) > 0 {
			by = " by each kind of ablation"
		}
		s.Blocks = append(s.Blocks, Figure{
			File:    "effect.png",
			PNG:     p.png(),
			Alt:     "Change of each measure" + by + " with its 95 % interval, as in the tables",
			Caption: "Change of each measure" + by + " with its 95 % interval, in percentage points.",
		})
	}
	return s
}

// kindSeries are the kinds as series of a picture.
func (r AblateReport) kindSeries() []series {
	if len(r.Others) == 0 {
		return []series{firstSeries("")}
	}
	makers := []func(string) series{firstSeries, secondSeries, thirdSeries}
	var all []series
	for k, kind := range r.Kinds() {
		all = append(all, makers[k](string(kind.Kind)))
	}
	return all
}

func measureRow(m ablate.Measure) []string {
	return []string{m.Name, level(m, m.Intact), level(m, m.Lesioned), change(m), changeInterval(m), PValue(float64(m.P)), Count(m.N)}
}

// level is a measure's value.
func level(m ablate.Measure, value float64) string {
	if m.Percent {
		return Percent(value)
	}
	return Number(noDust(value))
}

// noDust is 0 where rounding left next to nothing of it.
func noDust(x float64) float64 {
	if math.Abs(x) < tiny {
		return 0
	}
	return x
}

func change(m ablate.Measure) string {
	if m.Percent {
		return Points(m.Change)
	}
	return Signed(m.Change)
}

func changeInterval(m ablate.Measure) string {
	if m.Percent {
		return PointsInterval(m.Low, m.High)
	}
	return SignedInterval(m.Low, m.High)
}

// flipsSection counts the changed answers under each kind, and says that the control arm changed
// none.
func (r AblateReport) flipsSection() Section {
	kinds, n := r.Kinds(), float64(r.Images)
	t := Table{Columns: textColumns("answers"), Terminal: true}
	rows := []string{"right → wrong", "wrong → right", "unchanged"}
	if len(r.Classes) > 2 {
		rows = []string{"right → wrong", "wrong → right", "wrong → wrong, another class", "unchanged"}
	}
	for _, name := range rows {
		t.Rows = append(t.Rows, []string{name})
	}
	for _, k := range kinds {
		name := string(k.Kind)
		if len(kinds) == 1 {
			name = "images"
		}
		t.Columns = append(t.Columns, numberColumns(name, "share")...)
		for i, count := range flipCounts(k, n, len(rows)) {
			cell := Count(int(count))
			if k.Kind == ablate.Resample {
				cell = fixed(count, 1)
			}
			t.Rows[i] = append(t.Rows[i], cell, Percent(count/n))
		}
	}
	if len(kinds) > 1 {
		t.Notes = append(t.Notes, Note{Text: "Under resample ablation: averages over draws."})
	}
	blocks := []Block{t}
	if f := r.Flips; f.McNemarP > 0 {
		blocks = append(blocks, Paragraph(fmt.Sprintf("McNemar's exact test, two-sided, on the %.0f against %.0f images that changed between right and wrong under %s ablation: %s.",
			f.CorrectToWrong, f.WrongToCorrect, r.Kind, equalsP(f.McNemarP))))
	}
	return Section{"Changed answers", append(blocks, Paragraph(r.sham()))}
}

// flipCounts are the images by what became of their answers. Averages over draws do not tell from
// how many wrong answers other wrong ones became: there the last row holds those too.
func flipCounts(k ablate.KindResult, n float64, rows int) []float64 {
	f := k.Flips
	changed := f.CorrectToWrong + f.WrongToCorrect
	if rows == 3 {
		return []float64{f.CorrectToWrong, f.WrongToCorrect, n - changed}
	}
	if k.Kind == ablate.Resample {
		return []float64{f.CorrectToWrong, f.WrongToCorrect, math.NaN(), n - changed}
	}
	return []float64{f.CorrectToWrong, f.WrongToCorrect, float64(f.Changed) - changed, n - float64(f.Changed)}
}

func (r AblateReport) sham() string {
	switch s := r.Sham; {
	case s.Images == 0:
		return "No sham arm was run."
	case !s.Identical:
		return fmt.Sprintf("Sham arm: FAILED. An edit that should change nothing changed logits on %s.", plural(s.Images, "image"))
	case s.Sweep > 0:
		return fmt.Sprintf("Sham arm: an edit that keeps the activation as it is, on the same target, left every logit of %s bit-identical. Through the sweep that measures all arms, "+
			"which sums in another order here, it moved none by more than %s.", plural(s.Images, "image"), Number(s.Sweep))
	default:
		return fmt.Sprintf("Sham arm: an edit that keeps the activation as it is, on the same target and through the same code, left every logit of %s bit-identical.", plural(s.Images, "image"))
	}
}

// shamWarnings stand under the answer, because they take it back.
func (r AblateReport) shamWarnings() []string {
	switch s := r.Sham; {
	case s.Images == 0:
		return []string{"No sham arm was run: nothing shows that the effect comes from the ablation and not from the code path."}
	case !s.Identical:
		return []string{"The sham arm failed: an edit that should change nothing changed the logits. Do not trust the numbers of this entry."}
	}
	return nil
}
