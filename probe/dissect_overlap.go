package probe

import (
	"context"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
)

// overlapCounts are pixels, summed over the images of a split.
type overlapCounts struct {
	permutations int
	maps         []int // of each unit's maps
	masks        []int // of each part
	common       []int // units × parts: in both
	permuted     []int // units × permutations × parts: in both, with maps and masks paired anew
}

func (c *overlapCounts) iou(unit, part int) Number {
	if c.masks[part] == 0 {
		return Undefined
	}
	return Number(c.share(unit, part, c.common[unit*len(c.masks)+part]))
}

// share is the IoU of a unit and a part that have so many pixels in common.
func (c *overlapCounts) share(unit, part, common int) float64 {
	return float64(common) / float64(c.maps[unit]+c.masks[part]-common)
}

// null is the mean IoU over the permutations, and the p of the observed one.
func (c *overlapCounts) null(unit, part int) (mean, p Number) {
	parts, sum, extreme := len(c.masks), 0.0, 0
	observed := c.common[unit*parts+part]
	for k := range c.permutations {
		common := c.permuted[(unit*c.permutations+k)*parts+part]
		sum += c.share(unit, part, common)
		if common >= observed {
			extreme++
		}
	}
	return Number(sum / float64(c.permutations)), Number(stats.PermutationP(extreme, c.permutations))
}

// Limits of a block: the memory for its bits, and how many images change places.
const (
	blockBytes   = 128 << 20
	mostInBlock  = 1024
	leastInBlock = 2 // of one image there is no other pairing
)

// blocks cuts so many images into runs of about equal length, no longer than have room, each
// unit and part taking so many words an image. It gives the ends of the runs.
func blocks(images, rows, words int) []int {
	limit := min(max(blockBytes/(8*rows*words), leastInBlock), mostInBlock)
	count := max(min((images+limit-1)/limit, images/leastInBlock), 1)
	ends := make([]int, count)
	for b := range ends {
		ends[b] = (b + 1) * images / count
	}
	return ends
}

// overlap counts over a split, block by block.
func (d *dissector) overlap(ctx context.Context, split datasets.Split, permutations int) (*overlapCounts, error) {
	lo, hi := d.set.Range(split)
	units, parts := len(d.units), len(d.parts)
	c := &overlapCounts{permutations: permutations, maps: make([]int, units), masks: make([]int, parts),
		common: make([]int, units*parts), permuted: make([]int, units*permutations*parts)}
	words := wordsFor(d.set.Height * d.set.Width)
	ends := blocks(hi-lo, units+parts, words)
	most, from := (hi-lo+len(ends)-1)/len(ends), 0
	maps := &unitMaps{images: most, words: words, bits: make([]uint64, units*most*words)}
	masks := &partMasks{parts: parts, words: words, bits: make([]uint64, most*words*parts)}
	seeds := rand.New(rand.NewPCG(d.Seed, 0x64697373)) // "diss"
	for _, to := range ends {
		if err := d.readMaps(ctx, maps, lo+from, lo+to); err != nil {
			return nil, err
		}
		if err := d.readMasks(ctx, masks, lo+from, lo+to); err != nil {
			return nil, err
		}
		orders := pairings(to-from, permutations, seeds.Uint64())
		if err := d.count(ctx, c, maps, masks, to-from, orders); err != nil {
			return nil, err
		}
		from = to
	}
	return c, nil
}

// pairings are permutations of so many images.
func pairings(images, count int, seed uint64) [][]int32 {
	orders := make([][]int32, 0, count)
	if count == 0 {
		return orders
	}
	stats.Permutations{Count: count, Seed: seed}.Shuffle(images, func(order []int) {
		kept := make([]int32, images)
		for i, k := range order {
			kept[i] = int32(k)
		}
		orders = append(orders, kept)
	})
	return orders
}

// count adds a block of so many images.
func (d *dissector) count(ctx context.Context, c *overlapCounts, maps *unitMaps, masks *partMasks, images int, orders [][]int32) error {
	masks.count(c.masks, images)
	own, parts := inOrder(images), len(d.parts)
	return parallel(ctx, d.Workers, len(d.units), func(u int) {
		all, pixels := maps.pieces(u, images)
		c.maps[u] += pixels
		masks.intersect(c.common[u*parts:][:parts], all, own)
		for k, order := range orders {
			if ctx.Err() != nil {
				return // a unit with a full map takes its time
			}
			masks.intersect(c.permuted[(u*len(orders)+k)*parts:][:parts], all, order)
		}
		if len(orders) > 0 {
			d.steps.add(images)
		}
	})
}
