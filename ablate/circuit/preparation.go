package circuit

import (
	"context"
	"fmt"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Preparation is a network laid out for circuits: its edges, and what its neurons hand on on average.
type Preparation struct {
	Network *model.Network
	Set     *datasets.Set
	Options
	Goal  Target
	Edges []model.Edge // all, in order; an edge's number is its place here

	weights []float32 // y = Σ weights·logits
	// means is by layer, 0 the input, what every neuron hands on, averaged over select.
	means [][]float32
}

// Prepare reads the options against the network and the data, and runs the network on select.
func Prepare(ctx context.Context, n *model.Network, set *datasets.Set, o Options) (*Preparation, error) {
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	if err := n.CheckEdges(); err != nil {
		return nil, err
	}
	p := &Preparation{Network: n, Set: set, Options: o.filled(), Edges: n.Edges()}
	var err error
	if p.Goal, err = ParseTarget(o.Target, set); err != nil {
		return nil, err
	}
	if p.Against == "" {
		p.Against = p.Goal.DefaultAgainst(set)
	}
	if p.Against == Twins && !set.HasTwins() {
		return nil, fmt.Errorf("circuit: against twins: the data set %s cannot draw an image again (want resample, mean or zero)", set.Source)
	}
	if p.weights, err = weights(p.Metric, p.Goal.Class, len(n.Classes)); err != nil {
		return nil, err
	}
	lo, hi := set.Range(datasets.Select)
	p.means, err = meanOutputs(ctx, n, set.Images[lo*set.ImageSize():hi*set.ImageSize()], p.Workers)
	return p, err
}

// Number is the place of an edge in Edges, -1 if there is none.
func (p *Preparation) Number(e model.Edge) int {
	at, found := slices.BinarySearchFunc(p.Edges, e, model.Edge.Compare)
	if !found {
		return -1
	}
	return at
}

// Y is the metric of one image's logits.
func (p *Preparation) Y(logits []float32) float64 {
	y := 0.0
	for c, w := range p.weights {
		y += float64(w) * float64(logits[c])
	}
	return y
}

// meanOutputs is what every layer hands on, averaged over images.
func meanOutputs(ctx context.Context, n *model.Network, images []float32, workers int) ([][]float32, error) {
	count := len(images) / n.Spec.Input.Size()
	var want model.Trace
	for l := range n.Depth() + 1 {
		want.Out = append(want.Out, l)
	}
	// Sums are kept by batch and added in order: the same with any number of workers.
	batches := make([][][]float64, count)
	_, err := n.Observe(ctx, images, nil, workers, want, func(first int, t *model.Trace) {
		sums := make([][]float64, n.Depth()+1)
		for l := range sums {
			sums[l] = make([]float64, n.Geometry(l).Out.Size())
			for k, v := range t.Output(l) {
				sums[l][k%len(sums[l])] += float64(v)
			}
		}
		batches[first] = sums
	})
	if err != nil {
		return nil, err
	}
	means := make([][]float32, n.Depth()+1)
	for l := range means {
		means[l] = make([]float32, n.Geometry(l).Out.Size())
		for k := range means[l] {
			sum := 0.0
			for _, b := range batches {
				if b != nil {
					sum += b[l][k]
				}
			}
			means[l][k] = float32(sum / float64(count))
		}
	}
	return means, nil
}
