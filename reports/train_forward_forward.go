package reports

import (
	"fmt"

	"neuroprobe/model"
)

// forwardForward tells whether the network was trained without back-propagation.
func (r TrainReport) forwardForward() bool {
	return r.Network.Record.Options.Rule == model.ForwardForward
}

// localClaim is what training by forward-forward puts to the test.
const localClaim = "A brain does not back-propagate."

// byGoodness is how the network answers by its layers' goodness, on the measured split.
func (r TrainReport) byGoodness() (model.GoodnessOnOneSplit, bool) {
	return r.Network.Record.Goodness.On(r.Confirm.Split)
}

// ruleSection says how a network learns that does not back-propagate.
func (r TrainReport) ruleSection() Section {
	if !r.forwardForward() {
		return Section{}
	}
	answering := "all hidden layers but the first"
	if r.hidden() == 1 {
		answering = "the hidden layer"
	}
	strength := ""
	if g := r.Network.Record.Goodness; g != nil {
		strength = ", " + fixed(g.LabelStrength, 2) + " here"
	}
	classes := len(r.Network.Classes)
	return Section{"Learning rule: forward-forward", []Block{
		Paragraph(fmt.Sprintf("G. Hinton, “The Forward-Forward Algorithm: Some Preliminary Investigations”, arXiv:2212.13345 (2022). "+
			"The first %d pixels of an image's first channel hold a label: a third of √(values of an image)%s at the pixel of the class, 0 at the others, "+
			"after normalisation. Positive data are training images with the right label, negative data the same images with a wrong one, drawn in "+
			"proportion to the readout's probabilities.", classes, strength)),
		Paragraph("A hidden layer of k neurons has the goodness g = Σa². It learns, from its own activities alone, to have a large one on positive and a " +
			"small one on negative data: its loss is log(1+exp(−(g−k)/√k)) on those and log(1+exp((g−k)/√k)) on these. No gradient crosses a layer. " +
			"What it hands on is a/√(mean a²), so that the layer above cannot read the goodness off."),
		Paragraph(fmt.Sprintf("The readout learns by cross-entropy, and moves no hidden weight. It answers from what %s hand on when they see a neutral label, "+
			"1/%d of a label in each of its pixels. Its answers are the specimen's: the neutral label is folded into the first layer's biases and the synapses "+
			"from its pixels are cut, so that the specimen takes ordinary images. Losses and accuracies by epoch are the readout's.", answering, classes)),
		Paragraph(fmt.Sprintf("By goodness means: run an image with each label in turn, and take the class for which the goodness of %s is largest. "+
			"It was measured before the label was folded in.", answering)),
	}}
}

// hidden counts the layers that are normalised to a fixed length.
func (r TrainReport) hidden() (n int) {
	for _, l := range r.Network.Spec.Layers {
		if l.Pool != nil && l.Pool.Kind == model.LengthNormalise {
			n++
		}
	}
	return n
}

// goodnessText is the end of the answer: what the other way of answering reaches.
func (r TrainReport) goodnessText() string {
	a, ok := r.byGoodness()
	if !ok {
		return ""
	}
	return fmt.Sprintf("; by goodness %s %s", Percent(a.Accuracy), PercentInterval(r.Goodness.Low, r.Goodness.High))
}

// goodnessRows are the rows of both ways of answering.
func (r TrainReport) goodnessRows(row func(...string)) {
	if a, ok := r.byGoodness(); ok {
		row("error by readout (the specimen's)", Percent(1-r.Confirm.Accuracy), PercentInterval(1-r.Accuracy.High, 1-r.Accuracy.Low), Count(r.Confirm.Images))
		row("error by goodness", Percent(1-a.Accuracy), PercentInterval(1-r.Goodness.High, 1-r.Goodness.Low), Count(a.Images))
	}
}

func (r TrainReport) localCaveats() []string {
	return []string{
		"That no gradient crosses a layer does not make it a brain: the label is part of the image, each neuron knows its layer's goodness, and right and wrong labels alternate. " +
			"Whether back-propagation does better is not asked here; compare with the same network trained by it.",
		fmt.Sprintf("The specimen does not see the first %d pixels of an image's first channel.", len(r.Network.Classes)),
	}
}
