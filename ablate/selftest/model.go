package selftest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func modelCases() []Case {
	cases := []Case{
		{"model", "convolution, pooling, skip, average", "by hand", []float64{4, 1, 4, 4, 3.75}, 1e-6, byHand},
		{"model", "a cut edge into a sum that reads it twice", "by hand", []float64{0, 10}, 0, sumTwice},
		// Activities (3, 1) on a positive and (1, 0) on a negative image; θ = 2, τ = √2: margins 8/√2 and 1/√2.
		{"model", "forward-forward: loss of a layer", "by hand", []float64{(math.Log1p(math.Exp(-8/math.Sqrt2)) + math.Log1p(math.Exp(-1/math.Sqrt2))) / 2}, 1e-6, goodness},
		{"model", "saved and read back: same digest", "identity", []float64{1}, 0, savedAndRead},
	}
	for _, p := range model.Presets {
		spec, err := model.Preset(p.Name, model.Shape{3, 16, 16}, 3)
		if err != nil {
			panic(err) // a preset of ours
		}
		add := func(name, source string, tolerance float64, run func(context.Context, model.Spec) (float64, error)) {
			cases = append(cases, Case{"model", p.Name + ": " + name, source, []float64{0}, tolerance, func(ctx context.Context) ([]float64, error) {
				worst, err := run(ctx, spec)
				return []float64{worst}, err
			}})
		}
		add("activations, largest error", "plain loops in float64", 1e-5, againstLoops)
		add("gradients, largest error", "finite differences", 1e-3, againstDifferences)
		add("a cut edge, largest error", "the weight set to 0", 1e-5, cutEdges)
		add("fast sweep, largest error", "one run a lesion", 1e-5, sweepAgainstSession)
		add("sham of every neuron, bits that differ", "identity", 0, shamBits)
		add("1 and 3 workers, bits that differ", "identity", 0, workersBits)
	}
	return cases
}

// byHand runs 1 0 / -1 2 through z = 1 + x[y-1][x-1] + 2·x[y-1][x] - x[y][x] over a padded 3×3 map,
//
//	0 1 1 / 4 0 1 / -1 4 3, after ReLU and 2×2 maxima 4 1 / 4 4,
//
// adds the input, and averages: (5 + 1 + 3 + 6)/4.
func byHand(context.Context) ([]float64, error) {
	spec := model.Spec{Name: "hand", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv2D, Units: 1, Kernel: 2, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2, Stride: 1}},
		{Name: "sum", Kind: model.Add, Inputs: []int{0, 1}, Activation: model.Identity, Pool: &model.Pool{Kind: model.GlobalAveragePool}},
	}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 2, 0, -1}, Bias: []float32{1}}, {}}, []float32{0.5}, []float32{0.25}, []string{"only"})
	if err != nil {
		return nil, err
	}
	trace := &model.Trace{Out: []int{1, 2}}
	_, err = model.NewSession(n).Run([]float32{0.75, 0.5, 0.25, 1}, 0, nil, trace)
	return append(widened(trace.Output(1)), widened(trace.Output(2))...), err
}

// sumTwice adds the pixels 3 and 5 to themselves and cuts the first one's edge: all it brings goes.
func sumTwice(context.Context) ([]float64, error) {
	spec := model.Spec{Name: "twice", Input: model.Shape{2, 1, 1}, Layers: []model.Layer{
		{Name: "sum", Kind: model.Add, Inputs: []int{0, 0}, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {}}, []float32{0, 0}, []float32{1, 1}, []string{"A", "B"})
	if err != nil {
		return nil, err
	}
	logits, err := model.NewSession(n).Run([]float32{3, 5}, 0, []model.Edit{cut(model.Neuron(0, 0), model.Neuron(1, 0))}, nil)
	return widened(logits), err
}

func cut(from, to model.Address) model.Edit {
	return model.Edit{Target: to, From: &from, Keep: model.Constant(0), Fill: model.Constant(0)}
}

func savedAndRead(context.Context) ([]float64, error) {
	spec, err := model.Preset("resnet", model.Shape{3, 16, 16}, 3)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "neuroprobe-selftest-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	n, path := modeltest.Random(spec, 1), filepath.Join(dir, "model.safetensors")
	if err := n.Save(path); err != nil {
		return nil, err
	}
	read, err := model.Load(path)
	if err != nil {
		return nil, err
	}
	return []float64{is(read.Digest() == n.Digest())}, nil
}

// againstLoops compares every layer's activations on a few images with plain loops, relative to their size.
func againstLoops(_ context.Context, spec model.Spec) (float64, error) {
	const images = 5
	n, x := modeltest.Random(spec, 2), modeltest.Images(spec.Input, images, 3)
	trace := &model.Trace{}
	for l := 1; l <= n.Depth(); l++ {
		trace.Post = append(trace.Post, l)
	}
	if _, err := model.NewSession(n).Run(x, 0, nil, trace); err != nil {
		return 0, err
	}
	worst := 0.0
	for i := range images {
		_, act, _ := modeltest.Forward(n, part(x, i, images))
		for l := 1; l <= n.Depth(); l++ {
			worst = max(worst, apart(part(trace.Activation(l), i, images), act[l]))
		}
	}
	return worst, nil
}

// apart is the largest difference, relative to the largest value where that is above 1.
func apart(got []float32, want []float64) float64 {
	worst, scale := 0.0, 1.0
	for k, w := range want {
		worst, scale = max(worst, math.Abs(float64(got[k])-w)), max(scale, math.Abs(w))
	}
	return worst / scale
}

// againstDifferences moves activations and pixels a little, one at a time, and compares the gradient of
// the first logit with its change. Where a ReLU or a maximum switches in between, the gradient lies
// between the differences to both sides.
func againstDifferences(_ context.Context, spec model.Spec) (float64, error) {
	const step = 1e-5
	n, x := modeltest.Random(spec, 4), modeltest.Images(spec.Input, 1, 5)
	g, err := model.NewGradients(n, 1, model.WeightedLogits, model.Wanted{Activations: true})
	if err != nil {
		return 0, err
	}
	defer g.Close()
	if _, err := g.Run(n.Normalise(x), []float32{1, 0, 0}); err != nil {
		return 0, err
	}
	logit := func(nudges ...modeltest.Nudge) float64 {
		_, _, out := modeltest.Forward(n, x, nudges...)
		return out[n.Depth()][0]
	}
	middle, worst := logit(), 0.0
	for l := 0; l <= n.Depth(); l++ {
		d := g.Activation(l)
		for at := 0; at < len(d); at += 1 + len(d)/4 {
			right := (logit(modeltest.Nudge{Layer: l, Index: at, Delta: step}) - middle) / step
			left := (middle - logit(modeltest.Nudge{Layer: l, Index: at, Delta: -step})) / step
			low, high := min(left, right), max(left, right)
			worst = max(worst, low-float64(d[at]), float64(d[at])-high)
		}
	}
	return worst, nil
}

// cutEdges cuts edges into every layer that is cut into edges and has weights, and compares the receiving layer's pre-activations with those
// of plain loops whose weights of the edge are 0.
func cutEdges(_ context.Context, spec model.Spec) (float64, error) {
	n, x := modeltest.Random(spec, 6), modeltest.Images(spec.Input, 1, 7)
	worst := 0.0
	for l := 1; l <= n.Depth(); l++ {
		if n.Layer(l).Kind == model.Add || n.Steps(l) > 0 {
			continue
		}
		in := n.Geometry(l).Inputs[0]
		from, to := model.Neuron(in, n.Geometry(in).Out[0]-1), model.Neuron(l, n.Geometry(l).Act[0]/2)
		trace := &model.Trace{Pre: []int{l}}
		if _, err := model.NewSession(n).Run(x, 0, []model.Edit{cut(from, to)}, trace); err != nil {
			return 0, err
		}
		clear(n.Synapses(from, to))
		pre, _, _ := modeltest.Forward(n, x)
		worst = max(worst, apart(trace.PreActivation(l), pre[l]))
		n = modeltest.Random(spec, 6)
	}
	return worst, nil
}

// lesions are operations of every kind at random places of a network.
func lesions(n *model.Network, images int, seed uint64) []model.Arm {
	r := rand.New(rand.NewPCG(seed, 0x6c6573)) // "les"
	var arms []model.Arm
	for l := 1; l <= n.Depth(); l++ {
		shape := n.Geometry(l).Act
		unit := func() model.Address { return model.Neuron(l, r.IntN(shape[0])) }
		noise := make([]float32, images)
		for i := range noise {
			noise[i] = float32(r.NormFloat64())
		}
		position, in := unit(), n.Geometry(l).Inputs[0]
		position.Row, position.Col = r.IntN(shape[1]), r.IntN(shape[2])
		for _, e := range []model.Edit{
			model.Zero(unit()),
			model.Zero(position),
			{Target: unit(), Keep: model.Constant(0), Fill: model.Constant(0.7)},
			{Target: unit(), Keep: model.Constant(0.5), Fill: model.Constant(0)},
			{Target: unit(), Keep: model.Constant(1), Fill: model.Level{Values: noise, PerImage: true}},
			model.Zero(model.Address{Layer: l, Unit: model.AllUnits, Row: model.AllPositions, Col: model.AllPositions}),
			cut(model.Neuron(in, r.IntN(n.Geometry(in).Out[0])), unit()),
		} {
			if e.From == nil || n.Steps(l) == 0 { // no edge leads into a recurrent layer
				arms = append(arms, model.Arm{Edits: []model.Edit{e}})
			}
		}
		later := model.Neuron(n.Depth(), r.IntN(len(n.Classes)))
		if l < n.Depth() {
			arms = append(arms, model.Arm{Edits: []model.Edit{model.Zero(unit()), model.Zero(later)}})
		}
		arms = append(arms, model.Arm{Patches: []model.Address{unit()}})
	}
	return arms
}

// sweepAgainstSession compares logits under lesions of every kind, relative to their size.
func sweepAgainstSession(ctx context.Context, spec model.Spec) (float64, error) {
	const images = 12
	n, x := modeltest.Random(spec, 8), modeltest.Images(spec.Input, images, 9)
	arms, sources := lesions(n, images, 10), []model.Source{{Images: modeltest.Images(spec.Input, images, 11)}}
	want, err := modeltest.Sweep(n, x, arms, sources)
	if err != nil {
		return 0, err
	}
	got, err := swept(ctx, n, x, arms, model.SweepOptions{Sources: sources})
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for k := range arms {
		worst = max(worst, apart(part(got, k, len(arms)), widened(part(want, k, len(arms)))))
	}
	return worst, nil
}

// swept are a sweep's logits, arms × images × classes.
func swept(ctx context.Context, n *model.Network, images []float32, arms []model.Arm, o model.SweepOptions) ([]float32, error) {
	total, classes := len(images)/n.Spec.Input.Size(), len(n.Classes)
	out := make([]float32, len(arms)*total*classes)
	err := n.Sweep(ctx, images, arms, o, func(b model.SweepBatch) {
		for k := range arms {
			copy(out[(k*total+b.First)*classes:], part(b.Logits, k, len(arms)))
		}
	})
	return out, err
}

// shamBits gives every neuron back what it fires, and counts logits with another bit than the intact ones.
func shamBits(ctx context.Context, spec model.Spec) (float64, error) {
	n, x := modeltest.Random(spec, 12), modeltest.Images(spec.Input, 20, 13)
	var arms []model.Arm
	for l := 1; l <= n.Depth(); l++ {
		for u := range n.Geometry(l).Act[0] {
			arms = append(arms, model.Arm{Edits: []model.Edit{model.Sham(model.Neuron(l, u))}})
		}
	}
	var lock sync.Mutex
	changed := 0
	err := n.Sweep(ctx, x, arms, model.SweepOptions{}, func(b model.SweepBatch) {
		differ := 0
		for k := range arms {
			differ += differing(part(b.Logits, k, len(arms)), b.Intact)
		}
		lock.Lock()
		defer lock.Unlock()
		changed += differ
	})
	return float64(changed), err
}

func workersBits(ctx context.Context, spec model.Spec) (float64, error) {
	const images = 40
	n, x := modeltest.Random(spec, 14), modeltest.Images(spec.Input, images, 15)
	arms, sources := lesions(n, images, 16), []model.Source{{Images: modeltest.Images(spec.Input, images, 17)}}
	one, err := swept(ctx, n, x, arms, model.SweepOptions{Sources: sources, Workers: 1})
	if err != nil {
		return 0, err
	}
	three, err := swept(ctx, n, x, arms, model.SweepOptions{Sources: sources, Workers: 3})
	return float64(differing(one, three)), err
}

// differing counts values that differ in a bit.
func differing(a, b []float32) (count int) {
	for k, v := range a {
		if math.Float32bits(v) != math.Float32bits(b[k]) {
			count++
		}
	}
	return count
}

// part is the k-th of so many equal parts.
func part[T any](values []T, k, parts int) []T {
	size := len(values) / parts
	return values[k*size : (k+1)*size]
}

func widened(values []float32) []float64 {
	var out []float64
	for _, v := range values {
		out = append(out, float64(v))
	}
	return out
}

// must is for sets and addresses of our own making.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint("selftest: ", err))
	}
	return v
}

func goodness(context.Context) ([]float64, error) {
	g, err := model.NewGradients(modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}), 2, model.Goodness, model.Wanted{Params: true})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	loss, err := g.Run([]float32{3, 1, 1, 0}, []float32{1, -1})
	return []float64{loss}, err
}
