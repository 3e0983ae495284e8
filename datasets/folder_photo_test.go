package datasets

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"
)

// withPNGSize changes the size in a PNG's header, checksum included.
func withPNGSize(data []byte, width, height uint32) []byte {
	data = slices.Clone(data)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// TestDecodePhotoKinds: one pixel value, stored in every way a PNG can.
func TestDecodePhotoKinds(t *testing.T) {
	bounds := image.Rect(0, 0, 8, 8)
	fill := func(img draw.Image, c color.Color) image.Image {
		draw.Draw(img, bounds, image.NewUniform(c), image.Point{}, draw.Src)
		return img
	}
	for _, c := range []struct {
		name string
		img  image.Image
		want [3]byte
		gray bool
	}{
		{"gray", fill(image.NewGray(bounds), color.Gray{77}), [3]byte{77, 77, 77}, true},
		{"16-bit gray", fill(image.NewGray16(bounds), color.Gray16{0x4dff}), [3]byte{0x4d, 0x4d, 0x4d}, true},
		{"RGB", fill(image.NewRGBA(bounds), color.RGBA{1, 2, 254, 255}), [3]byte{1, 2, 254}, false},
		{"16-bit RGB", fill(image.NewNRGBA64(bounds), color.NRGBA64{0x0102, 0xfe00, 0x80ff, 0xffff}), [3]byte{0x01, 0xfe, 0x80}, false},
		{"palette", fill(image.NewPaletted(bounds, color.Palette{color.Black, color.RGBA{9, 8, 7, 255}}), color.RGBA{9, 8, 7, 255}), [3]byte{9, 8, 7}, false},
		{"transparent is white", fill(image.NewNRGBA(bounds), color.NRGBA{10, 20, 30, 0}), [3]byte{255, 255, 255}, false},
		{"half transparent", fill(image.NewNRGBA(bounds), color.NRGBA{0, 0, 255, 128}), [3]byte{127, 127, 255}, false},
		{"transparent palette", fill(image.NewPaletted(bounds, color.Palette{color.NRGBA{}, color.Black}), color.NRGBA{}), [3]byte{255, 255, 255}, false},
	} {
		p, err := decodePhoto(pngOf(t, c.img), 8, 64)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := [3]byte{p.pixels[9], p.pixels[64+9], p.pixels[128+9]}; got != c.want || p.gray != c.gray {
			t.Errorf("%s: pixel %v, gray %t, want %v and %t", c.name, got, p.gray, c.want, c.gray)
		}
	}
}

// TestSquareKeepsPixels: an image of the right size comes through unchanged, all 256 values.
func TestSquareKeepsPixels(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for k := range 256 {
		img.Set(k%16, k/16, color.NRGBA{uint8(k), uint8(255 - k), uint8(k / 2), 255})
	}
	p, err := decodePhoto(pngOf(t, img), 16, 256)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 256 {
		if got := [3]byte{p.pixels[k], p.pixels[256+k], p.pixels[512+k]}; got != [3]byte{byte(k), byte(255 - k), byte(k / 2)} {
			t.Fatalf("pixel %d became %v", k, got)
		}
	}
}

// TestSquareCropsCentre: only the middle of a wide and of a high image is left.
func TestSquareCropsCentre(t *testing.T) {
	for _, size := range []image.Point{{64, 16}, {16, 64}} {
		img := image.NewNRGBA(image.Rect(0, 0, size.X, size.Y))
		draw.Draw(img, img.Rect, image.NewUniform(red), image.Point{}, draw.Src)
		draw.Draw(img, centre(img.Rect), image.NewUniform(blue), image.Point{}, draw.Src)
		p, err := decodePhoto(pngOf(t, img), 8, 1<<12)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Max(p.pixels[:64]) != 0 || slices.Min(p.pixels[128:]) != 255 {
			t.Errorf("%v: the edges show: %v", size, p.pixels)
		}
	}
}

func FuzzDecodePhoto(f *testing.F) {
	seed := plain(f, 10, 8, red)
	f.Add(seed)
	f.Add(seed[:40])
	f.Add(withPNGSize(seed, 1<<31-1, 1<<31-1))
	f.Add(withPNGSize(seed, 60, 60))
	f.Add(jpegOf(f, image.NewGray(image.Rect(0, 0, 9, 9))))
	f.Add(pngOf(f, image.NewPaletted(image.Rect(0, 0, 3, 3), color.Palette{color.White})))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePhoto(data, 8, 1<<12)
		if err != nil {
			return
		}
		if len(p.pixels) != 3*8*8 || p.width*p.height > 1<<12 {
			t.Errorf("%d values of %d×%d pixels", len(p.pixels), p.width, p.height)
		}
	})
}
