package state

import (
	"context"
	"fmt"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model/kernel"
)

// fitResamples bounds how often a curve is fitted anew for the intervals of its parameters.
const fitResamples = 300

// doses has the subjects work at every fatigue, first at none, which must give the bits of a network
// without a body, and at the reference, whose every step is measured.
func (t *tiring) doses(ctx context.Context, r *TiredResult) error {
	for step := range t.o.Steps + 1 {
		said, err := t.plainly(ctx, step)
		if err != nil {
			return err
		}
		t.fresh = append(t.fresh, said)
	}
	test := t.fresh[t.o.Steps]
	all := t.o.Doses
	if !slices.Contains(all, t.o.Fatigue) {
		all = append(slices.Clone(all), t.o.Fatigue)
	}
	var after []*readout
	for k, dose := range all {
		t.progress("work", k, len(all))
		body := t.body
		body.Fatigue = dose
		said, worked, lacking, err := t.work(ctx, body)
		if err != nil {
			return err
		}
		if dose == 0 {
			r.Unchanging.NoFatigue = t.same(said, t.fresh)
		}
		if dose == t.o.Fatigue {
			t.worked, t.tired = worked, said[t.o.Steps]
			for step, c := range t.conditions(said, t.fresh) {
				r.Course = append(r.Course, TiredMoment{Images: step, Gain: 1 - stats.Mean(lacking[step]), Condition: c})
			}
		}
		if k < len(t.o.Doses) {
			after = append(after, said[t.o.Steps])
			r.Doses = append(r.Doses, TiredDose{Fatigue: dose, Gain: 1 - stats.Mean(lacking[t.o.Steps])})
		}
	}
	for k, c := range t.conditions(after, slices.Repeat([]*readout{test}, len(after))) {
		r.Doses[k].Condition = c
	}
	r.Fresh = t.conditions([]*readout{test}, []*readout{test})[0]
	r.Tired = t.conditions([]*readout{t.tired}, []*readout{test})[0]
	var err error
	r.Curves, err = t.curves(t.o.Doses, after)
	return err
}

func (t *tiring) progress(stage string, done, total int) {
	if t.Progress != nil {
		t.Progress(stage, done, total)
	}
}

// same counts what differs in bits between what was said in the same steps.
func (t *tiring) same(a, b []*readout) SameBits {
	var s SameBits
	classes := len(t.Network.Classes)
	for k := range a {
		for i := 0; i < len(a[k].logits); i += classes {
			s.compare(a[k].logits[i:i+classes], b[k].logits[i:i+classes])
		}
	}
	return s
}

// curves are the changes by the dose of accuracy, of every recall, logit difference and confidence.
func (t *tiring) curves(doses []float64, after []*readout) ([]TiredCurve, error) {
	fresh := t.columns(t.fresh[t.o.Steps])
	var now []*columns
	for _, r := range after {
		now = append(now, t.columns(r))
	}
	everyone := slices.Repeat([]bool{true}, t.Images)
	type wanted struct {
		TiredCurve
		of     func(*columns) []float64
		member []bool
	}
	correct := func(c *columns) []float64 { return c.correct }
	all := []wanted{{TiredCurve{Measure: "accuracy", Percent: true}, correct, everyone}}
	for k, member := range t.members() {
		all = append(all, wanted{TiredCurve{Measure: "recall of " + t.Network.Classes[k], Percent: true}, correct, member})
	}
	all = append(all, wanted{TiredCurve{Measure: "logit difference"}, func(c *columns) []float64 { return c.diff }, everyone},
		wanted{TiredCurve{Measure: "confidence", Percent: true}, func(c *columns) []float64 { return c.confidence }, everyone})
	curves, faults := make([]TiredCurve, len(all)), make([]error, len(all))
	kernel.Parallel(t.Workers, len(all), func(_, k int) {
		var changes [][]float64
		for _, c := range now {
			changes = append(changes, minus(all[k].of(c), all[k].of(fresh)))
		}
		c, err := ablate.NewDoseCurve(doses, changes, all[k].member, t.bootstrap(), min(t.Resamples, fitResamples))
		if err != nil {
			faults[k] = fmt.Errorf("state: %w", err)
			return
		}
		curves[k] = all[k].TiredCurve
		curves[k].DoseCurve = *c
	})
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return curves, nil
}
