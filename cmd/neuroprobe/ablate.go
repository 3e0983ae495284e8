package main

import (
	"context"
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type ablateOptions struct {
	*experimentOptions
	neurons  string
	controls int
}

func newAblateCmd(g *globals, runF func(context.Context, *ablateOptions) error) *cobra.Command {
	o := &ablateOptions{experimentOptions: newExperimentOptions(g, "zero,mean,resample")}
	cmd := &cobra.Command{
		Use:   "ablate --neuron LAYER:NEURON",
		Short: "Silence neurons and measure what becomes of the answers",
		Long: `Operate on one neuron (or several at once) and write the whole experiment up. Each image's
answer is compared with the intact network's: accuracy, recall of each class, cross-entropy and
logit difference with paired bootstrap intervals and tests, and the flipped answers.

  kinds     the activation becomes 0, its mean, or that on other images, side by side
  sham      an edit that changes nothing must leave every logit bit-identical
  controls  the same done to neurons like it: those nearest in activation and outgoing weights
  dose      from twice the activation down to none, with a fitted Hill curve
  rescue    silenced, then given an activation back: its own, its mean, another image's

With --specimens the lesion is repeated on the neuron's homologues in all networks of the lab
(train --specimens K), and the report says in how many of them the effect shows.

A neuron is a unit of a dense layer or a channel of a convolution, named LAYER:NEURON; layers
go by number or name, neurons count from 0. neuroprobe inspect lists them.`,
		Example: `  neuroprobe ablate --neuron 3:17                 channel 17 of layer 3
  neuroprobe ablate --neuron conv3:17             the same, by the layer's name
  neuroprobe ablate --neuron 3:17@4,5             only its position in row 4, column 5
  neuroprobe ablate --neuron 3:17,4:2             two neurons at once
  neuroprobe ablate --neuron 3:0-15               a range
  neuroprobe ablate --neuron '2:*'                a whole layer
  neuroprobe ablate --neuron 3:17 --kind zero     one kind of ablation only
  neuroprobe ablate --neuron 3:17 --controls 40   with 40 matched controls
  neuroprobe ablate --neuron 3:17 --specimens     in every network of the lab
  neuroprobe ablate --neuron 3:17 --json          the result for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needNeuron("neuron", o.neurons); err != nil {
				return err
			}
			if o.controls < 0 || o.controls > 10_000 {
				return usagef("--controls %d: want 0 (none) to 10000", o.controls)
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, true)
	f := cmd.Flags()
	f.StringVar(&o.neurons, "neuron", "", "what to silence: `LAYER:NEURON`, several by comma")
	f.IntVar(&o.controls, "controls", ablate.DefaultControls, "matched controls: other `neurons` of the layer that are ablated for comparison")
	mustExist(cmd.RegisterFlagCompletionFunc("neuron", g.completeNeurons))
	cmd.AddCommand(newAblateSweepCmd(g, runAblateSweep), newAblatePairsCmd(g, runAblatePairs), newAblateDissociateCmd(g, runAblateDissociate),
		newAblateShapleyCmd(g, runAblateShapley), newAblatePatchCmd(g, runAblatePatch))
	return cmd
}

// completeNeurons offers the layers of the lab's network.
func (g *globals) completeNeurons(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	n, err := lab{g.labDir}.openModel()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for i := 1; i <= n.Depth(); i++ {
		out = append(out, fmt.Sprintf("%d:\t%s, neurons 0 to %d", i, n.Layer(i).Name, n.Geometry(i).Act[0]-1))
	}
	return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func runAblate(ctx context.Context, o *ablateOptions) error {
	if o.specimens {
		return runNeuronSpecimens(ctx, o.experimentOptions, o.neurons)
	}
	var targets []model.Address
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		targets, err = n.ParseAddresses(o.neurons)
		return err
	})
	if err != nil {
		return err
	}
	e.ablate.Kinds, e.ablate.Controls = o.kinds, o.controls
	if o.controls == 0 {
		e.ablate.Controls = -1 // 0 means the default there
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, e.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := ablate.Operate(ctx, p, targets)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Ablate(reports.AblateReport{Operation: *result, Source: e.source()}))
}
