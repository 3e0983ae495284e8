package reports

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// An overlap that does not beat its null is chance, however large, and is not shown.
func TestOverlapsOfChanceAreNotShown(t *testing.T) {
	r := fixtureAtlas(t)
	u := unitOf(r.Survey, model.Neuron(3, 17))
	if got := r.overlapCell(u); got != "ears 0.120" {
		t.Errorf("overlap is %q, want ears 0.120", got)
	}
	u.Overlaps[0].Adjusted = 0.05
	if got := r.overlapCell(u); got != Missing {
		t.Errorf("an overlap that does not beat the null is shown as %q", got)
	}
}

// A sheet without images has no row; a layer of such sheets has no picture.
func TestEmptySheets(t *testing.T) {
	r := fixtureAtlas(t)
	height := func() int {
		f, ok := r.sheet(3)
		if !ok {
			return 0
		}
		img, err := png.Decode(bytes.NewReader(f.PNG))
		if err != nil {
			t.Fatal(err)
		}
		return img.Bounds().Dy()
	}
	two := height()
	r.Survey.Sheets[2].Images = nil // 3:2
	one := height()
	r.Survey.Sheets[1].Images = nil // 3:17
	if row := sheetTitle + thumbSize(32, 32).Y + thumbLine + sheetGap; two-one != row || height() != 0 {
		t.Errorf("sheets of two, one and no rows are %d, %d and %d pixels high; a row is %d", two, one, height(), row)
	}
}

// Under each layer the plot says how many of its tested neurons beat the null; untested ones have
// no dot. The fixture's conv1 has 16 neurons, one of them dead.
func TestStripsCountWhatBeatsTheNull(t *testing.T) {
	r := fixtureAtlas(t)
	found := 0
	for _, u := range r.Survey.Units[:16] {
		if u.Tested() {
			u.Tuning[0].Adjusted = 0.5
		}
	}
	r.Survey.Units[0].Tuning[0].Adjusted, r.Survey.Units[1].Tuning[0].Adjusted = 0.01, 0.049
	columns, _ := r.strips()
	for _, d := range columns[0].dots {
		if d.found {
			found++
		}
	}
	if found != 2 || len(columns) != 4 || columns[0].label != "conv1\n2 of 15" {
		t.Errorf("%d dots are full, the first of %d columns is labelled %q; want 2, 4 and 2 of 15", found, len(columns), columns[0].label)
	}
}

// A synapse from or to a dead neuron carries nothing, which is more than to have no label.
func TestDeadEndsOfSynapses(t *testing.T) {
	r := fixtureNeuron(t, model.Neuron(3, 17))
	for a, want := range map[model.Address]string{model.Neuron(1, 3): "(dead)", model.Neuron(2, 5): Missing, model.Neuron(0, 1): Missing} {
		if got := r.otherLabel(a, nil); got != want {
			t.Errorf("the label of %s is %q, want %q", a, got, want)
		}
	}
	if got := r.nodeName(model.Neuron(0, 1)); got != "input channel 1" {
		t.Errorf("0:1 is called %q", got)
	}
}

// In a pair the image stands as it is on the left, and under the map on the right.
func TestPairs(t *testing.T) {
	set := dots(3, 1, 1, 1, 0, 0) // red
	s := heatSheet{set: set, paired: true, perRow: 1, rows: []heatRow{newHeatRow("x", []probe.Exemplar{{Map: []float32{0}, Rows: 1, Cols: 1}})}}
	img, err := png.Decode(bytes.NewReader(s.png()))
	if err != nil {
		t.Fatal(err)
	}
	size := thumbSize(1, 1)
	y := thumbMargin + sheetScale + sheetTitle + size.Y/2
	left := color.RGBAModel.Convert(img.At(thumbMargin+size.X/2, y)).(color.RGBA)
	right := color.RGBAModel.Convert(img.At(thumbMargin+size.X+2+size.X/2, y)).(color.RGBA)
	if left != (color.RGBA{255, 0, 0, 255}) || right.R != right.G || right.R == 0 || right.R > 100 {
		t.Errorf("the left is %v, want red; the right is %v, want a dark grey", left, right)
	}
}

// Highest and lowest images share a scale, or a silent neuron would seem to glow.
func TestLowestImagesAreOnTheScaleOfTheHighest(t *testing.T) {
	s := fixtureNeuron(t, model.Neuron(3, 17)).imagesSection()
	if len(s.Blocks) != 2 {
		t.Fatalf("%d pictures, want 2", len(s.Blocks))
	}
	for _, b := range s.Blocks {
		if f := b.(Figure); !strings.Contains(f.Caption, "from 0 to 2.84,") { // the fixture's highest position
			t.Errorf("the caption of %s does not give the scale: %s", f.File, f.Caption)
		}
	}
}

// The plot of twin effects starts with the largest, whatever its sign: −0.168 before +0.024.
func TestTwinEffectsAreSortedBySize(t *testing.T) {
	rows := fixtureNeuron(t, model.Neuron(3, 17)).twinRows()
	var names []string
	for _, row := range rows {
		names = append(names, row.label)
	}
	if got := strings.Join(names, " "); got != "pointed_ears whiskers collar" {
		t.Errorf("effects are in the order %s", got)
	}
}
