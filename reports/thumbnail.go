package reports

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	xfont "golang.org/x/image/font"
	fix "golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"

	"neuroprobe/datasets"
)

// thumbnail is a small picture of one image of a set, with a frame, a word in the frame and
// lines of text under it.
type thumbnail struct {
	image int // index in the set
	// frame and word say right or wrong, together, so that colour is not needed to tell.
	frame color.RGBA
	word  string // in the frame; none where empty
	lines []string
}

// shownExamples is how many images a picture shows, thumbnailsPerLine of them in a row.
const (
	shownExamples     = 12
	thumbnailsPerLine = 6
)

// The layout of thumbnails, in pixels.
const (
	thumbSide   = 96  // what small images are enlarged to, at least roughly
	thumbLimit  = 128 // what large images are reduced to
	thumbWidth  = 126 // a column: six of them fit a code host's page
	thumbFrame  = 3
	thumbBanner = 18 // the strip that holds the word
	thumbLine   = 16
	thumbGap    = 16
	thumbMargin = 6
)

// thumbnailsPNG draws thumbnails in rows of at most perRow.
func thumbnailsPNG(set *datasets.Set, thumbs []thumbnail, perRow int) []byte {
	size := thumbSize(set.Width, set.Height)
	lines, banner := 0, 0
	for _, t := range thumbs {
		lines = max(lines, len(t.lines))
		if t.word != "" {
			banner = thumbBanner
		}
	}
	column := max(thumbWidth, size.X+2*thumbFrame+4)
	row := size.Y + 2*thumbFrame + banner + lines*thumbLine + thumbGap
	perRow = min(perRow, len(thumbs))
	rows := (len(thumbs) + perRow - 1) / perRow

	img := image.NewRGBA(image.Rect(0, 0, perRow*column+2*thumbMargin, rows*row-thumbGap+2*thumbMargin))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, t := range thumbs {
		corner := image.Pt(thumbMargin+i%perRow*column, thumbMargin+i/perRow*row)
		t.draw(img, corner, column, size, banner, set)
	}
	return encodePNG(img)
}

// thumbSize enlarges small images by a whole factor, so that their pixels stay square, and
// reduces large ones to thumbLimit.
func thumbSize(w, h int) image.Point {
	longest := max(w, h)
	if longest > thumbLimit {
		return image.Pt(max(1, w*thumbLimit/longest), max(1, h*thumbLimit/longest))
	}
	factor := max(1, (thumbSide+longest/2)/longest)
	return image.Pt(w*factor, h*factor)
}

// draw puts the thumbnail into its column, centred.
func (t thumbnail) draw(dst *image.RGBA, corner image.Point, column int, size image.Point, banner int, set *datasets.Set) {
	left := corner.X + (column-size.X)/2
	picture := image.Rectangle{Max: size}.Add(image.Pt(left, corner.Y+thumbFrame))
	framed := picture.Inset(-thumbFrame)
	framed.Max.Y += banner
	draw.Draw(dst, framed, image.NewUniform(t.frame), image.Point{}, draw.Src)
	paint(dst, picture, set, t.image)
	middle := corner.X + column/2
	if banner > 0 {
		writeCentred(dst, bold, 12, color.White, t.word, middle, picture.Max.Y+14, framed.Dx())
	}
	for i, text := range t.lines {
		writeCentred(dst, regular, 13, ink, text, middle, framed.Max.Y+thumbLine*(i+1)-1, column-4)
	}
}

// paint puts image i of a set, of one or three channels with values in [0,1], into a rectangle.
// Enlarged, each pixel becomes a square; reduced, each is the mean of those it stands for.
func paint(dst *image.RGBA, r image.Rectangle, set *datasets.Set, i int) {
	values, w, h := set.Image(i), set.Width, set.Height
	for y := range r.Dy() {
		y0, y1 := span(y, r.Dy(), h)
		for x := range r.Dx() {
			x0, x1 := span(x, r.Dx(), w)
			var level [3]uint8
			for k := range level {
				channel := values[k%set.Channels*w*h:]
				sum := float32(0)
				for row := y0; row < y1; row++ {
					for _, v := range channel[row*w+x0 : row*w+x1] {
						sum += min(max(v, 0), 1)
					}
				}
				level[k] = uint8(sum/float32((y1-y0)*(x1-x0))*255 + 0.5)
			}
			dst.SetRGBA(r.Min.X+x, r.Min.Y+y, color.RGBA{level[0], level[1], level[2], 0xFF})
		}
	}
}

// span are the source pixels [lo, hi), at least one, that target pixel k of `to` stands for.
func span(k, to, from int) (lo, hi int) {
	lo = k * from / to
	return lo, max(lo+1, (k+1)*from/to)
}

// writeCentred writes one line of text around x, cut off with "…" where it is wider than width.
func writeCentred(dst *image.RGBA, f font.Font, size float64, c color.Color, text string, x, baseline, width int) {
	face := font.DefaultCache.Lookup(f, font.Length(size)*pixel)
	d := xfont.Drawer{Dst: dst, Src: image.NewUniform(c), Face: face.FontFace(96)}
	text = fit(d.Face, plain(text), width)
	d.Dot = fix.Point26_6{X: fix.I(x) - d.MeasureString(text)/2, Y: fix.I(baseline)}
	d.DrawString(text)
}

// fit shortens text to a width. The longest word goes first, and numbers last, so that of
// "norwegian_forest_cat → dog 0.93" the arrow and the number stay.
func fit(face xfont.Face, text string, width int) string {
	for xfont.MeasureString(face, text).Ceil() > width {
		words := strings.Fields(text)
		longest, length := -1, 1
		for i, w := range words {
			n := len([]rune(strings.TrimSuffix(w, "…")))
			if n > length && !strings.ContainsAny(w, "0123456789") {
				longest, length = i, n
			}
		}
		if longest < 0 {
			return text // only numbers and single letters are left: let them overlap
		}
		kept := []rune(strings.TrimSuffix(words[longest], "…"))
		words[longest] = string(kept[:length-1]) + "…"
		text = strings.Join(words, " ")
	}
	return text
}
