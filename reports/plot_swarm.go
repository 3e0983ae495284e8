package reports

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// swarmPlot is a strip plot of effects: around 0 instead of from 0 to 1, and the largest dot of each
// column has its name.
type swarmPlot struct {
	y            string
	found, other string // what full and hollow dots mean
	columns      []stripColumn
	names        [][]string // by column and dot
}

// png draws the plot.
func (s swarmPlot) png() []byte {
	const height, top = 420, 34
	strip := stripPlot{columns: s.columns, band: [2]float64{math.NaN(), math.NaN()}}
	p := newPlot("", s.y)
	p.X.Min, p.X.Max = 0.5, float64(len(s.columns))+0.5
	var labels plot.ConstantTicks
	for k, c := range s.columns {
		labels = append(labels, plot.Tick{Value: float64(k + 1), Label: c.label})
	}
	p.X.Tick.Marker = labels
	p.Y.Min, p.Y.Max = s.extent()
	p.Y.Tick.Marker = ticks{about: 6, sign: true}
	p.Add(gridLines(true, false), drawing(func(c draw.Canvas, p *plot.Plot) {
		_, y := p.Transforms(&c)
		c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
	}), drawing(strip.dots), drawing(s.largest))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, strip.legendOf(s.found, s.other))
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

// largest names the dot farthest from 0 in each column, which stands alone in its row or nearly so.
func (s swarmPlot) largest(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for k, column := range s.columns {
		best := -1
		for i, d := range column.dots {
			if best < 0 || math.Abs(d.value) > math.Abs(column.dots[best].value) {
				best = i
			}
		}
		if best >= 0 && column.dots[best].value != 0 {
			c.FillText(textStyle(regular, 13, ink), vg.Point{X: x(float64(k+1)) + 9*pixel, Y: y(column.dots[best].value)}, s.names[k][best])
		}
	}
}

// extent is the range of the axis: all dots, 0, and some air.
func (s swarmPlot) extent() (low, high float64) {
	for _, c := range s.columns {
		for _, d := range c.dots {
			low, high = min(low, d.value), max(high, d.value)
		}
	}
	if !(high > low) {
		return -1, 1
	}
	air := 0.06 * (high - low)
	return low - air, high + air
}

func (s stripPlot) legendOf(found, other string) []legendEntry {
	entries := s.legend()[:2]
	entries[0].name, entries[1].name = found, other
	return entries
}
