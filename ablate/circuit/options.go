package circuit

import (
	"fmt"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Options of a circuit experiment; those of ablate.Options that concern kinds and controls are not used.
type Options struct {
	ablate.Options
	// Target is the class or feature whose wiring is sought; see ParseTarget.
	Target string
	// Against is what a corrupted edge carries; "" for DefaultAgainst.
	Against Against
	// Pairs is how many pairs of images are used at most, of each split; 0: DefaultPairs, below 0: all.
	Pairs int
	// Labels names neurons by what probe found them to be tuned to. Optional.
	Labels map[model.Address]probe.Label
}

// DefaultPairs are enough for intervals that are narrow beside the differences between edges.
const DefaultPairs = 500

// Against is what a corrupted edge carries instead of its own contribution.
type Against string

// Twins: what it carries on the same image drawn again with a feature flipped. Resample: on an image
// of another class (for a feature: of the same class without the feature). Mean: on average over the
// select split, position by position. Zero: nothing.
const (
	Twins    Against = "twins"
	Resample Against = "resample"
	Mean     Against = "mean"
	Zero     Against = "zero"
)

// AllAgainst are all, in the order in which help shows them.
var AllAgainst = []Against{Twins, Resample, Mean, Zero}

// ParseAgainst reads one.
func ParseAgainst(name string) (Against, error) {
	if a := Against(name); slices.Contains(AllAgainst, a) {
		return a, nil
	}
	return "", fmt.Errorf("circuit: against %q (want twins, resample, mean or zero)", name)
}

// images tells whether the reference is a run on other images.
func (a Against) images() bool { return a == Twins || a == Resample }

func (o *Options) progress(stage string, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}

func (o *Options) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: o.Resamples, Seed: o.Seed}
}

func (o *Options) permutations() stats.Permutations {
	return stats.Permutations{Count: o.Permutations, Seed: o.Seed}
}

// intervals are the means of columns over pairs with their 95 % intervals.
func (o *Options) intervals(columns ...[]float64) []ablate.Interval {
	if len(columns) == 0 {
		return nil
	}
	out := make([]ablate.Interval, len(columns))
	for k, i := range o.bootstrap().Means(columns...) {
		out[k] = ablate.Interval{Estimate: stats.Mean(columns[k]), Low: i.Low, High: i.High}
	}
	return out
}

// filled has the defaults where nothing was said.
func (o Options) filled() Options {
	d := ablate.DefaultOptions()
	if o.Resamples == 0 {
		o.Resamples = d.Resamples
	}
	if o.Permutations == 0 {
		o.Permutations = d.Permutations
	}
	if o.Metric == "" {
		o.Metric = d.Metric
	}
	if o.Pairs == 0 {
		o.Pairs = DefaultPairs
	}
	return o
}
