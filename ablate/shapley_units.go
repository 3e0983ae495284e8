package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// ShapleyOptions are what Shapley values of units need beside Options.
type ShapleyOptions struct {
	Kind   Kind // Zero or Mean; "" means Zero
	Orders int  // in which units leave, where there are too many for all coalitions; 0 means DefaultOrders
	Images int  // random images of the split to measure on; 0: all
}

// DefaultOrders are 25 pairs of an order and its reverse.
const DefaultOrders = 50

// ShapleyResult has the Shapley values of some units. All values are for a metric turned so that
// more is better: a loss is taken with a minus. φ > 0 means that the unit adds to it.
type ShapleyResult struct {
	Kind    Kind           `json:"kind"`
	Metric  Metric         `json:"metric"`
	Split   datasets.Split `json:"-"`
	Images  int            `json:"images"` // that were run
	Of      int            `json:"split_images"`
	Counted int            `json:"counted_images"` // that the metric counts
	Classes []string       `json:"classes"`
	// Exact: all Coalitions were measured. Otherwise units left in so many Orders.
	Exact      bool `json:"exact"`
	Orders     int  `json:"orders"`
	Coalitions int  `json:"coalitions"` // measured, singles and repetitions included
	// All is v of the intact network, None v with all the units ablated, Total their difference, and
	// Sum what the values add up to.
	All   float64  `json:"v_all"`
	None  float64  `json:"v_none"`
	Total Interval `json:"v_all_minus_v_none"`
	Sum   float64  `json:"sum_of_values"`
	// AtOnce is v with all ablated in one arm, not unit by unit: it must agree with None.
	AtOnce float64 `json:"v_none_at_once"`
	Sham   Sham    `json:"sham"`
	// Units are in descending order of their value.
	Units []ShapleyUnit `json:"units"`
	// Rank is Spearman's correlation of value and single-lesion effect over units.
	Rank      probe.Number `json:"rank_correlation"`
	Resamples int          `json:"bootstrap_resamples"`
	Seed      uint64       `json:"seed"`
	Warnings  []string     `json:"warnings,omitempty"`
}

// ShapleyUnit is one unit. Intervals cover both the images being a sample and, where orders were
// sampled, the orders.
type ShapleyUnit struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"`
	Value   Interval      `json:"value"`
	// SE is the standard error of Value for the orders being a sample; 0 where it is exact.
	SE float64 `json:"standard_error"`
	// Single is what is lost by ablating the unit alone.
	Single Interval `json:"single_lesion"`
	// Difference is Value − Single, image by image.
	Difference Interval     `json:"difference"`
	Verdict    ShapleyMatch `json:"verdict"`
}

// ShapleyMatch says how a unit's value and its single lesion agree.
type ShapleyMatch string

// They disagree where the interval of their difference excludes 0 and, besides, one of them is
// not told from 0, their signs differ, or their intervals do not overlap.
const (
	ShapleyAgrees   ShapleyMatch = "agree"
	ShapleyOpposite ShapleyMatch = "opposite signs"
	ShapleyMissed   ShapleyMatch = "missed by the lesion" // single not told from 0, value is
	ShapleyNothing  ShapleyMatch = "only the lesion"      // value not told from 0, single is
	ShapleyMore     ShapleyMatch = "lesion shows too little"
	ShapleyLess     ShapleyMatch = "lesion shows too much"
)

func (u *ShapleyUnit) judge() {
	value, single := signOf(u.Value), signOf(u.Single)
	apart := u.Value.Low > u.Single.High || u.Single.Low > u.Value.High
	switch {
	case signOf(u.Difference) == 0:
		u.Verdict = ShapleyAgrees
	case value*single < 0:
		u.Verdict = ShapleyOpposite
	case single == 0 && value != 0:
		u.Verdict = ShapleyMissed
	case value == 0 && single != 0:
		u.Verdict = ShapleyNothing
	case apart && math.Abs(u.Value.Estimate) > math.Abs(u.Single.Estimate):
		u.Verdict = ShapleyMore
	case apart:
		u.Verdict = ShapleyLess
	default:
		u.Verdict = ShapleyAgrees
	}
}

// signOf is the sign of what an interval tells from 0, else 0. What rounding errors of
// float32 leave is 0.
func signOf(i Interval) int {
	const rounding = 1e-6
	switch {
	case i.Low > rounding:
		return 1
	case i.High < -rounding:
		return -1
	}
	return 0
}

// Shapley finds the Shapley values of units for the metric that p.Metric names: what each adds to it,
// averaged over all states in which the other units are intact or ablated. See ShapleyResult.
func (p *Preparation) Shapley(ctx context.Context, units []model.Address, o ShapleyOptions) (*ShapleyResult, error) {
	if o.Kind == "" {
		o.Kind = Zero
	}
	if o.Orders == 0 {
		o.Orders = DefaultOrders
	}
	switch {
	case o.Kind != Zero && o.Kind != Mean:
		return nil, fmt.Errorf("ablate: Shapley values under %s ablation (want zero or mean: a coalition must have one value)", o.Kind)
	case len(units) < 2:
		return nil, fmt.Errorf("ablate: Shapley values of %d units (want 2 or more: one alone is a lesion)", len(units))
	case o.Orders < 4 || o.Orders%2 == 1:
		return nil, fmt.Errorf("ablate: %d orders (want an even number, 4 or more: each comes with its reverse)", o.Orders)
	}
	metric, err := ParseMetric(p.Metric, p.Network.Classes)
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if err := p.Network.CheckAddress(u); err != nil {
			return nil, err
		}
	}
	units = slices.Clone(units)
	slices.SortFunc(units, byPlace)

	g := &unitGame{p.Sample(o.Images), metric, o.Kind, units}
	observations := len(g.column(g.Intact))
	if observations == 0 {
		return nil, fmt.Errorf("ablate: none of the %d images counts for %s", g.Images, metric.Name)
	}
	if err := g.sham(ctx); err != nil {
		return nil, err
	}
	var e estimator = exactShapley{len(units)}
	if len(units) > exactPlayers {
		e = antithetic(len(units), o.Orders, p.Seed)
	}
	t, err := play(e, len(units), observations, p.Parts, g.play(ctx))
	if err != nil {
		return nil, err
	}
	r := &ShapleyResult{Kind: o.Kind, Metric: metric, Split: p.Split, Images: g.Images, Of: p.Images, Counted: observations,
		Classes: p.Set.Classes, Exact: len(units) <= exactPlayers, Coalitions: t.Coalitions,
		Resamples: p.Resamples, Seed: p.Seed, Sham: Sham{Images: g.Images, Identical: true}}
	if !r.Exact {
		r.Orders = o.Orders
	}
	if err := r.fill(p, t, units, e); err != nil {
		return nil, err
	}
	r.warn(p.Set.Warnings)
	return r, ctx.Err()
}

// fill works out all numbers from the sums.
func (r *ShapleyResult) fill(p *Preparation, t *tally, units []model.Address, e estimator) error {
	phi, all, none := t.values(e)
	var err error
	if r.Sum, _, err = checkEfficiency(phi, all, none); err != nil {
		return err
	}
	r.All, r.None, r.AtOnce = stats.Mean(all), stats.Mean(none), stats.Mean(t.Alone[1+len(units)])
	columns := [][]float64{minus(all, none)}
	for i := range units {
		single := minus(t.Alone[0], t.Alone[1+i])
		columns = append(columns, phi[i], single, minus(phi[i], single))
	}
	intervals := p.bootstrap().Means(columns...)
	r.Total = estimateOf(columns[0], intervals[0])
	errs := t.standardErrors(len(units))
	var values, singles []float64
	for i, a := range units {
		k := 1 + 3*i
		u := ShapleyUnit{Address: a, Layer: p.Network.Layer(a.Layer).Name, SE: errs[i],
			Value:      widen(estimateOf(columns[k], intervals[k]), errs[i]),
			Single:     estimateOf(columns[k+1], intervals[k+1]),
			Difference: widen(estimateOf(columns[k+2], intervals[k+2]), errs[i])}
		u.judge()
		r.Units = append(r.Units, u)
		values, singles = append(values, u.Value.Estimate), append(singles, u.Single.Estimate)
	}
	r.Rank = probe.Number(stats.Spearman(values, singles))
	slices.SortStableFunc(r.Units, func(a, b ShapleyUnit) int { return cmp.Compare(b.Value.Estimate, a.Value.Estimate) })
	return nil
}

// drift is how far v with all ablated one by one may be from v with all ablated at once, relative to
// v(all) − v(none), before it is a warning.
const drift = 1e-3

func (r *ShapleyResult) warn(set []string) {
	r.Warnings = append(r.Warnings, set...)
	if off := math.Abs(r.AtOnce - r.None); off > drift*max(1e-6, math.Abs(r.Total.Estimate)) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("with all units ablated at once v is %.6g, one by one %.6g: rounding errors are not negligible", r.AtOnce, r.None))
	}
	if r.Counted < 30 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("everything rests on %d images: intervals are too narrow", r.Counted))
	}
	if !r.Exact && r.Orders < 20 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("standard errors rest on %d pairs of orders: they are rough, and the intervals too narrow", r.Orders/2))
	}
	if signOf(r.Total) == 0 {
		r.Warnings = append(r.Warnings, "ablating all the units together has no effect that can be told from 0: shares of it mean little")
	}
}

func estimateOf(column []float64, i stats.Interval) Interval {
	return Interval{stats.Mean(column), i.Low, i.High}
}

// widen adds a second, independent source of error to an interval.
func widen(i Interval, standardError float64) Interval {
	const z = 1.959964
	i.Low = i.Estimate - math.Hypot(i.Estimate-i.Low, z*standardError)
	i.High = i.Estimate + math.Hypot(i.High-i.Estimate, z*standardError)
	return i
}

// unitGame is the game whose players are units of a network: v(S) is the metric with all units not in
// S ablated.
type unitGame struct {
	*Preparation
	metric Metric
	kind   Kind
	units  []model.Address
}

// column is v by image, more always being better.
func (g *unitGame) column(o *Outcomes) []float64 {
	c := g.metric.Column(g.Labels, o)
	if g.metric.Loss {
		for i := range c {
			c[i] = -c[i]
		}
	}
	return c
}

// arms takes units out and puts them back as a walk says; each arm goes on from the one before.
func (g *unitGame) arms(w walk) []model.Arm {
	out := make([]bool, len(g.units))
	first := model.Arm{Edits: []model.Edit{model.Sham(g.units[0])}}
	if len(w.out) > 0 {
		first.Edits = nil
	}
	for _, i := range w.out {
		first.Edits, out[i] = append(first.Edits, g.ablated(i)), true
	}
	arms := []model.Arm{first}
	for _, i := range w.steps {
		edit := g.ablated(i)
		if out[i] {
			edit = model.Sham(g.units[i])
		}
		out[i] = !out[i]
		arms = append(arms, model.Arm{Edits: []model.Edit{edit}, Next: true})
	}
	return arms
}

func (g *unitGame) ablated(i int) model.Edit {
	if g.kind == Mean {
		return g.meanEdit(g.units[i])
	}
	return model.Zero(g.units[i])
}

// sham runs the identity edit on each unit and holds every logit against the intact run.
func (g *unitGame) sham(ctx context.Context) error {
	_, err := g.Preparation.sham(ctx, single(g.units))
	return err
}

// play is the game itself, for play: one of several parts.
func (g *unitGame) play(ctx context.Context) game {
	return func(part, of int, walks []walk, see func(walk, step int, value []float64)) error {
		var arms []model.Arm
		var walkOf, stepOf []int
		for k, w := range walks {
			for step, arm := range g.arms(w) {
				arms, walkOf, stepOf = append(arms, arm), append(walkOf, k), append(stepOf, step)
			}
		}
		q := *g.Preparation
		q.Progress = func(stage string, done, total int) { g.progress(stage, part*total+done, of*total) }
		return q.Sweep(ctx, "coalitions", arms, nil, func(arm int, o *Outcomes) {
			see(walkOf[arm], stepOf[arm], g.column(o))
		})
	}
}
