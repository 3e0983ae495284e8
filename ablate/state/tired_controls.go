package state

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
)

// uniform gives all neurons of a layer the same gain in each subject: the mean of theirs, weighted by
// layer and unit if weights are given. Neurons without weight count for nothing.
func (s *State) uniform(weights [][]float64) *State {
	out := s.Clone()
	for l, gains := range s.Gains {
		units := len(gains) / s.Subjects
		for i := range s.Subjects {
			sum, weight := 0.0, 0.0
			for u := range units {
				w := 1.0
				if weights != nil {
					w = weights[l][u]
				}
				sum, weight = sum+w*gains[u*s.Subjects+i], weight+w
			}
			if weight == 0 {
				continue
			}
			for u := range units {
				out.Gains[l][u*s.Subjects+i] = min(1, sum/weight)
			}
		}
	}
	return out
}

// shuffled gives each neuron the gains of another of its layer, the same one in all subjects.
func (s *State) shuffled(random *rand.Rand) *State {
	out := s.Clone()
	for l, gains := range s.Gains {
		for u, from := range random.Perm(len(gains) / s.Subjects) {
			copy(out.Gains[l][u*s.Subjects:], gains[from*s.Subjects:(from+1)*s.Subjects])
		}
	}
	return out
}

// only keeps the fatigue of some layers and makes all others fresh.
func (s *State) only(layer func(int) bool) *State {
	out := s.Clone()
	for l, gains := range out.Gains {
		if !layer(l) {
			for k := range gains {
				gains[k] = 1
			}
		}
	}
	return out
}

// controls hold the neurons' own fatigue against as much of it, spread otherwise.
func (t *tiring) controls(ctx context.Context, r *TiredResult) error {
	c := &r.Controls
	frozen, err := t.test(ctx, t.body, t.worked, 0)
	if err != nil {
		return err
	}
	c.Frozen = t.same([]*readout{frozen}, []*readout{t.tired})
	var tests []*TestedEffect
	for _, spread := range []struct {
		*SpreadControl
		s *State
	}{{&c.Uniform, t.worked.uniform(nil)}, {&c.Matched, t.worked.uniform(t.rates.Mean)}} {
		if err := t.spread(ctx, spread.SpreadControl, spread.s); err != nil {
			return err
		}
		tests = append(tests, &spread.BeyondDiff, &spread.BeyondAccuracy)
	}
	adjust(tests)
	return t.shuffle(ctx, c)
}

func (t *tiring) spread(ctx context.Context, c *SpreadControl, s *State) error {
	said, err := t.test(ctx, t.body, s, 0)
	if err != nil {
		return err
	}
	c.Gain = 1 - stats.Mean(s.lacking())
	c.Condition = t.conditions([]*readout{said}, []*readout{t.fresh[t.o.Steps]})[0]
	tired, control := t.columns(t.tired), t.columns(said)
	c.BeyondDiff, c.BeyondAccuracy = t.tested(minus(tired.diff, control.diff)), t.tested(minus(tired.correct, control.correct))
	return nil
}

func (t *tiring) shuffle(ctx context.Context, c *TiredControls) error {
	fresh, tired, random := t.columns(t.fresh[t.o.Steps]), t.columns(t.tired), rand.New(rand.NewPCG(t.Seed, 0x73687566)) // "shuf"
	var accuracy, diff []float64
	member := t.members()
	c.Shuffled.Recalls = make([]float64, len(member))
	for k := range t.o.Shuffles {
		t.progress("shuffled gains", k, t.o.Shuffles)
		said, err := t.test(ctx, t.body, t.worked.shuffled(random), 0)
		if err != nil {
			return err
		}
		now := t.columns(said)
		right := minus(now.correct, fresh.correct)
		accuracy, diff = append(accuracy, stats.Mean(right)), append(diff, stats.Mean(minus(now.diff, fresh.diff)))
		for class := range member {
			c.Shuffled.Recalls[class] += meanOver(right, member[class]) / float64(t.o.Shuffles)
		}
	}
	s := &c.Shuffled
	s.Shuffles = t.o.Shuffles
	s.Accuracy, s.AccuracyP = against(stats.Mean(minus(tired.correct, fresh.correct)), accuracy)
	s.Diff, s.DiffP = against(stats.Mean(minus(tired.diff, fresh.diff)), diff)
	return nil
}

// against are mean, least and largest of shuffles, and the share of them and their own assignment that lie at least as
// far from the mean of all as it.
func against(own float64, shuffles []float64) (summary [3]float64, p float64) {
	centre := stats.Mean(append([]float64{own}, shuffles...))
	extreme := 0
	for _, v := range shuffles {
		if math.Abs(v-centre) >= math.Abs(own-centre)*(1-1e-12) {
			extreme++
		}
	}
	return [3]float64{stats.Mean(shuffles), slices.Min(shuffles), slices.Max(shuffles)}, stats.PermutationP(extreme, len(shuffles))
}

// layers tires one layer alone, and all but one.
func (t *tiring) layers(ctx context.Context, r *TiredResult) error {
	fresh, tired := t.fresh[t.o.Steps], t.columns(t.tired)
	var only []*readout
	for _, l := range Tiring(t.Network) {
		t.progress("layers", len(only), len(Tiring(t.Network)))
		alone, err := t.test(ctx, t.body, t.worked.only(func(k int) bool { return k == l }), 0)
		if err != nil {
			return err
		}
		rest, err := t.test(ctx, t.body, t.worked.only(func(k int) bool { return k != l }), 0)
		if err != nil {
			return err
		}
		only = append(only, alone)
		without := t.columns(rest)
		ends := estimates(t.bootstrap(), t.Images, stats.MeanOf(minus(tired.correct, without.correct)), stats.MeanOf(minus(tired.diff, without.diff)))
		gain := stats.Mean(t.worked.Gains[l])
		r.Layers = append(r.Layers, LayerFatigue{Layer: l, Name: t.Network.Layer(l).Name, Neurons: t.Network.Geometry(l).Act[0], Gain: gain,
			AmongAccuracy: ends[0], AmongDiff: ends[1]})
	}
	for k, c := range t.conditions(only, slices.Repeat([]*readout{fresh}, len(only))) {
		r.Layers[k].Only = c
	}
	return nil
}
