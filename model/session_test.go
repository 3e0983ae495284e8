package model_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/model/modeltest"
)

// specs are the presets on small images and a network with everything unusual: strides, a
// kernel wider than its padding, overlapping pooling, an add of three, a shortcut from the input.
func specs(t testing.TB) []model.Spec {
	t.Helper()
	var all []model.Spec
	for _, name := range []string{"cnn", "mlp", "resnet", "recurrent"} {
		s, err := model.Preset(name, model.Shape{3, 16, 16}, 3)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return append(all, circles(), model.Spec{Name: "odd", Input: model.Shape{2, 9, 7}, Layers: []model.Layer{
		{Name: "a", Kind: model.Conv2D, Units: 2, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "sum", Kind: model.Add, Inputs: []int{0, 1}, Activation: model.Identity},
		{Name: "b", Kind: model.Conv2D, Units: 5, Kernel: 5, Stride: 2, Padding: 2, Activation: model.Identity,
			Pool: &model.Pool{Kind: model.MaxPool, Size: 3, Stride: 1}},
		{Name: "c", Kind: model.Conv2D, Inputs: []int{3}, Units: 5, Kernel: 1, Activation: model.ReLU},
		{Name: "more", Kind: model.Add, Inputs: []int{3, 4, 4}, Activation: model.ReLU},
		{Name: "d", Kind: model.Dense, Inputs: []int{5}, Units: 4, Activation: model.ReLU},
		{Name: "e", Kind: model.Dense, Units: 3, Activation: model.Identity},
	}}, lengths())
}

// lengths is a network of length-normalised layers, one with ReLU and one without, and of their readouts.
func lengths() model.Spec {
	length := &model.Pool{Kind: model.LengthNormalise}
	return model.Spec{Name: "lengths", Input: model.Shape{2, 3, 2}, Layers: []model.Layer{
		{Name: "a", Kind: model.Dense, Units: 9, Activation: model.ReLU, Pool: length},
		{Name: "b", Kind: model.Dense, Units: 8, Activation: model.Identity, Pool: length},
		{Name: "c", Kind: model.Dense, Units: 7, Activation: model.ReLU, Pool: length},
		{Name: "readb", Kind: model.Dense, Inputs: []int{2}, Units: 3, Activation: model.Identity},
		{Name: "readc", Kind: model.Dense, Inputs: []int{3}, Units: 3, Activation: model.Identity},
		{Name: "sum", Kind: model.Add, Inputs: []int{4, 5}, Activation: model.Identity},
	}}
}

// everyLayer is a trace of all there is.
func everyLayer(n *model.Network) *model.Trace {
	t := &model.Trace{Post: []int{0}}
	for i := 1; i <= n.Depth(); i++ {
		t.Pre, t.Post = append(t.Pre, i), append(t.Post, i)
	}
	return t
}

func TestSessionAgainstPlainForward(t *testing.T) {
	for _, backend := range []string{"go", "auto"} {
		if err := kernel.Use(backend); err != nil {
			t.Fatal(err)
		}
		for _, spec := range specs(t) {
			n := modeltest.Random(spec, 1)
			const images = 5
			x := modeltest.Images(spec.Input, images, 2)
			for _, trace := range []*model.Trace{nil, everyLayer(n)} {
				logits, err := model.NewSession(n).Run(x, 0, nil, trace)
				if err != nil {
					t.Fatal(err)
				}
				for i := range images {
					pre, act, out := modeltest.Forward(n, x[i*spec.Input.Size():(i+1)*spec.Input.Size()])
					same(t, spec.Name+" logits", cut(logits, i, images), out[n.Depth()])
					if trace == nil {
						continue
					}
					for l := 1; l <= n.Depth(); l++ {
						same(t, fmt.Sprint(spec.Name, " pre ", l), cut(trace.PreActivation(l), i, images), pre[l])
						same(t, fmt.Sprint(spec.Name, " act ", l), cut(trace.Activation(l), i, images), act[l])
					}
				}
			}
		}
	}
}

func cut(v []float32, i, n int) []float32 { return v[i*len(v)/n : (i+1)*len(v)/n] }

func same(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Abs(float64(got[i])-want[i]) > 1e-4*(1+math.Abs(want[i])) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func identical(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestShamIsBitIdentical edits every layer with the identity, each address form, and edges.
func TestShamIsBitIdentical(t *testing.T) {
	for _, spec := range specs(t) {
		n := modeltest.Random(spec, 3)
		x := modeltest.Images(spec.Input, 7, 4)
		intact, err := n.Logits(context.Background(), x, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		for l := 1; l <= n.Depth(); l++ {
			for _, target := range []model.Address{model.Neuron(l, 0), model.Neuron(l, model.AllUnits), {Layer: l, Unit: 1}, {Layer: l, Unit: model.AllUnits}} {
				got, err := n.Logits(context.Background(), x, []model.Edit{model.Sham(target)}, 1)
				if err != nil || !identical(got, intact) {
					t.Errorf("%s: sham at %v changes the logits (%v)", spec.Name, target, err)
				}
			}
			if n.Steps(l) > 0 {
				continue // no edge leads there
			}
			edge := model.Sham(model.Neuron(l, 1))
			from := model.Neuron(n.Geometry(l).Inputs[0], 1)
			edge.From = &from
			got, err := n.Logits(context.Background(), x, []model.Edit{edge}, 1)
			if err != nil || len(got) != len(intact) {
				t.Fatal(err)
			}
			for i := range got {
				if math.Abs(float64(got[i]-intact[i])) > 1e-6 {
					t.Errorf("%s: sham on the edge %v->%v changes logit %d", spec.Name, from, edge.Target, i)
				}
			}
		}
	}
}

func TestBatchSizeOrderAndWorkersChangeNothing(t *testing.T) {
	for _, spec := range specs(t) {
		n := modeltest.Random(spec, 5)
		const images = 70
		size := spec.Input.Size()
		x := modeltest.Images(spec.Input, images, 6)
		all, err := n.Logits(context.Background(), x, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{2, 5} {
			if got, _ := n.Logits(context.Background(), x, nil, workers); !identical(got, all) {
				t.Errorf("%s: %d workers change the logits", spec.Name, workers)
			}
		}
		s := model.NewSession(n)
		for _, batch := range []int{1, 3, 70} {
			for lo := 0; lo < images; lo += batch {
				hi := min(lo+batch, images)
				got, err := s.Run(x[lo*size:hi*size], lo, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range got {
					if want := all[lo*3+i]; math.Abs(float64(v-want)) > 1e-5*(1+math.Abs(float64(want))) {
						t.Fatalf("%s: batches of %d change logit %d of image %d", spec.Name, batch, i%3, lo+i/3)
					}
				}
			}
		}
		reversed := make([]float32, 0, len(x))
		for i := images - 1; i >= 0; i-- {
			reversed = append(reversed, x[i*size:(i+1)*size]...)
		}
		back, _ := n.Logits(context.Background(), reversed, nil, 2)
		for i := range images {
			for k := range 3 {
				if d := back[(images-1-i)*3+k] - all[i*3+k]; math.Abs(float64(d)) > 1e-5*(1+math.Abs(float64(all[i*3+k]))) {
					t.Fatalf("%s: order changes the logits of image %d", spec.Name, i)
				}
			}
		}
	}
}

func TestTwoSessionsAtOnce(t *testing.T) {
	n := modeltest.Random(specs(t)[0], 7)
	x := modeltest.Images(n.Spec.Input, 8, 8)
	want, _ := n.Logits(context.Background(), x, nil, 1)
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			s := model.NewSession(n)
			for range 20 {
				got, err := s.Run(x, 0, nil, nil)
				if err != nil || !identical(got, want) {
					t.Error("a session beside another gives other logits")
				}
			}
		})
	}
	wait.Wait()
}

func TestSessionAllocatesNothingOnceWarm(t *testing.T) {
	kernel.Use("go")
	t.Cleanup(func() { kernel.Use("auto") })
	n := modeltest.Random(specs(t)[2], 9)
	x := modeltest.Images(n.Spec.Input, 16, 10)
	s, trace := model.NewSession(n), everyLayer(n)
	edits := []model.Edit{model.Zero(model.Neuron(2, 3))}
	run := func() {
		if _, err := s.Run(x, 0, edits, trace); err != nil {
			t.Fatal(err)
		}
	}
	run()
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / runs; bytes > 16<<10 {
		t.Errorf("%d bytes allocated for a batch (want only the closures of the parallel loops)", bytes)
	}
}

// A two-layer network small enough for paper: h = relu(2x₀ - x₁ + 0.5), relu(x₀ + x₁),
// logits = (h₀ - h₁, 3h₁ + 1).
func handNet() *model.Network {
	return modeltest.Wire(2, [][]float32{{2, -1, 0.5}, {1, 1, 0}}, [][]float32{{1, -1, 0}, {0, 3, 1}})
}

func TestEveryEditByHand(t *testing.T) {
	n := handNet()
	// Images (1, 0.5) and (0.25, 1): h = (2, 1.5) and (0, 1.25).
	x := []float32{1, 0.5, 0.25, 1}
	h0, h1, both := model.Neuron(1, 0), model.Neuron(1, 1), model.Neuron(1, model.AllUnits)
	in0, hidden1 := model.Neuron(0, 0), model.Neuron(1, 1)
	c := model.Constant
	for _, test := range []struct {
		name  string
		edits []model.Edit
		want  []float32
	}{
		{"intact", nil, []float32{0.5, 5.5, -1.25, 4.75}},
		{"zero", []model.Edit{model.Zero(h1)}, []float32{2, 1, 0, 1}},
		{"mean", []model.Edit{{Target: h1, Keep: c(0), Fill: c(1.375)}}, []float32{0.625, 5.125, -1.375, 5.125}},
		{"dose 0.5", []model.Edit{{Target: h1, Keep: c(0.5), Fill: c(0)}}, []float32{1.25, 3.25, -0.625, 2.875}},
		{"stimulation", []model.Edit{{Target: h0, Keep: c(2), Fill: c(0)}}, []float32{2.5, 5.5, -1.25, 4.75}},
		{"clamp", []model.Edit{{Target: h0, Keep: c(0), Fill: c(7)}}, []float32{5.5, 5.5, 5.75, 4.75}},
		{"patch", []model.Edit{{Target: h0, Keep: c(0), Fill: model.Level{Values: []float32{9, 4, 3}, PerImage: true}}}, []float32{2.5, 5.5, 1.75, 4.75}},
		{"noise", []model.Edit{{Target: h1, Keep: c(1), Fill: model.Level{Values: []float32{0, 1, -1}, PerImage: true}}}, []float32{-0.5, 8.5, -0.25, 1.75}},
		{"whole layer", []model.Edit{model.Zero(both)}, []float32{0, 1, 0, 1}},
		{"whole layer, per unit", []model.Edit{{Target: both, Keep: c(0), Fill: model.Level{Values: []float32{1, 2}, PerPosition: true}}}, []float32{-1, 7, -1, 7}},
		{"whole layer, per image and unit", []model.Edit{{Target: both, Keep: c(0), Fill: model.Level{Values: []float32{0, 0, 1, 2, 3, 4}, PerPosition: true, PerImage: true}}}, []float32{-1, 7, -1, 13}},
		{"two edits of one neuron", []model.Edit{model.Zero(h1), {Target: h1, Keep: c(1), Fill: c(1)}}, []float32{1, 4, -1, 4}},
		{"output neuron", []model.Edit{model.Zero(model.Neuron(2, 1))}, []float32{0.5, 0, -1.25, 0}},
		{"edge cut", []model.Edit{{Target: model.Neuron(2, 0), From: &hidden1, Keep: c(0), Fill: c(0)}}, []float32{2, 5.5, 0, 4.75}},
		{"edge from the input", []model.Edit{{Target: h0, From: &in0, Keep: c(0), Fill: c(1)}}, []float32{-0.5, 5.5, -0.75, 4.75}},
	} {
		// first = 1: per-image levels are indexed by the image's number, and Values[0] is image 0's.
		got, err := model.NewSession(n).Run(x, 1, test.edits, nil)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		for i := range got {
			if math.Abs(float64(got[i]-test.want[i])) > 1e-6 {
				t.Errorf("%s: logits %v, want %v", test.name, got, test.want)
				break
			}
		}
	}
}

// TestPositionsByHand lesions single positions of a map; the edit acts before pooling.
func TestPositionsByHand(t *testing.T) {
	spec := model.Spec{Name: "map", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "map", Kind: model.Conv2D, Units: 1, Kernel: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "out", Kind: model.Dense, Units: 1, Activation: model.Identity},
	}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{2}, Bias: []float32{0}}, {Weight: []float32{1}, Bias: []float32{0}}},
		[]float32{0}, []float32{1}, []string{"only"})
	if err != nil {
		t.Fatal(err)
	}
	x := []float32{0.1, 0.4, 0.3, 0.2}
	for _, test := range []struct {
		edit model.Edit
		want float32
	}{
		{model.Zero(model.Address{Layer: 1, Unit: 0, Row: 0, Col: 1}), 0.6}, // the next largest
		{model.Zero(model.Address{Layer: 1, Unit: 0, Row: 1, Col: 1}), 0.8}, // hidden by the maximum
		{model.Zero(model.Neuron(1, 0)), 0},
		{model.Edit{Target: model.Neuron(1, 0), Keep: model.Constant(0), Fill: model.Level{Values: []float32{1, 2, 4, 3}, PerPosition: true}}, 4},
	} {
		got, err := model.NewSession(n).Run(x, 0, []model.Edit{test.edit}, nil)
		if err != nil || math.Abs(float64(got[0]-test.want)) > 1e-6 {
			t.Errorf("%v: %v, want %v (%v)", test.edit.Target, got, test.want, err)
		}
	}
}

// TestWholeLayerAtOnePositionByHand: one level a unit, at that position of each. The channels of a 1×3
// map are x and 2x; the output is their sum, positions weighted 1, 10, 100 and 1000, 1e4, 1e5.
func TestWholeLayerAtOnePositionByHand(t *testing.T) {
	spec := model.Spec{Name: "map", Input: model.Shape{1, 1, 3}, Layers: []model.Layer{
		{Name: "map", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 1, Activation: model.Identity},
	}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: []float32{1, 2}, Bias: []float32{0, 0}}, {Weight: []float32{1, 10, 100, 1000, 1e4, 1e5}, Bias: []float32{0}}},
		[]float32{0}, []float32{1}, []string{"only"})
	if err != nil {
		t.Fatal(err)
	}
	x := []float32{1, 2, 3, 0, 1, 0} // channels (1, 2, 3), (2, 4, 6) and (0, 1, 0), (0, 2, 0)
	at := model.Address{Layer: 1, Unit: model.AllUnits, Row: 0, Col: 1}
	for _, test := range []struct {
		name string
		edit model.Edit
		want []float32
	}{
		{"zero", model.Zero(at), []float32{602301, 0}},
		{"per unit", model.Edit{Target: at, Keep: model.Constant(0), Fill: model.Level{Values: []float32{7, 8}, PerPosition: true}}, []float32{682371, 80070}},
		{"per image and unit", model.Edit{Target: at, Keep: model.Constant(1), Fill: model.Level{Values: []float32{1, 2, 3, 4}, PerPosition: true, PerImage: true}}, []float32{662331, 60040}},
		{"keep per unit", model.Edit{Target: at, Keep: model.Level{Values: []float32{0, 1}, PerPosition: true}, Fill: model.Constant(0)}, []float32{642301, 20000}},
	} {
		got, err := model.NewSession(n).Run(x, 0, []model.Edit{test.edit}, nil)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v (%v)", test.name, got, test.want, err)
		}
	}
}

// TestTraceAroundEdits: pre-activations are seen after edge edits and before ReLU, activations after
// ReLU and edits, and later layers feel both. Images (1, 0.5) and (0, 1).
func TestTraceAroundEdits(t *testing.T) {
	n := handNet()
	x := []float32{1, 0.5, 0, 1}
	in0 := model.Neuron(0, 0)
	clamp := model.Edit{Target: model.Neuron(1, 0), Keep: model.Constant(2), Fill: model.Constant(1)}
	cut := model.Edit{Target: model.Neuron(1, 0), From: &in0, Keep: model.Constant(0), Fill: model.Constant(0)}
	s, trace := model.NewSession(n), &model.Trace{Pre: []int{1, 2}, Post: []int{0, 1, 2}}
	for _, test := range []struct {
		name                    string
		edits                   []model.Edit
		pre, post, pre2, logits []float32
	}{
		{"intact", nil, []float32{2, 1.5, -0.5, 1}, []float32{2, 1.5, 0, 1}, []float32{0.5, 5.5, -1, 4}, []float32{0.5, 5.5, -1, 4}},
		{"neuron", []model.Edit{clamp}, []float32{2, 1.5, -0.5, 1}, []float32{5, 1.5, 1, 1}, []float32{3.5, 5.5, 0, 4}, []float32{3.5, 5.5, 0, 4}},
		{"edge", []model.Edit{cut}, []float32{0, 1.5, -0.5, 1}, []float32{0, 1.5, 0, 1}, []float32{-1.5, 5.5, -1, 4}, []float32{-1.5, 5.5, -1, 4}},
		{"edge and neuron", []model.Edit{clamp, cut}, []float32{0, 1.5, -0.5, 1}, []float32{1, 1.5, 1, 1}, []float32{-0.5, 5.5, 0, 4}, []float32{-0.5, 5.5, 0, 4}},
		{"output", []model.Edit{model.Zero(model.Neuron(2, 1))}, []float32{2, 1.5, -0.5, 1}, []float32{2, 1.5, 0, 1}, []float32{0.5, 5.5, -1, 4}, []float32{0.5, 0, -1, 0}},
	} {
		logits, err := s.Run(x, 0, test.edits, trace)
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2][]float32{"pre-activation": {trace.PreActivation(1), test.pre}, "activation": {trace.Activation(1), test.post},
			"next pre-activation": {trace.PreActivation(2), test.pre2}, "logits": {logits, test.logits}, "output": {trace.Activation(2), test.logits}, "input": {trace.Activation(0), x}} {
			if !slices.Equal(pair[0], pair[1]) {
				t.Errorf("%s: %s %v, want %v", test.name, what, pair[0], pair[1])
			}
		}
	}
	if _, err := s.Run(x[:2], 0, nil, trace); err != nil || len(trace.PreActivation(1)) != 2 || trace.PreActivation(1)[0] != 2 {
		t.Errorf("a smaller batch leaves %v (%v)", trace.PreActivation(1), err)
	}
	if none := (&model.Trace{}); none.Activation(1) != nil || none.PreActivation(1) != nil {
		t.Error("values that nobody asked for")
	}
}

func TestEditErrors(t *testing.T) {
	n := handNet()
	x := []float32{1, 0.5}
	far := model.Neuron(0, 5)
	for _, test := range []struct {
		edit model.Edit
		want string
	}{
		{model.Zero(model.Neuron(9, 0)), "model: layer 9 not in model (it has layers 1 to 2)"},
		{model.Zero(model.Neuron(1, 2)), "model: neuron 1:2: layer 1 has neurons 0 to 1"},
		{model.Zero(model.Address{Layer: 1, Unit: 0, Row: 1, Col: 0}), "model: neuron 1:0@1,0: layer 1 has rows 0 to 0 and columns 0 to 0"},
		{model.Edit{Target: model.Neuron(1, 0), Keep: model.Constant(1)}, "model: edit of 1:0: Fill has 0 values (want 1)"},
		{model.Edit{Target: model.Neuron(1, 0), From: &far, Keep: model.Constant(1), Fill: model.Constant(0)}, "model: edge 0:5->1:0: want one neuron of layer 0 as sender, 0 to 1"},
	} {
		_, err := model.NewSession(n).Run(x, 0, []model.Edit{test.edit}, nil)
		if err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

// BenchmarkInfer is the cnn preset on 2,000 images, the peer's task "infer".
func BenchmarkInfer(b *testing.B) {
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	x := modeltest.Images(spec.Input, 2000, 2)
	for _, backend := range []string{"go", "auto"} {
		b.Run(backend, func(b *testing.B) {
			kernel.Use(backend)
			for b.Loop() {
				if _, err := n.Logits(context.Background(), x, nil, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2000*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
	kernel.Use("auto")
}
