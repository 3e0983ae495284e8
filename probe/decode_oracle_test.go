package probe_test

import (
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/logistic"
	"neuroprobe/internal/stats"
)

// channels are an image's pixels, each standardised by its mean and standard deviation on train.
func channels(set *datasets.Set, split datasets.Split) (x []float64, rows int) {
	from, to := set.Range(datasets.Train)
	lo, hi := set.Range(split)
	for i := lo; i < hi; i++ {
		for c := range set.Channels {
			var train []float64
			for k := from; k < to; k++ {
				train = append(train, float64(set.Image(k)[c]))
			}
			var m stats.Moments
			for _, v := range train {
				m.Add(v)
			}
			x = append(x, (float64(set.Image(i)[c])-m.Mean())/m.SD())
		}
	}
	return x, hi - lo
}

// A probe by the definition: each penalty fitted by itself, the one of the lowest cross-entropy on
// select kept. The channels are of different sizes, so that standardising matters.
func TestProbesByDefinition(t *testing.T) {
	set := noisy(t, 10, [3]int{150, 100, 300})
	for i := range set.Images {
		set.Images[i] *= []float32{1, 0.01, 0.2}[i%3]
	}
	d := decode(t, passes(3, 0, 1), set, nil)
	train, rows := channels(set, datasets.Train)
	selected, selectRows := channels(set, datasets.Select)
	measured, measuredRows := channels(set, datasets.Confirm)
	answers := func(split datasets.Split, feature int) []bool {
		var y []bool
		for lo, hi := set.Range(split); lo < hi; lo++ {
			y = append(y, set.HasFeature(lo, feature))
		}
		return y
	}
	for f, name := range set.Features {
		var penalty, lowest float64
		var scores []float64
		for _, candidate := range d.Penalties {
			design, err := logistic.NewDesign(train, rows, set.Channels, candidate)
			if err != nil {
				t.Fatal(err)
			}
			path, err := design.Path(answers(datasets.Train, f))
			if err != nil {
				t.Fatal(err)
			}
			loss := logistic.CrossEntropy(path[0].Scores(selected, selectRows), answers(datasets.Select, f))
			if scores == nil || loss < lowest {
				penalty, lowest, scores = candidate, loss, path[0].Scores(measured, measuredRows)
			}
		}
		right := 0
		for i, yes := range answers(datasets.Confirm, f) {
			if (scores[i] > 0) == yes {
				right++
			}
		}
		p := find(t, d, "dense1", name)
		if p.Penalty != penalty || p.Accuracy.Count != right {
			t.Errorf("%s: penalty %v and %d right, want %v and %d", name, p.Penalty, p.Accuracy.Count, penalty, right)
		}
		closeTo(t, name+": cross-entropy on select", p.SelectLoss, lowest, 1e-6)
		closeTo(t, name+": AUROC", p.AUROC, stats.AUROCOf(scores, answers(datasets.Confirm, f)), 1e-4)
		if ends := []float64{d.Penalties[0], d.Penalties[len(d.Penalties)-1]}; slices.Contains(ends, penalty) {
			t.Errorf("%s: penalty %v is at an end of the grid: this test proves little", name, penalty)
		}
	}
}
