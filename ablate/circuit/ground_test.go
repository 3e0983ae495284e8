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

// TestACDCByHand: what is kept is the known circuit. Nothing is dropped on the way that matters, so that
// the scores are the exact ones.
func TestACDCByHand(t *testing.T) {
	for _, g := range grounds(t) {
		t.Run(g.name, func(t *testing.T) {
			task := g.task(t)
			got := score(t, circuit.ACDC{}, task)
			for e, edge := range task.Edges {
				want, kept := g.want[edge.String()]
				if got.Kept[e] != kept || math.Abs(got.Score[e]-want) > 1e-6 {
					t.Errorf("%v: kept %v with %v, want %v with %v", edge, got.Kept[e], got.Score[e], kept, want)
				}
			}
		})
	}
}
