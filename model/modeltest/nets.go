package modeltest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Wire builds a network by hand from dense layers: layers[k] is layer k+1, one row of weights
// a neuron, its bias last. Hidden layers have ReLU. The input has `inputs` channels of one pixel,
// neurons 0:0, 0:1, …, which reach the first layer as they are.
func Wire(inputs int, layers ...[][]float32) *model.Network {
	spec := model.Spec{Name: "hand-wired", Input: model.Shape{inputs, 1, 1}}
	params := []model.Params{{}}
	for k, rows := range layers {
		l := model.Layer{Name: fmt.Sprintf("dense%d", k+1), Kind: model.Dense, Units: len(rows), Activation: model.ReLU}
		if k == len(layers)-1 {
			l.Activation = model.Identity
		}
		spec.Layers = append(spec.Layers, l)
		var p model.Params
		for _, row := range rows {
			p.Weight = append(p.Weight, row[:len(row)-1]...)
			p.Bias = append(p.Bias, row[len(row)-1])
		}
		params = append(params, p)
	}
	classes := make([]string, len(layers[len(layers)-1]))
	for c := range classes {
		classes[c] = string(rune('A' + c))
	}
	mean, std := make([]float32, inputs), make([]float32, inputs)
	for c := range std {
		std[c] = 1
	}
	return must(model.NewNetwork(spec, params, mean, std, classes))
}

// Random gives a network of a spec random weights, biases and input normalisation, so that
// nothing is 0 by accident. The weights have a standard deviation of √(2/fan-in) (He et al. 2015):
// what is in an image reaches the logits at its own size, and small biases do not drown it.
func Random(spec model.Spec, seed uint64) *model.Network {
	r := rand.New(rand.NewPCG(seed, 77))
	geo, err := spec.Geometries()
	if err != nil {
		panic(err)
	}
	params := []model.Params{{}}
	for i, l := range spec.Layers {
		g := geo[i+1]
		var p model.Params
		if l.Kind != model.Add {
			p.Weight, p.Bias = normals(r, g.Act[0]*g.FanIn, math.Sqrt(2/float64(g.FanIn))), normals(r, g.Act[0], 0.1)
		}
		params = append(params, p)
	}
	mean, std := make([]float32, spec.Input[0]), make([]float32, spec.Input[0])
	for c := range mean {
		mean[c], std[c] = float32(0.3+0.2*r.Float64()), float32(0.2+0.2*r.Float64())
	}
	classes := make([]string, geo[len(geo)-1].Out.Size())
	for c := range classes {
		classes[c] = fmt.Sprintf("class%d", c)
	}
	return must(model.NewNetwork(spec, params, mean, std, classes))
}

func normals(r *rand.Rand, n int, sd float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64() * sd)
	}
	return out
}

// Images are random images with values in [0,1].
func Images(shape model.Shape, n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 78))
	out := make([]float32, n*shape.Size())
	for i := range out {
		out[i] = r.Float32()
	}
	return out
}

// Blobs is a small data set two classes of which differ in where the light is, with noise: a
// few steps of training learn it.
func Blobs(shape model.Shape, train, selected, confirm int, seed uint64) *datasets.Set {
	n := train + selected + confirm
	s := datasets.Set{Channels: shape[0], Height: shape[1], Width: shape[2], Classes: []string{"left", "right"}, Images: Images(shape, n, seed)}
	for i := range n {
		s.Labels = append(s.Labels, i%2)
		for p := range shape.Size() {
			if right := p%shape[2] >= shape[2]/2; right == (i%2 == 1) {
				s.Images[i*shape.Size()+p] = min(1, s.Images[i*shape.Size()+p]+0.2)
			}
		}
	}
	set, err := datasets.New(s, train, selected, confirm)
	if err != nil {
		panic(err)
	}
	return set
}

func must(n *model.Network, err error) *model.Network {
	if err != nil {
		panic(err)
	}
	return n
}
