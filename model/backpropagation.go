package model

import (
	"context"

	G "gorgonia.org/gorgonia"
)

// backpropagation is the usual rule: cross-entropy at the end of the network, its gradient carried
// back through all layers.
type backpropagation struct {
	graph  *Gradients
	params []G.ValueGrad
}

func newBackpropagation(t *Trainer) (rule, error) {
	graph, err := newGradients(&t.spec, t.geo, t.params, t.options.Batch, CrossEntropy, Wanted{Params: true})
	if err != nil {
		return nil, err
	}
	return &backpropagation{graph, graph.parameters()}, nil
}

func (r *backpropagation) gradients(b *batch) (loss float64, correct int, err error) {
	if loss, err = r.graph.Run(b.inputs, b.targets); err != nil {
		return 0, 0, err
	}
	return loss, b.answered(r.graph.Logits()), nil
}

func (r *backpropagation) parameters() []G.ValueGrad         { return r.params }
func (r *backpropagation) network(trained []Params) []Params { return trained }
func (r *backpropagation) Close() error                      { return r.graph.Close() }

func (r *backpropagation) measure(context.Context, []Params) (*GoodnessRecord, error) {
	return nil, nil
}
