package selftest

import (
	"context"
	"math"
	"slices"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func circuitCases() []Case {
	lit, dark := []float32{1, 1}, []float32{0, 0}
	and := modeltest.Wire(2, [][]float32{{1, 1, -1}}, [][]float32{silent(1), {1, 0}})
	or := modeltest.Wire(2, [][]float32{{-1, -1, 1}}, [][]float32{silent(1), {-1, 1}})
	// a by one way, twice b by another, and a copy of a that nobody reads.
	chains := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {1, 0, 0}}, [][]float32{silent(3), {1, 2, 0, 0}})
	// of has a method's scores of some edges, and then how many other edges have any.
	of := func(m circuit.Method, n *model.Network, edges ...string) func(context.Context) ([]float64, error) {
		return func(ctx context.Context) ([]float64, error) {
			t, err := wiring(ctx, n, lit, dark)
			if err != nil {
				return nil, err
			}
			return scoresOf(ctx, m, t, edges)
		}
	}
	by := func(name string, tolerance float64, run func(context.Context) ([]float64, error), want ...float64) Case {
		return Case{"circuit", name, "by hand", want, tolerance, run}
	}
	way := []string{"0:0->1:0", "0:1->1:0", "1:0->2:1"}
	both := []string{"0:0->1:0", "0:1->1:1", "1:0->2:1", "1:1->2:1"}
	return []Case{
		// With the corrupted input in one edge at a time: relu(a+b−1) is lost without either, 1−relu(1−a−b) with
		// neither; restored into the corrupted run, either brings the OR back.
		by("AND: exact scores of its edges; others", 1e-6, of(circuit.Exact{}, and, way...), -1, -1, -1, 0),
		by("OR by noising alone: its inputs are hidden", 1e-6, of(circuit.Exact{NoisingOnly: true}, or, way...), 0, 0, -1, 0),
		by("OR by noising and denoising", 1e-6, of(circuit.Exact{}, or, way...), -1, -1, -1, 0),
		by("two chains and a decoy: exact", 1e-6, of(circuit.Exact{}, chains, both...), -1, -2, -1, -2, 0),
		by("two chains and a decoy: acdc", 1e-6, of(circuit.ACDC{}, chains, both...), -1, -2, -1, -2, 0),
		by("two chains and a decoy: eap, linear where lit", 1e-6, of(circuit.EAP{}, chains, both...), -1, -2, -1, -2, 0),
		by("two chains and a decoy: elimination", 1e-6, of(circuit.Elimination{Rate: 1}, chains, both...), -1, -2, -1, -2, 0),
		// Along the straight path from 0 to 1 the AND is silent up to a + b = 1, half of the way: of 4 midpoints 2 are beyond.
		by("AND: eap-ig of 4 steps", 1e-6, of(circuit.EAPIG{Steps: 4}, and, way[:2]...), -0.5, -0.5, 1),
		// Of y = a + 2b, the first chain alone gives 1 of 3 and its complement 2 of 3.
		by("two chains: faithfulness of one, of the rest", 1e-6, oneChain(chains, both[0], both[2]), 1./3, 2./3),
		{"circuit", "all edges kept, none kept: largest error", "identity", []float64{0, 0}, 1e-5, ends},
		{"circuit", "linear network: |eap − exact|, sum into the output", "identity", []float64{0, 0}, 1e-5, linear},
		{"circuit", "edges patched from their own run: logits changed", "sham", []float64{0}, 0, edgeShams},
	}
}

// wiring is a task of class B's logit with one pair of images.
func wiring(ctx context.Context, n *model.Network, clean, corrupted []float32) (*circuit.Task, error) {
	images := []stimulus{{class: 1, pixels: clean}, {class: 0, pixels: corrupted}}
	o := circuit.Options{Options: few(), Target: "B", Against: circuit.Resample}
	o.Metric = "logit"
	p, err := circuit.Prepare(ctx, n, shown(nil, images, images, images), o)
	if err != nil {
		return nil, err
	}
	return p.Task(ctx, datasets.Select, circuit.Resample)
}

func scoresOf(ctx context.Context, m circuit.Method, t *circuit.Task, edges []string) ([]float64, error) {
	s, err := m.Score(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(edges)+1)
	for e, v := range s.Score {
		if k := slices.Index(edges, t.Edges[e].String()); k >= 0 {
			out[k] = v
		} else if v != 0 {
			out[len(edges)]++
		}
	}
	return out, nil
}

// oneChain runs some edges alone, and then all others.
func oneChain(n *model.Network, edges ...string) func(context.Context) ([]float64, error) {
	return func(ctx context.Context) ([]float64, error) {
		t, err := wiring(ctx, n, []float32{1, 1}, []float32{0, 0})
		if err != nil {
			return nil, err
		}
		chain := n.NewMask(false)
		for _, e := range edges {
			chain.Set(must(n.ParseEdge(e)), true)
		}
		y, err := t.Run(ctx, "", []*model.Mask{chain, chain.Complement(), n.NewMask(true), n.NewMask(false)})
		if err != nil {
			return nil, err
		}
		share := func(k int) float64 { return (y[k][0] - y[3][0]) / (y[2][0] - y[3][0]) }
		return []float64{share(0), share(1)}, nil
	}
}

// ends are how far all edges kept are from the whole network, and none kept from the corrupted run, over every preset that has edges.
func ends(ctx context.Context) ([]float64, error) {
	worst := make([]float64, 2)
	for _, preset := range model.Presets {
		n := modeltest.Random(must(model.Preset(preset.Name, model.Shape{3, 8, 8}, 2)), 1)
		if n.CheckEdges() != nil {
			continue // it cannot be cut into edges
		}
		clean, corrupted := modeltest.Images(n.Spec.Input, 8, 1), modeltest.Images(n.Spec.Input, 8, 2)
		for k, images := range [][]float32{clean, corrupted} {
			want, err := n.Logits(ctx, images, nil, 1)
			if err != nil {
				return nil, err
			}
			err = n.RunMasked(ctx, clean, model.Reference{Images: corrupted}, []*model.Mask{n.NewMask(k == 0)}, model.MaskOptions{Workers: 1}, func(first, _, _ int, logits []float32) {
				for i, v := range logits {
					w := float64(want[first*len(n.Classes)+i])
					worst[k] = max(worst[k], math.Abs(float64(v)-w)/max(1, math.Abs(w)))
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return worst, nil
}

// linear is how far attribution patching is from exact effects where there is nothing to linearise, and the
// effects of the edges into the output from what corrupting all of them does.
func linear(ctx context.Context) ([]float64, error) {
	n := modeltest.Wire(3, [][]float32{{1, -2, 0.5, 0}, {0.3, 1, -1, 0}}, [][]float32{{1, -0.5, 0}, {0.7, 2, 0.1}}, [][]float32{silent(2), {1.5, -1, 0}})
	spec := n.Spec
	spec.Layers = slices.Clone(spec.Layers)
	for k := range spec.Layers {
		spec.Layers[k].Activation = model.Identity
	}
	n = must(model.NewNetwork(spec, n.Params, n.Mean, n.Std, n.Classes))
	t, err := wiring(ctx, n, []float32{0.9, 0.1, 0.4}, []float32{0.2, 0.7, 0.3})
	if err != nil {
		return nil, err
	}
	estimated, err := circuit.EAP{}.Score(ctx, t)
	if err != nil {
		return nil, err
	}
	exact, err := circuit.Exact{NoisingOnly: true}.Score(ctx, t)
	if err != nil {
		return nil, err
	}
	y, err := t.Run(ctx, "", []*model.Mask{n.NewMask(true), n.NewMask(false)})
	if err != nil {
		return nil, err
	}
	worst, sum := 0.0, y[0][0]-y[1][0]
	for e, v := range estimated.Score {
		worst = max(worst, math.Abs(v-exact.Score[e]))
		if t.Edges[e].To.Layer == n.Depth() {
			sum += v
		}
	}
	return []float64{worst, sum}, nil
}

// edgeShams counts logits that differ in a bit when each edge in turn carries what it carries anyway.
func edgeShams(ctx context.Context) ([]float64, error) {
	n := modeltest.Random(must(model.Preset("resnet", model.Shape{3, 8, 8}, 2)), 1)
	images := modeltest.Images(n.Spec.Input, 4, 1)
	var arms []model.Arm
	for _, e := range n.Edges() {
		arms = append(arms, model.Arm{PatchEdges: []model.Edge{e}})
	}
	changed := 0.0
	err := n.Sweep(ctx, images, arms, model.SweepOptions{Workers: 1, Sources: []model.Source{{Images: images}}}, func(b model.SweepBatch) {
		for i, v := range b.Logits {
			if math.Float32bits(v) != math.Float32bits(b.Intact[i%len(b.Intact)]) {
				changed++
			}
		}
	})
	return []float64{changed}, err
}
