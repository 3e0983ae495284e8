package state

import (
	"math"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// Resemblance is how alike a layer's activity is to a class's mean activity: Pearson's r over neurons,
// each as a z-score of its evoked activity. Without z-scores any two patterns correlate, because some
// neurons always fire more than others.
type Resemblance struct {
	Class int          `json:"class"`
	R     probe.Number `json:"r"` // undefined where the pattern or the profile does not vary
	// P is two-sided: how often the class-free part of a real image's activity is as alike or as
	// opposite. Adjusted is by Benjamini and Hochberg over all conditions, layers and classes.
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"adjusted"`
}

// RestControl is what resemblance makes of real images of one class in one layer.
type RestControl struct {
	Layer int `json:"layer"`
	Class int `json:"class"`
	// Mean is of the class's mean activity on the measured images, which it should find.
	Mean Resemblance `json:"mean"`
	// Single is r of each image of the class, spread; Found the share with p < 0.05 and the right
	// sign, the power of the test for one image.
	Single probe.Spread `json:"single"`
	Found  probe.Number `json:"found"`
	// Bare is r without input, towards this class, BareRank the share of the class's images with a
	// lower one.
	Bare     probe.Number `json:"no_input"`
	BareRank probe.Number `json:"no_input_rank"`

	sorted []float64
}

// resembler compares patterns of a layer with the classes' profiles on select. Its null is patterns
// without class: the activity of each measured image less the mean of its class. Those keep what all
// activity has, neurons that go together, by which a few dozen neurons are far fewer independent
// ones, so that permuting neurons would find resemblance everywhere; shuffled labels, on the other
// hand, give profiles that lean to the classes wherever most of the variation is between them.
type resembler struct {
	r      *rester
	mean   []float64     // of each neuron over select
	sd     []float64     // 0: it does not vary and is left out
	tested []int         // classes
	layers []layerShapes // by hidden layer
}

// layerShapes are the standardised profiles of a layer and the null of each.
type layerShapes struct {
	profiles [][]float64 // by tested class; nil where it does not vary
	null     [][]float64 // by tested class: |r| of the patterns without class, sorted
}

func newResembler(r *rester, selected *watched, labels []int) *resembler {
	s := &resembler{r: r, mean: make([]float64, selected.units), sd: make([]float64, selected.units)}
	for u := range selected.units {
		var m stats.Moments
		for i := range selected.images {
			m.Add(float64(selected.rates[i*selected.units+u]))
		}
		s.mean[u], s.sd[u] = m.Mean(), math.Sqrt(m.PopulationVariance())
	}
	for class := range r.Classes {
		if class == 0 || len(r.Classes) > 2 {
			s.tested = append(s.tested, class)
		}
	}
	means, free := s.classMeans(selected, labels), s.classMeans(r.real, r.labels)
	for k := range r.Layers {
		var shapes layerShapes
		for u := r.first[k]; u < r.first[k+1]; u++ {
			if s.sd[u] > 0 {
				r.Layers[k].Varying++
			}
		}
		for _, class := range s.tested {
			shapes.profiles, shapes.null = append(shapes.profiles, s.pattern(k, means[class])), append(shapes.null, nil)
		}
		s.layers = append(s.layers, shapes)
		s.fillNull(k, free)
		for class := range r.Classes {
			r.Controls = append(r.Controls, s.control(k, class, free[class]))
		}
	}
	return s
}

// classMeans are each class's mean activity; nil without images.
func (s *resembler) classMeans(w *watched, labels []int) [][]float64 {
	sums, counts := make([][]float64, len(s.r.Classes)), make([]int, len(s.r.Classes))
	for i, class := range labels {
		if sums[class] == nil {
			sums[class] = make([]float64, w.units)
		}
		counts[class]++
		for u, v := range w.row(i) {
			sums[class][u] += float64(v)
		}
	}
	for class, sum := range sums {
		for u := range sum {
			sum[u] /= float64(counts[class])
		}
	}
	return sums
}

// pattern is a layer's activity as z-scores of the neurons that vary, standardised, so that r is a
// product; nil where it does not vary.
func (s *resembler) pattern(k int, activity []float64) []float64 {
	if activity == nil {
		return nil
	}
	var z []float64
	for u := s.r.first[k]; u < s.r.first[k+1]; u++ {
		if s.sd[u] > 0 {
			z = append(z, (activity[u]-s.mean[u])/s.sd[u])
		}
	}
	return stats.Standardised(z)
}

// fillNull finds r of what is left of each real image's activity without its class's mean.
func (s *resembler) fillNull(k int, free [][]float64) {
	rest := make([]float64, s.r.real.units)
	for i, class := range s.r.labels {
		for u, v := range s.r.real.row(i) {
			rest[u] = s.mean[u] + float64(v) - free[class][u]
		}
		p := s.pattern(k, rest)
		for t, profile := range s.layers[k].profiles {
			if p != nil && profile != nil {
				s.layers[k].null[t] = append(s.layers[k].null[t], math.Abs(product(p, profile)))
			}
		}
	}
	for _, null := range s.layers[k].null {
		slices.Sort(null)
	}
}

func product(a, b []float64) float64 {
	sum := 0.0
	for k, v := range a {
		sum += v * b[k]
	}
	return min(1, max(-1, sum))
}

// compare gives a layer's resemblance to every tested class.
func (s *resembler) compare(k int, activity []float64) (out []Resemblance) {
	p := s.pattern(k, activity)
	for t := range s.tested {
		out = append(out, s.resemblance(k, t, p))
	}
	return out
}

// resemblance is that of a pattern to one tested class; p is the share of the null with as large an |r|.
func (s *resembler) resemblance(k, t int, pattern []float64) Resemblance {
	x := Resemblance{Class: s.tested[t], R: probe.Undefined, P: probe.Undefined, Adjusted: probe.Undefined}
	profile, null := s.layers[k].profiles[t], s.layers[k].null[t]
	if pattern == nil || profile == nil || len(null) == 0 {
		return x
	}
	r := product(pattern, profile)
	below, _ := slices.BinarySearch(null, math.Abs(r)-1e-12) // rounding
	x.R, x.P = probe.Number(r), probe.Number(stats.PermutationP(len(null)-below, len(null)))
	return x
}

// control compares real images of a class with the class's own profile, or of two classes with the
// first's, whose mirror is the second's.
func (s *resembler) control(k, class int, mean []float64) RestControl {
	c := RestControl{Layer: s.r.Layers[k].Layer, Class: class, Found: probe.Undefined, Bare: probe.Undefined, BareRank: probe.Undefined}
	t, sign := s.tests(class)
	own := func(activity []float64) Resemblance {
		x := s.resemblance(k, t, s.pattern(k, activity))
		x.Class, x.R = class, probe.Number(sign*float64(x.R))
		return x
	}
	c.Mean = own(mean)
	var single []float64
	found := 0
	activity := make([]float64, s.r.real.units)
	for i, label := range s.r.labels {
		if label != class {
			continue
		}
		for u, v := range s.r.real.row(i) {
			activity[u] = float64(v)
		}
		if x := own(activity); x.R.Defined() {
			single = append(single, float64(x.R))
			if x.R > 0 && x.P < probe.Alpha {
				found++
			}
		}
	}
	slices.Sort(single)
	c.sorted = single
	if c.Single = probe.SpreadOver(single); len(single) > 0 {
		c.Found = probe.Number(float64(found) / float64(len(single)))
	}
	return c
}

// tests finds the test that stands for a class, and the sign of its r.
func (s *resembler) tests(class int) (t int, sign float64) {
	switch {
	case len(s.tested) > 1:
		return class, 1
	case class == 0:
		return 0, 1
	}
	return 0, -1
}

// place says where activity without input lies among the images of each class.
func (r *rester) place() {
	for k := range r.Controls {
		c := &r.Controls[k]
		t, sign := r.resemblance.tests(c.Class)
		c.Bare = probe.Number(sign * float64(r.Conditions[0].Layers[c.Layer-1].Resemblance[t].R))
		if c.Bare.Defined() && len(c.sorted) > 0 {
			c.BareRank = probe.Number(rankOf(float64(c.Bare), c.sorted))
		}
	}
}

// adjust corrects the p-values of all conditions together.
func (r *rester) adjust() {
	var all []*Resemblance
	var p []float64
	for c := range r.Conditions {
		for l := range r.Conditions[c].Layers {
			for k := range r.Conditions[c].Layers[l].Resemblance {
				x := &r.Conditions[c].Layers[l].Resemblance[k]
				all, p = append(all, x), append(p, float64(x.P))
				if x.P.Defined() {
					r.Tests++
				}
			}
		}
	}
	for k, q := range stats.BenjaminiHochberg(p) {
		all[k].Adjusted = probe.Number(q)
	}
}
