package model

import (
	"math"
	"math/rand/v2"
)

// The streams of the seed: each use of chance draws from a generator of its own, so that no
// use moves another.
const (
	streamWeights uint64 = iota + 1
	streamOrder
	streamAugment
	streamNegative
)

// initialise draws the weights of a fresh network: uniform in ±1/√fan-in, PyTorch's default for
// dense and convolutional layers; biases are 0. (He et al. 2015's larger weights ended 20 epochs on
// CIFAR-10's cats and dogs with a higher loss on select: 0.427 against 0.423.)
func initialise(spec *Spec, geo []Geometry, seed uint64) []Params {
	random := rand.New(rand.NewPCG(seed, streamWeights))
	params := make([]Params, len(geo))
	for i := 1; i < len(geo); i++ {
		g := &geo[i]
		if spec.Layers[i-1].Kind == Add {
			continue
		}
		bound := 1 / math.Sqrt(float64(g.FanIn))
		w := make([]float32, g.Act[0]*g.FanIn)
		for k := range w {
			w[k] = float32(bound * (2*random.Float64() - 1))
		}
		params[i] = Params{Weight: w, Bias: make([]float32, g.Act[0])}
	}
	return params
}

// Untrained is a network of the same spec, input normalisation and classes with the weights that
// training from a seed begins with: what wiring and data give by themselves.
func (n *Network) Untrained(seed uint64) *Network {
	fresh, err := NewNetwork(n.Spec, initialise(&n.Spec, n.geo, seed), n.Mean, n.Std, n.Classes)
	if err != nil {
		panic(err) // the spec is that of a network
	}
	fresh.Record = Record{Tool: n.Record.Tool, Data: n.Record.Data, DataDigest: n.Record.DataDigest, Options: TrainOptions{Seed: seed}}
	return fresh
}
