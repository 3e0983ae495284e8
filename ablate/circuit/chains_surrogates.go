package circuit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Surrogate is the network with the weights of every layer in other places: the bundles of weights between
// two neurons (a K×K kernel; H×W weights of a dense unit that reads a channel; one weight of one that
// reads a dense unit) are shuffled among the layer's pairs of neurons. Biases stay. So it has the same
// wiring, the same weights and the same kernels, but what leads where is an accident.
func Surrogate(n *model.Network, seed uint64) (*model.Network, error) {
	random := rand.New(rand.NewPCG(seed, 0x73757272)) // "surr"
	params := slices.Clone(n.Params)
	for l := 1; l <= n.Depth(); l++ {
		g := n.Geometry(l)
		if n.Layer(l).Kind == model.Add {
			continue
		}
		old, bundles := n.Params[l].Weight, g.Act[0]*g.In[0]
		each := len(old) / bundles
		shuffled := make([]float32, len(old))
		for to, from := range random.Perm(bundles) {
			copy(shuffled[to*each:(to+1)*each], old[from*each:])
		}
		params[l].Weight = shuffled
	}
	return model.NewNetwork(n.Spec, params, n.Mean, n.Std, n.Classes)
}

// surrogates holds the chains against the strongest chain of each surrogate: the maximum over all
// chains, so that p is adjusted for having searched. Both are from the first pairs of the measured split.
// A surrogate's chain is the strongest on these very pairs, the network's were found on others: if the two
// are alike, p is too large rather than too small.
func (c *chains) surrogates(ctx context.Context, w *wires, paths []path, x *ChainsResult) error {
	s := &x.Surrogates
	s.Count, s.Own, s.Spread, s.MedianSpread = c.o.Surrogates, probe.Undefined, probe.Undefined, probe.Undefined
	s.Strongest = []float64{}
	if s.Count == 0 {
		return nil
	}
	few := c.measured.first(c.o.SurrogatePairs)
	s.Pairs = few.Len()
	own, err := few.wires(ctx, "measuring edges on few pairs", c.end)
	if err != nil {
		return err
	}
	spread, err := few.spread(ctx)
	if err != nil {
		return err
	}
	s.Own, s.Spread = probe.Number(own.widest()), probe.Number(spread)
	var spreads []float64
	for k := range s.Count {
		strongest, spread, err := c.surrogate(ctx, few, k)
		if err != nil {
			return err
		}
		s.Strongest, spreads = append(s.Strongest, strongest), append(spreads, spread)
		c.o.progress("surrogate networks", k+1, s.Count)
	}
	slices.Sort(s.Strongest)
	s.MedianSpread = probe.Number(stats.Quantile(spreads, 0.5))
	for i, p := range paths {
		strength := math.Inf(1)
		for _, e := range p.links {
			strength = min(strength, math.Abs(stats.Mean(c.effects[e][:s.Pairs])))
		}
		at, _ := slices.BinarySearch(s.Strongest, strength*(1-1e-9))
		x.Chains[i].Compared = probe.Number(strength)
		x.Chains[i].P = probe.Number(stats.PermutationP(s.Count-at, s.Count))
	}
	return nil
}

// surrogate is the strength of the k-th surrogate's strongest chain, and the spread of its y.
func (c *chains) surrogate(ctx context.Context, few *Task, k int) (strongest, spread float64, err error) {
	n, err := Surrogate(c.p.Network, c.p.Seed+uint64(k))
	if err != nil {
		return 0, 0, fmt.Errorf("circuit: surrogate %d: %w", k+1, err)
	}
	p := *c.p
	p.Network, p.Progress = n, nil
	if few.Against == Mean {
		lo, hi := p.Set.Range(datasets.Select)
		if p.means, err = meanOutputs(ctx, n, p.Set.Images[lo*p.Set.ImageSize():hi*p.Set.ImageSize()], p.Workers); err != nil {
			return 0, 0, err
		}
	}
	t := *few
	t.Preparation = &p
	w, err := t.wires(ctx, "", c.end)
	if err != nil {
		return 0, 0, err
	}
	spread, err = t.spread(ctx)
	return w.widest(), spread, err
}

// spread is the standard deviation of y over the clean images.
func (t *Task) spread(ctx context.Context) (float64, error) {
	logits, err := t.Network.Logits(ctx, t.Clean, nil, t.Workers)
	if err != nil {
		return 0, err
	}
	var y stats.Moments
	classes := len(t.Network.Classes)
	for i := range t.Len() {
		y.Add(t.Y(logits[i*classes : (i+1)*classes]))
	}
	return y.SD(), nil
}
