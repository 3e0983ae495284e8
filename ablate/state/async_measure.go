package state

import (
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
)

// asyncMeasures are the trials of an arm as numbers of images: means over orders.
type asyncMeasures struct {
	x      *asyncExperiment
	trials [][]trial // orders × images
	tick   float64
	images int

	decision, settling, gap, wrong, begins, ever, detour, changes []float64
}

func newAsyncMeasures(x *asyncExperiment, trials [][]trial, tick float64) *asyncMeasures {
	m := &asyncMeasures{x: x, trials: trials, tick: tick, images: len(trials[0])}
	m.decision = m.mean(func(t *trial) float64 { return tick * float64(t.decided()) })
	m.settling = m.mean(func(t *trial) float64 { return tick * float64(t.settled()) })
	m.gap = minus(m.settling, m.decision)
	m.wrong = m.mean(func(t *trial) float64 { return tick * float64(t.wrong()) })
	m.begins = m.mean(func(t *trial) float64 { return oneIf(t.says[0].answer != t.final()) })
	m.ever = m.mean(func(t *trial) float64 { return oneIf(t.decided() > 0) })
	m.detour = m.mean(func(t *trial) float64 { return oneIf(t.detour()) })
	m.changes = m.mean(func(t *trial) float64 { return float64(t.changes()) })
	return m
}

// mean is a number of each image, averaged over its orders.
func (m *asyncMeasures) mean(of func(t *trial) float64) []float64 {
	out := make([]float64, m.images)
	for i := range out {
		for d := range m.trials {
			out[i] += of(&m.trials[d][i])
		}
		out[i] /= float64(len(m.trials))
	}
	return out
}

// each calls see for every trial.
func (m *asyncMeasures) each(see func(image int, t *trial)) {
	for d := range m.trials {
		for i := range m.trials[d] {
			see(i, &m.trials[d][i])
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// gathered are statistics whose intervals come from one bootstrap, and where each belongs.
type gathered struct {
	statistics []stats.Statistic
	to         []*ablate.Interval
}

func (e *gathered) add(to *ablate.Interval, s stats.Statistic) {
	e.statistics, e.to = append(e.statistics, s), append(e.to, to)
}

// fill computes the estimates of n images and their intervals.
func (e *gathered) fill(b stats.Bootstrap, n int) {
	once := slices.Repeat([]float64{1}, n)
	for k, i := range b.Intervals(n, e.statistics...) {
		*e.to[k] = ablate.Interval{Estimate: e.statistics[k](once), Low: i.Low, High: i.High}
	}
}

// fill measures all that one arm tells.
func (m *asyncMeasures) fill(r *Async) {
	x := m.x
	var e gathered
	everyone := slices.Repeat([]bool{true}, m.images)
	all := m.groups(&e, []string{"all"}, [][]bool{everyone})
	e.add(&r.Gap, stats.MeanOf(m.gap))
	r.StartAnswers = make([]int, len(x.n.Classes)+1)
	m.each(func(_ int, t *trial) {
		at := t.says[0].answer
		if at == undecided {
			at = len(x.n.Classes)
		}
		r.StartAnswers[at]++
	})
	right := make([]bool, m.images)
	for i := range right {
		right[i] = x.settled[i] == x.labels[i]
	}
	wrong := not(right)
	r.Accuracy = float64(count(right)) / float64(m.images)
	r.ByClass = m.groups(&e, x.n.Classes, members(x.labels, len(x.n.Classes)))
	r.ByAnswer = m.groups(&e, x.n.Classes, members(x.settled, len(x.n.Classes)))
	r.ByOutcome = m.groups(&e, []string{"right", "wrong"}, [][]bool{right, wrong})
	r.ByStart = m.groups(&e, []string{"begin with their answer", "begin with another"}, [][]bool{not(m.changing()), m.changing()})
	for i, margin := range x.margins {
		r.Dots = append(r.Dots, AsyncDot{margin, m.decision[i], x.settled[i], m.begins[i] == 1})
	}
	cuts := r.Difficulty.Cuts
	var terciles [3][]bool
	for k := range terciles {
		terciles[k] = make([]bool, m.images)
		for i, margin := range x.margins {
			terciles[k][i] = k == tercile(margin, cuts)
		}
	}
	r.ByDifficulty = m.groups(&e, []string{"hard", "medium", "easy"}, terciles[:])
	if slices.Contains(wrong, true) {
		r.Missed = &ablate.Interval{}
		found := m.meanOf(func(image int, t *trial) float64 { return oneIf(t.finds(x.labels[image])) })
		e.add(r.Missed, stats.GroupMean(found, wrong))
	}
	m.layers(&e, r)
	m.course(&e, r)
	e.fill(x.bootstrap(), m.images)
	r.All = all[0]
	r.Decisions, r.Settlings = m.spread((*trial).decided), m.spread((*trial).settled)
	r.Example = m.example()
}

// changing marks the images that begin with another answer than they end with.
func (m *asyncMeasures) changing() []bool {
	out := make([]bool, m.images)
	for i, b := range m.begins {
		out[i] = b == 1
	}
	return out
}

func not(marks []bool) []bool {
	out := make([]bool, len(marks))
	for i, b := range marks {
		out[i] = !b
	}
	return out
}

func both(a, b []bool) []bool {
	out := make([]bool, len(a))
	for i := range out {
		out[i] = a[i] && b[i]
	}
	return out
}

func count(marks []bool) (n int) {
	for _, b := range marks {
		if b {
			n++
		}
	}
	return n
}

// meanOf is mean for what depends on the image, too.
func (m *asyncMeasures) meanOf(of func(image int, t *trial) float64) []float64 {
	out := make([]float64, m.images)
	m.each(func(i int, t *trial) { out[i] += of(i, t) / float64(len(m.trials)) })
	return out
}

// members mark the images of each class.
func members(of []int, classes int) [][]bool {
	out := make([][]bool, classes)
	for c := range out {
		out[c] = make([]bool, len(of))
		for i, k := range of {
			out[c][i] = k == c
		}
	}
	return out
}

// tercile is 0 for the hardest images, whose margin is small.
func tercile(margin float64, cuts [2]float64) int {
	switch {
	case margin <= cuts[0]:
		return 0
	case margin <= cuts[1]:
		return 1
	}
	return 2
}

// groups are the groups that have images.
func (m *asyncMeasures) groups(e *gathered, names []string, member [][]bool) []AsyncGroup {
	var out []AsyncGroup
	var places []int
	for k, name := range names {
		g := AsyncGroup{Name: name}
		others := make([]int, len(m.x.n.Classes))
		m.each(func(i int, t *trial) {
			if member[k][i] {
				for _, c := range t.others() {
					others[c]++
				}
			}
		})
		g.N, g.MustChange = count(member[k]), count(both(member[k], m.changing()))
		if c := slices.Index(others, slices.Max(others)); others[c] > 0 {
			g.Other, g.Others = m.x.n.Classes[c], others[c]
		}
		if g.N > 0 {
			out, places = append(out, g), append(places, k)
		}
	}
	for k := range out { // addresses hold from here on
		g := &out[k]
		for _, c := range []struct {
			to     *ablate.Interval
			column []float64
		}{{&g.Decision, m.decision}, {&g.Settling, m.settling}, {&g.Wrong, m.wrong}, {&g.Begins, m.begins},
			{&g.Ever, m.ever}, {&g.Detour, m.detour}, {&g.Changes, m.changes}} {
			e.add(c.to, stats.GroupMean(c.column, member[places[k]]))
		}
		if g.MustChange > 0 {
			g.Change = &ablate.Interval{}
			e.add(g.Change, stats.GroupMean(m.decision, both(member[places[k]], m.changing())))
		}
	}
	return out
}

func (m *asyncMeasures) layers(e *gathered, r *Async) {
	r.Layers = make([]AsyncLayer, m.x.n.Depth())
	for k := range r.Layers {
		l := &r.Layers[k]
		l.Layer, l.Name, l.Units = k+1, m.x.n.Layer(k+1).Name, m.x.n.Geometry(k + 1).Act[0]
		e.add(&l.Time, stats.MeanOf(m.mean(func(t *trial) float64 { return m.tick * float64(t.moved[k]) })))
	}
}

// coursePoints is about how many moments a time course has, half of them while decisions are made.
const coursePoints = 40

// moments are the ticks of the time course, up to when all but a few trials have settled.
func (m *asyncMeasures) moments() []int {
	upTo := func(of func(*trial) int) int {
		var ticks []float64
		m.each(func(_ int, t *trial) { ticks = append(ticks, float64(of(t))) })
		return int(math.Ceil(stats.Quantile(ticks, 0.99)))
	}
	var ticks []int
	tick := 0
	for _, end := range []int{upTo((*trial).decided), upTo((*trial).settled)} {
		step := max(1, 2*(end-tick)/coursePoints)
		for ; tick <= end; tick += step {
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// course measures the moments.
func (m *asyncMeasures) course(e *gathered, r *Async) {
	moments := m.moments()
	r.Course = make([]AsyncPoint, len(moments))
	for k := range r.Course {
		p, tick := &r.Course[k], moments[k]
		p.Time = m.tick * float64(tick)
		for _, c := range []struct {
			to *ablate.Interval
			of func(image int, t *trial) float64
		}{
			{&p.Accuracy, func(i int, t *trial) float64 { return oneIf(t.at(tick).answer == m.x.labels[i]) }},
			{&p.Final, func(_ int, t *trial) float64 { return oneIf(t.at(tick).answer == t.final()) }},
			{&p.Decided, func(_ int, t *trial) float64 { return oneIf(tick >= t.decided()) }},
			{&p.Settled, func(_ int, t *trial) float64 { return oneIf(tick >= t.settled()) }},
			{&p.Margin, func(_ int, t *trial) float64 { return float64(t.at(tick).margin) }},
		} {
			e.add(c.to, stats.MeanOf(m.meanOf(c.of)))
		}
	}
}

func (m *asyncMeasures) spread(of func(*trial) int) AsyncSpread {
	var all []float64
	m.each(func(_ int, t *trial) { all = append(all, m.tick*float64(of(t))) })
	slices.Sort(all)
	return AsyncSpread{Median: stats.QuantileSorted(all, 0.5), Low: stats.QuantileSorted(all, 0.05), High: stats.QuantileSorted(all, 0.95)}
}

// exampleTracks is how many orders of the example are kept.
const exampleTracks = 5

// example is, of the images that give another answer at some time in every order, the one of median
// decision time; nil if there is none.
func (m *asyncMeasures) example() *AsyncExample {
	var candidates []int
	for i := range m.images {
		if m.ever[i] == 1 {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	slices.SortStableFunc(candidates, func(a, b int) int {
		switch {
		case m.decision[a] < m.decision[b]:
			return -1
		case m.decision[a] > m.decision[b]:
			return 1
		}
		return 0
	})
	i := candidates[(len(candidates)-1)/2]
	index := m.x.images[i]
	x := &AsyncExample{Image: index, Name: m.x.set.Names[index], Label: m.x.labels[i], Answer: m.x.settled[i], Margin: m.x.margins[i]}
	for d := range min(len(m.trials), exampleTracks) {
		var track []Track
		t := &m.trials[d][i]
		for _, s := range t.says {
			track = append(track, Track{m.tick * float64(s.tick), float64(s.margin)})
		}
		x.Tracks = append(x.Tracks, append(track, Track{m.tick * float64(t.settled()), float64(t.says[len(t.says)-1].margin)}))
	}
	return x
}
