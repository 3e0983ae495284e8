package model_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/model/modeltest"
)

// experiment is a network with arms of every kind.
func experiment(t *testing.T, preset string, count int) (*model.Network, []float32, []model.Arm, []model.Source) {
	t.Helper()
	spec, err := model.Preset(preset, model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 3)
	x := experimenter{rand.New(rand.NewPCG(9, 9)), n, count}
	images := modeltest.Images(spec.Input, count, 3)
	return n, images, x.arms(), x.sources(images)
}

// TestSweepWithAnyWorkers: the number of workers changes no bit.
func TestSweepWithAnyWorkers(t *testing.T) {
	n, images, arms, sources := experiment(t, "resnet", 70)
	one := sweep(t, n, images, arms, model.SweepOptions{Sources: sources, Workers: 1})
	for _, workers := range []int{2, 5, 0} {
		if !slices.Equal(one, sweep(t, n, images, arms, model.SweepOptions{Sources: sources, Workers: workers})) {
			t.Errorf("%d workers give other logits", workers)
		}
	}
}

// TestSweepInLittleMemory: smaller batches give the same within rounding.
func TestSweepInLittleMemory(t *testing.T) {
	n, images, arms, sources := experiment(t, "cnn", 40)
	want := sweep(t, n, images, arms, model.SweepOptions{Sources: sources})
	compareLogits(t, n, arms, sweep(t, n, images, arms, model.SweepOptions{Sources: sources, Memory: 1}), want)
}

// TestSweepOrders: an arm's logits do not depend on the other arms.
func TestSweepOrders(t *testing.T) {
	n, images, arms, sources := experiment(t, "cnn", 20)
	arms = slices.DeleteFunc(arms, func(a model.Arm) bool { return a.Next })
	size := 20 * len(n.Classes)
	forward := sweep(t, n, images, arms, model.SweepOptions{Sources: sources})
	reversed := slices.Clone(arms)
	slices.Reverse(reversed)
	backward := sweep(t, n, images, reversed, model.SweepOptions{Sources: sources})
	turned := make([]float32, len(backward))
	for k := range arms {
		copy(turned[k*size:(k+1)*size], backward[(len(arms)-1-k)*size:])
	}
	compareLogits(t, n, arms, turned, forward)
}

// TestSweepWithBackends: either back end gives the same within rounding.
func TestSweepWithBackends(t *testing.T) {
	n, images, arms, sources := experiment(t, "resnet", 20)
	want := sweep(t, n, images, arms, model.SweepOptions{Sources: sources})
	defer kernel.Use("auto")
	if err := kernel.Use("go"); err != nil {
		t.Fatal(err)
	}
	compareLogits(t, n, arms, sweep(t, n, images, arms, model.SweepOptions{Sources: sources}), want)
}

// TestSweepOfNothingChanged: without edits, under shams, and for neurons that never fire, the
// logits are the intact ones bit by bit.
func TestSweepOfNothingChanged(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {-1, 0, -1}, {0, 1, 0.5}}, [][]float32{{0.3, 1, 0.7, 0}, {1, 0, -0.2, 0.1}}, [][]float32{{1, 0.5, 0}, {-1, 0.25, 0}})
	images := modeltest.Images(n.Spec.Input, 30, 1)
	dead := model.Neuron(1, 1)
	arms := []model.Arm{{}, {Edits: []model.Edit{model.Sham(model.Neuron(2, 0))}}, {Edits: []model.Edit{model.Zero(dead)}},
		{Patches: []model.Address{model.Neuron(1, 2)}}, {Edits: []model.Edit{model.Zero(model.Neuron(1, 0))}}}
	var total atomic.Int64 // see is called from several goroutines
	err := n.Sweep(context.Background(), images, arms, model.SweepOptions{Sources: []model.Source{{Images: images}}}, func(b model.SweepBatch) {
		for k := range arms {
			same := slices.Equal(b.Logits[k*len(b.Intact):(k+1)*len(b.Intact)], b.Intact)
			if lesioned := k == 4; same == lesioned {
				t.Errorf("arm %d: intact logits: %v", k, same)
			}
		}
		total.Add(int64(b.Images))
	})
	if err != nil || total.Load() != 30 {
		t.Errorf("%d images, %v", total.Load(), err)
	}
}

func TestSweepProgressAndCancellation(t *testing.T) {
	n, images, arms, sources := experiment(t, "mlp", 64)
	last := 0
	o := model.SweepOptions{Sources: sources, Progress: func(done, total int) {
		if done <= last || total != 64 {
			t.Errorf("progress from %d to %d of %d", last, done, total)
		}
		last = done
	}}
	sweep(t, n, images, arms, o)
	if last != 64 {
		t.Errorf("progress ended at %d of 64", last)
	}
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	err := n.Sweep(ctx, images, arms, model.SweepOptions{Sources: sources, Workers: 1}, func(b model.SweepBatch) {
		seen += b.Images
		cancel()
	})
	if !errors.Is(err, context.Canceled) || seen == 64 {
		t.Errorf("cancelled after %d images: %v", seen, err)
	}
}

func TestSweepRefuses(t *testing.T) {
	n, images, _, _ := experiment(t, "cnn", 4)
	patch := []model.Arm{{Patches: []model.Address{model.Neuron(1, 0)}}}
	for _, c := range []struct {
		name    string
		images  []float32
		arms    []model.Arm
		sources []model.Source
		want    string
	}{
		{"odd pixels", images[1:], nil, nil, "no whole number"},
		{"unknown neuron", images, []model.Arm{{Edits: []model.Edit{model.Zero(model.Neuron(1, 99))}}}, nil, "layer 1 has neurons 0 to 15"},
		{"unknown patch", images, []model.Arm{{Patches: []model.Address{model.Neuron(9, 0)}}}, nil, "layer 9 not in model"},
		{"no source", images, patch, nil, "patches from source 0 (there are 0)"},
		{"short index", images, patch, []model.Source{{Images: images, Index: []int{0, 1}}}, "2 counterparts for 4 images"},
		{"index beyond", images, patch, []model.Source{{Images: images, Index: []int{0, 1, 2, 4}}}, "counterpart of image 3 is image 4 (it has 4)"},
		{"too few images", images, patch, []model.Source{{Images: images[:len(images)/2]}}, "counterpart of image 2"},
		{"short level", images, []model.Arm{{Edits: []model.Edit{{Target: model.Neuron(1, 0), Keep: model.Constant(0),
			Fill: model.Level{Values: make([]float32, 3), PerImage: true}}}}}, nil, "Fill has 3 values"},
	} {
		err := n.Sweep(context.Background(), c.images, c.arms, model.SweepOptions{Sources: c.sources}, func(model.SweepBatch) { t.Error(c.name, "ran") })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want … %s …", c.name, err, c.want)
		}
	}
}

// TestSweepKeepsBitsWhereNothingChanges: shams and patches with an image's own activations, on
// single units, layers and several layers at once, leave every logit of every kind of network
// bit-identical.
func TestSweepKeepsBitsWhereNothingChanges(t *testing.T) {
	for _, spec := range sweepSpecs(t) {
		n := modeltest.Random(spec, 2)
		images := modeltest.Images(spec.Input, 19, 2)
		var arms []model.Arm
		var everywhere, units model.Arm
		for l := 1; l <= n.Depth(); l++ {
			layer, unit := model.Neuron(l, model.AllUnits), model.Neuron(l, 1)
			arms = append(arms, model.Arm{Patches: []model.Address{layer}}, model.Arm{Patches: []model.Address{unit}},
				model.Arm{Edits: []model.Edit{model.Sham(layer)}}, model.Arm{Edits: []model.Edit{model.Sham(unit)}})
			everywhere.Patches, units.Patches = append(everywhere.Patches, layer), append(units.Patches, unit)
			everywhere.Edits, units.Edits = append(everywhere.Edits, model.Sham(layer)), append(units.Edits, model.Sham(unit))
		}
		arms = append(arms, everywhere, units)
		for _, e := range n.Edges() {
			arms = append(arms, model.Arm{PatchEdges: []model.Edge{e}})
		}
		err := n.Sweep(context.Background(), images, arms, model.SweepOptions{Sources: []model.Source{{Images: images}}}, func(b model.SweepBatch) {
			for k := range arms {
				if got := b.Logits[k*len(b.Intact) : (k+1)*len(b.Intact)]; !slices.Equal(got, b.Intact) {
					t.Errorf("%s, arm %d of %d: %v, intact %v", spec.Name, k, len(arms), got[:2], b.Intact[:2])
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
