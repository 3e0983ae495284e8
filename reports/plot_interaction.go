package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// interactionPlot shows what two lesions cost two outcomes: a line a lesion, from the first outcome
// to the second, with interval bars. Lines that cross tell of a dissociation.
type interactionPlot struct {
	axis     string
	outcomes [2]string
	lesions  [2]string
	effects  [2][2]effect // lesion, outcome
}

// png draws the plot.
func (f interactionPlot) png() []byte {
	const height, top = 400, 34
	p := newPlot("", f.axis)
	p.X.Min, p.X.Max = -0.35, 1.35
	p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: elide(f.outcomes[0], longestLabel)}, {Value: 1, Label: elide(f.outcomes[1], longestLabel)}}
	p.Y.Min, p.Y.Max = f.extent()
	p.Y.Tick.Marker = ticks{about: 6, sign: true}
	p.Add(gridLines(true, false), drawing(f.lines))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 70*pixel, c.Max.Y-18*pixel, f.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

// interactionStyles are those of the two lesions; the second is dashed and drawn a little aside, so
// that bars at the same height stay apart.
var (
	interactionStyles = [2]series{firstSeries(""), secondSeries("")}
	interactionLines  = [2]draw.LineStyle{line(blue, 2.2), line(vermillion, 2.2, 8, 4)}
)

const interactionAside = 0.012

func (f interactionPlot) lines(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(line(ink, 1.4), c.Min.X, y(0), c.Max.X, y(0))
	for u, s := range interactionStyles {
		aside := interactionAside * float64(2*u-1)
		at := func(k int) vg.Point { return vg.Point{X: x(float64(k) + aside), Y: y(f.effects[u][k].estimate)} }
		c.StrokeLine2(interactionLines[u], at(0).X, at(0).Y, at(1).X, at(1).Y)
		for k, e := range f.effects[u] {
			s.upright(c, at(k), y(e.low), y(e.high), excludesZero(e.low, e.high))
		}
	}
}

// upright draws a marker with its interval from below to above.
func (s series) upright(c draw.Canvas, at vg.Point, low, high vg.Length, full bool) {
	const end = 4 * pixel
	bar := line(s.color, 2)
	c.StrokeLine2(bar, at.X, low, at.X, high)
	c.StrokeLine2(bar, at.X-end, low, at.X+end, low)
	c.StrokeLine2(bar, at.X-end, high, at.X+end, high)
	s.draw(c, at.X, at.X, at.X, at.Y, full)
}

// extent is the range of the axis. It always holds 0, and some air.
func (f interactionPlot) extent() (low, high float64) {
	for _, u := range f.effects {
		for _, e := range u {
			low, high = min(low, e.low, e.estimate), max(high, e.high, e.estimate)
		}
	}
	if !(high > low) {
		return -1, 1
	}
	air := 0.08 * (high - low)
	return low - air, high + air
}

func (f interactionPlot) legend() []legendEntry {
	var entries []legendEntry
	for u, s := range interactionStyles {
		entries = append(entries, legendEntry{"loss of " + f.lesions[u], func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(interactionLines[u], x0, y, x1, y)
			c.DrawGlyph(draw.GlyphStyle{Color: s.color, Radius: 5 * pixel, Shape: s.full}, vg.Point{X: (x0 + x1) / 2, Y: y})
		}})
	}
	grey := series{color: slate, full: draw.CircleGlyph{}, open: draw.RingGlyph{}}
	return append(entries, legendEntry{"hollow: 95 % interval includes 0", func(c draw.Canvas, x0, x1, y vg.Length) {
		grey.upright(c, vg.Point{X: (x0 + x1) / 2, Y: y}, y-8*pixel, y+8*pixel, false)
	}})
}
