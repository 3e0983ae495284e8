package model

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

// contribution is what sender j adds to the pre-activation of unit k of layer i: images ×
// positions, by the definition of each layer kind. It is the slow way, for single edges.
func (s *Session) contribution(i, n int, from Address, unit int) []float32 {
	g := &s.net.geo[i]
	area := g.Act.Area()
	if cap(s.layers[i].part) < n*area {
		s.layers[i].part = make([]float32, n*area)
	}
	out := s.layers[i].part[:n*area]
	in, weight := s.layers[from.Layer].out, s.net.Params[i].Weight
	for img := range n {
		x := in[img*g.In.Size()+from.Unit*g.In.Area():][:g.In.Area()]
		to := out[img*area : (img+1)*area]
		switch l := &s.net.Spec.Layers[i-1]; l.Kind {
		case Conv2D:
			kernel := weight[(unit*g.In[0]+from.Unit)*l.Kernel*l.Kernel:][:l.Kernel*l.Kernel]
			l.correlate(to, x, kernel, g.In, g.Act)
		case Dense:
			w := weight[unit*g.FanIn+from.Unit*g.In.Area():][:g.In.Area()]
			sum := float32(0)
			for p, v := range x {
				sum += v * w[p]
			}
			to[0] = sum
		case Add:
			clear(to)
			for _, k := range g.Inputs { // an add may read the same layer twice
				if from.Unit == unit && k == from.Layer {
					for p, v := range x {
						to[p] += v
					}
				}
			}
		}
	}
	return out
}

// correlate convolves one plane with one kernel.
func (l *Layer) correlate(to, plane, kernel []float32, in, act Shape) {
	for y := range act[1] {
		for x := range act[2] {
			sum := float32(0)
			for ky := range l.Kernel {
				for kx := range l.Kernel {
					iy, ix := y*l.stride()+ky-l.Padding, x*l.stride()+kx-l.Padding
					if iy >= 0 && iy < in[1] && ix >= 0 && ix < in[2] {
						sum += plane[iy*in[2]+ix] * kernel[ky*l.Kernel+kx]
					}
				}
			}
			to[y*act[2]+x] = sum
		}
	}
}
