package state

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/model"
)

// gains are one subject's, by layer and unit. A prime is run once; what it leaves is kept, and all
// targets are seen under it as constant edits: what a subject would see after the same prime.
type gains [][]float64

// after are the gains that images leave in fresh subjects, one each, shown for a duration and
// followed by a delay.
func (e *priming) after(images [][]float32, body Body, duration, delay float64) ([]gains, error) {
	var all []gains
	for len(images) > 0 {
		subjects := min(len(images), sequenceBatch)
		s, err := NewSession(e.Network, body, e.rates, 0, NewState(e.Network, subjects))
		if err != nil {
			return nil, err
		}
		var pixels []float32
		for _, image := range images[:subjects] {
			pixels = append(pixels, image...)
		}
		if _, err := s.Show(pixels, duration, e.lesions...); err != nil {
			return nil, err
		}
		if err := s.Rest(delay); err != nil {
			return nil, err
		}
		for i := range subjects {
			g := make(gains, e.Network.Depth()+1)
			for _, l := range e.tiring {
				for u := range e.Network.Geometry(l).Act[0] {
					g[l] = append(g[l], s.State.Gain(l, u, i))
				}
			}
			all = append(all, g)
		}
		images = images[subjects:]
	}
	return all, nil
}

// usual is the state after images with the experiment's own settings.
func (e *priming) usual(images [][]float32) ([]gains, error) {
	return e.after(images, e.o.Body, e.o.Duration, e.o.Delay)
}

func (e *priming) primeImages() (images [][]float32) {
	for _, p := range e.primes {
		images = append(images, e.Set.Image(p.Image))
	}
	return images
}

// only keeps the gains of the neurons that may tire; the others are fresh.
func (g gains) only(may func(l, u int) bool) gains {
	out := make(gains, len(g))
	for l := range g {
		for u, x := range g[l] {
			if !may(l, u) {
				x = 1
			}
			out[l] = append(out[l], x)
		}
	}
	return out
}

// onlyNeuron is only for one neuron, without the others' ones.
func (g gains) onlyNeuron(a model.Address) gains {
	out := make(gains, len(g))
	out[a.Layer] = make([]float64, len(g[a.Layer]))
	for u := range out[a.Layer] {
		out[a.Layer][u] = 1
	}
	out[a.Layer][a.Unit] = g[a.Layer][a.Unit]
	return out
}

// lacking is the mean of what the gains lack of 1.
func (g gains) lacking() float64 {
	sum, n := 0.0, 0
	for _, layer := range g {
		for _, x := range layer {
			sum += 1 - x
			n++
		}
	}
	return sum / float64(n)
}

// edits are the gains as edits, and the lesions after them. A gain of 1 needs none.
func (e *priming) edits(g gains) (all []model.Edit) {
	for l := range g {
		for u, x := range g[l] {
			if keep := float32(x); keep != 1 {
				all = append(all, model.Edit{Target: model.Neuron(l, u), Keep: model.Constant(keep), Fill: model.Constant(0)})
			}
		}
	}
	return append(all, e.lesions...)
}

// seen are targets under states: y and answer, states × targets.
type seen struct {
	y      [][]float64
	answer [][]int
}

// show lets each state see all targets (pixels). A nil state is fresh.
func (e *priming) show(ctx context.Context, stage string, pixels []float32, states []gains) (*seen, error) {
	arms := make([]model.Arm, len(states))
	for k, g := range states {
		arms[k].Edits = e.edits(g)
	}
	images, classes := len(pixels)/e.Set.ImageSize(), len(e.Network.Classes)
	s := &seen{make([][]float64, len(states)), make([][]int, len(states))}
	for k := range states {
		s.y[k], s.answer[k] = make([]float64, images), make([]int, images)
	}
	o := model.SweepOptions{Workers: e.Workers, Memory: e.Memory, Progress: func(done, total int) { e.report(stage, done, total) }}
	err := e.Network.Sweep(ctx, pixels, arms, o, func(b model.SweepBatch) {
		for k := range states {
			for i := range b.Images {
				logits := b.Logits[(k*b.Images+i)*classes:][:classes]
				s.y[k][b.First+i], s.answer[k][b.First+i] = e.y(logits), model.Answer(logits)
			}
		}
	})
	return s, err
}

// shifts are y under states less y at rest, states × targets, and y at rest.
func (e *priming) shifts(ctx context.Context, stage string, pixels []float32, states []gains) (shift [][]float64, rest []float64, err error) {
	s, err := e.show(ctx, stage, pixels, append([]gains{nil}, states...))
	if err != nil {
		return nil, nil, err
	}
	for _, y := range s.y[1:] {
		for i := range y {
			y[i] -= s.y[0][i]
		}
	}
	return s.y[1:], s.y[0], nil
}

// sequence runs prime, delay and target from the start, a subject a target: its logits.
func (e *priming) sequence(ctx context.Context, stage string, targets []int, body Body, prime func(subject int) []float32) ([]float32, error) {
	classes := len(e.Network.Classes)
	logits := make([]float32, len(targets)*classes)
	q := Sequence{Network: e.Network, Body: body, Rates: e.rates, Subjects: len(targets), Edits: e.lesions, Workers: e.Workers,
		Progress: func(done, total int) { e.report(stage, done, total) }}
	target := func(subject int) []float32 { return e.Set.Image(targets[subject]) }
	q.Steps = []Step{{Image: prime, Duration: e.o.Duration}, {Rest: e.o.Delay, Image: target}}
	if prime == nil {
		q.Steps = []Step{{Rest: e.o.Duration + e.o.Delay, Image: target}}
	}
	last := len(q.Steps) - 1
	err := q.Run(ctx, func(step, first int, l []float32, _ *State) {
		if step == last {
			copy(logits[first*classes:], l)
		}
	})
	return logits, err
}

// stateless shows every target after a rest, after a prime of A and after a prime of B, in turn, with
// neurons that do not tire: no bit may differ.
func (e *priming) stateless(ctx context.Context, r *Priming) error {
	without := e.o.Body
	without.Fatigue = 0
	rest, err := e.sequence(ctx, "without fatigue", e.targets, without, nil)
	if err != nil {
		return err
	}
	r.Stateless.Primes = len(e.primes)
	for class := range e.classes {
		own := e.ofClass(class)
		logits, err := e.sequence(ctx, "without fatigue", e.targets, without, func(s int) []float32 { return e.Set.Image(own[s%len(own)].Image) })
		if err != nil {
			return err
		}
		for i, v := range logits {
			r.Stateless.Logits++
			if math.Float32bits(v) != math.Float32bits(rest[i]) {
				r.Stateless.Differing++
			}
		}
	}
	if d := r.Stateless.Differing; d > 0 {
		return fmt.Errorf("state: %w: %d of %d logits", ErrStateless, d, r.Stateless.Logits)
	}
	return nil
}

// ofClass are the primes of A (0) or B (1).
func (e *priming) ofClass(class int) (own []Prime) {
	for _, p := range e.primes {
		if p.Class == class {
			own = append(own, p)
		}
	}
	return own
}

// replayed is how many targets are run from the start to hold kept states against.
const replayed = 64

// replay compares what kept states gave (primes × targets) with sequences run from the start.
func (e *priming) replay(ctx context.Context, y [][]float64) (Replay, error) {
	var r Replay
	targets := e.targets[:min(len(e.targets), replayed)]
	logits, err := e.sequence(ctx, "replay", targets, e.o.Body, func(s int) []float32 { return e.Set.Image(e.primes[s%len(e.primes)].Image) })
	if err != nil {
		return r, err
	}
	classes := len(e.Network.Classes)
	for i := range targets {
		r.Logits++
		r.Largest = max(r.Largest, math.Abs(e.y(logits[i*classes:][:classes])-y[i%len(e.primes)][i]))
	}
	return r, nil
}
