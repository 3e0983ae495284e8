package state

import (
	"context"
	"math"
	"slices"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// sleeper sees A in 1:0, which has a bias of ¼, and B in 1:1; 1:2 never fires. B has a bias of 0.1.
func sleeper() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0.25}, {0, 1, 0}, {0, 0, -1}}, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0.1}})
}

func rest(t testing.TB, n *model.Network, set *datasets.Set, r RestOptions, change func(*ablate.Options)) *Rest {
	t.Helper()
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 100, 99
	if change != nil {
		change(&o)
	}
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	x, err := RestOf(context.Background(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestRestByHand: without input 1:0 fires ¼, of .75 on average on images (1.25 on A, .25 on B), and
// the logits are .25 and .1: A, by .15, though every image is answered by .85 (B: 1.1 − .25) or 1.15 (A).
// Without 1:0 it is B by .1. Black is the same, white adds 1 to both, the mean image ½.
func TestRestByHand(t *testing.T) {
	r := rest(t, sleeper(), sights(t), RestOptions{Strengths: []float64{0.5}, Draws: 10}, nil)
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) < 1e-6) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	nothing := r.Conditions[0]
	sure := 1 / (1 + math.Exp(-0.15))
	for k, name := range []string{NoInput, "black", "grey", "white", "mean image"} {
		c := r.Conditions[k]
		if c.Name != name || c.Said != 0 || c.Answers[0] != 1 {
			t.Errorf("condition %d: %+v, want %s, answered with A", k, c, name)
		}
		near(name, c.Lead.Estimate, 0.15)
		near(name, c.Confidence.Estimate, sure)
		near(name, c.Surer, 0)
	}
	near("share firing", nothing.Layers[0].Firing, 1./3)
	near("median ratio", float64(nothing.Layers[0].Ratio[0]), (1./3+0)/2) // of 1:0 and 1:1; 1:2 is dead
	near("margin", r.Margin, 0.15)
	if r.Alone != 1 || r.Total != 3 || r.ShamChanged != 0 || r.UniformDiffers != 0 {
		t.Errorf("%d of %d fire alone, %d changed by a sham, uniform differs by %v", r.Alone, r.Total, r.ShamChanged, r.UniformDiffers)
	}
	if len(r.Drivers) != 1 || r.Drivers[0].Address != model.Neuron(1, 0) || !r.Drivers[0].Flips {
		t.Fatalf("drivers %+v, want 1:0 alone, which changes the answer", r.Drivers)
	}
	near("1:0", r.Drivers[0].Change, -0.25)
	if first := r.Neurons[0]; first.Address != model.Neuron(1, 0) {
		t.Errorf("first neuron %+v", first)
	}
	near("its ratio", float64(r.Neurons[0].Ratio), 1./3)
	// z-scores without input are (−1, −1, 0), of B (−1, 1, 0): r = 0; images of B are like B, those of A the reverse.
	near("rest like B", float64(nothing.Layers[0].Resembles[0].R), 0)
	near("images of A like B", float64(r.Evoked[0].Layers[0].Resembles[0].R), -1)
	near("images of B like B", float64(r.Evoked[1].Layers[0].Resembles[0].R), 1)
	// Noise is cut to [0, 1] about a mean of 0: half of it.
	if noise := r.Conditions[5]; noise.Draws != 10 || math.Abs(noise.Clipped-0.5) > 0.3 {
		t.Errorf("noise %+v, want half of its values cut", noise)
	}
}

// TestALesionedRest: without 1:0 the resting answer is B.
func TestALesionedRest(t *testing.T) {
	r := rest(t, sleeper(), sights(t), RestOptions{Draws: 2, Lesions: []model.Address{model.Neuron(1, 0)}}, nil)
	if c := r.Conditions[0]; c.Said != 1 || c.Layers[0].Firing != 0 {
		t.Errorf("no input: %+v, want B and silence", c)
	}
	if len(r.Drivers) != 0 {
		t.Errorf("drivers %+v, want none", r.Drivers)
	}
}

// TestRestOfOffCells: 1:0 and 1:1 fire unless they see A, as on images of B; 1:2 and 1:3 fire for A alone. At rest
// all are as on images of B: z-scores of +1 and −1.
func TestRestOfOffCells(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{-1, 0, 1}, {-2, 0, 2}, {1, 0, 0}, {3, 0, 0}}, [][]float32{{0, 0, 1, 0, 0}, {1, 0, 0, 0, 0}})
	r := rest(t, n, sights(t), RestOptions{Draws: 2}, nil)
	c := r.Conditions[0]
	if x := c.Layers[0].Resembles[0]; math.Abs(float64(x.R)-1) > 1e-9 {
		t.Errorf("rest like B: r = %v, want 1", x.R)
	}
	if c.Said != 1 || c.Layers[0].Firing != 0.5 || float64(r.Neurons[0].Ratio) != 2 {
		t.Errorf("no input: says %d, %v fire, the first at %v of its evoked rate; want B, half, twice", c.Said, c.Layers[0].Firing, r.Neurons[0].Ratio)
	}
}

func TestRestIsTheSameForAllWorkers(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n, set := modeltest.Random(spec, 6), modeltest.Blobs(spec.Input, 10, 40, 40, 7)
	n.Classes = set.Classes
	a := rest(t, n, set, RestOptions{Draws: 20}, nil)
	b := rest(t, n, set, RestOptions{Draws: 20}, func(o *ablate.Options) { o.Workers = 3 })
	if !slices.Equal(a.Drivers, b.Drivers) || a.Margin != b.Margin || len(a.Conditions) != len(b.Conditions) {
		t.Fatal("drivers depend on the number of workers")
	}
	for k := range a.Conditions {
		if a.Conditions[k].Confidence != b.Conditions[k].Confidence || a.Conditions[k].Layers[1].Ratio != b.Conditions[k].Layers[1].Ratio {
			t.Errorf("%s depends on the number of workers", a.Conditions[k].Name)
		}
	}
}
