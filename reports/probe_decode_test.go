package reports

import (
	"bytes"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/probe"
)

func TestGoldenDecode(t *testing.T) {
	const name = "0005-decode"
	e := Decode(fixtureDecode(t))
	if err := e.check(); err != nil {
		t.Fatal(err)
	}
	data, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, name+".md", e.Markdown(name))
	golden(t, name+".json", data)
	golden(t, name+".txt", []byte(Terminal(e)))
}

// restrict keeps some layers and concepts of the fixture, by their places.
func restrict(r DecodeReport, layers, concepts []int) DecodeReport {
	d := *r.Decoding
	d.Layers, d.Concepts, d.Best, d.Warnings = nil, nil, nil, nil
	for _, k := range layers {
		l := r.Decoding.Layers[k]
		l.Probes = nil
		for _, c := range concepts {
			l.Probes = append(l.Probes, r.Decoding.Layers[k].Probes[c])
		}
		d.Layers = append(d.Layers, l)
	}
	for _, c := range concepts {
		best := min(r.Decoding.Best[c], 0)
		d.Concepts, d.Best = append(d.Concepts, r.Decoding.Concepts[c]), append(d.Best, best)
	}
	r.Decoding = &d
	return r
}

func TestDecodeOfOneLayer(t *testing.T) {
	e := Decode(restrict(fixtureDecode(t), []int{3}, []int{1}))
	if e.Title != "Decoding from layer 3 (conv3)" || e.Slug != "decode-3" || len(e.figures()) != 0 {
		t.Errorf("%q, %q, %d pictures", e.Title, e.Slug, len(e.figures()))
	}
	if want := "Pointed_ears is read from layer 3 (conv3) with 58.5 % accuracy on confirm images (95 % interval [53.5, 61.5] %, n = 200; control tasks 62.0 %, selectivity −3.5 pp)."; e.Answer != want {
		t.Errorf("answer %q, want %q", e.Answer, want)
	}
	if e := Decode(restrict(fixtureDecode(t), []int{0, 1, 3}, []int{1, 2})); e.Title != "Decoding from the input, layer 1 (conv1) and layer 3 (conv3)" || e.Slug != "decode-0-1-3" {
		t.Errorf("%q, %q", e.Title, e.Slug)
	}
}

func TestDecodeOfNothing(t *testing.T) {
	r := restrict(fixtureDecode(t), []int{0, 3}, []int{4})
	r.Decoding.Warnings = []string{"hat is the same on all images of train"}
	e := Decode(r)
	if !strings.HasPrefix(e.Answer, "Nothing could be decoded") || !slices.Equal(e.Warnings, r.Decoding.Warnings) {
		t.Errorf("answer %q, warnings %q", e.Answer, e.Warnings)
	}
	if len(e.figures()) != 0 || len(e.Exclusions) != 1 || e.Exclusions[0].Examples[0] != "hat" {
		t.Errorf("%d pictures, exclusions %v", len(e.figures()), e.Exclusions)
	}
}

// A concept whose interval holds the majority's accuracy is not one that can be read.
func TestDecodeCountsWhatIsRead(t *testing.T) {
	r := fixtureDecode(t)
	_, p := r.Decoding.BestProbe(2)
	p.Accuracy.Low = p.Majority
	if e := Decode(r); !strings.HasPrefix(e.Answer, "2 of 4 concepts can be read") {
		t.Errorf("answer %q", e.Answer)
	}
}

func TestDecodeWithoutFeatures(t *testing.T) {
	r := restrict(fixtureDecode(t), []int{0, 1, 2, 3, 4}, []int{0})
	r.Decoding.Types = 0
	e := Decode(r)
	if text := string(e.Markdown("0001-x")); !strings.Contains(text, "every image is a stimulus type of its own") || strings.Contains(text, "within class rules out") ||
		strings.Contains(text, "same combinations of features") {
		t.Errorf("the report speaks of features:\n%s", text)
	}
}

func TestDepthPlotBearsAnything(t *testing.T) {
	nan := math.NaN()
	panel := func(points ...depthPoint) depthPanel {
		return depthPanel{title: "猫 and a name that is much too long to be shown", points: points, best: -1, majority: nan}
	}
	many := depthPlot{deepest: 60, split: datasets.Confirm.String()}
	for range 7 {
		var points []depthPoint
		for l := range 61 {
			points = append(points, depthPoint{layer: l, accuracy: 50, low: 40, high: 60, control: nan})
		}
		many.panels = append(many.panels, panel(points...))
	}
	for name, d := range map[string]depthPlot{
		"two layers":   {deepest: 5, panels: []depthPanel{panel(depthPoint{0, 0, 0, 0, 0}, depthPoint{5, 100, 100, 100, 100})}},
		"not a number": {deepest: 1, panels: []depthPanel{panel(depthPoint{0, nan, nan, nan, nan})}},
		"many":         many,
	} {
		img, err := png.Decode(bytes.NewReader(d.png()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if img.Bounds().Dx() != plotWidth {
			t.Errorf("%s: %v", name, img.Bounds())
		}
	}
}

// The axis must reach below everything that is drawn, and only as far as needed.
func TestDepthAxis(t *testing.T) {
	for want, point := range map[float64]depthPoint{
		50: {accuracy: 90, low: 88, high: 91, control: math.NaN()},
		40: {accuracy: 90, low: 88, high: 91, control: 49},
		30: {accuracy: 45, low: 30, high: 50, control: 60},
		0:  {accuracy: 5, low: 0, high: 10, control: 60},
	} {
		d := depthPlot{panels: []depthPanel{{points: []depthPoint{point}, majority: math.NaN()}}}
		if got := d.lowest(); got != want {
			t.Errorf("%+v: the axis begins at %v, want %v", point, got, want)
		}
	}
}

func TestDecodePicturesAreTheSameEachTime(t *testing.T) {
	a, b := Decode(fixtureDecode(t)).figures(), Decode(fixtureDecode(t)).figures()
	if len(a) != 1 || !bytes.Equal(a[0].PNG, b[0].PNG) {
		t.Errorf("%d pictures; two drawings differ", len(a))
	}
	changed := fixtureDecode(t)
	changed.Decoding.Layers[1].Probes[1].Control = probe.Number(0.2)
	if c := Decode(changed).figures(); bytes.Equal(a[0].PNG, c[0].PNG) {
		t.Error("another control accuracy leaves the picture as it is")
	}
}
