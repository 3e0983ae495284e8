package probe_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// stimulus is an image of a few channels of one pixel, with what it shows.
type stimulus struct {
	class    int
	features []bool
	pixels   []float32
}

// shown is a set of stimuli, three splits of these sizes; draw gets a stimulus' number.
func shown(t testing.TB, features []string, sizes [3]int, draw func(i int) stimulus) *datasets.Set {
	t.Helper()
	s := datasets.Set{Classes: []string{"A", "B"}, Features: features, Height: 1, Width: 1}
	for i := range sizes[0] + sizes[1] + sizes[2] {
		x := draw(i)
		s.Labels, s.Present, s.Images = append(s.Labels, x.class), append(s.Present, x.features...), append(s.Images, x.pixels...)
		s.Channels = len(x.pixels)
	}
	set, err := datasets.New(s, sizes[0], sizes[1], sizes[2])
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// passes is a network whose first layer passes every channel on, and whose second, the output,
// shows the two channels first and second.
func passes(channels, first, second int) *model.Network {
	hidden, output := make([][]float32, channels), make([][]float32, 2)
	for c := range hidden {
		hidden[c] = make([]float32, channels+1)
		hidden[c][c] = 1
	}
	for k, c := range []int{first, second} {
		output[k] = make([]float32, channels+1)
		output[k][c] = 1
	}
	return modeltest.Wire(channels, hidden, output)
}

func decode(t testing.TB, n *model.Network, set *datasets.Set, adjust func(*probe.DecodeOptions)) *probe.Decoding {
	t.Helper()
	o := probe.DefaultDecodeOptions()
	if adjust != nil {
		adjust(&o)
	}
	d, err := probe.Decode(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// find is the probe of a concept at a layer, both by name.
func find(t testing.TB, d *probe.Decoding, layer, concept string) *probe.LinearProbe {
	t.Helper()
	l := slices.IndexFunc(d.Layers, func(l probe.DecodedLayer) bool { return l.Name == layer })
	c := slices.IndexFunc(d.Concepts, func(c probe.Concept) bool { return c.Name == concept })
	if l < 0 || c < 0 {
		t.Fatalf("no probe of %s at %s", concept, layer)
	}
	return d.Layers[l].Probes[c]
}

func closeTo(t *testing.T, what string, got probe.Number, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= tolerance) {
		t.Errorf("%s is %v, want %v ± %v", what, got, want, tolerance)
	}
}

func flag(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// One channel is the feature; the output layer passes on noise only.
func TestAPlantedFeatureIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	set := shown(t, []string{"spot"}, [3]int{1000, 1000, 1000}, func(int) stimulus {
		spot := r.IntN(2) == 0
		return stimulus{r.IntN(2), []bool{spot}, []float32{flag(spot), r.Float32(), r.Float32()}}
	})
	d := decode(t, passes(3, 1, 2), set, nil)
	for _, layer := range []string{"input", "dense1"} {
		p := find(t, d, layer, "spot")
		if p.Accuracy.Count != 1000 || p.AUROC != 1 || p.Within != 1 {
			t.Errorf("%s: %d of 1000 right, AUROC %v, within class %v; want all, 1 and 1", layer, p.Accuracy.Count, p.AUROC, p.Within)
		}
	}
	// Four standard errors: of a share of 1000, 4·√(¼/1000), and of an AUROC of 500 against 500,
	// 4·√((500 + 500 + 1)/(12·500·500)).
	p := find(t, d, "dense2", "spot")
	closeTo(t, "accuracy from noise", probe.Number(p.Accuracy.Share()), 0.5, 0.064)
	closeTo(t, "AUROC from noise", p.AUROC, 0.5, 0.073)
	closeTo(t, "AUROC within class from noise", p.Within, 0.5, 0.073)
	if class := find(t, d, "dense1", "A"); class.Within.Defined() {
		t.Errorf("a class has an AUROC within class, %v", class.Within)
	}
	if want := []int{0, 0}; d.Best[1] != want[1] {
		t.Errorf("the best layer is in place %d, want 0: of the equals input and dense1 the first", d.Best[1])
	}
}

// One unit with three levels, 40 images of each: on level 0 none shows the feature, on level 1 ten
// do, on level 2 all. A line through that says yes from level 2 on: 10 mistakes. Of the
// 50·70 pairs 10·40 + 40·70 are in order and 10·30 tied: AUROC 3350/3500.
func TestNumbersByHand(t *testing.T) {
	set := shown(t, []string{"spot"}, [3]int{120, 120, 120}, func(i int) stimulus {
		level, k := i%3, i%120/3
		return stimulus{k % 2, []bool{level == 2 || level == 1 && k < 10}, []float32{float32(level) / 2, 0.7}}
	})
	d := decode(t, passes(2, 0, 0), set, nil)
	p := find(t, d, "dense1", "spot")
	if p.With != 50 || p.Without != 70 || p.Accuracy.Count != 110 || p.Accuracy.Of != 120 {
		t.Errorf("%d with, %d without, %d of %d right; want 50, 70, 110 of 120", p.With, p.Without, p.Accuracy.Count, p.Accuracy.Of)
	}
	closeTo(t, "majority", p.Majority, 70.0/120, 1e-12)
	closeTo(t, "AUROC", p.AUROC, 3350.0/3500, 1e-12)
	closeTo(t, "selectivity", p.Selectivity, p.Accuracy.Share()-float64(p.Control), 1e-12)
	if l := d.Layers[1]; l.Inputs != 1 || l.Constant != 1 {
		t.Errorf("%d numbers read and %d constant, want 1 and 1", l.Inputs, l.Constant)
	}
}

// The network shows the class alone, and 9 of 10 A have the feature, 1 of 10 B: AUROC
// 0.9·0.9 + 0.18/2 = 0.9, of which nothing is left within class. The noise leaves no ties.
func TestAFeatureReadThroughTheClass(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	set := shown(t, []string{"spot"}, [3]int{2000, 500, 2000}, func(i int) stimulus {
		return stimulus{i % 2, []bool{(i/2%10 != 0) == (i%2 == 0)}, []float32{flag(i%2 == 0) + 0.01*r.Float32(), r.Float32()}}
	})
	p := find(t, decode(t, passes(2, 0, 1), set, nil), "dense1", "spot")
	closeTo(t, "accuracy", probe.Number(p.Accuracy.Share()), 0.9, 1e-12)
	closeTo(t, "AUROC", p.AUROC, 0.9, 0.01)
	closeTo(t, "AUROC within class", p.Within, 0.5, 0.09) // 4·√(1001/(12·900·100)) a class, two of them
}

// Two classes and one feature are four types, and a unit each: every answer can be learnt by heart,
// so that a perfect probe has no selectivity. With ten features hardly a type comes twice.
func TestControlsTellMemoryFromCode(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	few := shown(t, []string{"spot"}, [3]int{400, 400, 400}, func(int) stimulus {
		class, spot := r.IntN(2), r.IntN(2) == 0
		pixels := make([]float32, 4)
		pixels[2*class+int(flag(spot))] = 1
		return stimulus{class, []bool{spot}, pixels}
	})
	d := decode(t, passes(4, 0, 1), few, nil)
	if p := find(t, d, "dense1", "spot"); d.Types != 4 || p.Control != 1 || p.ControlSD != 0 || p.Selectivity != 0 {
		t.Errorf("%d types, control %v ± %v, selectivity %v; want 4, 1 ± 0 and 0", d.Types, p.Control, p.ControlSD, p.Selectivity)
	}
	var names []string
	for f := range 10 {
		names = append(names, string(rune('p'+f)))
	}
	many := shown(t, names, [3]int{1000, 500, 1000}, func(int) stimulus {
		s := stimulus{class: r.IntN(2)}
		for range names {
			s.features = append(s.features, r.IntN(2) == 0)
			s.pixels = append(s.pixels, flag(s.features[len(s.features)-1]))
		}
		return s
	})
	d = decode(t, passes(10, 0, 1), many, func(o *probe.DecodeOptions) { o.Concepts = []string{"p"}; o.Controls = 8 })
	p := find(t, d, "dense1", "p")
	closeTo(t, "accuracy", probe.Number(p.Accuracy.Share()), 1, 0)
	closeTo(t, "control accuracy of many types", p.Control, 0.5, 0.06)
	if p.Selectivity < 0.4 || d.Types < 1000 {
		t.Errorf("%d types, selectivity %v; want above 1000 and 0.4", d.Types, p.Selectivity)
	}
}

// Of two channels one shows a feature in its brightest pixel and one in its mean: both are read.
func TestMaximumAndMeanAreRead(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	s := datasets.Set{Classes: []string{"A", "B"}, Features: []string{"peak", "light"}, Channels: 2, Height: 2, Width: 2}
	for range 600 {
		peak, light := r.IntN(2) == 0, r.IntN(2) == 0
		// The mean of channel 0 is 0.4 and the maximum of channel 1 is 1 whatever is shown.
		first, second := []float32{0.4, 0.4, 0.4, 0.4}, []float32{1, 0, 0, 0}
		if peak {
			first = []float32{0.7, 0.3, 0.3, 0.3}
		}
		if light {
			second = []float32{1, 0.5, 0, 0}
		}
		s.Images, s.Labels, s.Present = append(append(s.Images, first...), second...), append(s.Labels, r.IntN(2)), append(s.Present, peak, light)
	}
	set, err := datasets.New(s, 200, 200, 200)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(model.Spec{Name: "tiny", Input: model.Shape{2, 2, 2}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 5, Kernel: 1, Activation: model.Identity},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, 1)
	n.Classes = set.Classes
	d := decode(t, n, set, nil)
	for _, concept := range []string{"peak", "light"} {
		if p := find(t, d, "input", concept); p.Accuracy.Count != 200 {
			t.Errorf("%s: %d of 200 right from the input", concept, p.Accuracy.Count)
		}
	}
	for k, want := range []int{4, 10, 2} {
		if l := d.Layers[k]; l.Inputs+l.Constant != want {
			t.Errorf("%s: %d numbers read and %d constant, want %d together", l.Name, l.Inputs, l.Constant, want)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// noisy is a set of which everything can be read in part.
func noisy(t testing.TB, seed uint64, sizes [3]int) *datasets.Set {
	r := rand.New(rand.NewPCG(seed, 2))
	return shown(t, []string{"spot", "stripe"}, sizes, func(int) stimulus {
		s := stimulus{r.IntN(2), []bool{r.IntN(3) == 0, r.IntN(2) == 0}, nil}
		for _, shows := range []bool{s.class == 0, s.features[0], s.features[1]} {
			s.pixels = append(s.pixels, 0.3*flag(shows)+0.7*r.Float32())
		}
		return s
	})
}

func TestDecodingDependsOnTheSeedAlone(t *testing.T) {
	n, set := passes(3, 0, 1), noisy(t, 5, [3]int{300, 200, 200})
	whole := decode(t, n, set, func(o *probe.DecodeOptions) { o.Workers = 1 })
	if again := decode(t, n, set, func(o *probe.DecodeOptions) { o.Workers = 3 }); asJSON(t, again) != asJSON(t, whole) {
		t.Error("with three workers the result differs")
	}
	part := decode(t, n, set, func(o *probe.DecodeOptions) { o.Layers, o.Concepts = []int{1, 1}, []string{"stripe"} })
	got, want := *find(t, part, "dense1", "stripe"), *find(t, whole, "dense1", "stripe")
	if got.Concept = want.Concept; got != want {
		t.Errorf("alone the probe is %+v, among others %+v", got, want)
	}
	if other := decode(t, n, set, func(o *probe.DecodeOptions) { o.Seed = 2 }); find(t, other, "dense1", "stripe").Control == want.Control ||
		find(t, other, "dense1", "stripe").Accuracy != want.Accuracy {
		t.Error("another seed should change the control tasks and nothing else")
	}
}

// The classes and features dealt out anew among the images: nothing can be read.
func TestNothingIsReadFromShuffledLabels(t *testing.T) {
	set := shuffled(t, noisy(t, 6, [3]int{2000, 500, 2000}), 1)
	for _, l := range decode(t, passes(3, 0, 1), set, nil).Layers {
		for c, p := range l.Probes {
			// Four standard errors of an AUROC of 667 against 1333, the rarest.
			closeTo(t, l.Name+" "+[]string{"A", "spot", "stripe"}[c], p.AUROC, 0.5, 0.055)
			if float64(p.Accuracy.Low) > float64(p.Majority)+0.02 {
				t.Errorf("%s: accuracy %v above the majority's %v", l.Name, p.Accuracy, p.Majority)
			}
		}
	}
}

func TestDecodingEndsWithItsContext(t *testing.T) {
	n, set := passes(3, 0, 1), noisy(t, 7, [3]int{100, 50, 50})
	ctx, cancel := context.WithCancel(context.Background())
	o := probe.DefaultDecodeOptions()
	calls, last := 0, 0
	o.Progress = func(done, total int) {
		if calls++; done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		if last = done; done > total/2 {
			cancel()
		}
	}
	if d, err := probe.Decode(ctx, n, set, o); !errors.Is(err, context.Canceled) || d != nil {
		t.Errorf("a cancelled decoding returned %v, %v", d, err)
	}
	if last > 50 { // of 54 fits: those under way may end
		t.Errorf("%d steps were taken after all", last)
	}
	last = 0
	o.Progress = func(done, total int) { last = done - total }
	if _, err := probe.Decode(context.Background(), n, set, o); err != nil || last != 0 {
		t.Errorf("error %v; the progress ended %d from its total", err, last)
	}
}

func TestDecodeRefuses(t *testing.T) {
	n, set := passes(3, 0, 1), noisy(t, 8, [3]int{40, 40, 40})
	set.Parts = []string{"rim"}
	narrow := shown(t, nil, [3]int{2, 2, 2}, func(i int) stimulus { return stimulus{i % 2, nil, []float32{1}} })
	for want, c := range map[string]struct {
		set *datasets.Set
		o   probe.DecodeOptions
	}{
		`cannot decode "rim" (a part of the image), "wings" (want classes or features: A, B, spot, stripe)`: {set, probe.DecodeOptions{Concepts: []string{"rim", "A", "wings"}}},
		"layer 9 not in model (it has layers 1 to 2, and 0 is the input)":                                   {set, probe.DecodeOptions{Layers: []int{1, 9}}},
		"layer -1 not in model": {set, probe.DecodeOptions{Layers: []int{-1}}},
		"-1 control tasks":      {set, probe.DecodeOptions{Controls: -1}},
		"the data are 1×1×1":    {narrow, probe.DecodeOptions{}},
	} {
		_, err := probe.Decode(context.Background(), n, c.set, c.o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
