package reports

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"

	"neuroprobe/datasets"
)

// dots is a set of one image of so many values.
func dots(channels, h, w int, values ...float32) *datasets.Set {
	return &datasets.Set{Images: values, Labels: []int{0}, Channels: channels, Height: h, Width: w}
}

func TestPaint(t *testing.T) {
	grey := func(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} }
	for _, tt := range []struct {
		name string
		set  *datasets.Set
		w, h int
		want []color.RGBA
	}{
		{"one channel is grey", dots(1, 1, 2, 0, 1), 2, 1, []color.RGBA{grey(0), grey(255)}},
		{"three channels are red, green, blue", dots(3, 1, 1, 1, 0.5, 0), 1, 1, []color.RGBA{{255, 128, 0, 255}}},
		{"enlarged pixels stay square", dots(1, 1, 2, 0, 1), 4, 2, []color.RGBA{grey(0), grey(0), grey(255), grey(255), grey(0), grey(0), grey(255), grey(255)}},
		{"reduced pixels are means", dots(1, 2, 2, 0, 1, 1, 1), 1, 1, []color.RGBA{grey(191)}},
		{"values outside the range are clipped", dots(1, 1, 2, -3, 7), 2, 1, []color.RGBA{grey(0), grey(255)}},
	} {
		img := image.NewRGBA(image.Rect(0, 0, tt.w, tt.h))
		paint(img, img.Bounds(), tt.set, 0)
		for i, want := range tt.want {
			if got := img.RGBAAt(i%tt.w, i/tt.w); got != want {
				t.Errorf("%s: pixel %d is %v, want %v", tt.name, i, got, want)
			}
		}
	}
}

func TestThumbSize(t *testing.T) {
	for _, tt := range []struct{ w, h, wantW, wantH int }{
		{32, 32, 96, 96}, {28, 28, 84, 84}, {8, 8, 96, 96}, {96, 96, 96, 96}, {128, 64, 128, 64},
		{224, 224, 128, 128}, {640, 480, 128, 96}, {1000, 1, 128, 1}, {64, 64, 128, 128}, {1, 1, 96, 96},
	} {
		if got := thumbSize(tt.w, tt.h); got != image.Pt(tt.wantW, tt.wantH) {
			t.Errorf("%d×%d becomes %v, want %d×%d", tt.w, tt.h, got, tt.wantW, tt.wantH)
		}
	}
}

func TestFitKeepsArrowAndNumber(t *testing.T) {
	sans := font.DefaultCache.Lookup(regular, 13*pixel)
	face := sans.FontFace(96)
	for _, text := range []string{"cat → dog 0.93", "norwegian_forest_cat → dog 0.99", "norwegian_forest_cat → labrador_retriever 0.99", strings.Repeat("long ", 40) + "0.5"} {
		got := fit(face, text, 120)
		if w := xfont.MeasureString(face, got).Ceil(); w > 120 && strings.Count(text, " ") < 10 {
			t.Errorf("%q became %q, %d pixels wide", text, got, w)
		}
		if strings.Contains(text, "→") && !strings.Contains(got, "→") || got[strings.LastIndex(got, " "):] != text[strings.LastIndex(text, " "):] {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := fit(face, "cat → dog 0.93", 120); got != "cat → dog 0.93" {
		t.Errorf("text that fits became %q", got)
	}
}

func TestThumbnailsOfAnyShape(t *testing.T) {
	for _, set := range []*datasets.Set{
		dots(1, 28, 28, make([]float32, 28*28)...),
		dots(3, 40, 200, make([]float32, 3*40*200)...),
		dots(3, 1, 1, 0, 0, 0),
	} {
		data := thumbnailsPNG(set, []thumbnail{{frame: blue, word: "right", lines: []string{"a", "b"}}, {frame: mist}}, 1)
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if b, size := img.Bounds(), thumbSize(set.Width, set.Height); b.Dx() < size.X || b.Dy() < 2*size.Y {
			t.Errorf("%d×%d image: picture is %v", set.Width, set.Height, b)
		}
	}
}
