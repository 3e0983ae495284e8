package model_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/model/modeltest"
)

// BenchmarkSweep zeroes every hidden neuron of a preset, one at a time, on 2,000 images of 32×32,
// for accuracy and loss without it.
func BenchmarkSweep(b *testing.B) {
	for _, preset := range []string{"cnn", "mlp", "resnet"} {
		for _, blas := range []string{"auto", "go"} {
			b.Run(preset+"/"+blas, func(b *testing.B) { benchmarkSweep(b, preset, blas, 2000) })
		}
	}
}

// BenchmarkSweepImages shows the cost of a (neuron, image) pair with the number of images.
func BenchmarkSweepImages(b *testing.B) {
	for _, images := range []int{500, 1000, 2000, 5000, 10000} {
		for _, preset := range []string{"cnn", "mlp"} {
			b.Run(fmt.Sprint(preset, "/", images), func(b *testing.B) { benchmarkSweep(b, preset, "auto", images) })
		}
	}
}

func benchmarkSweep(b *testing.B, preset, blas string, images int) {
	if err := kernel.Use(blas); err != nil {
		b.Fatal(err)
	}
	defer kernel.Use("auto")
	spec, err := model.Preset(preset, model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	pixels, labels := modeltest.Images(spec.Input, images, 1), make([]int, images)
	for i := range labels {
		labels[i] = i % 2
	}
	arms := everyNeuron(n)
	b.ResetTimer()
	for b.Loop() {
		scores := make([]score, len(arms))
		var lock sync.Mutex
		err := n.Sweep(context.Background(), pixels, arms, model.SweepOptions{}, func(batch model.SweepBatch) {
			part := scoreBatch(batch, labels[batch.First:batch.First+batch.Images], len(arms))
			lock.Lock()
			defer lock.Unlock()
			for k := range scores {
				scores[k].correct += part[k].correct
				scores[k].loss += part[k].loss
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(arms)*images), "ns/pair")
}

func everyNeuron(n *model.Network) []model.Arm {
	var arms []model.Arm
	for l := 1; l < n.Depth(); l++ {
		for u := range n.Geometry(l).Act[0] {
			arms = append(arms, model.Arm{Edits: []model.Edit{model.Zero(model.Neuron(l, u))}})
		}
	}
	return arms
}

// score is accuracy and loss of one arm, not divided yet.
type score struct {
	correct int
	loss    float64
}

func scoreBatch(b model.SweepBatch, labels []int, arms int) []score {
	classes := len(b.Intact) / b.Images
	scores, intact := make([]score, arms), make([]float64, b.Images)
	for i, label := range labels {
		intact[i] = model.CrossEntropyOf(b.Intact[i*classes:(i+1)*classes], label)
	}
	for k := range scores {
		for i, label := range labels {
			row, before := b.Logits[(k*b.Images+i)*classes:][:classes], b.Intact[i*classes:][:classes]
			if model.Answer(row) == label {
				scores[k].correct++
			}
			if row[0] == before[0] && row[1] == before[1] {
				scores[k].loss += intact[i]
			} else {
				scores[k].loss += model.CrossEntropyOf(row, label)
			}
		}
	}
	return scores
}

// BenchmarkChain removes the 64 units of the cnn's dense layer one after another in 25 random
// orders, on 64 images: what a Shapley estimate runs.
func BenchmarkChain(b *testing.B) {
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	pixels := modeltest.Images(spec.Input, 64, 1)
	r := rand.New(rand.NewPCG(1, 1))
	var arms []model.Arm
	for range 25 {
		for k, u := range r.Perm(64) {
			arms = append(arms, model.Arm{Next: k > 0, Edits: []model.Edit{model.Zero(model.Neuron(4, u))}})
		}
	}
	for b.Loop() {
		sums := make([]float64, len(arms))
		var lock sync.Mutex
		err := n.Sweep(context.Background(), pixels, arms, model.SweepOptions{}, func(batch model.SweepBatch) {
			lock.Lock()
			defer lock.Unlock()
			for k := range arms {
				for i := range batch.Images {
					row := batch.Logits[(k*batch.Images+i)*2:]
					sums[k] += float64(row[1] - row[0])
				}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
