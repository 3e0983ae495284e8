package main

import (
	"context"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type pairsOptions struct {
	*experimentOptions
	neurons, layers string
	top             int
}

func newAblatePairsCmd(g *globals, runF func(context.Context, *pairsOptions) error) *cobra.Command {
	o := &pairsOptions{experimentOptions: newExperimentOptions(g, "zero"), top: 12}
	cmd := &cobra.Command{
		Use:   "pairs",
		Short: "Find out which neurons stand in for each other, and which need each other",
		Long: `Ablate two neurons at once and compare with what each costs alone. Their epistasis is

  ε = Δ(ab) − Δ(a) − Δ(b),    Δ the contribution lost: above 0 is damage

with a paired bootstrap interval and a sign-flip p, adjusted for the number of pairs. Pairs are
additive (ε = 0 within the interval), buffering (losing both costs more than the sum, as in an
OR: they stand in for each other) or synergistic (less than the sum, as in an AND or a chain:
each loss already costs what both cost). Ablation of one neuron at a time is blind to the
second.

Without --neurons, the neurons with the strongest effects alone are chosen on the select images
and their pairs measured on confirm.`,
		Example: `  neuroprobe ablate pairs                              the 12 strongest neurons, 66 pairs
  neuroprobe ablate pairs --top 20 --layers 3          the 20 strongest of layer 3
  neuroprobe ablate pairs --neurons 3:1,3:2,4:5        these three
  neuroprobe ablate pairs --neurons 'conv1:*'          all pairs of a layer
  neuroprobe ablate pairs --kind mean --metric accuracy
  neuroprobe ablate pairs --neurons 3:1,4:5 --specimens   one pair's homologues in all networks`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if err := o.singleKind(); err != nil {
				return err
			}
			switch changed := cmd.Flags().Changed; {
			case o.specimens && o.neurons == "":
				return hint(usagef("--specimens takes one pair of neurons"), "like --neurons 3:17,4:2")
			case changed("neurons") && (changed("top") || changed("layers")):
				return usagef("--neurons names the neurons: leave --top and --layers out")
			case o.top < 2 || o.top > ablate.MaxPairUnits:
				return usagef("--top %d: want 2 to %d neurons (%d have 2,016 pairs)", o.top, ablate.MaxPairUnits, ablate.MaxPairUnits)
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.neurons, "neurons", "", "the pairs of these: `LAYER:NEURON`, several by comma, ranges, or a layer's all")
	f.IntVar(&o.top, "top", o.top, "the pairs of so many `neurons` that have the strongest effects alone, chosen on select")
	f.StringVar(&o.layers, "layers", "", "choose them from these `layers`: 3, conv3, 1-3, several by comma (default all hidden)")
	o.addFlags(cmd, false)
	mustExist(cmd.RegisterFlagCompletionFunc("neurons", g.completeNeurons))
	mustExist(cmd.RegisterFlagCompletionFunc("layers", g.completeLayers))
	return cmd
}

// singleKind refuses more than one kind of ablation.
func (o *experimentOptions) singleKind() error {
	if len(o.kinds) != 1 {
		return hint(usagef("--kind %s: want one kind", o.kindList), "an entry a kind: run the command once for each")
	}
	return nil
}

func runAblatePairs(ctx context.Context, o *pairsOptions) error {
	if o.specimens {
		return runPairSpecimens(ctx, o.experimentOptions, o.neurons)
	}
	p := ablate.PairsOptions{Kind: o.kinds[0], Top: o.top}
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if p.Layers, err = hiddenLayers(n, o.layers); err != nil || o.neurons == "" {
			return err
		}
		if p.Neurons, err = eachNeuron(n, o.neurons); err != nil {
			return err
		}
		return ablate.CheckPairUnits(n, p.Neurons)
	})
	if err != nil {
		return err
	}
	p.Options = e.ablate
	result, err := ablate.Pairs(ctx, e.network, e.set, p)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Pairs(reports.PairsReport{Result: *result, Source: e.source()}))
}

// eachNeuron reads a list of neurons; a whole layer stands for each of its neurons.
func eachNeuron(n *model.Network, list string) ([]model.Address, error) {
	addresses, err := n.ParseAddresses(list)
	var all []model.Address
	for _, a := range addresses {
		if a.Unit != model.AllUnits {
			all = append(all, a)
			continue
		}
		for a.Unit = range n.Geometry(a.Layer).Act[0] {
			all = append(all, a)
		}
	}
	return all, err
}
