package model_test

import (
	"slices"
	"strings"
	"testing"

	"neuroprobe/model"
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
