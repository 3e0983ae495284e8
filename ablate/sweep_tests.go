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

// exactFlips is up to how many differences stats.Permutations.SignFlip is exact, and quick.
const exactFlips = 20

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
// feature among the images of each class gives one as large, either way.
func (g *grouping) contrasts(ctx context.Context, c *changes, p stats.Permutations, workers int) ([][]probe.Number, error) {
	neurons := len(c.Diff) / g.images
	centred, defined := g.centredFeatures()
	bound := make([]float64, neurons*g.features)
	kernel.Parallel(workers, neurons, func(_, k int) {
		_, _, diff := c.neuron(k, g.images)
		for f := range g.features {
			sum, size := 0.0, 0.0
			for i, v := range diff {
				sum, size = sum+float64(centred[f][i])*float64(v), size+math.Abs(float64(v))
			}
			bound[k*g.features+f] = math.Abs(sum) - slack*size
		}
	})
	all := kernel.Dense(c.Diff, neurons, g.images)
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
		sums := kernel.Dense(make([]float32, permutations*neurons), permutations, neurons)
		for f := range g.features {
			for at, i := range orders {
				x.Data[at] = centred[f][i]
			}
			kernel.Product(sums, x, all, kernel.Op{TransposeB: true})
			for at, v := range sums.Data {
				if k := at%neurons*g.features + f; math.Abs(float64(v)) >= bound[k] {
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
			if defined[f] {
				number = probe.Number(stats.PermutationP(extreme[k*g.features+f], p.Count))
			}
			out[k] = append(out[k], number)
		}
	}
	return out, nil
}

// centredFeatures are, for each feature, 1 for images that have it and 0 for others, less the mean
// of the image's class. A feature that is the same throughout every class has no contrast.
func (g *grouping) centredFeatures() (centred [][]float32, defined []bool) {
	for f := range g.features {
		x, varies := make([]float32, g.images), false
		for c, images := range g.classes {
			with := g.with[c][f]
			mean := float32(len(with)) / float32(max(1, len(images)))
			for _, i := range images {
				x[i] = -mean
			}
			for _, i := range with {
				x[i] = 1 - mean
			}
			varies = varies || len(with) > 0 && len(with) < len(images)
		}
		centred, defined = append(centred, x), append(defined, varies)
	}
	return centred, defined
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
		families := map[Test][]*Tested{}
		for i := range s.result.Neurons {
			l := &s.result.Neurons[i].Lesions[k]
			families[TestAccuracy] = append(families[TestAccuracy], &l.Accuracy)
			families[TestLogitDiff] = append(families[TestLogitDiff], &l.LogitDiff)
			families[TestClass] = append(families[TestClass], refs(l.ByClass)...)
			families[TestFeature] = append(families[TestFeature], refs(l.Contrast)...)
		}
		for _, test := range []Test{TestAccuracy, TestLogitDiff, TestClass, TestFeature} {
			if len(families[test]) > 0 {
				s.result.Families = append(s.result.Families, adjust(kind, test, families[test]))
			}
		}
	}
}

func adjust(kind Kind, test Test, all []*Tested) Family {
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
