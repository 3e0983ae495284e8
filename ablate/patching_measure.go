package ablate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// tinyShare: a pair whose |clean − corrupted| is below this share of the median one is left out.
const tinyShare = 0.05

// kept are the pairs that differ enough for a ratio, and the threshold.
func kept(total []float64) (places []int, threshold float64) {
	sizes := make([]float64, len(total))
	for i, d := range total {
		sizes[i] = math.Abs(d)
	}
	threshold = tinyShare * stats.Quantile(sizes, 0.5)
	for i, d := range sizes {
		if d > 0 && d >= threshold {
			places = append(places, i)
		}
	}
	return places, threshold
}

// patchArm is what is patched at once. With own, the activations are the run's own: a sham.
type patchArm struct {
	units []model.Address
	own   bool
}

// patchRun has y by pair, unpatched, and by arm and pair, patched.
type patchRun struct {
	plain   []float64
	patched [][]float64
}

// patchRun patches activations of one run of the pairs into another.
func (p *Preparation) patchRun(ctx context.Context, stage string, q *patchPairs, into, from []float32, arms []patchArm) (*patchRun, error) {
	pairs, classes := len(q.speaksFor), len(p.Network.Classes)
	r := &patchRun{plain: make([]float64, pairs)}
	var list []model.Arm
	for _, a := range arms {
		arm := model.Arm{Patches: a.units}
		if a.own {
			arm.Source = 1
		}
		list = append(list, arm)
		r.patched = append(r.patched, make([]float64, pairs))
	}
	o := model.SweepOptions{Sources: []model.Source{{Images: from}, {Images: into}}, Workers: p.Workers, Memory: p.Memory / 2,
		Progress: func(done, total int) { p.progress(stage, done, total) }}
	err := p.Network.Sweep(ctx, into, list, o, func(b model.SweepBatch) {
		for i := range b.Images {
			pair := b.First + i
			r.plain[pair] = q.y(pair, b.Intact[i*classes:(i+1)*classes])
			for k := range list {
				r.patched[k][pair] = q.y(pair, b.Logits[(k*b.Images+i)*classes:(k*b.Images+i+1)*classes])
			}
		}
	})
	return r, err
}

// patchColumns are what patching did to the kept pairs, by arm: what denoising gave back and noising
// took away of total, all by pair.
type patchColumns struct {
	denoise, noise [][]float64
	clean, corrupt []float64 // y of all pairs
	total          []float64 // clean − corrupted of the kept ones
	kept           []int
	threshold      float64
	runs           [2]*patchRun // denoising, noising
}

// patchBoth runs the arms in both directions.
func (p *Preparation) patchBoth(ctx context.Context, stage string, q *patchPairs, arms []patchArm) (*patchColumns, error) {
	denoised, err := p.patchRun(ctx, stage+" denoising", q, q.corrupted, q.clean, arms)
	if err != nil {
		return nil, err
	}
	noised, err := p.patchRun(ctx, stage+" noising", q, q.clean, q.corrupted, arms)
	if err != nil {
		return nil, err
	}
	c := &patchColumns{clean: noised.plain, corrupt: denoised.plain, runs: [2]*patchRun{denoised, noised}}
	all := minus(c.clean, c.corrupt)
	c.kept, c.threshold = kept(all)
	c.total = pick(all, c.kept)
	for k := range arms {
		c.denoise = append(c.denoise, pick(minus(denoised.patched[k], c.corrupt), c.kept))
		c.noise = append(c.noise, pick(minus(c.clean, noised.patched[k]), c.kept))
	}
	return c, nil
}

func pick(column []float64, places []int) []float64 {
	out := make([]float64, len(places))
	for k, i := range places {
		out[k] = column[i]
	}
	return out
}

// ratio is Σ part / Σ whole over the drawn pairs.
func ratio(part, whole []float64) stats.Statistic {
	a, b := stats.MeanOf(part), stats.MeanOf(whole)
	return func(counts []float64) float64 { return a(counts) / b(counts) }
}

// effects are the ratios of many columns to total, with intervals, medians and p-values.
func (p *Preparation) patchEffects(columns [][]float64, total []float64) []PatchEffect {
	statistics := make([]stats.Statistic, len(columns))
	for k, c := range columns {
		statistics[k] = ratio(c, total)
	}
	mean := stats.Mean(total)
	out := make([]PatchEffect, len(columns))
	ratios := make([]float64, len(total))
	for k, i := range p.bootstrap().Intervals(len(total), statistics...) {
		for n := range ratios {
			ratios[n] = columns[k][n] / total[n]
		}
		moved := stats.Mean(columns[k])
		out[k] = PatchEffect{Share: probe.Number(moved / mean), Low: probe.Number(i.Low), High: probe.Number(i.High),
			Median: probe.Number(stats.Quantile(ratios, 0.5)), Moved: moved, P: probe.Number(p.permutations().SignFlip(columns[k]))}
	}
	return out
}

// bypassed tells whether data can get past a layer: a later layer reads an earlier one.
func bypassed(n *model.Network, layer int) bool {
	for k := layer + 1; k <= n.Depth(); k++ {
		if slices.ContainsFunc(n.Geometry(k).Inputs, func(in int) bool { return in < layer }) {
			return true
		}
	}
	return false
}

// patchControls are the arms whose outcome is known: every whole hidden layer patched from the other run, and
// then with the run's own activations.
func (p *Preparation) patchControls() []patchArm {
	var arms []patchArm
	for _, own := range []bool{false, true} {
		for l := 1; l < p.Network.Depth(); l++ {
			arms = append(arms, patchArm{[]model.Address{model.Neuron(l, model.AllUnits)}, own})
		}
	}
	return arms
}

// checkControls reads the controls off the last columns of c: a whole layer without a way around it must
// turn each run into the other, its own activations must change nothing.
func (p *Preparation) checkControls(c *patchColumns) ([]PatchLayer, error) {
	hidden := p.Network.Depth() - 1
	first := len(c.denoise) - 2*hidden
	largest := 1.0
	for i := range c.clean {
		largest = max(largest, math.Abs(c.clean[i]), math.Abs(c.corrupt[i]))
	}
	var layers []PatchLayer
	for k := range hidden {
		l := PatchLayer{Layer: k + 1, Name: p.Network.Layer(k + 1).Name, Bypassed: bypassed(p.Network, k+1),
			Denoising: probe.Number(stats.Mean(c.denoise[first+k]) / stats.Mean(c.total)), Noising: probe.Number(stats.Mean(c.noise[first+k]) / stats.Mean(c.total))}
		for i := range c.clean {
			l.Worst = max(l.Worst, math.Abs(c.runs[0].patched[first+k][i]-c.clean[i]), math.Abs(c.runs[1].patched[first+k][i]-c.corrupt[i]))
		}
		if !l.Bypassed && !(l.Worst <= layerTolerance*largest) {
			return nil, fmt.Errorf("ablate: patching the whole of layer %d leaves a pair %v from where it must be: patching is broken", k+1, l.Worst)
		}
		layers = append(layers, l)
	}
	for _, r := range c.runs {
		for _, patched := range r.patched[first+hidden:] {
			for i, y := range patched {
				if math.Float64bits(y) != math.Float64bits(r.plain[i]) {
					return nil, fmt.Errorf("ablate: %w: patched with its own activations a pair has y %v, unpatched %v", ErrSham, y, r.plain[i])
				}
			}
		}
	}
	return layers, nil
}

// layerTolerance is what rounding errors may leave after a whole layer is patched, relative to the
// largest logit difference.
const layerTolerance = 1e-3
