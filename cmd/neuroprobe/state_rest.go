package main

import (
	"context"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type restOptions struct {
	*experimentOptions
	strengths []float64
}

func newStateRestCmd(g *globals, runF func(context.Context, *restOptions) error) *cobra.Command {
	o := &restOptions{experimentOptions: newExperimentOptions(g, "")}
	o.ablate.Draws = state.DefaultRestDraws
	cmd := &cobra.Command{
		Use:   "rest",
		Short: "Find out what the network does without input",
		Long: `Show the network nothing, in several ways, and see what it makes of it:

  no input    the first layer gets 0 everywhere: the biases alone; the same as a uniform image of
              the mean colour by which images are normalised (checked by cutting every edge from
              the input)
  still       a black, a grey and a white image, and the mean of the select images
  noise       around the mean colour, of several strengths in standard deviations of the pixels,
              and select images with the phases of their spectrum scrambled

For each: which neurons fire and how strongly, relative to what real images evoke; what the network
answers and how confidently, beside real images; whether a layer's activity resembles that of a
class, against real activity without its class; and which neurons' loss changes the answer.`,
		Example: `  neuroprobe state rest                       all of it, on confirm
  neuroprobe state rest --strengths 0.1,1,10  noise of these strengths
  neuroprobe state rest --draws 1000          more noise images of each strength
  neuroprobe state rest --json                for programs, with every neuron`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if len(o.strengths) == 0 {
				return usagef("--strengths is empty: want one strength or more, like 0.5,1,2")
			}
			for k, s := range o.strengths {
				if !(s > 0 && s <= 1000) {
					return usagef("--strengths %v: want above 0, up to 1000 standard deviations", s)
				}
				if k > 0 && s <= o.strengths[k-1] {
					return usagef("--strengths %v after %v: want each once, ascending", s, o.strengths[k-1])
				}
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "permutations", "mean-over", "specimens", "resume")
	f := cmd.Flags()
	f.Lookup("draws").Usage = "noise `images` of each strength"
	f.Lookup("seed").Usage = "seed of noise and bootstrap"
	f.Float64SliceVar(&o.strengths, "strengths", state.DefaultStrengths, "noise of these `sizes`, in sd of the pixels")
	f.Lookup("strengths").DefValue = "0.25,0.5,1,2,4"
	return cmd
}

func runStateRest(ctx context.Context, o *restOptions) error {
	e, err := o.open(ctx, func(*model.Network) error { return nil })
	if err != nil {
		return err
	}
	result, err := state.RunRest(ctx, e.network, e.set, state.RestOptions{Options: e.ablate, Strengths: o.strengths})
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Rest(reports.RestReport{Result: result, Source: e.source()}))
}
