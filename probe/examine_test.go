package probe_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

func examine(t *testing.T, s *probe.Survey, neuron model.Address) *probe.Examination {
	t.Helper()
	x, err := probe.Examine(context.Background(), s, neuron, 2)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestExamineTheDetector: the pointed-ear unit reads channel 0 alone, with weight 1, and is read by
// cat's output alone.
func TestExamineTheDetector(t *testing.T) {
	set := latents(t, 200, 7, false)
	s := measure(t, wired(), set, options())
	x := examine(t, s, model.Neuron(1, earUnit))
	lo, hi := set.Range(datasets.Confirm)
	values := activations(wired(), set, model.Neuron(1, earUnit), lo, hi)
	mean := stats.Mean(values)

	want := []probe.Synapse{{From: model.Neuron(0, 0), To: model.Neuron(1, earUnit), Weight: 1, Contribution: probe.Number(mean)}}
	checkSynapses(t, "incoming", x.Incoming, want)
	want = []probe.Synapse{{From: model.Neuron(1, earUnit), To: model.Neuron(2, 0), Weight: 1, Contribution: probe.Number(mean)}}
	checkSynapses(t, "outgoing", x.Outgoing, want)
	if l := x.Outgoing[0].Label; l == nil || l.Name != "pointed-ears" {
		t.Errorf("the output by pointed ears is labelled %+v", l)
	}
	if x.IncomingCount != (probe.SignCount{Excitatory: 1}) || x.OutgoingCount != (probe.SignCount{Excitatory: 1}) {
		t.Errorf("synapses %+v in, %+v out", x.IncomingCount, x.OutgoingCount)
	}
	if x.Nearest[0].Address != model.Neuron(1, earsAgainUnit) || x.Nearest[1].Address == model.Neuron(1, earsAgainUnit) || len(x.Nearest) != 5 {
		t.Errorf("nearest %+v", x.Nearest)
	}
	if len(x.Highest) != 9 || float64(x.Highest[0].Value) != slices.Max(values) || x.Lowest[0].Value != 0 {
		t.Errorf("highest %+v, lowest %+v", x.Highest[0], x.Lowest[0])
	}
	for k, e := range x.Highest {
		if e.Value != values[e.Image-lo] || e.Name != set.Names[e.Image] || e.Map != nil || k > 0 && e.Value > x.Highest[k-1].Value {
			t.Errorf("highest %d: %+v", k, e)
		}
	}
	checkHistogram(t, x.Histogram, values, set.Labels[lo:hi])
}

func checkSynapses(t *testing.T, what string, got, want []probe.Synapse) {
	t.Helper()
	for k, s := range got {
		if k >= len(want) || s.From != want[k].From || s.To != want[k].To || s.Weight != want[k].Weight || math.Abs(float64(s.Contribution-want[k].Contribution)) > 1e-5 {
			t.Errorf("%s: %+v", what, s)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d %s synapses, want %d", len(got), what, len(want))
	}
}

// checkHistogram counts every image again.
func checkHistogram(t *testing.T, h probe.Histogram, values []float64, labels []int) {
	t.Helper()
	zeros, counts := make([]int, 2), [][]int{make([]int, len(h.Edges)-1), make([]int, len(h.Edges)-1)}
	for i, v := range values {
		if v == 0 {
			zeros[labels[i]]++
			continue
		}
		for k := range counts[0] {
			if v >= h.Edges[k]-1e-12 && v < h.Edges[k+1]-1e-12 || k == len(counts[0])-1 && v >= h.Edges[k] {
				counts[labels[i]][k]++
				break
			}
		}
	}
	if !slices.Equal(h.Zeros, zeros) || !slices.Equal(h.Counts[0], counts[0]) || !slices.Equal(h.Counts[1], counts[1]) {
		t.Errorf("histogram %+v, want zeros %v, counts %v", h, zeros, counts)
	}
}

// TestDetails: the intervals hold their estimates, and the bootstrap's is about as wide as the
// normal one, ±1.96·√(s₁²/n₁+s₀²/n₀).
func TestDetails(t *testing.T) {
	set, o := latents(t, 300, 8, false), options()
	o.Resamples = 2000
	x := examine(t, measure(t, wired(), set, o), model.Neuron(1, earOrMuzzleUnit))
	lo, hi := set.Range(datasets.Confirm)
	values := activations(wired(), set, model.Neuron(1, earOrMuzzleUnit), lo, hi)
	for c, d := range x.Details {
		tuning := x.Unit.Tuning[c]
		if !(d.AUROCLow <= tuning.AUROC && tuning.AUROC <= d.AUROCHigh) || !(d.DifferenceLow <= tuning.Difference && tuning.Difference <= d.DifferenceHigh) {
			t.Errorf("%+v outside of %+v", tuning, d)
		}
		shows := make([]bool, hi-lo)
		for i := range shows {
			shows[i] = set.Labels[lo+i] == 0
			if x.Survey.Concepts[c].Kind == probe.Feature {
				shows[i] = set.HasFeature(lo+i, x.Survey.Concepts[c].Index)
			}
		}
		with, without := split(values, shows)
		wide := 2 * 1.96 * math.Sqrt(stats.Variance(with)/float64(len(with))+stats.Variance(without)/float64(len(without)))
		if got := float64(d.DifferenceHigh - d.DifferenceLow); math.Abs(got/wide-1) > 0.1 {
			t.Errorf("concept %d: the interval is %v wide, about %v expected", c, got, wide)
		}
	}
}

// TestContributionsAddUp: the mean contributions of all senders and the bias are the mean
// pre-activation, for convolutions behind pooling, dense layers that read maps, and sums.
func TestContributionsAddUp(t *testing.T) {
	n := modeltest.Random(model.Spec{Name: "adds", Input: model.Shape{2, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "conv2", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "add3", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "dense4", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 5)
	n.Classes = []string{"left", "right"}
	set := modeltest.Blobs(model.Shape{2, 6, 6}, 4, 40, 100, 3)
	s := measure(t, n, set, options())
	lo, hi := set.Range(datasets.Confirm)
	for l, bias := range map[int]func(unit int) float32{
		2: func(u int) float32 { return n.Params[2].Bias[u] },
		3: func(int) float32 { return 0 },
		4: func(u int) float32 { return n.Params[4].Bias[u] },
	} {
		area := n.Geometry(l).Act.Area()
		mean := 0.0
		for i := lo; i < hi; i++ {
			pre, _, _ := modeltest.Forward(n, set.Image(i))
			for _, v := range pre[l][area : 2*area] {
				mean += v / float64(area*(hi-lo))
			}
		}
		x := examine(t, s, model.Neuron(l, 1))
		total := float64(bias(1))
		for _, synapse := range x.Incoming {
			total += float64(synapse.Contribution)
		}
		if math.Abs(total-mean) > 1e-5 || len(x.Incoming) == 0 {
			t.Errorf("%d:1: the contributions of %d senders and the bias add up to %v, the pre-activation is %v", l, len(x.Incoming), total, mean)
		}
	}
	if e := examine(t, s, model.Neuron(2, 0)).Highest[0]; len(e.Map) != 9 || e.Rows != 3 || e.Cols != 3 || float64(slices.Max(e.Map)) != e.Value {
		t.Errorf("map of the highest image: %+v", e)
	}
}

func TestExamineDeadAndUnknown(t *testing.T) {
	s := measure(t, wired(), latents(t, 100, 9, false), options())
	x := examine(t, s, model.Neuron(1, deadUnit))
	if x.Details != nil || !slices.ContainsFunc(x.Warnings, func(w string) bool { return strings.HasPrefix(w, "1:2 is dead") }) {
		t.Errorf("details %v, warnings %q", x.Details, x.Warnings)
	}
	for _, a := range []model.Address{model.Neuron(1, 99), model.Neuron(1, model.AllUnits), {Layer: 1, Unit: 1, Row: 0, Col: 0}} {
		if _, err := probe.Examine(context.Background(), s, a, 1); err == nil {
			t.Errorf("%v is examined", a)
		}
	}
	if _, err := probe.Examine(context.Background(), &probe.Survey{}, model.Neuron(1, 0), 1); err == nil {
		t.Error("a survey without recordings is examined")
	}
}

func TestMeasureRefuses(t *testing.T) {
	set := latents(t, 50, 10, false)
	for _, test := range []struct {
		change func(*probe.Options)
		want   string
	}{
		{func(o *probe.Options) { o.Concepts = []string{"cat", "wings", "fins"} }, `unknown concept "wings", "fins" (known: cat, dog, pointed-ears, `},
		{func(o *probe.Options) { o.Summary = "median" }, `summary "median" (want max or mean)`},
		{func(o *probe.Options) { o.Permutations = -1 }, "-1 permutations"},
	} {
		o := options()
		test.change(&o)
		if _, err := probe.Measure(context.Background(), wired(), set, o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := options()
	o.Progress = func(stage string, _, _ int) {
		if stage == "showing twins" {
			cancel()
		}
	}
	if s, err := probe.Measure(ctx, wired(), set, o); err == nil || s != nil {
		t.Error("a cancelled survey is handed out")
	}
}

func TestChosenConcepts(t *testing.T) {
	o := options()
	o.Concepts = []string{"dog", "whiskers"} // of two classes, either name means the contrast
	s := measure(t, wired(), latents(t, 100, 11, false), o)
	if len(s.Concepts) != 2 || s.Concepts[0].Name != "cat" || s.Concepts[0].Without != "dog" || s.Concepts[1].Name != "whiskers" {
		t.Errorf("concepts %+v", s.Concepts)
	}
	if u := s.Units[earUnit]; len(u.Tuning) != 2 || u.Tuning[1].Concept != 1 {
		t.Errorf("tuning %+v", u.Tuning)
	}
}

// TestMeasuredOnSelect says that the numbers are too good.
func TestMeasuredOnSelect(t *testing.T) {
	o := options()
	o.Split = datasets.Select
	s := measure(t, wired(), latents(t, 100, 12, false), o)
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.HasPrefix(w, "measured on select") }) {
		t.Errorf("warnings %q", s.Warnings)
	}
	tuning := s.Units[earOrMuzzleUnit].Tuning[0]
	if tuning.AUROC != tuning.SelectAUROC {
		t.Errorf("AUROC %v measured, %v on select", tuning.AUROC, tuning.SelectAUROC)
	}
}

// TestCoarsePermutations: with 19 permutations no p is below 0.05, and of 63 tests a handful of
// real effects cannot pass: the survey says so.
func TestCoarsePermutations(t *testing.T) {
	o := options()
	o.Permutations = 19
	s := measure(t, wired(), latents(t, 60, 13, false), o)
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "use more --permutations") }) {
		t.Errorf("warnings %q", s.Warnings)
	}
}

func TestParseRule(t *testing.T) {
	for text, want := range map[string]probe.Rule{"0": {}, "0.5": {Level: 0.5}, "-1": {Level: -1}, "q0.995": {Quantile: 0.995}} {
		if got, err := probe.ParseRule(text); err != nil || got != want || got.String() != text {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "q", "q0", "q1", "q2", "qx", "x", "NaN", "Inf", "qNaN", "99%"} {
		if got, err := probe.ParseRule(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
