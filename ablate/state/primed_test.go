package state

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// cats and dogs: pixel 0 is doggish, pixel 1 cattish, pixel 2 something that dogs have beside. The
// select images, from which primes come, are pure; confirm has what is given.
func primedSet(t testing.TB, dog []float32, confirm ...[]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: []string{"cat", "dog"}}
	cat := []float32{0, 1, 0}
	for range 2 { // train and select
		for range 5 {
			s.Images, s.Labels = append(append(s.Images, cat...), dog...), append(s.Labels, 0, 1)
		}
	}
	for _, image := range confirm {
		label := 0
		if image[0] > image[1] {
			label = 1
		}
		s.Images, s.Labels = append(s.Images, image...), append(s.Labels, label)
	}
	set, err := datasets.New(s, 10, 10, len(confirm))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// petNet has a dog neuron 1:0 (pixel 0), a cat neuron 1:1 (pixel 1) and a neuron 1:2 (pixel 2), which
// reach dog and cat with these weights.
func petNet(dog, cat []float32) *model.Network {
	n := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, [][]float32{append(cat, 0), append(dog, 0)})
	n.Classes = []string{"cat", "dog"}
	return n
}

func preparePrimed(t testing.TB, n *model.Network, set *datasets.Set, workers int) *ablate.Preparation {
	t.Helper()
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations, o.Workers = 200, 199, workers
	p, err := ablate.Prepare(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func primed(t testing.TB, n *model.Network, set *datasets.Set, o PrimingOptions) *Priming {
	t.Helper()
	r, err := PrimingOf(context.Background(), preparePrimed(t, n, set, 0), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func primedNear(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// tiredGain: half of the select images drive a neuron with 1, so its usual rate is 0.5 and its prime
// a drive of 2. After the prime's duration D and the delay d
//
//	g = 1 - (1 - end - (1-end)·exp(-(1+2κ)D/τ))·exp(-d/τ),   end = 1/(1+2κ).
func tiredGain(kappa, tau, duration, delay float64) float64 {
	end := 1 / (1 + 2*kappa)
	return 1 - (1-end-(1-end)*math.Exp(-(1+2*kappa)*duration/tau))*math.Exp(-delay/tau)
}

// TestContrastByHand: y = d - c of a target (d, c). A dog tires the dog neuron alone and y falls by
// (1-g)·d; a cat tires the cat neuron and y rises by (1-g)·c. The effect is -(1-g)·(d+c).
func TestContrastByHand(t *testing.T) {
	targets := [][]float32{{0.9, 0.1, 0}, {0.5, 0.4, 0}, {0.3, 0.4, 0}, {0.1, 0.8, 0}, {0.6, 0, 0}}
	const d, c = (0.9 + 0.5 + 0.3 + 0.1 + 0.6) / 5, (0.1 + 0.4 + 0.4 + 0.8) / 5
	n, set := petNet([]float32{1, 0, 0}, []float32{0, 1, 0}), primedSet(t, []float32{1, 0, 0}, targets...)
	o := PrimingOptions{Body: Body{Fatigue: 1.5, Recovery: 3}, Duration: 2, Delay: 1}
	r := primed(t, n, set, o)
	lost := 1 - tiredGain(1.5, 3, 2, 1)
	const exact = 1e-6
	all := r.Groups[0]
	if r.Classes != [2]string{"dog", "cat"} || all.N != 5 || r.Groups[2].N != 3 || r.Groups[3].N != 2 {
		t.Fatalf("classes %v, groups %+v", r.Classes, r.Groups)
	}
	primedNear(t, "y at rest", all.Rest, d-c, exact)
	primedNear(t, "shift after dogs", all.After[0].Estimate, -lost*d, exact)
	primedNear(t, "shift after cats", all.After[1].Estimate, lost*c, exact)
	primedNear(t, "effect", all.Effect.Estimate, -lost*(d+c), exact)
	primedNear(t, "shift of the most dogged target", r.Shifts[0][0], -lost*0.9, exact)
	primedNear(t, "effect on dogs", r.Groups[2].Effect.Estimate, -lost*(2.0+0.5)/3, exact)
	primedNear(t, "effect on the most ambiguous", r.Groups[1].Effect.Estimate, -lost*0.9, exact) // (0.5, 0.4) or (0.3, 0.4)
	if !(all.Effect.High < 0) || r.Verdict != Contrast {
		t.Errorf("the interval %+v includes 0, or this is %s", all.Effect, r.Verdict)
	}
	// All dogs are alike, and all cats: the primes leave nothing to draw.
	primedNear(t, "interval over primes", all.OverPrimes.High-all.OverPrimes.Low, 0, 1e-9)
	// 5 against 5 primes exchange in 252 ways, 2 of which are as extreme.
	if p := float64(all.P); !(p < 0.05) {
		t.Errorf("p = %v for two classes that differ completely", p)
	}
	if r.Stateless.Differing != 0 || r.Stateless.Logits != 2*5*2 {
		t.Errorf("stateless: %+v", r.Stateless)
	}
	if r.Replay.Largest > exact {
		t.Errorf("kept states and sequences differ by %v", r.Replay.Largest)
	}
	// The whole effect is that of the two neurons, half each but for d and c; frozen, each gives back its own.
	x := r.Neurons
	if len(x.Neurons) != 3 || x.Neurons[0].Address != model.Neuron(1, 0) || x.Neurons[1].Address != model.Neuron(1, 1) {
		t.Fatalf("neurons: %+v", x.Neurons)
	}
	for k, want := range []struct{ effect, selectivity, push, gainA float64 }{{-lost * d, 1, lost * d / 2, 1 - lost}, {-lost * c, -1, -lost * c / 2, 1}} {
		got := x.Neurons[k]
		primedNear(t, "effect alone", got.Effect.Estimate, want.effect, exact)
		primedNear(t, "share", float64(got.Share), want.effect/(-lost*(d+c)), exact)
		primedNear(t, "selectivity", float64(got.Selectivity), want.selectivity, exact)
		primedNear(t, "push", got.Push, want.push, exact)
		primedNear(t, "gain after dogs", got.Gain[0], want.gainA, exact)
		primedNear(t, "frozen", got.Frozen.Estimate, -want.effect, exact)
	}
	if dead := x.Neurons[2]; dead.P.Defined() || dead.Effect.Estimate != 0 || dead.Selectivity.Defined() || x.Tests != 2 {
		t.Errorf("the dead neuron: %+v, %d tests", dead, x.Tests)
	}
	primedNear(t, "layer 1 alone", r.Layers[0].Alone.Estimate, all.Effect.Estimate, exact)
	primedNear(t, "without layer 1", r.Layers[0].Frozen.Estimate, 0, 0)
	primedNear(t, "all contrast", x.Contrast, all.Effect.Estimate, exact)
	// Everything is linear in what the gains lack, which decays with τ.
	primedNear(t, "time constant", float64(r.Decay.Tau.Estimate), 3, 1e-3)
	primedNear(t, "late time constant", float64(r.Decay.Late.Estimate), 3, 1e-3)
	primedNear(t, "time constant of the gains", float64(r.Decay.Gains), 3, 1e-3)
	// Curves by their closed forms.
	for _, curve := range r.Curves {
		for _, point := range curve.Points {
			g, own := 0.0, true
			switch curve.Name {
			case "duration":
				g = tiredGain(1.5, 3, point.X, 1)
			case "fatigue":
				g = tiredGain(point.X, 3, 2, 1)
			case "delay":
				g = tiredGain(1.5, 3, 2, point.X)
			case "contrast": // at 0 both primes are the mean image
				g, own = 1, point.X == 0
			}
			if own {
				primedNear(t, curve.Name, point.Effect.Estimate, -(1-g)*(d+c), exact)
			}
		}
	}
	// Each target after itself: a dog (d, c) drives the neurons 2d and 2c and loses what they lack.
	self := 0.0
	for _, image := range targets {
		lack := func(v float64) float64 {
			end := 1 / (1 + 1.5*2*v)
			return (1 - end - (1-end)*math.Exp(-(1+1.5*2*v)*2/3)) * math.Exp(-1.0/3)
		}
		toward := 1.0
		if image[0] < image[1] {
			toward = -1
		}
		self -= toward * (lack(float64(image[0]))*float64(image[0]) - lack(float64(image[1]))*float64(image[1])) / 5
	}
	primedNear(t, "after itself", r.Own[0].Shift.Estimate, self, exact)
	primedNear(t, "after its class", r.Own[1].Shift.Estimate, -lost*(0.9+0.5+0.6+0.4+0.8)/5, exact)
	primedNear(t, "after the other class", r.Own[2].Shift.Estimate, lost*(0.1+0.4+0+0.3+0.1)/5, exact)
}

// TestAssimilationByHand: dogs also light pixel 2, whose neuron speaks against dog. Then y = 2d - s - c, and
// of a target that is mostly s the tired inhibition shows: after a dog y is higher by (1-g)·(s - 2d),
// after a cat by (1-g)·c: with (d, c, s) = (0.1, 0.2, 0.9) and (0.3, 0.2, 0.9) the effect is
// (1-g)·(0.9 - 0.4 - 0.2).
func TestAssimilationByHand(t *testing.T) {
	n := petNet([]float32{2, 0, -1}, []float32{0, 1, 0})
	set := primedSet(t, []float32{1, 0, 1}, []float32{0.1, 0.2, 0.9}, []float32{0.3, 0.2, 0.9})
	r := primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1, Recovery: 4}, Duration: 1})
	lost := 1 - tiredGain(1, 4, 1, 0)
	primedNear(t, "effect", r.Groups[0].Effect.Estimate, lost*0.3, 1e-6)
	if r.Verdict != Assimilation {
		t.Errorf("verdict %s", r.Verdict)
	}
	first := r.Neurons.Neurons[0]
	if first.Address != model.Neuron(1, 2) || first.Push >= 0 || float64(first.Selectivity) != 1 {
		t.Errorf("first neuron %+v, want 1:2, which dogs drive and which speaks for cats", first)
	}
	primedNear(t, "assimilation of 1:2", r.Neurons.Assimilation, lost*0.9, 1e-6)
	primedNear(t, "contrast of the others", r.Neurons.Contrast, -lost*0.6, 1e-6)
}

// TestWithoutFatigueNoPrimeMatters: exactly, whatever the network.
func TestWithoutFatigueNoPrimeMatters(t *testing.T) {
	n, set := petNet([]float32{1, 0, 0}, []float32{0, 1, 0}), primedSet(t, []float32{1, 0, 0}, []float32{0.9, 0.1, 0}, []float32{0.2, 0.7, 0.3})
	r := primed(t, n, set, PrimingOptions{Duration: 3})
	var zero ablate.Interval
	for _, g := range r.Groups {
		if g.Effect != zero || g.After != [2]ablate.Interval{} || g.P != 1 {
			t.Errorf("%s: %+v, want exactly 0 and p = 1", g.Name, g)
		}
	}
	for _, x := range r.Neurons.Neurons {
		if x.Effect != zero || x.P.Defined() {
			t.Errorf("%v: %+v", x.Address, x)
		}
	}
	if r.Verdict != Neither || r.Neurons.Tests != 0 || r.Decay.Tau.Estimate.Defined() || r.Answers.Effect != zero {
		t.Errorf("%d tests, τ %v, answers %+v", r.Neurons.Tests, r.Decay.Tau, r.Answers)
	}
}

// TestALesionUnderPriming: a silent neuron that nobody reads changes nothing; without the dog neuron
// the cat neuron's part is left, and no dog is answered rightly.
func TestALesionUnderPriming(t *testing.T) {
	n, set := petNet([]float32{1, -0.5, 0}, []float32{0, 1, 0}), primedSet(t, []float32{1, 0, 1}, []float32{0.9, 0.1, 0}, []float32{0.2, 0.7, 0.3})
	r := primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1}, Lesions: []model.Address{model.Neuron(1, 2)}})
	whole := primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1}})
	if r.Groups[0].Effect != whole.Groups[0].Effect { // nobody reads 1:2
		t.Errorf("the lesion of a neuron that nobody reads changed the effect from %+v to %+v", whole.Groups[0].Effect, r.Groups[0].Effect)
	}
	if r.Neurons.Tests != whole.Neurons.Tests {
		t.Errorf("%d and %d tests", r.Neurons.Tests, whole.Neurons.Tests)
	}
	r = primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1}, Lesions: []model.Address{model.Neuron(1, 0)}})
	if !slices.Contains(r.Warnings, "fewer than 2 select images of dog are answered rightly: wrong ones are primes too") {
		t.Errorf("without the dog neuron: warnings %q", r.Warnings)
	}
	// What is left is the cat neuron, at 1.5 for y, and cats: -(1-g)·1.5·(0.1+0.7)/2.
	primedNear(t, "without the dog neuron", r.Groups[0].Effect.Estimate, -(1-tiredGain(1, 4, 1, 0))*1.5*0.4, 1e-6)
}

// TestClassesMostConfusedArePrimed: of birds, cats and dogs, the network takes some dogs for cats.
func TestClassesMostConfusedArePrimed(t *testing.T) {
	n := modeltest.Wire(3, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, [][]float32{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}})
	n.Classes = []string{"bird", "cat", "dog"}
	s := datasets.Set{Channels: 3, Height: 1, Width: 1, Classes: n.Classes}
	for range 3 {
		for k := range 12 {
			image := make([]float32, 3)
			if image[k%3] = 1; k == 2 {
				image = []float32{0, 0.6, 0.5} // a dog that looks like a cat
			}
			s.Images, s.Labels = append(s.Images, image...), append(s.Labels, k%3)
		}
	}
	set, err := datasets.New(s, 12, 12, 12)
	if err != nil {
		t.Fatal(err)
	}
	r := primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1}})
	if r.Classes != [2]string{"dog", "cat"} || r.Confused != 1 || r.Targets != 8 {
		t.Errorf("%v, %d confused, %d targets; want dog and cat, 1, and 8 without birds", r.Classes, r.Confused, r.Targets)
	}
	if p := r.Primes; len(p) != 7 || p[0].Class != 0 || p[6].Class != 1 { // 3 dogs are answered rightly
		t.Errorf("primes %+v", p)
	}
	r = primed(t, n, set, PrimingOptions{Body: Body{Fatigue: 1}, Classes: []int{0, 2}, Targets: 5})
	if r.Classes != [2]string{"bird", "dog"} || r.Targets != 5 || r.Verdict != Contrast {
		t.Errorf("%v, %d targets, %s; want bird and dog, 5, contrast", r.Classes, r.Targets, r.Verdict)
	}
}

// keptStates is an experiment on a network with random weights, whose primes and targets are chosen by
// hand, so that nothing depends on what it has learned.
func keptStates(t *testing.T, n *model.Network, lesions []model.Address) *priming {
	images := modeltest.Images(n.Spec.Input, 60, 3)
	s := datasets.Set{Channels: n.Spec.Input[0], Height: n.Spec.Input[1], Width: n.Spec.Input[2], Classes: n.Classes, Images: images}
	for i := range 60 {
		s.Labels = append(s.Labels, i%len(n.Classes))
	}
	set, err := datasets.New(s, 10, 20, 30)
	if err != nil {
		t.Fatal(err)
	}
	p := preparePrimed(t, n, set, 0)
	e := &priming{Preparation: p, rates: RatesOf(p), tiring: Tiring(n), classes: [2]int{1, 0},
		o: PrimingOptions{Body: Body{Fatigue: 1.5, Recovery: 4}, Duration: 2, Delay: 0.5}}
	for _, a := range lesions {
		e.lesions = append(e.lesions, model.Zero(a))
	}
	for k := range 6 {
		e.primes = append(e.primes, Prime{Image: 10 + k, Class: k / 3})
	}
	for k := range 30 {
		e.targets = append(e.targets, 30+k)
	}
	e.pixels = e.images(e.targets)
	return e
}

// TestKeptStatesAgainstSequences: on every preset, lesioned or not, targets under the state that a prime
// has left answer as they do in a sequence run from the start.
func TestKeptStatesAgainstSequences(t *testing.T) {
	eachPreset(t, func(t *testing.T, n *model.Network, _ []float32) {
		for _, lesions := range [][]model.Address{nil, {model.Neuron(1, 3), model.Neuron(2, 0)}} {
			e := keptStates(t, n, lesions)
			states, err := e.usual(e.primeImages())
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.show(context.Background(), "", e.pixels, append([]gains{nil}, states...))
			if err != nil {
				t.Fatal(err)
			}
			moved := 0.0
			for k := range e.primes {
				logits, err := e.sequence(context.Background(), "", e.targets, e.o.Body, func(int) []float32 { return e.Set.Image(e.primes[k].Image) })
				if err != nil {
					t.Fatal(err)
				}
				for i := range e.targets {
					want := e.y(logits[i*len(n.Classes):])
					primedNear(t, "y", s.y[k+1][i], want, 2e-4*max(1, math.Abs(want)))
					moved = max(moved, math.Abs(want-s.y[0][i]))
				}
			}
			if moved < 0.01 {
				t.Errorf("no target moved by more than %v: the comparison shows nothing", moved)
			}
		}
	})
}

func TestOnlySomeTire(t *testing.T) {
	g := gains{nil, {0.5, 0.25}, {0.75}}
	if got := g.only(func(l, u int) bool { return l == 1 && u == 1 }); !reflect.DeepEqual(got, gains{nil, {1, 0.25}, {1}}) {
		t.Errorf("only 1:1: %v", got)
	}
	if got := g.onlyNeuron(model.Neuron(2, 0)); !reflect.DeepEqual(got, gains{nil, nil, {0.75}}) {
		t.Errorf("only 2:0: %v", got)
	}
	primedNear(t, "lacking", g.lacking(), (0.5+0.75+0.25)/3, 1e-12)
}

// TestPrimingInvariances: with A and B exchanged y changes its sign and the primes their classes: the effect is the same. Neither it
// nor anything else depends on workers.
func TestPrimingInvariances(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var targets [][]float32
	for range 40 {
		targets = append(targets, []float32{r.Float32(), r.Float32(), r.Float32()})
	}
	n, set := petNet([]float32{1, 0.3, -0.2}, []float32{-0.1, 1, 0.4}), primedSet(t, []float32{1, 0, 0.2}, targets...)
	o := PrimingOptions{Body: Body{Fatigue: 1}, CurveTargets: 20}
	run := func(workers int, seed uint64, classes []int) *Priming {
		p := preparePrimed(t, n, set, workers)
		p.Seed = seed
		o := o
		o.Classes = classes
		got, err := PrimingOf(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := run(1, 1, nil)
	text := func(r *Priming) string {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if text(first) != text(run(3, 1, nil)) {
		t.Error("the result depends on the number of workers")
	}
	if other := run(1, 2, nil); other.Groups[0].Effect.Estimate != first.Groups[0].Effect.Estimate || other.Groups[0].Effect.Low == first.Groups[0].Effect.Low {
		t.Errorf("seeds 1 and 2: %+v and %+v, want the same estimate and another interval", first.Groups[0].Effect, other.Groups[0].Effect)
	}
	swapped := run(1, 1, []int{0, 1})
	for k := range first.Groups[:2] {
		primedNear(t, "effect with A and B exchanged", swapped.Groups[k].Effect.Estimate, first.Groups[k].Effect.Estimate, 1e-9)
		primedNear(t, "shift with A and B exchanged", swapped.Groups[k].After[0].Estimate, -first.Groups[k].After[1].Estimate, 1e-9)
	}
	primedNear(t, "answers", swapped.Answers.Away[0], first.Answers.Away[1], 1e-9)
}

// TestExchangeIsCalibrated: primes that do not matter reach p ≤ 0.1 in a tenth of experiments.
func TestExchangeIsCalibrated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	classes := []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}
	const experiments = 600
	low := 0
	for k := range experiments {
		values := make([][]float64, len(classes))
		for p := range values {
			own := r.NormFloat64() // a prime has its effect, whatever its class
			for range 5 {
				values[p] = append(values[p], own+0.2*r.NormFloat64())
			}
		}
		if exchange(stats.Permutations{Count: 199, Seed: uint64(k)}, values, classes) <= 0.1 {
			low++
		}
	}
	// 60 expected, standard deviation 7.3.
	if low < 38 || low > 82 {
		t.Errorf("p ≤ 0.1 in %d of %d experiments, want about 60", low, experiments)
	}
}

// TestPigeonholeCovers: with an effect of each prime and each target and no true effect of classes,
// 95 % intervals that draw both include 0 about as often as they say; those that keep the primes do not.
func TestPigeonholeCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	classes := append(slices.Repeat([]int{0}, 16), slices.Repeat([]int{1}, 16)...)
	const experiments = 200
	both, targets := 0, 0
	for k := range experiments {
		values := make([][]float64, len(classes))
		for p := range values {
			own := r.NormFloat64()
			for range 20 {
				values[p] = append(values[p], own+0.5*r.NormFloat64())
			}
		}
		h := newPigeonhole(stats.Bootstrap{Resamples: 200, Seed: uint64(k)}, classes, 20)
		if i := h.effect(values, drawBoth); i.Low <= 0 && i.High >= 0 {
			both++
		}
		if i := h.effect(values, drawTargets); i.Low <= 0 && i.High >= 0 {
			targets++
		}
	}
	if both < 176 {
		t.Errorf("%d of %d intervals over primes and targets include 0, want about 188", both, experiments)
	}
	if targets > 150 {
		t.Errorf("%d of %d intervals over targets alone include 0: the test cannot tell them apart", targets, experiments)
	}
}

func TestDecayConstant(t *testing.T) {
	times := []float64{0, 1, 2, 4, 8}
	for _, tau := range []float64{0.3, 2, 50} {
		values := make([]float64, len(times))
		for k, x := range times {
			values[k] = -3 * math.Exp(-x/tau)
		}
		primedNear(t, "τ", decayConstant(times, values), tau, 1e-4*tau)
	}
}

// TestScrambledPrimes keep what they should, and nothing else.
func TestScrambledPrimes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const channels, height, width = 2, 6, 5
	image := make([]float32, channels*height*width)
	for k := range image {
		image[k] = 0.4 + 0.2*r.Float32() // in the middle, so that nothing is cut
	}
	area := height * width
	mixed := shuffled(image, channels, r)
	colours := func(image []float32) (all [][2]float32) {
		for k := range area {
			all = append(all, [2]float32{image[k], image[area+k]})
		}
		slices.SortFunc(all, func(a, b [2]float32) int { return slices.Compare(a[:], b[:]) })
		return all
	}
	if slices.Equal(mixed, image) || !slices.Equal(colours(mixed), colours(image)) {
		t.Error("shuffling changes colours, or nothing")
	}
	strange := scrambled(image, height, width, r)
	if slices.Equal(strange, image) {
		t.Error("scrambling changes nothing")
	}
	for c := range channels {
		spectrum := func(image []float32) []complex128 {
			plane := make([]complex128, area)
			for k := range plane {
				plane[k] = complex(float64(image[c*area+k]), 0)
			}
			copy(plane, newFourier(height, width).transform(plane, false))
			return plane
		}
		a, b := spectrum(image), spectrum(strange)
		primedNear(t, "mean", real(b[0]), real(a[0]), 1e-4)
		for k := range a {
			primedNear(t, "amplitude", math.Hypot(real(b[k]), imag(b[k])), math.Hypot(real(a[k]), imag(a[k])), 1e-4)
		}
	}
	if got := blend([]float32{1, 0}, []float32{0, 1}, 1); !slices.Equal(got, []float32{1, 0}) {
		t.Errorf("full contrast gives %v", got)
	}
}

func TestPrimingRefusesNonsense(t *testing.T) {
	n, set := petNet([]float32{1, 0, 0}, []float32{0, 1, 0}), primedSet(t, []float32{1, 0, 0}, []float32{0.9, 0.1, 0}, []float32{0.1, 0.9, 0})
	p := preparePrimed(t, n, set, 0)
	for _, c := range []struct {
		o    PrimingOptions
		want string
	}{
		{PrimingOptions{Body: Body{Fatigue: -1}}, "fatigue -1"},
		{PrimingOptions{Body: Body{Noise: 1}}, "only fatigue remembers"},
		{PrimingOptions{Duration: -1}, "shown for -1"},
		{PrimingOptions{Delay: math.NaN()}, "a delay of NaN"},
		{PrimingOptions{Primes: 1}, "1 primes a class"},
		{PrimingOptions{Classes: []int{1, 1}}, "class 1 twice"},
		{PrimingOptions{Classes: []int{1, 2}}, "class 2 (there are 0 to 1)"},
		{PrimingOptions{Choice: "best"}, `primes "best"`},
		{PrimingOptions{Lesions: []model.Address{model.Neuron(9, 0)}}, "layer 9 not in model"},
	} {
		if _, err := PrimingOf(context.Background(), p, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := PrimingOf(ctx, p, PrimingOptions{Body: Body{Fatigue: 1}}); err == nil {
		t.Error("a cancelled experiment gave a result")
	}
}
