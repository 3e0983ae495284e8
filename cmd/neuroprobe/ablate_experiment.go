package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

// experimentOptions are what all kinds of ablation have in common.
type experimentOptions struct {
	*globals
	ablate    ablate.Options
	kinds     []ablate.Kind
	specimens bool
	json      bool
	resume    bool
	command   string
	// metrics are the values of --metric, of commands whose metrics are not those of ablations.
	metrics []string

	split, kindList, meanOver string
	memory                    int
}

// newExperimentOptions starts from defaults; kinds is the default of --kind, "" for a command that
// has no such flag.
func newExperimentOptions(g *globals, kinds string) *experimentOptions {
	return &experimentOptions{globals: g, ablate: ablate.DefaultOptions(), kindList: kinds}
}

// addFlags binds the common flags. several tells whether --kind takes more than one.
func (o *experimentOptions) addFlags(cmd *cobra.Command, several bool) {
	f := cmd.Flags()
	if o.kindList != "" {
		usage := "what takes the activation's place: `zero`, mean or resample"
		if several {
			usage = "what takes the activation's place: `zero`, mean, resample, several by comma"
		}
		f.StringVar(&o.kindList, "kind", o.kindList, usage)
		mustExist(cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"zero", "mean", "resample"}, cobra.ShellCompDirectiveNoFileComp)))
	}
	names, usage := ablate.MetricNames, "effect on `"+ablate.MetricNames[0]+"`[:CLASS], "+strings.Join(ablate.MetricNames[1:], ", ")+", recall:CLASS"
	if o.metrics != nil {
		names, usage = o.metrics, "effect on `"+strings.Join(o.metrics, "` or ")
	}
	f.StringVar(&o.ablate.Metric, "metric", o.ablate.Metric, usage)
	f.StringVar(&o.split, "split", o.ablate.Split.String(), "measure on the `images` of: train, select or confirm")
	f.IntVar(&o.ablate.Resamples, "resamples", o.ablate.Resamples, "bootstrap resamples behind the intervals")
	f.IntVar(&o.ablate.Permutations, "permutations", o.ablate.Permutations, "permutations (or sign flips) behind each p-value")
	f.IntVar(&o.ablate.Draws, "draws", o.ablate.Draws, "other images that each resample ablation takes its activation from; averaged")
	f.StringVar(&o.meanOver, "mean-over", string(o.ablate.MeanOver), "the mean of mean ablation: at each `position`, or one number a channel")
	f.Uint64Var(&o.ablate.Seed, "seed", o.ablate.Seed, "seed of every random choice: bootstrap, permutations, other images")
	f.IntVar(&o.ablate.Workers, "workers", 0, "goroutines that compute (0: one a core)")
	f.IntVar(&o.memory, "memory", model.DefaultSweepMemory>>20, "bound on the working memory in `MiB`, images not counted")
	f.BoolVar(&o.specimens, "specimens", false, "do the same in all networks raised with train --specimens, and say what holds in them")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	f.BoolVar(&o.resume, "resume", false, "go on with the same command where it was interrupted")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("metric", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("mean-over", cobra.FixedCompletions([]string{"position", "channel"}, cobra.ShellCompDirectiveNoFileComp)))
}

// parse reads the flags that are words, and refuses what makes no sense before any work.
func (o *experimentOptions) parse(cmd *cobra.Command) (err error) {
	if o.ablate.Split, err = datasets.ParseSplit(o.split); err != nil {
		return &usageError{err}
	}
	if o.kindList != "" {
		if o.kinds, err = ablate.ParseKinds(o.kindList); err != nil {
			return &usageError{err}
		}
	}
	o.ablate.MeanOver = ablate.MeanOver(o.meanOver)
	switch {
	case o.metrics != nil && !slices.Contains(o.metrics, o.ablate.Metric):
		return usagef("--metric %q: want %s", o.ablate.Metric, strings.Join(o.metrics, " or "))
	case o.ablate.MeanOver != ablate.OverPosition && o.ablate.MeanOver != ablate.OverChannel:
		return usagef("--mean-over %q: want position or channel", o.meanOver)
	case o.ablate.Resamples < 100 || o.ablate.Resamples > 1_000_000:
		return usagef("--resamples %d: want 100 to 1000000", o.ablate.Resamples)
	case o.ablate.Permutations < 19 || o.ablate.Permutations > 1_000_000:
		return usagef("--permutations %d: want 19 to 1000000 (fewer cannot give a p of 0.05)", o.ablate.Permutations)
	case o.ablate.Draws < 1 || o.ablate.Draws > 1000:
		return usagef("--draws %d: want 1 to 1000", o.ablate.Draws)
	case o.ablate.Workers < 0 || o.ablate.Workers > 1024:
		return usagef("--workers %d: want 0 (one a core) to 1024", o.ablate.Workers)
	case o.memory < 16 || o.memory > 1<<20:
		return usagef("--memory %d: want 16 to 1048576 MiB", o.memory)
	}
	o.ablate.Memory = int64(o.memory) << 20
	o.command = commandLine(cmd)
	return nil
}

// experiment is a lab opened for an ablation.
type experiment struct {
	*experimentOptions
	lab     lab
	network *model.Network
	set     *datasets.Set
	metric  ablate.Metric
	started time.Time
	bar     *bar
	parts   *diskParts
}

// open loads the lab's network and data and finds what an interrupted run of the same command
// has left.
func (o *experimentOptions) open(ctx context.Context, check func(*model.Network) error) (*experiment, error) {
	e := &experiment{experimentOptions: o, lab: lab{o.labDir}, started: time.Now()}
	var err error
	if e.network, err = e.lab.openModel(); err != nil {
		return nil, err
	}
	if err := check(e.network); err != nil {
		return nil, hint(&usageError{err}, "neuroprobe inspect%s lists the layers", e.lab.flag())
	}
	if o.metrics == nil {
		if e.metric, err = ablate.ParseMetric(o.ablate.Metric, e.network.Classes); err != nil {
			return nil, &usageError{err}
		}
	}
	if e.set, err = e.lab.openData(ctx, e.network, o.streams); err != nil {
		return nil, err
	}
	if e.parts, err = openParts(e.lab, o.resume, o.command, e.network.Digest(), version); err != nil {
		return nil, err
	}
	e.bar = newBar(o.streams, "")
	o.ablate.Progress = e.bar.stage
	o.ablate.Parts = e.parts
	return e, nil
}

// failed takes the bar off the screen and says how to go on after an interruption.
func (e *experiment) failed(err error) error {
	e.bar.finish()
	if errors.Is(err, context.Canceled) && e.parts.kept() {
		return hint(err, "finished parts are kept; go on with: %s --resume", e.command)
	}
	return err
}

// publish files the entry and forgets the parts.
func (e *experiment) publish(entry reports.Entry) error {
	e.bar.finish()
	if err := e.globals.publish(e.lab, e.json, entry); err != nil {
		return err
	}
	return e.parts.forget()
}

// source is what an entry says about where its numbers come from.
func (e *experiment) source() reports.Source {
	run := e.provenance(e.command, e.started)
	if panels := kernel.Panels(); panels != "" {
		run.Arithmetic += "; sweeps: " + panels
	}
	return reports.Source{Network: e.network, Set: e.set, DataDigest: e.network.Record.DataDigest,
		ModelPath: filepath.Base(e.lab.modelPath()), Run: run}
}

// needNeuron refuses a missing address.
func needNeuron(flag, text string) error {
	if text != "" {
		return nil
	}
	return hint(usagef("which neuron? --%s is missing", flag), "like --%s 3:17; neuroprobe inspect lists the layers", flag)
}

// hiddenLayers reads a list of layers whose neurons can be ablated one by one; nothing is nil.
func hiddenLayers(n *model.Network, list string) ([]int, error) {
	layers, err := n.ParseLayers(list, false)
	if err != nil {
		return nil, err
	}
	if slices.Contains(layers, n.Depth()) {
		return nil, fmt.Errorf("layer %d is the output: want hidden layers, 1 to %d", n.Depth(), n.Depth()-1)
	}
	return layers, nil
}
