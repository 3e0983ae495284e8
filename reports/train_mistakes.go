package reports

import (
	"fmt"
)

// mistakesSection shows the wrong answers given with the most confidence: often the labels
// or the pictures are to blame.
func (r TrainReport) mistakesSection() Section {
	s := Section{Title: "Most confidently wrong"}
	wrong := r.Confirm.Worst[:min(len(r.Confirm.Worst), shownExamples)]
	if len(wrong) == 0 {
		s.Blocks = []Block{Paragraph(fmt.Sprintf("No image of the %s split was answered wrong.", r.Confirm.Split))}
		return s
	}
	t := Table{Columns: append(textColumns("image", "class", "answer"), numberColumns("confidence")...)}
	var thumbs []thumbnail
	for _, m := range wrong {
		class, answer := r.Network.Classes[m.Label], r.Network.Classes[m.Answer]
		t.Rows = append(t.Rows, []string{m.Name, class, answer, Percent(m.Confidence)})
		thumbs = append(thumbs, thumbnail{m.Image, vermillion, "wrong", []string{fmt.Sprintf("%s → %s %s", class, answer, fixed(m.Confidence, 2))}})
	}
	s.Blocks = []Block{
		Figure{
			File:    "mistakes.png",
			PNG:     thumbnailsPNG(r.Set, thumbs, thumbnailsPerLine),
			Alt:     fmt.Sprintf("The %s answered wrong with the most confidence", plural(len(wrong), "image")),
			Caption: "Class → answer, and the softmax probability of that answer; in the order of the table.",
		},
		t,
	}
	return s
}
