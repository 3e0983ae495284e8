package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type ablateOptions struct {
	*globals
	neurons   string
	lesion    ablate.Options
	specimens bool
	json      bool
	command   string
}

func newAblateCmd(g *globals, runF func(context.Context, *ablateOptions) error) *cobra.Command {
	o := &ablateOptions{globals: g, lesion: ablate.DefaultOptions()}
	var split string
	cmd := &cobra.Command{
		Use:   "ablate --neuron LAYER:NEURON",
		Short: "Silence neurons and measure what becomes of the answers",
		Long: `Set the activation of one neuron (or several at once) to zero and compare the network's
answers with the intact network's, image by image: accuracy, recall of each class,
cross-entropy and logit difference with paired bootstrap intervals, flipped answers with an
exact McNemar test, and a sham arm that must leave every logit bit-identical.

A neuron is a unit of a dense layer or a channel of a convolution, named LAYER:NEURON; layers
go by number or name, neurons count from 0. neuroprobe inspect lists them.`,
		Example: `  neuroprobe ablate --neuron 3:17           channel 17 of layer 3
  neuroprobe ablate --neuron conv3:17       the same, by the layer's name
  neuroprobe ablate --neuron 3:17@4,5       only its position in row 4, column 5
  neuroprobe ablate --neuron 3:17,4:2       two neurons at once
  neuroprobe ablate --neuron 3:0-15         a range
  neuroprobe ablate --neuron '2:*'          a whole layer
  neuroprobe ablate --neuron 3:17 --json    the result for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.neurons == "" {
				return hint(usagef("which neuron? --neuron is missing"), "like --neuron 3:17; neuroprobe inspect lists the layers")
			}
			if o.lesion.Split, err = datasets.ParseSplit(split); err != nil {
				return &usageError{err}
			}
			if o.lesion.Resamples < 100 || o.lesion.Resamples > 1_000_000 {
				return usagef("--resamples %d: want 100 to 1000000", o.lesion.Resamples)
			}
			o.command = commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.neurons, "neuron", "", "what to silence: `LAYER:NEURON`, several by comma")
	f.StringVar(&split, "split", o.lesion.Split.String(), "measure on the `images` of: train, select or confirm")
	f.IntVar(&o.lesion.Resamples, "resamples", o.lesion.Resamples, "bootstrap resamples behind the intervals")
	f.Uint64Var(&o.lesion.Seed, "seed", o.lesion.Seed, "seed of the bootstrap")
	f.BoolVar(&o.specimens, "specimens", false, "do the same in all networks raised with train --specimens, and say what holds in them")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("neuron", g.completeNeurons))
	cmd.AddCommand(newAblateSweepCmd(g, runAblateSweep), newAblateShapleyCmd(g, runAblateShapley), newAblatePatchCmd(g, runAblatePatch))
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
		return runNeuronSpecimens(ctx, &experimentOptions{globals: o.globals, ablate: o.lesion, kinds: []ablate.Kind{ablate.Zero}, json: o.json, command: o.command}, o.neurons)
	}
	started := time.Now()
	l := lab{o.labDir}
	n, err := l.openModel()
	if err != nil {
		return err
	}
	targets, err := n.ParseAddresses(o.neurons)
	if err != nil {
		return hint(&usageError{err}, "neuroprobe inspect%s lists the layers", l.flag())
	}
	set, err := l.openData(ctx, n, o.streams)
	if err != nil {
		return err
	}
	result, err := ablate.Lesion(ctx, n, set, targets, o.lesion)
	if err != nil {
		return err
	}
	return o.publish(l, o.json, reports.Ablate(reports.AblateReport{
		Result: *result, Network: n, Set: set, DataDigest: n.Record.DataDigest, ModelPath: filepath.Base(l.modelPath()),
		Run: o.provenance(o.command, started),
	}))
}
