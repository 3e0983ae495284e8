package probe

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// How much of a neuron an examination shows.
const (
	extremeImages   = 9 // highest, and as many lowest
	shownSynapses   = 6 // of each sign, incoming and outgoing
	nearestUnits    = 5
	histogramBins   = 24
	intervalPercent = 0.95
)

// Examine shows one neuron of a survey in full. The survey must have been made in this process:
// one read from a file does not hold the recordings.
func Examine(ctx context.Context, s *Survey, a model.Address, workers int) (*Examination, error) {
	if s.tuned == nil {
		return nil, fmt.Errorf("probe: this survey has no recordings")
	}
	if a.Unit == model.AllUnits || a.Row != model.AllPositions {
		return nil, fmt.Errorf("probe: %v is no whole neuron (want one like 3:17)", a)
	}
	u, known := s.tuned.measured.unit(a)
	if !known {
		return nil, fmt.Errorf("probe: neuron %v is not in the survey", a)
	}
	t := s.tuned
	x := &Examination{Survey: s, Unit: s.Units[u]}
	x.Details = s.details(u)
	x.Histogram = s.histogram(u)
	sheets := []Sheet{
		{a, t.extremes(a, s.Summary, extremeImages, true)},
		{a, t.extremes(a, s.Summary, extremeImages, false)},
	}
	if err := t.maps(ctx, sheets, workers); err != nil {
		return nil, err
	}
	x.Highest, x.Lowest = sheets[0].Images, sheets[1].Images
	nearest := correlations(t.selected.standardised(s.Summary), t.selected.Units, u)
	x.Nearest = nearest[:min(nearestUnits, len(nearest))]
	if err := s.synapses(ctx, x, workers); err != nil {
		return nil, err
	}
	x.warn()
	return x, ctx.Err()
}

// details are the intervals of a unit's tunings.
func (s *Survey) details(u int) []*Detail {
	unit, t := s.Units[u], s.tuned
	if !unit.Tested() {
		return nil
	}
	values := t.measured.values(u, s.Summary)
	out := make([]*Detail, len(unit.Tuning))
	for c, tuning := range unit.Tuning {
		if tuning == nil || !tuning.AUROC.Defined() {
			continue
		}
		shows := s.Concepts[c].shows(t.set, t.measured.First, t.measured.First+t.measured.Images)
		var groups [2][]float64
		for i, v := range values {
			k := 0
			if shows[i] {
				k = 1
			}
			groups[k] = append(groups[k], v)
		}
		_, low, high := stats.AUROCInterval(groups[1], groups[0], intervalPercent)
		d := &Detail{Concept: c, AUROCLow: Number(low), AUROCHigh: Number(high)}
		difference := s.differenceInterval(values, shows)
		d.DifferenceLow, d.DifferenceHigh = Number(difference.Low), Number(difference.High)
		out[c] = d
	}
	return out
}

// differenceInterval is the bootstrap interval of the mean with − without; images are drawn within
// the two groups, so that each resample has as many of either.
func (s *Survey) differenceInterval(values []float64, shows []bool) stats.Interval {
	strata, without := make([]int, len(shows)), make([]bool, len(shows))
	for i, v := range shows {
		without[i] = !v
		if v {
			strata[i] = 1
		}
	}
	with, off := stats.GroupMean(values, shows), stats.GroupMean(values, without)
	b := stats.Bootstrap{Resamples: s.Resamples, Seed: s.Seed, Strata: strata}
	return b.Intervals(len(values), func(counts []float64) float64 { return with(counts) - off(counts) })[0]
}

// histogram counts the measured images by the unit's summary, in bins of equal width.
func (s *Survey) histogram(u int) Histogram {
	t := s.tuned
	values := t.measured.values(u, s.Summary)
	relu := t.n.Layer(t.measured.Units[u].Layer).Activation == model.ReLU
	h := Histogram{Counts: make([][]int, len(s.Classes))}
	if relu {
		h.Zeros = make([]int, len(s.Classes))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !relu || v != 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	for c := range h.Counts {
		h.Counts[c] = make([]int, histogramBins)
	}
	if low > high { // nothing but zeros
		low, high = 0, 1
	}
	if low == high {
		high = low + max(math.Abs(low), 1)*1e-3
	}
	for k := range histogramBins + 1 {
		h.Edges = append(h.Edges, low+(high-low)*float64(k)/histogramBins)
	}
	for i, v := range values {
		class := t.set.Labels[t.measured.First+i]
		if relu && v == 0 {
			h.Zeros[class]++
			continue
		}
		bin := int((v - low) / (high - low) * histogramBins)
		h.Counts[class][min(bin, histogramBins-1)]++
	}
	return h
}

// synapses fills in the strongest ones, with the labels of the neurons at their other ends.
func (s *Survey) synapses(ctx context.Context, x *Examination, workers int) error {
	t, a := s.tuned, x.Unit.Address
	size := t.set.ImageSize()
	images := t.set.Images[t.measured.First*size : (t.measured.First+t.measured.Images)*size]
	sent, err := meanOutputs(ctx, t.n, images, append(senders(t.n, a.Layer), a.Layer), workers)
	if err != nil {
		return err
	}
	in, out := incoming(t.n, a, sent), outgoing(t.n, a, sent[a.Layer])
	if t.n.Steps(a.Layer) > 0 {
		shown, err := meanActivations(ctx, t.n, images, []int{a.Layer}, workers)
		if err != nil {
			return err
		}
		again, back := circle(t.n, a, shown[a.Layer])
		in, out = append(in, again...), append(out, back...)
	}
	x.Incoming, x.IncomingCount = strongestSynapses(in, shownSynapses)
	x.Outgoing, x.OutgoingCount = strongestSynapses(out, shownSynapses)
	label := func(at model.Address) *Label {
		if u, known := t.measured.unit(at); known {
			return s.Units[u].Label
		}
		return nil
	}
	for k := range x.Incoming {
		x.Incoming[k].Label = label(x.Incoming[k].From)
	}
	for k := range x.Outgoing {
		x.Outgoing[k].Label = label(x.Outgoing[k].To)
	}
	return nil
}

// warn adds the doubts about this neuron, and those about the survey that concern all of them.
func (x *Examination) warn() {
	x.Warnings = append(x.Warnings, x.Survey.Warnings...)
	q := x.Unit.Quality
	switch a := x.Unit.Address; {
	case q.Dead:
		x.Warnings = append(x.Warnings, fmt.Sprintf("%v is dead: its activation is never above 0 on these images, and there is nothing to test", a))
	case q.Constant:
		x.Warnings = append(x.Warnings, fmt.Sprintf("%v is constant on select or on %v: there is nothing to test", a, x.Survey.Split))
	case q.AlwaysOn:
		x.Warnings = append(x.Warnings, fmt.Sprintf("%v is above 0 at every position of every image: its ReLU never acts, and firing rates tell nothing", a))
	}
}
