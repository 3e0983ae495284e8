package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// DissociateOptions of a double dissociation.
type DissociateOptions struct {
	Options
	Kind     Kind       // "" is Zero
	Outcomes [2]Outcome // see ParseOutcomes
	// A and B are the units; nil: search them among the hidden units of Layers (nil: all).
	A, B   *model.Address
	Layers []int
}

// dissociationMetrics are those with a value for every image that stands for itself.
var dissociationMetrics = []string{"logit-diff", "accuracy", "cross-entropy"}

// Dissociate asks whether the loss of unit a hurts outcome A more than B while that of b hurts B
// more than A: the double dissociation of H.-L. Teuber (1955), which no difference in how hard the
// outcomes are or in how large the lesions are can explain alone (T. Shallice 1988, ch. 10).
//
// The interaction (Δ_aA − Δ_aB) − (Δ_bA − Δ_bB) is tested by permutation: an image keeps both its
// losses, and which group it belongs to is shuffled over all images (of two classes), or within each
// class (its features, together). That is exact where, if nothing interacts, the difference of the
// two losses is distributed alike in the groups. Intervals are bootstrap intervals over images,
// each group keeping its size.
func Dissociate(ctx context.Context, n *model.Network, set *datasets.Set, o DissociateOptions) (*Dissociation, error) {
	o.Options, o.Kind = o.filled(), cmp.Or(o.Kind, Zero)
	metric, err := ParseMetric(o.Metric, n.Classes)
	if err != nil {
		return nil, err
	}
	if err := CheckDissociationMetric(o.Metric); err != nil {
		return nil, err
	}
	r := &Dissociation{Kind: o.Kind, Metric: metric, Split: o.Split, Outcomes: o.Outcomes,
		Draws: o.Draws, MeanOver: o.MeanOver, Resamples: o.Resamples, Permutations: o.Permutations, Seed: o.Seed}
	if o.A == nil || o.B == nil {
		found, err := o.search(ctx, n, set, metric)
		if err != nil {
			return nil, err
		}
		r.Search = &found
		best := found.Best[0]
		o.A, o.B = &best.A, &best.B
	}
	if *o.A == *o.B {
		return nil, fmt.Errorf("ablate: neuron %v cannot be dissociated from itself", *o.A)
	}
	for _, u := range []model.Address{*o.A, *o.B} {
		if err := n.CheckAddress(u); err != nil {
			return nil, err
		}
	}
	if r.Found = r.Search == nil || r.Search.Best[0].Score > 0; r.Found {
		r.Units = [2]model.Address{*o.A, *o.B}
		if err := r.measure(ctx, n, set, &o); err != nil {
			return nil, err
		}
	}
	r.warn(set)
	return r, ctx.Err()
}

// lostColumns are the contributions lost with each target, on every image; what is within the
// rounding of float32 logits is 0.
func (p *Preparation) lostColumns(ctx context.Context, stage string, kind Kind, metric Metric, targets [][]model.Address, see func(k int, lost []float64)) (Sham, error) {
	sham, err := p.sham(ctx, targets)
	if err != nil {
		return sham, err
	}
	intact := metric.Column(p.Labels, p.Intact)
	return sham, p.Ablate(ctx, stage, kind, targets, func(k int, o *Outcomes) {
		lost := metric.lost(intact, metric.Column(p.Labels, o))
		for i := range lost {
			lost[i] = settled(lost[i], intact[i])
		}
		see(k, lost)
	})
}

// measure fills in the table of losses, its comparisons and the test.
func (r *Dissociation) measure(ctx context.Context, n *model.Network, set *datasets.Set, o *DissociateOptions) error {
	p, err := Prepare(ctx, n, set, o.Options)
	if err != nil {
		return err
	}
	g, err := p.group(&r.Outcomes)
	if err != nil {
		return err
	}
	r.Images = len(g.images)
	var lost [2][]float64
	targets := [][]model.Address{{r.Units[0]}, {r.Units[1]}}
	r.Sham, err = p.lostColumns(ctx, "lesions", r.Kind, r.Metric, targets, func(k int, column []float64) { lost[k] = column })
	if err != nil {
		return err
	}
	for u := range r.Units {
		r.Layers[u] = n.Layer(r.Units[u].Layer).Name
	}
	between := make([]float64, p.Images)
	for i := range between {
		between[i] = settled(lost[0][i]-lost[1][i], lost[0][i], lost[1][i])
	}
	r.compare(p.bootstrap(), g, lost, between)
	r.P = g.permuted(p.permutations(), between)
	r.judge()
	if s := r.Search; s != nil {
		of := func(u int) [2]float64 { return [2]float64{r.Lost[u][0].Estimate, r.Lost[u][1].Estimate} }
		s.Confirmed = scored(r.Units[0], r.Units[1], of(0), of(1))
	}
	return nil
}

// compare fills in the estimates and their intervals, all from the same resamples.
func (r *Dissociation) compare(b stats.Bootstrap, g *membership, lost [2][]float64, between []float64) {
	weight := func(y int) func(int) float64 { return func(k int) float64 { return g.weights[y][k] } }
	apart := func(k int) float64 { return g.weights[0][k] - g.weights[1][k] }

	var columns [][]float64
	var places []*Interval
	add := func(at *Interval, weight func(int) float64, column []float64) {
		places, columns = append(places, at), append(columns, g.scaled(weight, column))
	}
	for u := range r.Units {
		add(&r.Lost[u][0], weight(0), lost[u])
		add(&r.Lost[u][1], weight(1), lost[u])
		add(&r.Within[u], apart, lost[u])
		add(&r.Between[u], weight(u), between)
	}
	add(&r.Interaction, apart, between)
	b.Strata = g.cells
	for k, i := range b.Means(columns...) {
		*places[k] = Interval{stats.Mean(columns[k]), i.Low, i.High}
	}
}

// permuted is the p of the interaction if images change groups within their strata, given the
// difference of the two losses on each image.
func (g *membership) permuted(shuffles stats.Permutations, between []float64) float64 {
	difference, size := make([]float64, len(g.images)), 0.0
	for k, i := range g.images {
		difference[k] = between[i]
		size += math.Abs(between[i]) * (math.Abs(g.weights[0][k]) + math.Abs(g.weights[1][k]))
	}
	interaction := func(order func(k int) int) float64 {
		sum := 0.0
		for k, d := range difference {
			sum += d * (g.weights[0][order(k)] - g.weights[1][order(k)])
		}
		return math.Abs(sum)
	}
	bound := interaction(func(k int) int { return k }) - 1e-12*size
	extreme, count := 0, 0
	shuffles.Strata = g.strata
	shuffles.Shuffle(len(g.images), func(order []int) {
		count++
		if interaction(func(k int) int { return order[k] }) >= bound {
			extreme++
		}
	})
	return stats.PermutationP(extreme, count)
}

// judge finds the outcome that each loss hurts more, and what follows.
func (r *Dissociation) judge() {
	for u := range r.Units {
		r.Hurts[u] = -1
		switch {
		case r.Within[u].Low > 0 && r.Lost[u][0].Low > 0:
			r.Hurts[u] = 0
		case r.Within[u].High < 0 && r.Lost[u][1].Low > 0:
			r.Hurts[u] = 1
		}
	}
	switch a, b := r.Hurts[0], r.Hurts[1]; {
	case a >= 0 && b >= 0 && a != b && r.Between[a].Low > 0 && r.Between[b].High < 0:
		r.Verdict = DoubleDissociation
	case a >= 0 && b >= 0 && a != b:
		r.Verdict = UncrossedDissociation
	case (a >= 0) != (b >= 0):
		r.Verdict = SingleDissociation
	default:
		r.Verdict = NoDissociation
	}
}

// keptPairs is how many of the best pairs a search keeps.
const keptPairs = 10

// warn adds the doubts that belong under the result.
func (r *Dissociation) warn(set *datasets.Set) {
	r.Warnings = append(r.Warnings, set.Warnings...)
	if !r.Found {
		return
	}
	for _, o := range r.Outcomes {
		least, what := o.With, "images"
		if o.Kind == OfFeature && o.Without < o.With {
			least, what = o.Without, "images without it"
		}
		if least < 30 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("outcome %s rests on %d %s: its intervals are too narrow", o.Name, least, what))
		}
	}
	if r.Search != nil && r.Split == datasets.Select {
		r.Warnings = append(r.Warnings, "the pair was searched on the images it is measured on: every number is overstated, and p means nothing")
	}
}
