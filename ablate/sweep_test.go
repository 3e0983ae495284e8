package ablate_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

func sweep(t *testing.T, n *model.Network, set *datasets.Set, o ablate.Options, s ablate.SweepOptions) *ablate.SweepResult {
	t.Helper()
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ablate.Sweep(context.Background(), p, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checkChange(t *testing.T, name string, got ablate.Change, want float64) {
	t.Helper()
	// Activations are float32.
	if d := float64(got.Estimate) - want; !(d > -1e-6 && d < 1e-6) || !(got.Low <= got.Estimate && got.Estimate <= got.High) {
		t.Errorf("%s: %+v, want %v inside its interval", name, got, want)
	}
}

// TestSweepByHand sweeps the detector over lights: everything hangs on neuron 1:0, its light x. The
// logit difference is x − 0.5 for images of B and 0.5 − x for those of A.
func TestSweepByHand(t *testing.T) {
	r := sweep(t, detector(), lights(t), ablate.DefaultOptions(), ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero, ablate.Mean}})
	if len(r.Neurons) != 3 || r.Intact.Accuracy != 29./40 || r.SelectImages != 16 {
		t.Fatalf("%d neurons, accuracy %v, %d select images", len(r.Neurons), r.Intact.Accuracy, r.SelectImages)
	}
	zero := r.Neurons[0].Lesion(ablate.Zero)
	// Silenced, it answers A always: the 20 lit images of B turn wrong, the 3 lit ones of A right. What
	// x gave goes: 15.8 over the 28 images of B; 3.64 over the 12 of A, whose difference rises.
	checkChange(t, "accuracy", zero.Accuracy.Change, -17./40)
	checkChange(t, "recall of A", zero.Recall[0], 3./12)
	checkChange(t, "recall of B", zero.Recall[1], -20./28)
	checkChange(t, "balanced accuracy", zero.Balanced, (3./12-20./28)/2)
	checkChange(t, "logit difference", zero.LogitDiff.Change, (3.64-15.8)/40)
	checkChange(t, "logit difference of A", zero.ByClass[0].Change, 3.64/12)
	checkChange(t, "logit difference of B", zero.ByClass[1].Change, -15.8/28)
	// First lit: the 20 of B, 14.8 in all, and 3 of A, 2.94. Of B's 8 unlit ones the light is 1 in all, of
	// A's 9 it is 0.7: the contrast weighs B by 20·8/28 and A by 3·9/12.
	checkChange(t, "with first lit", zero.With[0], (2.94-14.8)/23)
	wB, wA := 20.*8/28, 3.*9/12
	checkChange(t, "contrast of first lit", zero.Contrast[0].Change, (wB*(1./8-14.8/20)+wA*(2.94/3-0.7/9))/(wB+wA))
	if zero.RightToWrong != 20 || zero.WrongToRight != 3 || !zero.Moved || !zero.Accuracy.Significant() || !zero.LogitDiff.Significant() {
		t.Errorf("flips %d and %d, %+v", zero.RightToWrong, zero.WrongToRight, zero.Accuracy)
	}
	// Its mean over select is 12/16: then it answers B always.
	mean := r.Neurons[0].Lesion(ablate.Mean)
	checkChange(t, "accuracy, mean", mean.Accuracy.Change, -1./40)
	checkChange(t, "logit difference of B, mean", mean.ByClass[1].Change, 0.75-15.8/28)
	checkChange(t, "logit difference of A, mean", mean.ByClass[0].Change, 3.64/12-0.75)
	// On select 12 images of 16 lose a light of 1.
	if zero.Select.Metric != -0.75 || zero.Select.Rank != 1 || zero.Select.LayerRank != 1 {
		t.Errorf("on select %+v", zero.Select)
	}
	// The decoy fires and nobody reads it; the dead unit never fires. Neither has a test.
	for k, u := range r.Neurons[1:] {
		l := u.Lesion(ablate.Zero)
		if l.Moved || l.LogitDiff.P.Defined() || l.Accuracy.Adjusted.Defined() || l.LogitDiff.Estimate != 0 || l.Select.Rank != 2+k || u.Dead != (k == 1) {
			t.Errorf("neuron %v: dead %v, %+v", u.Address, u.Dead, l)
		}
	}
	if r.Neurons[0].Fires != 29 || r.Neurons[1].Fires != 20 || r.Layers[0].Dead != 1 || !near(float64(r.Layers[0].Trust[0]), 1) {
		t.Errorf("fires on %d and %d; %+v", r.Neurons[0].Fires, r.Neurons[1].Fires, r.Layers[0])
	}
	for _, f := range r.Families {
		if each := map[ablate.SweepTest]int{ablate.TestAccuracy: 1, ablate.TestLogitDiff: 1, ablate.TestClass: 2, ablate.TestFeature: 2}[f.Test]; f.Tests != each || f.LeftOut != 2*each {
			t.Errorf("%+v, want %d tests, and twice as many left out", f, each)
		}
	}
}

// TestCumulativeByHand: of the detector's neurons the first ends it all, whenever its turn comes.
func TestCumulativeByHand(t *testing.T) {
	r := sweep(t, detector(), lights(t), ablate.DefaultOptions(), ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero}})
	if len(r.Curves) != 1 {
		t.Fatalf("%d curves, want that of the only hidden layer", len(r.Curves))
	}
	c := r.Curves[0]
	checkLine(t, "most first", c.Most, 29, 12, 12, 12)
	checkLine(t, "least first", c.Least, 29, 29, 29, 12)
	// (29+29+20.5)/40/3 less (20.5+12+12)/40/3.
	if !slices.Equal(c.Removed, []int{0, 1, 2, 3}) || !near(c.Area, 34./120) || c.Spare != 2 {
		t.Errorf("%v, area %v, spare %d", c.Removed, c.Area, c.Spare)
	}
	if len(c.Random) != 10 {
		t.Fatalf("%d random orders", len(c.Random))
	}
	for _, line := range c.Random {
		// At 0, 2 and 3 neurons.
		if !near(line[0].Accuracy, 29./40) || !near(line[1].Accuracy, 29./40) && !near(line[1].Accuracy, 12./40) || !near(line[2].Accuracy, 12./40) {
			t.Errorf("a random order gives %v", line)
		}
	}
}

// TestCumulativeOverLayers: two neurons in a row, of which each alone is as bad as both, beside two
// decoys in a row. Equals go by address: 1:0, 2:0, 1:1, 2:1.
func TestCumulativeOverLayers(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0.5}, {1, 0, 0}})
	for _, kind := range ablate.Kinds {
		r := sweep(t, n, lights(t), ablate.DefaultOptions(), ablate.SweepOptions{Kinds: []ablate.Kind{kind}, Orders: 2})
		all := r.Curves[2]
		if len(r.Curves) != 3 || all.Layer != 0 || all.Neurons != 4 || all.Kind != kind {
			t.Fatalf("%d curves, the last %+v", len(r.Curves), all)
		}
		switch kind {
		case ablate.Zero: // answers A always
			checkLine(t, "most first", all.Most, 29, 12, 12, 12, 12)
			checkLine(t, "least first", all.Least, 29, 29, 29, 12, 12)
		case ablate.Mean: // 2:0 at 0.75: answers B always
			checkLine(t, "most first", all.Most, 29, 28, 28, 28, 28)
			checkLine(t, "least first", all.Least, 29, 29, 29, 28, 28)
		case ablate.Resample: // another image's light, whichever neuron is patched
			for k, p := range all.Most[1:] {
				if !near(p.Accuracy, all.Most[1].Accuracy) || k < 2 && !near(all.Least[k+1].Accuracy, 29./40) || p.Accuracy > 28./40 {
					t.Errorf("resample: %v and %v", all.Most, all.Least)
				}
			}
		}
	}
}

func checkLine(t *testing.T, name string, line []ablate.Point, right ...int) {
	t.Helper()
	if len(line) != len(right) {
		t.Fatalf("%s: %d points, want %d", name, len(line), len(right))
	}
	for k, n := range right {
		if !near(line[k].Accuracy, float64(n)/40) {
			t.Errorf("%s: point %d has accuracy %v, want %d/40", name, k, line[k].Accuracy, n)
		}
	}
}

// TestSweepAgreesWithLesion holds a random network's sweep against the lesions one by one.
func TestSweepAgreesWithLesion(t *testing.T) {
	n, set := randomNet(t)
	o := ablate.DefaultOptions()
	o.Resamples = 200
	r := sweep(t, n, set, o, ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero}, NoCurves: true})
	for _, u := range r.Neurons {
		want := lesionOf(t, n, set, u.Address.String(), o)
		l := u.Lesion(ablate.Zero)
		got := []ablate.Change{l.Accuracy.Change, l.Balanced, l.Recall[0], l.Recall[1], l.CrossEntropy, l.LogitDiff.Change}
		for k, m := range want.Measures {
			for _, pair := range [][2]float64{{float64(got[k].Estimate), m.Change}, {float64(got[k].Low), m.Low}, {float64(got[k].High), m.High}} {
				if d := pair[0] - pair[1]; !(d > -1e-5 && d < 1e-5) {
					t.Errorf("neuron %v: %s: %+v, want %+v", u.Address, m.Name, got[k], m)
				}
			}
		}
		if float64(l.RightToWrong) != want.Flips.CorrectToWrong || float64(l.WrongToRight) != want.Flips.WrongToCorrect || u.Fires != want.Targets[0].Fires || !near(u.Mean, want.Targets[0].Mean) {
			t.Errorf("neuron %v: %+v, want %+v and %+v", u.Address, l, want.Flips, want.Targets[0])
		}
	}
}

// randomNet is a small network of convolutions over images of 4×4 pixels.
func randomNet(t *testing.T) (*model.Network, *datasets.Set) {
	t.Helper()
	shape := model.Shape{1, 4, 4}
	spec := model.Spec{Input: shape, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "dense2", Kind: model.Dense, Units: 5, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	n := modeltest.Random(spec, 4)
	set := modeltest.Blobs(shape, 4, 30, 60, 5)
	set.Classes = n.Classes
	return n, set
}

func TestSweepWorkersDoNotMatter(t *testing.T) {
	n, set := randomNet(t)
	run := func(workers int) string {
		o := ablate.DefaultOptions()
		o.Resamples, o.Permutations, o.Draws, o.Workers = 100, 99, 2, workers
		text, err := json.Marshal(sweep(t, n, set, o, ablate.SweepOptions{Kinds: ablate.Kinds, Orders: 2}))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if one, many := run(1), run(5); one != many {
		t.Error("one worker and five give different results")
	}
}

// memoryParts keeps parts as the lab does, and stops the run after some.
type memoryParts struct {
	kept  map[string][]byte
	stop  context.CancelFunc
	after int
}

func (m *memoryParts) Load(name string, into any) (bool, error) {
	data, ok := m.kept[name]
	if !ok {
		return false, nil
	}
	return true, gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

func (m *memoryParts) Save(name string, value any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(value); err != nil {
		return err
	}
	m.kept[name] = b.Bytes()
	if len(m.kept) == m.after {
		m.stop()
	}
	return nil
}

// TestSweepGoesOn interrupts a sweep after each of its parts: the rest of the work gives the same.
func TestSweepGoesOn(t *testing.T) {
	n, set := randomNet(t)
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations, o.Draws = 100, 99, 2
	s := ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero, ablate.Resample}, Orders: 2}
	want, err := json.Marshal(sweep(t, n, set, o, s))
	if err != nil {
		t.Fatal(err)
	}
	// Two kinds of two layers on two splits and their statistics, and three curves.
	const parts = 2*(2*2+1) + 3
	for after := 1; after <= parts; after++ {
		ctx, stop := context.WithCancel(context.Background())
		kept := &memoryParts{kept: map[string][]byte{}, stop: stop, after: after}
		o.Parts = kept
		p, err := ablate.Prepare(ctx, n, set, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ablate.Sweep(ctx, p, s); !errors.Is(err, context.Canceled) || len(kept.kept) != after {
			t.Errorf("stopped after %d parts: %v, with %d parts kept", after, err, len(kept.kept))
		}
		got, err := json.Marshal(sweep(t, n, set, o, s))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("gone on after %d parts: %v, or another result", after, err)
		}
		if len(kept.kept) != parts {
			t.Errorf("%d parts in all, want %d", len(kept.kept), parts)
		}
	}
}

func TestSweepRefuses(t *testing.T) {
	p, err := ablate.Prepare(context.Background(), detector(), lights(t), ablate.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]ablate.SweepOptions{
		"layer 2 is no hidden layer (they are 1 to 1)": {Layers: []int{2}, Kinds: ablate.Kinds},
		"no kind of ablation":                          {},
	} {
		if _, err := ablate.Sweep(context.Background(), p, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// TestSweepTable reads the columns of a sweep's table.
func TestSweepTable(t *testing.T) {
	r := sweep(t, detector(), lights(t), ablate.DefaultOptions(), ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero, ablate.Mean}, NoCurves: true})
	columns := map[string]any{}
	for _, c := range r.Table() {
		if columns[c.Name] != nil {
			t.Errorf("two columns %q", c.Name)
		}
		columns[c.Name] = c.Values
	}
	if got, _ := columns["neuron"].([]string); !slices.Equal(got, []string{"1:0", "1:0", "1:1", "1:1", "1:2", "1:2"}) {
		t.Errorf("neurons %q", got)
	}
	if got, _ := columns["kind"].([]string); !slices.Equal(got[:2], []string{"zero", "mean"}) {
		t.Errorf("kinds %q", got)
	}
	if got, _ := columns["right_to_wrong"].([]int); got[0] != 20 {
		t.Errorf("right to wrong %v", got)
	}
	if got, _ := columns["recall.B"].([]probe.Number); len(got) != 6 || !near(float64(got[0]), -20./28) || got[2] != 0 {
		t.Errorf("recall of B %v", got)
	}
	for _, name := range []string{"logit_difference.p", "contrast.first lit.adjusted_p"} {
		if got, _ := columns[name].([]probe.Number); len(got) != 6 || !got[0].Defined() || got[5].Defined() {
			t.Errorf("%s: %v, want a p of the first and none of the dead one", name, got)
		}
	}
}
