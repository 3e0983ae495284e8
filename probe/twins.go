package probe

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// twinner measures what flipping a feature in an image does to the units, all else equal.
type twinner struct {
	n       *model.Network
	set     *datasets.Set
	layers  []int
	summary Summary
	workers int
}

// effects are the differences with − without of one feature, units × images of the recording, which
// holds the images as they are. It returns nil where the set has no twins for the feature.
func (t twinner) effects(ctx context.Context, r *Recording, feature int, progress func(images int)) ([][]float64, error) {
	if !t.set.HasTwins() || t.set.Twin(r.First, feature) == nil {
		return nil, nil
	}
	out := make([][]float64, len(r.Units))
	for u := range out {
		out[u] = r.values(u, t.summary)
	}
	size := t.set.ImageSize()
	images := make([]float32, min(blockImages, r.Images)*size)
	for lo := 0; lo < r.Images; lo += blockImages {
		block := min(blockImages, r.Images-lo)
		err := parallel(ctx, t.workers, block, func(i int) {
			copy(images[i*size:(i+1)*size], t.set.Twin(r.First+lo+i, feature))
		})
		if err != nil {
			return nil, err
		}
		twins := newRecording(t.n, r.First+lo, block, t.layers)
		if err := twins.record(ctx, t.n, images[:block*size], r.First+lo, t.layers, t.workers, nil); err != nil {
			return nil, fmt.Errorf("probe: twins: %w", err)
		}
		for u := range out {
			for i, v := range twins.values(u, t.summary) {
				out[u][lo+i] -= v
				if !t.set.HasFeature(r.First+lo+i, feature) {
					out[u][lo+i] = -out[u][lo+i]
				}
			}
		}
		if progress != nil {
			progress(block)
		}
	}
	return out, nil
}

// test makes a TwinEffect of each tested unit's differences; spreads are the standard deviations
// of the units' summaries.
func (t twinner) test(ctx context.Context, diffs [][]float64, tested []int, spreads []float64, o Options) ([]*TwinEffect, error) {
	out := make([]*TwinEffect, len(tested))
	const share = 8 // units that see the same resamples drawn once
	err := parallel(ctx, t.workers, (len(tested)+share-1)/share, func(task int) {
		units := tested[task*share : min((task+1)*share, len(tested))]
		columns := make([][]float64, len(units))
		for k, u := range units {
			columns[k] = diffs[u]
		}
		intervals := stats.Bootstrap{Resamples: o.Resamples, Seed: o.Seed}.Means(columns...)
		for k, u := range units {
			mean := stats.Mean(diffs[u])
			out[task*share+k] = &TwinEffect{
				Pairs: len(diffs[u]), Mean: Number(mean), Low: Number(intervals[k].Low), High: Number(intervals[k].High),
				SDs: inSpreads(mean, spreads[u]),
				P:   Number(stats.Permutations{Count: o.Permutations, Seed: o.Seed}.SignFlip(diffs[u])),
			}
		}
	})
	return out, err
}

func inSpreads(mean, spread float64) Number {
	if !(spread > 0) || math.IsInf(spread, 0) {
		return Undefined
	}
	return Number(mean / spread)
}
