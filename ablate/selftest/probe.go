package selftest

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

func probeCases() []Case {
	survey := func(name, source string, tolerance float64, read func(*probe.Survey) []float64, want ...float64) Case {
		return Case{"probe", name, source, want, tolerance, func(ctx context.Context) ([]float64, error) {
			s, err := surveyed(ctx, spots(300, 1), 0)
			if err != nil {
				return nil, err
			}
			return read(s), nil
		}}
	}
	return []Case{
		// XᵀY = (0, −8), XᵀX = 20, ‖YᵀY‖ = √112; without the diagonals HSIC is −16, 416/3 and 32.
		{"probe", "CKA of 4 images, plain and debiased", "by hand", []float64{64 / (20 * math.Sqrt(112)), -16 / math.Sqrt(416./3*32)}, 1e-6, similarity},
		survey("detector: AUROC, within class, on select", "by hand", 0, func(s *probe.Survey) []float64 {
			t := s.Units[spotUnit].Tuning[spotConcept]
			return []float64{float64(t.AUROC), float64(t.Within.AUROC), float64(t.SelectAUROC)}
		}, 1, 1, 1),
		survey("detector: named, causal, first of its layer", "by hand", 0, func(s *probe.Survey) []float64 {
			l := s.Units[spotUnit].Label
			if l == nil {
				return []float64{0, 0, 0}
			}
			return []float64{is(l.Name == "spot"), is(l.Causal), is(s.Ranked(1)[0].Address == model.Neuron(1, spotUnit))}
		}, 1, 1, 1),
		// Flipping the spot turns the light of ¾ on or off.
		survey("detector: twin effect, of another feature", "by hand", 1e-6, func(s *probe.Survey) []float64 {
			t := s.Units[spotUnit].Tuning
			return []float64{float64(t[spotConcept].Twin.Mean), float64(t[stripeConcept].Twin.Mean)}
		}, 0.75, 0),
		survey("detector of absence: AUROC, named", "by hand", 0, func(s *probe.Survey) []float64 {
			u := s.Units[noStripeUnit]
			return []float64{float64(u.Tuning[stripeConcept].AUROC), is(u.Label != nil && u.Label.Name == "without stripe" && u.Label.AUROC == 1)}
		}, 0, 1),
		// It goes with the class and so with the spot, but no twin moves it.
		survey("confound: raw found, twin effect, p, named spot", "by hand", 0, func(s *probe.Survey) []float64 {
			u := s.Units[confoundUnit]
			t := u.Tuning[spotConcept]
			return []float64{is(t.Adjusted < probe.Alpha), float64(t.Twin.Mean), float64(t.Twin.P), is(u.Label != nil && u.Label.Name == "spot")}
		}, 1, 0, 1, 0),
		survey("dead unit, constant unit: left out of tests", "by hand", 0, func(s *probe.Survey) []float64 {
			dead, constant := s.Units[deadUnit], s.Units[constantUnit]
			return []float64{is(dead.Quality.Dead && !dead.Tested()), is(constant.Quality.Constant && !constant.Tested())}
		}, 1, 1),
		survey("a unit and its double: correlation", "by hand", 1e-9, func(s *probe.Survey) []float64 {
			d := s.Units[spotUnit].Quality.Duplicates
			if len(d) != 1 || d[0].Address != model.Neuron(1, twiceUnit) {
				return nil
			}
			return []float64{float64(d[0].R)}
		}, 1),
		{"probe", "tuning of random units, largest error", "AUROC and d′ by definition", []float64{0}, 1e-5, tuningAgainstDefinition},
		{"probe", "shuffled labels: significant in 5 surveys", "negative control", []float64{0}, 0, shuffledLabels},
		{"probe", "1 and 3 workers: same survey", "identity", []float64{1}, 0, surveyWorkers},
		// Light 0, ½ or 1, 40 images each; a spot on none, ten and all. A line says yes at 1: 110 of 120 right. Of 50·70
		// pairs 10·40 + 40·70 are in order and 10·30 tied.
		{"probe", "linear probe of 3 levels: right of 120, AUROC", "by hand", []float64{110, 3350. / 3500}, 1e-12, threeLevels},
		{"probe", "map and part: IoU on confirm, on select", "by hand", []float64{3. / 7, 1}, 1e-12, plantedMap},
	}
}

// The units of layer 1 of spotter, by what they read. The channels are spot, stripe, confound and noise.
const (
	spotUnit     = iota
	noStripeUnit // lit where there is no stripe
	confoundUnit // a light that goes with the class
	deadUnit
	constantUnit
	twiceUnit // the spot, doubled
	noiseUnit
	spotterUnits
)

// The places of features among a survey's concepts: with two classes, one concept stands for both.
const (
	spotConcept   = 1
	stripeConcept = 2
)

func spotter() *model.Network {
	hidden := [][]float32{spotUnit: {1, 0, 0, 0, 0}, noStripeUnit: {0, -1, 0, 0, 0.75}, confoundUnit: {0, 0, 1, 0, 0},
		deadUnit: {0, 0, 0, -1, -0.1}, constantUnit: {0, 0, 0, 0, 1}, twiceUnit: {2, 0, 0, 0, 0}, noiseUnit: {0, 0, 0, 1, 0}}
	output := [][]float32{silent(spotterUnits), silent(spotterUnits)}
	output[0][spotUnit], output[1][spotterUnits] = 1, 0.3
	return modeltest.Wire(4, hidden, output)
}

// spots are images of which A has a spot in 8 of 10 and B in 2, both a stripe in every other, A the confound in
// 9 of 10 and B in 1. What is there is lit by ¾. A twin has its feature turned over.
func spots(images int, seed uint64) *datasets.Set {
	r := rand.New(rand.NewPCG(seed, 0x73706f74)) // "spot"
	split := func(n int) (all []stimulus) {
		for i := range n {
			class := i % 2
			spot, stripe := (r.Float64() < 0.8) == (class == 0), r.IntN(2) == 0
			confound := (r.Float64() < 0.9) == (class == 0)
			all = append(all, stimulus{class, []bool{spot, stripe},
				[]float32{float32(0.75 * is(spot)), float32(0.75 * is(stripe)), float32(0.75 * is(confound)), r.Float32()}})
		}
		return all
	}
	set := shown([]string{"spot", "stripe"}, split(2), split(images), split(images))
	return set.WithTwins(func(image, feature int) []float32 {
		twin := slices.Clone(set.Image(image))
		twin[feature] = 0.75 - twin[feature]
		return twin
	})
}

func surveyed(ctx context.Context, set *datasets.Set, workers int) (*probe.Survey, error) {
	o := probe.DefaultOptions()
	o.Permutations, o.Resamples, o.Workers = 199, 200, workers
	return probe.Measure(ctx, spotter(), set, o)
}

// tuningAgainstDefinition holds the tuning of a random network's units against the definitions, on activations by
// plain loops.
func tuningAgainstDefinition(ctx context.Context) ([]float64, error) {
	set := spots(100, 2)
	n := modeltest.Random(model.Spec{Name: "random", Input: model.Shape{4, 1, 1}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 6, Activation: model.ReLU}, {Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 3)
	n.Classes = set.Classes
	o := probe.DefaultOptions()
	o.Permutations, o.Resamples = 19, 100
	s, err := probe.Measure(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	worst, compared := 0.0, 0
	lo, hi := set.Range(datasets.Confirm)
	for _, u := range s.Units {
		if !u.Tested() {
			continue
		}
		var with, without []float64
		for i := lo; i < hi; i++ {
			_, act, _ := modeltest.Forward(n, set.Image(i))
			if v := float64(float32(act[u.Address.Layer][u.Address.Unit])); set.HasFeature(i, 0) {
				with = append(with, v)
			} else {
				without = append(without, v)
			}
		}
		t := u.Tuning[spotConcept]
		worst = max(worst, math.Abs(float64(t.AUROC)-stats.AUROC(with, without)), math.Abs(float64(t.DPrime)-stats.DPrime(with, without)))
		compared++
	}
	if compared == 0 {
		return nil, nil
	}
	return []float64{worst}, nil
}

// shuffledLabels deals classes and features out anew, and counts what five surveys find all the same. At a false
// discovery rate of 5 % each finds something with a chance of 1 in 20 at most; these seeds find nothing.
func shuffledLabels(ctx context.Context) ([]float64, error) {
	found := 0.0
	for seed := range uint64(5) {
		set := spots(100, 10+seed)
		r := rand.New(rand.NewPCG(seed, 0x73687566)) // "shuf"
		split := func(split datasets.Split) (all []stimulus) {
			lo, hi := set.Range(split)
			for k, from := range r.Perm(hi - lo) {
				all = append(all, stimulus{set.Labels[lo+from], []bool{set.HasFeature(lo+from, 0), set.HasFeature(lo+from, 1)}, set.Image(lo + k)})
			}
			return all
		}
		s, err := surveyed(ctx, shown(set.Features, split(datasets.Train), split(datasets.Select), split(datasets.Confirm)), 0)
		if err != nil {
			return nil, err
		}
		for _, u := range s.Units {
			for _, t := range u.Tuning {
				found += is(t.Adjusted < probe.Alpha)
			}
		}
	}
	return []float64{found}, nil
}

func surveyWorkers(ctx context.Context) ([]float64, error) {
	var texts []string
	for _, workers := range []int{1, 3} {
		s, err := surveyed(ctx, spots(100, 4), workers)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(must(json.Marshal(s))))
	}
	return []float64{is(texts[0] == texts[1])}, nil
}

func threeLevels(ctx context.Context) ([]float64, error) {
	var all []stimulus
	for i := range 120 {
		level, k := i%3, i/3
		all = append(all, stimulus{k % 2, []bool{level == 2 || level == 1 && k < 10}, []float32{float32(level) / 2, 0.7}})
	}
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {1, 0, 0}})
	d, err := probe.Decode(ctx, n, shown([]string{"spot"}, all, all, all), probe.DefaultDecodeOptions())
	if err != nil {
		return nil, err
	}
	layer := slices.IndexFunc(d.Layers, func(l probe.DecodedLayer) bool { return l.Name == "dense1" })
	concept := slices.IndexFunc(d.Concepts, func(c probe.Concept) bool { return c.Name == "spot" })
	p := d.Layers[layer].Probes[concept]
	return []float64{float64(p.Accuracy.Count), float64(p.AUROC)}, nil
}

// plantedMap has lights of 1, ½ and ¼ in the cells of a 4×4 map over 8×8 pixels. The threshold, above which 0.5 % of
// select's positions may be, is ¼. Enlarged to pixels, what is above it is the 2×2 of its cell for lights of 1 and ½,
// and nothing for ¼. Of every ten confirm images
//
//	one has a light of 1, the part one pixel to the right:  |M| 4, |L| 4, in common 2
//	one has a light of ½, the part where it is:             4, 4, 4
//	one has a light of ¼, the part where it is:             0, 4, 0
//
// so that IoU = 6/(8 + 12 - 6). On select the parts are where the lights of 1 are: IoU 1.
func plantedMap(ctx context.Context) ([]float64, error) {
	const side, images = 8, 100
	square := func(cell int) []int {
		corner := cell/4*16 + cell%4*2
		return []int{corner, corner + 1, corner + side, corner + side + 1}
	}
	inner := []int{5, 6, 9, 10}
	s := datasets.Set{Channels: 1, Height: side, Width: side, Classes: []string{"A", "B"}, Parts: []string{"ball"}}
	parts := make([][]int, 2+2*images)
	add := func(light float32, cell, shift int, shows bool) {
		image := make([]float32, side*side)
		for _, p := range square(cell) {
			image[p] = light
			if shows {
				parts[len(s.Labels)] = append(parts[len(s.Labels)], p+shift)
			}
		}
		s.Labels, s.Images = append(s.Labels, len(s.Labels)%2), append(s.Images, image...)
	}
	add(0, 5, 0, false)
	add(0, 5, 0, false)
	for i := range images {
		switch {
		case i < 8:
			add(1, inner[i%4], 0, true)
		case i == 8:
			add(0.25, 5, 0, false)
		default:
			add(0, 5, 0, false)
		}
	}
	for i := range images {
		switch cell := inner[i/10%4]; i % 10 {
		case 3:
			add(1, cell, 1, true)
		case 6:
			add(0.5, cell, 0, true)
		case 8:
			add(0.25, cell, 0, true)
		default:
			add(0, cell, 0, false)
		}
	}
	set := must(datasets.New(s, 2, images, images)).WithMasks(func(image, _ int) datasets.Mask {
		if parts[image] == nil {
			return nil
		}
		m := make(datasets.Mask, side*side)
		for _, p := range parts[image] {
			m[p] = true
		}
		return m
	})
	quarter := []float32{0.25, 0.25, 0.25, 0.25}
	n := must(model.NewNetwork(model.Spec{Name: "eye", Input: model.Shape{1, side, side}, Layers: []model.Layer{
		{Name: "cells", Kind: model.Conv2D, Units: 1, Kernel: 2, Stride: 2, Activation: model.ReLU},
		{Name: "answer", Kind: model.Dense, Units: 2, Activation: model.Identity}}},
		[]model.Params{{}, {Weight: quarter, Bias: []float32{0}}, {Weight: make([]float32, 32), Bias: make([]float32, 2)}},
		[]float32{0}, []float32{1}, s.Classes))
	o := probe.DefaultOptions()
	o.Permutations, o.Resamples = 99, 100
	survey, err := probe.Measure(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	overlap := survey.Units[0].Overlaps[0]
	return []float64{float64(overlap.IoU), float64(overlap.SelectIoU)}, nil
}

func similarity(context.Context) ([]float64, error) {
	x, err := probe.NewRepresentation([]float64{7, 9, 11, 13}, 4, 1)
	if err != nil {
		return nil, err
	}
	y, err := probe.NewRepresentation([]float64{2, 7, 0, 5, 0, 3, 2, 5}, 4, 2)
	if err != nil {
		return nil, err
	}
	s := probe.Similar(x, y)
	return []float64{float64(s.CKA), float64(s.Debiased)}, nil
}
