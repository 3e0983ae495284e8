package probe

import (
	"context"
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// LayerActivity is how sparsely a layer's neurons fire over the measured images. A neuron's rate on an
// image is the mean of its map.
type LayerActivity struct {
	// Dead neurons fire on no image of select or the measured split; AlwaysOn ones at every position of
	// all of them; Constant ones fire, but do not vary on one of the splits.
	Dead     []model.Address `json:"dead,omitempty"`
	AlwaysOn []model.Address `json:"always_on,omitempty"`
	Constant []model.Address `json:"constant,omitempty"`
	// Firing is the share of the layer's neurons that fire anywhere in their map, spread over images.
	Firing Spread `json:"firing"`
	// Presence is the share of positions, over all neurons and images, that are above 0.
	Presence Number `json:"presence"`
	// Lifetime is a neuron's sparseness over images, spread over the neurons that fire; Population
	// an image's over the layer's neurons, spread over images.
	Lifetime   Spread `json:"lifetime_sparseness"`
	Population Spread `json:"population_sparseness"`
}

// watch records activity on select and the measured split.
func (c *Census) watch(ctx context.Context, n *model.Network, set *datasets.Set, o CensusOptions) error {
	lo, hi := set.Range(o.Split)
	from, to := set.Range(datasets.Select)
	if lo == hi || from == to {
		return fmt.Errorf("probe: the %s or the select split is empty: no activity to measure", o.Split)
	}
	c.Images, c.SelectImages = hi-lo, to-from
	c.Negative = negative(n, set.Images[lo*set.ImageSize():hi*set.ImageSize()])
	selected, err := Record(ctx, n, set, datasets.Select, nil, o.Workers, func(done, _ int) { o.Progress(stageRecord, done, hi-lo+to-from) })
	if err != nil {
		return err
	}
	measured := selected
	if o.Split != datasets.Select {
		measured, err = Record(ctx, n, set, o.Split, nil, o.Workers, func(done, _ int) { o.Progress(stageRecord, to-from+done, hi-lo+to-from) })
		if err != nil {
			return err
		}
	}
	for k, q := range qualities(n, selected, measured, Mean) {
		c.Neurons[k].Quality = q // neurons are in the recording's order
	}
	first := 0
	for l := 1; l <= n.Depth(); l++ {
		units := n.Geometry(l).Act[0]
		if n.Layer(l).Activation == model.ReLU {
			c.Layers[l-1].Activity = c.activity(measured, first, units)
		}
		first += units
	}
	return nil
}

// negative is the share of the normalised images' values below 0.
func negative(n *model.Network, images []float32) Number {
	area, below := n.Spec.Input.Area(), 0
	for at, v := range images {
		if v < n.Mean[at/area%len(n.Mean)] {
			below++
		}
	}
	return Number(float64(below) / float64(len(images)))
}

// activity describes the units [first, first+units) of a recording, and notes each one's lifetime sparseness.
func (c *Census) activity(r *Recording, first, units int) *LayerActivity {
	a := &LayerActivity{}
	var lifetimes, populations, firing, presence []float64
	for u := first; u < first+units; u++ {
		x := &c.Neurons[u]
		x.Lifetime = Number(sparsenessOf(r.values(u, Mean)))
		if x.Lifetime.Defined() {
			lifetimes = append(lifetimes, float64(x.Lifetime))
		}
		for _, list := range []struct {
			on bool
			to *[]model.Address
		}{{x.Quality.Dead, &a.Dead}, {x.Quality.AlwaysOn, &a.AlwaysOn}, {x.Quality.Constant, &a.Constant}} {
			if list.on {
				*list.to = append(*list.to, x.Address)
			}
		}
		presence = append(presence, float64(r.Active[u])/float64(r.Images*r.Positions[u]))
	}
	rates := make([]float64, units)
	for i := range r.Images {
		fires := 0
		for u := range rates {
			rates[u] = float64(r.Mean[(first+u)*r.Images+i])
			if r.Max[(first+u)*r.Images+i] > 0 {
				fires++
			}
		}
		firing = append(firing, float64(fires)/float64(units))
		if s := Number(sparsenessOf(rates)); s.Defined() {
			populations = append(populations, float64(s))
		}
	}
	a.Firing, a.Lifetime, a.Population, a.Presence = SpreadOver(firing), SpreadOver(lifetimes), SpreadOver(populations), Number(stats.Mean(presence))
	return a
}
