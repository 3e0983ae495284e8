package state

import (
	"math"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// Condition is what the network does in one state of its body, and what that changes against the fresh
// one, on the same images.
type Condition struct {
	Accuracy   Level `json:"accuracy"`
	Balanced   Level `json:"balanced_accuracy"`
	Confidence Level `json:"confidence"` // softmax of the answer
	LogitDiff  Level `json:"logit_difference"`
	// Recall, Answers and LogitDiffOf are by class: how many of its images are named right, how often it
	// is the answer, whatever the image; the logit difference of its images.
	Recall      []Level `json:"recall"`
	Answers     []Level `json:"answers"`
	LogitDiffOf []Level `json:"logit_difference_of"`
	// AUROC is how well the logits still tell the classes apart wherever the border lies: of a class's
	// logit less the strongest other, its images against all others; the mean over classes. A network that
	// says one class always may still have it at 1: it has lost its criterion and not its sight. With two
	// classes the interval is DeLong's; with more there is none.
	AUROC     probe.Number    `json:"auroc"`
	AUROCEnds [2]probe.Number `json:"auroc_interval"`
	// Suffers is the class whose recall falls most, -1 where none falls; Gap the change of its recall less
	// the mean change of the other classes'. P tests by permuting the classes among images that
	// the recalls of all classes change alike, Adjusted for all conditions of its table.
	Suffers  int             `json:"suffers"`
	Gap      ablate.Interval `json:"recall_gap"`
	P        probe.Number    `json:"recall_gap_p"`
	Adjusted probe.Number    `json:"recall_gap_p_adjusted"`
}

// Level is a number in a state with its 95 % interval, and its paired change against the fresh network.
type Level struct {
	ablate.Interval
	Change ablate.Interval `json:"change"`
}

// columns are what is measured of a readout, image by image.
type columns struct {
	correct, confidence, diff []float64
	answer                    []int
	margin                    [][]float64 // by class: its logit less the strongest other
}

func (t *tiring) columns(r *readout) *columns {
	classes := len(t.Network.Classes)
	c := &columns{margin: make([][]float64, classes)}
	for i, label := range t.Labels {
		logits := r.logits[i*classes : (i+1)*classes]
		answer := model.Answer(logits)
		c.answer = append(c.answer, answer)
		c.correct = append(c.correct, yes(answer == label))
		c.confidence = append(c.confidence, math.Exp(-model.CrossEntropyOf(logits, answer)))
		for k := range logits {
			c.margin[k] = append(c.margin[k], margin(logits, k))
		}
		c.diff = append(c.diff, c.margin[label][i])
	}
	return c
}

// margin is a class's logit less the strongest other; where there is no other, the logit.
func margin(logits []float32, class int) float64 {
	other := math.Inf(-1)
	for k, v := range logits {
		if k != class {
			other = max(other, float64(v))
		}
	}
	if math.IsInf(other, -1) {
		return float64(logits[class])
	}
	return float64(logits[class]) - other
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// said are the values of a column where the answer is a class.
func (c *columns) said(class int) []float64 {
	out := make([]float64, len(c.answer))
	for i, a := range c.answer {
		out[i] = yes(a == class)
	}
	return out
}

func minus[T float32 | float64](a, b []T) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = float64(a[i]) - float64(b[i])
	}
	return out
}

// members marks the images of each class.
func (t *tiring) members() [][]bool {
	out := make([][]bool, len(t.Network.Classes))
	for c := range out {
		out[c] = make([]bool, t.Images)
		for i, l := range t.Labels {
			out[c][i] = l == c
		}
	}
	return out
}

// conditions measures readouts against those of the fresh network on the same images and in the same
// step, one each, and adjusts the tests between classes for their number.
func (t *tiring) conditions(now, fresh []*readout) []Condition {
	out := make([]Condition, len(now))
	kernel.Parallel(t.Workers, len(now), func(_, k int) { out[k] = t.condition(now[k], fresh[k]) })
	p := make([]float64, len(out))
	for k := range out {
		p[k] = float64(out[k].P)
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		out[k].Adjusted = probe.Number(adjusted)
	}
	return out
}

func (t *tiring) condition(now, fresh *readout) Condition {
	a, b := t.columns(now), t.columns(fresh)
	member := t.members()
	var c Condition
	var levels []*Level
	var statistics []stats.Statistic
	add := func(l *Level, now, fresh []float64, of func([]float64) stats.Statistic) {
		levels = append(levels, l)
		statistics = append(statistics, of(now), of(minus(now, fresh)))
	}
	balanced := func(column []float64) stats.Statistic {
		var recalls []stats.Statistic
		for k := range member {
			recalls = append(recalls, stats.GroupMean(column, member[k]))
		}
		return stats.Average(recalls...)
	}
	add(&c.Accuracy, a.correct, b.correct, stats.MeanOf)
	add(&c.Balanced, a.correct, b.correct, balanced)
	add(&c.Confidence, a.confidence, b.confidence, stats.MeanOf)
	add(&c.LogitDiff, a.diff, b.diff, stats.MeanOf)
	classes := len(member)
	c.Recall, c.Answers, c.LogitDiffOf = make([]Level, classes), make([]Level, classes), make([]Level, classes)
	for k := range member {
		of := func(column []float64) stats.Statistic { return stats.GroupMean(column, member[k]) }
		add(&c.Recall[k], a.correct, b.correct, of)
		add(&c.Answers[k], a.said(k), b.said(k), stats.MeanOf)
		add(&c.LogitDiffOf[k], a.diff, b.diff, of)
	}
	change := minus(a.correct, b.correct)
	c.Suffers = worst(change, member)
	statistics = append(statistics, gap(change, member, c.Suffers))
	ends := estimates(t.bootstrap(), t.Images, statistics...)
	for k, l := range levels {
		l.Interval, l.Change = ends[2*k], ends[2*k+1]
	}
	c.Gap = ends[len(ends)-1]
	t.rates95(&c, a, member)
	c.P = probe.Number(t.unequal(change))
	t.auroc(&c, a, member)
	return c
}

// rates95 gives rates Wilson's intervals: unlike the bootstrap's they have a width at 0 and 100 %.
func (t *tiring) rates95(c *Condition, a *columns, member [][]bool) {
	wilson := func(l *Level, column []float64, of []bool) {
		right, n := 0, 0
		for i, v := range column {
			if of == nil || of[i] {
				right, n = right+int(v), n+1
			}
		}
		l.Low, l.High = stats.Wilson(right, n)
	}
	wilson(&c.Accuracy, a.correct, nil)
	for k := range member {
		wilson(&c.Recall[k], a.correct, member[k])
		wilson(&c.Answers[k], a.said(k), nil)
	}
}

// worst is the class whose mean falls most, -1 where none falls.
func worst(change []float64, member [][]bool) int {
	at, least := -1, 0.0
	for k := range member {
		if m := meanOver(change, member[k]); m < least {
			at, least = k, m
		}
	}
	return at
}

func meanOver(values []float64, member []bool) float64 {
	sum, n := 0.0, 0
	for i, v := range values {
		if member[i] {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// gap is the mean of a class less the mean of those of all others; 0 without a class.
func gap(change []float64, member [][]bool, class int) stats.Statistic {
	if class < 0 || len(member) < 2 {
		return func([]float64) float64 { return 0 }
	}
	own := stats.GroupMean(change, member[class])
	var rest []stats.Statistic
	for k := range member {
		if k != class {
			rest = append(rest, stats.GroupMean(change, member[k]))
		}
	}
	others := stats.Average(rest...)
	return func(counts []float64) float64 { return own(counts) - others(counts) }
}

// unequal is the p of the hypothesis that a change is the same in all classes: the sum of squares between
// classes against that with the classes permuted among images. 1 where nothing changes.
func (t *tiring) unequal(change []float64) float64 {
	between := func(label func(i int) int) float64 {
		sums, n := make([]float64, len(t.Network.Classes)), make([]float64, len(t.Network.Classes))
		for i, v := range change {
			k := label(i)
			sums[k], n[k] = sums[k]+v, n[k]+1
		}
		s := 0.0
		for k := range sums {
			if n[k] > 0 {
				s += sums[k] * sums[k] / n[k]
			}
		}
		return s
	}
	still := true
	for _, v := range change {
		still = still && v == 0
	}
	if still || len(t.Network.Classes) < 2 {
		return 1
	}
	observed, extreme := between(func(i int) int { return t.Labels[i] }), 0
	t.permutations().Shuffle(len(change), func(order []int) {
		if between(func(i int) int { return t.Labels[order[i]] }) >= observed*(1-1e-12) {
			extreme++
		}
	})
	return stats.PermutationP(extreme, t.Permutations)
}

func (t *tiring) auroc(c *Condition, a *columns, member [][]bool) {
	c.AUROCEnds = [2]probe.Number{probe.Undefined, probe.Undefined}
	if len(member) == 2 {
		var positive, negative []float64
		for i, v := range a.margin[1] {
			if member[1][i] {
				positive = append(positive, v)
			} else {
				negative = append(negative, v)
			}
		}
		area, low, high := stats.AUROCInterval(positive, negative, 0.95)
		c.AUROC, c.AUROCEnds = probe.Number(area), [2]probe.Number{probe.Number(low), probe.Number(high)}
		return
	}
	sum := 0.0
	for k := range member {
		sum += stats.AUROCOf(a.margin[k], member[k])
	}
	c.AUROC = probe.Number(sum / float64(len(member)))
}

// estimates are statistics of n images with their intervals.
func estimates(b stats.Bootstrap, n int, statistics ...stats.Statistic) []ablate.Interval {
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	out := make([]ablate.Interval, len(statistics))
	for k, i := range b.Intervals(n, statistics...) {
		out[k] = ablate.Interval{Estimate: statistics[k](ones), Low: i.Low, High: i.High}
	}
	return out
}
