package circuit

import (
	"context"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// TestRandomCircuitsHaveTheSameLayers counts the edges between each two layers, and finds the draws
// different from each other and the same again.
func TestRandomCircuitsHaveTheSameLayers(t *testing.T) {
	shape := model.Shape{3, 1, 1}
	n := modeltest.Random(model.Spec{Name: "r", Input: shape, Layers: []model.Layer{
		{Name: "a", Kind: model.Dense, Units: 4, Activation: model.ReLU},
		{Name: "b", Kind: model.Dense, Units: 4, Activation: model.ReLU},
		{Name: "sum", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 1)
	n.Classes = []string{"left", "right"}
	p, err := Prepare(context.Background(), n, modeltest.Blobs(shape, 4, 4, 4, 1), Options{Target: "left"})
	if err != nil {
		t.Fatal(err)
	}
	edges := []int{0, 1, 2, 13, 14, 30, len(p.Edges) - 1}
	want := map[layers]int{}
	for _, e := range edges {
		want[p.between(e)]++
	}
	different := map[string]bool{}
	for k, m := range p.draw(edges, 20, 7) {
		got, name := map[layers]int{}, ""
		for e := range p.Edges {
			if m.Kept(p.Edges[e]) {
				got[p.between(e)]++
				name += p.Edges[e].String() + " "
			}
		}
		if m.Count() != len(edges) || len(got) != len(want) {
			t.Fatalf("draw %d has %d edges, %v", k, m.Count(), got)
		}
		for l := range want {
			if got[l] != want[l] {
				t.Errorf("draw %d has %d edges %v, want %d", k, got[l], l, want[l])
			}
		}
		different[name] = true
		for e, again := range p.Edges {
			if p.draw(edges, 20, 7)[k].Kept(again) != m.Kept(again) {
				t.Fatalf("draw %d is another one the second time, at edge %d", k, e)
			}
		}
	}
	if len(different) < 19 {
		t.Errorf("%d of 20 draws differ", len(different))
	}
}

// TestRandomP counts the circuit itself in: 2 of 9 do as well, (2+1)/(9+1).
func TestRandomP(t *testing.T) {
	values := []float64{.1, .2, .3, .4, .5, .6, .7, .8, .9}
	if p := randomP(values, func(v float64) bool { return v >= 0.8 }); p != 0.3 {
		t.Errorf("p is %v, want 0.3", p)
	}
	if p := randomP(nil, func(float64) bool { return true }); p.Defined() {
		t.Errorf("p of nothing is %v", p)
	}
	s := spread(values)
	if s.N != 9 || s.Lowest != 0.1 || s.Most != 0.9 || s.Mean < 0.4999 || s.Mean > 0.5001 {
		t.Errorf("spread is %+v", s)
	}
}
