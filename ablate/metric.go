package ablate

import (
	"fmt"
	"slices"
	"strings"
)

// Outcomes are what a network said about the images of a split under one arm. Under resample
// ablation they are averages over draws (Answer is the first draw's).
type Outcomes struct {
	Answer  []int32
	Correct []float32 // 1 where the answer is right, 0 where it is wrong
	Loss    []float32 // cross-entropy, nats
	Diff    []float32 // logit of the true class − strongest other logit
}

func newOutcomes(images int) *Outcomes {
	return &Outcomes{make([]int32, images), make([]float32, images), make([]float32, images), make([]float32, images)}
}

// outcomesBytes is what one image's outcome takes.
const outcomesBytes = 16

// Metric is a number that an arm of an experiment has: the mean of a column, one value an image
// that counts.
type Metric struct {
	Name string `json:"name"`
	// Percent: the values are fractions, to be shown in percent.
	Percent bool `json:"percent"`
	// Loss: a higher value is worse. Contribution lost is value − intact for these, intact − value
	// for all others.
	Loss bool `json:"loss"`

	column func(labels []int, o *Outcomes) []float64
}

// MetricNames are the metrics that do not belong to one class; each class also has recall:CLASS
// and logit-diff:CLASS, over the images of that class.
var MetricNames = []string{"logit-diff", "accuracy", "balanced-accuracy", "cross-entropy"}

// ParseMetric finds a metric by name for a network of these classes.
func ParseMetric(name string, classes []string) (Metric, error) {
	m := Metric{Name: name}
	base, class, ofClass := strings.Cut(name, ":")
	at := slices.Index(classes, class)
	if ofClass && at < 0 {
		return m, fmt.Errorf("ablate: metric %q: unknown class %q (known: %s)", name, class, strings.Join(classes, ", "))
	}
	switch {
	case !ofClass && base == "logit-diff":
		m.column = all(diffOf)
	case !ofClass && base == "accuracy":
		m.Percent, m.column = true, all(correctOf)
	case !ofClass && base == "balanced-accuracy":
		m.Percent, m.column = true, balanced(len(classes))
	case !ofClass && base == "cross-entropy":
		m.Loss, m.column = true, all(lossOf)
	case ofClass && base == "recall":
		m.Percent, m.column = true, of(at, correctOf)
	case ofClass && base == "logit-diff":
		m.column = of(at, diffOf)
	default:
		return m, fmt.Errorf("ablate: unknown metric %q (known: %s, and recall:CLASS, logit-diff:CLASS)", name, strings.Join(MetricNames, ", "))
	}
	return m, nil
}

// Column has the metric's value on every image that counts, in the order of the images: always
// the same images for the same labels, so that columns of two arms are paired. The metric is its
// mean.
func (m Metric) Column(labels []int, o *Outcomes) []float64 { return m.column(labels, o) }

func diffOf(o *Outcomes, i int) float64    { return float64(o.Diff[i]) }
func correctOf(o *Outcomes, i int) float64 { return float64(o.Correct[i]) }
func lossOf(o *Outcomes, i int) float64    { return float64(o.Loss[i]) }

func all(value func(*Outcomes, int) float64) func([]int, *Outcomes) []float64 {
	return func(labels []int, o *Outcomes) []float64 {
		out := make([]float64, len(labels))
		for i := range out {
			out[i] = value(o, i)
		}
		return out
	}
}

func of(class int, value func(*Outcomes, int) float64) func([]int, *Outcomes) []float64 {
	return func(labels []int, o *Outcomes) []float64 {
		var out []float64
		for i, l := range labels {
			if l == class {
				out = append(out, value(o, i))
			}
		}
		return out
	}
}

// balanced weighs images so that every class counts the same: the mean is the mean of the recalls.
func balanced(classes int) func([]int, *Outcomes) []float64 {
	return func(labels []int, o *Outcomes) []float64 {
		held := make([]int, classes)
		for _, l := range labels {
			held[l]++
		}
		out := make([]float64, len(labels))
		for i, l := range labels {
			out[i] = correctOf(o, i) * float64(len(labels)) / float64(classes*held[l])
		}
		return out
	}
}
