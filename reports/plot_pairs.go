package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pairMatrix shows a number of every pair of units in the lower triangle of a matrix, blue above 0
// and vermillion below, and a number of each unit on the diagonal, grey. Pairs that count have a
// frame and bold figures, or their sign where there is no room for figures.
type pairMatrix struct {
	labels []string
	groups []int // of each unit: its layer
	single []float64
	pair   func(a, b int) matrixCell // a < b
	// write shows a number with its sign and so many decimals.
	write              func(x float64, decimals int) string
	above, below, unit string // what a pair above 0 and below 0 is; what the diagonal shows
}

type matrixCell struct {
	value  float64
	counts bool
}

// The layout of a matrix, in pixels.
const (
	matrixTop    = 74
	matrixRight  = 16
	figuresFrom  = 40 // the least cell that figures fit into
	largestCell  = 62
	scaleLength  = 170
	scaleBreadth = 14
)

// png draws the matrix.
func (m pairMatrix) png() []byte {
	n := len(m.labels)
	widest := vg.Length(0)
	for _, l := range m.labels {
		widest = max(widest, textStyle(regular, 13, ink).Width(l)/pixel)
	}
	left := float64(widest) + 20
	cell := min(largestCell, math.Floor((plotWidth-left-matrixRight)/float64(n)))
	bottom := 22.0
	if rotated := float64(widest) > cell-4; rotated {
		bottom = float64(widest) + 14
	}
	height := matrixTop + float64(n)*cell + bottom
	return renderPNG(int(height), func(c draw.Canvas) {
		m.scale(c, cell)
		g := matrixGrid{c, left, height - matrixTop, cell}
		for row := range n {
			for col := range row {
				x := m.pair(col, row)
				g.fill(row, col, mixed(signColour(x.value), share01(x.value, m.largest())))
			}
			g.fill(row, row, mixed(slate, 0.55*share01(m.single[row], m.largestSingle())))
		}
		for row := range n {
			for col := range row {
				m.mark(g, row, col, m.pair(col, row))
			}
			m.markSingle(g, row)
			m.label(g, row, bottom > 22)
		}
		m.layers(g)
	})
}

// matrixGrid places cells: left and top are the matrix's corner in pixels from the left and the
// bottom of the picture.
type matrixGrid struct {
	draw.Canvas
	left, top, cell float64
}

func (g matrixGrid) corner(row, col float64) vg.Point {
	return vg.Point{X: vg.Length(g.left+col*g.cell) * pixel, Y: vg.Length(g.top-row*g.cell) * pixel}
}

func (g matrixGrid) centre(row, col int) vg.Point {
	return g.corner(float64(row)+0.5, float64(col)+0.5)
}

// outline is a cell's rectangle, drawn in by so many pixels.
func (g matrixGrid) outline(row, col int, in vg.Length) []vg.Point {
	a, b := g.corner(float64(row), float64(col)), g.corner(float64(row+1), float64(col+1))
	in *= pixel
	return []vg.Point{{X: a.X + in, Y: a.Y - in}, {X: b.X - in, Y: a.Y - in}, {X: b.X - in, Y: b.Y + in}, {X: a.X + in, Y: b.Y + in}}
}

func (g matrixGrid) fill(row, col int, colour color.Color) {
	gap := vg.Length(0.5)
	if g.cell < 16 {
		gap = 0.25
	}
	outline := g.outline(row, col, gap)
	g.FillPolygon(colour, outline)
	g.StrokeLines(line(mist, 1), append(outline, outline[0])) // a cell of 0 is white
}

func (g matrixGrid) frame(row, col int) {
	p := g.outline(row, col, 1.6)
	g.StrokeLines(line(ink, 1.8), append(p, p[0], p[1]))
}

// mark writes a pair's figures, or its sign where it counts.
func (m pairMatrix) mark(g matrixGrid, row, col int, x matrixCell) {
	style := textStyle(regular, 12, ink)
	if share01(x.value, m.largest()) > 0.62 {
		style.Color = color.White
	}
	style.XAlign = draw.XCenter
	if g.cell >= figuresFrom {
		if x.counts {
			style.Font.Weight = bold.Weight
			g.frame(row, col)
		}
		g.FillText(style, g.centre(row, col), m.write(x.value, figureDecimals(m.largest())))
		return
	}
	if x.counts {
		drawSign(g.Canvas, g.centre(row, col), g.cell*0.3, x.value, style.Color)
	}
}

// drawSign draws a plus or a minus, whose arms have a length in pixels.
func drawSign(c draw.Canvas, at vg.Point, arm, value float64, colour color.Color) {
	if value == 0 {
		return
	}
	s, a := line(ink, max(1.2, arm*0.36)), vg.Length(arm)*pixel
	s.Color = colour
	c.StrokeLine2(s, at.X-a, at.Y, at.X+a, at.Y)
	if value > 0 {
		c.StrokeLine2(s, at.X, at.Y-a, at.X, at.Y+a)
	}
}

func (m pairMatrix) markSingle(g matrixGrid, row int) {
	if g.cell < figuresFrom {
		drawSign(g.Canvas, g.centre(row, row), g.cell*0.3, min(0, m.single[row]), ink)
		return
	}
	style := textStyle(regular, 12, ink)
	style.XAlign = draw.XCenter
	g.FillText(style, g.centre(row, row), m.write(m.single[row], max(figureDecimals(m.largestSingle()), figureDecimals(m.largest()))))
}

// label names a row at its left and a column below it.
func (m pairMatrix) label(g matrixGrid, row int, rotated bool) {
	style := textStyle(regular, min(13, max(8, g.cell-1)), ink)
	style.XAlign = draw.XRight
	g.FillText(style, g.corner(float64(row)+0.5, 0).Add(vg.Point{X: -7 * pixel}), m.labels[row])
	at := g.corner(float64(len(m.labels)), float64(row)+0.5).Add(vg.Point{Y: -7 * pixel})
	if rotated {
		style.Rotation = math.Pi / 2
	} else {
		style.XAlign, at.Y = draw.XCenter, at.Y-5*pixel
	}
	g.FillText(style, at, m.labels[row])
}

// layers draws lines between the units of one layer and those of the next.
func (m pairMatrix) layers(g matrixGrid) {
	n := len(m.labels)
	for k := 1; k < n; k++ {
		if m.groups[k] != m.groups[k-1] {
			at := float64(k)
			g.StrokeLines(line(ink, 2), []vg.Point{g.corner(at, 0), g.corner(at, at)})
			g.StrokeLines(line(ink, 2), []vg.Point{g.corner(at, at), g.corner(float64(n), at)})
		}
	}
}

// scale explains colours, figures and signs above the matrix.
func (m pairMatrix) scale(c draw.Canvas, cell float64) {
	largest := m.largest()
	text := textStyle(regular, 13, ink)
	y := c.Max.Y - 16*pixel
	ends := m.write(-largest, figureDecimals(largest)) + " " + m.below
	c.FillText(text, vg.Point{X: 16 * pixel, Y: y}, ends)
	from := 16*pixel + text.Width(ends) + 10*pixel
	for k := range scaleLength {
		x, value := from+vg.Length(k)*pixel, 2*float64(k)/(scaleLength-1)-1
		box := []vg.Point{{X: x, Y: y - scaleBreadth/2*pixel}, {X: x + pixel, Y: y - scaleBreadth/2*pixel}, {X: x + pixel, Y: y + scaleBreadth/2*pixel}, {X: x, Y: y + scaleBreadth/2*pixel}}
		c.FillPolygon(mixed(signColour(value), math.Abs(value)), box)
	}
	c.StrokeLine2(line(ink, 1), from+scaleLength/2*pixel, y-scaleBreadth/2*pixel, from+scaleLength/2*pixel, y+scaleBreadth/2*pixel)
	c.FillText(text, vg.Point{X: from + (scaleLength+10)*pixel, Y: y}, m.write(largest, figureDecimals(largest))+" "+m.above)
	y -= 26 * pixel
	counts := "+ or − in a cell: interacts after correction"
	if cell >= figuresFrom {
		counts = "bold and framed: interacts after correction"
	}
	single := "diagonal, grey: " + m.unit
	if cell < figuresFrom {
		single += " (−: a gain)"
	}
	c.FillText(text, vg.Point{X: 16 * pixel, Y: y}, counts+"   ·   "+single)
}

// largest is the largest size of a pair's number.
func (m pairMatrix) largest() float64 {
	largest := 0.0
	for b := range m.labels {
		for a := range b {
			largest = max(largest, math.Abs(m.pair(a, b).value))
		}
	}
	return largest
}

func (m pairMatrix) largestSingle() float64 {
	largest := 0.0
	for _, v := range m.single {
		largest = max(largest, math.Abs(v))
	}
	return largest
}

// figureDecimals gives the largest number of a picture two significant figures.
func figureDecimals(largest float64) int {
	if !(largest > tiny) {
		return 0
	}
	return min(6, max(0, 1-int(math.Floor(math.Log10(largest)))))
}

// share01 is the size of a value in parts of the largest.
func share01(value, largest float64) float64 {
	if !(largest > tiny) || math.IsNaN(value) {
		return 0
	}
	return min(1, math.Abs(value)/largest)
}

func signColour(value float64) color.RGBA {
	if value < 0 {
		return vermillion
	}
	return blue
}

// mixed is white with a share of a colour.
func mixed(c color.RGBA, share float64) color.RGBA {
	mix := func(v uint8) uint8 { return uint8(255 + (float64(v)-255)*share + 0.5) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 0xFF}
}
