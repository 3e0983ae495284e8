package state

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// histories has the subjects see, before their test, images of its image's class only, of one other class
// only, or of all classes. They come from the select images, so that no image of a test is among them.
func (t *tiring) histories(ctx context.Context, r *TiredResult) error {
	if len(t.Network.Classes) < 2 {
		return nil
	}
	pools := make([][]int, len(t.Network.Classes))
	lo, hi := t.Set.Range(r.HistorySplit)
	for i := lo; i < hi; i++ {
		pools[t.Set.Labels[i]] = append(pools[t.Set.Labels[i]], i)
	}
	for c, pool := range pools {
		if len(pool) == 0 {
			return fmt.Errorf("state: no %v image of %s for a history of it", r.HistorySplit, t.Network.Classes[c])
		}
	}
	fresh, h := t.fresh[t.o.Steps], &r.Histories
	var said, uniform [3]*readout
	arms := []*HistoryArm{&h.Own, &h.Other, &h.Mixed}
	for k := range arms {
		t.progress("histories", k, len(arms))
		seen := t.seen(pools, k)
		worked, err := t.work1(ctx, seen)
		if err != nil {
			return err
		}
		if said[k], err = t.test(ctx, t.body, worked, 0); err != nil {
			return err
		}
		if uniform[k], err = t.test(ctx, t.body, worked.uniform(nil), 0); err != nil {
			return err
		}
		arms[k].Gain = 1 - stats.Mean(worked.lacking())
	}
	for k, c := range t.conditions(said[:], slices.Repeat([]*readout{fresh}, len(arms))) {
		arms[k].Condition = c
	}
	t.historyEffects(h, t.columns(said[0]), t.columns(said[1]), t.columns(uniform[0]), t.columns(uniform[1]))
	return ctx.Err()
}

// seen is what a subject sees in each step, by subject: places in the data set.
func (t *tiring) seen(pools [][]int, arm int) [][]int {
	out := make([][]int, t.Images)
	for s := range out {
		random := rand.New(rand.NewPCG(t.Seed, 0x70617374<<32|uint64(s))) // "past"
		own := t.Labels[t.plan.image(t.o.Steps, s)]
		other := (own + 1 + random.IntN(len(pools)-1)) % len(pools)
		for range t.o.Steps {
			class := []int{own, other, random.IntN(len(pools))}[arm]
			out[s] = append(out[s], pools[class][random.IntN(len(pools[class]))])
		}
	}
	return out
}

// work1 lets all subjects see what they are to, at the reference fatigue, and tells how they are then.
func (t *tiring) work1(ctx context.Context, seen [][]int) (*State, error) {
	q := Sequence{Network: t.Network, Body: t.body, Rates: t.rates, Subjects: t.Images, Edits: t.edits, Workers: t.Workers}
	size := t.Set.ImageSize()
	for k := range t.o.Steps {
		q.Steps = append(q.Steps, Step{Image: func(s int) []float32 { return t.Set.Images[seen[s][k]*size:][:size] }})
	}
	worked := NewState(t.Network, t.Images)
	err := q.Run(ctx, func(step, first int, _ []float32, s *State) {
		if step == t.o.Steps-1 {
			worked.put(first, s)
		}
	})
	worked.Shown = t.o.Steps
	return worked, err
}

// historyEffects are of all images and of those of each class, with all their tests adjusted together.
func (t *tiring) historyEffects(h *Histories, own, other, ownUniform, otherUniform *columns) {
	diff, uniform := minus(own.diff, other.diff), minus(ownUniform.diff, otherUniform.diff)
	accuracy := minus(own.correct, other.correct)
	groups := append([][]bool{slices.Repeat([]bool{true}, t.Images)}, t.members()...)
	for k, member := range groups {
		e := HistoryEffect{Class: k - 1}
		for _, m := range member {
			e.N += int(yes(m))
		}
		d, u, a := of(diff, member), of(uniform, member), of(accuracy, member)
		e.Diff, e.Uniform, e.Specific = t.tested(d), t.tested(u), t.tested(minus(d, u))
		e.Accuracy = t.tested(a).Interval
		h.Effects = append(h.Effects, e)
	}
	var tests []*TestedEffect
	for k := range h.Effects {
		e := &h.Effects[k]
		tests = append(tests, &e.Diff, &e.Uniform, &e.Specific)
	}
	adjust(tests)
	h.Tests = len(tests)
}

// of are the values of a group.
func of(values []float64, member []bool) []float64 {
	var out []float64
	for i, v := range values {
		if member[i] {
			out = append(out, v)
		}
	}
	return out
}

// tested is a mean with its interval and its sign-flip p.
func (t *tiring) tested(values []float64) TestedEffect {
	return TestedEffect{Interval: estimates(t.bootstrap(), len(values), stats.MeanOf(values))[0],
		P: probe.Number(t.permutations().SignFlip(values)), Adjusted: probe.Undefined}
}

func adjust(tests []*TestedEffect) {
	p := make([]float64, len(tests))
	for k := range tests {
		p[k] = float64(tests[k].P)
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		tests[k].Adjusted = probe.Number(adjusted)
	}
}
