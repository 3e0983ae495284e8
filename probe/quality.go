package probe

import (
	"context"
	"math"
	"slices"

	"neuroprobe/model"
)

// qualities judges every unit by what it did on select and on the measured images.
func qualities(n *model.Network, selected, measured *Recording, s Summary) []Quality {
	out := make([]Quality, len(measured.Units))
	for u, a := range measured.Units {
		relu := n.Layer(a.Layer).Activation == model.ReLU
		recordings := []*Recording{selected, measured}
		if selected == measured {
			recordings = recordings[:1]
		}
		active, positions, constant := 0, 0, false
		for _, r := range recordings {
			active += int(r.Active[u])
			positions += r.Images * r.Positions[u]
			constant = constant || r.constant(u, s)
		}
		out[u] = Quality{
			Presence: Number(float64(active) / float64(positions)),
			Dead:     relu && active == 0,
			AlwaysOn: relu && active == positions,
			Constant: constant && !(relu && active == 0),
		}
	}
	return out
}

// constant tells whether a unit's summary is the same on all images.
func (r *Recording) constant(u int, s Summary) bool {
	values := r.of(u, s)
	return !slices.ContainsFunc(values, func(v float32) bool { return v != values[0] })
}

// standardised are a unit's summaries less their mean, scaled so that the product of two units'
// is Pearson's correlation; nil if they do not vary.
func standardised(values []float64) []float64 {
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v - mean
		square += out[i] * out[i]
	}
	if square == 0 {
		return nil
	}
	for i := range out {
		out[i] /= math.Sqrt(square)
	}
	return out
}

// correlations are Pearson's r of a unit with each of the others of its layer, on the recorded
// images, the strongest first (by |r|, then by address). Units that do not vary have none.
func correlations(columns [][]float64, units []model.Address, u int) []Duplicate {
	var out []Duplicate
	for v, a := range units {
		if v == u || a.Layer != units[u].Layer || columns[u] == nil || columns[v] == nil {
			continue
		}
		r := 0.0
		for i, x := range columns[u] {
			r += x * columns[v][i]
		}
		out = append(out, Duplicate{Address: a, R: Number(min(max(r, -1), 1))})
	}
	sortBy(out, func(d Duplicate) float64 { return math.Abs(float64(d.R)) })
	return out
}

// markDuplicates fills in the duplicates of every unit.
func markDuplicates(ctx context.Context, selected *Recording, s Summary, qualities []Quality, workers int) error {
	columns := selected.standardised(s)
	return parallel(ctx, workers, len(columns), func(u int) {
		for _, d := range correlations(columns, selected.Units, u) {
			if math.Abs(float64(d.R)) <= DuplicateR {
				break
			}
			qualities[u].Duplicates = append(qualities[u].Duplicates, d)
		}
	})
}

func (r *Recording) standardised(s Summary) [][]float64 {
	columns := make([][]float64, len(r.Units))
	for u := range columns {
		columns[u] = standardised(r.values(u, s))
	}
	return columns
}
