package main

import (
	"context"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type restOptions struct {
	*experimentOptions
	rest    state.RestOptions
	lesions string
}

func newStateRestCmd(g *globals, runF func(context.Context, *restOptions) error) *cobra.Command {
	o := &restOptions{experimentOptions: newExperimentOptions(g, ""), rest: state.RestOptions{Strengths: state.DefaultStrengths, Draws: state.DefaultDraws}}
	cmd := &cobra.Command{
		Use:   "rest",
		Short: "See what the network does when there is nothing to see",
		Long: `Show the network no input at all (its biases alone), black, grey, white, the mean image, and noise of
growing strength, and ask of each:

  activity     which neurons fire, and how strongly beside what real images evoke
  answer       what the network says, how surely, and whether it is as sure of real images
  resemblance  whether a layer's activity is like that of a class, against classes dealt out at random
  drivers      which neurons make the resting answer, each silenced in turn

Real images of each class are measured alike, as the positive control.`,
		Example: `  neuroprobe state rest
  neuroprobe state rest --noise 0.5,1,2,4 --noise-images 200  noise of other strengths
  neuroprobe state rest --lesion 4:7                    without a neuron
  neuroprobe state rest --json                          for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if err := o.checkRest(); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "mean-over", "specimens", "resume", "draws")
	f := cmd.Flags()
	f.Var((*numberList)(&o.rest.Strengths), "noise", "`strengths` of noise, in standard deviations of the data's pixels")
	f.IntVar(&o.rest.Draws, "noise-images", o.rest.Draws, "images of noise of each strength")
	f.StringVar(&o.lesions, "lesion", "", "silence these all the time: `LAYER:NEURON`, several by comma, ranges, or a layer's all")
	mustExist(cmd.RegisterFlagCompletionFunc("lesion", g.completeNeurons))
	return cmd
}

// checkRest refuses what makes no sense before any work.
func (o *restOptions) checkRest() error {
	for _, s := range o.rest.Strengths {
		if !(s > 0 && s <= 100) {
			return usagef("--noise %v: want strengths above 0, up to 100", s)
		}
	}
	switch {
	case len(o.rest.Strengths) > 100:
		return usagef("--noise: %d strengths, want at most 100", len(o.rest.Strengths))
	case o.rest.Draws < 2 || o.rest.Draws > 100_000:
		return usagef("--noise-images %d: want 2 to 100000", o.rest.Draws)
	case o.ablate.Split == datasets.Select:
		return usagef("--split select: want train or confirm (classes are told apart on select)")
	}
	return nil
}

func runStateRest(ctx context.Context, o *restOptions) error {
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if o.lesions != "" {
			o.rest.Lesions, err = n.ParseAddresses(o.lesions)
		}
		return err
	})
	if err != nil {
		return err
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, e.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := state.RestOf(ctx, p, o.rest)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Rest(reports.RestReport{Result: *result, Source: e.source()}))
}
