package probe

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// Options of a survey. DefaultOptions gives the defaults.
type Options struct {
	Split        datasets.Split // measured on
	Concepts     []string       // names of classes, features and parts; nil: all there are
	Fires        Rule
	Summary      Summary
	Permutations int
	Resamples    int // of the bootstrap
	Seed         uint64
	Workers      int // 0: all cores
	// Sheets is of how many units of each layer the images that drive them most are kept,
	// SheetImages of how many images.
	Sheets, SheetImages int
	// Progress is told what is being done and how far it is. It is called one call at a time.
	Progress func(stage string, done, total int)
}

// DefaultOptions measures on confirm, with a unit firing above 0.
func DefaultOptions() Options {
	return Options{Split: datasets.Confirm, Summary: Max, Permutations: stats.DefaultPermutations, Resamples: stats.DefaultResamples,
		Seed: 1, Sheets: 6, SheetImages: 6}
}

func (o *Options) progress(stage string, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}

// The stages of a survey, as Progress names them.
const (
	stageRecord  = "recording"
	stageTune    = "permuting labels"
	stageTwins   = "showing twins"
	stageDissect = "dissecting"
)

// surveyor carries what the steps of a survey share.
type surveyor struct {
	Options
	n      *model.Network
	set    *datasets.Set
	layers []int
	parts  []int // to dissect, indices into set.Parts

	selected, measured *Recording // the same one if Split is select
	tested             []int      // units that vary, indices into the recordings' Units
	spreads            []float64  // of every unit's summary over the measured images
	result             *Survey
}

// Measure runs the whole battery: every neuron of the network against every concept.
func Measure(ctx context.Context, n *model.Network, set *datasets.Set, o Options) (*Survey, error) {
	s := &surveyor{Options: o, n: n, set: set}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{s.record, s.describe, s.tune, s.twins, s.dissect} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.adjust()
	s.label()
	s.count()
	s.exclude()
	s.warn()
	if err := s.sheets(ctx); err != nil {
		return nil, err
	}
	return s.result, ctx.Err()
}

// prepare checks the options against network and data.
func (s *surveyor) prepare() error {
	if err := s.n.Fits(s.set); err != nil {
		return err
	}
	if s.Summary == "" {
		s.Summary = Max
	}
	if s.Summary != Max && s.Summary != Mean {
		return fmt.Errorf("probe: summary %q (want max or mean)", s.Summary)
	}
	if s.Permutations == 0 {
		s.Permutations = stats.DefaultPermutations
	}
	if s.Resamples == 0 {
		s.Resamples = stats.DefaultResamples
	}
	if s.Permutations < 0 || s.Resamples < 0 {
		return fmt.Errorf("probe: %d permutations and %d resamples (want at least 1 each)", s.Permutations, s.Resamples)
	}
	for _, split := range []datasets.Split{datasets.Select, s.Split} {
		if lo, hi := s.set.Range(split); lo == hi {
			return fmt.Errorf("probe: the %s split is empty", split)
		}
	}
	concepts, parts, err := concepts(s.set, s.Concepts)
	if err != nil {
		return err
	}
	s.parts = parts
	s.layers, err = checkLayers(s.n, nil)
	s.result = &Survey{Split: s.Split, Classes: s.set.Classes, Concepts: concepts, Summary: s.Summary, Fires: s.Fires,
		Permutations: s.Permutations, Resamples: s.Resamples, Seed: s.Seed, Null: [2]Number{Undefined, Undefined}}
	for _, p := range parts {
		s.result.Parts = append(s.result.Parts, s.set.Parts[p])
	}
	return err
}

func (s *surveyor) record(ctx context.Context) (err error) {
	lo, hi := s.set.Range(s.Split)
	from, to := s.set.Range(datasets.Select)
	total := hi - lo + to - from
	s.selected, err = Record(ctx, s.n, s.set, datasets.Select, s.layers, s.Workers, func(done, _ int) { s.progress(stageRecord, done, total) })
	if err != nil {
		return err
	}
	s.measured = s.selected
	if s.Split != datasets.Select {
		s.measured, err = Record(ctx, s.n, s.set, s.Split, s.layers, s.Workers, func(done, _ int) { s.progress(stageRecord, to-from+done, total) })
	}
	s.result.Images, s.result.SelectImages = hi-lo, to-from
	s.result.tuned = &tuned{n: s.n, set: s.set, selected: s.selected, measured: s.measured}
	return err
}

// tuned is what a survey keeps for Examine.
type tuned struct {
	n                  *model.Network
	set                *datasets.Set
	selected, measured *Recording
}

// labels are the classes of the measured images.
func (s *surveyor) labels() []int {
	return s.set.Labels[s.measured.First : s.measured.First+s.measured.Images]
}

// describe says of every unit what it does, whatever the concepts, and which take part in tests.
func (s *surveyor) describe(ctx context.Context) error {
	quality := qualities(s.n, s.selected, s.measured, s.Summary)
	if err := markDuplicates(ctx, s.selected, s.Summary, quality, s.Workers); err != nil {
		return err
	}
	s.spreads = make([]float64, len(quality))
	s.result.Units = make([]Unit, len(quality))
	for u, a := range s.measured.Units {
		l := s.n.Layer(a.Layer)
		unit := Unit{Address: a, Layer: l.Name, Kind: l.Kind, Quality: quality[u], MapThreshold: Undefined, BestPart: -1}
		s.activity(&unit, u)
		s.result.Units[u] = unit
		if !quality[u].Dead && !quality[u].Constant {
			s.tested = append(s.tested, u)
		}
	}
	return ctx.Err()
}

// activity fills in a unit's moments, threshold and firing rates, and its selectivity between classes.
func (s *surveyor) activity(unit *Unit, u int) {
	values := s.measured.values(u, s.Summary)
	var moments stats.Moments
	perClass := make([]stats.Moments, len(s.set.Classes))
	threshold := s.Fires.threshold(s.selected.values(u, s.Summary))
	for i, v := range values {
		moments.Add(v)
		perClass[s.labels()[i]].Add(v)
	}
	s.spreads[u] = moments.SD()
	unit.Mean, unit.SD, unit.Threshold = Number(moments.Mean()), Number(moments.SD()), Number(threshold)
	unit.FiresOn = firingRate(values, threshold, func(int) bool { return true })
	var means []float64
	for c := range s.set.Classes {
		unit.FiresByClass = append(unit.FiresByClass, firingRate(values, threshold, func(i int) bool { return s.labels()[i] == c }))
		means = append(means, perClass[c].Mean())
	}
	unit.Selectivity = Number(stats.ClassSelectivity(means))
}

// firingRate counts the images of a group on which the summary is above the threshold.
func firingRate(values []float64, threshold float64, member func(image int) bool) Rate {
	var r Rate
	for i, v := range values {
		if member(i) {
			r.Of++
			if v > threshold {
				r.Count++
			}
		}
	}
	low, high := stats.Wilson(r.Count, r.Of)
	r.Low, r.High = Number(low), Number(high)
	return r
}

// spreadOf is the standard deviation of a unit's summary in a recording.
func (r *Recording) spreadOf(u int, s Summary) float64 {
	return math.Sqrt(stats.Variance(r.values(u, s)))
}
