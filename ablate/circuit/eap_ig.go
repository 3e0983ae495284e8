package circuit

import (
	"context"
	"fmt"
)

// EAPIG is edge attribution patching with integrated gradients: as EAP, but the gradient is averaged
// along the straight path from the reference input to the clean one, so that neurons that saturate at
// either end count as well. The scores of the edges out of the image, together, tend to y of the
// reference input − y of the clean one as the steps grow finer.
//
// M. Hanna, S. Pezzelle and Y. Belinkov, Have faith in faithfulness, COLM 2024, arXiv:2403.17806.
type EAPIG struct {
	// Steps is how many points of the path are taken, each in the middle of its part; 0: DefaultSteps.
	Steps int
}

// DefaultSteps are as many as in the paper.
const DefaultSteps = 5

// Name implements Method.
func (EAPIG) Name() string { return "eap-ig" }

// Score implements Method.
func (m EAPIG) Score(ctx context.Context, t *Task) (*Scores, error) {
	if m.Steps == 0 {
		m.Steps = DefaultSteps
	}
	if m.Steps < 0 {
		return nil, fmt.Errorf("circuit: eap-ig in %d steps (want 1 or more)", m.Steps)
	}
	return t.attribute(ctx, "eap-ig", midpoints(m.Steps))
}

// midpoints are those of n equal parts of [0, 1].
func midpoints(n int) []float64 {
	points := make([]float64, n)
	for k := range points {
		points[k] = (float64(k) + 0.5) / float64(n)
	}
	return points
}
