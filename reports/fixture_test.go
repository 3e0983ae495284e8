package reports

import (
	"math"
	"sync"
	"testing"
	"time"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// The fixtures are results made up by hand: no training, no statistics, so that what a golden
// file shows depends on this package alone.

// fixtureSet are 32×32 colour images: 200 to train, 60 to select, 200 to confirm, cats and
// dogs in turn.
var fixtureSet = sync.OnceValue(func() *datasets.Set {
	s := datasets.Set{
		Source: "petfaces", Classes: []string{"cat", "dog"}, Channels: 3, Height: 32, Width: 32,
		Features: []string{"pointed_ears", "whiskers", "collar"},
		Bound:    &datasets.Bound{Accuracy: 0.955, How: "exact sum over all 8 feature vectors of the likelier class's probability"},
		Warnings: []string{"3 images appear in two splits"},
		Skipped: []string{"cat/0007.png: unexpected EOF", "cat/0012.png: 1×1 pixels", "cat/a|b.png: unknown format", "dog/01.png: unknown format",
			"dog/02.png: unknown format", "dog/03.png: unknown format", "dog/04.png: unknown format", "dog/05.png: unknown format",
			"dog/06.png: unknown format", "dog/07.png: unknown format", "dog/08.png: unknown format", "dog/09.png: unknown format"},
	}
	for i := range 460 {
		s.Labels = append(s.Labels, i%2)
		s.Present = append(s.Present, i%2 == 0, i%3 == 0, i%5 == 0)
		s.Images = append(s.Images, fixtureFace(i)...)
	}
	set, err := datasets.New(s, 200, 60, 200)
	if err != nil {
		panic(err)
	}
	return set
})

// fixtureFace is a round face with pointed ears (cats) or hanging ones (dogs).
func fixtureFace(i int) []float32 {
	hue, tilt := float64(i*37%100)/100, float64(i*53%100)/100-0.5
	colour := func(shade float64) [3]float64 {
		return [3]float64{shade * (0.75 + 0.2*hue), shade * (0.55 + 0.2*hue), shade * (0.45 + 0.1*tilt)}
	}
	img := make([]float32, 3*32*32)
	for y := range 32 {
		for x := range 32 {
			px, py := float64(x)-15.5-2*tilt, float64(y)-18
			c := [3]float64{0.55 + 0.3*tilt, 0.7, 0.85 - 0.3*hue}
			side := math.Abs(px)
			ear := i%2 == 0 && py < -4 && py > -15 && side > 3 && side < 10 && side-6.5 < (py+15)*0.4 && side-6.5 > -(py+15)*0.4
			ear = ear || i%2 == 1 && math.Hypot((side-10.5)*1.6, py-1) < 7
			switch {
			case math.Hypot(side-4, py+2) < 1.6 || math.Hypot(px*0.7, py-3.5) < 1.5:
				c = colour(0.1)
			case math.Hypot(px, py) < 10 && !(i%2 == 1 && ear && side > 8):
				c = colour(1)
			case ear:
				c = colour(0.7)
			}
			for k := range 3 {
				img[k*1024+y*32+x] = float32(math.Round(min(max(c[k], 0), 1)*255) / 255)
			}
		}
	}
	return img
}

func fixtureNetwork(t testing.TB) *model.Network {
	t.Helper()
	conv := func(name string, units int, pool *model.Pool) model.Layer {
		return model.Layer{Name: name, Kind: model.Conv2D, Units: units, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: pool}
	}
	spec := model.Spec{Name: "small", Input: model.Shape{3, 32, 32}, Layers: []model.Layer{
		conv("conv1", 16, &model.Pool{Kind: model.MaxPool, Size: 2}),
		conv("conv2", 32, &model.Pool{Kind: model.MaxPool, Size: 2}),
		conv("conv3", 64, &model.Pool{Kind: model.GlobalAveragePool}),
		{Name: "dense4", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	params := []model.Params{{}}
	for _, size := range [][2]int{{16, 27}, {32, 144}, {64, 288}, {2, 64}} {
		params = append(params, model.Params{Weight: make([]float32, size[0]*size[1]), Bias: make([]float32, size[0])})
	}
	n, err := model.NewNetwork(spec, params, []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}, []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	n.Record = model.Record{Tool: "0.1.0", Arithmetic: "OpenBLAS 0.3.29", Data: "petfaces", DataDigest: fixtureDigest,
		Options: model.TrainOptions{Epochs: 24, Batch: 64, Optimizer: "adamw", Rate: 2e-3, WeightDecay: 1e-2, Flip: true, Shift: 3, Patience: 8, Seed: 1}, Best: 14, Stopped: "no gain on select for 8 epochs"}
	for i := 1; i <= 22; i++ {
		f := float64(i)
		wobble := math.Sin(f*2.3) * 0.008
		n.Record.Epochs = append(n.Record.Epochs, model.Epoch{Epoch: i, LearningRate: 0.001 * (1 + math.Cos(math.Pi*f/24)),
			TrainLoss: round(0.12 + 0.55*math.Exp(-f/5) + wobble/2), TrainAccuracy: round(0.95 - 0.4*math.Exp(-f/5) + wobble/2),
			SelectLoss: round(0.2 + 0.42*math.Exp(-f/4) + 0.004*f + wobble), SelectAccuracy: round(0.92 - 0.33*math.Exp(-f/4) + wobble)})
	}
	for i := range n.Record.Epochs {
		n.Record.Epochs[i].LearningRate = round(n.Record.Epochs[i].LearningRate)
	}
	return n
}

// round keeps the fixtures the same on machines that round products differently.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

const fixtureDigest = "5f3a9c0d1e2b4f6a8c7d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

func fixtureRun(command string) Run {
	return Run{Command: command, Version: "0.1.0", Arithmetic: "OpenBLAS 0.3.29",
		Created: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), Host: "wren", Seconds: 192}
}

func fixtureTrain(t testing.TB) TrainReport {
	set := fixtureSet()
	r := TrainReport{
		Network: fixtureNetwork(t),
		Set:     set,
		Confirm: model.Evaluation{Split: datasets.Confirm, Images: 200, Correct: 183, Accuracy: 0.915, Loss: 0.2417,
			Confusion: [][]int{{93, 7}, {10, 90}}},
		Accuracy:  CI{0.868, 0.946},
		Recall:    []CI{{0.863, 0.966}, {0.826, 0.945}},
		ModelPath: "model.safetensors",
		Run:       fixtureRun("neuroprobe train --data petfaces --seed 1"),
	}
	for k := range 12 {
		i := 260 + 11*k
		r.Confirm.Worst = append(r.Confirm.Worst, model.Mistake{Image: i, Name: set.Names[i], Label: set.Labels[i], Answer: 1 - set.Labels[i],
			Confidence: round(0.993 - 0.021*float64(k))})
	}
	return r
}
