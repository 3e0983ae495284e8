package ablate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Headline is the one number an experiment comes to in one network, with its 95 % interval over
// images.
type Headline struct {
	Interval
	N int `json:"n"` // images behind it
	// P is of the test that goes with it; undefined where there is none.
	P probe.Number `json:"p"`
}

// Detected tells whether the interval excludes 0.
func (h Headline) Detected() bool { return h.Low > 0 || h.High < 0 }

// ReplicatedExperiment is an experiment on a set of neurons that can be made in every specimen.
type ReplicatedExperiment struct {
	Name     string   `json:"name"`     // short, for programs and for the names of parts: "zero lesion"
	Quantity string   `json:"quantity"` // in a sentence: "the change of logit-diff under zero ablation"
	Percent  bool     `json:"percent"`  // the headline is a fraction, to be shown in percentage points
	Method   []string `json:"-"`        // sentences on what the headline is
	// Measure makes the experiment on each of several sets of neurons. See OneByOne.
	Measure HeadlineFunc `json:"-"`
	// Costly tells that it takes too long to be made on random neurons as well.
	Costly bool `json:"-"`
}

// HeadlineFunc measures the headline of an experiment on each of several sets of neurons.
type HeadlineFunc func(ctx context.Context, p *Preparation, sets [][]model.Address) ([]Headline, error)

// OneByOne is a HeadlineFunc of an experiment that takes one set at a time.
func OneByOne(measure func(ctx context.Context, p *Preparation, targets []model.Address) (Headline, error)) HeadlineFunc {
	return func(ctx context.Context, p *Preparation, sets [][]model.Address) ([]Headline, error) {
		var all []Headline
		for _, set := range sets {
			h, err := measure(ctx, p, set)
			if err != nil {
				return nil, err
			}
			all = append(all, h)
		}
		return all, nil
	}
}

// Replication is what became of an experiment in several specimens.
type Replication struct {
	Split   datasets.Split  `json:"-"`
	Images  int             `json:"images"`
	Matched int             `json:"matched_images"` // select images over which activations were correlated
	Targets []model.Address `json:"targets"`        // in the reference, the first specimen
	// Specimens has the reference first.
	Specimens    []ReplicatedSpecimen `json:"specimens"`
	Effects      []ReplicatedEffect   `json:"effects"`
	Matches      int                  `json:"matches_tested"`
	Resamples    int                  `json:"bootstrap_resamples"`
	Permutations int                  `json:"permutations"`
	Seed         uint64               `json:"seed"`
	Warnings     []string             `json:"warnings,omitempty"`
}

// ReplicatedSpecimen is a specimen with the homologues of the targets in it.
type ReplicatedSpecimen struct {
	SpecimenFacts
	Homologues []Homologue `json:"homologues,omitempty"` // none for the reference
	// Excluded says why the experiment was not made here.
	Excluded string `json:"excluded,omitempty"`
}

// Targets are the neurons on which the experiment is made here.
func (s ReplicatedSpecimen) targets(reference []model.Address) []model.Address {
	if s.Homologues == nil {
		return reference
	}
	var out []model.Address
	for _, h := range s.Homologues {
		out = append(out, h.Match)
	}
	return out
}

// Mutual tells whether every match is mutual (or given).
func (s ReplicatedSpecimen) Mutual() bool {
	return !slices.ContainsFunc(s.Homologues, func(h Homologue) bool { return !h.Mutual && h.Given == "" })
}

// ReplicatedEffect is one experiment's headline in each specimen and what it comes to.
type ReplicatedEffect struct {
	ReplicatedExperiment
	Headlines []*Headline `json:"headlines"` // by specimen; nil where excluded
	// Penetrance counts, of the specimens measured, those whose effect has the reference's sign and
	// an interval without 0. The reference counts in All, not in Others; Mutual are the
	// others with mutual matches only.
	All    Penetrance `json:"penetrance"`
	Others Penetrance `json:"penetrance_in_others"`
	Mutual Penetrance `json:"penetrance_in_mutual_others"`
	// Mean is the effect across specimens, OthersMean without the reference, in which the neuron
	// may have been chosen for its effect.
	Mean       Across `json:"mean"`
	OthersMean Across `json:"mean_of_others"`
	// Controls are random neurons of the homologues' layers, by specimen; none in the reference.
	Controls []ControlTally `json:"controls"`
}

// ControlTally counts what random neurons, in the place of the homologues, come to: how many show the
// reference's effect as well, how many go further its way than the homologues do.
type ControlTally struct {
	Of       int `json:"of"`
	Alike    int `json:"alike"`
	Stronger int `json:"stronger"`
}

// ControlsOfAll adds up the controls of all specimens.
func (e *ReplicatedEffect) ControlsOfAll() ControlTally {
	var sum ControlTally
	for _, c := range e.Controls {
		sum = ControlTally{sum.Of + c.Of, sum.Alike + c.Alike, sum.Stronger + c.Stronger}
	}
	return sum
}

// Penetrance is in how many of how many specimens something shows, with Wilson's 95 % interval of
// the rate.
type Penetrance struct {
	Shows int     `json:"shows"`
	Of    int     `json:"of"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func newPenetrance(shows, of int) Penetrance {
	low, high := stats.Wilson(shows, of)
	return Penetrance{shows, of, low, high}
}

// Across is the mean over specimens. The 95 % interval is Student's, with the specimen as the
// experimental unit; it is undefined with fewer than three.
type Across struct {
	N    int          `json:"n"` // specimens
	Mean probe.Number `json:"mean"`
	SD   probe.Number `json:"sd"`
	Low  probe.Number `json:"low"`
	High probe.Number `json:"high"`
}

// fewestSpecimens is how many an interval across specimens needs.
const fewestSpecimens = 3

func newAcross(values []float64) Across {
	a := Across{len(values), probe.Undefined, probe.Undefined, probe.Undefined, probe.Undefined}
	if len(values) == 0 {
		return a
	}
	mean, low, high := stats.MeanT(values)
	a.Mean, a.SD = probe.Number(mean), probe.Number(math.Sqrt(stats.Variance(values)))
	if len(values) >= fewestSpecimens {
		a.Low, a.High = probe.Number(low), probe.Number(high)
	}
	return a
}

// Replicate makes experiments on neurons of the first specimen, and on their homologues in all
// others. A specimen in which a neuron has no homologue is excluded and counted.
func Replicate(ctx context.Context, specimens []Specimen, targets []model.Address, experiments ...ReplicatedExperiment) (*Replication, error) {
	if len(specimens) < 2 || len(targets) == 0 || len(experiments) == 0 {
		return nil, errors.New("ablate: replicates need two specimens or more, a neuron and an experiment")
	}
	first := specimens[0]
	for _, t := range targets {
		if err := first.Network.CheckAddress(t); err != nil {
			return nil, err
		}
	}
	lo, hi := first.Set.Range(datasets.Select)
	r := &Replication{Split: first.Split, Images: first.Images, Matched: hi - lo, Targets: targets,
		Resamples: first.Resamples, Permutations: first.Permutations, Seed: first.Seed}
	matches, err := matchAll(ctx, specimens, targets)
	if err != nil {
		return nil, err
	}
	for k, s := range specimens {
		rs := ReplicatedSpecimen{SpecimenFacts: s.facts()}
		if k > 0 {
			rs.Homologues = matches[k-1]
			rs.Excluded = exclusion(rs.Homologues)
			for _, h := range rs.Homologues {
				if h.P.Defined() {
					r.Matches++
				}
			}
		}
		r.Specimens = append(r.Specimens, rs)
	}
	for _, e := range experiments {
		effect, err := r.replicate(ctx, specimens, e)
		if err != nil {
			return nil, err
		}
		r.Effects = append(r.Effects, *effect)
	}
	r.warn(first)
	return r, ctx.Err()
}

// replicate makes one experiment in every specimen that has homologues, and on random neurons there.
func (r *Replication) replicate(ctx context.Context, specimens []Specimen, e ReplicatedExperiment) (*ReplicatedEffect, error) {
	effect := &ReplicatedEffect{ReplicatedExperiment: e}
	for k, s := range specimens {
		effect.Controls = append(effect.Controls, ControlTally{})
		if r.Specimens[k].Excluded != "" {
			effect.Headlines = append(effect.Headlines, nil)
			continue
		}
		sets := [][]model.Address{r.Specimens[k].targets(r.Targets)}
		if k > 0 && !e.Costly {
			sets = append(sets, s.replicateControls(r.Specimens[k].Homologues)...)
		}
		all, err := Part(s.Parts, e.Name, func() ([]Headline, error) { return e.Measure(ctx, s.Preparation, sets) })
		if err != nil {
			return nil, err
		}
		effect.Headlines = append(effect.Headlines, &all[0])
		effect.Controls[k] = tallyControls(effect.Headlines[0].Estimate, all)
	}
	effect.summarise(r.Specimens)
	return effect, ctx.Err()
}

// tallyControls compares the controls, all headlines but the first, with the first.
func tallyControls(reference float64, all []Headline) ControlTally {
	c := ControlTally{Of: len(all) - 1}
	for _, h := range all[1:] {
		if h.likeIn(reference) {
			c.Alike++
		}
		if math.Copysign(1, reference)*(h.Estimate-all[0].Estimate) > 0 {
			c.Stronger++
		}
	}
	return c
}

// likeIn tells whether an effect has the reference's sign and an interval without 0.
func (h Headline) likeIn(reference float64) bool { return h.Detected() && h.Estimate*reference > 0 }

// replicateControlSets is how many sets of random neurons are taken, where there are as many.
const replicateControlSets = 20

// replicateControls are sets of random neurons of the homologues' layers, none of them a homologue. There
// are none for what was not matched.
func (s Specimen) replicateControls(homologues []Homologue) [][]model.Address {
	taken := map[model.Address]bool{}
	for _, h := range homologues {
		if h.Given != "" {
			return nil
		}
		taken[model.Neuron(h.Match.Layer, h.Match.Unit)] = true
	}
	random := rand.New(rand.NewPCG(s.Seed, 0x636f6e74726f6c)) // "control"
	var sets [][]model.Address
	seen := map[string]bool{}
	for range 50 * replicateControlSets { // in a small layer few sets are to be had
		var set []model.Address
		mine := map[model.Address]bool{}
		for _, h := range homologues {
			a := h.Match
			a.Unit = random.IntN(s.Network.Geometry(a.Layer).Act[0])
			neuron := model.Neuron(a.Layer, a.Unit)
			if taken[neuron] || mine[neuron] {
				break
			}
			mine[neuron] = true
			set = append(set, a)
		}
		name := fmt.Sprint(set)
		if len(set) < len(homologues) || seen[name] {
			continue
		}
		seen[name] = true
		if sets = append(sets, set); len(sets) == replicateControlSets {
			break
		}
	}
	return sets
}

// exclusion is why a specimen with these homologues cannot take part; "" if it can.
func exclusion(homologues []Homologue) string {
	taken := map[model.Address]model.Address{}
	for _, h := range homologues {
		if !h.Found() {
			return fmt.Sprintf("%v has no homologue: %s", h.Neuron, h.Problem)
		}
		if before, twice := taken[h.Match]; twice {
			return fmt.Sprintf("%v and %v have the same homologue, %v", before, h.Neuron, h.Match)
		}
		taken[h.Match] = h.Neuron
	}
	return ""
}

// summarise counts and averages the headlines.
func (e *ReplicatedEffect) summarise(specimens []ReplicatedSpecimen) {
	reference := e.Headlines[0].Estimate
	var values []float64
	shows, mutual, mutuals := 0, 0, 0
	for k, h := range e.Headlines {
		if h == nil {
			continue
		}
		values = append(values, h.Estimate)
		alike := h.likeIn(reference)
		if alike {
			shows++
		}
		if k > 0 && specimens[k].Mutual() {
			mutuals++
			if alike {
				mutual++
			}
		}
	}
	own := 0
	if e.Headlines[0].Detected() {
		own = 1
	}
	e.All, e.Others, e.Mutual = newPenetrance(shows, len(values)), newPenetrance(shows-own, len(values)-1), newPenetrance(mutual, mutuals)
	e.Mean, e.OthersMean = newAcross(values), newAcross(values[1:])
}

// warn adds the doubts that belong to the whole.
func (r *Replication) warn(first Specimen) {
	r.Warnings = append(r.Warnings, first.Set.Warnings...)
	measured := r.Effects[0].Mean.N
	if excluded := len(r.Specimens) - measured; excluded > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d networks are left out of penetrance and mean, for want of a homologue: both are about networks that have one", excluded, len(r.Specimens)))
	}
	if measured < fewestSpecimens {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the experiment was made in %d of %d networks: too few for an interval across networks, which takes %d", measured, len(r.Specimens), fewestSpecimens))
	}
	for _, e := range r.Effects {
		if !e.Headlines[0].Detected() {
			r.Warnings = append(r.Warnings, fmt.Sprintf("in the reference the interval of %s includes 0: there is no established effect to find again", e.Quantity))
		}
	}
	for _, s := range r.Specimens[1:] {
		for _, h := range s.Homologues {
			if h.Found() && h.Given == "" && !h.Mutual {
				r.Warnings = append(r.Warnings, fmt.Sprintf("in network %s the match of %v with %v is not mutual: %v answers the images most as another neuron does", s.Name, h.Neuron, h.Match, h.Match))
			}
		}
	}
}
