package selftest

import (
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// The gates have one output, the logit of class B; that of A is always 0. Measured in logit-diff:B
// on images of B, an effect is that on the output and nothing else.

// silent is a row of weights for a logit that is always 0.
func silent(inputs int) []float32 { return make([]float32, inputs+1) }

// gate hands the inputs a and b on in layer 1, neurons 1:0 and 1:1, and the rest is over them.
func gate(hidden [][]float32, output ...float32) *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, hidden, [][]float32{silent(len(hidden)), output})
}

func orGate() *model.Network  { return gate([][]float32{{-1, -1, 1}}, -1, 1) }
func andGate() *model.Network { return gate([][]float32{{1, 1, -1}}, 1, 0) }
func xorGate() *model.Network { return gate([][]float32{{1, 1, 0}, {1, 1, -1}}, 1, -2, 0) }

// skipping is h = (a, b) in layer 1, g = (relu(h0+h1-1), h1) in layer 2, s = h + g in layer 3, and the
// output s0 + s1.
func skipping() *model.Network {
	dense := func(name string, f model.Activation) model.Layer {
		return model.Layer{Name: name, Kind: model.Dense, Units: 2, Activation: f}
	}
	return must(model.NewNetwork(
		model.Spec{Name: "skip", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{dense("h", model.ReLU), dense("g", model.ReLU),
			{Name: "s", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.Identity}, dense("out", model.Identity)}},
		[]model.Params{{}, {Weight: []float32{1, 0, 0, 1}, Bias: []float32{0, 0}}, {Weight: []float32{1, 1, 0, 1}, Bias: []float32{-1, 0}}, {},
			{Weight: []float32{0, 0, 1, 1}, Bias: []float32{0, 0}}},
		[]float32{0, 0}, []float32{1, 1}, []string{"A", "B"}))
}

// stimulus is an image of a few channels of one pixel each.
type stimulus struct {
	class    int // 0: A, 1: B
	features []bool
	pixels   []float32
}

// shown is a set of stimuli in three splits.
func shown(features []string, train, selected, confirm []stimulus) *datasets.Set {
	s := datasets.Set{Classes: []string{"A", "B"}, Features: features, Height: 1, Width: 1}
	for _, x := range slices.Concat(train, selected, confirm) {
		s.Channels = len(x.pixels)
		s.Labels, s.Present, s.Images = append(s.Labels, x.class), append(s.Present, x.features...), append(s.Images, x.pixels...)
	}
	return must(datasets.New(s, len(train), len(selected), len(confirm)))
}

// times is the same stimulus so many times.
func times(n, class int, pixels ...float32) []stimulus {
	return slices.Repeat([]stimulus{{class: class, pixels: pixels}}, n)
}

// onlyB are images of B with these pixels, the same in every split, and one of A that the metric does
// not count.
func onlyB(n int, pixels ...float32) *datasets.Set {
	all := append(times(n, 1, pixels...), times(1, 0, slices.Repeat([]float32{0.5}, len(pixels))...)...)
	return shown(nil, all, all, all)
}
