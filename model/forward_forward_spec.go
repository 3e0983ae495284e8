package model

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// ForwardForward gives the network of dense layers that s describes the form in which the rule of that
// name trains it. Hidden layers are normalised to a fixed length; in the place of the output layer,
// readouts of all hidden layers but the first (of one alone: of itself), which are summed where they
// are several. A spec that has this form already stays as it is.
func (s *Spec) ForwardForward() (Spec, error) {
	out := Spec{Name: s.Name, Input: s.Input}
	for k, l := range s.Layers {
		follows := len(l.Inputs) == 0 || slices.Equal(l.Inputs, []int{k})
		if l.Kind != Dense || l.Activation != ReLU || l.Pool != nil && !l.Pool.normalises() || !follows {
			break
		}
		l.Inputs, l.Pool = nil, &Pool{Kind: LengthNormalise}
		out.Layers = append(out.Layers, l)
	}
	hidden := len(out.Layers)
	if hidden == len(s.Layers) {
		return Spec{}, errors.New("model: forward-forward: there is no output layer after the hidden ones (want a dense layer without activation at the end)")
	}
	end := s.Layers[hidden]
	switch plain := end.Kind == Dense && end.Activation == Identity && end.Pool == nil; {
	case hidden == 0 || !plain:
		return Spec{}, fmt.Errorf("model: forward-forward: layer %d (%s) is none that it can train (want dense layers with ReLU, each reading the one before, and a dense output layer without activation)",
			hidden+1, end.Name)
	case hidden+1 == len(s.Layers), reflect.DeepEqual(s.Layers[hidden:], readouts(hidden, end.Units)):
	default:
		return Spec{}, fmt.Errorf("model: forward-forward: layers after %d (%s) are none that it can train (want the output layer there)", hidden+1, end.Name)
	}
	if s.Input[1]*s.Input[2] < end.Units {
		return Spec{}, fmt.Errorf("model: forward-forward: a label takes one pixel a class, %d, of the %d×%d that an image has", end.Units, s.Input[1], s.Input[2])
	}
	out.Layers = append(out.Layers, readouts(hidden, end.Units)...)
	return out, nil
}

// answeringLayers are those of so many hidden layers by which a forward-forward network answers.
// Hinton 2022 leaves the first one out: it does better.
func answeringLayers(hidden int) (layers []int) {
	for l := min(2, hidden); l <= hidden; l++ {
		layers = append(layers, l)
	}
	return layers
}

// readouts are the layers that answer from hidden ones.
func readouts(hidden, classes int) (layers []Layer) {
	var sum []int
	for _, l := range answeringLayers(hidden) {
		number := hidden + len(layers) + 1
		layers = append(layers, Layer{Name: fmt.Sprintf("readout%d", number), Kind: Dense, Inputs: []int{l}, Units: classes, Activation: Identity})
		sum = append(sum, number)
	}
	if len(sum) > 1 {
		layers = append(layers, Layer{Name: fmt.Sprintf("add%d", hidden+len(layers)+1), Kind: Add, Inputs: sum, Activation: Identity})
	}
	return layers
}

// forwardHidden counts the hidden layers of a spec in forward-forward's form.
func (s *Spec) forwardHidden() (int, error) {
	formed, err := s.ForwardForward()
	if err != nil {
		return 0, err
	}
	hidden := 0
	for _, l := range formed.Layers {
		if l.Pool.normalises() {
			hidden++
		}
	}
	return hidden, nil
}
