package model_test

import (
	"slices"
	"strings"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func TestParseLayers(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	for _, test := range []struct {
		list  string
		input bool
		want  []int
		fault string
	}{
		{"", false, nil, ""},
		{"3", false, []int{3}, ""},
		{"1-3", false, []int{1, 2, 3}, ""},
		{"4, 2,conv1 ,2", false, []int{1, 2, 4}, ""},
		{"conv2", false, []int{2}, ""},
		{"conv1-conv3", false, []int{1, 2, 3}, ""},
		{"input,1", true, []int{0, 1}, ""},
		{"0-2", true, []int{0, 1, 2}, ""},
		{"0", false, nil, `no layer "0" (there are 1 to 5: conv1, conv2, `},
		{"input", false, nil, `no layer "input"`},
		{"6", false, nil, `no layer "6"`},
		{"1,", false, nil, `no layer ""`},
		{"3-1", false, nil, "layers 3-1: the range runs backwards (want 1-3)"},
		{"1-9", false, nil, `no layer "9"`},
		{"-", true, nil, `no layer ""`},
	} {
		got, err := n.ParseLayers(test.list, test.input)
		if test.fault == "" && (err != nil || !slices.Equal(got, test.want)) {
			t.Errorf("%q: %v, %v, want %v", test.list, got, err, test.want)
		}
		if test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%q: %v, %v, want %s", test.list, got, err, test.fault)
		}
	}
}
