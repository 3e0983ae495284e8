package main

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/model"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type trainOptions struct {
	*globals
	data      dataOptions
	preset    string
	spec      string
	training  model.TrainOptions
	specimens int
	resume    bool
	force     bool
	json      bool
	command   string // what to type to repeat it
}

func newTrainCmd(g *globals, runF func(context.Context, *trainOptions) error) *cobra.Command {
	o := &trainOptions{globals: g, training: model.DefaultTrainOptions()}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Raise a network and write the first report",
		Long: `Train a network with AdamW on the train split, keep the weights with the lowest
cross-entropy on select, measure on confirm, and write the report. The network becomes the
lab's specimen, on which the other commands work.

Ctrl-C finishes the step under way and saves a checkpoint; train --resume goes on from there
and ends with the same weights as a run without the break.`,
		Example: `  neuroprobe train
  neuroprobe train --data cifar10:cifar --epochs 20 --lab cifar-lab
  neuroprobe train --data folder:photos --size 48 --preset resnet --lab photos-lab
  neuroprobe train --specimens 5 --lab five
  neuroprobe train --resume`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.data.parsed(cmd)
			o.data.Seed = o.training.Seed
			o.command = commandLine(cmd)
			if err := o.check(cmd); err != nil {
				return hint(&usageError{err}, "see %s --help", cmd.CommandPath())
			}
			return runF(cmd.Context(), o)
		},
	}
	o.data.addFlags(cmd)
	f, t := cmd.Flags(), &o.training
	f.StringVar(&o.preset, "preset", "cnn", "`name` of the network: cnn, mlp or resnet")
	f.StringVar(&o.spec, "spec", "", "a network of your own: a JSON `file` as inspect --json prints it")
	f.IntVar(&t.Epochs, "epochs", t.Epochs, "passes over the training images")
	f.IntVar(&t.Batch, "batch", t.Batch, "images a step")
	f.Float64Var(&t.Rate, "lr", t.Rate, "peak learning rate; falls along a cosine to 0")
	f.StringVar(&t.Optimizer, "optimizer", t.Optimizer, "`name` of the optimizer: adamw or adam")
	f.Float64Var(&t.WeightDecay, "weight-decay", t.WeightDecay, "weight decay (decoupled for adamw, L2 for adam)")
	f.BoolVar(&t.Flip, "flip", t.Flip, "mirror half of the training images")
	f.IntVar(&t.Shift, "shift", t.Shift, "move training images by up to so many `pixels`")
	f.IntVar(&t.Patience, "patience", t.Patience, "stop after so many `epochs` without gain on select; 0 never")
	f.Uint64Var(&t.Seed, "seed", t.Seed, "decides data, weights, order and augmentation")
	f.IntVar(&o.specimens, "specimens", 1, "raise so many networks, from seeds seed, seed+1, …")
	f.BoolVar(&o.resume, "resume", false, "go on with an interrupted run")
	f.BoolVar(&o.force, "force", false, "replace the lab's networks, or the checkpoint of an interrupted run")
	f.BoolVar(&o.json, "json", false, "print the report as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions([]string{"cnn", "mlp", "resnet"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("optimizer", cobra.FixedCompletions([]string{"adamw", "adam"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// check reports what makes no sense on the command line, before any data are read.
func (o *trainOptions) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("preset") && o.spec != "" {
		return errors.New("--preset and --spec name two networks: give one of them")
	}
	if o.specimens < 1 || o.specimens > 99 {
		return fmt.Errorf("--specimens %d: want 1 to 99", o.specimens)
	}
	if _, err := model.Preset(o.preset, model.Shape{3, 32, 32}, 2); err != nil {
		return err
	}
	return errors.Join(o.training.Check(), o.checkResume(cmd))
}

// checkResume refuses flags that a resumed run takes from its checkpoint.
func (o *trainOptions) checkResume(cmd *cobra.Command) (err error) {
	if !o.resume {
		return nil
	}
	allowed := map[string]bool{"resume": true, "json": true, "lab": true, "blas": true}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !allowed[f.Name] {
			err = errors.Join(err, fmt.Errorf("--%s does not go with --resume: the checkpoint says how the run began", f.Name))
		}
	})
	return err
}
