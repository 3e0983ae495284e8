package ablate

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// align compares representations: of A's images, which B must be able to read.
func (c *comparer) align(ctx context.Context) error {
	a, b := c.sides[0], c.sides[1]
	if a.Network.Spec.Input != b.Network.Spec.Input {
		c.result.NoSimilarity = fmt.Sprintf("A reads images of %v and B of %v, so that no image can be shown to both", a.Network.Spec.Input, b.Network.Spec.Input)
		return nil
	}
	lo, hi := c.samples[0].Range(c.Split)
	if hi-lo < 4 {
		c.result.NoSimilarity = fmt.Sprintf("%d images are too few", hi-lo)
		return nil
	}
	size := c.samples[0].ImageSize()
	pixels := c.samples[0].Images[lo*size : hi*size]
	represent := func(n *model.Network) ([]*probe.Representation, error) {
		return probe.Represent(ctx, n, pixels, c.Workers)
	}
	var shown [4][]*probe.Representation // A, B, and the untrained ones
	for k, n := range []*model.Network{a.Network, b.Network, c.untrained[0], c.untrained[1]} {
		var err error
		if shown[k], err = represent(n); err != nil {
			return err
		}
	}
	s := &NetSimilarity{Data: a.Set.Source, Images: hi - lo, Depths: sameDepth(a.Network.Depth(), b.Network.Depth())}
	for _, t := range []struct {
		name         string
		into         **probe.Similarities
		a, b         int
		permutations int
	}{{"between", &s.Between, 0, 1, c.Permutations}, {"untrained", &s.Untrained, 2, 3, c.Permutations}, {"within A", &s.WithinA, 0, 0, -1}, {"within B", &s.WithinB, 1, 1, -1}} {
		var err error
		o := probe.SimilarityOptions{Permutations: t.permutations, Seed: c.Seed, Workers: c.Workers, Progress: func(done, total int) { c.progress("CKA "+t.name, done, total) }}
		if *t.into, err = probe.CompareRepresentations(ctx, shown[t.a], shown[t.b], o); err != nil {
			return err
		}
	}
	hidden := s.hidden(a.Network.Depth(), b.Network.Depth())
	mean := func(of func(p DepthPair) float64) float64 {
		sum := 0.0
		for _, p := range hidden {
			sum += of(p)
		}
		return sum / float64(len(hidden))
	}
	whole := func(t *probe.Similarities) float64 {
		return mean(func(p DepthPair) float64 { return float64(t.Cells[p.A-1][p.B-1].Debiased) })
	}
	folds := func(t *probe.Similarities) (out []float64) {
		for _, f := range t.Folds {
			out = append(out, mean(func(p DepthPair) float64 { return f[p.A-1][p.B-1] }))
		}
		return out
	}
	change := func(value float64, without []float64) Change {
		low, high := probe.Jackknife(value, without)
		return Change{probe.Number(value), low, high}
	}
	trained, fresh := whole(s.Between), whole(s.Untrained)
	s.Mean, s.MeanUntrained = change(trained, folds(s.Between)), change(fresh, folds(s.Untrained))
	s.Gain = change(trained-fresh, differences(folds(s.Untrained), folds(s.Between)))
	s.UntrainedPairs = append(s.UntrainedPairs, s.MeanUntrained.Estimate)
	for pair := 1; pair < untrainedPairs; pair++ {
		var fresh [2][]*probe.Representation
		for k := range fresh {
			var err error
			if fresh[k], err = represent(c.sides[k].Network.Untrained(c.untrainedSeed(k, pair))); err != nil {
				return err
			}
		}
		s.UntrainedPairs = append(s.UntrainedPairs, probe.Number(mean(func(p DepthPair) float64 {
			return float64(probe.Similar(fresh[0][p.A-1], fresh[1][p.B-1]).Debiased)
		})))
	}
	for k, into := range []*[]probe.Number{&s.SeedsA, &s.SeedsB} {
		for _, n := range c.sides[k].Others {
			other, err := represent(n)
			if err != nil {
				return err
			}
			sum := 0.0
			for l := range n.Depth() - 1 {
				sum += float64(probe.Similar(shown[k][l], other[l]).Debiased)
			}
			*into = append(*into, probe.Number(sum/float64(n.Depth()-1)))
		}
	}
	c.result.Similarity = s
	return ctx.Err()
}

// untrainedPairs are how many pairs of untrained networks stand for what wiring and images alone make alike.
const untrainedPairs = 10

// sameDepth pairs layers 1 to a with layers 1 to b by relative depth, the output being 1: of each layer
// of the network that has fewer the nearest in the other, of two as near the earlier.
func sameDepth(a, b int) []DepthPair {
	few, many := min(a, b), max(a, b)
	var out []DepthPair
	for l := 1; l <= few; l++ {
		pair := DepthPair{l, int(math.Ceil(float64(l*many)/float64(few) - 0.5))}
		if a > b {
			pair = DepthPair{pair.B, pair.A}
		}
		out = append(out, pair)
	}
	return out
}

// hidden are the pairs of layers of which neither is the output.
func (s *NetSimilarity) hidden(a, b int) (out []DepthPair) {
	for _, p := range s.Depths {
		if p.A < a && p.B < b {
			out = append(out, p)
		}
	}
	return out
}
