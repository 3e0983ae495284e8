package circuit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// answers are what the network says under some arms.
type answers struct {
	intact   []float64 // y by pair
	wasRight []bool
	y        [][]float64 // effect by arm and pair
	right    [][]bool
}

// answers runs arms in one of the two runs.
func (t *Task) answers(ctx context.Context, stage string, d Direction, arms []model.Arm) (*answers, error) {
	into, from := t.Clean, t.Corrupted
	if d == Denoising {
		into, from = from, into
	}
	o := model.SweepOptions{Workers: t.Workers, Memory: t.Memory, Progress: func(done, total int) { t.progress(stage, done, total) }}
	if t.Against.images() {
		o.Sources = []model.Source{{Images: from}}
	}
	a := &answers{intact: make([]float64, t.Len()), wasRight: make([]bool, t.Len()), y: columns(len(arms), t.Len())}
	for range arms {
		a.right = append(a.right, make([]bool, t.Len()))
	}
	classes := len(t.Network.Classes)
	err := t.Network.Sweep(ctx, into, arms, o, func(b model.SweepBatch) {
		for i := range b.Images {
			at, logits := b.First+i, b.Intact[i*classes:(i+1)*classes]
			label := t.Set.Labels[t.Places[at]]
			a.intact[at], a.wasRight[at] = t.Y(logits), model.Answer(logits) == label
			for k := range arms {
				logits := b.Logits[(k*b.Images+i)*classes : (k*b.Images+i+1)*classes]
				a.y[k][at], a.right[k][at] = t.Y(logits), model.Answer(logits) == label
			}
		}
	})
	for k := range arms {
		a.y[k] = settled(a.y[k], a.intact)
	}
	return a, err
}

// edgesArm corrupts several edges at once.
func (t *Task) edgesArm(edges []model.Edge) model.Arm {
	var all model.Arm
	for _, e := range edges {
		one := t.arm(e)
		all.PatchEdges, all.Edits = append(all.PatchEdges, one.PatchEdges...), append(all.Edits, one.Edits...)
	}
	return all
}

// neuronArm corrupts all edges out of a neuron; of an output neuron, which has none, its activation.
func (t *Task) neuronArm(a model.Address) model.Arm {
	var out []model.Edge
	for _, e := range t.Edges {
		if e.From == a {
			out = append(out, e)
		}
	}
	switch {
	case len(out) > 0:
		return t.edgesArm(out)
	case t.Against.images():
		return model.Arm{Patches: []model.Address{a}}
	}
	fill := float32(0)
	if t.Against == Mean {
		fill = t.means[a.Layer][a.Unit]
	}
	return model.Arm{Edits: []model.Edit{{Target: a, Keep: model.Constant(0), Fill: model.Constant(fill)}}}
}

// reference is what the edge carries, by position, when its sender hands on its mean.
func (p *Preparation) reference(e model.Edge) []float32 {
	fill := make([]float32, p.Network.Positions(e.To))
	p.Network.Contribution(fill, e.From, e.To, p.means[e.From.Layer])
	return fill
}

// edgeSham patches the edge from the run itself, by a Session and by a sweep.
func (t *Task) edgeSham(ctx context.Context, e model.Edge) (EdgeSham, error) {
	own, err := t.contribution(ctx, t.Clean, e)
	if err != nil {
		return EdgeSham{}, err
	}
	from := e.From
	edit := model.Edit{Target: e.To, From: &from, Keep: model.Constant(0), Fill: model.Level{Values: own, PerImage: true, PerPosition: true}}
	intact, err := t.Network.Logits(ctx, t.Clean, nil, t.Workers)
	if err != nil {
		return EdgeSham{}, err
	}
	patched, err := t.Network.Logits(ctx, t.Clean, []model.Edit{edit}, t.Workers)
	if err != nil {
		return EdgeSham{}, err
	}
	if err := sameBits(e, patched, intact); err != nil {
		return EdgeSham{}, err
	}
	var lock sync.Mutex
	var broken error
	o := model.SweepOptions{Workers: t.Workers, Memory: t.Memory, Sources: []model.Source{{Images: t.Clean}}}
	err = t.Network.Sweep(ctx, t.Clean, []model.Arm{{PatchEdges: []model.Edge{e}}}, o, func(b model.SweepBatch) {
		if err := sameBits(e, b.Logits, b.Intact); err != nil {
			lock.Lock()
			broken = err
			lock.Unlock()
		}
	})
	return EdgeSham{Images: t.Len(), Identical: true}, errors.Join(err, broken)
}

func sameBits(e model.Edge, got, want []float32) error {
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			return fmt.Errorf("circuit: %w: %v: a logit is %v, intact %v", ablate.ErrSham, e, v, want[i])
		}
	}
	return nil
}

// contribution is what an edge carries: images × positions.
func (t *Task) contribution(ctx context.Context, images []float32, e model.Edge) ([]float32, error) {
	n := t.Network
	positions, size := n.Positions(e.To), n.Geometry(e.From.Layer).Out.Size()
	out := make([]float32, len(images)/n.Spec.Input.Size()*positions)
	_, err := n.Observe(ctx, images, nil, t.Workers, model.Trace{Out: []int{e.From.Layer}}, func(first int, trace *model.Trace) {
		sent := trace.Output(e.From.Layer)
		for i := range len(sent) / size {
			n.Contribution(out[(first+i)*positions:(first+i+1)*positions], e.From, e.To, sent[i*size:(i+1)*size])
		}
	})
	return out, err
}

// carriedBy is what edges carry, averaged over images and positions.
type carriedBy struct {
	mean, size []float64 // size: of the absolute value
	pre        float64   // mean pre-activation of the first edge's receiver
}

// contributions averages what edges into one layer carry.
func (t *Task) contributions(ctx context.Context, images []float32, edges []model.Edge) (*carriedBy, error) {
	n := t.Network
	to := edges[0].To
	shape := n.Geometry(to.Layer).Act
	positions := shape.Area()
	total := len(images) / n.Spec.Input.Size()
	batches := make([]*carriedBy, total)
	want := model.Trace{Pre: []int{to.Layer}, Out: n.Geometry(to.Layer).Inputs}
	_, err := n.Observe(ctx, images, nil, t.Workers, want, func(first int, trace *model.Trace) {
		b := &carriedBy{mean: make([]float64, len(edges)), size: make([]float64, len(edges))}
		pre := trace.PreActivation(to.Layer)
		count := len(pre) / shape.Size()
		part := make([]float32, positions)
		for k, e := range edges {
			size := n.Geometry(e.From.Layer).Out.Size()
			sent := trace.Output(e.From.Layer)
			for i := range count {
				n.Contribution(part, e.From, e.To, sent[i*size:(i+1)*size])
				for _, v := range part {
					b.mean[k] += float64(v)
					b.size[k] += math.Abs(float64(v))
				}
			}
		}
		for i := range count {
			for _, v := range pre[i*shape.Size()+to.Unit*positions:][:positions] {
				b.pre += float64(v)
			}
		}
		batches[first] = b
	})
	all := &carriedBy{mean: make([]float64, len(edges)), size: make([]float64, len(edges))}
	by := 1 / float64(total*positions)
	for _, b := range batches { // in order: the same with any number of workers
		if b == nil {
			continue
		}
		all.pre += b.pre * by
		for k := range edges {
			all.mean[k] += b.mean[k] * by
			all.size[k] += b.size[k] * by
		}
	}
	return all, err
}
