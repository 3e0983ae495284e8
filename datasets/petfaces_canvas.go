package datasets

import (
	"image"
	"math"

	"golang.org/x/image/vector"
)

// rgb is a colour, each channel in [0,1].
type rgb [3]float32

// mix goes the given share of the way from c to d.
func (c rgb) mix(d rgb, share float64) rgb {
	for k := range c {
		c[k] += (d[k] - c[k]) * float32(share)
	}
	return c
}

// shade multiplies the brightness.
func (c rgb) shade(by float64) rgb {
	for k := range c {
		c[k] = min(1, c[k]*float32(by))
	}
	return c
}

// distance is the Euclidean distance of two colours.
func (c rgb) distance(d rgb) float64 {
	sum := 0.0
	for k := range c {
		sum += float64(c[k]-d[k]) * float64(c[k]-d[k])
	}
	return math.Sqrt(sum)
}

// hsl makes a colour of hue (degrees), saturation and lightness.
func hsl(hue, saturation, lightness float64) rgb {
	a := saturation * min(lightness, 1-lightness)
	channel := func(n float64) float32 {
		k := math.Mod(n+hue/30, 12)
		return float32(lightness - a*max(-1, min(k-3, 9-k, 1)))
	}
	return rgb{channel(0), channel(8), channel(4)}
}

// frame places face coordinates on the canvas: p ↦ scale·R(tilt)·p + (x, y), in pixels.
type frame struct {
	cos, sin float64 // of the tilt, times the scale
	x, y     float64
}

func newFrame(x, y, scale, tilt float64) frame {
	return frame{cos: scale * math.Cos(tilt), sin: scale * math.Sin(tilt), x: x, y: y}
}

func (f frame) place(p point) point {
	return point{f.cos*p.x - f.sin*p.y + f.x, f.sin*p.x + f.cos*p.y + f.y}
}

// canvas is an image being painted from back to front. Where it keeps track of parts,
// share holds for each pixel how much of its colour comes from each layer (a part, or
// partNone): every brush covers what lies under it, so the shares of a pixel always add up
// to 1, and an occluded part loses its share by the same coverage by which it loses its colour.
type canvas struct {
	side   int
	colour []rgb
	share  [][petfaceLayerCount]float32 // nil where parts are not asked for
	frame  frame

	raster vector.Rasterizer
	brush  []uint8
	placed []point
}

func newCanvas(side int, parts bool) *canvas {
	c := &canvas{side: side, colour: make([]rgb, side*side), brush: make([]uint8, side*side)}
	if parts {
		c.share = make([][petfaceLayerCount]float32, side*side)
	}
	return c
}

// clear starts a new picture: nothing but background, coloured by the function of the
// pixel's centre.
func (c *canvas) clear(colour func(x, y float64) rgb) {
	for i := range c.colour {
		c.colour[i] = colour(float64(i%c.side)+0.5, float64(i/c.side)+0.5)
	}
	for i := range c.share {
		c.share[i] = [petfaceLayerCount]float32{partBackground: 1}
	}
}

// fill paints an outline, given in the canvas's frame, with one colour, each pixel by the
// share of its area that lies inside.
func (c *canvas) fill(layer int, colour rgb, o outline) {
	box := c.placeOutline(o)
	if box.Empty() {
		return
	}
	coverage := c.rasterize(box, o.round)
	for row := range box.Dy() {
		at := (box.Min.Y+row)*c.side + box.Min.X
		for k, a := range coverage.Pix[row*coverage.Stride : row*coverage.Stride+box.Dx()] {
			if a != 0 {
				c.blend(at+k, layer, colour, float32(a)/255)
			}
		}
	}
}

func (c *canvas) blend(i, layer int, colour rgb, a float32) {
	px := &c.colour[i]
	for k := range px {
		px[k] += (colour[k] - px[k]) * a
	}
	if c.share == nil {
		return
	}
	share := &c.share[i]
	for l := range share {
		share[l] *= 1 - a
	}
	share[layer] += a
}

// placeOutline moves the outline's points to pixels and returns the pixels they can touch.
func (c *canvas) placeOutline(o outline) image.Rectangle {
	c.placed = c.placed[:0]
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range o.points {
		q := c.frame.place(p)
		c.placed = append(c.placed, q)
		x0, y0, x1, y1 = min(x0, q.x), min(y0, q.y), max(x1, q.x), max(y1, q.y)
	}
	box := image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1)))
	return box.Intersect(image.Rect(0, 0, c.side, c.side))
}

// rasterize gives the coverage of the placed outline over the box.
func (c *canvas) rasterize(box image.Rectangle, round bool) *image.Alpha {
	w, h := box.Dx(), box.Dy()
	c.raster.Reset(w, h)
	n := len(c.placed)
	at := func(k int) (x, y float32) {
		p := c.placed[k%n]
		return float32(p.x - float64(box.Min.X)), float32(p.y - float64(box.Min.Y))
	}
	if round {
		// A closed quadratic spline: points pull, midpoints lie on the curve.
		middle := func(k int) (x, y float32) {
			x0, y0 := at(k)
			x1, y1 := at(k + 1)
			return (x0 + x1) / 2, (y0 + y1) / 2
		}
		c.raster.MoveTo(middle(0))
		for k := 1; k <= n; k++ {
			px, py := at(k)
			mx, my := middle(k)
			c.raster.QuadTo(px, py, mx, my)
		}
	} else {
		c.raster.MoveTo(at(0))
		for k := 1; k < n; k++ {
			c.raster.LineTo(at(k))
		}
	}
	c.raster.ClosePath()
	alpha := &image.Alpha{Pix: c.brush[:w*h], Stride: w, Rect: image.Rect(0, 0, w, h)}
	clear(alpha.Pix)
	c.raster.Draw(alpha, alpha.Rect, image.Opaque, image.Point{})
	return alpha
}

// mask marks the pixels in which the layer has a larger share than any other, so that the
// masks of different parts never overlap. It is nil where there is no such pixel.
func (c *canvas) mask(layer int) Mask {
	var m Mask
	for i := range c.share {
		if c.dominant(i) != layer {
			continue
		}
		if m == nil {
			m = make(Mask, len(c.share))
		}
		m[i] = true
	}
	return m
}

// masks are those of the layers [0, parts), in one pass over the pixels.
func (c *canvas) masks(parts int) []Mask {
	all := make([]Mask, parts)
	for i := range c.share {
		layer := c.dominant(i)
		if layer >= parts {
			continue
		}
		if all[layer] == nil {
			all[layer] = make(Mask, len(c.share))
		}
		all[layer][i] = true
	}
	return all
}

// dominant is the layer with the largest share of pixel i, the first of equals.
func (c *canvas) dominant(i int) int {
	best := 0
	for l, s := range c.share[i] {
		if s > c.share[i][best] {
			best = l
		}
	}
	return best
}
