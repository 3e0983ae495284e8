package datasets

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	galleryGap   = 8  // pixels between cells and around them
	galleryChars = 16 // a cell is at least so many characters wide
)

// Gallery shows the images at indices in rows of so many columns, each pixel enlarged
// to scale×scale, with the class and the features that are present below each image.
// Columns and scale below 1 count as 1; an index outside of the set panics.
func Gallery(set *Set, indices []int, columns, scale int) image.Image {
	columns, scale = max(columns, 1), max(scale, 1)
	face := basicfont.Face7x13
	cell := image.Pt(max(set.Width*scale, galleryChars*face.Advance), set.Height*scale)

	captions, lines := make([][]string, len(indices)), 0
	for k, i := range indices {
		captions[k] = caption(set, i, cell.X/face.Advance)
		lines = max(lines, len(captions[k]))
	}
	cell.Y += lines * face.Height

	columns = min(columns, max(len(indices), 1))
	rows := (len(indices) + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, columns*(cell.X+galleryGap)+galleryGap, rows*(cell.Y+galleryGap)+galleryGap))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for k, i := range indices {
		corner := image.Pt(galleryGap+k%columns*(cell.X+galleryGap), galleryGap+k/columns*(cell.Y+galleryGap))
		picture := image.Rect(0, 0, set.Width*scale, set.Height*scale).Add(corner)
		draw.NearestNeighbor.Scale(sheet, picture, set.picture(i), image.Rect(0, 0, set.Width, set.Height), draw.Src, nil)
		write(sheet, face, image.Pt(corner.X, picture.Max.Y), captions[k])
	}
	return sheet
}

// caption is the class and the present features, broken into lines of so many characters.
func caption(set *Set, i, width int) []string {
	lines := wrap([]string{set.Classes[set.Labels[i]]}, width)
	var present []string
	for f, name := range set.Features {
		if set.HasFeature(i, f) {
			present = append(present, name)
		}
	}
	return append(lines, wrap(present, width)...)
}

// wrap joins words with commas into lines; a word longer than a line is cut.
func wrap(words []string, width int) []string {
	var lines []string
	line := ""
	for k, word := range words {
		if k < len(words)-1 {
			word += ","
		}
		if short := []rune(word); len(short) > width {
			word = string(short[:width])
		}
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func write(dst draw.Image, face *basicfont.Face, corner image.Point, lines []string) {
	pen := font.Drawer{Dst: dst, Src: image.NewUniform(color.Gray{40}), Face: face}
	for k, line := range lines {
		pen.Dot = fixed.P(corner.X, corner.Y+k*face.Height+face.Ascent)
		pen.DrawString(strings.ToValidUTF8(line, "?"))
	}
}
