package model

import "neuroprobe/model/kernel"

// EdgeProducts adds to sums, for every edge into layer m in the order of Edges,
//
//	Σ over images and positions of  contribution(difference) · gradient,
//
// the contribution being what the edge would carry if its sender handed on `difference`. With the
// corrupted minus the clean output, and the gradient of a number with respect to the
// pre-activation, it is the first-order effect on that number of corrupting the edge
// (attribution patching). differences are by sender layer (images × Out), gradient is images × Act.
//
// All edges cost one product: with G the gradient of a layer's weights for inputs `difference`, the
// sum of an edge is Σ W·G over its weights.
func (n *Network) EdgeProducts(m int, differences [][]float32, gradient []float32, images int, sums []float64) {
	n.edgeProducts(m, differences, gradient, images, sums, 0)
}

func (n *Network) edgeProducts(m int, differences [][]float32, gradient []float32, images int, sums []float64, workers int) {
	l, g := &n.Spec.Layers[m-1], &n.geo[m]
	if l.Kind == Add {
		n.addProducts(m, differences, gradient, images, sums)
		return
	}
	weight := n.Params[m].Weight
	dw, db := make([]float32, len(weight)), make([]float32, g.Act[0])
	if in := differences[g.Inputs[0]]; l.Kind == Conv2D {
		kernel.NewConv(g.In[0], g.In[1], g.In[2], g.Act[0], l.Kernel, l.stride(), l.Padding).BackwardWeight(dw, db, gradient, in, images, workers)
	} else {
		kernel.DenseBackwardWeight(dw, db, gradient, in, images, g.FanIn, g.Act[0], workers)
	}
	each := g.FanIn / g.In[0]
	for k, d := range dw {
		sums[k/each] += float64(d) * float64(weight[k])
	}
}

// addProducts is EdgeProducts of a sum, whose weights are 1.
func (n *Network) addProducts(m int, differences [][]float32, gradient []float32, images int, sums []float64) {
	area, units := n.geo[m].Act.Area(), n.geo[m].Act[0]
	layers := n.senders(m)
	for k, from := range layers {
		times := 0.0 // an add may read a layer twice
		for _, in := range n.geo[m].Inputs {
			if in == from {
				times++
			}
		}
		for at := range images * units {
			sum := 0.0
			for p, d := range differences[from][at*area : (at+1)*area] {
				sum += float64(d) * float64(gradient[at*area+p])
			}
			sums[at%units*len(layers)+k] += times * sum
		}
	}
}
