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
)

// initialise draws the weights of a fresh network: normal with variance 2/fan-in before a
// ReLU (He et al. 2015) and 1/fan-in elsewhere; biases are 0.
func initialise(spec *Spec, geo []Geometry, seed uint64) []Params {
	random := rand.New(rand.NewPCG(seed, streamWeights))
	params := make([]Params, len(geo))
	for i := 1; i < len(geo); i++ {
		l, g := &spec.Layers[i-1], &geo[i]
		if l.Kind == Add {
			continue
		}
		gain := 1.0
		if l.Activation == ReLU {
			gain = 2
		}
		sd := math.Sqrt(gain / float64(g.FanIn))
		w := make([]float32, g.Act[0]*g.FanIn)
		for k := range w {
			w[k] = float32(sd * random.NormFloat64())
		}
		params[i] = Params{Weight: w, Bias: make([]float32, g.Act[0])}
	}
	return params
}
