package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// histogramPlot shows how a number is spread over the images of each class: a panel a class under
// each other, on one axis. Exact zeros stand apart at the left, on a scale of their own, because
// they would dwarf the rest.
type histogramPlot struct {
	axis  string
	edges []float64
	// panels have as many bars as there are bins.
	panels []histogramPanel
	zeros  bool
	// threshold is a line across; NaN for none.
	threshold float64
}

// histogramPanel is one class: shares of all its images, from 0 to 1.
type histogramPanel struct {
	label string
	bars  []float64
	zeros float64
}

// The layout of a histogram, in pixels.
const (
	histogramTop    = 26
	histogramBottom = 52
	zerosWidth      = 96
)

// panelHeight is a panel's height in pixels: many classes get less each.
func (h histogramPlot) panelHeight() int { return max(40, min(96, 480/max(1, len(h.panels)))) }

// png draws the plot.
func (h histogramPlot) png() []byte {
	label := textStyle(regular, 14, ink)
	label.XAlign = draw.XRight
	labelWidth := vg.Length(0)
	for _, p := range h.panels {
		labelWidth = max(labelWidth, label.Width(elide(p.label, longestLabel))+24*pixel)
	}
	left := labelWidth
	if h.zeros {
		left += zerosWidth * pixel
	}
	p := h.plot()
	return renderPNG(histogramTop+h.panelHeight()*len(h.panels)+histogramBottom, func(c draw.Canvas) {
		body := draw.Crop(c, left, -20*pixel, 4*pixel, -histogramTop*pixel)
		p.Draw(body)
		data := p.DataCanvas(body)
		_, y := p.Transforms(&data)
		note := textStyle(regular, 13, slate)
		c.FillText(note, vg.Point{X: data.Min.X, Y: c.Max.Y - 12*pixel}, "share of the class's images; highest bar "+Percent(h.highest()))
		if h.zeros {
			c.FillText(note, vg.Point{X: labelWidth, Y: c.Max.Y - 12*pixel}, "exactly 0")
		}
		for k, panel := range h.panels {
			bottom := float64(len(h.panels) - k - 1)
			c.FillText(label, vg.Point{X: labelWidth - 12*pixel, Y: y(bottom + 0.4)}, elide(panel.label, longestLabel))
			if h.zeros {
				drawZeros(c, labelWidth, y(bottom), y(bottom+barRoom)-y(bottom), panel.zeros)
			}
		}
	})
}

// barRoom is the part of a panel that bars fill.
const barRoom = 0.84

// highest is the largest bar of all panels, which fills its panel.
func (h histogramPlot) highest() float64 {
	highest := 0.0
	for _, p := range h.panels {
		for _, b := range p.bars {
			highest = max(highest, b)
		}
	}
	return highest
}

// plot is the part with the axis; each panel takes 1 of its height.
func (h histogramPlot) plot() *plot.Plot {
	p := newPlot(h.axis, "")
	p.X.Min, p.X.Max = h.edges[0], h.edges[len(h.edges)-1]
	p.X.Tick.Marker = ticks{about: 6}
	p.Y.Min, p.Y.Max = 0, float64(len(h.panels))
	p.HideY()
	p.Add(gridLines(false, true), drawing(h.bars))
	return p
}

func (h histogramPlot) bars(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	highest := h.highest()
	for k, panel := range h.panels {
		bottom := float64(len(h.panels) - k - 1)
		for i, b := range panel.bars {
			if b > 0 {
				top := y(bottom + barRoom*b/highest)
				fillRect(c, blue, x(h.edges[i])+0.5*pixel, y(bottom), x(h.edges[i+1])-0.5*pixel, top)
			}
		}
		c.StrokeLine2(line(slate, 1), c.Min.X, y(bottom), c.Max.X, y(bottom))
	}
	if h.threshold >= p.X.Min && h.threshold <= p.X.Max {
		at := x(h.threshold)
		c.StrokeLine2(line(vermillion, 1.6, 6, 4), at, c.Min.Y, at, c.Max.Y)
		style := textStyle(regular, 13, vermillion)
		point := vg.Point{X: at + 6*pixel, Y: c.Max.Y - 9*pixel}
		if at > (c.Min.X+c.Max.X)/2 {
			style.XAlign, point.X = draw.XRight, at-6*pixel
		}
		c.FillText(style, point, "fires above")
	}
}

// drawZeros is the bar of a class's zeros: full height is all of its images.
func drawZeros(c draw.Canvas, x, y, height vg.Length, zeros float64) {
	const width = 26 * pixel
	fillRect(c, mist, x, y, x+width, y+height)
	if !math.IsNaN(zeros) {
		fillRect(c, slate, x, y, x+width, y+height*vg.Length(zeros))
	}
	c.FillText(textStyle(regular, 13, ink), vg.Point{X: x + width + 6*pixel, Y: y + 9*pixel}, Percent(zeros))
}

func fillRect(c draw.Canvas, fill color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
