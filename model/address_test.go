package model_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// addressNet has a convolution "conv1" of 4 channels of 6×5, a dense layer "fc.a" of 20 neurons
// and an output layer "out_3" of 2.
func addressNet(t testing.TB) *model.Network {
	t.Helper()
	spec := model.Spec{Name: "addresses", Input: model.Shape{1, 6, 5}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 4, Kernel: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "fc.a", Kind: model.Dense, Units: 20, Activation: model.ReLU},
		{Name: "out_3", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	params := []model.Params{{},
		{Weight: make([]float32, 4), Bias: make([]float32, 4)},
		{Weight: make([]float32, 20*4*3*2), Bias: make([]float32, 20)},
		{Weight: make([]float32, 2*20), Bias: make([]float32, 2)},
	}
	n, err := model.NewNetwork(spec, params, []float32{0}, []float32{1}, []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParseAddresses(t *testing.T) {
	n := addressNet(t)
	neuron := model.Neuron
	at := func(layer, unit, row, col int) model.Address {
		return model.Address{Layer: layer, Unit: unit, Row: row, Col: col}
	}
	for _, test := range []struct {
		list string
		want []model.Address
	}{
		{"1:0", []model.Address{neuron(1, 0)}},
		{"2:19", []model.Address{neuron(2, 19)}},
		{"conv1:3", []model.Address{neuron(1, 3)}},
		{"fc.a:7,out_3:1", []model.Address{neuron(2, 7), neuron(3, 1)}},
		{"1:2@5,4", []model.Address{at(1, 2, 5, 4)}},
		{"1:2@5, 4", []model.Address{at(1, 2, 5, 4)}},
		{"1:*", []model.Address{neuron(1, model.AllUnits)}},
		{"1:*@0,1", []model.Address{at(1, model.AllUnits, 0, 1)}},
		{"1:1-3", []model.Address{neuron(1, 1), neuron(1, 2), neuron(1, 3)}},
		{"1:2-2", []model.Address{neuron(1, 2)}},
		{"1:0-1@2,3", []model.Address{at(1, 0, 2, 3), at(1, 1, 2, 3)}},
		{"2:0@0,0", []model.Address{at(2, 0, 0, 0)}},
		{"1:2@5,4,1:0,2:1", []model.Address{at(1, 2, 5, 4), neuron(1, 0), neuron(2, 1)}},
		{"1:2@5,4,1:2@4,5", nil}, // column 5 of 5
		{"1:2@5,4,1:2@4,4", []model.Address{at(1, 2, 5, 4), at(1, 2, 4, 4)}},
		{" 1:3 , conv1:1 ", []model.Address{neuron(1, 3), neuron(1, 1)}},
		{"1:3,1:0-2,3:*", []model.Address{neuron(1, 3), neuron(1, 0), neuron(1, 1), neuron(1, 2), neuron(3, model.AllUnits)}},
	} {
		got, err := n.ParseAddresses(test.list)
		if !slices.Equal(got, test.want) || (err == nil) != (test.want != nil) {
			t.Errorf("%q: %v (%v), want %v", test.list, got, err, test.want)
		}
	}
}

func TestParseAddressFaults(t *testing.T) {
	n := addressNet(t)
	const like = "want LAYER:NEURON, like 3:17, conv3:17, 3:17@4,5, 3:* or 3:0-15"
	for list, want := range map[string]string{
		"":              `model: neuron "": ` + like,
		"17":            `model: neuron "17": ` + like,
		"conv1":         `model: neuron "conv1": ` + like,
		"1:":            `model: neuron "1:": ` + like,
		"1:0,":          `model: neuron "": ` + like,
		"1:0,,1:1":      `model: neuron "": ` + like,
		"1:0@1,2,3":     `model: neuron "3": ` + like,
		":3":            `model: no layer "" (there are 1 to 3: conv1, fc.a, out_3)`,
		"0:3":           `model: no layer "0" (there are 1 to 3: conv1, fc.a, out_3)`,
		"4:0":           `model: no layer "4" (there are 1 to 3: conv1, fc.a, out_3)`,
		"-1:0":          `model: no layer "-1" (there are 1 to 3: conv1, fc.a, out_3)`,
		"Conv1:0":       `model: no layer "Conv1" (there are 1 to 3: conv1, fc.a, out_3)`,
		"1:4":           `model: neuron "1:4": layer 1 has neurons 0 to 3`,
		"1:0-4":         `model: neuron "1:0-4": layer 1 has neurons 0 to 3`,
		"1:9-2":         `model: neuron "1:9-2": layer 1 has neurons 0 to 3`,
		"1:3-1":         `model: neuron "1:3-1": the range runs backwards (want 1-3)`,
		"1:-1":          `model: neuron "1:-1": "-1" is no neuron number (want like 17, 0-15 or *)`,
		"1:1-":          `model: neuron "1:1-": "1-" is no neuron number (want like 17, 0-15 or *)`,
		"1:0--1":        `model: neuron "1:0--1": layer 1 has neurons 0 to 3`,
		"1:a":           `model: neuron "1:a": "a" is no neuron number (want like 17, 0-15 or *)`,
		"1:1.5":         `model: neuron "1:1.5": "1.5" is no neuron number (want like 17, 0-15 or *)`,
		"1:**":          `model: neuron "1:**": "**" is no neuron number (want like 17, 0-15 or *)`,
		"1:2:3":         `model: neuron "1:2:3": "2:3" is no neuron number (want like 17, 0-15 or *)`,
		"1:@1,1":        `model: neuron "1:@1,1": "" is no neuron number (want like 17, 0-15 or *)`,
		"1:0@":          `model: neuron "1:0@": position "" (want ROW,COLUMN, like 4,5)`,
		"1:0@1":         `model: neuron "1:0@1": position "1" (want ROW,COLUMN, like 4,5)`,
		"1:0@a,b":       `model: neuron "1:0@a,b": position "a,b" (want ROW,COLUMN, like 4,5)`,
		"1:0@6,0":       `model: neuron "1:0@6,0": layer 1 has rows 0 to 5 and columns 0 to 4`,
		"1:0@0,5":       `model: neuron "1:0@0,5": layer 1 has rows 0 to 5 and columns 0 to 4`,
		"1:0@-1,0":      `model: neuron "1:0@-1,0": layer 1 has rows 0 to 5 and columns 0 to 4`,
		"2:0@0,1":       `model: neuron "2:0@0,1": layer 2 has rows 0 to 0 and columns 0 to 0`,
		"1:2@1,1,2:0@9": `model: neuron "2:0@9": position "9" (want ROW,COLUMN, like 4,5)`,
		"1:99999999999999999999": `model: neuron "1:99999999999999999999": "99999999999999999999" is no neuron number ` +
			`(want like 17, 0-15 or *)`,
	} {
		got, err := n.ParseAddresses(list)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, error\n%v, want\n%s", list, got, err, want)
		}
	}
}

// TestNamedTwice: the same neuron in whatever disguise would be edited twice.
func TestNamedTwice(t *testing.T) {
	n := addressNet(t)
	for list, twice := range map[string]string{
		"1:2,1:2":             "1:2",
		"1:2,conv1:2":         "1:2",
		"1:0-2,1:2-3":         "1:2",
		"1:3,1:0-3":           "1:3",
		"1:*,1:3":             "1:3",
		"1:3,1:*":             "1:3",
		"1:*,1:*":             "1:*",
		"1:2,1:2@0,0":         "1:2@0,0",
		"1:2@0,0,1:2":         "1:2@0,0",
		"1:2@0,0,1:2@0,0":     "1:2@0,0",
		"1:*@1,1,1:2":         "1:2@1,1",
		"1:2-3,1:*@1,1":       "1:2@1,1",
		"1:*@1,1,1:2@1,1":     "1:2@1,1",
		"1:*,1:*@4,4":         "1:*@4,4",
		"1:0-1@4,4,1:1-3@4,4": "1:1@4,4",
	} {
		_, err := n.ParseAddresses(list)
		if want := "model: neuron " + twice + " is named twice in \"" + list + "\""; err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", list, err, want)
		}
	}
	for _, list := range []string{"1:0-1,1:2-3", "1:2@0,0,1:2@0,1", "1:*@0,0,1:*@0,1", "1:*@0,0,1:2@0,1", "1:1,2:1", "1:*,2:*", "1:0-1@0,0,1:2@0,0"} {
		if _, err := n.ParseAddresses(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestAddressString(t *testing.T) {
	n := addressNet(t)
	for _, text := range []string{"1:3", "1:*", "1:2@5,4", "1:*@0,1", "3:1"} {
		got, err := n.ParseAddresses(text)
		if err != nil || len(got) != 1 || got[0].String() != text {
			t.Errorf("%q comes back as %v (%v)", text, got, err)
		}
	}
}

// circleNet has a dense layer of 3 neurons, a recurrent one of 5 with 4 steps, "recur2", and an output.
func circleNet() *model.Network {
	return modeltest.Random(model.Spec{Name: "circle", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 3, Activation: model.ReLU},
		{Name: "recur2", Kind: model.Recurrent, Units: 5, Steps: 4, Activation: model.ReLU, Pool: &model.Pool{Kind: model.LastStep}},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 1)
}

func TestStepAddresses(t *testing.T) {
	n := circleNet()
	for list, want := range map[string][]model.Address{
		"2:4#1":           {model.Step(2, 4, 1)},
		"recur2:0#4":      {model.Step(2, 0, 4)},
		"2:*#2":           {model.Step(2, model.AllUnits, 2)},
		"2:0-1#3":         {model.Step(2, 0, 3), model.Step(2, 1, 3)},
		"2:3#*":           {model.Neuron(2, 3)},
		"2:3@2,0":         {model.Step(2, 3, 3)},
		"1:2,2:1#1,2:1#2": {model.Neuron(1, 2), model.Step(2, 1, 1), model.Step(2, 1, 2)},
	} {
		got, err := n.ParseAddresses(list)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v (%v), want %v", list, got, err, want)
			continue
		}
		for _, a := range got {
			if err := n.CheckAddress(a); err != nil {
				t.Errorf("%v: %v", a, err)
			}
			text, err := json.Marshal(a)
			var back model.Address
			if err != nil || json.Unmarshal(text, &back) != nil || back != a {
				t.Errorf("%v is %s in JSON, read back %v", a, text, back)
			}
		}
	}
	if text, _ := json.Marshal(model.Step(2, 4, 3)); string(text) != `{"layer":2,"unit":4,"row":2,"col":0,"step":3}` {
		t.Errorf("a step in JSON: %s", text)
	}
	if text, _ := json.Marshal(model.Neuron(2, 4)); string(text) != `{"layer":2,"unit":4,"row":-1,"col":-1}` {
		t.Errorf("a neuron in JSON: %s", text)
	}
	for list, want := range map[string]string{
		"1:2#1":         `model: neuron "1:2#1": layer 1 has no steps (layer 2, recur2, is recurrent: want like 2:0#1)`,
		"2:1#0":         `model: neuron "2:1#0": layer 2 has steps 1 to 4`,
		"2:1#5":         `model: neuron "2:1#5": layer 2 has steps 1 to 4`,
		"2:1#-1":        `model: neuron "2:1#-1": layer 2 has steps 1 to 4`,
		"2:1#x":         `model: neuron "2:1#x": "x" is no step (want 1 to 4, or *)`,
		"2:1#":          `model: neuron "2:1#": "" is no step (want 1 to 4, or *)`,
		"2:5#1":         `model: neuron "2:5#1": layer 2 has neurons 0 to 4`,
		"2:1@4,0":       `model: neuron "2:1@4,0": layer 2 has rows 0 to 3 and columns 0 to 0`,
		"2:1#2,2:1":     `model: neuron 2:1#2 is named twice in "2:1#2,2:1"`,
		"2:1#2,2:1@1,0": `model: neuron 2:1#2 is named twice in "2:1#2,2:1@1,0"`,
		"2:*#2,2:0-1#2": `model: neuron 2:0#2 is named twice in "2:*#2,2:0-1#2"`,
	} {
		if got, err := n.ParseAddresses(list); err == nil || err.Error() != want {
			t.Errorf("%q: %v, error\n%v, want\n%s", list, got, err, want)
		}
	}
	if _, err := addressNet(t).ParseAddresses("1:2#1"); err == nil || !strings.HasSuffix(err.Error(), "layer 1 has no steps (no layer of this network is recurrent)") {
		t.Errorf("a step without recurrent layers: %v", err)
	}
	for _, a := range []model.Address{model.Step(2, 0, 0), model.Step(2, 0, 5), model.Step(1, 0, 1), model.Step(2, 5, 1), {Layer: 2, Unit: 0, Row: model.AllPositions, Col: model.AtStep}} {
		if n.CheckAddress(a) == nil {
			t.Errorf("%+v: no error", a)
		}
	}
}

// FuzzStepAddresses: what is accepted reads back from its own text, and can be edited.
func FuzzStepAddresses(f *testing.F) {
	for _, seed := range []string{"2:0#1", "recur2:1-3#4", "2:1@3,0,2:1#1", "2:*#*", "2:#1", "#", "2:1#1#1", "2:1#1@0,0", "2:1@0,0#1", "1:0#1"} {
		f.Add(seed)
	}
	n := circleNet()
	image := []float32{0.1, 0.9, 0.4, 0.3}
	f.Fuzz(func(t *testing.T, list string) {
		addresses, err := n.ParseAddresses(list)
		if err != nil {
			return
		}
		var texts []string
		var edits []model.Edit
		for _, a := range addresses {
			texts, edits = append(texts, a.String()), append(edits, model.Zero(a))
		}
		again, err := n.ParseAddresses(strings.Join(texts, ","))
		if err != nil || !slices.Equal(addresses, again) {
			t.Errorf("%q is %v, read back %v (%v)", list, addresses, again, err)
		}
		if _, err := model.NewSession(n).Run(image, 0, edits, nil); err != nil {
			t.Errorf("%q cannot be edited: %v", list, err)
		}
	})
}

// FuzzParseAddresses: no input panics, and what is accepted reads back from its own text.
func FuzzParseAddresses(f *testing.F) {
	for _, seed := range []string{"1:0", "conv1:0-3", "1:2@5,4,2:1", "1:*@1,1", "fc.a:*", "1:1-", "@,@,:", "1:0@1,2,3", "1:-1", ""} {
		f.Add(seed)
	}
	n := addressNet(f)
	f.Fuzz(func(t *testing.T, list string) {
		addresses, err := n.ParseAddresses(list)
		if err != nil {
			return
		}
		var texts []string
		for _, a := range addresses {
			texts = append(texts, a.String())
		}
		again, err := n.ParseAddresses(strings.Join(texts, ","))
		if err != nil || !slices.Equal(addresses, again) {
			t.Errorf("%q is %v, read back %v (%v)", list, addresses, again, err)
		}
	})
}
