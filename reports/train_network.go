package reports

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/model"
)

// LayerTable lists a network's layers with the numbers by which every command names a neuron.
func LayerTable(n *model.Network) Table {
	t := Table{Columns: append(append(numberColumns("#"), textColumns("layer", "computes")...),
		numberColumns("activation", "output", "neurons N", "synapses each K", "N × K", "parameters")...)}
	t.Rows = append(t.Rows, []string{"0", "input", "the image, normalised by channel", "", n.Geometry(0).Out.String(), "", "", "", ""})
	var neurons, synapses, parameters int
	for i := 1; i <= n.Depth(); i++ {
		l, g := n.Layer(i), n.Geometry(i)
		units := g.Act[0]
		own := len(n.Params[i].Weight) + len(n.Params[i].Bias)
		t.Rows = append(t.Rows, []string{fmt.Sprint(i), l.Name, computes(i, l, g), g.Act.String(), g.Out.String(),
			Count(units), Count(g.FanIn), Count(units * g.FanIn), Count(own)})
		neurons += units
		synapses += units * g.FanIn
		parameters += own
	}
	t.Rows = append(t.Rows, []string{"", "in all", "", "", "", Count(neurons), "", Count(synapses), Count(parameters)})
	t.Notes = []Note{
		{Text: "Shapes are channels × height × width. The activation is taken before pooling; that is where an ablation acts. " +
			"A neuron of a convolution is a channel, whose K synapses are the same at every position. Each neuron also has a bias, " +
			"counted among the parameters. LAYER:NEURON names a neuron, counted from 0: " + exampleAddress(n) + "."},
	}
	if slices.ContainsFunc(n.Spec.Layers, func(l model.Layer) bool { return l.Pool != nil && l.Pool.Kind == model.LengthNormalise }) {
		t.Notes = append(t.Notes, Note{Text: "Length normalisation divides the activations of a layer by √(mean a² + 1e-8). An ablation acts before it: " +
			"what the layer's other neurons hand on grows to fill the place of one that falls silent."})
	}
	return t
}

// computes describes a layer with what hangs on it.
func computes(number int, l model.Layer, g model.Geometry) string {
	var parts []string
	switch l.Kind {
	case model.Conv2D:
		s := fmt.Sprintf("convolution %d×%d", l.Kernel, l.Kernel)
		if l.Stride > 1 {
			s += fmt.Sprintf(", stride %d", l.Stride)
		}
		parts = append(parts, s)
	case model.Dense:
		parts = append(parts, "dense")
	case model.Recurrent:
		parts = append(parts, fmt.Sprintf("dense, fed back into itself, %d steps", l.Steps))
	case model.Add:
		var from []string
		for _, in := range g.Inputs {
			from = append(from, fmt.Sprint(in))
		}
		parts = append(parts, "sum of layers "+enumerate(from))
	}
	if l.Kind != model.Add && g.Inputs[0] != number-1 {
		parts[0] += fmt.Sprintf(" of layer %d", g.Inputs[0])
	}
	if l.Activation == model.ReLU {
		parts = append(parts, "ReLU")
	}
	if p := l.Pool; p != nil {
		switch p.Kind {
		case model.GlobalAveragePool:
			parts = append(parts, "global average pool")
		case model.LengthNormalise:
			parts = append(parts, "length normalisation")
		case model.LastStep:
			parts = append(parts, "last step")
		case model.MaxPool:
			s := fmt.Sprintf("max pool %d×%d", p.Size, p.Size)
			if p.Stride > 0 && p.Stride != p.Size {
				s += fmt.Sprintf(", stride %d", p.Stride)
			}
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// exampleAddress is the last neuron of the layer before the output.
func exampleAddress(n *model.Network) string {
	layer := max(1, n.Depth()-1)
	unit := n.Geometry(layer).Act[0] - 1
	return fmt.Sprintf("%v is the last of %s", model.Neuron(layer, unit), n.Layer(layer).Name)
}
