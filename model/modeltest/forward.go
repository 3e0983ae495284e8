package modeltest

import (
	"math"

	"neuroprobe/model"
)

// Nudge adds Delta to one activation of a layer (0: the normalised input), before pooling, for
// differences finer than float32.
type Nudge struct {
	Layer, Index int
	Delta        float64
}

func nudge(act []float64, layer int, nudges []Nudge) {
	for _, n := range nudges {
		if n.Layer == layer {
			act[n.Index] += n.Delta
		}
	}
}

// Forward is the oracle: a network run by the definitions, in plain loops and float64, one
// image at a time, without edits but for the nudges. It returns pre-activations, activations
// (before pooling) and what each layer hands on, by layer number; 0 is the normalised input.
func Forward(n *model.Network, image []float32, nudges ...Nudge) (pre, act, out [][]float64) {
	shape, input := n.Spec.Input, make([]float64, len(image))
	for i, v := range image {
		c := i / shape.Area()
		input[i] = (float64(v) - float64(n.Mean[c])) / float64(n.Std[c])
	}
	nudge(input, 0, nudges)
	pre, act, out = append(pre, input), append(act, input), append(out, input)
	for number := 1; number <= n.Depth(); number++ {
		l, g := n.Layer(number), n.Geometry(number)
		if l.Kind == model.Recurrent {
			z, a := unrolled(n, number, out[g.Inputs[0]], nudges)
			pre, act, out = append(pre, z), append(act, a), append(out, pooled(l.Pool, a, g))
			continue
		}
		z := make([]float64, g.Act.Size())
		for u := range g.Act[0] {
			for y := range g.Act[1] {
				for x := range g.Act[2] {
					z[(u*g.Act[1]+y)*g.Act[2]+x] = weightedSum(n, number, u, y, x, out)
				}
			}
		}
		a := append([]float64(nil), z...)
		for i := range a {
			if l.Activation == model.ReLU {
				a[i] = max(a[i], 0)
			}
		}
		nudge(a, number, nudges)
		pre, act, out = append(pre, z), append(act, a), append(out, pooled(l.Pool, a, g))
	}
	return pre, act, out
}

func weightedSum(n *model.Network, number, u, y, x int, out [][]float64) float64 {
	l, g, p := n.Layer(number), n.Geometry(number), n.Params[number]
	in := out[g.Inputs[0]]
	sum := 0.0
	switch l.Kind {
	case model.Add:
		for _, k := range g.Inputs {
			sum += out[k][(u*g.Act[1]+y)*g.Act[2]+x]
		}
	case model.Dense:
		sum = float64(p.Bias[u])
		for k, v := range in {
			sum += v * float64(p.Weight[u*len(in)+k])
		}
	case model.Conv2D:
		sum = float64(p.Bias[u])
		for c := range g.In[0] {
			for ky := range l.Kernel {
				iy := y*max(l.Stride, 1) + ky - l.Padding
				if iy < 0 || iy >= g.In[1] {
					continue
				}
				line := in[(c*g.In[1]+iy)*g.In[2]:][:g.In[2]]
				for kx, w := range p.Weight[((u*g.In[0]+c)*l.Kernel+ky)*l.Kernel:][:l.Kernel] {
					if ix := x*max(l.Stride, 1) + kx - l.Padding; ix >= 0 && ix < g.In[2] {
						sum += line[ix] * float64(w)
					}
				}
			}
		}
	}
	return sum
}

// unrolled is a recurrent layer by its definition; a nudge of a step reaches the next.
func unrolled(n *model.Network, number int, in []float64, nudges []Nudge) (z, a []float64) {
	l, g, p := n.Layer(number), n.Geometry(number), n.Params[number]
	z, a = make([]float64, g.Act.Size()), make([]float64, g.Act.Size())
	for t := range l.Steps {
		for u := range l.Units {
			row, at := p.Weight[u*g.FanIn:(u+1)*g.FanIn], u*l.Steps+t
			z[at] = float64(p.Bias[u])
			for k, v := range in {
				z[at] += v * float64(row[k])
			}
			for k := 0; t > 0 && k < l.Units; k++ {
				z[at] += a[k*l.Steps+t-1] * float64(row[len(in)+k])
			}
		}
		for u := range l.Units {
			at := u*l.Steps + t
			if a[at] = z[at]; l.Activation == model.ReLU {
				a[at] = max(z[at], 0)
			}
			for _, x := range nudges {
				if x.Layer == number && x.Index == at {
					a[at] += x.Delta
				}
			}
		}
	}
	return z, a
}

func pooled(p *model.Pool, a []float64, g model.Geometry) []float64 {
	if p == nil {
		return a
	}
	if p.Kind == model.LengthNormalise {
		squares := 0.0
		for _, v := range a {
			squares += v * v
		}
		var out []float64
		for _, v := range a {
			out = append(out, v/math.Sqrt(squares/float64(len(a))+1e-8))
		}
		return out
	}
	if p.Kind == model.LastStep {
		var out []float64
		for u := range g.Act[0] {
			out = append(out, a[(u+1)*g.Act[1]-1])
		}
		return out
	}
	size, stride := p.Size, p.Stride
	if p.Kind == model.GlobalAveragePool {
		size, stride = max(g.Act[1], g.Act[2]), 1
	}
	if stride == 0 {
		stride = size
	}
	var out []float64
	for c := range g.Act[0] {
		for oy := range g.Out[1] {
			for ox := range g.Out[2] {
				sum, count := 0.0, 0.0
				best := a[(c*g.Act[1]+oy*stride)*g.Act[2]+ox*stride]
				for y := oy * stride; y < min(oy*stride+size, g.Act[1]); y++ {
					for x := ox * stride; x < min(ox*stride+size, g.Act[2]); x++ {
						v := a[(c*g.Act[1]+y)*g.Act[2]+x]
						sum, count, best = sum+v, count+1, max(best, v)
					}
				}
				if p.Kind == model.GlobalAveragePool {
					best = sum / count
				}
				out = append(out, best)
			}
		}
	}
	return out
}
