package main

import (
	"context"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type dissociateOptions struct {
	*experimentOptions
	a, b, outcomes, layers string
	search                 bool
}

func newAblateDissociateCmd(g *globals, runF func(context.Context, *dissociateOptions) error) *cobra.Command {
	o := &dissociateOptions{experimentOptions: newExperimentOptions(g, "zero")}
	cmd := &cobra.Command{
		Use:   "dissociate",
		Short: "Test two neurons for a double dissociation of two classes or features",
		Long: `Ask whether the loss of neuron a hurts outcome A more than B while that of b hurts B more than
A. Outcomes are the images of two classes, or two features (images with a feature against those
without it, within each class). The report has the four losses, their comparisons and the
interaction

  (Δ_aA − Δ_aB) − (Δ_bA − Δ_bB),    Δ the contribution lost: above 0 is damage

with bootstrap intervals over images and a permutation test of which image is in which group.

With --search, every ordered pair of hidden neurons is scored on the select images by what each
neuron's loss alone does there; the best pair is then measured on confirm.`,
		Example: `  neuroprobe ablate dissociate --a 3:17 --b 3:41                      the data's two classes
  neuroprobe ablate dissociate --search                               find the best pair first
  neuroprobe ablate dissociate --search --layers 4                    among the neurons of layer 4
  neuroprobe ablate dissociate --search --outcomes whiskers,floppy-ears
  neuroprobe ablate dissociate --a 3:17 --b 3:41 --kind resample
  neuroprobe ablate dissociate --a 3:17 --b 3:41 --specimens          their homologues in all networks`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if err := o.singleKind(); err != nil {
				return err
			}
			switch named := o.a != "" || o.b != ""; {
			case o.search && o.specimens:
				return hint(usagef("--specimens takes named neurons"), "search first, then give --a and --b")
			case o.search && named:
				return usagef("--search finds the neurons: leave --a and --b out")
			case !o.search && (o.a == "" || o.b == ""):
				return hint(usagef("which neurons? want --a and --b, or --search"), "like --a 3:17 --b 3:41; neuroprobe inspect lists the layers")
			case !o.search && o.layers != "":
				return usagef("--layers is where to search: it wants --search")
			}
			if err := ablate.CheckDissociationMetric(o.ablate.Metric); err != nil {
				return &usageError{err}
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.a, "a", "", "the neuron whose loss should hurt outcome A: `LAYER:NEURON`")
	f.StringVar(&o.b, "b", "", "the neuron whose loss should hurt outcome B: `LAYER:NEURON`")
	f.StringVar(&o.outcomes, "outcomes", "", "A and B: two `classes` or two features, by comma (default the two classes)")
	f.BoolVar(&o.search, "search", false, "find the neurons on select")
	f.StringVar(&o.layers, "layers", "", "search these `layers`: 3, conv3, 1-3, several by comma (default all hidden)")
	o.addFlags(cmd, false)
	mustExist(cmd.RegisterFlagCompletionFunc("a", g.completeNeurons))
	mustExist(cmd.RegisterFlagCompletionFunc("b", g.completeNeurons))
	mustExist(cmd.RegisterFlagCompletionFunc("layers", g.completeLayers))
	return cmd
}

func runAblateDissociate(ctx context.Context, o *dissociateOptions) error {
	if o.specimens {
		return runDissociateSpecimens(ctx, o)
	}
	d := ablate.DissociateOptions{Kind: o.kinds[0]}
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if d.Layers, err = hiddenLayers(n, o.layers); err != nil || o.search {
			return err
		}
		if d.A, err = oneNeuron(n, o.a); err != nil {
			return err
		}
		if d.B, err = oneNeuron(n, o.b); err == nil && *d.A == *d.B {
			err = usagef("--a and --b are both %v: want two neurons", *d.A)
		}
		return err
	})
	if err != nil {
		return err
	}
	if d.Outcomes, err = ablate.ParseOutcomes(e.set, o.outcomes); err != nil {
		return hint(&usageError{err}, "like --outcomes cat,dog")
	}
	d.Options = e.ablate
	result, err := ablate.Dissociate(ctx, e.network, e.set, d)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Dissociate(reports.DissociateReport{Result: *result, Source: e.source()}))
}
