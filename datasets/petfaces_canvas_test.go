package datasets

import (
	"math"
	"testing"
)

func blank(side int) *canvas {
	c := newCanvas(side, true)
	c.clear(func(x, y float64) rgb { return rgb{} })
	c.frame = newFrame(0, 0, 1, 0)
	return c
}

func TestCanvasCoversByArea(t *testing.T) {
	c := blank(4)
	c.fill(partNose, rgb{1, 1, 1}, polygon(point{0.5, 0}, point{2, 0}, point{2, 1.25}, point{0.5, 1.25}))
	want := map[int]float64{0: 0.5, 1: 1, 2: 0, 4: 0.125, 5: 0.25, 8: 0}
	for k, v := range want {
		if got := float64(c.share[k][partNose]); math.Abs(got-v) > 0.01 {
			t.Errorf("pixel %d is covered by %.3f, want %.3f", k, got, v)
		}
		if got := float64(c.colour[k][0]); math.Abs(got-v) > 0.01 {
			t.Errorf("pixel %d has colour %.3f, want %.3f", k, got, v)
		}
	}
}

func TestCanvasAreas(t *testing.T) {
	cases := map[string]struct {
		outline outline
		want    float64
	}{
		"ellipse":        {ellipse(point{32, 32}, 20, 11, 0.4), math.Pi * 20 * 11},
		"straight strip": {ribbon(point{10, 10}, point{30, 20}, point{50, 30}, 4, 2), 3 * math.Hypot(40, 20)},
		"half outside":   {ellipse(point{0, 30}, 12, 12, 0), math.Pi * 144 / 2},
		"corner":         {ellipse(point{64, 64}, 12, 12, 0), math.Pi * 144 / 4},
		"outside":        {ellipse(point{-40, 30}, 12, 12, 0), 0},
	}
	for name, k := range cases {
		c := blank(64)
		c.fill(partNone, rgb{1, 1, 1}, k.outline)
		sum := 0.0
		for _, px := range c.colour {
			sum += float64(px[0])
		}
		if math.Abs(sum-k.want) > 0.02*k.want {
			t.Errorf("%s: area %.1f, want %.1f", name, sum, k.want)
		}
	}
}

func TestCanvasSharesAddUp(t *testing.T) {
	for i := range 50 {
		c := picture(petfaceAt(1, Train, i))
		for k := range c.colour {
			sum := float32(0)
			for _, share := range c.share[k] {
				sum += share
			}
			if math.Abs(float64(sum)-1) > 1e-5 {
				t.Fatalf("image %d, pixel %d: shares add up to %v", i, k, sum)
			}
		}
	}
}

func TestCanvasLaterHidesEarlier(t *testing.T) {
	c := blank(8)
	c.fill(partEyes, rgb{1, 0, 0}, polygon(point{0, 0}, point{8, 0}, point{8, 8}, point{0, 8}))
	c.fill(partNone, rgb{0, 1, 0}, polygon(point{0, 0}, point{4, 0}, point{4, 8}, point{0, 8}))
	m := c.mask(partEyes)
	for k, in := range m {
		if want := k%8 >= 4; in != want {
			t.Fatalf("pixel %d in the mask: %v, want %v", k, in, want)
		}
	}
	if c.mask(partBackground) != nil {
		t.Error("background is visible through paint")
	}
}

func TestHSL(t *testing.T) {
	for _, c := range []struct {
		h, s, l float64
		want    rgb
	}{
		{0, 1, 0.5, rgb{1, 0, 0}}, {120, 1, 0.5, rgb{0, 1, 0}}, {240, 1, 0.5, rgb{0, 0, 1}},
		{60, 1, 0.25, rgb{0.5, 0.5, 0}}, {200, 0, 0.3, rgb{0.3, 0.3, 0.3}},
	} {
		if got := hsl(c.h, c.s, c.l); got.distance(c.want) > 1e-6 {
			t.Errorf("hsl(%v, %v, %v) = %v, want %v", c.h, c.s, c.l, got, c.want)
		}
	}
}
