package ablate

import (
	"context"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// KindResult is what one kind of ablation did to the same targets on the same images.
type KindResult struct {
	Kind     Kind            `json:"kind"`
	Measures []Measure       `json:"measures"`
	Flips    Flips           `json:"flips"`
	Features []FeatureEffect `json:"features,omitempty"`
}

// Contrast compares what two kinds did to one measure: the second's change less the first's, with
// a paired bootstrap 95 % interval.
type Contrast struct {
	Kinds      [2]Kind   `json:"kinds"`
	Measure    string    `json:"measure"`
	Percent    bool      `json:"percent"`
	Difference Interval  `json:"difference"`
	Verdict    Agreement `json:"verdict"`
}

// Agreement is how two kinds' effects on a measure go together.
type Agreement string

// Two kinds disagree where their effects have opposite signs and differ (the interval of their
// paired difference excludes 0), or where their intervals do not overlap. Where they do neither,
// they may still differ in size: paired differences are known better than effects.
const (
	Opposite Agreement = "opposite signs"
	Apart    Agreement = "intervals do not overlap"
	Size     Agreement = "differ in size"
	Agree    Agreement = "agree"
)

// Disagree tells whether the verdict is a disagreement worth a warning.
func (v Agreement) Disagree() bool { return v == Opposite || v == Apart }

func verdict(a, b Measure, difference Interval) Agreement {
	return AgreementOf(Interval{a.Change, a.Low, a.High}, Interval{b.Change, b.Low, b.High}, difference)
}

// AgreementOf is how two effects go together whose paired difference is known.
func AgreementOf(a, b, difference Interval) Agreement {
	differ := difference.excludesZero()
	switch {
	case differ && a.Estimate*b.Estimate < 0:
		return Opposite
	case a.High < b.Low || b.High < a.Low:
		return Apart
	case differ:
		return Size
	}
	return Agree
}

// kindsPart is what the kinds of ablation do side by side; the leading one in full.
type kindsPart struct {
	Result    Result
	Others    []KindResult
	Contrasts []Contrast
	Tests     int
}

// kinds ablates the targets in each of the kinds.
func (p *Preparation) kinds(ctx context.Context, targets []model.Address, kinds []Kind) (*kindsPart, error) {
	intact, activities, err := observe(ctx, p.Network, p.pixels, p.Labels, targets, p.Workers)
	if err != nil {
		return nil, err
	}
	sham, err := p.shamOperation(ctx, targets, intact)
	if err != nil {
		return nil, err
	}
	arms := make([]*Outcomes, len(kinds))
	var groups [][]model.Arm
	for _, k := range kinds {
		groups = append(groups, p.Arms(k, targets))
	}
	if err := p.averages(ctx, "ablating", groups, nil, func(k int, o *Outcomes) { arms[k] = o }); err != nil {
		return nil, err
	}
	all, contrasts := p.compare(kinds, arms)
	part := &kindsPart{Others: all[1:], Contrasts: contrasts, Tests: adjust(all)}
	lead := all[0]
	part.Result = Result{Kind: lead.Kind, Targets: activities, Split: p.Split, Images: p.Images, Classes: p.Set.Classes,
		Measures: lead.Measures, Flips: lead.Flips, Sham: sham, Features: lead.Features,
		Changed:   mostChanged(p.Intact, arms[0], p.Labels, p.Set, p.First, p.Changed),
		Resamples: p.Resamples, Seed: p.Seed}
	part.Result.warn(p.Network, p.Set)
	return part, ctx.Err()
}

// compare measures every kind against the intact network and every two kinds against each other,
// all on the same resamples.
func (p *Preparation) compare(kinds []Kind, arms []*Outcomes) ([]KindResult, []Contrast) {
	b, all := p.bootstrap(), gauges(p.Labels, p.Set.Classes)
	whole := ones(p.Images)
	var statistics []stats.Statistic
	results := make([]KindResult, len(kinds))
	for k, kind := range kinds {
		averaged := kind == Resample && p.Draws > 1
		r := KindResult{Kind: kind, Flips: flips(p.Intact, arms[k], nil, averaged), Features: features(p.Intact, arms[k], p.Set, p.First, b)}
		for _, g := range all {
			change := difference(p.Intact, arms[k], g.value)
			of := g.of(change)
			statistics = append(statistics, of)
			m := Measure{Name: g.name, Percent: g.percent, N: g.n, Change: of(whole),
				Intact: g.of(column(p.Intact, g.value))(whole), Lesioned: g.of(column(arms[k], g.value))(whole)}
			if g.yesNo {
				f := flips(p.Intact, arms[k], g.member, averaged)
				m.Flips = &f
			}
			if m.Test = SignFlip; g.yesNo && !averaged {
				m.Test, m.P = McNemar, probe.Number(m.Flips.McNemarP)
			} else {
				m.P = probe.Number(p.permutations().SignFlip(g.terms(change)))
			}
			r.Measures = append(r.Measures, m)
		}
		results[k] = r
	}
	var contrasts []Contrast
	for i := range kinds {
		for k := i + 1; k < len(kinds); k++ {
			for _, g := range all {
				of := g.of(difference(arms[i], arms[k], g.value))
				statistics = append(statistics, of)
				contrasts = append(contrasts, Contrast{Kinds: [2]Kind{kinds[i], kinds[k]}, Measure: g.name, Percent: g.percent, Difference: Interval{Estimate: of(whole)}})
			}
		}
	}
	intervals := b.Intervals(p.Images, statistics...)
	for k := range results {
		for i := range all {
			m := &results[k].Measures[i]
			m.Low, m.High = intervals[k*len(all)+i].Low, intervals[k*len(all)+i].High
		}
	}
	for c := range contrasts {
		i := intervals[len(kinds)*len(all)+c]
		d := &contrasts[c].Difference
		d.Low, d.High = i.Low, i.High
		a, b := find(results, contrasts[c].Kinds[0]), find(results, contrasts[c].Kinds[1])
		contrasts[c].Verdict = verdict(a.Measures[c%len(all)], b.Measures[c%len(all)], *d)
	}
	return results, contrasts
}

func find(all []KindResult, kind Kind) *KindResult {
	for k := range all {
		if all[k].Kind == kind {
			return &all[k]
		}
	}
	return nil
}

// adjust fills in the adjusted p-values and counts the tests.
func adjust(all []KindResult) (tests int) {
	var p []float64
	for _, r := range all {
		for _, m := range r.Measures {
			p = append(p, float64(m.P))
			if m.P.Defined() {
				tests++
			}
		}
	}
	adjusted := stats.BenjaminiHochberg(p)
	at := 0
	for _, r := range all {
		for i := range r.Measures {
			r.Measures[i].Adjusted = probe.Number(adjusted[at])
			at++
		}
	}
	return tests
}
