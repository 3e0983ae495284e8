package reports

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"testing"
)

// pixelsOf counts the pixels of exactly one colour.
func pixelsOf(t *testing.T, data []byte, c color.RGBA) int {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() != plotWidth {
		t.Errorf("the picture is %v", img.Bounds())
	}
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if color.RGBAModel.Convert(img.At(x, y)) == c {
				n++
			}
		}
	}
	return n
}

func TestStripPlot(t *testing.T) {
	none := [2]float64{math.NaN(), math.NaN()}
	strip := func(found bool, band [2]float64) []byte {
		column := stripColumn{label: "conv1\n1 of 1"}
		for k := range 40 {
			column.dots = append(column.dots, stripDot{float64(k) / 40, found})
		}
		return stripPlot{"layer", "AUROC", []stripColumn{column, {label: "a layer without a tested neuron"}}, band}.png()
	}
	if full, hollow := pixelsOf(t, strip(true, none), blue), pixelsOf(t, strip(false, none), blue); full < 4*hollow {
		t.Errorf("full dots have %d blue pixels, hollow ones %d", full, hollow)
	}
	if with, without := pixelsOf(t, strip(true, [2]float64{0.4, 0.6}), bandColour), pixelsOf(t, strip(true, none), bandColour); with < 10000 || without != 0 {
		t.Errorf("the band has %d pixels, and %d where there is none", with, without)
	}
}

// A layer of many neurons with the same value stays within its column: no dot is lost.
func TestStripPlotOfACrowd(t *testing.T) {
	crowd := stripColumn{label: "conv1"}
	for range 2000 {
		crowd.dots = append(crowd.dots, stripDot{0.7, true})
	}
	one := stripPlot{columns: []stripColumn{crowd}, band: [2]float64{math.NaN(), math.NaN()}}
	two := stripPlot{columns: []stripColumn{crowd, {label: "conv2"}}, band: one.band}
	if a, b := pixelsOf(t, one.png(), blue), pixelsOf(t, two.png(), blue); b > a*6/10 || b < a*3/10 {
		t.Errorf("the crowd fills %d pixels of the whole width and %d of half of it", a, b)
	}
}

func TestHistogramPlot(t *testing.T) {
	histogram := func(zeros, threshold float64, bars ...float64) []byte {
		h := histogramPlot{axis: "activation", edges: []float64{0, 1, 2, 3}, zeros: !math.IsNaN(zeros), threshold: threshold}
		for range 2 {
			h.panels = append(h.panels, histogramPanel{label: "cat", bars: bars, zeros: zeros})
		}
		return h.png()
	}
	nan := math.NaN()
	if few, many := pixelsOf(t, histogram(nan, nan, 0.2, 0, 0), blue), pixelsOf(t, histogram(nan, nan, 0.2, 0.2, 0.1), blue); many < few*24/10 || many > few*26/10 {
		t.Errorf("one bar has %d pixels, two and a half have %d", few, many)
	}
	if few, many := pixelsOf(t, histogram(0.25, nan, 0.2, 0, 0), slate), pixelsOf(t, histogram(0.75, nan, 0.2, 0, 0), slate); many < 2*few {
		t.Errorf("a quarter of zeros has %d pixels, three quarters %d", few, many)
	}
	if inside, outside := pixelsOf(t, histogram(nan, 1.5, 0.2, 0, 0), vermillion), pixelsOf(t, histogram(nan, 7, 0.2, 0, 0), vermillion); inside == 0 || outside != 0 {
		t.Errorf("the threshold has %d pixels inside the axis, %d outside", inside, outside)
	}
}

// A class without images has no shares, and divides by nothing.
func TestClassPanelOfNoImages(t *testing.T) {
	p := classPanel("x", []int{0, 0}, 0)
	if p.bars[0] != 0 || !math.IsNaN(p.zeros) {
		t.Errorf("shares of no images are %v and %v", p.bars, p.zeros)
	}
	if p := classPanel("x", []int{1, 3}, 4); p.bars[1] != 0.375 || p.zeros != 0.5 {
		t.Errorf("shares of 8 images are %v and %v, want 0.375 and 0.5", p.bars, p.zeros)
	}
}
