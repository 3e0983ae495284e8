package reports

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// scatterPlot holds two numbers of every unit against each other, with the line on which they are
// equal.
type scatterPlot struct {
	x, y     string
	sign     bool // a plus before positive ticks
	diagonal string
	// marked and plain say what the two kinds of points are.
	marked, plain string
	points        []scatterPoint
}

// scatterPoint is one unit with its two 95 % intervals. Marked ones are labelled where there is
// room, those farthest from the diagonal first.
type scatterPoint struct {
	label  string
	x, y   effect
	marked bool
}

// labelledPoints is how many points get a label at most.
const labelledPoints = 16

func (s scatterPlot) png() []byte {
	const height, top = 560, 34
	p := newPlot(s.x, s.y)
	p.X.Min, p.X.Max = s.extent(func(p scatterPoint) effect { return p.x })
	p.Y.Min, p.Y.Max = s.extent(func(p scatterPoint) effect { return p.y })
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{about: 8, sign: s.sign}, ticks{about: 6, sign: s.sign}
	p.Add(gridLines(true, true), drawing(s.lines), drawing(s.draw))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, s.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

// extent is the range of an axis: all estimates, 0, and intervals as far as they do not dwarf the
// estimates.
func (s scatterPlot) extent(of func(scatterPoint) effect) (low, high float64) {
	for _, p := range s.points {
		low, high = min(low, of(p).estimate), max(high, of(p).estimate)
	}
	span := high - low
	if !(span > 0) || math.IsInf(span, 0) {
		return -1, 1
	}
	least, most := low-0.5*span, high+0.5*span
	for _, p := range s.points {
		low, high = min(low, max(least, of(p).low)), max(high, min(most, of(p).high))
	}
	air := 0.06 * (high - low)
	return low - air, high + air
}

// lines are those of no effect, and the diagonal.
func (s scatterPlot) lines(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(line(slate, 1.2), x(0), c.Min.Y, x(0), c.Max.Y)
	c.StrokeLine2(line(slate, 1.2), c.Min.X, y(0), c.Max.X, y(0))
	if low, high := max(p.X.Min, p.Y.Min), min(p.X.Max, p.Y.Max); low < high {
		c.StrokeLine2(line(ink, 1.4, 7, 4), x(low), y(low), x(high), y(high))
	}
}

func (s scatterPlot) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var boxes []vg.Rectangle
	at := make([]vg.Point, len(s.points))
	for k, point := range s.points {
		at[k] = vg.Point{X: x(point.x.estimate), Y: y(point.y.estimate)}
		boxes = append(boxes, around(at[k], 5*pixel))
		bar := line(scatterColour(point.marked), 0.8)
		inX := func(v float64) vg.Length { return min(max(x(v), c.Min.X), c.Max.X) }
		inY := func(v float64) vg.Length { return min(max(y(v), c.Min.Y), c.Max.Y) }
		c.StrokeLine2(bar, inX(point.x.low), at[k].Y, inX(point.x.high), at[k].Y)
		c.StrokeLine2(bar, at[k].X, inY(point.y.low), at[k].X, inY(point.y.high))
	}
	for k, point := range s.points {
		drawScatter(c, at[k], point.marked)
	}
	for _, k := range s.labelled() {
		if box, align, ok := labelRoom(c, at[k], s.points[k].label, boxes); ok {
			style := textStyle(regular, 13, ink)
			style.XAlign = align
			anchor := vg.Point{X: box.Min.X, Y: (box.Min.Y + box.Max.Y) / 2}
			if align == draw.XRight {
				anchor.X = box.Max.X
			}
			c.FillText(style, anchor, s.points[k].label)
			boxes = append(boxes, box)
		}
	}
}

// labelled are the marked points, the farthest from the diagonal first.
func (s scatterPlot) labelled() []int {
	var order []int
	for k, p := range s.points {
		if p.marked && p.label != "" {
			order = append(order, k)
		}
	}
	off := func(k int) float64 { return math.Abs(s.points[k].y.estimate - s.points[k].x.estimate) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(off(b), off(a)) })
	return order[:min(len(order), labelledPoints)]
}

// labelRoom finds room for a label to the right or the left of a point, or a little above or below.
func labelRoom(c draw.Canvas, at vg.Point, label string, taken []vg.Rectangle) (vg.Rectangle, draw.XAlignment, bool) {
	const gap, half = 8 * pixel, 8 * pixel
	width := textStyle(regular, 13, ink).Width(label)
	for _, up := range []vg.Length{9 * pixel, -9 * pixel, 0, 20 * pixel, -20 * pixel} {
		for _, align := range []draw.XAlignment{draw.XLeft, draw.XRight} {
			box := vg.Rectangle{Min: vg.Point{X: at.X + gap, Y: at.Y + up - half}, Max: vg.Point{X: at.X + gap + width, Y: at.Y + up + half}}
			if align == draw.XRight {
				box.Min.X, box.Max.X = at.X-gap-width, at.X-gap
			}
			inside := box.Min.X >= c.Min.X && box.Max.X <= c.Max.X && box.Min.Y >= c.Min.Y && box.Max.Y <= c.Max.Y
			if inside && !slices.ContainsFunc(taken, func(r vg.Rectangle) bool { return meet(r, box) }) {
				return box, align, true
			}
		}
	}
	return vg.Rectangle{}, draw.XLeft, false
}

func around(at vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}
}

func meet(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

func scatterColour(marked bool) color.RGBA {
	if marked {
		return vermillion
	}
	return blue
}

func drawScatter(c draw.Canvas, at vg.Point, marked bool) {
	if marked {
		c.DrawGlyph(draw.GlyphStyle{Color: vermillion, Radius: 4.4 * pixel, Shape: draw.BoxGlyph{}}, at)
		return
	}
	c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 3.6 * pixel, Shape: draw.CircleGlyph{}}, at)
}

func (s scatterPlot) legend() []legendEntry {
	sample := func(marked bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawScatter(c, vg.Point{X: (x0 + x1) / 2, Y: y}, marked) }
	}
	return []legendEntry{{s.marked, sample(true)}, {s.plain, sample(false)}, {s.diagonal, func(c draw.Canvas, x0, x1, y vg.Length) {
		c.StrokeLine2(line(ink, 1.4, 7, 4), x0, y, x1, y)
	}}}
}
