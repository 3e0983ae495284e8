package datasets

import (
	"image/color"
	"testing"
)

func TestContactSheet(t *testing.T) {
	s := openFaces(t, small(1))
	const columns, scale = 6, 2
	page := ContactSheet(s, Confirm, columns, scale)
	step := sheetLine + 32*scale + sheetGap
	// two classes, then eight pairs, three a row
	if want := sheetGap + 5*step; page.Rect.Dy() != want {
		t.Errorf("the sheet is %d high, want %d", page.Rect.Dy(), want)
	}
	if want := sheetGap + columns*(32*scale+sheetGap); page.Rect.Dx() != want {
		t.Errorf("the sheet is %d wide, want %d", page.Rect.Dx(), want)
	}
	for class := range s.Classes {
		i := s.firstOfClass(Confirm, class, 2)[1]
		x0, y0 := sheetGap+32*scale+sheetGap, sheetGap+class*step+sheetLine
		for y := range 32 * scale {
			for x := range 32 * scale {
				k := y/scale*32 + x/scale
				px := s.Image(i)
				want := color.RGBA{level(px[k]), level(px[1024+k]), level(px[2048+k]), 255}
				if got := page.RGBAAt(x0+x, y0+y); got != want {
					t.Fatalf("class %d at %d,%d: %v, want %v", class, x, y, got, want)
				}
			}
		}
	}
}

func level(v float32) uint8 { return uint8(v*255 + 0.5) }
