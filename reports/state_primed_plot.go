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

// primedBand is the band around a curve: light, behind it.
var primedBand = color.RGBA{0xCC, 0xE3, 0xF0, 0xFF}

// shiftsPNG is the distribution of the targets' effects by class; nil where they are not known.
func (r PrimedReport) shiftsPNG() []byte {
	x := r.Result
	if len(x.Shifts[0]) == 0 {
		return nil
	}
	effects := make([]float64, len(x.Shifts[0]))
	for t := range effects {
		effects[t] = x.Shifts[0][t] - x.Shifts[1][t]
	}
	low, high := min(0, slices.Min(effects)), max(0, slices.Max(effects))
	if !(high > low) {
		low, high = -1, 1
	}
	step, _ := ticks{about: 30}.step(high - low)
	first := math.Floor(low/step) - 1
	var edges []float64
	for k := first; ; k++ {
		edges = append(edges, k*step)
		if k*step > high {
			break
		}
	}
	h := histogramPlot{axis: "effect on a target (logits); left of 0: contrast", edges: edges, threshold: math.NaN()}
	for class, name := range x.Classes {
		bars, n := make([]float64, len(edges)-1), 0.0
		for t, e := range effects {
			if x.ClassOf[t] == class {
				bars[min(len(bars)-1, int(math.Floor(e/step)-first))]++
				n++
			}
		}
		for k := range bars {
			bars[k] /= max(n, 1)
		}
		h.panels = append(h.panels, histogramPanel{label: "targets: " + name, bars: bars})
	}
	return h.png()
}

// curvesPNG are the four curves.
func (r PrimedReport) curvesPNG() []byte {
	const panel, top = 270, 34
	x := r.Result
	low, high := 0.0, 0.0
	for _, c := range x.Curves {
		for _, p := range c.Points {
			low, high = min(low, p.Effect.Low), max(high, p.Effect.High)
		}
	}
	if !(high > low) {
		low, high = -1, 1
	}
	air := 0.08 * (high - low)
	rows := (len(x.Curves) + 1) / 2
	return renderPNG(top+panel*rows, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, []legendEntry{
			{"effect; below 0: contrast", func(c draw.Canvas, x0, x1, y vg.Length) {
				fillRect(c, primedBand, x0, y-6*pixel, x1, y+6*pixel)
				c.StrokeLine2(line(blue, 2), x0, y, x1, y)
				c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 3.5 * pixel, Shape: draw.CircleGlyph{}}, vg.Point{X: (x0 + x1) / 2, Y: y})
			}},
			{"as in the table above", func(c draw.Canvas, x0, x1, y vg.Length) { primedRing(c, vg.Point{X: (x0 + x1) / 2, Y: y}) }},
			{"fading as the gains do", func(c draw.Canvas, x0, x1, y vg.Length) { c.StrokeLine2(line(vermillion, 1.6, 6, 4), x0, y, x1, y) }},
		})
		half := vg.Length(plotWidth) * pixel / 2
		for k, curve := range x.Curves {
			y := ""
			if k%2 == 0 {
				y = "effect (logits)"
			}
			p := newPlot(curveWords[curve.Name][1], y)
			p.X.Min, p.X.Max = curve.Points[0].X, curve.Points[len(curve.Points)-1].X
			margin := 0.04 * (p.X.Max - p.X.Min)
			p.X.Min, p.X.Max = p.X.Min-margin, p.X.Max+margin
			p.Y.Min, p.Y.Max = low-air, high+air
			p.X.Tick.Marker, p.Y.Tick.Marker = ticks{about: 6}, ticks{about: 5, sign: true}
			p.Add(gridLines(true, true), r.primedCurve(curve))
			left, right := 6*pixel, -half-8*pixel
			if k%2 == 1 {
				left, right = half+4*pixel, -14*pixel
			}
			above := vg.Length(top+panel*(k/2)) * pixel
			p.Draw(draw.Crop(c, left, right, vg.Length(panel*(rows-1-k/2)+6)*pixel, -above))
		}
	})
}

// primedCurve is one curve with its band.
func (r PrimedReport) primedCurve(curve state.PrimedCurve) drawing {
	return func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		var upper, lower, middle []vg.Point
		for _, point := range curve.Points {
			at := x(point.X)
			upper, lower = append(upper, vg.Point{X: at, Y: y(point.Effect.High)}), append(lower, vg.Point{X: at, Y: y(point.Effect.Low)})
			middle = append(middle, vg.Point{X: at, Y: y(point.Effect.Estimate)})
		}
		slices.Reverse(lower)
		c.FillPolygon(primedBand, append(upper, lower...))
		c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
		if curve.Name == "delay" {
			var fading []vg.Point
			first := curve.Points[0]
			for k := range 101 {
				t := curve.Points[len(curve.Points)-1].X * float64(k) / 100
				fading = append(fading, vg.Point{X: x(t), Y: y(first.Effect.Estimate * math.Exp(-(t-first.X)/r.Result.Body.Recovery))})
			}
			c.StrokeLines(line(vermillion, 1.6, 6, 4), fading)
		}
		c.StrokeLines(line(blue, 2), middle)
		own := map[string]float64{"duration": r.Result.Duration, "contrast": 1, "fatigue": r.Result.Body.Fatigue, "delay": r.Result.Delay}[curve.Name]
		for k, at := range middle {
			c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 3.5 * pixel, Shape: draw.CircleGlyph{}}, at)
			if curve.Points[k].X == own {
				primedRing(c, at)
			}
		}
	}
}

// primedRing marks the setting of the experiment.
func primedRing(c draw.Canvas, at vg.Point) {
	c.SetLineStyle(line(ink, 1.6))
	c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 7 * pixel, Shape: draw.RingGlyph{}}, at)
}

// neuronsPNG holds selectivity against the effect alone.
func (r PrimedReport) neuronsPNG() []byte {
	const height, top = 440, 34
	neurons := r.Result.Neurons.Neurons
	low, high := 0.0, 0.0
	for _, n := range neurons {
		low, high = min(low, n.Effect.Estimate), max(high, n.Effect.Estimate)
	}
	if !(high > low) {
		low, high = -1, 1
	}
	air := 0.08 * (high - low)
	p := newPlot(fmt.Sprintf("selectivity: −1 only %s, +1 only %s", elide(r.b(), 20), elide(r.a(), 20)), "effect of this neuron alone (logits)")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -1.06, 1.06, low-air, high+air
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{about: 9, sign: true}, ticks{about: 6, sign: true}
	p.Add(gridLines(true, true), drawing(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
		c.StrokeLine2(line(slate, 1.2), x(0), c.Min.Y, x(0), c.Max.Y)
		var boxes []vg.Rectangle
		for _, n := range slices.Backward(neurons) { // the largest on top
			if n.Selectivity.Defined() {
				at := vg.Point{X: x(float64(n.Selectivity)), Y: y(n.Effect.Estimate)}
				drawDot(c, at, n.Carries)
				boxes = append(boxes, around(at, 4*pixel))
			}
		}
		for _, n := range neurons[:min(len(neurons), labelledPoints)] {
			at := vg.Point{X: x(float64(n.Selectivity)), Y: y(n.Effect.Estimate)}
			if !n.Carries || !n.Selectivity.Defined() {
				continue
			}
			if box, align, ok := labelRoom(c, at, n.Address.String(), boxes); ok {
				style := textStyle(regular, 13, ink)
				style.XAlign = align
				anchor := vg.Point{X: box.Min.X, Y: (box.Min.Y + box.Max.Y) / 2}
				if align == draw.XRight {
					anchor.X = box.Max.X
				}
				c.FillText(style, anchor, n.Address.String())
				boxes = append(boxes, box)
			}
		}
	}))
	sample := func(found bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, found) }
	}
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, []legendEntry{{"adjusted p < 0.05, interval excludes 0", sample(true)}, {"not", sample(false)}})
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}
