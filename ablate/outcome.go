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

// difference is one number of every outcome, in the second arm less in the first.
func difference(a, b *Outcomes, of func(*Outcomes, int) float64) []float64 {
	out := make([]float64, len(a.Correct))
	for i := range out {
		out[i] = of(b, i) - of(a, i)
	}
	return out
}

func column(o *Outcomes, of func(*Outcomes, int) float64) []float64 {
	out := make([]float64, len(o.Correct))
	for i := range out {
		out[i] = of(o, i)
	}
	return out
}

// gauge is a measure of a whole arm: a statistic of one number of every outcome.
type gauge struct {
	name    string
	percent bool
	n       int
	value   func(*Outcomes, int) float64
	// of makes the statistic of a column, terms the numbers whose mean it is.
	of    func(column []float64) stats.Statistic
	terms func(column []float64) []float64
	// member marks the images of a recall's class; yesNo, that the values are right or wrong.
	member []bool
	yesNo  bool
}

// gauges are accuracy, balanced accuracy, the recalls, cross-entropy and logit difference.
func gauges(labels []int, classes []string) []gauge {
	n := len(labels)
	whole := func(column []float64) []float64 { return column }
	var recalls []gauge
	held := make([]int, len(classes))
	for class, name := range classes {
		member := make([]bool, n)
		for i, l := range labels {
			if member[i] = l == class; member[i] {
				held[class]++
			}
		}
		recalls = append(recalls, gauge{name: "recall of " + name, percent: true, n: held[class], value: correctOf, member: member, yesNo: true,
			of:    func(v []float64) stats.Statistic { return stats.GroupMean(v, member) },
			terms: func(v []float64) []float64 { return members(v, member) }})
	}
	balance := gauge{name: "balanced accuracy", percent: true, n: n, value: correctOf,
		of: func(v []float64) stats.Statistic {
			var all []stats.Statistic
			for _, r := range recalls {
				all = append(all, r.of(v))
			}
			return stats.Average(all...)
		},
		terms: func(v []float64) []float64 {
			out := make([]float64, n)
			for i, l := range labels {
				out[i] = v[i] * float64(n) / float64(len(classes)*held[l])
			}
			return out
		}}
	all := []gauge{{name: "accuracy", percent: true, n: n, value: correctOf, of: stats.MeanOf, terms: whole, yesNo: true}, balance}
	all = append(all, recalls...)
	return append(all,
		gauge{name: "cross-entropy", n: n, value: lossOf, of: stats.MeanOf, terms: whole},
		gauge{name: "logit difference", n: n, value: diffOf, of: stats.MeanOf, terms: whole})
}

// members are the values of a group.
func members(values []float64, member []bool) []float64 {
	var out []float64
	for i, v := range values {
		if member[i] {
			out = append(out, v)
		}
	}
	return out
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// flips counts changed answers in both directions, on the member images or on all. Of outcomes
// averaged over draws the counts are averages too, and there is no test of whole counts.
func flips(intact, lesioned *Outcomes, member []bool, averaged bool) Flips {
	var f Flips
	for i := range intact.Correct {
		if member != nil && !member[i] {
			continue
		}
		if d := float64(lesioned.Correct[i] - intact.Correct[i]); d < 0 {
			f.CorrectToWrong -= d
		} else {
			f.WrongToCorrect += d
		}
		if intact.Answer[i] != lesioned.Answer[i] {
			f.Changed++
		}
	}
	if averaged {
		f.Changed = 0
		return f
	}
	f.McNemarP = stats.McNemarExact(int(f.CorrectToWrong), int(f.WrongToCorrect))
	return f
}

// features are the effects on images with and without each feature. first is the place of the
// outcomes' first image in the set.
func features(intact, lesioned *Outcomes, set *datasets.Set, first int, b stats.Bootstrap) []FeatureEffect {
	n := len(intact.Correct)
	correctness, diff := difference(intact, lesioned, correctOf), difference(intact, lesioned, diffOf)
	var statistics []stats.Statistic
	var groups []*Group
	out := make([]FeatureEffect, len(set.Features))
	for f, name := range set.Features {
		out[f].Feature = name
		for _, present := range []bool{true, false} {
			g := &out[f].With
			if !present {
				g = &out[f].Without
			}
			member := make([]bool, n)
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
		return out
	}
	intervals := b.Intervals(n, statistics...)
	for k, g := range groups {
		g.Accuracy = Interval{statistics[2*k](ones(n)), intervals[2*k].Low, intervals[2*k].High}
		g.Logit = Interval{statistics[2*k+1](ones(n)), intervals[2*k+1].Low, intervals[2*k+1].High}
	}
	return out
}

// mostChanged are the images whose logit difference moved most, whichever way; images it did
// not move are left out.
func mostChanged(intact, lesioned *Outcomes, labels []int, set *datasets.Set, first, keep int) []ImageChange {
	var all []ImageChange
	for i, label := range labels {
		if a, b := intact.Diff[i], lesioned.Diff[i]; a != b {
			all = append(all, ImageChange{first + i, set.Names[first+i], label, int(intact.Answer[i]), int(lesioned.Answer[i]), float64(a), float64(b)})
		}
	}
	slices.SortStableFunc(all, func(x, y ImageChange) int {
		return cmp.Compare(math.Abs(y.DiffLesion-y.DiffIntact), math.Abs(x.DiffLesion-x.DiffIntact))
	})
	return all[:min(len(all), keep)]
}
