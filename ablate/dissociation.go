package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

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

// CheckDissociationMetric refuses metrics that do not count every image for itself.
func CheckDissociationMetric(name string) error {
	if !slices.Contains(dissociationMetrics, name) {
		return fmt.Errorf("ablate: metric %s does not fit a dissociation, which picks the images itself (want %s)", name, strings.Join(dissociationMetrics, ", "))
	}
	return nil
}

// ParseOutcomes reads two classes or two features by comma; nothing is the two classes.
func ParseOutcomes(set *datasets.Set, list string) (o [2]Outcome, err error) {
	names := set.Classes
	if list != "" {
		names = strings.Split(list, ",")
	}
	if len(names) != 2 {
		if list == "" {
			return o, fmt.Errorf("ablate: %d classes: which two outcomes? (classes: %s; features: %s)", len(names), strings.Join(set.Classes, ", "), strings.Join(set.Features, ", "))
		}
		return o, fmt.Errorf("ablate: outcomes %q: want two classes or two features", list)
	}
	for k, name := range names {
		name = strings.TrimSpace(name)
		o[k] = Outcome{Name: name, Kind: OfClass, index: slices.Index(set.Classes, name)}
		if o[k].index < 0 {
			o[k].Kind, o[k].index = OfFeature, slices.Index(set.Features, name)
		}
		if o[k].index < 0 {
			return o, fmt.Errorf("ablate: unknown outcome %q (classes: %s; features: %s)", name, strings.Join(set.Classes, ", "), strings.Join(set.Features, ", "))
		}
	}
	switch {
	case o[0].Kind != o[1].Kind:
		return o, fmt.Errorf("ablate: outcomes %q: %s is a %s and %s a %s (want two of a kind)", list, o[0].Name, o[0].Kind, o[1].Name, o[1].Kind)
	case o[0].index == o[1].index:
		return o, fmt.Errorf("ablate: outcomes %q: want two different ones", list)
	}
	return o, nil
}

// membership turns columns over images into outcomes: an outcome is a weighted sum over images.
type membership struct {
	images  []int        // those that count, as places in the split
	weights [2][]float64 // of the outcomes, by image that counts
	strata  []int        // within which images may change groups
	cells   []int        // of images that weigh alike, for the bootstrap
}

// group lays out two outcomes on the images of a split, and counts their images.
func (p *Preparation) group(outcomes *[2]Outcome) (*membership, error) {
	g := &membership{}
	all := [2][]float64{make([]float64, p.Images), make([]float64, p.Images)}
	for k := range outcomes {
		o := &outcomes[k]
		o.With, o.Without = 0, 0
		if o.Kind == OfClass {
			p.weighClass(o, all[k])
		} else {
			p.weighFeature(o, all[k])
		}
		if o.With == 0 {
			switch {
			case o.Kind == OfClass:
				return nil, fmt.Errorf("ablate: the %s split has no image of %s", p.Split, o.Name)
			default:
				return nil, fmt.Errorf("ablate: on the %s split %s is present or absent on whole classes: it cannot be told from the class", p.Split, o.Name)
			}
		}
	}
	type cell struct {
		stratum int
		a, b    float64
	}
	number := map[cell]int{}
	for i, label := range p.Labels {
		a, b := all[0][i], all[1][i]
		if a == 0 && b == 0 {
			continue
		}
		c := cell{0, a, b}
		if outcomes[0].Kind == OfFeature {
			c.stratum = label
		}
		if _, known := number[c]; !known {
			number[c] = len(number)
		}
		g.images, g.strata, g.cells = append(g.images, i), append(g.strata, c.stratum), append(g.cells, number[c])
		g.weights[0], g.weights[1] = append(g.weights[0], a), append(g.weights[1], b)
	}
	return g, nil
}

// weighClass gives the images of a class weights that make a mean of a sum.
func (p *Preparation) weighClass(o *Outcome, weights []float64) {
	for _, label := range p.Labels {
		if label == o.index {
			o.With++
		}
	}
	for i, label := range p.Labels {
		if label == o.index {
			weights[i] = 1 / float64(o.With)
		}
	}
}

// weighFeature gives images with a feature weights above 0 and those without it weights below, so
// that the sum is the difference of means within class, averaged over classes by their images.
func (p *Preparation) weighFeature(o *Outcome, weights []float64) {
	with, without := make([]int, len(p.Set.Classes)), make([]int, len(p.Set.Classes))
	for i, label := range p.Labels {
		if p.Set.HasFeature(p.First+i, o.index) {
			with[label]++
		} else {
			without[label]++
		}
	}
	for c := range with {
		if with[c] > 0 && without[c] > 0 {
			o.With, o.Without = o.With+with[c], o.Without+without[c]
		}
	}
	for i, label := range p.Labels {
		w, wo := with[label], without[label]
		if w == 0 || wo == 0 {
			continue
		}
		share := float64(w+wo) / float64(o.With+o.Without)
		if weights[i] = -share / float64(wo); p.Set.HasFeature(p.First+i, o.index) {
			weights[i] = share / float64(w)
		}
	}
}

// sum is an outcome of a column over all images of the split.
func (g *membership) sum(outcome int, column []float64) float64 {
	total := 0.0
	for k, i := range g.images {
		total += g.weights[outcome][k] * column[i]
	}
	return total
}

// scaled is a column whose mean over the images that count is Σ weight(k)·column[i].
func (g *membership) scaled(weight func(k int) float64, column []float64) []float64 {
	out := make([]float64, len(g.images))
	for k, i := range g.images {
		out[k] = float64(len(g.images)) * weight(k) * column[i]
	}
	return out
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

// search scores every ordered pair of hidden units on select, from an ablation of each unit alone.
func (o *DissociateOptions) search(ctx context.Context, n *model.Network, set *datasets.Set, metric Metric) (DissociationSearch, error) {
	return part(o.Parts, "dissociate-search", func() (DissociationSearch, error) {
		selecting := o.Options
		selecting.Split = datasets.Select
		s := DissociationSearch{}
		p, err := Prepare(ctx, n, set, selecting)
		if err != nil {
			return s, err
		}
		outcomes := o.Outcomes
		g, err := p.group(&outcomes)
		if err != nil {
			return s, err
		}
		rows := p.Rows(o.Layers)
		s.Candidates, s.Layers, s.Images, s.Tried = len(rows), layersOf(rows), len(g.images), len(rows)*(len(rows)-1)
		if len(rows) < 2 {
			return s, fmt.Errorf("ablate: %d hidden unit to search (want 2 or more)", len(rows))
		}
		var lost [][2]float64
		_, err = p.lostColumns(ctx, "searching", o.Kind, metric, rows, func(_ int, column []float64) {
			lost = append(lost, [2]float64{g.sum(0, column), g.sum(1, column)})
		})
		if err != nil {
			return s, err
		}
		for a := range rows {
			for b := range rows {
				if a != b {
					s.Best = keepBest(s.Best, scored(rows[a][0], rows[b][0], lost[a], lost[b]))
				}
			}
		}
		return s, nil
	})
}

func scored(a, b model.Address, lostA, lostB [2]float64) ScoredPair {
	return ScoredPair{a, b, [2][2]float64{lostA, lostB}, min(lostA[0], lostB[1]) - max(0, lostA[1], lostB[0])}
}

// keepBest adds a pair to the best ones, in order; of equal scores the larger damage comes first,
// then the lower address, in which order the pairs come.
func keepBest(best []ScoredPair, x ScoredPair) []ScoredPair {
	order := func(x, y ScoredPair) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Lost[0][0]+y.Lost[1][1], x.Lost[0][0]+x.Lost[1][1]))
	}
	at := len(best)
	for at > 0 && order(x, best[at-1]) < 0 {
		at--
	}
	if at == keptPairs {
		return best
	}
	best = slices.Insert(best, at, x)
	return best[:min(len(best), keptPairs)]
}

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
