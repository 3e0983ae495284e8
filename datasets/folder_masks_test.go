package datasets

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// maskOf makes a mask of the given size that covers the rectangles.
func maskOf(t testing.TB, width, height int, covered ...image.Rectangle) []byte {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for _, r := range covered {
		draw.Draw(img, r, image.NewUniform(color.Gray{3}), image.Point{}, draw.Src) // 3, not 255: any value but 0
	}
	return pngOf(t, img)
}

func TestMasks(t *testing.T) {
	files := petFolder(t, 1, Splits...)
	files["masks/ears/train/cat/train0.png"] = maskOf(t, 8, 8, image.Rect(0, 0, 2, 1))
	files["masks/ears/train/dog/train0.png"] = maskOf(t, 8, 8) // covers nothing
	files["masks/tail/confirm/dog/confirm0.png"] = maskOf(t, 8, 8, image.Rect(7, 7, 8, 8))
	s := mustOpen(t, "folder", writeFiles(t, files), Options{Size: 8})
	if !s.HasMasks() || !slices.Equal(s.Parts, []string{"ears", "tail"}) {
		t.Fatalf("parts %v", s.Parts)
	}
	want := map[string][]int{"train/cat/train0.png ears": {0, 1}, "confirm/dog/confirm0.png tail": {63}}
	for i, name := range s.Names {
		for k, part := range s.Parts {
			var on []int
			for j, b := range s.Mask(i, k) {
				if b {
					on = append(on, j)
				}
			}
			if !slices.Equal(on, want[name+" "+part]) {
				t.Errorf("%s %s: pixels %v, want %v", name, part, on, want[name+" "+part])
			}
			if visible := s.Mask(i, k) != nil; visible != (on != nil) {
				t.Errorf("%s %s: a mask that covers nothing", name, part)
			}
		}
	}
}

// TestSquareMask: a pixel belongs if at least half of its area does; worked out by hand.
func TestSquareMask(t *testing.T) {
	for _, c := range []struct {
		name    string
		w, h    int
		covered image.Rectangle
		size    int
		want    string
	}{
		{"same size", 4, 4, image.Rect(1, 1, 3, 2), 4, "....\n.##.\n....\n....\n"},
		{"halved, two of four", 4, 4, image.Rect(0, 0, 1, 2), 2, "#.\n..\n"},
		{"halved, one of four", 4, 4, image.Rect(0, 0, 1, 1), 2, "..\n..\n"},
		{"doubled", 2, 2, image.Rect(1, 0, 2, 1), 4, "..##\n..##\n....\n....\n"},
		{"three to two, two thirds", 3, 3, image.Rect(0, 0, 1, 3), 2, "#.\n#.\n"},
		{"three to two, a third", 3, 3, image.Rect(1, 0, 2, 3), 2, "..\n..\n"},
		{"wide: the centre", 8, 4, image.Rect(2, 0, 3, 1), 4, "#...\n....\n....\n....\n"},
		{"high: the centre", 4, 8, image.Rect(0, 5, 1, 6), 4, "....\n....\n....\n#...\n"},
	} {
		decoded, _, err := decodeImage(maskOf(t, c.w, c.h, c.covered), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := drawMask(squareMask(decoded, c.size), c.size); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func drawMask(mask bitmask, size int) (s string) {
	for i := range size * size {
		pixel := "."
		if mask != nil && mask.has(i) {
			pixel = "#"
		}
		if s += pixel; i%size == size-1 {
			s += "\n"
		}
	}
	return s
}

// TestMembership: the same mask stored in every way.
func TestMembership(t *testing.T) {
	bounds := image.Rect(0, 0, 2, 1)
	palette := color.Palette{color.Black, color.NRGBA{128, 0, 0, 255}}
	for _, img := range []draw.Image{
		image.NewGray(bounds), image.NewGray16(bounds), image.NewNRGBA(bounds), image.NewNRGBA64(bounds), image.NewPaletted(bounds, palette),
	} {
		img.Set(0, 0, color.Black)
		img.Set(1, 0, palette[1])
		decoded, _, err := decodeImage(pngOf(t, img), 64)
		if err != nil {
			t.Fatal(err)
		}
		if member := membership(decoded); member(0, 0) || !member(1, 0) {
			t.Errorf("%T: black %t, red %t", img, member(0, 0), member(1, 0))
		}
	}
	transparent := image.NewNRGBA(bounds)
	transparent.Set(0, 0, color.NRGBA{255, 255, 255, 0})
	if membership(transparent)(0, 0) {
		t.Error("a transparent pixel belongs")
	}
}

func TestMasksBadInput(t *testing.T) {
	photo := plain(t, 8, 8, red)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"size", map[string][]byte{"masks/ears/train/cat/train0.png": maskOf(t, 8, 9)},
			"datasets: DIR/masks/ears/train/cat/train0.png: 8×9 pixels (its photo train/cat/train0.png has 8×8)"},
		{"no photo", map[string][]byte{"masks/ears/train/cat/gone.png": maskOf(t, 8, 8)},
			"datasets: DIR/masks/ears/train/cat/gone.png: no photo of that name (looked for train/cat/gone.jpg, .jpeg and .png)"},
		{"JPEG", map[string][]byte{"masks/ears/train/cat/train0.png": jpegOf(t, image.NewGray(image.Rect(0, 0, 8, 8)))},
			"datasets: DIR/masks/ears/train/cat/train0.png: no PNG (masks must be)"},
		{"broken", map[string][]byte{"masks/ears/train/cat/train0.png": maskOf(t, 8, 8)[:40]},
			"datasets: DIR/masks/ears/train/cat/train0.png: broken image: unexpected EOF"},
		{"two photos", map[string][]byte{"train/cat/train0.jpg": jpegOf(t, image.NewGray(image.Rect(0, 0, 8, 8))), "masks/ears/train/cat/train0.png": photo},
			"datasets: DIR/masks/ears/train/cat/train0.png: belongs to either of train/cat/train0.jpg, train/cat/train0.png (rename one)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFiles(t, petFolder(t, 1, Splits...))
			for name, data := range c.files {
				addFile(t, dir, name, data)
			}
			wantOpenError(t, "folder", dir, Options{}, c.want)
		})
	}
}

// TestMasksOfRealPhotos: the animal's share of a mask and the brightness of a photo, counted
// on the originals' centre squares, survive cropping and resizing.
func TestMasksOfRealPhotos(t *testing.T) {
	t.Parallel()
	pets := filepath.Join(realData(t, "pets"), "photos")
	dir := t.TempDir()
	share, light := map[string]float64{}, map[string]float64{}
	for k := range 15 {
		for class, breed := range map[string]string{"cat": "Abyssinian", "dog": "american_bulldog"} {
			source := fmt.Sprintf("%s_%d", breed, 100+k)
			photo, err := os.ReadFile(filepath.Join(pets, "images", source+".jpg"))
			if err != nil {
				continue // not every number is there
			}
			trimap, err := os.ReadFile(filepath.Join(pets, "trimaps", source+".png"))
			if err != nil {
				t.Fatal(err)
			}
			stem := fmt.Sprintf("%s/%s/%02d", Splits[k%3], class, k)
			addFile(t, dir, stem+".jpg", photo)
			var mask []byte
			mask, share[stem+".jpg"] = animalMask(t, trimap)
			addFile(t, dir, "masks/animal/"+stem+".png", mask)
			light[stem+".jpg"] = brightness(t, photo)
		}
	}
	s := mustOpen(t, "folder", dir, Options{})
	if s.Len() < 15 {
		t.Fatalf("only %d photos", s.Len())
	}
	for i, name := range s.Names {
		on, total := 0., 0.
		for _, b := range s.Mask(i, 0) {
			if b {
				on++
			}
		}
		for _, v := range s.Image(i) {
			total += float64(v)
		}
		if got := on / 1024; math.Abs(got-share[name]) > 0.03 {
			t.Errorf("%s: %.3f of it is animal, %.3f of the original", name, got, share[name])
		}
		if got := total / 3072; math.Abs(got-light[name]) > 0.01 {
			t.Errorf("%s: mean %.3f, original %.3f", name, got, light[name])
		}
	}
}

// animalMask turns a trimap (1 animal, 2 background, 3 border) into a mask, and counts the
// animal's share of the square at its centre.
func animalMask(t *testing.T, trimap []byte) ([]byte, float64) {
	decoded, _, err := decodeImage(trimap, maxPhotoPixels)
	if err != nil {
		t.Fatal(err)
	}
	gray := image.NewGray(decoded.Bounds())
	for k := range gray.Pix {
		if decoded.(*image.Gray).Pix[k] == 1 {
			gray.Pix[k] = 255
		}
	}
	on, square := 0., centre(gray.Rect)
	for y := square.Min.Y; y < square.Max.Y; y++ {
		for x := square.Min.X; x < square.Max.X; x++ {
			on += float64(gray.GrayAt(x, y).Y) / 255
		}
	}
	return pngOf(t, gray), on / float64(square.Dx()*square.Dy())
}

// brightness is the mean value of the square at the centre, over the three colours.
func brightness(t *testing.T, photo []byte) float64 {
	decoded, _, err := decodeImage(photo, maxPhotoPixels)
	if err != nil {
		t.Fatal(err)
	}
	sum, square := 0., centre(decoded.Bounds())
	for y := square.Min.Y; y < square.Max.Y; y++ {
		for x := square.Min.X; x < square.Max.X; x++ {
			r, g, b, _ := decoded.At(x, y).RGBA()
			sum += float64(r+g+b) / 3 / 0xffff
		}
	}
	return sum / float64(square.Dx()*square.Dy())
}
