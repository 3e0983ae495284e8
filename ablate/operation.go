package ablate

import (
	"context"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// Operation is a whole experiment around some neurons: what ablating them does, by kind of
// ablation; what the same does to matched controls; how the effect grows with the dose; what
// gives the network back what it lost.
type Operation struct {
	// Result is the leading kind of ablation in full, zero unless it was left out.
	Result
	Others    []KindResult `json:"other_kinds,omitempty"`
	Contrasts []Contrast   `json:"kind_contrasts,omitempty"`
	Draws     int          `json:"resample_draws"`
	MeanOver  MeanOver     `json:"mean_over"`
	Tests     int          `json:"tests"` // p-values among the measures of all kinds
	// Metric is what controls, dose and rescue are measured in.
	Metric       Metric `json:"metric"`
	Permutations int    `json:"permutations"`
	// Controls is nil where NoControls says why there are none.
	Controls   *Controls     `json:"controls,omitempty"`
	NoControls string        `json:"why_no_controls,omitempty"`
	Dose       *DoseResponse `json:"dose_response,omitempty"`
	Rescue     *Rescue       `json:"rescue,omitempty"`
}

// Operate does the whole experiment on the targets, all of them ablated at once. It is made of the
// parts kinds, controls, dose and rescue, each kept by Parts when it is finished.
func Operate(ctx context.Context, p *Preparation, targets []model.Address) (*Operation, error) {
	if err := checkTargets(p.Network, targets); err != nil {
		return nil, err
	}
	metric, err := ParseMetric(p.Metric, p.Network.Classes)
	if err != nil {
		return nil, err
	}
	e := &operating{Preparation: p, targets: targets, metric: metric}
	kinds, err := Part(p.Parts, "kinds", func() (*kindsPart, error) { return p.kinds(ctx, targets, p.Kinds) })
	if err != nil {
		return nil, err
	}
	o := &Operation{Result: kinds.Result, Others: kinds.Others, Contrasts: kinds.Contrasts, Tests: kinds.Tests,
		Draws: p.Draws, MeanOver: p.MeanOver, Metric: metric, Permutations: p.Permutations}
	if o.NoControls = e.noControls(); o.NoControls == "" {
		o.Controls, err = Part(p.Parts, "controls", func() (*Controls, error) { return e.controls(ctx) })
		if err != nil {
			return nil, err
		}
	}
	if o.Dose, err = Part(p.Parts, "dose", func() (*DoseResponse, error) { return e.dose(ctx) }); err != nil {
		return nil, err
	}
	if o.Rescue, err = Part(p.Parts, "rescue", func() (*Rescue, error) { return e.rescue(ctx) }); err != nil {
		return nil, err
	}
	return o, ctx.Err()
}

// Kinds are what all kinds of ablation did, the leading one first.
func (o *Operation) Kinds() []KindResult {
	return append([]KindResult{{o.Kind, o.Measures, o.Flips, o.Features}}, o.Others...)
}

// operating is an operation under way.
type operating struct {
	*Preparation
	targets []model.Address
	metric  Metric
}

// change is the metric's column under an arm less that of the intact network.
func (e *operating) change(o *Outcomes) []float64 {
	return minus(e.metric.Column(e.Labels, o), e.metric.Column(e.Labels, e.Intact))
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = a[i] - b[i]
	}
	return out
}

// estimates are statistics of n images with their intervals.
func estimates(b stats.Bootstrap, n int, statistics ...stats.Statistic) []Interval {
	out := make([]Interval, len(statistics))
	for k, i := range b.Intervals(n, statistics...) {
		out[k] = Interval{statistics[k](ones(n)), i.Low, i.High}
	}
	return out
}
