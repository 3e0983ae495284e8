package kernel

// ForwardLast pools one image stored channels last (H×W×C into OutH×OutW×C), no value below
// floor: with 0 it is pooling followed by ReLU, with −∞ pooling alone. NaNs may be lost.
func (p *MaxPool) ForwardLast(dst, a []float32, floor float32) {
	c := p.Channels
	for oy := range p.OutH {
		to := dst[oy*p.OutW*c : (oy+1)*p.OutW*c]
		top := a[oy*p.Stride*p.W*c:]
		if p.Size == 2 && p.Stride == 2 && hasAVX && c%simdStep == 0 {
			poolLineAVX(&to[0], &top[0], &top[p.W*c], p.OutW, c, floor)
			continue
		}
		for ox := range p.OutW {
			p.windowLast(to[ox*c:(ox+1)*c], top[ox*p.Stride*c:], floor)
		}
	}
}

// windowLast is the maximum of one window, for each channel.
func (p *MaxPool) windowLast(to, from []float32, floor float32) {
	for ch := range to {
		best := floor
		for dy := range p.Size {
			for dx := range p.Size {
				best = max(best, from[(dy*p.W+dx)*len(to)+ch])
			}
		}
		to[ch] = best
	}
}
