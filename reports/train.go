package reports

import (
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// TrainReport is what a training run hands in.
type TrainReport struct {
	Network *model.Network
	Set     *datasets.Set
	Confirm model.Evaluation
	// Accuracy and Recall are Wilson intervals of the confirm accuracy and each class's recall.
	Accuracy CI
	Recall   []CI
	// Goodness is that of the confirm accuracy by goodness, for networks that have one.
	Goodness CI
	// Specimens are all networks this run raised, the reported one included. One or none means
	// that there was only this one.
	Specimens []Specimen

	ModelPath string // as the lab names it: "model.safetensors"
	Run
}

// Specimen is one of several networks raised alike but for their seed.
type Specimen struct {
	Seed     uint64  `json:"seed"`
	Path     string  `json:"path"`
	Accuracy float64 `json:"confirm_accuracy"`
	Interval CI      `json:"confirm_accuracy_interval"` // Wilson
}

// Train is the entry of a training run.
func Train(r TrainReport) Entry {
	n := r.Network
	claim, by := "", ""
	if r.forwardForward() {
		claim, by = localClaim, ", without back-propagation,"
	}
	return Entry{
		Claim:    claim,
		Kind:     "train",
		Slug:     "train",
		Title:    "Training a network to tell " + telling(n.Classes),
		Question: fmt.Sprintf("How well does a network trained on %s%s tell %s on images it has not seen?", r.Set.Source, by, telling(n.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: nonEmpty(
			r.resultSection(),
			r.ruleSection(),
			r.specimenSection(),
			r.curvesSection(),
			r.mistakesSection(),
			dataSection(r.Set),
			Section{"Network", []Block{LayerTable(n)}},
		),
		Exclusions: skippedImages(r.Set),
		Caveats:    r.caveats(),
		Provenance: append([]Fact{
			{"model", r.ModelPath},
			{"model digest", n.Digest()},
			{"data", n.Record.Data},
			{"data digest", n.Record.DataDigest},
			{"seed", fmt.Sprint(n.Record.Options.Seed)},
		}, r.Run.facts()...),
		Run:  r.Run,
		Data: r.data(),
	}
}

func nonEmpty(sections ...Section) []Section {
	var kept []Section
	for _, s := range sections {
		if len(s.Blocks) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

func (r TrainReport) answer() string {
	c := r.Confirm
	subject := "The network"
	if r.forwardForward() {
		subject = "Without back-propagation the network"
	}
	s := fmt.Sprintf("%s answers %s of %s %s images right: accuracy %s (95 %% interval %s)",
		subject, Count(c.Correct), Count(c.Images), c.Split, Percent(c.Accuracy), PercentInterval(r.Accuracy.Low, r.Accuracy.High))
	if b := r.Set.Bound; b != nil {
		s += fmt.Sprintf(", which is %s of the best possible %s", Percent(c.Accuracy/b.Accuracy), Percent(b.Accuracy))
	}
	if class, share := r.commonest(); r.Accuracy.Low <= share {
		s += fmt.Sprintf("; that is not detectably better than always answering %s (%s)", class, Percent(share))
	}
	return s + r.goodnessText() + "."
}

// commonest is the class with the most confirm images and its share: what a network that
// always gives that answer would reach.
func (r TrainReport) commonest() (class string, share float64) {
	most := -1
	for c, row := range r.Confirm.Confusion {
		if k := sum(row); k > most {
			most, class = k, r.Network.Classes[c]
		}
	}
	return class, float64(most) / float64(r.Confirm.Images)
}

func sum(counts []int) int {
	total := 0
	for _, k := range counts {
		total += k
	}
	return total
}

func (r TrainReport) method() string {
	return fmt.Sprintf("The weights were fitted to the train split; after each epoch the network was measured on the select split, "+
		"and the weights of the epoch with the lowest cross-entropy there were kept. The %s split took no part in either and gives "+
		"the numbers below. Intervals are Wilson's 95 %% intervals of a proportion over images.", r.Confirm.Split)
}

func (r TrainReport) caveats() []string {
	caveats := []string{
		"The intervals are over images, for this one network. They do not hold the spread between networks raised from other seeds.",
		"Accuracy and loss on train are averages over augmented batches while the weights were changing, so they are not to be compared with select point by point.",
	}
	if len(r.Specimens) < 2 {
		caveats[0] += " One network is one specimen (n = 1)."
	}
	if r.forwardForward() {
		caveats = append(caveats, r.localCaveats()...)
	}
	return caveats
}

// resultSection is accuracy and recall with their intervals, and who is taken for whom.
func (r TrainReport) resultSection() Section {
	c := r.Confirm
	t := Table{
		Columns:  append(textColumns("measure"), numberColumns("value", "95 % interval", "images")...),
		Terminal: true,
	}
	row := func(cells ...string) { t.Rows = append(t.Rows, cells) }
	row("accuracy", Percent(c.Accuracy), PercentInterval(r.Accuracy.Low, r.Accuracy.High), Count(c.Images))
	r.goodnessRows(row)
	for i, counts := range c.Confusion {
		interval := Missing
		if i < len(r.Recall) {
			interval = PercentInterval(r.Recall[i].Low, r.Recall[i].High)
		}
		row("recall of "+r.Network.Classes[i], Percent(recall(counts, i)), interval, Count(sum(counts)))
	}
	row("cross-entropy (nats)", Number(c.Loss), Missing, Count(c.Images))
	class, share := r.commonest()
	row("for comparison: always answering "+class, Percent(share), Missing, Count(c.Images))
	if b := r.Set.Bound; b != nil {
		row("for comparison: best possible accuracy", Percent(b.Accuracy), Missing, Missing)
		t.Notes = append(t.Notes, Note{Text: sentence(b.How), Row: len(t.Rows)})
	}
	return Section{fmt.Sprintf("Result on the %s split", c.Split), []Block{t, r.confusion()}}
}

func recall(counts []int, class int) float64 {
	n := sum(counts)
	if n == 0 {
		return math.NaN()
	}
	return float64(counts[class]) / float64(n)
}
