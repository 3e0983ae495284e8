package stats

import (
	"math"
	"testing"
)

func momentsOf(values ...float64) *Moments {
	var m Moments
	for _, v := range values {
		m.Add(v)
	}
	return &m
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance || math.IsNaN(got) != math.IsNaN(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMomentsByHand(t *testing.T) {
	m := momentsOf(2, 4, 4, 4, 5, 5, 7, 9) // Σ(x-5)² = 9+1+1+1+0+0+4+16 = 32
	near(t, "mean", m.Mean(), 5, 1e-15)
	near(t, "variance", m.Variance(), 32./7, 1e-14)
	near(t, "population variance", m.PopulationVariance(), 4, 1e-14)
	near(t, "sd", m.SD(), math.Sqrt(32./7), 1e-14)
	near(t, "slice mean", Mean([]float64{1, 2, 4.5}), 2.5, 0)
	near(t, "slice variance", Variance([]float64{1, 2, 6}), 7, 1e-14) // mean 3: 4+1+9 over 2
	if m.N() != 8 {
		t.Errorf("n = %d, want 8", m.N())
	}
}

func TestMomentsWithoutValues(t *testing.T) {
	var m Moments
	for what, v := range map[string]float64{"mean": m.Mean(), "variance": m.Variance(), "population variance": m.PopulationVariance(),
		"slice mean": Mean(nil), "slice variance": Variance([]float64{1}), "variance of one": momentsOf(3).Variance()} {
		if !math.IsNaN(v) {
			t.Errorf("%s: %v, want NaN", what, v)
		}
	}
	near(t, "population variance of one", momentsOf(3).PopulationVariance(), 0, 0)
	near(t, "with a NaN", momentsOf(1, math.NaN(), 3).Mean(), math.NaN(), 0)
}

// TestMomentsFarFromZero: Chan, Golub and LeVeque's example in kind; the textbook formula
// answers 0 or less than 0 here.
func TestMomentsFarFromZero(t *testing.T) {
	const far = 1e9
	m := momentsOf(far+4, far+7, far+13, far+16)
	near(t, "mean", m.Mean(), far+10, 0)
	near(t, "variance", m.Variance(), 30, 1e-6)
}

func TestMomentsMerge(t *testing.T) {
	all := []float64{3, -1, 4, 1, -5, 9, 2, 6, -5, 3.5}
	want := momentsOf(all...)
	for cut := range len(all) + 1 {
		m := momentsOf(all[:cut]...)
		m.Merge(*momentsOf(all[cut:]...))
		near(t, "merged mean", m.Mean(), want.Mean(), 1e-14)
		near(t, "merged variance", m.Variance(), want.Variance(), 1e-13)
		if m.N() != len(all) {
			t.Errorf("n = %d, want %d", m.N(), len(all))
		}
	}
}
