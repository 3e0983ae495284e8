package reports

import (
	"cmp"
	"slices"
)

// circuitLayout has places for boxes, in pixels from the top left corner of the picture's body. An edge
// that passes a layer has a slot there, so that it does not run over the boxes.
type circuitLayout struct {
	columns [][]int // slots from top to bottom
	slots   []slot
	routes  [][]int // of each edge: the slots that it goes through
	height  float64
}

// slot is a box, or the passage of an edge.
type slot struct {
	node        int // -1 for a passage
	column      int
	y, height   float64 // of its centre
	left, right []int   // the slots it is joined to
}

// The layout of boxes, in pixels.
const (
	boxLine  = 15.0 // a line of text
	boxAir   = 10.0
	boxGap   = 12.0
	passage  = 8.0 // the height of an edge that passes
	sweepsOf = 12
)

// layout orders the boxes of every layer so that few edges cross (by the barycentres of what they are
// joined to: Sugiyama, Tagawa and Toda 1981), and moves them to where edges run level.
func (d circuitDrawing) layout() circuitLayout {
	l := d.place()
	best, least := l.save(), l.crossings()
	for k := range sweepsOf {
		l.sweep(k%2 == 0, func(column []int, wish map[int]float64) {
			slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(wish[a], wish[b]) })
			l.spread(column)
		})
		if n := l.crossings(); n < least {
			best, least = l.save(), n
		}
	}
	l.columns = best
	for _, c := range l.columns {
		l.spread(c)
	}
	for k := range 2 * sweepsOf {
		l.sweep(k%2 == 0, l.level)
	}
	return l
}

// place gives every box and every passage a slot, in the order in which they come.
func (d circuitDrawing) place() circuitLayout {
	g := d.graph()
	var l circuitLayout
	column := make([]int, len(d.layers)) // by layer
	for k, nodes := range d.byLayer() {
		column[nodes[0].layer] = k
		l.columns = append(l.columns, nil)
	}
	add := func(s slot) int {
		l.slots = append(l.slots, s)
		l.columns[s.column] = append(l.columns[s.column], len(l.slots)-1)
		return len(l.slots) - 1
	}
	at := make([]int, len(d.nodes))
	for _, n := range g.order {
		at[n] = add(slot{node: n, column: column[d.nodes[n].layer], height: boxAir + boxLine*float64(len(d.nodes[n].lines))})
	}
	for k := range d.edges {
		route := []int{at[g.from[k]]}
		end := at[g.to[k]]
		for c := l.slots[route[0]].column + 1; c < l.slots[end].column; c++ {
			route = append(route, add(slot{node: -1, column: c, height: passage}))
		}
		route = append(route, end)
		for i := 1; i < len(route); i++ {
			a, b := &l.slots[route[i-1]], &l.slots[route[i]]
			a.right, b.left = append(a.right, route[i]), append(b.left, route[i-1])
		}
		l.routes = append(l.routes, route)
	}
	for _, c := range l.columns {
		l.height = max(l.height, l.offset(c, len(c)))
	}
	for _, c := range l.columns {
		l.spread(c)
	}
	return l
}

// offset is how far below the column's top its k-th slot begins if all stand close.
func (l *circuitLayout) offset(column []int, k int) float64 {
	y := 0.0
	for i, s := range column[:k] {
		if y += l.slots[s].height; i < len(column)-1 {
			y += boxGap
		}
	}
	return y
}

// spread puts the slots of a column under each other, in the middle of the height.
func (l *circuitLayout) spread(column []int) {
	top := (l.height - l.offset(column, len(column))) / 2
	for k, s := range column {
		l.slots[s].y = top + l.offset(column, k) + l.slots[s].height/2
	}
}

// sweep goes through the columns, to the right by what is joined on the left or the other way, and
// tells where every slot would like to be.
func (l *circuitLayout) sweep(toRight bool, move func(column []int, wish map[int]float64)) {
	for k := range l.columns {
		if !toRight {
			k = len(l.columns) - 1 - k
		}
		wish := map[int]float64{}
		for _, s := range l.columns[k] {
			joined := l.slots[s].left
			if !toRight {
				joined = l.slots[s].right
			}
			wish[s] = l.slots[s].y
			if len(joined) > 0 {
				sum := 0.0
				for _, o := range joined {
					sum += l.slots[o].y
				}
				wish[s] = sum / float64(len(joined))
			}
		}
		move(l.columns[k], wish)
	}
}

// level moves the slots of a column as near to where they would like to be as their order and size
// allow: the least squares solution, by pooling neighbours that are in each other's way.
func (l *circuitLayout) level(column []int, wish map[int]float64) {
	type pool struct {
		sum float64
		n   int
	}
	var pools []pool
	for k, s := range column {
		p := pool{wish[s] - l.slots[s].height/2 - l.offset(column, k), 1}
		for len(pools) > 0 && pools[len(pools)-1].sum/float64(pools[len(pools)-1].n) > p.sum/float64(p.n) {
			last := pools[len(pools)-1]
			pools, p = pools[:len(pools)-1], pool{last.sum + p.sum, last.n + p.n}
		}
		pools = append(pools, p)
	}
	room := l.height - l.offset(column, len(column))
	k := 0
	for _, p := range pools {
		shift := min(max(p.sum/float64(p.n), 0), room)
		for range p.n {
			l.slots[column[k]].y = shift + l.offset(column, k) + l.slots[column[k]].height/2
			k++
		}
	}
}

// crossings counts the pairs of edges that cross.
func (l *circuitLayout) crossings() int {
	type leg struct{ a, b int }
	legs := make([][]leg, len(l.columns)) // by the column they start in
	for _, route := range l.routes {
		for i := 1; i < len(route); i++ {
			c := l.slots[route[i-1]].column
			legs[c] = append(legs[c], leg{route[i-1], route[i]})
		}
	}
	n := 0
	for _, c := range legs {
		for i, x := range c {
			for _, y := range c[:i] {
				if (l.slots[x.a].y-l.slots[y.a].y)*(l.slots[x.b].y-l.slots[y.b].y) < 0 {
					n++
				}
			}
		}
	}
	return n
}

func (l *circuitLayout) save() [][]int {
	out := make([][]int, len(l.columns))
	for k, c := range l.columns {
		out[k] = slices.Clone(c)
	}
	return out
}
