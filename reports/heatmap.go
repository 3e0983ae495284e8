package reports

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	xfont "golang.org/x/image/font"
	fix "golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"

	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// heat lays an activation map over an image: the image turns grey and dark, and glows where the
// unit is active, the lighter the more active, so that nothing is told by hue alone. What is in the
// image shows through.
type heat struct {
	values     []float32 // rows × cols
	rows, cols int
	// top is the activation of the brightest colour; 0 and all below it leave the image grey.
	top float64
}

// level is the map at a point of the image, in parts of top from 0 to 1: bilinear between the
// positions of the map, each of which stands for the middle of its share of the image. x and y
// run from 0 to 1 over the image.
func (h heat) level(x, y float64) float64 {
	if !(h.top > 0) {
		return 0
	}
	x0, x1, right := between(x, h.cols)
	y0, y1, down := between(y, h.rows)
	at := func(row, col int) float64 { return float64(h.values[row*h.cols+col]) }
	upper := at(y0, x0)*(1-right) + at(y0, x1)*right
	lower := at(y1, x0)*(1-right) + at(y1, x1)*right
	level := (upper*(1-down) + lower*down) / h.top
	if math.IsNaN(level) {
		return 0
	}
	return min(max(level, 0), 1)
}

// between are the two of n positions around a place from 0 to 1, and how far it is from the first
// to the second; beyond the outermost positions, both are the same.
func between(place float64, n int) (before, after int, part float64) {
	p := min(max(place*float64(n)-0.5, 0), float64(n-1))
	before = int(p)
	return before, min(before+1, n-1), p - float64(before)
}

// over lays the map over a picture of an image of width × height pixels that fills a rectangle. Where the
// picture enlarges the image, each of its pixels has one level, as it has one colour: no map is finer,
// and the file is a third as large.
func (h heat) over(dst *image.RGBA, r image.Rectangle, width, height int) {
	columns, lines := min(width, r.Dx()), min(height, r.Dy())
	for y := range r.Dy() {
		for x := range r.Dx() {
			level := h.level((float64(x*columns/r.Dx())+0.5)/float64(columns), (float64(y*lines/r.Dy())+0.5)/float64(lines))
			px, py := r.Min.X+x, r.Min.Y+y
			dst.SetRGBA(px, py, glowing(dst.RGBAAt(px, py), level))
		}
	}
}

// glowing is a pixel under a level of activation from 0 to 1.
func glowing(c color.RGBA, level float64) color.RGBA {
	const dim, strongest = 0.55, 0.85 // of an inactive pixel's brightness; of the glow's share
	// Rec. 709 weights: how bright the eye finds red, green and blue.
	grey := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
	glow := glowAt(level)
	share := strongest * math.Pow(level, 0.7)
	mix := func(g uint8) uint8 {
		// The glow is darker where the image is, so that its lines stay visible.
		shaded := float64(g) * (0.8 + 0.2*grey/255)
		return uint8(dim*grey*(1-share) + shaded*share + 0.5)
	}
	return color.RGBA{mix(glow.R), mix(glow.G), mix(glow.B), 0xFF}
}

// glowColours are support points of the upper part of matplotlib's inferno (N. Smith and S. van
// der Walt, 2015), whose lightness rises evenly.
var glowColours = []color.RGBA{
	{101, 21, 110, 255}, {159, 42, 99, 255}, {212, 72, 66, 255}, {245, 125, 21, 255}, {250, 193, 39, 255}, {252, 255, 164, 255},
}

// glowAt is the colour of a level from 0 to 1.
func glowAt(level float64) color.RGBA {
	at := level * float64(len(glowColours)-1)
	k := min(int(at), len(glowColours)-2)
	a, b, part := glowColours[k], glowColours[k+1], at-float64(k)
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-part) + float64(y)*part + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xFF}
}

// heatRow is a row of images of one unit under a title. Where the unit has maps, they share the
// scale from 0 to top.
type heatRow struct {
	title     string
	exemplars []probe.Exemplar
	top       float64
}

// newHeatRow is a row whose scale ends at its own highest activation.
func newHeatRow(title string, exemplars []probe.Exemplar) heatRow {
	return heatRow{title, exemplars, highestOf(exemplars)}
}

// highestOf is the highest activation of the maps, 0 where none is above it or there are none.
func highestOf(exemplars []probe.Exemplar) float64 {
	top := 0.0
	for _, e := range exemplars {
		for _, v := range e.Map {
			top = max(top, float64(v))
		}
	}
	return top
}

// caption is the title, with the end of the scale where there are maps.
func (r heatRow) caption() string {
	if !slices.ContainsFunc(r.exemplars, mapped) {
		return r.title
	}
	return r.title + " · scale to " + Number(r.top)
}

// heatSheet is a picture of rows of images.
type heatSheet struct {
	set    *datasets.Set
	rows   []heatRow
	paired bool // each image twice: as it is, and under the map
	perRow int  // images in a line; a row takes as many lines as it needs
}

// The layout of a sheet, in pixels.
const (
	sheetTitle  = 26 // the line with a row's title
	sheetScale  = 30 // the strip with the colour scale at the top
	sheetGap    = 8  // between images
	scaleWidth  = 120
	scaleHeight = 12
)

// mapped tells whether an image has a map to lay over it.
func mapped(e probe.Exemplar) bool { return len(e.Map) > 0 && len(e.Map) == e.Rows*e.Cols }

// hasMaps tells whether any image of the rows has a map.
func (s heatSheet) hasMaps() bool {
	return slices.ContainsFunc(s.rows, func(r heatRow) bool { return slices.ContainsFunc(r.exemplars, mapped) })
}

// png draws the sheet. There must be an image.
func (s heatSheet) png() []byte {
	size := thumbSize(s.set.Width, s.set.Height)
	maps := s.hasMaps()
	cell := image.Pt(size.X, size.Y+thumbLine)
	if s.paired && maps {
		cell.X = 2*size.X + 2
	}
	img := s.canvas(cell, maps)
	y := thumbMargin
	if maps {
		drawScale(img, thumbMargin, y)
		y += sheetScale
	}
	for _, r := range s.rows {
		writeLeft(img, bold, 14, ink, r.caption(), thumbMargin, y+16, img.Bounds().Dx()-2*thumbMargin)
		y += sheetTitle
		for k, e := range r.exemplars {
			corner := image.Pt(thumbMargin+k%s.perRow*(cell.X+sheetGap), y+k/s.perRow*(cell.Y+sheetGap))
			s.drawExemplar(img, corner, size, cell, e, r.top)
		}
		y += s.lines(r) * (cell.Y + sheetGap)
	}
	return encodePNG(img)
}

// lines is how many lines of images a row takes.
func (s heatSheet) lines(r heatRow) int { return (len(r.exemplars) + s.perRow - 1) / s.perRow }

// canvas is a white picture with room for all rows of cells.
func (s heatSheet) canvas(cell image.Point, maps bool) *image.RGBA {
	height, most := 2*thumbMargin, 1
	if maps {
		height += sheetScale
	}
	for _, r := range s.rows {
		height += sheetTitle + s.lines(r)*(cell.Y+sheetGap)
		most = max(most, min(len(r.exemplars), s.perRow))
	}
	width := max(2*thumbMargin+most*(cell.X+sheetGap)-sheetGap, sheetLeast)
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	return img
}

// sheetLeast is the least width of a sheet: room for the scale and the titles.
const sheetLeast = 620

// drawExemplar draws one image, with its value underneath.
func (s heatSheet) drawExemplar(dst *image.RGBA, corner, size, cell image.Point, e probe.Exemplar, top float64) {
	picture := image.Rectangle{Max: size}.Add(corner)
	paint(dst, picture, s.set, e.Image)
	if mapped(e) {
		if s.paired {
			picture = picture.Add(image.Pt(size.X+2, 0))
			paint(dst, picture, s.set, e.Image)
		}
		heat{e.Map, e.Rows, e.Cols, top}.over(dst, picture, s.set.Width, s.set.Height)
	}
	writeCentred(dst, regular, 13, ink, Number(e.Value), corner.X+cell.X/2, corner.Y+size.Y+thumbLine-2, cell.X)
}

// drawScale draws the colours over a light grey, and says what their ends are.
func drawScale(dst *image.RGBA, x, y int) {
	bar := image.Rect(0, 0, scaleWidth, scaleHeight).Add(image.Pt(x+16, y+5))
	for px := range scaleWidth {
		c := glowing(color.RGBA{0xC0, 0xC0, 0xC0, 0xFF}, float64(px)/(scaleWidth-1))
		draw.Draw(dst, image.Rect(px, 0, px+1, scaleHeight).Add(bar.Min), image.NewUniform(c), image.Point{}, draw.Src)
	}
	writeLeft(dst, regular, 13, ink, "0", x+2, bar.Max.Y-1, scaleWidth)
	writeLeft(dst, regular, 13, ink, "activation; where the scale ends stands with each row", bar.Max.X+8, bar.Max.Y-1, sheetLeast)
}

// writeLeft writes one line of text from x on, cut off with "…" where it is wider than width.
func writeLeft(dst *image.RGBA, f font.Font, size float64, c color.Color, text string, x, baseline, width int) {
	face := font.DefaultCache.Lookup(f, font.Length(size)*pixel)
	d := xfont.Drawer{Dst: dst, Src: image.NewUniform(c), Face: face.FontFace(96)}
	d.Dot = fix.P(x, baseline)
	d.DrawString(fit(d.Face, plain(text), width))
}
