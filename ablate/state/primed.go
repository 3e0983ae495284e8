package state

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// PrimingOptions of an experiment in which a prime is seen before a target. The zero value of a
// field means its default, but for Fatigue, Delay and Targets.
type PrimingOptions struct {
	Body     Body    // what tires; arousal and noise have to be 0
	Duration float64 // of the prime, in presentations
	Delay    float64 // from the end of the prime to the target, in presentations
	Choice   PrimeChoice
	Primes   int // a class
	Targets  int // random images of the split; 0: all
	// CurveTargets are the targets behind curves, controls and neurons, a random part of all.
	CurveTargets int
	// Classes are A and B; nil: the last two of two classes, or the two that the network confuses most
	// often on select, the later of the two first.
	Classes []int
	// Lesions are silent all the time, in primes and targets.
	Lesions []model.Address
}

// The defaults of PrimingOptions.
const (
	DefaultPrimes       = 16
	DefaultDuration     = 1
	DefaultCurveTargets = 200
)

// PrimeChoice is how primes are chosen among the select images that the network gets right.
type PrimeChoice string

// Typical are those with the largest logit difference for their class, Random any of them.
const (
	Typical PrimeChoice = "typical"
	Random  PrimeChoice = "random"
)

// ErrStateless marks a network without fatigue that answered otherwise after a prime: the
// experiment's machinery is broken.
var ErrStateless = errors.New("without fatigue a prime changed an answer")

// Priming is what primes did to targets. Everything is in logits of y, logit of class A − logit of
// class B. A shift is y after a prime less y after a rest of the same length; the effect is the mean
// shift after the primes of A less that after the primes of B: below 0 is contrast (y moves
// away from the prime), above 0 assimilation.
type Priming struct {
	Classes      [2]string       `json:"classes"` // A and B
	Confused     int             `json:"confused_on_select"`
	Body         Body            `json:"body"`
	Duration     float64         `json:"prime_duration"`
	Delay        float64         `json:"delay"`
	Choice       PrimeChoice     `json:"prime_choice"`
	Primes       []Prime         `json:"primes"` // those of A first
	Lesions      []model.Address `json:"lesions,omitempty"`
	Split        datasets.Split  `json:"-"`
	Targets      int             `json:"targets"`
	Groups       []PrimedGroup   `json:"groups"` // all targets first
	Verdict      PrimedVerdict   `json:"verdict"`
	Answers      PrimedAnswers   `json:"answers"`
	Shifts       [2][]float64    `json:"-"` // each target's mean shift after the primes of A, of B
	ClassOf      []int           `json:"-"` // each target's: 0 is A, 1 is B
	Replay       Replay          `json:"replay"`
	Stateless    Stateless       `json:"stateless"`
	Curves       []PrimedCurve   `json:"curves"`
	Decay        Decay           `json:"decay"`
	Controls     []PrimedControl `json:"controls"`
	Own          []OwnShift      `json:"own_logit"`
	Layers       []PrimedLayer   `json:"layers"`
	Neurons      PrimedNeurons   `json:"neurons"`
	CurveTargets int             `json:"curve_targets"`
	Resamples    int             `json:"resamples"`
	Permutations int             `json:"permutations"`
	Seed         uint64          `json:"seed"`
	Warnings     []string        `json:"warnings,omitempty"`
}

// PrimedVerdict is what the effect on all targets is.
type PrimedVerdict string

// An effect is contrast or assimilation where its interval over primes and targets excludes 0 and p is
// below 0.05.
const (
	Contrast     PrimedVerdict = "contrast"
	Assimilation PrimedVerdict = "assimilation"
	Neither      PrimedVerdict = "neither"
)

func (g *PrimedGroup) verdict() PrimedVerdict {
	switch {
	case !(g.P < 0.05):
		return Neither
	case g.Effect.High < 0:
		return Contrast
	case g.Effect.Low > 0:
		return Assimilation
	}
	return Neither
}

// Prime is one prime.
type Prime struct {
	Image int     `json:"image"` // its number in the set
	Name  string  `json:"name"`
	Class int     `json:"class"` // 0: A, 1: B
	Y     float64 `json:"y"`     // at rest
	Drive float64 `json:"drive"` // over all neurons that can tire, as a multiple of the usual rate
	Shift float64 `json:"shift"` // of all targets, mean
}

// PrimedGroup is the shift of some of the targets, with 95 % intervals.
type PrimedGroup struct {
	Name   string             `json:"name"`
	N      int                `json:"n"`
	Rest   float64            `json:"y_at_rest"`
	After  [2]ablate.Interval `json:"shift_after"` // primes of A, of B
	Effect ablate.Interval    `json:"effect"`
	// OverTargets keeps the primes, OverPrimes the targets; the intervals above draw both.
	OverTargets ablate.Interval `json:"effect_over_targets"`
	OverPrimes  ablate.Interval `json:"effect_over_primes"`
	P           probe.Number    `json:"p"` // the primes' classes exchanged
}

// PrimedAnswers are what the targets are taken for, as shares of them, means over primes.
type PrimedAnswers struct {
	Rest     float64            `json:"answered_a_at_rest"`
	After    [2]ablate.Interval `json:"answered_a_after"`
	Effect   ablate.Interval    `json:"effect"` // answered A after primes of A less after primes of B
	P        probe.Number       `json:"p"`
	Accuracy [3]float64         `json:"accuracy"` // at rest, after primes of A, of B
	// Away and Toward are the answers that flip, per prime: to the other class of the two than the
	// prime's, and to the prime's.
	Away   [2]float64 `json:"flips_away"`
	Toward [2]float64 `json:"flips_toward"`
}

// Replay holds states that were kept against sequences that were run from the start.
type Replay struct {
	Logits  int     `json:"logits"`
	Largest float64 `json:"largest_difference"`
}

// Stateless is the control without fatigue: the logits that were compared, bit by bit, after a prime
// and after a rest of the same length.
type Stateless struct {
	Primes    int `json:"primes"`
	Logits    int `json:"logits"`
	Differing int `json:"differing"`
}

// priming is an experiment under way.
type priming struct {
	*ablate.Preparation
	o        PrimingOptions
	rates    *Rates
	tiring   []int
	lesions  []model.Edit
	classes  [2]int
	primes   []Prime
	selected *primedSelect
	targets  []int // places in Set
	few      []int // a random part of targets, as indices into it, ascending
	pixels   []float32
	fewer    []float32
}

// PrimingOf runs the experiment: which effect what was seen before has on what is seen next.
// The primes are images of the select split, the targets those of the preparation's, which has
// to be another.
func PrimingOf(ctx context.Context, p *ablate.Preparation, o PrimingOptions) (*Priming, error) {
	e, err := newPriming(ctx, p, o)
	if err != nil {
		return nil, err
	}
	r := &Priming{Body: e.o.Body, Duration: e.o.Duration, Delay: e.o.Delay, Choice: e.o.Choice, Lesions: e.o.Lesions, Split: p.Split,
		Targets: len(e.targets), CurveTargets: len(e.few), Resamples: p.Resamples, Permutations: p.Permutations, Seed: p.Seed,
		Confused: e.selected.confused, Warnings: e.selected.warnings}
	for k, c := range e.classes {
		r.Classes[k] = p.Set.Classes[c]
	}
	r.Primes = e.primes // their shifts are filled in
	stages := []func(context.Context, *Priming) error{e.stateless, e.main, e.curves, e.controls, e.layers, e.neurons}
	for _, stage := range stages {
		if err := stage(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, ctx.Err()
}

func newPriming(ctx context.Context, p *ablate.Preparation, o PrimingOptions) (*priming, error) {
	if err := o.check(p); err != nil {
		return nil, err
	}
	o.fill()
	e := &priming{Preparation: p, o: o, rates: RatesOf(p), tiring: Tiring(p.Network)}
	if len(e.tiring) == 0 {
		return nil, fmt.Errorf("state: no layer of this network can tire (want a hidden layer with ReLU)")
	}
	for _, a := range o.Lesions {
		e.lesions = append(e.lesions, model.Zero(a))
	}
	if err := e.look(ctx); err != nil {
		return nil, err
	}
	if err := e.choose(); err != nil {
		return nil, err
	}
	return e, e.aim()
}

// check reports every option that makes no sense.
func (o *PrimingOptions) check(p *ablate.Preparation) error {
	var faults []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("state: "+format, args...))
		}
	}
	faults = append(faults, o.Body.Check())
	complain(o.Body.Arousal != 0 || o.Body.Noise != 0, "arousal %v, noise %v (want 0 and 0: only fatigue remembers a prime)", o.Body.Arousal, o.Body.Noise)
	complain(p.Split == datasets.Select, "targets of the select split (want another: the primes are chosen there)")
	complain(!(o.Duration >= 0 && o.Duration <= 1e6), "a prime shown for %v presentations (want more than 0)", o.Duration)
	complain(!(o.Delay >= 0 && o.Delay <= 1e6), "a delay of %v presentations (want 0 or more)", o.Delay)
	complain(o.Primes < 0 || o.Primes == 1, "%d primes a class (want 2 or more, for a prime to have an interval)", o.Primes)
	complain(o.Targets < 0, "%d targets (want 0, all, or more)", o.Targets)
	complain(o.CurveTargets < 0, "%d targets of curves (want 1 or more)", o.CurveTargets)
	complain(o.Choice != "" && o.Choice != Typical && o.Choice != Random, "primes %q (want typical or random)", o.Choice)
	classes := len(p.Set.Classes)
	complain(classes < 2, "%d classes (want two, to prime with one or the other)", classes)
	if o.Classes != nil {
		complain(len(o.Classes) != 2, "%d classes to prime with (want 2)", len(o.Classes))
		for k, c := range o.Classes {
			complain(c < 0 || c >= classes, "class %d (there are 0 to %d)", c, classes-1)
			complain(k > 0 && c == o.Classes[0], "class %d twice (want two classes)", c)
		}
	}
	for _, a := range o.Lesions {
		faults = append(faults, p.Network.CheckAddress(a))
	}
	return errors.Join(faults...)
}

func (o *PrimingOptions) fill() {
	if o.Primes == 0 {
		o.Primes = DefaultPrimes
	}
	if o.Duration == 0 {
		o.Duration = DefaultDuration
	}
	if o.CurveTargets == 0 {
		o.CurveTargets = DefaultCurveTargets
	}
	if o.Choice == "" {
		o.Choice = Typical
	}
	o.Body.Recovery = o.Body.recovery()
}

func (e *priming) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: e.Resamples, Seed: e.Seed}
}

func (e *priming) report(stage string, done, total int) {
	if e.Progress != nil {
		e.Progress(stage, done, total)
	}
}
