package circuit

import (
	"context"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// EdgeMaps are an edge position by position of its receiver.
type EdgeMaps struct {
	Rows int `json:"rows"`
	Cols int `json:"cols"`
	// Contribution is the mean over clean images, Change what corrupting makes of it (corrupted −
	// clean), Effect the mean effect on y of corrupting the edge at this position alone.
	Contribution []float64 `json:"contribution"`
	Change       []float64 `json:"change_of_contribution"`
	Effect       []float64 `json:"effect"`
	// Adjusted is by position the sign-flip p of Effect, adjusted over all positions.
	Adjusted []float64 `json:"p_adjusted"`
	// Told is at how many positions it is below 0.05. Sum adds up the effects of all positions; All is
	// the effect of corrupting them at once.
	Told int     `json:"told"`
	Sum  float64 `json:"sum_of_effects"`
	All  float64 `json:"effect_of_all"`
}

// edgeMaps corrupts the edge at one position after another; nil where the receiver has but one.
func (t *Task) edgeMaps(ctx context.Context, e model.Edge) (*EdgeMaps, error) {
	shape := t.Network.Geometry(e.To.Layer).Act
	positions := shape.Area()
	if positions == 1 {
		return nil, nil
	}
	clean, err := t.contribution(ctx, t.Clean, e)
	if err != nil {
		return nil, err
	}
	// By pair and position, what the corrupted edge carries.
	corrupted := make([]float32, len(clean))
	switch {
	case t.Against.images():
		if corrupted, err = t.contribution(ctx, t.Corrupted, e); err != nil {
			return nil, err
		}
	case t.Against == Mean:
		for i, fill := 0, t.reference(e); i < len(corrupted); i += positions {
			copy(corrupted[i:], fill)
		}
	}
	arms := make([]model.Arm, positions, positions+1)
	for at := range positions {
		from, to := e.From, e.To
		to.Row, to.Col = at/shape[2], at%shape[2]
		fill := make([]float32, t.Len())
		for i := range fill {
			fill[i] = corrupted[i*positions+at]
		}
		arms[at] = model.Arm{Edits: []model.Edit{{Target: to, From: &from, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerImage: true}}}}
	}
	said, err := t.answers(ctx, "positions", Noising, append(arms, t.arm(e)))
	if err != nil {
		return nil, err
	}
	m := &EdgeMaps{Rows: shape[1], Cols: shape[2], Contribution: make([]float64, positions), Change: make([]float64, positions), All: stats.Mean(said.y[positions])}
	for k := range clean {
		m.Contribution[k%positions] += float64(clean[k]) / float64(t.Len())
		m.Change[k%positions] += (float64(corrupted[k]) - float64(clean[k])) / float64(t.Len())
	}
	p := make([]float64, positions)
	for at, column := range said.y[:positions] {
		m.Effect = append(m.Effect, stats.Mean(column))
		m.Sum += m.Effect[at]
		p[at] = t.permutations().SignFlip(column)
	}
	m.Adjusted = slices.Clone(stats.BenjaminiHochberg(p))
	for _, q := range m.Adjusted {
		m.Told += count(q < 0.05)
	}
	return m, ctx.Err()
}
