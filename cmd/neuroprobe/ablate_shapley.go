package main

import (
	"context"
	"errors"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type shapleyOptions struct {
	*experimentOptions
	layer, neurons string
	shapley        ablate.ShapleyOptions
	units          []model.Address
}

func newAblateShapleyCmd(g *globals, runF func(context.Context, *shapleyOptions) error) *cobra.Command {
	o := &shapleyOptions{experimentOptions: newExperimentOptions(g, "zero"), shapley: ablate.ShapleyOptions{Orders: ablate.DefaultOrders}}
	o.ablate.Metric = "accuracy" // the logit difference of two classes is linear in the last hidden layer
	cmd := &cobra.Command{
		Use:   "shapley",
		Short: "Share an effect out fairly among units that work together",
		Long: `Give each unit of a layer its Shapley value: what it adds to a metric, averaged over all states
in which the others are intact or ablated. The values add up to what ablating all the units
together costs, which is checked in every run. Single lesions do not: they miss units that back
each other up and count twice those that need each other. Both stand side by side, with the
units where they disagree.

Up to 12 units all coalitions are measured. With more, units are taken out one after another in
random orders, each also in reverse, and standard errors say how much the orders matter.
A loss counts with a minus, so that a positive value is always a contribution.`,
		Example: `  neuroprobe ablate shapley                                the last hidden layer
  neuroprobe ablate shapley --layer conv3 --images 500     another layer, on 500 random images
  neuroprobe ablate shapley --neurons 3:17,3:41,4:0-7      some units, exactly
  neuroprobe ablate shapley --metric recall:cat            shares of the recall of one class
  neuroprobe ablate shapley --permutations-of-units 200    half the standard error
  neuroprobe ablate shapley --neurons 3:17,3:41 --specimens   of the homologues in all networks`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			switch {
			case o.specimens && o.neurons == "":
				return hint(usagef("--specimens takes named neurons: a layer's are not the same ones in each network"), "like --neurons 4:2,4:37,4:55")
			case o.layer != "" && o.neurons != "":
				return usagef("--layer and --neurons exclude each other")
			case len(o.kinds) > 1 || o.kinds[0] == ablate.Resample:
				return usagef("--kind %s: want zero or mean", o.kindList)
			case o.shapley.Orders < 4 || o.shapley.Orders > 100_000 || o.shapley.Orders%2 == 1:
				return hint(usagef("--permutations-of-units %d: want an even number from 4 to 100000", o.shapley.Orders), "each order comes with its reverse")
			case o.shapley.Images < 0:
				return usagef("--images %d: want 0 (all) or more", o.shapley.Images)
			}
			o.shapley.Kind = o.kinds[0]
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.addFlags(cmd, false)
	withoutFlags(cmd, "draws", "permutations")
	f.Lookup("kind").Usage = "what takes the activation's place: `zero` or mean"
	f.Lookup("metric").Usage = "what is shared out: `accuracy`, logit-diff, cross-entropy, recall:CLASS …"
	f.StringVar(&o.layer, "layer", "", "the units of this `layer`, by number or name (default the last hidden layer)")
	f.StringVar(&o.neurons, "neurons", "", "these units: `LAYER:NEURON`, several by comma")
	f.IntVar(&o.shapley.Orders, "permutations-of-units", o.shapley.Orders, "orders in which units are taken out, where there are more than 12")
	f.IntVar(&o.shapley.Images, "images", 0, "measure on so many random images of the split (0: all)")
	mustExist(cmd.RegisterFlagCompletionFunc("layer", g.completeLayers))
	mustExist(cmd.RegisterFlagCompletionFunc("neurons", g.completeNeurons))
	return cmd
}

// choose finds the units that the flags name.
func (o *shapleyOptions) choose(n *model.Network) (err error) {
	if o.neurons != "" {
		if o.units, err = n.ParseAddresses(o.neurons); err == nil && len(o.units) < 2 {
			err = errors.New("neurons " + o.neurons + ": want 2 or more, they share an effect (neuroprobe ablate --neuron lesions one alone)")
		}
		return err
	}
	layers := []int{n.Depth() - 1}
	if o.layer != "" {
		if layers, err = n.ParseLayers(o.layer, false); err != nil {
			return err
		}
	}
	if len(layers) != 1 {
		return errors.New("layer " + o.layer + ": want one layer; --neurons takes units of several")
	}
	if layers[0] == 0 {
		return errors.New("the network has no hidden layer; --neurons takes units of its output")
	}
	for u := range n.Geometry(layers[0]).Act[0] {
		o.units = append(o.units, model.Neuron(layers[0], u))
	}
	return nil
}

func runAblateShapley(ctx context.Context, o *shapleyOptions) error {
	if o.specimens {
		return runShapleySpecimens(ctx, o)
	}
	e, err := o.open(ctx, o.choose)
	if err != nil {
		return err
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, o.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := p.Shapley(ctx, o.units, o.shapley)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Shapley(reports.ShapleyReport{Result: result, Source: e.source()}))
}
