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
		Method: []string{
			fmt.Sprintf("Effect = %s with ablation − without, on the same images%s.", m.Name, m.damage()),
			"Its p is of the sign-flip test over images (McNemar's exact test where images only change between right and wrong).",
			kind.method(),
		},
		Measure: func(ctx context.Context, p *Preparation, sets [][]model.Address) ([]Headline, error) {
			return p.headlines(ctx, string(kind)+" lesion", m, kind, sets, []float64{-1, 1})
		},
	}
}

// method says what the ablation puts in the activation's place.
func (k Kind) method() string {
	switch k {
	case Mean:
		return "Mean ablation puts the neuron's mean over the select split in the activation's place."
	case Resample:
		return "Resample ablation puts what other images evoke in the activation's place, several in turn, and averages."
	}
	return "Zero ablation sets the activation to 0."
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
		Method: []string{
			fmt.Sprintf("Epistasis ε = Δ(ab) − Δ(a) − Δ(b), Δ the %s lost under ablation of one neuron or both: above 0 the two stand in for each other (redundant), below 0 they need each other (synergistic).", m.Name),
			"Its p is of the sign-flip test over images.",
			kind.method(),
		},
		Measure: func(ctx context.Context, p *Preparation, sets [][]model.Address) ([]Headline, error) {
			var arms [][]model.Address
			for _, pair := range sets {
				if len(pair) != 2 {
					return nil, fmt.Errorf("ablate: epistasis is of two neurons, not %d", len(pair))
				}
				arms = append(arms, pair[:1], pair[1:], pair)
			}
			// Lost is intact − ablated: ε = (i − ab) − (i − a) − (i − b), the reverse for a loss.
			weights := []float64{1, -1, -1, 1}
			for k := range weights {
				weights[k] *= m.contribution(1)
			}
			return p.headlines(ctx, string(kind)+" epistasis", m, kind, arms, weights)
		},
	}
}

// headlines ablates sets of neurons, all of them in one sweep, and makes a headline of every
// len(weights)-1 of them: the weighted sum of the metric's columns, intact and then under these arms.
func (p *Preparation) headlines(ctx context.Context, stage string, m Metric, kind Kind, arms [][]model.Address, weights []float64) ([]Headline, error) {
	intact := m.Column(p.Labels, p.Intact)
	if len(intact) == 0 {
		return nil, fmt.Errorf("ablate: no image of the %s split counts for %s", p.Split, m.Name)
	}
	var all []Headline
	columns := [][]float64{intact}
	err := p.Ablate(ctx, stage, kind, arms, func(_ int, o *Outcomes) {
		if columns = append(columns, m.Column(p.Labels, o)); len(columns) == len(weights) {
			all = append(all, p.headline(combine(weights, columns...)))
			columns = columns[:1]
		}
	})
	return all, err
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
func (p *Preparation) headline(column []float64) Headline {
	low, high := p.bootstrap().Mean(column)
	return Headline{Interval{stats.Mean(column), low, high}, len(column), probe.Number(p.pairedP(column))}
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
