package model

import (
	"context"

	"neuroprobe/datasets"

	G "gorgonia.org/gorgonia"
)

// The learning rules: how a step finds out where to move the weights. In TrainOptions nothing means
// back-propagation, so that the digests of networks from before there was a choice stay as they are.
const (
	Backpropagation = "backprop"
	ForwardForward  = "forward-forward"
)

// Rules are the learning rules, in the order of listing.
var Rules = []string{Backpropagation, ForwardForward}

// rule works out the gradients of a step. The Trainer has the rest: order, augmentation, optimizer,
// epochs, the choice of the best weights, checkpoints.
type rule interface {
	// gradients runs one batch. loss and correct are those of the network's answers on it.
	gradients(b *batch) (loss float64, correct int, err error)
	// parameters are all weights and biases with their gradients, in the order of eachParam.
	parameters() []G.ValueGrad
	// network makes an ordinary network's parameters of those trained. It may share their slices, and
	// changes none.
	network(trained []Params) []Params
	// measure is called once, with the weights kept, when training has ended.
	measure(ctx context.Context, trained []Params) (*GoodnessRecord, error)
	Close() error
}

// batch is what a step is about.
type batch struct {
	inputs  []float32 // augmented and normalised
	targets []float32 // one row an image, 1 at its class
	labels  []int
	images  []int // their numbers in the Set
	epoch   int
}

func (b *batch) answered(logits []float32) (correct int) {
	classes := len(logits) / len(b.labels)
	for i, label := range b.labels {
		if Answer(logits[i*classes:(i+1)*classes]) == label {
			correct++
		}
	}
	return correct
}

// newRule makes the rule of a trainer whose parameters are there.
func newRule(t *Trainer) (rule, error) {
	if t.options.Rule == ForwardForward {
		return newForwardForward(t)
	}
	return newBackpropagation(t)
}

// paramGrad hands a parameter and its gradient to a solver. The gradient is read where the
// graph computed it: gorgonia's dual values would add it up from run to run.
type paramGrad struct{ value, grad *G.Node }

func (p paramGrad) Value() G.Value         { return p.value.Value() }
func (p paramGrad) Grad() (G.Value, error) { return p.grad.Value(), nil }

// parameters are what a graph trains, in the order of its layers.
func (g *Gradients) parameters() (all []G.ValueGrad) {
	for i := range g.params {
		if p := &g.params[i]; p.dWeight != nil {
			all = append(all, paramGrad{p.weight, p.dWeight}, paramGrad{p.bias, p.dBias})
		}
	}
	return all
}

// GoodnessRecord is how the goodness of a forward-forward network's layers answers, measured when
// training had ended: each image is run with every class's label, and the class is taken for which
// the goodness of all hidden layers but the first (of one alone: its own) is largest.
type GoodnessRecord struct {
	// LabelStrength is what the pixel of a class holds in a labelled image, after normalisation;
	// those of the others hold 0.
	LabelStrength float64              `json:"label_strength"`
	Answers       []GoodnessOnOneSplit `json:"answers"`
}

// GoodnessOnOneSplit counts answers on a split.
type GoodnessOnOneSplit struct {
	Split    string  `json:"split"`
	Images   int     `json:"images"`
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"`
}

// On is the count on a split, if there is one; a record of nothing has none.
func (r *GoodnessRecord) On(split datasets.Split) (GoodnessOnOneSplit, bool) {
	if r == nil {
		return GoodnessOnOneSplit{}, false
	}
	for _, a := range r.Answers {
		if a.Split == split.String() {
			return a, true
		}
	}
	return GoodnessOnOneSplit{}, false
}
