package reports

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// The expected levels are bilinear by hand: two positions stand for the points ¼ and ¾ of the
// image, and what is beyond them takes the nearer one's value.
func TestHeatLevels(t *testing.T) {
	nan := float32(math.NaN())
	row, square := []float32{0, 2}, []float32{0, 1, 2, 3}
	for _, tt := range []struct {
		name string
		heat
		x, y, want float64
	}{
		{"left edge", heat{row, 1, 2, 2}, 0, 0.5, 0},
		{"first position", heat{row, 1, 2, 2}, 0.25, 0.5, 0},
		{"a quarter of the way", heat{row, 1, 2, 2}, 0.375, 0.5, 0.25},
		{"middle", heat{row, 1, 2, 2}, 0.5, 0, 0.5},
		{"second position", heat{row, 1, 2, 2}, 0.75, 0.9, 1},
		{"right edge", heat{row, 1, 2, 2}, 1, 1, 1},
		{"twice the scale is half the level", heat{row, 1, 2, 4}, 0.75, 0.5, 0.5},
		{"above the scale is its end", heat{row, 1, 2, 1}, 0.75, 0.5, 1},
		{"rows run downwards", heat{square, 2, 2, 3}, 0.25, 0.75, 2.0 / 3},
		{"middle of four", heat{square, 2, 2, 3}, 0.5, 0.5, 0.5},
		{"one position is everywhere", heat{[]float32{3}, 1, 1, 3}, 0.1, 0.9, 1},
		{"below 0 is silent", heat{[]float32{-1}, 1, 1, 3}, 0.5, 0.5, 0},
		{"nothing above 0", heat{row, 1, 2, 0}, 0.75, 0.5, 0},
		{"no number", heat{[]float32{nan}, 1, 1, 3}, 0.5, 0.5, 0},
	} {
		if got := tt.level(tt.x, tt.y); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: level is %v, want %v", tt.name, got, tt.want)
		}
	}
}

// light is how bright the eye finds a colour (Rec. 709 weights).
func light(c color.RGBA) float64 {
	return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
}

// What is silent is grey and darker than the image. What is active is told by lightness, from a
// middle grey up, so that hue is not needed.
func TestGlow(t *testing.T) {
	silent := glowing(color.RGBA{200, 40, 90, 255}, 0)
	if silent.R != silent.G || silent.G != silent.B || light(silent) >= light(color.RGBA{200, 40, 90, 255}) {
		t.Errorf("a silent pixel is %v, want a darker grey", silent)
	}
	for _, base := range []uint8{0, 80, 128} {
		before := light(glowing(color.RGBA{base, base, base, 255}, 0.2))
		for level := 0.25; level <= 1; level += 0.05 {
			now := light(glowing(color.RGBA{base, base, base, 255}, level))
			if now <= before {
				t.Errorf("over grey %d, level %.2f is no lighter than the one before: %.1f and %.1f", base, level, now, before)
			}
			before = now
		}
	}
	// The image shows through: even under the strongest activation, dark lines stay darker.
	if dark, bright := light(glowing(color.RGBA{A: 255}, 1)), light(glowing(color.RGBA{255, 255, 255, 255}, 1)); bright-dark < 40 {
		t.Errorf("under the glow black is %.0f and white %.0f: the image is lost", dark, bright)
	}
}

// Half of the image glows, the other half is grey.
func TestHeatOverAnImage(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	paint(img, img.Bounds(), dots(1, 1, 1, 0.5), 0)
	heat{[]float32{0, 0, 0, 5}, 1, 4, 5}.over(img, image.Rect(0, 0, 8, 4), 4, 1)
	if c := img.RGBAAt(1, 1); c.R != c.B || c.R >= 128 {
		t.Errorf("the silent side is %v, want a dark grey", c)
	}
	if c := img.RGBAAt(7, 1); c.R < 150 || c.B > c.R-50 {
		t.Errorf("the active side is %v, want a bright yellow", c)
	}
	if c := img.RGBAAt(7, 6); c != (color.RGBA{128, 128, 128, 255}) {
		t.Errorf("outside the rectangle is %v, want the image as it was", c)
	}
}

// An enlarged pixel of the image stays one colour; a picture smaller than the image has as many as it can show.
func TestHeatHasTheImagesPixels(t *testing.T) {
	for side, want := range map[int]int{4: 4, 2: 2, 100: 8} {
		img := image.NewRGBA(image.Rect(0, 0, 8, 8))
		paint(img, img.Bounds(), dots(1, 1, 1, 0.5), 0)
		heat{[]float32{0, 1, 2, 3, 4, 5, 6, 7}, 1, 8, 7}.over(img, img.Bounds(), side, side)
		colours := map[color.RGBA]bool{}
		for x := range 8 {
			colours[img.RGBAAt(x, 3)] = true
		}
		if len(colours) != want {
			t.Errorf("an image %d pixels wide has %d colours along 8, want %d", side, len(colours), want)
		}
	}
}

func TestScaleOfARow(t *testing.T) {
	exemplars := []probe.Exemplar{{Map: []float32{-3, 1}, Rows: 1, Cols: 2}, {Map: []float32{2.5, 0}, Rows: 1, Cols: 2}, {}}
	if r := newHeatRow("3:17", exemplars); r.top != 2.5 || r.caption() != "3:17 · scale to 2.50" {
		t.Errorf("scale of the row ends at %v, its title is %q", r.top, r.caption())
	}
	if r := newHeatRow("4:0", exemplars[2:]); r.top != 0 || r.caption() != "4:0" {
		t.Errorf("without maps the scale ends at %v, the title is %q", r.top, r.caption())
	}
}

// Sheets come out for images of any shape, and only units with maps get a scale and pairs.
func TestSheetsOfAnyShape(t *testing.T) {
	decode := func(s heatSheet) image.Rectangle {
		img, err := png.Decode(bytes.NewReader(s.png()))
		if err != nil {
			t.Fatal(err)
		}
		return img.Bounds()
	}
	with := probe.Exemplar{Value: 1, Map: []float32{1, 2, 3, 4}, Rows: 2, Cols: 2}
	for _, set := range []*datasets.Set{dots(1, 28, 28, make([]float32, 28*28)...), dots(3, 40, 200, make([]float32, 3*40*200)...), dots(3, 1, 1, 0, 0, 0)} {
		size := thumbSize(set.Width, set.Height)
		plain := decode(heatSheet{set: set, perRow: 3, paired: true, rows: []heatRow{newHeatRow("a", make([]probe.Exemplar, 4))}})
		pairs := decode(heatSheet{set: set, perRow: 3, paired: true, rows: []heatRow{newHeatRow("a", []probe.Exemplar{with, with, with, with})}})
		if pairs.Dy()-plain.Dy() != sheetScale || plain.Dy() < 2*size.Y || pairs.Dx() < 6*size.X {
			t.Errorf("%d×%d images: plain sheet %v, pairs %v", set.Width, set.Height, plain, pairs)
		}
	}
}
