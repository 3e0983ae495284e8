package state

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/probe"
)

// pigeonhole draws primes and targets with replacement, each on their own, for intervals that hold
// for other primes and for other targets: A. B. Owen, Annals of Applied Statistics 1:386 (2007),
// where it is shown not to be too narrow for many of either. Primes are drawn within their class.
type pigeonhole struct {
	b       stats.Bootstrap
	classes []int   // of the primes
	primes  []uint8 // resamples × primes
	targets []uint8 // resamples × targets
	held    [2]float64
	n       int
}

func newPigeonhole(b stats.Bootstrap, classes []int, targets int) *pigeonhole {
	of := b
	of.Seed, of.Strata = b.Seed+1, classes
	h := &pigeonhole{b: b, classes: classes, primes: of.Counts(len(classes)), targets: b.Counts(targets), n: targets}
	for _, c := range classes {
		h.held[c]++
	}
	return h
}

// which are the factors that are drawn.
type which int

const (
	drawBoth which = iota
	drawTargets
	drawPrimes
)

// draws are the mean values (primes × targets) over the primes of A and over those of B in every
// resample.
func (h *pigeonhole) draws(values [][]float64, of which) (means [2][]float64) {
	primes := len(values)
	resamples := len(h.targets) / h.n
	plain := make([]float64, primes)
	for p := range values {
		plain[p] = stats.Mean(values[p])
	}
	means[0], means[1] = make([]float64, resamples), make([]float64, resamples)
	for r := range resamples {
		counts := h.targets[r*h.n:][:h.n]
		for p := range values {
			times := 1.0
			if of != drawTargets {
				if times = float64(h.primes[r*primes+p]); times == 0 {
					continue
				}
			}
			mean := plain[p]
			if of != drawPrimes {
				sum := 0.0
				for t, c := range counts {
					sum += float64(c) * values[p][t]
				}
				mean = sum / float64(h.n)
			}
			means[h.classes[p]][r] += times * mean / h.held[h.classes[p]]
		}
	}
	return means
}

// plain are the means over the primes of A and of B.
func (h *pigeonhole) plain(values [][]float64) (means [2]float64) {
	for p := range values {
		means[h.classes[p]] += stats.Mean(values[p]) / h.held[h.classes[p]]
	}
	return means
}

// between takes the second of two columns from the first.
func between(means [2][]float64) []float64 {
	out := make([]float64, len(means[0]))
	for r := range out {
		out[r] = means[0][r] - means[1][r]
	}
	return out
}

// interval is an estimate with the interval of its draws, which it sorts.
func (h *pigeonhole) interval(estimate float64, draws []float64) ablate.Interval {
	i := h.b.Percentiles(draws)
	return ablate.Interval{Estimate: estimate, Low: i.Low, High: i.High}
}

// effect is the mean after primes of A less that after primes of B.
func (h *pigeonhole) effect(values [][]float64, of which) ablate.Interval {
	m := h.plain(values)
	return h.interval(m[0]-m[1], between(h.draws(values, of)))
}

// after is the mean after the primes of each class.
func (h *pigeonhole) after(values [][]float64) (out [2]ablate.Interval) {
	m, draws := h.plain(values), h.draws(values, drawBoth)
	for k := range out {
		out[k] = h.interval(m[k], draws[k])
	}
	return out
}

// exchange is the p of the effect when the primes' classes change places: the unit is the prime, of
// which there is one number, its mean over targets. Differences by rounding count as none.
func exchange(p stats.Permutations, values [][]float64, classes []int) float64 {
	means := make([]float64, len(values))
	size, held := 0.0, [2]float64{}
	for k := range values {
		means[k] = stats.Mean(values[k])
		size = max(size, math.Abs(means[k]))
		held[classes[k]]++
	}
	effect := func(class func(k int) int) float64 {
		var sums [2]float64
		for k, m := range means {
			sums[class(k)] += m
		}
		return math.Abs(sums[0]/held[0] - sums[1]/held[1])
	}
	observed := effect(func(k int) int { return classes[k] }) - 1e-12*size
	extreme, count := 0, 0
	p.Shuffle(len(means), func(order []int) {
		count++
		if effect(func(k int) int { return classes[order[k]] }) >= observed {
			extreme++
		}
	})
	return stats.PermutationP(extreme, count)
}

func (e *priming) primeClasses() (classes []int) {
	for _, p := range e.primes {
		classes = append(classes, p.Class)
	}
	return classes
}

func (e *priming) permutations() stats.Permutations {
	return stats.Permutations{Count: e.Permutations, Seed: e.Seed}
}

// ambiguousShare is the share of targets, those with the smallest |y| at rest, that are looked at apart.
const ambiguousShare = 0.2

// main shows all targets under the states that all primes leave.
func (e *priming) main(ctx context.Context, r *Priming) error {
	states, err := e.usual(e.primeImages())
	if err != nil {
		return err
	}
	s, err := e.show(ctx, "targets", e.pixels, append([]gains{nil}, states...))
	if err != nil {
		return err
	}
	if r.Replay, err = e.replay(ctx, s.y[1:]); err != nil {
		return err
	}
	rest, shift := s.y[0], make([][]float64, len(states))
	for p := range shift {
		shift[p] = make([]float64, len(rest))
		for t := range rest {
			shift[p][t] = s.y[p+1][t] - rest[t]
		}
		e.primes[p].Shift = stats.Mean(shift[p])
	}
	for class, own := range [2]int{0, 1} {
		r.Shifts[class] = make([]float64, len(rest))
		for p := range shift {
			if e.primes[p].Class == own {
				for t, v := range shift[p] {
					r.Shifts[class][t] += v / float64(len(e.ofClass(own)))
				}
			}
		}
	}
	for _, g := range e.groups(rest) {
		if len(g.members) > 0 {
			r.Groups = append(r.Groups, e.group(g.name, rest, shift, g.members))
		}
		if len(g.members) < 30 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("the intervals of %s rest on %d of them and are too narrow", g.name, len(g.members)))
		}
	}
	r.Verdict = r.Groups[0].verdict()
	for _, i := range e.targets {
		r.ClassOf = append(r.ClassOf, slices.Index(e.classes[:], e.Set.Labels[i]))
	}
	r.Answers = e.answers(s)
	for class := range e.classes {
		if n := len(e.ofClass(class)); n < 5 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%d primes of %s: intervals that allow for other primes need more", n, r.Classes[class]))
		}
	}
	return ctx.Err()
}

type primedMembers struct {
	name    string
	members []int // as indices into targets
}

// groups are all targets, the ambiguousShare ones, and those of each class.
func (e *priming) groups(rest []float64) []primedMembers {
	all := make([]int, len(rest))
	for t := range all {
		all[t] = t
	}
	unsure := slices.Clone(all)
	slices.SortStableFunc(unsure, func(a, b int) int { return cmp.Compare(math.Abs(rest[a]), math.Abs(rest[b])) })
	unsure = unsure[:max(1, int(ambiguousShare*float64(len(unsure))))]
	slices.Sort(unsure)
	out := []primedMembers{{"all targets", all}, {"ambiguous targets", unsure}}
	for class, label := range e.classes {
		var own []int
		for t, i := range e.targets {
			if e.Set.Labels[i] == label {
				own = append(own, t)
			}
		}
		out = append(out, primedMembers{"targets of " + e.Set.Classes[e.classes[class]], own})
	}
	return out
}

func (e *priming) group(name string, rest []float64, shift [][]float64, own []int) PrimedGroup {
	g := PrimedGroup{Name: name, N: len(own)}
	part := make([][]float64, len(shift))
	for _, t := range own {
		g.Rest += rest[t] / float64(len(own))
		for p := range shift {
			part[p] = append(part[p], shift[p][t])
		}
	}
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(own))
	g.After, g.Effect = h.after(part), h.effect(part, drawBoth)
	g.OverTargets, g.OverPrimes = h.effect(part, drawTargets), h.effect(part, drawPrimes)
	g.P = probe.Number(exchange(e.permutations(), part, h.classes))
	return g
}

// answers counts what the targets are taken for: the first state is rest.
func (e *priming) answers(s *seen) PrimedAnswers {
	var a PrimedAnswers
	n := float64(len(e.targets))
	saysA := make([][]float64, len(s.answer))
	right := make([]float64, len(s.answer))
	for k, answers := range s.answer {
		saysA[k] = make([]float64, len(answers))
		for t, answer := range answers {
			if answer == e.classes[0] {
				saysA[k][t] = 1
			}
			if answer == e.Set.Labels[e.targets[t]] {
				right[k] += 1 / n
			}
		}
	}
	h := newPigeonhole(e.bootstrap(), e.primeClasses(), len(e.targets))
	a.Rest, a.After, a.Effect = stats.Mean(saysA[0]), h.after(saysA[1:]), h.effect(saysA[1:], drawBoth)
	a.P = probe.Number(exchange(e.permutations(), saysA[1:], h.classes))
	a.Accuracy[0] = right[0]
	for p, prime := range e.primes {
		each := 1 / h.held[prime.Class]
		a.Accuracy[1+prime.Class] += right[1+p] * each
		own, other := e.classes[prime.Class], e.classes[1-prime.Class]
		for t, answer := range s.answer[1+p] {
			switch {
			case answer == s.answer[0][t]:
			case answer == own:
				a.Toward[prime.Class] += each
			case answer == other:
				a.Away[prime.Class] += each
			}
		}
	}
	return a
}
