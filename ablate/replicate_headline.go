package ablate

import (
	"context"
	"fmt"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// LesionHeadline is the change of a metric when all targets are ablated at once, with − without.
func LesionHeadline(m Metric, kind Kind) ReplicatedExperiment {
	return ReplicatedExperiment{
		Name:     string(kind) + " lesion",
		Quantity: fmt.Sprintf("the change of %s under %s ablation", m.Name, kind),
		Percent:  m.Percent,
		Method: fmt.Sprintf("Effect = %s with %s ablation − without, on the same images%s. p is of the sign-flip test over images (McNemar's exact test where images only change between right and wrong).",
			m.Name, kind, m.damage()),
		Measure: func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error) {
			columns, err := p.headlineColumns(ctx, string(kind)+" lesion", m, kind, targets)
			if err != nil {
				return Headline{}, err
			}
			return p.headline(m, combine([]float64{1, -1}, columns[1], columns[0]))
		},
	}
}

// damage says on which side of 0 damage lies.
func (m Metric) damage() string {
	if m.Loss {
		return ", so that above 0 is damage"
	}
	return ", so that below 0 is damage"
}

// EpistasisHeadline is the epistasis of two targets, ε = Δ(ab) − Δ(a) − Δ(b), effects counted as
// contribution lost: above 0 where they stand in for each other, below 0 where they need each other.
func EpistasisHeadline(m Metric, kind Kind) ReplicatedExperiment {
	return ReplicatedExperiment{
		Name:     string(kind) + " epistasis",
		Quantity: fmt.Sprintf("the epistasis in %s under %s ablation", m.Name, kind),
		Percent:  m.Percent,
		Method: fmt.Sprintf("Epistasis ε = Δ(ab) − Δ(a) − Δ(b), Δ the %s lost under %s ablation of one neuron or both: above 0 the two stand in for each other (redundant), "+
			"below 0 they need each other (synergistic). p is of the sign-flip test over images.", m.Name, kind),
		Measure: func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error) {
			if len(targets) != 2 {
				return Headline{}, fmt.Errorf("ablate: epistasis is of two neurons, not %d", len(targets))
			}
			a, b := targets[:1], targets[1:]
			c, err := p.headlineColumns(ctx, string(kind)+" epistasis", m, kind, a, b, targets)
			if err != nil {
				return Headline{}, err
			}
			// Lost is intact − ablated: ε = (i − ab) − (i − a) − (i − b), the reverse for a loss.
			sign := 1.0
			if m.Loss {
				sign = -1
			}
			return p.headline(m, combine([]float64{-sign, sign, sign, -sign}, c[0], c[1], c[2], c[3]))
		},
	}
}

// headlineColumns are the metric's columns intact and under each ablation.
func (p *Preparation) headlineColumns(ctx context.Context, stage string, m Metric, kind Kind, arms ...[]model.Address) ([][]float64, error) {
	columns := [][]float64{m.Column(p.Labels, p.Intact)}
	err := p.Ablate(ctx, stage, kind, arms, func(_ int, o *Outcomes) { columns = append(columns, m.Column(p.Labels, o)) })
	return columns, err
}

// combine is a weighted sum of columns.
func combine(weights []float64, columns ...[]float64) []float64 {
	out := make([]float64, len(columns[0]))
	for k, c := range columns {
		for i, v := range c {
			out[i] += weights[k] * v
		}
	}
	return out
}

// headline is the mean of a column with its bootstrap interval and test.
func (p *Preparation) headline(m Metric, column []float64) (Headline, error) {
	if len(column) == 0 {
		return Headline{}, fmt.Errorf("ablate: no image of the %s split counts for %s", p.Split, m.Name)
	}
	low, high := p.bootstrap().Mean(column)
	return Headline{Interval{stats.Mean(column), low, high}, len(column), probe.Number(p.pairedP(column))}, nil
}

// pairedP tests whether a change is 0 on average: by McNemar's exact test where images change by a
// whole answer or not at all, else by flipping signs.
func (p *Preparation) pairedP(change []float64) float64 {
	up, down := 0, 0
	for _, d := range change {
		switch d {
		case 0:
		case 1:
			up++
		case -1:
			down++
		default:
			return p.permutations().SignFlip(change)
		}
	}
	return stats.McNemarExact(up, down)
}
