package probe

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// slowThreshold sorts everything: the value that ⌊n/200⌋ others are at least as large as.
func slowThreshold(values []float32) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return float64(sorted[len(sorted)-1-len(sorted)/200])
}

func TestUpperTailByHand(t *testing.T) {
	inf := float32(math.Inf(1))
	ramp := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(i + 1)
		}
		return out
	}
	for _, c := range []struct {
		name   string
		values []float32
		want   float64
	}{
		{"399 values: 1 above", ramp(399), 398},
		{"400 values: 2 above", ramp(400), 398},
		{"199 values: none above", ramp(199), 199},
		{"one value", []float32{-3}, -3},
		{"two of 400 are lit", append(make([]float32, 398), 1, 2), 0},
		{"three of 400 are lit alike: they all tie and fall out", append(make([]float32, 397), 5, 5, 5), 5},
		{"three of 400 are lit, the least falls out", append(make([]float32, 397), 7, 5, 6), 5},
		{"negative activations", slices.Repeat([]float32{-2, -1}, 200), -1},
		{"constant", slices.Repeat([]float32{0.1}, 1000), float64(float32(0.1))},
		{"negative zeros", slices.Repeat([]float32{float32(math.Copysign(0, -1))}, 400), 0},
		{"infinities", append(slices.Repeat([]float32{-inf}, 399), inf), math.Inf(-1)},
	} {
		tail := newUpperTail(len(c.values))
		tail.add(c.values)
		if got := tail.threshold(); math.Float64bits(got) != math.Float64bits(c.want) {
			t.Errorf("%s: threshold %v, want %v", c.name, got, c.want)
		}
	}
}

// TestUpperTailAgainstSorting: values with ties and many zeros, in batches of every size, in
// ascending (the worst), descending and random order.
func TestUpperTailAgainstSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for range 60 {
		values := make([]float32, 1+r.IntN(20_000))
		levels := 1 + r.IntN(2000)
		for i := range values {
			values[i] = max(0, float32(r.IntN(levels)-levels/3))
		}
		if r.IntN(2) == 0 {
			slices.Sort(values)
		}
		if r.IntN(3) == 0 {
			slices.Reverse(values)
		}
		tail, batch := newUpperTail(len(values)), 1+r.IntN(3000)
		for rest := values; len(rest) > 0; rest = rest[min(batch, len(rest)):] {
			tail.add(rest[:min(batch, len(rest))])
			if cap(tail.values) > 0 && len(tail.values) >= 2*(len(values)/200+1) {
				t.Fatalf("%d values kept of %d", len(tail.values), len(values))
			}
		}
		got, above := tail.threshold(), 0
		for _, v := range values {
			if float64(v) > got {
				above++
			}
		}
		if want := slowThreshold(values); got != want || above > len(values)/200 {
			t.Errorf("%d values: threshold %v, want %v; %d above", len(values), got, want, above)
		}
	}
}

func TestUpperTailFromSeveralGoroutines(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	values := make([]float32, 40_000)
	for i := range values {
		values[i] = float32(r.NormFloat64())
	}
	tail := newUpperTail(len(values))
	var all sync.WaitGroup
	for part := range slices.Chunk(values, 700) {
		all.Go(func() { tail.add(part) })
	}
	all.Wait()
	if got, want := tail.threshold(), slowThreshold(values); got != want {
		t.Errorf("threshold %v, want %v", got, want)
	}
}
