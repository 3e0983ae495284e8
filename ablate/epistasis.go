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
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// MaxPairUnits bounds the units whose pairs are measured at once: 64 units have 2,016 pairs.
const MaxPairUnits = 64

// PairsOptions of an experiment on pairs.
type PairsOptions struct {
	Options
	Kind    Kind            // "" is Zero
	Neurons []model.Address // the units whose pairs are measured; nil: the Top strongest of Layers
	Top     int
	Layers  []int // nil: all hidden ones
}

// Pairs measures the epistasis of all pairs of some units on a metric,
//
//	ε = Δ(ab) − Δ(a) − Δ(b),   Δ the contribution lost (see Epistasis),
//
// image by image. Its interval is a paired bootstrap over images, its p a sign-flip test, adjusted
// for the number of pairs. Lesions of one unit at a time are blind to redundancy: both inputs of a
// perfect OR have Δ = 0 alone, and ε is all there is to see.
//
// ε depends on the scale of the metric: what adds up in logits does not in accuracy. It is the
// departure from additivity of R. A. Fisher (1918), "epistacy".
func Pairs(ctx context.Context, n *model.Network, set *datasets.Set, o PairsOptions) (*Epistasis, error) {
	o.Options, o.Kind = o.filled(), cmp.Or(o.Kind, Zero)
	metric, err := ParseMetric(o.Metric, n.Classes)
	if err != nil {
		return nil, err
	}
	r := &Epistasis{Kind: o.Kind, Metric: metric, Split: o.Split, Draws: o.Draws, MeanOver: o.MeanOver, Resamples: o.Resamples, Seed: o.Seed}
	units := slices.Clone(o.Neurons)
	if units == nil {
		if r.Choice, err = o.choose(ctx, n, set, metric); err != nil {
			return nil, err
		}
		for _, u := range r.Choice.Units {
			units = append(units, u.Address)
		}
	}
	if err := CheckPairUnits(n, units); err != nil {
		return nil, err
	}
	slices.SortFunc(units, byPlace)
	p, err := Prepare(ctx, n, set, o.Options)
	if err != nil {
		return nil, err
	}
	if r.Sham, err = p.sham(ctx, single(units)); err != nil {
		return nil, err
	}
	e := &pairing{Preparation: p, metric: metric, kind: o.Kind, units: units, intact: metric.Column(p.Labels, p.Intact)}
	if r.Images = len(e.intact); r.Images == 0 {
		return nil, fmt.Errorf("ablate: no image of the %s split counts for the metric %s", o.Split, metric.Name)
	}
	r.Intact = stats.Mean(e.intact)
	if err := e.measure(ctx, r); err != nil {
		return nil, err
	}
	r.warn(set)
	return r, ctx.Err()
}

// CheckPairUnits tells whether the pairs of these units can be measured.
func CheckPairUnits(n *model.Network, units []model.Address) error {
	switch k := len(units); {
	case k < 2:
		return fmt.Errorf("ablate: %d unit makes no pair (want 2 to %d)", k, MaxPairUnits)
	case k > MaxPairUnits:
		return fmt.Errorf("ablate: %d units have %d pairs (want at most %d units)", k, k*(k-1)/2, MaxPairUnits)
	}
	for _, u := range units {
		if err := n.CheckAddress(u); err != nil {
			return err
		}
	}
	return nil
}

// byPlace orders addresses by layer, unit and position.
func byPlace(a, b model.Address) int {
	return cmp.Or(a.Layer-b.Layer, a.Unit-b.Unit, a.Row-b.Row, a.Col-b.Col)
}

// choose finds the units whose loss alone changes the metric most on select.
func (o *PairsOptions) choose(ctx context.Context, n *model.Network, set *datasets.Set, metric Metric) (*PairsChoice, error) {
	if o.Top < 2 || o.Top > MaxPairUnits {
		return nil, fmt.Errorf("ablate: pairs of the %d strongest units (want 2 to %d)", o.Top, MaxPairUnits)
	}
	c, err := Part(o.Parts, "pairs-choice", func() (PairsChoice, error) {
		selecting := o.Options
		selecting.Split = datasets.Select
		p, err := Prepare(ctx, n, set, selecting)
		if err != nil {
			return PairsChoice{}, err
		}
		rows := p.Rows(o.Layers)
		if _, err := p.sham(ctx, rows); err != nil {
			return PairsChoice{}, err
		}
		intact := metric.Column(p.Labels, p.Intact)
		c := PairsChoice{Candidates: len(rows), Layers: layersOf(rows), Images: len(intact)}
		if c.Images == 0 {
			return c, fmt.Errorf("ablate: no image of the select split counts for the metric %s", metric.Name)
		}
		err = p.Ablate(ctx, "choosing units", Zero, rows, func(k int, outcomes *Outcomes) {
			lost := metric.lost(intact, metric.Column(p.Labels, outcomes))
			c.Units = append(c.Units, ChosenUnit{rows[k][0], stats.Mean(lost)})
		})
		return c, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.Units, func(a, b ChosenUnit) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Lost), math.Abs(a.Lost)), byPlace(a.Address, b.Address))
	})
	c.Units = c.Units[:min(o.Top, len(c.Units))]
	return &c, nil
}

func layersOf(rows [][]model.Address) (layers []int) {
	for _, r := range rows {
		layers = append(layers, r[0].Layer)
	}
	return slices.Compact(layers)
}

// lost is the contribution that an ablation takes away, of every image that counts.
func (m Metric) lost(intact, ablated []float64) []float64 {
	out := make([]float64, len(intact))
	for i := range out {
		if out[i] = intact[i] - ablated[i]; m.Loss {
			out[i] = -out[i]
		}
	}
	return out
}

// pairing is the measurement of all pairs of units.
type pairing struct {
	*Preparation
	metric Metric
	kind   Kind
	units  []model.Address
	intact []float64   // the metric on each image that counts
	lostOf [][]float64 // contribution lost with each unit
	single []SingleLoss
	flips  stats.Permutations
}

// pairBlock is as many pairs as are tested, and kept on disk, at a time.
type pairBlock struct {
	name  string
	pairs [][2]int
	lost  [][]float64 // contribution lost with both
}

const pairsABlock = 64

// testedTogether is how many pairs share the drawing of resamples.
const testedTogether = 8

// measure ablates every unit and every pair, and fills in what that says.
func (e *pairing) measure(ctx context.Context, r *Epistasis) error {
	var targets [][]model.Address
	for _, u := range e.units {
		targets = append(targets, []model.Address{u})
	}
	pairs := pairsOf(len(e.units))
	// No pair could pass the correction alone if p could not fall below 0.05/pairs.
	e.flips = stats.Permutations{Count: max(e.Permutations, 20*len(pairs)), Seed: e.Seed}
	r.Permutations = e.flips.Count

	var todo []*pairBlock
	for k := 0; k*pairsABlock < len(pairs); k++ {
		b := &pairBlock{name: fmt.Sprintf("pairs-%d", k), pairs: pairs[k*pairsABlock : min((k+1)*pairsABlock, len(pairs))]}
		if e.Parts != nil {
			var kept []PairLoss
			if found, err := e.Parts.Load(b.name, &kept); err != nil {
				return err
			} else if found {
				r.Pairs = append(r.Pairs, kept...)
				continue
			}
		}
		todo = append(todo, b)
		for _, ab := range b.pairs {
			targets = append(targets, []model.Address{e.units[ab[0]], e.units[ab[1]]})
		}
	}
	var failed error
	ran := e.Ablate(ctx, "pairs", e.kind, targets, func(k int, o *Outcomes) {
		lost := e.metric.lost(e.intact, e.metric.Column(e.Labels, o))
		if k < len(e.units) {
			e.lostOf = append(e.lostOf, lost)
			return
		}
		if e.single == nil {
			e.summarise()
		}
		b := todo[0]
		if b.lost = append(b.lost, lost); len(b.lost) < len(b.pairs) || failed != nil {
			return
		}
		todo = todo[1:]
		e.progress("testing pairs", len(r.Pairs), len(pairs))
		found, err := Part(e.Parts, b.name, func() ([]PairLoss, error) { return e.test(b), ctx.Err() })
		r.Pairs, failed = append(r.Pairs, found...), err
	})
	if err := cmp.Or(failed, ran); err != nil {
		return err
	}
	if e.single == nil {
		e.summarise()
	}
	r.Singles = e.single
	r.judge()
	return nil
}

// pairsOf are all pairs of n things.
func pairsOf(n int) (pairs [][2]int) {
	for a := range n {
		for b := a + 1; b < n; b++ {
			pairs = append(pairs, [2]int{a, b})
		}
	}
	return pairs
}

// summarise computes the numbers of the units alone.
func (e *pairing) summarise() {
	for k, i := range e.bootstrap().Means(e.lostOf...) {
		u := e.units[k]
		e.single = append(e.single, SingleLoss{u, e.Network.Layer(u.Layer).Name, Interval{stats.Mean(e.lostOf[k]), i.Low, i.High}})
	}
}

// test computes the numbers of a block's pairs.
func (e *pairing) test(b *pairBlock) []PairLoss {
	out := make([]PairLoss, len(b.pairs))
	kernel.Parallel(e.Workers, (len(out)+testedTogether-1)/testedTogether, func(_, task int) {
		lo := task * testedTogether
		hi := min(lo+testedTogether, len(out))
		e.testSome(b.pairs[lo:hi], b.lost[lo:hi], out[lo:hi])
	})
	b.lost = nil
	return out
}

// testSome computes the numbers of pairs, given the contribution lost with both units of each.
func (e *pairing) testSome(pairs [][2]int, lost [][]float64, out []PairLoss) {
	const columnsAPair = 4
	var columns [][]float64
	for k, at := range pairs {
		columns = append(columns, lost[k])
		columns = append(columns, e.columns(e.lostOf[at[0]], e.lostOf[at[1]], lost[k])...)
	}
	intervals := e.bootstrap().Means(columns...)
	for k, at := range pairs {
		column, interval := columns[columnsAPair*k:], intervals[columnsAPair*k:]
		estimate := func(c int) Interval { return Interval{stats.Mean(column[c]), interval[c].Low, interval[c].High} }
		a, b := e.single[at[0]], e.single[at[1]]
		x := PairLoss{A: a.Address, B: b.Address, LostA: a.Lost.Estimate, LostB: b.Lost.Estimate, Lost: estimate(0), Epistasis: estimate(1),
			Share: probe.Undefined, P: e.flips.SignFlip(column[1]), Class: Additive,
			ReversesA: opposed(a.Lost, estimate(2)), ReversesB: opposed(b.Lost, estimate(3)),
			Exact: !slices.ContainsFunc(column[1], func(v float64) bool { return v != 0 })}
		if x.Lost.excludesZero() {
			x.Share = probe.Number(math.Abs(x.Epistasis.Estimate / x.Lost.Estimate))
		}
		switch {
		case x.Epistasis.Low > 0:
			x.Class = Buffering
		case x.Epistasis.High < 0:
			x.Class = Synergistic
		}
		out[k] = x
	}
}

// columns are, image by image, the epistasis of units a and b, what the loss of a costs once b is
// lost, and the reverse.
func (e *pairing) columns(a, b, both []float64) [][]float64 {
	epsilon, aWithoutB, bWithoutA := make([]float64, len(a)), make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		epsilon[i] = settled(both[i]-a[i]-b[i], e.intact[i], a[i], b[i], both[i])
		aWithoutB[i], bWithoutA[i] = both[i]-b[i], both[i]-a[i]
	}
	return [][]float64{epsilon, aWithoutB, bWithoutA}
}

// settled is an image's epistasis, or 0 where it is within the rounding of float32 logits: in a
// network that adds up, sums of rounding errors must not look like an interaction.
func settled(epsilon float64, values ...float64) float64 {
	size := 1.0
	for _, v := range values {
		size = max(size, math.Abs(v))
	}
	if math.Abs(epsilon) <= 1e-5*size {
		return 0
	}
	return epsilon
}

// excludesZero tells whether the interval lies wholly on one side of 0.
func (i Interval) excludesZero() bool { return i.Low > 0 || i.High < 0 }

// opposed tells whether two numbers have opposite signs, as far as their intervals show.
func opposed(a, b Interval) bool { return a.Low > 0 && b.High < 0 || a.High < 0 && b.Low > 0 }

// judge corrects for the number of pairs, sorts and counts them.
func (r *Epistasis) judge() {
	p := make([]float64, len(r.Pairs))
	for k := range p {
		p[k] = r.Pairs[k].P
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		x := &r.Pairs[k]
		x.Adjusted, x.Significant = adjusted, adjusted < probe.Alpha && x.Class != Additive
		if x.Significant {
			r.Interacting++
		}
		if x.Exact {
			r.Exact++
		}
	}
	slices.SortStableFunc(r.Pairs, func(x, y PairLoss) int {
		return cmp.Or(cmp.Compare(math.Abs(y.Epistasis.Estimate), math.Abs(x.Epistasis.Estimate)), byPlace(x.A, y.A), byPlace(x.B, y.B))
	})
}

// warn adds the doubts that belong under the result.
func (r *Epistasis) warn(set *datasets.Set) {
	r.Warnings = append(r.Warnings, set.Warnings...)
	if r.Images < 30 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("every number rests on %d images: the intervals are too narrow", r.Images))
	}
	if r.Choice != nil && r.Split == datasets.Select {
		r.Warnings = append(r.Warnings, "the units were chosen on the images they are measured on: single losses are overstated")
	}
	if r.Choice != nil && len(r.Choice.Units) > 0 && r.Choice.Units[len(r.Choice.Units)-1].Lost == 0 {
		r.Warnings = append(r.Warnings, "some chosen units change nothing on select: fewer units than asked for have an effect alone")
	}
}
