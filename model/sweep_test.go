package model_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// oddSpecs are what the presets do not have: strides, no padding, overlapping pools, sums of
// sums, a sum that reads a layer twice, a dense layer in the middle, an output that is pooled, layers
// that are normalised as a whole.
func oddSpecs() []model.Spec {
	return []model.Spec{
		{Name: "strided", Input: model.Shape{2, 9, 8}, Layers: []model.Layer{
			{Name: "a", Kind: model.Conv2D, Units: 5, Kernel: 3, Stride: 2, Padding: 1, Activation: model.ReLU},
			{Name: "b", Kind: model.Conv2D, Units: 6, Kernel: 2, Activation: model.Identity, Pool: &model.Pool{Kind: model.MaxPool, Size: 2, Stride: 1}},
			{Name: "c", Kind: model.Conv2D, Units: 4, Kernel: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
			{Name: "d", Kind: model.Dense, Units: 20, Activation: model.ReLU},
			{Name: "e", Kind: model.Dense, Units: 3, Activation: model.Identity}}},
		{Name: "sums", Input: model.Shape{1, 6, 6}, Layers: []model.Layer{
			{Name: "a", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU},
			{Name: "b", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.Identity},
			{Name: "c", Kind: model.Add, Inputs: []int{1, 2, 1}, Activation: model.ReLU},
			{Name: "d", Kind: model.Add, Inputs: []int{1, 3}, Activation: model.Identity, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
			{Name: "e", Kind: model.Conv2D, Units: 2, Kernel: 3, Activation: model.ReLU, Pool: &model.Pool{Kind: model.GlobalAveragePool}}}},
		{Name: "bypass", Input: model.Shape{3, 1, 1}, Layers: []model.Layer{
			{Name: "a", Kind: model.Dense, Units: 7, Activation: model.ReLU},
			{Name: "b", Kind: model.Dense, Units: 7, Activation: model.ReLU},
			{Name: "c", Kind: model.Dense, Inputs: []int{0}, Units: 7, Activation: model.Identity},
			{Name: "d", Kind: model.Add, Inputs: []int{1, 2, 3}, Activation: model.ReLU},
			{Name: "e", Kind: model.Dense, Units: 2, Activation: model.Identity}}},
		lengths(),
	}
}

// circles has recurrent layers on maps, on the image, within each other, side by side, read by a sum and
// by a dense layer at all steps, and as the output.
func circles() model.Spec {
	return model.Spec{Name: "circles", Input: model.Shape{2, 5, 4}, Layers: []model.Layer{
		{Name: "a", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "b", Kind: model.Recurrent, Units: 6, Steps: 3, Activation: model.ReLU},
		{Name: "c", Kind: model.Recurrent, Inputs: []int{0}, Units: 6, Steps: 3, Activation: model.Identity},
		{Name: "d", Kind: model.Add, Inputs: []int{2, 3}, Activation: model.ReLU, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "e", Kind: model.Recurrent, Units: 5, Steps: 4, Activation: model.ReLU, Pool: &model.Pool{Kind: model.LastStep}},
		{Name: "f", Kind: model.Recurrent, Units: 7, Steps: 2, Activation: model.ReLU, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "g", Kind: model.Dense, Inputs: []int{3}, Units: 7, Activation: model.ReLU},
		{Name: "h", Kind: model.Add, Inputs: []int{6, 7}, Activation: model.ReLU},
		{Name: "i", Kind: model.Recurrent, Units: 3, Steps: 2, Activation: model.Identity, Pool: &model.Pool{Kind: model.LastStep}}}}
}

func sweepSpecs(t *testing.T) []model.Spec {
	t.Helper()
	specs := append(oddSpecs(), circles())
	for _, p := range model.Presets {
		s, err := model.Preset(p.Name, model.Shape{3, 16, 16}, 3)
		if err != nil {
			t.Fatal(err)
		}
		specs = append(specs, s)
	}
	return specs
}

// experimenter draws arms of every kind for a network and a number of images.
type experimenter struct {
	*rand.Rand
	n      *model.Network
	images int
}

func (x experimenter) neuron() model.Address {
	l := 1 + x.IntN(x.n.Depth())
	return model.Neuron(l, x.IntN(x.n.Geometry(l).Act[0]))
}

// place is a neuron, one position of it, or a whole layer.
func (x experimenter) place() model.Address {
	a := x.neuron()
	shape := x.n.Geometry(a.Layer).Act
	switch x.IntN(5) {
	case 0:
		if a.Row, a.Col = x.IntN(shape[1]), x.IntN(shape[2]); x.n.Steps(a.Layer) > 0 && a.Row > 0 {
			a = model.Step(a.Layer, a.Unit, a.Row+1)
		}
	case 1:
		a.Unit = model.AllUnits
	}
	return a
}

func (x experimenter) level(target model.Address) model.Level {
	l := model.Level{PerImage: x.IntN(2) == 0, PerPosition: x.IntN(2) == 0}
	count := 1
	if l.PerImage {
		count *= x.images
	}
	if l.PerPosition {
		count *= x.n.Positions(target)
	}
	for range count {
		l.Values = append(l.Values, float32(x.NormFloat64()))
	}
	return l
}

// edit is zero, mean, dose, stimulation, clamp, noise, sham, anything, or an edge edit.
func (x experimenter) edit() model.Edit {
	t := x.place()
	e := model.Edit{Target: t, Keep: model.Constant(0), Fill: model.Constant(0)}
	switch x.IntN(8) {
	case 0:
	case 1:
		e.Fill = x.level(t)
	case 2:
		e.Keep = model.Constant(x.Float32())
	case 3:
		e.Keep = model.Constant(1 + x.Float32())
	case 4:
		e.Fill = model.Constant(float32(x.NormFloat64()))
	case 5:
		e.Keep, e.Fill = model.Constant(1), x.level(t)
	case 6:
		return model.Sham(t)
	default:
		e.Keep, e.Fill = x.level(t), x.level(t)
	}
	if t.Unit != model.AllUnits && x.n.Steps(t.Layer) == 0 && x.IntN(4) == 0 {
		inputs := x.n.Geometry(t.Layer).Inputs
		from := inputs[x.IntN(len(inputs))]
		sender := model.Neuron(from, x.IntN(x.n.Geometry(from).Out[0]))
		e.From = &sender
	}
	return e
}

// edits are up to three at different places: two edits of one place do not compose where they are
// edges.
func (x experimenter) edits() []model.Edit {
	var out []model.Edit
	used := map[[2]int]bool{}
	for range 1 + x.IntN(3) {
		e := x.edit()
		if at := [2]int{e.Target.Layer, e.Target.Unit}; !used[at] {
			used[at] = true
			out = append(out, e)
		}
	}
	return out
}

func (x experimenter) arms() []model.Arm {
	arms := []model.Arm{{}, {Edits: []model.Edit{model.Sham(x.neuron())}}}
	for l := 1; l <= x.n.Depth(); l++ { // every kind of a single lesion in every layer
		t := model.Neuron(l, x.IntN(x.n.Geometry(l).Act[0]))
		arms = append(arms, model.Arm{Edits: []model.Edit{model.Zero(t)}}, model.Arm{Patches: []model.Address{t}, Source: 1},
			model.Arm{Edits: []model.Edit{{Target: t, Keep: model.Constant(0), Fill: x.level(t)}}},
			model.Arm{Edits: []model.Edit{model.Zero(t), model.Zero(x.neuron())}})
	}
	for range 30 {
		arms = append(arms, model.Arm{Edits: x.edits()})
	}
	for range 10 {
		arms = append(arms, model.Arm{Patches: []model.Address{x.place()}, Source: x.IntN(2), Edits: x.edits()})
	}
	for range 20 { // edges alone, and together with edits
		edges := x.edges()
		arms = append(arms, model.Arm{PatchEdges: edges[:1], Source: 1}, model.Arm{PatchEdges: edges, Source: x.IntN(2), Edits: slices.DeleteFunc(x.edits(), func(e model.Edit) bool { return e.From != nil })})
	}
	arms = append(arms, x.run(true)...)
	arms = append(arms, x.run(false)...)
	return append(arms, x.patchRun()...)
}

// edges are one to three different edges.
func (x experimenter) edges() []model.Edge {
	all := x.n.Edges()
	var out []model.Edge
	for _, k := range x.Perm(len(all))[:1+x.IntN(3)] {
		out = append(out, all[k])
	}
	return out
}

// run is arms joined by Next: within a layer, units silenced and restored, or anything at all.
func (x experimenter) run(layer bool) []model.Arm {
	l := 1 + x.IntN(x.n.Depth())
	var arms []model.Arm
	for k := range 12 {
		a := model.Arm{Next: k > 0}
		if layer {
			t := model.Neuron(l, x.IntN(x.n.Geometry(l).Act[0]))
			e := []model.Edit{model.Zero(t), model.Sham(t), {Target: t, Keep: model.Constant(0), Fill: x.level(t)}}[x.IntN(3)]
			a.Edits = []model.Edit{e}
		} else {
			a.Edits = x.edits()
		}
		arms = append(arms, a)
	}
	return arms
}

func (x experimenter) patchRun() []model.Arm {
	l := 1 + x.IntN(x.n.Depth())
	var arms []model.Arm
	for k, u := range x.Perm(x.n.Geometry(l).Act[0])[:2] {
		arms = append(arms, model.Arm{Next: k > 0, Patches: []model.Address{model.Neuron(l, u)}, Source: 1})
	}
	return arms
}

func (x experimenter) sources(images []float32) []model.Source {
	return []model.Source{{Images: images, Index: x.Perm(x.images)}, {Images: modeltest.Images(x.n.Spec.Input, x.images, 991)}}
}

// sweep collects a sweep's logits, arms × images × classes.
func sweep(t *testing.T, n *model.Network, images []float32, arms []model.Arm, o model.SweepOptions) []float32 {
	t.Helper()
	total, classes := len(images)/n.Spec.Input.Size(), len(n.Classes)
	out := make([]float32, len(arms)*total*classes)
	err := n.Sweep(context.Background(), images, arms, o, func(b model.SweepBatch) {
		for k := range arms {
			copy(out[(k*total+b.First)*classes:], b.Logits[k*b.Images*classes:(k+1)*b.Images*classes])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSweepAgreesWithSessions: on random networks of every preset and some odd ones, for edits
// of every kind, the sweep gives what Sessions give, to 1e-5 of the logits' size, with the same
// answers.
func TestSweepAgreesWithSessions(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() { // under the race detector
		seeds = 1
	}
	for _, spec := range sweepSpecs(t) {
		for seed := range seeds {
			t.Run(fmt.Sprint(spec.Name, seed), func(t *testing.T) {
				n := modeltest.Random(spec, seed)
				x := experimenter{rand.New(rand.NewPCG(seed, 5)), n, 21}
				images := modeltest.Images(spec.Input, x.images, seed)
				arms, sources := x.arms(), x.sources(images)
				want, err := modeltest.Sweep(n, images, arms, sources)
				if err != nil {
					t.Fatal(err)
				}
				compareLogits(t, n, arms, sweep(t, n, images, arms, model.SweepOptions{Sources: sources, Workers: 1}), want)
			})
		}
	}
}

func compareLogits(t *testing.T, n *model.Network, arms []model.Arm, got, want []float32) {
	t.Helper()
	classes := len(n.Classes)
	images := len(want) / len(arms) / classes
	for k := range arms {
		scale := 1.0
		for _, v := range want[k*images*classes : (k+1)*images*classes] {
			scale = max(scale, math.Abs(float64(v)))
		}
		for i := range images {
			at := (k*images + i) * classes
			g, w := got[at:at+classes], want[at:at+classes]
			for c := range classes {
				if d := math.Abs(float64(g[c] - w[c])); !(d <= 1e-5*scale) {
					t.Fatalf("arm %d %+v, image %d: logits %v, a Session gives %v", k, arms[k], i, g, w)
				}
			}
			if model.Answer(g) != model.Answer(w) && margin(w) > 2e-5*scale {
				t.Fatalf("arm %d, image %d: answer %d, a Session gives %d", k, i, model.Answer(g), model.Answer(w))
			}
		}
	}
}

// margin is how far the answer is ahead.
func margin(logits []float32) float64 {
	s := slices.Clone(logits)
	slices.Sort(s)
	if len(s) < 2 {
		return math.Inf(1)
	}
	return float64(s[len(s)-1] - s[len(s)-2])
}
