package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/probe"
)

func TestChainsGolden(t *testing.T) {
	goldenEntries(t, map[string]Entry{
		"0040-chains-4-1":       Chains(fixtureChains(t)),
		"0041-image-confirm-13": CircuitImage(fixtureImage(t)),
	})
}

func TestChainPicturesAreTheSame(t *testing.T) {
	for name, entry := range map[string]func() Entry{
		"chains": func() Entry { return Chains(fixtureChains(t)) }, "image": func() Entry { return CircuitImage(fixtureImage(t)) },
	} {
		x, y := entry().figures(), entry().figures()
		if len(x) == 0 {
			t.Errorf("%s has no picture", name)
		}
		for i := range x {
			if !bytes.Equal(x[i].PNG, y[i].PNG) {
				t.Errorf("%s: two drawings of %s differ", name, x[i].File)
			}
		}
	}
}

// TestChainsAnswers: the answer is no more certain than its interval and its p.
func TestChainsAnswers(t *testing.T) {
	for _, c := range []struct {
		p, relative probe.Number
		low         float64
		want        string
	}{
		{0.025, 0.025, -0.3, "the strongest chains are weaker (p = 0.025), also as shares"},
		{0.025, 0.7, -0.3, "the strongest chains are weaker (p = 0.025), but not as shares of all that changes y (p = 0.70)"},
		{0.3, 0.025, -0.3, "the strongest chains are as strong (p = 0.30), but weaker as shares"},
		{0.3, 0.5, -0.3, "the strongest chains are as strong (p = 0.30), also as shares"},
		{probe.Undefined, probe.Undefined, -0.3, "it was not held against surrogate networks"},
		{0.025, 0.025, 0.1, "which is not told from 0"},
	} {
		r := fixtureChains(t)
		chain := &r.Result.Chains[0]
		chain.P, chain.RelativeP = c.p, c.relative
		if c.low > 0 {
			r.Result.Links[chain.Links[chain.Weakest]].Exact.High = c.low
		}
		if got := r.answer(); !strings.Contains(got, c.want) {
			t.Errorf("p %v, relative %v: %q, want %q in it", c.p, c.relative, got, c.want)
		}
	}
}

// TestImageEntries: an image of one's own, a wrong answer, no chain, one class.
func TestImageEntries(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ImageReport)
		want   []string
	}{
		"own": {func(r *ImageReport) {
			r.Result.Own, r.Result.Name, r.Result.Label, r.Result.Index = true, "my.jpg", "", -1
			r.Photo = &datasets.Photo{Width: 20, Height: 10, Enlarged: true, Greyed: true}
		}, []string{"# What happened for my.jpg", "cropped to the square at its centre and resized to 32×32", "The photo has 20×10 pixels and was enlarged", "was made gray", "was raised on petfaces"}},
		"wrong": {func(r *ImageReport) { r.Result.Label = "cat" }, []string{"which is wrong: it is a cat"}},
		"no chain": {func(r *ImageReport) { r.Result.Chain, r.Result.Sums = nil, r.Result.Sums[3:] },
			[]string{"no chain of edges from the image to the answer's neuron carried it", "sum of the two strongest output neurons"}},
		"no random": {func(r *ImageReport) { r.Result.Chain.Random = []float64{} }, []string{"and the answer becomes cat (n = 1 image)"}},
		"certain":   {func(r *ImageReport) { r.Result.Classes[0].Probability = 1 }, []string{"probability above 99.9 %"}},
		"one class": {func(r *ImageReport) { r.Result.RunnerUp, r.Result.Sums = "", r.Result.Sums[:4] }, []string{"nothing competes with the answer"}},
	} {
		r := fixtureImage(t)
		c.change(&r)
		text := string(CircuitImage(r).Markdown("0001-x"))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
}

// TestEquationsAddUp: the figures of a sum written out add up to its pre-activation, to rounding.
func TestEquationsAddUp(t *testing.T) {
	s := circuit.DendriticSum{ID: "2:5", Row: 3, Col: 4, Bias: -0.25, PreActivation: 1.05, Terms: []circuit.Term{{Sender: "1:0", Value: -2}, {Sender: "1:1", Value: 1.5}, {Sender: "1:2", Value: 1},
		{Sender: "1:3", Value: 0.5}, {Sender: "1:4", Value: 0.2}, {Sender: "1:5", Value: 0.06}, {Sender: "1:6", Value: 0.04}}}
	want := "2:5 at 3,4 = − 2.00 T(1:0) + 1.50 T(1:1) + 1.00 T(1:2) + 0.50 T(1:3) + 0.20 T(1:4) + 0.10 (2 more terms) − 0.25 bias = 1.05"
	if got := equation(s); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
