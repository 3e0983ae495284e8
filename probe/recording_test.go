package probe

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// mapped is a random network with pooled maps, a dense layer and two classes.
func mapped() *model.Network {
	n := modeltest.Random(model.Spec{Name: "mapped", Input: model.Shape{2, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "conv2", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 5)
	n.Classes = []string{"left", "right"} // as modeltest.Blobs has them
	return n
}

// TestRecordingAgainstOracle: 70 images of the select split are three batches.
func TestRecordingAgainstOracle(t *testing.T) {
	n := mapped()
	set := modeltest.Blobs(model.Shape{2, 6, 6}, 4, 70, 4, 1)
	calls := 0
	r, err := Record(context.Background(), n, set, datasets.Select, nil, 2, func(done, total int) {
		if calls++; done != 70 || total != 70 {
			t.Errorf("progress %d of %d", done, total)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.First != 4 || r.Images != 70 || len(r.Units) != 9 || calls != 1 {
		t.Fatalf("%d images from %d on, %d units, %d calls", r.Images, r.First, len(r.Units), calls)
	}
	actives := make([]int64, len(r.Units))
	for i := range r.Images {
		_, act, _ := modeltest.Forward(n, set.Image(4+i))
		for u, a := range r.Units {
			area := n.Geometry(a.Layer).Act.Area()
			highest, sum, active := math.Inf(-1), 0.0, int64(0)
			for _, v := range act[a.Layer][a.Unit*area : (a.Unit+1)*area] {
				highest, sum = max(highest, v), sum+v
				if v > 0 {
					active++
				}
			}
			at := u*r.Images + i
			if math.Abs(float64(r.Max[at])-highest) > 1e-5 || math.Abs(float64(r.Mean[at])-sum/float64(area)) > 1e-5 || r.Positions[u] != area {
				t.Fatalf("%v on image %d: max %v, mean %v; want %v, %v", a, i, r.Max[at], r.Mean[at], highest, sum/float64(area))
			}
			actives[u] += active
		}
		for c := range 2 {
			if math.Abs(float64(r.Logits[2*i+c])-act[3][c]) > 1e-5 {
				t.Fatalf("logit %d of image %d is %v, want %v", c, i, r.Logits[2*i+c], act[3][c])
			}
		}
	}
	if !slices.Equal(r.Active, actives) {
		t.Errorf("active positions %v, want %v", r.Active, actives)
	}
}

// TestRecordingByBatches: other batches and workers give the same up to the last bits.
func TestRecordingByBatches(t *testing.T) {
	n := mapped()
	set := modeltest.Blobs(model.Shape{2, 6, 6}, 2, 2, 100, 2)
	whole, err := Record(context.Background(), n, set, datasets.Confirm, []int{2, 1}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	pieces := newRecording(n, 4, 100, []int{1, 2})
	for lo := 0; lo < 100; lo += 7 {
		hi := min(lo+7, 100)
		if err := pieces.record(context.Background(), n, set.Images[(4+lo)*72:(4+hi)*72], 4+lo, []int{1, 2}, 3, nil); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range whole.Max {
		if math.Abs(float64(v-pieces.Max[k])) > 1e-5 || math.Abs(float64(whole.Mean[k]-pieces.Mean[k])) > 1e-5 {
			t.Fatalf("value %d: %v and %v, %v and %v", k, v, pieces.Max[k], whole.Mean[k], pieces.Mean[k])
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	n := mapped()
	set := modeltest.Blobs(model.Shape{2, 6, 6}, 2, 2, 4, 2)
	if _, err := Record(context.Background(), n, set, datasets.Confirm, []int{1, 4}, 1, nil); err == nil || !strings.Contains(err.Error(), "layer 4 not in model (it has layers 1 to 3)") {
		t.Errorf("layer 4: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Record(ctx, n, set, datasets.Confirm, nil, 1, nil); err == nil {
		t.Error("a cancelled recording succeeds")
	}
}
