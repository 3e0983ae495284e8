package probe_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// warned tells whether a warning holds the text.
func warned(d *probe.Decoding, text string) bool {
	return strings.Contains(strings.Join(d.Warnings, "\n"), text)
}

func TestNothingToWarnOf(t *testing.T) {
	if d := decode(t, passes(3, 0, 1), noisy(t, 1, [3]int{200, 200, 200}), nil); len(d.Warnings) > 0 {
		t.Errorf("warnings %q", d.Warnings)
	}
}

// "always" is in every image; "once" varies in train but not in select and confirm; "rare" is in 12
// of the 200 confirm images.
func TestConceptsThatDoNotVary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	set := shown(t, []string{"always", "once", "rare"}, [3]int{200, 200, 200}, func(i int) stimulus {
		return stimulus{i % 2, []bool{true, i < 100, i%200 < 12}, []float32{r.Float32(), flag(i%200 < 12)}}
	})
	d := decode(t, passes(2, 0, 1), set, nil)
	for _, want := range []string{"always is the same on all images of train and select and confirm", "once is the same on all images of select and confirm",
		"fewer than 30 confirm images of a kind, so coarse numbers: rare (12 with, 188 without)"} {
		if !warned(d, want) {
			t.Errorf("no warning %q in %q", want, d.Warnings)
		}
	}
	for _, l := range d.Layers {
		if l.Probes[1] != nil || l.Probes[2] != nil || l.Probes[0] == nil || l.Probes[3] == nil {
			t.Errorf("%s has probes %v, want none of always and once", l.Name, l.Probes)
		}
	}
	if d.Best[1] != -1 || d.Best[2] != -1 || d.Best[3] < 0 {
		t.Errorf("best places %v", d.Best)
	}
	if l, p := d.BestProbe(1); l != nil || p != nil {
		t.Error("a concept that does not vary has a best probe")
	}
}

// Without features, each image is a type of its own, and what a probe learnt of the train images
// tells nothing of new ones: chance, within four standard errors of 5·1000 images.
func TestWithoutFeaturesTheControlIsChance(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	set := shown(t, nil, [3]int{1000, 500, 1000}, func(i int) stimulus {
		return stimulus{i % 2, nil, []float32{flag(i%2 == 0), r.Float32()}}
	})
	d := decode(t, passes(2, 0, 1), set, nil)
	p := find(t, d, "dense1", "A")
	closeTo(t, "control accuracy", p.Control, 0.5, 0.029)
	closeTo(t, "selectivity", p.Selectivity, 1-float64(p.Control), 1e-12)
	if d.Types != 0 || p.Accuracy.Count != 1000 || !warned(d, "chance by construction") {
		t.Errorf("%d types, %d of 1000 right, warnings %q", d.Types, p.Accuracy.Count, d.Warnings)
	}
}

func TestSplitsThatWereUsedAlready(t *testing.T) {
	n, set := passes(3, 0, 1), noisy(t, 3, [3]int{100, 100, 100})
	for split, want := range map[datasets.Split]string{datasets.Train: "scored on train", datasets.Select: "scored on select"} {
		if d := decode(t, n, set, func(o *probe.DecodeOptions) { o.Split = split }); !warned(d, want) || d.Images != 100 {
			t.Errorf("no warning %q in %q", want, d.Warnings)
		}
	}
}

func TestTooManyInputsAndNone(t *testing.T) {
	// The input has 11 numbers for 20 images, the hidden layer one, and the outputs are 1 and 2.
	const channels = 11
	hidden := [][]float32{make([]float32, channels+1)}
	output := [][]float32{{0, 1}, {0, 2}}
	hidden[0][0] = 1
	r := rand.New(rand.NewPCG(4, 3))
	set := shown(t, []string{"spot"}, [3]int{20, 40, 40}, func(i int) stimulus {
		s := stimulus{i % 2, []bool{i/2%2 == 0}, nil}
		for range channels {
			s.pixels = append(s.pixels, r.Float32())
		}
		return s
	})
	d := decode(t, modeltest.Wire(channels, hidden, output), set, nil)
	if !warned(d, "20 train images are few for the inputs of input (11): ") || !warned(d, "everything is constant in dense2: ") {
		t.Errorf("warnings %q", d.Warnings)
	}
	// A probe without inputs gives one answer for all, and puts them in no order.
	if p := find(t, d, "dense2", "spot"); float64(p.Majority) != p.Accuracy.Share() || p.AUROC.Defined() {
		t.Errorf("accuracy %v, majority %v, AUROC %v", p.Accuracy, p.Majority, p.AUROC)
	}
}

// Of more train images than the limit a sample is fitted on, and the other splits stay whole.
func TestTooManyTrainImages(t *testing.T) {
	set := noisy(t, 9, [3]int{probe.MostTrainImages + 500, 60, 60})
	d := decode(t, passes(3, 0, 1), set, func(o *probe.DecodeOptions) { o.Layers, o.Concepts, o.Controls = []int{2}, []string{"A"}, 1 })
	if d.Train != probe.MostTrainImages || d.Images != 60 || !warned(d, "fitted on a random 10000 of the 10500 train images") {
		t.Errorf("fitted on %d, scored on %d, warnings %q", d.Train, d.Images, d.Warnings)
	}
}
