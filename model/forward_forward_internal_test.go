package model

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/datasets"
)

// trained is a forward-forward run of two epochs on noise of three classes.
func trained(t *testing.T) *Trainer {
	t.Helper()
	const images = 60
	r := rand.New(rand.NewPCG(1, 2))
	s := datasets.Set{Channels: 2, Height: 3, Width: 3, Classes: []string{"a", "b", "c"}}
	for i := range images {
		s.Labels = append(s.Labels, i%3)
		for range 18 {
			s.Images = append(s.Images, r.Float32())
		}
	}
	set, err := datasets.New(s, 30, 15, 15)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := MLP(Shape{2, 3, 3}, 3, 12, 8, 6)
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultRuleOptions(ForwardForward)
	o.Epochs, o.Batch, o.Flip, o.Shift, o.Rate = 2, 10, false, 0, 0.01
	tr, err := NewTrainer(set, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestFoldedNetwork: the specimen answers an ordinary image as the trained network does one with the
// neutral label, and does not see the label's pixels.
func TestFoldedNetwork(t *testing.T) {
	tr := trained(t)
	folded, err := tr.Network("test")
	if err != nil {
		t.Fatal(err)
	}
	unfolded, err := NewNetwork(tr.spec, tr.best, tr.mean, tr.std, tr.set.Classes)
	if err != nil {
		t.Fatal(err)
	}
	x, size := tr.set.Images, tr.set.ImageSize()
	neutral, other := slices.Clone(x), slices.Clone(x)
	strength := math.Sqrt(18) / 3
	for i := range tr.set.Len() {
		for p := range 3 {
			neutral[i*size+p] = tr.mean[0] + float32(strength/3)*tr.std[0]
			other[i*size+p] = 1 - other[i*size+p]
		}
	}
	logits := func(n *Network, images []float32) []float32 {
		out, err := n.Logits(context.Background(), images, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := logits(folded, x)
	for k, want := range logits(unfolded, neutral) {
		if math.Abs(float64(got[k]-want)) > 1e-5*max(1, math.Abs(float64(want))) {
			t.Errorf("logit %d: %v, unfolded %v", k, got[k], want)
		}
	}
	if !slices.Equal(got, logits(folded, other)) {
		t.Error("the specimen sees the label's pixels")
	}
	if slices.Equal(logits(unfolded, x), logits(unfolded, other)) {
		t.Error("nor does the trained network: the test sees nothing")
	}
}

// TestLayersLearnAlone: other weights in the second layer change no bit of the first one's gradient,
// and other readouts (whose answers are kept) none of any hidden layer's. That of the third, which
// reads the second, does change.
func TestLayersLearnAlone(t *testing.T) {
	tr := trained(t)
	r := tr.rule.(*forwardForward)
	gradient := func(layer int) []float32 { return slices.Clone(r.layers[layer-1].Param(1).Weight) }
	run := func() {
		if _, _, err := r.gradients(&batch{tr.inputs, tr.targets, tr.labels, make([]int, 10), 0}); err != nil {
			t.Fatal(err)
		}
	}
	run()
	before := [][]float32{nil, gradient(1), gradient(2), gradient(3)}
	for k := range tr.params[4].Bias { // raises all answers alike
		tr.params[4].Bias[k] += 1
	}
	run()
	for l := 1; l <= 3; l++ {
		if !slices.Equal(gradient(l), before[l]) {
			t.Errorf("layer %d listens to the readout", l)
		}
	}
	// The negative data come from the readouts, so those must not notice: without weights they do not.
	for _, l := range []int{4, 5} {
		clear(tr.params[l].Weight)
	}
	run()
	before = [][]float32{nil, gradient(1), gradient(2), gradient(3)}
	for k := range tr.params[2].Weight {
		tr.params[2].Weight[k] *= -1
	}
	run()
	if !slices.Equal(gradient(1), before[1]) {
		t.Error("the first layer's gradient depends on the second's weights")
	}
	if slices.Equal(gradient(2), before[2]) || slices.Equal(gradient(3), before[3]) {
		t.Error("the second and third layer do not notice: the test sees nothing")
	}
}

// TestWrongLabels: never the right one, and in proportion to the probabilities of the others.
func TestWrongLabels(t *testing.T) {
	r := &forwardForward{trainer: &Trainer{}}
	logits := []float32{float32(math.Log(3)), 40, 0, float32(math.Log(2))} // 1 is right, and sure of it
	counts := make([]int, 4)
	const draws = 6000
	for image := range draws {
		counts[r.wrongLabel(logits, 1, 0, image)]++
	}
	for c, share := range []float64{1.0 / 2, 0, 1.0 / 6, 1.0 / 3} {
		if got, slack := float64(counts[c])/draws, 4*math.Sqrt(share*(1-share)/draws); math.Abs(got-share) > slack {
			t.Errorf("class %d: %v of the draws, want %v", c, got, share)
		}
	}
	if got := r.wrongLabel([]float32{-1000, 1000}, 1, 3, 4); got != 0 {
		t.Errorf("the only other class is 0, not %d", got)
	}
}
