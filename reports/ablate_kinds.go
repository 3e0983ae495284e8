package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// listedRows is how many rows a long table shows; the JSON file has all.
const listedRows = 30

// kindsSection sets the kinds of ablation side by side, and says where they disagree.
func (r AblateReport) kindsSection() Section {
	kinds := r.Kinds()
	if len(kinds) < 2 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("measure", "ablation"), numberColumns("ablated", "change", "95 % interval", "p", "adjusted p")...)}
	shown := min(len(r.Measures), listedRows/len(kinds))
	for k := range r.Measures[:shown] {
		for i, kind := range kinds {
			m, name := kind.Measures[k], ""
			if i == 0 {
				name = m.Name
			}
			t.Rows = append(t.Rows, []string{name, string(kind.Kind), level(m, m.Lesioned), change(m), changeInterval(m), PValue(float64(m.P)), PValue(float64(m.Adjusted))})
		}
	}
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Adjusted p: by Benjamini and Hochberg over %s, which are not independent of each other.", plural(r.Tests, "test"))})
	if more := len(r.Measures) - shown; more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more measure") + " not listed here; the JSON file has them."})
	}
	return Section{"Kinds of ablation", append([]Block{
		Paragraph("Zero takes the activation away. Mean keeps its usual level and takes away how it varies from image to image. Resample keeps that it varies and " +
			"takes away that it varies with the image. An effect under zero alone comes from the missing level, to which what follows could have been adapted."),
		t,
	}, r.contrasts()...)}
}

// contrasts are the paired differences between kinds that chance does not explain.
func (r AblateReport) contrasts() []Block {
	t := Table{Caption: "Paired differences between kinds",
		Columns: append(append(textColumns("measure", "kinds"), numberColumns("difference", "95 % interval")...), textColumns("verdict")...)}
	alike := 0
	for _, c := range r.Contrasts {
		if c.Verdict == ablate.Agree {
			alike++
			continue
		}
		if len(t.Rows) == listedRows {
			continue
		}
		difference, ends := Signed(c.Difference.Estimate), SignedInterval(c.Difference.Low, c.Difference.High)
		if c.Percent {
			difference, ends = Points(c.Difference.Estimate), PointsInterval(c.Difference.Low, c.Difference.High)
		}
		t.Rows = append(t.Rows, []string{c.Measure, fmt.Sprintf("%s − %s", c.Kinds[1], c.Kinds[0]), difference, ends, string(c.Verdict)})
		if c.Verdict.Disagree() {
			t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Warning: %s and %s ablation disagree on %s: %s.", c.Kinds[0], c.Kinds[1], measureWords(c.Measure), r.disagreement(c))})
		}
	}
	if len(t.Rows) == 0 {
		return []Block{Paragraph(fmt.Sprintf("The kinds agree: of %s between two kinds on one measure, no interval excludes 0.", plural(len(r.Contrasts), "paired difference")))}
	}
	if more := len(r.Contrasts) - alike - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more difference") + " not listed here; the JSON file has them."})
	}
	if alike > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Of %s, the intervals of %d others include 0. \"Differ in size\": the difference's interval excludes 0, but the effects' own intervals overlap and nothing speaks for opposite signs.",
			plural(len(r.Contrasts), "paired difference"), alike)})
	}
	return []Block{t}
}

// disagreement holds the two effects against each other.
func (r AblateReport) disagreement(c ablate.Contrast) string {
	var told [2]string
	for _, k := range r.Kinds() {
		m, ok := measureOf(k.Measures, c.Measure)
		for i := range told {
			if ok && c.Kinds[i] == k.Kind {
				told[i] = change(m) + " " + changeInterval(m)
			}
		}
	}
	return fmt.Sprintf("%s against %s (%s)", told[0], told[1], c.Verdict)
}
