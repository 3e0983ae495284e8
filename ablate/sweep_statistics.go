package ablate

import (
	"context"

	"neuroprobe/internal/stats"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// grouping is which images of a split belong together: those of a class, and of these those with
// each feature. Every statistic of a sweep is made of sums over these cells, and a sum for each of
// many resamples and many neurons is a matrix product.
type grouping struct {
	images, features int
	labels           []int
	all              []int     // every image
	classes          [][]int   // the images of each class
	with             [][][]int // the images of each class with each feature
}

func newGrouping(p *Preparation) *grouping {
	g := &grouping{images: p.Images, features: len(p.Set.Features), labels: p.Labels,
		classes: make([][]int, len(p.Set.Classes)), with: make([][][]int, len(p.Set.Classes))}
	for c := range g.with {
		g.with[c] = make([][]int, g.features)
	}
	for i, c := range p.Labels {
		g.all = append(g.all, i)
		g.classes[c] = append(g.classes[c], i)
		for f := range g.features {
			if p.Set.HasFeature(p.First+i, f) {
				g.with[c][f] = append(g.with[c][f], i)
			}
		}
	}
	return g
}

// sums are a neuron's sums over the cells of one resample.
type sums struct {
	count               []float64 // by class: images drawn
	correct, loss, diff []float64 // by class
	countWith           []float64 // by class and feature
	diffWith            []float64
}

func (g *grouping) newSums() *sums {
	c := len(g.classes)
	return &sums{make([]float64, c), make([]float64, c), make([]float64, c), make([]float64, c), make([]float64, c*g.features), make([]float64, c*g.features)}
}

// size is how many statistics there are.
func (g *grouping) size() int { return 4 + 2*len(g.classes) + 2*g.features }

// statistics are, from sums: the changes of accuracy, balanced accuracy, cross-entropy and logit
// difference; for each class those of its recall and of the logit difference on its images; for
// each feature the change of the logit difference on images with it, and the contrast
//
//	Σ w_c·(mean with − mean without) / Σ w_c,   w_c = with_c·without_c/n_c,
//
// over classes c: the slope of a regression on the feature with an intercept for each class. The
// weights are those of the images themselves in every resample, as in every permutation: they
// belong to the design. What has no image is NaN.
func (g *grouping) statistics(s *sums, out []float64) {
	var images, correct, loss, diff, balanced float64
	for c, n := range s.count {
		images, correct, loss, diff = images+n, correct+s.correct[c], loss+s.loss[c], diff+s.diff[c]
		out[4+2*c], out[5+2*c] = s.correct[c]/n, s.diff[c]/n
		balanced += s.correct[c] / n
	}
	out[0], out[1], out[2], out[3] = correct/images, balanced/float64(len(s.count)), loss/images, diff/images
	for f := range g.features {
		var with, sumWith, above, below float64
		for c, n := range s.count {
			k := c*g.features + f
			n1, s1 := s.countWith[k], s.diffWith[k]
			with, sumWith = with+n1, sumWith+s1
			if w := g.weight(c, f); w > 0 {
				above += w * (s1/n1 - (s.diff[c]-s1)/(n-n1))
				below += w
			}
		}
		at := 4 + 2*len(s.count) + 2*f
		out[at], out[at+1] = sumWith/with, above/below
	}
}

// weight is that of a class in a feature's contrast: with·without/n images.
func (g *grouping) weight(class, f int) float64 {
	n, with := float64(len(g.classes[class])), float64(len(g.with[class][f]))
	if n == 0 {
		return 0
	}
	return with * (n - with) / n
}

// estimate are the statistics of one neuron on the images themselves.
func (g *grouping) estimate(correct, loss, diff []float32) []float64 {
	s := g.newSums()
	add := func(images []int, values []float32) float64 {
		sum := 0.0
		for _, i := range images {
			sum += float64(values[i])
		}
		return sum
	}
	for c, images := range g.classes {
		s.count[c] = float64(len(images))
		s.correct[c], s.loss[c], s.diff[c] = add(images, correct), add(images, loss), add(images, diff)
		for f, with := range g.with[c] {
			s.countWith[c*g.features+f], s.diffWith[c*g.features+f] = float64(len(with)), add(with, diff)
		}
	}
	out := make([]float64, g.size())
	g.statistics(s, out)
	return out
}

// The sizes of a task. They do not depend on the number of workers, and so neither does any sum.
const (
	neuronsAtOnce   = 256
	resamplesAtOnce = 125
)

// intervals are the bootstrap intervals of every statistic of every neuron, neurons × size.
func (g *grouping) intervals(ctx context.Context, c *changes, b stats.Bootstrap, workers int, progress func(done, total int)) ([]stats.Interval, error) {
	counts := b.Counts(g.images)
	resamples, neurons, size := len(counts)/g.images, len(c.Diff)/g.images, g.size()
	out := make([]stats.Interval, neurons*size)
	for first := 0; first < neurons; first += neuronsAtOnce {
		some := min(neuronsAtOnce, neurons-first)
		values := make([]float32, some*size*resamples)
		cells := g.cells(c, first, some)
		tasks := (resamples + resamplesAtOnce - 1) / resamplesAtOnce
		kernel.Parallel(workers, tasks, func(_, task int) {
			if ctx.Err() != nil {
				return
			}
			lo, hi := task*resamplesAtOnce, min((task+1)*resamplesAtOnce, resamples)
			g.resample(cells, counts[lo*g.images:hi*g.images], some, func(r, neuron int, v []float64) {
				for k, x := range v {
					values[(neuron*size+k)*resamples+lo+r] = float32(x)
				}
			})
		})
		kernel.Parallel(workers, some, func(_, neuron int) {
			if ctx.Err() != nil {
				return
			}
			column := make([]float64, resamples)
			for k := range size {
				for r := range column {
					column[r] = float64(values[(neuron*size+k)*resamples+r])
				}
				out[(first+neuron)*size+k] = b.Percentiles(column)
			}
		})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		progress(first+some, neurons)
	}
	return out, nil
}

// cell is one of the groups of images with its neurons' changes, neurons × its images; Correct and
// Loss only where the cell is a class.
type cell struct {
	images              []int
	correct, loss, diff kernel.Matrix
}

// cells are those of the classes, each followed by those of its features.
func (g *grouping) cells(c *changes, first, neurons int) []cell {
	var all []cell
	gather := func(from []float32, images []int) kernel.Matrix { return g.gather(from, first, neurons, images) }
	for class, images := range g.classes {
		all = append(all, cell{images, gather(c.Correct, images), gather(c.Loss, images), gather(c.Diff, images)})
		for _, with := range g.with[class] {
			all = append(all, cell{images: with, diff: gather(c.Diff, with)})
		}
	}
	return all
}

// gather are the changes of some neurons on some images.
func (g *grouping) gather(from []float32, first, neurons int, images []int) kernel.Matrix {
	m := kernel.Dense(make([]float32, neurons*len(images)), neurons, len(images))
	for k := range neurons {
		row := from[(first+k)*g.images:]
		for j, i := range images {
			m.Data[k*len(images)+j] = row[i]
		}
	}
	return m
}

// resample computes the statistics of some resamples, given how often each image is drawn.
func (g *grouping) resample(cells []cell, counts []uint8, neurons int, see func(resample, neuron int, values []float64)) {
	resamples := len(counts) / g.images
	type drawn struct {
		count               []float64
		correct, loss, diff []float32 // resamples × neurons
	}
	all := make([]drawn, len(cells))
	for k, c := range cells {
		x := kernel.Dense(make([]float32, resamples*len(c.images)), resamples, len(c.images))
		d := drawn{count: make([]float64, resamples)}
		for r := range resamples {
			row := counts[r*g.images:]
			for j, i := range c.images {
				x.Data[r*len(c.images)+j] = float32(row[i])
				d.count[r] += float64(row[i])
			}
		}
		product := func(m kernel.Matrix) []float32 {
			out := make([]float32, resamples*neurons)
			kernel.Product(kernel.Dense(out, resamples, neurons), x, m, kernel.Op{TransposeB: true})
			return out
		}
		if d.diff = product(c.diff); c.correct.Rows > 0 {
			d.correct, d.loss = product(c.correct), product(c.loss)
		}
		all[k] = d
	}
	s, values := g.newSums(), make([]float64, g.size())
	for r := range resamples {
		for neuron := range neurons {
			at := r*neurons + neuron
			for class := range g.classes {
				of := all[class*(1+g.features):][:1+g.features]
				s.count[class], s.correct[class], s.loss[class], s.diff[class] = of[0].count[r], float64(of[0].correct[at]), float64(of[0].loss[at]), float64(of[0].diff[at])
				for f, d := range of[1:] {
					s.countWith[class*g.features+f], s.diffWith[class*g.features+f] = d.count[r], float64(d.diff[at])
				}
			}
			g.statistics(s, values)
			see(r, neuron, values)
		}
	}
}

// measure makes a lesion of each neuron's changes: estimates, intervals and p-values.
func (g *grouping) measure(ctx context.Context, c changes, kind Kind, p *Preparation) ([]NeuronLesion, error) {
	stage := "statistics of " + string(kind) + " ablation"
	// Two thirds of the time are the bootstrap's.
	intervals, err := g.intervals(ctx, &c, p.bootstrap(), p.Workers, func(done, total int) { p.progress(stage, 2*done, 3*total) })
	if err != nil {
		return nil, err
	}
	neurons, size := len(c.Diff)/g.images, g.size()
	lesions := make([]NeuronLesion, neurons)
	kernel.Parallel(p.Workers, neurons, func(_, k int) {
		correct, loss, diff := c.neuron(k, g.images)
		l := g.shape(g.estimate(correct, loss, diff))
		for j, place := range l.places() {
			place.Low, place.High = probe.Number(intervals[k*size+j].Low), probe.Number(intervals[k*size+j].High)
		}
		l.Kind = kind
		for i := range diff {
			l.Moved = l.Moved || diff[i] != 0 || loss[i] != 0
			switch {
			case correct[i] < 0:
				l.RightToWrong++
			case correct[i] > 0:
				l.WrongToRight++
			}
		}
		lesions[k] = l
	})
	if err := g.test(ctx, c, kind, p, lesions); err != nil {
		return nil, err
	}
	p.progress(stage, 3*neurons, 3*neurons)
	return lesions, nil
}
