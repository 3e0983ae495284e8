package datasets

// records are images as files hold them: one byte a value, each Channels×Height×Width.
type records struct {
	channels, height, width int

	pixels []byte
	labels []int
	names  []string
}

func (r *records) size() int { return r.channels * r.height * r.width }

func (r *records) len() int { return len(r.labels) }

func (r *records) add(pixels []byte, label int, name string) {
	r.pixels = append(r.pixels, pixels...)
	r.labels = append(r.labels, label)
	r.names = append(r.names, name)
}

// levels are the 256 values a pixel can have. Every source goes through them, so that the
// same byte is the same float whatever file it came from.
var levels = func() (l [256]float32) {
	for b := range l {
		l[b] = float32(b) / 255
	}
	return l
}()

// picks are the images of each split, as indices into records, in storage order.
type picks [3][]int

// all lists the picked images in the order in which a Set stores them.
func (p picks) all() []int {
	var order []int
	for _, split := range p {
		order = append(order, split...)
	}
	return order
}

// set makes a Set of the picked images.
func (r *records) set(classes []string, p picks) *Set {
	order := p.all()
	size := r.size()
	s := &Set{
		Classes:  classes,
		Channels: r.channels, Height: r.height, Width: r.width,
		Images: make([]float32, len(order)*size),
		Labels: make([]int, len(order)),
		Names:  make([]string, len(order)),
	}
	for split := range p {
		s.sizes[split] = len(p[split])
	}
	for to, from := range order {
		s.Labels[to], s.Names[to] = r.labels[from], r.names[from]
		image := s.Images[to*size : (to+1)*size]
		for k, b := range r.pixels[from*size : (from+1)*size] {
			image[k] = levels[b]
		}
	}
	return s
}
