package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/model/modeltest"
)

func blobs() *datasets.Set { return modeltest.Blobs(model.Shape{3, 16, 16}, 200, 40, 40, 1) }

func smallOptions() model.TrainOptions {
	o := model.DefaultTrainOptions()
	o.Epochs, o.Batch, o.Flip, o.Shift, o.Rate = 3, 20, false, 1, 2e-3
	return o
}

func trainer(t testing.TB, preset string, o model.TrainOptions) *model.Trainer {
	t.Helper()
	spec, err := model.Preset(preset, model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := model.NewTrainer(blobs(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestEveryPresetLearns(t *testing.T) {
	for _, p := range model.Presets {
		tr := trainer(t, p.Name, smallOptions())
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		n, err := tr.Network("test")
		if err != nil {
			t.Fatal(err)
		}
		e, err := n.Evaluate(context.Background(), blobs(), datasets.Confirm, 0)
		if err != nil || e.Accuracy < 0.95 {
			t.Errorf("%s: accuracy %v on an easy task (%v)", p.Name, e.Accuracy, err)
		}
	}
}

func TestSameSeedSameWeights(t *testing.T) {
	digest := func(seed uint64) string {
		o := smallOptions()
		o.Seed = seed
		tr := trainer(t, "cnn", o)
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		n, _ := tr.Network("test")
		return n.Digest()
	}
	first := digest(1)
	if again := digest(1); again != first {
		t.Error("the same seed gives other weights")
	}
	if first == digest(2) {
		t.Error("another seed gives the same weights")
	}
}

func TestDivergenceIsAnError(t *testing.T) {
	o := smallOptions()
	o.Rate = 10
	o.WeightDecay = 0
	o.Epochs = 40
	o.Patience = 0
	set := blobs()
	set.Images[5] = float32(math.Inf(1)) // the surest way to a loss that is not finite
	spec, _ := model.Preset("cnn", model.Shape{3, 16, 16}, 2)
	tr, err := model.NewTrainer(set, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); !errors.Is(err, model.ErrDiverged) {
		t.Errorf("error %v, want one that says training diverged", err)
	}
}

// coins is a set whose labels are thrown: training can only overfit, so the best epoch on select
// comes early. Select and confirm are darker than train, so that their moments differ.
func coins(t testing.TB) *datasets.Set {
	t.Helper()
	const train, others = 40, 60
	r := rand.New(rand.NewPCG(3, 3))
	s := datasets.Set{Channels: 1, Height: 4, Width: 4, Classes: []string{"a", "b"}, Images: modeltest.Images(model.Shape{1, 4, 4}, train+2*others, 9)}
	for i := range train + 2*others {
		s.Labels = append(s.Labels, r.IntN(2))
		if i >= train {
			for p := range 16 {
				s.Images[i*16+p] *= 0.5
			}
		}
	}
	set, err := datasets.New(s, train, others, others)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// coinTrainer is ready to train on the coins for 12 epochs of 5 steps, options changed as asked.
func coinTrainer(t testing.TB, change func(*model.TrainOptions)) *model.Trainer {
	t.Helper()
	o := model.TrainOptions{Epochs: 12, Batch: 8, Optimizer: "adamw", Rate: 0.02, Seed: 4}
	if change != nil {
		change(&o)
	}
	spec := model.Spec{Name: "coins", Input: model.Shape{1, 4, 4}, Layers: []model.Layer{
		{Name: "h", Kind: model.Dense, Units: 24, Activation: model.ReLU}, {Name: "o", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	tr, err := model.NewTrainer(coins(t), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// coinRun is what such a training ends with.
func coinRun(t testing.TB, change func(*model.TrainOptions)) *model.Network {
	t.Helper()
	tr := coinTrainer(t, change)
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return network(t, tr)
}

func network(t testing.TB, tr *model.Trainer) *model.Network {
	t.Helper()
	n, err := tr.Network("test")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBestEpochIsChosenOnSelect: the weights kept are those of the epoch with the lowest
// cross-entropy on select, which they show when measured again, and no later ones.
func TestBestEpochIsChosenOnSelect(t *testing.T) {
	n := coinRun(t, nil)
	r, best := n.Record, 0
	for k, e := range r.Epochs {
		if e.SelectLoss < r.Epochs[best].SelectLoss {
			best = k
		}
	}
	if len(r.Epochs) != 12 || r.Best != best+1 || r.Best == 12 || r.Stopped != "all epochs done" {
		t.Fatalf("best %d (lowest loss in epoch %d) of %d, %q", r.Best, best+1, len(r.Epochs), r.Stopped)
	}
	e, err := n.Evaluate(context.Background(), coins(t), datasets.Select, 1)
	if err != nil {
		t.Fatal(err)
	}
	if e.Loss != r.Epochs[best].SelectLoss || e.Accuracy != r.Epochs[best].SelectAccuracy {
		t.Errorf("select: %v, %v, recorded %+v", e.Loss, e.Accuracy, r.Epochs[best])
	}
	if c, err := n.Evaluate(context.Background(), coins(t), datasets.Confirm, 1); err != nil || c.Loss == e.Loss {
		t.Errorf("confirm gives select's loss %v (%v): the test cannot tell them apart", c.Loss, err)
	}
}

// TestTrainingFiguresAreAverages: a loss begins near log 2 and falls; sums over batches or
// images would not fit the bounds.
func TestTrainingFiguresAreAverages(t *testing.T) {
	epochs := coinRun(t, nil).Record.Epochs
	if first := epochs[0]; first.TrainLoss < 0.6 || first.TrainLoss > 0.9 || first.TrainAccuracy < 0.3 || first.TrainAccuracy > 0.8 {
		t.Errorf("first epoch %+v", first)
	}
	if last := epochs[11]; last.TrainLoss > 0.6 || last.TrainAccuracy < 0.8 || last.TrainAccuracy > 1 {
		t.Errorf("last epoch %+v", last)
	}
}

// TestLearningRateFallsAlongACosine: an epoch's record holds the rate of its last step, of 60.
func TestLearningRateFallsAlongACosine(t *testing.T) {
	for k, e := range coinRun(t, nil).Record.Epochs {
		at := float64(5*(k+1)-1) / 60
		if want := 0.01 * (1 + math.Cos(math.Pi*at)); math.Abs(e.LearningRate-want) > 1e-12 {
			t.Errorf("epoch %d: learning rate %v, want %v", k+1, e.LearningRate, want)
		}
	}
}

// TestMomentsAreTheTrainSplits: what normalises the input must not know select and confirm.
func TestMomentsAreTheTrainSplits(t *testing.T) {
	n := coinRun(t, func(o *model.TrainOptions) { o.Epochs = 1 })
	var sum, squares float64
	for _, v := range coins(t).Images[:40*16] {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	mean := sum / 640
	if sd := math.Sqrt(squares/640 - mean*mean); math.Abs(float64(n.Mean[0])-mean) > 1e-6 || math.Abs(float64(n.Std[0])-sd) > 1e-6 {
		t.Errorf("moments %v, %v, want the train split's %v, %v", n.Mean, n.Std, mean, sd)
	}
}

func TestPatienceEndsTraining(t *testing.T) {
	full, r := coinRun(t, nil).Record, coinRun(t, func(o *model.TrainOptions) { o.Patience = 2 }).Record
	if len(r.Epochs) != r.Best+2 || r.Stopped != "no gain on select for 2 epochs" || !slices.Equal(r.Epochs, full.Epochs[:len(r.Epochs)]) {
		t.Errorf("best %d of %d epochs, %q", r.Best, len(r.Epochs), r.Stopped)
	}
}

// TestEveryOptionMatters: each gives other weights than every other.
func TestEveryOptionMatters(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(*model.TrainOptions){
		"plain": nil,
		"flip":  func(o *model.TrainOptions) { o.Flip = true }, "shift": func(o *model.TrainOptions) { o.Shift = 1 },
		"adam with decay":  func(o *model.TrainOptions) { o.Optimizer, o.WeightDecay = "adam", 0.1 },
		"adamw with decay": func(o *model.TrainOptions) { o.WeightDecay = 0.1 },
		"rate":             func(o *model.TrainOptions) { o.Rate = 0.01 },
		"batch":            func(o *model.TrainOptions) { o.Batch = 10 },
	} {
		weights := fmt.Sprint(coinRun(t, change).Params[1].Weight)
		if other, known := seen[weights]; known {
			t.Errorf("%s gives the weights of %s", name, other)
		}
		seen[weights] = name
	}
}

func TestBatchLargerThanTheData(t *testing.T) {
	tr := coinTrainer(t, func(o *model.TrainOptions) { o.Batch, o.Epochs = 1000, 1 })
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if n := network(t, tr); tr.Steps() != 1 || n.Record.Options.Batch != 40 {
		t.Errorf("%d steps of %d images", tr.Steps(), n.Record.Options.Batch)
	}
}

// TestEachEpochHasAnotherOrder: with a rate too small to move a weight, and one batch of 24
// of the 40 images an epoch, an epoch's loss tells which images it met.
func TestEachEpochHasAnotherOrder(t *testing.T) {
	losses := map[float64]bool{}
	for _, e := range coinRun(t, func(o *model.TrainOptions) { o.Batch, o.Rate = 24, 1e-15 }).Record.Epochs {
		losses[e.TrainLoss] = true
	}
	if len(losses) != 12 {
		t.Errorf("12 epochs met %d different batches", len(losses))
	}
}

// TestKeptNetworkDoesNotTrainOn: a network handed out during training stays as it was.
func TestKeptNetworkDoesNotTrainOn(t *testing.T) {
	tr := coinTrainer(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := tr.Run(ctx, func(p model.Progress) {
		if p.Step == 5 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	early := network(t, tr)
	digest := early.Digest()
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if early.Digest() != digest {
		t.Error("a network handed out changes as training goes on")
	}
}

// TestTrainOptionsCheck: each bad setting is named, the usual ones pass.
func TestTrainOptionsCheck(t *testing.T) {
	usual := model.DefaultTrainOptions()
	if err := usual.Check(); err != nil {
		t.Error(err)
	}
	nan := math.NaN()
	for want, change := range map[string]func(*model.TrainOptions){
		"model: 0 epochs (want at least 1)":                                          func(o *model.TrainOptions) { o.Epochs = 0 },
		"model: batches of 0 images (want at least 1)":                               func(o *model.TrainOptions) { o.Batch = 0 },
		`model: optimizer "sgd" (known: adamw, adam)`:                                func(o *model.TrainOptions) { o.Optimizer = "sgd" },
		"model: learning rate 0 (want above 0; 0.001 is usual)":                      func(o *model.TrainOptions) { o.Rate = 0 },
		"model: learning rate NaN (want above 0; 0.001 is usual)":                    func(o *model.TrainOptions) { o.Rate = nan },
		"model: learning rate 11 (want above 0; 0.001 is usual)":                     func(o *model.TrainOptions) { o.Rate = 11 },
		"model: weight decay -1 (want 0 or more; 0.01 is usual)":                     func(o *model.TrainOptions) { o.WeightDecay = -1 },
		"model: weight decay NaN (want 0 or more; 0.01 is usual)":                    func(o *model.TrainOptions) { o.WeightDecay = nan },
		"model: shift -1 pixels (want 0 or more)":                                    func(o *model.TrainOptions) { o.Shift = -1 },
		"model: patience -1 epochs (want 0 or more)":                                 func(o *model.TrainOptions) { o.Patience = -1 },
		"model: 0 epochs (want at least 1)\nmodel: shift -1 pixels (want 0 or more)": func(o *model.TrainOptions) { o.Epochs, o.Shift = 0, -1 },
	} {
		o := usual
		change(&o)
		if err := o.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// BenchmarkTrainEpoch is one epoch of the cnn preset on 10,000 images, batches of 64: the
// peer's task "train-epoch".
func BenchmarkTrainEpoch(b *testing.B) {
	for _, backend := range []string{"go", "auto"} {
		b.Run(backend, func(b *testing.B) {
			kernel.Use(backend)
			set := modeltest.Blobs(model.Shape{3, 32, 32}, 10000, 10, 10, 1)
			spec, _ := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
			for b.Loop() {
				o := model.DefaultTrainOptions()
				o.Epochs, o.Flip, o.Shift = 1, false, 0
				tr, err := model.NewTrainer(set, spec, o)
				if err != nil {
					b.Fatal(err)
				}
				if err := tr.Run(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	kernel.Use("auto")
}
