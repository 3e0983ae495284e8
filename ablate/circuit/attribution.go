package circuit

import (
	"context"

	"neuroprobe/model"
)

// attribution estimates the effect of every edge from gradients: one backward pass a point of the path
// scores all edges at once.
type attribution struct {
	*Task
	// path has the points at which the gradient is taken, 0 being the reference input and 1 the clean
	// one. Each weighs the same, and together they weigh 1.
	path []float64

	gradients        *model.Gradients
	clean, reference *model.Session
	inputs, targets  []float32
	sums             []float64 // by edge
}

// attributionBatch is how many pairs share a backward pass.
const attributionBatch = 64

// attribute gives, for every edge, the mean over the pairs of
//
//	Σ over positions of (reference − clean contribution) · mean over the path of ∂y/∂z,
//
// z being the receiver's pre-activation.
func (t *Task) attribute(ctx context.Context, stage string, path []float64) (*Scores, error) {
	batch := min(attributionBatch, t.Len())
	gradients, err := model.NewGradients(t.Network, batch, model.WeightedLogits, model.Wanted{Activations: true})
	if err != nil {
		return nil, err
	}
	defer gradients.Close()
	a := &attribution{Task: t, path: path, gradients: gradients, clean: model.NewSession(t.Network), reference: model.NewSession(t.Network),
		inputs: make([]float32, batch*t.Set.ImageSize()), targets: make([]float32, batch*len(t.weights)), sums: make([]float64, len(t.Edges))}
	for first := 0; first < t.Len(); first += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := a.add(first, min(batch, t.Len()-first)); err != nil {
			return nil, err
		}
		t.progress(stage, min(first+batch, t.Len()), t.Len())
	}
	for e := range a.sums {
		a.sums[e] /= float64(t.Len())
	}
	return &Scores{Score: a.sums}, nil
}

// add counts some pairs in.
func (a *attribution) add(first, images int) error {
	clean, err := a.outputs(a.clean, a.Clean[first*a.Set.ImageSize():][:images*a.Set.ImageSize()])
	if err != nil {
		return err
	}
	reference := a.Reference().Outputs
	if reference == nil {
		if reference, err = a.outputs(a.reference, a.Corrupted[first*a.Set.ImageSize():][:images*a.Set.ImageSize()]); err != nil {
			return err
		}
	}
	differences := make([][]float32, len(clean))
	for l := range clean {
		differences[l] = make([]float32, len(clean[l]))
		for k, v := range clean[l] {
			differences[l][k] = reference[l][k%len(reference[l])] - v
		}
	}
	gradient, err := a.gradient(clean[0], differences[0], images)
	if err != nil {
		return err
	}
	at := 0
	for m := 1; m <= a.Network.Depth(); m++ {
		into := a.into(m)
		a.Network.EdgeProducts(m, differences, gradient[m], images, a.sums[at:at+into])
		at += into
	}
	return nil
}

// gradient is by layer ∂y/∂z, averaged over the path. A batch that is not full is filled up with
// images that no target counts.
func (a *attribution) gradient(clean, difference []float32, images int) ([][]float32, error) {
	clear(a.targets)
	for i := range images {
		copy(a.targets[i*len(a.weights):], a.weights)
	}
	mean := make([][]float32, a.Network.Depth()+1)
	for _, point := range a.path {
		for k, v := range clean {
			a.inputs[k] = v + float32(1-point)*difference[k]
		}
		if _, err := a.gradients.Run(a.inputs, a.targets); err != nil {
			return nil, err
		}
		for m := 1; m < len(mean); m++ {
			values := a.gradients.PreActivation(m)[:images*a.Network.Geometry(m).Act.Size()]
			if mean[m] == nil {
				mean[m] = make([]float32, len(values))
			}
			for k, v := range values {
				mean[m][k] += v / float32(len(a.path))
			}
		}
	}
	return mean, nil
}

// outputs are by layer what a session's network hands on on some images, overwritten by its next run.
func (a *attribution) outputs(s *model.Session, images []float32) ([][]float32, error) {
	var trace model.Trace
	depth := a.Network.Depth()
	for l := range depth + 1 {
		trace.Out = append(trace.Out, l)
	}
	if _, err := s.Run(images, 0, nil, &trace); err != nil {
		return nil, err
	}
	out := make([][]float32, depth+1)
	for l := range out {
		out[l] = trace.Output(l)
	}
	return out, nil
}

// into is how many edges lead into a layer.
func (p *Preparation) into(layer int) (edges int) {
	for _, e := range p.Edges {
		if e.To.Layer == layer {
			edges++
		}
	}
	return edges
}
