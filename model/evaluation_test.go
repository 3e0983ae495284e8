package model_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// TestEvaluateByHand: the logits are the two pixels; train and select are all right.
func TestEvaluateByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}})
	set, err := datasets.New(datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"},
		Images: []float32{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0.5, 0, 1, 0, 0, 0.25, 0, 1},
		Labels: []int{0, 1, 0, 1, 0, 1, 1, 1, 0, 1}}, 2, 2, 6)
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.Evaluate(context.Background(), set, datasets.Confirm, 1)
	if err != nil {
		t.Fatal(err)
	}
	// Right by 1, right by 1, wrong by 1/2, wrong by 1, wrong by 1/4, right by 1.
	soft := func(d float64) float64 { return math.Log1p(math.Exp(-d)) }
	loss := (soft(1) + soft(1) + soft(-0.5) + soft(-1) + soft(-0.25) + soft(1)) / 6
	if e.Split != datasets.Confirm || e.Images != 6 || e.Correct != 3 || e.Accuracy != 0.5 || math.Abs(e.Loss-loss) > 1e-6 || fmt.Sprint(e.Confusion) != "[[1 1] [2 2]]" {
		t.Errorf("%+v, want loss %v", e, loss)
	}
	want := []model.Mistake{ // most confident first; numbered within the set
		{7, "image 7", 1, 0, 1 / (1 + math.Exp(-1))},
		{6, "image 6", 1, 0, 1 / (1 + math.Exp(-0.5))},
		{8, "image 8", 0, 1, 1 / (1 + math.Exp(-0.25))}}
	if len(e.Worst) != len(want) {
		t.Fatalf("mistakes %+v", e.Worst)
	}
	for k, m := range e.Worst {
		if math.Abs(m.Confidence-want[k].Confidence) > 1e-6 {
			t.Errorf("mistake %d: confidence %v, want %v", k, m.Confidence, want[k].Confidence)
		}
		m.Confidence = want[k].Confidence
		if m != want[k] {
			t.Errorf("mistake %d: %+v, want %+v", k, m, want[k])
		}
	}
	if e, err := n.Evaluate(context.Background(), set, datasets.Select, 1); err != nil || e.Images != 2 || e.Correct != 2 || len(e.Worst) != 0 {
		t.Errorf("select: %+v (%v)", e, err)
	}
}

func TestFitsRefusesOtherShapesAndClasses(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}})
	set := func(c, h, w int, classes ...string) *datasets.Set {
		return &datasets.Set{Channels: c, Height: h, Width: w, Classes: classes}
	}
	if err := n.Fits(set(2, 1, 1, "A", "B")); err != nil {
		t.Error(err)
	}
	for _, other := range []*datasets.Set{set(3, 1, 1, "A", "B"), set(1, 2, 1, "A", "B"), set(1, 1, 2, "A", "B"), set(2, 2, 1, "A", "B"),
		set(2, 1, 1, "B", "A"), set(2, 1, 1, "A"), set(2, 1, 1, "A", "B", "C"), set(2, 1, 1, "A", "b")} {
		if err := n.Fits(other); err == nil {
			t.Errorf("%d×%d×%d, classes %v: fits", other.Channels, other.Height, other.Width, other.Classes)
		}
		if _, err := n.Evaluate(context.Background(), other, datasets.Confirm, 1); err == nil {
			t.Errorf("%d×%d×%d, classes %v: evaluated", other.Channels, other.Height, other.Width, other.Classes)
		}
	}
}

func TestAnswerIsTheFirstOfEquals(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, test := range []struct {
		logits []float32
		want   int
	}{{[]float32{1, 1, 1}, 0}, {[]float32{0, 2, 2}, 1}, {[]float32{-3, -2, -1}, 2}, {[]float32{-1, -2, -1}, 0}, {[]float32{-inf, -inf, 0}, 2}, {[]float32{7}, 0}} {
		if got := model.Answer(test.logits); got != test.want {
			t.Errorf("%v: %d, want %d", test.logits, got, test.want)
		}
	}
}

// TestSoftmaxDoesNotOverflow: e^1e4 is far beyond float64, e^-1e4 far below.
func TestSoftmaxDoesNotOverflow(t *testing.T) {
	for _, test := range []struct {
		logits, p []float32
		loss      []float64 // by label
	}{
		{[]float32{1e4, -1e4}, []float32{1, 0}, []float64{0, 2e4}},
		{[]float32{-1e4, -1e4}, []float32{0.5, 0.5}, []float64{math.Ln2, math.Ln2}},
		{[]float32{1e4, 1e4, -1e4}, []float32{0.5, 0.5, 0}, []float64{math.Ln2, math.Ln2, 2e4 + math.Ln2}},
		// p = (1, e, e²)/(1 + e + e²)
		{[]float32{0, 1, 2}, []float32{0.0900306, 0.2447285, 0.6652410}, []float64{2.4076060, 1.4076060, 0.4076060}},
	} {
		p := make([]float32, len(test.p))
		model.Softmax(p, test.logits)
		for k := range p {
			if !(math.Abs(float64(p[k]-test.p[k])) < 1e-6) {
				t.Errorf("softmax of %v: %v, want %v", test.logits, p, test.p)
			}
			if got := model.CrossEntropyOf(test.logits, k); !(math.Abs(got-test.loss[k]) < 1e-6) {
				t.Errorf("cross-entropy of %v, label %d: %v, want %v", test.logits, k, got, test.loss[k])
			}
		}
	}
}
