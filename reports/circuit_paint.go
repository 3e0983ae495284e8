package reports

import (
	"bytes"
	"cmp"
	"image/color"
	"regexp"
	"slices"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The picture of a circuit, in pixels.
const (
	circuitTop    = 68 // legend and names of layers
	circuitBottom = 14
	circuitNote   = 24
	circuitSide   = 10
	widestBox     = 132.0
	leastWidth    = 0.9 // of an edge
	mostWidth     = 5.5
)

// png draws the circuit.
func (d circuitDrawing) png() []byte {
	p := d.painter()
	return renderPNG(p.pixels(), p.paint)
}

// svg draws the same, to be enlarged without end.
func (d circuitDrawing) svg() []byte {
	p := d.painter()
	img := vgsvg.New(plotWidth*pixel, vg.Length(p.pixels())*pixel)
	p.paint(draw.New(img))
	var b bytes.Buffer
	if _, err := img.WriteTo(&b); err != nil {
		panic(err) // memory
	}
	return b.Bytes()
}

// circuitPainter paints a drawing with its layout.
type circuitPainter struct {
	circuitDrawing
	circuitLayout
	box, pitch float64 // the width of a box, and from one to the next
	ports      []edgePorts
}

// edgePorts is where an edge leaves its sender's box and where it enters its receiver's.
type edgePorts struct{ out, in float64 }

func (d circuitDrawing) painter() circuitPainter {
	p := circuitPainter{circuitDrawing: d, circuitLayout: d.layout()}
	room := plotWidth - 2*circuitSide
	n := float64(max(1, len(p.columns)))
	p.box = min(widestBox, 0.7*float64(room)/n)
	if n > 1 {
		p.pitch = (float64(room) - p.box) / (n - 1)
	}
	p.choosePorts()
	return p
}

func (p *circuitPainter) pixels() int {
	h := circuitTop + int(p.height+0.5) + circuitBottom
	if p.note != "" {
		h += circuitNote
	}
	return h
}

// choosePorts spreads the ends of edges over the sides of the boxes, in the order of their other ends.
func (p *circuitPainter) choosePorts() {
	p.ports = make([]edgePorts, len(p.edges))
	outs, ins := map[int][]int{}, map[int][]int{} // edges by slot
	for k, route := range p.routes {
		first, last := route[0], route[len(route)-1]
		outs[first], ins[last] = append(outs[first], k), append(ins[last], k)
	}
	spread := func(at int, edges []int, next func(k int) int, set func(k int, y float64)) {
		slices.SortStableFunc(edges, func(a, b int) int { return cmp.Compare(p.slots[next(a)].y, p.slots[next(b)].y) })
		s := p.slots[at]
		for i, k := range edges {
			set(k, s.y+0.86*s.height*((float64(i)+0.5)/float64(len(edges))-0.5))
		}
	}
	for at, edges := range outs {
		spread(at, edges, func(k int) int { return p.routes[k][1] }, func(k int, y float64) { p.ports[k].out = y })
	}
	for at, edges := range ins {
		spread(at, edges, func(k int) int { return p.routes[k][len(p.routes[k])-2] }, func(k int, y float64) { p.ports[k].in = y })
	}
}

// left is the left side of a column.
func (p *circuitPainter) left(column int) float64 { return circuitSide + float64(column)*p.pitch }

// point is a place on the canvas, from pixels to the right and below the body's top.
func (p *circuitPainter) point(c draw.Canvas, x, y float64) vg.Point {
	return vg.Point{X: c.Min.X + vg.Length(x)*pixel, Y: c.Max.Y - vg.Length(circuitTop+y)*pixel}
}

func (p *circuitPainter) paint(c draw.Canvas) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	legend(c, circuitSide*pixel, c.Max.Y-18*pixel, p.legend())
	for k, nodes := range p.byLayer() {
		style := textStyle(bold, 13, slate)
		style.XAlign = draw.XCenter
		c.FillText(style, p.point(c, p.left(k)+p.box/2, -16), shortened(style, p.layers[nodes[0].layer], p.pitch-4))
	}
	order := p.graph().bySize()
	slices.Reverse(order)
	pale := p.hasEmphasis()
	for _, strong := range []bool{false, true} {
		for _, k := range order {
			if e := p.edges[k]; e.emphasis == strong {
				p.paintEdge(c, k, pale && !strong)
			}
		}
	}
	for _, s := range p.slots {
		if s.node >= 0 {
			p.paintBox(c, s)
		}
	}
	for k, e := range p.edges {
		if e.text != "" {
			p.paintText(c, k)
		}
	}
	if p.note != "" {
		style := textStyle(regular, 13, slate)
		style.XAlign = draw.XCenter
		c.FillText(style, vg.Point{X: c.Center().X, Y: c.Min.Y + 14*pixel}, p.note)
	}
}

func (p *circuitPainter) paintBox(c draw.Canvas, s slot) {
	n := p.nodes[s.node]
	x, top := p.left(s.column), s.y-s.height/2
	a, b := p.point(c, x, top), p.point(c, x+p.box, top+s.height)
	outline := []vg.Point{a, {X: b.X, Y: a.Y}, b, {X: a.X, Y: b.Y}, a}
	fill, frame := color.Color(color.White), line(slate, 1.1)
	if n.emphasis {
		fill, frame = color.RGBA{0xFF, 0xF6, 0xD9, 0xFF}, line(ink, 2.4)
	}
	c.FillPolygon(fill, outline)
	c.StrokeLines(frame, append(outline, outline[1]))
	for k, text := range n.lines {
		style := textStyle(regular, min(12, max(10, p.box/6)), ink)
		if k == 0 {
			style.Font.Weight = bold.Weight
		}
		style.XAlign = draw.XCenter
		c.FillText(style, p.point(c, x+p.box/2, top+boxAir/2+boxLine*(float64(k)+0.5)), shortened(style, text, p.box-6))
	}
}

// shortened is a text cut to so many pixels, at its end, or before a number that it ends with.
func shortened(style text.Style, s string, pixels float64) string {
	if s = plain(s); endsInDigit.MatchString(s) {
		face := font.DefaultCache.Lookup(style.Font, style.Font.Size)
		s = fit(face.FontFace(vgimg.DefaultDPI), s, int(pixels))
	}
	for n := len([]rune(s)) - 1; n > 0 && style.Width(s) > vg.Length(pixels+1)*pixel; n-- {
		s = elide(s, n)
	}
	return s
}

var endsInDigit = regexp.MustCompile(`[0-9]$`)

// strokeColour tells the two kinds of edges apart, beside their ends and dashes.
func strokeColour(excitatory bool) color.RGBA {
	if excitatory {
		return blue
	}
	return vermillion
}

// edgeLine is how an edge of this width is drawn.
func edgeLine(excitatory bool, width float64, colour color.Color) draw.LineStyle {
	if excitatory {
		return line(colour, width)
	}
	dash := max(4, 1.8*width)
	return line(colour, width, dash, max(3, 1.1*width))
}

// paintEdge draws a curve through the slots of an edge's route, and its end.
func (p *circuitPainter) paintEdge(c draw.Canvas, k int, pale bool) {
	e := p.edges[k]
	colour := strokeColour(e.excitatory)
	if pale {
		colour = mixed(colour, 0.4)
	}
	width := p.thickness(e, leastWidth, mostWidth)
	points := p.course(k)
	end := points[len(points)-1]
	points[len(points)-1].X -= endLength(e.excitatory, width)
	var curve []vg.Point
	for i := 1; i < len(points); i++ {
		curve = append(curve, p.bend(c, points[i-1], points[i])...)
	}
	c.StrokeLines(edgeLine(e.excitatory, width, colour), curve)
	paintEnd(c, p.point(c, float64(end.X), float64(end.Y)), e.excitatory, width, colour)
}

// course are the places, in pixels, where an edge leaves its box, passes layers, and ends.
func (p *circuitPainter) course(k int) []vg.Point {
	route := p.routes[k]
	at := func(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(y)} }
	points := []vg.Point{at(p.left(p.slots[route[0]].column)+p.box, p.ports[k].out)}
	for _, s := range route[1 : len(route)-1] {
		x := p.left(p.slots[s].column)
		points = append(points, at(x, p.slots[s].y), at(x+p.box, p.slots[s].y))
	}
	return append(points, at(p.left(p.slots[route[len(route)-1]].column)-1, p.ports[k].in))
}

// bend is a curve that leaves and arrives level.
func (p *circuitPainter) bend(c draw.Canvas, a, b vg.Point) []vg.Point {
	const steps = 24
	var out []vg.Point
	for i := range steps + 1 {
		t := float64(i) / steps
		x := float64(a.X) + (float64(b.X)-float64(a.X))*(0.5*3*t*(1-t)*(1-t)+0.5*3*t*t*(1-t)+t*t*t)
		y := float64(a.Y) + (float64(b.Y)-float64(a.Y))*t*t*(3-2*t)
		out = append(out, p.point(c, x, y))
	}
	return out
}

// endLength is how much of an edge its end takes.
func endLength(excitatory bool, width float64) vg.Length {
	if excitatory {
		return vg.Length(6 + 1.4*width)
	}
	return 4
}

// paintEnd draws an arrow head that points to the right, or a bar.
func paintEnd(c draw.Canvas, at vg.Point, excitatory bool, width float64, colour color.Color) {
	if excitatory {
		long, half := endLength(true, width)*pixel, vg.Length(2.6+0.9*width)*pixel
		c.FillPolygon(colour, []vg.Point{at, {X: at.X - long, Y: at.Y + half}, {X: at.X - long, Y: at.Y - half}})
		return
	}
	half := vg.Length(4+1.1*width) * pixel
	c.StrokeLine2(line(colour, max(2, 0.7*width)), at.X-3*pixel, at.Y-half, at.X-3*pixel, at.Y+half)
}

// paintText writes on an edge, in the middle of its first bend.
func (p *circuitPainter) paintText(c draw.Canvas, k int) {
	points := p.course(k)
	at := p.point(c, float64(points[0].X+points[1].X)/2, float64(points[0].Y+points[1].Y)/2)
	style := textStyle(regular, 11, ink)
	style.XAlign = draw.XCenter
	words := shortened(style, p.edges[k].text, p.pitch-p.box-4)
	half := style.Width(words)/2 + 2*pixel
	fillRect(c, color.White, at.X-half, at.Y-7*pixel, at.X+half, at.Y+7*pixel)
	c.FillText(style, at, words)
}

func (p *circuitPainter) legend() []legendEntry {
	sample := func(excitatory bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) {
			const width = 2.4
			colour := strokeColour(excitatory)
			c.StrokeLine2(edgeLine(excitatory, width, colour), x0, y, x1-endLength(excitatory, width)*pixel, y)
			paintEnd(c, vg.Point{X: x1, Y: y}, excitatory, width, colour)
		}
	}
	entries := []legendEntry{{"excites", sample(true)}, {"inhibits", sample(false)}}
	if p.width != "" {
		entries = append(entries, legendEntry{"width: " + p.width, func(c draw.Canvas, x0, x1, y vg.Length) {
			c.FillPolygon(slate, []vg.Point{{X: x0, Y: y - leastWidth/2*pixel}, {X: x1, Y: y - mostWidth/2*pixel}, {X: x1, Y: y + mostWidth/2*pixel}, {X: x0, Y: y + leastWidth/2*pixel}})
		}})
	}
	return entries
}
