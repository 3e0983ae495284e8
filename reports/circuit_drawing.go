package reports

import (
	"cmp"
	"math"
	"slices"
)

// circuitDrawing is a piece of wiring, drawn from left to right by layer: a box a neuron, a line an
// edge. Everything that shows neurons with edges between them is made of it: mermaid and dot are
// text for other programs, png and svg are painted here (circuit_layout.go, circuit_paint.go).
type circuitDrawing struct {
	layers []string // names by layer, 0 the image; layers without nodes are not shown
	nodes  []drawnNode
	edges  []drawnEdge // each from a lower layer to a higher one
	width  string      // what the width of an edge shows: "size of the exact effect"
	note   string      // a line below: "… and 292 weaker edges"
}

// drawnNode is a box.
type drawnNode struct {
	id       string // "3:17", unique
	layer    int
	lines    []string // its text; the first line is bold
	emphasis bool     // a heavy frame
}

// drawnEdge is a line that ends in an arrow head where it excites, dashed and ending in a bar where it
// inhibits. |weight| is its width. Where some edges have emphasis, the others are pale.
type drawnEdge struct {
	from, to   string
	weight     float64
	excitatory bool
	emphasis   bool
	text       string // on the line; "" for none
}

// mostDrawnEdges are as many as a reader can follow with the eye.
const mostDrawnEdges = 40

// drawnGraph finds the nodes' edges.
type drawnGraph struct {
	circuitDrawing
	at       map[string]int // nodes by id
	from, to []int          // of each edge, the places of its nodes
	order    []int          // nodes by layer
}

func (d circuitDrawing) graph() drawnGraph {
	g := drawnGraph{circuitDrawing: d, at: map[string]int{}, from: make([]int, len(d.edges)), to: make([]int, len(d.edges)), order: make([]int, len(d.nodes))}
	for k, n := range d.nodes {
		g.at[n.id], g.order[k] = k, k
	}
	for k, e := range d.edges {
		g.from[k], g.to[k] = g.at[e.from], g.at[e.to]
	}
	slices.SortStableFunc(g.order, func(a, b int) int { return cmp.Compare(d.nodes[a].layer, d.nodes[b].layer) })
	return g
}

// strongest keeps at most so many edges, in whole paths from a node without senders to one without
// receivers, and the nodes on them; left is how many edges it leaves out. It goes by the size of the
// weight: each edge comes with the path through it whose weakest edge is strongest.
func (d circuitDrawing) strongest(most int) (drawn circuitDrawing, left int) {
	if len(d.edges) <= most {
		return d, 0
	}
	g := d.graph()
	before, after := g.strongestPaths()
	kept := map[int]bool{}
	for _, e := range g.bySize() {
		path := []int{e}
		for k := before[g.from[e]]; k >= 0; k = before[g.from[k]] {
			path = append(path, k)
		}
		for k := after[g.to[e]]; k >= 0; k = after[g.to[k]] {
			path = append(path, k)
		}
		path = slices.DeleteFunc(path, func(k int) bool { return kept[k] })
		if len(kept)+len(path) <= most {
			for _, k := range path {
				kept[k] = true
			}
		}
	}
	drawn, used := d, map[string]bool{}
	drawn.nodes, drawn.edges = nil, nil
	for k, e := range d.edges {
		if kept[k] {
			drawn.edges = append(drawn.edges, e)
			used[e.from], used[e.to] = true, true
		}
	}
	for _, n := range d.nodes {
		if used[n.id] {
			drawn.nodes = append(drawn.nodes, n)
		}
	}
	return drawn, len(d.edges) - len(drawn.edges)
}

// bySize are the edges, the largest |weight| first.
func (g drawnGraph) bySize() []int {
	order := make([]int, len(g.edges))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(g.edges[b].weight), math.Abs(g.edges[a].weight)) })
	return order
}

// strongestPaths gives every node the edge by which the path into it, and the one out of it, goes
// whose weakest edge is strongest; -1 for none.
func (g drawnGraph) strongestPaths() (before, after []int) {
	into, out := make([][]int, len(g.nodes)), make([][]int, len(g.nodes))
	for k := range g.edges {
		into[g.to[k]], out[g.from[k]] = append(into[g.to[k]], k), append(out[g.from[k]], k)
	}
	search := func(order []int, edges [][]int, other []int) []int {
		best, width := make([]int, len(g.nodes)), make([]float64, len(g.nodes))
		for _, n := range order {
			best[n], width[n] = -1, math.Inf(1)
			for _, k := range edges[n] {
				if w := min(math.Abs(g.edges[k].weight), width[other[k]]); best[n] < 0 || w > width[n] {
					best[n], width[n] = k, w
				}
			}
		}
		return best
	}
	before = search(g.order, into, g.from)
	backwards := slices.Clone(g.order)
	slices.Reverse(backwards)
	return before, search(backwards, out, g.to)
}

// largest is the largest |weight|.
func (d circuitDrawing) largest() float64 {
	largest := 0.0
	for _, e := range d.edges {
		largest = max(largest, math.Abs(e.weight))
	}
	return largest
}

// thickness is an edge's width between least and most, in proportion to its weight's size.
func (d circuitDrawing) thickness(e drawnEdge, least, most float64) float64 {
	return least + (most-least)*share01(e.weight, d.largest())
}

// byLayer are the nodes of every layer that has any, from left to right, as they come.
func (d circuitDrawing) byLayer() [][]drawnNode {
	all := make([][]drawnNode, len(d.layers))
	for _, n := range d.nodes {
		all[n.layer] = append(all[n.layer], n)
	}
	return slices.DeleteFunc(all, func(nodes []drawnNode) bool { return len(nodes) == 0 })
}

// hasEmphasis tells whether some edges stand out from the others.
func (d circuitDrawing) hasEmphasis() bool {
	return slices.ContainsFunc(d.edges, func(e drawnEdge) bool { return e.emphasis })
}
