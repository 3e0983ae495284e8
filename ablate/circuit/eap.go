package circuit

import "context"

// EAP is edge attribution patching: the effect of corrupting an edge to first order, with the
// gradient at the clean image. One backward pass scores all edges. It is exact in a linear network;
// where the edge would push a neuron over its threshold, or a later one, it is not.
//
// N. Nanda, Attribution patching, 2023; A. Syed, C. Rager and A. Conmy, Attribution patching
// outperforms automated circuit discovery, arXiv:2310.10348.
type EAP struct{}

// Name implements Method.
func (EAP) Name() string { return "eap" }

// Score implements Method.
func (EAP) Score(ctx context.Context, t *Task) (*Scores, error) {
	return t.attribute(ctx, "eap", []float64{1})
}
