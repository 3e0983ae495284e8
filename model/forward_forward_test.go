package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// denseSpec is an input and dense layers, the last without ReLU.
func denseSpec(t testing.TB, input model.Shape, classes int, hidden ...int) model.Spec {
	t.Helper()
	s, err := model.MLP(input, classes, hidden...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// localOptions are a forward-forward run of 3 epochs of 10 steps.
func localOptions() model.TrainOptions {
	o := smallOptions()
	o.Rule, o.Patience, o.Rate = model.ForwardForward, 0, 1e-2
	return o
}

func localTrainer(t testing.TB, o model.TrainOptions, hidden ...int) *model.Trainer {
	t.Helper()
	tr, err := model.NewTrainer(blobs(), denseSpec(t, model.Shape{3, 16, 16}, 2, hidden...), o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func run(t testing.TB, tr *model.Trainer) *model.Network {
	t.Helper()
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return network(t, tr)
}

// TestGoodnessByHand: two units, of activities (3, 1) on a positive and (1, 0) on a negative image:
// with θ = 2 and τ = √2 the margins are 8/√2 and −(−1)/√2 = 1/√2.
func TestGoodnessByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}})
	g, err := model.NewGradients(n, 2, model.Goodness, model.Wanted{Params: true, Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got, err := g.Run([]float32{3, 1, 1, 0}, []float32{1, -1})
	if err != nil {
		t.Fatal(err)
	}
	a, b := 8/math.Sqrt2, 1/math.Sqrt2
	if want := (math.Log1p(math.Exp(-a)) + math.Log1p(math.Exp(-b))) / 2; math.Abs(got-want) > 1e-6 {
		t.Errorf("goodness %v, want %v", got, want)
	}
	// d/da of the mean over 2 images: ∓ 2a / (1+exp(margin)) / √2 / 2.
	up, down := -1/(1+math.Exp(a))/math.Sqrt2, 1/(1+math.Exp(b))/math.Sqrt2
	for k, want := range []float64{3 * up, up, down, 0} {
		if d := g.Activation(1)[k]; math.Abs(float64(d)-want) > 1e-7 {
			t.Errorf("activation %d: gradient %v, want %v", k, d, want)
		}
	}
}

// TestLocalGradientAgainstFiniteDifferences moves every kind of weight of one layer.
func TestLocalGradientAgainstFiniteDifferences(t *testing.T) {
	spec := model.Spec{Name: "layer", Input: model.Shape{1, 3, 4}, Layers: []model.Layer{{Name: "a", Kind: model.Dense, Units: 6, Activation: model.ReLU}}}
	n, x, signs := modeltest.Random(spec, 3), modeltest.Images(spec.Input, 4, 4), []float32{1, 1, -1, -1}
	g, err := model.NewGradients(n, 4, model.Goodness, model.Wanted{Params: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	value := func() (y float64) {
		for i, sign := range signs {
			_, act, _ := modeltest.Forward(n, x[i*12:(i+1)*12])
			good := 0.0
			for _, a := range act[1] {
				good += a * a
			}
			y += math.Log1p(math.Exp(-float64(sign)*(good-6)/math.Sqrt(6))) / 4
		}
		return y
	}
	got, err := g.Run(n.Normalise(x), signs)
	middle := value()
	if err != nil || math.Abs(got-middle) > 1e-5 {
		t.Fatalf("%v, want %v (%v)", got, middle, err)
	}
	for name, pair := range map[string][2][]float32{"weight": {n.Params[1].Weight, g.Param(1).Weight}, "bias": {n.Params[1].Bias, g.Param(1).Bias}} {
		for k := range pair[0] {
			old := pair[0][k]
			between(t, fmt.Sprint(name, " ", k), float64(pair[1][k]), middle, func(delta float64) float64 {
				pair[0][k] = old + float32(delta)
				defer func() { pair[0][k] = old }()
				return value()
			}, 1.0/1024)
		}
	}
}

// TestNoGradientCrossesALayer: what the first hidden layer learns, bit by bit, does not depend on what
// is above it: neither on the second layer's size and starting weights nor on whether there is one.
// With the readout in charge of the negative data this holds as long as they are the same, which
// with two classes they are: the wrong class.
func TestNoGradientCrossesALayer(t *testing.T) {
	o := localOptions()
	o.Epochs = 1 // or the best epoch were another
	first := func(hidden ...int) []float32 { return run(t, localTrainer(t, o, hidden...)).Params[1].Weight }
	rate := o.Rate
	o.Rate = 1e-15 // does not move a weight
	untrained := run(t, localTrainer(t, o, 20, 12)).Params[1].Weight
	o.Rate = rate
	alone := first(20)
	if slices.Equal(alone, untrained) {
		t.Fatal("the first layer does not learn")
	}
	if !slices.Equal(alone, first(20, 12)) || !slices.Equal(alone, first(20, 30, 7)) {
		t.Error("what the first layer learns depends on the layers above it")
	}
	o.Rule = ""
	if back := func(hidden ...int) []float32 { return run(t, localTrainer(t, o, hidden...)).Params[1].Weight }; slices.Equal(back(20, 12), back(20, 30)) {
		t.Error("under back-propagation neither: the test sees nothing")
	}
}

// TestForwardForwardLearns: by readout and by goodness, with one, two and three hidden layers.
func TestForwardForwardLearns(t *testing.T) {
	for _, hidden := range [][]int{{30}, {30, 20}, {30, 20, 20}} {
		n := run(t, localTrainer(t, localOptions(), hidden...))
		e, err := n.Evaluate(context.Background(), blobs(), datasets.Confirm, 0)
		if err != nil || e.Accuracy < 0.95 {
			t.Errorf("%v: accuracy %v on an easy task (%v)", hidden, e.Accuracy, err)
		}
		if n.Record.Goodness == nil {
			t.Fatalf("%v: no answers by goodness", hidden)
		}
		for _, split := range []datasets.Split{datasets.Select, datasets.Confirm} {
			if a, ok := n.Record.Goodness.On(split); !ok || a.Images != 40 || a.Accuracy < 0.9 || a.Accuracy != float64(a.Correct)/40 {
				t.Errorf("%v, %v: by goodness %+v", hidden, split, a)
			}
		}
	}
}

// TestForwardForwardResumes: a run broken off twice ends as an unbroken one, bit by bit, the answers by
// goodness included.
func TestForwardForwardResumes(t *testing.T) {
	want := run(t, localTrainer(t, localOptions(), 20, 12, 8))
	path := filepath.Join(t.TempDir(), "checkpoint")
	broken := localTrainer(t, localOptions(), 20, 12, 8)
	for _, stop := range []int{0, 7, 10, 25} {
		ctx, cancel := context.WithCancel(context.Background())
		if stop == 0 {
			cancel()
		}
		err := broken.Run(ctx, func(p model.Progress) {
			if p.Step >= stop {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatal(stop, err)
		}
		if err := broken.SaveCheckpoint(path, ""); err != nil {
			t.Fatal(err)
		}
		c, err := model.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if broken, err = c.Resume(blobs()); err != nil {
			t.Fatal(err)
		}
	}
	if got := run(t, broken); got.Digest() != want.Digest() {
		t.Error("a run broken off ends with another network")
	}
}

// TestBrokenOffWhileMeasuring: a context that ends with the last step leaves a run that can be resumed.
func TestBrokenOffWhileMeasuring(t *testing.T) {
	o := localOptions()
	o.Epochs = 1
	want := run(t, localTrainer(t, o, 20))
	broken := localTrainer(t, o, 20)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := broken.Run(ctx, func(p model.Progress) {
		if p.Step == broken.Steps() {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := broken.SaveCheckpoint(path, ""); err != nil {
		t.Fatal(err)
	}
	c, err := model.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Resume(blobs())
	if err != nil {
		t.Fatal(err)
	}
	if run(t, again).Digest() != want.Digest() {
		t.Error("another network")
	}
}

// TestForwardForwardSpecimenIsOrdinary: it is saved and loaded, and a sweep's arms give what sessions
// give.
func TestForwardForwardSpecimenIsOrdinary(t *testing.T) {
	n := run(t, localTrainer(t, localOptions(), 20, 12, 8))
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := n.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := model.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if back.Digest() != n.Digest() || back.Record.Goodness == nil || back.Record.Options.Rule != model.ForwardForward {
		t.Errorf("read back: %+v", back.Record)
	}
	images := blobs().Images[:10*3*16*16]
	var arms []model.Arm
	for l := 1; l <= n.Depth(); l++ {
		arms = append(arms, model.Arm{Edits: []model.Edit{model.Zero(model.Neuron(l, 1))}}, model.Arm{Edits: []model.Edit{model.Sham(model.Neuron(l, 0))}})
	}
	want, err := modeltest.Sweep(n, images, arms, nil)
	if err != nil {
		t.Fatal(err)
	}
	compareLogits(t, n, arms, sweep(t, n, images, arms, model.SweepOptions{}), want)
}

// TestForwardForwardSpec: what becomes of hidden layers and output.
func TestForwardForwardSpec(t *testing.T) {
	for want, hidden := range map[string][]int{
		"dense1/length readout2(1)":                                                   {5},
		"dense1/length dense2/length readout3(2)":                                     {5, 4},
		"dense1/length dense2/length dense3/length readout4(2) readout5(3) add6(4 5)": {5, 4, 6},
	} {
		plain := denseSpec(t, model.Shape{1, 2, 2}, 3, hidden...)
		s, err := plain.ForwardForward()
		if err != nil {
			t.Fatal(err)
		}
		var layers []string
		for _, l := range s.Layers {
			text := l.Name
			if l.Pool != nil {
				text += "/" + string(l.Pool.Kind)
			}
			if l.Inputs != nil {
				text += strings.NewReplacer("[", "(", "]", ")").Replace(fmt.Sprint(l.Inputs))
			}
			layers = append(layers, text)
		}
		if got := strings.Join(layers, " "); got != want {
			t.Errorf("%v: %s, want %s", hidden, got, want)
		}
		if _, err := s.Geometries(); err != nil {
			t.Error(err)
		}
		if again, err := s.ForwardForward(); err != nil || fmt.Sprint(again) != fmt.Sprint(s) && len(again.Layers) != len(s.Layers) {
			t.Errorf("again: %v (%v)", again, err)
		}
		if plain.Layers[0].Pool != nil {
			t.Error("the plain spec has changed")
		}
	}
}

// TestForwardForwardRefuses names the layer that cannot be trained.
func TestForwardForwardRefuses(t *testing.T) {
	dense := denseSpec(t, model.Shape{1, 2, 2}, 3, 5, 4)
	with := func(change func(*model.Spec)) model.Spec {
		s := dense
		s.Layers = slices.Clone(s.Layers)
		change(&s)
		return s
	}
	const want = " is none that it can train (want dense layers with ReLU, each reading the one before, and a dense output layer without activation)"
	for message, spec := range map[string]model.Spec{
		"layer 2 (dense2)" + want: with(func(s *model.Spec) { s.Layers[1].Kind, s.Layers[1].Kernel = model.Conv2D, 1 }),
		"layer 1 (dense1)" + want: with(func(s *model.Spec) { s.Layers = s.Layers[2:]; s.Layers[0].Name = "dense1" }),
		"layers after 2 (dense2) are none that it can train (want the output layer there)": with(func(s *model.Spec) { s.Layers[1].Activation = model.Identity }),
		"there is no output layer after the hidden ones":                                   with(func(s *model.Spec) { s.Layers = s.Layers[:2] }),
		"a label takes one pixel a class, 5, of the 2×2 that an image has":                 with(func(s *model.Spec) { s.Layers[2].Units = 5 }),
	} {
		if _, err := spec.ForwardForward(); err == nil || !strings.Contains(err.Error(), "model: forward-forward: "+message) {
			t.Errorf("%v, want %s", err, message)
		}
	}
	cnn, err := model.Preset("cnn", model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.NewTrainer(blobs(), cnn, localOptions()); err == nil || !strings.Contains(err.Error(), "layer 1 (conv1)"+want) {
		t.Error(err)
	}
}

// BenchmarkForwardForwardEpoch is one epoch of 784-500-500 on 5,000 images, batches of 100.
func BenchmarkForwardForwardEpoch(b *testing.B) {
	set := modeltest.Blobs(model.Shape{1, 28, 28}, 5000, 10, 10, 1)
	spec, err := model.MLP(model.Shape{1, 28, 28}, 2, 500, 500)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		o := model.DefaultRuleOptions(model.ForwardForward)
		o.Epochs, o.Flip, o.Shift = 1, false, 1
		tr, err := model.NewTrainer(set, spec, o)
		if err != nil {
			b.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
