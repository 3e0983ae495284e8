package state

import (
	"context"
	"math"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// recovery lets the subjects rest after the work at the reference fatigue, and tests them.
func (t *tiring) recovery(ctx context.Context, r *TiredResult) error {
	fresh := t.fresh[t.o.Steps]
	var said []*readout
	// The gains are watched in a session of all subjects that only rests.
	session, err := NewSession(t.Network, t.body, t.rates, 0, t.worked.Clone())
	if err != nil {
		return err
	}
	var lacking [][]float64 // by rest and neuron
	rested := 0.0
	var rests []float64
	for k, multiple := range t.o.Rests {
		rest := multiple * t.o.Recovery
		rests = append(rests, rest)
		t.progress("rest", k, len(t.o.Rests))
		now, err := t.test(ctx, t.body, t.worked, rest)
		if err != nil {
			return err
		}
		said = append(said, now)
		if err := session.Rest(rest - rested); err != nil {
			return err
		}
		rested = rest
		lacking = append(lacking, session.State.lacking())
	}
	for k, c := range t.conditions(said, slices.Repeat([]*readout{fresh}, len(said))) {
		m := RestedMoment{Rest: rests[k], Gain: 1 - stats.Mean(lacking[k]), Condition: c}
		m.Gained = 1 - stats.Mean(lacking[k])/stats.Mean(lacking[0])
		t.recovered(&m, t.columns(said[k]), t.columns(t.tired), t.columns(fresh))
		r.Recovery.Rests = append(r.Recovery.Rests, m)
	}
	r.Recovery.fit(rests, lacking)
	r.Recovery.Half = halfway(r.Recovery.Rests, func(m RestedMoment) probe.Number { return m.Accuracy.Estimate })
	r.Recovery.HalfDiff = halfway(r.Recovery.Rests, func(m RestedMoment) probe.Number { return m.Diff.Estimate })
	return ctx.Err()
}

// lacking is what each neuron lacks in gain, the mean over subjects.
func (s *State) lacking() (all []float64) {
	for _, gains := range s.Gains {
		for k := 0; k < len(gains); k += s.Subjects {
			all = append(all, 1-stats.Mean(gains[k:k+s.Subjects]))
		}
	}
	return all
}

// recovered fills in the shares of accuracy and logit difference that are back.
func (t *tiring) recovered(m *RestedMoment, now, tired, fresh *columns) {
	ratio := func(of func(*columns) []float64) stats.Statistic {
		back, lost := stats.MeanOf(minus(of(now), of(tired))), stats.MeanOf(minus(of(fresh), of(tired)))
		return func(counts []float64) float64 {
			l := lost(counts)
			if l == 0 {
				return math.NaN()
			}
			return back(counts) / l
		}
	}
	lost := func(of func(*columns) []float64) bool {
		low, high := t.bootstrap().Mean(minus(of(fresh), of(tired)))
		return low > 0 || high < 0
	}
	correct, diff := func(c *columns) []float64 { return c.correct }, func(c *columns) []float64 { return c.diff }
	i := estimates(t.bootstrap(), t.Images, ratio(correct), ratio(diff))
	for k, s := range []*Share{&m.Accuracy, &m.Diff} {
		*s = Share{probe.Number(i[k].Estimate), probe.Number(i[k].Low), probe.Number(i[k].High)}
		if !lost([]func(*columns) []float64{correct, diff}[k]) {
			*s = Share{probe.Undefined, probe.Undefined, probe.Undefined} // a share of nothing
		}
	}
}

// fit finds the time constant of the gains: with rests d, log(1 - gain) falls along a line of slope -1/τ.
func (r *Recovery) fit(rests []float64, lacking [][]float64) {
	r.Tau, r.TauRange = probe.Undefined, [2]probe.Number{probe.Undefined, probe.Undefined}
	means := make([]float64, len(rests))
	for k := range rests {
		means[k] = stats.Mean(lacking[k])
	}
	r.Tau = probe.Number(timeConstant(rests, means))
	low, high := math.Inf(1), math.Inf(-1)
	for u := range lacking[0] {
		for k := range rests {
			means[k] = lacking[k][u]
		}
		if tau := timeConstant(rests, means); !math.IsNaN(tau) {
			low, high = min(low, tau), max(high, tau)
		}
	}
	if low <= high {
		r.TauRange = [2]probe.Number{probe.Number(low), probe.Number(high)}
	}
}

// timeConstant is that of an exponential decay, by least squares of logarithms; NaN where nothing decays.
func timeConstant(times, values []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for k, x := range times {
		if values[k] < 1e-9 { // what rounding leaves of nothing
			continue
		}
		y := math.Log(values[k])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if n < 3 {
		return math.NaN()
	}
	return -(n*sxx - sx*sx) / (n*sxy - sx*sy)
}

// halfway is the rest at which a share first reaches one half, on a line between its neighbours.
func halfway(rests []RestedMoment, of func(RestedMoment) probe.Number) probe.Number {
	for k := 1; k < len(rests); k++ {
		before, after := of(rests[k-1]), of(rests[k])
		if before.Defined() && before < 0.5 && after >= 0.5 {
			return probe.Number(rests[k-1].Rest) + (0.5-before)/(after-before)*probe.Number(rests[k].Rest-rests[k-1].Rest)
		}
	}
	return probe.Undefined
}
