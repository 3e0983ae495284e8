package datasets

import (
	"math"
	"slices"
	"testing"
)

// picture is a face drawn without noise, with the bookkeeping of its parts.
func picture(p petface) *canvas {
	c := newCanvas(32, true)
	p.draw(c)
	return c
}

// flipped is the face with one feature flipped.
func flipped(p petface, f int) petface {
	p.has[f] = !p.has[f]
	return p
}

func uncovered(p petface) petface {
	p.occluder.shown = false
	return p
}

func change(a, b *canvas, i int) float64 { return a.colour[i].distance(b.colour[i]) }

func TestPetfaceTwinTwiceIsTheImage(t *testing.T) {
	s := openFaces(t, small(4))
	d := &petfaces{side: 32, noise: petfaceNoise}
	for k := range 60 {
		d.faces = append(d.faces, petfaceAt(4, Train, k))
	}
	for i := range d.faces {
		for f := range s.Features {
			if d.faces[i].has[f] != s.HasFeature(i, f) {
				t.Fatalf("image %d, %s: presence is not the latent's", i, s.Features[f])
			}
			twin := s.Twin(i, f)
			d.faces[i] = flipped(d.faces[i], f)
			if !slices.Equal(d.twin(i, f), s.Image(i)) {
				t.Errorf("image %d: flipping %s twice does not give the image back", i, s.Features[f])
			}
			d.faces[i] = flipped(d.faces[i], f)
			if !slices.Equal(twin, s.Twin(i, f)) || !slices.Equal(d.twin(i, f), twin) {
				t.Errorf("image %d: the twin for %s is not repeatable", i, s.Features[f])
			}
		}
	}
}

// A twin may differ only where its feature's part is seen in one of the two images; noise,
// and every pixel elsewhere, stay as they are.
func TestPetfaceTwinsChangeTheirPartOnly(t *testing.T) {
	s := openFaces(t, Options{Seed: 5, Train: 100, Select: 2, Confirm: 2})
	for i := range 100 {
		p := petfaceAt(5, Train, i)
		before := picture(p)
		for f, part := range s.FeatureParts {
			after := picture(flipped(p, f))
			image, twin := s.Image(i), s.Twin(i, f)
			for k := range 1024 {
				if before.share[k][part] > 0 || after.share[k][part] > 0 {
					continue
				}
				for c := range 3 {
					if image[c*1024+k] != twin[c*1024+k] {
						t.Fatalf("image %d: flipping %s changed pixel %d outside %s", i, s.Features[f], k, s.Parts[part])
					}
				}
			}
		}
	}
}

// Flipping one feature leaves the others drawn: each optional part keeps its pixels except
// where the flipped feature's part now covers them or has uncovered them.
func TestPetfaceTwinsKeepTheOtherFeatures(t *testing.T) {
	for i := range 100 {
		p := uncovered(petfaceAt(5, Train, i))
		before := picture(p)
		for f, row := range petfaceTable {
			after := picture(flipped(p, f))
			for g, other := range petfaceTable {
				part := partIndex(other.Part)
				if g == f || other.Part == row.Part || before.mask(part) == nil {
					continue
				}
				if after.mask(part) == nil {
					t.Errorf("image %d: flipping %s hides %s altogether", i, row.Name, other.Part)
				}
			}
		}
	}
}

func partIndex(name string) int { return slices.Index(petfaceParts, name) }

// Where no occluder interferes, every twin must be visibly another image; an occluder may
// hide the change, but may not alter it where it does not reach.
func TestPetfaceTwinsAreVisible(t *testing.T) {
	occluded := 0
	for i := range 250 {
		p := petfaceAt(6, Train, i)
		bare := picture(uncovered(p))
		covered := picture(p)
		for f, row := range petfaceTable {
			bareTwin := picture(flipped(uncovered(p), f))
			clear := 0
			for k := range bare.colour {
				if change(bare, bareTwin, k) > 0.2 {
					clear++
				}
			}
			if clear < 4 {
				t.Errorf("image %d: flipping %s changes %d pixels clearly", i, row.Name, clear)
			}
			if !p.occluder.shown {
				continue
			}
			occluded++
			twin := picture(flipped(p, f))
			for k := range bare.colour {
				if covered.colour[k] == bare.colour[k] && twin.colour[k] != bareTwin.colour[k] {
					t.Fatalf("image %d: the occluder is elsewhere in the twin for %s", i, row.Name)
				}
			}
		}
	}
	if n := occluded / len(petfaceTable); n < 8 || n > 45 {
		t.Errorf("%d of 250 images have an occluder, about %d expected", n, int(250*occluderRate))
	}
}

func TestPetfaceMasks(t *testing.T) {
	s := openFaces(t, Options{Seed: 9, Train: 150, Select: 2, Confirm: 2})
	optional := map[string]bool{"whiskers": true, "tongue": true, "stripes": true, "patch": true}
	for i := range 150 {
		p := petfaceAt(9, Train, i)
		owner := make([]int, 1024)
		for part, name := range s.Parts {
			m := s.Mask(i, part)
			if m != nil && (len(m) != 1024 || !slices.Contains(m, true)) {
				t.Fatalf("image %d: mask of %s has %d pixels or marks none", i, name, len(m))
			}
			for k, in := range m {
				if in {
					owner[k]++
				}
			}
			if f := slices.Index(s.FeatureParts, part); f >= 0 && optional[name] && !s.HasFeature(i, f) && m != nil {
				t.Errorf("image %d: a mask of %s, which it does not have", i, name)
			} else if f >= 0 && !p.occluder.shown && (!optional[name] || s.HasFeature(i, f)) && m == nil {
				t.Errorf("image %d: no mask of %s", i, name)
			}
		}
		if slices.Max(owner) > 1 {
			t.Errorf("image %d: masks overlap", i)
		}
	}
}

// The oracle is the picture itself: a part that is dominant in a pixel cannot be taken away
// without changing the pixel's colour, and where taking it away changes the colour by most
// of what it changes anywhere, the part is dominant.
func TestPetfaceMasksAgreeWithTheTwins(t *testing.T) {
	for f, row := range petfaceTable {
		if f != whiskers && f != tongueOut && f != stripedCoat && f != eyePatch {
			continue
		}
		part := partIndex(row.Part)
		var marked, explained, changed, found float64
		for i := range 150 {
			p := petfaceAt(10, Train, i)
			p.has[f] = true
			with, without := picture(p), picture(flipped(p, f))
			m := with.mask(part)
			most := 0.0
			for k := range with.colour {
				most = max(most, change(with, without, k))
			}
			for k := range with.colour {
				in, d := m != nil && m[k], change(with, without, k)
				marked += bit(in)
				explained += bit(in && d > 0.03)
				changed += bit(d > 0.65*most)
				found += bit(d > 0.65*most && in)
			}
		}
		if explained/marked < 0.97 {
			t.Errorf("%s: only %.3f of the mask changes when it is taken away", row.Name, explained/marked)
		}
		if found/changed < 0.9 {
			t.Errorf("%s: only %.3f of what taking it away changes is in the mask", row.Name, found/changed)
		}
	}
}

func TestPetfaceMasksSitOnTheFace(t *testing.T) {
	for i := range 200 {
		p := uncovered(petfaceAt(15, Train, i))
		c := picture(p)
		f := newFrame(p.x, p.y, p.scale, p.tilt)
		at := func(x, y float64) int {
			q := f.place(point{x, y})
			return int(q.y)*32 + int(q.x)
		}
		for name, k := range map[string]int{
			"eyes": at(p.eyeSpread, p.eyeHeight), "nose": at(0, 3.3),
		} {
			if m := c.mask(partIndex(name)); !m[k] {
				t.Errorf("image %d: the middle of the %s is not in its mask", i, name)
			}
		}
		if m := c.mask(partBackground); !m[0] || m[at(0, 0)] {
			t.Errorf("image %d: background in the face, or none in the corner", i)
		}
	}
}

// An occluder takes pixels from parts and gives them to none, the background included.
func TestPetfaceOccluderHidesParts(t *testing.T) {
	for i := range 150 {
		p := petfaceAt(16, Train, i)
		p.occluder.shown = true
		covered, bare := picture(p), picture(uncovered(p))
		for part, name := range petfaceParts {
			m, whole := covered.mask(part), bare.mask(part)
			for k, in := range m {
				if in && (whole == nil || !whole[k]) && covered.colour[k] == bare.colour[k] {
					t.Fatalf("image %d: the occluder adds pixels to %s", i, name)
				}
			}
		}
		o := p.occluder
		if x, y := int(o.x), int(o.y); x >= 0 && y >= 0 && x < 32 && y < 32 && covered.dominant(y*32+x) != partNone {
			t.Errorf("image %d: the occluder's middle belongs to a part", i)
		}
	}
}

func TestPetfaceIsTheSameFaceAtAnySize(t *testing.T) {
	for i := range 20 {
		p := petfaceAt(17, Train, i)
		small, large := picture(p), newCanvas(128, false)
		p.draw(large)
		sum := 0.0
		for k, px := range small.colour {
			var mean rgb
			for d := range 16 {
				for ch, v := range large.colour[(k/32*4+d/4)*128+k%32*4+d%4] {
					mean[ch] += v / 16
				}
			}
			sum += px.distance(mean)
		}
		if mean := sum / 1024; mean > 0.015 {
			t.Errorf("image %d differs from its larger self by %.4f a pixel", i, mean)
		}
	}
}

func TestPetfaceNoiseHasTheDeviationAskedFor(t *testing.T) {
	o := small(18)
	o.Noise = ptr(0)
	clean := openFaces(t, o)
	o.Noise = ptr(0.05)
	noisy := openFaces(t, o)
	var n, sum, squares float64
	for k, v := range clean.Images {
		if v > 0.25 && v < 0.75 {
			d := float64(noisy.Images[k] - v)
			n, sum, squares = n+1, sum+d, squares+d*d
		}
	}
	if m, sd := sum/n, math.Sqrt(squares/n); math.Abs(m) > 0.001 || math.Abs(sd-0.05) > 0.001 {
		t.Errorf("noise has mean %.4f and deviation %.4f over %.0f values", m, sd, n)
	}
	if !slices.Equal(clean.Present, noisy.Present) {
		t.Error("the noise changes the features")
	}
}
