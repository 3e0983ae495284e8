package datasets

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

// TestGallery: every pixel of every image is where it belongs, and text below.
func TestGallery(t *testing.T) {
	set := randomSet(2, 3, 8)
	const columns, scale = 2, 3
	sheet := Gallery(set, []int{0, 5, 7}, columns, scale)
	width := max(8*scale, 16*7)
	if got, want := sheet.Bounds().Dx(), 2*(width+galleryGap)+galleryGap; got != want {
		t.Errorf("%d pixels wide, want %d", got, want)
	}
	cell := (sheet.Bounds().Dy()-galleryGap)/2 - galleryGap // two rows
	for place, i := range []int{0, 5, 7} {
		corner := image.Pt(galleryGap+place%columns*(width+galleryGap), galleryGap+place/columns*(cell+galleryGap))
		picture := set.picture(i)
		for y := range 8 * scale {
			for x := range 8 * scale {
				if got, want := sheet.At(corner.X+x, corner.Y+y), picture.At(x/scale, y/scale); got != want {
					t.Fatalf("image %d at %d,%d: %v, want %v", i, x, y, got, want)
				}
			}
		}
		if dark := darkPixels(sheet, image.Rect(corner.X, corner.Y+8*scale, corner.X+width, corner.Y+cell)); dark < 20 {
			t.Errorf("image %d has no caption", i)
		}
	}
	if empty := Gallery(set, nil, 0, 0); empty.Bounds().Empty() {
		t.Error("a sheet of no images is no image")
	}
}

func darkPixels(img image.Image, r image.Rectangle) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128 {
				n++
			}
		}
	}
	return n
}

func TestCaption(t *testing.T) {
	set := randomSet(1, 3, 8)
	set.Labels[0] = 1
	copy(set.Present, []bool{true, false, true})
	if got, want := caption(set, 0, 12), []string{"cat", "pointed-ears", "tail"}; !slices.Equal(got, want) {
		t.Errorf("caption %q, want %q", got, want)
	}
	if got, want := caption(set, 0, 20), []string{"cat", "pointed-ears, tail"}; !slices.Equal(got, want) {
		t.Errorf("caption %q, want %q", got, want)
	}
}
