package circuit_test

import (
	"math"
	"slices"
	"testing"

	"neuroprobe/ablate/circuit"
)

// TestEliminationByHand: the edges of a known circuit outlast all others, where each has a first-order
// effect (of an OR, where either input suffices, y does not move with one of them, and an XOR has a kink).
func TestEliminationByHand(t *testing.T) {
	ranked := 0
	for _, g := range grounds(t) {
		t.Run(g.name, func(t *testing.T) {
			task := g.task(t)
			got := score(t, circuit.Elimination{}, task)
			seen := slices.Sorted(slices.Values(got.Order))
			for k, e := range seen {
				if k != e || len(seen) != len(task.Edges) {
					t.Fatalf("the order %v names each of %d edges not once", got.Order, len(task.Edges))
				}
			}
			eap := score(t, circuit.EAP{}, task)
			for e, edge := range task.Edges {
				if _, known := g.want[edge.String()]; known && eap.Score[e] == 0 {
					return
				}
			}
			ranked++
			for k, e := range got.Order {
				if _, known := g.want[task.Edges[e].String()]; known != (k < len(g.want)) {
					t.Errorf("%v is number %d of %d, the circuit has %d edges", task.Edges[e], k+1, len(got.Order), len(g.want))
				}
			}
		})
	}
	if ranked < 5 {
		t.Errorf("only %d circuits could be ranked", ranked)
	}
}

// TestEliminationStartsAsEAP: in the whole network the score is EAP's, whose gradients are gorgonia's.
func TestEliminationStartsAsEAP(t *testing.T) {
	g := grounds(t)[0]
	task := g.task(t)
	first, eap := score(t, circuit.Elimination{Rate: 1}, task), score(t, circuit.EAP{}, task) // all leave at once
	for e := range eap.Score {
		if math.Abs(first.Score[e]-eap.Score[e]) > 1e-5 {
			t.Errorf("%v: %v, EAP gives %v", task.Edges[e], first.Score[e], eap.Score[e])
		}
	}
}
