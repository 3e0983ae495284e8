package circuit_test

import (
	"math"
	"slices"
	"testing"

	"neuroprobe/ablate/circuit"
)

// TestExactByHand: every edge of the known circuit has its score, and no other has any.
func TestExactByHand(t *testing.T) {
	for _, g := range grounds(t) {
		t.Run(g.name, func(t *testing.T) {
			task := g.task(t)
			both, noising := score(t, circuit.Exact{}, task), score(t, circuit.Exact{NoisingOnly: true}, task)
			for e, edge := range task.Edges {
				want := g.want[edge.String()]
				if both.Score[e] != want {
					t.Errorf("%v: %v, want %v", edge, both.Score[e], want)
				}
				if slices.Contains(g.hidden, edge.String()) {
					want = 0
				}
				if noising.Score[e] != want {
					t.Errorf("%v by noising alone: %v, want %v", edge, noising.Score[e], want)
				}
			}
		})
	}
}

// TestACDCByHand: what is kept is the known circuit.
func TestACDCByHand(t *testing.T) {
	for _, g := range grounds(t) {
		t.Run(g.name, func(t *testing.T) {
			task := g.task(t)
			got := score(t, circuit.ACDC{}, task)
			for e, edge := range task.Edges {
				if _, want := g.want[edge.String()]; got.Kept[e] != want {
					t.Errorf("%v kept: %v, want %v (score %v)", edge, got.Kept[e], want, got.Score[e])
				}
				if !got.Kept[e] && math.Abs(got.Score[e]) > 1e-6 {
					t.Errorf("%v is dropped with score %v", edge, got.Score[e])
				}
			}
		})
	}
}
