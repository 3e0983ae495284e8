package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// stripPlot shows a number of every unit, layer by layer: a dot a unit, side by side where they
// would cover each other.
type stripPlot struct {
	x, y    string // what the axes show
	columns []stripColumn
	// band is the range that chance alone gives; NaN for none.
	band [2]float64
}

type stripColumn struct {
	label string
	dots  []stripDot
}

// stripDot is a unit's value from 0 to 1. It is full where found, else hollow.
type stripDot struct {
	value float64
	found bool
}

// bandColour is that of the range that chance gives: light, behind the dots.
var bandColour = color.RGBA{0xF3, 0xDC, 0xC9, 0xFF}

// png draws the plot.
func (s stripPlot) png() []byte {
	const height, top = 400, 34
	p := newPlot(s.x, s.y)
	p.X.Min, p.X.Max = 0.5, float64(len(s.columns))+0.5
	var labels plot.ConstantTicks
	for k, c := range s.columns {
		labels = append(labels, plot.Tick{Value: float64(k + 1), Label: c.label})
	}
	p.X.Tick.Marker = labels
	p.Y.Min, p.Y.Max = -0.02, 1.02
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(drawing(s.background), drawing(s.dots))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, s.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (s stripPlot) hasBand() bool { return !math.IsNaN(s.band[0]) && !math.IsNaN(s.band[1]) }

// background is the band of chance, the grid, and the line of no selectivity.
func (s stripPlot) background(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	if s.hasBand() {
		low, high := y(s.band[0]), y(s.band[1])
		c.FillPolygon(bandColour, []vg.Point{{X: c.Min.X, Y: low}, {X: c.Max.X, Y: low}, {X: c.Max.X, Y: high}, {X: c.Min.X, Y: high}})
	}
	gridLines(true, false)(c, p)
	c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0.5), c.Max.X, y(0.5))
}

// dots draws all units: those of a layer in rows of the height of a dot, each row centred.
func (s stripPlot) dots(c draw.Canvas, p *plot.Plot) {
	const diameter = 9.0
	x, y := p.Transforms(&c)
	width := 0.86 * float64(c.Max.X-c.Min.X) / float64(pixel) / float64(len(s.columns))
	for k, column := range s.columns {
		rows := map[int][]stripDot{}
		row := func(d stripDot) int { return int(math.Floor(float64(y(d.value)) / float64(pixel) / diameter)) }
		for _, d := range column.dots {
			rows[row(d)] = append(rows[row(d)], d)
		}
		seen := map[int]int{}
		for _, d := range column.dots {
			n := len(rows[row(d)])
			apart := min(diameter, width/float64(n))
			offset := (float64(seen[row(d)]) - float64(n-1)/2) * apart
			seen[row(d)]++
			drawDot(c, vg.Point{X: x(float64(k+1)) + vg.Length(offset)*pixel, Y: y(d.value)}, d.found)
		}
	}
}

// drawDot draws one unit.
func drawDot(c draw.Canvas, at vg.Point, found bool) {
	if found {
		c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 3.8 * pixel, Shape: draw.CircleGlyph{}}, at)
		return
	}
	c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: 3.8 * pixel, Shape: draw.CircleGlyph{}}, at)
	c.SetLineStyle(line(blue, 1.3))
	c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 3.2 * pixel, Shape: draw.RingGlyph{}}, at)
}

func (s stripPlot) legend() []legendEntry {
	sample := func(found bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, found) }
	}
	entries := []legendEntry{{"beats the null (adjusted p < 0.05)", sample(true)}, {"does not", sample(false)}}
	if s.hasBand() {
		entries = append(entries, legendEntry{"95 % of shuffled labels", func(c draw.Canvas, x0, x1, y vg.Length) {
			c.FillPolygon(bandColour, []vg.Point{{X: x0, Y: y - 6*pixel}, {X: x1, Y: y - 6*pixel}, {X: x1, Y: y + 6*pixel}, {X: x0, Y: y + 6*pixel}})
		}})
	}
	return entries
}
