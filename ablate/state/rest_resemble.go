package state

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// tested are the classes whose resemblance is asked for: of two, one says all.
func (e *resting) tested() []int {
	classes := len(e.Network.Classes)
	if classes == 2 {
		return []int{1}
	}
	var all []int
	for c := range classes {
		all = append(all, c)
	}
	return all
}

// resemble correlates scores with each class's pattern. The null deals the classes out anew among the
// select images: patterns of as many images that have nothing in common, but live on the same correlated
// neurons. (To permute neurons would take them for independent, which they are not.)
func (e *resting) resemble(l int, scores []float64) []Resemblance {
	images, units := len(e.labels), len(scores)
	if units < 3 {
		return nil
	}
	z := make([]float64, images*units)
	for k, rate := range e.selected[l].rates {
		z[k] = e.score(l, k%units, rate)
	}
	pattern := make([]float64, units)
	correlation := func(member func(i int) bool) float64 {
		held := 0
		clear(pattern)
		for i := range images {
			if member(i) {
				held++
				for u, v := range z[i*units : (i+1)*units] {
					pattern[u] += v
				}
			}
		}
		// z has mean 0 over all images: the mean of the others is -sum/(images - held), so that the difference
		// is the sum times a number.
		if held == 0 || held == images {
			return math.NaN()
		}
		return pearson(scores, pattern)
	}
	var out []Resemblance
	for _, class := range e.tested() {
		x := Resemblance{Class: class, P: probe.Undefined, Adjusted: probe.Undefined}
		x.R = probe.Number(correlation(func(i int) bool { return e.labels[i] == class }))
		if !x.R.Defined() {
			out = append(out, x)
			continue
		}
		var null []float64
		extreme := 0
		stats.Permutations{Count: e.Permutations, Seed: e.Seed}.Shuffle(images, func(order []int) {
			r := correlation(func(i int) bool { return e.labels[order[i]] == class })
			if math.IsNaN(r) { // classes alike in all neurons
				r = 0
			}
			null = append(null, r)
			if math.Abs(r) >= math.Abs(float64(x.R))-1e-12 {
				extreme++
			}
		})
		x.Null = [2]float64{stats.Quantile(null, 0.025), stats.Quantile(null, 0.975)}
		x.P = probe.Number(stats.PermutationP(extreme, len(null)))
		out = append(out, x)
	}
	return out
}

// pearson is the correlation coefficient, NaN where one of them does not vary.
func pearson(x, y []float64) float64 {
	mx, my := stats.Mean(x), stats.Mean(y)
	var xy, xx, yy float64
	for k := range x {
		xy, xx, yy = xy+(x[k]-mx)*(y[k]-my), xx+(x[k]-mx)*(x[k]-mx), yy+(y[k]-my)*(y[k]-my)
	}
	return xy / math.Sqrt(xx*yy)
}

// evokedByClass is the positive control: real images of each class, measured alike.
func (e *resting) evokedByClass() error {
	size := e.Set.ImageSize()
	for class, name := range e.Network.Classes {
		var pixels []float32
		count := 0
		for i, l := range e.Labels {
			if l == class {
				pixels, count = append(pixels, e.Pixels()[i*size:(i+1)*size]...), count+1
			}
		}
		if count == 0 {
			continue
		}
		if _, err := e.condition(RestCondition{Name: "images of " + name, Draws: count}, pixels, &e.r.Evoked); err != nil {
			return err
		}
	}
	return nil
}

// drive silences each neuron without input, and a sham first.
func (e *resting) drive() error {
	var arms []model.Arm
	var targets []model.Address
	for _, l := range e.layers {
		for u := range e.Network.Geometry(l).Act[0] {
			targets = append(targets, model.Neuron(l, u))
		}
	}
	for _, t := range targets {
		arms = append(arms, model.Arm{Edits: append(slices.Clone(e.edits), model.Zero(t))})
	}
	for _, l := range e.layers {
		arms = append(arms, model.Arm{Edits: append(slices.Clone(e.edits), model.Sham(model.Neuron(l, model.AllUnits)))})
	}
	base := len(arms)
	arms = append(arms, model.Arm{Edits: e.edits})
	classes := len(e.Network.Classes)
	var logits []float32
	o := model.SweepOptions{Workers: 1, Memory: e.Memory}
	err := e.Network.Sweep(e.ctx, e.uniform(e.Network.Mean...), arms, o, func(b model.SweepBatch) { logits = slices.Clone(b.Logits) })
	if err != nil {
		return err
	}
	rest := logits[base*classes:]
	answer := model.Answer(rest)
	lead := func(k int) float64 {
		row, other := logits[k*classes:(k+1)*classes], math.Inf(-1)
		for c, v := range row {
			if c != answer {
				other = max(other, float64(v))
			}
		}
		return float64(row[answer]) - other
	}
	e.r.Margin = lead(base)
	for k, t := range targets {
		if change := lead(k) - e.r.Margin; change != 0 {
			e.r.Drivers = append(e.r.Drivers, RestDriver{t, change, model.Answer(logits[k*classes:(k+1)*classes]) != answer})
		}
	}
	slices.SortStableFunc(e.r.Drivers, func(a, b RestDriver) int { return cmp.Compare(math.Abs(b.Change), math.Abs(a.Change)) })
	for k := len(targets); k < base; k++ {
		for c := range classes {
			if math.Float32bits(logits[k*classes+c]) != math.Float32bits(rest[c]) {
				e.r.ShamChanged++
			}
		}
	}
	if e.r.ShamChanged > 0 && len(e.edits) == 0 {
		return errors.Join(ablate.ErrSham, errors.New("state: without input"))
	}
	return nil
}

// correct adjusts the p of all resemblances.
func (e *resting) correct() {
	var all []*Resemblance
	var p []float64
	for _, list := range [][]RestCondition{e.r.Conditions, e.r.Evoked} {
		for c := range list {
			for l := range list[c].Layers {
				for k := range list[c].Layers[l].Resembles {
					x := &list[c].Layers[l].Resembles[k]
					all, p = append(all, x), append(p, float64(x.P))
					if x.P.Defined() {
						e.r.Tests++
					}
				}
			}
		}
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		all[k].Adjusted = probe.Number(adjusted)
	}
}

// sortNeurons has the highest ratio first; those without one come last, in the order of addresses.
func sortNeurons(all []RestNeuron) {
	slices.SortStableFunc(all, func(a, b RestNeuron) int {
		switch {
		case !a.Ratio.Defined() || !b.Ratio.Defined():
			return cmp.Compare(yes(!a.Ratio.Defined()), yes(!b.Ratio.Defined()))
		}
		return cmp.Compare(b.Ratio, a.Ratio)
	})
}
