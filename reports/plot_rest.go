package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/ablate/state"
)

// restingPlot holds resting against evoked activity, a panel a layer with axes of its own.
type restingPlot struct{ panels []restingPanel }

type restingPanel struct {
	title  string
	points [][2]float64 // evoked, resting
}

// The grid of panels, in pixels.
const (
	restingAcross = 4
	restingHeight = 236 // of a panel with its title
	restingLeft   = 26
	restingTop    = 34
	restingBottom = 30
)

func (r RestReport) restingPlot(rated []int) (p restingPlot) {
	x := r.Result
	for _, k := range rated {
		l := x.Layers[k]
		panel := restingPanel{title: fmt.Sprintf("%d %s", l.Layer, l.Name)}
		for _, n := range x.Neurons {
			if n.Address.Layer == l.Layer {
				panel.points = append(panel.points, [2]float64{n.Evoked, n.Resting[0]})
			}
		}
		p.panels = append(p.panels, panel)
	}
	return p
}

func (s restingPlot) png() []byte {
	across := min(restingAcross, len(s.panels))
	down := (len(s.panels) + across - 1) / across
	return renderPNG(restingTop+down*restingHeight+restingBottom, func(c draw.Canvas) {
		legend(c, (restingLeft+30)*pixel, c.Max.Y-17*pixel, []legendEntry{
			{"fires without input", func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, true) }},
			{"silent", func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, false) }},
			{"as on an average image", func(c draw.Canvas, x0, x1, y vg.Length) { c.StrokeLine2(line(ink, 1.4, 7, 4), x0, y, x1, y) }},
		})
		width := (vg.Length(plotWidth-restingLeft) * pixel) / vg.Length(across)
		for k, panel := range s.panels {
			left := restingLeft*pixel + vg.Length(k%across)*width
			top := c.Max.Y - (restingTop+vg.Length(k/across)*restingHeight)*pixel
			panel.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: left, Y: top - restingHeight*pixel}, Max: vg.Point{X: left + width, Y: top}}})
		}
		axis := textStyle(regular, 14, ink)
		axis.XAlign = draw.XCenter
		c.FillText(axis, vg.Point{X: c.Center().X, Y: c.Min.Y + 14*pixel}, "mean activity on real images")
		axis.Rotation = math.Pi / 2
		c.FillText(axis, vg.Point{X: c.Min.X + 14*pixel, Y: c.Center().Y}, "activity without input")
	})
}

// squareRoots are ticks at round values of an axis that shows their roots.
type squareRoots struct{}

// Ticks implements plot.Ticker.
func (squareRoots) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for _, t := range (ticks{about: 4}).Ticks(max(low, 0)*max(low, 0), high*high) {
		t.Value = math.Sqrt(t.Value)
		out = append(out, t)
	}
	return out
}

func (s restingPanel) draw(cell draw.Canvas) {
	const room = 22 // for the title
	cell.FillText(textStyle(bold, 14, ink), vg.Point{X: cell.Min.X + 34*pixel, Y: cell.Max.Y - 10*pixel}, elide(s.title, longestLabel))
	most := 0.0
	for _, p := range s.points {
		most = max(most, p[0], p[1])
	}
	if most == 0 {
		most = 1
	}
	p := newPlot("", "")
	p.X.Min, p.Y.Min = -0.03*math.Sqrt(most), -0.03*math.Sqrt(most)
	p.X.Max, p.Y.Max = 1.05*math.Sqrt(most), 1.05*math.Sqrt(most)
	p.X.Tick.Marker, p.Y.Tick.Marker = squareRoots{}, squareRoots{}
	p.Add(gridLines(true, true), drawing(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		c.StrokeLine2(line(ink, 1.4, 7, 4), x(0), y(0), x(p.X.Max), y(p.Y.Max))
		for _, point := range s.points {
			drawDot(c, vg.Point{X: x(math.Sqrt(max(point[0], 0))), Y: y(math.Sqrt(max(point[1], 0)))}, point[1] > 0)
		}
	}))
	p.Draw(draw.Crop(cell, 2*pixel, -10*pixel, 2*pixel, -room*pixel))
}

// noisePlot is what is answered along the strength of noise.
type noisePlot struct {
	strengths  []float64 // 0 is no input
	answers    []noiseCurve
	confidence noiseCurve
	low, high  float64 // the middle half of real images' confidence, in percent
	median     float64
	chance     float64
}

type noiseCurve struct {
	name           string
	value, lo, hi  []float64 // percent
	line           draw.LineStyle
	marker         draw.GlyphStyle
	intervalColour color.Color
}

// drawnAnswers is how many classes' shares are drawn, the most frequent ones.
const drawnAnswers = 4

func (r RestReport) noisePlot() (p noisePlot, ok bool) {
	x := r.Result
	var all []state.RestCondition
	for _, c := range x.Conditions {
		if c.Name == state.NoInput || c.Name == state.Noise {
			all, p.strengths = append(all, c), append(p.strengths, c.Strength)
		}
	}
	if len(all) < 2 {
		return p, false
	}
	classes := make([]int, len(x.Classes))
	most := func(class int) (sum float64) {
		for _, c := range all {
			sum += c.Shares[class].Estimate
		}
		return sum
	}
	for k := range classes {
		classes[k] = k
	}
	slices.SortStableFunc(classes, func(a, b int) int {
		switch {
		case most(a) > most(b):
			return -1
		case most(a) < most(b):
			return 1
		}
		return 0
	})
	looks := []struct {
		colour color.RGBA
		shape  draw.GlyphDrawer
		dashes []float64
	}{{blue, draw.CircleGlyph{}, nil}, {vermillion, draw.PyramidGlyph{}, []float64{7, 4}}, {green, draw.BoxGlyph{}, []float64{2, 3}}, {ink, draw.CrossGlyph{}, []float64{9, 3, 2, 3}}}
	for k, class := range classes[:min(len(classes), drawnAnswers)] {
		if most(class) == 0 {
			break
		}
		look := looks[k]
		curve := noiseCurve{name: elide(x.Classes[class], longestLabel), line: line(look.colour, 2, look.dashes...), marker: draw.GlyphStyle{Color: look.colour, Radius: 3.6 * pixel, Shape: look.shape}, intervalColour: look.colour}
		for _, c := range all {
			share := c.Shares[class]
			if c.N == 1 { // no chance in it
				share.Low, share.High = share.Estimate, share.Estimate
			}
			curve.value, curve.lo, curve.hi = append(curve.value, 100*share.Estimate), append(curve.lo, 100*share.Low), append(curve.hi, 100*share.High)
		}
		p.answers = append(p.answers, curve)
	}
	p.confidence = noiseCurve{name: "mean confidence", line: line(blue, 2), marker: draw.GlyphStyle{Color: blue, Radius: 3.6 * pixel, Shape: draw.CircleGlyph{}}, intervalColour: blue}
	for _, c := range all {
		p.confidence.value = append(p.confidence.value, 100*c.Confidence.Estimate)
		p.confidence.lo, p.confidence.hi = append(p.confidence.lo, 100*c.Confidence.Low), append(p.confidence.hi, 100*c.Confidence.High)
	}
	q := x.RealConfidence
	p.low, p.median, p.high, p.chance = 100*float64(q.Low), 100*float64(q.Median), 100*float64(q.High), 100/float64(len(x.Classes))
	return p, true
}

func (s noisePlot) png() []byte {
	const height, top = 340, 34
	panel := func(y string, low, high float64, curves []noiseCurve, band bool) *plot.Plot {
		p := newPlot("strength of the noise (sd of the pixels)", y)
		p.X.Min, p.X.Max = -0.4, float64(len(s.strengths))-0.6
		var labels plot.ConstantTicks
		for k, v := range s.strengths {
			labels = append(labels, plot.Tick{Value: float64(k), Label: strengthOf(v)})
		}
		p.X.Tick.Marker = labels
		p.Y.Min, p.Y.Max = low, high
		p.Y.Tick.Marker = ticks{about: 5}
		if band {
			p.Add(drawing(s.band))
		}
		p.Add(gridLines(true, false))
		for _, k := range curves {
			p.Add(drawing(k.plot))
		}
		return p
	}
	left := panel("share of draws (%)", -3, 103, s.answers, false)
	right := panel("confidence (%)", min(s.chance, 50)-3, 103, []noiseCurve{s.confidence}, true)
	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		for _, k := range s.answers {
			entries = append(entries, legendEntry{k.name, func(c draw.Canvas, x0, x1, y vg.Length) {
				c.StrokeLine2(k.line, x0, y, x1, y)
				c.DrawGlyph(k.marker, vg.Point{X: (x0 + x1) / 2, Y: y})
			}})
		}
		legend(c, 56*pixel, c.Max.Y-18*pixel, entries)
		half := vg.Length(plotWidth) * pixel / 2
		legend(c, half+60*pixel, c.Max.Y-18*pixel, []legendEntry{{"mean confidence", func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(s.confidence.line, x0, y, x1, y)
			c.DrawGlyph(s.confidence.marker, vg.Point{X: (x0 + x1) / 2, Y: y})
		}}, {"real images", func(c draw.Canvas, x0, x1, y vg.Length) {
			fillRect(c, mist, x0, y-6*pixel, x1, y+6*pixel)
			c.StrokeLine2(line(slate, 1.6), x0, y, x1, y)
		}}})
		left.Draw(draw.Crop(c, 6*pixel, -half-14*pixel, 6*pixel, -top*pixel))
		right.Draw(draw.Crop(c, half+8*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (s noisePlot) band(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	fillRect(c, mist, c.Min.X, y(max(s.low, p.Y.Min)), c.Max.X, y(s.high))
	c.StrokeLine2(line(slate, 1.6), c.Min.X, y(s.median), c.Max.X, y(s.median))
}

func (k noiseCurve) plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var run []vg.Point
	for i, v := range k.value {
		at := vg.Point{X: x(float64(i)), Y: y(v)}
		run = append(run, at)
		c.StrokeLine2(draw.LineStyle{Color: k.intervalColour, Width: 1.4 * pixel}, at.X, y(k.lo[i]), at.X, y(k.hi[i]))
		c.DrawGlyph(k.marker, at)
	}
	c.StrokeLines(k.line, run)
}
