package model

import (
	"sync"

	"neuroprobe/model/kernel"
)

// A sweep stores the values of a batch channels last, H×W×C: what a convolution reads lies in
// long runs, and every operation works on all channels of a position at once. The intact run
// comes from a Session, channels first.

// sweptWeights are one layer's weights as a sweep multiplies with them.
type sweptWeights struct {
	// whole computes the layer from all of its input: FanIn×N.
	whole *kernel.Packed
	// parts correct for a change of one unit of the input: of a convolution K²×N, of a dense layer
	// that reads maps area×N.
	parts []*kernel.Packed
	// rows are the same for a dense layer that reads units: In×N.
	rows []float32
	// feedback is what a recurrent layer reads itself through: N×N.
	feedback *kernel.Packed
}

// sweptCache keeps the weights of a small network from one sweep to the next: an experiment makes
// many short ones. The weights of a network do not change.
type sweptCache struct {
	sync.Mutex
	layers map[sweptLayer]sweptWeights
}

type sweptLayer struct {
	layer       int
	corrections bool
}

// cachedWeights is how many weights a network has at most that are kept: those of larger ones take
// more memory than time.
const cachedWeights = 1 << 22

// weights are a layer's, laid out for sweeps.
func (c *sweptCache) weights(n *Network, m int, corrections bool) sweptWeights {
	total := 0
	for _, p := range n.Params {
		total += len(p.Weight)
	}
	if total > cachedWeights {
		return newSweptWeights(n, m, corrections)
	}
	c.Lock()
	defer c.Unlock()
	key := sweptLayer{m, corrections}
	w, held := c.layers[key]
	if !held {
		if c.layers == nil {
			c.layers = map[sweptLayer]sweptWeights{}
		}
		w = newSweptWeights(n, m, corrections)
		c.layers[key] = w
	}
	return w
}

// newSweptWeights lays out a layer's weights, those for corrections only where they are needed.
// Sums have none.
func newSweptWeights(n *Network, m int, corrections bool) (w sweptWeights) {
	g, weight, units := &n.geo[m], n.Params[m].Weight, n.geo[m].Act[0]
	taps, fanIn := g.In.Area(), g.In.Size() // weights from one unit to another, and from all
	switch n.Spec.Layers[m-1].Kind {
	case Add:
		return sweptWeights{}
	case Conv2D:
		taps, fanIn = n.Spec.Layers[m-1].Kernel*n.Spec.Layers[m-1].Kernel, g.FanIn
	case Recurrent:
		var back []float32
		weight, back = splitColumns(weight, units, fanIn)
		defer func() { w.feedback = kernel.PackTransposed(back, units, units) }()
	}
	if g.Inputs[0] == 0 && n.Spec.Layers[m-1].Kind != Conv2D {
		return sweptWeights{whole: kernel.PackTransposed(weight, units, fanIn)} // the image, as it is
	}
	senders := fanIn / taps
	first := transposed(weight, units, fanIn) // (sender, tap) × N
	last := make([]float32, len(first))       // (tap, sender) × N
	for c := range senders {
		for t := range taps {
			copy(last[(t*senders+c)*units:(t*senders+c+1)*units], first[(c*taps+t)*units:])
		}
	}
	w = sweptWeights{whole: kernel.Pack(last, fanIn, units)}
	if !corrections {
		return w
	}
	if taps == 1 && n.Spec.Layers[m-1].Kind != Conv2D {
		w.rows = first
		return w
	}
	for c := range senders {
		w.parts = append(w.parts, kernel.Pack(first[c*taps*units:(c+1)*taps*units], taps, units))
	}
	return w
}

// splitColumns cuts a matrix of so many rows into its first columns and the others.
func splitColumns(matrix []float32, rows, columns int) (left, right []float32) {
	width := len(matrix) / rows
	for i := range rows {
		row := matrix[i*width : (i+1)*width]
		left, right = append(left, row[:columns]...), append(right, row[columns:]...)
	}
	return left, right
}

func transposed(weight []float32, rows, cols int) []float32 {
	out := make([]float32, len(weight))
	for i := range rows {
		for j, w := range weight[i*cols : (i+1)*cols] {
			out[j*rows+i] = w
		}
	}
	return out
}

// toLast turns channels×area into area×channels.
func toLast(to, from []float32, channels int) {
	area := len(from) / channels
	for c := range channels {
		for p, v := range from[c*area : (c+1)*area] {
			to[p*channels+c] = v
		}
	}
}

// toFirst turns area×channels into channels×area.
func toFirst(to, from []float32, channels int) {
	area := len(from) / channels
	for c := range channels {
		plane := to[c*area : (c+1)*area]
		for p := range plane {
			plane[p] = from[p*channels+c]
		}
	}
}
