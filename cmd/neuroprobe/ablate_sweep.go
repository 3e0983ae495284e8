package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"neuroprobe/ablate"
	"neuroprobe/internal/atomicfile"
	"neuroprobe/model"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type ablateSweepOptions struct {
	*experimentOptions
	layers string
	sweep  ablate.SweepOptions
}

// sweepPermutations let a few findings among a thousand tests survive correction.
const sweepPermutations = 9999

func newAblateSweepCmd(g *globals, runF func(context.Context, *ablateSweepOptions) error) *cobra.Command {
	o := &ablateSweepOptions{experimentOptions: newExperimentOptions(g, "zero,mean,resample")}
	o.ablate.Permutations = sweepPermutations
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Ablate every hidden neuron in turn, and then more and more of them at once",
		Long: `Ablate every neuron of the hidden layers, one at a time, and measure the change of accuracy,
recalls, cross-entropy and logit difference against the intact network, image by image, with
paired bootstrap intervals and p-values adjusted for the number of neurons: over all images, by
class and by feature. Then ablate more and more neurons at once, the most important first, the
least important first and in random orders. What is most important is ranked on the select
images; effects are measured on confirm.

Beside the report, the table of all neurons and kinds is written to
recordings/ablate-sweep.parquet in the lab, which pandas and DuckDB read. The table of an
earlier sweep is replaced; any other file of that name is not, and nothing is done.`,
		Example: `  neuroprobe ablate sweep                        every hidden neuron, three kinds of ablation
  neuroprobe ablate sweep --layers 1-3           these layers alone
  neuroprobe ablate sweep --kind zero            silence them, nothing else: the fastest
  neuroprobe ablate sweep --metric accuracy      rank by what accuracy loses
  neuroprobe ablate sweep --no-curves            without the cumulative ablations
  neuroprobe ablate sweep --specimens            what holds in all networks of train --specimens
  neuroprobe ablate sweep --resume               go on after Ctrl-C, with the same flags`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if o.specimens && !cmd.Flags().Changed("kind") {
				o.kinds = []ablate.Kind{ablate.Zero} // of several networks, one kind at a time
			}
			o.sweep.Kinds = o.kinds
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, true)
	f := cmd.Flags()
	f.StringVar(&o.layers, "layers", "", "which hidden `layers`: 1-3, or 2,4, or names, or a mixture (default all)")
	f.BoolVar(&o.sweep.NoCurves, "no-curves", false, "leave out the cumulative ablations")
	mustExist(cmd.RegisterFlagCompletionFunc("layers", g.completeLayers))
	return cmd
}

func (l lab) sweepTablePath() string {
	return filepath.Join(l.recordingsPath(), "ablate-sweep.parquet")
}

// sweepTable is the name by which the table of a sweep is known.
const sweepTable = "ablate-sweep"

func runAblateSweep(ctx context.Context, o *ablateSweepOptions) error {
	if o.specimens {
		return runSweepSpecimens(ctx, o.experimentOptions, func(n *model.Network) ([]int, error) {
			err := o.checkLayers(n)
			return o.sweep.Layers, err
		})
	}
	e, err := o.open(ctx, o.checkLayers)
	if err != nil {
		return err
	}
	path := e.lab.sweepTablePath()
	if exists(path) {
		if name, err := probe.TableName(path); err != nil || name != sweepTable {
			return hint(fmt.Errorf("%s is no table of a sweep and would be overwritten", path), "move it away")
		}
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, o.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := ablate.Sweep(ctx, p, o.sweep)
	if err != nil {
		return e.failed(err)
	}
	if err := e.writeSweepTable(path, result); err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Sweep(reports.SweepReport{Result: result, Table: filepath.ToSlash(filepath.Join("recordings", filepath.Base(path))), Source: e.source()}))
}

// checkLayers reads --layers, which names hidden ones.
func (o *ablateSweepOptions) checkLayers(n *model.Network) (err error) {
	o.sweep.Layers, err = hiddenLayers(n, o.layers)
	return err
}

// writeSweepTable writes the table of all neurons, whole or not at all.
func (e *experiment) writeSweepTable(path string, r *ablate.SweepResult) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	about := map[string]string{"command": e.command, "model": e.network.Digest(), "data": e.set.Source,
		"data_digest": e.network.Record.DataDigest, "split": r.Split.String(), "seed": fmt.Sprint(r.Seed)}
	return atomicfile.WriteFunc(path, func(w io.Writer) error {
		return probe.WriteTable(w, sweepTable, version, r.Table(), about)
	})
}
