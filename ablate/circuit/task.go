package circuit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Task is the question on one split: clean images, what corrupted edges carry on each, and y.
type Task struct {
	*Preparation
	Split   datasets.Split
	Against Against
	Places  []int     // in the Set, of the images that the pairs are made of
	Clean   []float32 // pixels, in [0,1]
	// Corrupted are the counterparts' pixels, pair by pair; nil against Mean and Zero.
	Corrupted []float32
	// Excluded is how many images have no counterpart.
	Excluded int
}

// Task draws the pairs of a split. For a class, clean images are those of the class; for a feature
// those that have it, or, where twins can be drawn, every image drawn with it. The clean images are
// the same whatever edges are corrupted with, but for those without a counterpart.
func (p *Preparation) Task(ctx context.Context, split datasets.Split, against Against) (*Task, error) {
	t := &Task{Preparation: p, Split: split, Against: against}
	for _, i := range p.order(split) {
		if p.Pairs > 0 && len(t.Places) == p.Pairs {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !t.add(i) {
			t.Excluded++
		}
	}
	switch {
	case len(t.Places) == 0 && t.Excluded > 0:
		return nil, fmt.Errorf("circuit: %w: none of %d %v images of %s has a counterpart against %s", errNoPairs, t.Excluded, split, p.Goal.Name, against)
	case len(t.Places) == 0:
		return nil, fmt.Errorf("circuit: no %v image shows %s", split, p.Goal.Name)
	}
	return t, nil
}

// errNoPairs marks a reference under which nothing can be asked.
var errNoPairs = errors.New("no pair of images")

// Len is the number of pairs.
func (t *Task) Len() int { return len(t.Places) }

// order has the split's images that may be clean, in random order.
func (p *Preparation) order(split datasets.Split) []int {
	lo, hi := p.Set.Range(split)
	var out []int
	for _, k := range rand.New(rand.NewPCG(p.Seed, 0x7461736b)).Perm(hi - lo) { // "task"
		switch i := lo + k; {
		case !p.Goal.IsFeature() && p.Set.Labels[i] != p.Goal.Class:
		case p.Goal.IsFeature() && !p.Set.HasTwins() && !p.Set.HasFeature(i, p.Goal.Feature):
		default:
			out = append(out, i)
		}
	}
	return out
}

// add makes image i a pair, if there is a counterpart.
func (t *Task) add(i int) bool {
	clean, twin := t.Set.Image(i), []float32(nil)
	if t.Goal.IsFeature() && t.Set.HasTwins() && (t.Against == Twins || !t.Set.HasFeature(i, t.Goal.Feature)) {
		if twin = t.Set.Twin(i, t.Goal.Feature); !t.Set.HasFeature(i, t.Goal.Feature) {
			clean, twin = twin, clean
		}
	}
	var corrupted []float32
	switch {
	case t.Against == Resample:
		corrupted = t.other(i)
	case t.Against == Twins && t.Goal.IsFeature():
		corrupted = twin
	case t.Against == Twins:
		if f := t.typical(i); f >= 0 {
			corrupted = t.Set.Twin(i, f)
		}
	}
	if clean == nil || t.Against.images() && corrupted == nil {
		return false
	}
	t.Places = append(t.Places, i)
	t.Clean, t.Corrupted = append(t.Clean, clean...), append(t.Corrupted, corrupted...)
	return true
}

// typical is a random feature of an image whose state (present or absent) is more frequent in the
// target's class than elsewhere; -1 if there is none.
func (t *Task) typical(i int) int {
	for _, f := range rand.New(rand.NewPCG(t.Seed+uint64(i), 0x7477696e)).Perm(len(t.Set.Features)) { // "twin"
		rates := presence(t.Set, f)
		own, others := rates[t.Goal.Class], 0.0
		for c, r := range rates {
			if c != t.Goal.Class {
				others += r / float64(len(rates)-1)
			}
		}
		if t.Set.HasFeature(i, f) == (own > others) {
			return f
		}
	}
	return -1
}

// other is a random image of the split of another class; for a feature, one without it, of the same
// class where there is one.
func (t *Task) other(i int) []float32 {
	lo, hi := t.Set.Range(t.Split)
	r := rand.New(rand.NewPCG(t.Seed+uint64(i), 0x6f746872)) // "othr"
	start := r.IntN(hi - lo)
	find := func(fits func(k int) bool) []float32 {
		for d := range hi - lo {
			if k := lo + (start+d)%(hi-lo); fits(k) {
				return t.Set.Image(k)
			}
		}
		return nil
	}
	if !t.Goal.IsFeature() {
		return find(func(k int) bool { return t.Set.Labels[k] != t.Goal.Class })
	}
	without := func(k int) bool { return !t.Set.HasFeature(k, t.Goal.Feature) }
	if same := find(func(k int) bool { return without(k) && t.Set.Labels[k] == t.Set.Labels[i] }); same != nil {
		return same
	}
	return find(without)
}

// Reference is what corrupted edges carry.
func (t *Task) Reference() model.Reference {
	switch t.Against {
	case Mean:
		return model.Reference{Outputs: t.means}
	case Zero:
		zeros := make([][]float32, len(t.means))
		for l := range zeros {
			zeros[l] = make([]float32, len(t.means[l]))
		}
		return model.Reference{Outputs: zeros}
	}
	return model.Reference{Images: t.Corrupted}
}

// Run runs circuits alone, all other edges corrupted, and gives y by circuit and pair. An all-kept
// mask is the whole network, an empty one the fully corrupted run.
func (t *Task) Run(ctx context.Context, stage string, masks []*model.Mask) ([][]float64, error) {
	out := columns(len(masks), t.Len())
	classes := len(t.Network.Classes)
	o := model.MaskOptions{Workers: t.Workers, Progress: func(done, total int) { t.progress(stage, done, total) }}
	err := t.Network.RunMasked(ctx, t.Clean, t.Reference(), masks, o, func(first, images, mask int, logits []float32) {
		for i := range images {
			out[mask][first+i] = t.Y(logits[i*classes : (i+1)*classes])
		}
	})
	return out, err
}

// Mask keeps some edges, by number.
func (p *Preparation) Mask(kept []int) *model.Mask {
	m := p.Network.NewMask(false)
	for _, e := range kept {
		m.Set(p.Edges[e], true)
	}
	return m
}

// Direction is which of the two runs an edge is patched in.
type Direction int

// Noising corrupts an edge in the clean run; Denoising restores it in the corrupted run.
const (
	Noising Direction = iota
	Denoising
)

// ErrDirection marks a reference that is no run on images, in which nothing can be restored.
var ErrDirection = errors.New("circuit: denoising needs corrupted images: twins or resample")

// Effects patches edges (by number) one at a time and gives the exact effect on y, by edge and pair: y
// with the intervention − y without.
func (t *Task) Effects(ctx context.Context, stage string, edges []int, d Direction) ([][]float64, error) {
	arms := make([]model.Arm, len(edges))
	for k, e := range edges {
		arms[k] = t.arm(t.Edges[e])
	}
	return t.armEffects(ctx, stage, d, arms)
}

// armEffects are the effects of arms on y, by arm and pair.
func (t *Task) armEffects(ctx context.Context, stage string, d Direction, arms []model.Arm) ([][]float64, error) {
	into, from := t.Clean, t.Corrupted
	if d == Denoising {
		if !t.Against.images() {
			return nil, ErrDirection
		}
		into, from = from, into
	}
	out := columns(len(arms), t.Len())
	classes := len(t.Network.Classes)
	o := model.SweepOptions{Workers: t.Workers, Memory: t.Memory, Progress: func(done, total int) { t.progress(stage, done, total) }}
	if t.Against.images() {
		o.Sources = []model.Source{{Images: from}}
	}
	err := t.Network.Sweep(ctx, into, arms, o, func(b model.SweepBatch) {
		for i := range b.Images {
			intact := t.Y(b.Intact[i*classes : (i+1)*classes])
			for k := range arms {
				out[k][b.First+i] = t.Y(b.Logits[(k*b.Images+i)*classes:(k*b.Images+i+1)*classes]) - intact
			}
		}
	})
	return out, err
}

// arm corrupts (or restores) one edge.
func (t *Task) arm(e model.Edge) model.Arm {
	if t.Against.images() {
		return model.Arm{PatchEdges: []model.Edge{e}}
	}
	fill := make([]float32, t.Network.Positions(e.To))
	if t.Against == Mean {
		t.Network.Contribution(fill, e.From, e.To, t.means[e.From.Layer])
	}
	from := e.From
	return model.Arm{Edits: []model.Edit{{Target: e.To, From: &from, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerPosition: true}}}}
}

// columns are rows of numbers, one a pair.
func columns(rows, pairs int) [][]float64 {
	all := make([]float64, rows*pairs)
	out := make([][]float64, rows)
	for k := range out {
		out[k] = all[k*pairs : (k+1)*pairs]
	}
	return out
}
