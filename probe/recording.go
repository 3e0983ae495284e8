package probe

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// Recording is what units did on a run of images: their summaries, not their maps.
type Recording struct {
	First, Images int             // the images [First, First+Images) of the set
	Units         []model.Address // whole neurons, by layer and number
	// Max and Mean are Units × Images: over the positions of a channel, before pooling. For a
	// dense unit both are its activation.
	Max, Mean []float32
	// Active counts, for each unit, the positions of all images with an activation above 0.
	Active    []int64
	Positions []int     // of each unit
	Logits    []float32 // Images × classes
}

// blockImages is how many images are recorded at a time where results stream.
const blockImages = 1024

// Record runs the images of a split through the network and keeps the summaries of every unit
// of the layers (nil: all). It takes 8 bytes a unit and image.
func Record(ctx context.Context, n *model.Network, set *datasets.Set, split datasets.Split, layers []int, workers int, progress func(done, total int)) (*Recording, error) {
	lo, hi := set.Range(split)
	if hi == lo {
		return nil, fmt.Errorf("probe: the %s split is empty: nothing to record", split)
	}
	layers, err := checkLayers(n, layers)
	if err != nil {
		return nil, err
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	whole := newRecording(n, lo, hi-lo, layers)
	for first := lo; first < hi; first += blockImages {
		last := min(first+blockImages, hi)
		if err := whole.record(ctx, n, set.Images[first*set.ImageSize():last*set.ImageSize()], first, layers, workers, nil); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(last-lo, hi-lo)
		}
	}
	return whole, nil
}

// checkLayers are the layers in ascending order, each once.
func checkLayers(n *model.Network, layers []int) ([]int, error) {
	if len(layers) == 0 {
		for l := range n.Depth() {
			layers = append(layers, l+1)
		}
		return layers, nil
	}
	layers = slices.Clone(layers)
	slices.Sort(layers)
	layers = slices.Compact(layers)
	for _, l := range layers {
		if l < 1 || l > n.Depth() {
			return nil, fmt.Errorf("probe: layer %d not in model (it has layers 1 to %d)", l, n.Depth())
		}
	}
	return layers, nil
}

// newRecording makes room for the units of layers on images [first, first+images).
func newRecording(n *model.Network, first, images int, layers []int) *Recording {
	r := &Recording{First: first, Images: images, Logits: make([]float32, images*len(n.Classes))}
	for _, l := range layers {
		shape := n.Geometry(l).Act
		for u := range shape[0] {
			r.Units = append(r.Units, model.Neuron(l, u))
			r.Positions = append(r.Positions, shape.Area())
		}
	}
	r.Max = make([]float32, len(r.Units)*images)
	r.Mean = make([]float32, len(r.Units)*images)
	r.Active = make([]int64, len(r.Units))
	return r
}

// record fills in the summaries of images, the first of which has the number `first` in the set.
// see, if any, is shown each batch's trace as well, under Observe's terms; its image numbers count
// from the first of these images.
func (r *Recording) record(ctx context.Context, n *model.Network, images []float32, first int, layers []int, workers int, see func(batch int, t *model.Trace)) error {
	offset := first - r.First
	logits, err := n.Observe(ctx, images, nil, workers, model.Trace{Post: layers}, func(batch int, t *model.Trace) {
		unit := 0
		for _, l := range layers {
			shape := n.Geometry(l).Act
			r.summarise(unit, offset+batch, t.Activation(l), shape)
			unit += shape[0]
		}
		if see != nil {
			see(batch, t)
		}
	})
	if err != nil {
		return err
	}
	copy(r.Logits[offset*len(n.Classes):], logits)
	return nil
}

// summarise takes in one layer's activations, images × units × positions, of images from
// `image` on, for units from `unit` on. Several batches may be taken in at once.
func (r *Recording) summarise(unit, image int, activations []float32, shape model.Shape) {
	area := shape.Area()
	for u := range shape[0] {
		total := int64(0)
		for i := range len(activations) / shape.Size() {
			at := (unit+u)*r.Images + image + i
			var active int32
			r.Max[at], r.Mean[at], active = summary(activations[(i*shape[0]+u)*area:][:area])
			total += int64(active)
		}
		atomic.AddInt64(&r.Active[unit+u], total)
	}
}

// summary is the maximum, the mean and the number of values above 0 of a map. The mean is summed
// in float64, in four sums over every fourth value: the same whatever the batch, and no addition
// waits for the last. Counting goes by bits: of a ReLU's output, which half of the time is 0, a
// branch would be guessed wrong too often.
func summary(values []float32) (highest, mean float32, active int32) {
	highest = values[0]
	var s0, s1, s2, s3 float64
	rest := values
	for ; len(rest) >= 4; rest = rest[4:] {
		v := (*[4]float32)(rest)
		s0, s1, s2, s3 = s0+float64(v[0]), s1+float64(v[1]), s2+float64(v[2]), s3+float64(v[3])
		active += positive(v[0]) + positive(v[1]) + positive(v[2]) + positive(v[3])
		if top := max(v[0], v[1], v[2], v[3]); top > highest {
			highest = top
		}
	}
	for _, v := range rest {
		s0 += float64(v)
		active += positive(v)
		highest = max(highest, v)
	}
	return highest, float32((s0 + s1 + s2 + s3) / float64(len(values))), active
}

// positive is 1 for a number above 0, else 0: its bits, read as a whole number, are above 0.
func positive(v float32) int32 {
	bits := int32(math.Float32bits(v))
	return int32(uint32(-bits&^bits) >> 31)
}

// of are the summaries of a unit on all images, a view.
func (r *Recording) of(unit int, s Summary) []float32 {
	from := r.Max
	if s == Mean {
		from = r.Mean
	}
	return from[unit*r.Images : (unit+1)*r.Images]
}

// values are the same as float64.
func (r *Recording) values(unit int, s Summary) []float64 {
	out := make([]float64, r.Images)
	for i, v := range r.of(unit, s) {
		out[i] = float64(v)
	}
	return out
}

// unit finds a neuron in the recording.
func (r *Recording) unit(a model.Address) (int, bool) {
	return slices.BinarySearchFunc(r.Units, a, func(x, y model.Address) int {
		if x.Layer != y.Layer {
			return x.Layer - y.Layer
		}
		return x.Unit - y.Unit
	})
}

// parallel runs f for every task on so many workers, unless the context ends.
func parallel(ctx context.Context, workers, tasks int, f func(task int)) error {
	kernel.Parallel(workers, tasks, func(_, task int) {
		if ctx.Err() == nil {
			f(task)
		}
	})
	return ctx.Err()
}
