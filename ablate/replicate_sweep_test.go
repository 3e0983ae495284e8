package ablate_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func sweepReplicates(t *testing.T, specimens []ablate.Specimen, metric string, layers []int) *ablate.SweepReplication {
	t.Helper()
	r, err := ablate.SweepReplicates(context.Background(), specimens, parseMetric(t, metric, specimens[0].Network), ablate.Zero, layers)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ten is a network of ten detectors of a pixel each, in which B's logit counts detector k so and so often.
func ten(weights ...float32) *model.Network {
	var hidden [][]float32
	readout := make([]float32, 11)
	for k := range 10 {
		row := make([]float32, 11)
		row[k] = 1
		hidden = append(hidden, row)
		if k < len(weights) {
			readout[k] = weights[k]
		}
	}
	return modeltest.Wire(10, hidden, [][]float32{make([]float32, 11), readout})
}

// noisy is a set of noise images: of B, but for the first of each split.
func noisy(t *testing.T, pixels int, seed uint64) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: pixels, Height: 1, Width: 1, Classes: []string{"A", "B"}, Images: modeltest.Images(model.Shape{pixels, 1, 1}, 102, seed)}
	for i := range 102 {
		label := 1
		if i == 0 || i == 2 || i == 52 {
			label = 0
		}
		s.Labels = append(s.Labels, label)
	}
	set, err := datasets.New(s, 2, 50, 50)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSweepReplicatesByHand: on images of B the loss of detector k takes weight × pixel off the logit
// difference. A weight above 0 makes the loss hurt, one below 0 makes it help, 0 does nothing.
func TestSweepReplicatesByHand(t *testing.T) {
	few, many := ten(3, -1), ten(1, 1, 1, 1, 1, 1)
	r := sweepReplicates(t, prepareSpecimens(t, noisy(t, 10, 1), fewDraws(), few, many, many), "logit-diff:B", nil)
	for k, want := range []ablate.LayerTally{{Neurons: 10, Hurts: 1, Helps: 1}, {Neurons: 10, Hurts: 6}, {Neurons: 10, Hurts: 6}} {
		got := r.Specimens[k].Layers[0]
		if got.Neurons != want.Neurons || got.Hurts != want.Hurts || got.Helps != want.Helps {
			t.Errorf("network %d: %+v, want %+v", k, got, want)
		}
	}
	// Pixels are 0.5 on average. The worst of ten does all the damage of the first network, a sixth or so
	// of the others'.
	if top := r.Specimens[0].TopShare; top != 1 {
		t.Errorf("share of the worst tenth %v, want 1", top)
	}
	if top := float64(r.Specimens[1].TopShare); math.Abs(top-1./6) > 0.05 {
		t.Errorf("share of the worst tenth %v, want about 1/6", top)
	}
	for _, e := range r.Specimens[0].Effects[2:] {
		if e.Change != 0 || e.P != 1 || e.AdjustedP != 1 {
			t.Errorf("a lesion nobody sees: %+v", e)
		}
	}
	claims := map[string][2]int{}
	for _, c := range r.Claims {
		claims[c.Text] = [2]int{c.Holds, c.Of}
	}
	for text, want := range map[string][2]int{
		"a tenth of the neurons does more than half of all damage":           {1, 3},
		"the loss of most single neurons of dense1 does not hurt detectably": {1, 3},
	} {
		if claims[text] != want {
			t.Errorf("claim %q holds in %v, want %v; all: %v", text, claims[text], want, claims)
		}
	}
}

// TestSweepReplicatesOfNothing: where no loss does anything there is no order of layers to claim, and no
// correlation.
func TestSweepReplicatesOfNothing(t *testing.T) {
	deep := modeltest.Wire(10, passOn(10), passOn(10), [][]float32{make([]float32, 11), make([]float32, 11)})
	r := sweepReplicates(t, prepareSpecimens(t, noisy(t, 10, 1), fewDraws(), deep, deep), "logit-diff", nil)
	for _, c := range r.Claims {
		if strings.Contains(c.Text, "larger share") || strings.Contains(c.Text, "more damage on average") || strings.Contains(c.Text, "a tenth") || strings.Contains(c.Text, "rank alike") {
			t.Errorf("claim %+v about nothing", c)
		}
	}
	if r.Correlations != 0 || r.Specimens[0].TopShare.Defined() || !mentions(r.Warnings, "no rank correlation for dense1") || !mentions(r.Warnings, "199 permutations are too few for a single one of 20") {
		t.Errorf("%d correlations, warnings %q", r.Correlations, r.Warnings)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// passOn passes so many numbers on as they are.
func passOn(units int) (rows [][]float32) {
	for u := range units {
		row := make([]float32, units+1)
		row[u] = 1
		rows = append(rows, row)
	}
	return rows
}

// TestSweepReplicatesInShuffledNetworks: the same network with its units in another order has every
// effect of the reference in the homologue, and each claim holds in all or in none.
func TestSweepReplicatesInShuffledNetworks(t *testing.T) {
	n := smallConvNet(3)
	shuffled, moved := shuffledUnits(t, n, 1)
	set := modeltest.Blobs(n.Spec.Input, 2, 60, 60, 1)
	var texts []string
	o := fewDraws()
	o.Parts = keptParts{}
	for _, workers := range []int{1, 3} {
		o.Workers = workers
		r := sweepReplicates(t, prepareSpecimens(t, set, o, n, shuffled), "logit-diff", nil)
		here := map[model.Address]ablate.NeuronEffect{}
		for _, e := range r.Specimens[1].Effects {
			here[e.Neuron] = e
		}
		for k, e := range r.Specimens[0].Effects {
			if h := r.Specimens[1].Effects[k].Homologue; h.Found() && h.Match.Unit != moved[e.Neuron.Layer][e.Neuron.Unit] {
				t.Errorf("%v has the homologue %v, want unit %d", e.Neuron, h.Match, moved[e.Neuron.Layer][e.Neuron.Unit])
			} else if got := here[h.Match]; h.Found() && math.Abs(got.Change-e.Change) > 1e-5 {
				t.Errorf("%v: effect %v, of the homologue %v", e.Neuron, e.Change, got.Change)
			}
		}
		for i, l := range r.Specimens[1].Layers {
			if ref := r.Specimens[0].Layers[i]; l.Agreement < 0.999 || l.P != 1./200 || l.Hurts != ref.Hurts || l.Helps != ref.Helps || ref.Agreement.Defined() {
				t.Errorf("layer %s: %+v, in the reference %+v", r.Layers[i], l, ref)
			}
		}
		for _, c := range r.Claims {
			if c.Holds != 0 && c.Holds != c.Of {
				t.Errorf("claim %+v", c)
			}
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Error("kept parts or workers make a difference")
	}
}

// TestSweepReplicatesNull: homologues whose weights have nothing to do with each other do not agree. Of 30 pairs with one test of agreement each, 1.5 have p ≤ 0.05; more
// than 6 with a chance of 0.0005.
func TestSweepReplicatesNull(t *testing.T) {
	agree := 0
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 9))
		weights := func() (out []float32) {
			for range 10 {
				out = append(out, r.Float32())
			}
			return out
		}
		a, b := ten(weights()...), ten(weights()...)
		o := fewDraws()
		o.Permutations = 99
		s := sweepReplicates(t, prepareSpecimens(t, noisy(t, 10, seed), o, a, b), "logit-diff:B", []int{1})
		if s.Specimens[1].Layers[0].P <= 0.05 {
			agree++
		}
	}
	if agree > 6 {
		t.Errorf("effects of homologues with unrelated weights agree in %d of 30", agree)
	}
}

func TestSweepReplicatesRefuses(t *testing.T) {
	n := ten(1)
	specimens := prepareSpecimens(t, noisy(t, 10, 1), fewDraws(), n, n)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ablate.SweepReplicates(ctx, specimens, parseMetric(t, "accuracy", n), ablate.Zero, nil); err == nil {
		t.Error("cancelled: no error")
	}
	if _, err := ablate.SweepReplicates(context.Background(), specimens[:1], parseMetric(t, "accuracy", n), ablate.Zero, nil); err == nil {
		t.Error("one network: no error")
	}
}
