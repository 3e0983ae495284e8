package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// specimensPlot shows a number of each of a few networks for several things side by side: a dot a
// network with its name, in the same order everywhere, and a bar at the mean.
type specimensPlot struct {
	y         string
	columns   []string
	names     []string    // of the networks
	values    [][]float64 // by column and network
	low, high float64     // the range of the values
}

// png draws the plot.
func (s specimensPlot) png() []byte {
	const height, top = 380, 34
	p := newPlot("", s.y)
	p.X.Min, p.X.Max = 0.5, float64(len(s.columns))+0.5
	var labels plot.ConstantTicks
	for k, c := range s.columns {
		labels = append(labels, plot.Tick{Value: float64(k + 1), Label: elide(c, max(6, 80/len(s.columns)))})
	}
	p.X.Tick.Marker = labels
	air := 0.08 * (s.high - s.low)
	p.Y.Min, p.Y.Max = s.low-air, s.high+air
	p.Y.Tick.Marker = ticks{about: 5}
	p.Add(gridLines(true, false), drawing(s.dots))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, []legendEntry{
			{"a network, with its name", func(c draw.Canvas, x0, x1, y vg.Length) {
				c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 4.5 * pixel, Shape: draw.CircleGlyph{}}, vg.Point{X: (x0 + x1) / 2, Y: y})
			}},
			{"mean", func(c draw.Canvas, x0, x1, y vg.Length) { c.StrokeLine2(line(ink, 2), x0, y, x1, y) }},
		})
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (s specimensPlot) dots(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	name := textStyle(regular, 12, slate)
	name.XAlign = draw.XCenter
	apart := 0.7 / float64(len(s.names))
	// Names that would run into each other are left out: the order tells.
	room := float64(x(1+apart)-x(1)) > float64(name.Width("00")+3*pixel)
	for k, column := range s.values {
		mean, left := 0.0, float64(k+1)-apart*float64(len(column)-1)/2
		for _, v := range column {
			mean += v / float64(len(column))
		}
		c.StrokeLine2(line(ink, 2), x(float64(k+1)-0.4), y(mean), x(float64(k+1)+0.4), y(mean))
		for i, v := range column {
			at := vg.Point{X: x(left + apart*float64(i)), Y: y(v)}
			c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: 4.5 * pixel, Shape: draw.CircleGlyph{}}, at)
			if room {
				if at.Y += 12 * pixel; v < mean { // away from the bar
					at.Y -= 24 * pixel
				}
				c.FillText(name, at, s.names[i])
			}
		}
	}
}
