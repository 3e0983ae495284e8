package model_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// integrator is one neuron that adds a share u of what it showed a step before to its input x, four
// times, and an output that repeats what the pooling hands on.
func integrator(t *testing.T, u float32, pool *model.Pool) *model.Network {
	t.Helper()
	out := []float32{1}
	if pool == nil {
		out = []float32{1, 0, 0, 0} // reads step 1
	}
	n, err := model.NewNetwork(model.Spec{Name: "integrator", Input: model.Shape{1, 1, 1}, Layers: []model.Layer{
		{Name: "leaky", Kind: model.Recurrent, Units: 1, Steps: 4, Activation: model.ReLU, Pool: pool},
		{Name: "out", Kind: model.Dense, Units: 1, Activation: model.Identity}}},
		[]model.Params{{}, {Weight: []float32{1, u}, Bias: []float32{0}}, {Weight: out, Bias: []float32{0}}},
		[]float32{0}, []float32{1}, []string{"sum"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var lastStep = &model.Pool{Kind: model.LastStep}

// TestLeakyIntegrator: h_t = x + u·h_{t-1} is the geometric series x·(1 - u^t)/(1 - u). With x = 1 and
// u = 1/2: 1, 1.5, 1.75, 1.875. Every number here is exact in float32.
func TestLeakyIntegrator(t *testing.T) {
	n := integrator(t, 0.5, lastStep)
	half := model.Constant(0.5)
	for _, c := range []struct {
		what  string
		edits []model.Edit
		want  []float32
	}{
		{"intact", nil, []float32{1, 1.5, 1.75, 1.875}},
		{"sham", []model.Edit{model.Sham(model.Neuron(1, 0))}, []float32{1, 1.5, 1.75, 1.875}},
		// Step 2 is silent: step 3 begins again.
		{"zero at step 2", []model.Edit{model.Zero(model.Step(1, 0, 2))}, []float32{1, 0, 1, 1.5}},
		{"zero at the last step", []model.Edit{model.Zero(model.Step(1, 0, 4))}, []float32{1, 1.5, 1.75, 0}},
		{"zero at all steps", []model.Edit{model.Zero(model.Neuron(1, 0))}, []float32{0, 0, 0, 0}},
		// Half of each step: h_t = (1 + h_{t-1}/2)/2.
		{"half of all steps", []model.Edit{{Target: model.Neuron(1, 0), Keep: half, Fill: model.Constant(0)}}, []float32{0.5, 0.625, 0.65625, 0.6640625}},
		{"half of step 1, and 3 at step 3", []model.Edit{{Target: model.Step(1, 0, 1), Keep: half, Fill: model.Constant(0)},
			{Target: model.Address{Layer: 1, Row: 2}, Keep: model.Constant(0), Fill: model.Constant(3)}}, []float32{0.5, 1.25, 3, 2.5}},
		{"a level a step", []model.Edit{{Target: model.Neuron(1, 0), Keep: model.Constant(1), Fill: model.Level{Values: []float32{1, 0, -1, 0}, PerPosition: true}}},
			[]float32{2, 2, 1, 1.5}},
		// ReLU acts before the edit.
		{"-4 at step 1", []model.Edit{{Target: model.Step(1, 0, 1), Keep: model.Constant(0), Fill: model.Constant(-4)}}, []float32{-4, 0, 1, 1.5}},
	} {
		trace := &model.Trace{Post: []int{1}, Out: []int{1}}
		logits, err := model.NewSession(n).Run([]float32{1}, 0, c.edits, trace)
		if err != nil {
			t.Fatal(err)
		}
		if got := trace.Activation(1); !slices.Equal(got, c.want) || logits[0] != c.want[3] || trace.Output(1)[0] != c.want[3] {
			t.Errorf("%s: %v, output %v, want %v", c.what, got, logits, c.want)
		}
		swept := sweep(t, n, []float32{1}, []model.Arm{{Edits: c.edits}}, model.SweepOptions{})
		if swept[0] != c.want[3] {
			t.Errorf("%s: %v in a sweep, want %v", c.what, swept[0], c.want[3])
		}
	}
}

func TestWhatStepsHandOn(t *testing.T) {
	for want, pool := range map[float32]*model.Pool{1.875: lastStep, 1.53125: {Kind: model.GlobalAveragePool}, 1: nil} { // (1 + 1.5 + 1.75 + 1.875)/4
		logits, err := model.NewSession(integrator(t, 0.5, pool)).Run([]float32{1}, 0, nil, nil)
		if err != nil || logits[0] != want {
			t.Errorf("pool %+v hands on %v (%v), want %v", pool, logits, err, want)
		}
	}
}

// TestGradientsOfTheSteps: a change of 1 at step t changes the last by u^(4-t), and one of x by
// 1 + u + u² + u³; ∂h_4/∂u = Σ u^(4-t)·h_{t-1} = 0.25·1 + 0.5·1.5 + 1.75.
func TestGradientsOfTheSteps(t *testing.T) {
	n := integrator(t, 0.5, lastStep)
	g, err := model.NewGradients(n, 1, model.WeightedLogits, model.Wanted{Params: true, Input: true, Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for range 2 {
		if y, err := g.Run([]float32{1}, []float32{1}); err != nil || y != 1.875 {
			t.Fatalf("objective %v (%v)", y, err)
		}
		for _, c := range []struct {
			what      string
			got, want []float32
		}{
			{"activation", g.Activation(1), []float32{0.125, 0.25, 0.5, 1}},
			{"pre-activation", g.PreActivation(1), []float32{0.125, 0.25, 0.5, 1}},
			{"input", g.Activation(0), []float32{1.875}},
			{"weights", g.Param(1).Weight, []float32{1.875, 2.75}},
			{"bias", g.Param(1).Bias, []float32{1.875}},
		} {
			if !slices.Equal(c.got, c.want) {
				t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
			}
		}
	}
}

// TestGradientsOfActivationsAlone: those of the first layer too, which is recurrent.
func TestGradientsOfActivationsAlone(t *testing.T) {
	g, err := model.NewGradients(integrator(t, 0.5, lastStep), 1, model.WeightedLogits, model.Wanted{Activations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Run([]float32{1}, []float32{1}); err != nil {
		t.Fatal(err)
	}
	if got := g.Activation(1); !slices.Equal(got, []float32{0.125, 0.25, 0.5, 1}) {
		t.Errorf("gradients %v", got)
	}
}

// TestUnrollingAgainstPlainLayers: as many dense layers with the same weights, each a sum of the input's
// part and the circle's, give the same.
func TestUnrollingAgainstPlainLayers(t *testing.T) {
	n := circleNet()
	units, in, steps := 5, 3, 4
	layers := []model.Layer{{Name: "dense1", Kind: model.Dense, Units: in, Activation: model.ReLU},
		{Name: "drive", Kind: model.Dense, Units: units, Activation: model.Identity},
		{Name: "h1", Kind: model.Add, Inputs: []int{2, 2}, Activation: model.ReLU}} // 2·drive: halved weights
	p := n.Params[2]
	var w, u []float32
	for k := range units {
		row := p.Weight[k*(in+units):]
		w, u = append(w, row[:in]...), append(u, row[in:in+units]...)
	}
	halved := func(v []float32) (out []float32) {
		for _, x := range v {
			out = append(out, x/2)
		}
		return out
	}
	params := []model.Params{{}, n.Params[1], {Weight: halved(w), Bias: halved(p.Bias)}, {}}
	for range steps - 1 {
		at := len(layers)
		layers = append(layers, model.Layer{Name: "u" + string(rune('0'+at)), Kind: model.Dense, Inputs: []int{at}, Units: units, Activation: model.Identity},
			model.Layer{Name: "h" + string(rune('0'+at)), Kind: model.Add, Inputs: []int{2, 2, at + 1}, Activation: model.ReLU})
		params = append(params, model.Params{Weight: u, Bias: make([]float32, units)}, model.Params{})
	}
	layers = append(layers, model.Layer{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity})
	plain, err := model.NewNetwork(model.Spec{Name: "plain", Input: n.Spec.Input, Layers: layers}, append(params, n.Params[3]), n.Mean, n.Std, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	x := modeltest.Images(n.Spec.Input, 40, 3)
	got, err := n.Logits(context.Background(), x, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	want, err := plain.Logits(context.Background(), x, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k := range want {
		if math.Abs(float64(got[k]-want[k])) > 1e-5 {
			t.Fatalf("logit %d: %v, of the plain layers %v", k, got[k], want[k])
		}
	}
}

func TestACircleIsSavedAndRead(t *testing.T) {
	n := circleNet()
	path := filepath.Join(t.TempDir(), "circle.safetensors")
	if err := n.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := model.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if read.Digest() != n.Digest() || read.Steps(2) != 4 || read.Steps(1) != 0 || read.Geometry(2).FanIn != 3+5 {
		t.Errorf("read back with %d steps and %+v", read.Steps(2), read.Geometry(2))
	}
	if got := n.Feedback(2, 3, 1); got != n.Params[2].Weight[1*8+3+3] {
		t.Errorf("the weight from 3 back to 1 is %v", got)
	}
}

// TestCirclesAreNotCut: what is about edges says so.
func TestCirclesAreNotCut(t *testing.T) {
	n := circleNet()
	x := modeltest.Images(n.Spec.Input, 2, 1)
	_, masked := model.NewMaskedSession(n, x, model.Reference{Images: x})
	from := model.Neuron(1, 0)
	_, edited := model.NewSession(n).Run(x, 0, []model.Edit{{Target: model.Neuron(2, 1), From: &from, Keep: model.Constant(0), Fill: model.Constant(0)}}, nil)
	_, parsed := n.ParseEdge("1:0->2:1")
	for what, err := range map[string]error{"network": n.CheckEdges(), "mask": masked, "edit": edited, "edge": parsed} {
		if err == nil || !strings.Contains(err.Error(), "is recurrent") {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if _, err := n.ParseEdge("2:0->3:1"); err != nil {
		t.Errorf("an edge from a recurrent neuron: %v", err)
	}
	for _, e := range n.Edges() {
		if e.To.Layer == 2 {
			t.Errorf("%v is an edge", e)
		}
	}
}
