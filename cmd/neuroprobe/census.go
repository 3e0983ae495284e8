package main

import (
	"context"
	"path/filepath"
	"time"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type censusOptions struct {
	*globals
	census  probe.CensusOptions
	json    bool
	command string
}

func newCensusCmd(g *globals, runF func(context.Context, *censusOptions) error) *cobra.Command {
	o := &censusOptions{globals: g, census: probe.CensusOptions{Split: datasets.Confirm, Permutations: stats.DefaultPermutations, Seed: 1}}
	split := o.census.Split.String()
	cmd := &cobra.Command{
		Use:   "census",
		Short: "Count neurons and synapses, by sign and strength, and hold them beside a brain",
		Long: `Count, layer by layer, N neurons with K dendrites each, N×K synapses, and what a convolution makes
of them by using each at every position. Then ask what an anatomist would:

  sign       excitatory and inhibitory synapses, by number and by strength
  Dale       whether a neuron excites or inhibits all its receivers, against two nulls: the signs
             of a layer's weights shuffled, and each receiver's senders shuffled
  weights    their distribution, and how many of a neuron's synapses matter (effective fan-in)
  activity   how sparsely neurons fire, over images and over neurons; which are dead

and put the sum beside a worm's nervous system and a human brain.`,
		Example: `  neuroprobe census                      the lab's network, activity on confirm
  neuroprobe census --split select       activity on the select images
  neuroprobe census --permutations 9999  smaller p-values
  neuroprobe census --json               for programs, with every neuron`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.census.Split, err = datasets.ParseSplit(split); err != nil {
				return &usageError{err}
			}
			if o.census.Permutations < 19 || o.census.Permutations > 1_000_000 {
				return usagef("--permutations %d: want 19 to 1000000 (fewer cannot give a p of 0.05)", o.census.Permutations)
			}
			o.command = commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&split, "split", split, "measure activity on the `images` of: train, select or confirm")
	f.IntVar(&o.census.Permutations, "permutations", o.census.Permutations, "permutations behind each p-value")
	f.Uint64Var(&o.census.Seed, "seed", o.census.Seed, "seed of the permutations")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func runCensus(ctx context.Context, o *censusOptions) error {
	started := time.Now()
	l := lab{o.labDir}
	n, err := l.openModel()
	if err != nil {
		return err
	}
	set, err := l.openData(ctx, n, o.streams)
	if err != nil {
		return err
	}
	progress := newBar(o.streams, "")
	o.census.Progress = progress.stage
	census, err := probe.TakeCensus(ctx, n, set, o.census)
	progress.finish()
	if err != nil {
		return err
	}
	return o.publish(l, o.json, reports.Census(reports.CensusReport{Result: census, Source: reports.Source{Network: n, Set: set,
		DataDigest: n.Record.DataDigest, ModelPath: filepath.Base(l.modelPath()), Run: o.provenance(o.command, started)}}))
}
