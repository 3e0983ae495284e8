package state

import (
	"context"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// PrimedCurve is the effect by one of the experiment's settings, the others kept.
type PrimedCurve struct {
	Name   string        `json:"name"` // duration, contrast, fatigue, delay
	Points []PrimedPoint `json:"points"`
}

// PrimedPoint is one setting.
type PrimedPoint struct {
	X      float64            `json:"x"`
	After  [2]ablate.Interval `json:"shift_after"`
	Effect ablate.Interval    `json:"effect"`
	Gain   float64            `json:"mean_gain"` // over neurons and primes
	Size   float64            `json:"mean_size"` // of |y|, over targets and primes
}

// Decay is how the effect fades with the delay, fitted as E·exp(-delay/τ).
type Decay struct {
	// Tau is that of the effect at all delays, Late at delays from 2τ of the body on, when gains lack so
	// little that the effect is proportional to it. NaN where there is no effect to fade.
	Tau  Constant `json:"tau"`
	Late Constant `json:"tau_late"`
	// Gains is that of what the gains lack of 1, by the simulation; Body what the body was given.
	Gains probe.Number `json:"tau_of_gains"`
	Body  float64      `json:"tau_of_body"`
}

// Constant is a fitted number with its 95 % interval.
type Constant struct {
	Estimate probe.Number `json:"estimate"`
	Low      probe.Number `json:"low"`
	High     probe.Number `json:"high"`
}

var noConstant = Constant{probe.Undefined, probe.Undefined, probe.Undefined}

// The settings of the curves. Delays are in units of τ, contrasts shares of the prime in a blend with
// the mean image.
var (
	primedDurations = []float64{0, 0.5, 1, 2, 4, 8}
	primedContrasts = []float64{0, 0.25, 0.5, 0.75, 1}
	primedFatigues  = []float64{0, 0.25, 0.5, 1, 2, 4}
	primedDelays    = []float64{0, 0.5, 1, 2, 3, 4}
)

// curves are the effect by duration, contrast, fatigue and delay.
func (e *priming) curves(ctx context.Context, r *Priming) error {
	primes := e.primeImages()
	mean := e.meanImage()
	at := func(name string, levels []float64, states func(x float64) ([]gains, error)) error {
		c, _, err := e.curve(ctx, name, levels, states)
		r.Curves = append(r.Curves, c)
		return err
	}
	if err := at("duration", withLevel(primedDurations, e.o.Duration), func(x float64) ([]gains, error) { return e.after(primes, e.o.Body, x, e.o.Delay) }); err != nil {
		return err
	}
	if err := at("contrast", primedContrasts, func(x float64) ([]gains, error) {
		blended := make([][]float32, len(primes))
		for k, p := range primes {
			blended[k] = blend(p, mean, x)
		}
		return e.usual(blended)
	}); err != nil {
		return err
	}
	if err := at("fatigue", withLevel(primedFatigues, e.o.Body.Fatigue), func(x float64) ([]gains, error) {
		body := e.o.Body
		body.Fatigue = x
		return e.after(primes, body, e.o.Duration, e.o.Delay)
	}); err != nil {
		return err
	}
	return e.fade(ctx, r, primes)
}

// withLevel has a level among the others, in order.
func withLevel(levels []float64, own float64) []float64 {
	levels = append(slices.Clone(levels), own)
	slices.Sort(levels)
	return slices.Compact(levels)
}

// curve measures all levels in one sweep, and gives the effect's draws at each.
func (e *priming) curve(ctx context.Context, name string, levels []float64, states func(x float64) ([]gains, error)) (PrimedCurve, [][]float64, error) {
	c := PrimedCurve{Name: name}
	var all []gains
	for _, x := range levels {
		s, err := states(x)
		if err != nil {
			return c, nil, err
		}
		point := PrimedPoint{X: x}
		for _, g := range s {
			point.Gain += (1 - g.lacking()) / float64(len(s))
		}
		c.Points, all = append(c.Points, point), append(all, s...)
	}
	shift, rest, err := e.shifts(ctx, "by "+name, e.fewer, all)
	if err != nil {
		return c, nil, err
	}
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(e.few))
	draws := make([][]float64, len(levels))
	for k := range c.Points {
		own := shift[k*len(e.primes):][:len(e.primes)]
		for p := range own {
			for t, v := range own[p] {
				c.Points[k].Size += math.Abs(rest[t]+v) / float64(len(own)*len(rest))
			}
		}
		draws[k] = between(h.draws(own, drawBoth))
		m := h.plain(own)
		c.Points[k].After = h.after(own)
		c.Points[k].Effect = h.interval(m[0]-m[1], slices.Clone(draws[k]))
	}
	return c, draws, nil
}

// fade is the effect by delay, with the time constant of its decay.
func (e *priming) fade(ctx context.Context, r *Priming, primes [][]float32) error {
	tau := e.o.Body.Recovery
	var times []float64
	for _, d := range primedDelays {
		times = append(times, d*tau)
	}
	times = withLevel(times, e.o.Delay)
	c, draws, err := e.curve(ctx, "delay", times, func(x float64) ([]gains, error) { return e.after(primes, e.o.Body, e.o.Duration, x) })
	if err != nil {
		return err
	}
	r.Curves = append(r.Curves, c)
	r.Decay = Decay{Tau: noConstant, Late: noConstant, Gains: probe.Undefined, Body: tau}
	var lacking []float64
	for _, p := range c.Points {
		lacking = append(lacking, 1-p.Gain)
	}
	if lacking[0] > 0 {
		r.Decay.Gains = probe.Number(decayConstant(times, lacking))
	}
	r.Decay.Tau = e.constant(times, c.Points, draws)
	late := slices.IndexFunc(times, func(t float64) bool { return t >= 2*tau })
	r.Decay.Late = e.constant(times[late:], c.Points[late:], draws[late:])
	if !r.Decay.Tau.Estimate.Defined() {
		r.Warnings = append(r.Warnings, "the effect at the first delay is not told from 0: there is no decay to fit")
	}
	return nil
}

// constant fits the effects at some delays, and every draw of them.
func (e *priming) constant(times []float64, points []PrimedPoint, draws [][]float64) Constant {
	if first := points[0].Effect; !(first.Low > 0 || first.High < 0) {
		return noConstant
	}
	var effects []float64
	for _, p := range points {
		effects = append(effects, p.Effect.Estimate)
	}
	taus, series := make([]float64, len(draws[0])), make([]float64, len(times))
	for k := range taus {
		for d := range series {
			series[d] = draws[d][k]
		}
		taus[k] = decayConstant(times, series)
	}
	i := e.bootstrap().Percentiles(taus)
	return Constant{probe.Number(decayConstant(times, effects)), probe.Number(i.Low), probe.Number(i.High)}
}

// decayConstant is the τ of the least-squares fit of E·exp(-t/τ) to values, E free: for a given τ the
// best E is known, and what is left to explain has one minimum in log τ where values decay. It is
// looked for by golden sections from a hundredth to a hundredfold of the last time.
func decayConstant(times, values []float64) float64 {
	left := func(logTau float64) float64 {
		var vf, ff, vv float64
		for k, t := range times {
			f := math.Exp(-t / math.Exp(logTau))
			vf, ff, vv = vf+values[k]*f, ff+f*f, vv+values[k]*values[k]
		}
		return vv - vf*vf/ff
	}
	last := times[len(times)-1]
	low, high := math.Log(last/100), math.Log(last*100)
	const golden = 0.6180339887498949
	a, b := high-golden*(high-low), low+golden*(high-low)
	fa, fb := left(a), left(b)
	for range 60 {
		if fa < fb {
			high, b, fb = b, a, fa
			a = high - golden*(high-low)
			fa = left(a)
		} else {
			low, a, fa = a, b, fb
			b = low + golden*(high-low)
			fb = left(b)
		}
	}
	return math.Exp((low + high) / 2)
}
