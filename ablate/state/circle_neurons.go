package state

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// shown are a recurrent layer's activations, images × units × steps.
func (c *circling) shown(pixels []float32) ([]float32, error) {
	size := c.r.Units * c.r.Steps
	out := make([]float32, len(pixels)/c.Set.ImageSize()*size)
	_, err := c.Network.Observe(c.ctx, pixels, nil, c.Workers, model.Trace{Post: []int{c.r.Layer}}, func(first int, t *model.Trace) {
		copy(out[first*size:], t.Activation(c.r.Layer))
	})
	return out, err
}

// watch describes activity step by step, of the layer and of each neuron.
func (c *circling) watch() error {
	r := c.r
	lo, hi := c.Set.Range(datasets.Select)
	selected, err := c.shown(c.Set.Images[lo*c.Set.ImageSize() : hi*c.Set.ImageSize()])
	if err != nil {
		return err
	}
	measured, err := c.shown(c.pixels)
	if err != nil {
		return err
	}
	onSelect := c.classMeans(selected, c.Set.Labels[lo:hi])
	here := c.classMeans(measured, c.Labels)
	for u := range r.Units {
		n := CircleNeuron{Address: model.Neuron(r.Layer, u)}
		first := -1 // step at which it first fires
		for t := range r.Steps {
			n.Mean = append(n.Mean, meanAt(measured, u*r.Steps+t, r.Units*r.Steps))
			n.Index = append(n.Index, probe.Number(stats.ClassSelectivity(here[u*r.Steps+t])))
			n.Preferred = append(n.Preferred, preferred(onSelect[u*r.Steps+t]))
			if first < 0 && n.Preferred[t] >= 0 {
				first = t
			}
		}
		if last := r.Steps - 1; first >= 0 && n.Preferred[last] >= 0 {
			n.Turned = n.Preferred[first] != n.Preferred[last] &&
				preferred(here[u*r.Steps+first]) == n.Preferred[first] && preferred(here[u*r.Steps+last]) == n.Preferred[last]
		}
		r.Neurons = append(r.Neurons, n)
	}
	return c.activity(measured, here)
}

// preferred is the class of the highest mean, -1 where all are 0.
func preferred(means []float64) int {
	best := -1
	for k, m := range means {
		if m > 0 && (best < 0 || m > means[best]) {
			best = k
		}
	}
	return best
}

func meanAt(values []float32, at, size int) float64 {
	sum := 0.0
	for k := at; k < len(values); k += size {
		sum += float64(values[k])
	}
	return sum / float64(len(values)/size)
}

// classMeans are, by place (unit × step), the mean activation on the images of each class.
func (c *circling) classMeans(shown []float32, labels []int) [][]float64 {
	size, held := c.r.Units*c.r.Steps, make([]float64, len(c.r.Classes))
	for _, l := range labels {
		held[l]++
	}
	means := make([][]float64, size)
	for p := range means {
		means[p] = make([]float64, len(held))
		for i, l := range labels {
			means[p][l] += float64(shown[i*size+p]) / held[l]
		}
	}
	return means
}

// activity sums the layer up at each step.
func (c *circling) activity(shown []float32, classMeans [][]float64) error {
	r := c.r
	size := r.Units * r.Steps
	last, err := c.representation(shown, r.Steps-1)
	if err != nil {
		return err
	}
	for t := range r.Steps {
		a := StepActivity{Step: t + 1, Mean: make([]float64, len(r.Classes))}
		var moved, length float64
		for u := range r.Units {
			p := u*r.Steps + t
			for k, m := range classMeans[p] {
				a.Mean[k] += m / float64(r.Units)
			}
			for i := p; i < len(shown); i += size {
				now, before := float64(shown[i]), 0.0
				if t > 0 {
					before = float64(shown[i-1])
				}
				if now > 0 {
					a.Firing += 1 / float64(r.Units*c.Images)
				}
				moved, length = moved+(now-before)*(now-before), length+now*now
			}
		}
		if length > 0 {
			a.Change = math.Sqrt(moved / length)
		}
		x, err := c.representation(shown, t)
		if err != nil {
			return err
		}
		if a.Similar = float64(probe.Similar(x, last).Debiased); math.IsNaN(a.Similar) {
			a.Similar = 0
		}
		r.Activity = append(r.Activity, a)
	}
	return nil
}

// representation is what the layer shows at a step, counted from 0.
func (c *circling) representation(shown []float32, t int) (*probe.Representation, error) {
	values := make([]float64, 0, len(shown)/c.r.Steps)
	for k := t; k < len(shown); k += c.r.Steps {
		values = append(values, float64(shown[k]))
	}
	return probe.NewRepresentation(values, c.Images, c.r.Units)
}

// lesions silence the whole layer and each neuron, at one step and at all.
func (c *circling) lesions() error {
	r := c.r
	var whole, arms []model.Arm
	zero := func(target model.Address) model.Arm { return model.Arm{Edits: []model.Edit{model.Zero(target)}} }
	for t := 1; t <= r.Steps; t++ {
		whole = append(whole, zero(c.step(model.AllUnits, t)))
	}
	whole = append(whole, zero(model.Neuron(r.Layer, model.AllUnits)))
	err := c.Sweep(c.ctx, "silent layer", whole, nil, func(k int, o *ablate.Outcomes) {
		what := "layer silent at all steps"
		if k < r.Steps {
			what = fmt.Sprintf("layer silent at step %d", k+1)
		}
		r.SilentLayer = append(r.SilentLayer, c.arm(what, c.Intact, o))
	})
	if err != nil {
		return err
	}
	for u := range r.Units {
		for t := 1; t <= r.Steps; t++ {
			arms = append(arms, zero(c.step(u, t)))
		}
		arms = append(arms, zero(model.Neuron(r.Layer, u)))
	}
	columns := make([][]float64, len(arms))
	err = c.Sweep(c.ctx, "lesions at each step", arms, nil, func(k int, o *ablate.Outcomes) {
		columns[k] = minus(o.Diff, c.Intact.Diff)
		if each := r.Steps + 1; k%each == r.Steps {
			r.Neurons[k/each].Accuracy = stats.Mean(minus(o.Correct, c.Intact.Correct))
		}
	})
	if err != nil {
		return err
	}
	return c.test(columns)
}

// test gives every lesion and interaction its interval and p. Those that change nothing are not
// tested.
func (c *circling) test(columns [][]float64) error {
	r, each := c.r, c.r.Steps+1
	var interactions [][]float64
	for u := range r.Neurons {
		sum := make([]float64, c.Images)
		for i := range sum {
			sum[i] = columns[u*each+r.Steps][i]
			for t := range r.Steps {
				sum[i] -= columns[u*each+t][i]
			}
		}
		interactions = append(interactions, sum)
	}
	lesions, err := c.effects("testing lesions", columns)
	if err != nil {
		return err
	}
	synergy, err := c.effects("testing interactions", interactions)
	if err != nil {
		return err
	}
	for _, e := range lesions {
		if e.P.Defined() {
			r.Tests++
		}
	}
	for u := range r.Neurons {
		n := &r.Neurons[u]
		n.Lesions, n.All, n.Interaction = lesions[u*each:u*each+r.Steps], lesions[u*each+r.Steps], synergy[u]
	}
	slices.SortStableFunc(r.Neurons, func(a, b CircleNeuron) int {
		return cmp.Compare(math.Abs(b.All.Estimate), math.Abs(a.All.Estimate))
	})
	if r.Tests == 0 {
		r.Warnings = append(r.Warnings, "no lesion of a neuron of the layer changes any logit difference")
	}
	return nil
}

func (c *circling) effects(stage string, columns [][]float64) ([]CircleEffect, error) {
	out, p := make([]CircleEffect, len(columns)), make([]float64, len(columns))
	limits := c.bootstrap().Means(columns...)
	for k, column := range columns {
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		out[k].Interval = ablate.Interval{Estimate: stats.Mean(column), Low: limits[k].Low, High: limits[k].High}
		p[k] = math.NaN()
		if slices.ContainsFunc(column, func(v float64) bool { return v != 0 }) {
			p[k] = c.permutations().SignFlip(column)
		}
		out[k].P = probe.Number(p[k])
		c.told(stage, k+1, len(columns))
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		out[k].Adjusted = probe.Number(adjusted)
	}
	return out, nil
}
