package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// relays is x -> h1 -> h2 -> B, each repeating the one before, against A = 0.5: without input the answer is A,
// with x = 1 it is B as soon as three neurons have updated one after the other.
func relays() *model.Network {
	return modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}}, [][]float32{{0, 0.5}, {1, 0}})
}

// shown is a set of one-pixel images with these values in turn, those above 0.5 of class B (of any, if all are); select and
// confirm have `each` images.
func shown(t *testing.T, each int, values ...float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 1, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 2 + 2*each {
		v := values[i%len(values)]
		if i < 2 { // to train on: one of each class
			v = float32(i)
		}
		s.Images = append(s.Images, v)
		label := int(oneIf(v > 0.5))
		if slices.Min(values) > 0.5 {
			label = i % 2 // a set must have both
		}
		s.Labels = append(s.Labels, label)
	}
	set, err := datasets.New(s, 2, each, each)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func asynchrony(t *testing.T, n *model.Network, set *datasets.Set, o AsyncOptions) *Async {
	t.Helper()
	if o.Options.Seed == 0 {
		o.Options = ablate.Options{Split: datasets.Confirm, Resamples: 200, Permutations: 99, Seed: 3, Workers: o.Workers}
	}
	r, err := Asynchrony(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func about(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

// TestDecisionThroughAChainOfRelays: each of three neurons waits for a look of its own after that of
// the one before, and waits 1/p ticks on average, one update: 3 updates with a variance of 3(1-p),
// all of it due to the order.
func TestDecisionThroughAChainOfRelays(t *testing.T) {
	const p = 0.25
	r := asynchrony(t, relays(), shown(t, 40, 1, 0), AsyncOptions{Rule: Rule{RandomOrder, p}, Orders: 150})
	if len(r.ByAnswer) != 2 || r.ByAnswer[0].N != 20 || r.ByAnswer[1].N != 20 || r.StartAnswers[0] != 40*150 || r.Accuracy != 1 {
		t.Fatalf("settled answers %+v, at the start %v, accuracy %v; want 20 of each, all A, 1", r.ByAnswer, r.StartAnswers, r.Accuracy)
	}
	// 3,000 trials: a standard error of 1.5/55 = 0.027.
	b := r.ByAnswer[1]
	about(t, "decision on B", b.Decision.Estimate, 3, 0.1)
	about(t, "settling of B", b.Settling.Estimate, b.Decision.Estimate, 1e-9) // the last to change is the output
	about(t, "time with A of B", b.Wrong.Estimate, b.Decision.Estimate, 1e-9)
	about(t, "share of B that begins elsewhere", b.Begins.Estimate, 1, 0)
	about(t, "share of B with detours", b.Detour.Estimate, 0, 0)
	if b.Other != "A" || b.Others != 20*150 {
		t.Errorf("commonest other answer of B: %d times %q, want 3000 times A", b.Others, b.Other)
	}
	if a := r.ByAnswer[0]; a.Decision.Estimate != 0 || a.Settling.Estimate != 0 || a.Ever.Estimate != 0 || a.Change != nil {
		t.Errorf("image without input: %+v, want that nothing ever happens", a)
	}
	about(t, "difference of classes", r.Tests[0].Difference.Estimate, b.Decision.Estimate, 1e-9)
	about(t, "p of classes", float64(r.Tests[0].P), 0.01, 1e-9)
	for l, want := range []float64{1, 2, 3} { // half of the images never move
		about(t, fmt.Sprint("layer ", l+1), 2*r.Layers[l].Time.Estimate, want, 0.1)
	}

	if len(r.Variances) != 4 {
		t.Fatalf("%d analyses of variance, want 4", len(r.Variances))
	}
	for _, v := range r.Variances[2:] { // of the images of B, which are all alike
		about(t, "sd between orders", v.OrderSD.Estimate, math.Sqrt(3*(1-p)), map[bool]float64{false: 0.08, true: 0.4}[v.Shared]) // of 3,000 orders and of 150
		about(t, "share of order", v.Share.Estimate, 1, 0.02)
	}
	about(t, "share common to all images", r.Variances[3].Common.Estimate, 1, 1e-9)

	arms := map[string]AsyncArm{}
	for _, a := range r.Arms {
		arms[a.Name+" from "+string(a.From)] = a
	}
	for name, want := range map[string]float64{
		"all at once from rest": 3,         // ticks of an update each
		"forward from rest":     1,         // the third of three layers
		"backward from rest":    2 + 1.0/3, // h1 last in sweep 1, h2 second in sweep 2, B first in sweep 3
	} {
		a, known := arms[name]
		if !known {
			t.Fatalf("no arm %q among %v", name, arms)
		}
		about(t, name, a.Changing.Estimate, want, 1e-9)
		about(t, name+", latest", a.LatestSettling, want, 1e-9)
		about(t, name+", second less first answer", a.Answers.Estimate, want, 1e-9)
	}
	// 5 arms of random order, one that is the experiment's own, and the same orders for all once more.
	if want := 40*150*2 + 40*8 + r.Sham.Images; r.Identical != want {
		t.Errorf("%d trials ended in the synchronous bits, want %d", r.Identical, want)
	}
	if r.Sham.Updates != r.Sham.Images*4 {
		t.Errorf("%d updates of 4 neurons in the sham, on %d images", r.Sham.Updates, r.Sham.Images)
	}
}

// TestSequentialOrderAgainstAllOrders: the mean over the 24³ orders in which four neurons can update
// in three sweeps; after that the third relay must have passed the signal on.
func TestSequentialOrderAgainstAllOrders(t *testing.T) {
	all := permutations(4)
	sum, n := 0, 0
	for _, a := range all {
		for _, b := range all {
			for _, c := range all {
				reached := 0 // relays that have passed the signal on; neuron 2 is A and does not matter
				for k, neuron := range slices.Concat(a, b, c) {
					if neuron == []int{0, 1, 3}[reached] {
						if reached++; reached == 3 {
							sum += k + 1
							break
						}
					}
				}
				n++
			}
		}
	}
	want := float64(sum) / float64(n) / 4
	r := asynchrony(t, relays(), shown(t, 20, 1), AsyncOptions{Rule: Rule{Order: SequentialOrder}, Orders: 200})
	about(t, "decision", r.All.Decision.Estimate, want, 0.03) // 4,000 trials of an sd of 0.6
	about(t, "time of a tick", r.Tick, 0.25, 0)
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			out = append(out, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return out
}

// TestHarderImagesDecideLater: eight neurons fire x each, and B needs more than 4.5. For x = 1 five of
// them must have updated, for x = 0.6 all eight, then B itself: with p at each tick, the k-th of
// n needs Σ P(Binomial(n, 1-(1-p)^t) < k) ticks over t from 0 on.
func TestHarderImagesDecideLater(t *testing.T) {
	const p = 0.2
	sum := [][]float32{{0, 0, 0, 0, 0, 0, 0, 0, 4.5}, {1, 1, 1, 1, 1, 1, 1, 1, 0}}
	n := modeltest.Wire(1, slices.Repeat([][]float32{{1, 0}}, 8), sum)
	r := asynchrony(t, n, shown(t, 60, 1, 0.6), AsyncOptions{Rule: Rule{RandomOrder, p}, Orders: 60})
	wait := func(k int) float64 {
		ticks := 0.0
		for t := range 500 {
			done := 1 - math.Pow(1-p, float64(t))
			below := 0.0
			for i := range k {
				below += float64(choose(8, i)) * math.Pow(done, float64(i)) * math.Pow(1-done, float64(8-i))
			}
			ticks += below
		}
		return p * ticks
	}
	// Margins 3.5 and 0.3 (8 × 0.6 - 4.5) on select, half of each: the terciles are these two.
	about(t, "first cut", r.Difficulty.Cuts[0], 0.3, 1e-5)
	about(t, "second cut", r.Difficulty.Cuts[1], 3.5, 1e-5)
	if len(r.ByDifficulty) != 2 || r.ByDifficulty[0].Name != "hard" || r.ByDifficulty[1].Name != "medium" {
		t.Fatalf("groups %+v, want hard and medium", r.ByDifficulty)
	}
	// The output sees the k-th update at its next look, one update later on average.
	about(t, "hard", r.ByDifficulty[0].Decision.Estimate, wait(8)+1, 0.1)
	about(t, "easy", r.ByDifficulty[1].Decision.Estimate, wait(5)+1, 0.1)
	for _, c := range r.Difficulty.Correlations {
		if c.Time == "decision" && !(c.Rho.High < -0.7) {
			t.Errorf("correlation of margin and decision time, %s: %+v, want close to -1", c.Images, c.Rho)
		}
	}
	if c := r.Difficulty.Within; c == nil || !(c.Rho.High < -0.7) {
		t.Errorf("correlation within answers: %+v, want close to -1", c)
	}
	if p := r.Tests[2].P; float64(p) != 0.01 {
		t.Errorf("p of the margin is %v, want the least possible, 0.01", p)
	}
	// Settling: every one of the eight and then the output, whatever x.
	about(t, "settling", r.All.Settling.Estimate, wait(8)+1, 0.1)
}

func choose(n, k int) int {
	c := 1
	for i := range k {
		c = c * (n - i) / (i + 1)
	}
	return c
}

// TestMarginAloneWithinAnswers: where all images of an answer take the same time there is nothing
// that the margin could explain, however much the answers differ.
func TestMarginAloneWithinAnswers(t *testing.T) {
	r := asynchrony(t, relays(), shown(t, 40, 1, 0, 0.9, 0.1), AsyncOptions{Rule: Rule{Order: ForwardOrder}})
	if p := r.Tests[2].P; !math.IsNaN(float64(p)) {
		t.Errorf("p of the margin within answers is %v, want none", p)
	}
	if r.Difficulty.Within != nil {
		t.Errorf("a correlation within answers, %+v, want none", r.Difficulty.Within)
	}
	if r.Orders != 1 || len(r.Variances) != 0 {
		t.Errorf("%d orders and %d analyses of variance of an order that is always the same", r.Orders, len(r.Variances))
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// TestLesionsComposeWithAsynchrony: with h2 silent nothing reaches the output.
func TestLesionsComposeWithAsynchrony(t *testing.T) {
	r := asynchrony(t, relays(), shown(t, 10, 1, 0), AsyncOptions{Lesions: []model.Address{model.Neuron(2, 0)}})
	if len(r.ByAnswer) != 1 || r.ByAnswer[0].Name != "A" || r.All.Ever.Estimate != 0 || r.Accuracy != 0.5 || r.Example != nil {
		t.Errorf("lesioned: answers %+v, accuracy %v; want A on all images, never anything else", r.ByAnswer, r.Accuracy)
	}
	if h1 := r.Layers[0].Time.Estimate; !(h1 > 0) || r.Layers[1].Time.Estimate != 0 {
		t.Errorf("layers %+v: want that the first moves and the second does not", r.Layers)
	}
}

// TestStarts: from silence A's bias must first be found; after another image the answer is that image's.
func TestStarts(t *testing.T) {
	r := asynchrony(t, relays(), shown(t, 20, 1), AsyncOptions{From: FromSilence, Orders: 4})
	if r.StartAnswers[2] != 20*4 {
		t.Errorf("answers at the start in silence: %v, want none on all", r.StartAnswers)
	}
	r = asynchrony(t, relays(), shown(t, 20, 1, 0), AsyncOptions{From: FromPrevious, Orders: 4})
	if r.AfterSame == nil || r.AfterOther == nil || r.AfterSame.N+r.AfterOther.N != 20 {
		t.Fatalf("after the same answer %+v, after another %+v", r.AfterSame, r.AfterOther)
	}
	if r.AfterSame.Ever.Estimate != 0 || r.AfterOther.Begins.Estimate != 1 || r.AfterSame.Settling.Estimate != 0 {
		t.Errorf("after the same answer %+v, after another %+v; want 0 and 1 that begin elsewhere", r.AfterSame, r.AfterOther)
	}
}

// TestAsynchronyOnEveryPreset also holds every arm against the synchronous bits.
func TestAsynchronyOnEveryPreset(t *testing.T) {
	for _, p := range model.Presets {
		t.Run(p.Name, func(t *testing.T) {
			shape := model.Shape{1, 8, 8}
			spec, err := model.Preset(p.Name, shape, 2)
			if err != nil {
				t.Fatal(err)
			}
			n, set := modeltest.Random(spec, 4), modeltest.Blobs(shape, 2, 10, 6, 5)
			n.Classes = set.Classes
			r := asynchrony(t, n, set, AsyncOptions{Rule: Rule{RandomOrder, 0.5}, Orders: 2, Lesions: []model.Address{model.Neuron(1, 0)}})
			if want := 6 * (2*2 + 7 + 1); r.Identical != want {
				t.Errorf("%d trials ended in the synchronous bits, want %d", r.Identical, want)
			}
			last := r.Course[len(r.Course)-1]
			about(t, "share settled in the end", last.Settled.Estimate, 1, 0.1)
			if r.Layers[0].Time.Estimate > r.All.Settling.Estimate {
				t.Errorf("layers %+v settle later than all together, %v", r.Layers, r.All.Settling.Estimate)
			}
		})
	}
}

// TestAsynchronyWithAnyWorkers, and images whose order does not depend on who is shown beside them.
func TestAsynchronyWithAnyWorkers(t *testing.T) {
	set := shown(t, 70, 1, 0, 0.8, 0.7)
	o := AsyncOptions{Orders: 3, Images: 70}
	var first []byte
	for _, workers := range []int{1, 2, 5} {
		o.Options = ablate.Options{Split: datasets.Confirm, Resamples: 100, Permutations: 19, Seed: 3, Workers: workers}
		got, err := json.Marshal(asynchrony(t, relays(), set, o))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if string(got) != string(first) {
			t.Errorf("%d workers give another result", workers)
		}
	}
	for _, rule := range []Rule{{RandomOrder, 0.3}, {Order: SequentialOrder}} {
		c := newClock(relays(), rule, 9)
		alone, among := c.draws([]uint64{77}), c.draws([]uint64{5, 77, 6})
		other := 0
		for tick := 1; tick <= 40; tick++ {
			a, b := alone.at(tick), among.at(tick)
			for l, units := range []int{1, 1, 2} {
				for u := range units {
					if a(0, l+1, u) != b(1, l+1, u) {
						t.Fatalf("%v: the order of an image depends on its neighbours", rule)
					}
					other += int(oneIf(b(0, l+1, u) != b(2, l+1, u)))
				}
			}
		}
		if other == 0 {
			t.Errorf("%v: two images have the same order", rule)
		}
	}
}

// TestPartOfTheNeurons: each of many neurons updates with the probability asked for, independently.
func TestPartOfTheNeurons(t *testing.T) {
	n := modeltest.Wire(1, slices.Repeat([][]float32{{1, 0}}, 100), [][]float32{make([]float32, 101)})
	d := newClock(n, Rule{RandomOrder, 0.1}, 1).draws([]uint64{1, 2})
	chosen, again, together, total := 0, 0, 0, 0
	last := map[int]bool{}
	for tick := 1; tick <= 1000; tick++ {
		update := d.at(tick)
		for u := range 100 {
			now := update(0, 1, u)
			total++
			chosen += int(oneIf(now))
			again += int(oneIf(now && last[u]))
			together += int(oneIf(now && update(1, 1, u)))
			last[u] = now
		}
	}
	about(t, "share chosen", float64(chosen)/float64(total), 0.1, 0.004) // sd 0.00095
	about(t, "share chosen twice running", float64(again)/float64(total), 0.01, 0.0015)
	about(t, "share chosen in two images", float64(together)/float64(total), 0.01, 0.0015)
}

func TestNoSensoryInput(t *testing.T) {
	eachPreset(t, func(t *testing.T, n *model.Network, _ []float32) {
		for _, v := range n.Normalise(unseen(n)) {
			if v != 0 {
				t.Fatalf("the first layer reads %v, want 0", v)
			}
		}
	})
}

func TestTrials(t *testing.T) {
	said := func(tick, answer int) saying { return saying{tick: tick, answer: answer} }
	for _, c := range []struct {
		name                            string
		says                            []saying
		decided, wrong, changes, others int
		detour                          bool
	}{
		{"never anything else", []saying{said(0, 1), said(4, 1)}, 0, 0, 0, 0, false},
		{"once", []saying{said(0, 0), said(4, 1), said(9, 1)}, 4, 4, 1, 1, false},
		{"there and back", []saying{said(0, 1), said(3, 0), said(5, 1)}, 5, 2, 2, 1, true},
		{"found, lost, found", []saying{said(0, 0), said(2, 1), said(3, 0), said(7, 1)}, 7, 6, 3, 1, true},
		{"two others before", []saying{said(0, 0), said(2, 2), said(3, 1)}, 3, 3, 2, 2, false},
		{"none at first", []saying{said(0, undecided), said(6, 1)}, 6, 6, 1, 0, false},
	} {
		x := trial{says: c.says}
		if x.decided() != c.decided || x.wrong() != c.wrong || x.changes() != c.changes || len(x.others()) != c.others || x.detour() != c.detour {
			t.Errorf("%s: decided %d, wrong %d, changes %d, others %v, detour %v; want %+v", c.name, x.decided(), x.wrong(), x.changes(), x.others(), x.detour(), c)
		}
	}
	x := trial{says: []saying{said(0, 0), said(2, 1), said(5, 0)}}
	if !x.finds(1) || !x.finds(0) || x.finds(2) {
		t.Error("it changes to 1, then to 0, and never to 2")
	}
	if y := (trial{says: []saying{said(0, 1), said(4, 1), said(9, 0)}}); y.finds(1) {
		t.Error("it begins with 1, and never changes to it")
	}
	for tick, want := range []int{0, 0, 1, 1, 1, 0, 0} {
		if got := x.at(tick).answer; got != want {
			t.Errorf("after %d ticks the answer is %d, want %d", tick, got, want)
		}
	}
	if s := say(3, []float32{1, 4, 2}, 2); s.answer != 1 || s.margin != -2 {
		t.Errorf("%+v, want answer 1 and a margin of 2 - 4", s)
	}
	if s := say(3, []float32{4, 4, 2}, 0); s.answer != undecided || s.margin != 0 {
		t.Errorf("%+v, want no answer and a margin of 0", s)
	}
}

// TestComponentsByHand: two orders of three images.
//
//	        own                shared
//	order 1  1 3 5   means 1.5 3.5 6.5, grand 23/6
//	order 2  2 4 8
//
// Between images SS = 2·Σ(m-23/6)² = 2·(49/9+1/9+64/9) = 76/3, MS 38/3; within SS = 0.5+0.5+4.5 = 5.5, MS 11/6:
// image (38/3-11/6)/2 = 65/12. Orders: means 3 and 14/3, SS = 3·2·(5/6)² = 25/6 = MS; what is left 5.5-25/6 = 4/3, MS 2/3:
// order (25/6-2/3)/3 = 7/6, image (38/3-2/3)/2 = 6.
func TestComponentsByHand(t *testing.T) {
	times := [][]float64{{1, 3, 5}, {2, 4, 8}}
	image, common, rest := components(times, []float64{1, 1, 1}, false)
	about(t, "image", image, 65.0/12, 1e-9)
	about(t, "order", common+rest, 11.0/6, 1e-9)
	image, common, rest = components(times, []float64{1, 1, 1}, true)
	about(t, "image", image, 6, 1e-9)
	about(t, "order", common, 7.0/6, 1e-9)
	about(t, "image × order", rest, 2.0/3, 1e-9)
	// An image that counts twice is there twice.
	twice := [][]float64{{1, 1, 5}, {2, 2, 8}}
	a, b, c := components(times, []float64{2, 0, 1}, true)
	d, e, f := components(twice, []float64{1, 1, 1}, true)
	about(t, "image, counted twice", a, d, 1e-9)
	about(t, "order, counted twice", b, e, 1e-9)
	about(t, "rest, counted twice", c, f, 1e-9)
}

func TestAsynchronyRefuses(t *testing.T) {
	for want, o := range map[string]AsyncOptions{
		"order \"sideways\"":      {Rule: Rule{Order: "sideways"}},
		"a part of 2":             {Rule: Rule{RandomOrder, 2}},
		"start from \"sleep\"":    {From: "sleep"},
		"1 images":                {Images: 1},
		"-1 orders an image":      {Orders: -1},
		"layer 3 has neurons 0":   {Lesions: []model.Address{model.Neuron(3, 9)}},
		"layer 9 not in model":    {Lesions: []model.Address{model.Neuron(9, 0)}},
		"a part of NaN (want 0.0": {Rule: Rule{RandomOrder, math.NaN()}},
	} {
		_, err := Asynchrony(context.Background(), relays(), shown(t, 4, 1, 0), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := identical([]float32{1, 0}, []float32{1, float32(math.Copysign(0, -1))}); !errors.Is(err, ErrUnsettled) {
		t.Errorf("0 in the place of -0: %v, want that it has settled elsewhere", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Asynchrony(ctx, relays(), shown(t, 4, 1, 0), AsyncOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
