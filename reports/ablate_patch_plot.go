package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// patchMap shows the shares of every neuron, layer by layer: denoising to the left, noising to the right.
type patchMap struct{ layers []patchMapLayer }

type patchMapLayer struct {
	label              string
	denoising, noising []patchDot
}

// patchDot is a share in percent, full where it is told from 0.
type patchDot struct {
	label string
	share float64
	told  bool
}

func (m patchMap) png() []byte {
	const height, top = 420, 34
	p := newPlot("layer", "share of clean − corrupted (%)")
	p.X.Min, p.X.Max = 0.5, float64(len(m.layers))+0.5
	var labels plot.ConstantTicks
	for k, l := range m.layers {
		labels = append(labels, plot.Tick{Value: float64(k + 1), Label: l.label})
	}
	p.X.Tick.Marker = labels
	p.Y.Min, p.Y.Max = m.extent()
	p.Y.Tick.Marker = ticks{about: 6}
	p.Add(gridLines(true, false), drawing(m.background), drawing(m.draw))
	return renderPNG(height, func(c draw.Canvas) {
		legend(c, 60*pixel, c.Max.Y-18*pixel, m.legend())
		p.Draw(draw.Crop(c, 6*pixel, -14*pixel, 6*pixel, -top*pixel))
	})
}

func (m patchMap) extent() (low, high float64) {
	for _, l := range m.layers {
		for _, dots := range [][]patchDot{l.denoising, l.noising} {
			for _, d := range dots {
				low, high = min(low, d.share), max(high, d.share)
			}
		}
	}
	if !(high > low) || math.IsInf(high-low, 0) {
		return -1, 1
	}
	air := 0.08 * (high - low)
	return low - air, high + air
}

func (m patchMap) background(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for k := 1; k < len(m.layers); k++ {
		c.StrokeLine2(line(mist, 1), x(float64(k)+0.5), c.Min.Y, x(float64(k)+0.5), c.Max.Y)
	}
	c.StrokeLine2(line(ink, 1.2), c.Min.X, y(0), c.Max.X, y(0))
}

func (m patchMap) draw(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := (x(2) - x(1)) / 4
	for k, l := range m.layers {
		m.swarm(c, x(float64(k+1))-half, 0.84*2*half, y, l.denoising, false)
		m.swarm(c, x(float64(k+1))+half, 0.84*2*half, y, l.noising, true)
	}
}

// swarm draws dots side by side where they would cover each other, and names the largest.
func (m patchMap) swarm(c draw.Canvas, middle, width vg.Length, y func(float64) vg.Length, dots []patchDot, noising bool) {
	const diameter = 8.0
	row := func(d patchDot) int { return int(math.Floor(float64(y(d.share)) / float64(pixel) / diameter)) }
	held, seen := map[int]int{}, map[int]int{}
	for _, d := range dots {
		held[row(d)]++
	}
	largest, at := -1, vg.Point{}
	for k, d := range dots {
		n := held[row(d)]
		apart := min(diameter, float64(width)/float64(pixel)/float64(n))
		offset := (float64(seen[row(d)]) - float64(n-1)/2) * apart
		seen[row(d)]++
		place := vg.Point{X: middle + vg.Length(offset)*pixel, Y: y(d.share)}
		drawPatchDot(c, place, noising, d.told)
		if largest < 0 || math.Abs(d.share) > math.Abs(dots[largest].share) {
			largest, at = k, place
		}
	}
	if largest < 0 || dots[largest].share == 0 {
		return
	}
	style := textStyle(regular, 12, ink)
	style.XAlign = draw.XCenter
	offset := 12 * pixel
	if dots[largest].share < 0 {
		offset = -offset
	}
	c.FillText(style, vg.Point{X: at.X, Y: at.Y + offset}, dots[largest].label)
}

func drawPatchDot(c draw.Canvas, at vg.Point, noising, full bool) {
	colour, shape, open := color.Color(blue), draw.GlyphDrawer(draw.CircleGlyph{}), draw.GlyphDrawer(draw.RingGlyph{})
	if noising {
		colour, shape, open = vermillion, draw.BoxGlyph{}, draw.SquareGlyph{}
	}
	if full {
		c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: 3.4 * pixel, Shape: shape}, at)
		return
	}
	c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: 3.4 * pixel, Shape: shape}, at)
	c.SetLineStyle(line(colour, 1.2))
	c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: 2.8 * pixel, Shape: open}, at)
}

func (m patchMap) legend() []legendEntry {
	sample := func(noising, full bool) func(draw.Canvas, vg.Length, vg.Length, vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) {
			drawPatchDot(c, vg.Point{X: (x0 + x1) / 2, Y: y}, noising, full)
		}
	}
	return []legendEntry{{"given back by denoising", sample(false, true)}, {"taken away by noising", sample(true, true)}, {"hollow: not told from 0", func(c draw.Canvas, x0, x1, y vg.Length) {
		drawPatchDot(c, vg.Point{X: (x0+x1)/2 - 6*pixel, Y: y}, false, false)
		drawPatchDot(c, vg.Point{X: (x0+x1)/2 + 6*pixel, Y: y}, true, false)
	}}}
}
