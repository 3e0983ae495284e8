package stats

import (
	"math"
	"math/big"
	"testing"
)

func TestMcNemarByHand(t *testing.T) {
	for _, test := range []struct {
		b, c int
		want float64
	}{
		{0, 0, 1},
		{1, 0, 1},
		{0, 2, 0.5},                  // 2·(1/4)
		{0, 5, 0.0625},               // 2·(1/32)
		{1, 9, 0.021484375},          // 2·(1+10)/1024
		{9, 1, 0.021484375},          // either way
		{2, 8, 0.109375},             // 2·(1+10+45)/1024
		{3, 5, 0.7265625},            // 2·(1+8+28+56)/256
		{7, 8, 1},                    // half of an odd number of throws, twice
		{50, 50, 1},                  // the middle counts twice
		{0, 60, math.Ldexp(1, -59)},  // 2·2⁻⁶⁰
		{1, 70, math.Ldexp(72, -70)}, // 2·(1+71)·2⁻⁷¹
	} {
		if got := McNemarExact(test.b, test.c); math.Abs(got/test.want-1) > 1e-13 {
			t.Errorf("b = %d, c = %d: p = %.17g, want %.17g", test.b, test.c, got, test.want)
		}
	}
	if p := McNemarExact(-1, 3); !math.IsNaN(p) {
		t.Errorf("negative count: p = %v, want NaN", p)
	}
}

// exactMcNemar is the oracle: whole numbers of any length.
func exactMcNemar(b, c int) float64 {
	n, k := int64(b+c), int64(min(b, c))
	sum, term := big.NewInt(0), big.NewInt(1)
	for i := range k + 1 {
		sum.Add(sum, term)
		term.Mul(term, big.NewInt(n-i)).Quo(term, big.NewInt(i+1))
	}
	p := new(big.Float).SetInt(sum)
	p.SetMantExp(p, 1-int(n)) // 2·sum/2ⁿ
	f, _ := p.Float64()
	return min(1, f)
}

func TestMcNemarAgainstWholeNumbers(t *testing.T) {
	for _, pair := range [][2]int{{1, 5}, {7, 20}, {15, 16}, {15, 40}, {16, 33}, {100, 150}, {499, 503}, {900, 1100},
		{1, 800}, {200, 1000}, {4900, 5100}, {4990, 5010}, {4500, 5500}} {
		got, want := McNemarExact(pair[0], pair[1]), exactMcNemar(pair[0], pair[1])
		if math.Abs(got/want-1) > 1e-11 {
			t.Errorf("b = %d, c = %d: p = %.17g, want %.17g", pair[0], pair[1], got, want)
		}
	}
}

// TestMcNemarLargeCounts: where the naive form computes ∞·0. The normal approximation with
// continuity correction, erfc((|b-c|-1)/√(2(b+c))), is good to a few in ten thousand here.
func TestMcNemarLargeCounts(t *testing.T) {
	for _, pair := range [][2]int{{100_000, 100_300}, {99_000, 100_000}, {100_000, 100_002}, {1_000_000, 1_003_000}} {
		b, c := float64(pair[0]), float64(pair[1])
		want := math.Erfc((c - b - 1) / math.Sqrt(2*(b+c)))
		if got := McNemarExact(pair[0], pair[1]); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("b = %v, c = %v: p = %v, about %v expected", b, c, got, want)
		}
	}
	if p := McNemarExact(0, 100_000); p != 0 {
		t.Errorf("2⁻⁹⁹⁹⁹⁹ as a float64 is %v, want 0", p)
	}
	if got, want := McNemarLog(0, 100_000), -99_999*math.Ln2; math.Abs(got-want) > 1e-9 {
		t.Errorf("log p = %v, want %v", got, want)
	}
	// 2·(1 + 100001)·2⁻¹⁰⁰⁰⁰¹
	if got, want := McNemarLog(1, 100_000), math.Log(100_002)-100_000*math.Ln2; math.Abs(got-want) > 1e-9 {
		t.Errorf("log p = %v, want %v", got, want)
	}
}

func TestMcNemarFallsWithImbalance(t *testing.T) {
	last := 2.0
	for c := 30; c <= 200; c++ {
		p := McNemarExact(30, c)
		if p > last || p <= 0 || p > 1 {
			t.Fatalf("b = 30, c = %d: p = %v after %v", c, p, last)
		}
		last = p
	}
}

func BenchmarkMcNemarExact(b *testing.B) {
	for b.Loop() {
		McNemarExact(99_000, 100_000)
	}
}
