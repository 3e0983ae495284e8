package ablate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Activation patching asks what a unit carries of a difference between two images: y is a logit
// difference between two fixed classes, large on the clean image and small on the corrupted one.
//
//	denoising  the corrupted run with the unit's clean activation:  recovery = (patched − corrupted) / (clean − corrupted)
//	noising    the clean run with the unit's corrupted activation:  damage   = (clean − noised) / (clean − corrupted)
//
// Both are 1 for a unit that carries all of it and 0 for one that carries nothing. Of an AND each
// input is needed (noising 1) and none is enough (denoising 0); of an OR it is the other way round.
//
// J. Vig et al., NeurIPS 2020; K. Meng et al., NeurIPS 2022; S. Heimersheim and N. Nanda, How to use
// and interpret activation patching (2024), arXiv:2404.15255.

// PatchOptions are what patching needs beside Options.
type PatchOptions struct {
	// Features whose twins make pairs, a set of pairs each; none: pairs of images of different classes.
	Features []int
	// Images: so many random images of the split make a pair each; 0 means all.
	Images int
}

// PatchResult is what patching did to some targets, by set of pairs.
type PatchResult struct {
	Split   datasets.Split `json:"-"`
	Classes []string       `json:"classes"`
	// Targets are what was patched, one after another; with several, a Map, they are ranked on select.
	Targets      [][]model.Address `json:"-"`
	Map          bool              `json:"map"`
	Sets         []PatchSet        `json:"pair_sets"`
	Tests        int               `json:"tests"` // behind the adjusted p-values
	Permutations int               `json:"permutations"`
	Resamples    int               `json:"bootstrap_resamples"`
	Seed         uint64            `json:"seed"`
	Warnings     []string          `json:"warnings,omitempty"`
}

// PatchSet is what was found on one set of pairs.
type PatchSet struct {
	Name  string `json:"name"`  // of the feature, or "classes"
	Twins bool   `json:"twins"` // pairs are twins that differ in the feature
	// For is the class the feature speaks for, "" where that is the clean image's; Presence is the
	// feature's frequency in each class on train.
	For      string    `json:"speaks_for,omitempty"`
	Presence []float64 `json:"presence_on_train,omitempty"`
	Pairs    int       `json:"pairs"`
	// Excluded are pairs whose |clean − corrupted| is below Threshold.
	Excluded  int     `json:"excluded"`
	Threshold float64 `json:"threshold"`
	// Clean and Corrupted are mean y over the pairs that are left, Total is their difference.
	Clean     float64  `json:"clean"`
	Corrupted float64  `json:"corrupted"`
	Total     Interval `json:"clean_minus_corrupted"`
	// Units are the targets. Those of a map are ranked by the larger of their shares on select.
	Units  []PatchUnit  `json:"units"`
	Layers []PatchLayer `json:"layers"`
	Sham   Sham         `json:"sham"`
}

// Left is how many pairs are left.
func (s *PatchSet) Left() int { return s.Pairs - s.Excluded }

// PatchUnit is one target: some neurons patched at once.
type PatchUnit struct {
	Targets   []model.Address `json:"neurons"`
	Denoising PatchEffect     `json:"denoising"`
	Noising   PatchEffect     `json:"noising"`
	// SelectDenoising and SelectNoising are the shares on select, for choosing.
	SelectDenoising probe.Number `json:"select_denoising"`
	SelectNoising   probe.Number `json:"select_noising"`
	// CleanMean and CorruptedMean are the activation's mean in the two runs; known for a single target.
	CleanMean     probe.Number `json:"clean_mean_activation"`
	CorruptedMean probe.Number `json:"corrupted_mean_activation"`
}

// chosenBy is what the units of a map are ranked by: the larger of their two shares on select, either way.
func (u *PatchUnit) chosenBy() float64 {
	return max(math.Abs(float64(u.SelectDenoising)), math.Abs(float64(u.SelectNoising)))
}

// PatchEffect is how much of clean − corrupted a patch gives back (denoising) or takes away (noising).
type PatchEffect struct {
	// Share is the ratio of means, Σ part / Σ whole, with its interval.
	Share probe.Number `json:"share"`
	Low   probe.Number `json:"low"`
	High  probe.Number `json:"high"`
	// Median is that of the pairs' own ratios.
	Median probe.Number `json:"median_of_ratios"`
	Moved  float64      `json:"moved"` // mean part, in logits
	// P is a sign-flip test of the parts against 0; Adjusted is for all tests of the result.
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"adjusted_p"`
}

// PatchLayer is the positive control: a whole layer patched.
type PatchLayer struct {
	Layer int    `json:"layer"`
	Name  string `json:"name"`
	// Bypassed: a skip connection leads around the layer, so that it need not carry everything.
	Bypassed  bool         `json:"bypassed"`
	Denoising probe.Number `json:"denoising"`
	Noising   probe.Number `json:"noising"`
	// Worst is how far any pair, in either direction, ended from the run it should have become.
	Worst float64 `json:"worst_distance"`
}

// Patch patches each target in turn, in both directions, on each set of pairs. With several targets
// they are ranked on select and measured on the split.
func (p *Preparation) Patch(ctx context.Context, targets [][]model.Address, o PatchOptions) (*PatchResult, error) {
	if len(targets) == 0 {
		return nil, errors.New("ablate: no neuron to patch")
	}
	for _, t := range targets {
		for _, a := range t {
			if err := p.Network.CheckAddress(a); err != nil {
				return nil, err
			}
		}
	}
	if len(p.Network.Classes) < 2 {
		return nil, errors.New("ablate: patching compares the logits of two classes (the network has one)")
	}
	r := &PatchResult{Split: p.Split, Classes: p.Set.Classes, Targets: targets, Map: len(targets) > 1, Permutations: p.Permutations, Resamples: p.Resamples, Seed: p.Seed,
		Warnings: slices.Clone(p.Set.Warnings)}
	features := o.Features
	if len(features) == 0 {
		features = []int{-1}
	}
	for _, f := range features {
		set, err := p.patchSet(ctx, f, targets, o)
		if err != nil {
			return nil, err
		}
		r.Sets = append(r.Sets, set)
		r.warn(&set)
	}
	r.adjust()
	return r, ctx.Err()
}

// patchSet measures all targets on one set of pairs.
func (p *Preparation) patchSet(ctx context.Context, feature int, targets [][]model.Address, o PatchOptions) (PatchSet, error) {
	pairs := func(split datasets.Split) (*patchPairs, error) {
		if from := p.pairImages(split, o.Images); feature >= 0 {
			return p.twins(ctx, feature, from)
		} else {
			return p.opposites(from)
		}
	}
	q, err := pairs(p.Split)
	if err != nil {
		return PatchSet{}, err
	}
	set := q.set
	chunk := p.patchChunk(len(q.speaksFor))
	for first := 0; first < len(targets); first += chunk {
		some := targets[first:min(first+chunk, len(targets))]
		measured, err := Part(p.Parts, fmt.Sprintf("patch-%s-%d", set.Name, first), func() (PatchSet, error) { return p.patchTargets(ctx, q, some) })
		if err != nil {
			return set, err
		}
		measured.Units = append(set.Units, measured.Units...)
		set = measured
	}
	if len(targets) == 1 || set.Left() == 0 {
		return set, nil
	}
	q, err = pairs(datasets.Select)
	if err != nil {
		return set, err
	}
	for first := 0; first < len(targets); first += chunk {
		if err := p.rank(ctx, q, set.Units[first:min(first+chunk, len(targets))]); err != nil {
			return set, err
		}
	}
	slices.SortStableFunc(set.Units, func(a, b PatchUnit) int { return cmp.Compare(b.chosenBy(), a.chosenBy()) })
	return set, nil
}

// patchChunk is how many targets' columns fit into half of the memory: two directions, raw and kept.
func (p *Preparation) patchChunk(pairs int) int {
	memory := p.Memory
	if memory <= 0 {
		memory = model.DefaultSweepMemory
	}
	return int(max(16, memory/2/int64(4*8*pairs)))
}

// patchTargets measures some targets, and the controls.
func (p *Preparation) patchTargets(ctx context.Context, q *patchPairs, targets [][]model.Address) (PatchSet, error) {
	set := q.set
	set.Pairs = len(q.speaksFor)
	var arms []patchArm
	for _, t := range targets {
		arms = append(arms, patchArm{units: t})
	}
	c, err := p.patchBoth(ctx, set.Name, q, append(arms, p.patchControls()...))
	if err != nil {
		return set, err
	}
	set.Excluded, set.Threshold = set.Pairs-len(c.kept), c.threshold
	if len(c.kept) == 0 {
		return set, nil
	}
	if p.Network.Depth() > 1 {
		if set.Layers, err = p.checkControls(c); err != nil {
			return set, err
		}
		set.Sham = Sham{Images: set.Pairs, Identical: true}
	}
	set.Clean, set.Corrupted = stats.Mean(pick(c.clean, c.kept)), stats.Mean(pick(c.corrupt, c.kept))
	set.Total = estimateOf(c.total, p.bootstrap().Means(c.total)[0])
	effects := p.patchEffects(append(c.denoise[:len(targets):len(targets)], c.noise[:len(targets)]...), c.total)
	for k, t := range targets {
		set.Units = append(set.Units, PatchUnit{Targets: t, Denoising: effects[k], Noising: effects[len(targets)+k],
			SelectDenoising: probe.Undefined, SelectNoising: probe.Undefined, CleanMean: probe.Undefined, CorruptedMean: probe.Undefined})
	}
	if len(targets) == 1 {
		err = p.meansOf(ctx, q, &set.Units[0])
	}
	return set, err
}

// meansOf finds a target's mean activation in the two runs.
func (p *Preparation) meansOf(ctx context.Context, q *patchPairs, u *PatchUnit) error {
	for _, run := range []struct {
		images []float32
		mean   *probe.Number
	}{{q.clean, &u.CleanMean}, {q.corrupted, &u.CorruptedMean}} {
		_, seen, err := observe(ctx, p.Network, run.images, q.speaksFor, u.Targets, p.Workers)
		if err != nil {
			return err
		}
		sum := 0.0
		for _, t := range seen {
			sum += t.Mean
		}
		*run.mean = probe.Number(sum / float64(len(seen)))
	}
	return nil
}

// rank finds the targets' shares on other pairs, to choose by.
func (p *Preparation) rank(ctx context.Context, q *patchPairs, units []PatchUnit) error {
	var arms []patchArm
	for _, u := range units {
		arms = append(arms, patchArm{units: u.Targets})
	}
	c, err := p.patchBoth(ctx, q.set.Name+" on select,", q, arms)
	if err != nil {
		return err
	}
	total := stats.Mean(c.total)
	for k := range units {
		units[k].SelectDenoising = probe.Number(stats.Mean(c.denoise[k]) / total)
		units[k].SelectNoising = probe.Number(stats.Mean(c.noise[k]) / total)
	}
	return nil
}

// adjust fills in the adjusted p-values, over all tests.
func (r *PatchResult) adjust() {
	var tests []*PatchEffect
	for s := range r.Sets {
		for u := range r.Sets[s].Units {
			tests = append(tests, &r.Sets[s].Units[u].Denoising, &r.Sets[s].Units[u].Noising)
		}
	}
	p := make([]float64, len(tests))
	for k, t := range tests {
		p[k] = float64(t.P)
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		tests[k].Adjusted = probe.Number(adjusted)
	}
	r.Tests = len(tests)
}

func (r *PatchResult) warn(s *PatchSet) {
	switch {
	case s.Left() == 0:
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: no pair of images differs in the logits: there is nothing to give back", s.Name))
		return
	case s.Left() < 30:
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: everything rests on %d pairs: intervals are too narrow", s.Name, s.Left()))
	}
	if signOf(s.Total) == 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: clean − corrupted cannot be told from 0 (%.3g, 95 %% interval %.3g to %.3g): shares of it mean nothing", s.Name, s.Total.Estimate, s.Total.Low, s.Total.High))
	} else if s.Total.High < 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: to the network it speaks against %s, not for it as on train: shares are shares of that", s.Name, s.For))
	}
}
