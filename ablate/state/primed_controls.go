package state

import (
	"context"
	"math"
	"math/rand/v2"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// PrimedControl is the effect of other primes in the place of the primes.
type PrimedControl struct {
	Name   string             `json:"name"`
	Drive  [2]float64         `json:"drive"` // of its primes of A and of B, as a multiple of the usual rate
	After  [2]ablate.Interval `json:"shift_after"`
	Effect ablate.Interval    `json:"effect"`
	P      probe.Number       `json:"p"`
}

// The controls.
const (
	ControlNone     = "the primes themselves"
	ControlDrive    = "matched drive"
	ControlShuffled = "pixels shuffled"
	ControlPhase    = "phases scrambled"
)

// OwnShift is the shift of a target's logit difference for its own class, below 0 where it loses, by
// what the prime was to it.
type OwnShift struct {
	Prime string          `json:"prime"`
	Shift ablate.Interval `json:"shift"`
}

// The primes of OwnShift.
const (
	PrimeSelf  = "the target itself"
	PrimeSame  = "primes of its class"
	PrimeOther = "primes of the other class"
	PrimeMean  = "the mean image"
	PrimeGrey  = "grey"
)

// controls shows the targets after primes that have something of the primes and lack something.
func (e *priming) controls(ctx context.Context, r *Priming) error {
	random := rand.New(rand.NewPCG(e.Seed, 0x73637261)) // "scra"
	primes := e.primeImages()
	sets := []struct {
		name   string
		images [][]float32
	}{{ControlNone, primes}, {ControlDrive, e.matched()}, {ControlShuffled, nil}, {ControlPhase, nil}}
	for _, p := range primes {
		sets[2].images = append(sets[2].images, shuffled(p, e.Set.Channels, random))
		sets[3].images = append(sets[3].images, scrambled(p, e.Set.Height, e.Set.Width, random))
	}
	var states []gains
	for _, s := range sets {
		g, err := e.usual(s.images)
		if err != nil {
			return err
		}
		states = append(states, g...)
	}
	neutral, err := e.usual([][]float32{e.meanImage(), e.grey()})
	if err != nil {
		return err
	}
	shift, _, err := e.shifts(ctx, "controls", e.fewer, append(states, neutral...))
	if err != nil {
		return err
	}
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(e.few))
	for k, s := range sets {
		own := shift[k*len(primes):][:len(primes)]
		c := PrimedControl{Name: s.name, After: h.after(own), Effect: h.effect(own, drawBoth), P: probe.Number(exchange(e.permutations(), own, h.classes))}
		if c.Drive, err = e.drives(s.images); err != nil {
			return err
		}
		r.Controls = append(r.Controls, c)
	}
	return e.own(ctx, r, h, shift[:len(primes)], shift[len(states):])
}

// matched are the primes of A and, in the place of each prime of B, the image of B whose total drive is
// nearest to that of the prime of A of the same rank: each image once.
func (e *priming) matched() (images [][]float32) {
	first := e.ofClass(0)
	others, _ := e.candidates(1)
	images = e.primeImages()[:len(first)]
	for k := range e.ofClass(1) {
		want := first[k%len(first)].Drive
		best := 0
		for i, p := range others {
			if math.Abs(p.Drive-want) < math.Abs(others[best].Drive-want) {
				best = i
			}
		}
		images = append(images, e.Set.Image(others[best].Image))
		others = append(others[:best:best], others[best+1:]...)
	}
	return images
}

// drives are the mean total drives of images in the places of the primes. Over a moment the gain
// falls by the drive.
func (e *priming) drives(images [][]float32) (mean [2]float64, err error) {
	const moment = 1e-6
	states, err := e.after(images, Body{Fatigue: 1, Recovery: 1}, moment, 0)
	if err != nil {
		return mean, err
	}
	for k, g := range states {
		class := e.primes[k].Class
		mean[class] += g.lacking() / moment / float64(len(e.ofClass(class)))
	}
	return mean, nil
}

// own is what each target loses of its own logit, by what was seen before. neutral are the shifts after
// the mean image and after grey.
func (e *priming) own(ctx context.Context, r *Priming, h *pigeonhole, after, neutral [][]float64) error {
	targets := make([]int, len(e.few))
	toward := make([]float64, len(e.few)) // 1 for targets of A, -1 for those of B
	for k, t := range e.few {
		targets[k], toward[k] = e.targets[t], 1
		if e.Set.Labels[targets[k]] == e.classes[1] {
			toward[k] = -1
		}
	}
	self, err := e.sequence(ctx, "each after itself", targets, e.o.Body, func(s int) []float32 { return e.Set.Image(targets[s]) })
	if err != nil {
		return err
	}
	rest, err := e.sequence(ctx, "each after itself", targets, e.o.Body, nil)
	if err != nil {
		return err
	}
	classes := len(e.Network.Classes)
	shift := make([]float64, len(targets))
	for k := range shift {
		shift[k] = toward[k] * (e.y(self[k*classes:][:classes]) - e.y(rest[k*classes:][:classes]))
	}
	over := func(name string, values []float64) {
		i := e.bootstrap().Means(values)[0]
		r.Own = append(r.Own, OwnShift{name, ablate.Interval{Estimate: stats.Mean(values), Low: i.Low, High: i.High}})
	}
	over(PrimeSelf, shift)
	// For a target of A the primes of its class are those of A: shifts are mirrored and, for B, the
	// classes change places, prime by prime.
	for k, name := range []string{PrimeSame, PrimeOther} {
		draws, estimate := e.ownDraws(h, after, toward, k == 0)
		r.Own = append(r.Own, OwnShift{name, h.interval(estimate, draws)})
	}
	for k, name := range []string{PrimeMean, PrimeGrey} {
		values := make([]float64, len(toward))
		for t := range values {
			values[t] = toward[t] * neutral[k][t]
		}
		over(name, values)
	}
	return ctx.Err()
}

// ownDraws are the mean shifts towards the targets' own class after primes of the same class, or of the
// other, with primes and targets drawn.
func (e *priming) ownDraws(h *pigeonhole, after [][]float64, toward []float64, same bool) (draws []float64, estimate float64) {
	values := make([][]float64, len(after))
	for p := range after {
		values[p] = make([]float64, len(toward))
		for t, s := range toward {
			if (e.primes[p].Class == 0) == (s > 0) == same {
				values[p][t] = s * after[p][t]
			}
		}
	}
	// Every target has values under one class of primes only: the sum of both means is its mean.
	both, m := h.draws(values, drawBoth), h.plain(values)
	for r := range both[0] {
		draws = append(draws, both[0][r]+both[1][r])
	}
	return draws, m[0] + m[1]
}
