package ablate

import (
	"context"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Preparation is a network laid out for experiments: the images of the measured split, what the
// intact network says about them, and the mean activations (over the select split) that mean
// ablation needs. Every experiment of this package starts from one.
type Preparation struct {
	Network *model.Network
	Set     *datasets.Set
	Options
	First, Images int // the measured split's place in Set
	Labels        []int
	Intact        *Outcomes

	pixels  []float32
	means   [][]float32 // by layer: the mean activation at each (unit, position), over select
	spreads [][]float64 // by layer: each unit's standard deviation over select images and positions
	sources []model.Source
}

// Prepare runs the intact network on the measured split and on select.
func Prepare(ctx context.Context, n *model.Network, set *datasets.Set, o Options) (*Preparation, error) {
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	lo, hi := set.Range(o.Split)
	p := &Preparation{Network: n, Set: set, Options: o.filled(), First: lo, Images: hi - lo, Labels: set.Labels[lo:hi],
		pixels: set.Images[lo*set.ImageSize() : hi*set.ImageSize()]}
	// The intact outcomes come from the arithmetic that every arm comes from, so that an arm that
	// changes nothing differs in no bit.
	p.Intact = newOutcomes(p.Images)
	err := n.Sweep(ctx, p.pixels, nil, model.SweepOptions{Workers: o.Workers, Memory: o.Memory}, func(b model.SweepBatch) {
		p.Intact.judge(b.First, b.Intact, p.Labels[b.First:b.First+b.Images], len(n.Classes))
	})
	if err != nil {
		return nil, err
	}
	if err := p.watch(ctx); err != nil {
		return nil, err
	}
	for d := range p.Draws {
		p.sources = append(p.sources, model.Source{Images: p.pixels, Index: donors(p.Images, p.Seed, d)})
	}
	return p, nil
}

// donors gives every image another one, each image once: a cycle through all images in random
// order. A single image is its own donor.
func donors(images int, seed uint64, draw int) []int {
	order := rand.New(rand.NewPCG(seed, 0x646f6e6f+uint64(draw))).Perm(images) // "dono"
	out := make([]int, images)
	for k, i := range order {
		out[i] = order[(k+1)%images]
	}
	return out
}

// watch records the mean activation at every position, and each unit's spread, over select.
func (p *Preparation) watch(ctx context.Context) error {
	n := p.Network
	lo, hi := p.Set.Range(datasets.Select)
	var want model.Trace
	for l := 1; l <= n.Depth(); l++ {
		want.Post = append(want.Post, l)
	}
	// Sums are kept by batch and added in order: the same with any number of workers.
	type sums struct{ values, squares [][]float64 }
	batches := make([]sums, hi-lo)
	_, err := n.Observe(ctx, p.Set.Images[lo*p.Set.ImageSize():hi*p.Set.ImageSize()], nil, p.Workers, want, func(first int, t *model.Trace) {
		s := sums{make([][]float64, n.Depth()+1), make([][]float64, n.Depth()+1)}
		for l := 1; l <= n.Depth(); l++ {
			shape := n.Geometry(l).Act
			s.values[l], s.squares[l] = make([]float64, shape.Size()), make([]float64, shape[0])
			for k, v := range t.Activation(l) {
				at := k % shape.Size()
				s.values[l][at] += float64(v)
				s.squares[l][at/shape.Area()] += float64(v) * float64(v)
			}
		}
		batches[first] = s
	})
	if err != nil {
		return err
	}
	p.means, p.spreads = make([][]float32, n.Depth()+1), make([][]float64, n.Depth()+1)
	for l := 1; l <= n.Depth(); l++ {
		shape := n.Geometry(l).Act
		values, squares := make([]float64, shape.Size()), make([]float64, shape[0])
		for _, s := range batches {
			if s.values != nil {
				add(values, s.values[l])
				add(squares, s.squares[l])
			}
		}
		p.means[l], p.spreads[l] = moments(values, squares, hi-lo, shape)
	}
	return nil
}

func add(to, from []float64) {
	for k, v := range from {
		to[k] += v
	}
}

// Sweep runs arms and hands each one's outcomes to see, in the order of the arms, as many at a
// time as Memory holds; see may keep them. sources are what the arms patch from, nil for the
// preparation's own donors. A run of arms joined by Next stays together.
func (p *Preparation) Sweep(ctx context.Context, stage string, arms []model.Arm, sources []model.Source, see func(arm int, o *Outcomes)) error {
	if sources == nil {
		sources = p.sources
	}
	done := 0
	for done < len(arms) {
		take := p.chunk(arms[done:])
		outcomes, err := p.run(ctx, stage, done, len(arms), arms[done:done+take], sources)
		if err != nil {
			return err
		}
		for k, o := range outcomes {
			see(done+k, o)
		}
		done += take
	}
	return ctx.Err()
}

// chunk is how many arms' outcomes fit into half of the memory, runs of Next unbroken.
func (p *Preparation) chunk(arms []model.Arm) int {
	memory := p.Memory
	if memory <= 0 {
		memory = model.DefaultSweepMemory
	}
	take := int(max(1, memory/2/int64(outcomesBytes*p.Images)))
	if take >= len(arms) {
		return len(arms)
	}
	for cut := take; cut > 0; cut-- {
		if !arms[cut].Next {
			return cut
		}
	}
	for take < len(arms) && arms[take].Next {
		take++
	}
	return take
}

func (p *Preparation) run(ctx context.Context, stage string, before, of int, arms []model.Arm, sources []model.Source) ([]*Outcomes, error) {
	outcomes := make([]*Outcomes, len(arms))
	for k := range outcomes {
		outcomes[k] = newOutcomes(p.Images)
	}
	classes := len(p.Network.Classes)
	o := model.SweepOptions{Sources: sources, Workers: p.Workers, Memory: p.Memory / 2, Progress: func(done, total int) {
		p.progress(stage, before*total+len(arms)*done, of*total)
	}}
	err := p.Network.Sweep(ctx, p.pixels, arms, o, func(b model.SweepBatch) {
		size := b.Images * classes
		for k := range arms {
			outcomes[k].judge(b.First, b.Logits[k*size:(k+1)*size], p.Labels[b.First:b.First+b.Images], classes)
		}
	})
	return outcomes, err
}

// Ablate ablates each set of neurons in turn and hands its outcomes to see, in order; under
// Resample they are averaged over the draws.
func (p *Preparation) Ablate(ctx context.Context, stage string, kind Kind, targets [][]model.Address, see func(k int, o *Outcomes)) error {
	var groups [][]model.Arm
	for _, t := range targets {
		groups = append(groups, p.Arms(kind, t))
	}
	return p.averages(ctx, stage, groups, nil, see)
}

// Arms are the arms that ablate all of some neurons at once: one, or under Resample one a draw.
func (p *Preparation) Arms(kind Kind, targets []model.Address) []model.Arm {
	switch kind {
	case Mean:
		var edits []model.Edit
		for _, t := range targets {
			edits = append(edits, p.meanEdit(t))
		}
		return []model.Arm{{Edits: edits}}
	case Resample:
		var arms []model.Arm
		for d := range p.Draws {
			arms = append(arms, model.Arm{Patches: targets, Source: d})
		}
		return arms
	}
	return []model.Arm{{Edits: zeros(targets)}}
}

// meanEdit puts the mean over select in the place of an activation.
func (p *Preparation) meanEdit(target model.Address) model.Edit {
	values := p.meanMap(target)
	if p.MeanOver == OverChannel {
		area := p.Network.Geometry(target.Layer).Act.Area()
		for k := range values {
			unit := target.Unit
			if unit == model.AllUnits {
				unit = k * p.Network.Geometry(target.Layer).Act[0] / len(values)
			}
			values[k] = float32(mean32(p.means[target.Layer][unit*area : (unit+1)*area]))
		}
	}
	return model.Edit{Target: target, Keep: model.Constant(0), Fill: model.Level{Values: values, PerPosition: true}}
}

// meanMap has the mean activation over select at each position an address names.
func (p *Preparation) meanMap(target model.Address) []float32 {
	var values []float32
	p.Network.EachActivation(target, p.means[target.Layer], func(_ int, each func(yield func(float32) bool)) {
		for v := range each {
			values = append(values, v)
		}
	})
	return values
}

// MeanActivation is a target's mean activation over select images and positions.
func (p *Preparation) MeanActivation(target model.Address) float64 { return mean32(p.meanMap(target)) }

// Spread is the standard deviation of a neuron's activation over select images and positions.
func (p *Preparation) Spread(target model.Address) float64 {
	return p.spreads[target.Layer][target.Unit]
}

// Rows are all hidden neurons of the given layers (nil: all hidden layers), each a target of its own.
func (p *Preparation) Rows(layers []int) [][]model.Address {
	if layers == nil {
		for l := 1; l < p.Network.Depth(); l++ {
			layers = append(layers, l)
		}
	}
	var out [][]model.Address
	for _, l := range layers {
		for u := range p.Network.Geometry(l).Act[0] {
			out = append(out, []model.Address{model.Neuron(l, u)})
		}
	}
	return out
}

// Pixels are the measured images, N×C×H×W. They are not to be written to.
func (p *Preparation) Pixels() []float32 { return p.pixels }
