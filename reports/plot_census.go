package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/probe"
)

// censusColumns is a strip plot whose columns have a band each: a dot a neuron.
type censusColumns struct {
	y         string
	low, high float64 // the axis
	// line is a value to compare with, across all columns; NaN for none.
	line     float64
	lineName string
	// full and hollow are what the dots mean, shade what the bands do; empty for what there is none of.
	full, hollow, shade string
	columns             []censusColumn
}

type censusColumn struct {
	label string
	band  [2]float64 // NaN for none
	dots  []stripDot
}

func (s censusColumns) png() []byte {
	const height, top = 400, 34
	strip := stripPlot{}
	p := newPlot("", s.y)
	p.X.Min, p.X.Max = 0.5, float64(len(s.columns))+0.5
	var labels plot.ConstantTicks
	for k, c := range s.columns {
		labels = append(labels, plot.Tick{Value: float64(k + 1), Label: elide(c.label, 14)})
		strip.columns = append(strip.columns, stripColumn{c.label, c.dots})
	}
	p.X.Tick.Marker = labels
	p.Y.Min, p.Y.Max = s.low, s.high
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(drawing(s.bands), gridLines(true, false), drawing(s.across), drawing(strip.dots))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, s.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (s censusColumns) bands(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for k, column := range s.columns {
		if !math.IsNaN(column.band[0]) && !math.IsNaN(column.band[1]) {
			fillRect(c, bandColour, x(float64(k)+0.55), y(column.band[0]), x(float64(k)+1.45), y(column.band[1]))
		}
	}
}

func (s censusColumns) across(c draw.Canvas, p *plot.Plot) {
	if _, y := p.Transforms(&c); !math.IsNaN(s.line) {
		c.StrokeLine2(line(vermillion, 1.6, 6, 4), c.Min.X, y(s.line), c.Max.X, y(s.line))
	}
}

func (s censusColumns) legend() (entries []legendEntry) {
	dot := func(full bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, full) }
	}
	add := func(name string, sample func(draw.Canvas, vg.Length, vg.Length, vg.Length)) {
		if name != "" {
			entries = append(entries, legendEntry{name, sample})
		}
	}
	add(s.full, dot(true))
	add(s.hollow, dot(false))
	add(s.shade, func(c draw.Canvas, x0, x1, y vg.Length) { fillRect(c, bandColour, x0, y-6*pixel, x1, y+6*pixel) })
	add(s.lineName, func(c draw.Canvas, x0, x1, y vg.Length) { c.StrokeLine2(line(vermillion, 1.6, 6, 4), x0, y, x1, y) })
	return entries
}

// weightPanel is a layer's histogram of weights.
type weightPanel struct {
	label, note string
	bins        []int
	mean        float64 // in standard deviations
}

// weightHistogram draws a panel a layer under each other, on one axis, each to its own height.
func weightHistogram(panels []weightPanel) []byte {
	const top, bottom = 30, 52
	height := max(40, min(110, 560/len(panels)))
	p := newPlot("weight (standard deviations of its layer)", "")
	p.X.Min, p.X.Max = -probe.HistogramReach, probe.HistogramReach
	p.X.Tick.Marker = ticks{about: 8, sign: true}
	p.Y.Min, p.Y.Max = 0, float64(len(panels))
	p.HideY()
	p.Add(gridLines(false, true))
	label := textStyle(regular, 14, ink)
	label.XAlign = draw.XRight
	left := vg.Length(0)
	for k, panel := range panels {
		left = max(left, label.Width(elide(panel.label, longestLabel))+24*pixel)
		p.Add(drawing(func(c draw.Canvas, p *plot.Plot) { panel.draw(c, p, float64(len(panels)-k-1)) }))
	}
	return renderPNG(top+height*len(panels)+bottom, func(c draw.Canvas) {
		legend(c, left, c.Max.Y-14*pixel, []legendEntry{{"inhibitory", barSample(vermillion)}, {"excitatory", barSample(blue)}, {"normal distribution", func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(line(ink, 1.4), x0, y, x1, y)
		}}})
		body := draw.Crop(c, left, -20*pixel, 4*pixel, -top*pixel)
		p.Draw(body)
		data := p.DataCanvas(body)
		_, y := p.Transforms(&data)
		for k, panel := range panels {
			c.FillText(label, vg.Point{X: left - 12*pixel, Y: y(float64(len(panels)-k-1) + 0.4)}, elide(panel.label, longestLabel))
		}
	})
}

func barSample(fill color.Color) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
	return func(c draw.Canvas, x0, x1, y vg.Length) {
		fillRect(c, fill, x0+8*pixel, y-6*pixel, x1-8*pixel, y+6*pixel)
	}
}

// draw puts a panel on the line at `base`.
func (w weightPanel) draw(c draw.Canvas, p *plot.Plot, base float64) {
	x, y := p.Transforms(&c)
	width := 2 * probe.HistogramReach / float64(len(w.bins))
	total, highest := 0, 0.0
	for _, n := range w.bins {
		total += n
		highest = max(highest, float64(n))
	}
	normal := func(v float64) float64 {
		return float64(total) * width * math.Exp(-(v-w.mean)*(v-w.mean)/2) / math.Sqrt(2*math.Pi)
	}
	highest = max(highest, normal(w.mean))
	for i, n := range w.bins {
		if n == 0 {
			continue
		}
		from := -probe.HistogramReach + float64(i)*width
		up := y(base + barRoom*float64(n)/highest)
		bar := func(fill color.Color, lo, hi float64) {
			fillRect(c, fill, x(lo)+0.5*pixel, y(base), x(hi)-0.5*pixel, up)
		}
		switch {
		case from+width/2 < -width/4:
			bar(vermillion, from, from+width)
		case from+width/2 > width/4:
			bar(blue, from, from+width)
		default: // the bin around 0 holds both signs
			bar(slate, from, from+width)
		}
	}
	var curve []vg.Point
	for v := -probe.HistogramReach; v <= probe.HistogramReach; v += 0.05 {
		curve = append(curve, vg.Point{X: x(v), Y: y(base + barRoom*normal(v)/highest)})
	}
	c.StrokeLines(line(ink, 1.4), curve)
	c.StrokeLine2(line(slate, 1), c.Min.X, y(base), c.Max.X, y(base))
	note := textStyle(regular, 13, slate)
	c.FillText(note, vg.Point{X: c.Min.X + 8*pixel, Y: y(base + 0.8)}, w.note)
}
