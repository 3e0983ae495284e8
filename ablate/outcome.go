package ablate

import (
	"cmp"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// outcome is what a network said about one image.
type outcome struct {
	answer  int
	correct float64 // 1 or 0
	loss    float64 // cross-entropy, nats
	diff    float64 // logit of the true class − strongest other logit
}

// comparison holds the outcomes of the same images intact and lesioned.
type comparison struct {
	labels           []int
	classes          int
	intact, lesioned []outcome
}

func compare(intact, lesioned []float32, labels []int, classes int) comparison {
	c := comparison{labels: labels, classes: classes}
	for i, label := range labels {
		c.intact = append(c.intact, judge(intact[i*classes:(i+1)*classes], label))
		c.lesioned = append(c.lesioned, judge(lesioned[i*classes:(i+1)*classes], label))
	}
	return c
}

func judge(logits []float32, label int) outcome {
	o := outcome{answer: model.Answer(logits), loss: model.CrossEntropyOf(logits, label)}
	if o.answer == label {
		o.correct = 1
	}
	other := math.Inf(-1)
	for k, v := range logits {
		if k != label {
			other = max(other, float64(v))
		}
	}
	if o.diff = float64(logits[label]) - other; math.IsInf(o.diff, 0) {
		o.diff = float64(logits[label]) // one class: there is no other
	}
	return o
}

// column reads one number of every outcome, intact, lesioned and changed.
type column struct{ intact, lesioned, change []float64 }

func (c *comparison) column(of func(outcome) float64) column {
	var k column
	for i := range c.labels {
		a, b := of(c.intact[i]), of(c.lesioned[i])
		k.intact, k.lesioned, k.change = append(k.intact, a), append(k.lesioned, b), append(k.change, b-a)
	}
	return k
}

func correct(o outcome) float64   { return o.correct }
func loss(o outcome) float64      { return o.loss }
func logitDiff(o outcome) float64 { return o.diff }

// members marks the images of a class.
func (c *comparison) members(class int) ([]bool, int) {
	out, n := make([]bool, len(c.labels)), 0
	for i, l := range c.labels {
		if out[i] = l == class; out[i] {
			n++
		}
	}
	return out, n
}

// measure fills Measures (accuracy, balanced accuracy, the recalls, then the rest) and Flips.
func (r *Result) measure(c comparison, b stats.Bootstrap) {
	n := len(c.labels)
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	var statistics []stats.Statistic
	add := func(name string, percent bool, n int, k column, of func([]float64) stats.Statistic) {
		m := Measure{Name: name, Percent: percent, N: n, Intact: of(k.intact)(ones), Lesioned: of(k.lesioned)(ones)}
		m.Change = of(k.change)(ones)
		r.Measures = append(r.Measures, m)
		statistics = append(statistics, of(k.change))
	}
	correctness := c.column(correct)
	add("accuracy", true, n, correctness, stats.MeanOf)
	recall := make([]func([]float64) stats.Statistic, 0, c.classes)
	for class := range c.classes {
		member, _ := c.members(class)
		recall = append(recall, func(v []float64) stats.Statistic { return stats.GroupMean(v, member) })
	}
	add("balanced accuracy", true, n, correctness, func(v []float64) stats.Statistic {
		var all []stats.Statistic
		for _, of := range recall {
			all = append(all, of(v))
		}
		return stats.Average(all...)
	})
	for class, of := range recall {
		_, n := c.members(class)
		add("recall of "+r.Classes[class], true, n, correctness, of)
	}
	add("cross-entropy", false, n, c.column(loss), stats.MeanOf)
	add("logit difference", false, n, c.column(logitDiff), stats.MeanOf)
	for k, i := range b.Intervals(n, statistics...) {
		r.Measures[k].Low, r.Measures[k].High = i.Low, i.High
	}
	r.Flips = c.flips(nil)
	r.Measures[0].Flips = &r.Flips
	for class := range c.classes {
		member, _ := c.members(class)
		flips := c.flips(member)
		r.Measures[2+class].Flips = &flips
	}
}

// features fills the rows for images with and without each feature.
func (r *Result) features(c comparison, set *datasets.Set, first int, b stats.Bootstrap) {
	correctness, diff := c.column(correct).change, c.column(logitDiff).change
	var statistics []stats.Statistic
	var groups []*Group
	r.Features = make([]FeatureEffect, len(set.Features))
	for f, name := range set.Features {
		r.Features[f].Feature = name
		for _, present := range []bool{true, false} {
			g := &r.Features[f].With
			if !present {
				g = &r.Features[f].Without
			}
			member := make([]bool, len(c.labels))
			for i := range member {
				if member[i] = set.HasFeature(first+i, f) == present; member[i] {
					g.N++
				}
			}
			if g.N > 0 {
				groups = append(groups, g)
				statistics = append(statistics, stats.GroupMean(correctness, member), stats.GroupMean(diff, member))
			}
		}
	}
	if len(groups) == 0 {
		return
	}
	ones := make([]float64, len(c.labels))
	for i := range ones {
		ones[i] = 1
	}
	intervals := b.Intervals(len(c.labels), statistics...)
	for k, g := range groups {
		g.Accuracy = Interval{statistics[2*k](ones), intervals[2*k].Low, intervals[2*k].High}
		g.Logit = Interval{statistics[2*k+1](ones), intervals[2*k+1].Low, intervals[2*k+1].High}
	}
}

// flips counts changed answers in both directions, on the member images or on all, and tests
// whether they balance.
func (c *comparison) flips(member []bool) Flips {
	var f Flips
	for i := range c.labels {
		if member != nil && !member[i] {
			continue
		}
		a, b := c.intact[i], c.lesioned[i]
		switch {
		case a.correct > b.correct:
			f.CorrectToWrong++
		case a.correct < b.correct:
			f.WrongToCorrect++
		}
		if a.answer != b.answer {
			f.Changed++
		}
	}
	f.McNemarP = stats.McNemarExact(f.CorrectToWrong, f.WrongToCorrect)
	return f
}

// mostChanged are the images whose logit difference moved most, whichever way; images it did
// not move are left out.
func (c *comparison) mostChanged(set *datasets.Set, first, keep int) []ImageChange {
	var all []ImageChange
	for i, label := range c.labels {
		a, b := c.intact[i], c.lesioned[i]
		if a.diff != b.diff {
			all = append(all, ImageChange{first + i, set.Names[first+i], label, a.answer, b.answer, a.diff, b.diff})
		}
	}
	slices.SortStableFunc(all, func(x, y ImageChange) int {
		return cmp.Compare(math.Abs(y.DiffLesion-y.DiffIntact), math.Abs(x.DiffLesion-x.DiffIntact))
	})
	return all[:min(len(all), keep)]
}
