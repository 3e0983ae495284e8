package reports

import (
	"image/color"
	"math"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The colours of all pictures: Okabe and Ito's palette, which colour-blind readers can tell
// apart, and greys. Nothing is told by colour alone.
var (
	blue       = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	vermillion = color.RGBA{0xD5, 0x5E, 0x00, 0xFF}
	green      = color.RGBA{0x00, 0x9E, 0x73, 0xFF}
	ink        = color.RGBA{0x24, 0x29, 0x2F, 0xFF}
	slate      = color.RGBA{0x6E, 0x77, 0x81, 0xFF}
	mist       = color.RGBA{0xE4, 0xE8, 0xEC, 0xFF}
)

// pixel is one pixel of a picture; plotWidth pixels fit a code host's page at 100 %.
const (
	pixel     = vg.Inch / vgimg.DefaultDPI
	plotWidth = 800
)

// The fonts of plots and thumbnails: Liberation Sans, which gonum/plot carries with it, so that
// a picture does not depend on the machine.
var (
	regular = font.Font{Typeface: "Liberation", Variant: "Sans"}
	bold    = font.Font{Typeface: "Liberation", Variant: "Sans", Weight: xfont.WeightBold}
)

// textStyle is text of a size in pixels, placed by its left edge and its vertical centre.
func textStyle(f font.Font, size float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: font.From(f, vg.Length(size)*pixel), XAlign: draw.XLeft, YAlign: draw.YCenter,
		Handler: plot.DefaultTextHandler}
}

// newPlot is an empty plot in the house style.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	for _, axis := range []struct {
		*plot.Axis
		label string
	}{{&p.X, x}, {&p.Y, y}} {
		axis.Label.Text = axis.label
		axis.Label.Padding = 6 * pixel
		axis.Padding = 0
		axis.LineStyle = line(slate, 1)
		axis.Tick.LineStyle = line(slate, 1)
		axis.Tick.Length = 4 * pixel
		restyle(&axis.Label.TextStyle, 14, ink)
		restyle(&axis.Tick.Label, 13, ink)
	}
	return p
}

// restyle keeps the alignment that the axis chose.
func restyle(s *text.Style, size float64, c color.Color) {
	x, y, rotation := s.XAlign, s.YAlign, s.Rotation
	*s = textStyle(regular, size, c)
	s.XAlign, s.YAlign, s.Rotation = x, y, rotation
}

func line(c color.Color, width float64, dashes ...float64) draw.LineStyle {
	s := draw.LineStyle{Color: c, Width: vg.Length(width) * pixel}
	for _, d := range dashes {
		s.Dashes = append(s.Dashes, vg.Length(d)*pixel)
	}
	return s
}

// drawing is a function as a plotter.
type drawing func(c draw.Canvas, p *plot.Plot)

// Plot implements plot.Plotter.
func (d drawing) Plot(c draw.Canvas, p *plot.Plot) { d(c, p) }

// gridLines are subtle lines at the ticks, below everything else.
func gridLines(horizontal, vertical bool) drawing {
	return func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		if vertical {
			for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
				c.StrokeLine2(line(mist, 1), x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
			}
		}
		if horizontal {
			for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
				c.StrokeLine2(line(mist, 1), c.Min.X, y(t.Value), c.Max.X, y(t.Value))
			}
		}
	}
}

// ticks are about so many ticks at round numbers, at least `least` apart.
type ticks struct {
	about int
	least float64
	sign  bool // a plus before positive numbers
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	step, decimals := t.step(high - low)
	var out []plot.Tick
	for k := math.Ceil(low/step - tiny); k*step <= high+step*tiny; k++ {
		label := fixed(k*step, decimals)
		if t.sign {
			label = signedFixed(k*step, decimals)
		}
		out = append(out, plot.Tick{Value: k * step, Label: label})
	}
	return out
}

// step is a round distance between ticks, and the decimals its multiples need.
func (t ticks) step(span float64) (step float64, decimals int) {
	if !(span > 0) {
		return 1, 0
	}
	want := max(span/float64(t.about), t.least)
	exponent := math.Floor(math.Log10(want))
	power := math.Pow(10, exponent)
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * power; step >= want*(1-tiny) {
			break
		}
	}
	return step, max(0, -int(math.Floor(math.Log10(step)+tiny)))
}

// renderPNG draws a picture of plotWidth × height pixels.
func renderPNG(height int, paint func(c draw.Canvas)) []byte {
	img := vgimg.New(plotWidth*pixel, vg.Length(height)*pixel)
	paint(draw.New(img))
	return encodePNG(img.Image())
}

// legend writes a row of samples and names from left to right, at the vertical centre y.
func legend(c draw.Canvas, x, y vg.Length, entries []legendEntry) {
	style := textStyle(regular, 13, ink)
	for _, e := range entries {
		e.sample(c, x, x+30*pixel, y)
		c.FillText(style, vg.Point{X: x + 37*pixel, Y: y}, e.name)
		x += 37*pixel + style.Width(e.name) + 28*pixel
	}
}

type legendEntry struct {
	name   string
	sample func(c draw.Canvas, x0, x1, y vg.Length)
}

// elide shortens a name to at most so many characters.
func elide(name string, characters int) string {
	runes := []rune(plain(name))
	if len(runes) <= characters {
		return string(runes)
	}
	return string(runes[:characters-1]) + "…"
}
