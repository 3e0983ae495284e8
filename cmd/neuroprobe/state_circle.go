package main

import (
	"context"
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type circleOptions struct {
	*experimentOptions
	circle state.CircleOptions
	layer  string
}

func newStateCircleCmd(g *globals, runF func(context.Context, *circleOptions) error) *cobra.Command {
	o := &circleOptions{experimentOptions: newExperimentOptions(g, ""), circle: state.CircleOptions{Shuffles: state.DefaultShuffles}}
	cmd := &cobra.Command{
		Use:   "circle",
		Short: "Watch a layer that is fed back into itself, step by step",
		Long: `A network runs once, from front to back; in a brain signals go round. The preset recurrent has a
layer that is fed back into itself, with the same weights at every step. This command takes it apart:

  answer      read after each step, beside the last
  need        the circle cut, its weights dealt out anew, the layer silent at one step
  activity    how it grows, settles, and which neurons change the class that they prefer
  lesions     each neuron silent at one step and at all, and whether the steps add up
  sham        the identity edit at each step must leave every output bit-identical

ablate --neuron 2:5#3 operates on one neuron at its third step, 2:5 on it at all steps.`,
		Example: `  neuroprobe train --preset recurrent --lab circle-lab
  neuroprobe state circle --lab circle-lab
  neuroprobe state circle --lab circle-lab --shuffles 99
  neuroprobe ablate --neuron 2:5#3 --lab circle-lab   one neuron at its third step`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if o.circle.Shuffles < 1 || o.circle.Shuffles > 10_000 {
				return usagef("--shuffles %d: want 1 to 10000", o.circle.Shuffles)
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over", "specimens", "resume")
	cmd.Flags().StringVar(&o.layer, "layer", "", "the recurrent `layer`, by number or name (default the first)")
	cmd.Flags().IntVar(&o.circle.Shuffles, "shuffles", o.circle.Shuffles, "networks whose feedback is dealt out anew")
	return cmd
}

func runStateCircle(ctx context.Context, o *circleOptions) error {
	e, err := o.open(ctx, o.choose)
	if err != nil {
		return err
	}
	if _, err := state.CheckCircle(e.network, o.circle.Layer); err != nil {
		return hint(err, "raise one that has: neuroprobe train --preset recurrent --lab circle-lab")
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, e.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := state.CircleOf(ctx, p, o.circle)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Circle(reports.CircleReport{Result: *result, Source: e.source()}))
}

// choose finds the layer that is named.
func (o *circleOptions) choose(n *model.Network) error {
	if o.layer == "" {
		return nil
	}
	layers, err := n.ParseLayers(o.layer, false)
	if err != nil {
		return err
	}
	if len(layers) != 1 {
		return fmt.Errorf("--layer %q: want one layer", o.layer)
	}
	o.circle.Layer = layers[0]
	_, err = state.CheckCircle(n, o.circle.Layer)
	return err
}
