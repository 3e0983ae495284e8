package stats

import (
	"math"
	"testing"
)

func TestClassSelectivityByHand(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name  string
		means []float64
		want  float64
	}{
		{"two classes", []float64{1, 3}, 0.5},           // 2/4
		{"rest averaged", []float64{1, 6, 3}, 0.5},      // (6-2)/(6+2)
		{"one alone", []float64{0, 0, 4, 0}, 1},         // 4/4
		{"two share", []float64{2, 2, 0}, 1. / 3},       // (2-1)/(2+1)
		{"all alike", []float64{0.1, 0.1, 0.1, 0.1}, 0}, // 3·0.1 rounds up
		{"scale", []float64{1e-30, 3e-30}, 0.5},
		{"silent", []float64{0, 0, 0}, nan},
		{"negative", []float64{-1, 3}, nan},
		{"NaN", []float64{1, nan, 2}, nan},
		{"infinite", []float64{1, math.Inf(1)}, nan},
		{"one class", []float64{1}, nan},
		{"none", nil, nan},
	} {
		got := ClassSelectivity(test.means)
		near(t, test.name, got, test.want, 1e-15)
		if math.Signbit(got) && !math.IsNaN(got) {
			t.Errorf("%s: %v is below 0", test.name, got)
		}
	}
}
