package reports

import (
	"context"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// fixtureCensus is a census of a network wired by hand, one neuron of which is dead, with weights and
// images that floating point holds exactly.
func fixtureCensus(t testing.TB) CensusReport {
	t.Helper()
	n := modeltest.Wire(2, [][]float32{{1, -0.5, 0}, {0.5, 1, 0.25}, {-1, -1, -0.5}, {2, 0.25, 0}},
		[][]float32{{1, 0.5, -0.25, 2, 0}, {-0.5, 1, 0.5, -1, 0.5}, {0.25, -2, 1, 0, 0}}, [][]float32{{1, -1, 0.5, 0}, {-1, 1, 0.5, 0.5}})
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 36 {
		s.Images, s.Labels = append(s.Images, float32(i%4)/4, float32(i%3)/4), append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 12, 12, 12)
	if err != nil {
		t.Fatal(err)
	}
	c, err := probe.TakeCensus(context.Background(), n, set, probe.CensusOptions{Split: datasets.Confirm, Permutations: 99, Seed: 1, Progress: func(string, int, int) {}})
	if err != nil {
		t.Fatal(err)
	}
	return CensusReport{Result: c, Source: Source{Network: n, Set: set, DataDigest: fixtureDigest, ModelPath: "model.safetensors", Run: fixtureRun("neuroprobe census")}}
}

func TestGoldenCensus(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0054-census": Census(fixtureCensus(t))})
}

// TestCensusOfAConvolutionAndASum: the page of a network that has all kinds of layers is whole.
func TestCensusOfAConvolutionAndASum(t *testing.T) {
	spec, err := model.Preset("resnet", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n, set := modeltest.Random(spec, 2), modeltest.Blobs(spec.Input, 4, 20, 20, 3)
	n.Classes = set.Classes
	r := fixtureCensus(t)
	if r.Result, err = probe.TakeCensus(context.Background(), n, set, probe.CensusOptions{Split: datasets.Confirm, Permutations: 19, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	r.Network, r.Set = n, set
	if err := Census(r).check(); err != nil {
		t.Error(err)
	}
}
