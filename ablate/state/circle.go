package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// CircleOptions of an experiment on a layer that is fed back into itself.
type CircleOptions struct {
	Layer    int // 0: the first recurrent one
	Shuffles int // networks whose feedback is dealt out anew; 0: DefaultShuffles
}

// DefaultShuffles are enough for a p of 0.05.
const DefaultShuffles = 20

// Circle is what a recurrent layer does step by step. Changes are with − without, or the step − the
// last; outcomes are those of the measured split.
type Circle struct {
	Layer        int             `json:"layer"`
	Name         string          `json:"name"`
	Units        int             `json:"units"`
	Steps        int             `json:"steps"`
	Classes      []string        `json:"classes"`
	Split        datasets.Split  `json:"-"`
	Images       int             `json:"images"`
	Readings     []CircleReading `json:"readings"` // a step each
	Activity     []StepActivity  `json:"activity"` // a step each
	Cut          CircleArm       `json:"cut"`
	Parts        []CircleArm     `json:"parts_of_feedback"` // each neuron's weight to itself alone, and those between neurons alone
	Shuffled     []CircleArm     `json:"shuffled"`
	ShuffledP    probe.Number    `json:"shuffled_p"` // that feedback dealt out anew is as accurate
	SilentLayer  []CircleArm     `json:"silent_layer"`
	ShamArms     int             `json:"sham_arms"` // each bit-identical, or there is no result
	Neurons      []CircleNeuron  `json:"neurons"`
	Tests        int             `json:"tests"` // of lesions; as many of interactions are corrected by themselves
	Resamples    int             `json:"resamples"`
	Permutations int             `json:"permutations"`
	Seed         uint64          `json:"seed"`
	Warnings     []string        `json:"warnings,omitempty"`
}

// CircleReading is the network's answer if the layer stopped after so many steps.
type CircleReading struct {
	Step     int             `json:"step"`
	Accuracy ablate.Interval `json:"accuracy"` // Wilson's
	Diff     ablate.Interval `json:"logit_difference"`
	// Change of accuracy and logit difference against the last step, on the same images.
	AccuracyChange ablate.Interval `json:"accuracy_change"`
	DiffChange     ablate.Interval `json:"logit_difference_change"`
	Other          int             `json:"other_answers"` // images answered otherwise than at the last step
	P              probe.Number    `json:"mcnemar_p"`
}

// StepActivity is what the layer shows at a step.
type StepActivity struct {
	Step    int       `json:"step"`
	Mean    []float64 `json:"mean_by_class"` // over the layer's neurons
	Firing  float64   `json:"share_firing"`  // of neurons, mean over images
	Change  float64   `json:"relative_change"`
	Similar float64   `json:"debiased_cka_with_last"`
}

// CircleArm is a condition of the whole layer.
type CircleArm struct {
	What     string          `json:"what"`
	Accuracy float64         `json:"accuracy"`
	Change   ablate.Interval `json:"accuracy_change"`
	Diff     ablate.Interval `json:"logit_difference_change"`
	P        probe.Number    `json:"mcnemar_p"`
}

// CircleNeuron is one neuron of the layer.
type CircleNeuron struct {
	Address model.Address `json:"address"`
	Mean    []float64     `json:"mean_activation"` // a step each
	// Index is the class-selectivity index at each step, Preferred the class of the highest mean on
	// select, -1 where it is silent.
	Index     []probe.Number `json:"class_selectivity"`
	Preferred []int          `json:"preferred"`
	// Turned: its preferred class at the last step is another than at the first at which it fires, on select
	// and on the measured images.
	Turned bool `json:"turned"`
	// Lesions are the effects on the logit difference of silence at one step each, All at all of them;
	// Interaction is All less the sum of the others.
	Lesions     []CircleEffect `json:"lesions"`
	All         CircleEffect   `json:"lesion_at_all_steps"`
	Interaction CircleEffect   `json:"interaction"`
	Accuracy    float64        `json:"accuracy_change_at_all_steps"`
}

// CircleEffect is a change of the mean logit difference, with its interval and test.
type CircleEffect struct {
	ablate.Interval
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"adjusted_p"`
}

// Significant tells whether the effect passes the correction and its interval excludes 0.
func (e CircleEffect) Significant() bool {
	return e.Adjusted.Defined() && e.Adjusted < 0.05 && (e.Low > 0 || e.High < 0)
}

// CheckCircle finds the recurrent layer that is meant.
func CheckCircle(n *model.Network, layer int) (int, error) {
	for l := 1; l <= n.Depth(); l++ {
		if n.Steps(l) > 0 && (layer == 0 || layer == l) {
			if n.Layer(l).Pool == nil {
				return 0, fmt.Errorf("state: layer %d (%s) hands on all its steps: an answer cannot be read after one (want the pooling last-step or global-average)", l, n.Layer(l).Name)
			}
			return l, nil
		}
	}
	if layer != 0 {
		return 0, fmt.Errorf("state: layer %d is not recurrent", layer)
	}
	return 0, errors.New("state: the network has no recurrent layer: nothing goes round")
}

// circling is a Circle on its way.
type circling struct {
	*ablate.Preparation
	ctx    context.Context
	pixels []float32
	whole  *ablate.Outcomes // of the network as it is, by the arithmetic of its variants
	r      *Circle
}

// CircleOf runs the experiment.
func CircleOf(ctx context.Context, p *ablate.Preparation, o CircleOptions) (*Circle, error) {
	layer, err := CheckCircle(p.Network, o.Layer)
	if err != nil {
		return nil, err
	}
	if o.Shuffles == 0 {
		o.Shuffles = DefaultShuffles
	}
	n := p.Network
	r := &Circle{Layer: layer, Name: n.Layer(layer).Name, Units: n.Geometry(layer).Act[0], Steps: n.Steps(layer), Classes: n.Classes, Split: p.Split, Images: p.Images,
		Resamples: p.Resamples, Permutations: p.Permutations, Seed: p.Seed, Warnings: slices.Clone(p.Set.Warnings), ShuffledP: probe.Undefined}
	c := &circling{Preparation: p, ctx: ctx, pixels: p.Pixels(), r: r}
	for _, part := range []func() error{c.read, c.watch, c.cut, func() error { return c.shuffle(o.Shuffles) }, c.shams, c.lesions} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return r, ctx.Err()
}

func (c *circling) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: c.Resamples, Seed: c.Seed}
}

func (c *circling) permutations() stats.Permutations {
	return stats.Permutations{Count: c.Permutations, Seed: c.Seed}
}

// told passes progress on.
func (c *circling) told(stage string, done, total int) {
	if c.Progress != nil {
		c.Progress(stage, done, total)
	}
}

// variant is the network with another number of steps or other weights of the layer.
func (c *circling) variant(steps int, weight []float32) (*ablate.Outcomes, error) {
	n, spec := c.Network, c.Network.Spec
	spec.Layers = slices.Clone(spec.Layers)
	spec.Layers[c.r.Layer-1].Steps = steps
	params := slices.Clone(n.Params)
	if weight != nil {
		params[c.r.Layer].Weight = weight
	}
	other, err := model.NewNetwork(spec, params, n.Mean, n.Std, n.Classes)
	if err != nil {
		return nil, err
	}
	logits, err := other.Logits(c.ctx, c.pixels, nil, c.Workers)
	if err != nil {
		return nil, err
	}
	return ablate.Judge(logits, c.Labels, len(n.Classes)), nil
}

// read lets the layer stop after each of its steps.
func (c *circling) read() error {
	r := c.r
	var all []*ablate.Outcomes
	for t := 1; t <= r.Steps; t++ {
		o, err := c.variant(t, nil)
		if err != nil {
			return err
		}
		all = append(all, o)
		c.told("reading each step", t, r.Steps)
	}
	last := all[r.Steps-1]
	c.whole = last
	for k, o := range all {
		x := CircleReading{Step: k + 1, Accuracy: share(o.Correct), Diff: c.mean(widen(o.Diff))}
		arm := c.arm("", last, o)
		x.AccuracyChange, x.DiffChange, x.P = arm.Change, arm.Diff, arm.P
		for i, a := range o.Answer {
			if a != last.Answer[i] {
				x.Other++
			}
		}
		r.Readings = append(r.Readings, x)
	}
	return nil
}

// share is a share of ones with Wilson's interval.
func share(correct []float32) ablate.Interval {
	right := 0
	for _, v := range correct {
		right += int(v)
	}
	low, high := stats.Wilson(right, len(correct))
	return ablate.Interval{Estimate: float64(right) / float64(len(correct)), Low: low, High: high}
}

func widen(values []float32) []float64 {
	out := make([]float64, len(values))
	for k, v := range values {
		out[k] = float64(v)
	}
	return out
}

func (c *circling) mean(values []float64) ablate.Interval {
	low, high := c.bootstrap().Mean(values)
	return ablate.Interval{Estimate: stats.Mean(values), Low: low, High: high}
}

// arm compares outcomes with those of a reference on the same images.
func (c *circling) arm(what string, reference, o *ablate.Outcomes) CircleArm {
	worse, better := 0, 0
	for i, v := range o.Correct {
		if v < reference.Correct[i] {
			worse++
		} else if v > reference.Correct[i] {
			better++
		}
	}
	return CircleArm{What: what, Accuracy: stats.Mean(widen(o.Correct)), Change: c.mean(minus(o.Correct, reference.Correct)),
		Diff: c.mean(minus(o.Diff, reference.Diff)), P: probe.Number(stats.McNemarExact(worse, better))}
}

// cut takes the weights back to the layer away: all of them, those between neurons, and those of each
// neuron to itself. What is left tells a circle of neurons from neurons that each keep what they show.
func (c *circling) cut() error {
	g := c.Network.Geometry(c.r.Layer)
	for _, arm := range []struct {
		what string
		kept func(from, to int) bool
	}{
		{"circle cut: no weights back", func(int, int) bool { return false }},
		{"weights back to itself alone", func(from, to int) bool { return from == to }},
		{"weights back between neurons alone", func(from, to int) bool { return from != to }},
	} {
		weight := slices.Clone(c.Network.Params[c.r.Layer].Weight)
		for to := range c.r.Units {
			for from := range c.r.Units {
				if !arm.kept(from, to) {
					weight[to*g.FanIn+g.In.Size()+from] = 0
				}
			}
		}
		o, err := c.variant(c.r.Steps, weight)
		if err != nil {
			return err
		}
		c.r.Parts = append(c.r.Parts, c.arm(arm.what, c.whole, o))
	}
	c.r.Cut, c.r.Parts = c.r.Parts[0], c.r.Parts[1:]
	return nil
}

// shuffle deals the feedback's weights out anew among all pairs of the layer's neurons.
func (c *circling) shuffle(times int) error {
	r, g := c.r, c.Network.Geometry(c.r.Layer)
	reached := 0
	for k := range times {
		weight := slices.Clone(c.Network.Params[r.Layer].Weight)
		at := func(i int) *float32 { return &weight[i/r.Units*g.FanIn+g.In.Size()+i%r.Units] }
		rand.New(rand.NewPCG(c.Seed, 0x63697263+uint64(k))).Shuffle(r.Units*r.Units, func(i, j int) { *at(i), *at(j) = *at(j), *at(i) }) // "circ"
		o, err := c.variant(r.Steps, weight)
		if err != nil {
			return err
		}
		arm := c.arm(fmt.Sprintf("feedback shuffled, %d", k+1), c.whole, o)
		if arm.Accuracy >= stats.Mean(widen(c.whole.Correct)) {
			reached++
		}
		r.Shuffled = append(r.Shuffled, arm)
		c.told("feedback shuffled", k+1, times)
	}
	r.ShuffledP = probe.Number(stats.PermutationP(reached, times))
	return nil
}

// step is a neuron at a step, counted from 1, or the whole layer.
func (c *circling) step(unit, t int) model.Address {
	return model.Step(c.r.Layer, unit, t)
}

// shams run the identity edit on the layer and on each of its steps through the sweep of the lesions.
func (c *circling) shams() error {
	arms := []model.Arm{{Edits: []model.Edit{model.Sham(model.Neuron(c.r.Layer, model.AllUnits))}}}
	for t := 1; t <= c.r.Steps; t++ {
		arms = append(arms, model.Arm{Edits: []model.Edit{model.Sham(c.step(model.AllUnits, t))}})
	}
	var broken error
	c.r.ShamArms = len(arms)
	err := c.Sweep(c.ctx, "sham", arms, nil, func(k int, o *ablate.Outcomes) {
		for i, v := range o.Diff {
			if math.Float32bits(v) != math.Float32bits(c.Intact.Diff[i]) {
				broken = fmt.Errorf("state: %w: %v, image %d", ablate.ErrSham, arms[k].Edits[0].Target, i)
			}
		}
	})
	return errors.Join(err, broken)
}
