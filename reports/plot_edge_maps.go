package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// edgeMaps shows maps of numbers of one size side by side, blue above 0 and vermillion below, each with
// a scale of its own.
type edgeMaps struct {
	rows, cols int
	maps       []edgeMap
}

type edgeMap struct {
	title  string
	values []float64
	// counts are the cells that get their sign; nil: all below 0.
	counts func(k int) bool
}

// The layout, in pixels.
const (
	mapsTop    = 34
	mapsBottom = 46
	mapsGap    = 22
)

func (e edgeMaps) png() []byte {
	n := float64(len(e.maps))
	cell := min(34, (plotWidth-32-(n-1)*mapsGap)/n/float64(e.cols))
	width := cell * float64(e.cols)
	step := (plotWidth - 32 - width*n) / max(1, n-1)
	height := mapsTop + cell*float64(e.rows) + mapsBottom
	return renderPNG(int(math.Ceil(height)), func(c draw.Canvas) {
		for k, m := range e.maps {
			g := matrixGrid{c, 16 + float64(k)*(width+step), height - mapsTop, cell}
			c.FillText(textStyle(bold, 13, ink), g.corner(0, 0).Add(vg.Point{Y: 14 * pixel}), m.title)
			e.paint(g, m)
			m.scale(g, e.rows)
		}
	})
}

func (e edgeMaps) paint(g matrixGrid, m edgeMap) {
	largest := m.largest()
	for k, v := range m.values {
		row, col := k/e.cols, k%e.cols
		share := share01(v, largest)
		g.fill(row, col, mixed(signColour(v), share))
		style := color.Color(ink)
		if share > 0.62 {
			style = color.White
		}
		if m.counts == nil && share > 0.02 {
			drawSign(g.Canvas, g.centre(row, col), g.cell*0.22, min(0, v), style)
		} else if m.counts != nil && m.counts(k) {
			drawSign(g.Canvas, g.centre(row, col), g.cell*0.3, v, style)
		}
	}
}

// scale stands below a map.
func (m edgeMap) scale(g matrixGrid, rows int) {
	largest := m.largest()
	text := textStyle(regular, 12, ink)
	at := g.corner(float64(rows), 0).Add(vg.Point{Y: -20 * pixel})
	low, high := Signed(-largest), Signed(largest)
	g.FillText(text, at, low)
	from := at.X + text.Width(low) + 7*pixel
	const length = 70
	for k := range length {
		x, value := from+vg.Length(k)*pixel, 2*float64(k)/(length-1)-1
		g.FillPolygon(mixed(signColour(value), math.Abs(value)), []vg.Point{{X: x, Y: at.Y - 6*pixel}, {X: x + pixel, Y: at.Y - 6*pixel}, {X: x + pixel, Y: at.Y + 6*pixel}, {X: x, Y: at.Y + 6*pixel}})
	}
	g.FillText(text, vg.Point{X: from + (length+7)*pixel, Y: at.Y}, high)
}

func (m edgeMap) largest() float64 {
	largest := 0.0
	for _, v := range m.values {
		largest = max(largest, math.Abs(v))
	}
	return largest
}
