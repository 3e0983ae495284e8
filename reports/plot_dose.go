package reports

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// dosePlot shows effects by dose: markers with interval bars, and the curves fitted from dose 0 on.
type dosePlot struct {
	what  string // is dosed; "" for the activation
	axis  string
	doses []float64
	lines []doseLine
}

type doseLine struct {
	series
	effects []effect
	fitted  func(dose float64) float64 // nil where nothing was fitted
}

// png draws the plot.
func (d dosePlot) png() []byte {
	const height, top = 400, 34
	p := newPlot(fmt.Sprintf("dose: share of %s taken away (below 0: added)", cmp.Or(d.what, "the activation")), d.axis)
	least, most := d.doses[0], d.doses[len(d.doses)-1]
	p.X.Min, p.X.Max = least-0.05, most+0.05
	p.X.Tick.Marker = ticks{about: 8, sign: true}
	p.Y.Tick.Marker = ticks{about: 6, sign: true}
	rows := effectsPlot{}
	for _, l := range d.lines {
		for _, e := range l.effects {
			rows.rows = append(rows.rows, effectRow{effects: []*effect{&e}})
		}
	}
	p.Y.Min, p.Y.Max = rows.extent()
	p.Add(gridLines(true, true), drawing(d.draw))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-17*pixel, d.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (d dosePlot) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
	note := textStyle(regular, 13, slate)
	for at, name := range map[float64]string{0: "intact", 1: "lesion"} {
		c.StrokeLine2(line(slate, 1, 2, 3), x(at), c.Min.Y, x(at), c.Max.Y)
		note.XAlign = draw.XRight
		c.FillText(note, vg.Point{X: x(at) - 5*pixel, Y: c.Max.Y - 10*pixel}, name)
	}
	for k, l := range d.lines {
		if l.fitted != nil {
			var curve []vg.Point
			for i := range 201 {
				dose := float64(i) / 200 * d.doses[len(d.doses)-1]
				if v := l.fitted(dose); !math.IsNaN(v) {
					curve = append(curve, vg.Point{X: x(dose), Y: y(v)})
				}
			}
			c.StrokeLines(line(l.color, 1.6), curve)
		}
		shift := (vg.Length(k) - vg.Length(len(d.lines)-1)/2) * 3 * pixel // so that bars do not cover each other
		for i, e := range l.effects {
			l.series.drawUpright(c, x(d.doses[i])+shift, y(e.low), y(e.high), y(e.estimate), excludesZero(e.low, e.high))
		}
	}
}

// drawUpright is an effect whose bar stands upright.
func (s series) drawUpright(c draw.Canvas, x, low, high, estimate vg.Length, full bool) {
	const end = 3 * pixel
	bar := line(s.color, 1.6)
	c.StrokeLine2(bar, x, low, x, high)
	c.StrokeLine2(bar, x-end, low, x+end, low)
	c.StrokeLine2(bar, x-end, high, x+end, high)
	s.mark(c, vg.Point{X: x, Y: estimate}, 4*pixel, full)
}

func (d dosePlot) legend() []legendEntry {
	var entries []legendEntry
	for _, l := range d.lines {
		entries = append(entries, legendEntry{l.name, func(c draw.Canvas, x0, x1, y vg.Length) {
			if l.fitted != nil {
				c.StrokeLine2(line(l.color, 1.6), x0, y, x1, y)
			}
			l.series.mark(c, vg.Point{X: (x0 + x1) / 2, Y: y}, 4*pixel, true)
		}})
	}
	grey := series{color: slate, full: draw.CircleGlyph{}, open: draw.RingGlyph{}}
	return append(entries, legendEntry{"hollow: 95 % interval includes 0", func(c draw.Canvas, x0, x1, y vg.Length) {
		grey.mark(c, vg.Point{X: (x0 + x1) / 2, Y: y}, 4*pixel, false)
	}})
}
