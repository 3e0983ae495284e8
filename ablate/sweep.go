package ablate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// SweepOptions say what Sweep ablates.
type SweepOptions struct {
	Layers   []int  // hidden layers; nil: all
	Kinds    []Kind // at least one, each once
	NoCurves bool   // leave out the cumulative ablations
	// Orders is how many random orders the cumulative curves are compared with; 0 means 10.
	Orders int
}

// defaultOrders of a random cumulative ablation give a band to see, not a distribution.
const defaultOrders = 10

// selectDraws is how many draws of resample ablation a ranking rests on at most: its order is
// all that matters.
const selectDraws = 2

// Sweep ablates every hidden neuron, one at a time, in each of the kinds, and then more and more of
// them at once. Effects are measured on the preparation's split; what is most important is ranked on
// select, by the contribution to the preparation's metric.
func Sweep(ctx context.Context, p *Preparation, o SweepOptions) (*SweepResult, error) {
	s, err := newSweep(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if err := s.watch(ctx); err != nil {
		return nil, err
	}
	for k, kind := range o.Kinds {
		if err := s.lesion(ctx, k, kind); err != nil {
			return nil, err
		}
		s.rank(k)
	}
	s.correct()
	s.compareKinds()
	if !o.NoCurves {
		if err := s.cumulate(ctx); err != nil {
			return nil, err
		}
	}
	s.warn()
	return s.result, ctx.Err()
}

// sweep is one at work.
type sweep struct {
	*Preparation
	SweepOptions
	// selected is the same network on the select split.
	selected *Preparation
	metric   Metric
	groups   *grouping // of the measured images
	chosen   *grouping // of the select images
	targets  [][]model.Address
	result   *SweepResult
}

func newSweep(ctx context.Context, p *Preparation, o SweepOptions) (*sweep, error) {
	n := p.Network
	for _, l := range o.Layers {
		if l < 1 || l >= n.Depth() {
			return nil, fmt.Errorf("ablate: layer %d is no hidden layer (they are 1 to %d)", l, n.Depth()-1)
		}
	}
	if len(o.Kinds) == 0 {
		return nil, errors.New("ablate: no kind of ablation to sweep")
	}
	if o.Orders == 0 {
		o.Orders = defaultOrders
	}
	metric, err := ParseMetric(p.Metric, n.Classes)
	if err != nil {
		return nil, err
	}
	s := &sweep{Preparation: p, SweepOptions: o, metric: metric, targets: p.Rows(o.Layers), groups: newGrouping(p)}
	if len(s.targets) == 0 {
		return nil, errors.New("ablate: the network has no hidden neuron to ablate")
	}
	choose := p.Options
	choose.Split = datasets.Select
	choose.Draws = min(choose.Draws, selectDraws)
	if s.selected, err = Prepare(ctx, n, p.Set, choose); err != nil {
		return nil, err
	}
	if s.selected.Images == 0 || p.Images == 0 {
		return nil, errors.New("ablate: a sweep needs images in the select split and in the measured one")
	}
	s.chosen = newGrouping(s.selected)
	s.result = s.describe()
	return s, nil
}

// describe is the result before any ablation.
func (s *sweep) describe() *SweepResult {
	r := &SweepResult{
		Split: s.Split, Images: s.Images, SelectImages: s.selected.Images,
		Classes: s.Set.Classes, Features: s.Set.Features, Metric: s.metric, Kinds: s.Kinds, Draws: s.Draws, SelectDraws: s.selected.Draws, MeanOver: s.MeanOver,
		Intact:    Intact{Accuracy: mean32(s.Intact.Correct), LogitDiff: mean32(s.Intact.Diff)},
		Resamples: s.Resamples, Permutations: s.Permutations, Seed: s.Seed,
	}
	for _, class := range s.groups.classes {
		r.ClassImages = append(r.ClassImages, len(class))
	}
	for f := range s.Set.Features {
		with := 0
		for c := range s.groups.classes {
			with += len(s.groups.with[c][f])
		}
		r.FeatureImages = append(r.FeatureImages, with)
	}
	for _, t := range s.targets {
		a := t[0]
		if len(r.Layers) == 0 || r.Layers[len(r.Layers)-1].Number != a.Layer {
			l := s.Network.Layer(a.Layer)
			r.Layers = append(r.Layers, SweptLayer{Number: a.Layer, Name: l.Name, Kind: l.Kind})
		}
		r.Layers[len(r.Layers)-1].Neurons++
		r.Neurons = append(r.Neurons, SweptNeuron{Address: a, FiresByClass: make([]int, len(s.Set.Classes)), Lesions: make([]NeuronLesion, len(s.Kinds))})
	}
	return r
}

// watch counts on how many images each neuron fires.
func (s *sweep) watch(ctx context.Context) error {
	n, images := s.Network, s.Images
	var want model.Trace
	for _, l := range s.result.Layers {
		want.Post = append(want.Post, l.Number)
	}
	sums, fires := make([]float64, len(s.targets)*images), make([]bool, len(s.targets)*images)
	_, err := n.Observe(ctx, s.pixels, nil, s.Workers, want, func(first int, t *model.Trace) {
		for k, target := range s.targets {
			area, units := n.Geometry(target[0].Layer).Act.Area(), n.Geometry(target[0].Layer).Act[0]
			all := t.Activation(target[0].Layer)
			for i := range len(all) / (units * area) {
				at := k*images + first + i
				for _, v := range all[(i*units+target[0].Unit)*area:][:area] {
					sums[at] += float64(v)
					fires[at] = fires[at] || v > 0
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for k := range s.result.Neurons {
		u := &s.result.Neurons[k]
		for i, label := range s.Labels {
			u.Mean += sums[k*images+i]
			if fires[k*images+i] {
				u.Fires++
				u.FiresByClass[label]++
			}
		}
		u.Mean /= float64(images * n.Positions(u.Address))
		u.Dead = u.Fires == 0 && n.Layer(u.Address.Layer).Activation == model.ReLU
		if u.Dead {
			s.layer(u.Address.Layer).Dead++
		}
	}
	return nil
}

func (s *sweep) layer(number int) *SweptLayer {
	at := slices.IndexFunc(s.result.Layers, func(l SweptLayer) bool { return l.Number == number })
	return &s.result.Layers[at]
}

// rank orders the neurons by the contribution that select says they have, and holds the effects
// on select against the measured ones.
func (s *sweep) rank(k int) {
	order := make([]int, len(s.result.Neurons))
	for i := range order {
		order[i] = i
	}
	chosen := func(i int) *SelectEffect { return &s.result.Neurons[i].Lesions[k].Select }
	// Equals stay in the order of their addresses.
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.metric.Lost(chosen(b).Metric), s.metric.Lost(chosen(a).Metric))
	})
	seen := map[int]int{}
	for place, i := range order {
		layer := s.result.Neurons[i].Address.Layer
		seen[layer]++
		chosen(i).Rank, chosen(i).LayerRank = place+1, seen[layer]
	}
	for l := range s.result.Layers {
		layer := &s.result.Layers[l]
		var onSelect, measured []float64
		for i := range s.result.Neurons {
			if u := &s.result.Neurons[i]; u.Address.Layer == layer.Number {
				onSelect = append(onSelect, u.Lesions[k].Select.Metric)
				measured = append(measured, float64(u.Lesions[k].In(s.metric, s.Set.Classes).Estimate))
			}
		}
		trust := probe.Undefined // of images with themselves
		if s.Split != datasets.Select {
			trust = probe.Number(stats.Spearman(onSelect, measured))
		}
		layer.Trust = append(layer.Trust, trust)
	}
}

// compareKinds tells where two kinds of ablation disagree.
func (s *sweep) compareKinds() {
	in := func(i, k int) Change { return s.result.Neurons[i].Lesions[k].In(s.metric, s.Set.Classes) }
	for a := range s.Kinds {
		for b := a + 1; b < len(s.Kinds); b++ {
			pair := KindPair{A: s.Kinds[a], B: s.Kinds[b]}
			var x, y []float64
			for i := range s.result.Neurons {
				p, q := in(i, a), in(i, b)
				x, y = append(x, float64(p.Estimate)), append(y, float64(q.Estimate))
				if p.Clear() && q.Clear() && (p.Estimate > 0) != (q.Estimate > 0) {
					pair.Opposite = append(pair.Opposite, s.result.Neurons[i].Address)
				}
			}
			pair.Correlation = probe.Number(stats.Spearman(x, y))
			s.result.Pairs = append(s.result.Pairs, pair)
		}
	}
}

// warn adds the doubts that belong under the result.
func (s *sweep) warn() {
	r := s.result
	r.Warnings = append(r.Warnings, s.Set.Warnings...)
	if s.Split == datasets.Select {
		r.Warnings = append(r.Warnings, "effects are measured on the select images that the ranking was made on: the first of a ranking are overstated")
	}
	if s.Split == datasets.Train {
		r.Warnings = append(r.Warnings, "effects are measured on the images the network was trained on")
	}
	for c, n := range r.ClassImages {
		if n < 30 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("class %s has %d images: its intervals are too narrow", r.Classes[c], n))
		}
	}
	for _, f := range r.Families {
		// Of m tests, k discoveries need a p of q·k/m at most.
		if least := float64(f.Tests) / probe.Alpha / float64(s.Permutations+1); least > 1 && f.Significant == 0 && (f.Test != TestAccuracy || f.Kind == Resample) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s, %s: with %d permutations p is at least %.2g, so that among %d tests fewer than %d findings cannot survive correction; more --permutations can",
				f.Kind, f.Test, s.Permutations, 1/float64(s.Permutations+1), f.Tests, int(least)+1))
		}
	}
}

// split cuts a metric's name into what is measured and the class it is measured on; -1 for all.
func (m Metric) split(classes []string) (base string, class int) {
	base, name, ofClass := strings.Cut(m.Name, ":")
	if !ofClass {
		return base, -1
	}
	return base, slices.Index(classes, name)
}
