package reports

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/ablate/circuit"
)

// circuitCurve shows faithfulness over the number of edges, which is on a logarithmic axis.
type circuitCurve struct {
	points []circuit.CurvePoint // by size
	chosen int                  // the size of the circuit
	split  string
}

var (
	faithfulCurve = curve{line: line(blue, 2), marker: draw.GlyphStyle{Color: blue, Radius: 3 * pixel, Shape: draw.CircleGlyph{}}}
	selectCurve   = curve{line: line(vermillion, 1.6, 7, 4), marker: draw.GlyphStyle{Color: vermillion, Radius: 3.4 * pixel, Shape: draw.PyramidGlyph{}}}
	chosenLine    = line(ink, 1.4, 2, 3)
)

func (d circuitCurve) png() []byte {
	const height, top = 400, 34
	p := newPlot("edges in the circuit", "faithfulness (%)")
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = logTicks{}
	p.X.Min, p.X.Max = float64(d.points[0].Edges)/1.15, float64(d.points[len(d.points)-1].Edges)*1.15
	p.Y.Min, p.Y.Max = d.extent()
	p.Y.Tick.Marker = ticks{about: 6}
	p.Add(gridLines(true, true), drawing(d.draw))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, []legendEntry{{d.split, faithfulCurve.sample}, {"select", selectCurve.sample}, {"random circuits", func(c draw.Canvas, x0, x1, y vg.Length) {
			fillRect(c, randomBand, x0, y-7*pixel, x1, y+7*pixel)
		}}, {"this circuit: " + plural(d.chosen, "edge"), func(c draw.Canvas, x0, x1, y vg.Length) {
			c.StrokeLine2(chosenLine, (x0+x1)/2, y-8*pixel, (x0+x1)/2, y+8*pixel)
		}}})
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

// extent holds 0, 1 and everything measured, in percent.
func (d circuitCurve) extent() (low, high float64) {
	low, high = 0, 100
	for _, p := range d.points {
		for _, v := range []float64{p.Select, p.Faithfulness.Low, p.Faithfulness.High, float64(p.RandomLow), float64(p.RandomHigh)} {
			if _, special := notFinite(v); !special {
				low, high = min(low, 100*v), max(high, 100*v)
			}
		}
	}
	air := 0.04 * (high - low)
	return low - air, high + air
}

func (d circuitCurve) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(edges int, v float64) vg.Point { return vg.Point{X: x(float64(edges)), Y: y(100 * v)} }
	var upper, lower, faithful, selected []vg.Point
	for _, k := range d.points {
		if k.RandomLow.Defined() && k.RandomHigh.Defined() {
			lower, upper = append(lower, at(k.Edges, float64(k.RandomLow))), append(upper, at(k.Edges, float64(k.RandomHigh)))
		}
		faithful, selected = append(faithful, at(k.Edges, k.Faithfulness.Estimate)), append(selected, at(k.Edges, k.Select))
	}
	band := lower
	for k := len(upper) - 1; k >= 0; k-- {
		band = append(band, upper[k])
	}
	if len(upper) > 0 {
		c.FillPolygon(randomBand, band)
	}
	for _, v := range []float64{0, 100} {
		c.StrokeLine2(line(slate, 1.2), c.Min.X, y(v), c.Max.X, y(v))
	}
	chosen := x(float64(d.chosen))
	c.StrokeLine2(chosenLine, chosen, c.Min.Y, chosen, c.Max.Y)
	selectCurve.through(c, selected)
	for k, i := range d.points {
		c.StrokeLine2(line(blue, 1.2), faithful[k].X, y(100*i.Faithfulness.Low), faithful[k].X, y(100*i.Faithfulness.High))
	}
	faithfulCurve.through(c, faithful)
}

// logTicks are ticks at 1, 2 and 5 times the powers of ten, the powers alone where there are many.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if high/low > 3e4 {
		steps = steps[:1]
	}
	var out []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, s := range steps {
			if v := s * math.Pow(10, power); v >= low && v <= high {
				out = append(out, plot.Tick{Value: v, Label: Count(int(math.Round(v)))})
			}
		}
	}
	return out
}
