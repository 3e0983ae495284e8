package state

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// TiredOptions are those of Tired; DefaultTiredOptions has the defaults.
type TiredOptions struct {
	ablate.Options
	Fatigue  float64   // κ at which time course, recovery, histories, controls and map are measured
	Recovery float64   // τ, in presentations
	Doses    []float64 // of κ, ascending, the first 0
	Steps    int       // images that a subject works through before it is tested
	Rests    []float64 // after the work, in multiples of τ, ascending, the first 0
	Arousal  []float64 // doses, ascending, with 0
	Noise    []float64 // doses, ascending, the first 0
	Images   int       // measured images, a random choice; 0: all of the split
	Lesions  []model.Address
	Repeats  int // showings of an image that must stay the same
	Shuffles int // of gains among neurons
}

// DefaultTiredOptions has a fatigue at which the default network fails visibly and not wholly.
func DefaultTiredOptions() TiredOptions {
	return TiredOptions{Options: ablate.DefaultOptions(), Fatigue: 4, Recovery: DefaultRecovery, Steps: 8,
		Doses:   []float64{0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16},
		Rests:   []float64{0, 0.25, 0.5, 1, 2, 4, 8},
		Arousal: []float64{-0.9, -0.75, -0.5, -0.25, 0, 0.5, 1, 2, 4},
		Noise:   []float64{0, 0.25, 0.5, 1, 1.5, 2, 3},
		Repeats: 1000, Shuffles: 39}
}

// Check reports every option that makes no sense.
func (o *TiredOptions) Check() error {
	body := Body{Fatigue: o.Fatigue, Recovery: o.Recovery}
	faults := []error{body.Check()}
	complain := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("state: "+format, args...))
		}
	}
	complain(o.Fatigue == 0, "fatigue 0 as the reference (want more: 0 is measured in any case)")
	complain(o.Recovery == 0, "recovery 0 (want a number of presentations above 0)")
	complain(o.Steps < 1 || o.Steps > 1000, "%d steps of work (want 1 to 1000)", o.Steps)
	complain(o.Images < 0, "%d images (want 0, all, or more)", o.Images)
	complain(o.Repeats < 2 || o.Repeats > 1_000_000, "%d showings of one image (want 2 to 1000000)", o.Repeats)
	complain(o.Shuffles < 1 || o.Shuffles > 10_000, "%d shuffles (want 1 to 10000)", o.Shuffles)
	for _, d := range []struct {
		name  string
		doses []float64
		body  func(float64) Body
		least int
	}{
		{"doses of fatigue", o.Doses, func(v float64) Body { return Body{Fatigue: v} }, 4},
		{"doses of arousal", o.Arousal, func(v float64) Body { return Body{Arousal: v} }, 2},
		{"doses of noise", o.Noise, func(v float64) Body { return Body{Noise: v} }, 4},
	} {
		ascending := slices.IsSorted(d.doses) && len(slices.Compact(slices.Clone(d.doses))) == len(d.doses)
		complain(len(d.doses) < d.least || len(d.doses) > 100 || !ascending || !slices.Contains(d.doses, 0), "%s %v (want %d to 100 in ascending order, 0 among them)", d.name, d.doses, d.least)
		for _, v := range d.doses {
			if b := d.body(v); b.Check() != nil {
				faults = append(faults, b.Check())
				break
			}
		}
	}
	return errors.Join(faults...)
}

// Tired puts to the test that results do not change because the network is tired. It shows first
// that they do not: the same images again and again, bit by bit. Then it gives the network neurons
// that tire, has as many subjects as there are measured images work through other images and see one
// of the measured ones each, and compares with the fresh network on the same images.
func Tired(ctx context.Context, n *model.Network, set *datasets.Set, o TiredOptions) (*TiredResult, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if len(Tiring(n)) == 0 {
		return nil, errors.New("state: no hidden layer has ReLU: there is no firing rate to tire of")
	}
	for _, l := range o.Lesions {
		if err := n.CheckAddress(l); err != nil {
			return nil, err
		}
	}
	prepared, err := ablate.Prepare(ctx, n, set, o.Options)
	if err != nil {
		return nil, err
	}
	t := newTiring(prepared.Sample(o.Images), o)
	if t.Images <= o.Steps {
		return nil, fmt.Errorf("state: %d steps of work with %d images (want fewer steps than images: nobody sees one twice)", o.Steps, t.Images)
	}
	r := &TiredResult{Split: t.Split, Images: t.Images, Classes: n.Classes, Body: t.body, Steps: o.Steps, Lesions: o.Lesions,
		Resamples: t.Resamples, Permutations: t.Permutations, Seed: t.Seed, HistorySplit: datasets.Select}
	r.ByClass = make([]int, len(n.Classes))
	for _, l := range t.Labels {
		r.ByClass[l]++
	}
	if k := slices.Index(r.ByClass, 0); k >= 0 {
		return nil, fmt.Errorf("state: none of the %d images that are measured is of %s (want more images)", t.Images, n.Classes[k])
	}
	for _, part := range []func(context.Context, *TiredResult) error{
		t.unchanging, t.doses, t.recovery, t.histories, t.global, t.controls, t.layers, t.neurons,
	} {
		if err := part(ctx, r); err != nil {
			return nil, err
		}
	}
	r.warn(set)
	return r, ctx.Err()
}

// tiring is the experiment under way.
type tiring struct {
	*ablate.Preparation
	o     TiredOptions
	body  Body // at the reference fatigue
	rates *Rates
	plan  roster
	edits []model.Edit // the lesions
	// fresh is what the network without a body says in each step of the work, and in the test after it.
	fresh []*readout
	// worked are the subjects after the work at the reference fatigue; tired what they then say.
	worked *State
	tired  *readout
}

func newTiring(p *ablate.Preparation, o TiredOptions) *tiring {
	t := &tiring{Preparation: p, o: o, body: Body{Fatigue: o.Fatigue, Recovery: o.Recovery, Seed: p.Seed}, rates: RatesOf(p), plan: newRoster(p.Images, o.Steps+1, p.Seed)}
	for _, l := range o.Lesions {
		t.edits = append(t.edits, model.Zero(l))
	}
	return t
}

func (t *tiring) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: t.Resamples, Seed: t.Seed}
}

func (t *tiring) permutations() stats.Permutations {
	return stats.Permutations{Count: t.Permutations, Seed: t.Seed}
}

// image are the pixels of a measured image.
func (t *tiring) image(i int) []float32 {
	size := t.Set.ImageSize()
	return t.Pixels()[i*size : (i+1)*size]
}
