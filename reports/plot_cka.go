package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"neuroprobe/probe"
)

// ckaMaps are matrices of similarities side by side, on one scale of colours from 0 to 1.
type ckaMaps struct{ maps []ckaMap }

// ckaMap has A's layers as rows and B's as columns, and a frame around what beats the null.
type ckaMap struct {
	title      string
	rows, cols []string
	cells      [][]probe.SimilarityCell
	tested     bool
}

// The layout of the maps, in pixels.
const (
	ckaTop     = 66 // scale and titles
	ckaLargest = 58 // cell
	ckaRight   = 14
)

func (d ckaMaps) png() []byte {
	widest, rows, cols := vg.Length(0), 0, 0
	for _, m := range d.maps {
		for _, name := range append(append([]string(nil), m.rows...), m.cols...) {
			widest = max(widest, textStyle(regular, 13, ink).Width(elide(name, longestLayer))/pixel)
		}
		rows, cols = max(rows, len(m.rows)), max(cols, len(m.cols))
	}
	left := float64(widest) + 22
	width := float64(plotWidth) / float64(len(d.maps))
	cell := math.Min(ckaLargest, math.Floor((width-left-ckaRight)/float64(cols)))
	bottom := float64(widest) + 18
	height := ckaTop + float64(rows)*cell + bottom
	return renderPNG(int(height), func(c draw.Canvas) {
		d.scale(c)
		for k, m := range d.maps {
			g := matrixGrid{c, float64(k)*width + left, height - ckaTop, cell}
			m.draw(g)
		}
	})
}

// longestLayer is how many characters of a layer's name are shown.
const longestLayer = 14

func (m ckaMap) draw(g matrixGrid) {
	g.FillText(textStyle(bold, 14, ink), g.corner(0, 0).Add(vg.Point{Y: 13 * pixel}), m.title)
	for i, row := range m.cells {
		for j, c := range row {
			v := float64(c.Debiased)
			g.fill(i, j, mixed(blue, share01(max(0, v), 1)))
			if m.tested && c.Beats() {
				g.frame(i, j)
			}
			style := textStyle(regular, min(12, g.cell*0.4), ink)
			style.XAlign = draw.XCenter
			if v > 0.55 {
				style.Color = color.White
			}
			if g.cell >= 18 {
				decimals := 2
				if g.cell < 30 {
					decimals = 1
				}
				g.FillText(style, g.centre(i, j), fixed(v, decimals))
			}
		}
	}
	for i, name := range m.rows {
		style := textStyle(regular, min(13, max(8, g.cell-1)), ink)
		style.XAlign = draw.XRight
		g.FillText(style, g.corner(float64(i)+0.5, 0).Add(vg.Point{X: -7 * pixel}), elide(name, longestLayer))
	}
	for j, name := range m.cols {
		style := textStyle(regular, min(13, max(8, g.cell-1)), ink)
		style.XAlign, style.Rotation = draw.XRight, math.Pi/2
		g.FillText(style, g.corner(float64(len(m.rows)), float64(j)+0.5).Add(vg.Point{Y: -7 * pixel}), elide(name, longestLayer))
	}
}

// scale explains colours and frames above the maps.
func (d ckaMaps) scale(c draw.Canvas) {
	text := textStyle(regular, 13, ink)
	y := c.Max.Y - 16*pixel
	c.FillText(text, vg.Point{X: 16 * pixel, Y: y}, "debiased CKA  0")
	from := 16*pixel + text.Width("debiased CKA  0") + 8*pixel
	for k := range scaleLength {
		x := from + vg.Length(k)*pixel
		fillRect(c, mixed(blue, float64(k)/(scaleLength-1)), x, y-scaleBreadth/2*pixel, x+pixel, y+scaleBreadth/2*pixel)
	}
	end := "1"
	if d.maps[0].tested {
		end += "   ·   framed: beats shuffled images (adjusted p < 0.05)"
	}
	c.FillText(text, vg.Point{X: from + (scaleLength+8)*pixel, Y: y}, end)
}
