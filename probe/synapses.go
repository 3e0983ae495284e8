package probe

import (
	"context"
	"math"
	"slices"

	"neuroprobe/model"
)

// meanOutputs are what layers hand on, averaged over the images, by layer.
func meanOutputs(ctx context.Context, n *model.Network, images []float32, layers []int, workers int) (map[int][]float32, error) {
	shape := func(l int) model.Shape { return n.Geometry(l).Out }
	return means(ctx, n, images, layers, workers, model.Trace{Out: layers}, shape, (*model.Trace).Output)
}

// meanActivations are the activations before pooling.
func meanActivations(ctx context.Context, n *model.Network, images []float32, layers []int, workers int) (map[int][]float32, error) {
	shape := func(l int) model.Shape { return n.Geometry(l).Act }
	return means(ctx, n, images, layers, workers, model.Trace{Post: layers}, shape, (*model.Trace).Activation)
}

// means averages what a trace holds of layers. It is summed image by image in order, so that neither
// batches nor workers matter.
func means(ctx context.Context, n *model.Network, images []float32, layers []int, workers int, want model.Trace, shape func(int) model.Shape, held func(*model.Trace, int) []float32) (map[int][]float32, error) {
	size := n.Spec.Input.Size()
	total := len(images) / size
	sums := map[int][]float64{}
	for _, l := range layers {
		sums[l] = make([]float64, shape(l).Size())
	}
	const block = 64 // images whose outputs are kept at a time
	for lo := 0; lo < total; lo += block {
		hi := min(lo+block, total)
		outputs := map[int][]float32{}
		for _, l := range layers {
			outputs[l] = make([]float32, (hi-lo)*len(sums[l]))
		}
		_, err := n.Observe(ctx, images[lo*size:hi*size], nil, workers, want, func(first int, t *model.Trace) {
			for _, l := range layers {
				copy(outputs[l][first*len(sums[l]):], held(t, l))
			}
		})
		if err != nil {
			return nil, err
		}
		for _, l := range layers {
			for i, v := range outputs[l] {
				sums[l][i%len(sums[l])] += float64(v)
			}
		}
	}
	average := map[int][]float32{}
	for l, sum := range sums {
		average[l] = make([]float32, len(sum))
		for i, v := range sum {
			average[l][i] = float32(v / float64(total))
		}
	}
	return average, nil
}

// receivers are the layers that read a layer.
func receivers(n *model.Network, layer int) []int {
	var out []int
	for l := layer + 1; l <= n.Depth(); l++ {
		if slices.Contains(n.Geometry(l).Inputs, layer) {
			out = append(out, l)
		}
	}
	return out
}

// senders are the layers that a layer reads, each once, 0 for the input.
func senders(n *model.Network, layer int) []int {
	in := slices.Clone(n.Geometry(layer).Inputs)
	slices.Sort(in)
	return slices.Compact(in)
}

// incoming are all synapses into a neuron, by sender; outgoing all those from it, by receiver. sent
// holds what each sending layer hands on, on average.
func incoming(n *model.Network, to model.Address, sent map[int][]float32) []Synapse {
	var out []Synapse
	for _, l := range senders(n, to.Layer) {
		for j := range n.Geometry(l).Out[0] {
			if n.Layer(to.Layer).Kind != model.Add || j == to.Unit {
				out = append(out, synapse(n, model.Neuron(l, j), to, sent[l]))
			}
		}
	}
	return out
}

func outgoing(n *model.Network, from model.Address, sent []float32) []Synapse {
	var out []Synapse
	for _, l := range receivers(n, from.Layer) {
		for k := range n.Geometry(l).Act[0] {
			if n.Layer(l).Kind != model.Add || k == from.Unit {
				out = append(out, synapse(n, from, model.Neuron(l, k), sent))
			}
		}
	}
	return out
}

func synapse(n *model.Network, from, to model.Address, sent []float32) Synapse {
	positions := make([]float32, n.Geometry(to.Layer).Act.Area())
	n.Contribution(positions, from, to, sent)
	sum, weight := 0.0, Undefined
	for _, v := range positions {
		sum += float64(v)
	}
	if weights := n.Synapses(from, to); len(weights) > 0 {
		total := 0.0
		for _, w := range weights {
			total += float64(w)
		}
		weight = Number(total)
	}
	return Synapse{From: from, To: to, Weight: weight, Contribution: Number(sum / float64(len(positions)))}
}

// circle are the synapses within a recurrent layer into one of its neurons and from it, itself included;
// shown is what the layer's neurons show on average, at each step. At the first step they carry nothing.
func circle(n *model.Network, a model.Address, shown []float32) (in, out []Synapse) {
	steps := n.Steps(a.Layer)
	before := make([]float64, n.Geometry(a.Layer).Act[0])
	for u := range before {
		for _, v := range shown[u*steps : (u+1)*steps-1] {
			before[u] += float64(v) / float64(steps)
		}
	}
	carried := func(from, to int) Synapse {
		w := float64(n.Feedback(a.Layer, from, to))
		return Synapse{From: model.Neuron(a.Layer, from), To: model.Neuron(a.Layer, to), Weight: Number(w), Contribution: Number(w * before[from])}
	}
	for u := range before {
		in, out = append(in, carried(u, a.Unit)), append(out, carried(a.Unit, u))
	}
	return in, out
}

// strongestSynapses are up to `each` synapses of either sign, excitatory ones first, and how many
// there are of each.
func strongestSynapses(all []Synapse, each int) ([]Synapse, SignCount) {
	var excitatory, inhibitory []Synapse
	for _, s := range all {
		switch {
		case s.Contribution > 0:
			excitatory = append(excitatory, s)
		case s.Contribution < 0:
			inhibitory = append(inhibitory, s)
		}
	}
	for _, group := range [][]Synapse{excitatory, inhibitory} {
		sortBy(group, func(s Synapse) float64 { return math.Abs(float64(s.Contribution)) })
	}
	count := SignCount{Excitatory: len(excitatory), Inhibitory: len(inhibitory)}
	return slices.Concat(excitatory[:min(each, len(excitatory))], inhibitory[:min(each, len(inhibitory))]), count
}
