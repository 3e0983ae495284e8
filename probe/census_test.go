package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// points makes a data set of images of one shape: half for select, half for confirm; the train split
// is dark.
func points(t *testing.T, shape model.Shape, classes int, images ...[]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: shape[0], Height: shape[1], Width: shape[2]}
	for c := range classes {
		s.Classes = append(s.Classes, string(rune('A'+c)))
	}
	for i, x := range append(slices.Repeat([][]float32{make([]float32, shape.Size())}, classes), images...) {
		s.Images = append(s.Images, x...)
		s.Labels = append(s.Labels, i%classes)
	}
	set, err := datasets.New(s, classes, len(images)/2, len(images)/2)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func take(t *testing.T, n *model.Network, set *datasets.Set, o CensusOptions) *Census {
	t.Helper()
	c, err := TakeCensus(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCensusByHand counts two layers on paper:
//
//	1:0   1 -2        sends  +1 (2:0), -0.5 (2:1)
//	1:1   0  3        sends  -1 (2:0), -2   (2:1)
//	1:2  -1 -1        sends  +4 (2:0),  0   (2:1)
func TestCensusByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, -2, 0}, {0, 3, 0}, {-1, -1, 0}}, [][]float32{{1, -1, 4, 0}, {-0.5, -2, 0, 0}})
	// On confirm (0.25, 0), (0.75, 0): 1:0 fires with 0.25 and 0.75, the others never do. (0, 1) of
	// select makes 1:1 fire with 3: only 1:2 is dead.
	set := points(t, n.Spec.Input, 2, []float32{0, 1}, []float32{0, 0}, []float32{0.25, 0}, []float32{0.75, 0})
	c := take(t, n, set, CensusOptions{Split: datasets.Confirm, Permutations: 99, Seed: 1})
	if want := (Count{Neurons: 5, Synapses: 12, Biases: 5, Connections: 12, Cells: 5}); c.Total != want {
		t.Errorf("in all %+v, want %+v", c.Total, want)
	}
	first := c.Layers[0]
	if want := (Count{Neurons: 3, Synapses: 6, Biases: 3, Connections: 6, Cells: 3}); first.Count != want || first.Dendrites != 2 {
		t.Errorf("layer 1: %+v, K = %d, want %+v, K = 2", first.Count, first.Dendrites, want)
	}
	if want := (Signs{Excitatory: 2, Inhibitory: 3, Silent: 1, ExcitatoryStrength: 4, InhibitoryStrength: 4}); first.Signs != want {
		t.Errorf("layer 1: %+v, want %+v", first.Signs, want)
	}
	if want := (Signs{Excitatory: 2, Inhibitory: 3, Silent: 1, ExcitatoryStrength: 5, InhibitoryStrength: 3.5}); c.Layers[1].Signs != want {
		t.Errorf("layer 2: %+v, want %+v", c.Layers[1].Signs, want)
	}
	for u, want := range []struct {
		out              Signs
		number, strength float64
		fanIn            float64 // (Σw²)²/Σw⁴
	}{
		{Signs{Excitatory: 1, Inhibitory: 1, ExcitatoryStrength: 1, InhibitoryStrength: 0.5}, 0.5, 1 / 1.5, 25.0 / 17},
		{Signs{Inhibitory: 2, InhibitoryStrength: 3}, 1, 1, 1},
		{Signs{Excitatory: 1, Silent: 1, ExcitatoryStrength: 4}, 1, 1, 2},
	} {
		x := c.Neurons[u]
		if *x.Out != want.out || x.Balance != Number(want.number) || math.Abs(float64(x.StrengthBalance)-want.strength) > 1e-12 || math.Abs(float64(x.EffectiveFanIn)-want.fanIn) > 1e-12 {
			t.Errorf("%v: sends %+v, balance %v and %v, fan-in %v, want %+v", x.Address, *x.Out, x.Balance, x.StrengthBalance, x.EffectiveFanIn, want)
		}
	}
	if c.Neurons[3].Out != nil || c.Neurons[3].Balance.Defined() {
		t.Error("an output neuron sends something")
	}
	d := c.Dale[0]
	if len(c.Dale) != 1 || d.Senders != 3 || d.Exact != 2 || d.Synapses != 6 || math.Abs(d.Balance[0].Observed-2.5/3) > 1e-12 {
		t.Errorf("Dale: %+v, want 2 exact ones of 3 senders, mean balance 2.5/3", d)
	}
	a := first.Activity
	if !slices.Equal(a.Dead, []model.Address{model.Neuron(1, 2)}) || len(a.AlwaysOn) > 0 || len(a.Constant) != 2 {
		t.Errorf("dead %v, always on %v, constant %v; want 1:2 dead, the others without variation on one of the splits", a.Dead, a.AlwaysOn, a.Constant)
	}
	// Lifetime of 1:0: rates 0.25 and 0.75: (1 - (0.5)²/0.3125)/(1 - 1/2) = 0.4. Population: one of three
	// neurons fires on both images: 1.
	if a.Lifetime.N != 1 || math.Abs(float64(a.Lifetime.Median)-0.4) > 1e-6 || a.Population.Least != 1 || math.Abs(float64(a.Firing.Median)-1.0/3) > 1e-9 {
		t.Errorf("activity %+v, want one lifetime of 0.4, populations of 1, a third firing", a)
	}
	if c.Layers[1].Activity != nil {
		t.Error("the output layer has no ReLU and no rates")
	}
}

// TestCensusOfMaps: a 3×3 kernel on a padded 3×3 image has 9 positions. Along one axis, 2+3+2 = 7 pairs of a
// line of the map and one of the kernel lie inside the image, 49 in all of 81. Stride 2 without
// padding, and an add layer, follow.
func TestCensusOfMaps(t *testing.T) {
	spec := model.Spec{Name: "maps", Input: model.Shape{1, 3, 3}, Layers: []model.Layer{
		{Name: "a", Kind: model.Conv2D, Units: 2, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.Identity},
		{Name: "sum", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "c", Kind: model.Conv2D, Units: 2, Kernel: 2, Stride: 1, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	n := modeltest.Random(spec, 3)
	images := modeltest.Images(spec.Input, 4, 1)
	set := points(t, spec.Input, 2, images[:9], images[9:18], images[18:27], images[27:])
	n.Classes = set.Classes
	c := take(t, n, set, CensusOptions{Split: datasets.Confirm, Permutations: 19})
	for k, want := range []Count{
		{Neurons: 2, Synapses: 18, Biases: 2, Connections: 162, Padding: 64, Cells: 18},
		{Neurons: 2, Synapses: 4, Biases: 2, Connections: 36, Cells: 18},
		{Neurons: 2, Connections: 36, Cells: 18}, // 2 units × 2 summands × 9 positions
		{Neurons: 2, Synapses: 16, Biases: 2, Connections: 64, Cells: 8},
		{Neurons: 2, Synapses: 16, Biases: 2, Connections: 16, Cells: 2},
	} {
		if c.Layers[k].Count != want {
			t.Errorf("layer %d: %+v, want %+v", k+1, c.Layers[k].Count, want)
		}
	}
	var untested []string
	for _, d := range c.Dale {
		untested = append(untested, d.NotTested)
	}
	// Layer 1 is read by layer 2 and by the sum: only layer 2 has weights.
	if !slices.Equal(c.Dale[0].Readers, []int{2}) || c.Dale[0].Synapses != 4 || untested[0] != "" {
		t.Errorf("senders of layer 1: %+v", c.Dale[0])
	}
	if !strings.Contains(untested[1], "no ReLU") || untested[2] != "" || c.Dale[3].Synapses != 16 {
		t.Errorf("not tested: %q, synapses of layer 4 %d", untested, c.Dale[3].Synapses)
	}
	// A dense weight reads channel u at positions u·4 to u·4+3.
	w := n.Params[5].Weight
	var want Signs
	for _, k := range []int{4, 5, 6, 7, 12, 13, 14, 15} {
		want.add(float64(w[k]))
	}
	if got := *c.Neurons[7].Out; got != want {
		t.Errorf("4:1 sends %+v, want %+v", got, want)
	}
}

// dale has `senders` neurons with ten receivers and a sign of their own; strengths vary.
func dale(senders int, sign func(sender, receiver int) float32) *model.Network {
	r := rand.New(rand.NewPCG(5, 5))
	var first, second [][]float32
	for range senders {
		first = append(first, []float32{1, 0})
	}
	for k := range 10 {
		row := make([]float32, senders+1)
		for j := range senders {
			row[j] = sign(j, k) * (0.1 + r.Float32())
		}
		second = append(second, row)
	}
	return modeltest.Wire(1, first, second, [][]float32{slices.Repeat([]float32{1}, 11), slices.Repeat([]float32{-1}, 11)})
}

func light(t *testing.T) *datasets.Set {
	return points(t, model.Shape{1, 1, 1}, 2, []float32{0}, []float32{1}, []float32{0.5}, []float32{1})
}

func TestDaleObeyed(t *testing.T) {
	n := dale(12, func(j, _ int) float32 { return float32(1 - 2*(j%2)) })
	d := take(t, n, light(t), CensusOptions{Permutations: 199, Seed: 3, Split: datasets.Confirm}).Dale[0]
	if d.Exact != 12 || len(d.Balance) != 4 || len(d.Exacts) != 2 {
		t.Fatalf("%d exact senders, want all 12", d.Exact)
	}
	for _, x := range slices.Concat(d.Balance, d.Exacts) {
		if x.POver != 1.0/200 || x.PUnder != 1 {
			t.Errorf("%s, by %s: p %v and %v, want 1/200 and 1", x.Null, x.Measure, x.POver, x.PUnder)
		}
	}
	if x := d.Balance[0]; x.Observed != 1 || !(x.Low > 0.5 && x.High < 0.8 && x.Low < x.Expected && x.Expected < x.High) {
		t.Errorf("balance %+v, want 1 against a null around 0.62", x)
	}
}

// TestDaleOpposed: of ten receivers five are excited and five inhibited by every sender: balance by
// number is 0.5 exactly, less than chance gives.
func TestDaleOpposed(t *testing.T) {
	n := dale(12, func(j, k int) float32 { return float32(1 - 2*((j+k)%2)) })
	d := take(t, n, light(t), CensusOptions{Permutations: 199, Seed: 3, Split: datasets.Confirm}).Dale[0]
	for _, x := range d.Balance {
		if x.Measure == ByNumber && (x.Observed != 0.5 || x.PUnder != 1.0/200 || x.POver != 1) {
			t.Errorf("%s: %+v, want 0.5 with p 1/200 for less and 1 for more", x.Null, x)
		}
	}
}

// TestDaleByChance: over many random nets, raw p is below 0.05 about as often as it should.
func TestDaleByChance(t *testing.T) {
	const nets = 60
	below := map[Null]int{}
	for seed := range uint64(nets) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := dale(12, func(int, int) float32 { return float32(1 - 2*r.IntN(2)) })
		for _, x := range take(t, n, light(t), CensusOptions{Permutations: 39, Seed: seed, Split: datasets.Confirm}).Dale[0].Balance {
			if x.Measure == ByStrength && x.POver <= 0.05 {
				below[x.Null]++
			}
		}
	}
	for _, null := range []Null{ShuffledSigns, ShuffledSenders} {
		if below[null] > 9 { // 3 expected; P(X > 9) is 0.0006
			t.Errorf("%s: p ≤ 0.05 in %d of %d random nets", null, below[null], nets)
		}
	}
}

// TestKernelsAreOneSynapseBundle: kernels of one sign each, dealt out at random, look one-sided where
// single signs are shuffled, and do not where senders are.
func TestKernelsAreOneSynapseBundle(t *testing.T) {
	spec := model.Spec{Name: "kernels", Input: model.Shape{1, 8, 8}, Layers: []model.Layer{
		{Name: "a", Kind: model.Conv2D, Units: 10, Kernel: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Conv2D, Units: 8, Kernel: 5, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	n := modeltest.Random(spec, 4)
	r := rand.New(rand.NewPCG(1, 1))
	for k := range n.Params[2].Weight {
		if k%25 == 0 {
			sign := float32(1 - 2*r.IntN(2))
			for i := range 25 {
				n.Params[2].Weight[k+i] = sign
			}
		}
	}
	images := modeltest.Images(spec.Input, 4, 1)
	set := points(t, spec.Input, 2, images[:64], images[64:128], images[128:192], images[192:])
	n.Classes = set.Classes
	for _, x := range take(t, n, set, CensusOptions{Permutations: 199, Split: datasets.Confirm}).Dale[0].Balance {
		if x.Null == ShuffledSigns && x.POver != 1.0/200 || x.Null == ShuffledSenders && x.POver < 0.05 {
			t.Errorf("%s by %s: p %v", x.Null, x.Measure, x.POver)
		}
	}
}

func TestCensusIgnoresWorkersAndOrder(t *testing.T) {
	spec, err := model.Preset("resnet", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 8)
	set := modeltest.Blobs(spec.Input, 2, 40, 40, 3)
	n.Classes = set.Classes
	o := CensusOptions{Permutations: 39, Seed: 2, Workers: 1, Split: datasets.Confirm}
	one := take(t, n, set, o)
	o.Workers = 3
	a, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(take(t, n, set, o))
	if err != nil || !bytes.Equal(a, b) {
		t.Error("the census depends on the number of workers")
	}
	// The order in which receivers stand changes no sender's balance.
	last := n.Params[9].Weight
	half := len(last) / 2
	n.Params[9].Weight = slices.Concat(last[half:], last[:half])
	turned := take(t, n, set, o)
	for k, x := range one.Neurons {
		if y := turned.Neurons[k]; x.Balance.Defined() && (x.Balance != y.Balance || math.Abs(float64(x.StrengthBalance-y.StrengthBalance)) > 1e-12) {
			t.Errorf("%v: balance %v, with the receivers in another order %v", x.Address, x.Balance, y.Balance)
		}
	}
}

func TestSpreadOfWeights(t *testing.T) {
	// Mean 0, population sd √2.5, fourth moment (1+1+16+16)/4 = 8.5.
	s := spreadOf([]float32{-2, -1, 1, 2})
	if s.Mean != 0 || math.Abs(float64(s.SD)-math.Sqrt(2.5)) > 1e-12 || math.Abs(float64(s.Kurtosis)-(8.5/6.25-3)) > 1e-12 || s.Weak != 0 {
		t.Errorf("%+v", s)
	}
	// Sizes 1 1 2 2: (-3·1 - 1·1 + 1·2 + 3·2)/(4·6) = 4/24.
	if math.Abs(float64(s.Gini)-4.0/24) > 1e-12 {
		t.Errorf("Gini %v, want 1/6", s.Gini)
	}
	total := 0
	for _, b := range s.Bins {
		total += b
	}
	if total != 4 || s.Bins[HistogramBins/2] != 0 {
		t.Errorf("bins %v, want 4 weights, none in the middle", s.Bins)
	}
	if none := spreadOf([]float32{0, 0}); none.SD.Defined() || none.Gini.Defined() || none.Bins != nil {
		t.Errorf("weights of 0: %+v, want nothing defined", none)
	}
}

func TestSparseness(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		want  float64
	}{{[]float64{1, 1, 1, 1}, 0}, {[]float64{0, 0, 0, 4}, 1}, {[]float64{1, 3}, 0.4}, {[]float64{0, 0}, math.NaN()}, {[]float64{5}, math.NaN()}} {
		if got := sparsenessOf(c.rates); !(math.Abs(got-c.want) < 1e-12 || math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("sparseness of %v is %v, want %v", c.rates, got, c.want)
		}
	}
}
