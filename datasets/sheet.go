package datasets

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// ContactSheet shows at a glance what a set is made of: a row of images for each class, and
// for each feature of a set with twins an image that has it beside the same image without.
// Every image is enlarged by the given whole factor (at least 1). The rows show the first
// images of the split, the pairs those of its first images in which the feature shows most.
func ContactSheet(s *Set, split Split, columns, scale int) *image.RGBA {
	sh := newSheet(s, max(columns, 2), max(scale, 1))
	for c, class := range s.Classes {
		sh.heading(class)
		for _, i := range s.firstOfClass(split, c, sh.columns) {
			sh.add(s.Image(i))
		}
		sh.newRow()
	}
	if s.HasTwins() {
		sh.addTwins(split)
	}
	return sh.crop()
}

func (s *Set) firstOfClass(split Split, class, n int) []int {
	var found []int
	for i, hi := s.Range(split); i < hi && len(found) < n; i++ {
		if s.Labels[i] == class {
			found = append(found, i)
		}
	}
	return found
}

const (
	sheetGap  = 4  // pixels between images
	sheetLine = 16 // height of a line of text
)

// sheet places images from left to right and from top to bottom.
type sheet struct {
	set            *Set
	columns, scale int
	page           *image.RGBA
	at             image.Point
	column         int
}

func newSheet(s *Set, columns, scale int) *sheet {
	sh := &sheet{set: s, columns: columns, scale: scale, at: image.Pt(sheetGap, sheetGap)}
	pairRows := (2*len(s.Features) + columns/2*2 - 1) / (columns / 2 * 2)
	rows := len(s.Classes) + pairRows
	width := sheetGap + columns*(s.Width*scale+sheetGap)
	height := sheetGap + rows*(sheetLine+s.Height*scale+sheetGap)
	sh.page = image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(sh.page, sh.page.Rect, image.White, image.Point{}, draw.Src)
	return sh
}

// heading writes a line of text over the image that comes next.
func (sh *sheet) heading(text string) {
	face := basicfont.Face7x13
	d := font.Drawer{Dst: sh.page, Src: image.Black, Face: face}
	d.Dot = fixed.P(sh.at.X, sh.at.Y+face.Ascent)
	d.DrawString(text)
}

func (sh *sheet) add(pixels []float32) {
	if sh.column == sh.columns {
		sh.newRow()
	}
	s := sh.set
	for y := range s.Height * sh.scale {
		for x := range s.Width * sh.scale {
			sh.page.SetRGBA(sh.at.X+x, sh.at.Y+sheetLine+y, s.colourAt(pixels, y/sh.scale*s.Width+x/sh.scale))
		}
	}
	sh.at.X += s.Width*sh.scale + sheetGap
	sh.column++
}

func (s *Set) colourAt(pixels []float32, i int) color.RGBA {
	area := s.Height * s.Width
	level := func(channel int) uint8 { return uint8(pixels[min(channel, s.Channels-1)*area+i]*255 + 0.5) }
	return color.RGBA{level(0), level(1), level(2), 255}
}

func (sh *sheet) newRow() {
	if sh.column == 0 {
		return
	}
	sh.at = image.Pt(sheetGap, sh.at.Y+sheetLine+sh.set.Height*sh.scale+sheetGap)
	sh.column = 0
}

// addTwins shows each feature on an image of its own.
func (sh *sheet) addTwins(split Split) {
	s := sh.set
	used := map[int]bool{}
	for f, name := range s.Features {
		if sh.column+2 > sh.columns {
			sh.newRow()
		}
		i := s.clearestTwin(split, f, used)
		used[i] = true
		with, without := s.Image(i), s.Twin(i, f)
		if !s.HasFeature(i, f) {
			with, without = without, with
		}
		sh.heading(fmt.Sprintf("with %s | without", name))
		sh.add(with)
		sh.add(without)
	}
}

// clearestTwin finds, among the split's first images, the one that flipping f changes most,
// passing over those used already while there are others.
func (s *Set) clearestTwin(split Split, f int, used map[int]bool) int {
	const candidates = 32
	lo, hi := s.Range(split)
	best, most := lo, -1.0
	for i := lo; i < min(hi, lo+candidates); i++ {
		if used[i] {
			continue
		}
		image, change := s.Image(i), 0.0
		for k, v := range s.Twin(i, f) {
			change += math.Abs(float64(v - image[k]))
		}
		if change > most {
			best, most = i, change
		}
	}
	return best
}

// crop cuts off rows that were not needed.
func (sh *sheet) crop() *image.RGBA {
	sh.newRow()
	page := sh.page.Rect
	page.Max.Y = min(page.Max.Y, sh.at.Y)
	return sh.page.SubImage(page).(*image.RGBA)
}
