package state

import (
	"fmt"
	"math/rand/v2"

	"neuroprobe/model"
)

// Order is who updates its activation when.
type Order string

// The orders. Random: at each tick each neuron with the same probability, independent of all others.
// Sequential: one neuron at a time, in sweeps through all of them, each in a random order of its
// own. Forward and Backward: one layer at a time, from the input on or from the output back.
const (
	RandomOrder     Order = "random"
	SequentialOrder Order = "sequential"
	ForwardOrder    Order = "forward"
	BackwardOrder   Order = "backward"
)

// Orders are all of them.
var Orders = []Order{RandomOrder, SequentialOrder, ForwardOrder, BackwardOrder}

// Rule is an order with its parameter.
type Rule struct {
	Order Order `json:"order"`
	// Part is the probability with which a neuron updates at a tick, in random order only. 1 means
	// that all do at every tick: in lockstep.
	Part float64 `json:"part,omitempty"`
}

func (r Rule) String() string {
	switch {
	case r.Order == RandomOrder && r.Part == 1:
		return "all at once"
	case r.Order == RandomOrder:
		return fmt.Sprintf("random, %v a tick", r.Part)
	}
	return string(r.Order)
}

// Random tells whether two draws of the order differ.
func (r Rule) Random() bool {
	return r.Order == SequentialOrder || r.Order == RandomOrder && r.Part < 1
}

// check refuses what is no rule.
func (r Rule) check() error {
	switch r.Order {
	case SequentialOrder, ForwardOrder, BackwardOrder:
		return nil
	case RandomOrder:
		if !(r.Part >= MinPart && r.Part <= 1) {
			return fmt.Errorf("state: a part of %v (want %v to 1, the probability that a neuron updates at a tick)", r.Part, MinPart)
		}
		return nil
	}
	return fmt.Errorf("state: order %q (want random, sequential, forward or backward)", r.Order)
}

// MinPart keeps the number of ticks within bounds.
const MinPart = 0.001

// clock turns a rule into ticks of a network. Time is counted in updates a neuron: so much of it
// has passed when each neuron has updated so many times, on average.
type clock struct {
	Rule
	seed    uint64
	depth   int
	before  []int // by layer: neurons of the layers before
	neurons int
}

func newClock(n *model.Network, r Rule, seed uint64) *clock {
	c := &clock{Rule: r, seed: seed, depth: n.Depth(), before: make([]int, n.Depth()+1)}
	for l := 1; l <= n.Depth(); l++ {
		c.before[l] = c.neurons
		c.neurons += n.Geometry(l).Act[0]
	}
	return c
}

// tick is the time that one takes.
func (c *clock) tick() float64 {
	switch c.Order {
	case RandomOrder:
		return c.Part
	case SequentialOrder:
		return 1 / float64(c.neurons)
	}
	return 1 / float64(c.depth)
}

// draws are what the ticks of a batch choose. Each image has a draw, a number that its order
// depends on and on nothing else: not on the other images of the batch, nor on what has changed.
type draws struct {
	*clock
	draw   []uint64
	sweeps [][]int // of sequential order: each image's neurons in the order of the sweep under way
}

func (c *clock) draws(numbers []uint64) *draws {
	return &draws{clock: c, draw: numbers, sweeps: make([][]int, len(numbers))}
}

// at tells which neurons update at a tick, counted from 1.
func (d *draws) at(tick int) func(image, layer, unit int) bool {
	switch d.Order {
	case ForwardOrder:
		now := 1 + (tick-1)%d.depth
		return func(_, layer, _ int) bool { return layer == now }
	case BackwardOrder:
		now := d.depth - (tick-1)%d.depth
		return func(_, layer, _ int) bool { return layer == now }
	case SequentialOrder:
		sweep, place := (tick-1)/d.neurons, (tick-1)%d.neurons
		if place == 0 {
			for i, number := range d.draw {
				d.sweeps[i] = rand.New(rand.NewPCG(d.seed^0x73776565, mixed(number)+uint64(sweep))).Perm(d.neurons) // "swee"
			}
		}
		return func(image, layer, unit int) bool { return d.sweeps[image][place] == d.before[layer]+unit }
	}
	if d.Part == 1 {
		return func(int, int, int) bool { return true }
	}
	moment := make([]uint64, len(d.draw))
	for i, number := range d.draw {
		moment[i] = mixed(mixed(mixed(d.seed)^number) ^ uint64(tick))
	}
	return func(image, layer, unit int) bool {
		return float64(mixed(moment[image]^uint64(d.before[layer]+unit))>>11)*0x1p-53 < d.Part
	}
}

// mixed scatters a number over all 64 bits: the step and finisher of SplitMix64 (G. L. Steele,
// D. Lea and C. H. Flood, OOPSLA 2014).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
