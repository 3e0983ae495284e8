package reports

import (
	"bytes"
	"image/png"
	"math"
	"slices"
	"sync"
	"testing"

	"neuroprobe/model"
)

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		ticks
		low, high float64
		want      []string
	}{
		{ticks{about: 5}, 0, 0.65, []string{"0.0", "0.2", "0.4", "0.6"}},
		{ticks{about: 5}, 58, 99, []string{"60", "70", "80", "90"}},
		{ticks{about: 6, sign: true}, -21, 6, []string{"−20", "−15", "−10", "−5", "0", "+5"}},
		{ticks{about: 7, least: 1}, 0.5, 3.5, []string{"1", "2", "3"}},
		{ticks{about: 5}, 0, 0.004, []string{"0.000", "0.001", "0.002", "0.003", "0.004"}},
		{ticks{about: 5}, 0, 3e6, []string{"0", "1,000,000", "2,000,000", "3,000,000"}},
		{ticks{about: 5}, 1, 1, []string{"1"}},
		{ticks{about: 5}, math.NaN(), 1, nil},
	} {
		var got []string
		for _, k := range tt.Ticks(tt.low, tt.high) {
			got = append(got, k.Label)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("ticks from %v to %v are %q, want %q", tt.low, tt.high, got, tt.want)
		}
	}
}

// Plots must come out whatever the numbers are.
func TestPlotsBearAnything(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	long := make([]model.Epoch, 300)
	for i := range long {
		long[i] = model.Epoch{Epoch: i + 1, TrainLoss: 1 / float64(i+1), SelectLoss: 1, TrainAccuracy: 1, SelectAccuracy: 0.5}
	}
	effects := func(e ...*effect) []byte {
		p := effectsPlot{axis: "change", series: []series{firstSeries("a"), secondSeries("b")}, rows: []effectRow{{"猫 and a name that is much too long to be shown", e}}, write: func(effect) string { return "x" }}
		return p.png()
	}
	for name, data := range map[string][]byte{
		"no epoch":        curvesPNG(nil, 0, nan),
		"one epoch":       curvesPNG(long[:1], 1, 0.9),
		"300 epochs":      curvesPNG(long, 300, 1),
		"diverged":        curvesPNG([]model.Epoch{{TrainLoss: 1, SelectLoss: 2}, {TrainLoss: nan, SelectLoss: inf}, {TrainLoss: 1, SelectLoss: 1}}, 1, nan),
		"all diverged":    curvesPNG([]model.Epoch{{TrainLoss: nan, SelectLoss: inf, TrainAccuracy: nan, SelectAccuracy: nan}}, 7, nan),
		"no effect":       effects(&effect{}, &effect{}),
		"unknown":         effects(nil, nil),
		"not a number":    effects(&effect{nan, nan, nan}, nil),
		"infinite effect": effects(&effect{1, -inf, inf}, &effect{1, 0, 2}),
	} {
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if img.Bounds().Dx() != plotWidth {
			t.Errorf("%s: %v", name, img.Bounds())
		}
	}
}

func TestPicturesFromManyGoroutines(t *testing.T) {
	n := fixtureNetwork(t)
	want := curvesPNG(n.Record.Epochs, 3, 0.9)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !bytes.Equal(curvesPNG(n.Record.Epochs, 3, 0.9), want) {
				t.Error("the picture differs")
			}
			if Terminal(Entry{Sections: []Section{{"x", []Block{LayerTable(n)}}}}) == "" {
				t.Error("no text")
			}
		})
	}
	wg.Wait()
}
