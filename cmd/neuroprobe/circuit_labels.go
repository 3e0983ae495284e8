package main

import (
	"context"
	"slices"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// labelPermutations and labelResamples are few: a label is a name beside a neuron here, not a result.
const (
	labelPermutations = 199
	labelResamples    = 100
)

// neuronLabels names neurons by what they are tuned to, as probe does: chosen on select, tested on the
// measured split, Benjamini–Hochberg over neurons × concepts. No neuron is dissected. Neurons for which no
// concept beats the null are not in the map.
func neuronLabels(ctx context.Context, e *experiment) (map[model.Address]probe.Label, error) {
	o := probe.DefaultOptions()
	o.Split, o.Seed, o.Workers, o.Progress = e.ablate.Split, e.ablate.Seed, e.ablate.Workers, e.bar.stage
	o.Permutations, o.Resamples, o.Sheets = labelPermutations, labelResamples, 0
	o.Concepts = slices.Concat(e.set.Classes, e.set.Features) // parts are what is dissected
	survey, err := probe.Measure(ctx, e.network, e.set, o)
	if err != nil {
		return nil, err
	}
	labels := map[model.Address]probe.Label{}
	for _, u := range survey.Units {
		if u.Label != nil {
			labels[u.Address] = *u.Label
		}
	}
	return labels, nil
}
