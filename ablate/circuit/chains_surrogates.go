package circuit

import (
	"cmp"
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
//
// Training makes y large. So strengths are compared twice, as they are and as shares of what corrupting all
// edges at once changes in each network.
func (c *chains) surrogates(ctx context.Context, paths []path, x *ChainsResult) error {
	s := &x.Surrogates
	s.Count, s.Networks = c.o.Surrogates, []SurrogateChain{}
	if s.Count == 0 {
		return nil
	}
	few := c.measured.first(c.o.SurrogatePairs)
	s.Pairs = few.Len()
	var err error
	if s.Own, err = few.surrogateChain(ctx, "measuring edges on few pairs", c.end); err != nil {
		return err
	}
	for k := range s.Count {
		surrogate, err := c.surrogate(ctx, few, k)
		if err != nil {
			return err
		}
		s.Networks = append(s.Networks, surrogate)
		c.o.progress("surrogate networks", k+1, s.Count)
	}
	slices.SortFunc(s.Networks, func(a, b SurrogateChain) int { return cmp.Compare(a.Strength, b.Strength) })
	for i, p := range paths {
		chain := SurrogateChain{Strength: math.Inf(1), Total: s.Own.Total}
		for _, e := range p.links {
			chain.Strength = min(chain.Strength, math.Abs(stats.Mean(c.effects[e][:s.Pairs])))
		}
		x.Chains[i].Compared = probe.Number(chain.Strength)
		x.Chains[i].P = s.p(chain, func(c SurrogateChain) float64 { return c.Strength })
		x.Chains[i].RelativeP = s.p(chain, SurrogateChain.Relative)
	}
	return nil
}

// p is that of a chain by one number of it; what differs by rounding counts as equal.
func (s *Surrogates) p(chain SurrogateChain, of func(SurrogateChain) float64) probe.Number {
	extreme := 0
	for _, other := range s.Networks {
		if of(other) >= of(chain)*(1-1e-9) {
			extreme++
		}
	}
	return probe.Number(stats.PermutationP(extreme, s.Count))
}

// surrogate is the k-th surrogate's strongest chain.
func (c *chains) surrogate(ctx context.Context, few *Task, k int) (SurrogateChain, error) {
	n, err := Surrogate(c.p.Network, c.p.Seed+uint64(k))
	if err != nil {
		return SurrogateChain{}, fmt.Errorf("circuit: surrogate %d: %w", k+1, err)
	}
	p := *c.p
	p.Network, p.Progress = n, nil
	if few.Against == Mean {
		lo, hi := p.Set.Range(datasets.Select)
		if p.means, err = meanOutputs(ctx, n, p.Set.Images[lo*p.Set.ImageSize():hi*p.Set.ImageSize()], p.Workers); err != nil {
			return SurrogateChain{}, err
		}
	}
	t := *few
	t.Preparation = &p
	return t.surrogateChain(ctx, "", c.end)
}

// surrogateChain is the strongest chain by the pairs of the task themselves.
func (t *Task) surrogateChain(ctx context.Context, stage string, end model.Address) (SurrogateChain, error) {
	w, err := t.wires(ctx, stage, end)
	if err != nil {
		return SurrogateChain{}, err
	}
	y, err := t.Run(ctx, stage, []*model.Mask{t.Network.NewMask(true), t.Network.NewMask(false)})
	if err != nil {
		return SurrogateChain{}, err
	}
	squares := 0.0
	for _, d := range minus(y[0], y[1]) {
		squares += d * d
	}
	return SurrogateChain{Strength: w.widest(), Total: math.Sqrt(squares / float64(t.Len()))}, nil
}
