package circuit_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// onAndOff are images of two pixels, (0, 0) of class A and (1, 1) of class B in turn.
func onAndOff(t *testing.T) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 120 {
		s.Labels = append(s.Labels, i%2)
		s.Images = append(s.Images, float32(i%2), float32(i%2))
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// forked: h₀ = relu(x₀), h₁ = relu(x₁), A = h₀ + 3, B = 2h₀ + 3h₁. On (1, 1) y = B − A = 1, on (0, 0)
// it is −3.
func forked() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 3}, {2, 3, 0}})
}

func patchEdge(t *testing.T, n *model.Network, set *datasets.Set, edge string, o circuit.Options, more circuit.EdgeOptions) *circuit.EdgeResult {
	t.Helper()
	o.Split = datasets.Confirm
	if o.Seed == 0 {
		o.Seed = 1
	}
	p, err := circuit.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.ParseEdge(edge)
	if err != nil {
		t.Fatal(err)
	}
	r, err := circuit.PatchEdge(context.Background(), p, e, more)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func edgeNear(a, b float64) bool { return math.Abs(a-b) < 1e-5 }

// TestPatchedEdgeByHand. The edge 1:0->2:1 carries 2 on every image of B.
//
//	              zero     mean (h = ½)   resample (an image of A)
//	clean         1        1              1
//	all corrupted −3       −1             −3
//	noising       −2       −1             −2      share ½ of clean − corrupted each time
//	denoising                             +2      share ½
//	sender        −2+1     half           −1      both edges of 1:0: this edge's share is 200 %
//	receiver      −5       −2.5           −5      the logit B goes: 40 %
//	answers       all wrong (y = −1), y = 0 is a tie that the first class wins: all wrong, all wrong
func TestPatchedEdgeByHand(t *testing.T) {
	r := patchEdge(t, forked(), onAndOff(t), "1:0->2:1", circuit.Options{Target: "B", Against: circuit.Zero}, circuit.EdgeOptions{})
	if len(r.Kinds) != 3 || r.Kinds[0].Against != circuit.Zero || r.Kinds[1].Against != circuit.Resample || r.Kinds[2].Against != circuit.Mean {
		t.Fatalf("kinds %+v", r.Kinds)
	}
	for _, want := range []struct {
		kind                          int
		corrupted, noising, denoising float64
		sender, receiver, reference   float64
	}{
		{0, -3, -2, 0, -1, -5, 0},
		{1, -3, -2, 2, -1, -5, 0},
		{2, -1, -1, 0, -0.5, -2.5, 1},
	} {
		k := r.Kinds[want.kind]
		got := []float64{k.Clean, k.Corrupted, k.Gap.Estimate, k.Noising.Effect.Estimate, k.Sender.Effect.Estimate, k.Receiver.Effect.Estimate, k.Contribution, k.Reference,
			float64(k.Noising.Share), float64(k.ThroughSender.Share), float64(k.ThroughReceiver.Share), k.Right, k.RightPatched, float64(k.ToWrong), float64(k.ToRight)}
		for i, v := range []float64{1, want.corrupted, 1 - want.corrupted, want.noising, want.sender, want.receiver, 2, want.reference, 0.5, 2, 0.4, 1, 0, 20, 0} {
			if !edgeNear(got[i], v) {
				t.Errorf("%s: number %d is %v, want %v", k.Against, i, got[i], v)
			}
		}
		switch {
		case k.Pairs != 20 || k.Excluded != 0 || !k.Noising.Told():
			t.Errorf("%s: %d pairs, %d excluded, told %v", k.Against, k.Pairs, k.Excluded, k.Noising.Told())
		case want.denoising == 0 && k.Denoising != nil:
			t.Errorf("%s: denoising without a run to restore it in", k.Against)
		case want.denoising != 0 && (!edgeNear(k.Denoising.Effect.Estimate, 2) || !edgeNear(float64(k.Denoising.Share), 0.5)):
			t.Errorf("%s: denoising %+v", k.Against, k.Denoising)
		}
	}
	// The others into 2:1: 1:1 with −3. Between the layers, by |contribution| 2 on B's images: 1:0->2:0 (1)
	// and 1:1->2:1 (3) are as near, 1:1->2:0 (0) is farther.
	if r.PreActivation != 5 || r.Bias != 0 || r.Weight != 2 || r.Synapses != 1 || !edgeNear(float64(r.Into.Edge.Share), 0.4) || r.DriveRank() != 2 {
		t.Errorf("context: %v %v %v %v %v", r.PreActivation, r.Weight, r.Synapses, r.Into.Edge.Share, r.DriveRank())
	}
	if r.Into.Rank != 2 || r.Into.P != 1 || len(r.Into.Edges) != 1 || !edgeNear(r.Into.Edges[0].Effect.Estimate, -3) {
		t.Errorf("into: %+v", r.Into)
	}
	var names []string
	var effects []float64
	for _, e := range r.Matched.Edges {
		names, effects = append(names, e.Name), append(effects, e.Effect.Estimate)
	}
	if !slices.Equal(names, []string{"1:0->2:0", "1:1->2:1", "1:1->2:0"}) || !slices.Equal(effects, []float64{1, -3, 0}) || r.Matched.Rank != 2 || r.Matched.P != 0.5 {
		t.Errorf("matched: %v %v rank %d p %v", names, effects, r.Matched.Rank, r.Matched.P)
	}
	for k, d := range r.Dose.Doses {
		if !edgeNear(r.Dose.Effects[k].Estimate, -2*d) {
			t.Errorf("dose %v: %v", d, r.Dose.Effects[k].Estimate)
		}
	}
	if !r.Sham.Identical || r.Sham.Images != 20 || r.Tests != 10 {
		t.Errorf("sham %+v, %d tests", r.Sham, r.Tests)
	}
	for _, c := range r.Contrasts {
		if want := map[circuit.Against]float64{circuit.Resample: 0, circuit.Mean: 1}[c.Kinds[1]]; !edgeNear(c.Difference.Estimate, want) || c.Images != 20 || c.Verdict.Disagree() != (want != 0) {
			t.Errorf("contrast %+v", c)
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// TestOrHidesFromNoising: y = 1 − relu(1 − h₀ − h₁) is 1 if either input is lit. On (1, 1) one of them can
// go; on (0, 0) one of them is enough.
func TestOrHidesFromNoising(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{-1, -1, 1}}, [][]float32{{0, 0}, {-1, 1}})
	r := patchEdge(t, n, onAndOff(t), "1:0->2:0", circuit.Options{Target: "B", Against: circuit.Resample}, circuit.EdgeOptions{})
	k := r.Kinds[0]
	if k.Noising.Effect.Estimate != 0 || k.Noising.P != 1 || k.Noising.Told() || !edgeNear(k.Denoising.Effect.Estimate, 1) || !edgeNear(float64(k.Denoising.Share), 1) {
		t.Errorf("OR: noising %+v, denoising %+v", k.Noising, *k.Denoising)
	}
}

// TestSilentEdge: a synapse of 0 carries nothing, and all that it does is exactly nothing.
func TestSilentEdge(t *testing.T) {
	r := patchEdge(t, forked(), onAndOff(t), "1:1->2:0", circuit.Options{Target: "B"}, circuit.EdgeOptions{Controls: -1})
	for _, k := range r.Kinds {
		if k.Noising.Effect != (ablate.Interval{}) || k.Noising.P != 1 || k.Noising.Told() || k.Contribution != 0 || k.ToWrong+k.ToRight != 0 {
			t.Errorf("%s: %+v", k.Against, k.Noising)
		}
	}
	if r.Into.Rank != 2 || len(r.Matched.Edges) != 0 || r.Matched.Why == "" {
		t.Errorf("ranks %+v %+v", r.Into, r.Matched)
	}
}

// edgeGrid is a network of one convolution, whose positions y averages, linear or not.
func edgeGrid(activation model.Activation, seed uint64) *model.Network {
	n := modeltest.Random(model.Spec{Name: "grid", Input: model.Shape{2, 4, 5}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: activation, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, seed)
	n.Classes = []string{"left", "right"}
	return n
}

// TestPositionsAddUpWhereAllIsLinear, and do not where a ReLU lies behind the edge.
func TestPositionsAddUpWhereAllIsLinear(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 20, 40, 60, 3)
	for _, against := range []circuit.Against{circuit.Resample, circuit.Mean, circuit.Zero} {
		o := circuit.Options{Target: set.Classes[1], Against: against}
		m := patchEdge(t, edgeGrid(model.Identity, 1), set, "0:1->1:2", o, circuit.EdgeOptions{Positions: true}).Positions
		if m == nil || m.Rows != 4 || m.Cols != 5 || len(m.Effect) != 20 || math.Abs(m.Sum-m.All) > 1e-4*max(1, math.Abs(m.All)) || m.All == 0 {
			t.Fatalf("%s, linear: %+v", against, m)
		}
		r := patchEdge(t, edgeGrid(model.ReLU, 1), set, "0:1->1:2", o, circuit.EdgeOptions{Positions: true})
		if m = r.Positions; math.Abs(m.Sum-m.All) > 0.5*math.Abs(m.All)+0.1 || !edgeNear(m.All, r.Kinds[0].Noising.Effect.Estimate) {
			t.Errorf("%s: %v and %v", against, m.Sum, m.All)
		}
	}
}

// TestPatchedEdgeIsASessionEdit holds the effect against a plain forward pass with the edge's mean
// contribution, position by position, put in its place.
func TestPatchedEdgeIsASessionEdit(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 20, 40, 60, 3)
	n := edgeGrid(model.ReLU, 2)
	r := patchEdge(t, n, set, "0:0->1:1", circuit.Options{Target: set.Classes[0], Against: circuit.Mean, Pairs: -1}, circuit.EdgeOptions{})
	mean := make([]float32, 2*4*5)
	lo, hi := set.Range(datasets.Select)
	for i := lo; i < hi; i++ {
		for k, v := range set.Image(i) {
			mean[k] += (v - n.Mean[k/20]) / n.Std[k/20] / float32(hi-lo)
		}
	}
	fill := make([]float32, 20)
	from, to := model.Neuron(0, 0), model.Neuron(1, 1)
	n.Contribution(fill, from, to, mean)
	edit := model.Edit{Target: to, From: &from, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerPosition: true}}
	lo, hi = set.Range(datasets.Confirm)
	sum, count := 0.0, 0
	for i := lo; i < hi; i++ {
		if set.Labels[i] != 0 {
			continue
		}
		with, err := n.Logits(context.Background(), set.Image(i), []model.Edit{edit}, 1)
		without, err2 := n.Logits(context.Background(), set.Image(i), nil, 1)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		sum += float64(with[0]-with[1]) - float64(without[0]-without[1])
		count++
	}
	if got := r.Kinds[0]; got.Pairs != count || !edgeNear(got.Noising.Effect.Estimate, sum/float64(count)) {
		t.Errorf("effect %v on %d images, want %v on %d", got.Noising.Effect.Estimate, got.Pairs, sum/float64(count), count)
	}
}

// TestPatchedEdgeWhateverTheWorkers: the same bytes.
func TestPatchedEdgeWhateverTheWorkers(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 20, 40, 60, 3)
	var first []byte
	for _, workers := range []int{1, 3} {
		o := circuit.Options{Target: set.Classes[1], Against: circuit.Resample}
		o.Workers = workers
		text, err := json.Marshal(patchEdge(t, edgeGrid(model.ReLU, 4), set, "0:1->1:2", o, circuit.EdgeOptions{Positions: true}))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		} else if string(first) != string(text) {
			t.Error("another result with other workers")
		}
	}
}

func TestPatchEdgeRefusals(t *testing.T) {
	n := forked()
	p, err := circuit.Prepare(context.Background(), n, onAndOff(t), circuit.Options{Target: "B"})
	if err != nil {
		t.Fatal(err)
	}
	for edge, want := range map[model.Edge]string{
		{From: model.Neuron(0, 0), To: model.Neuron(2, 0)}:              "layer 2 reads layers [1]",
		{From: model.Neuron(1, 5), To: model.Neuron(2, 0)}:              "want one neuron of layer 1 as sender",
		{From: model.Neuron(1, 0), To: model.Neuron(2, model.AllUnits)}: "want one neuron as receiver",
	} {
		if _, err := circuit.PatchEdge(context.Background(), p, edge, circuit.EdgeOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", edge, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := circuit.PatchEdge(ctx, p, model.Edge{From: model.Neuron(1, 0), To: model.Neuron(2, 1)}, circuit.EdgeOptions{}); err == nil {
		t.Error("a cancelled experiment went through")
	}
}
