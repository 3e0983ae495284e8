package model_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// randomMask keeps each edge with a chance.
func randomMask(n *model.Network, chance float64, seed uint64) *model.Mask {
	r, m := rand.New(rand.NewPCG(seed, 5)), n.NewMask(false)
	for _, e := range n.Edges() {
		m.Set(e, r.Float64() < chance)
	}
	return m
}

// maskEdits are a mask as edits, one for every edge that is not kept.
func maskEdits(t *testing.T, n *model.Network, mask *model.Mask, ref model.Reference, images int) []model.Edit {
	t.Helper()
	outputs := make([][][]float32, images)
	for i := range outputs {
		if outputs[i] = ref.Outputs; ref.Outputs == nil {
			size := n.Spec.Input.Size()
			outputs[i] = outputsOf(t, n, ref.Images[i*size:(i+1)*size])
		}
	}
	var edits []model.Edit
	for _, e := range n.Edges() {
		if mask.Kept(e) {
			continue
		}
		fill := make([]float32, 0, images*n.Positions(e.To))
		for i := range images {
			c := make([]float32, n.Positions(e.To))
			n.Contribution(c, e.From, e.To, outputs[i][e.From.Layer])
			fill = append(fill, c...)
		}
		edits = append(edits, model.Edit{Target: e.To, From: &e.From, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerImage: true, PerPosition: true}})
	}
	return edits
}

func outputsOf(t *testing.T, n *model.Network, image []float32) (out [][]float32) {
	t.Helper()
	var trace model.Trace
	for l := range n.Depth() + 1 {
		trace.Out = append(trace.Out, l)
	}
	if _, err := model.NewSession(n).Run(image, 0, nil, &trace); err != nil {
		t.Fatal(err)
	}
	for l := range n.Depth() + 1 {
		out = append(out, slices.Clone(trace.Output(l)))
	}
	return out
}

func runMasked(t *testing.T, n *model.Network, images []float32, ref model.Reference, masks ...*model.Mask) [][]float32 {
	t.Helper()
	classes, total := len(n.Classes), len(images)/n.Spec.Input.Size()
	out := make([][]float32, len(masks))
	for k := range out {
		out[k] = make([]float32, total*classes)
	}
	err := n.RunMasked(context.Background(), images, ref, masks, model.MaskOptions{}, func(first, _, mask int, logits []float32) {
		copy(out[mask][first*classes:], logits)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func references(t *testing.T, n *model.Network, images int) map[string]model.Reference {
	t.Helper()
	zeros := make([][]float32, n.Depth()+1)
	for l := range zeros {
		zeros[l] = make([]float32, n.Geometry(l).Out.Size())
	}
	other := modeltest.Images(n.Spec.Input, images, 55)
	return map[string]model.Reference{
		"zero":   {Outputs: zeros},
		"mean":   {Outputs: outputsOf(t, n, modeltest.Images(n.Spec.Input, 1, 56))}, // as good as any
		"images": {Images: other},
	}
}

// TestMaskedAgreesWithEdits: a network under a mask is the network with an edge edit for every edge
// that is not kept, of every kind of layer and reference.
func TestMaskedAgreesWithEdits(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		if spec.Name == "mlp" && testing.Short() {
			continue // forty thousand edits
		}
		n := modeltest.Random(spec, 3)
		images := modeltest.Images(spec.Input, 3, 4)
		for kind, ref := range references(t, n, 3) {
			t.Run(spec.Name+"/"+kind, func(t *testing.T) {
				mask := randomMask(n, 0.4, 1)
				want, err := n.Logits(context.Background(), images, maskEdits(t, n, mask, ref, 3), 1)
				if err != nil {
					t.Fatal(err)
				}
				near(t, runMasked(t, n, images, ref, mask)[0], want)
			})
		}
	}
}

func near(t *testing.T, got, want []float32) {
	t.Helper()
	for k, w := range want {
		if d := math.Abs(float64(got[k] - w)); !(d <= 1e-5*max(1, math.Abs(float64(w)))) {
			t.Errorf("logit %d: %v, want %v", k, got[k], w)
			return
		}
	}
}

// TestMaskedEnds: with all edges kept it is the whole network; with none the run on the reference's
// images, or the output layer's answer to the reference's outputs.
func TestMaskedEnds(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		n := modeltest.Random(spec, 3)
		images := modeltest.Images(spec.Input, 40, 4)
		whole, err := n.Logits(context.Background(), images, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		for kind, ref := range references(t, n, 40) {
			got := runMasked(t, n, images, ref, n.NewMask(true), n.NewMask(false))
			near(t, got[0], whole)
			if kind != "images" {
				if !slices.Equal(got[1][:len(n.Classes)], got[1][len(n.Classes):2*len(n.Classes)]) {
					t.Errorf("%s, %s: none kept gives %v", spec.Name, kind, got[1][:4])
				}
				continue
			}
			corrupted, err := n.Logits(context.Background(), ref.Images, nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, got[1], corrupted)
		}
	}
}

// TestMaskedInAnyOrder: what a session holds from the mask before changes nothing.
func TestMaskedInAnyOrder(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		n := modeltest.Random(spec, 3)
		images := modeltest.Images(spec.Input, 5, 4)
		for kind, ref := range references(t, n, 5) {
			var masks []*model.Mask
			edges := n.Edges()
			for k := range uint64(4) {
				m := randomMask(n, 0.5, k)
				one := m.Clone() // one edge apart, so that most is held
				e := edges[int(k)*(len(edges)-1)/3]
				one.Set(e, !one.Kept(e))
				masks = append(masks, m, one, m.Complement())
			}
			together := runMasked(t, n, images, ref, masks...)
			for k, m := range masks {
				t.Run(fmt.Sprint(spec.Name, kind, k), func(t *testing.T) { near(t, together[k], runMasked(t, n, images, ref, m)[0]) })
			}
		}
	}
}

func TestMaskByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 1, 0}}, [][]float32{{2, 0}, {0, 1}})
	m := n.NewMask(true)
	if m.Count() != 4 || m.Complement().Count() != 0 {
		t.Errorf("%d edges kept, %d of the complement", m.Count(), m.Complement().Count())
	}
	cut := model.Edge{From: model.Neuron(0, 1), To: model.Neuron(1, 0)}
	m.Set(cut, false)
	if m.Kept(cut) || m.Count() != 3 || !m.Complement().Kept(cut) {
		t.Error("the edge is still kept")
	}
	// 1:0 = relu(x0 + 0) = 3 instead of 3+4.
	got := runMasked(t, n, []float32{3, 4}, model.Reference{Outputs: [][]float32{{0, 0}, {0}, {0, 0}}}, m)[0]
	if !slices.Equal(got, []float32{6, 1}) {
		t.Errorf("logits %v, want 6 and 1", got)
	}
}

// TestEdgeProducts: the product of each edge is its contribution times the gradient, summed.
func TestEdgeProducts(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		n := modeltest.Random(spec, 3)
		const images = 3
		differences := make([][]float32, n.Depth()+1)
		for l := range differences {
			differences[l] = modeltest.Images(n.Geometry(l).Out, images, uint64(l))
		}
		edges := n.Edges()
		for m := 1; m <= n.Depth(); m++ {
			shape := n.Geometry(m).Act
			gradient := modeltest.Images(shape, images, 99)
			into := edges[slices.IndexFunc(edges, func(e model.Edge) bool { return e.To.Layer == m }):]
			if last := slices.IndexFunc(into, func(e model.Edge) bool { return e.To.Layer > m }); last >= 0 {
				into = into[:last]
			}
			got := make([]float64, len(into))
			n.EdgeProducts(m, differences, gradient, images, got)
			contribution := make([]float32, shape.Area())
			for k := 0; k < len(into); k += max(1, len(into)/40) {
				want := 0.0
				for i := range images {
					size := n.Geometry(into[k].From.Layer).Out.Size()
					n.Contribution(contribution, into[k].From, into[k].To, differences[into[k].From.Layer][i*size:(i+1)*size])
					for p, c := range contribution {
						want += float64(c) * float64(gradient[i*shape.Size()+into[k].To.Unit*shape.Area()+p])
					}
				}
				if math.Abs(got[k]-want) > 1e-4*max(1, math.Abs(want)) {
					t.Errorf("%s, %v: %v, want %v", spec.Name, into[k], got[k], want)
				}
			}
		}
	}
}

// TestPreActivationGradient: by central differences through the oracle, which adds a nudge to an
// activation; where a neuron fires, its pre-activation has the same gradient, elsewhere none.
func TestPreActivationGradient(t *testing.T) {
	n := modeltest.Random(oddSpecs()[1], 4)
	image := modeltest.Images(n.Spec.Input, 1, 4)
	g, err := model.NewGradients(n, 1, model.WeightedLogits, model.Wanted{Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Run(n.Normalise(image), []float32{1, -1}); err != nil {
		t.Fatal(err)
	}
	for m := 1; m <= n.Depth(); m++ {
		pre, act, _ := modeltest.Forward(n, image)
		for k, got := range g.PreActivation(m) {
			want := 0.0
			if n.Layer(m).Activation != model.ReLU || pre[m][k] > 0 {
				want = (nudged(n, image, m, k, 1e-6) - nudged(n, image, m, k, -1e-6)) / 2e-6
			}
			if math.Abs(float64(got)-want) > 1e-3 {
				t.Errorf("layer %d, %d (activation %v): %v, want %v", m, k, act[m][k], got, want)
			}
		}
	}
}

func nudged(n *model.Network, image []float32, layer, index int, delta float64) float64 {
	_, _, out := modeltest.Forward(n, image, modeltest.Nudge{Layer: layer, Index: index, Delta: delta})
	return out[n.Depth()][0] - out[n.Depth()][1]
}

// TestMaskedGradients: by central differences in float64 would need an oracle of masks; float32
// differences of an edge's weight do, at a coarse tolerance, and with all edges kept the products of
// gorgonia's gradients at a fine one.
func TestMaskedGradients(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		n := modeltest.Random(spec, 3)
		const images = 4
		pixels := modeltest.Images(spec.Input, images, 4)
		targets := make([]float32, images*len(n.Classes))
		for k := range targets {
			targets[k] = float32(k%3) - 1
		}
		for kind, ref := range references(t, n, images) {
			s, err := model.NewMaskedSession(n, pixels, ref)
			if err != nil {
				t.Fatal(err)
			}
			s.Run(n.NewMask(true))
			got := edgeSums(n)
			s.Gradients(targets, got)
			want := productsByGraph(t, n, pixels, ref, targets)
			for m := range got {
				for k := range got[m] {
					if d := math.Abs(got[m][k] - want[m][k]); !(d <= 1e-4*max(1, math.Abs(want[m][k]))) {
						t.Fatalf("%s, %s, layer %d, edge %d: %v, want %v", spec.Name, kind, m, k, got[m][k], want[m][k])
					}
				}
			}
		}
	}
}

func edgeSums(n *model.Network) [][]float64 {
	sums := make([][]float64, n.Depth()+1)
	for _, e := range n.Edges() {
		sums[e.To.Layer] = append(sums[e.To.Layer], 0)
	}
	return sums
}

// productsByGraph is the same of the whole network, with gradients from gorgonia's graph.
func productsByGraph(t *testing.T, n *model.Network, pixels []float32, ref model.Reference, targets []float32) [][]float64 {
	t.Helper()
	images, size := len(pixels)/n.Spec.Input.Size(), n.Spec.Input.Size()
	g, err := model.NewGradients(n, images, model.WeightedLogits, model.Wanted{Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Run(n.Normalise(pixels), targets); err != nil {
		t.Fatal(err)
	}
	differences := make([][]float32, n.Depth()+1)
	for i := range images {
		clean, other := outputsOf(t, n, pixels[i*size:(i+1)*size]), ref.Outputs
		if other == nil {
			other = outputsOf(t, n, ref.Images[i*size:(i+1)*size])
		}
		for l := range clean {
			for p := range clean[l] {
				differences[l] = append(differences[l], clean[l][p]-other[l][p])
			}
		}
	}
	sums := edgeSums(n)
	for m := 1; m <= n.Depth(); m++ {
		n.EdgeProducts(m, differences, g.PreActivation(m), images, sums[m])
	}
	return sums
}

// TestMaskedGradientsOfACircuit: within a linear network the derivative is exactly what an edge more
// or less changes.
func TestMaskedGradientsOfACircuit(t *testing.T) {
	for _, spec := range cutSpecs(t) {
		if spec.Name == "mlp" {
			continue // as many edges teach nothing new
		}
		spec.Layers = slices.Clone(spec.Layers)
		for l := range spec.Layers {
			spec.Layers[l].Activation = model.Identity
			if p := spec.Layers[l].Pool; p != nil && p.Kind != model.GlobalAveragePool {
				spec.Layers[l].Pool = nil
			}
		}
		n := modeltest.Random(spec, 3)
		pixels := modeltest.Images(spec.Input, 2, 4)
		targets := make([]float32, 2*len(n.Classes))
		targets[0], targets[len(n.Classes)+1] = 1, -2
		value := func(logits []float32) (y float64) {
			for k, w := range targets {
				y += float64(w) * float64(logits[k])
			}
			return y
		}
		for kind, ref := range references(t, n, 2) {
			s, err := model.NewMaskedSession(n, pixels, ref)
			if err != nil {
				t.Fatal(err)
			}
			mask := randomMask(n, 0.5, 9)
			before, got := value(s.Run(mask)), edgeSums(n)
			s.Gradients(targets, got)
			place, edges := map[int]int{}, n.Edges()
			for k, e := range edges {
				if k%max(1, len(edges)/60) == 0 {
					other := mask.Clone()
					other.Set(e, !mask.Kept(e))
					want := value(s.Run(other)) - before
					if mask.Kept(e) {
						want = -want
					}
					if d := math.Abs(got[e.To.Layer][place[e.To.Layer]] - want); !(d <= 1e-3*max(0.1, math.Abs(want))) {
						t.Errorf("%s, %s, %v: %v, want %v", spec.Name, kind, e, got[e.To.Layer][place[e.To.Layer]], want)
					}
				}
				place[e.To.Layer]++
			}
		}
	}
}

// cutSpecs are the networks that can be cut into edges.
func cutSpecs(t *testing.T) []model.Spec {
	return slices.DeleteFunc(sweepSpecs(t), func(s model.Spec) bool {
		return slices.ContainsFunc(s.Layers, func(l model.Layer) bool { return l.Kind == model.Recurrent })
	})
}
