package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// depthPlot is a small panel a concept: accuracy over layers, with its control tasks'. All panels
// have the same axes.
type depthPlot struct {
	panels  []depthPanel
	deepest int // layer
	split   string
}

// depthPanel is one concept. Accuracies are in percent.
type depthPanel struct {
	title    string
	points   []depthPoint
	best     int     // place among the points to ring; -1 for none
	majority float64 // NaN for none
}

// depthPoint is one layer; control is NaN where there is no control task.
type depthPoint struct {
	layer                        int
	accuracy, low, high, control float64
}

// The grid of panels, in pixels.
const (
	depthAcross = 3
	depthHeight = 176 // of a panel with its title
	depthTop    = 40  // for the legend
	depthBottom = 30  // for the axis' name
	depthLeft   = 26
)

var (
	depthAccuracy = curve{line: line(blue, 2), marker: draw.GlyphStyle{Color: blue, Radius: 3.4 * pixel, Shape: draw.CircleGlyph{}}}
	depthControl  = curve{line: line(vermillion, 1.8, 6, 4), marker: draw.GlyphStyle{Color: vermillion, Radius: 3.6 * pixel, Shape: draw.PyramidGlyph{}}}
	depthMajority = line(slate, 1.4, 2, 3)
)

func (d depthPlot) png() []byte {
	across := min(depthAcross, len(d.panels))
	down := (len(d.panels) + across - 1) / across
	return renderPNG(depthTop+down*depthHeight+depthBottom, func(c draw.Canvas) {
		legend(c, depthLeft*pixel, c.Max.Y-18*pixel, d.legend())
		width := (vg.Length(plotWidth-depthLeft) * pixel) / vg.Length(across)
		for k, panel := range d.panels {
			left := depthLeft*pixel + vg.Length(k%across)*width
			top := c.Max.Y - (depthTop+vg.Length(k/across)*depthHeight)*pixel
			cell := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: left, Y: top - depthHeight*pixel}, Max: vg.Point{X: left + width, Y: top}}}
			d.draw(cell, panel)
		}
		axis := textStyle(regular, 14, ink)
		axis.XAlign = draw.XCenter
		c.FillText(axis, vg.Point{X: c.Center().X, Y: c.Min.Y + 14*pixel}, "layer (0 is the input)")
		axis.Rotation = math.Pi / 2
		axis.YAlign = draw.YCenter
		c.FillText(axis, vg.Point{X: c.Min.X + 14*pixel, Y: c.Center().Y}, "accuracy on "+d.split+" (%)")
	})
}

// draw puts a panel into its cell, the title above.
func (d depthPlot) draw(cell draw.Canvas, panel depthPanel) {
	const room = 22 // for the title
	cell.FillText(textStyle(bold, 14, ink), vg.Point{X: cell.Min.X + 34*pixel, Y: cell.Max.Y - 10*pixel}, elide(panel.title, longestLabel))
	p := newPlot("", "")
	p.X.Min, p.X.Max = -0.4, float64(d.deepest)+0.4
	p.X.Tick.Marker = ticks{about: 8, least: 1}
	p.Y.Min, p.Y.Max = d.lowest(), 101
	p.Y.Tick.Marker = ticks{about: 4}
	p.Add(gridLines(true, false), drawing(func(c draw.Canvas, p *plot.Plot) { panel.plot(c, p) }))
	p.Draw(draw.Crop(cell, 2*pixel, -10*pixel, 2*pixel, -room*pixel))
}

// lowest is where the axis of accuracies begins: at a multiple of 10 below everything.
func (d depthPlot) lowest() float64 {
	low := 50.0
	for _, panel := range d.panels {
		if panel.majority < low {
			low = panel.majority
		}
		for _, at := range panel.points {
			for _, v := range []float64{at.low, at.control} {
				if v < low {
					low = v
				}
			}
		}
	}
	return max(0, 10*math.Floor(low/10+tiny))
}

func (panel depthPanel) plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if _, special := notFinite(panel.majority); !special {
		c.StrokeLine2(depthMajority, c.Min.X, y(panel.majority), c.Max.X, y(panel.majority))
	}
	var accuracy, control []vg.Point
	for _, at := range panel.points {
		here := x(float64(at.layer))
		accuracy = append(accuracy, vg.Point{X: here, Y: y(at.accuracy)})
		if _, special := notFinite(at.control); !special {
			control = append(control, vg.Point{X: here, Y: y(at.control)})
		}
		c.StrokeLine2(line(blue, 1.4), here, y(at.low), here, y(at.high))
	}
	depthControl.through(c, control)
	depthAccuracy.through(c, accuracy)
	if panel.best >= 0 {
		ring(c, accuracy[panel.best])
	}
}

// through draws a curve's line and markers.
func (k curve) through(c draw.Canvas, points []vg.Point) {
	c.StrokeLines(k.line, points)
	for _, at := range points {
		c.DrawGlyph(k.marker, at)
	}
}

// ring marks a point.
func ring(c draw.Canvas, at vg.Point) {
	c.SetLineStyle(line(ink, 1.6))
	c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 6.5 * pixel, Shape: draw.RingGlyph{}}, at)
}

func (d depthPlot) legend() []legendEntry {
	return []legendEntry{
		{"probe, bar: 95 % interval", func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(line(blue, 1.4), (x0+x1)/2, y-7*pixel, (x0+x1)/2, y+7*pixel)
			depthAccuracy.sample(c, x0, x1, y)
		}},
		{"control tasks, mean", depthControl.sample},
		{"more frequent answer", func(c draw.Canvas, x0, x1, y vg.Length) { c.StrokeLine2(depthMajority, x0, y, x1, y) }},
		{"best on select", func(c draw.Canvas, x0, x1, y vg.Length) {
			ring(c, vg.Point{X: (x0 + x1) / 2, Y: y})
			c.DrawGlyph(draw.GlyphStyle{Color: color.RGBA(blue), Radius: 3.4 * pixel, Shape: draw.CircleGlyph{}}, vg.Point{X: (x0 + x1) / 2, Y: y})
		}},
	}
}
