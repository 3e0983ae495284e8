package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/ablate"
)

// cumulativePlot is a small panel a layer: accuracy over the share of neurons ablated, in three
// kinds of order. All panels have the same axes.
type cumulativePlot struct{ panels []cumulativePanel }

type cumulativePanel struct {
	title string
	ablate.Cumulative
}

// The grid of panels, in pixels.
const (
	cumulativeAcross = 3
	cumulativeHeight = 220 // of a panel with its title
)

var (
	mostFirst   = curve{line: line(vermillion, 2), marker: draw.GlyphStyle{Color: vermillion, Radius: 3.4 * pixel, Shape: draw.PyramidGlyph{}}}
	leastFirst  = curve{line: line(blue, 2), marker: draw.GlyphStyle{Color: blue, Radius: 3 * pixel, Shape: draw.CircleGlyph{}}}
	randomOrder = curve{line: line(slate, 1.8, 6, 4)}
	randomBand  = color.RGBA{0xDD, 0xE1, 0xE6, 0xFF}
)

func (d cumulativePlot) png() []byte {
	across := min(cumulativeAcross, len(d.panels))
	down := (len(d.panels) + across - 1) / across
	return renderPNG(depthTop+down*cumulativeHeight+depthBottom, func(c draw.Canvas) {
		legend(c, depthLeft*pixel, c.Max.Y-18*pixel, d.legend())
		width := (vg.Length(plotWidth-depthLeft) * pixel) / vg.Length(across)
		for k, panel := range d.panels {
			left := depthLeft*pixel + vg.Length(k%across)*width
			top := c.Max.Y - (depthTop+vg.Length(k/across)*cumulativeHeight)*pixel
			d.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: left, Y: top - cumulativeHeight*pixel}, Max: vg.Point{X: left + width, Y: top}}}, panel)
		}
		axis := textStyle(regular, 14, ink)
		axis.XAlign = draw.XCenter
		c.FillText(axis, vg.Point{X: c.Center().X, Y: c.Min.Y + 14*pixel}, "neurons ablated (%)")
		axis.Rotation = math.Pi / 2
		c.FillText(axis, vg.Point{X: c.Min.X + 14*pixel, Y: c.Center().Y}, "accuracy (%)")
	})
}

// draw puts a panel into its cell, the title above.
func (d cumulativePlot) draw(cell draw.Canvas, panel cumulativePanel) {
	const room = 22 // for the title
	cell.FillText(textStyle(bold, 14, ink), vg.Point{X: cell.Min.X + 34*pixel, Y: cell.Max.Y - 10*pixel}, elide(panel.title, longestLabel))
	p := newPlot("", "")
	p.X.Min, p.X.Max = -2, 102
	p.X.Tick.Marker = ticks{about: 5}
	p.Y.Min, p.Y.Max = d.lowest(), 101
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(gridLines(true, false), drawing(func(c draw.Canvas, p *plot.Plot) { panel.plot(c, p) }))
	p.Draw(draw.Crop(cell, 2*pixel, -10*pixel, 2*pixel, -room*pixel))
}

// lowest is where the axis of accuracies begins: at a multiple of 10 below everything.
func (d cumulativePlot) lowest() float64 {
	low := 100.0
	for _, panel := range d.panels {
		for _, line := range append([][]ablate.Point{panel.Most, panel.Least}, panel.Random...) {
			for _, p := range line {
				low = min(low, 100*p.Accuracy)
			}
		}
	}
	return max(-1, 10*math.Floor((low-1)/10))
}

func (panel cumulativePanel) plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(removed int, accuracy float64) vg.Point {
		return vg.Point{X: x(100 * float64(removed) / float64(panel.Neurons)), Y: y(100 * accuracy)}
	}
	var band, upper, mean []vg.Point
	for k, n := range panel.RandomRemoved {
		low, high, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, line := range panel.Random {
			low, high, sum = min(low, line[k].Accuracy), max(high, line[k].Accuracy), sum+line[k].Accuracy
		}
		if len(panel.Random) > 0 {
			band, upper, mean = append(band, at(n, low)), append(upper, at(n, high)), append(mean, at(n, sum/float64(len(panel.Random))))
		}
	}
	for k := len(upper) - 1; k >= 0; k-- {
		band = append(band, upper[k])
	}
	if len(band) > 0 {
		c.FillPolygon(randomBand, band)
	}
	c.StrokeLines(randomOrder.line, mean)
	for _, order := range []struct {
		curve
		points []ablate.Point
	}{{mostFirst, panel.Most}, {leastFirst, panel.Least}} {
		var points []vg.Point
		for k, n := range panel.Removed {
			points = append(points, at(n, order.points[k].Accuracy))
		}
		order.through(c, points)
	}
}

func (d cumulativePlot) legend() []legendEntry {
	return []legendEntry{
		{"most important first", mostFirst.sample},
		{"least important first", leastFirst.sample},
		{"random orders: mean and range", func(c draw.Canvas, x0, x1, y vg.Length) {
			fillRect(c, randomBand, x0, y-7*pixel, x1, y+7*pixel)
			c.StrokeLine2(randomOrder.line, x0, y, x1, y)
		}},
	}
}
