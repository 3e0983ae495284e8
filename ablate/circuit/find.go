package circuit

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// FindOptions say how a circuit is sought. At most one of Edges, Threshold and Faithfulness is set;
// without any, Faithfulness is DefaultFaithfulness, and a method that decides itself decides.
type FindOptions struct {
	Options
	Method Method
	// Edges is the size wished for.
	Edges int
	// Threshold is the least |score| of an edge, in units of y.
	Threshold float64
	// Faithfulness is what the circuit is to reach on select.
	Faithfulness float64
	// Random is how many random circuits are drawn; 0: DefaultRandom, below 0: none.
	Random int
}

// The defaults of FindOptions.
const (
	DefaultFaithfulness = 0.9
	DefaultRandom       = 100
)

func (o FindOptions) check() error {
	set := 0
	for _, wished := range []bool{o.Edges != 0, o.Threshold != 0, o.Faithfulness != 0} {
		if wished {
			set++
		}
	}
	switch {
	case set > 1:
		return errors.New("circuit: want one of a number of edges, a threshold and a faithfulness")
	case o.Edges < 0:
		return fmt.Errorf("circuit: %d edges (want 1 or more)", o.Edges)
	case o.Threshold < 0:
		return fmt.Errorf("circuit: threshold %v (want above 0)", o.Threshold)
	case o.Faithfulness < 0 || o.Faithfulness > 1:
		return fmt.Errorf("circuit: faithfulness %v (want above 0, up to 1)", o.Faithfulness)
	}
	return nil
}

// ErrEmpty marks a search that left no edge.
var ErrEmpty = errors.New("no edge is left")

// finder is a search under way.
type finder struct {
	*Preparation
	wish        Wish
	random      int
	ranking     *ranking
	selected    *Task // the circuit is chosen on
	measured    *Task // the checks are from
	selectScale *scale
	result      *Result
	wiring      wiring
	parts       ablate.Parts
}

// Find scores all edges on select, takes the strongest that are on a path from the image to the output,
// and checks the circuit they make on Split.
func Find(ctx context.Context, n *model.Network, set *datasets.Set, o FindOptions) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Method == nil {
		return nil, errors.New("circuit: no method")
	}
	p, err := Prepare(ctx, n, set, o.Options)
	if err != nil {
		return nil, err
	}
	f := &finder{Preparation: p, wish: Wish{o.Edges, o.Threshold, o.Faithfulness}, random: o.Random, parts: o.Parts}
	if f.random == 0 {
		f.random = DefaultRandom
	}
	f.random = max(f.random, 0)
	if f.selected, err = p.Task(ctx, datasets.Select, p.Against); err != nil {
		return nil, err
	}
	if f.measured, err = p.Task(ctx, o.Split, p.Against); err != nil {
		return nil, err
	}
	scores, err := ablate.Part(f.parts, "circuit scores", func() (*Scores, error) { return o.Method.Score(ctx, f.selected) })
	if err != nil {
		return nil, err
	}
	if len(scores.Score) != len(p.Edges) {
		return nil, fmt.Errorf("circuit: method %s gave %d scores for %d edges", o.Method.Name(), len(scores.Score), len(p.Edges))
	}
	if scores.Order != nil && o.Threshold > 0 {
		return nil, fmt.Errorf("circuit: method %s does not rank by score: a threshold chooses nothing (want a number of edges or a faithfulness)", o.Method.Name())
	}
	f.ranking = p.rank(scores)
	if f.wish == (Wish{}) && scores.Kept == nil {
		f.wish.Faithfulness = DefaultFaithfulness
	}
	f.begin(o.Method)
	for _, step := range []func(context.Context) error{f.choose, f.checks, f.curve, f.links, f.agreement, f.nodes} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	f.warn()
	return f.result, ctx.Err()
}

// begin fills in what is known before the search.
func (f *finder) begin(m Method) {
	n := f.Network
	f.result = &Result{Split: f.Split, SplitName: f.Split.String(), Target: f.Goal, Class: n.Classes[f.Goal.Class], Metric: f.Metric,
		Against: f.Against, Method: m.Name(), SelectPairs: f.selected.Len(), Pairs: f.measured.Len(), Excluded: f.selected.Excluded + f.measured.Excluded,
		Wish: f.wish, EdgesInNetwork: len(f.Edges), Rank: probe.Undefined, RankLast: probe.Undefined,
		Random: f.random, Permutations: f.Permutations, Resamples: f.Resamples, Seed: f.Seed}
	for _, e := range f.Edges {
		if e.From.Layer > 0 && e.To.Layer < n.Depth() {
			f.result.HiddenEdges++
		}
	}
	for l := 1; l < n.Depth(); l++ {
		f.result.NeuronsHidden += n.Geometry(l).Act[0]
	}
}

func (f *finder) warnf(format string, args ...any) {
	f.result.Warnings = append(f.result.Warnings, fmt.Sprintf(format, args...))
}

// fewPairs are too few for intervals to be believed, largeShare too many edges for a circuit to be told
// from the network, and overshoot a faithfulness too far above 1.
const (
	fewPairs   = 20
	largeShare = 0.25
	overshoot  = 1.1
)

// warn says what makes the numbers doubtful.
func (f *finder) warn() {
	r := f.result
	if r.Pairs < fewPairs {
		f.warnf("%d pairs are few: intervals from so few are too narrow", r.Pairs)
	}
	if r.Split == datasets.Train {
		f.warnf("measured on the train split, to which the network was fitted: it may be wired otherwise for new images")
	}
	if r.Split == datasets.Select {
		f.warnf("measured on the select split, on which the circuit was chosen: its numbers are too good")
	}
	if share := float64(len(r.Edges)) / float64(r.EdgesInNetwork); share > largeShare {
		f.warnf("the circuit has %.0f %% of all edges: the work is spread over the network, and no part of it stands out", 100*share)
	}
	if c := r.Checks[0]; c.Defined && c.Faithfulness.Low > overshoot {
		f.warnf("faithfulness is above 1: the circuit alone exaggerates the answer, because edges that work against it are left out")
	}
	for _, c := range r.Checks {
		if !c.Defined {
			f.warnf("against %s, y of the whole network (%.3g) cannot be told from y with every edge corrupted (%.3g): faithfulness and completeness are not defined", c.Against, c.Whole, c.Corrupted)
		}
	}
}
