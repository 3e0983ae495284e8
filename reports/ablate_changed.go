package reports

import (
	"fmt"
	"image/color"

	"neuroprobe/ablate"
)

// changedSection shows the images on which the ablation moved the logit difference most.
func (r AblateReport) changedSection() Section {
	changed := r.Changed[:min(len(r.Changed), shownExamples)]
	if len(changed) == 0 || r.nothing() {
		return Section{}
	}
	t := Table{Columns: append(textColumns("image", "class", "answer"), numberColumns("logit difference intact", "ablated", "change")...)}
	var thumbs []thumbnail
	for _, c := range changed {
		answers := r.answers(c)
		before, after := fixed(c.DiffIntact, 2), fixed(c.DiffLesion, 2)
		t.Rows = append(t.Rows, []string{c.Name, r.Classes[c.Label], answers, before, after, signedFixed(c.DiffLesion-c.DiffIntact, 2)})
		frame, word := verdict(c)
		thumbs = append(thumbs, thumbnail{c.Image, frame, word, []string{answers, before + " → " + after}})
	}
	return Section{"Images that changed most", []Block{
		Figure{
			File:    "changed.png",
			PNG:     thumbnailsPNG(r.Set, thumbs, thumbnailsPerLine),
			Alt:     fmt.Sprintf("The %s whose logit difference changed most", plural(len(changed), "image")),
			Caption: "Intact → ablated: right or wrong (in the frame), the answer, and the logit difference; in the order of the table.",
		},
		t,
	}}
}

// answers are the answers before and after, or the one that stayed.
func (r AblateReport) answers(c ablate.ImageChange) string {
	before, after := r.Classes[c.Intact], r.Classes[c.Lesioned]
	if c.Intact == c.Lesioned {
		return "still " + before
	}
	return before + " → " + after
}

// verdict is the frame of an image: what the ablation did to its answer.
func verdict(c ablate.ImageChange) (color.RGBA, string) {
	switch right, still := c.Intact == c.Label, c.Lesioned == c.Label; {
	case right && still:
		return slate, "right, still"
	case right:
		return vermillion, "right → wrong"
	case still:
		return blue, "wrong → right"
	default:
		return slate, "wrong, still"
	}
}
