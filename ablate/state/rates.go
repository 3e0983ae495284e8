package state

import (
	"neuroprobe/ablate"
	"neuroprobe/model"
)

// Rates are how strongly neurons usually fire, by layer and unit: mean and standard deviation of the
// activation over select images and positions.
type Rates struct {
	Mean, SD [][]float64
}

// RatesOf takes the rates that a preparation has measured.
func RatesOf(p *ablate.Preparation) *Rates {
	n := p.Network
	r := &Rates{Mean: make([][]float64, n.Depth()+1), SD: make([][]float64, n.Depth()+1)}
	for l := 1; l <= n.Depth(); l++ {
		for u := range n.Geometry(l).Act[0] {
			r.Mean[l] = append(r.Mean[l], p.MeanActivation(model.Neuron(l, u)))
			r.SD[l] = append(r.SD[l], p.Spread(model.Neuron(l, u)))
		}
	}
	return r
}
