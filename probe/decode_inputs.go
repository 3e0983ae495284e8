package probe

import (
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// recordInput summarises the channels of the images themselves, as layer 0. The values are raw,
// in [0,1]: once standardised, the network's own normalisation would make no difference.
func recordInput(set *datasets.Set, split datasets.Split) *Recording {
	lo, hi := set.Range(split)
	shape := model.Shape{set.Channels, set.Height, set.Width}
	size := set.Channels * (hi - lo)
	r := &Recording{First: lo, Images: hi - lo, Max: make([]float32, size), Mean: make([]float32, size), Active: make([]int64, set.Channels)}
	for c := range set.Channels {
		r.Units, r.Positions = append(r.Units, model.Neuron(0, c)), append(r.Positions, shape.Area())
	}
	r.summarise(0, 0, set.Images[lo*set.ImageSize():hi*set.ImageSize()], shape)
	return r
}

// sample are the images of a split that take part, with what was recorded on them.
type sample struct {
	images       []int // numbers in the set, ascending
	input, units *Recording
}

// of is the recording that a layer's units are in.
func (s *sample) of(layer int) *Recording {
	if layer == 0 {
		return s.input
	}
	return s.units
}

// answers picks out the sample's images.
func (s *sample) answers(all []bool) []bool {
	out := make([]bool, len(s.images))
	for k, i := range s.images {
		out[k] = all[i]
	}
	return out
}

// input is one number that a probe reads of an image: a unit's summary.
type input struct {
	unit    int // index into the recording's Units
	summary Summary
}

// inputsOf are what a probe of a layer reads: maximum and mean of each channel; of a unit with
// one position, where the two are the same, one of them.
func inputsOf(r *Recording, layer int) []input {
	var out []input
	for u, a := range r.Units {
		if a.Layer != layer {
			continue
		}
		out = append(out, input{u, Max})
		if r.Positions[u] > 1 {
			out = append(out, input{u, Mean})
		}
	}
	return out
}

// scale standardises an input: (value − mean)/sd.
type scale struct {
	input
	mean, sd float64
}

// scales are the mean and the standard deviation of the inputs over the train images, without
// those that are constant there.
func (s *sample) scales(layer int) (kept []scale, constant int) {
	r := s.of(layer)
	for _, c := range inputsOf(r, layer) {
		values := r.of(c.unit, c.summary)
		first := values[s.images[0]-r.First]
		var m stats.Moments
		varies := false
		for _, i := range s.images {
			v := values[i-r.First]
			m.Add(float64(v))
			varies = varies || v != first
		}
		if !varies {
			constant++
			continue
		}
		kept = append(kept, scale{c, m.Mean(), m.SD()})
	}
	return kept, constant
}

// matrix is what a probe of a layer reads of the sample, images × inputs.
func (s *sample) matrix(layer int, scales []scale) []float64 {
	r := s.of(layer)
	out := make([]float64, len(s.images)*len(scales))
	for j, c := range scales {
		values := r.of(c.unit, c.summary)
		for k, i := range s.images {
			out[k*len(scales)+j] = (float64(values[i-r.First]) - c.mean) / c.sd
		}
	}
	return out
}
