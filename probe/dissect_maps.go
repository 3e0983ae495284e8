package probe

import (
	"context"
	"slices"
	"sync"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// watch runs images [lo, hi) of the set and shows the activations of each mapped layer, images ×
// units × positions, with the number of the first image counted from lo. Calls come from several
// goroutines at once.
func (d *dissector) watch(ctx context.Context, lo, hi int, see func(l *mappedLayer, first int, activations []float32)) error {
	want := model.Trace{}
	for _, l := range d.layers {
		want.Post = append(want.Post, l.number)
	}
	size := d.set.ImageSize()
	_, err := d.n.Observe(ctx, d.set.Images[lo*size:hi*size], nil, d.Workers, want, func(first int, t *model.Trace) {
		for k := range d.layers {
			see(&d.layers[k], first, t.Activation(d.layers[k].number))
		}
		images := len(t.Activation(d.layers[0].number)) / d.layers[0].shape.Size()
		d.steps.add(images * len(d.units))
	})
	return err
}

// findThresholds gives each unit its threshold, in one pass over select.
func (d *dissector) findThresholds(ctx context.Context) error {
	lo, hi := d.set.Range(datasets.Select)
	tails := make([]*upperTail, len(d.units))
	for _, l := range d.layers {
		for u := range l.shape[0] {
			tails[l.firstUnit+u] = newUpperTail((hi - lo) * l.shape.Area())
		}
	}
	for first := lo; first < hi; first += blockImages {
		err := d.watch(ctx, first, min(first+blockImages, hi), func(l *mappedLayer, _ int, activations []float32) {
			for k, area := 0, l.shape.Area(); k*area < len(activations); k++ {
				tails[l.firstUnit+k%l.shape[0]].add(activations[k*area : (k+1)*area])
			}
		})
		if err != nil {
			return err
		}
	}
	for u, t := range tails {
		d.units[u].Threshold = t.threshold()
	}
	return nil
}

// readMaps fills maps with those of images [lo, hi).
func (d *dissector) readMaps(ctx context.Context, maps *unitMaps, lo, hi int) error {
	return d.watch(ctx, lo, hi, func(l *mappedLayer, first int, activations []float32) {
		image, scratch := make([]float64, d.set.Height*d.set.Width), l.enlarge.scratch()
		for k, area := 0, l.shape.Area(); k*area < len(activations); k++ {
			values := activations[k*area : (k+1)*area]
			unit := l.firstUnit + k%l.shape[0]
			threshold, to := d.units[unit].Threshold, maps.at(unit, first+k/l.shape[0])
			switch {
			case float64(slices.Max(values)) <= threshold:
				clear(to) // no value of the enlarged map is above its maximum
			case l.enlarge.identity():
				setAbove(to, values, float32(threshold))
			default:
				l.enlarge.upsample(image, values, scratch)
				setAbove(to, image, threshold)
			}
		}
	})
}

// readMasks fills masks with those of images [lo, hi).
func (d *dissector) readMasks(ctx context.Context, masks *partMasks, lo, hi int) error {
	return parallel(ctx, d.Workers, hi-lo, func(i int) { masks.set(i, d.set.Masks(lo+i), d.parts) })
}

// steps counts work done, from several goroutines.
type steps struct {
	mu          sync.Mutex
	done, total int
	report      func(done, total int)
}

func (s *steps) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += n
	if s.report != nil {
		s.report(s.done, s.total)
	}
}
