package circuit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/model"
)

// ErrVerify marks a cut whose effect came out differently by two ways of computing it.
var ErrVerify = errors.New("circuit: an edge's effect could not be verified")

// chain finds the chain that carried the decision, cuts it link by link and as a whole, and cuts random
// ones beside.
func (i *imaging) chain(ctx context.Context) error {
	w := &wires{edges: i.p.Edges, size: make([]float64, len(i.p.Edges)), end: i.end}
	all := wires{edges: w.edges, size: make([]float64, len(w.edges)), end: w.end}
	edges := i.p.edgesTo(i.end)
	effects, err := i.t.Effects(ctx, "cutting every edge", edges, Noising)
	if err != nil {
		return err
	}
	effect, largest := make([]float64, len(w.edges)), 0.0
	for k := range effects {
		largest = max(largest, math.Abs(effects[k][0]))
	}
	for k, e := range edges {
		effect[e], all.size[e] = effects[k][0], 1
		if -effects[k][0] > silence*largest {
			w.size[e] = -effects[k][0]
		}
	}
	paths := w.strongest(1)
	if len(paths) == 0 {
		i.x.Warnings = append(i.x.Warnings, "no chain leads from the image to the answer's neuron along edges whose cut lowers y")
		return nil
	}
	c := &ImageChain{Strength: paths[0].sizes[0], Sign: 1, Supporting: w.count(0), InNetwork: all.count(0)}
	i.x.Chain = c
	for _, e := range paths[0].links {
		edge := w.edges[e]
		c.Neurons = append(c.Neurons, i.neuron(edge.From))
		row, col := i.r.peak(edge.To)
		link := ImageLink{Edge: edge, Source: ID(edge.From), Target: ID(edge.To)}
		link.Term, _ = i.r.term(edge.From, edge.To, row, col)
		link.Usual = i.usual(edge, row, col)
		if link.Cut, err = i.cut(ctx, []int{e}); err != nil {
			return err
		}
		// The effects of all edges come from the sweep engine, the cuts from a run of their own.
		if math.Abs(link.Effect-effect[e]) > 1e-4*max(1, math.Abs(i.x.Y), math.Abs(effect[e])) {
			return fmt.Errorf("%w: %v: %v in the sweep, %v alone", ErrVerify, edge, effect[e], link.Effect)
		}
		link.Rank = 1
		for _, k := range edges {
			if w.edges[k].From.Layer == edge.From.Layer && w.edges[k].To.Layer == edge.To.Layer {
				link.Of++
				if effect[k] < effect[e] {
					link.Rank++
				}
			}
		}
		if !link.Excitatory() {
			c.Sign = -c.Sign
		}
		c.Links = append(c.Links, link)
	}
	c.Neurons = append(c.Neurons, i.neuron(i.end))
	if c.Cut, err = i.cut(ctx, paths[0].links); err != nil {
		return err
	}
	return i.random(ctx, &all, c)
}

// neuron is one of the chain's.
func (i *imaging) neuron(a model.Address) ChainNeuron {
	n := ChainNeuron{Activity: i.activity(a), Layer: "input"}
	if a.Layer > 0 {
		n.Layer = i.p.Network.Layer(a.Layer).Name
		if shape := i.p.Network.Geometry(a.Layer).Act; shape.Area() > 1 {
			n.Map, n.Rows, n.Cols = slices.Clone(i.r.mapOf(a)), shape[1], shape[2]
		}
	}
	return n
}

// usual is what an edge adds at a position on average over select.
func (i *imaging) usual(e model.Edge, row, col int) float64 {
	carried := make([]float32, i.p.Network.Positions(e.To))
	i.p.Network.Contribution(carried, e.From, e.To, i.p.means[e.From.Layer])
	return float64(carried[row*i.p.Network.Geometry(e.To.Layer).Act[2]+col])
}

// cut runs the image with edges at their mean, and says what becomes of the answer.
func (i *imaging) cut(ctx context.Context, edges []int) (Cut, error) {
	logits, err := i.p.Network.Logits(ctx, i.x.Pixels, i.t.armOf(edges).Edits, 1)
	if err != nil {
		return Cut{}, err
	}
	c := Cut{After: i.p.Y(logits), Answer: i.p.Network.Classes[model.Answer(logits)]}
	c.Effect, c.Flips = c.After-i.x.Y, c.Answer != i.x.Answer
	return c, nil
}

// random cuts random chains: each chain of the network is as likely as any other.
func (i *imaging) random(ctx context.Context, all *wires, c *ImageChain) error {
	c.Random = []float64{}
	ways := all.ways(0)
	r := rand.New(rand.NewPCG(i.p.Seed, 0x72616e64)) // "rand"
	for k := range i.o.Random {
		cut, err := i.cut(ctx, all.walk(ways, r))
		if err != nil {
			return err
		}
		c.Random = append(c.Random, cut.Effect)
		if cut.Flips {
			c.RandomFlips++
		}
		if cut.Effect <= c.Cut.Effect {
			c.AtLeast++
		}
		i.p.progress("cutting random chains", k+1, i.o.Random)
	}
	slices.Sort(c.Random)
	return nil
}

// walk is a random chain, drawn from the end backwards in proportion to how many chains lead on.
func (w *wires) walk(ways map[model.Address]float64, r *rand.Rand) (links []int) {
	for at := w.end; at.Layer > 0; {
		left, chosen := r.Float64()*ways[at], -1
		for e, edge := range w.edges {
			if edge.To != at || !w.usable(e, 0) {
				continue
			}
			if share := waysTo(ways, edge.From); share > 0 {
				chosen = e
				if left -= share; left < 0 {
					break
				}
			}
		}
		links = append(links, chosen)
		at = w.edges[chosen].From
	}
	slices.Reverse(links)
	return links
}
