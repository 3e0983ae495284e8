package kernel

// Conv is a two-dimensional convolution (cross-correlation, as in every framework) over
// images N×C×H×W with zero padding, weight Out×In×K×K and one bias a channel.
//
// For the matrix product the patches of an image become columns (im2col). With a stride of 1 a
// row of that matrix is one piece of the padded image if a column is kept for every position of
// the padded width: the K-1 columns at the end of each line hold sums that wrap around and are
// dropped afterwards. Copying whole planes instead of short lines more than pays for them.
//
// A Conv holds scratch space: it is used by one caller at a time.
type Conv struct {
	InC, InH, InW      int
	OutC               int
	K, Stride, Pad     int
	OutH, OutW         int
	group              int           // images lowered into one matrix product
	scratch            []convScratch // one a worker
	partialW, partialB []float32     // weight and bias gradients, one a task
	transposed         *transposed   // the convolution that carries gradients back
}

type convScratch struct {
	lowered []float32 // fanIn × (images of a group × columns): im2col
	out     []float32 // OutC × (images of a group × columns)
	padded  []float32 // one image with its border of zeros, and K values to run over its end
}

// columnsWanted is the width from which on a matrix product is fast: small maps of several
// images are lowered side by side until they reach it, but no wider, to stay in the cache.
const columnsWanted = 256

// NewConv works out the output's size.
func NewConv(inC, inH, inW, outC, k, stride, pad int) *Conv {
	c := &Conv{InC: inC, InH: inH, InW: inW, OutC: outC, K: k, Stride: stride, Pad: pad,
		OutH: (inH+2*pad-k)/stride + 1, OutW: (inW+2*pad-k)/stride + 1}
	c.group = min(max(1, columnsWanted/c.columns()), shard)
	return c
}

func (c *Conv) area() int    { return c.OutH * c.OutW }
func (c *Conv) fanIn() int   { return c.InC * c.K * c.K }
func (c *Conv) inSize() int  { return c.InC * c.InH * c.InW }
func (c *Conv) outSize() int { return c.OutC * c.area() }

// line is the number of columns that one line of outputs takes, columns that of one image.
func (c *Conv) line() int {
	if c.Stride == 1 {
		return c.paddedW()
	}
	return c.OutW
}
func (c *Conv) columns() int { return c.OutH * c.line() }

func (c *Conv) paddedH() int { return c.InH + 2*c.Pad }
func (c *Conv) paddedW() int { return c.InW + 2*c.Pad }

func (c *Conv) prepare(workers int) int {
	if workers <= 0 {
		workers = Workers()
	}
	for len(c.scratch) < workers {
		c.scratch = append(c.scratch, convScratch{
			lowered: make([]float32, c.fanIn()*c.group*c.columns()),
			out:     make([]float32, c.OutC*c.group*c.columns()),
			padded:  make([]float32, c.InC*c.paddedH()*c.paddedW()+c.K),
		})
	}
	return workers
}

// groups calls f for each group of images within one task: the first image and how many.
func (c *Conv) groups(task, images int, f func(first, count int)) {
	lo, hi := shardRange(task, images)
	for i := lo; i < hi; i += c.group {
		f(i, min(c.group, hi-i))
	}
}

// Forward computes dst = conv(x, weight) + bias, followed by ReLU if relu is set.
// x is images×In, dst images×Out; workers 0 means all cores.
func (c *Conv) Forward(dst, x, weight, bias []float32, images int, relu bool, workers int) {
	c.forward(x, weight, bias, images, relu, workers, func(image, ch int, lines []float32) {
		to := dst[image*c.outSize()+ch*c.area():][:c.area()]
		for oy := range c.OutH {
			copy(to[oy*c.OutW:(oy+1)*c.OutW], lines[oy*c.line():])
		}
	})
}

// ForwardPooled is Forward followed by max pooling, without writing what is not pooled.
func (c *Conv) ForwardPooled(dst, x, weight, bias []float32, images int, relu bool, pool *MaxPool, workers int) {
	out := pool.OutH * pool.OutW
	c.forward(x, weight, bias, images, relu, workers, func(image, ch int, lines []float32) {
		pool.plane(dst[(image*c.OutC+ch)*out:][:out], lines, c.line())
	})
}

// forward hands each finished channel of each image to take: OutH lines, line() apart.
func (c *Conv) forward(x, weight, bias []float32, images int, relu bool, workers int, take func(image, ch int, lines []float32)) {
	workers = c.prepare(workers)
	w := Dense(weight, c.OutC, c.fanIn())
	Parallel(workers, shards(images), func(worker, task int) {
		s := &c.scratch[worker]
		c.groups(task, images, func(first, count int) {
			n := count * c.columns()
			c.lower(s, x[first*c.inSize():], count)
			Product(Dense(s.out, c.OutC, n), w, Dense(s.lowered, c.fanIn(), n), Op{})
			for ch := range c.OutC {
				row := s.out[ch*n : (ch+1)*n]
				addBias(row, s.lowered[:n], bias[ch], relu)
				for i := range count {
					take(first+i, ch, row[i*c.columns():(i+1)*c.columns()])
				}
			}
		})
	})
}

// BackwardInput computes dx, the gradient of the input, from dz, the gradient of the
// pre-activation, overwriting dx.
func (c *Conv) BackwardInput(dx, dz, weight []float32, images int, workers int) {
	if c.Stride == 1 {
		c.backwardTransposed(dx, dz, weight, images, workers)
		return
	}
	workers = c.prepare(workers)
	w := Dense(weight, c.OutC, c.fanIn())
	Parallel(workers, shards(images), func(worker, task int) {
		s := &c.scratch[worker]
		c.groups(task, images, func(first, count int) {
			n := count * c.columns()
			c.gather(s.out, dz[first*c.outSize():], count)
			Product(Dense(s.lowered, c.fanIn(), n), w, Dense(s.out, c.OutC, n), Op{TransposeA: true})
			c.raise(dx[first*c.inSize():(first+count)*c.inSize()], s, count)
		})
	})
}

// transposed is a convolution with the kernels turned by 180° and senders and receivers
// swapped: for stride 1 it maps output gradients to input gradients.
type transposed struct {
	conv         *Conv
	weight, bias []float32
}

func (c *Conv) backwardTransposed(dx, dz, weight []float32, images, workers int) {
	if c.transposed == nil {
		c.transposed = &transposed{NewConv(c.OutC, c.OutH, c.OutW, c.InC, c.K, 1, c.K-1-c.Pad),
			make([]float32, len(weight)), make([]float32, c.InC)}
	}
	t, taps := c.transposed, c.K*c.K
	for o := range c.OutC {
		for i := range c.InC {
			from, to := weight[(o*c.InC+i)*taps:][:taps], t.weight[(i*c.OutC+o)*taps:][:taps]
			for k, v := range from {
				to[taps-1-k] = v
			}
		}
	}
	t.conv.Forward(dx, dz, t.weight, t.bias, images, false, workers)
}

// BackwardWeight computes dw and db, the gradients of weight and bias summed over the images,
// overwriting them.
func (c *Conv) BackwardWeight(dw, db, dz, x []float32, images int, workers int) {
	workers = c.prepare(workers)
	tasks := shards(images)
	c.partialW = grown(&c.partialW, tasks*len(dw))
	c.partialB = grown(&c.partialB, tasks*len(db))
	Parallel(workers, tasks, func(worker, task int) {
		s := &c.scratch[worker]
		partW, partB := c.partialW[task*len(dw):(task+1)*len(dw)], c.partialB[task*len(db):(task+1)*len(db)]
		clear(partB)
		c.groups(task, images, func(first, count int) {
			n := count * c.columns()
			c.gather(s.out, dz[first*c.outSize():], count)
			c.lower(s, x[first*c.inSize():], count)
			Product(Dense(partW, c.OutC, c.fanIn()), Dense(s.out, c.OutC, n), Dense(s.lowered, c.fanIn(), n),
				Op{TransposeB: true, Accumulate: first != task*shard})
			for ch := range c.OutC {
				partB[ch] += sum(s.out[ch*n : (ch+1)*n])
			}
		})
	})
	sumPartials(dw, c.partialW, tasks)
	sumPartials(db, c.partialB, tasks)
}

// gather lays a group's maps side by side, channel-major, with zeros in the columns that
// belong to no output.
func (c *Conv) gather(out, dz []float32, count int) {
	columns := c.columns()
	if c.line() != c.OutW {
		clear(out[:c.OutC*count*columns])
	}
	for ch := range c.OutC {
		for i := range count {
			to := out[(ch*count+i)*columns:][:columns]
			from := dz[i*c.outSize()+ch*c.area():][:c.area()]
			for oy := range c.OutH {
				copy(to[oy*c.line():], from[oy*c.OutW:(oy+1)*c.OutW])
			}
		}
	}
}

// lower writes the patches of a group of images as columns (im2col): row (channel, ky, kx),
// column (image, oy, ox). Reading from a copy with a border of zeros leaves no edge cases.
func (c *Conv) lower(s *convScratch, x []float32, count int) {
	n := count * c.columns()
	for i := range count {
		c.pad(s.padded, x[i*c.inSize():])
		c.patches(func(row, at int) {
			to := s.lowered[row*n+i*c.columns():][:c.columns()]
			if c.Stride == 1 {
				copy(to, s.padded[at:])
				return
			}
			for oy := range c.OutH {
				from := s.padded[at+oy*c.Stride*c.paddedW():]
				for ox := range c.OutW {
					to[oy*c.OutW+ox] = from[ox*c.Stride]
				}
			}
		})
	}
}

// patches calls f for each row of the lowered matrix with the place in the padded image of
// its first value.
func (c *Conv) patches(f func(row, at int)) {
	row := 0
	for ch := range c.InC {
		for ky := range c.K {
			for kx := range c.K {
				f(row, (ch*c.paddedH()+ky)*c.paddedW()+kx)
				row++
			}
		}
	}
}

// pad copies an image into the middle of its border, which stays zero from the start.
func (c *Conv) pad(padded, x []float32) {
	for ch := range c.InC {
		for y := range c.InH {
			copy(padded[(ch*c.paddedH()+y+c.Pad)*c.paddedW()+c.Pad:][:c.InW], x[(ch*c.InH+y)*c.InW:])
		}
	}
}

// raise adds columns back into images (col2im), the transpose of lower.
func (c *Conv) raise(dx []float32, s *convScratch, count int) {
	n := count * c.area()
	for i := range count {
		clear(s.padded)
		c.patches(func(row, at int) {
			from := s.lowered[row*n+i*c.area():][:c.area()]
			for oy := range c.OutH {
				to := s.padded[at+oy*c.Stride*c.paddedW():]
				for ox, v := range from[oy*c.OutW : (oy+1)*c.OutW] {
					to[ox*c.Stride] += v
				}
			}
		})
		for ch := range c.InC {
			for y := range c.InH {
				copy(dx[((i*c.InC+ch)*c.InH+y)*c.InW:][:c.InW], s.padded[(ch*c.paddedH()+y+c.Pad)*c.paddedW()+c.Pad:])
			}
		}
	}
	clear(s.padded) // pad relies on a border of zeros
}

func sumPartials(dst, partials []float32, tasks int) {
	copy(dst, partials[:len(dst)])
	for t := 1; t < tasks; t++ {
		part := partials[t*len(dst) : (t+1)*len(dst)]
		for i, v := range part {
			dst[i] += v
		}
	}
}
