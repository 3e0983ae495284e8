package datasets

import (
	"math"
	"math/rand/v2"
)

// petface is everything there is to know about one image: drawing it twice gives the same
// pixels, and drawing it with one entry of has flipped gives its twin. Whatever a feature
// would need if it were present (the colour of the tongue, the side of the patch) is drawn
// for every face, so that a twin takes nothing from anywhere else.
//
// Lengths are in units of 1/32 of the image side, angles in radians.
type petface struct {
	class int
	has   [petfaceFeatureCount]bool
	nuisance
}

// nuisance is what varies from face to face and says nothing about the class.
type nuisance struct {
	x, y, scale, tilt float64 // where the head's centre is, how large and how far turned
	brightness        float64
	noise             uint64 // seed of the pixel noise

	background rgb
	texture    texture
	coat       rgb
	earTone    float64 // ears relative to the coat's brightness
	iris       rgb
	muzzle     rgb
	noseTint   rgb // of a tiny nose; a large one is black
	tongue     rgb
	patch      rgb
	stripe     rgb

	headWidth, headHeight       float64 // half axes
	earHeight, earLean, earHang float64
	eyeSpread, eyeHeight        float64
	whiskerLength, whiskerDroop float64
	stripeWidth                 float64
	patchSide                   float64 // −1 left, +1 right
	patchSize                   float64
	tongueLength, tongueSide    float64

	occluder occluder
}

// texture is a faint pattern over the background.
type texture struct {
	kind          int
	angle, period float64
	phase, amount float64
}

const (
	textureGradient = iota
	textureWaves
	textureDots
	textureKinds
)

// occluder is a leaf-shaped thing in front of some faces.
type occluder struct {
	shown         bool
	x, y          float64
	length, width float64
	angle         float64
	colour        rgb
}

// occluderRate is the share of images with an occluder.
const occluderRate = 0.1

// samplePetface draws the latent of one face. Only the features see the class.
func samplePetface(r *rand.Rand, class int) petface {
	p := petface{class: class}
	for f, row := range petfaceTable {
		p.has[f] = r.Float64() < [...]float64{cat: row.Cat, dog: row.Dog}[class]
	}
	p.nuisance = sampleNuisance(r)
	return p
}

func sampleNuisance(r *rand.Rand) nuisance {
	n := nuisance{
		x:          16 + between(r, -2, 2),
		y:          16.8 + between(r, -2, 2),
		scale:      between(r, 0.9, 1.1),
		tilt:       between(r, -12, 12) * math.Pi / 180,
		brightness: between(r, 0.88, 1.12),
		noise:      r.Uint64(),

		headWidth:     between(r, 10.1, 10.9),
		headHeight:    between(r, 9.4, 10.1),
		earHeight:     between(r, 13.6, 15),
		earLean:       between(r, 7.4, 9),
		earHang:       between(r, 5.2, 7.2),
		eyeSpread:     between(r, 4.7, 5.2),
		eyeHeight:     between(r, -2.6, -1.9),
		whiskerLength: between(r, 8.5, 10),
		whiskerDroop:  between(r, -0.6, 1.6),
		stripeWidth:   between(r, 1.5, 1.9),
		patchSide:     float64(1 - 2*r.IntN(2)),
		patchSize:     between(r, 0.96, 1.06),
		tongueLength:  between(r, 4.3, 5.3),
		tongueSide:    between(r, -0.6, 0.6),
	}
	n.sampleColours(r)
	n.texture = texture{
		kind:   r.IntN(textureKinds),
		angle:  between(r, 0, math.Pi),
		period: between(r, 5, 10),
		phase:  between(r, 0, 2*math.Pi),
		amount: between(r, 0.02, 0.07),
	}
	n.occluder = sampleOccluder(r, n.x, n.y)
	return n
}

// sampleColours keeps coat and background in the middle of the scale, where white whiskers
// and black stripes both stand out, and apart from one another.
func (n *nuisance) sampleColours(r *rand.Rand) {
	n.coat = hsl(between(r, 15, 42), between(r, 0.05, 0.75), between(r, 0.41, 0.58))
	for {
		n.background = hsl(between(r, 0, 360), between(r, 0.15, 0.45), between(r, 0.32, 0.58))
		if n.background.distance(n.coat) > 0.3 {
			break
		}
	}
	n.earTone = between(r, 0.66, 0.8)
	n.iris = hsl([...]float64{52, 85, 150, 200}[r.IntN(4)]+between(r, -10, 10), between(r, 0.55, 0.8), between(r, 0.66, 0.76))
	n.muzzle = n.coat.mix(hsl(38, 0.5, 0.92), between(r, 0.68, 0.85))
	n.noseTint = hsl(between(r, 0, 20), between(r, 0.3, 0.5), between(r, 0.4, 0.5))
	n.tongue = hsl(between(r, 340, 356), between(r, 0.75, 0.9), between(r, 0.58, 0.66))
	n.stripe = n.coat.mix(rgb{0.08, 0.05, 0.04}, between(r, 0.72, 0.85))
	n.patch = n.coat.mix(rgb{0.98, 0.96, 0.93}, between(r, 0.8, 0.95))
	if r.IntN(2) == 0 {
		n.patch = n.coat.mix(rgb{0.1, 0.07, 0.06}, between(r, 0.72, 0.85))
	}
}

// sampleOccluder places a small leaf over some part of a face centred at (x, y).
func sampleOccluder(r *rand.Rand, x, y float64) occluder {
	away, direction := between(r, 0, 10), between(r, 0, 2*math.Pi)
	return occluder{
		shown:  r.Float64() < occluderRate,
		x:      x + away*math.Cos(direction),
		y:      y + away*math.Sin(direction),
		length: between(r, 4, 5.5),
		width:  between(r, 2, 2.8),
		angle:  between(r, 0, math.Pi),
		colour: hsl(between(r, 80, 300), between(r, 0.4, 0.7), between(r, 0.35, 0.55)),
	}
}

func between(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
