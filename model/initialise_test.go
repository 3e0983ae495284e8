package model_test

import (
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func TestUntrained(t *testing.T) {
	spec, err := model.Preset("resnet", model.Shape{3, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	a, again, b := n.Untrained(7), n.Untrained(7), n.Untrained(8)
	if a.Digest() != again.Digest() || a.Digest() == b.Digest() || a.Digest() == n.Digest() {
		t.Error("an untrained network hangs on something else than its seed")
	}
	if !slices.Equal(a.Mean, n.Mean) || !slices.Equal(a.Std, n.Std) || !slices.Equal(a.Classes, n.Classes) || a.Depth() != n.Depth() {
		t.Error("it is another make")
	}
	for l := 1; l <= a.Depth(); l++ {
		for _, bias := range a.Params[l].Bias {
			if bias != 0 {
				t.Fatalf("layer %d has a bias of %v, want 0 as before training", l, bias)
			}
		}
		if w := a.Params[l].Weight; len(w) > 0 && (slices.Max(w) <= 0 || slices.Min(w) >= 0) {
			t.Errorf("layer %d has weights of one sign", l)
		}
	}
}
