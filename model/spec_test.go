package model_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"neuroprobe/model"
)

// Layers in short, for tables.
func convLayer(name string, units, kernel, stride, padding int, pool *model.Pool, inputs ...int) model.Layer {
	return model.Layer{Name: name, Kind: model.Conv2D, Units: units, Kernel: kernel, Stride: stride, Padding: padding,
		Activation: model.ReLU, Pool: pool, Inputs: inputs}
}

func denseLayer(name string, units int, inputs ...int) model.Layer {
	return model.Layer{Name: name, Kind: model.Dense, Units: units, Activation: model.Identity, Inputs: inputs}
}

func addLayer(name string, inputs ...int) model.Layer {
	return model.Layer{Name: name, Kind: model.Add, Activation: model.ReLU, Inputs: inputs}
}

var average = &model.Pool{Kind: model.GlobalAveragePool}

func maxPool(size, stride int) *model.Pool {
	return &model.Pool{Kind: model.MaxPool, Size: size, Stride: stride}
}

// TestGeometryByHand: one layer on an input, and a dense layer behind it whose fan-in is all
// that the first hands on.
func TestGeometryByHand(t *testing.T) {
	for _, test := range []struct {
		name     string
		input    model.Shape
		layer    model.Layer
		act, out model.Shape
		fanIn    int
	}{
		{"same convolution", model.Shape{3, 8, 6}, convLayer("x", 5, 3, 1, 1, nil), model.Shape{5, 8, 6}, model.Shape{5, 8, 6}, 27},
		{"stride 0 means 1", model.Shape{3, 8, 6}, convLayer("x", 5, 3, 0, 1, nil), model.Shape{5, 8, 6}, model.Shape{5, 8, 6}, 27},
		{"no padding", model.Shape{2, 8, 6}, convLayer("x", 4, 5, 1, 0, nil), model.Shape{4, 4, 2}, model.Shape{4, 4, 2}, 50},
		{"stride 2", model.Shape{1, 9, 7}, convLayer("x", 2, 5, 2, 2, nil), model.Shape{2, 5, 4}, model.Shape{2, 5, 4}, 25},
		{"stride that leaves a rest", model.Shape{1, 8, 7}, convLayer("x", 1, 3, 3, 0, nil), model.Shape{1, 2, 2}, model.Shape{1, 2, 2}, 9},
		{"kernel as large as the image", model.Shape{3, 4, 4}, convLayer("x", 7, 4, 1, 0, nil), model.Shape{7, 1, 1}, model.Shape{7, 1, 1}, 48},
		{"kernel larger than the image", model.Shape{1, 2, 3}, convLayer("x", 1, 5, 1, 2, nil), model.Shape{1, 2, 3}, model.Shape{1, 2, 3}, 25},
		{"1×1 convolution", model.Shape{6, 4, 4}, convLayer("x", 2, 1, 1, 0, nil), model.Shape{2, 4, 4}, model.Shape{2, 4, 4}, 6},
		{"pooling by 2", model.Shape{1, 8, 6}, convLayer("x", 1, 1, 1, 0, maxPool(2, 0)), model.Shape{1, 8, 6}, model.Shape{1, 4, 3}, 1},
		{"pooling with a rest", model.Shape{1, 5, 7}, convLayer("x", 1, 1, 1, 0, maxPool(2, 2)), model.Shape{1, 5, 7}, model.Shape{1, 2, 3}, 1},
		{"overlapping pooling", model.Shape{1, 8, 6}, convLayer("x", 1, 1, 1, 0, maxPool(3, 2)), model.Shape{1, 8, 6}, model.Shape{1, 3, 2}, 1},
		{"pooling over all", model.Shape{1, 3, 3}, convLayer("x", 1, 1, 1, 0, maxPool(3, 9)), model.Shape{1, 3, 3}, model.Shape{1, 1, 1}, 1},
		{"global average", model.Shape{1, 8, 6}, convLayer("x", 9, 3, 1, 1, average), model.Shape{9, 8, 6}, model.Shape{9, 1, 1}, 9},
		{"dense", model.Shape{3, 8, 6}, denseLayer("x", 10), model.Shape{10, 1, 1}, model.Shape{10, 1, 1}, 144},
		{"add", model.Shape{3, 8, 6}, addLayer("x", 0, 0), model.Shape{3, 8, 6}, model.Shape{3, 8, 6}, 0},
	} {
		spec := model.Spec{Input: test.input, Layers: []model.Layer{test.layer, denseLayer("out", 2)}}
		geo, err := spec.Geometries()
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		inputs := test.layer.Inputs
		if inputs == nil {
			inputs = []int{0}
		}
		want := []model.Geometry{
			{Act: test.input, Out: test.input},
			{Inputs: inputs, In: test.input, Act: test.act, Out: test.out, FanIn: test.fanIn},
			{Inputs: []int{1}, In: test.out, Act: model.Shape{2, 1, 1}, Out: model.Shape{2, 1, 1}, FanIn: test.out.Size()},
		}
		if !reflect.DeepEqual(geo, want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, geo, want)
		}
	}
}

// TestSkipConnection: layers read others than the one before them.
func TestSkipConnection(t *testing.T) {
	spec := model.Spec{Input: model.Shape{2, 6, 6}, Layers: []model.Layer{
		convLayer("a", 4, 3, 1, 1, nil),
		convLayer("b", 4, 1, 1, 0, nil, 0),
		addLayer("sum", 1, 2, 1),
		convLayer("c", 3, 3, 2, 1, average, 3),
	}}
	spec.Layers[2].Pool = maxPool(2, 0)
	geo, err := spec.Geometries()
	if err != nil {
		t.Fatal(err)
	}
	want := []model.Geometry{
		{Act: model.Shape{2, 6, 6}, Out: model.Shape{2, 6, 6}},
		{Inputs: []int{0}, In: model.Shape{2, 6, 6}, Act: model.Shape{4, 6, 6}, Out: model.Shape{4, 6, 6}, FanIn: 18},
		{Inputs: []int{0}, In: model.Shape{2, 6, 6}, Act: model.Shape{4, 6, 6}, Out: model.Shape{4, 6, 6}, FanIn: 2},
		{Inputs: []int{1, 2, 1}, In: model.Shape{4, 6, 6}, Act: model.Shape{4, 6, 6}, Out: model.Shape{4, 3, 3}},
		{Inputs: []int{3}, In: model.Shape{4, 3, 3}, Act: model.Shape{3, 2, 2}, Out: model.Shape{3, 1, 1}, FanIn: 36},
	}
	if !reflect.DeepEqual(geo, want) {
		t.Errorf("\n%+v, want\n%+v", geo, want)
	}
}

// TestLayerFaults puts one faulty layer before a sound output layer: the message is the fault's
// and no other.
func TestLayerFaults(t *testing.T) {
	with := func(l model.Layer, change func(*model.Layer)) model.Layer { change(&l); return l }
	conv, dense, sum := convLayer("x", 4, 3, 1, 1, nil), denseLayer("x", 4), addLayer("x", 0, 0)
	for want, layer := range map[string]model.Layer{
		` (x): kind "conv" (want dense, conv2d, add or recurrent)`:                                with(conv, func(l *model.Layer) { *l = model.Layer{Name: "x", Kind: "conv", Activation: model.ReLU} }),
		` (x): activation "gelu" (want relu or none)`:                                             with(conv, func(l *model.Layer) { l.Activation = "gelu" }),
		` (x): activation "" (want relu or none)`:                                                 with(conv, func(l *model.Layer) { l.Activation = "" }),
		` (x): units 0 (want 1 to 1048576)`:                                                       with(dense, func(l *model.Layer) { l.Units = 0 }),
		` (x): units -3 (want 1 to 1048576)`:                                                      with(conv, func(l *model.Layer) { l.Units = -3 }),
		` (x): units 1048577 (want 1 to 1048576)`:                                                 with(conv, func(l *model.Layer) { l.Units = 1<<20 + 1 }),
		` (x): dense reads one layer, not 2 (use add to sum layers)`:                              with(dense, func(l *model.Layer) { l.Inputs = []int{0, 0} }),
		` (x): conv2d reads one layer, not 3 (use add to sum layers)`:                             with(conv, func(l *model.Layer) { l.Inputs = []int{0, 0, 0} }),
		` (x): add wants at least two inputs`:                                                     with(sum, func(l *model.Layer) { l.Inputs = nil }),
		` (x): has 5 units, its inputs 3 (leave units out)`:                                       with(sum, func(l *model.Layer) { l.Units = 5 }),
		` (x): reads layer 1 (want 0 to 0: data flows one way)`:                                   with(dense, func(l *model.Layer) { l.Inputs = []int{1} }),
		` (x): reads layer -1 (want 0 to 0: data flows one way)`:                                  with(dense, func(l *model.Layer) { l.Inputs = []int{-1} }),
		` (x): kernel 0, stride 1, padding 0 ` + kernelWant:                                       with(conv, func(l *model.Layer) { l.Kernel, l.Padding = 0, 0 }),
		` (x): kernel -1, stride 1, padding 1 ` + kernelWant:                                      with(conv, func(l *model.Layer) { l.Kernel = -1 }),
		` (x): kernel 1025, stride 1, padding 1 ` + kernelWant:                                    with(conv, func(l *model.Layer) { l.Kernel = 1025 }),
		` (x): kernel 3, stride -1, padding 1 ` + kernelWant:                                      with(conv, func(l *model.Layer) { l.Stride = -1 }),
		` (x): kernel 3, stride 1025, padding 1 ` + kernelWant:                                    with(conv, func(l *model.Layer) { l.Stride = 1025 }),
		` (x): kernel 3, stride 1, padding -1 ` + kernelWant:                                      with(conv, func(l *model.Layer) { l.Padding = -1 }),
		` (x): kernel 3, stride 1, padding 3 ` + kernelWant:                                       with(conv, func(l *model.Layer) { l.Padding = 3 }),
		` (x): kernel 9 does not fit into 8×10 (padding included)`:                                with(conv, func(l *model.Layer) { l.Kernel = 9 }),
		` (x): kernel, stride and padding belong to conv2d`:                                       with(dense, func(l *model.Layer) { l.Stride = 1 }),
		` (x): pool kind "average" (want max, global-average, length or last-step)`:               with(conv, func(l *model.Layer) { l.Pool = &model.Pool{Kind: "average"} }),
		` (x): global-average pooling takes no size or stride`:                                    with(conv, func(l *model.Layer) { l.Pool = &model.Pool{Kind: model.GlobalAveragePool, Size: 2} }),
		` (x): max pool of size 0, stride 0 ` + poolWant:                                          with(conv, func(l *model.Layer) { l.Pool = maxPool(0, 0) }),
		` (x): max pool of size 2, stride -2 ` + poolWant:                                         with(conv, func(l *model.Layer) { l.Pool = maxPool(2, -2) }),
		` (x): max pool of size 7 does not fit into 6×8`:                                          with(conv, func(l *model.Layer) { l.Pool = maxPool(7, 0) }),
		` (x): max pool of size 2 does not fit into 1×1`:                                          with(dense, func(l *model.Layer) { l.Pool = maxPool(2, 0) }),
		` (x): steps 0 (want 1 to 1024)`:                                                          recurrentLayer(0, nil),
		` (x): steps 1025 (want 1 to 1024)`:                                                       recurrentLayer(1025, nil),
		` (x): steps belong to recurrent`:                                                         with(dense, func(l *model.Layer) { l.Steps = 2 }),
		` (x): last-step pooling belongs to recurrent`:                                            with(conv, func(l *model.Layer) { l.Pool = &model.Pool{Kind: model.LastStep} }),
		` (x): last-step pooling takes no size or stride`:                                         recurrentLayer(3, &model.Pool{Kind: model.LastStep, Stride: 1}),
		` (x): max pooling does not go over steps (want last-step, global-average or none)`:       recurrentLayer(3, maxPool(2, 0)),
		` (x): recurrent reads one layer, not 2 (use add to sum layers)`:                          with(recurrentLayer(3, nil), func(l *model.Layer) { l.Inputs = []int{0, 0} }),
		` (x): activation of 1048576×1024×1 is too large (at most 67108864 values are supported)`: with(recurrentLayer(1024, nil), func(l *model.Layer) { l.Units = 1 << 20 }),
		`: name "2" is a number (3:17 means the third layer, whatever it is called)`:              with(conv, func(l *model.Layer) { l.Name = "2" }),
		`: name "" (want letters, digits, _ and .)`:                                               with(conv, func(l *model.Layer) { l.Name = "" }),
		`: name "a:b" (want letters, digits, _ and .)`:                                            with(conv, func(l *model.Layer) { l.Name = "a:b" }),
		`: name "a-b" (want letters, digits, _ and .)`:                                            with(conv, func(l *model.Layer) { l.Name = "a-b" }),
		`: name "a\rb" (want letters, digits, _ and .)`:                                           with(conv, func(l *model.Layer) { l.Name = "a\rb" }),
		`: name "a\xff" (want letters, digits, _ and .)`:                                          with(conv, func(l *model.Layer) { l.Name = "a\xff" }),
		`: name "a/b" (want letters, digits, _ and .)`:                                            with(conv, func(l *model.Layer) { l.Name = "a/b" }),
		` (x): length normalisation takes no size or stride`:                                      with(dense, func(l *model.Layer) { l.Pool = &model.Pool{Kind: model.LengthNormalise, Stride: 1} }),
		` (x): length normalisation belongs to a dense layer, not to conv2d`:                      with(conv, func(l *model.Layer) { l.Pool = &model.Pool{Kind: model.LengthNormalise} }),
	} {
		spec := model.Spec{Input: model.Shape{3, 6, 8}, Layers: []model.Layer{layer, denseLayer("out", 2)}}
		wantError(t, spec, "model: layer 1"+want)
	}
}

func recurrentLayer(steps int, pool *model.Pool) model.Layer {
	return model.Layer{Name: "x", Kind: model.Recurrent, Units: 4, Steps: steps, Activation: model.ReLU, Pool: pool}
}

const (
	kernelWant = "(want a kernel and a stride of 1 to 1024, and less padding than kernel)"
	poolWant   = "(want a size of at least 1 and a stride of 0 or more)"
)

func wantError(t *testing.T, spec model.Spec, want string) {
	t.Helper()
	geo, err := spec.Geometries()
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
	if geo != nil {
		t.Errorf("%s: came with geometries", want)
	}
}

func TestSpecFaults(t *testing.T) {
	out := []model.Layer{denseLayer("out", 2)}
	const inputWant = " (want channels, height, width, each at least 1, and at most 67108864 values)"
	for _, test := range []struct {
		name string
		spec model.Spec
		want string
	}{
		{"no input", model.Spec{Layers: out}, "model: spec input is 0×0×0" + inputWant},
		{"negative input", model.Spec{Input: model.Shape{-3, -8, 8}, Layers: out}, "model: spec input is -3×-8×8" + inputWant},
		{"no layers", model.Spec{Input: model.Shape{3, 8, 8}}, "model: spec has 0 layers (want 1 to 1000)"},
		{"too many layers", model.Spec{Input: model.Shape{3, 8, 8}, Layers: make([]model.Layer, 1001)}, "model: spec has 1001 layers (want 1 to 1000)"},
		{"a map at the end", model.Spec{Input: model.Shape{3, 8, 8}, Layers: []model.Layer{convLayer("x", 2, 3, 1, 1, nil)}},
			"model: the last layer gives 2×8×8 values (want one neuron a class: dense, or global average pooling)"},
		{"adding what does not fit", model.Spec{Input: model.Shape{3, 8, 8}, Layers: []model.Layer{convLayer("x", 4, 3, 1, 1, nil), addLayer("y", 0, 1), denseLayer("out", 2)}},
			"model: layer 2 (y): adds layer 1 of shape 4×8×8 to layer 0 of shape 3×8×8 (want equal shapes)"},
		{"three of a name", model.Spec{Input: model.Shape{3, 8, 8}, Layers: []model.Layer{denseLayer("x", 4), denseLayer("x", 4), denseLayer("x", 2)}},
			"model: layers 1 and 2 are both named \"x\"\nmodel: layers 1 and 3 are both named \"x\""},
	} {
		t.Run(test.name, func(t *testing.T) { wantError(t, test.spec, test.want) })
	}
}

// TestAllFaultsAtOnce: every layer's own faults are told, but not that layers behind a faulty
// one have no shape.
func TestAllFaultsAtOnce(t *testing.T) {
	bad := model.Layer{Name: "in put", Kind: model.Conv2D, Kernel: 3, Padding: 5, Activation: "tanh", Pool: maxPool(0, 0)}
	spec := model.Spec{Input: model.Shape{3, 8, 8}, Layers: []model.Layer{
		bad,
		convLayer("sound", 4, 3, 1, 1, nil),
		addLayer("sum", 1, 2),
		{Name: "sound", Kind: "lstm", Activation: model.ReLU, Inputs: []int{9}},
		convLayer("shortcut", 4, 99, 1, 0, nil, 0),
		denseLayer("out", 0),
	}}
	wantError(t, spec, strings.Join([]string{
		`model: layer 1: name "in put" (want letters, digits, _ and .)`,
		`model: layers 2 and 4 are both named "sound"`,
		`model: layer 1 (in put): activation "tanh" (want relu or none)`,
		`model: layer 1 (in put): units 0 (want 1 to 1048576)`,
		`model: layer 1 (in put): kernel 3, stride 0, padding 5 ` + kernelWant,
		`model: layer 1 (in put): max pool of size 0, stride 0 ` + poolWant,
		`model: layer 4 (sound): kind "lstm" (want dense, conv2d, add or recurrent)`,
		`model: layer 4 (sound): reads layer 9 (want 0 to 3: data flows one way)`,
		`model: layer 5 (shortcut): kernel 99 does not fit into 8×8 (padding included)`,
		`model: layer 6 (out): units 0 (want 1 to 1048576)`,
	}, "\n"))
}

// TestHostileSizes: products that overflow are seen before they are taken.
func TestHostileSizes(t *testing.T) {
	const huge = int(^uint(0) >> 1)
	out := denseLayer("out", 2)
	for _, test := range []struct {
		name  string
		input model.Shape
		layer model.Layer
		want  string
	}{
		{"input of 2⁶⁴ and one values", model.Shape{1 << 32, 1 << 32, 1}, out, "spec input is"},
		{"input of the largest numbers", model.Shape{huge, huge, huge}, out, "spec input is"},
		{"input whose product wraps to 0", model.Shape{1 << 22, 1 << 21, 1 << 21}, out, "spec input is"},
		{"input just too large", model.Shape{1, 1<<13 + 1, 1 << 13}, out, "spec input is"},
		{"padding makes a large map", model.Shape{1, 1, 1}, convLayer("x", 1<<20, 1024, 1, 1023, nil), "activation of 1048576×1024×1024 is too large"},
		// 2²⁰ neurons of 2⁴⁶ synapses are 2⁶⁶, which is 0 in 64 bits.
		{"weights that wrap to 0", model.Shape{1 << 26, 1, 1}, convLayer("x", 1<<20, 1024, 1, 512, average), "kernels of 67108864×1024×1024 are too large"},
		{"wide on wide", model.Shape{1 << 26, 1, 1}, denseLayer("x", 1<<20), "1048576 neurons of 67108864 synapses each (at most 268435456 parameters are supported)"},
		{"one neuron too many", model.Shape{1 << 14, 1, 1}, denseLayer("x", 1<<14), "16384 neurons of 16384 synapses each"},
		{"pooling stride", model.Shape{1, 4, 4}, convLayer("x", 1, 1, 1, 0, maxPool(1, huge)), ""},
		{"pooling size", model.Shape{1, 4, 4}, convLayer("x", 1, 1, 1, 0, maxPool(huge, 0)), "does not fit into 4×4"},
		{"units", model.Shape{1, 4, 4}, denseLayer("x", huge), "(want 1 to 1048576)"},
		{"padding", model.Shape{1, 4, 4}, convLayer("x", 1, huge, huge, huge-1, nil), "(want a kernel and a stride of 1 to 1024"},
		{"input number", model.Shape{1, 4, 4}, denseLayer("x", 1, -huge-1), "data flows one way"},
	} {
		spec := model.Spec{Input: test.input, Layers: []model.Layer{test.layer, denseLayer("last", 2)}}
		_, err := spec.Geometries()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	// Many layers that are each allowed.
	spec := model.Spec{Input: model.Shape{1 << 13, 1, 1}}
	for i := range 1000 {
		spec.Layers = append(spec.Layers, denseLayer(strings.Repeat("x", i+1), 1<<13))
	}
	wantError(t, spec, "model: spec has 67117056000 parameters (at most 268435456 are supported)")
}

func TestShapeFromJSON(t *testing.T) {
	for text, want := range map[string]string{
		`[3,64]`:      "model: shape [3 64] has 2 numbers (want channels, height, width)",
		`[1,3,64,64]`: "model: shape [1 3 64 64] has 4 numbers (want channels, height, width)",
		`[]`:          "model: shape [] has 0 numbers (want channels, height, width)",
		`[3,6.5,1]`:   "json: cannot unmarshal number 6.5 into Go value of type int",
	} {
		var s model.Shape
		if err := json.Unmarshal([]byte(text), &s); err == nil || err.Error() != want {
			t.Errorf("%s: %v, error %v, want %s", text, s, err, want)
		}
	}
	var s model.Shape
	if err := json.Unmarshal([]byte(`[3,64,48]`), &s); err != nil || s != (model.Shape{3, 64, 48}) {
		t.Errorf("[3,64,48]: %v (%v)", s, err)
	}
}

// FuzzSpec: no spec panics; one that is accepted stays within the limits, is what its written
// form says, and has the maps that sliding a window gives.
func FuzzSpec(f *testing.F) {
	for _, name := range []string{"cnn", "mlp", "resnet"} {
		spec, err := model.Preset(name, model.Shape{3, 32, 32}, 2)
		if err != nil {
			f.Fatal(err)
		}
		text, _ := json.Marshal(spec)
		f.Add(text)
	}
	f.Add([]byte(`{"input":[67108864,1,1],"layers":[{"name":"a","kind":"conv2d","units":1048576,"kernel":1024,"padding":512,"activation":"relu"}]}`))
	f.Add([]byte(`{"input":[1,9,7],"layers":[{"name":"a","kind":"conv2d","units":2,"kernel":5,"stride":2,"padding":2,"activation":"none","pool":{"kind":"max","size":3,"stride":1}},{"name":"b","kind":"dense","units":2,"activation":"none"}]}`))
	f.Add([]byte(`{"input":[1,1,1],"layers":[{"name":"a","kind":"add","inputs":[0,0],"activation":"none"}]}`))
	f.Add([]byte(`{"input":[9e9,-1,1],"layers":[null,{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var spec model.Spec
		if json.Unmarshal(text, &spec) != nil {
			return
		}
		geo, err := spec.Geometries()
		if err != nil {
			return
		}
		checkGeometries(t, &spec, geo)
		written, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		var again model.Spec
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatal(err)
		}
		if geoAgain, err := again.Geometries(); err != nil || !reflect.DeepEqual(geo, geoAgain) {
			t.Errorf("written and read again: %v (%v), was %v", geoAgain, err, geo)
		}
	})
}

func checkGeometries(t *testing.T, spec *model.Spec, geo []model.Geometry) {
	if len(geo) != len(spec.Layers)+1 {
		t.Fatalf("%d geometries for %d layers", len(geo), len(spec.Layers))
	}
	parameters := 0
	for i, g := range geo {
		for _, s := range []model.Shape{g.Act, g.Out} {
			if s[0] < 1 || s[1] < 1 || s[2] < 1 || s[0] > 1<<26 || s[1] > 1<<26 || s[2] > 1<<26 || s.Size() > 1<<26 {
				t.Fatalf("layer %d has shape %v", i, s)
			}
		}
		if i == 0 {
			continue
		}
		l := spec.Layers[i-1]
		if l.Kind != model.Add {
			parameters += g.Act[0] * (g.FanIn + 1)
		}
		if g.FanIn < 0 || g.FanIn > 1<<28 || parameters > 1<<28 {
			t.Fatalf("layer %d: fan-in %d, %d parameters so far", i, g.FanIn, parameters)
		}
		for axis := 1; axis <= 2; axis++ {
			if l.Kind == model.Conv2D && g.Act[axis] != windows(g.In[axis]+2*l.Padding, l.Kernel, max(l.Stride, 1)) {
				t.Errorf("layer %d: map of %v for %+v on %v", i, g.Act, l, g.In)
			}
			if p := l.Pool; p != nil && p.Kind == model.MaxPool {
				stride := p.Stride
				if stride == 0 {
					stride = p.Size
				}
				if g.Out[axis] != windows(g.Act[axis], p.Size, stride) {
					t.Errorf("layer %d: pooled to %v by %+v from %v", i, g.Out, *p, g.Act)
				}
			}
		}
	}
}

// windows counts the places of a window that slides over n positions.
func windows(n, size, stride int) (count int) {
	for at := 0; at <= n-size; at += stride {
		count++
		if stride > n {
			break // also where at+stride would overflow
		}
	}
	return count
}
