package ablate

import (
	"context"
	"fmt"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// DissociationHeadline is the interaction of two lesions with two outcomes,
// (Δ_aA − Δ_aB) − (Δ_bA − Δ_bB), Δ the contribution lost. p.Options give metric and test.
func DissociationHeadline(m Metric, kind Kind, outcomes [2]Outcome) ReplicatedExperiment {
	return ReplicatedExperiment{
		Name:     string(kind) + " dissociation",
		Quantity: fmt.Sprintf("the interaction of the two losses with %s and %s, in %s under %s ablation", outcomes[0].Name, outcomes[1].Name, m.Name, kind),
		Percent:  m.Percent,
		Method: []string{
			fmt.Sprintf("The interaction is (Δ_aA − Δ_aB) − (Δ_bA − Δ_bB), Δ the %s lost, a and b the two neurons, A and B %s and %s: above 0 the loss of a costs A more, compared with B, than that of b does.",
				m.Name, outcomes[0].Name, outcomes[1].Name),
			"Its p is of a permutation test of which image belongs to which outcome.",
			kind.method(),
		},
		Costly: true,
		Measure: OneByOne(func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error) {
			if len(targets) != 2 {
				return Headline{}, fmt.Errorf("ablate: a dissociation is of two neurons, not %d", len(targets))
			}
			o := DissociateOptions{Options: p.whole(), Kind: kind, A: &targets[0], B: &targets[1], Outcomes: outcomes}
			r, err := Dissociate(ctx, p.Network, p.Set, o)
			if err != nil {
				return Headline{}, err
			}
			return Headline{r.Interaction, r.Images, probe.Number(r.P)}, nil
		}),
	}
}

// whole are the options of an experiment that is one part of a larger one: it keeps no parts of its
// own and tells nobody how far it is.
func (p *Preparation) whole() Options {
	o := p.Options
	o.Parts, o.Progress = nil, nil
	return o
}

// ShapleyHeadlines are the Shapley values of some units among themselves, an experiment a unit. The
// game is played once for all of them in each specimen.
func ShapleyHeadlines(m Metric, units []model.Address, o ShapleyOptions) []ReplicatedExperiment {
	played := map[*model.Network]*ShapleyResult{}
	play := func(ctx context.Context, p *Preparation, targets []model.Address) (*ShapleyResult, error) {
		if r := played[p.Network]; r != nil {
			return r, nil
		}
		q := *p
		q.Options = p.whole()
		r, err := q.Shapley(ctx, targets, o)
		if err == nil {
			played[p.Network] = r
		}
		return r, err
	}
	var all []ReplicatedExperiment
	for k, unit := range units {
		all = append(all, ReplicatedExperiment{
			Name:     fmt.Sprintf("share of %v", unit),
			Quantity: fmt.Sprintf("the Shapley value of %v for %s, shared with the other neurons named", unit, m.Name),
			Percent:  m.Percent,
			Method: []string{
				fmt.Sprintf("The value of %v is what it adds to %s, averaged over all coalitions of the neurons named, those outside the coalition ablated (%s). The players are the homologues of all of them.", unit, m.Name, o.Kind),
				"Its interval is over images; it has no test of its own.",
			},
			Costly: true,
			Measure: OneByOne(func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error) {
				r, err := play(ctx, p, targets)
				if err != nil {
					return Headline{}, err
				}
				for _, u := range r.Units {
					if u.Address == targets[k] {
						return Headline{u.Value, r.Counted, probe.Undefined}, nil
					}
				}
				return Headline{}, fmt.Errorf("ablate: no Shapley value of %v", targets[k])
			}),
		})
	}
	return all
}

// PatchHeadline is how much of clean − corrupted patching the targets gives back (denoising), on the
// twins of a feature, or on pairs of classes for a feature of -1.
func PatchHeadline(feature int, name string, images int) ReplicatedExperiment {
	o := PatchOptions{Images: images}
	if feature >= 0 {
		o.Features = []int{feature}
	}
	return ReplicatedExperiment{
		Name:     "denoising of " + name,
		Quantity: "the share of " + name + " that denoising gives back",
		Percent:  true,
		Method: []string{
			"Denoising puts the targets' clean activations into the run on the corrupted image; the share is (patched − corrupted)/(clean − corrupted) of the logits, as a ratio of means over the pairs of " + name + ".",
			"Its p is of the sign-flip test of patched − corrupted.",
		},
		Costly: true,
		Measure: OneByOne(func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error) {
			q := *p
			q.Options = p.whole()
			r, err := q.Patch(ctx, [][]model.Address{targets}, o)
			if err != nil {
				return Headline{}, err
			}
			set := &r.Sets[0]
			d := set.Units[0].Denoising
			if !d.Share.Defined() {
				return Headline{}, fmt.Errorf("ablate: no pair of %s is left to patch: %d of %d have hardly any difference", name, set.Excluded, set.Pairs)
			}
			return Headline{Interval{float64(d.Share), float64(d.Low), float64(d.High)}, set.Left(), d.P}, nil
		}),
	}
}
