package ablate

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Specimen is one of several networks raised by the same recipe from different seeds, laid out for
// experiments. It is the experimental unit of a claim about networks like these.
type Specimen struct {
	Name string // "02", or a file's name
	*Preparation
}

// PrepareSpecimens lays out networks, the first of which is the reference. Each has its own share of
// the progress and of the kept parts, so that one experiment can be made in each.
func PrepareSpecimens(ctx context.Context, networks []*model.Network, names []string, set *datasets.Set, o Options) ([]Specimen, error) {
	if len(networks) < 2 {
		return nil, errors.New("ablate: replicates need two networks or more")
	}
	var all []Specimen
	for k, n := range networks {
		mine := o
		stage := fmt.Sprintf("network %d of %d: ", k+1, len(networks))
		if o.Progress != nil {
			mine.Progress = func(name string, done, total int) { o.Progress(stage+name, done, total) }
		}
		if o.Parts != nil {
			mine.Parts = specimenParts{o.Parts, fmt.Sprintf("specimen %02d %.12s ", k+1, n.Digest())}
		}
		mine.progress("intact run", 0, 1)
		p, err := Prepare(ctx, n, set, mine)
		if err != nil {
			return nil, fmt.Errorf("network %s: %w", names[k], err)
		}
		all = append(all, Specimen{names[k], p})
	}
	return all, ctx.Err()
}

// specimenParts keeps the parts of one specimen apart from those of the others, and of another network
// that may have taken its place.
type specimenParts struct {
	Parts
	prefix string
}

func (s specimenParts) Load(name string, into any) (bool, error) {
	return s.Parts.Load(s.prefix+name, into)
}

func (s specimenParts) Save(name string, value any) error { return s.Parts.Save(s.prefix+name, value) }

// SpecimenFacts are what a report says of a specimen.
type SpecimenFacts struct {
	Name     string  `json:"name"`
	Seed     uint64  `json:"seed"`
	Digest   string  `json:"digest"`
	Accuracy float64 `json:"intact_accuracy"` // on the measured split
}

func (s Specimen) facts() SpecimenFacts {
	return SpecimenFacts{s.Name, s.Network.Record.Options.Seed, s.Network.Digest(), mean32(s.Intact.Correct)}
}

// matchAll matches neurons of the first specimen in every other one, in the order of specimens;
// the p-values are adjusted for all of these matches together.
func matchAll(ctx context.Context, specimens []Specimen, targets []model.Address) ([][]Homologue, error) {
	first := specimens[0]
	layers := layersToMatch(first.Network, targets)
	reference := &activity{}
	var err error
	if len(layers) > 0 {
		if reference, err = recordActivity(ctx, first.Network, first.Set, layers, first.Workers); err != nil {
			return nil, err
		}
	}
	var all [][]Homologue
	for _, s := range specimens[1:] {
		s.progress("homologues", 0, 1)
		matches, err := Part(s.Parts, "homologues", func() ([]Homologue, error) {
			other := &activity{}
			if len(layers) > 0 {
				if other, err = recordActivity(ctx, s.Network, s.Set, layers, s.Workers); err != nil {
					return nil, err
				}
			}
			return homologues(s.Network, reference, other, targets, s.permutations(), s.Workers), ctx.Err()
		})
		if err != nil {
			return nil, err
		}
		s.progress("homologues", 1, 1)
		all = append(all, matches)
	}
	adjustMatches(all)
	return all, nil
}
