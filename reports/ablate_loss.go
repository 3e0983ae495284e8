package reports

import (
	"strings"

	"neuroprobe/ablate"
)

// lossWords writes numbers of a metric that are counted as contribution lost.
type lossWords struct{ ablate.Metric }

// name is the metric in a sentence.
func (w lossWords) name() string {
	base, class, ofClass := strings.Cut(w.Name, ":")
	name := map[string]string{"logit-diff": "the logit difference (true class − strongest other)", "accuracy": "accuracy", "balanced-accuracy": "balanced accuracy",
		"cross-entropy": "cross-entropy", "recall": "recall"}[base]
	if ofClass {
		name += " of " + class
	}
	return name
}

// short is the metric where its definition stands elsewhere.
func (w lossWords) short() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(w.name(), "the "), " (")
	if _, class, ofClass := strings.Cut(w.Name, ":"); ofClass && !strings.HasSuffix(name, class) {
		name += " of " + class
	}
	return name
}

// sign says how a contribution lost is counted.
func (w lossWords) sign() string {
	if w.Loss {
		return "ablated − intact, because a higher value is worse"
	}
	return "intact − ablated"
}

// unit is what the numbers are counted in.
func (w lossWords) unit() string {
	switch {
	case w.Percent:
		return "percentage points"
	case w.Loss:
		return "nats"
	}
	return "logits"
}

// signed is a loss with its unit where that is short.
func (w lossWords) signed(x float64) string {
	if w.Percent {
		return Points(x)
	}
	return Signed(x)
}

// size is a loss without its sign.
func (w lossWords) size(x float64) string { return trimSign.Replace(w.signed(x)) }

// value is the metric itself.
func (w lossWords) value(x float64) string {
	if w.Percent {
		return Percent(x)
	}
	return Number(x)
}

// interval is a loss's, with its unit.
func (w lossWords) interval(i ablate.Interval) string {
	if w.Percent {
		return PointsInterval(i.Low, i.High)
	}
	return SignedInterval(i.Low, i.High)
}

// plain and bare are a loss and its interval for a table that names the unit.
func (w lossWords) plain(x float64) string { return strings.TrimSuffix(w.signed(x), " pp") }

func (w lossWords) bare(i ablate.Interval) string { return strings.TrimSuffix(w.interval(i), " pp") }

// scaled is a loss in the unit.
func (w lossWords) scaled(x float64) float64 {
	if w.Percent {
		return 100 * x
	}
	return x
}

// decimals is a loss with so many decimals of the metric as it is stored.
func (w lossWords) decimals(x float64, decimals int) string {
	if w.Percent {
		return signedFixed(100*x, max(0, decimals-2))
	}
	return signedFixed(x, decimals)
}
