package main

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type chainsOptions struct {
	*circuitOptions
	chains circuit.ChainsOptions
}

func newCircuitChainsCmd(g *globals, runF func(context.Context, *chainsOptions) error) *cobra.Command {
	o := &chainsOptions{circuitOptions: newCircuitOptions(g)}
	cmd := &cobra.Command{
		Use:   "chains",
		Short: "Find the strongest chains of neurons from the image to an output neuron",
		Long: `Measure every edge (what one neuron contributes to another's pre-activation): corrupt it alone and
see what becomes of the answer. A chain leads from a channel of the image, edge by edge, to an
output neuron, and is as strong as its weakest link; of chains with the same weakest link the one
with the stronger next-weakest comes first. The ranking is from the select images; every number
told of a chain is from the measured split.

Each link is told with its sign (excitatory or inhibitory) and its effect, each neuron with what
probe found it tuned to and what its lesion costs. p holds a chain against the strongest chain of
surrogate networks, in which the weights of every layer are shuffled among its pairs of neurons:
it is adjusted for the search.`,
		Example: `  neuroprobe circuit chains                      the 10 strongest chains to "dog"
  neuroprobe circuit chains --to 5:0 --top 3     to output neuron 5:0
  neuroprobe circuit chains --to cat             the same, by its class
  neuroprobe circuit chains --target whiskers    against twins without whiskers
  neuroprobe circuit chains --surrogates 99      a finer p
  neuroprobe circuit chains --json               for programs`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.chains.Top < 1 || o.chains.Top > 1000:
				return usagef("--top %d: want 1 to 1000", o.chains.Top)
			case o.chains.Surrogates != 0 && o.chains.Surrogates < 19 || o.chains.Surrogates > 10_000:
				return usagef("--surrogates %d: want 0 (none), or 19 (fewer cannot give a p of 0.05) to 10000", o.chains.Surrogates)
			case o.chains.SurrogatePairs < 2 || o.chains.SurrogatePairs > 100_000:
				return usagef("--surrogate-pairs %d: want 2 to 100000", o.chains.SurrogatePairs)
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	withoutFlags(cmd, "resume")
	f := cmd.Flags()
	f.StringVar(&o.chains.To, "to", "", "the output `neuron` where chains end, like 5:1, or its class (default the target's)")
	f.IntVar(&o.chains.Top, "top", circuit.DefaultChains, "the strongest so many `chains`")
	f.IntVar(&o.chains.Surrogates, "surrogates", circuit.DefaultSurrogates, "`networks` with shuffled weights that chains are held against (0: none)")
	f.IntVar(&o.chains.SurrogatePairs, "surrogate-pairs", circuit.DefaultSurrogatePairs, "`pairs` of images used in that comparison")
	mustExist(cmd.RegisterFlagCompletionFunc("to", o.completeTargets))
	return cmd
}

func runCircuitChains(ctx context.Context, o *chainsOptions) error {
	e, c, err := o.open(ctx, func(n *model.Network) error {
		if o.chains.To == "" {
			return nil
		}
		end, err := circuit.ParseOutput(n, o.chains.To)
		if err == nil && o.target == "" {
			o.target = "class:" + n.Classes[end.Unit]
		}
		return err
	})
	if err != nil {
		return err
	}
	o.chains.Options = c
	if o.chains.Surrogates == 0 {
		o.chains.Surrogates = -1 // 0 means the default there
	}
	result, err := circuit.Chains(ctx, e.network, e.set, o.chains)
	if errors.Is(err, circuit.ErrNoChain) {
		err = hint(err, "%s", fmt.Sprintf("y is %s of %s; --to and --target may name other ones", e.ablate.Metric, c.Target))
	}
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Chains(reports.ChainsReport{Result: *result, Source: e.source()}))
}
