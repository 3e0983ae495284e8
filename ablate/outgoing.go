package ablate

import (
	"math"

	"neuroprobe/model"
)

// outgoingNorms are, for each unit of a hidden layer, the Euclidean norm of all weights that read
// it: its columns of a dense layer (one a position), its kernels to every channel of a
// convolution. A layer that adds hands its units on: what reads the sum reads the unit too, each
// path by itself; a sum that is the output counts as a weight of 1.
//
// The weights by which a recurrent layer reads itself count like those of any other that reads it.
//
// Pooling in between is left out of account: it is the same for all units of a layer, and norms
// are compared only among those.
func outgoingNorms(n *model.Network, layer int) []float64 {
	squares := outgoingSquares(n, layer)
	for u, s := range squares {
		squares[u] = math.Sqrt(s)
	}
	return squares
}

func outgoingSquares(n *model.Network, layer int) []float64 {
	units := n.Geometry(layer).Act[0]
	squares := make([]float64, units)
	if n.Steps(layer) > 0 {
		for from := range units {
			for to := range units {
				w := float64(n.Feedback(layer, from, to))
				squares[from] += w * w
			}
		}
	}
	for reader := layer + 1; reader <= n.Depth(); reader++ {
		for _, in := range n.Geometry(reader).Inputs {
			if in != layer {
				continue
			}
			if g := n.Geometry(reader); n.Layer(reader).Kind != model.Add {
				own := g.FanIn // columns of this layer; a recurrent reader has columns of its own besides
				if n.Steps(reader) > 0 {
					own = g.In.Size()
				}
				for k, w := range n.Params[reader].Weight {
					if k%g.FanIn < own {
						squares[k%g.FanIn*units/own] += float64(w) * float64(w)
					}
				}
				continue
			}
			if reader == n.Depth() {
				for u := range squares {
					squares[u]++
				}
			}
			add(squares, outgoingSquares(n, reader))
		}
	}
	return squares
}
