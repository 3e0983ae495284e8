package stats

import (
	"math"
	"testing"
)

// TestWilsonPublished holds the intervals against table I of Newcombe 1998, method 3.
func TestWilsonPublished(t *testing.T) {
	for _, test := range []struct {
		successes, n int
		low, high    float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		low, high := Wilson(test.successes, test.n)
		if math.Abs(low-test.low) > 5e-5 || math.Abs(high-test.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, Newcombe has %.4f to %.4f", test.successes, test.n, low, high, test.low, test.high)
		}
	}
}

// TestWilsonIsTheScoreTestInverted: at both ends the normal test is exactly at its limit.
func TestWilsonIsTheScoreTestInverted(t *testing.T) {
	const z95, z99 = 1.959963984540054, 2.5758293035489004 // R: qnorm(0.975), qnorm(0.995)
	for _, c := range []struct{ confidence, z float64 }{{0.95, z95}, {0.99, z99}} {
		for _, n := range []int{1, 2, 7, 100, 2000, 1_000_000} {
			for _, x := range []int{0, 1, n / 3, n - 1, n} {
				low, high := WilsonAt(x, n, c.confidence)
				rate := float64(x) / float64(n)
				if low < 0 || high > 1 || low > rate || high < rate {
					t.Fatalf("%d of %d: interval %v to %v around %v", x, n, low, high, rate)
				}
				for _, p := range []float64{low, high} {
					if p == 0 || p == 1 {
						continue // x = 0 or n: the test never rejects there
					}
					if got := math.Abs(rate-p) / math.Sqrt(p*(1-p)/float64(n)); math.Abs(got-c.z) > 1e-6 {
						t.Errorf("%d of %d at %v: z = %v at %v, want %v", x, n, c.confidence, got, p, c.z)
					}
				}
			}
		}
	}
}

func TestWilsonEdges(t *testing.T) {
	if low, high := Wilson(0, 0); low != 0 || high != 1 {
		t.Errorf("no observations: %v to %v, want 0 to 1", low, high)
	}
	if low, _ := Wilson(0, 50); low != 0 {
		t.Errorf("0 of 50: low end %v, want exactly 0", low)
	}
	if _, high := Wilson(50, 50); high != 1 {
		t.Errorf("50 of 50: high end %v, want exactly 1", high)
	}
	low, high := Wilson(30, 100)
	lowRest, highRest := Wilson(70, 100)
	if low != 1-highRest || high != 1-lowRest {
		t.Errorf("30 and 70 of 100 are not mirror images: %v to %v, %v to %v", low, high, lowRest, highRest)
	}
	for _, bad := range []struct {
		x, n       int
		confidence float64
	}{{-1, 5, 0.95}, {6, 5, 0.95}, {0, -1, 0.95}, {1, 5, 0}, {1, 5, 1}, {1, 5, 95}, {1, 5, math.NaN()}} {
		if low, high := WilsonAt(bad.x, bad.n, bad.confidence); !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("%+v: %v to %v, want NaN", bad, low, high)
		}
	}
}
