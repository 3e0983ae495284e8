package ablate

import (
	"context"
	"math"
	"math/rand/v2"

	"neuroprobe/internal/stats"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// test gives every lesion that moved something its p-values.
func (g *grouping) test(ctx context.Context, c changes, kind Kind, p *Preparation, lesions []NeuronLesion) error {
	flips, err := g.signFlips(ctx, &c, p.permutations(), p.Workers)
	if err != nil {
		return err
	}
	contrasts, err := g.contrasts(ctx, &c, p.permutations(), p.Workers)
	if err != nil {
		return err
	}
	kernel.Parallel(p.Workers, len(lesions), func(_, k int) {
		l := &lesions[k]
		if !l.Moved {
			return
		}
		// An average over draws does not flip whole answers.
		if kind == Resample {
			correct, _, _ := c.neuron(k, g.images)
			l.Accuracy.P = probe.Number(p.permutations().SignFlip(float64s(correct)))
		} else {
			l.Accuracy.P = probe.Number(stats.McNemarExact(l.RightToWrong, l.WrongToRight))
		}
		for class := range g.classes {
			l.ByClass[class].P = flips[k][class]
		}
		l.LogitDiff.P = flips[k][len(g.classes)]
		for f := range g.features {
			l.Contrast[f].P = contrasts[k][f]
		}
	})
	return ctx.Err()
}

// permutationsAtOnce is the size of a task; each has a source of randomness of its own, so that
// the number of workers does not matter.
const permutationsAtOnce = 128

// slack is how far below the observed sum another counts as equal, as a part of the sum of all
// sizes: more than float32 sums are off.
const slack = 1e-5

// exactFlips is up to how many differences stats.Permutations.SignFlip is exact and quicker than random signs.
const exactFlips = 16

// randomly runs a task for every so many permutations and adds up, for each of so many
// counters, how often the task found one that was extreme. All neurons see the same
// permutations.
func randomly(ctx context.Context, p stats.Permutations, stream uint64, workers, counters int, task func(seed uint64, permutations int, extreme []int)) ([]int, error) {
	tasks := (p.Count + permutationsAtOnce - 1) / permutationsAtOnce
	seeds, found := make([]uint64, tasks), make([][]int, tasks)
	random := rand.New(rand.NewPCG(p.Seed, stream))
	for t := range seeds {
		seeds[t] = random.Uint64()
	}
	kernel.Parallel(workers, tasks, func(_, t int) {
		found[t] = make([]int, counters)
		if ctx.Err() == nil {
			task(seeds[t], min(permutationsAtOnce, p.Count-t*permutationsAtOnce), found[t])
		}
	})
	sum := make([]int, counters)
	for _, some := range found {
		for k, n := range some {
			sum[k] += n
		}
	}
	return sum, ctx.Err()
}

// signFlips are, for each neuron, the sign-flip p of the logit differences' change on each class
// and, last, on all images: stats.Permutations.SignFlip with signs that all neurons share.
func (g *grouping) signFlips(ctx context.Context, c *changes, p stats.Permutations, workers int) ([][]probe.Number, error) {
	neurons, tests := len(c.Diff)/g.images, len(g.classes)+1
	bound, few := make([]float64, neurons*tests), make([]bool, neurons*tests)
	kernel.Parallel(workers, neurons, func(_, k int) {
		_, _, diff := c.neuron(k, g.images)
		for t := range tests {
			sum, size, moved := 0.0, 0.0, 0
			for _, i := range g.members(t) {
				sum, size = sum+float64(diff[i]), size+math.Abs(float64(diff[i]))
				if diff[i] != 0 {
					moved++
				}
			}
			at := k*tests + t
			bound[at], few[at] = math.Abs(sum)-slack*size, moved <= exactFlips
		}
	})
	cells := make([]kernel.Matrix, len(g.classes))
	for class := range cells {
		cells[class] = g.gather(c.Diff, 0, neurons, g.classes[class])
	}
	extreme, err := randomly(ctx, p, 0x7369676e, workers, neurons*tests, func(seed uint64, permutations int, extreme []int) { // "sign"
		random := rand.New(rand.NewPCG(seed, 0))
		sums := kernel.Dense(make([]float32, permutations*neurons), permutations, neurons)
		total := make([]float32, permutations*neurons)
		for class, images := range g.classes {
			signs := kernel.Dense(make([]float32, permutations*len(images)), permutations, len(images))
			randomSigns(signs.Data, random)
			kernel.Product(sums, signs, cells[class], kernel.Op{TransposeB: true})
			for at, v := range sums.Data {
				total[at] += v
				if k := at%neurons*tests + class; math.Abs(float64(v)) >= bound[k] {
					extreme[k]++
				}
			}
		}
		for at, v := range total {
			if k := at%neurons*tests + tests - 1; math.Abs(float64(v)) >= bound[k] {
				extreme[k]++
			}
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([][]probe.Number, neurons)
	kernel.Parallel(workers, neurons, func(_, k int) {
		_, _, diff := c.neuron(k, g.images)
		for t := range tests {
			at := k*tests + t
			switch images := g.members(t); {
			case len(images) == 0:
				out[k] = append(out[k], probe.Undefined)
			case few[at]: // exact
				var some []float64
				for _, i := range images {
					some = append(some, float64(diff[i]))
				}
				out[k] = append(out[k], probe.Number(p.SignFlip(some)))
			default:
				out[k] = append(out[k], probe.Number(stats.PermutationP(extreme[at], p.Count)))
			}
		}
	})
	return out, ctx.Err()
}

// members are the images of a class, or all after the last class.
func (g *grouping) members(class int) []int {
	if class < len(g.classes) {
		return g.classes[class]
	}
	return g.all
}

// randomSigns fills in 1 and −1, 64 from one number.
func randomSigns(to []float32, random *rand.Rand) {
	bits := uint64(0)
	for i := range to {
		if i%64 == 0 {
			bits = random.Uint64()
		}
		to[i] = 1 - 2*float32(bits&1)
		bits >>= 1
	}
}

// contrasts are, for each neuron, the p of each feature's contrast: how often permuting the
// feature among the images of each class gives one as large, either way. The statistic is
// studentised: contrast² over its estimated variance
//
//	Σ w_c²·(v_with/n_with + v_without/n_without) / (Σ w_c)²,
//
// so that a feature that goes with a larger spread alone, few with it and many without, is not
// taken for one that goes with a larger effect.
//
// A. Janssen, Statistics & Probability Letters 36:9 (1997); E. Chung and J. P. Romano, Annals of
// Statistics 41:484 (2013).
func (g *grouping) contrasts(ctx context.Context, c *changes, p stats.Permutations, workers int) ([][]probe.Number, error) {
	neurons := len(c.Diff) / g.images
	cells := g.centred(c, workers)
	observed := make([]float64, neurons*g.features)
	kernel.Parallel(workers, g.features, func(_, f int) {
		x := kernel.Dense(make([]float32, g.images), 1, g.images)
		for class := range g.classes {
			for _, i := range g.with[class][f] {
				x.Data[i] = 1
			}
		}
		for k, t := range g.studentised(cells, f, x, neurons) {
			observed[k*g.features+f] = t
		}
	})
	extreme, err := randomly(ctx, p, 0x66656174, workers, neurons*g.features, func(seed uint64, permutations int, extreme []int) { // "feat"
		if g.features == 0 {
			return
		}
		orders := make([]int32, 0, permutations*g.images)
		stats.Permutations{Count: permutations, Seed: seed, Strata: g.labels}.Shuffle(g.images, func(order []int) {
			for _, i := range order {
				orders = append(orders, int32(i))
			}
		})
		x := kernel.Dense(make([]float32, len(orders)), permutations, g.images)
		for f := range g.features {
			has := make([]float32, g.images)
			for class := range g.classes {
				for _, i := range g.with[class][f] {
					has[i] = 1
				}
			}
			for at, i := range orders {
				x.Data[at] = has[i]
			}
			for at, t := range g.studentised(cells, f, x, neurons) {
				if k := at%neurons*g.features + f; t >= observed[k]*(1-tied) {
					extreme[k]++
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([][]probe.Number, neurons)
	for k := range out {
		for f := range g.features {
			number := probe.Undefined
			if g.varies(f) {
				number = probe.Number(stats.PermutationP(extreme[k*g.features+f], p.Count))
			}
			out[k] = append(out[k], number)
		}
	}
	return out, nil
}

// tied is how much smaller than the observed one a studentised statistic may be and count as
// equal, as a part of it: more than float32 sums are off.
const tied = 1e-4

// spreadCell is one class: its neurons' changes less their mean, and these squared, neurons ×
// images; squares are the sums of the latter.
type spreadCell struct {
	changes, squared kernel.Matrix
	squares          []float64
}

// centred are the cells of all classes. To take the mean of a class away changes no contrast, and
// keeps the variances exact.
func (g *grouping) centred(c *changes, workers int) []spreadCell {
	neurons := len(c.Diff) / g.images
	cells := make([]spreadCell, len(g.classes))
	for class, images := range g.classes {
		m := g.gather(c.Diff, 0, neurons, images)
		cell := spreadCell{m, kernel.Dense(make([]float32, len(m.Data)), neurons, len(images)), make([]float64, neurons)}
		kernel.Parallel(workers, neurons, func(_, k int) {
			row := m.Data[k*len(images):][:len(images)]
			mean := mean32(row)
			for i, v := range row {
				row[i] = float32(float64(v) - mean)
				cell.squared.Data[k*len(images)+i] = row[i] * row[i]
				cell.squares[k] += float64(row[i]) * float64(row[i])
			}
		})
		cells[class] = cell
	}
	return cells
}

// studentised are, for each row of x, which has a 1 for each image that shows feature f, and for each
// neuron the studentised contrast: rows × neurons. Images that do not vary give 0 where there is
// no contrast, and infinity where there is one.
func (g *grouping) studentised(cells []spreadCell, f int, x kernel.Matrix, neurons int) []float64 {
	contrast, variance := make([]float64, x.Rows*neurons), make([]float64, x.Rows*neurons)
	sum := kernel.Dense(make([]float32, x.Rows*neurons), x.Rows, neurons)
	square := kernel.Dense(make([]float32, x.Rows*neurons), x.Rows, neurons)
	for class, images := range g.classes {
		n1 := float64(len(g.with[class][f]))
		n0 := float64(len(images)) - n1
		w := g.weight(class, f)
		if w == 0 {
			continue
		}
		of := kernel.Dense(make([]float32, x.Rows*len(images)), x.Rows, len(images))
		for r := range x.Rows {
			for j, i := range images {
				of.Data[r*len(images)+j] = x.Data[r*g.images+i]
			}
		}
		kernel.Product(sum, of, cells[class].changes, kernel.Op{TransposeB: true})
		kernel.Product(square, of, cells[class].squared, kernel.Op{TransposeB: true})
		for at, v := range sum.Data {
			s1, q1 := float64(v), float64(square.Data[at])
			m1, m0 := s1/n1, -s1/n0 // the class's sum is 0
			v1, v0 := q1/n1-m1*m1, (cells[class].squares[at%neurons]-q1)/n0-m0*m0
			contrast[at] += w * (m1 - m0)
			variance[at] += w * w * (max(0, v1)/n1 + max(0, v0)/n0)
		}
	}
	for at, d := range contrast {
		if contrast[at] = d * d / variance[at]; math.IsNaN(contrast[at]) {
			contrast[at] = 0
		}
	}
	return contrast
}

// varies tells whether some class has images with a feature and images without it.
func (g *grouping) varies(f int) bool {
	for class := range g.classes {
		if g.weight(class, f) > 0 {
			return true
		}
	}
	return false
}

func float64s(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// correct adjusts every family of tests for their number.
func (s *sweep) correct() {
	for k, kind := range s.Kinds {
		families := map[SweepTest][]*Tested{}
		for i := range s.result.Neurons {
			l := &s.result.Neurons[i].Lesions[k]
			families[TestAccuracy] = append(families[TestAccuracy], &l.Accuracy)
			families[TestLogitDiff] = append(families[TestLogitDiff], &l.LogitDiff)
			families[TestClass] = append(families[TestClass], refs(l.ByClass)...)
			families[TestFeature] = append(families[TestFeature], refs(l.Contrast)...)
		}
		for _, test := range []SweepTest{TestAccuracy, TestLogitDiff, TestClass, TestFeature} {
			if len(families[test]) > 0 {
				s.result.Families = append(s.result.Families, adjustFamily(kind, test, families[test]))
			}
		}
	}
}

func adjustFamily(kind Kind, test SweepTest, all []*Tested) Family {
	f := Family{Kind: kind, Test: test}
	p := make([]float64, len(all))
	for i, t := range all {
		p[i] = float64(t.P)
	}
	for i, adjusted := range stats.BenjaminiHochberg(p) {
		all[i].Adjusted = probe.Number(adjusted)
		switch {
		case !all[i].P.Defined():
			f.LeftOut++
			continue
		case all[i].Significant():
			f.Significant++
		}
		f.Tests++
	}
	return f
}

func refs[T any](all []T) []*T {
	out := make([]*T, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}
