package main

import (
	"context"
	"path/filepath"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type imageOptions struct {
	*circuitOptions
	image circuit.ImageOptions
	file  string
}

func newCircuitImageCmd(g *globals, runF func(context.Context, *imageOptions) error) *cobra.Command {
	o := &imageOptions{circuitOptions: newCircuitOptions(g)}
	cmd := &cobra.Command{
		Use:   "image --index N | --file PHOTO",
		Short: "Tell what happened in the network for one image",
		Long: `Show one image to the network and tell what happened, from the image to the answer:

  who fired      layer by layer, the neurons that fired most above their own habit
  the chain      the strongest chain of edges that carried the decision, verified by cutting each
                 link and all at once, beside as many random chains as --random says
  the sums       what each neuron of the chain received, term by term: T₁ + T₂ + … + bias, which
                 must add up to the recorded pre-activation
  what else      the same for the neurons of the other classes

--index counts from 0 within the split. --file takes any photo (JPEG or PNG): the square at its
centre is resized to the network's images. A cut edge carries its mean over the select images.`,
		Example: `  neuroprobe circuit image --index 12               image 12 of the confirm split
  neuroprobe circuit image --index 0 --split select
  neuroprobe circuit image --file my.jpg            a photo of your own
  neuroprobe circuit image --index 12 --json        the whole, for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch index, file := cmd.Flags().Changed("index"), cmd.Flags().Changed("file"); {
			case !index && !file:
				return hint(usagef("which image? --index or --file is missing"), "like --index 12, or --file my.jpg")
			case index && file:
				return usagef("--index and --file exclude each other")
			case o.image.Random < 0 || o.image.Random > 10_000:
				return usagef("--random %d: want 0 (none) to 10000", o.image.Random)
			case o.image.Strongest < 1 || o.image.Strongest > 100:
				return usagef("--strongest %d: want 1 to 100", o.image.Strongest)
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	withoutFlags(cmd, "target", "against", "pairs", "resamples", "permutations", "resume")
	f := cmd.Flags()
	f.IntVar(&o.image.Index, "index", 0, "the image's `number` within the split, from 0")
	f.StringVar(&o.file, "file", "", "a `photo` of your own, JPEG or PNG")
	f.IntVar(&o.image.Random, "random", circuit.DefaultRandomChains, "random `chains` cut for comparison")
	f.IntVar(&o.image.Strongest, "strongest", circuit.DefaultStrongest, "list so many `neurons` of each layer")
	return cmd
}

func runCircuitImage(ctx context.Context, o *imageOptions) error {
	labels := o.noLabels
	o.noLabels = true // until the image is known to be there
	e, c, err := o.open(ctx, func(*model.Network) error { return nil })
	if err != nil {
		return err
	}
	o.noLabels = labels
	report := reports.ImageReport{}
	if o.file != "" {
		photo, err := e.set.ReadPhoto(o.file)
		if err != nil {
			return e.failed(err)
		}
		o.image.Pixels, o.image.Name = photo.Pixels, filepath.Base(o.file)
		report.Photo = photo
	} else if err := circuit.CheckIndex(e.set, e.ablate.Split, o.image.Index); err != nil {
		return e.failed(&usageError{err})
	}
	if !o.noLabels {
		if c.Labels, err = neuronLabels(ctx, e); err != nil {
			return e.failed(err)
		}
	}
	o.image.Options = c
	if o.image.Random == 0 {
		o.image.Random = -1 // 0 means the default there
	}
	result, err := circuit.Image(ctx, e.network, e.set, o.image)
	if err != nil {
		return e.failed(err)
	}
	report.Result, report.Source = *result, e.source()
	return e.publish(reports.CircuitImage(report))
}
