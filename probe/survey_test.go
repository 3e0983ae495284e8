package probe_test

import (
	"context"
	"encoding/json"
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

func options() probe.Options {
	o := probe.DefaultOptions()
	o.Permutations, o.Resamples = 199, 200
	return o
}

func measure(t *testing.T, n *model.Network, set *datasets.Set, o probe.Options) *probe.Survey {
	t.Helper()
	s, err := probe.Measure(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// concept finds a concept's number by name.
func concept(t *testing.T, s *probe.Survey, name string) int {
	t.Helper()
	k := slices.IndexFunc(s.Concepts, func(c probe.Concept) bool { return c.Name == name })
	if k < 0 {
		t.Fatalf("no concept %q", name)
	}
	return k
}

func TestSurveyFindsWhatIsWired(t *testing.T) {
	s := measure(t, wired(), latents(t, 400, 3, false), options())
	ears := concept(t, s, "pointed-ears")

	detector := s.Units[earUnit]
	if l := detector.Label; l == nil || l.Name != "pointed-ears" || l.AUROC != 1 || !l.Causal || !l.Within {
		t.Fatalf("the pointed-ear unit is labelled %+v", l)
	}
	tuning := detector.Tuning[ears]
	if tuning.AUROC != 1 || tuning.SelectAUROC != 1 || tuning.Within.AUROC != 1 || tuning.FiresWith.Count != tuning.With || tuning.FiresOff.Count != 0 {
		t.Errorf("pointed-ear unit: %+v", tuning)
	}
	// The lit level is uniform on [½, 1]: flipping the ears adds ¾ on average.
	if m := float64(tuning.Twin.Mean); math.Abs(m-0.75) > 0.02 || tuning.Twin.Pairs != 400 {
		t.Errorf("twin effect %v of %d pairs", m, tuning.Twin.Pairs)
	}
	for c, other := range detector.Tuning {
		if c != ears && other.Twin != nil && (other.Twin.Mean != 0 || other.Twin.P != 1) {
			t.Errorf("the pointed-ear unit has a twin effect on %s: %+v", s.Concepts[c].Name, other.Twin)
		}
	}
	if first := s.Ranked(1)[0].Address; first != model.Neuron(1, earUnit) {
		t.Errorf("the first of the layer is %v", first)
	}
	if r := s.Responders[ears]; *r.Strongest != model.Neuron(1, earUnit) || *r.StrongTwin != model.Neuron(1, earUnit) {
		t.Errorf("strongest for pointed-ears: %v and %v", r.Strongest, r.StrongTwin)
	}
	if l := s.Units[noWhiskersUnit].Label; l == nil || l.Name != "without whiskers" || !l.Absent || l.AUROC != 1 {
		t.Errorf("the unit for the absence of whiskers is labelled %+v", l)
	}
	if l := s.Units[noiseUnit].Label; l != nil {
		t.Errorf("the noise unit is labelled %+v", l)
	}
}

// TestConfoundIsNoDetector: the confound goes with the class, and so with every feature, but it
// does not know any of them.
func TestConfoundIsNoDetector(t *testing.T) {
	s := measure(t, wired(), latents(t, 400, 3, false), options())
	unit := s.Units[confoundUnit]
	ears := unit.Tuning[concept(t, s, "pointed-ears")]
	// P(lit|ears) - P(lit|none) is 0.88·0.9+0.12·0.1 - (0.12·0.9+0.88·0.1) = 0.608: AUROC about 0.8.
	if ears.AUROC < 0.75 || ears.Adjusted >= probe.Alpha {
		t.Errorf("raw tuning %+v, want high and significant", ears)
	}
	if math.Abs(float64(ears.Within.AUROC)-0.5) > 0.08 || ears.Within.Adjusted < probe.Alpha {
		t.Errorf("within class %+v, want none", ears.Within)
	}
	if ears.Twin.Mean != 0 || ears.Twin.P != 1 {
		t.Errorf("twin effect %+v, want none", ears.Twin)
	}
	if unit.Label == nil || unit.Label.Name != "cat" || len(unit.RunnersUp) > 0 {
		t.Errorf("label %+v, runners-up %+v, want cat alone", unit.Label, unit.RunnersUp)
	}
}

func TestQualityAndExclusions(t *testing.T) {
	s := measure(t, wired(), latents(t, 200, 4, true), options())
	if u := s.Units[deadUnit]; !u.Quality.Dead || u.Quality.Constant || u.Tested() || u.FiresOn.Count != 0 || u.Quality.Presence != 0 || u.Label != nil {
		t.Errorf("dead unit %+v", u)
	}
	if u := s.Units[constantUnit]; u.Quality.Dead || !u.Quality.Constant || !u.Quality.AlwaysOn || u.Tested() || u.Quality.Presence != 1 {
		t.Errorf("constant unit %+v", u)
	}
	if u := s.Units[noiseUnit]; !u.Quality.AlwaysOn || !u.Tested() {
		t.Errorf("noise unit %+v", u)
	}
	for _, pair := range [][2]int{{earUnit, earsAgainUnit}, {earsAgainUnit, earUnit}} {
		d := s.Units[pair[0]].Quality.Duplicates
		if len(d) != 1 || d[0].Address != model.Neuron(1, pair[1]) || math.Abs(float64(d[0].R)-1) > 1e-9 {
			t.Errorf("duplicates of %d: %+v", pair[0], d)
		}
	}
	if d := s.Units[noiseUnit].Quality.Duplicates; d != nil {
		t.Errorf("duplicates of the noise unit: %+v", d)
	}
	var excluded []string
	for _, x := range s.Excluded {
		for _, a := range x.Units {
			excluded = append(excluded, x.What[:4]+" "+a.String())
		}
		excluded = append(excluded, x.Names...)
	}
	if want := []string{"dead 1:2", "cons 1:5", "cons 2:1", "always"}; !slices.Equal(excluded, want) {
		t.Errorf("excluded %q, want %q", excluded, want)
	}
	always := concept(t, s, "always")
	for _, u := range s.Units {
		if u.Tested() && u.Tuning[always] != nil {
			t.Errorf("%v has a tuning to a feature that every image has: %+v", u.Address, u.Tuning[always])
		}
	}
	if !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.HasPrefix(w, "always does not vary") }) {
		t.Errorf("warnings %q", s.Warnings)
	}
	// 7 of the 10 units vary, of 8 + 1 concepts; within class and on twins there are the 8 features.
	if want := (probe.Families{Raw: 7 * 9, Within: 7 * 8, Twin: 7 * 8}); s.Families != want {
		t.Errorf("tests %+v, want %+v", s.Families, want)
	}
}

// TestSurveyAgainstOracle holds every tuning against the definitions in internal/stats, with the
// permutations drawn one by one.
func TestSurveyAgainstOracle(t *testing.T) {
	set, o := latents(t, 150, 5, false), options()
	o.Fires = probe.Rule{Quantile: 0.8}
	n := modeltest.Random(model.Spec{Name: "random", Input: model.Shape{10, 1, 1}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 5, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 9)
	n.Classes = set.Classes
	s := measure(t, n, set, o)
	lo, hi := set.Range(datasets.Confirm)
	from, to := set.Range(datasets.Select)
	labels := set.Labels[lo:hi]
	for _, u := range s.Units {
		if !u.Tested() {
			continue
		}
		values, chosen := activations(n, set, u.Address, lo, hi), activations(n, set, u.Address, from, to)
		threshold := stats.Quantile(chosen, 0.8)
		near(t, "threshold", u.Threshold, threshold)
		for c, tuning := range u.Tuning {
			shows := make([]bool, hi-lo)
			for i := range shows {
				shows[i] = labels[i] == 0
				if s.Concepts[c].Kind == probe.Feature {
					shows[i] = set.HasFeature(lo+i, s.Concepts[c].Index)
				}
			}
			near(t, "AUROC", tuning.AUROC, stats.AUROCOf(values, shows))
			with, without := split(values, shows)
			near(t, "d′", tuning.DPrime, stats.DPrime(with, without))
			near(t, "difference", tuning.Difference, stats.Mean(with)-stats.Mean(without))
			near(t, "p", tuning.P, permutationP(values, shows, nil, o))
			fires := 0
			for _, v := range with {
				if v > threshold {
					fires++
				}
			}
			if tuning.FiresWith.Count != fires || tuning.FiresWith.Of != len(with) || tuning.FiresOff.Of != len(without) {
				t.Errorf("fires with %+v of %d, want %d", tuning.FiresWith, len(with), fires)
			}
			if s.Concepts[c].Kind == probe.Feature {
				near(t, "AUROC within", tuning.Within.AUROC, stats.StratifiedAUROC(values, shows, labels))
				near(t, "p within", tuning.Within.P, permutationP(values, shows, labels, o))
			} else if tuning.Within != nil {
				t.Errorf("a class is tested within class: %+v", tuning.Within)
			}
		}
	}
}

// activations are a unit's on images [lo, hi), one at a time, by the oracle.
func activations(n *model.Network, set *datasets.Set, a model.Address, lo, hi int) []float64 {
	var out []float64
	for i := lo; i < hi; i++ {
		_, act, _ := modeltest.Forward(n, set.Image(i))
		out = append(out, float64(float32(act[a.Layer][a.Unit])))
	}
	return out
}

func split(values []float64, shows []bool) (with, without []float64) {
	for i, v := range values {
		if shows[i] {
			with = append(with, v)
		} else {
			without = append(without, v)
		}
	}
	return with, without
}

// permutationP is the slow way: a fresh stratified AUROC for every permutation.
func permutationP(values []float64, shows []bool, strata []int, o probe.Options) float64 {
	if strata == nil {
		strata = make([]int, len(values))
	}
	extreme := 0
	observed := math.Abs(stats.StratifiedAUROC(values, shows, strata) - 0.5)
	stats.Permutations{Count: o.Permutations, Seed: o.Seed, Strata: strata}.Shuffle(len(values), func(order []int) {
		permuted := make([]bool, len(order))
		for i, k := range order {
			permuted[i] = shows[k]
		}
		if math.Abs(stats.StratifiedAUROC(values, permuted, strata)-0.5) >= observed-1e-12 {
			extreme++
		}
	})
	return stats.PermutationP(extreme, o.Permutations)
}

func near(t *testing.T, what string, got probe.Number, want float64) {
	t.Helper()
	if math.IsNaN(want) && !got.Defined() {
		return
	}
	if !(math.Abs(float64(got)-want) <= 1e-5*max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestSameSeedSameBytesWhateverTheWorkers(t *testing.T) {
	set := latents(t, 200, 6, false)
	var first []byte
	for _, workers := range []int{1, 2, 3} {
		o := options()
		o.Workers = workers
		got, err := json.Marshal(measure(t, wired(), set, o))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if string(got) != string(first) {
			t.Errorf("%d workers give another survey", workers)
		}
	}
}

// TestNothingInShuffledLabels: labels and features are dealt out anew among the images, so that
// nothing is there to find. Of 20 independent surveys at a false discovery rate of 5 %, each finds
// something with a chance of at most 0.05 (all hypotheses are true): more than 4 of 20 have a
// chance of 0.003.
func TestNothingInShuffledLabels(t *testing.T) {
	n, found := wired(), 0
	for seed := range uint64(20) {
		set := shuffled(t, latents(t, 100, 100+seed, false), seed)
		s := measure(t, n, set, options())
		any := false
		for _, u := range s.Units {
			any = any || u.Label != nil
			for _, tuning := range u.Tuning {
				any = any || tuning.Adjusted < probe.Alpha || tuning.Within != nil && tuning.Within.Adjusted < probe.Alpha
			}
		}
		if any {
			found++
		}
	}
	if found > 4 {
		t.Errorf("%d of 20 surveys of shuffled labels found something", found)
	}
}
