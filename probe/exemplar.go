package probe

import (
	"context"
	"math"
	"slices"

	"neuroprobe/model"
)

// sheets keeps, for the first units of each layer in the order of ranked, the images that drive
// them most.
func (s *surveyor) sheets(ctx context.Context) error {
	for _, l := range s.layers {
		ranked := s.result.Ranked(l)
		for _, unit := range ranked[:min(len(ranked), s.Sheets)] {
			if !unit.Tested() {
				break
			}
			s.result.Sheets = append(s.result.Sheets, Sheet{Address: unit.Address, Images: s.result.tuned.extremes(unit.Address, s.Summary, s.SheetImages, true)})
		}
	}
	return s.result.tuned.maps(ctx, s.result.Sheets, s.Workers)
}

// Ranked are the units of a layer by what matters: labelled ones first, by how far the AUROC of
// their label is from ½ on select; then the others, as they do for their best concept; then those
// that took no part in the tests.
func (s *Survey) Ranked(layer int) []Unit {
	var units []Unit
	for _, u := range s.Units {
		if u.Address.Layer == layer {
			units = append(units, u)
		}
	}
	sortBy(units, func(u Unit) float64 {
		best := -1.0 // below what any tested unit has
		for c, t := range u.Tuning {
			strength := 0.0
			if t != nil && t.SelectAUROC.Defined() {
				strength = math.Abs(float64(t.SelectAUROC) - 0.5)
			}
			if u.Label != nil && c == u.Label.Concept {
				return 1 + strength
			}
			best = max(best, strength)
		}
		return best
	})
	return units
}

// extremes are the measured images on which a unit's summary is highest (or lowest), ties in the
// order of the images.
func (t *tuned) extremes(a model.Address, s Summary, count int, highest bool) []Exemplar {
	u, known := t.measured.unit(a)
	if !known {
		return nil
	}
	var all []Exemplar
	for i, v := range t.measured.values(u, s) {
		image := t.measured.First + i
		all = append(all, Exemplar{Image: image, Name: t.set.Names[image], Value: v})
	}
	sortBy(all, func(e Exemplar) float64 {
		if highest {
			return e.Value
		}
		return -e.Value
	})
	return slices.Clone(all[:min(count, len(all))])
}

// maps runs the network on the images of the sheets and fills in the units' maps.
func (t *tuned) maps(ctx context.Context, sheets []Sheet, workers int) error {
	byLayer := map[int][]int{}
	var layers []int
	for k, sheet := range sheets {
		l := sheet.Address.Layer
		if byLayer[l] == nil {
			layers = append(layers, l)
		}
		byLayer[l] = append(byLayer[l], k)
	}
	for _, l := range layers {
		if !t.n.Maps(l) {
			continue
		}
		if err := t.layerMaps(ctx, l, byLayer[l], sheets, workers); err != nil {
			return err
		}
	}
	return nil
}

// layerMaps does so for the sheets of one layer.
func (t *tuned) layerMaps(ctx context.Context, layer int, which []int, sheets []Sheet, workers int) error {
	var images []float32
	var exemplars []*Exemplar
	var units []int
	for _, k := range which {
		for e := range sheets[k].Images {
			images = append(images, t.set.Image(sheets[k].Images[e].Image)...)
			exemplars, units = append(exemplars, &sheets[k].Images[e]), append(units, sheets[k].Address.Unit)
		}
	}
	shape := t.n.Geometry(layer).Act
	_, err := t.n.Observe(ctx, images, nil, workers, model.Trace{Post: []int{layer}}, func(first int, trace *model.Trace) {
		maps := trace.Activation(layer)
		for i := range len(maps) / shape.Size() {
			e := exemplars[first+i]
			e.Map = slices.Clone(maps[i*shape.Size()+units[first+i]*shape.Area():][:shape.Area()])
			e.Rows, e.Cols = shape[1], shape[2]
		}
	})
	return err
}
