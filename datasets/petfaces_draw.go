package datasets

import (
	"math"
	"math/rand/v2"
)

// draw paints the face, back to front, without noise. Face coordinates have their origin
// at the head's centre, x to the right, y down, one unit 1/32 of the image side.
func (p *petface) draw(c *canvas) {
	unit := float64(c.side) / 32
	c.clear(func(x, y float64) rgb { return p.backgroundAt(x/unit, y/unit) })
	c.frame = newFrame(p.x*unit, p.y*unit, p.scale*unit, p.tilt)

	if p.has[pointedEars] {
		p.drawPointedEars(c)
	}
	p.drawHead(c)
	if p.has[stripedCoat] {
		p.drawStripes(c)
	}
	if p.has[eyePatch] {
		p.drawPatch(c)
	}
	if !p.has[pointedEars] {
		p.drawFloppyEars(c)
	}
	p.drawEyes(c)
	p.drawMuzzle(c)
	if p.has[tongueOut] {
		p.drawTongue(c)
	}
	p.drawNose(c)
	if p.has[whiskers] {
		p.drawWhiskers(c)
	}
	if p.occluder.shown {
		c.frame = newFrame(0, 0, unit, 0)
		p.occluder.draw(c)
	}
}

// Widths of the dark rims that keep shapes apart at any pair of colours.
const (
	rimWidth = 0.7
	rimShade = 0.42
)

func (p *petface) rim() rgb { return p.coat.shade(rimShade) }

func (p *petface) backgroundAt(x, y float64) rgb {
	t := p.texture
	sin, cos := math.Sincos(t.angle)
	u, v := (x-16)*cos+(y-16)*sin, (y-16)*cos-(x-16)*sin
	var wave float64
	switch t.kind {
	case textureGradient:
		wave = 1.5 * u / 16
	case textureWaves:
		wave = math.Sin(2*math.Pi*u/t.period + t.phase)
	case textureDots:
		wave = 1.4 * math.Sin(2*math.Pi*u/t.period+t.phase) * math.Sin(2*math.Pi*v/t.period)
	}
	return p.background.shade(1 + 2*t.amount*wave)
}

func (p *petface) drawHead(c *canvas) {
	head := ellipse(point{}, p.headWidth, p.headHeight, 0)
	c.fill(partNone, p.rim(), head.grow(rimWidth))
	c.fill(partNone, p.coat, head)
}

func (p *petface) drawPointedEars(c *canvas) {
	for _, side := range []float64{-1, 1} {
		tip := point{p.earLean, -p.earHeight}
		ear := polygon(point{10.2, -3}, tip, point{1.6, -8.6}).mirror(side)
		inner := polygon(point{8.9, -5.6}, point{tip.x - 0.2, tip.y + 2.8}, point{4.2, -8.6}).mirror(side)
		c.fill(partEars, p.rim(), ear.grow(1.3*rimWidth))
		c.fill(partEars, p.coat.shade(p.earTone), ear)
		c.fill(partEars, p.coat.mix(rgb{0.95, 0.68, 0.66}, 0.75), inner)
	}
}

func (p *petface) drawFloppyEars(c *canvas) {
	low := p.earHang
	for _, side := range []float64{-1, 1} {
		ear := blob(
			point{5.2, -10.2}, point{9.8, -10.4}, point{13, -4}, point{13.6, low - 1.5},
			point{11.6, low + 1.6}, point{9, low - 2}, point{9.2, -4.5},
		).mirror(side)
		c.fill(partEars, p.rim(), ear.grow(rimWidth))
		c.fill(partEars, p.coat.shade(p.earTone), ear)
	}
}

// drawStripes paints three bars down the forehead and two on each cheek.
func (p *petface) drawStripes(c *canvas) {
	top, w := -p.headHeight+0.3, p.stripeWidth
	for _, x := range []float64{-3, 0, 3} {
		start := top + x*x*0.06
		c.fill(partStripes, p.stripe, ribbon(point{x * 1.1, start}, point{x, start + 2}, point{x * 0.8, start + 4.6}, w, 0.7*w))
	}
	for _, side := range []float64{-1, 1} {
		edge := p.headWidth
		for _, y := range []float64{3, 5.6} {
			at := edge*math.Sqrt(1-y*y/p.headHeight/p.headHeight) - 0.2
			c.fill(partStripes, p.stripe, ribbon(point{at, y}, point{at - 1.5, y + 0.1}, point{at - 3.2, y - 0.3}, w, 0.6*w).mirror(side))
		}
	}
}

func (p *petface) drawPatch(c *canvas) {
	s := p.patchSize
	c.fill(partPatch, p.patch, ellipse(point{p.patchSide * (p.eyeSpread + 0.1), p.eyeHeight - 0.3}, 5.2*s, 5.6*s, 0))
}

func (p *petface) drawEyes(c *canvas) {
	for _, side := range []float64{-1, 1} {
		eye := point{side * p.eyeSpread, p.eyeHeight}
		c.fill(partEyes, rgb{0.06, 0.05, 0.05}, ellipse(eye, 4, 3.8, 0))
		c.fill(partEyes, p.iris, ellipse(eye, 3.4, 3.2, 0))
		pupil := ellipse(eye, 2.1, 2.1, 0)
		if p.has[slitPupils] {
			pupil = ellipse(eye, 0.75, 3.2, 0)
		}
		c.fill(partEyes, rgb{0.02, 0.02, 0.03}, pupil)
	}
}

// drawMuzzle paints the snout and the mouth on it. The mouth keeps its place whatever the
// snout's length, so that a twin moves nothing else.
func (p *petface) drawMuzzle(c *canvas) {
	snout := ellipse(point{0, 4.9}, 4.4, 2.9, 0)
	if p.has[longMuzzle] {
		snout = blob(
			point{-3.2, 0.2}, point{3.2, 0.2}, point{6, 4}, point{7.2, 9}, point{5.4, 13.2},
			point{-5.4, 13.2}, point{-7.2, 9}, point{-6, 4},
		)
	}
	c.fill(partMuzzle, p.rim(), snout.grow(rimWidth*0.8))
	c.fill(partMuzzle, p.muzzle, snout)
	ink := p.rim().shade(0.6)
	c.fill(partMuzzle, ink, ribbon(point{0, 3.4}, point{0, 5}, point{0, 6.6}, 0.7, 0.7))
	for _, side := range []float64{-1, 1} {
		c.fill(partMuzzle, ink, ribbon(point{0, 6.4}, point{1.6, 7.2}, point{3, 6}, 0.8, 0.6).mirror(side))
	}
}

func (p *petface) drawTongue(c *canvas) {
	const top, half = 6.6, 1.9
	x, low := p.tongueSide, top+p.tongueLength
	tongue := blob(
		point{-half, top}, point{half, top}, point{x + 1.15*half, low - 1.6},
		point{x + 0.7*half, low + 0.6}, point{x - 0.7*half, low + 0.6}, point{x - 1.15*half, low - 1.6},
	)
	c.fill(partTongue, p.tongue.shade(0.5), tongue.grow(0.55))
	c.fill(partTongue, p.tongue, tongue)
}

func (p *petface) drawNose(c *canvas) {
	if p.has[largeNose] {
		c.fill(partNose, rgb{0.05, 0.04, 0.05}, blob(
			point{-3.4, 1.2}, point{3.4, 1.2}, point{3.6, 3}, point{1.2, 5.2}, point{-1.2, 5.2}, point{-3.6, 3},
		))
		return
	}
	c.fill(partNose, p.noseTint, ellipse(point{0, 3.3}, 1.3, 0.95, 0))
}

func (p *petface) drawWhiskers(c *canvas) {
	white := rgb{0.98, 0.98, 0.96}
	for _, side := range []float64{-1, 1} {
		for k, y := range []float64{3.7, 5.2, 6.7} {
			spread := float64(k-1) * 2.4
			from := point{3.9, y}
			to := point{from.x + p.whiskerLength, y + spread + p.whiskerDroop}
			by := point{from.x + p.whiskerLength/2, y + spread*0.3}
			c.fill(partWhiskers, white, ribbon(from, by, to, 1, 0.8).mirror(side))
		}
	}
}

func (o *occluder) draw(c *canvas) {
	along := newFrame(o.x, o.y, 1, o.angle)
	leaf := blob(
		along.place(point{-o.length, 0}), along.place(point{-o.length / 2, -o.width}), along.place(point{o.length / 2, -o.width}),
		along.place(point{o.length, 0}), along.place(point{o.length / 2, o.width}), along.place(point{-o.length / 2, o.width}),
	)
	c.fill(partNone, o.colour.shade(0.5), leaf.grow(rimWidth))
	c.fill(partNone, o.colour, leaf)
}

// develop turns the painted canvas into pixels, channel by channel: brightness, noise of
// the given standard deviation, and rounding to multiples of 1/255. The noise depends on
// the face's own seed alone, so a twin has the same.
func (p *petface) develop(c *canvas, sd float64, pixels []float32) {
	r := rand.New(rand.NewPCG(p.noise, petfaceNoiseStream))
	area := len(c.colour)
	for i, px := range c.colour {
		for k, v := range px {
			level := 255 * (float64(v)*p.brightness + sd*r.NormFloat64())
			pixels[k*area+i] = float32(math.Round(min(max(level, 0), 255))) / 255
		}
	}
}
