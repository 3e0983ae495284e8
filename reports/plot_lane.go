package reports

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lanePlot shows one effect against those of others on one axis: the others' dots in a lane above,
// side by side where they would cover each other, the one below with its interval.
type lanePlot struct {
	axis   string
	name   string // of the one
	kind   string // what and how many the others are; "" for matched controls
	target effect
	others []effect
}

const (
	laneTop    = 34
	laneHeight = 120 // of the others' lane
	ownHeight  = 44
)

// png draws the plot.
func (l lanePlot) png() []byte {
	const bottom = 52
	p := newPlot(l.axis, "")
	rows := effectsPlot{rows: []effectRow{{effects: []*effect{&l.target}}}}
	for _, o := range l.others {
		rows.rows = append(rows.rows, effectRow{effects: []*effect{{o.estimate, o.estimate, o.estimate}}})
	}
	p.X.Min, p.X.Max = rows.extent()
	p.X.Tick.Marker = ticks{about: 7, sign: true}
	p.Y.Min, p.Y.Max = 0, laneHeight+ownHeight
	p.HideY()
	p.Add(gridLines(false, true), drawing(l.draw))
	return renderPNG(laneTop+laneHeight+ownHeight+bottom, func(c draw.Canvas) {
		legend(c, 14*pixel, c.Max.Y-17*pixel, l.legend())
		p.Draw(draw.Crop(c, 8*pixel, -14*pixel, 4*pixel, -laneTop*pixel))
	})
}

func (l lanePlot) draw(c draw.Canvas, p *plot.Plot) {
	const diameter = 10.0
	x, y := p.Transforms(&c)
	c.StrokeLine2(line(mist, 1), c.Min.X, y(ownHeight), c.Max.X, y(ownHeight))
	c.StrokeLine2(line(ink, 1.4), x(0), c.Min.Y, x(0), c.Max.Y)
	// Each dot goes to the free place nearest to the lane's middle.
	others := slices.Clone(l.others)
	slices.SortStableFunc(others, func(a, b effect) int { return cmp.Compare(a.estimate, b.estimate) })
	var placed []vg.Point
	for _, o := range others {
		at := vg.Point{X: x(o.estimate)}
		for k := 0; ; k++ {
			up := (k + 1) / 2
			if k%2 == 0 {
				up = -up
			}
			at.Y = y(ownHeight+laneHeight/2) + vg.Length(up)*diameter*pixel
			taken := slices.ContainsFunc(placed, func(q vg.Point) bool {
				dx, dy := float64((q.X-at.X)/pixel), float64((q.Y-at.Y)/pixel)
				return dx*dx+dy*dy < 0.9*diameter*diameter
			})
			if !taken || k > laneHeight/int(diameter) {
				break
			}
		}
		placed = append(placed, at)
		drawDot(c, at, excludesZero(o.low, o.high))
	}
	targetSeries.draw(c, x(l.target.low), x(l.target.high), x(l.target.estimate), y(ownHeight/2), excludesZero(l.target.low, l.target.high))
}

// targetSeries is how the one that all is about looks.
var targetSeries = secondSeries("")

func (l lanePlot) legend() []legendEntry {
	dot := func(found bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, found) }
	}
	return []legendEntry{
		{elide(l.name, longestLabel) + ", with 95 % interval", func(c draw.Canvas, x0, x1, y vg.Length) { targetSeries.draw(c, x0, x1, (x0+x1)/2, y, true) }},
		{cmp.Or(l.kind, plural(len(l.others), "matched control")), dot(true)},
		{"hollow: 95 % interval includes 0", dot(false)},
	}
}
