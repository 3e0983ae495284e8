package ablate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// switches is a set over two pixels of 0 or 1: feature "first" is pixel 0, "second" pixel 1; a twin has
// its pixel turned over. Of each split of 40, B has pixel 0 lit in 15 of 20 images and A in 5; pixel 1
// is lit in every other image of either.
func switches(t *testing.T, classes ...string) *datasets.Set {
	t.Helper()
	if classes == nil {
		classes = []string{"A", "B"}
	}
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: classes, Features: []string{"first", "second"}}
	for range 3 {
		for i := range 40 {
			label, second := i/20, i%2 == 0
			first := i%20 < 5
			if label == 1 {
				first = i%20 < 15
			}
			if len(classes) == 3 && i%20 == 19 {
				label = 2
			}
			s.Labels = append(s.Labels, label)
			s.Present = append(s.Present, first, second)
			s.Images = append(s.Images, pixel(first), pixel(second))
		}
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	return set.WithTwins(func(image, feature int) []float32 {
		twin := slices.Clone(set.Image(image))
		twin[feature] = 1 - twin[feature]
		return twin
	})
}

func patch(t *testing.T, n *model.Network, set *datasets.Set, neurons []string, o ablate.Options, po ablate.PatchOptions) *ablate.PatchResult {
	t.Helper()
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	var targets [][]model.Address
	for _, text := range neurons {
		a, err := n.ParseAddresses(text)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, a)
	}
	r, err := p.Patch(context.Background(), targets, po)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shares are a unit's denoising recovery and noising damage.
func shares(t *testing.T, s ablate.PatchSet, neuron string) (denoising, noising float64) {
	t.Helper()
	for _, u := range s.Units {
		var names []string
		for _, a := range u.Targets {
			names = append(names, a.String())
		}
		if strings.Join(names, ",") == neuron {
			return float64(u.Denoising.Share), float64(u.Noising.Share)
		}
	}
	t.Fatalf("no %s", neuron)
	return 0, 0
}

func fast() ablate.Options {
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 200, 99
	return o
}

// Hidden units: 0 and 1 copy pixel 0, 2 is a decoy that copies it and is not read, 3 copies pixel 1.
var copies = [][]float32{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {0, 1, 0}}

// Twins in "first", which speaks for B: y = B − A = B. Numbers by hand for patching one of h0, h1:
//
//	                     B                       clean  corrupted  denoised  noised
//	carrier   2·h0 − 1                             1       −1         1        −1
//	AND       relu(h0 + h1 − 1)                    1        0         0         0
//	OR        1 − relu(1 − h0 − h1)                1        0         1         1
//	leaky     relu(h0 + h1 − 0.5)                  1.5      0         0.5       0.5
func TestPatchingWiredGates(t *testing.T) {
	pass := []float32{1, 0, 0, 0, 0}
	for _, c := range []struct {
		name             string
		layers           [][][]float32
		clean, corrupted float64
		denoise, noise   float64
	}{
		{"carrier", [][][]float32{{pass}, {{0, 0}, {2, -1}}}, 1, -1, 1, 1},
		{"AND", [][][]float32{{{1, 1, 0, 0, -1}}, {{0, 0}, {1, 0}}}, 1, 0, 0, 1},
		{"OR", [][][]float32{{{-1, -1, 0, 0, 1}}, {{0, 0}, {-1, 1}}}, 1, 0, 1, 0},
		{"leaky AND", [][][]float32{{{1, 1, 0, 0, -0.5}}, {{0, 0}, {1, 0}}}, 1.5, 0, 1. / 3, 2. / 3},
	} {
		n := modeltest.Wire(2, append([][][]float32{copies}, c.layers...)...)
		r := patch(t, n, switches(t), []string{"1:0", "1:2", "1:3", "1:0,1:1"}, fast(), ablate.PatchOptions{Features: []int{0}})
		s := r.Sets[0]
		if s.Name != "first" || !s.Twins || s.For != "B" || !slices.Equal(s.Presence, []float64{0.25, 0.75}) || s.Pairs != 40 || s.Excluded != 0 {
			t.Errorf("%s: pairs %+v", c.name, s)
		}
		if !near(s.Clean, c.clean) || !near(s.Corrupted, c.corrupted) || !near(s.Total.Estimate, c.clean-c.corrupted) {
			t.Errorf("%s: %v clean, %v corrupted, difference %v", c.name, s.Clean, s.Corrupted, s.Total)
		}
		for _, want := range []struct {
			neuron         string
			denoise, noise float64
		}{{"1:0", c.denoise, c.noise}, {"1:2", 0, 0}, {"1:3", 0, 0}, {"1:0,1:1", 1, 1}} {
			if d, m := shares(t, s, want.neuron); !near(d, want.denoise) || !near(m, want.noise) {
				t.Errorf("%s: %s recovers %v and damages %v, want %v and %v", c.name, want.neuron, d, m, want.denoise, want.noise)
			}
		}
		for _, l := range s.Layers {
			if l.Bypassed || !near(float64(l.Denoising), 1) || !near(float64(l.Noising), 1) {
				t.Errorf("%s: whole layer %+v, want 1 and 1", c.name, l)
			}
		}
		if len(s.Layers) != 2 || !s.Sham.Identical || s.Sham.Images != 40 {
			t.Errorf("%s: controls %+v %+v", c.name, s.Layers, s.Sham)
		}
	}
}

// Every pair moves by the same, so that 99 sign flips of 40 never reach the sum: p = 1/100; who moves
// nothing has p = 1. The two tests of the carrier are the least of 4: adjusted 0.01·4/2.
func TestPatchingPValues(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{0, 0, 0, 0, 0}, {2, 0, 0, 0, -1}})
	r := patch(t, n, switches(t), []string{"1:0", "1:3"}, fast(), ablate.PatchOptions{Features: []int{0}})
	if r.Tests != 4 || !r.Map {
		t.Fatalf("%d tests, map %v", r.Tests, r.Map)
	}
	for k, want := range [][2]probe.Number{{0.01, 0.02}, {1, 1}} {
		for _, e := range []ablate.PatchEffect{r.Sets[0].Units[k].Denoising, r.Sets[0].Units[k].Noising} {
			if e.P != want[0] || e.Adjusted != want[1] || e.Median != e.Share || e.Low != e.Share || e.High != e.Share {
				t.Errorf("unit %d: %+v, want p %v, adjusted %v", k, e, want[0], want[1])
			}
		}
	}
	if u := r.Sets[0].Units[0]; u.SelectDenoising != 1 || u.SelectNoising != 1 {
		t.Errorf("on select %v and %v", u.SelectDenoising, u.SelectNoising)
	}
}

// B = relu(h0 − 2·h3): where pixel 1 is lit, the feature changes nothing. Those 20 pairs are left out;
// the median difference is 1/2, of 20 zeros and 20 ones, and the threshold 5 % of it.
func TestPairsWithoutDifferenceAreCountedAndLeftOut(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{1, 0, 0, -2, 0}}, [][]float32{{0, 0}, {1, 0}})
	s := patch(t, n, switches(t), []string{"1:0"}, fast(), ablate.PatchOptions{Features: []int{0}}).Sets[0]
	if s.Pairs != 40 || s.Excluded != 20 || !near(s.Threshold, 0.025) || !near(s.Total.Estimate, 1) || s.Left() != 20 {
		t.Errorf("got %+v", s)
	}
	if d, m := shares(t, s, "1:0"); !near(d, 1) || !near(m, 1) {
		t.Errorf("shares %v and %v", d, m)
	}
	if u := s.Units[0]; u.CleanMean != 1 || u.CorruptedMean != 0 {
		t.Errorf("mean activation %v clean, %v corrupted", u.CleanMean, u.CorruptedMean)
	}
}

// Nobody reads pixel 1: no pair differs, and nothing is divided by 0.
func TestFeatureThatChangesNothingIsAWarning(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{0, 0, 0, 0, 0}, {2, 0, 0, 0, -1}})
	r := patch(t, n, switches(t), []string{"1:0"}, fast(), ablate.PatchOptions{Features: []int{1, 0}})
	if s := r.Sets[0]; s.Left() != 0 || s.Units != nil || r.Tests != 2 {
		t.Errorf("got %+v", s)
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, "second: no pair") }) {
		t.Errorf("warnings %q", r.Warnings)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// h3 = pixel 1 and XOR: the feature speaks for B on dark images and against it on lit ones, as many. The
// ratio of means is not defined, and JSON must take it.
func TestUndefinedSharesAreAWarning(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{1, 0, 0, 1, 0}, {1, 0, 0, 1, -1}}, [][]float32{{0, 0, 0}, {1, -2, 0}})
	r := patch(t, n, switches(t), []string{"1:0"}, fast(), ablate.PatchOptions{Features: []int{0}})
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "cannot be told from 0") }) {
		t.Errorf("warnings %q", r.Warnings)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// Of class pairs y is the clean image's class against the other's. B = 4·h0 − 2 on images whose
// label is pixel 0 alone: y is 2 on clean and −2 on corrupted images, be they of A or of B.
func TestPatchingPairsOfClasses(t *testing.T) {
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 120 {
		s.Labels = append(s.Labels, i%2)
		s.Images = append(s.Images, pixel(i%2 == 1), pixel(i%3 == 0))
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Wire(2, copies, [][]float32{{0, 0, 0, 0, 0}, {4, 0, 0, 0, -2}})
	r := patch(t, n, set, []string{"1:0", "1:1"}, fast(), ablate.PatchOptions{Images: 30})
	p := r.Sets[0]
	if p.Name != "classes" || p.Twins || p.For != "" || p.Pairs != 30 || !near(p.Clean, 2) || !near(p.Corrupted, -2) {
		t.Errorf("got %+v", p)
	}
	if d, m := shares(t, p, "1:0"); !near(d, 1) || !near(m, 1) {
		t.Errorf("shares %v and %v", d, m)
	}
	if d, m := shares(t, p, "1:1"); d != 0 || m != 0 {
		t.Errorf("the decoy has %v and %v", d, m)
	}
}

// A = 0, B = h0, C = h3/2. The other class is the strongest other on the clean image: C where pixel 1 is
// lit, A (the first of equals) where it is dark. So clean y is 1/2 and 1 in turn.
func TestOtherClassIsTheStrongestOnTheCleanImage(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {0, 0, 0, 0.5, 0}})
	s := patch(t, n, switches(t, "A", "B", "C"), []string{"1:0"}, fast(), ablate.PatchOptions{Features: []int{0}}).Sets[0]
	if !near(s.Clean, 0.75) || !near(s.Corrupted, -0.25) {
		t.Errorf("clean %v, corrupted %v", s.Clean, s.Corrupted)
	}
}

// skipping is a network in which layer 3 adds what layers 1 and 2 hand on: layer 2 can be got round.
func skipping(t *testing.T, classes []string) *model.Network {
	conv := func(name string) model.Layer {
		return model.Layer{Name: name, Kind: model.Conv2D, Units: 5, Kernel: 3, Padding: 1, Activation: model.ReLU}
	}
	return renamed(t, modeltest.Random(model.Spec{Name: "skip", Input: model.Shape{1, 6, 6}, Layers: []model.Layer{
		conv("conv1"), conv("conv2"),
		{Name: "add3", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "dense4", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, 5), classes)
}

func TestWholeLayersCarryEverythingUnlessSkipped(t *testing.T) {
	set := modeltest.Blobs(model.Shape{1, 6, 6}, 20, 40, 40, 4)
	r := patch(t, skipping(t, set.Classes), set, []string{"1:0"}, fast(), ablate.PatchOptions{})
	for k, l := range r.Sets[0].Layers {
		whole := math.Abs(float64(l.Denoising)-1) < 1e-4 && math.Abs(float64(l.Noising)-1) < 1e-4
		if l.Layer != k+1 || l.Bypassed != (k == 1) || whole != (k != 1) {
			t.Errorf("layer %+v", l)
		}
	}
}

func TestPatchingDoesNotDependOnWorkersOrMemory(t *testing.T) {
	set := modeltest.Blobs(model.Shape{1, 6, 6}, 20, 40, 40, 4)
	n := skipping(t, set.Classes)
	var neurons []string
	for l := 1; l <= 3; l++ {
		for u := range 5 {
			neurons = append(neurons, model.Neuron(l, u).String())
		}
	}
	neurons = append(neurons, "1:0@2,3", "1:0-1", "2:*") // more than fit into the least memory at once
	var first []byte
	for _, c := range []struct {
		workers int
		memory  int64
	}{{0, 0}, {1, 0}, {3, 1 << 10}} {
		o := fast()
		o.Workers, o.Memory = c.workers, c.memory
		text, err := json.Marshal(patch(t, n, set, neurons, o, ablate.PatchOptions{}))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		if !bytes.Equal(first, text) {
			t.Errorf("%+v: %s\nwant %s", c, text, first)
		}
	}
}

func TestPatchingRefusesNonsense(t *testing.T) {
	n := modeltest.Wire(2, copies, [][]float32{{0, 0, 0, 0, 0}, {2, 0, 0, 0, -1}})
	p, err := ablate.Prepare(context.Background(), n, lights(t), fast())
	if err != nil {
		t.Fatal(err)
	}
	one := [][]model.Address{{model.Neuron(1, 0)}}
	for _, c := range []struct {
		targets [][]model.Address
		o       ablate.PatchOptions
		want    string
	}{
		{nil, ablate.PatchOptions{}, "no neuron"},
		{[][]model.Address{{model.Neuron(1, 4)}}, ablate.PatchOptions{}, "neurons 0 to 3"},
		{one, ablate.PatchOptions{Features: []int{0}}, "cannot make twins"},
		{one, ablate.PatchOptions{Images: 1}, "one class"},
	} {
		if _, err := p.Patch(context.Background(), c.targets, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.targets, err, c.want)
		}
	}
}
