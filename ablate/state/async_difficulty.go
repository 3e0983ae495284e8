package state

import (
	"context"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// cuts are the terciles of the synchronous margin over the select images.
func (x *asyncExperiment) cuts(ctx context.Context) (AsyncDifficulty, error) {
	lo, hi := x.set.Range(datasets.Select)
	size := x.set.ImageSize()
	logits, err := x.n.Logits(ctx, x.set.Images[lo*size:hi*size], x.edits, x.Workers)
	if err != nil {
		return AsyncDifficulty{}, err
	}
	var margins []float64
	for row := range slices.Chunk(logits, len(x.n.Classes)) {
		margins = append(margins, float64(say(0, row, model.Answer(row)).margin))
	}
	return AsyncDifficulty{Cuts: [2]float64{stats.Quantile(margins, 1.0/3), stats.Quantile(margins, 2.0/3)}, Select: hi - lo}, nil
}

// correlated is the least number of images that a correlation is given of.
const correlated = 20

// difficulty correlates margins with times, and tests what is said of groups.
func (m *asyncMeasures) difficulty(r *Async) {
	x := m.x
	everyone := slices.Repeat([]bool{true}, m.images)
	correlate := func(images, time string, column []float64, member []bool) {
		if c, ok := m.correlation(column, member); ok {
			c.Images, c.Time = images, time
			r.Difficulty.Correlations = append(r.Difficulty.Correlations, c)
		}
	}
	correlate("all", "decision", m.decision, everyone)
	correlate("all", "settling", m.settling, everyone)
	if c, ok := m.pooled(); ok {
		r.Difficulty.Within = &c
	}
	for c, member := range members(x.settled, len(x.n.Classes)) {
		correlate("settled on "+x.n.Classes[c], "decision", m.decision, member)
	}
	r.Tests = []AsyncTest{
		m.between("decision time by class", x.labels),
		m.between("decision time by settled answer", x.settled),
		{Name: "decision time by margin, within answers", P: probe.Number(m.withinP())},
	}
	var ps []float64
	for _, t := range r.Tests {
		ps = append(ps, float64(t.P))
	}
	for k, p := range stats.BenjaminiHochberg(ps) {
		r.Tests[k].Adjusted = probe.Number(p)
	}
}

// correlation is that of the margin with a time over some images; there is none where either is
// constant.
func (m *asyncMeasures) correlation(column []float64, member []bool) (AsyncCorrelation, bool) {
	var margin, time []float64
	for i, in := range member {
		if in {
			margin, time = append(margin, m.x.margins[i]), append(time, column[i])
		}
	}
	rho := stats.Spearman(margin, time)
	if len(margin) < correlated || math.IsNaN(rho) {
		return AsyncCorrelation{}, false
	}
	low, high := m.x.bootstrap().Interval(len(margin), func(indices []int) float64 {
		a, b := make([]float64, len(indices)), make([]float64, len(indices))
		for k, i := range indices {
			a[k], b[k] = margin[i], time[i]
		}
		return stats.Spearman(a, b)
	})
	return AsyncCorrelation{N: len(margin), Rho: ablate.Interval{Estimate: rho, Low: low, High: high}}, true
}

// between tests whether groups of images differ in their mean decision time: the variance between
// groups against that of shuffled ones.
func (m *asyncMeasures) between(name string, group []int) AsyncTest {
	t := AsyncTest{Name: name, P: probe.Undefined}
	present := slices.Compact(slices.Sorted(slices.Values(group)))
	if len(present) < 2 {
		return t
	}
	if len(m.x.n.Classes) == 2 {
		var e gathered
		t.Difference = m.difference(&e, group)
		e.fill(m.x.bootstrap(), m.images)
	}
	mean := stats.Mean(m.decision)
	spread := func(order []int) float64 {
		sums, held := make([]float64, len(m.x.n.Classes)), make([]float64, len(m.x.n.Classes))
		for i, v := range m.decision {
			g := group[order[i]]
			sums[g] += v - mean
			held[g]++
		}
		total := 0.0
		for g, n := range held {
			if n > 0 {
				total += sums[g] * sums[g] / n
			}
		}
		return total
	}
	t.P = probe.Number(m.extreme(spread(straight(m.images)), nil, spread))
	return t
}

// difference collects, of two groups, the second's mean decision time less the first's; nil if one
// is empty.
func (m *asyncMeasures) difference(e *gathered, group []int) *ablate.Interval {
	is := members(group, 2)
	if count(is[0]) == 0 || count(is[1]) == 0 {
		return nil
	}
	first, second := stats.GroupMean(m.decision, is[0]), stats.GroupMean(m.decision, is[1])
	to := &ablate.Interval{}
	e.add(to, func(counts []float64) float64 { return second(counts) - first(counts) })
	return to
}

// alike groups images with the same settled answer and the same way to go: that begin with it, or not.
func (m *asyncMeasures) alike() []int {
	group := make([]int, m.images)
	for i, changes := range m.changing() {
		if group[i] = 2 * m.x.settled[i]; changes {
			group[i]++
		}
	}
	return group
}

// pooled is the correlation of margin and decision time among images alike: of ranks less the mean
// rank of their group.
func (m *asyncMeasures) pooled() (AsyncCorrelation, bool) {
	group := m.alike()
	of := func(indices []int) float64 {
		margin, time, own := make([]float64, len(indices)), make([]float64, len(indices)), make([]int, len(indices))
		for k, i := range indices {
			margin[k], time[k], own[k] = m.x.margins[i], m.decision[i], group[i]
		}
		return stats.Pearson(within(margin, own), within(time, own))
	}
	rho := of(straight(m.images))
	if m.images < correlated || math.IsNaN(rho) {
		return AsyncCorrelation{}, false
	}
	low, high := m.x.bootstrap().Interval(m.images, of)
	return AsyncCorrelation{Images: "all, within answers", Time: "decision", N: m.images, Rho: ablate.Interval{Estimate: rho, Low: low, High: high}}, true
}

// withinP is the two-sided permutation p of the pooled correlation, margins being shuffled among
// images alike.
func (m *asyncMeasures) withinP() float64 {
	group := m.alike()
	x, y := stats.Standardised(within(m.decision, group)), stats.Standardised(within(m.x.margins, group))
	if x == nil || y == nil {
		return math.NaN()
	}
	size := func(order []int) float64 {
		sum := 0.0
		for i, v := range x {
			sum += v * y[order[i]]
		}
		return math.Abs(sum)
	}
	return m.extreme(size(straight(m.images)), group, size)
}

// within are the ranks of values, less the mean rank of their group.
func within(values []float64, group []int) []float64 {
	ranks := stats.Midranks(values)
	sums, held := map[int]float64{}, map[int]float64{}
	for i, g := range group {
		sums[g] += ranks[i]
		held[g]++
	}
	for i, g := range group {
		ranks[i] -= sums[g] / held[g]
	}
	return ranks
}

// straight are 0 to n-1 in order.
func straight(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// extreme is the p of a statistic that is large where there is something.
func (m *asyncMeasures) extreme(observed float64, strata []int, of func(order []int) float64) float64 {
	count, all := 0, 0
	stats.Permutations{Count: m.x.Permutations, Seed: m.x.Seed, Strata: strata}.Shuffle(m.images, func(order []int) {
		all++
		if of(order) >= observed-1e-9*math.Abs(observed) {
			count++
		}
	})
	return stats.PermutationP(count, all)
}
