package circuit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Chains finds the strongest chains of neurons from the image's channels to an output neuron. A chain
// is as strong as its weakest link: the least size of the exact effect on y, averaged over the pairs, of
// corrupting one of its edges alone. Of chains with the same weakest link the one whose next-weakest
// is larger comes first, and so on (leximin). Edges into an output neuron other than the end are no part
// of any chain. The ranking is from select, every number told of a chain from the split of the options.
//
// An effect goes along every path from the edge to y: that all links of a chain are strong does not show
// that what passes through one is what passes through the next.
func Chains(ctx context.Context, n *model.Network, set *datasets.Set, o ChainsOptions) (*ChainsResult, error) {
	o.Options = o.filled()
	o.fill()
	end, err := o.end(n)
	if err != nil {
		return nil, err
	}
	p, err := Prepare(ctx, n, set, o.Options)
	if err != nil {
		return nil, err
	}
	c := &chains{o: o, p: p, end: end}
	return c.run(ctx)
}

func (o *ChainsOptions) fill() {
	if o.Top == 0 {
		o.Top = DefaultChains
	}
	switch {
	case o.Surrogates == 0:
		o.Surrogates = DefaultSurrogates
	case o.Surrogates < 0:
		o.Surrogates = 0
	}
	if o.SurrogatePairs == 0 {
		o.SurrogatePairs = DefaultSurrogatePairs
	}
}

// end reads To; it fills in Target where that is empty.
func (o *ChainsOptions) end(n *model.Network) (model.Address, error) {
	if o.To != "" {
		end, err := ParseOutput(n, o.To)
		if err == nil && o.Target == "" {
			o.Target = "class:" + n.Classes[end.Unit]
		}
		return end, err
	}
	return model.Address{Layer: -1}, nil // known with the goal
}

// ParseOutput reads an output neuron: "5:1", "dense5:1", or the name of its class.
func ParseOutput(n *model.Network, text string) (model.Address, error) {
	if class := slices.Index(n.Classes, text); class >= 0 {
		return model.Neuron(n.Depth(), class), nil
	}
	wrong := fmt.Errorf("circuit: %q is no output neuron (want %v to %v, or %s)", text, model.Neuron(n.Depth(), 0), model.Neuron(n.Depth(), len(n.Classes)-1), strings.Join(n.Classes, ", "))
	list, err := n.ParseAddresses(text)
	if err != nil || len(list) != 1 || list[0] != model.Neuron(n.Depth(), list[0].Unit) || list[0].Unit == model.AllUnits {
		return model.Address{}, wrong
	}
	return list[0], nil
}

// chains is one search.
type chains struct {
	o   ChainsOptions
	p   *Preparation
	end model.Address

	measured *Task
	effects  map[int][]float64 // by edge of a chain and pair, from the measured split
}

func (c *chains) run(ctx context.Context) (*ChainsResult, error) {
	if c.end.Layer < 0 {
		c.end = model.Neuron(c.p.Network.Depth(), c.p.Goal.Class)
	}
	chosen, err := c.p.Task(ctx, datasets.Select, c.p.Against)
	if err != nil {
		return nil, err
	}
	if c.measured, err = c.p.Task(ctx, c.o.Split, c.p.Against); err != nil {
		return nil, err
	}
	x := &ChainsResult{Split: c.o.Split, SplitName: c.o.Split.String(), Target: c.p.Goal, Class: c.p.Network.Classes[c.p.Goal.Class], Metric: c.p.Metric, Against: c.p.Against,
		End: ID(c.end), EndClass: c.p.Network.Classes[c.end.Unit], SelectPairs: chosen.Len(), Pairs: c.measured.Len(), Excluded: chosen.Excluded + c.measured.Excluded,
		Permutations: c.p.Permutations, Resamples: c.p.Resamples, Seed: c.p.Seed, Warnings: slices.Clone(c.p.Set.Warnings)}
	if c.o.Split == datasets.Select {
		x.Excluded = chosen.Excluded
		x.Warnings = append(x.Warnings, "chains are measured on the images on which they were ranked: the strongest are overstated")
	}
	w, err := chosen.wires(ctx, "measuring edges on select", c.end)
	if err != nil {
		return nil, err
	}
	paths := c.search(w, x)
	if len(paths) == 0 {
		return nil, ErrNoChain
	}
	if err := c.measure(ctx, w, paths, x); err != nil {
		return nil, err
	}
	if err := c.together(ctx, w, paths, x); err != nil {
		return nil, err
	}
	return x, c.surrogates(ctx, paths, x)
}

// ErrNoChain marks a network in which no chain reaches the output neuron.
var ErrNoChain = errors.New("circuit: no chain of edges that change y leads from the image to the output neuron")

// edgesTo are the numbers of the edges that can lie on a chain: all but those into other output neurons.
func (p *Preparation) edgesTo(end model.Address) []int {
	var out []int
	for e, edge := range p.Edges {
		if edge.To.Layer != end.Layer || edge.To.Unit == end.Unit {
			out = append(out, e)
		}
	}
	return out
}

// wires measures the size of every edge that can lie on a chain.
func (t *Task) wires(ctx context.Context, stage string, end model.Address) (*wires, error) {
	w := &wires{edges: t.Edges, size: make([]float64, len(t.Edges)), end: end}
	edges := t.edgesTo(end)
	effects, err := t.meanEffects(ctx, Noising, stage, edges)
	if err != nil {
		return nil, err
	}
	var loudest float64
	for k, e := range edges {
		w.size[e] = math.Abs(effects[k])
		loudest = max(loudest, w.size[e])
	}
	// What float32 sums leave of no effect is none.
	for e, s := range w.size {
		if s <= silence*loudest {
			w.size[e] = 0
		}
	}
	return w, nil
}

// silence is the size of an effect, relative to the largest, below which it is rounding.
const silence = 1e-6

// search finds and counts chains.
func (c *chains) search(w *wires, x *ChainsResult) []path {
	all := wires{edges: w.edges, size: make([]float64, len(w.edges)), end: w.end}
	for _, e := range c.p.edgesTo(c.end) {
		all.size[e] = 1
		x.Edges++
		if w.size[e] == 0 {
			x.Silent++
		}
	}
	x.InNetwork, x.Effective = all.count(0), w.count(0)
	paths := w.strongest(c.o.Top)
	for _, p := range paths {
		chain := Chain{Chosen: p.sizes[0], Compared: probe.Undefined, P: probe.Undefined, RelativeP: probe.Undefined}
		chain.ChosenWeakest = slices.IndexFunc(p.links, func(e int) bool { return w.size[e] == p.sizes[0] })
		for _, e := range p.links {
			chain.Neurons = append(chain.Neurons, ID(w.edges[e].From))
		}
		chain.Neurons = append(chain.Neurons, x.End)
		x.Chains = append(x.Chains, chain)
		bottleneck := p.links[chain.ChosenWeakest]
		name := w.edges[bottleneck].String()
		at := slices.IndexFunc(x.Bottlenecks, func(b Bottleneck) bool { return b.Edge == name })
		if at < 0 {
			at = len(x.Bottlenecks)
			x.Bottlenecks = append(x.Bottlenecks, Bottleneck{Edge: name, Chosen: p.sizes[0], Sharing: w.sharing(bottleneck)})
		}
		x.Bottlenecks[at].Listed++
	}
	x.shared(w, paths)
	return paths
}

// shared finds what all chains have in common.
func (x *ChainsResult) shared(w *wires, paths []path) {
	x.SharedNeurons, x.SharedLinks = []string{}, []string{}
	if len(paths) < 2 {
		return
	}
	for _, e := range paths[0].links {
		from := w.edges[e].From
		onAll, linkOnAll := true, true
		for _, p := range paths {
			onAll = onAll && slices.ContainsFunc(p.links, func(k int) bool { return w.edges[k].From == from })
			linkOnAll = linkOnAll && slices.Contains(p.links, e)
		}
		if onAll {
			x.SharedNeurons = append(x.SharedNeurons, ID(from))
		}
		if linkOnAll {
			x.SharedLinks = append(x.SharedLinks, w.edges[e].String())
		}
	}
}

// measure fills in what is told of the chains, their links and neurons, from the measured split.
func (c *chains) measure(ctx context.Context, w *wires, paths []path, x *ChainsResult) error {
	var edges []int
	for _, p := range paths {
		edges = append(edges, p.links...)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	var err error
	if x.Nodes, x.Links, c.effects, err = c.measured.annotate(ctx, edges); err != nil {
		return err
	}
	for k, e := range edges {
		x.Links[k].Score = w.size[e] // select's, a size
	}
	var cuts []model.Arm
	for i, p := range paths {
		chain := &x.Chains[i]
		chain.Sign = 1
		for at, e := range p.links {
			k, _ := slices.BinarySearch(edges, e)
			chain.Links = append(chain.Links, k)
			if math.Abs(x.Links[k].Exact.Estimate) < math.Abs(x.Links[chain.Links[chain.Weakest]].Exact.Estimate) {
				chain.Weakest = at
			}
			chain.Sign *= x.Links[k].sign()
		}
		chain.Strength = outward(x.Weakest(*chain).Exact)
		cuts = append(cuts, c.measured.armOf(p.links))
	}
	effects, err := c.measured.armEffects(ctx, "cutting chains", Noising, cuts)
	if err != nil {
		return err
	}
	for i, interval := range c.p.intervals(effects...) {
		x.Chains[i].Cut = interval
	}
	return nil
}

// sign is 1 for an excitatory link, −1 for an inhibitory one, 0 for one that carries nothing on average.
func (l Link) sign() int {
	switch {
	case l.Contribution > 0:
		return 1
	case l.Contribution < 0:
		return -1
	}
	return 0
}

// outward is an effect as a size: turned round if it is below 0.
func outward(i ablate.Interval) ablate.Interval {
	if i.Estimate < 0 {
		return ablate.Interval{Estimate: -i.Estimate, Low: -i.High, High: -i.Low}
	}
	return i
}

// together runs the edges of all chains alone.
func (c *chains) together(ctx context.Context, w *wires, paths []path, x *ChainsResult) error {
	var kept []int
	for _, p := range paths {
		kept = append(kept, p.links...)
	}
	y, err := c.measured.Run(ctx, "running the chains alone", []*model.Mask{c.p.Network.NewMask(true), c.p.Network.NewMask(false), c.p.Mask(kept)})
	if err != nil {
		return err
	}
	whole, none, alone := y[0], y[1], y[2]
	x.Whole, x.Corrupted = stats.Mean(whole), stats.Mean(none)
	scale := newScale(whole, none, c.p.bootstrap())
	if !scale.defined {
		x.Warnings = append(x.Warnings, "the whole network and the one with every edge corrupted give the same y on average: there is no difference to take a share of")
		return nil
	}
	x.Together, x.Shared = scale.intervals(c.p.bootstrap(), minus(alone, none))[0], true
	return nil
}
