package reports

import (
	"image/color"
	"iter"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// effectsPlot is a forest plot: a row of effects a line, each a marker at its estimate and a
// bar over its interval, against the line of no effect. The numbers stand at the right edge.
type effectsPlot struct {
	axis   string
	series []series
	rows   []effectRow
	write  func(effect) string
}

// effect is a change with its 95 % interval.
type effect struct{ estimate, low, high float64 }

// effectRow is one line of an effects plot, with one effect a series. An effect that is not
// known is nil.
type effectRow struct {
	label   string
	effects []*effect
}

// series is what the effects at one place of all rows have in common.
type series struct {
	name  string
	color color.RGBA
	// full is the marker of an effect whose interval excludes 0, open of one whose does not.
	full, open draw.GlyphDrawer
}

func firstSeries(name string) series {
	return series{name, blue, draw.CircleGlyph{}, draw.RingGlyph{}}
}

func secondSeries(name string) series {
	return series{name, vermillion, draw.BoxGlyph{}, draw.SquareGlyph{}}
}

func thirdSeries(name string) series {
	return series{name, green, draw.PyramidGlyph{}, draw.TriangleGlyph{}}
}

// longestLabel is how many characters of a row's label are shown.
const longestLabel = 28

// png draws the plot, as high as its rows need.
func (f effectsPlot) png() []byte {
	const top, bottom = 34, 52
	label, value := textStyle(regular, 14, ink), textStyle(regular, 13, ink)
	label.XAlign = draw.XRight
	var labelWidth, valueWidth vg.Length
	for _, r := range f.rows {
		labelWidth = max(labelWidth, label.Width(elide(r.label, longestLabel))+24*pixel)
	}
	for _, e := range f.known() {
		valueWidth = max(valueWidth, value.Width(f.write(e))+28*pixel)
	}
	p := f.plot()
	return renderPNG(top+f.rowHeight()*len(f.rows)+bottom, func(c draw.Canvas) {
		legend(c, labelWidth, c.Max.Y-17*pixel, f.legend())
		body := draw.Crop(c, labelWidth, -valueWidth, 4*pixel, -top*pixel)
		p.Draw(body)
		data := p.DataCanvas(body)
		_, y := p.Transforms(&data)
		for i, r := range f.rows {
			c.FillText(label, vg.Point{X: labelWidth - 12*pixel, Y: y(f.middle(i))}, elide(r.label, longestLabel))
		}
		for at, e := range f.known() {
			value.Color = f.series[at.series].color
			c.FillText(value, vg.Point{X: c.Max.X - valueWidth + 14*pixel, Y: y(f.height(at))}, f.write(e))
		}
	})
}

// spot is the row and the series of an effect.
type spot struct{ row, series int }

// known are the effects there are.
func (f effectsPlot) known() iter.Seq2[spot, effect] {
	return func(yield func(spot, effect) bool) {
		for i, r := range f.rows {
			for k, e := range r.effects {
				if e != nil && !yield(spot{i, k}, *e) {
					return
				}
			}
		}
	}
}

// rowHeight is a row's height in pixels.
func (f effectsPlot) rowHeight() int { return 22 + 16*len(f.series) }

// middle is the middle of a row on the axis that counts rows from the bottom.
func (f effectsPlot) middle(row int) float64 { return float64(len(f.rows)-row) - 0.5 }

// height is where an effect lies on that axis: the series of a row lie under each other.
func (f effectsPlot) height(at spot) float64 {
	offset := float64(at.series) - float64(len(f.series)-1)/2
	return f.middle(at.row) - offset*17/float64(f.rowHeight())
}

// plot is the part with the axis.
func (f effectsPlot) plot() *plot.Plot {
	p := newPlot(f.axis, "")
	p.X.Min, p.X.Max = f.extent()
	p.X.Tick.Marker = ticks{about: 6, sign: true}
	p.Y.Min, p.Y.Max = 0, float64(len(f.rows))
	p.HideY()
	p.Add(gridLines(false, true), drawing(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		for i := 1; i < len(f.rows); i++ { // between rows, to lead the eye from label to number
			c.StrokeLine2(line(mist, 1), c.Min.X, y(float64(i)), c.Max.X, y(float64(i)))
		}
		c.StrokeLine2(line(ink, 1.4), x(0), c.Min.Y, x(0), c.Max.Y)
		for at, e := range f.known() {
			f.series[at.series].draw(c, x(e.low), x(e.high), x(e.estimate), y(f.height(at)), excludesZero(e.low, e.high))
		}
	}))
	return p
}

// extent is the range of the axis. It always holds 0, and some air.
func (f effectsPlot) extent() (low, high float64) {
	for _, e := range f.known() {
		low, high = min(low, e.low, e.estimate), max(high, e.high, e.estimate)
	}
	if span := high - low; !(span > 0) || math.IsInf(span, 0) {
		return -1, 1
	}
	air := 0.06 * (high - low)
	return low - air, high + air
}

func (s series) draw(c draw.Canvas, low, high, estimate, y vg.Length, full bool) {
	const end = 4 * pixel
	bar := line(s.color, 2)
	c.StrokeLine2(bar, low, y, high, y)
	c.StrokeLine2(bar, low, y-end, low, y+end)
	c.StrokeLine2(bar, high, y-end, high, y+end)
	s.mark(c, vg.Point{X: estimate, Y: y}, 5*pixel, full)
}

// mark is the marker of an estimate.
func (s series) mark(c draw.Canvas, at vg.Point, radius vg.Length, full bool) {
	if full {
		c.DrawGlyph(draw.GlyphStyle{Color: s.color, Radius: radius, Shape: s.full}, at)
		return
	}
	c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: radius, Shape: s.full}, at)
	c.SetLineStyle(line(s.color, 2))
	c.DrawGlyph(draw.GlyphStyle{Color: s.color, Radius: radius - 0.5*pixel, Shape: s.open}, at)
}

func (f effectsPlot) legend() []legendEntry {
	sample := func(s series, full bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { s.draw(c, x0, x1, (x0+x1)/2, y, full) }
	}
	if len(f.series) == 1 {
		return []legendEntry{
			{"95 % interval excludes 0", sample(f.series[0], true)},
			{"95 % interval includes 0", sample(f.series[0], false)},
		}
	}
	var entries []legendEntry
	for _, s := range f.series {
		entries = append(entries, legendEntry{s.name, sample(s, true)})
	}
	grey := series{color: slate, full: draw.CircleGlyph{}, open: draw.RingGlyph{}}
	return append(entries, legendEntry{"hollow: 95 % interval includes 0", sample(grey, false)})
}
