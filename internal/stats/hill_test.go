package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

var eighths = []float64{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}

func hillFitter(t testing.TB) *HillFitter {
	t.Helper()
	f, err := NewHillFitter(eighths)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func planted(h Hill) []float64 {
	var out []float64
	for _, d := range eighths {
		out = append(out, h.At(d))
	}
	return out
}

func closeTo(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) }

// TestHillByHand: at EC50 half of the plateau is reached; with slope 2, at a third of it 1/(1+9).
func TestHillByHand(t *testing.T) {
	h := Hill{EC50: 0.3, Slope: 2, Plateau: -8}
	for dose, want := range map[float64]float64{0: 0, -1: 0, 0.3: -4, 0.1: -0.8, 0.9: -7.2} {
		if got := h.At(dose); !closeTo(got, want, 1e-12) {
			t.Errorf("at %v: %v, want %v", dose, got, want)
		}
	}
	// E(0.9) is -7.2; half of it is 0.45 of the plateau: d² = 0.45/0.55·0.09.
	if got := h.HalfOf(0.9); !closeTo(got, math.Sqrt(0.45/0.55*0.09), 1e-12) {
		t.Errorf("half of what 0.9 does at %v", got)
	}
}

// TestPlantedHillComesBack exactly where there is no noise, whatever its sign.
func TestPlantedHillComesBack(t *testing.T) {
	f := hillFitter(t)
	for _, h := range []Hill{{0.5, 1, 1}, {0.3, 2, -8}, {0.2, 4, 0.001}, {0.8, 1.5, -300}, {1.4, 3, 2}, {0.05, 0.7, 1}, {0.6, 8, -1}} {
		got := f.Fit(planted(h))
		if !closeTo(got.EC50, h.EC50, 1e-5) || !closeTo(got.Slope, h.Slope, 1e-5) || math.Abs(got.Plateau-h.Plateau) > 1e-5*math.Abs(h.Plateau) || got.AtBound || !closeTo(got.R2, 1, 1e-9) {
			t.Errorf("planted %+v, found %+v", h, got)
		}
	}
}

// TestHillIntervalsCover: 100 images have curves of their own about a planted one; the intervals
// of the bootstrap hold what was planted in most of 25 experiments.
func TestHillIntervalsCover(t *testing.T) {
	f := hillFitter(t)
	h := Hill{EC50: 0.4, Slope: 2.5, Plateau: -3}
	random := rand.New(rand.NewPCG(7, 7))
	const experiments, images = 25, 100
	covered := [3]int{}
	for range experiments {
		columns := make([]Statistic, len(eighths))
		means := make([]float64, len(eighths))
		for k, d := range eighths {
			column := make([]float64, images)
			for i := range column {
				if d > 0 {
					column[i] = h.At(d) + 0.6*random.NormFloat64()
				}
			}
			columns[k], means[k] = MeanOf(column), Mean(column)
		}
		effects := make([]float64, len(eighths))
		intervals := Bootstrap{Resamples: 200, Seed: 1}.Several(images, 3, func(counts, into []float64) {
			for k, of := range columns {
				effects[k] = of(counts)
			}
			fit := f.Fit(effects)
			into[0], into[1], into[2] = fit.EC50, fit.Slope, fit.Plateau
		})
		for k, want := range []float64{h.EC50, h.Slope, h.Plateau} {
			if intervals[k].Low <= want && want <= intervals[k].High {
				covered[k]++
			}
		}
	}
	for k, name := range []string{"EC50", "slope", "plateau"} {
		if covered[k] < 21 {
			t.Errorf("%s: %d of %d intervals hold what was planted", name, covered[k], experiments)
		}
	}
}

// TestStraightLineHasNoEC50: it is the curve's beginning, seen from an EC50 beyond all doses.
func TestStraightLineHasNoEC50(t *testing.T) {
	fit := hillFitter(t).Fit(eighths)
	if fit.EC50 < 10 || !closeTo(fit.Slope, 1, 0.02) || fit.R2 < 0.9999 {
		t.Errorf("fit %+v", fit)
	}
	if half := fit.HalfOf(1); !closeTo(half, 0.5, 0.001) || !fit.AtBound {
		t.Errorf("half of the effect at %v", half)
	}
}

func TestHillRefuses(t *testing.T) {
	if _, err := NewHillFitter([]float64{0, 0.5, 1}); err == nil {
		t.Error("two doses gave three parameters")
	}
	if _, err := NewHillFitter([]float64{0, 0.5, 1, math.NaN()}); err == nil {
		t.Error("a dose of NaN went through")
	}
	f := hillFitter(t)
	for _, effects := range [][]float64{make([]float64, 9), {0, 1, 2, math.NaN(), 4, 5, 6, 7, 8}, {0, 1, 2, math.Inf(1), 4, 5, 6, 7, 8}} {
		if fit := f.Fit(effects); !math.IsNaN(fit.EC50) || !math.IsNaN(fit.Plateau) {
			t.Errorf("%v gives %+v", effects, fit)
		}
	}
}

// TestSeveralIsIntervalsTogether: the same draws, the numbers in their places.
func TestSeveralIsIntervalsTogether(t *testing.T) {
	a, b := []float64{1, 5, 2, 8, 3}, []float64{0, 1, 0, 1, 1}
	boot := Bootstrap{Resamples: 300, Seed: 3}
	want := boot.Intervals(5, MeanOf(a), MeanOf(b))
	got := boot.Several(5, 2, func(counts, into []float64) { into[0], into[1] = MeanOf(a)(counts), MeanOf(b)(counts) })
	if got[0] != want[0] || got[1] != want[1] {
		t.Errorf("several %v, one by one %v", got, want)
	}
}

func BenchmarkHillFit(b *testing.B) {
	f := hillFitter(b)
	effects := planted(Hill{0.4, 2.5, -3})
	for i := range effects {
		effects[i] += 0.05 * math.Sin(float64(3*i))
	}
	for b.Loop() {
		f.Fit(effects)
	}
}
