package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// Controls are the neurons of a target's layer that are most like it (in mean activation over
// select and in the norm of their outgoing weights), ablated the same way. They answer whether the
// effect is this neuron's own or that of any neuron as active and as strongly read.
type Controls struct {
	Kind   Kind    `json:"kind"`
	Wanted int     `json:"wanted"`
	Target Control `json:"target"`
	// Units are the controls, the nearest first.
	Units []Control `json:"units"`
	// Rank is the target's among target and controls by the size of the effect on the metric,
	// whichever way it goes: 1 is the largest. A control with the same effect goes before it.
	Rank int `json:"rank"`
	// P is Rank/(K+1), the share of the K+1 neurons whose effect is at least as large; it cannot
	// fall below Floor, 1/(K+1).
	P     float64 `json:"p"`
	Floor float64 `json:"p_floor"`
	// Beyond is the target's effect less the mean effect of the controls.
	Beyond   Interval `json:"beyond_controls"`
	Dead     int      `json:"dead_controls"` // silent on every select image
	Warnings []string `json:"warnings,omitempty"`
}

// Control is a neuron with what it is matched by and what ablating it does.
type Control struct {
	Address model.Address `json:"address"`
	Mean    float64       `json:"mean_activation"` // over select images and positions
	Norm    float64       `json:"outgoing_norm"`
	// Distance to the target in the two, each in standard deviations over the layer.
	Distance float64  `json:"distance"`
	Dead     bool     `json:"dead"`
	Effect   Interval `json:"effect"` // change of the metric
	Accuracy Interval `json:"accuracy_change"`
}

// noControls says why there can be none; "" where there can.
func (e *operating) noControls() string {
	t := e.targets[0]
	switch {
	case e.Controls < 0:
		return "none were asked for"
	case len(e.targets) > 1:
		return "several neurons at once have no single neurons to be matched with"
	case t.Unit == model.AllUnits:
		return "a whole layer has no other neurons to be matched with"
	case t.Step() > 0:
		return "one step of a neuron has no whole neurons to be matched with"
	case t.Row != model.AllPositions:
		return "one position of a channel has no whole neurons to be matched with"
	case t.Layer == e.Network.Depth():
		return "an output neuron is a class's logit, and no other stands for that class"
	case e.Network.Geometry(t.Layer).Act[0] == 1:
		return fmt.Sprintf("%v is the only neuron of its layer", t)
	}
	return ""
}

// match finds the k units of the target's layer nearest to it; ties go to the lower number.
func (p *Preparation) match(target model.Address, k int) (self Control, nearest []Control) {
	units := p.Network.Geometry(target.Layer).Act[0]
	norms, means := outgoingNorms(p.Network, target.Layer), make([]float64, units)
	for u := range means {
		means[u] = p.MeanActivation(model.Neuron(target.Layer, u))
	}
	meanSpread, normSpread := spreadOf(means), spreadOf(norms)
	for u := range units {
		c := Control{Address: model.Neuron(target.Layer, u), Mean: means[u], Norm: norms[u],
			Dead: means[u] == 0 && p.Spread(model.Neuron(target.Layer, u)) == 0}
		if u == target.Unit {
			self = c
			continue
		}
		c.Distance = math.Hypot(standard(means[u]-means[target.Unit], meanSpread), standard(norms[u]-norms[target.Unit], normSpread))
		nearest = append(nearest, c)
	}
	slices.SortStableFunc(nearest, func(a, b Control) int { return cmp.Compare(a.Distance, b.Distance) })
	return self, nearest[:min(k, len(nearest))]
}

// spreadOf is the standard deviation of values that are all there are.
func spreadOf(values []float64) float64 {
	var m stats.Moments
	for _, v := range values {
		m.Add(v)
	}
	return math.Sqrt(m.PopulationVariance())
}

// standard is a difference in standard deviations; where nothing varies, nothing differs.
func standard(difference, spread float64) float64 {
	if spread == 0 {
		return 0
	}
	return difference / spread
}

// controls matches and ablates them, all in one sweep, the target among them.
func (e *operating) controls(ctx context.Context) (*Controls, error) {
	c := &Controls{Kind: e.Kinds[0], Wanted: e.Controls}
	c.Target, c.Units = e.match(e.targets[0], e.Controls)
	sets := [][]model.Address{{e.targets[0]}}
	for _, u := range c.Units {
		sets = append(sets, []model.Address{u.Address})
	}
	changes, accuracy := make([][]float64, len(sets)), make([][]float64, len(sets))
	err := e.Ablate(ctx, "controls", c.Kind, sets, func(k int, o *Outcomes) {
		changes[k], accuracy[k] = e.change(o), difference(e.Intact, o, correctOf)
	})
	if err != nil {
		return nil, err
	}
	c.measure(e.bootstrap(), changes, accuracy)
	if len(c.Units) < c.Wanted {
		c.Warnings = append(c.Warnings, fmt.Sprintf("the layer has %d other neurons, fewer than the %d controls wanted: all of them are taken, however unlike the target", len(c.Units), c.Wanted))
	}
	if c.Floor > 0.05 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("with %d controls p cannot fall below %.2g", len(c.Units), c.Floor))
	}
	if c.Target.Dead {
		c.Warnings = append(c.Warnings, "the target is silent on every select image, so it is matched with neurons of little activity")
	}
	return c, nil
}

// measure fills in effects and ranks from what the arms changed, the target's first.
func (c *Controls) measure(b stats.Bootstrap, changes, accuracy [][]float64) {
	var statistics, rights []stats.Statistic
	for k := range changes {
		statistics, rights = append(statistics, stats.MeanOf(changes[k])), append(rights, stats.MeanOf(accuracy[k]))
	}
	others := make([]float64, len(changes[0]))
	for _, change := range changes[1:] {
		add(others, change)
	}
	for i := range others {
		others[i] /= float64(len(c.Units))
	}
	statistics = append(statistics, stats.MeanOf(minus(changes[0], others)))
	effects, right := estimates(b, len(changes[0]), statistics...), estimates(b, len(accuracy[0]), rights...)
	c.Target.Effect, c.Target.Accuracy, c.Beyond = effects[0], right[0], effects[len(effects)-1]
	c.Rank = 1
	for k := range c.Units {
		u := &c.Units[k]
		u.Effect, u.Accuracy = effects[k+1], right[k+1]
		if math.Abs(u.Effect.Estimate) >= math.Abs(c.Target.Effect.Estimate) {
			c.Rank++
		}
		if u.Dead {
			c.Dead++
		}
	}
	c.P, c.Floor = float64(c.Rank)/float64(len(c.Units)+1), 1/float64(len(c.Units)+1)
}
