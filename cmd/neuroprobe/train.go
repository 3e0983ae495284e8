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
	hidden    []int
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

--rule forward-forward trains without back-propagation (Hinton 2022): each hidden layer learns from
what it sees itself to be active on images with the right label in their first pixels, and silent on
those with a wrong one. It takes dense layers only (--preset mlp is its default), hands on their
activities normalised to a fixed length, and reads the answer from all of them but the first. Unless
told otherwise it takes --batch 100 --lr 0.001. The specimen reads ordinary images, of which it
does not see the first pixels, one a class.

Ctrl-C finishes the step under way and saves a checkpoint; train --resume goes on from there
and ends with the same weights as a run without the break.`,
		Example: `  neuroprobe train
  neuroprobe train --data cifar10:cifar --epochs 20 --lab cifar-lab
  neuroprobe train --data folder:photos --size 48 --preset resnet --lab photos-lab
  neuroprobe train --specimens 5 --lab five
  neuroprobe train --data idx:mnist --flip=false --shift 1 --rule forward-forward --hidden 500,500 --lab ff-lab
  neuroprobe train --resume`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.data.parsed(cmd)
			o.data.Seed = o.training.Seed
			o.command = commandLine(cmd)
			o.takeRule(cmd)
			if err := o.check(cmd); err != nil {
				return hint(&usageError{err}, "see %s --help", cmd.CommandPath())
			}
			return runF(cmd.Context(), o)
		},
	}
	o.data.addFlags(cmd)
	f, t := cmd.Flags(), &o.training
	f.StringVar(&o.preset, "preset", "cnn", "`name` of the network: cnn, mlp or resnet")
	f.IntSliceVar(&o.hidden, "hidden", nil, "neurons of the mlp's hidden layers, like `500,500`")
	f.StringVar(&o.spec, "spec", "", "a network of your own: a JSON `file` as inspect --json prints it")
	f.StringVar(&t.Rule, "rule", model.Backpropagation, "`name` of the learning rule: backprop or forward-forward")
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
	mustExist(cmd.RegisterFlagCompletionFunc("rule", cobra.FixedCompletions(model.Rules, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("optimizer", cobra.FixedCompletions([]string{"adamw", "adam"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// takeRule puts the learning rule's defaults in the place of flags that were not given.
func (o *trainOptions) takeRule(cmd *cobra.Command) {
	given, t := cmd.Flags().Changed, &o.training
	if t.Rule == model.Backpropagation {
		t.Rule = ""
	}
	d := model.DefaultRuleOptions(t.Rule)
	if !given("batch") {
		t.Batch = d.Batch
	}
	if !given("lr") {
		t.Rate = d.Rate
	}
	if (t.Rule == model.ForwardForward || len(o.hidden) > 0) && !given("preset") {
		o.preset = "mlp"
	}
}

// check reports what makes no sense on the command line, before any data are read.
func (o *trainOptions) check(cmd *cobra.Command) error {
	if o.hidden != nil && (o.spec != "" || o.preset != "mlp") {
		return errors.New("--hidden goes with --preset mlp alone")
	}
	if cmd.Flags().Changed("preset") && o.spec != "" {
		return errors.New("--preset and --spec name two networks: give one of them")
	}
	if o.specimens < 1 || o.specimens > 99 {
		return fmt.Errorf("--specimens %d: want 1 to 99", o.specimens)
	}
	spec, err := o.network(model.Shape{3, 32, 32}, 2)
	if err != nil {
		return err
	}
	if o.training.Rule == model.ForwardForward && o.spec == "" {
		if _, err := spec.ForwardForward(); err != nil {
			return fmt.Errorf("--preset %s: %w; --preset mlp has dense layers", o.preset, err)
		}
	}
	return errors.Join(o.training.Check(), o.checkResume(cmd))
}

// network is the preset that was asked for.
func (o *trainOptions) network(input model.Shape, classes int) (model.Spec, error) {
	if o.hidden != nil {
		return model.MLP(input, classes, o.hidden...)
	}
	return model.Preset(o.preset, input, classes)
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
