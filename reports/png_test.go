package reports

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestPNGIsTheSamePicture: what is written is read back pixel by pixel, whatever repeats in it, and wherever it lies.
func TestPNGIsTheSamePicture(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	whole := image.NewRGBA(image.Rect(-3, 6, 47, 45))
	for y := 6; y < 45; y++ {
		for x := -3; x < 47; x++ {
			c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
			if y%3 > 0 {
				c = whole.RGBAAt(x, y-1)
			}
			whole.SetRGBA(x, y, c)
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 7, 2))
	grey.SetGray(3, 1, color.Gray{200})
	for _, img := range []image.Image{whole, whole.SubImage(image.Rect(4, 9, 20, 31)), grey} {
		got, err := png.Decode(bytes.NewReader(encodePNG(img)))
		if err != nil {
			t.Fatal(err)
		}
		b := img.Bounds()
		if got.Bounds().Size() != b.Size() {
			t.Fatalf("%v, want %v", got.Bounds(), b)
		}
		for y := range b.Dy() {
			for x := range b.Dx() {
				want := color.RGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y))
				if c := color.RGBAModel.Convert(got.At(x, y)); c != want {
					t.Fatalf("pixel %d,%d is %v, want %v", x, y, c, want)
				}
			}
		}
	}
}
