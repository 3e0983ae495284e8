package probe

import (
	"context"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
)

// tune tests every unit that varies against every concept, raw and within class.
func (s *surveyor) tune(ctx context.Context) error {
	if len(s.tested) == 0 || len(s.result.Concepts) == 0 {
		return nil
	}
	values := make([][]float64, len(s.tested))
	chosen := make([][]float64, len(s.tested))
	for k, u := range s.tested {
		values[k], chosen[k] = s.measured.values(u, s.Summary), s.selected.values(u, s.Summary)
		s.result.Units[u].Tuning = make([]*Tuning, len(s.result.Concepts))
	}
	raw, err := rank(ctx, s.Workers, values, nil)
	if err != nil {
		return err
	}
	onSelect, err := rank(ctx, s.Workers, chosen, nil)
	if err != nil {
		return err
	}
	within, err := rank(ctx, s.Workers, values, s.labels())
	if err != nil {
		return err
	}
	var all, features []int // concepts to test, and those to test within class as well
	for c := range s.result.Concepts {
		if s.describeTuning(ctx, c, values, raw, onSelect, within) {
			all = append(all, c)
			if s.result.Concepts[c].Kind == Feature && s.result.Units[s.tested[0]].Tuning[c].Within != nil {
				features = append(features, c)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return s.testTuning(ctx, raw, within, all, features)
}

// describeTuning fills in what needs no permutation. It is false for a concept that all or none
// of the images show, on select or as measured.
func (s *surveyor) describeTuning(ctx context.Context, c int, values [][]float64, raw, onSelect, within *ranking) bool {
	concept := s.result.Concepts[c]
	shows := s.shows(c)
	from, to := s.set.Range(datasets.Select)
	selected := concept.shows(s.set, from, to)
	if !varies(shows) || !varies(selected) {
		return false
	}
	aurocs := raw.aurocs(raw.contrast(shows))
	chosen := onSelect.aurocs(onSelect.contrast(selected))
	var inClass []Number
	if contrast := within.contrast(shows); concept.Kind == Feature && contrast.pairs > 0 {
		inClass = within.aurocs(contrast)
	}
	_ = parallel(ctx, s.Workers, len(s.tested), func(k int) {
		u := s.tested[k]
		t := &Tuning{Concept: c, AUROC: aurocs[k], SelectAUROC: chosen[k], P: Undefined, Adjusted: Undefined}
		var with, without []float64
		for i, v := range values[k] {
			if shows[i] {
				with = append(with, v)
			} else {
				without = append(without, v)
			}
		}
		t.With, t.Without = len(with), len(without)
		t.DPrime = Number(stats.DPrime(with, without))
		t.Difference = Number(stats.Mean(with) - stats.Mean(without))
		threshold := float64(s.result.Units[u].Threshold)
		everywhere := func(int) bool { return true }
		t.FiresWith, t.FiresOff = firingRate(with, threshold, everywhere), firingRate(without, threshold, everywhere)
		if inClass != nil {
			t.Within = &Within{AUROC: inClass[k], P: Undefined, Adjusted: Undefined}
		}
		s.result.Units[u].Tuning[c] = t
	})
	return true
}

// shows tells of the measured images which show a concept.
func (s *surveyor) shows(concept int) []bool {
	return s.result.Concepts[concept].shows(s.set, s.measured.First, s.measured.First+s.measured.Images)
}

func varies(shows []bool) bool {
	return slices.Contains(shows, true) && slices.Contains(shows, false)
}

// testTuning fills in the p-values, and the range of AUROCs that shuffled labels give.
func (s *surveyor) testTuning(ctx context.Context, raw, within *ranking, all, features []int) error {
	p := stats.Permutations{Count: s.Permutations, Seed: s.Seed}
	total := s.Permutations
	if len(features) > 0 {
		total *= 2
	}
	contrasts := func(r *ranking, concepts []int) (out []contrast) {
		for _, c := range concepts {
			out = append(out, r.contrast(s.shows(c)))
		}
		return out
	}
	labels := contrasts(raw, all)
	var null []float64
	watch := func(sums []int64) {
		for _, t := range sums {
			null = append(null, auroc(t, labels[0].pairs))
		}
	}
	extreme, err := raw.permute(ctx, s.Workers, p, labels, watch, func(done int) { s.progress(stageTune, done, total) })
	if err != nil {
		return err
	}
	if s.result.Concepts[all[0]].Kind == Class {
		slices.Sort(null)
		s.result.Null = [2]Number{Number(stats.QuantileSorted(null, 0.025)), Number(stats.QuantileSorted(null, 0.975))}
	}
	s.eachTuning(all, func(k, c int, t *Tuning) {
		if t.AUROC.Defined() {
			t.P = Number(stats.PermutationP(extreme[c][k], s.Permutations))
		}
	})
	if len(features) == 0 {
		return nil
	}
	extreme, err = within.permute(ctx, s.Workers, p, contrasts(within, features), nil, func(done int) { s.progress(stageTune, s.Permutations+done, total) })
	if err != nil {
		return err
	}
	s.eachTuning(features, func(k, c int, t *Tuning) {
		if t.Within.AUROC.Defined() {
			t.Within.P = Number(stats.PermutationP(extreme[c][k], s.Permutations))
		}
	})
	return nil
}

// eachTuning visits the tunings of the tested units to concepts: k counts the units, c the concepts.
func (s *surveyor) eachTuning(concepts []int, visit func(k, c int, t *Tuning)) {
	for k, u := range s.tested {
		for c, concept := range concepts {
			visit(k, c, s.result.Units[u].Tuning[concept])
		}
	}
}

// twins measures the causal effect of every feature the set can flip.
func (s *surveyor) twins(ctx context.Context) error {
	if !s.set.HasTwins() || len(s.tested) == 0 {
		return nil
	}
	t := twinner{n: s.n, set: s.set, layers: s.layers, summary: s.Summary, workers: s.Workers}
	var features []int
	for c, concept := range s.result.Concepts {
		if concept.Kind == Feature {
			features = append(features, c)
		}
	}
	recordings := []*Recording{s.measured, s.selected}
	if s.measured == s.selected {
		recordings = recordings[:1]
	}
	done, total := 0, 0
	for _, r := range recordings {
		total += len(features) * r.Images
	}
	advance := func(images int) {
		done += images
		s.progress(stageTwins, done, total)
	}
	for _, c := range features {
		feature := s.result.Concepts[c].Index
		diffs, err := t.effects(ctx, s.measured, feature, advance)
		if err != nil {
			return err
		}
		if diffs == nil {
			continue
		}
		effects, err := t.test(ctx, diffs, s.tested, s.spreads, s.Options)
		if err != nil {
			return err
		}
		if s.selected != s.measured {
			if diffs, err = t.effects(ctx, s.selected, feature, advance); err != nil {
				return err
			}
		}
		for k, u := range s.tested {
			effects[k].SelectSDs = inSpreads(stats.Mean(diffs[u]), s.selected.spreadOf(u, s.Summary))
			effects[k].Adjusted = Undefined
			if tuning := s.result.Units[u].Tuning[c]; tuning != nil {
				tuning.Twin = effects[k]
			} else {
				s.result.Units[u].Tuning[c] = s.twinOnly(c, effects[k])
			}
		}
	}
	return nil
}

// twinOnly is the tuning to a feature that all or none of the images show: only twins tell.
func (s *surveyor) twinOnly(c int, effect *TwinEffect) *Tuning {
	t := &Tuning{Concept: c, AUROC: Undefined, SelectAUROC: Undefined, DPrime: Undefined, Difference: Undefined,
		P: Undefined, Adjusted: Undefined, Twin: effect}
	for _, shows := range s.shows(c) {
		if shows {
			t.With++
		} else {
			t.Without++
		}
	}
	return t
}
