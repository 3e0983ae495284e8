package circuit

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/model"
)

// ErrIdentity marks masked runs that do not give the whole network with every edge kept, or the
// corrupted run with none: the machinery is broken, and no number of it can be believed.
var ErrIdentity = errors.New("a run under a mask is not what it must be")

// identityTolerance is how far y may be off, relative to the largest logit of the runs in size (or 1): sums of
// float32 in another order, whose errors grow with what is summed.
const identityTolerance = 1e-5

// identities hold the run with every edge kept against the intact network, and the one with none
// against the corrupted run.
func (t *Task) identities(ctx context.Context, whole, none []float64) (Identities, error) {
	largest := 1.0
	intact, err := t.outcomes(ctx, t.Clean, &largest)
	if err != nil {
		return Identities{}, err
	}
	var corrupted []float64
	if t.Against.images() {
		if corrupted, err = t.outcomes(ctx, t.Corrupted, &largest); err != nil {
			return Identities{}, err
		}
	} else {
		logits := t.byDefinition(t.Reference())
		y := t.Y(logits)
		for _, v := range logits {
			largest = max(largest, abs(float64(v)))
		}
		for range t.Len() {
			corrupted = append(corrupted, y)
		}
	}
	i := Identities{Tolerance: identityTolerance}
	for k := range whole {
		// max keeps a NaN.
		i.WholeWorst, i.NoneWorst = max(i.WholeWorst, abs(whole[k]-intact[k])), max(i.NoneWorst, abs(none[k]-corrupted[k]))
	}
	switch bound := i.Tolerance * largest; {
	case !(i.WholeWorst <= bound):
		return i, fmt.Errorf("circuit: %w: with every edge kept y is off the intact network's by %.2g (at most %.2g is rounding)", ErrIdentity, i.WholeWorst, bound)
	case !(i.NoneWorst <= bound):
		return i, fmt.Errorf("circuit: %w: with no edge kept y is off the corrupted run's by %.2g (at most %.2g is rounding)", ErrIdentity, i.NoneWorst, bound)
	}
	return i, nil
}

// outcomes is y of the network on images; largest grows to the size of the largest logit.
func (t *Task) outcomes(ctx context.Context, images []float32, largest *float64) ([]float64, error) {
	logits, err := t.Network.Logits(ctx, images, nil, t.Workers)
	if err != nil {
		return nil, err
	}
	for _, v := range logits {
		*largest = max(*largest, abs(float64(v)))
	}
	classes := len(t.Network.Classes)
	out := make([]float64, len(logits)/classes)
	for i := range out {
		out[i] = t.Y(logits[i*classes : (i+1)*classes])
	}
	return out, nil
}

// byDefinition is what the outputs are where every edge into them carries a fixed reference: bias plus
// contributions, one edge at a time.
func (t *Task) byDefinition(ref model.Reference) []float32 {
	n := t.Network
	out := make([]float32, len(n.Classes))
	copy(out, n.Params[n.Depth()].Bias)
	for _, e := range t.Edges {
		if e.To.Layer == n.Depth() {
			c := make([]float32, 1)
			n.Contribution(c, e.From, e.To, ref.Outputs[e.From.Layer])
			out[e.To.Unit] += c[0]
		}
	}
	return out
}
