package circuit

import (
	"cmp"
	"math"
	"slices"

	"neuroprobe/model"
)

// wires are the edges of a network that chains may pass, each with its size. Chains lead from the
// image's channels along edges of size above 0 to one neuron. Edges are in the order of data, so that
// all edges into a neuron come before those out of it.
type wires struct {
	edges []model.Edge
	size  []float64 // by edge
	end   model.Address
}

// path is a chain that ends at some neuron on the way.
type path struct {
	links []int     // numbers of edges, from the image on
	sizes []float64 // theirs, the weakest first
}

// compare orders paths to one neuron, the stronger first: the one whose weakest link is larger; of
// equals, the one whose next-weakest is larger, and so on (leximin; the shorter, where one runs out of
// links); of equals in all links, by address. To append the same link to both changes nothing in their
// order, which is what makes the search exact.
func (p path) compare(q path, edges []model.Edge) int {
	for k := range min(len(p.sizes), len(q.sizes)) {
		if c := cmp.Compare(q.sizes[k], p.sizes[k]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(p.sizes), len(q.sizes)); c != 0 {
		return c
	}
	for k := range p.links {
		if c := compareNeurons(edges[p.links[k]].From, edges[q.links[k]].From); c != 0 {
			return c
		}
	}
	return 0
}

func compareNeurons(a, b model.Address) int {
	return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Unit, b.Unit))
}

// along is the path with one more link.
func (p path) along(e int, size float64) path {
	at, _ := slices.BinarySearch(p.sizes, size)
	return path{append(slices.Clone(p.links), e), slices.Insert(slices.Clone(p.sizes), at, size)}
}

// into calls see for every run of edges into one neuron.
func (w *wires) into(see func(to model.Address, first, last int)) {
	for first := 0; first < len(w.edges); {
		last := first
		for last < len(w.edges) && w.edges[last].To == w.edges[first].To {
			last++
		}
		see(w.edges[first].To, first, last)
		first = last
	}
}

// strongest are the top chains to the end, the strongest first. No neuron needs to remember more than
// its top best paths: one that has top better ones before it has them after every further link too.
func (w *wires) strongest(top int) []path {
	best := map[model.Address][]path{}
	w.into(func(to model.Address, first, last int) {
		var held []path
		for e := first; e < last; e++ {
			if !(w.size[e] > 0) {
				continue
			}
			before := best[w.edges[e].From]
			if w.edges[e].From.Layer == 0 {
				before = []path{{}}
			}
			for _, p := range before {
				// Paths come in order: behind one that is too weak, all are.
				if len(held) == top && min(w.size[e], weakest(p)) < held[top-1].sizes[0] {
					break
				}
				q := p.along(e, w.size[e])
				at, _ := slices.BinarySearchFunc(held, q, func(a, b path) int { return a.compare(b, w.edges) })
				if held = slices.Insert(held, at, q); len(held) > top {
					held = held[:top]
				}
			}
		}
		best[to] = held
	})
	return best[w.end]
}

// weakest is a path's weakest link; of a path without links, infinity.
func weakest(p path) float64 {
	if len(p.sizes) == 0 {
		return math.Inf(1)
	}
	return p.sizes[0]
}

// widest is the weakest link of the strongest chain, 0 if there is none: strongest(1) without the path.
func (w *wires) widest() float64 {
	best := map[model.Address]float64{}
	w.into(func(to model.Address, first, last int) {
		width := 0.0
		for e := first; e < last; e++ {
			before := math.Inf(1)
			if from := w.edges[e].From; from.Layer > 0 {
				before = best[from]
			}
			width = max(width, min(before, w.size[e]))
		}
		best[to] = width
	})
	return best[w.end]
}

// count is how many chains there are whose links are all of at least a size (and above 0). It is exact up
// to 2⁵³.
func (w *wires) count(least float64) float64 { return w.ways(least)[w.end] }

// ways is by neuron how many such paths lead to it.
func (w *wires) ways(least float64) map[model.Address]float64 {
	ways := map[model.Address]float64{}
	w.into(func(to model.Address, first, last int) {
		sum := 0.0
		for e := first; e < last; e++ {
			if w.usable(e, least) {
				sum += waysTo(ways, w.edges[e].From)
			}
		}
		ways[to] = sum
	})
	return ways
}

func (w *wires) usable(e int, least float64) bool { return w.size[e] > 0 && w.size[e] >= least }

func waysTo(ways map[model.Address]float64, a model.Address) float64 {
	if a.Layer == 0 {
		return 1
	}
	return ways[a]
}

// sharing is how many chains have an edge as their weakest link.
func (w *wires) sharing(e int) float64 {
	least := w.size[e]
	onwards := map[model.Address]float64{w.end: 1}
	for k := len(w.edges) - 1; k > e; k-- {
		if w.usable(k, least) {
			onwards[w.edges[k].From] += onwards[w.edges[k].To]
		}
	}
	return waysTo(w.ways(least), w.edges[e].From) * onwards[w.edges[e].To]
}
