package datasets

import (
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// photoFile writes a picture of w×h pixels: its left half is c, the rest black.
func photoFile(t *testing.T, w, h int, c color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.Black)
			if x < w/2 {
				img.Set(x, y, c)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "my.png")
	if err := os.WriteFile(path, pngOf(t, img), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadPhoto: a photo comes out as the folder form would read it, in the set's shape.
func TestReadPhoto(t *testing.T) {
	path := photoFile(t, 8, 8, color.RGBA{255, 51, 0, 255})
	colour := Set{Channels: 3, Height: 8, Width: 8}
	p, err := colour.ReadPhoto(path)
	if err != nil {
		t.Fatal(err)
	}
	want := readPhoto(filepath.Dir(path), filepath.Base(path), 8)
	if len(p.Pixels) != 192 || p.Greyed || p.Enlarged || p.Width != 8 {
		t.Fatalf("%d values, %+v", len(p.Pixels), p)
	}
	for k, v := range p.Pixels {
		if v != float32(want.pixels[k])/255 {
			t.Fatalf("value %d is %v, the folder form has byte %d", k, v, want.pixels[k])
		}
	}
	gray := Set{Channels: 1, Height: 8, Width: 8}
	if p, err = gray.ReadPhoto(path); err != nil || !p.Greyed || len(p.Pixels) != 64 {
		t.Fatalf("%+v, %v", p, err)
	}
	if got, want := float64(p.Pixels[0]), 0.299+0.587*0.2; math.Abs(got-want) > 1e-6 || p.Pixels[7] != 0 {
		t.Errorf("gray %v, want %v", got, want)
	}
	// The square at the centre: of 24×8 pixels whose left 12 are white, 4 columns of 8.
	wide, err := colour.ReadPhoto(photoFile(t, 24, 8, color.White))
	if err != nil || !slices.Equal(wide.Pixels[:8], []float32{1, 1, 1, 1, 0, 0, 0, 0}) {
		t.Errorf("%v, %v", wide, err)
	}
	large := Set{Channels: 3, Height: 32, Width: 32}
	if p, err = large.ReadPhoto(path); err != nil || !p.Enlarged || len(p.Pixels) != 3*32*32 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestReadPhotoRefuses(t *testing.T) {
	square := Set{Channels: 3, Height: 8, Width: 8}
	text := filepath.Join(t.TempDir(), "note.jpg")
	if err := os.WriteFile(text, []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set        Set
		path, want string
	}{
		{square, filepath.Join(t.TempDir(), "none.png"), "none.png: "},
		{square, text, "note.jpg: no image (JPEG and PNG can be read)"},
		{square, t.TempDir(), "directory"},
		{Set{Channels: 3, Height: 8, Width: 9}, text, "do not fit images of 3 channels of 8×9 pixels"},
		{Set{Channels: 2, Height: 8, Width: 8}, text, "do not fit images of 2 channels"},
	} {
		if _, err := c.set.ReadPhoto(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.path, err, c.want)
		}
	}
}
