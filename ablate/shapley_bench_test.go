package ablate

import (
	"context"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// BenchmarkShapley is the comparison with Captum's ShapleyValueSampling as published, of the suffix of
// the network alone: 64 units of the last hidden layer, 26 orders (each with its reverse; Captum: 25), 64 images.
func BenchmarkShapley(b *testing.B) {
	set := modeltest.Blobs(model.Shape{3, 32, 32}, 8, 64, 64, 1)
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	if n, err = model.NewNetwork(n.Spec, n.Params, n.Mean, n.Std, set.Classes); err != nil {
		b.Fatal(err)
	}
	p, err := Prepare(context.Background(), n, set, DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	metric, err := ParseMetric("accuracy", set.Classes)
	if err != nil {
		b.Fatal(err)
	}
	g := &unitGame{p, metric, Zero, nil}
	for u := range 64 {
		g.units = append(g.units, model.Neuron(4, u))
	}
	e := antithetic(64, 26, 1)
	for b.Loop() {
		if _, err := play(e, 64, 64, nil, g.play(context.Background())); err != nil {
			b.Fatal(err)
		}
	}
}
