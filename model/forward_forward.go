package model

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model/kernel"

	G "gorgonia.org/gorgonia"
)

// forwardForward is the rule of G. Hinton, "The Forward-Forward Algorithm: Some Preliminary
// Investigations", arXiv:2212.13345 (2022). The class is part of the image: its first pixels, one a
// class, hold the label. Each hidden layer learns for itself to have a large goodness, the sum of its
// squared activities, on images with the right label (positive data) and a small one on images with
// a wrong label (negative data). What it hands on is normalised to a fixed length, so that the layer
// above cannot read its goodness off. No gradient crosses a layer.
//
// Beside them, readouts learn by cross-entropy to answer from the normalised activities of all
// hidden layers but the first, on images with a neutral label, without moving a hidden weight. Their
// answers choose the negative data: wrong labels in proportion to their probabilities.
type forwardForward struct {
	trainer  *Trainer
	strength float32
	layers   []*Gradients // one a hidden layer, for positive and negative images
	readout  *Gradients   // the whole network; only readouts are trained
	params   []G.ValueGrad

	neutral []float32   // images × input
	pairs   []float32   // positive images, then negative ones
	signs   []float32   // +1 and −1
	handed  [][]float32 // by hidden layer, normalised
}

// labelShare is the length of a label against that of an image, both after normalisation: weaker
// ones are not noticed beside the image, and with stronger ones the image is not.
const labelShare = 1.0 / 3

// labelStrength is what the pixel of a label holds in an input of so many values of variance 1.
func labelStrength(values int) float32 { return float32(labelShare * math.Sqrt(float64(values))) }

func newForwardForward(t *Trainer) (rule, error) {
	hidden, err := t.spec.forwardHidden()
	if err != nil {
		return nil, err
	}
	images, size := t.options.Batch, t.spec.Input.Size()
	r := &forwardForward{trainer: t, strength: labelStrength(size), neutral: make([]float32, images*size),
		pairs: make([]float32, 2*images*size), signs: slices.Repeat([]float32{1}, 2*images)}
	for i := range images {
		r.signs[images+i] = -1
	}
	for l := 1; l <= hidden; l++ {
		layer := t.spec.Layers[l-1]
		layer.Inputs, layer.Pool = nil, nil
		spec := Spec{Name: layer.Name, Input: t.geo[l].In, Layers: []Layer{layer}}
		geo := []Geometry{{Act: t.geo[l].In, Out: t.geo[l].In}, {Inputs: []int{0}, In: t.geo[l].In, Act: t.geo[l].Act, Out: t.geo[l].Act, FanIn: t.geo[l].FanIn}}
		g, err := newGradients(&spec, geo, []Params{{}, t.params[l]}, 2*images, Goodness, Wanted{Params: true})
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.layers = append(r.layers, g)
		r.params = append(r.params, g.parameters()...)
		r.handed = append(r.handed, make([]float32, 2*images*t.geo[l].Act.Size()))
	}
	if r.readout, err = newGradients(&t.spec, t.geo, t.params, images, CrossEntropy, Wanted{Params: true, frozen: hidden}); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.params = append(r.params, r.readout.parameters()...)
	return r, nil
}

func (r *forwardForward) gradients(b *batch) (loss float64, correct int, err error) {
	images, size, classes := len(b.labels), r.trainer.spec.Input.Size(), len(r.trainer.set.Classes)
	copy(r.neutral, b.inputs)
	copy(r.pairs, b.inputs)
	copy(r.pairs[images*size:], b.inputs)
	for i := range images {
		fill(r.neutral[i*size:][:classes], r.strength/float32(classes))
	}
	if loss, err = r.readout.Run(r.neutral, b.targets); err != nil {
		return 0, 0, err
	}
	logits := r.readout.Logits()
	for i, label := range b.labels {
		wrong := r.wrongLabel(logits[i*classes:(i+1)*classes], label, b.epoch, b.images[i])
		r.label(r.pairs[i*size:][:classes], label)
		r.label(r.pairs[(images+i)*size:][:classes], wrong)
	}
	in := r.pairs
	for l, g := range r.layers {
		if _, err := g.Run(in, r.signs); err != nil {
			return 0, 0, err
		}
		in = r.handed[l]
		kernel.LengthNormalise(in, g.Logits(), len(in)/(2*images))
	}
	return loss, b.answered(logits), nil
}

// label writes a class into the pixels that are there for it.
func (r *forwardForward) label(pixels []float32, class int) {
	clear(pixels)
	pixels[class] = r.strength
}

func fill(values []float32, v float32) {
	for k := range values {
		values[k] = v
	}
}

// wrongLabel draws one of the other classes in proportion to its probability. What is drawn depends
// on seed, epoch, image and logits alone.
func (r *forwardForward) wrongLabel(logits []float32, label, epoch, image int) int {
	random := rand.New(rand.NewPCG(r.trainer.options.Seed, streamNegative<<56|uint64(epoch)<<32|uint64(image)))
	best := math.Inf(-1) // among the others: the sum below has a term of 1, whatever the logits
	for c, v := range logits {
		if c != label {
			best = max(best, float64(v))
		}
	}
	sum := 0.0
	weight := func(c int) float64 {
		if c == label {
			return 0
		}
		return math.Exp(float64(logits[c]) - best)
	}
	for c := range logits {
		sum += weight(c)
	}
	at, last := random.Float64()*sum, 0
	for c := range logits {
		if w := weight(c); w > 0 {
			if last = c; at < w {
				return c
			}
			at -= w
		}
	}
	return last
}

func (r *forwardForward) parameters() []G.ValueGrad { return r.params }

// network folds the neutral label into the first layer's biases and cuts the synapses that read it:
// the network takes an ordinary image, whose pixels there it does not see.
func (r *forwardForward) network(trained []Params) []Params {
	classes, inputs := len(r.trainer.set.Classes), r.trainer.geo[1].FanIn
	out, first := slices.Clone(trained), Params{slices.Clone(trained[1].Weight), slices.Clone(trained[1].Bias)}
	for u := range first.Bias {
		synapses := first.Weight[u*inputs:][:classes]
		sum := 0.0
		for _, w := range synapses {
			sum += float64(w)
		}
		first.Bias[u] += float32(sum * float64(r.strength) / float64(classes))
		clear(synapses)
	}
	out[1] = first
	return out
}

// measure answers by goodness on select and confirm.
func (r *forwardForward) measure(ctx context.Context, trained []Params) (*GoodnessRecord, error) {
	t := r.trainer
	n, err := NewNetwork(t.spec, trained, t.mean, t.std, t.set.Classes)
	if err != nil {
		return nil, err
	}
	record := &GoodnessRecord{LabelStrength: float64(r.strength)}
	for _, split := range []datasets.Split{datasets.Select, datasets.Confirm} {
		lo, hi := t.set.Range(split)
		goodness, err := r.goodness(ctx, n, t.set.Images[lo*t.set.ImageSize():hi*t.set.ImageSize()])
		if err != nil {
			return nil, err
		}
		a := GoodnessOnOneSplit{Split: split.String(), Images: hi - lo}
		for i := range a.Images {
			if Answer(goodness[i*len(n.Classes):][:len(n.Classes)]) == t.set.Labels[lo+i] {
				a.Correct++
			}
		}
		a.Accuracy = float64(a.Correct) / float64(a.Images)
		record.Answers = append(record.Answers, a)
	}
	return record, nil
}

// goodness is, images × classes, that of the layers that answer, with each class's label.
func (r *forwardForward) goodness(ctx context.Context, n *Network, images []float32) ([]float32, error) {
	size, classes := n.Spec.Input.Size(), len(n.Classes)
	answering := answeringLayers(len(r.layers))
	labelled, goodness := slices.Clone(images), make([]float32, len(images)/size*classes)
	for class := range classes {
		for at := 0; at < len(labelled); at += size {
			fill(labelled[at:][:classes], n.Mean[0]) // 0, once normalised
			labelled[at+class] = n.Mean[0] + r.strength*n.Std[0]
		}
		_, err := n.Observe(ctx, labelled, nil, 0, Trace{Post: answering}, func(first int, t *Trace) {
			for _, l := range answering {
				units := n.geo[l].Act.Size()
				for i := range len(t.Activation(l)) / units {
					sum := 0.0
					for _, a := range t.Activation(l)[i*units:][:units] {
						sum += float64(a) * float64(a)
					}
					goodness[(first+i)*classes+class] += float32(sum)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return goodness, nil
}

func (r *forwardForward) Close() error {
	var faults []error
	for _, g := range append(r.layers, r.readout) {
		if g != nil {
			faults = append(faults, g.Close())
		}
	}
	return errors.Join(faults...)
}
