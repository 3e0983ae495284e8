package model

import (
	"fmt"
	"strings"
)

// Presets are the networks that `train --preset` knows, in the order of listing.
var Presets = []struct{ Name, Summary string }{
	{"cnn", "three 3×3 convolutions (16, 32, 64 channels) with 2×2 max pooling, dense 64"},
	{"mlp", "dense layers of 256, 128, 64 and 32 neurons"},
	{"resnet", "six 3×3 convolutions with two skip connections and global average pooling"},
	{"recurrent", "dense 128, then 64 neurons fed back into themselves, 4 steps, the last one read"},
}

// Preset builds a preset's spec for an input shape and a number of classes.
func Preset(name string, input Shape, classes int) (Spec, error) {
	s := Spec{Name: name, Input: input}
	switch name {
	case "cnn":
		for i, channels := range []int{16, 32, 64} {
			s.Layers = append(s.Layers, conv3x3(i+1, channels, ReLU, &Pool{Kind: MaxPool, Size: 2}))
		}
		s.Layers = append(s.Layers, dense(4, 64, ReLU), dense(5, classes, Identity))
	case "mlp":
		return MLP(input, classes, 256, 128, 64, 32)
	case "resnet":
		s.Layers = []Layer{
			conv3x3(1, 16, ReLU, &Pool{Kind: MaxPool, Size: 2}),
			conv3x3(2, 16, ReLU, nil),
			conv3x3(3, 16, Identity, nil),
			{Name: "add4", Kind: Add, Inputs: []int{1, 3}, Activation: ReLU, Pool: &Pool{Kind: MaxPool, Size: 2}},
			conv3x3(5, 32, ReLU, nil),
			conv3x3(6, 32, ReLU, nil),
			conv3x3(7, 32, Identity, nil),
			{Name: "add8", Kind: Add, Inputs: []int{5, 7}, Activation: ReLU, Pool: &Pool{Kind: GlobalAveragePool}},
			dense(9, classes, Identity),
		}
	case "recurrent":
		s.Layers = []Layer{
			dense(1, 128, ReLU),
			{Name: "recur2", Kind: Recurrent, Units: 64, Steps: 4, Activation: ReLU, Pool: &Pool{Kind: LastStep}},
			dense(3, classes, Identity),
		}
	default:
		var known []string
		for _, p := range Presets {
			known = append(known, p.Name)
		}
		return s, fmt.Errorf("model: unknown preset %q (known: %s)", name, strings.Join(known, ", "))
	}
	_, err := s.Geometries()
	return s, err
}

// MLP is the preset of that name with hidden layers of any sizes.
func MLP(input Shape, classes int, hidden ...int) (Spec, error) {
	s := Spec{Name: "mlp", Input: input}
	for i, units := range hidden {
		s.Layers = append(s.Layers, dense(i+1, units, ReLU))
	}
	s.Layers = append(s.Layers, dense(len(hidden)+1, classes, Identity))
	_, err := s.Geometries()
	return s, err
}

func conv3x3(number, channels int, a Activation, pool *Pool) Layer {
	return Layer{Name: fmt.Sprintf("conv%d", number), Kind: Conv2D, Units: channels, Kernel: 3, Padding: 1, Activation: a, Pool: pool}
}

func dense(number, units int, a Activation) Layer {
	return Layer{Name: fmt.Sprintf("dense%d", number), Kind: Dense, Units: units, Activation: a}
}
