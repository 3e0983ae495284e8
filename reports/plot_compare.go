package reports

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// comparePlot is panels side by side in which two networks, and perhaps untrained ones, have lines.
type comparePlot struct{ panels []comparePanel }

type comparePanel struct {
	title, x, y string
	xMax        float64
	lines       []compareLine
}

// compareLine is one network's. bars are upright at each point, from low to high, and thinner from least
// to most where these are known.
type compareLine struct {
	name   string
	style  sideStyle
	points []comparePoint
	bars   bool
}

type comparePoint struct{ x, y, low, high, least, most float64 }

// sideStyle is how a side looks, by colour, mark and dashes.
type sideStyle = curve

var (
	sideStyles = [2]sideStyle{
		{line: line(blue, 2), marker: draw.GlyphStyle{Color: blue, Radius: 3.2 * pixel, Shape: draw.CircleGlyph{}}},
		{line: line(vermillion, 2), marker: draw.GlyphStyle{Color: vermillion, Radius: 3.6 * pixel, Shape: draw.PyramidGlyph{}}},
	}
	untrainedStyles = [2]sideStyle{
		{line: line(slate, 1.4, 6, 4), marker: draw.GlyphStyle{Color: slate, Radius: 3 * pixel, Shape: draw.RingGlyph{}}},
		{line: line(slate, 1.4, 2, 3), marker: draw.GlyphStyle{Color: slate, Radius: 3.2 * pixel, Shape: draw.TriangleGlyph{}}},
	}
)

// The layout, in pixels.
const (
	compareTop    = 34 // the legend's line
	compareTitle  = 24
	compareHeight = 300
)

func (d comparePlot) png() []byte {
	return renderPNG(compareTop+compareTitle+compareHeight, func(c draw.Canvas) {
		var entries []legendEntry
		for _, l := range d.panels[0].lines {
			entries = append(entries, legendEntry{l.name, l.style.sample})
		}
		legend(c, 20*pixel, c.Max.Y-18*pixel, entries)
		width := vg.Length(plotWidth) * pixel / vg.Length(len(d.panels))
		for k, panel := range d.panels {
			cell := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: vg.Length(k) * width, Y: c.Min.Y}, Max: vg.Point{X: vg.Length(k+1) * width, Y: c.Max.Y - compareTop*pixel}}}
			panel.draw(cell)
		}
	})
}

func (panel comparePanel) draw(cell draw.Canvas) {
	cell.FillText(textStyle(bold, 14, ink), vg.Point{X: cell.Min.X + 56*pixel, Y: cell.Max.Y - 11*pixel}, panel.title)
	p := newPlot(panel.x, panel.y)
	p.X.Min, p.X.Max = -0.04*panel.xMax, 1.04*panel.xMax
	p.X.Tick.Marker = ticks{about: 6}
	p.Y.Min, p.Y.Max = panel.extent()
	p.Y.Tick.Marker = ticks{about: 6}
	p.Add(gridLines(true, false), drawing(panel.plot))
	p.Draw(draw.Crop(cell, 8*pixel, -14*pixel, 6*pixel, -compareTitle*pixel))
}

// extent is the range of the axis of values.
func (panel comparePanel) extent() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if _, special := notFinite(v); !special {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, l := range panel.lines {
		for _, p := range l.points {
			see(p.y)
			if l.bars {
				see(p.low)
				see(p.high)
			}
			if p.least != 0 || p.most != 0 {
				see(p.least)
				see(p.most)
			}
		}
	}
	if low > high {
		return 0, 1
	}
	margin := max(0.05*(high-low), tiny)
	return low - margin, high + margin
}

func (panel comparePanel) plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	// The untrained ones come last in the legend and lie below the others.
	for k := len(panel.lines) - 1; k >= 0; k-- {
		l := panel.lines[k]
		var points []vg.Point
		for _, pt := range l.points {
			if _, special := notFinite(pt.y); special {
				continue
			}
			here := x(pt.x)
			if l.bars {
				thick, thin := line(l.style.marker.Color, 1.4), line(l.style.marker.Color, 0.8)
				if pt.least != 0 || pt.most != 0 {
					thick.Width = 3 * pixel
					c.StrokeLine2(thin, here, y(pt.least), here, y(pt.most))
				}
				c.StrokeLine2(thick, here, y(pt.low), here, y(pt.high))
			}
			points = append(points, vg.Point{X: here, Y: y(pt.y)})
		}
		l.style.through(c, points)
	}
}
