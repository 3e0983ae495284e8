package kernel

import "math"

// MaxPool takes the maximum over Size×Size windows of each channel, Stride apart, without
// padding: positions that no whole window covers are left out.
type MaxPool struct {
	Channels, H, W, Size, Stride int
	OutH, OutW                   int
}

// NewMaxPool works out the output's size.
func NewMaxPool(channels, h, w, size, stride int) *MaxPool {
	return &MaxPool{channels, h, w, size, stride, (h-size)/stride + 1, (w-size)/stride + 1}
}

// Forward pools a (images×Channels×H×W) into dst.
func (p *MaxPool) Forward(dst, a []float32, images, workers int) {
	in, out := p.H*p.W, p.OutH*p.OutW
	Parallel(workers, shards(images), func(_, task int) {
		lo, hi := shardRange(task, images)
		for plane := lo * p.Channels; plane < hi*p.Channels; plane++ {
			p.plane(dst[plane*out:(plane+1)*out], a[plane*in:(plane+1)*in], p.W)
		}
	})
}

// plane pools one channel whose lines begin `line` values apart.
func (p *MaxPool) plane(to, from []float32, line int) {
	if p.Size == 2 && p.Stride == 2 {
		p.halve(to, from, line)
		return
	}
	p.windows(from, line, func(k, best int) { to[k] = from[best] })
}

// halve is the usual 2×2 case.
func (p *MaxPool) halve(to, from []float32, line int) {
	for oy := range p.OutH {
		upper := from[2*oy*line:][:p.W]
		lower := from[(2*oy+1)*line:][:p.W]
		row := to[oy*p.OutW : (oy+1)*p.OutW]
		for ox := range row {
			u, l := upper[2*ox:2*ox+2], lower[2*ox:2*ox+2]
			row[ox] = max(max(u[0], u[1]), max(l[0], l[1]))
		}
	}
}

// Backward sends each window's gradient to the position of its maximum, the first of equals,
// overwriting da.
func (p *MaxPool) Backward(da, dpooled, a []float32, images, workers int) {
	in, out := p.H*p.W, p.OutH*p.OutW
	Parallel(workers, shards(images), func(_, task int) {
		lo, hi := shardRange(task, images)
		clear(da[lo*p.Channels*in : hi*p.Channels*in])
		for plane := lo * p.Channels; plane < hi*p.Channels; plane++ {
			from, to, grad := a[plane*in:(plane+1)*in], da[plane*in:(plane+1)*in], dpooled[plane*out:(plane+1)*out]
			if p.Size == 2 && p.Stride == 2 {
				p.spread(to, grad, from)
			} else {
				p.windows(from, p.W, func(k, best int) { to[best] += grad[k] })
			}
		}
	})
}

// spread is Backward of one plane in the 2×2 case. Which of four is largest is unpredictable,
// so it compares integers, which compile to conditional moves; branches took three times as long.
func (p *MaxPool) spread(to, grad, from []float32) {
	for oy := range p.OutH {
		top := 2 * oy * p.W
		upper, lower := from[top:top+p.W], from[top+p.W:top+2*p.W]
		for ox, g := range grad[oy*p.OutW : (oy+1)*p.OutW] {
			u, l := upper[2*ox:2*ox+2], lower[2*ox:2*ox+2]
			best, value := top+2*ox, ordered(u[0])
			if v := ordered(u[1]); v > value {
				best, value = top+2*ox+1, v
			}
			if v := ordered(l[0]); v > value {
				best, value = top+p.W+2*ox, v
			}
			if v := ordered(l[1]); v > value {
				best = top + p.W + 2*ox + 1
			}
			to[best] = g
		}
	}
}

// ordered maps numbers to integers in the same order: the bits of a negative number count
// down, so all but its sign are inverted.
func ordered(v float32) int32 {
	b := int32(math.Float32bits(v))
	return b ^ int32(uint32(b>>31)>>1)
}

// windows calls f with each window's number and the place of its maximum (a NaN counts as one).
func (p *MaxPool) windows(plane []float32, line int, f func(k, best int)) {
	k := 0
	for oy := range p.OutH {
		for ox := range p.OutW {
			best := oy*p.Stride*line + ox*p.Stride
			for dy := range p.Size {
				at := (oy*p.Stride+dy)*line + ox*p.Stride
				for i, v := range plane[at : at+p.Size] {
					if v > plane[best] || v != v {
						best = at + i
					}
				}
			}
			f(k, best)
			k++
		}
	}
}

// GlobalAverage takes the mean of each channel: a is planes×area, dst has planes values.
func GlobalAverage(dst, a []float32, planes, area int) {
	for p := range planes {
		dst[p] = sum(a[p*area:(p+1)*area]) / float32(area)
	}
}

// BackwardGlobalAverage spreads each channel's gradient evenly over its positions.
func BackwardGlobalAverage(da, dpooled []float32, planes, area int) {
	for p := range planes {
		g := dpooled[p] / float32(area)
		for i := range area {
			da[p*area+i] = g
		}
	}
}

// Plane pools one channel of one image.
func (p *MaxPool) Plane(dst, a []float32) { p.plane(dst, a, p.W) }
