package reports

import (
	"fmt"
	"image/color"
	"math"

	"neuroprobe/ablate/circuit"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chainRows draws chains one below the other, from the image on the left to the output neuron on the
// right, a column a layer.
type chainRows struct {
	result *circuit.ChainsResult
	chains []circuit.Chain
	layers []string // names, 0 the image
	// channels is how many the image has.
	channels int
	// byLayer: a neuron stands in its layer's column. Where there are too many layers, in the order of the
	// chain.
	byLayer bool
}

// The layout of the rows, in pixels.
const (
	chainsTop     = 62
	chainsLeft    = 34
	chainsRow     = 50
	chainBox      = 24 // its height
	mostColumns   = 12
	drawnChains   = 12
	thickestLink  = 5.0
	thinnestLink  = 1.0
	thinBelowText = 56.0 // columns narrower than this between boxes have small figures
)

// newChainRows are the first chains of a result.
func newChainRows(x *circuit.ChainsResult, s Source) chainRows {
	layers := s.layerNames()
	return chainRows{x, x.Chains[:min(len(x.Chains), drawnChains)], layers, s.Set.Channels, len(layers) <= mostColumns}
}

func (r chainRows) columns() int {
	if r.byLayer {
		return len(r.layers)
	}
	most := 0
	for _, c := range r.chains {
		most = max(most, len(c.Neurons))
	}
	return most
}

// png draws the rows.
func (r chainRows) png() []byte {
	height := chainsTop + len(r.chains)*chainsRow + 8
	column := float64(plotWidth-chainsLeft-8) / float64(r.columns())
	box := min(64, column*0.56)
	return renderPNG(height, func(c draw.Canvas) {
		r.legend(c)
		if r.byLayer {
			style := textStyle(regular, 12, slate)
			style.XAlign = draw.XCenter
			for l, name := range r.layers {
				c.FillText(style, vg.Point{X: vg.Length(chainsLeft+(float64(l)+0.5)*column) * pixel, Y: vg.Length(height-chainsTop+8) * pixel}, elide(name, int(column/7)))
			}
		}
		for k, chain := range r.chains {
			row := chainRow{Canvas: c, rows: r, chain: chain, y: float64(height-chainsTop) - (float64(k)+0.5)*chainsRow, column: column, box: box}
			row.draw(k + 1)
		}
	})
}

// legend explains lines and figures.
func (r chainRows) legend(c draw.Canvas) {
	link := func(inhibitory bool) func(c draw.Canvas, x0, x1, y vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawLink(c, x0, x1, y, 2, inhibitory) }
	}
	legend(c, 14*pixel, c.Max.Y-16*pixel, []legendEntry{{"excitatory", link(false)}, {"inhibitory", link(true)}})
	c.FillText(textStyle(regular, 13, ink), vg.Point{X: 290 * pixel, Y: c.Max.Y - 16*pixel}, "figure and width: effect on y of corrupting the edge; framed: the weakest")
}

// chainRow is one chain being drawn; y, column and box are in pixels.
type chainRow struct {
	draw.Canvas
	rows           chainRows
	chain          circuit.Chain
	y, column, box float64
}

// middle is the place of a chain's k-th neuron.
func (r chainRow) middle(k int) float64 {
	at := k
	if r.rows.byLayer {
		at = r.rows.result.Node(r.chain.Neurons[k]).Neuron.Layer
	}
	return chainsLeft + (float64(at)+0.5)*r.column
}

func (r chainRow) draw(number int) {
	style := textStyle(bold, 13, ink)
	style.XAlign = draw.XRight
	r.FillText(style, vg.Point{X: (chainsLeft - 8) * pixel, Y: vg.Length(r.y) * pixel}, fmt.Sprint(number))
	for k, at := range r.chain.Links {
		r.link(k, r.rows.result.Links[at])
	}
	for k, id := range r.chain.Neurons {
		r.neuron(r.middle(k), r.rows.result.Node(id))
	}
}

// neuron is a box with the address, and the label below.
func (r chainRow) neuron(x float64, n circuit.Node) {
	box := rectangle(x-r.box/2, r.y-chainBox/2, r.box, chainBox)
	r.FillPolygon(color.White, box)
	r.StrokeLines(line(ink, 1.2), append(box, box[0]))
	style := textStyle(regular, min(13, r.box/3.6), ink)
	style.XAlign = draw.XCenter
	r.FillText(style, vg.Point{X: vg.Length(x) * pixel, Y: vg.Length(r.y) * pixel}, n.ID)
	label := n.Label
	if n.Layer == "input" {
		label = channelName(r.rows.channels, n.Neuron.Unit)
	}
	if label != "" {
		style = textStyle(regular, min(11, r.column/7), slate)
		style.XAlign = draw.XCenter
		r.FillText(style, vg.Point{X: vg.Length(x) * pixel, Y: vg.Length(r.y-chainBox/2-7) * pixel}, elide(label, int(r.column/min(11, r.column/7)*1.9)))
	}
}

// link is the line from the chain's k-th neuron to the next, with its effect.
func (r chainRow) link(k int, l circuit.Link) {
	from, to := r.middle(k)+r.box/2, r.middle(k+1)-r.box/2
	drawLink(r.Canvas, vg.Length(from)*pixel, vg.Length(to)*pixel, vg.Length(r.y)*pixel, linkWidth(l.Exact.Estimate, largestSize(r.rows.effects())), !l.Excitatory())
	size := 12.0
	if r.column-r.box < thinBelowText {
		size = 10
	}
	style := textStyle(regular, size, ink)
	style.XAlign = draw.XCenter
	text := signedFixed(l.Exact.Estimate, linkDecimals(r.rows.effects()))
	at := vg.Point{X: vg.Length((from+to)/2) * pixel, Y: vg.Length(r.y+11) * pixel}
	if k == r.chain.Weakest {
		style.Font.Weight = bold.Weight
		half := style.Width(text)/2/pixel + 3
		frame := rectangle((from+to)/2-float64(half), r.y+11-7, 2*float64(half), 14)
		r.StrokeLines(line(ink, 1), append(frame, frame[0]))
	}
	r.FillText(style, at, text)
}

// effects are those of all links drawn.
func (r chainRows) effects() (all []float64) {
	for _, c := range r.chains {
		for _, k := range c.Links {
			all = append(all, r.result.Links[k].Exact.Estimate)
		}
	}
	return all
}

// largestSize is the size of the largest of some numbers.
func largestSize(values []float64) float64 {
	largest := 0.0
	for _, v := range values {
		largest = max(largest, math.Abs(v))
	}
	return largest
}

// linkDecimals give the weakest of some effects one significant figure, and all of them two to four
// decimals; none of more than 10.
func linkDecimals(effects []float64) int {
	least, largest := math.Inf(1), 0.0
	for _, e := range effects {
		if size := math.Abs(e); size > tiny {
			least, largest = min(least, size), max(largest, size)
		}
	}
	if largest >= 10 || largest == 0 {
		return figureDecimals(largest)
	}
	return min(4, max(2, figureDecimals(least)-1))
}

// linkWidth is a line's width in pixels.
func linkWidth(effect, largest float64) float64 {
	return thinnestLink + (thickestLink-thinnestLink)*share01(effect, largest)
}

// drawLink draws a line from left to right that ends in an arrowhead, or, where it inhibits, a dashed one
// that ends in a bar.
func drawLink(c draw.Canvas, x0, x1, y vg.Length, width float64, inhibitory bool) {
	colour, s := blue, line(blue, width)
	if inhibitory {
		colour, s = vermillion, line(vermillion, width, 6, 3)
	}
	half := vg.Length(4+width/2) * pixel
	if inhibitory {
		c.StrokeLine2(s, x0, y, x1-3*pixel, y)
		c.StrokeLine2(line(colour, 3), x1-3*pixel, y-half, x1-3*pixel, y+half)
		return
	}
	c.StrokeLine2(s, x0, y, x1-8*pixel, y)
	c.FillPolygon(colour, []vg.Point{{X: x1 - 10*pixel, Y: y - half}, {X: x1 - pixel, Y: y}, {X: x1 - 10*pixel, Y: y + half}})
}

// rectangle has its lower left corner at x, y, all in pixels.
func rectangle(x, y, width, height float64) []vg.Point {
	p := func(x, y float64) vg.Point { return vg.Point{X: vg.Length(x) * pixel, Y: vg.Length(y) * pixel} }
	return []vg.Point{p(x, y), p(x+width, y), p(x+width, y+height), p(x, y+height)}
}
