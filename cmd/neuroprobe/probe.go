package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type probeOptions struct {
	*globals
	neuron  string
	survey  probe.Options
	json    bool
	command string
}

func newProbeCmd(g *globals, runF func(context.Context, *probeOptions) error) *cobra.Command {
	o := &probeOptions{globals: g, survey: probe.DefaultOptions()}
	var split, fires, summary string
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Find out which neurons fire for which features, and how sure that is",
		Long: `Record every neuron on the select and confirm images and say what it responds to, with the
evidence: firing rates, tuning to each class and feature (AUROC, d′) with a permutation null,
the same within class, the twin effect (the same image with one feature flipped: causal), the
overlap of its map with each part of the image, and what may make it worthless (dead, constant,
duplicate). Labels and rankings are chosen on select and measured on confirm; p-values are
adjusted for the number of tests.

Without --neuron it writes the atlas of the whole network; with it, one neuron's page.`,
		Example: `  neuroprobe probe                            the atlas: every neuron, every concept
  neuroprobe probe --neuron 3:17              one neuron in full
  neuroprobe probe --neuron conv3:17 --json   the same for programs
  neuroprobe probe --concepts cat,whiskers    these concepts alone
  neuroprobe probe --fires-above q0.995       a neuron fires above its own 99.5 % quantile
  neuroprobe probe decode                     what a linear probe can read from each layer`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := o.parse(split, fires, summary); err != nil {
				return err
			}
			o.command = commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.neuron, "neuron", "", "show this one in full: `LAYER:NEURON`")
	f.StringVar(&fires, "fires-above", "0", "a neuron fires above this `level`, or quantile of its own: 0, 0.5, q0.995")
	f.StringVar(&summary, "summary", string(o.survey.Summary), "the `summary` of a channel's map on an image: its max or mean over positions")
	f.StringSliceVar(&o.survey.Concepts, "concepts", nil, "`names` of classes, features and parts, separated by commas (default all)")
	f.StringVar(&split, "split", o.survey.Split.String(), "measure on the `images` of: train, select or confirm")
	f.IntVar(&o.survey.Permutations, "permutations", o.survey.Permutations, "permutations behind each p-value")
	f.IntVar(&o.survey.Resamples, "resamples", o.survey.Resamples, "bootstrap resamples behind the intervals")
	f.Uint64Var(&o.survey.Seed, "seed", o.survey.Seed, "seed of permutations and bootstrap")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("summary", cobra.FixedCompletions([]string{"max", "mean"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("neuron", g.completeNeurons))
	cmd.AddCommand(newProbeDecodeCmd(g, runProbeDecode))
	return cmd
}

// parse reads the flags that are words, and refuses what makes no sense before any work.
func (o *probeOptions) parse(split, fires, summary string) (err error) {
	if o.survey.Split, err = datasets.ParseSplit(split); err != nil {
		return &usageError{err}
	}
	if o.survey.Fires, err = probe.ParseRule(fires); err != nil {
		return &usageError{err}
	}
	o.survey.Summary = probe.Summary(summary)
	switch {
	case summary != string(probe.Max) && summary != string(probe.Mean):
		return usagef("--summary %q: want max or mean", summary)
	case o.survey.Permutations < 19 || o.survey.Permutations > 1_000_000:
		return usagef("--permutations %d: want 19 to 1000000 (fewer cannot give a p of 0.05)", o.survey.Permutations)
	case o.survey.Resamples < 100 || o.survey.Resamples > 1_000_000:
		return usagef("--resamples %d: want 100 to 1000000", o.survey.Resamples)
	}
	return nil
}

func runProbe(ctx context.Context, o *probeOptions) error {
	started := time.Now()
	l := lab{o.labDir}
	n, err := l.openModel()
	if err != nil {
		return err
	}
	var neuron *model.Address
	if o.neuron != "" {
		if neuron, err = oneNeuron(n, o.neuron); err != nil {
			return hint(&usageError{err}, "neuroprobe inspect%s lists the layers", l.flag())
		}
	}
	set, err := l.openData(ctx, n, o.streams)
	if err != nil {
		return err
	}
	if err := probe.CheckConcepts(set, o.survey.Concepts); err != nil {
		return &usageError{err}
	}
	progress := newBar(o.streams, "recording")
	o.survey.Progress = progress.stage
	survey, err := probe.Measure(ctx, n, set, o.survey)
	progress.finish()
	if err != nil {
		return err
	}
	if neuron == nil {
		return o.publish(l, o.json, reports.Atlas(reports.AtlasReport{
			Survey: survey, Network: n, Set: set, DataDigest: n.Record.DataDigest, ModelPath: filepath.Base(l.modelPath()),
			Run: o.provenance(o.command, started),
		}))
	}
	examination, err := probe.Examine(ctx, survey, *neuron, o.survey.Workers)
	if err != nil {
		return err
	}
	return o.publish(l, o.json, reports.Neuron(reports.NeuronReport{
		Examination: examination, Network: n, Set: set, DataDigest: n.Record.DataDigest, ModelPath: filepath.Base(l.modelPath()),
		Run: o.provenance(o.command, started),
	}))
}

// oneNeuron reads the address of a single whole neuron.
func oneNeuron(n *model.Network, text string) (*model.Address, error) {
	addresses, err := n.ParseAddresses(text)
	if err != nil {
		return nil, err
	}
	if a := addresses[0]; len(addresses) > 1 || a.Unit == model.AllUnits || a.Row != model.AllPositions {
		return nil, errors.New("neuron " + text + ": want one whole neuron, like 3:17")
	}
	return &addresses[0], nil
}
