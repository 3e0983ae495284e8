package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/model"
)

// curvesSection is how training went: the recipe, the curves, and where it stopped.
func (r TrainReport) curvesSection() Section {
	record := r.Network.Record
	s := Section{Title: "Training", Blocks: []Block{Paragraph(recipe(record.Options))}}
	if len(record.Epochs) == 0 {
		return s
	}
	bound, line := math.NaN(), ""
	if b := r.Set.Bound; b != nil {
		bound, line = b.Accuracy, " The line across is the best possible accuracy."
	}
	s.Blocks = append(s.Blocks,
		Figure{
			File:    "curves.png",
			PNG:     curvesPNG(record.Epochs, record.Best, bound),
			Alt:     curvesAlt(record),
			Caption: "Cross-entropy and accuracy by epoch, on train and on select." + line,
		},
		Paragraph(ending(record)))
	return s
}

// recipe is the options in a sentence.
func recipe(o model.TrainOptions) string {
	name := map[string]string{"adamw": "AdamW", "adam": "Adam"}[o.Optimizer]
	if name == "" {
		name = o.Optimizer
	}
	var parts []string
	if o.Rule != "" {
		parts = append(parts, o.Rule)
	}
	parts = append(parts,
		fmt.Sprintf("%s, peak learning rate %s with cosine decay to 0", name, decimal(o.Rate)),
		"weight decay "+decimal(o.WeightDecay),
		fmt.Sprintf("batches of %d", o.Batch),
		"at most "+plural(o.Epochs, "epoch"))
	if o.Patience > 0 {
		parts = append(parts, fmt.Sprintf("stop after %s without gain on select", plural(o.Patience, "epoch")))
	}
	var augmentation []string
	if o.Flip {
		augmentation = append(augmentation, "half of the training images mirrored left to right")
	}
	if o.Shift > 0 {
		augmentation = append(augmentation, "shifts of up to "+plural(o.Shift, "pixel"))
	}
	if len(augmentation) == 0 {
		augmentation = []string{"no augmentation"}
	}
	parts = append(parts, augmentation...)
	return strings.Join(append(parts, fmt.Sprintf("seed %d", o.Seed)), "; ") + "."
}

// decimal is a setting as the user wrote it: settings are exact and not rounded.
func decimal(x float64) string { return strings.Replace(fmt.Sprint(x), "-", minus, 1) }

func ending(record model.Record) string {
	last := record.Epochs[len(record.Epochs)-1].Epoch
	s := fmt.Sprintf("Training ended after epoch %d (%s).", last, record.Stopped)
	if record.Best >= 1 && record.Best <= len(record.Epochs) {
		e := record.Epochs[record.Best-1]
		s += fmt.Sprintf(" The weights of epoch %d were kept: cross-entropy on select %s, accuracy there %s.",
			record.Best, Number(e.SelectLoss), Percent(e.SelectAccuracy))
	}
	return s
}

func curvesAlt(record model.Record) string {
	first, last := record.Epochs[0], record.Epochs[len(record.Epochs)-1]
	return fmt.Sprintf("Training curves over %s: cross-entropy on select from %s to %s, accuracy from %s to %s",
		plural(len(record.Epochs), "epoch"), Number(first.SelectLoss), Number(last.SelectLoss), Percent(first.SelectAccuracy), Percent(last.SelectAccuracy))
}

// listedSpecimens is how many networks the table of specimens lists.
const listedSpecimens = 40

// specimenSection compares networks that differ in their seed alone.
func (r TrainReport) specimenSection() Section {
	if len(r.Specimens) < 2 {
		return Section{}
	}
	t := Table{Columns: append(numberColumns("seed", "accuracy", "95 % interval"), textColumns("file")...), Terminal: true}
	low, high := math.Inf(1), math.Inf(-1)
	for i, s := range r.Specimens {
		low, high = min(low, s.Accuracy), max(high, s.Accuracy)
		if i < listedSpecimens {
			t.Rows = append(t.Rows, []string{fmt.Sprint(s.Seed), Percent(s.Accuracy), PercentInterval(s.Interval.Low, s.Interval.High), s.Path})
		}
	}
	if more := len(r.Specimens) - listedSpecimens; more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more specimen") + " not listed here; the JSON file has them."})
	}
	text := fmt.Sprintf("%s were raised alike but for their seed. Their accuracies on the %s split run from %s to %s.",
		capital(plural(len(r.Specimens), "network")), r.Confirm.Split, Percent(low), Percent(high))
	return Section{"Specimens", []Block{Paragraph(text), t}}
}
