package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// SweepReport is what a sweep of all hidden neurons hands in.
type SweepReport struct {
	Result *ablate.SweepResult
	// Table is where the table of all neurons was written, seen from the lab:
	// "recordings/ablate-sweep.parquet".
	Table string
	Source
}

// Sweep is the entry of a sweep of all hidden neurons.
func Sweep(r SweepReport) Entry {
	sections := []Section{r.layersSection(), r.distributionSection(), r.dependsSection(), r.curvesSection(), r.kindsSection()}
	for _, l := range r.Result.Layers {
		sections = append(sections, r.layerSection(l))
	}
	return Entry{
		Kind:       "ablate-sweep",
		Slug:       "ablate-sweep",
		Title:      r.title(),
		Question:   fmt.Sprintf("Which of %s does the network need to tell %s, and how many can it spare?", r.all(), telling(r.Result.Classes)),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(append(sections, r.testsSection())...),
		Exclusions: r.exclusions(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(r.Result.Split, r.Result.Seed, Fact{"bootstrap resamples", Count(r.Result.Resamples)},
			Fact{"permutations", Count(r.Result.Permutations)}, Fact{"table of all neurons", r.Table}),
		Run:  r.Run,
		Data: sweepData{r.Result.Split.String(), r.Table, r.Result},
	}
}

// sweepData is a sweep for programs.
type sweepData struct {
	Split string `json:"split"`
	Table string `json:"table"` // of all neurons, in the lab
	*ablate.SweepResult
}

// first is the kind of ablation that the report is about; the others stand beside it.
func (r SweepReport) first() ablate.Kind { return r.Result.Kinds[0] }

// whole tells whether the sweep took in every hidden layer.
func (r SweepReport) whole() bool { return len(r.Result.Layers) == r.Network.Depth()-1 }

func (r SweepReport) title() string {
	if r.whole() {
		return "Sweep of all hidden neurons"
	}
	return "Sweep of the neurons of " + r.layerNames()
}

func (r SweepReport) layerNames() string {
	var names []string
	for _, l := range r.Result.Layers {
		names = append(names, l.Name)
	}
	return enumerate(names)
}

// all names the neurons of the sweep.
func (r SweepReport) all() string {
	n := len(r.Result.Neurons)
	if n == 1 {
		return "the 1 hidden neuron of " + r.layerNames()
	}
	if r.whole() {
		return fmt.Sprintf("the %s hidden neurons", Count(n))
	}
	return fmt.Sprintf("the %s neurons of %s", Count(n), r.layerNames())
}

// metricName is a metric in running text.
func metricName(m ablate.Metric) string {
	base, class, ofClass := strings.Cut(m.Name, ":")
	name := strings.ReplaceAll(base, "-", " ")
	switch base {
	case "logit-diff":
		name = "the logit difference"
	case "cross-entropy":
		name = base
	}
	if ofClass {
		name += " of " + class
	}
	return name
}

// changeCells are a change and its interval; pointsCells are those of a fraction.
func changeCells(c ablate.Change) []string {
	return []string{signedFigure(c.Estimate), signedFigInterval(c.Low, c.High)}
}

func pointsCells(c ablate.Change) []string {
	return []string{Points(float64(c.Estimate)), PointsInterval(float64(c.Low), float64(c.High))}
}

// family is a family of tests of the first kind.
func (r SweepReport) family(kind ablate.Kind, test ablate.SweepTest) ablate.Family {
	for _, f := range r.Result.Families {
		if f.Kind == kind && f.Test == test {
			return f
		}
	}
	return ablate.Family{Kind: kind, Test: test}
}

// lesion is a neuron's lesion of the first kind.
func (r SweepReport) lesion(u *ablate.SweptNeuron) *ablate.NeuronLesion { return u.Lesion(r.first()) }

// sorted are the neurons for which keep is true, the largest `by` first, equals by address.
func (r SweepReport) sorted(keep func(*ablate.SweptNeuron) bool, by func(*ablate.SweptNeuron) float64) []*ablate.SweptNeuron {
	var some []*ablate.SweptNeuron
	for i := range r.Result.Neurons {
		if u := &r.Result.Neurons[i]; keep(u) {
			some = append(some, u)
		}
	}
	slices.SortStableFunc(some, func(a, b *ablate.SweptNeuron) int { return cmp.Compare(by(b), by(a)) })
	return some
}

// ofLayer are a layer's neurons, the largest effect on select first.
func (r SweepReport) ofLayer(number int) []*ablate.SweptNeuron {
	return r.sorted(func(u *ablate.SweptNeuron) bool { return u.Address.Layer == number },
		func(u *ablate.SweptNeuron) float64 { return math.Abs(r.lesion(u).Select.Metric) })
}

// answer is the result in one sentence.
func (r SweepReport) answer() string {
	res := r.Result
	accuracy, logit := r.family(r.first(), ablate.TestAccuracy), r.family(r.first(), ablate.TestLogitDiff)
	s := fmt.Sprintf("Of %s, %s on its own changes accuracy on %s %s images significantly for %s and the logit difference for %s (adjusted p < 0.05, %s each)",
		r.all(), eachAblated(r.first()), Count(res.Images), res.Split, countOrNone(accuracy.Significant), countOrNone(logit.Significant), plural(logit.Tests, "test"))
	best := r.sorted(func(*ablate.SweptNeuron) bool { return true }, func(u *ablate.SweptNeuron) float64 { return -float64(r.lesion(u).Select.Rank) })[0]
	l := r.lesion(best)
	if !l.Moved {
		return s + "; no neuron moves any answer."
	}
	s += fmt.Sprintf("; the most important, chosen on select, is %s: accuracy %s (95 %% interval %s), logit difference %s (%s)",
		best.Address, Points(float64(l.Accuracy.Estimate)), PointsInterval(float64(l.Accuracy.Low), float64(l.Accuracy.High)),
		signedFigure(l.LogitDiff.Estimate), signedFigInterval(l.LogitDiff.Low, l.LogitDiff.High))
	if k := len(res.Curves); k > 0 {
		c := res.Curves[k-1]
		s += fmt.Sprintf("; the %s least important can go together before accuracy falls by more than 1 point", Count(c.Spare))
	}
	return s + "."
}

// eachAblated is what a kind of ablation does, at the start of a clause.
func eachAblated(k ablate.Kind) string {
	if k == ablate.Zero {
		return "zeroing each"
	}
	return string(k) + "-ablating each"
}

func (r SweepReport) method() string {
	res := r.Result
	var kinds []string
	for _, k := range res.Kinds {
		switch k {
		case ablate.Zero:
			kinds = append(kinds, "zero (its activation becomes 0)")
		case ablate.Mean:
			kinds = append(kinds, fmt.Sprintf("mean (its mean over the select images, by %s)", res.MeanOver))
		case ablate.Resample:
			kinds = append(kinds, fmt.Sprintf("resample (the activation that another image of the same split evokes; %s, averaged; %d on select)", plural(res.Draws, "draw"), res.SelectDraws))
		}
	}
	s := fmt.Sprintf("Each neuron (a unit, or a channel with all its positions) was ablated alone, in %s: %s. Effect = with ablation − without, on the same image; "+
		"a negative change of accuracy is damage. The logit difference is the true class's logit minus the strongest other. Intervals are 95 %% paired bootstrap intervals over images (%s, seed %d). "+
		"Tests: accuracy by McNemar's exact test", plural(len(kinds), "way"), enumerate(kinds), plural(res.Resamples, "resample"), res.Seed)
	if slices.Contains(res.Kinds, ablate.Resample) {
		s += " (under resample ablation, whose correctness is an average of draws, by sign flips of its change)"
	}
	s += fmt.Sprintf("; logit difference, on all images and on those of each class, by sign flips (%s, the same for all neurons)", Count(res.Permutations))
	if len(res.Features) > 0 {
		s += "; each feature's contrast (change with the feature minus change without it, within class, classes weighted by with·without/n) studentised, by permuting the feature among the images of each class (Janssen 1997)"
	}
	return s + fmt.Sprintf(". p-values are adjusted (Benjamini–Hochberg) within each kind of ablation and kind of test. "+
		"Rankings and orders were made on %s by the contribution to %s; every number below is from %s. %s (the identity edit on a whole layer, through the same code; one for each layer, kind and split) %s.",
		plural(res.SelectImages, "select image"), metricName(res.Metric), res.Split, plural(res.Intact.Shams, "sham arm"), shamOutcome(res.Intact))
}

func shamOutcome(i ablate.Intact) string {
	if i.ShamChange == 0 {
		return "left every outcome bit-identical"
	}
	return fmt.Sprintf("changed no logit difference and no loss by more than %s, the rounding of sums taken in another order", Number(i.ShamChange))
}

// countOrNone is a number in a sentence.
func countOrNone(n int) string {
	if n == 0 {
		return "none"
	}
	return Count(n)
}

func (r SweepReport) exclusions() []Exclusion {
	var out []Exclusion
	dead := r.sorted(func(u *ablate.SweptNeuron) bool { return u.Dead }, func(*ablate.SweptNeuron) float64 { return 0 })
	if n := len(dead); n > 0 {
		what := "dead neurons, which fire on none"
		if n == 1 {
			what = "dead neuron, which fires on none"
		}
		out = append(out, Exclusion{n, fmt.Sprintf("%s of the %s %s images: in the tables and the picture, but left out of the tests wherever ablation changes nothing (such a test could not come out significant)",
			what, Count(r.Result.Images), r.Result.Split), addresses(dead)})
	}
	for _, k := range r.Result.Kinds {
		still := r.sorted(func(u *ablate.SweptNeuron) bool { return !u.Dead && !u.Lesion(k).Moved }, func(*ablate.SweptNeuron) float64 { return 0 })
		if n := len(still); n > 0 {
			what := "neurons that fire, but whose"
			if n == 1 {
				what = "neuron that fires, but whose"
			}
			out = append(out, Exclusion{n, fmt.Sprintf("%s %s ablation moves no logit difference: left out of its tests", what, k), addresses(still)})
		}
	}
	return out
}

// addresses are the first few neurons by name.
func addresses(some []*ablate.SweptNeuron) []string {
	var out []string
	for _, u := range some[:min(len(some), 12)] {
		out = append(out, u.Address.String())
	}
	return out
}

func (r SweepReport) caveats() []string {
	c := []string{"Single lesions are blind to redundancy: where two neurons can stand in for each other, neither shows. The cumulative curves see it; ablate pairs and ablate shapley ask for it."}
	if slices.Contains(r.Result.Kinds, ablate.Zero) {
		c = append(c, "Zero ablation is off-distribution: what follows may never have met an activation of 0 in company with the others. Mean and resample ablation stay closer to what the network knows; a finding that only one kind shows is weak.")
	}
	c = append(c, "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
	if found := r.family(r.first(), ablate.TestLogitDiff).Significant; found > 0 {
		c = append(c, fmt.Sprintf("At a false discovery rate of %.0f %%, about %s of the %s findings on the logit difference are expected to be false. Significant is not large: see the intervals.", 100*probe.Alpha, Count(int(math.Ceil(probe.Alpha*float64(found)))), Count(found)))
	}
	c = append(c, "An accuracy change needs answers close to the boundary; a logit difference can move much without any answer flipping.")
	if len(r.Result.Features) > 0 {
		c = append(c, "A feature's contrast is correlational within class: features come with each other, so the neuron may serve a companion of the feature.")
	}
	return c
}
