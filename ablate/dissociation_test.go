package ablate_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// detectors tells cat (pixel 0) from dog (pixel 1); pixel 2 is always 1. Layer 1:
//
//	1:0  cat detector   1:1  dog detector   1:2, 1:4  general: pixel 2   1:3  decoy: pixel 0 + pixel 1, read by nobody
//
// Layer 2 is relu(detector + 1:2 + 1:4 - 2) for each class, which are the logits. A cat of brightness v
// has the logit difference v; without 1:0, 1:2, 1:4 or 2:0 it is 0.
func detectors() *model.Network {
	n := modeltest.Wire(3,
		[][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}},
		[][]float32{{1, 0, 1, 0, 1, -2}, {0, 1, 1, 0, 1, -2}},
		[][]float32{{1, 0, 0}, {0, 1, 0}})
	n.Classes = []string{"cat", "dog"}
	return n
}

// pets are, in every split, 20 cats and 20 dogs of brightness 0.61, 0.63, … 0.99: 0.8 on average.
func pets(t testing.TB) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"cat", "dog"}}
	for range 3 {
		for i := range 20 {
			v := 0.61 + 0.02*float32(i)
			s.Images, s.Labels = append(s.Images, v, 0, 1, 0, v, 1), append(s.Labels, 0, 1)
		}
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func dissociation(t testing.TB, n *model.Network, set *datasets.Set, outcomes string, change func(*ablate.DissociateOptions)) *ablate.Dissociation {
	t.Helper()
	o := ablate.DissociateOptions{Options: ablate.DefaultOptions()}
	o.Resamples, o.Permutations = 200, 199
	var err error
	if o.Outcomes, err = ablate.ParseOutcomes(set, outcomes); err != nil {
		t.Fatal(err)
	}
	change(&o)
	r, err := ablate.Dissociate(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func units(a, b model.Address) func(*ablate.DissociateOptions) {
	return func(o *ablate.DissociateOptions) { o.A, o.B = &a, &b }
}

// TestDissociationsByHand with pets: 0.8 is what a lesion costs a class that it takes the evidence from.
func TestDissociationsByHand(t *testing.T) {
	unit := model.Neuron
	for _, c := range []struct {
		name    string
		a, b    model.Address
		lost    [2][2]float64
		hurts   [2]int
		verdict ablate.Verdict
	}{
		{"cat and dog detector", unit(1, 0), unit(1, 1), [2][2]float64{{0.8, 0}, {0, 0.8}}, [2]int{0, 1}, ablate.DoubleDissociation},
		{"the other way round", unit(1, 1), unit(2, 0), [2][2]float64{{0, 0.8}, {0.8, 0}}, [2]int{1, 0}, ablate.DoubleDissociation},
		{"general units", unit(1, 2), unit(1, 4), [2][2]float64{{0.8, 0.8}, {0.8, 0.8}}, [2]int{-1, -1}, ablate.NoDissociation},
		{"one detector, one general", unit(1, 0), unit(1, 2), [2][2]float64{{0.8, 0}, {0.8, 0.8}}, [2]int{0, -1}, ablate.SingleDissociation},
		{"one detector, one decoy", unit(1, 3), unit(1, 1), [2][2]float64{{0, 0}, {0, 0.8}}, [2]int{-1, 1}, ablate.SingleDissociation},
		{"both for cats", unit(1, 0), unit(2, 0), [2][2]float64{{0.8, 0}, {0.8, 0}}, [2]int{0, 0}, ablate.NoDissociation},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := dissociation(t, detectors(), pets(t), "", units(c.a, c.b))
			for u := range 2 {
				for y := range 2 {
					checkInterval(t, "lost", r.Lost[u][y], c.lost[u][y])
				}
				checkInterval(t, "within", r.Within[u], c.lost[u][0]-c.lost[u][1])
				checkInterval(t, "between", r.Between[u], c.lost[0][u]-c.lost[1][u])
			}
			interaction := c.lost[0][0] - c.lost[0][1] - c.lost[1][0] + c.lost[1][1]
			checkInterval(t, "interaction", r.Interaction, interaction)
			if r.Verdict != c.verdict || r.Hurts != c.hurts || r.Images != 40 || r.Outcomes[0].With != 20 || r.Outcomes[1].Name != "dog" || !r.Sham.Identical {
				t.Errorf("%+v", r)
			}
			// Where groups have nothing to do with the losses, no shuffle is less extreme; where they decide
			// them, none of 199 reaches the observed one.
			if want := map[bool]float64{true: 1, false: 1. / 200}[near(interaction, 0)]; r.P != want {
				t.Errorf("p %v, want %v", r.P, want)
			}
		})
	}
}

// TestUncrossed: 1:2 carries 1 of the evidence for cats and half of that for dogs, 1:3 an eighth and a
// quarter. So 1:2 hurts cats more than dogs (0.8 and 0.4), 1:3 dogs more than cats (0.2 and 0.1), and yet
// nothing says that they serve different classes: the larger loss hurts both more.
func TestUncrossed(t *testing.T) {
	n := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}},
		[][]float32{{1, 0, 1, 0, -1}, {1, 0, 0, 1, -1}, {0, 1, 1, 0, -1}, {0, 1, 0, 1, -1}},
		[][]float32{{1, 0.125, 0, 0, 0}, {0, 0, 0.5, 0.25, 0}})
	n.Classes = []string{"cat", "dog"}
	r := dissociation(t, n, pets(t), "", units(model.Neuron(1, 2), model.Neuron(1, 3)))
	for u, want := range [2][2]float64{{0.8, 0.4}, {0.1, 0.2}} {
		checkInterval(t, "cat", r.Lost[u][0], want[0])
		checkInterval(t, "dog", r.Lost[u][1], want[1])
	}
	if r.Verdict != ablate.UncrossedDissociation || r.Hurts != [2]int{0, 1} || r.P != 1./200 {
		t.Errorf("%s, %v, p %v", r.Verdict, r.Hurts, r.P)
	}
	// The search does not take such a pair: with 1:2 and 1:3 alone it would score 0.2 - 0.4.
	r = dissociation(t, n, pets(t), "", func(o *ablate.DissociateOptions) { o.Layers = []int{1} })
	if r.Units != [2]model.Address{model.Neuron(1, 0), model.Neuron(1, 1)} {
		t.Errorf("found %v", r.Units)
	}
	for _, p := range r.Search.Best {
		if p.A == model.Neuron(1, 2) && p.B == model.Neuron(1, 3) && math.Abs(p.Score+0.2) > 1e-5 {
			t.Errorf("%+v, want a score of -0.2", p)
		}
	}
}

// checkInterval: the estimate is as it should be, and within its interval.
func checkInterval(t *testing.T, what string, got ablate.Interval, want float64) {
	t.Helper()
	if math.Abs(got.Estimate-want) > 1e-5 || got.Low > got.Estimate+1e-9 || got.High < got.Estimate-1e-9 {
		t.Errorf("%s: %+v, want %v", what, got, want)
	}
}

// TestOpposedPushes: logits (0.3·1:0, 0.3·1:1), both units always 1. Each loss costs its class 0.3 and gains the
// other one 0.3: with two classes one logit difference is the other's negative.
func TestOpposedPushes(t *testing.T) {
	n := modeltest.Wire(3, [][]float32{{0, 0, 1, 0}, {0, 0, 1, 0}}, [][]float32{{0.3, 0, 0}, {0, 0.3, 0}})
	n.Classes = []string{"cat", "dog"}
	r := dissociation(t, n, pets(t), "cat,dog", units(model.Neuron(1, 0), model.Neuron(1, 1)))
	checkInterval(t, "cat", r.Lost[0][0], 0.3)
	checkInterval(t, "dog", r.Lost[0][1], -0.3)
	checkInterval(t, "interaction", r.Interaction, 1.2)
}

func TestSearchFindsThePlantedPair(t *testing.T) {
	r := dissociation(t, detectors(), pets(t), "", func(*ablate.DissociateOptions) {})
	s := r.Search
	// 5 units of layer 1 and 2 of layer 2 make 7·6 ordered pairs.
	if s.Candidates != 7 || s.Tried != 42 || s.Images != 40 || !slices.Equal(s.Layers, []int{1, 2}) {
		t.Errorf("search %+v", s)
	}
	// 2:0 is as good as 1:0, and 2:1 as 1:1.
	if r.Units[0].Unit != 0 || r.Units[1].Unit != 1 || r.Verdict != ablate.DoubleDissociation || !r.Found {
		t.Errorf("found %v, %s", r.Units, r.Verdict)
	}
	for _, p := range []ablate.ScoredPair{s.Best[0], s.Confirmed} {
		if math.Abs(p.Score-0.8) > 1e-5 {
			t.Errorf("score %+v, want 0.8 on both splits", p)
		}
	}
	// Four pairs cross. The others take evidence from the wrong class too (0.8 - 0.8), or none.
	for k, p := range s.Best {
		if crossed := k < 4; (p.Score > 0.5) != crossed || p.Score < -1e-5 {
			t.Errorf("pair %d: %+v", k, p)
		}
	}
	r = dissociation(t, detectors(), pets(t), "dog,cat", func(o *ablate.DissociateOptions) { o.Layers = []int{2} })
	if r.Search.Tried != 2 || r.Units != [2]model.Address{model.Neuron(2, 1), model.Neuron(2, 0)} {
		t.Errorf("in layer 2, dog first: %v of %d pairs", r.Units, r.Search.Tried)
	}
	r = dissociation(t, detectors(), pets(t), "", func(o *ablate.DissociateOptions) { o.Split = datasets.Select })
	if !strings.Contains(strings.Join(r.Warnings, " "), "searched on the images it is measured on") {
		t.Errorf("measured where searched: %q", r.Warnings)
	}
}

// TestSearchSaysThatNothingCrosses: each class has two detectors behind an OR, logit 1-relu(1-(h+h')). No
// loss of one unit of layer 1 changes anything.
func TestSearchSaysThatNothingCrosses(t *testing.T) {
	n := modeltest.Wire(3, [][]float32{{2, 0, 0, 0}, {2, 0, 0, 0}, {0, 2, 0, 0}, {0, 2, 0, 0}},
		[][]float32{{-1, -1, 0, 0, 1}, {0, 0, -1, -1, 1}}, [][]float32{{-1, 0, 1}, {0, -1, 1}})
	n.Classes = []string{"cat", "dog"}
	r := dissociation(t, n, pets(t), "", func(o *ablate.DissociateOptions) { o.Layers = []int{1} })
	if r.Found || r.Verdict != "" || r.Search.Tried != 12 || r.Search.Best[0].Score != 0 {
		t.Errorf("found %v %v of %+v", r.Found, r.Units, r.Search)
	}
}

// featured are images of B with features F and G in all four combinations, each 10 times, pixels 0 and 1
// telling which; the images of A have F but not G, and pixel 2.
func featured(t testing.TB) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"F", "G"}}
	for range 3 {
		for i := range 60 {
			f, g, label := i%2 == 0, i%4 < 2, 1
			if i >= 40 {
				f, g, label = true, false, 0
			}
			s.Images = append(s.Images, pixel(f && label == 1), pixel(g && label == 1), pixel(label == 0))
			s.Labels, s.Present = append(s.Labels, label), append(s.Present, f, g)
		}
	}
	set, err := datasets.New(s, 60, 60, 60)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestFeaturesAsOutcomes: the logit of B is pixel 0 + pixel 1. The loss of 1:0 costs 1 on images with F
// and 0 on those without: 1 for F, and for G, half of whose images have F, as half of the others do, 0.
// All images of A have F and none has G: they tell nothing of either and do not count.
func TestFeaturesAsOutcomes(t *testing.T) {
	n := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, [][]float32{{0, 0, 1, 0}, {1, 1, 0, 0}})
	r := dissociation(t, n, featured(t), "F,G", units(model.Neuron(1, 0), model.Neuron(1, 1)))
	for u := range 2 {
		for y := range 2 {
			checkInterval(t, "lost", r.Lost[u][y], map[bool]float64{true: 1, false: 0}[u == y])
		}
	}
	o := r.Outcomes[0]
	if r.Verdict != ablate.DoubleDissociation || r.Images != 40 || o.With != 20 || o.Without != 20 || o.Kind != ablate.OfFeature {
		t.Errorf("%+v", r)
	}
}

// TestFeatureIsNotItsClass: 16 of 20 images of B have F, 4 of 20 of A. 1:0 carries all evidence of B, equally on
// all its images. Over all images its loss costs those with F 1·16/20 and the others 1·4/20, and yet
// nothing depends on F: within class the difference is 0.
func TestFeatureIsNotItsClass(t *testing.T) {
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"F", "G"}}
	for range 3 {
		for i := range 40 {
			label, f := i%2, i/2 < 4
			if label == 1 {
				f = i/2 < 16
			}
			s.Images, s.Labels = append(s.Images, pixel(label == 1), pixel(i/2%2 == 0)), append(s.Labels, label)
			s.Present = append(s.Present, f, i/2%2 == 0)
		}
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0}, {1, 0, 0}})
	r := dissociation(t, n, set, "F,G", units(model.Neuron(1, 0), model.Neuron(1, 1)))
	checkInterval(t, "lost", r.Lost[0][0], 0)
	if r.Verdict != ablate.NoDissociation || r.P != 1 {
		t.Errorf("%s, p %v", r.Verdict, r.P)
	}
}

// TestPermutationNull: features that have nothing to do with the images, over a random network. p is
// uniform: of 300 experiments, about 30 have p ≤ 0.1 and 150 p ≤ 0.5 (sd 5 and 9).
func TestPermutationNull(t *testing.T) {
	spec := model.Spec{Name: "random", Input: model.Shape{1, 3, 3}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 6, Activation: model.ReLU}, {Name: "dense2", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n := modeltest.Random(spec, 11)
	const experiments = 300
	low, half := 0, 0
	for seed := range uint64(experiments) {
		r := rand.New(rand.NewPCG(seed, 9))
		s := datasets.Set{Channels: 1, Height: 3, Width: 3, Classes: n.Classes, Features: []string{"F", "G"}, Images: modeltest.Images(spec.Input, 44, seed)}
		for i := range 44 {
			s.Labels = append(s.Labels, i%2)
			s.Present = append(s.Present, r.IntN(2) == 0, r.IntN(3) == 0)
		}
		set, err := datasets.New(s, 2, 2, 40)
		if err != nil {
			t.Fatal(err)
		}
		x := dissociation(t, n, set, "F,G", func(o *ablate.DissociateOptions) {
			units(model.Neuron(1, 0), model.Neuron(1, 1))(o)
			o.Seed, o.Resamples, o.Permutations = seed, 10, 99
		})
		if x.P <= 0.1 {
			low++
		}
		if x.P <= 0.5 {
			half++
		}
	}
	if low < 15 || low > 45 || half < 120 || half > 180 {
		t.Errorf("p ≤ 0.1 in %d of %d experiments, p ≤ 0.5 in %d", low, experiments, half)
	}
}

// TestPermutationAgainstAllShuffles: 3 cats and 3 dogs whose losses do not overlap. Of the 20 ways to pick
// the cats, 2 are as extreme as the observed one: p is near 0.1.
func TestPermutationAgainstAllShuffles(t *testing.T) {
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"cat", "dog"}}
	for range 3 {
		for i := range 3 {
			v := 0.7 + 0.1*float32(i)
			s.Images, s.Labels = append(s.Images, v, 0, 1, 0, v, 1), append(s.Labels, 0, 1)
		}
	}
	set, err := datasets.New(s, 6, 6, 6)
	if err != nil {
		t.Fatal(err)
	}
	r := dissociation(t, detectors(), set, "", func(o *ablate.DissociateOptions) {
		units(model.Neuron(1, 0), model.Neuron(1, 1))(o)
		o.Permutations = 9999
	})
	if math.Abs(r.P-0.1) > 0.012 { // four standard errors
		t.Errorf("p %v, want about 0.1", r.P)
	}
	if !strings.Contains(strings.Join(r.Warnings, " "), "outcome cat rests on 3 images") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestDissociationIsTheSameHowever(t *testing.T) {
	text := func(change func(*ablate.DissociateOptions)) string {
		data, err := json.Marshal(dissociation(t, detectors(), pets(t), "", change))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := text(func(*ablate.DissociateOptions) {})
	if text(func(o *ablate.DissociateOptions) { o.Workers, o.Memory = 1, 1 }) != want {
		t.Error("workers and memory change the result")
	}
	parts := pairParts{}
	with := func(o *ablate.DissociateOptions) { o.Parts = parts }
	if text(with) != want || len(parts) != 1 || text(with) != want {
		t.Errorf("with kept parts (%d) the result differs", len(parts))
	}
}

func TestParseOutcomes(t *testing.T) {
	set := featured(t)
	three := datasets.Set{Classes: []string{"a", "b", "c"}}
	for list, want := range map[string]string{
		"A":       `outcomes "A": want two classes or two features`,
		"A,A":     "want two different ones",
		"A,F":     "A is a class and F a feature",
		"F,wings": `unknown outcome "wings" (classes: A, B; features: F, G)`,
	} {
		if _, err := ablate.ParseOutcomes(set, list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", list, err, want)
		}
	}
	if _, err := ablate.ParseOutcomes(&three, ""); err == nil || !strings.Contains(err.Error(), "3 classes: which two outcomes?") {
		t.Errorf("three classes: %v", err)
	}
	if o, err := ablate.ParseOutcomes(&three, "c, a"); err != nil || o[0].Name != "c" || o[1].Name != "a" {
		t.Errorf("%v, %v", o, err)
	}
}

func TestDissociateRefuses(t *testing.T) {
	set := featured(t)
	two := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}}, [][]float32{{0, 0, 0}, {1, 1, 0}})
	one := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}}, [][]float32{{0, 0}, {1, 0}})
	for want, c := range map[string]struct {
		n      *model.Network
		change func(*ablate.DissociateOptions)
	}{
		"metric recall:B does not fit":                 {two, func(o *ablate.DissociateOptions) { o.Metric = "recall:B" }},
		"neuron 1:0 cannot be dissociated from itself": {two, func(o *ablate.DissociateOptions) { o.B = o.A }},
		"layer 1 has neurons 0 to 1":                   {two, func(o *ablate.DissociateOptions) { o.A.Unit = 9 }},
		"1 hidden unit to search":                      {one, func(o *ablate.DissociateOptions) { o.A = nil }},
	} {
		o := ablate.DissociateOptions{Options: ablate.DefaultOptions()}
		var err error
		if o.Outcomes, err = ablate.ParseOutcomes(set, ""); err != nil {
			t.Fatal(err)
		}
		units(model.Neuron(1, 0), model.Neuron(1, 1))(&o)
		c.change(&o)
		if _, err := ablate.Dissociate(context.Background(), c.n, set, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// A feature that all images of a class have and none of the other is the class.
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"F", "G"}}
	for i := range 12 {
		s.Images, s.Labels, s.Present = append(s.Images, 0, 0, 0), append(s.Labels, i%2), append(s.Present, i%2 == 0, i%3 == 0)
	}
	whole, err := datasets.New(s, 4, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	o := ablate.DissociateOptions{Options: ablate.DefaultOptions()}
	o.Outcomes, _ = ablate.ParseOutcomes(whole, "F,G")
	units(model.Neuron(1, 0), model.Neuron(1, 1))(&o)
	if _, err := ablate.Dissociate(context.Background(), two, whole, o); err == nil || !strings.Contains(err.Error(), "cannot be told from the class") {
		t.Errorf("error %v", err)
	}
}
