package probe

import (
	"cmp"
	"context"
	"slices"

	"neuroprobe/internal/stats"
)

// ranking holds the ranks of every unit's summaries over the images, in the form in which a
// Mann–Whitney statistic is one sum: doubled midranks, so that they are whole numbers, less their
// mean. With strata they are ranks within the image's stratum. The sum T over the images that show
// a concept gives
//
//	AUROC = ½ + T / (2·pairs),   pairs = Σ over strata of (with · without),
//
// the AUROC of stats.StratifiedAUROC, and permuting labels leaves pairs alone.
type ranking struct {
	units, images int
	values        []int32 // images × units: a permutation adds up whole rows
	strata        []int   // nil: one stratum
}

func rank(ctx context.Context, workers int, summaries [][]float64, strata []int) (*ranking, error) {
	r := &ranking{units: len(summaries), images: len(summaries[0]), strata: strata}
	r.values = make([]int32, r.units*r.images)
	err := parallel(ctx, workers, r.units, func(u int) { r.rankUnit(u, summaries[u]) })
	return r, err
}

func (r *ranking) stratum(i int) int {
	if r.strata == nil {
		return 0
	}
	return r.strata[i]
}

func (r *ranking) rankUnit(u int, values []float64) {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(r.stratum(a), r.stratum(b)), cmp.Compare(values[a], values[b]))
	})
	for start := 0; start < len(order); {
		end := start
		for end < len(order) && r.stratum(order[end]) == r.stratum(order[start]) {
			end++
		}
		n := end - start
		for lo := start; lo < end; {
			hi := lo
			for hi < end && values[order[hi]] == values[order[lo]] {
				hi++
			}
			// Ranks lo+1-start … hi-start; twice their mean, less n+1.
			doubled := int32(lo + 1 - start + hi - start - n - 1)
			for _, i := range order[lo:hi] {
				r.values[i*r.units+u] = doubled
			}
			lo = hi
		}
		start = end
	}
}

// contrast is a concept as labels of the images, with what a ranking needs to know about it.
type contrast struct {
	shows  []bool
	pairs  int
	usable []bool // by image: its stratum has images with and without
}

func (r *ranking) contrast(shows []bool) contrast {
	with, without := map[int]int{}, map[int]int{}
	for i, s := range shows {
		if s {
			with[r.stratum(i)]++
		} else {
			without[r.stratum(i)]++
		}
	}
	c := contrast{shows: shows, usable: make([]bool, len(shows))}
	for s, n := range with {
		c.pairs += n * without[s]
	}
	for i := range shows {
		c.usable[i] = with[r.stratum(i)]*without[r.stratum(i)] > 0
	}
	return c
}

// sums are T of every unit, for labels given by image.
func (r *ranking) sums(dst []int64, shows func(image int) bool) {
	clear(dst)
	for i := range r.images {
		if shows(i) {
			row := r.values[i*r.units:][:len(dst)]
			for u, v := range row {
				dst[u] += int64(v)
			}
		}
	}
}

// aurocs are every unit's AUROC for a contrast; undefined where the unit is constant within all
// strata that have both kinds of images.
func (r *ranking) aurocs(c contrast) []Number {
	out, sums, varies := make([]Number, r.units), make([]int64, r.units), make([]bool, r.units)
	r.sums(sums, func(i int) bool { return c.shows[i] })
	for i := range r.images {
		if c.usable[i] {
			for u, v := range r.values[i*r.units:][:r.units] {
				varies[u] = varies[u] || v != 0
			}
		}
	}
	for u, t := range sums {
		out[u] = Undefined
		if varies[u] {
			out[u] = Number(auroc(t, c.pairs))
		}
	}
	return out
}

func auroc(sum int64, pairs int) float64 { return 0.5 + float64(sum)/float64(2*pairs) }

// permutationChunk is how many permutations are drawn at a time, to be shared out over the workers.
const permutationChunk = 64

// permute counts, for each contrast and unit, the permutations of the labels (within strata, if
// there are any) whose |T| is at least the observed one. All contrasts see the same permutations.
// watch, if any, is called with every permutation's T of the first contrast, one call at a time,
// in any order.
func (r *ranking) permute(ctx context.Context, workers int, p stats.Permutations, contrasts []contrast, watch func(sums []int64), progress func(done int)) ([][]int, error) {
	p.Strata = r.strata
	observed := make([][]int64, len(contrasts))
	extreme := make([][]int, len(contrasts))
	for c := range contrasts {
		observed[c], extreme[c] = make([]int64, r.units), make([]int, r.units)
		r.sums(observed[c], func(i int) bool { return contrasts[c].shows[i] })
	}
	var chunk [][]int32
	done := 0
	flush := func() {
		sums := make([][]int64, len(chunk)*len(contrasts))
		_ = parallel(ctx, workers, len(sums), func(task int) {
			order, shows := chunk[task/len(contrasts)], contrasts[task%len(contrasts)].shows
			sums[task] = make([]int64, r.units)
			r.sums(sums[task], func(i int) bool { return shows[order[i]] })
		})
		if ctx.Err() != nil {
			return
		}
		for task, t := range sums {
			c := task % len(contrasts)
			for u, v := range t {
				if abs(v) >= abs(observed[c][u]) {
					extreme[c][u]++
				}
			}
			if c == 0 && watch != nil {
				watch(t)
			}
		}
		done += len(chunk)
		chunk = chunk[:0]
		if progress != nil {
			progress(done)
		}
	}
	p.Shuffle(r.images, func(order []int) {
		if ctx.Err() != nil {
			return
		}
		kept := make([]int32, len(order))
		for i, k := range order {
			kept[i] = int32(k)
		}
		if chunk = append(chunk, kept); len(chunk) == permutationChunk {
			flush()
		}
	})
	flush()
	return extreme, ctx.Err()
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
