package ablate

import (
	"fmt"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
)

// Options of an experiment. DefaultOptions gives the defaults; zero values mean them too.
type Options struct {
	Split        datasets.Split
	Resamples    int    // of the bootstrap
	Permutations int    // sign flips and shuffles behind each p-value
	Seed         uint64 // of bootstrap, permutations, and every random choice
	Workers      int    // 0: all cores
	Memory       int64  // bound on the working buffers and kept outcomes, in bytes; 0: model.DefaultSweepMemory
	Changed      int    // how many of the most changed images to keep
	Draws        int    // images that each resample ablation takes its activation from, one after another; averaged
	MeanOver     MeanOver
	Metric       string // what effects are measured in, where one must be chosen; see ParseMetric
	Kinds        []Kind // of Operate, the leading one first; none: all
	Controls     int    // matched controls of Operate; 0: DefaultControls, below 0: none
	// Progress is told of each stage how much of it is done.
	Progress func(stage string, done, total int)
	// Parts keeps finished parts, so that an interrupted experiment can go on; nil keeps nothing.
	Parts Parts
}

// DefaultOptions measures on confirm with 2,000 resamples.
func DefaultOptions() Options {
	return Options{Split: datasets.Confirm, Resamples: stats.DefaultResamples, Permutations: stats.DefaultPermutations,
		Seed: 1, Changed: 12, Draws: 5, MeanOver: OverPosition, Metric: "logit-diff"}
}

// filled has the defaults where nothing was said.
func (o Options) filled() Options {
	d := DefaultOptions()
	if o.Resamples == 0 {
		o.Resamples = d.Resamples
	}
	if o.Permutations == 0 {
		o.Permutations = d.Permutations
	}
	if o.Draws == 0 {
		o.Draws = d.Draws
	}
	if o.MeanOver == "" {
		o.MeanOver = d.MeanOver
	}
	if o.Metric == "" {
		o.Metric = d.Metric
	}
	if len(o.Kinds) == 0 {
		o.Kinds = Kinds
	}
	if o.Controls == 0 {
		o.Controls = DefaultControls
	}
	return o
}

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

// DefaultControls are the controls that a neuron is matched with.
const DefaultControls = 20

// Kind is what an ablation puts in the place of an activation.
type Kind string

// The kinds of ablation. Zero silences, which is off-distribution; Mean puts the unit's mean over
// the select split; Resample puts the activation that another image of the measured split
// evokes, several images in turn, and averages the outcomes.
const (
	Zero     Kind = "zero"
	Mean     Kind = "mean"
	Resample Kind = "resample"
)

// Kinds are all kinds, in the order in which reports show them.
var Kinds = []Kind{Zero, Mean, Resample}

// ParseKinds reads a list of kinds, each once, in the order of Kinds.
func ParseKinds(list string) ([]Kind, error) {
	wanted := map[Kind]bool{}
	for word := range strings.SplitSeq(list, ",") {
		k := Kind(strings.TrimSpace(word))
		if k != Zero && k != Mean && k != Resample {
			return nil, fmt.Errorf("ablate: kind %q (want zero, mean or resample, several by comma)", word)
		}
		wanted[k] = true
	}
	var kinds []Kind
	for _, k := range Kinds {
		if wanted[k] {
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

// MeanOver is what the mean of mean ablation is taken over, beside images.
type MeanOver string

// OverPosition keeps a mean for each position of a channel, so that the mean map keeps its
// shape; OverChannel fills the whole channel with one number.
const (
	OverPosition MeanOver = "position"
	OverChannel  MeanOver = "channel"
)
