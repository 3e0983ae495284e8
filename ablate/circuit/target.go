package circuit

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
)

// Target is what a circuit is for: a class, or a feature, which speaks for the class that has it more
// often on train.
type Target struct {
	Name    string `json:"name"`
	Class   int    `json:"class"`   // whose logit y is about
	Feature int    `json:"feature"` // an index into Set.Features, -1 for a class
}

// ParseTarget finds a class or a feature by name. "class:NAME" and "feature:NAME" tell apart two of one
// name.
func ParseTarget(name string, set *datasets.Set) (Target, error) {
	kind, rest, qualified := strings.Cut(name, ":")
	if !qualified {
		kind, rest = "", name
	}
	if qualified && kind != "class" && kind != "feature" { // a colon of its own
		kind, rest = "", name
	}
	if c := slices.Index(set.Classes, rest); c >= 0 && kind != "feature" {
		return Target{rest, c, -1}, nil
	}
	if f := slices.Index(set.Features, rest); f >= 0 && kind != "class" {
		return Target{rest, speaksFor(set, f), f}, nil
	}
	known := "classes: " + strings.Join(set.Classes, ", ")
	if len(set.Features) > 0 {
		known += "; features: " + strings.Join(set.Features, ", ")
	}
	return Target{}, fmt.Errorf("circuit: no target %q (%s)", name, known)
}

// IsFeature tells a feature from a class.
func (t Target) IsFeature() bool { return t.Feature >= 0 }

// DefaultAgainst is the reference that asks the target's own question: a feature's twins where they
// can be drawn, else images without it; for a class the mean, which stands for no class.
func (t Target) DefaultAgainst(set *datasets.Set) Against {
	switch {
	case !t.IsFeature():
		return Mean
	case set.HasTwins():
		return Twins
	}
	return Resample
}

// speaksFor is the class in which a feature is most frequent on train.
func speaksFor(set *datasets.Set, feature int) int {
	rates := presence(set, feature)
	return slices.Index(rates, slices.Max(rates))
}

// presence is the share of each class's train images that have a feature.
func presence(set *datasets.Set, feature int) []float64 {
	has, all := make([]float64, len(set.Classes)), make([]float64, len(set.Classes))
	lo, hi := set.Range(datasets.Train)
	for i := lo; i < hi; i++ {
		all[set.Labels[i]]++
		if set.HasFeature(i, feature) {
			has[set.Labels[i]]++
		}
	}
	for c := range has {
		has[c] /= max(1, all[c])
	}
	return has
}

// MetricNames are the metrics of a circuit, each a weighted sum of the logits. logit-diff: the
// target's class minus the mean of the others; logit: the target's class alone.
var MetricNames = []string{"logit-diff", "logit"}

// weights are those of the metric's sum, one a class.
func weights(metric string, class, classes int) ([]float32, error) {
	if !slices.Contains(MetricNames, metric) {
		return nil, fmt.Errorf("circuit: metric %q (want %s)", metric, strings.Join(MetricNames, " or "))
	}
	out := make([]float32, classes)
	if metric == "logit-diff" && classes > 1 {
		for c := range out {
			out[c] = -1 / float32(classes-1)
		}
	}
	out[class] = 1
	return out, nil
}
