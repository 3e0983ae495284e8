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
)

// gates has five hidden units that copy the pixels a, b, c, d, e, and the two outputs
//
//	A = 0
//	B = OR(a,b) + AND(c,d) − 0.25, where OR = 1 − relu(1 − a − b) and AND = relu(c + d − 1),
//
// for pixels of 0 or 1; e is a decoy: it is lit where the others are, and nobody reads it.
func gates() *model.Network {
	return modeltest.Wire(5,
		[][]float32{{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0}, {0, 0, 1, 0, 0, 0}, {0, 0, 0, 1, 0, 0}, {0, 0, 0, 0, 1, 0}},
		[][]float32{{-1, -1, 0, 0, 0, 1}, {0, 0, 1, 1, 0, -1}},
		[][]float32{{0, 0, 0}, {-1, 1, 0.75}})
}

// lit is a set whose select images are all lit, and whose confirm split has so many lit images of B,
// and a dark one of A.
func lit(t *testing.T, pixels, confirm int) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: pixels, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	add := func(label int, light float32) {
		for range pixels {
			s.Images = append(s.Images, light)
		}
		s.Labels = append(s.Labels, label)
	}
	for range 2 { // train, select
		add(0, 1)
		add(1, 1)
	}
	for range confirm {
		add(1, 1)
	}
	add(0, 0)
	set, err := datasets.New(s, 2, 2, confirm+1)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func shapley(t *testing.T, n *model.Network, set *datasets.Set, neurons string, o ablate.Options, so ablate.ShapleyOptions) *ablate.ShapleyResult {
	t.Helper()
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	units, err := n.ParseAddresses(neurons)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Shapley(context.Background(), units, so)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unitOf(t *testing.T, r *ablate.ShapleyResult, unit int) ablate.ShapleyUnit {
	t.Helper()
	for _, u := range r.Units {
		if u.Address.Unit == unit {
			return u
		}
	}
	t.Fatalf("no unit %d", unit)
	return ablate.ShapleyUnit{}
}

func few() ablate.Options {
	o := ablate.DefaultOptions()
	o.Resamples, o.Metric = 200, "logit-diff:B"
	return o
}

// On the logit difference B − A = OR(a,b) + AND(c,d) − 0.25 of all-lit images, v(all) = 1.75 and
// v(none) = −0.25. Of the OR each has 1/2 and its lesion shows 0; of the AND each has 1/2 and its
// lesion shows 1.
func TestShapleyValuesOfWiredGates(t *testing.T) {
	r := shapley(t, gates(), lit(t, 5, 40), "1:3,1:0-2,1:4", few(), ablate.ShapleyOptions{})
	if !r.Exact || r.Orders != 0 || r.Coalitions != 32+7 || r.Images != 41 || r.Counted != 40 || !r.Sham.Identical {
		t.Errorf("got %+v", r)
	}
	if !near(r.All, 1.75) || !near(r.None, -0.25) || !near(r.AtOnce, -0.25) || !near(r.Total.Estimate, 2) || math.Abs(r.Sum-2) > 1e-9 {
		t.Errorf("v(all) %v, v(none) %v (at once %v), sum %v", r.All, r.None, r.AtOnce, r.Sum)
	}
	for _, want := range []struct {
		unit          int
		value, single float64
		verdict       ablate.ShapleyMatch
	}{
		{0, 0.5, 0, ablate.ShapleyMissed}, {1, 0.5, 0, ablate.ShapleyMissed},
		{2, 0.5, 1, ablate.ShapleyLess}, {3, 0.5, 1, ablate.ShapleyLess},
		{4, 0, 0, ablate.ShapleyAgrees},
	} {
		u := unitOf(t, r, want.unit)
		if !near(u.Value.Estimate, want.value) || !near(u.Single.Estimate, want.single) || u.SE != 0 || u.Verdict != want.verdict {
			t.Errorf("unit %d: %+v, want %+v", want.unit, u, want)
		}
	}
	if last := r.Units[4]; last.Address.Unit != 4 || last.Value.Estimate != 0 || last.Value.Low != 0 || last.Value.High != 0 {
		t.Errorf("the decoy has %+v, want exactly 0 at the end", last)
	}
}

// The units' mean over select, where all are lit, is what they do on confirm: nothing changes.
func TestMeanAblationOfConstantUnitsIsWorthNothing(t *testing.T) {
	r := shapley(t, gates(), lit(t, 5, 40), "1:0-4", few(), ablate.ShapleyOptions{Kind: ablate.Mean})
	for _, u := range r.Units {
		if u.Value.Estimate != 0 || u.Single.Estimate != 0 || u.Verdict != ablate.ShapleyAgrees {
			t.Errorf("%+v, want nothing", u)
		}
	}
}

// XOR of a and b on the logit of B: relu(a+b) − 2·relu(a+b−1). On images with both lit v(all) = 0
// and v(none) = 0; each single lesion lights the output, a loss of −1; the values are 0.
func TestShapleyValuesOfXORAreZero(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 1, 0}, {1, 1, -1}}, [][]float32{{0, 0, 0}, {1, -2, 0}})
	r := shapley(t, n, lit(t, 2, 40), "1:0-1", few(), ablate.ShapleyOptions{})
	for _, u := range r.Units {
		if u.Value.Estimate != 0 || !near(u.Single.Estimate, -1) || u.Verdict != ablate.ShapleyNothing {
			t.Errorf("%+v, want value 0 and single −1", u)
		}
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "no effect that can be told from 0") }) {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// Fourteen units that only add up, each k/8 of the light of its pixel: values and single lesions are
// k/8, by sampling too, and every order gives the same.
func TestSampledShapleyValuesOfUnitsThatAddUp(t *testing.T) {
	const units = 14
	var hidden [][]float32
	output := make([]float32, units+1)
	for k := range units {
		row := make([]float32, units+1)
		row[k], output[k] = 1, float32(k)/8
		hidden = append(hidden, row)
	}
	n := modeltest.Wire(units, hidden, [][]float32{make([]float32, units+1), output})
	r := shapley(t, n, lit(t, units, 40), "1:0-13", few(), ablate.ShapleyOptions{Orders: 6})
	if r.Exact || r.Orders != 6 || r.Coalitions != 6*15+16 {
		t.Errorf("got %+v", r)
	}
	for at, u := range r.Units {
		if want := float64(units-1-at) / 8; u.Address.Unit != units-1-at || !near(u.Value.Estimate, want) || !near(u.Single.Estimate, want) || u.SE > 1e-6 || u.Verdict != ablate.ShapleyAgrees {
			t.Errorf("place %d: %+v, want unit %d with %v", at, u, units-1-at, want)
		}
	}
	if math.Abs(float64(r.Rank)-1) > 1e-12 {
		t.Errorf("rank correlation %v", r.Rank)
	}
}

// A loss is turned round: who keeps the cross-entropy low has a positive value.
func TestShapleyValuesOfALossArePositiveForGood(t *testing.T) {
	o := few()
	o.Metric = "cross-entropy"
	r := shapley(t, gates(), lit(t, 5, 40), "1:0-4", o, ablate.ShapleyOptions{})
	loss := func(b float64) float64 { return math.Log1p(math.Exp(-b)) }
	// The dark image counts, and nothing changes it.
	if want := (loss(-0.25) - loss(1.75)) * 40 / 41; math.Abs(r.Total.Estimate-want) > 1e-6 || unitOf(t, r, 2).Value.Estimate <= 0 {
		t.Errorf("total %v, want %v; unit 2 %+v", r.Total.Estimate, want, unitOf(t, r, 2))
	}
}

func TestShapleyDoesNotDependOnWorkersOrOrder(t *testing.T) {
	shape := model.Shape{1, 6, 6}
	set := modeltest.Blobs(shape, 20, 20, 60, 4)
	n := modeltest.Random(model.Spec{Name: "small", Input: shape, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 14, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, 3)
	n = renamed(t, n, set.Classes)
	var first []byte
	for _, c := range []struct {
		neurons string
		workers int
	}{{"1:0-13", 0}, {"1:0-13", 1}, {"1:7-13,1:0-6", 3}} {
		o := few()
		o.Workers, o.Metric = c.workers, "logit-diff"
		r := shapley(t, n, set, c.neurons, o, ablate.ShapleyOptions{Orders: 8, Images: 45})
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		if !bytes.Equal(first, text) {
			t.Errorf("%+v: %s, want %s", c, text, first)
		}
		if r.Images != 45 || r.Of != 60 || r.Counted != 45 {
			t.Errorf("%d of %d images", r.Images, r.Of)
		}
	}
}

func renamed(t *testing.T, n *model.Network, classes []string) *model.Network {
	t.Helper()
	n, err := model.NewNetwork(n.Spec, n.Params, n.Mean, n.Std, classes)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestShapleyRefusesNonsense(t *testing.T) {
	p, err := ablate.Prepare(context.Background(), gates(), lit(t, 5, 4), few())
	if err != nil {
		t.Fatal(err)
	}
	two := []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)}
	for _, c := range []struct {
		units  []model.Address
		metric string
		o      ablate.ShapleyOptions
		want   string
	}{
		{two[:1], "accuracy", ablate.ShapleyOptions{}, "1 units"},
		{two, "accuracy", ablate.ShapleyOptions{Kind: ablate.Resample}, "want zero or mean"},
		{two, "accuracy", ablate.ShapleyOptions{Orders: 7}, "want an even number"},
		{two, "sharpness", ablate.ShapleyOptions{}, "unknown metric"},
		{two, "recall:B", ablate.ShapleyOptions{Images: 1}, "none of the 1 images counts"},
		{[]model.Address{two[0], model.Neuron(1, 9)}, "accuracy", ablate.ShapleyOptions{}, "neurons 0 to 4"},
	} {
		p.Metric = c.metric
		if _, err := p.Shapley(context.Background(), c.units, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %s %+v: %v, want %q", c.units, c.metric, c.o, err, c.want)
		}
	}
}
