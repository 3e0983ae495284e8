package probe_test

import (
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// backwards is a set with the images of each split in the opposite order, without twins.
func backwards(t *testing.T, set *datasets.Set) *datasets.Set {
	t.Helper()
	s := datasets.Set{Classes: set.Classes, Features: set.Features, Channels: set.Channels, Height: set.Height, Width: set.Width}
	var sizes []int
	for _, split := range datasets.Splits {
		lo, hi := set.Range(split)
		sizes = append(sizes, hi-lo)
		for i := hi - 1; i >= lo; i-- {
			s.Labels, s.Images = append(s.Labels, set.Labels[i]), append(s.Images, set.Image(i)...)
			s.Present = append(s.Present, set.Present[i*len(set.Features):(i+1)*len(set.Features)]...)
		}
	}
	out, err := datasets.New(s, sizes[0], sizes[1], sizes[2])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestImageOrder: what is not drawn at random does not depend on the order of the images. The
// permutations fall on other images, so that p may differ as from seed to seed: over 199 of them by
// less than 0.2, five standard errors at p = ½.
func TestImageOrder(t *testing.T) {
	set := latents(t, 200, 14, false)
	forth, back := measure(t, wired(), set, options()), measure(t, wired(), backwards(t, set), options())
	for k, u := range forth.Units {
		other := back.Units[k]
		if u.FiresOn != other.FiresOn || !slices.Equal(u.FiresByClass, other.FiresByClass) || u.Quality.Dead != other.Quality.Dead {
			t.Errorf("%v: %+v and %+v", u.Address, u, other)
		}
		for c, tuning := range u.Tuning {
			o := other.Tuning[c]
			near(t, "AUROC", o.AUROC, float64(tuning.AUROC))
			near(t, "AUROC on select", o.SelectAUROC, float64(tuning.SelectAUROC))
			near(t, "d′", o.DPrime, float64(tuning.DPrime))
			if d := float64(o.P - tuning.P); d > 0.2 || d < -0.2 {
				t.Errorf("%v: p %v and %v", u.Address, tuning.P, o.P)
			}
			if tuning.Within != nil {
				near(t, "AUROC within class", o.Within.AUROC, float64(tuning.Within.AUROC))
			}
		}
	}
}

// TestMeanSummary: with --summary mean, a channel's mean over its positions is what is tested.
func TestMeanSummary(t *testing.T) {
	n := modeltest.Random(model.Spec{Name: "maps", Input: model.Shape{2, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 6)
	n.Classes = []string{"left", "right"}
	set := modeltest.Blobs(model.Shape{2, 6, 6}, 4, 60, 80, 7)
	lo, hi := set.Range(datasets.Confirm)
	shows := make([]bool, hi-lo)
	for i := range shows {
		shows[i] = set.Labels[lo+i] == 0
	}
	for _, summary := range []probe.Summary{probe.Max, probe.Mean} {
		o := options()
		o.Summary = summary
		s := measure(t, n, set, o)
		for u := range 4 {
			var values []float64
			for i := lo; i < hi; i++ {
				_, act, _ := modeltest.Forward(n, set.Image(i))
				plane := act[1][u*36 : (u+1)*36]
				value := slices.Max(plane)
				if summary == probe.Mean {
					value = stats.Mean(plane)
				}
				values = append(values, value)
			}
			near(t, "mean of "+string(summary), s.Units[u].Mean, stats.Mean(values))
			near(t, "AUROC of "+string(summary), s.Units[u].Tuning[0].AUROC, stats.AUROCOf(values, shows))
		}
	}
}
