package modeltest_test

import (
	"fmt"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// Example wires an AND: the output neuron is lit where both inputs are.
func Example() {
	n := modeltest.Wire(2, [][]float32{{1, 1, -1}}, [][]float32{{0, 0.5}, {1, 0}})
	for _, image := range [][]float32{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		_, _, out := modeltest.Forward(n, image)
		fmt.Println(image, out[n.Depth()])
	}
	// Output:
	// [0 0] [0.5 0]
	// [1 0] [0.5 0]
	// [0 1] [0.5 0]
	// [1 1] [0.5 1]
}

// TestForwardByHand holds the oracle itself against paper: normalisation, a 2×2 convolution with
// stride 1 and padding 1, ReLU, max pooling, a skip connection and global average pooling.
func TestForwardByHand(t *testing.T) {
	spec := model.Spec{Name: "hand", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv2D, Units: 1, Kernel: 2, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2, Stride: 1}},
		{Name: "sum", Kind: model.Add, Inputs: []int{0, 1}, Activation: model.Identity, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
	}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 2, 0, -1}, Bias: []float32{1}}, {}},
		[]float32{0.5}, []float32{0.25}, []string{"only"})
	if err != nil {
		t.Fatal(err)
	}
	pre, act, out := modeltest.Forward(n, []float32{0.75, 0.5, 0.25, 1}) // normalised: 1 0 / -1 2
	// z = 1 + x[y-1][x-1] + 2·x[y-1][x] - x[y][x], over a 3×3 map.
	for _, c := range []struct {
		what      string
		got, want []float64
	}{
		{"normalised", out[0], []float64{1, 0, -1, 2}},
		{"pre-activation", pre[1], []float64{0, 1, 1, 4, 0, 1, -1, 4, 3}},
		{"activation", act[1], []float64{0, 1, 1, 4, 0, 1, 0, 4, 3}},
		{"pooled", out[1], []float64{4, 1, 4, 4}},
		{"sum", act[2], []float64{5, 1, 3, 6}},
		{"average", out[2], []float64{3.75}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}
