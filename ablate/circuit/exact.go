package circuit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/internal/stats"
)

// Exact corrupts every edge in the clean run, one at a time (noising), and, where corrupted edges carry
// another image's contributions, restores every edge in the corrupted run (denoising). An edge's
// score is the noising effect or minus the denoising effect, whichever is larger in size: of an OR
// either input can be corrupted without a change, but either restores the answer.
type Exact struct {
	// NoisingOnly leaves denoising out, where it could be done.
	NoisingOnly bool
}

// Name implements Method.
func (Exact) Name() string { return "exact" }

// exactColumns is how many effects, edges × pairs, are held at a time.
const exactColumns = 4 << 20

// Score implements Method.
func (m Exact) Score(ctx context.Context, t *Task) (*Scores, error) {
	score, err := t.meanEffects(ctx, Noising, "corrupting edges", nil)
	if err != nil || m.NoisingOnly || !t.Against.images() {
		return &Scores{Score: score}, err
	}
	restored, err := t.meanEffects(ctx, Denoising, "restoring edges", nil)
	if err != nil {
		return nil, err
	}
	for e, r := range restored {
		score[e] = larger(score[e], -r)
	}
	return &Scores{Score: score}, nil
}

// meanEffects are the exact effects of some edges, by number, averaged over the pairs; nil is all edges.
func (t *Task) meanEffects(ctx context.Context, d Direction, stage string, edges []int) ([]float64, error) {
	if edges == nil {
		for e := range t.Edges {
			edges = append(edges, e)
		}
	}
	chunk := max(1, exactColumns/t.Len())
	var means []float64
	for part := range slices.Chunk(edges, chunk) {
		name := stage
		if len(edges) > chunk {
			name = fmt.Sprintf("%s, from edge %d of %d", stage, len(means)+1, len(edges))
		}
		effects, err := t.Effects(ctx, name, part, d)
		if err != nil {
			return nil, err
		}
		for _, values := range effects {
			means = append(means, stats.Mean(values))
		}
	}
	return means, nil
}

// larger is the number of larger size, the first of equals.
func larger(a, b float64) float64 {
	if math.Abs(b) > math.Abs(a) {
		return b
	}
	return a
}
