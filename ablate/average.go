package ablate

import (
	"context"

	"neuroprobe/model"
)

// average sums outcomes in double precision: equal outcomes have exactly themselves as their
// average, so that what no draw changes is not changed by rounding either.
type average struct {
	first               *Outcomes
	correct, loss, diff []float64
	held                int
}

func (a *average) add(o *Outcomes) {
	if a.held++; a.held == 1 {
		n := len(o.Correct)
		a.first, a.correct, a.loss, a.diff = o, make([]float64, n), make([]float64, n), make([]float64, n)
	}
	for i := range o.Correct {
		a.correct[i] += float64(o.Correct[i])
		a.loss[i] += float64(o.Loss[i])
		a.diff[i] += float64(o.Diff[i])
	}
}

// take is the average of what was added, in the place of the first, and starts anew.
func (a *average) take() *Outcomes {
	o, by := a.first, float64(a.held)
	for i := range o.Correct {
		o.Correct[i] = float32(a.correct[i] / by)
		o.Loss[i] = float32(a.loss[i] / by)
		o.Diff[i] = float32(a.diff[i] / by)
	}
	*a = average{}
	return o
}

// averages runs groups of arms, all in one sweep, and hands each group's outcomes, averaged, to see.
func (p *Preparation) averages(ctx context.Context, stage string, groups [][]model.Arm, sources []model.Source, see func(group int, o *Outcomes)) error {
	var arms []model.Arm
	for _, g := range groups {
		arms = append(arms, g...)
	}
	group := 0
	var a average
	return p.Sweep(ctx, stage, arms, sources, func(_ int, o *Outcomes) {
		if len(groups[group]) > 1 {
			if a.add(o); a.held < len(groups[group]) {
				return
			}
			o = a.take()
		}
		see(group, o)
		group++
	})
}
