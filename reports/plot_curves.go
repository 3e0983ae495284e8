package reports

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/model"
)

// curve is one line of a training plot: a value an epoch.
type curve struct {
	name   string
	values []float64
	line   draw.LineStyle
	marker draw.GlyphStyle
}

// curvesPNG draws the training curves: loss to the left, accuracy to the right. The kept epoch
// is marked; bound, the best possible accuracy, is a line across (NaN for none).
func curvesPNG(epochs []model.Epoch, best int, bound float64) []byte {
	const height, top = 340, 34
	values := func(of func(model.Epoch) float64) []float64 {
		v := make([]float64, len(epochs))
		for i, e := range epochs {
			v[i] = of(e)
		}
		return v
	}
	loss := pair(values(func(e model.Epoch) float64 { return e.TrainLoss }), values(func(e model.Epoch) float64 { return e.SelectLoss }))
	accuracy := pair(values(func(e model.Epoch) float64 { return 100 * e.TrainAccuracy }), values(func(e model.Epoch) float64 { return 100 * e.SelectAccuracy }))

	left := newPlot("epoch", "cross-entropy (nats per image)")
	_, high := extent(loss)
	left.Y.Min, left.Y.Max = 0, high*1.06
	curvesPanel(left, loss, len(epochs), best, true)

	right := newPlot("epoch", "accuracy (%)")
	low, high := extent(accuracy)
	if !math.IsNaN(bound) {
		low, high = min(low, 100*bound), max(high, 100*bound)
	}
	margin := max(0.12*(high-low), 1)
	right.Y.Min, right.Y.Max = max(0, low-margin), min(100, high+margin)
	if !math.IsNaN(bound) {
		right.Y.Max = high + margin // room for the line's label, even above 100
		right.Add(boundLine(100 * bound))
	}
	curvesPanel(right, accuracy, len(epochs), best, false)

	return renderPNG(height, func(c draw.Canvas) {
		var entries []legendEntry
		for _, k := range loss {
			entries = append(entries, legendEntry{k.name, k.sample})
		}
		legend(c, 56*pixel, c.Max.Y-18*pixel, entries)
		half := vg.Length(plotWidth) * pixel / 2
		left.Draw(draw.Crop(c, 6*pixel, -half-14*pixel, 6*pixel, -top*pixel))
		right.Draw(draw.Crop(c, half+8*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

// pair are the curves of the train and the select split.
func pair(train, selected []float64) []curve {
	return []curve{
		{"train (augmented batches, as they were met)", train, line(blue, 2), draw.GlyphStyle{Color: blue, Radius: 3 * pixel, Shape: draw.CircleGlyph{}}},
		{"select", selected, line(vermillion, 2, 7, 4), draw.GlyphStyle{Color: vermillion, Radius: 3.6 * pixel, Shape: draw.PyramidGlyph{}}},
	}
}

func (k curve) sample(c draw.Canvas, x0, x1, y vg.Length) {
	c.StrokeLine2(k.line, x0, y, x1, y)
	c.DrawGlyph(k.marker, vg.Point{X: (x0 + x1) / 2, Y: y})
}

// extent is the range of all finite values.
func extent(curves []curve) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, k := range curves {
		for _, v := range k.values {
			if _, special := notFinite(v); !special {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return 0, 1 // nothing finite: an empty plot with a sensible axis
	}
	return low, high
}

// curvesPanel puts curves over epochs 1 to n into a plot, with the kept epoch marked. Its label
// stands where the curves are not: at the top of falling curves once they have fallen, at the
// bottom otherwise.
func curvesPanel(p *plot.Plot, curves []curve, n, best int, falling bool) {
	p.X.Min, p.X.Max = 0.5, float64(n)+0.5
	p.X.Tick.Marker = ticks{about: 7, least: 1}
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(gridLines(true, false), bestEpoch(best, n, falling && 4*best > n))
	for _, k := range curves {
		p.Add(drawing(func(c draw.Canvas, p *plot.Plot) { k.plot(c, p) }))
	}
}

// plot draws the curve; values that are not finite leave a gap.
func (k curve) plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	every := (len(k.values) + 39) / 40 // markers must not merge into a band
	var run []vg.Point
	for i, v := range k.values {
		if _, special := notFinite(v); special {
			c.StrokeLines(k.line, run)
			run = nil
			continue
		}
		at := vg.Point{X: x(float64(i + 1)), Y: y(v)}
		run = append(run, at)
		if i%every == 0 {
			c.DrawGlyph(k.marker, at)
		}
	}
	c.StrokeLines(k.line, run)
}

func bestEpoch(best, n int, labelOnTop bool) drawing {
	return func(c draw.Canvas, p *plot.Plot) {
		if best < 1 || best > n {
			return
		}
		x, _ := p.Transforms(&c)
		at := x(float64(best))
		c.StrokeLine2(line(slate, 1.2, 2, 3), at, c.Min.Y, at, c.Max.Y)
		style := textStyle(regular, 13, slate)
		point := vg.Point{X: at + 6*pixel, Y: c.Min.Y + 12*pixel}
		if labelOnTop {
			point.Y = c.Max.Y - 12*pixel
		}
		if best > n/2 {
			style.XAlign, point.X = draw.XRight, at-6*pixel
		}
		c.FillText(style, point, fmt.Sprintf("kept: epoch %d", best))
	}
}

func boundLine(percent float64) drawing {
	return func(c draw.Canvas, p *plot.Plot) {
		_, y := p.Transforms(&c)
		c.StrokeLine2(line(green, 1.6, 9, 3, 2, 3), c.Min.X, y(percent), c.Max.X, y(percent))
		c.FillText(textStyle(regular, 13, green), vg.Point{X: c.Min.X + 8*pixel, Y: y(percent) + 10*pixel},
			fmt.Sprintf("best possible: %s", Percent(percent/100)))
	}
}
