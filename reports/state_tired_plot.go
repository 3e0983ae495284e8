package reports

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/ablate/state"
)

// tiredPanel is lines with interval bars over doses or times, in percent.
type tiredPanel struct {
	x, y  string
	lines []tiredLine
	doses []float64               // where ticks may stand
	place func(v float64) float64 // of a dose on the axis; nil: as it is
	low   float64                 // end of the axis
	level float64                 // a line across, NaN for none
}

// tiredLine is one of them; values are percents.
type tiredLine struct {
	series
	dashes []float64
	values []effect
}

var solid, dashed, dotted, dashDotted = []float64(nil), []float64{7, 4}, []float64{2, 3}, []float64{8, 3, 2, 3}

// logPlace puts doses of 0 and of tens on one axis.
func logPlace(v float64) float64 { return math.Copysign(math.Log1p(math.Abs(v)), v) }

// tiredPanels draws panels side by side under one legend.
func tiredPanels(panels ...tiredPanel) []byte {
	const height, top = 380, 34
	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		seen := map[string]bool{}
		for _, p := range panels {
			for _, l := range p.lines {
				if !seen[l.name] {
					seen[l.name] = true
					entries = append(entries, legendEntry{l.name, l.sample})
				}
			}
		}
		legend(c, 58*pixel, c.Max.Y-17*pixel, entries)
		wide := vg.Length(plotWidth) * pixel / vg.Length(len(panels))
		for k, p := range panels {
			left := vg.Length(k) * wide
			p.plot().Draw(draw.Crop(c, left+6*pixel, left+wide-vg.Length(plotWidth)*pixel-12*pixel, 6*pixel, -top*pixel))
		}
	})
}

func (l tiredLine) sample(c draw.Canvas, x0, x1, y vg.Length) {
	c.StrokeLine2(line(l.color, 1.8, l.dashes...), x0, y, x1, y)
	l.series.mark(c, vg.Point{X: (x0 + x1) / 2, Y: y}, 4*pixel, true)
}

func (t tiredPanel) at(v float64) float64 {
	if t.place == nil {
		return v
	}
	return t.place(v)
}

func (t tiredPanel) plot() *plot.Plot {
	p := newPlot(t.x, t.y)
	first, last := t.at(t.doses[0]), t.at(t.doses[len(t.doses)-1])
	air := 0.04 * (last - first)
	p.X.Min, p.X.Max = first-air, last+air
	var labels plot.ConstantTicks
	nearest := math.Inf(-1)
	for _, d := range t.doses {
		tick := plot.Tick{Value: t.at(d), Label: dose(d)}
		if d == 0 || t.at(d)-nearest >= 0.085*(last-first) {
			nearest = t.at(d)
			labels = append(labels, tick)
		}
	}
	p.X.Tick.Marker = labels
	p.Y.Min, p.Y.Max = t.low, 102
	p.Y.Tick.Marker = ticks{about: 6}
	p.Add(gridLines(true, true), drawing(t.draw))
	return p
}

// dose is a dose or a time as it was given, without zeros behind.
func dose(v float64) string {
	for decimals := range 3 {
		if math.Abs(v-math.Round(v*math.Pow10(decimals))/math.Pow10(decimals)) < tiny {
			return fixed(v, decimals)
		}
	}
	return Number(v)
}

func (t tiredPanel) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if !math.IsNaN(t.level) {
		c.StrokeLine2(line(slate, 1.2, 2, 3), c.Min.X, y(t.level), c.Max.X, y(t.level))
	}
	for k, l := range t.lines {
		shift := (vg.Length(k) - vg.Length(len(t.lines)-1)/2) * 2.4 * pixel // so that bars do not cover each other
		var points []vg.Point
		for i, v := range l.values {
			if !math.IsNaN(v.estimate) {
				points = append(points, vg.Point{X: x(t.at(t.doses[i])) + shift, Y: y(v.estimate)})
			}
		}
		c.StrokeLines(line(l.color, 1.6, l.dashes...), points)
		for i, v := range l.values {
			if !math.IsNaN(v.estimate) {
				l.series.drawUpright(c, x(t.at(t.doses[i]))+shift, y(v.low), y(v.high), y(v.estimate), true)
			}
		}
	}
}

// percents are levels in percent.
func percents(n int, of func(k int) state.Level) []effect {
	out := make([]effect, n)
	for k := range out {
		l := of(k)
		out[k] = effect{100 * l.Estimate, 100 * l.Low, 100 * l.High}
	}
	return out
}

// exact are numbers without an interval, in percent.
func exact(n int, of func(k int) float64) []effect {
	out := make([]effect, n)
	for k := range out {
		v := 100 * of(k)
		out[k] = effect{v, v, v}
	}
	return out
}

// recallLines are a line a class that is shown, and accuracy.
func (r TiredReport) recallLines(n int, of func(k int) state.Condition) []tiredLine {
	var lines []tiredLine
	for i, class := range r.shown() {
		s := []func(string) series{firstSeries, secondSeries, thirdSeries}[i]("recall of " + elide(r.Result.Classes[class], 14))
		lines = append(lines, tiredLine{s, [][]float64{solid, dashed, dotted}[i], percents(n, func(k int) state.Level { return of(k).Recall[class] })})
	}
	return append(lines, tiredLine{series{"accuracy", ink, diamond{}, diamond{}}, dashDotted, percents(n, func(k int) state.Level { return of(k).Accuracy })})
}

// diamond is a small marker for what is not of one class.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	r := s.Radius
	c.FillPolygon(s.Color, []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}})
}

func (r TiredReport) dosePanels() []byte {
	x := r.Result
	n := len(x.Doses)
	var doses []float64
	for _, d := range x.Doses {
		doses = append(doses, d.Fatigue)
	}
	auroc := make([]effect, n)
	for k, d := range x.Doses {
		v := 100 * float64(d.AUROC)
		auroc[k] = effect{v, v, v}
		if d.AUROCEnds[0].Defined() {
			auroc[k].low, auroc[k].high = 100*float64(d.AUROCEnds[0]), 100*float64(d.AUROCEnds[1])
		}
	}
	right := tiredPanel{x: "fatigue κ", y: "AUROC and confidence (%)", doses: doses, place: logPlace, low: 40, level: 50, lines: []tiredLine{
		{thirdSeries("AUROC"), solid, auroc},
		{series{"confidence", slate, draw.CircleGlyph{}, draw.RingGlyph{}}, dashed, percents(n, func(k int) state.Level { return x.Doses[k].Confidence })},
	}}
	right.low = min(right.low, lowest(right.lines)-2)
	return tiredPanels(tiredPanel{x: "fatigue κ", y: "named right (%)", doses: doses, place: logPlace, low: -2, level: math.NaN(),
		lines: r.recallLines(n, func(k int) state.Condition { return x.Doses[k].Condition })}, right)
}

func lowest(lines []tiredLine) float64 {
	low := 100.0
	for _, l := range lines {
		for _, v := range l.values {
			if !math.IsNaN(v.low) {
				low = min(low, v.low)
			}
		}
	}
	return low
}

func (r TiredReport) dayPanels() []byte {
	x := r.Result
	gain := series{"mean gain", slate, draw.CrossGlyph{}, draw.CrossGlyph{}}
	left := tiredPanel{x: "images worked through", y: "named right; gain (%)", level: math.NaN()}
	for _, m := range x.Course {
		left.doses = append(left.doses, float64(m.Images))
	}
	left.lines = append(r.recallLines(len(x.Course), func(k int) state.Condition { return x.Course[k].Condition }),
		tiredLine{gain, dotted, exact(len(x.Course), func(k int) float64 { return x.Course[k].Gain })})
	right := tiredPanel{x: "rest after the work (presentations)", y: "", level: math.NaN(), place: logPlace}
	rests := x.Recovery.Rests
	for _, m := range rests {
		right.doses = append(right.doses, m.Rest)
	}
	right.lines = append(r.recallLines(len(rests), func(k int) state.Condition { return rests[k].Condition }),
		tiredLine{gain, dotted, exact(len(rests), func(k int) float64 { return rests[k].Gain })})
	low := max(-2, math.Floor(min(lowest(left.lines), lowest(right.lines))/10)*10)
	left.low, right.low = low, low
	return tiredPanels(left, right)
}

func (r TiredReport) globalPanels() []byte {
	panel := func(name string, g state.GlobalCurve) tiredPanel {
		return tiredPanel{x: name, y: "accuracy (%)", doses: g.Doses, place: logPlace, level: math.NaN(), lines: []tiredLine{
			{firstSeries("fresh"), solid, percents(len(g.Doses), func(k int) state.Level { return g.Fresh[k].Accuracy })},
			{secondSeries("tired, κ = " + dose(r.Result.Body.Fatigue)), dashed, percents(len(g.Doses), func(k int) state.Level { return g.Tired[k].Accuracy })},
		}}
	}
	left, right := panel("arousal: activations × (1 + arousal)", r.Result.Arousal), panel("noise (standard deviations)", r.Result.Noise)
	low := max(-2, math.Floor(min(lowest(left.lines), lowest(right.lines))/10)*10)
	left.low, right.low = low, low
	return tiredPanels(left, right)
}

func (r TiredReport) neuronSwarm() []byte {
	s := swarmPlot{y: "effect of its fatigue on the logit difference", found: "adjusted p < 0.05", other: "not"}
	for _, l := range r.Result.Layers {
		c := stripColumn{label: l.Name}
		var names []string
		for _, u := range r.Result.Neurons {
			if u.Address.Layer == l.Layer {
				c.dots, names = append(c.dots, stripDot{u.Among.Estimate, u.Among.Found()}), append(names, u.Address.String())
			}
		}
		if len(c.dots) > 0 {
			s.columns, s.names = append(s.columns, c), append(s.names, names)
		}
	}
	return s.png()
}
