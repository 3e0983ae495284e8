package model

import (
	"fmt"
	"math"
)

// Asynchronous runs a network event by event: at each tick some of the neurons look at their
// inputs as these are at that moment and change their activation, the others go on as they are.
// A neuron is a unit with its whole map, in a recurrent layer with all its steps: the circle within a
// layer is gone round in one look. A tick is a batch of images wide, and which neurons it
// reaches may differ from image to image.
//
// The activation that a neuron takes on is computed by the arithmetic of a synchronous run, layer
// by layer and for the whole batch, and pooled as there. Since data flow one way, a neuron that has
// looked after its inputs came to rest has come to rest: whatever the order, the network
// ends in the activations that Session.Run computes of the same batch under the same edits, bit for bit.
type Asynchronous struct {
	session *Session // holds the activations of the moment
	layers  []asyncLayer
	trace   Trace // asks for all activations: they must be there before pooling
	images  int
	first   int
	ticks   int
	left    []int // by image: neurons that have yet to look
}

// asyncLayer is one layer's part.
type asyncLayer struct {
	receivers []int     // layers that read it
	act, out  []float32 // what the neurons would fire if they looked, and the layer hand on
	stale     bool      // act is of other inputs than now
	waiting   []bool    // images × units: neurons that have not looked since their inputs changed
	left      int       // how many
	moved     []int     // by image: the last tick that changed an activation
}

// NewAsynchronous prepares a network. Like a Session it belongs to one goroutine.
func NewAsynchronous(n *Network) *Asynchronous {
	a := &Asynchronous{session: NewSession(n), layers: make([]asyncLayer, n.Depth()+1)}
	for i := 1; i <= n.Depth(); i++ {
		for _, in := range n.geo[i].Inputs {
			a.layers[in].receivers = append(a.layers[in].receivers, i)
		}
		a.trace.Post = append(a.trace.Post, i)
	}
	return a
}

// Settle takes all neurons at once to where images (N×C×H×W, values in [0,1]) lead them under the
// edits, as a synchronous run does, and returns the logits. The edits stay in force, and with them
// first, the number of the first image.
func (a *Asynchronous) Settle(images []float32, first int, edits []Edit) ([]float32, error) {
	logits, err := a.session.Run(images, first, edits, &a.trace)
	if err != nil {
		return nil, err
	}
	a.begin(len(images)/a.session.net.Spec.Input.Size(), first)
	return logits, nil
}

// Silence takes all activations of a batch to 0, those of neurons that an edit clamps included
// until they first look. The edits are in force from then on.
func (a *Asynchronous) Silence(images, first int, edits []Edit) error {
	if images < 1 {
		return fmt.Errorf("model: a batch of %d images (want at least 1)", images)
	}
	if err := a.session.assign(edits, first+images); err != nil {
		return err
	}
	a.trace.prepare()
	a.session.grow(images)
	for i := range a.session.layers {
		clear(a.session.layers[i].act)
		clear(a.session.layers[i].out)
	}
	a.begin(images, first)
	return nil
}

// begin makes room beside the session's for a batch in which nobody has to look.
func (a *Asynchronous) begin(images, first int) {
	a.images, a.first, a.ticks = images, first, 0
	a.left = resized(a.left, images)
	for i := 1; i < len(a.layers); i++ {
		l, s := &a.layers[i], &a.session.layers[i]
		l.waiting, l.moved, l.left = resized(l.waiting, images*a.session.net.geo[i].Act[0]), resized(l.moved, images), 0
		l.act = resized(l.act, len(s.act))
		if l.out = l.act; &s.out[0] != &s.act[0] {
			l.out = make([]float32, len(s.out))
		}
	}
}

// resized is a slice of n zeros, the old one where it is large enough.
func resized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	old = old[:n]
	clear(old)
	return old
}

// Show puts images in the place of those shown before, as many. All neurons go on as they are, and
// have to look; the time begins at 0.
func (a *Asynchronous) Show(images []float32) error {
	n := a.session.net
	if len(images) != a.images*n.Spec.Input.Size() || len(images) == 0 {
		return fmt.Errorf("model: %d pixel values for a batch of %d images of %v", len(images), a.images, n.Spec.Input)
	}
	normalise(a.session.layers[0].out, images, n.Mean, n.Std, n.Spec.Input.Area())
	a.ticks = 0
	clear(a.left)
	for i := 1; i < len(a.layers); i++ {
		l := &a.layers[i]
		clear(l.moved)
		clear(l.waiting)
		l.left = 0
		for image := range a.images {
			a.wake(i, image)
		}
	}
	return nil
}

// wake makes all neurons of a layer look again in one image.
func (a *Asynchronous) wake(layer, image int) {
	l := &a.layers[layer]
	units := len(l.waiting) / a.images
	for k := image * units; k < (image+1)*units; k++ {
		if !l.waiting[k] {
			l.waiting[k] = true
			l.left++
			a.left[image]++
		}
	}
	l.stale = true
}

// Tick lets the chosen neurons look at what their inputs show at this moment, before the tick, all
// at once. It asks, in no particular order, only about neurons to which that makes a difference:
// whose inputs have changed since they last looked.
func (a *Asynchronous) Tick(chosen func(image, layer, unit int) bool) {
	a.ticks++
	for i := len(a.layers) - 1; i > 0; i-- { // receivers before their senders: they see what was
		if a.layers[i].left > 0 {
			a.look(i, chosen)
		}
	}
}

// look updates the chosen neurons of one layer, and then what the layer hands on.
func (a *Asynchronous) look(layer int, chosen func(image, layer, unit int) bool) {
	l, s := &a.layers[layer], &a.session.layers[layer]
	units, area := a.session.net.geo[layer].Act[0], a.session.net.geo[layer].Act.Area()
	changed := false
	for image := range a.images {
		moved := false
		for u := range units {
			k := image*units + u
			if !l.waiting[k] || !chosen(image, layer, u) {
				continue
			}
			if l.stale {
				a.consider(layer)
			}
			l.waiting[k] = false
			l.left--
			a.left[image]--
			if replace(s.act[k*area:(k+1)*area], l.act[k*area:(k+1)*area]) {
				moved = true
			}
		}
		if moved {
			changed, l.moved[image] = true, a.ticks
			for _, r := range l.receivers {
				a.wake(r, image)
			}
		}
	}
	if changed {
		a.session.pool(layer, a.images)
	}
}

// consider computes what the neurons of a layer would fire if they looked now: the session runs the
// layer into other buffers.
func (a *Asynchronous) consider(layer int) {
	l, s := &a.layers[layer], &a.session.layers[layer]
	act, out := s.act, s.out
	s.act, s.out = l.act, l.out
	a.session.layer(layer, a.images, a.first, &a.trace)
	s.act, s.out = act, out
	l.stale = false
}

// replace copies values and tells whether that changed a bit.
func replace(to, from []float32) (changed bool) {
	for k, v := range from {
		if math.Float32bits(to[k]) != math.Float32bits(v) {
			copy(to[k:], from[k:])
			return true
		}
	}
	return false
}

// Settled tells whether an image has come to rest: no neuron's inputs have changed since it
// last looked, so that no tick will ever change anything.
func (a *Asynchronous) Settled(image int) bool { return a.left[image] == 0 }

// Moved is the last tick since Show, counted from 1, that changed an activation of a layer; 0 if
// none has.
func (a *Asynchronous) Moved(image, layer int) int { return a.layers[layer].moved[image] }

// Logits are those of the moment, images × classes, overwritten by the next tick.
func (a *Asynchronous) Logits() []float32 { return a.session.layers[len(a.layers)-1].out }

// Activations are those of a layer at the moment, images × units × positions, before pooling,
// overwritten by the next tick.
func (a *Asynchronous) Activations(layer int) []float32 { return a.session.layers[layer].act }
