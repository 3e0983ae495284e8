package state

import (
	"context"
	"slices"
)

// global measures the state of the whole by doses, in the fresh network and in the one that has worked at the
// reference fatigue.
func (t *tiring) global(ctx context.Context, r *TiredResult) error {
	fresh, none := t.fresh[t.o.Steps], NewState(t.Network, t.Images)
	curve := func(name string, doses []float64, body func(float64) Body) (c GlobalCurve, err error) {
		c.Doses = doses
		var said [2][]*readout
		for k, dose := range doses {
			t.progress(name, k, len(doses))
			for i, s := range []*State{none, t.worked} {
				now, err := t.test(ctx, body(dose), s, 0)
				if err != nil {
					return c, err
				}
				said[i] = append(said[i], now)
			}
		}
		against := slices.Repeat([]*readout{fresh}, len(doses))
		c.Fresh, c.Tired = t.conditions(said[0], against), t.conditions(said[1], against)
		if doses[0] == 0 {
			c.Curves, err = t.curves(doses, said[0])
		}
		return c, err
	}
	var err error
	if r.Arousal, err = curve("arousal", t.o.Arousal, func(v float64) Body { return Body{Recovery: t.body.Recovery, Arousal: v} }); err != nil {
		return err
	}
	r.Noise, err = curve("noise", t.o.Noise, func(v float64) Body { return Body{Recovery: t.body.Recovery, Noise: v, Seed: t.Seed} })
	return err
}
