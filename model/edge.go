package model

import (
	"fmt"
	"slices"
	"strings"
)

// Edge is what one neuron, the sender, contributes to the pre-activation of another, the receiver: of
// a convolution from channel to channel, over all positions. The senders of layer 1 are the
// channels of the image, 0:0, 0:1, …; a skip connection's edges are those of its add layer, one
// from each neuron to its namesake.
type Edge struct {
	From Address `json:"from"`
	To   Address `json:"to"`
}

func (e Edge) String() string { return e.From.String() + "->" + e.To.String() }

// Compare orders edges as data meets them: by receiver, then by sender.
func (e Edge) Compare(other Edge) int {
	return slices.Compare([]int{e.To.Layer, e.To.Unit, e.From.Layer, e.From.Unit}, []int{other.To.Layer, other.To.Unit, other.From.Layer, other.From.Unit})
}

// CheckEdges tells whether the network can be cut into edges. One with a recurrent layer cannot: a
// signal that has come round within the layer belongs to no edge between two neurons.
func (n *Network) CheckEdges() error {
	for l := 1; l <= n.Depth(); l++ {
		if n.Steps(l) > 0 {
			return fmt.Errorf("model: layer %d (%s) is recurrent: circuits are made of edges along which data flows one way (neurons of it can be ablated, %v, or at one step, %v)",
				l, n.Spec.Layers[l-1].Name, Neuron(l, 0), Step(l, 0, 1))
		}
	}
	return nil
}

// Edges are all edges of the network, in the order of Compare; those into recurrent layers are left
// out, see CheckEdges.
func (n *Network) Edges() []Edge {
	var all []Edge
	for m := 1; m <= n.Depth(); m++ {
		if n.Steps(m) > 0 {
			continue
		}
		for u := range n.geo[m].Act[0] {
			for _, k := range n.senders(m) {
				if n.Spec.Layers[m-1].Kind == Add {
					all = append(all, Edge{Neuron(k, u), Neuron(m, u)})
					continue
				}
				for j := range n.geo[k].Out[0] {
					all = append(all, Edge{Neuron(k, j), Neuron(m, u)})
				}
			}
		}
	}
	return all
}

// senders are the layers that layer m reads, in order, each once.
func (n *Network) senders(m int) []int {
	layers := slices.Clone(n.geo[m].Inputs)
	slices.Sort(layers)
	return slices.Compact(layers)
}

// CheckEdge tells whether the network has an edge, from whole neuron to whole neuron.
func (n *Network) CheckEdge(e Edge) error {
	if err := n.CheckAddress(e.To); err != nil {
		return err
	}
	if err := n.checkEdge(e.From, e.To); err != nil {
		return err
	}
	switch {
	case e.To.Row != AllPositions:
		return fmt.Errorf("model: edge %v: want a whole neuron as receiver, %v", e, Neuron(e.To.Layer, e.To.Unit))
	case n.Spec.Layers[e.To.Layer-1].Kind == Add && e.From.Unit != e.To.Unit:
		return fmt.Errorf("model: edge %v: layer %d adds each neuron to its namesake (want %v)", e, e.To.Layer, Edge{Neuron(e.From.Layer, e.To.Unit), e.To})
	}
	return nil
}

// ParseEdge reads "2:5->3:17" or "conv2:5->conv3:17"; the image's channels are 0:0, 0:1, ….
func (n *Network) ParseEdge(text string) (Edge, error) {
	from, to, ok := strings.Cut(text, "->")
	if !ok {
		return Edge{}, fmt.Errorf("model: edge %q: want SENDER->RECEIVER, like 2:5->3:17", text)
	}
	var e Edge
	var err error
	if e.From, err = n.parseSender(from); err != nil {
		return Edge{}, err
	}
	if e.To, err = one(n.ParseAddresses(to)); err != nil {
		return Edge{}, err
	}
	return e, n.CheckEdge(e)
}

// parseSender reads a neuron or a channel of the image.
func (n *Network) parseSender(text string) (Address, error) {
	channel, isInput := strings.CutPrefix(strings.TrimSpace(text), "0:")
	if !isInput {
		return one(n.ParseAddresses(text))
	}
	lo, hi, err := n.parseUnits(text, channel, 0)
	if err == nil && lo != hi {
		err = fmt.Errorf("model: %q: want one neuron", text)
	}
	return Neuron(0, lo), err
}

func one(list []Address, err error) (Address, error) {
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("model: %d neurons, %v to %v: want one", len(list), list[0], list[len(list)-1])
	}
	if err != nil {
		return Address{}, err
	}
	return list[0], nil
}

// editEdge changes one sender's contribution c to one receiver's pre-activation z: c becomes
// c·Keep + Fill, so z becomes z - c + (c·Keep + Fill).
func (s *Session) editEdge(i, n, first int, e *Edit) {
	l, shape := &s.layers[i], s.net.geo[i].Act
	contribution := s.contribution(i, n, *e.From, e.Target.Unit)
	from, positions, _ := e.Target.span(shape)
	offset := from - e.Target.Unit*shape.Area() // of the position within the channel
	for img := range n {
		for p := range positions {
			c := contribution[img*shape.Area()+offset+p]
			keep, fill := e.Keep.at(first+img, p, positions), e.Fill.at(first+img, p, positions)
			l.act[img*shape.Size()+from+p] += c*keep + fill - c
		}
	}
}

// contribution is what a sender adds to the pre-activation of unit k of layer i: images ×
// positions.
func (s *Session) contribution(i, n int, from Address, unit int) []float32 {
	area := s.net.geo[i].Act.Area()
	if cap(s.layers[i].part) < n*area {
		s.layers[i].part = make([]float32, n*area)
	}
	out := s.layers[i].part[:n*area]
	sent, size := s.layers[from.Layer].out, s.net.geo[i].In.Size()
	for img := range n {
		s.net.Contribution(out[img*area:(img+1)*area], from, Neuron(i, unit), sent[img*size:(img+1)*size])
	}
	return out
}

// Contribution fills dst, the positions of the receiver `to`, with what the neuron `from` adds to
// the receiver's pre-activation on one image, by the definition of each layer kind; the bias is
// nobody's, and what a recurrent layer sends to itself is left out. sent is what from's layer hands on (Trace.Output), all units. It is linear in sent, so
// that from a mean over images it makes the mean contribution. It is the slow way, for single edges.
func (n *Network) Contribution(dst []float32, from, to Address, sent []float32) {
	g := &n.geo[to.Layer]
	x := sent[from.Unit*g.In.Area():][:g.In.Area()]
	weight := n.Params[to.Layer].Weight
	switch l := &n.Spec.Layers[to.Layer-1]; l.Kind {
	case Conv2D:
		kernel := weight[(to.Unit*g.In[0]+from.Unit)*l.Kernel*l.Kernel:][:l.Kernel*l.Kernel]
		l.correlate(dst, x, kernel, g.In, g.Act)
	case Dense, Recurrent:
		w := weight[to.Unit*g.FanIn+from.Unit*g.In.Area():][:g.In.Area()]
		sum := float32(0)
		for p, v := range x {
			sum += v * w[p]
		}
		for t := range dst { // the same at every step
			dst[t] = sum
		}
	case Add:
		clear(dst)
		for _, k := range g.Inputs { // an add may read the same layer twice
			if from.Unit == to.Unit && k == from.Layer {
				for p, v := range x {
					dst[p] += v
				}
			}
		}
	}
}

// Synapses are the weights from one neuron to another, a view: one of a dense unit that reads a
// dense unit, K×K of a convolution, H×W of a dense unit that reads a channel, none into an add layer.
// Those within a recurrent layer are Feedback's.
func (n *Network) Synapses(from, to Address) []float32 {
	g := &n.geo[to.Layer]
	each := 0
	switch l := &n.Spec.Layers[to.Layer-1]; l.Kind {
	case Conv2D:
		each = l.Kernel * l.Kernel
	case Dense, Recurrent:
		each = g.In.Area()
	}
	return n.Params[to.Layer].Weight[to.Unit*g.FanIn+from.Unit*each:][:each]
}

// correlate convolves one plane with one kernel. One weight after another meets whole lines of the
// plane: the innermost loop has nothing to test.
func (l *Layer) correlate(to, plane, kernel []float32, in, act Shape) {
	clear(to)
	stride := l.stride()
	for ky := range l.Kernel {
		top, bottom := l.reach(ky, in[1], act[1])
		for kx := range l.Kernel {
			left, right := l.reach(kx, in[2], act[2])
			if left >= right {
				continue
			}
			w := kernel[ky*l.Kernel+kx]
			for y := top; y < bottom; y++ {
				line, from := to[y*act[2]+left:][:right-left], plane[(y*stride+ky-l.Padding)*in[2]+left*stride+kx-l.Padding:]
				if stride == 1 {
					for x, v := range from[:len(line)] {
						line[x] += v * w
					}
					continue
				}
				for x := range line {
					line[x] += from[x*stride] * w
				}
			}
		}
	}
}

// reach is the range of outputs, of so many, for which a kernel's k-th row (or column) meets the
// input and not its border.
func (l *Layer) reach(k, in, outputs int) (first, end int) {
	stride := l.stride()
	if before := l.Padding - k; before > 0 {
		first = (before + stride - 1) / stride
	}
	if last := in - 1 + l.Padding - k; last >= 0 {
		end = min(outputs, last/stride+1)
	}
	return first, end
}
