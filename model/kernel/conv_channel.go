package kernel

// AddChannel adds to z, the convolution of one image before the activation function (Out), what
// a plane (InH×InW) on input channel ch contributes. It is how a change of one channel becomes
// a change of the next pre-activation: K² ranks instead of all of fan-in.
func (c *Conv) AddChannel(z, plane, weight []float32, ch int) {
	c.prepare(1)
	s, taps := &c.scratch[0], c.K*c.K
	padded, width := s.padded, c.paddedW() // of the first channel, whose border is 0
	for y := range c.InH {
		copy(padded[(y+c.Pad)*width+c.Pad:][:c.InW], plane[y*c.InW:])
	}
	for tap := range taps {
		to, at := s.lowered[tap*c.area():][:c.area()], tap/c.K*width+tap%c.K
		for oy := range c.OutH {
			from := padded[at+oy*c.Stride*width:]
			if c.Stride == 1 {
				copy(to[oy*c.OutW:(oy+1)*c.OutW], from)
				continue
			}
			for ox := range c.OutW {
				to[oy*c.OutW+ox] = from[ox*c.Stride]
			}
		}
	}
	kernels := Matrix{Data: weight[ch*taps:], Rows: c.OutC, Cols: taps, Stride: c.fanIn()}
	Product(Dense(z, c.OutC, c.area()), kernels, Dense(s.lowered, taps, c.area()), Op{Accumulate: true})
}
