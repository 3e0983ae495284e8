package reports

import (
	"fmt"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// widestSplits is the most classes the table of splits has a column for.
const widestSplits = 6

// SourceTable lists the kinds of data there are.
func SourceTable(sources []datasets.Source) Table {
	t := Table{Columns: textColumns("--data", "what it is")}
	for _, s := range sources {
		t.Rows = append(t.Rows, []string{s.Usage, s.Summary})
	}
	return t
}

// SetText describes a data set for the terminal: its images by split and class, and how its
// features go with its classes.
func SetText(set *datasets.Set) string {
	text := wrap(setSentence(set), terminalWidth) + "\n" + splitsTable(set).Text()
	if len(set.Features) > 0 {
		text += "\n" + featuresTable(set).Text()
	}
	if n := len(set.Skipped); n > 0 {
		text += "\n" + wrap(fmt.Sprintf("%s could not be used and %s left out.", plural(n, "image"), was(n)), terminalWidth)
	}
	return text
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// dataSection says what the network was shown.
func dataSection(set *datasets.Set) Section {
	thumbs, shown := examples(set)
	s := Section{"Data", []Block{
		Paragraph(setSentence(set)),
		splitsTable(set),
		Figure{
			File:    "examples.png",
			PNG:     thumbnailsPNG(set, thumbs, thumbnailsPerLine),
			Alt:     "Training images of " + enumerate(shown),
			Caption: "The first images of each class in the train split.",
		},
	}}
	if len(set.Features) > 0 {
		s.Blocks = append(s.Blocks, featuresTable(set))
	}
	return s
}

func setSentence(set *datasets.Set) string {
	shape := model.Shape{set.Channels, set.Height, set.Width}
	return fmt.Sprintf("Source: %s; %s of %s values, %d classes.", set.Source, plural(set.Len(), "image"), shape, len(set.Classes))
}

// featuresTable says how often each feature goes with each class, over all splits.
func featuresTable(set *datasets.Set) Table {
	t := Table{Caption: "Images with each feature, all splits", Columns: append(textColumns("feature"), numberColumns("images", "share")...)}
	perClass := len(set.Classes) <= widestSplits
	if perClass {
		for _, c := range set.Classes {
			t.Columns = append(t.Columns, Column{"of " + c, true})
		}
	}
	classes := make([]int, len(set.Classes))
	for _, l := range set.Labels {
		classes[l]++
	}
	for f, name := range set.Features {
		with := make([]int, len(set.Classes))
		for i, l := range set.Labels {
			if set.HasFeature(i, f) {
				with[l]++
			}
		}
		row := []string{name, Count(sum(with)), share(sum(with), set.Len())}
		if perClass {
			for c, k := range with {
				row = append(row, share(k, classes[c]))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// splitsTable counts the images of each split and class.
func splitsTable(set *datasets.Set) Table {
	t := Table{Columns: textColumns("split", "use")}
	perClass := len(set.Classes) <= widestSplits
	if perClass {
		t.Columns = append(t.Columns, numberColumns(set.Classes...)...)
	} else {
		t.Columns = append(t.Columns, numberColumns("smallest class", "largest class")...)
	}
	t.Columns = append(t.Columns, Column{"images", true})
	uses := map[datasets.Split]string{datasets.Train: "fits the weights", datasets.Select: "chooses the epoch", datasets.Confirm: "measures"}
	for _, split := range datasets.Splits {
		lo, hi := set.Range(split)
		counts := make([]int, len(set.Classes))
		for _, l := range set.Labels[lo:hi] {
			counts[l]++
		}
		row := []string{split.String(), uses[split]}
		if perClass {
			for _, k := range counts {
				row = append(row, Count(k))
			}
		} else {
			row = append(row, Count(slices.Min(counts)), Count(slices.Max(counts)))
		}
		t.Rows = append(t.Rows, append(row, Count(hi-lo)))
	}
	t.Notes = warningNotes(set.Warnings)
	return t
}

// examples are the first training images of each class, as many of each as fit, and the
// classes that are shown.
func examples(set *datasets.Set) (thumbs []thumbnail, classes []string) {
	each := max(1, shownExamples/len(set.Classes))
	lo, hi := set.Range(datasets.Train)
	for c, name := range set.Classes[:min(len(set.Classes), shownExamples)] {
		found := 0
		for i := lo; i < hi && found < each; i++ {
			if set.Labels[i] == c {
				found++
				thumbs = append(thumbs, thumbnail{image: i, frame: mist, lines: []string{name}})
			}
		}
		classes = append(classes, name)
	}
	return thumbs, classes
}

// listedExclusions is how many of the left-out images are named.
const listedExclusions = 10

// skippedImages lists what the source could not read.
func skippedImages(set *datasets.Set) []Exclusion {
	n := len(set.Skipped)
	if n == 0 {
		return nil
	}
	what := "images that could not be used, left out on request"
	if n == 1 {
		what = "image that could not be used, left out on request"
	}
	return []Exclusion{{Count: n, What: what, Examples: set.Skipped[:min(n, listedExclusions)]}}
}
