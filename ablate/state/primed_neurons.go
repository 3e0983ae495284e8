package state

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// PrimedLayer is the effect when one layer alone tires, and when it alone does not.
type PrimedLayer struct {
	Layer  int             `json:"layer"`
	Name   string          `json:"name"`
	Alone  ablate.Interval `json:"effect_alone"`
	Frozen ablate.Interval `json:"effect_without"`
	Share  probe.Number    `json:"share_alone"` // of the whole effect
}

// PrimedNeurons are the neurons that carry the effect.
type PrimedNeurons struct {
	Whole ablate.Interval `json:"whole_effect"` // on the same targets
	// Neurons are all that can tire, the largest effects alone first.
	Neurons  []PrimedNeuron `json:"neurons"`
	Tests    int            `json:"tests"`
	Shuffles int            `json:"permutations_each"`
	// Contrast and Assimilation are the sums of the neurons' effects alone below and above 0.
	Contrast     float64 `json:"sum_of_contrast"`
	Assimilation float64 `json:"sum_of_assimilation"`
	// Top are the first neurons together: alone, and held fresh while all others tire.
	Top       int             `json:"top"`
	TopAlone  ablate.Interval `json:"effect_of_top_alone"`
	TopFrozen ablate.Interval `json:"effect_without_top"`
	// Tires is the rank correlation of selectivity with what is lost after primes of A less after
	// those of B; Carries that of |selectivity| with the effect alone: below 0 contrast.
	Tires   Correlation `json:"selectivity_with_tiredness"`
	Carries Correlation `json:"selectivity_with_effect"`
}

// PrimedNeuron is one neuron.
type PrimedNeuron struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"`
	// Selectivity is (μA-μB)/(μA+μB) of its mean activation on select images, -1 to 1.
	Selectivity probe.Number `json:"selectivity"`
	Gain        [2]float64   `json:"gain_after"` // mean after primes of A, of B
	// Push is y at rest less y with this neuron alone tired, mean over all primes and targets: above 0 it
	// speaks for A.
	Push float64 `json:"push"`
	// Effect is the effect when this neuron alone tires, Share its part of the whole.
	Effect   ablate.Interval `json:"effect_alone"`
	Share    probe.Number    `json:"share"`
	P        probe.Number    `json:"p"`
	Adjusted probe.Number    `json:"adjusted_p"`
	Carries  bool            `json:"carries"`
	// Frozen is what the whole effect changes by when this neuron alone stays fresh; nil where it was not
	// tried.
	Frozen *ablate.Interval `json:"change_when_frozen,omitempty"`
}

// frozenNeurons is how many neurons, those with the largest effects alone, are held fresh one by one.
const frozenNeurons = 10

// layers lets one layer alone tire, and all but one.
func (e *priming) layers(ctx context.Context, r *Priming) error {
	whole, err := e.usual(e.primeImages())
	if err != nil {
		return err
	}
	states := slices.Clone(whole)
	for _, layer := range e.tiring {
		for _, alone := range []bool{true, false} {
			for _, g := range whole {
				states = append(states, g.only(func(l, _ int) bool { return (l == layer) == alone }))
			}
		}
	}
	shift, _, err := e.shifts(ctx, "layers", e.fewer, states)
	if err != nil {
		return err
	}
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(e.few))
	of := func(k int) ablate.Interval { return h.effect(shift[k*len(whole):][:len(whole)], drawBoth) }
	r.Neurons.Whole = of(0)
	for k, layer := range e.tiring {
		l := PrimedLayer{Layer: layer, Name: e.Network.Layer(layer).Name, Alone: of(1 + 2*k), Frozen: of(2 + 2*k)}
		l.Share = primedShare(l.Alone.Estimate, r.Neurons.Whole)
		r.Layers = append(r.Layers, l)
	}
	return nil
}

// primedShare is a part of an effect; without an effect there is none.
func primedShare(part float64, whole ablate.Interval) probe.Number {
	if whole.Low <= 0 && whole.High >= 0 {
		return probe.Undefined
	}
	return probe.Number(part / whole.Estimate)
}

// neurons lets every neuron tire alone, and holds those that carry most fresh.
func (e *priming) neurons(ctx context.Context, r *Priming) error {
	states, err := e.usual(e.primeImages())
	if err != nil {
		return err
	}
	var addresses []model.Address
	var alone []gains
	for _, l := range e.tiring {
		for u := range e.Network.Geometry(l).Act[0] {
			addresses = append(addresses, model.Neuron(l, u))
			for _, g := range states {
				alone = append(alone, g.onlyNeuron(model.Neuron(l, u)))
			}
		}
	}
	shift, _, err := e.shifts(ctx, "each neuron alone", e.fewer, alone)
	if err != nil {
		return err
	}
	x := &r.Neurons
	// Tests enough that a single neuron can pass the correction.
	x.Shuffles = max(e.Permutations, 20*len(addresses))
	p := e.permutations()
	p.Count = x.Shuffles
	x.Neurons = make([]PrimedNeuron, len(addresses))
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(e.few))
	workers := e.Workers
	if workers <= 0 {
		workers = kernel.Workers()
	}
	kernel.Parallel(workers, len(addresses), func(_, k int) {
		if ctx.Err() == nil {
			x.Neurons[k] = e.neuron(h, addresses[k], states, shift[k*len(states):][:len(states)], p)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	x.test(r)
	x.correlate(e)
	slices.SortStableFunc(x.Neurons, func(a, b PrimedNeuron) int {
		return cmp.Compare(math.Abs(b.Effect.Estimate), math.Abs(a.Effect.Estimate))
	})
	return e.freeze(ctx, x, h, states)
}

func (e *priming) neuron(h *pigeonhole, a model.Address, states []gains, shift [][]float64, p stats.Permutations) PrimedNeuron {
	n := PrimedNeuron{Address: a, Layer: e.Network.Layer(a.Layer).Name, Selectivity: probe.Undefined, P: probe.Undefined}
	means := e.selected.byClass[a.Layer][a.Unit]
	if sum := means[e.classes[0]] + means[e.classes[1]]; sum > 0 {
		n.Selectivity = probe.Number((means[e.classes[0]] - means[e.classes[1]]) / sum)
	}
	tested := false
	for k, g := range states {
		class := e.primes[k].Class
		n.Gain[class] += g[a.Layer][a.Unit] / h.held[class]
		n.Push -= stats.Mean(shift[k]) / float64(len(states))
		for _, v := range shift[k] {
			tested = tested || v != 0
		}
	}
	if tested { // a neuron that shifts nothing has no effect to test
		n.Effect = h.effect(shift, drawBoth)
		n.P = probe.Number(exchange(p, shift, h.classes))
	}
	return n
}

// test corrects for all neurons and sums up.
func (x *PrimedNeurons) test(r *Priming) {
	p := make([]float64, len(x.Neurons))
	for k := range x.Neurons {
		p[k] = float64(x.Neurons[k].P)
		if x.Neurons[k].P.Defined() {
			x.Tests++
		}
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		n := &x.Neurons[k]
		n.Adjusted = probe.Number(adjusted)
		n.Share = primedShare(n.Effect.Estimate, x.Whole)
		n.Carries = adjusted < 0.05 && (n.Effect.Low > 0 || n.Effect.High < 0)
		x.Contrast += min(n.Effect.Estimate, 0)
		x.Assimilation += max(n.Effect.Estimate, 0)
	}
	if least := 2 / choices(r.primesHeld()); x.Tests > 0 && least*float64(x.Tests) > 0.05 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("so few primes cannot be exchanged in enough ways for one neuron alone to pass the correction for %d tests: --prime-images takes more", x.Tests))
	}
}

func (r *Priming) primesHeld() (held [2]int) {
	for _, p := range r.Primes {
		held[p.Class]++
	}
	return held
}

// choices is in how many ways the classes of so many primes can be exchanged.
func choices(held [2]int) float64 {
	ways := 1.0
	for k := range held[1] {
		ways *= float64(held[0]+k+1) / float64(k+1)
	}
	return ways
}

// correlate compares selectivity with tiredness and with effect.
func (x *PrimedNeurons) correlate(e *priming) {
	var selectivity, size, tiredness, effect []float64
	for _, n := range x.Neurons {
		if s := float64(n.Selectivity); n.Selectivity.Defined() && n.P.Defined() {
			selectivity, size = append(selectivity, s), append(size, math.Abs(s))
			tiredness, effect = append(tiredness, n.Gain[1]-n.Gain[0]), append(effect, n.Effect.Estimate)
		}
	}
	x.Tires, x.Carries = e.correlation(selectivity, tiredness), e.correlation(size, effect)
}

func (e *priming) correlation(x, y []float64) Correlation {
	r := stats.Spearman(x, y)
	c := Correlation{Neurons: len(x), R: probe.Number(r), Low: probe.Undefined, High: probe.Undefined, P: probe.Undefined}
	if math.IsNaN(r) {
		return c
	}
	a, b := make([]float64, len(x)), make([]float64, len(x))
	low, high := e.bootstrap().Interval(len(x), func(indices []int) float64 {
		for k, i := range indices {
			a[k], b[k] = x[i], y[i]
		}
		return stats.Spearman(a, b)
	})
	c.Low, c.High = probe.Number(low), probe.Number(high)
	rx, ry := stats.Standardised(stats.Midranks(x)), stats.Standardised(stats.Midranks(y))
	extreme, count := 0, 0
	e.permutations().Shuffle(len(x), func(order []int) {
		sum := 0.0
		for k, i := range order {
			sum += rx[k] * ry[i]
		}
		count++
		if math.Abs(sum) >= math.Abs(r)-1e-12 {
			extreme++
		}
	})
	c.P = probe.Number(stats.PermutationP(extreme, count))
	return c
}

// freeze holds the first neurons fresh, one by one and all together, while all others tire.
func (e *priming) freeze(ctx context.Context, x *PrimedNeurons, h *pigeonhole, whole []gains) error {
	x.Top = min(frozenNeurons, len(x.Neurons))
	at := map[model.Address]bool{}
	for _, n := range x.Neurons[:x.Top] {
		at[n.Address] = true
	}
	states := slices.Clone(whole)
	for _, g := range whole {
		states = append(states, g.only(func(l, u int) bool { return at[model.Neuron(l, u)] }))
	}
	for _, g := range whole {
		states = append(states, g.only(func(l, u int) bool { return !at[model.Neuron(l, u)] }))
	}
	for _, n := range x.Neurons[:x.Top] {
		for _, g := range whole {
			states = append(states, g.only(func(l, u int) bool { return model.Neuron(l, u) != n.Address }))
		}
	}
	shift, _, err := e.shifts(ctx, "each neuron held fresh", e.fewer, states)
	if err != nil {
		return err
	}
	part := func(k int) [][]float64 { return shift[k*len(whole):][:len(whole)] }
	x.TopAlone, x.TopFrozen = h.effect(part(1), drawBoth), h.effect(part(2), drawBoth)
	for k := range x.Neurons[:x.Top] {
		change := make([][]float64, len(whole))
		for p := range change {
			change[p] = make([]float64, len(part(0)[p]))
			for t := range change[p] {
				change[p][t] = part(3 + k)[p][t] - part(0)[p][t]
			}
		}
		i := h.effect(change, drawBoth)
		x.Neurons[k].Frozen = &i
	}
	return nil
}
