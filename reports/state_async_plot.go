package reports

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
)

// asyncLabel is the axis of time.
const asyncLabel = "time (updates a neuron)"

// asyncCourse are the shares of trials over time.
type asyncCourse struct{ state.Async }

type asyncLine struct {
	curve
	band color.RGBA
	of   func(state.AsyncPoint) ablate.Interval
}

func (a asyncCourse) lines() []asyncLine {
	marker := func(c color.RGBA, shape draw.GlyphDrawer) draw.GlyphStyle {
		return draw.GlyphStyle{Color: c, Radius: 3.2 * pixel, Shape: shape}
	}
	return []asyncLine{
		{curve{name: "right", line: line(blue, 2), marker: marker(blue, draw.CircleGlyph{})}, color.RGBA{0xD6, 0xE6, 0xF2, 0xFF},
			func(p state.AsyncPoint) ablate.Interval { return p.Accuracy }},
		{curve{name: "decided", line: line(green, 2, dashed...), marker: marker(green, draw.PyramidGlyph{})}, color.RGBA{0xD3, 0xEE, 0xE5, 0xFF},
			func(p state.AsyncPoint) ablate.Interval { return p.Decided }},
		{curve{name: "settled", line: line(vermillion, 2, dotted...), marker: marker(vermillion, draw.BoxGlyph{})}, color.RGBA{0xF7, 0xE0, 0xD0, 0xFF},
			func(p state.AsyncPoint) ablate.Interval { return p.Settled }},
	}
}

func (a asyncCourse) png() []byte {
	const height, top = 360, 34
	p := newPlot(asyncLabel, "share of trials (%)")
	last := a.Course[len(a.Course)-1].Time
	p.X.Min, p.X.Max = -0.02*last, max(1.02*last, a.Tick)
	p.X.Tick.Marker = ticks{about: 10}
	p.Y.Min, p.Y.Max = -2, 102
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(gridLines(true, false), drawing(a.draw))
	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		for _, l := range a.lines() {
			entries = append(entries, legendEntry{l.name, l.sample})
		}
		entries = append(entries, legendEntry{"accuracy of the synchronous network", func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(line(slate, 1.4, dashDotted...), x0, y, x1, y)
		}})
		legend(c, 60*pixel, c.Max.Y-18*pixel, entries)
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (a asyncCourse) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, l := range a.lines() {
		var band, upper []vg.Point
		for _, point := range a.Course {
			band = append(band, vg.Point{X: x(point.Time), Y: y(100 * l.of(point).Low)})
			upper = append(upper, vg.Point{X: x(point.Time), Y: y(100 * l.of(point).High)})
		}
		slices.Reverse(upper)
		c.FillPolygon(l.band, append(band, upper...))
	}
	c.StrokeLine2(line(slate, 1.4, dashDotted...), c.Min.X, y(100*a.Accuracy), c.Max.X, y(100*a.Accuracy))
	for _, l := range a.lines() {
		var points []vg.Point
		for _, point := range a.Course {
			points = append(points, vg.Point{X: x(point.Time), Y: y(100 * l.of(point).Estimate)})
		}
		l.through(c, points)
	}
}

// asyncDots is the decision time of each image by its margin.
type asyncDots struct{ state.Async }

func (a asyncDots) series() (stays, changes series) {
	return firstSeries("begins with its answer"), secondSeries("must change its answer")
}

func (a asyncDots) png() []byte {
	const height, top = 380, 34
	p := newPlot("margin of the synchronous answer (logits)", "decision "+asyncLabel)
	for _, d := range a.Dots {
		p.X.Max, p.Y.Max = max(p.X.Max, d.Margin), max(p.Y.Max, d.Decision)
	}
	p.X.Min, p.Y.Min = 0, 0
	p.X.Max, p.Y.Max = 1.03*max(p.X.Max, tiny), 1.08*max(p.Y.Max, a.Tick)
	p.Y.Min = -0.04 * p.Y.Max
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{about: 9}, ticks{about: 6}
	p.Add(gridLines(true, false), drawing(a.draw))
	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		stays, changes := a.series()
		for _, s := range []series{stays, changes} {
			entries = append(entries, legendEntry{s.name, func(c draw.Canvas, x0, x1, y vg.Length) {
				s.mark(c, vg.Point{X: (x0 + x1) / 2, Y: y}, 4*pixel, false)
			}})
		}
		legend(c, 60*pixel, c.Max.Y-18*pixel, entries)
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (a asyncDots) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	note := textStyle(regular, 13, slate)
	note.XAlign = draw.XCenter
	edges := []float64{p.X.Min, a.Difficulty.Cuts[0], a.Difficulty.Cuts[1], p.X.Max}
	for k, name := range []string{"hard", "medium", "easy"} {
		low, high := min(edges[k], p.X.Max), min(edges[k+1], p.X.Max)
		if k > 0 && low < p.X.Max {
			c.StrokeLine2(line(slate, 1.2, dotted...), x(low), c.Min.Y, x(low), c.Max.Y)
		}
		if x(high)-x(low) > note.Width(name)+8*pixel {
			c.FillText(note, vg.Point{X: (x(low) + x(high)) / 2, Y: c.Max.Y - 9*pixel}, name)
		}
	}
	stays, changes := a.series()
	for _, d := range a.Dots {
		s := stays
		if d.Changing {
			s = changes
		}
		s.mark(c, vg.Point{X: x(d.Margin), Y: y(d.Decision)}, 3.4*pixel, false)
	}
}

// asyncTracks is one image in several orders.
type asyncTracks struct{ state.Async }

// asyncTrackLines tell orders apart, by colour and by dashes.
var asyncTrackLines = []draw.LineStyle{line(blue, 2), line(vermillion, 2, dashed...), line(green, 2, dashDotted...), line(ink, 1.6, dotted...), line(slate, 1.8, 12, 4)}

func (a asyncTracks) png() []byte {
	const height, top = 340, 34
	e := a.Example
	p := newPlot(asyncLabel, fmt.Sprintf("margin of %s (logits)", elide(a.Classes[e.Answer], longestLabel)))
	p.Y.Min, p.Y.Max = 0, 0
	for _, track := range e.Tracks {
		for _, at := range track {
			p.X.Max = max(p.X.Max, at.Time)
			p.Y.Min, p.Y.Max = min(p.Y.Min, at.Margin), max(p.Y.Max, at.Margin)
		}
	}
	p.X.Min, p.X.Max = 0, 1.02*max(p.X.Max, a.Tick)
	air := 0.06 * max(p.Y.Max-p.Y.Min, tiny)
	p.Y.Min, p.Y.Max = p.Y.Min-air, p.Y.Max+air
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{about: 10}, ticks{about: 6, sign: true}
	p.Add(gridLines(true, false), drawing(a.draw))
	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		for k := range e.Tracks {
			entries = append(entries, legendEntry{fmt.Sprint("order ", k+1), func(c draw.Canvas, x0, x1, y vg.Length) {
				c.StrokeLine2(asyncTrackLines[k%len(asyncTrackLines)], x0, y, x1, y)
			}})
		}
		legend(c, 60*pixel, c.Max.Y-18*pixel, entries)
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (a asyncTracks) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
	for k, track := range a.Example.Tracks {
		style := asyncTrackLines[k%len(asyncTrackLines)]
		var steps []vg.Point // a margin holds until it changes
		for i, at := range track {
			if i > 0 {
				steps = append(steps, vg.Point{X: x(at.Time), Y: y(track[i-1].Margin)})
			}
			steps = append(steps, vg.Point{X: x(at.Time), Y: y(at.Margin)})
		}
		c.StrokeLines(style, steps)
		if at, ok := decidedAt(track); ok {
			c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 5 * pixel, Shape: draw.CircleGlyph{}}, vg.Point{X: x(at.Time), Y: y(at.Margin)})
		}
	}
}

// decidedAt is from where on a margin is above 0 for good.
func decidedAt(track []state.Track) (at state.Track, found bool) {
	for _, t := range slices.Backward(track) {
		if !(t.Margin > 0) {
			break
		}
		at, found = t, true
	}
	return at, found
}
