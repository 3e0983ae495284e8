package main

import (
	"context"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type primedOptions struct {
	*experimentOptions
	priming state.PrimingOptions
	choice  string
	classes []string
	lesions string
}

func newStatePrimedCmd(g *globals, runF func(context.Context, *primedOptions) error) *cobra.Command {
	o := &primedOptions{experimentOptions: newExperimentOptions(g, ""), priming: state.PrimingOptions{
		Body: state.Body{Fatigue: 1, Recovery: state.DefaultRecovery}, Duration: state.DefaultDuration, Primes: state.DefaultPrimes, CurveTargets: state.DefaultCurveTargets}}
	cmd := &cobra.Command{
		Use:   "primed",
		Short: "Find out whether what was seen before distorts what is seen next",
		Long: `Show a prime, wait, show a target. A network as it is has no memory: whatever the prime, the
target's logits must be the same to the bit, which is checked first. Then its neurons tire by what
they fire and recover with rest, and every target is seen after primes of class A, after primes of
class B, and after a rest of the same length:

  y = logit of A − logit of B,    effect = y after primes of A − y after primes of B

Below 0 is contrast (the answer moves away from the prime), above 0 assimilation.

  interval   over targets and over primes; p by exchanging the primes' classes
  by how much   duration and contrast of the prime, fatigue, delay with its time constant
  controls   primes of equal drive, shuffled pixels, scrambled phases, the target itself, grey
  where      one layer alone tires or stays fresh; every neuron alone, with its selectivity

Primes are select images that the network gets right, targets are those of --split.`,
		Example: `  neuroprobe state primed                              with the two classes (or the most confused)
  neuroprobe state primed --classes dog,cat            which is A and which B
  neuroprobe state primed --primes random              any images of the class, not the clearest
  neuroprobe state primed --fatigue 0.25 --delay 2     tires less, and a pause before the target
  neuroprobe state primed --duration 1 --recovery 16   short primes, slow recovery
  neuroprobe state primed --lesion 3:17,4:2            in a network with a lesion`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if err := o.checkPriming(); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	p := &o.priming
	f.Float64Var(&p.Body.Fatigue, "fatigue", p.Body.Fatigue, "κ: a neuron that fires on at its usual rate ends at a gain of 1/(1+κ)")
	f.Float64Var(&p.Body.Recovery, "recovery", p.Body.Recovery, "τ, in `presentations`: in which a resting neuron makes good all but 1/e")
	f.Float64Var(&p.Duration, "duration", p.Duration, "of the prime, in `presentations`")
	f.Float64Var(&p.Delay, "delay", p.Delay, "from prime to target, in `presentations`")
	f.StringVar(&o.choice, "primes", string(state.Typical), "which select images are primes: the most `typical` of their class, or random ones")
	f.IntVar(&p.Primes, "prime-images", p.Primes, "primes a class")
	f.IntVar(&p.Targets, "targets", 0, "so many random `images` of the split (0: all)")
	f.IntVar(&p.CurveTargets, "curve-targets", p.CurveTargets, "so many `targets` behind curves, controls, layers and neurons")
	f.StringSliceVar(&o.classes, "classes", nil, "A,B: the two `classes` (default the two there are, or the two confused most often on select)")
	f.StringVar(&o.lesions, "lesion", "", "silence these all the time: `LAYER:NEURON`, several by comma, ranges, or a layer's all")
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over", "specimens", "resume")
	mustExist(cmd.RegisterFlagCompletionFunc("primes", cobra.FixedCompletions([]string{"typical", "random"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("lesion", g.completeNeurons))
	return cmd
}

// checkPriming refuses what makes no sense before any work.
func (o *primedOptions) checkPriming() error {
	p := &o.priming
	p.Choice = state.PrimeChoice(o.choice)
	switch {
	case !(p.Body.Fatigue >= 0 && p.Body.Fatigue <= 1000):
		return usagef("--fatigue %v: want 0 (none) to 1000", p.Body.Fatigue)
	case !(p.Body.Recovery > 0 && p.Body.Recovery <= 1e6):
		return usagef("--recovery %v: want a number of presentations above 0", p.Body.Recovery)
	case !(p.Duration > 0 && p.Duration <= 1e6):
		return usagef("--duration %v: want a number of presentations above 0", p.Duration)
	case !(p.Delay >= 0 && p.Delay <= 1e6):
		return usagef("--delay %v: want a number of presentations, 0 or more", p.Delay)
	case p.Choice != state.Typical && p.Choice != state.Random:
		return usagef("--primes %q: want typical or random", o.choice)
	case p.Primes < 2 || p.Primes > 200:
		return usagef("--prime-images %d: want 2 to 200 a class", p.Primes)
	case p.Targets < 0:
		return usagef("--targets %d: want 0 (all) or more", p.Targets)
	case p.CurveTargets < 1:
		return usagef("--curve-targets %d: want 1 or more", p.CurveTargets)
	case o.ablate.Split == datasets.Select:
		return usagef("--split select: want train or confirm (the primes are chosen on select)")
	case o.classes != nil && (len(o.classes) != 2 || o.classes[0] == o.classes[1]):
		return usagef("--classes %s: want two, like dog,cat", quote(strings.Join(o.classes, ",")))
	}
	return nil
}

func runStatePrimed(ctx context.Context, o *primedOptions) error {
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if o.lesions == "" {
			return nil
		}
		o.priming.Lesions, err = n.ParseAddresses(o.lesions)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range o.classes {
		class, err := e.set.ClassIndex(name)
		if err != nil {
			return &usageError{err}
		}
		o.priming.Classes = append(o.priming.Classes, class)
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, e.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := state.PrimingOf(ctx, p, o.priming)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Primed(reports.PrimedReport{Result: *result, Source: e.source()}))
}
