package main

import (
	"context"
	"path/filepath"
	"time"

	"neuroprobe/datasets"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type decodeOptions struct {
	*globals
	layers  string
	decode  probe.DecodeOptions
	json    bool
	command string
}

func newProbeDecodeCmd(g *globals, runF func(context.Context, *decodeOptions) error) *cobra.Command {
	o := &decodeOptions{globals: g, decode: probe.DefaultDecodeOptions()}
	var split string
	cmd := &cobra.Command{
		Use:   "decode",
		Short: "Find out what a linear probe can read from each layer",
		Long: `Fit a logistic regression for every class and feature to what each layer does on the train
images, choose its penalty on select and score it on confirm: accuracy, AUROC, and AUROC within
class. Beside each stand control tasks, random answers that a probe can only learn by heart
(Hewitt and Liang 2019); selectivity is accuracy less theirs.

What can be read from a layer is not for that used by the network: neuroprobe ablate tests
that.`,
		Example: `  neuroprobe probe decode                               every layer, every class and feature
  neuroprobe probe decode --layer 3                     layer 3 alone
  neuroprobe probe decode --layer input,conv1-conv3     the image's channels and three layers
  neuroprobe probe decode --concepts whiskers,collar    these concepts alone
  neuroprobe probe decode --controls 20 --json          more control tasks; the result for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.decode.Split, err = datasets.ParseSplit(split); err != nil {
				return &usageError{err}
			}
			if o.decode.Controls < 1 || o.decode.Controls > 1000 {
				return usagef("--controls %d: want 1 to 1000", o.decode.Controls)
			}
			o.command = commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.layers, "layer", "", "read from these `layers`: 3, conv3, 1-3, input, several by comma (default all and the input)")
	f.StringSliceVar(&o.decode.Concepts, "concepts", nil, "`names` of classes and features, separated by commas (default all)")
	f.StringVar(&split, "split", o.decode.Split.String(), "score on the `images` of: train, select or confirm")
	f.IntVar(&o.decode.Controls, "controls", o.decode.Controls, "control tasks drawn for each concept")
	f.Uint64Var(&o.decode.Seed, "seed", o.decode.Seed, "seed of the control tasks")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("layer", g.completeReadable))
	return cmd
}

// completeReadable offers the input and the layers of the lab's network.
func (g *globals) completeReadable(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	layers, directive := g.completeLayers(cmd, args, word)
	if len(layers) > 0 {
		layers = append([]string{"input\tthe image's channels, a baseline"}, layers...)
	}
	return layers, directive
}

func runProbeDecode(ctx context.Context, o *decodeOptions) error {
	started := time.Now()
	l := lab{o.labDir}
	n, err := l.openModel()
	if err != nil {
		return err
	}
	if o.decode.Layers, err = n.ParseLayers(o.layers, true); err != nil {
		return hint(&usageError{err}, "neuroprobe inspect%s lists the layers", l.flag())
	}
	set, err := l.openData(ctx, n, o.streams)
	if err != nil {
		return err
	}
	if err := probe.CheckDecodable(set, o.decode.Concepts); err != nil {
		return &usageError{err}
	}
	progress := newBar(o.streams, "decoding")
	o.decode.Progress = progress.set
	decoding, err := probe.Decode(ctx, n, set, o.decode)
	progress.finish()
	if err != nil {
		return err
	}
	return o.publish(l, o.json, reports.Decode(reports.DecodeReport{
		Decoding: decoding, Network: n, Set: set, DataDigest: n.Record.DataDigest, ModelPath: filepath.Base(l.modelPath()),
		Run: o.provenance(o.command, started),
	}))
}
