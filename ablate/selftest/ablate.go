package selftest

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func ablateCases() []Case {
	// lost is what two lesions cost at inputs of 1: alone, alone, together, and their epistasis.
	lost := func(name, neurons string, n *model.Network, pixels []float32, want ...float64) Case {
		return Case{"ablate", name + ": Δ(a), Δ(b), Δ(ab), ε", "by hand", want, 1e-6, func(ctx context.Context) ([]float64, error) {
			return epistasis(ctx, n, onlyB(40, pixels...), neurons)
		}}
	}
	one := []float32{1, 1}
	by := func(name string, tolerance float64, run func(context.Context) ([]float64, error), want ...float64) Case {
		return Case{"ablate", name, "by hand", want, tolerance, run}
	}
	return []Case{
		//                            intact  without a  without b  without both
		// OR   1-relu(1-(a+b))            1          1          1             0
		// AND  relu(a+b-1)                1          0          0             0
		// XOR  relu(a+b)-2relu(a+b-1)     0          1          1             0
		lost("OR", "1:0-1", orGate(), one, 0, 0, 1, 1),
		lost("AND", "1:0-1", andGate(), one, 1, 1, 1, -1),
		lost("XOR", "1:0-1", xorGate(), one, -1, -1, 0, 2),
		// Both copy pixel 0 and feed an OR: neither is missed alone.
		lost("redundant pair", "1:0-1", modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{-1, -1, 1}}, [][]float32{silent(1), {-1, 1}}), one[:1], 0, 0, 1, 1),
		// b sees what a sees, but nobody reads it.
		lost("decoy", "1:0-1", modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 0, 0}}, [][]float32{silent(1), {1, 0}}), one[:1], 1, 0, 1, 0),
		// relu(a-b): the loss of b sets a free.
		lost("inhibition", "1:0-1", gate([][]float32{{1, -1, 0}}, 1, 0), one, 0, -1, 0, 1),
		lost("chain", "1:0,2:0", modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{2, 0}}, [][]float32{silent(1), {1, 0}}), one[:1], 2, 2, 2, -2),
		// Of 4, the loss of 1:0 leaves 2 (half of it went through 2:0), of 2:0 3, of both 2; on both branches 3:0 is the only way.
		lost("skip connection, 1:0 and 2:0", "1:0,2:0", skipping(), one, 2, 1, 2, -1),
		lost("skip connection, 1:0 and 3:0", "1:0,3:0", skipping(), one, 2, 2, 2, -2),

		// It lights on 20 right and 3 wrong images of 40: 2·P(X ≤ 3 | 23, ½) = 2⁻¹¹. The light adds up to 15.8 on B, 3.64 on A.
		by("lesion of a detector: flips, McNemar p", 1e-15, detectorFlips, 20, 3, math.Ldexp(1, -11)),
		by("the same: Δ accuracy, Δ logit difference", 1e-6, detectorEffects, -17./40, (3.64-15.8)/40),
		by("the same in a fast sweep", 1e-6, detectorSweep, -17./40, (3.64-15.8)/40),
		{"ablate", "sweep of all neurons, largest error", "one run a lesion", []float64{0}, 1e-5, sweepAgainstLesions},
		{"ablate", "sham of a lesion, of pairs: bit-identical", "identity", []float64{1, 1}, 0, shams},
		// Lit on half of select and on no confirm image: zero takes nothing; the mean, ½, turns 20 of 50 answers.
		by("unit silent on confirm: Δ accuracy, zero, mean", 1e-6, silentUnit, 0, -20./50),
		// Dose d takes d·15.8 of light from 28 images of B; -1 doubles it.
		by("doses −1, ½ and 1 of a linear unit: effects", 1e-6, doses, 15.8/28, -7.9/28, -15.8/28),
		// Its mean over select, ¾, gives B's images ¼ and A's −¼: 0.1 on average, of −0.2 without it and 0.104 with it.
		by("rescue by own, mean, same class: recovered", 1e-5, rescues, 1, (0.1+0.2)/(0.104+0.2), 1),
		by("Shapley values of OR, AND and a decoy", 1e-6, shapleyOfGates, 0.5, 0.5, 0.5, 0.5, 0),
		{"ablate", "Shapley values: Σφ − (v(all) − v(none))", "efficiency", []float64{0}, 1e-9, efficiency},
		by("patching an input of AND: recovered, damaged", 1e-6, patching([][]float32{{1, 1, 0, -1}}, 1, 0), 0, 1),
		by("patching an input of OR: recovered, damaged", 1e-6, patching([][]float32{{-1, -1, 0, 1}}, -1, 1), 1, 0),
		// A cat unit's loss costs cats 0.8 and dogs nothing, and the reverse; none of 199 shuffles reaches that.
		by("double dissociation: losses of a, of b", 1e-6, dissociated(func(d *ablate.Dissociation) []float64 {
			return []float64{d.Lost[0][0].Estimate, d.Lost[0][1].Estimate, d.Lost[1][0].Estimate, d.Lost[1][1].Estimate}
		}), 0.8, 0, 0, 0.8),
		by("double dissociation: interaction, p", 1e-6, dissociated(func(d *ablate.Dissociation) []float64 {
			return []float64{d.Interaction.Estimate, float64(d.P)}
		}), 1.6, 1./200),
		{"ablate", "labels at random: lesions found significant", "negative control", []float64{0}, 0, randomLabels},
		{"ablate", "1 and 3 workers: same experiment and sweep", "identity", []float64{1, 1}, 0, ablateWorkers},
	}
}

// few are options with few resamples.
func few() ablate.Options {
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 200, 199
	return o
}

func epistasis(ctx context.Context, n *model.Network, set *datasets.Set, neurons string) ([]float64, error) {
	o := ablate.PairsOptions{Options: few(), Neurons: must(n.ParseAddresses(neurons))}
	o.Metric = "logit-diff:B"
	r, err := ablate.Pairs(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	x := r.Pairs[0]
	return []float64{x.LostA, x.LostB, x.Lost.Estimate, x.Epistasis.Estimate}, nil
}

// detector answers B where pixel 0 is brighter than ½: h₀ = relu(x₀), logits (½, h₀). h₁ = relu(x₁) is a decoy that
// nobody reads, h₂ is dead.
func detector() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}, [][]float32{{0, 0, 0, 0.5}, {1, 0, 5, 0}})
}

// lights has 28 images of B, 20 of them answered rightly (lights 0.55, 0.57 … 0.93), and 12 of A, three of them
// wrongly. On select 4 images of A are dark and 12 of B lit by 1.
func lights() *datasets.Set {
	var confirm []stimulus
	add := func(class int, light float32) {
		confirm = append(confirm, stimulus{class: class, pixels: []float32{light, float32(len(confirm) % 2)}})
	}
	for i := range 20 {
		add(1, 0.55+0.02*float32(i))
	}
	for _, light := range []float32{0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0} {
		add(1, light)
	}
	for _, light := range []float32{1, 0.96, 0.98, 0.25, 0.45, 0, 0, 0, 0, 0, 0, 0} {
		add(0, light)
	}
	return shown(nil, slices.Concat(times(4, 0, 0, 0), times(6, 1, 1, 0)), slices.Concat(times(4, 0, 0, 0), times(12, 1, 1, 0)), confirm)
}

// operated is the whole experiment on one neuron.
func operated(ctx context.Context, n *model.Network, set *datasets.Set, neuron string, o ablate.Options) (*ablate.Operation, error) {
	p, err := ablate.Prepare(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	return ablate.Operate(ctx, p, must(n.ParseAddresses(neuron)))
}

// change is that of a measure, by name.
func change(measures []ablate.Measure, name string) float64 {
	k := slices.IndexFunc(measures, func(m ablate.Measure) bool { return m.Name == name })
	return measures[k].Change
}

func detectorFlips(ctx context.Context) ([]float64, error) {
	r, err := ablate.Lesion(ctx, detector(), lights(), []model.Address{model.Neuron(1, 0)}, few())
	if err != nil {
		return nil, err
	}
	f := r.Flips
	return []float64{float64(f.CorrectToWrong), float64(f.WrongToCorrect), f.McNemarP}, nil
}

func detectorEffects(ctx context.Context) ([]float64, error) {
	r, err := ablate.Lesion(ctx, detector(), lights(), []model.Address{model.Neuron(1, 0)}, few())
	if err != nil {
		return nil, err
	}
	return []float64{change(r.Measures, "accuracy"), change(r.Measures, "logit difference")}, nil
}

// neuronSweep zeroes every hidden neuron in turn.
func neuronSweep(ctx context.Context, n *model.Network, set *datasets.Set, o ablate.Options) (*ablate.SweepResult, error) {
	p, err := ablate.Prepare(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	return ablate.Sweep(ctx, p, ablate.SweepOptions{Kinds: []ablate.Kind{ablate.Zero}, NoCurves: true})
}

func detectorSweep(ctx context.Context) ([]float64, error) {
	r, err := neuronSweep(ctx, detector(), lights(), few())
	if err != nil {
		return nil, err
	}
	l := r.Neurons[0].Lesion(ablate.Zero)
	return []float64{float64(l.Accuracy.Estimate), float64(l.LogitDiff.Estimate)}, nil
}

// randomNet is a small convolutional network with random weights, and blobs of light to the left and right.
func randomNet(seed uint64) (*model.Network, *datasets.Set) {
	set := modeltest.Blobs(model.Shape{1, 8, 8}, 20, 40, 60, seed)
	n := modeltest.Random(model.Spec{Name: "random", Input: model.Shape{1, 8, 8}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 6, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "dense2", Kind: model.Dense, Units: 12, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, seed)
	n.Classes = set.Classes
	return n, set
}

// sweepAgainstLesions compares a sweep's changes with those of one lesion at a time.
func sweepAgainstLesions(ctx context.Context) ([]float64, error) {
	n, set := randomNet(1)
	o := few()
	o.Resamples = 100
	r, err := neuronSweep(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	worst := 0.0
	for _, u := range r.Neurons {
		one, err := ablate.Lesion(ctx, n, set, []model.Address{u.Address}, o)
		if err != nil {
			return nil, err
		}
		l := u.Lesion(ablate.Zero)
		for _, pair := range [][2]float64{
			{float64(l.Accuracy.Estimate), change(one.Measures, "accuracy")},
			{float64(l.CrossEntropy.Estimate), change(one.Measures, "cross-entropy")},
			{float64(l.LogitDiff.Estimate), change(one.Measures, "logit difference")},
		} {
			worst = max(worst, math.Abs(pair[0]-pair[1]))
		}
	}
	return []float64{worst}, nil
}

// shams would be errors if they changed a bit.
func shams(ctx context.Context) ([]float64, error) {
	n, set := randomNet(2)
	lesion, err := ablate.Lesion(ctx, n, set, []model.Address{model.Neuron(1, 3)}, few())
	if err != nil {
		return nil, err
	}
	o := ablate.PairsOptions{Options: few(), Top: 4}
	pairs, err := ablate.Pairs(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	return []float64{is(lesion.Sham.Identical), is(pairs.Sham.Identical)}, nil
}

// sensor answers B where its two pixels together are brighter than ½.
func sensor() *model.Network {
	return modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0.5}, {1, 1, 0}})
}

func silentUnit(ctx context.Context) ([]float64, error) {
	set := shown(nil, append(times(1, 0, 0, 0), times(1, 1, 1, 0)...), []stimulus{{class: 0, pixels: []float32{0, 1}}, {class: 0, pixels: []float32{0, 0}}, {class: 1, pixels: []float32{1, 1}}, {class: 1, pixels: []float32{1, 0}}},
		slices.Concat(times(20, 0, 0.25, 0), times(30, 1, 0.75, 0)))
	r, err := operated(ctx, sensor(), set, "1:1", few())
	if err != nil {
		return nil, err
	}
	kinds := r.Kinds()
	return []float64{change(kinds[0].Measures, "accuracy"), change(kinds[1].Measures, "accuracy")}, nil
}

func doses(ctx context.Context) ([]float64, error) {
	r, err := operated(ctx, detector(), lights(), "1:0", few())
	if err != nil {
		return nil, err
	}
	c := r.Dose.Curves[slices.IndexFunc(r.Dose.Curves, func(c ablate.DoseCurve) bool { return c.Images == ablate.OnClass })]
	var got []float64
	for _, d := range []float64{-1, 0.5, 1} {
		got = append(got, c.Effects[slices.Index(r.Dose.Doses, d)].Estimate)
	}
	return got, nil
}

func rescues(ctx context.Context) ([]float64, error) {
	r, err := operated(ctx, detector(), lights(), "1:0", few())
	if err != nil {
		return nil, err
	}
	var got []float64
	for _, arm := range r.Rescue.Arms[:3] {
		got = append(got, arm.Recovery.Estimate)
	}
	return got, nil
}

// shapleyNet is OR(a,b) + AND(c,d) − ¼ on the logit of B; e is a decoy.
func shapleyNet() *model.Network {
	return modeltest.Wire(5,
		[][]float32{{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0}, {0, 0, 1, 0, 0, 0}, {0, 0, 0, 1, 0, 0}, {0, 0, 0, 0, 1, 0}},
		[][]float32{{-1, -1, 0, 0, 0, 1}, {0, 0, 1, 1, 0, -1}},
		[][]float32{silent(2), {-1, 1, 0.75}})
}

func shapley(ctx context.Context, n *model.Network, set *datasets.Set, neurons, metric string) (*ablate.ShapleyResult, error) {
	o := few()
	o.Metric = metric
	p, err := ablate.Prepare(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	return p.Shapley(ctx, must(n.ParseAddresses(neurons)), ablate.ShapleyOptions{})
}

func shapleyOfGates(ctx context.Context) ([]float64, error) {
	r, err := shapley(ctx, shapleyNet(), onlyB(40, 1, 1, 1, 1, 1), "1:0-4", "logit-diff:B")
	if err != nil {
		return nil, err
	}
	got := make([]float64, len(r.Units))
	for _, u := range r.Units {
		got[u.Address.Unit] = u.Value.Estimate
	}
	return got, nil
}

// efficiency adds up the values of units of two layers of a random network.
func efficiency(ctx context.Context) ([]float64, error) {
	n, set := randomNet(3)
	r, err := shapley(ctx, n, set, "1:0-3,2:0-3", "cross-entropy")
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, u := range r.Units {
		sum += u.Value.Estimate
	}
	return []float64{sum - (r.All - r.None)}, nil
}

// patching patches one of two copies of pixel 0 that a gate reads, on twins that differ in it. The third unit
// copies pixel 1 and has no part.
func patching(hidden [][]float32, output ...float32) func(context.Context) ([]float64, error) {
	return func(ctx context.Context) ([]float64, error) {
		n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {1, 0, 0}, {0, 1, 0}}, hidden, [][]float32{silent(len(hidden)), output})
		var split []stimulus
		for i := range 40 { // the spot is in 5 of 20 A and 15 of 20 B
			class, lit := i/20, i%20 < 5+10*(i/20)
			split = append(split, stimulus{class, []bool{lit}, []float32{float32(is(lit)), float32(i % 2)}})
		}
		set := shown([]string{"spot"}, split, split, split)
		set = set.WithTwins(func(image, _ int) []float32 {
			twin := slices.Clone(set.Image(image))
			twin[0] = 1 - twin[0]
			return twin
		})
		p, err := ablate.Prepare(ctx, n, set, few())
		if err != nil {
			return nil, err
		}
		r, err := p.Patch(ctx, [][]model.Address{{model.Neuron(1, 0)}}, ablate.PatchOptions{Features: []int{0}})
		if err != nil {
			return nil, err
		}
		u := r.Sets[0].Units[0]
		return []float64{float64(u.Denoising.Share), float64(u.Noising.Share)}, nil
	}
}

// dissociated has a unit for each class, and images of brightness 0.61, 0.63 … 0.99: 0.8 on average.
func dissociated(read func(*ablate.Dissociation) []float64) func(context.Context) ([]float64, error) {
	return func(ctx context.Context) ([]float64, error) {
		var split []stimulus
		for i := range 20 {
			v := 0.61 + 0.02*float32(i)
			split = append(split, stimulus{class: 0, pixels: []float32{v, 0}}, stimulus{class: 1, pixels: []float32{0, v}})
		}
		copies := [][]float32{{1, 0, 0}, {0, 1, 0}}
		n, set := modeltest.Wire(2, copies, copies), shown(nil, split, split, split)
		a, b := model.Neuron(1, 0), model.Neuron(1, 1)
		o := ablate.DissociateOptions{Options: few(), A: &a, B: &b}
		var err error
		if o.Outcomes, err = ablate.ParseOutcomes(set, ""); err != nil {
			return nil, err
		}
		r, err := ablate.Dissociate(ctx, n, set, o)
		if err != nil {
			return nil, err
		}
		return read(r), nil
	}
}

// randomLabels sweeps a random network over images whose labels are thrown by a coin: what a lesion does to the logits
// has nothing to do with which is right. At a false discovery rate of 5 % a sweep finds something with a chance of
// 1 in 20 at most; this seed finds nothing.
func randomLabels(ctx context.Context) ([]float64, error) {
	n, set := randomNet(4)
	r := rand.New(rand.NewPCG(4, 0x636f696e)) // "coin"
	s := datasets.Set{Channels: 1, Height: 8, Width: 8, Classes: set.Classes, Images: set.Images}
	for range set.Len() {
		s.Labels = append(s.Labels, r.IntN(2))
	}
	sweep, err := neuronSweep(ctx, n, must(datasets.New(s, 20, 40, 60)), few())
	if err != nil {
		return nil, err
	}
	found := 0.0
	for _, u := range sweep.Neurons {
		l := u.Lesion(ablate.Zero)
		found += is(l.Accuracy.Significant() || l.LogitDiff.Significant())
	}
	return []float64{found}, nil
}

func ablateWorkers(ctx context.Context) ([]float64, error) {
	n, set := randomNet(5)
	texts := map[int][2]string{}
	for _, workers := range []int{1, 3} {
		o := few()
		o.Workers = workers
		operation, err := operated(ctx, n, set, "1:2", o)
		if err != nil {
			return nil, err
		}
		sweep, err := neuronSweep(ctx, n, set, o)
		if err != nil {
			return nil, err
		}
		texts[workers] = [2]string{string(must(json.Marshal(operation))), string(must(json.Marshal(sweep)))}
	}
	return []float64{is(texts[1][0] == texts[3][0]), is(texts[1][1] == texts[3][1])}, nil
}
