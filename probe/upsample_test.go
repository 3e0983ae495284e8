package probe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func upsampled(values []float32, height, width, rows, cols int) []float64 {
	u := newUpsampler(height, width, rows, cols)
	image := make([]float64, rows*cols)
	u.upsample(image, values, u.scratch())
	return image
}

// TestUpsamplePublished: the example in PyTorch's documentation of nn.Upsample, scale_factor=2,
// mode="bilinear", align_corners=False.
func TestUpsamplePublished(t *testing.T) {
	want := []float64{
		1, 1.25, 1.75, 2,
		1.5, 1.75, 2.25, 2.5,
		2.5, 2.75, 3.25, 3.5,
		3, 3.25, 3.75, 4,
	}
	if got := upsampled([]float32{1, 2, 3, 4}, 2, 2, 4, 4); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestUpsampleByHand: from 2 to 3 columns pixel 1 lies over position 1.5·⅔ - ½ = ½; pixel 0 over
// -⅙, which is outside, and pixel 2 over 1⅙. From 3 to 2 they lie over ¼ and 1¾.
func TestUpsampleByHand(t *testing.T) {
	for _, c := range []struct {
		name                      string
		values                    []float32
		height, width, rows, cols int
		want                      []float64
	}{
		{"2 to 3", []float32{2, 6}, 1, 2, 1, 3, []float64{2, 4, 6}},
		{"3 to 2", []float32{0, 4, 12}, 1, 3, 1, 2, []float64{1, 10}},
		{"down a column", []float32{2, 6}, 2, 1, 3, 1, []float64{2, 4, 6}},
		{"one value", []float32{7}, 1, 1, 2, 2, []float64{7, 7, 7, 7}},
		{"as it is", []float32{1, 2, 3, 4, 5, 6}, 2, 3, 2, 3, []float64{1, 2, 3, 4, 5, 6}},
	} {
		if got := upsampled(c.values, c.height, c.width, c.rows, c.cols); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// slowUpsample is the value at one pixel by the definition, from all four neighbours.
func slowUpsample(values []float32, height, width, rows, cols, y, x int) float64 {
	at := func(i, n, m int) (from, to int, share float64) {
		p := math.Max((float64(i)+0.5)*float64(m)/float64(n)-0.5, 0)
		from = int(math.Floor(p))
		return from, int(math.Min(float64(from+1), float64(m-1))), p - math.Floor(p)
	}
	top, bottom, down := at(y, rows, height)
	left, right, across := at(x, cols, width)
	line := func(row int) float64 {
		a, b := float64(values[row*width+left]), float64(values[row*width+right])
		return a + across*(b-a)
	}
	return line(top) + down*(line(bottom)-line(top))
}

func TestUpsampleAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range 100 {
		height, width, rows, cols := 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(40), 1+r.IntN(40)
		values := make([]float32, height*width)
		for i := range values {
			values[i] = float32(r.NormFloat64())
		}
		image := upsampled(values, height, width, rows, cols)
		for i, v := range image {
			if want := slowUpsample(values, height, width, rows, cols, i/cols, i%cols); math.Abs(v-want) > 1e-14 {
				t.Fatalf("%d×%d to %d×%d, pixel %d: %v, want %v", height, width, rows, cols, i, v, want)
			}
		}
	}
}

// TestUpsampleIsConvex: no rounding leads out of the map's range, whatever the magnitudes; a
// plateau keeps its value to the last bit. Dissection skips maps on the strength of this.
func TestUpsampleIsConvex(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 300 {
		height, width, size := 1+r.IntN(8), 1+r.IntN(8), 1+r.IntN(40)
		values := make([]float32, height*width)
		for i := range values {
			values[i] = float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(40)-20)))
		}
		image := upsampled(values, height, width, size, size)
		if slices.Max(image) > float64(slices.Max(values)) || slices.Min(image) < float64(slices.Min(values)) {
			t.Fatalf("%v to %v of %v to %v", slices.Min(image), slices.Max(image), slices.Min(values), slices.Max(values))
		}
		plateau := slices.Repeat(values[:1], height*width)
		for _, v := range upsampled(plateau, height, width, size, size) {
			if v != float64(plateau[0]) {
				t.Fatalf("a plateau of %v has %v", plateau[0], v)
			}
		}
	}
}

func TestSetAbove(t *testing.T) {
	values := make([]float32, 70)
	values[0], values[63], values[64], values[69] = 2, 1, 3, 2
	words := []uint64{^uint64(0), ^uint64(0)} // left over from another image
	setAbove(words, values, 1)
	if want := []uint64{1, 1 | 1<<5}; !slices.Equal(words, want) {
		t.Errorf("%b, want %b: 63 is not above", words, want)
	}
}
