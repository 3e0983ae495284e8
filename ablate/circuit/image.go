package circuit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Image tells what happened in the network for one image: which neurons fired, layer by layer, against
// their own typical activation; the chain that carried the decision; and each of its neurons' dendritic
// sum, checked against the recorded pre-activation.
//
// The chain is the strongest one by exact edge effects on this image, of edges whose cut lowers y. To cut an
// edge is to let it carry its mean over select. One image is no sample: what is measured holds for it, and
// no interval goes with it.
func Image(ctx context.Context, n *model.Network, set *datasets.Set, o ImageOptions) (*ImageResult, error) {
	if o.Strongest == 0 {
		o.Strongest = DefaultStrongest
	}
	if o.Random == 0 {
		o.Random = DefaultRandomChains
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	x := &ImageResult{Split: o.Split, Index: -1, Name: o.Name, Own: o.Pixels != nil, Pixels: o.Pixels, Seed: o.Seed, Warnings: slices.Clone(set.Warnings)}
	if err := x.find(set, o); err != nil {
		return nil, err
	}
	r, err := record(n, x.Pixels)
	if err != nil {
		return nil, err
	}
	answer := x.answer(n, r.logits)
	o.Target, o.Against, o.Pairs = "class:"+n.Classes[answer], Mean, 1
	p, err := Prepare(ctx, n, set, o.Options)
	if err != nil {
		return nil, err
	}
	i := &imaging{o: o, p: p, r: r, end: model.Neuron(n.Depth(), answer), x: x,
		t: &Task{Preparation: p, Split: o.Split, Against: Mean, Places: []int{0}, Clean: x.Pixels}}
	return x, i.run(ctx)
}

// find is the image that the options name.
func (x *ImageResult) find(set *datasets.Set, o ImageOptions) error {
	if x.Own {
		if len(x.Pixels) != set.ImageSize() {
			return fmt.Errorf("circuit: %d pixel values of an image (want %d)", len(x.Pixels), set.ImageSize())
		}
		return nil
	}
	if err := CheckIndex(set, o.Split, o.Index); err != nil {
		return err
	}
	lo, _ := set.Range(o.Split)
	at := lo + o.Index
	x.SplitName, x.Index, x.Name, x.Pixels, x.Label = o.Split.String(), o.Index, set.Names[at], set.Image(at), set.Classes[set.Labels[at]]
	return nil
}

// CheckIndex tells whether a split has an image of a number.
func CheckIndex(set *datasets.Set, split datasets.Split, index int) error {
	if lo, hi := set.Range(split); index < 0 || index >= hi-lo {
		return fmt.Errorf("circuit: image %d not in %v (it has images 0 to %d)", index, split, hi-lo-1)
	}
	return nil
}

// answer fills in what the network says.
func (x *ImageResult) answer(n *model.Network, logits []float32) int {
	highest, sum := slices.Max(logits), 0.0
	for c, v := range logits {
		sum += math.Exp(float64(v - highest))
		x.Classes = append(x.Classes, ClassLogit{Class: n.Classes[c], Neuron: ID(model.Neuron(n.Depth(), c)), Logit: float64(v)})
	}
	for c := range x.Classes {
		x.Classes[c].Probability = math.Exp(x.Classes[c].Logit-float64(highest)) / sum
	}
	slices.SortStableFunc(x.Classes, func(a, b ClassLogit) int { return cmp.Compare(b.Logit, a.Logit) })
	x.Answer = x.Classes[0].Class
	if len(x.Classes) > 1 {
		x.RunnerUp = x.Classes[1].Class
	}
	return model.Answer(logits)
}

// imaging is the work on one image.
type imaging struct {
	o   ImageOptions
	p   *Preparation
	r   *recording
	t   *Task // of the one image
	end model.Address
	x   *ImageResult

	typical [][][]float64 // by layer, neuron and select image: the highest activation
}

func (i *imaging) run(ctx context.Context) error {
	x := i.x
	x.Metric, x.Y = i.p.Metric, i.p.Y(i.r.logits)
	y, err := i.t.Run(ctx, "", []*model.Mask{i.p.Network.NewMask(false)})
	if err != nil {
		return err
	}
	x.Corrupted = y[0][0]
	if err := i.watch(ctx); err != nil {
		return err
	}
	for l := 1; l < i.p.Network.Depth(); l++ {
		x.Layers = append(x.Layers, i.layer(l))
	}
	if err := i.chain(ctx); err != nil {
		return err
	}
	return i.sums()
}

// watch records every neuron's highest activation on each select image.
func (i *imaging) watch(ctx context.Context) error {
	n, set := i.p.Network, i.p.Set
	lo, hi := set.Range(datasets.Select)
	i.x.SelectImages = hi - lo
	var want model.Trace
	i.typical = make([][][]float64, n.Depth()+1)
	for l := 0; l <= n.Depth(); l++ {
		want.Post = append(want.Post, l)
		i.typical[l] = columns(n.Geometry(l).Act[0], hi-lo)
	}
	_, err := n.Observe(ctx, set.Images[lo*set.ImageSize():hi*set.ImageSize()], nil, i.p.Workers, want, func(first int, t *model.Trace) {
		for l := range i.typical {
			shape := n.Geometry(l).Act
			recorded := t.Activation(l)
			for k := range len(recorded) / shape.Size() {
				for u := range shape[0] {
					i.typical[l][u][first+k] = float64(slices.Max(recorded[k*shape.Size()+u*shape.Area():][:shape.Area()]))
				}
			}
		}
	})
	return err
}

// activity holds a neuron's activation against its typical ones.
func (i *imaging) activity(a model.Address) Activity {
	row, col := i.r.peak(a)
	act := Activity{ID: ID(a), Neuron: a, AUROC: probe.Undefined, Activation: float64(slices.Max(i.r.mapOf(a))), Z: probe.Undefined, Row: row, Col: col}
	if i.p.Network.Geometry(a.Layer).Act.Area() == 1 {
		act.Row, act.Col = model.AllPositions, model.AllPositions
	}
	if label, ok := i.p.Labels[a]; ok {
		act.Label, act.AUROC = label.Name, label.AUROC
	}
	var m stats.Moments
	for _, v := range i.typical[a.Layer][a.Unit] {
		m.Add(v)
		switch {
		case v < act.Activation:
			act.Percentile++
		case v == act.Activation:
			act.Percentile += 0.5
		}
	}
	act.Percentile /= float64(m.N())
	if act.Mean, act.SD = m.Mean(), m.SD(); act.SD > 0 {
		act.Z = probe.Number((act.Activation - act.Mean) / act.SD)
	} else if math.IsNaN(act.SD) {
		act.SD = 0 // of one image
	}
	return act
}

// layer counts who fired, and lists who fired most above its habit.
func (i *imaging) layer(l int) LayerActivity {
	n := i.p.Network
	out := LayerActivity{Layer: l, Name: n.Layer(l).Name, Neurons: n.Geometry(l).Act[0], Strongest: []Activity{}}
	for u := range out.Neurons {
		a := i.activity(model.Neuron(l, u))
		for _, v := range i.typical[l][u] {
			if v > 0 {
				out.Typical++
			}
		}
		if a.Activation > 0 {
			out.Fired++
			if a.Z.Defined() {
				out.Strongest = append(out.Strongest, a)
			}
		}
	}
	out.Typical /= float64(i.x.SelectImages)
	slices.SortStableFunc(out.Strongest, func(a, b Activity) int { return cmp.Compare(b.Z, a.Z) })
	out.Strongest = out.Strongest[:min(len(out.Strongest), i.o.Strongest)]
	return out
}

// sums takes the neurons of the chain and the outputs apart.
func (i *imaging) sums() error {
	x := i.x
	var all []model.Address
	if x.Chain != nil {
		for _, n := range x.Chain.Neurons {
			if n.Neuron.Layer > 0 && n.Neuron.Layer < i.end.Layer {
				all = append(all, n.Neuron)
			}
		}
	}
	for _, c := range x.Classes {
		all = append(all, model.Neuron(i.end.Layer, slices.Index(i.p.Network.Classes, c.Class)))
	}
	for _, a := range all {
		row, col := i.r.peak(a)
		s := i.r.sum(a, row, col)
		if err := s.Check(); err != nil {
			return err
		}
		if label, ok := i.p.Labels[a]; ok {
			s.Label, s.AUROC = label.Name, label.AUROC
		}
		for k := range s.Terms {
			s.Terms[k].Label = i.p.Labels[s.Terms[k].From].Name
		}
		x.Sums, x.Worst = append(x.Sums, s), max(x.Worst, s.Relative())
	}
	return nil
}
