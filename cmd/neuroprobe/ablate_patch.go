package main

import (
	"context"
	"errors"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type patchOptions struct {
	*experimentOptions
	neuron, layers, pairs string
	all                   bool
	features              []string
	images                int
	targets               [][]model.Address
}

func newAblatePatchCmd(g *globals, runF func(context.Context, *patchOptions) error) *cobra.Command {
	o := &patchOptions{experimentOptions: newExperimentOptions(g, "")}
	cmd := &cobra.Command{
		Use:   "patch --neuron LAYER:NEURON | --all",
		Short: "Find out which neurons carry a feature, by putting one image's activation into another's run",
		Long: `Take pairs of a clean and a corrupted image: twins, the same image with and without a feature,
or images of two classes. Give the corrupted run a neuron's clean activation (denoising) and see
how much of the difference in the logits comes back; give the clean run the corrupted activation
(noising) and see how much is lost. Both are shares of clean − corrupted, with intervals.

With --neuron, one neuron (or several, patched together) on the twins of every feature in turn.
With --all, the map of every hidden neuron on one kind of pairs, classes if no feature is named.
Two controls run along: patching a whole layer must give back everything, and a run's own
activations nothing.`,
		Example: `  neuroprobe ablate patch --neuron 3:17                      does it carry any feature?
  neuroprobe ablate patch --neuron 3:17 --feature whiskers   this one
  neuroprobe ablate patch --neuron 3:17 --pairs classes      what tells the classes apart
  neuroprobe ablate patch --neuron 3:17 --specimens          its homologues in all networks
  neuroprobe ablate patch --all --feature whiskers           which neurons carry it
  neuroprobe ablate patch --all --layers 3-4 --images 500    two layers, 500 pairs of classes`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			switch {
			case o.all && o.specimens:
				return hint(usagef("--specimens takes one neuron"), "like --neuron 3:17 --feature whiskers")
			case o.all && o.neuron != "":
				return usagef("--all and --neuron exclude each other")
			case !o.all && o.layers != "":
				return usagef("--layers goes with --all; a whole layer is --neuron '3:*'")
			case o.pairs != "" && o.pairs != "twins" && o.pairs != "classes":
				return usagef("--pairs %q: want twins or classes", o.pairs)
			case o.pairs == "classes" && len(o.features) > 0:
				return usagef("--feature %s needs twins; leave out --pairs classes", o.features[0])
			case o.all && (len(o.features) > 1 || o.pairs == "twins" && len(o.features) == 0):
				return usagef("--all maps one feature: name it with --feature")
			case o.images < 0:
				return usagef("--images %d: want 0 (all) or more", o.images)
			}
			if !o.all {
				if err := needNeuron("neuron", o.neuron); err != nil {
					return err
				}
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over")
	f.StringVar(&o.neuron, "neuron", "", "what to patch: `LAYER:NEURON`, several by comma are patched together")
	f.BoolVar(&o.all, "all", false, "patch every hidden neuron, one at a time")
	f.StringVar(&o.layers, "layers", "", "with --all: the neurons of these `layers` alone: 3, conv3, 1-3, several by comma")
	f.StringSliceVar(&o.features, "feature", nil, "pairs are twins in these `features` (default every one in turn)")
	f.StringVar(&o.pairs, "pairs", "", "`twins` or classes (default twins where the data have them; with --all, classes unless a feature is named)")
	f.IntVar(&o.images, "images", 0, "make pairs of so many random images of the split (0: all)")
	mustExist(cmd.RegisterFlagCompletionFunc("neuron", g.completeNeurons))
	mustExist(cmd.RegisterFlagCompletionFunc("layers", g.completeLayers))
	mustExist(cmd.RegisterFlagCompletionFunc("pairs", cobra.FixedCompletions([]string{"twins", "classes"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// withoutFlags takes common flags away that mean nothing to a command: they are not shown, and refused.
func withoutFlags(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		mustExist(cmd.Flags().MarkHidden(name))
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				return usagef("--%s has no meaning for %s", name, cmd.CommandPath())
			}
		}
		return run(cmd, args)
	}
}

// choose finds the targets that the flags name.
func (o *patchOptions) choose(n *model.Network) error {
	if !o.all {
		together, err := n.ParseAddresses(o.neuron)
		o.targets = [][]model.Address{together}
		return err
	}
	layers, err := hiddenLayers(n, o.layers)
	if err != nil {
		return err
	}
	if layers == nil {
		for l := 1; l < n.Depth(); l++ {
			layers = append(layers, l)
		}
	}
	for _, l := range layers {
		for u := range n.Geometry(l).Act[0] {
			o.targets = append(o.targets, []model.Address{model.Neuron(l, u)})
		}
	}
	if len(o.targets) == 0 {
		return errors.New("the network has no hidden layer to map")
	}
	return nil
}

// featuresOf are the features whose twins are asked for; none for pairs of classes.
func (o *patchOptions) featuresOf(set *datasets.Set) (features []int, err error) {
	twins := set.HasTwins() && len(set.Features) > 0
	switch {
	case (len(o.features) > 0 || o.pairs == "twins") && !twins:
		return nil, hint(usagef("the data %s have no twins", set.Source), "--pairs classes works with any data")
	case len(o.features) > 0:
		for _, name := range o.features {
			f, err := set.FeatureIndex(name)
			if err != nil {
				return nil, &usageError{err}
			}
			features = append(features, f)
		}
	case twins && !o.all && o.pairs != "classes":
		for f := range set.Features {
			features = append(features, f)
		}
	}
	return features, nil
}

func runAblatePatch(ctx context.Context, o *patchOptions) error {
	if o.specimens {
		return runPatchSpecimens(ctx, o)
	}
	e, err := o.open(ctx, o.choose)
	if err != nil {
		return err
	}
	features, err := o.featuresOf(e.set)
	if err != nil {
		return err
	}
	p, err := ablate.Prepare(ctx, e.network, e.set, o.ablate)
	if err != nil {
		return e.failed(err)
	}
	result, err := p.Patch(ctx, o.targets, ablate.PatchOptions{Features: features, Images: o.images})
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Patch(reports.PatchReport{Result: result, Source: e.source()}))
}
