package probe

import (
	"cmp"
	"context"
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// dissectOptions say how a dissection is done.
type dissectOptions struct {
	Split        datasets.Split // measured on; thresholds and best parts are from select
	Permutations int            // 0: stats.DefaultPermutations; below 0: none
	Seed         uint64
	Workers      int                   // 0: all cores
	Progress     func(done, total int) // one call at a time
}

// dissection is where the maps of units are strong, against where parts show (Bau et al. 2017).
type dissection struct {
	Units    []dissected // that have a map, by layer and number
	Warnings []string
}

// dissected is one unit's share of a dissection.
type dissected struct {
	Address model.Address
	// Threshold is the level that at most 0.5 % of the unit's activations exceed, over all
	// images and positions of select.
	Threshold float64
	// Overlaps are in the order of the parts asked for; Part counts in that order. Adjusted is left
	// to the caller.
	Overlaps []Overlap
	// BestPart is the index into Overlaps of the largest IoU on select, the first of equals; -1 if
	// none is above 0.
	BestPart int
}

// dissect compares the maps of all units of the layers (nil: all) that have one with the masks of
// the parts, indices into set.Parts.
//
// A unit's map M is its activation before pooling, upsampled to image size (see upsampler), where
// that exceeds the unit's threshold T. With L the mask of a part,
//
//	IoU = Σ|M∩L| / Σ|M∪L|,
//
// both sums over all images of the split. The null pairs the maps with the masks of other images:
// images change places at random within blocks of consecutive images, the same for all units and
// parts. That leaves Σ|M|+Σ|L| alone, so that the IoU is as extreme as the observed one where the
// intersection is, and that is a whole number: ties are exact, and count as extreme. p is
// one-sided, for overlaps larger than chance: a unit that is strong where heads usually are has a
// large IoU with ears on any image, and does not beat this null by that alone.
//
// A unit whose map is empty on the whole split has IoU 0 and p 1: it cannot overlap anything. A part
// that shows in no image of the split has no IoU and no p, and is a warning.
//
// A block holds as many images as have room in 128 MiB at one bit a unit or part and pixel, at
// least 2 and at most 1,024. Beside it there are 8 bytes a unit, part and permutation.
func dissect(ctx context.Context, n *model.Network, set *datasets.Set, layers, parts []int, o dissectOptions) (*dissection, error) {
	d, err := newDissector(n, set, layers, parts, o)
	if err != nil {
		return nil, err
	}
	if len(d.units) == 0 {
		return &dissection{}, nil
	}
	if err := d.findThresholds(ctx); err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return &dissection{Units: d.units}, nil
	}
	measured, err := d.overlap(ctx, d.Split, d.Permutations)
	if err != nil {
		return nil, err
	}
	selected := measured
	if d.Split != datasets.Select {
		if selected, err = d.overlap(ctx, datasets.Select, 0); err != nil {
			return nil, err
		}
	}
	for u := range d.units {
		d.units[u].judge(u, selected, measured)
	}
	return &dissection{Units: d.units, Warnings: d.warnings(selected, measured)}, nil
}

// dissector carries what the steps of a dissection share.
type dissector struct {
	dissectOptions
	n      *model.Network
	set    *datasets.Set
	layers []mappedLayer
	parts  []int
	units  []dissected
	steps  *steps
}

// mappedLayer is a layer whose units have a map.
type mappedLayer struct {
	number    int
	firstUnit int // index of its unit 0 among the dissected
	shape     model.Shape
	enlarge   *upsampler
}

func newDissector(n *model.Network, set *datasets.Set, layers, parts []int, o dissectOptions) (*dissector, error) {
	o.Permutations = max(cmp.Or(o.Permutations, stats.DefaultPermutations), 0)
	d := &dissector{dissectOptions: o, n: n, set: set, parts: parts}
	layers, err := checkLayers(n, layers)
	if err != nil {
		return nil, err
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	if !set.HasMasks() && len(parts) > 0 {
		return nil, fmt.Errorf("probe: %s has no masks: no part to dissect for", set.Source)
	}
	for _, l := range layers {
		shape := n.Geometry(l).Act
		if !n.Maps(l) {
			continue
		}
		d.layers = append(d.layers, mappedLayer{l, len(d.units), shape, newUpsampler(shape[1], shape[2], set.Height, set.Width)})
		for u := range shape[0] {
			d.units = append(d.units, dissected{Address: model.Neuron(l, u), BestPart: -1})
		}
	}
	d.steps = &steps{total: d.passes() * len(d.units), report: o.Progress}
	return d, nil
}

// passes is how many images are gone through: for thresholds, for the maps and the null of the
// measured split, for the maps of select.
func (d *dissector) passes() int {
	images := func(split datasets.Split) int { lo, hi := d.set.Range(split); return hi - lo }
	n := images(datasets.Select)
	if len(d.parts) == 0 {
		return n
	}
	n += images(d.Split)
	if d.Permutations > 0 {
		n += images(d.Split)
	}
	if d.Split != datasets.Select {
		n += images(datasets.Select)
	}
	return n
}

// judge fills in a unit's overlaps.
func (d *dissected) judge(unit int, selected, measured *overlapCounts) {
	best := Number(0)
	for p := range measured.masks {
		o := Overlap{Part: p, IoU: measured.iou(unit, p), SelectIoU: selected.iou(unit, p), NullIoU: Undefined, P: Undefined, Adjusted: Undefined}
		if measured.masks[p] > 0 {
			o.NullIoU, o.P = measured.null(unit, p)
		}
		if o.SelectIoU > best {
			best, d.BestPart = o.SelectIoU, p
		}
		d.Overlaps = append(d.Overlaps, o)
	}
}

func (d *dissector) warnings(selected, measured *overlapCounts) (all []string) {
	for p, part := range d.parts {
		switch name := d.set.Parts[part]; {
		case measured.masks[p] == 0:
			all = append(all, fmt.Sprintf("part %q shows in no image of %s: no overlap with it could be measured", name, d.Split))
		case selected.masks[p] == 0:
			all = append(all, fmt.Sprintf("part %q shows in no image of select: it could not be chosen as any unit's best part", name))
		}
	}
	return all
}
