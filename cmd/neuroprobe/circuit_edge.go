package main

import (
	"context"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type edgeOptions struct {
	*circuitOptions
	edge      string
	controls  int
	positions bool
}

func newCircuitEdgeCmd(g *globals, runF func(context.Context, *edgeOptions) error) *cobra.Command {
	o := &edgeOptions{circuitOptions: newCircuitOptions(g)}
	cmd := &cobra.Command{
		Use:   "edge 'SENDER->RECEIVER' | SENDER RECEIVER",
		Short: "Measure what one connection carries, by patching nothing but it",
		Long: `Let one neuron's contribution to one other neuron be what it is in another run, and leave all
else to the network (path patching): the sender goes on as it is to its other receivers.

  kinds      the edge carries what it does on the image's twin, on another image, on average,
             or nothing; in the clean run (noising) and back in the corrupted one (denoising)
  sham       the edge patched from the run itself must leave every logit bit-identical
  controls   the same for all other edges into the receiver, and for edges between the same
             layers that carry about as much
  context    its share of the receiver's input, and what the whole sender and receiver do
  dose       from twice what it carries down to nothing

A sender is LAYER:NEURON, or 0:0, 0:1, … for a channel of the image; layers go by number or name.
The shell reads > as a redirection: put the arrow in quotes, or leave it out and give sender and
receiver as two words.`,
		Example: `  neuroprobe circuit edge '2:5->3:17'                    from neuron 2:5 to 3:17
  neuroprobe circuit edge 2:5 3:17                       the same, without quotes
  neuroprobe circuit edge 'conv2:5->conv3:17'            layers by name
  neuroprobe circuit edge '0:1->1:3'                     from a channel of the image
  neuroprobe circuit edge 2:5 3:17 --target cat          what it does for cats
  neuroprobe circuit edge 2:5 3:17 --target whiskers     for a feature, by twins
  neuroprobe circuit edge 2:5 3:17 --against resample    which corruption leads
  neuroprobe circuit edge 2:5 3:17 --positions           maps over the receiver's positions`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.edge, err = edgeName(args); err != nil {
				return err
			}
			if o.controls < 0 || o.controls > 10_000 {
				return usagef("--controls %d: want 0 (none) to 10000", o.controls)
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			o.command += " " + quote(o.edge)
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	withoutFlags(cmd, "resume")
	f := cmd.Flags()
	f.IntVar(&o.controls, "controls", ablate.DefaultControls, "matched controls: other `edges` between the same layers that are corrupted for comparison")
	f.BoolVar(&o.positions, "positions", false, "corrupt the edge at each position of the receiver alone, too")
	cmd.ValidArgsFunction = g.completeNeurons
	return cmd
}

// edgeName is the edge that the arguments name, as model.ParseEdge reads it: in one word with ->, →
// or >, or sender and receiver in two.
func edgeName(args []string) (string, error) {
	quoted := "put it in quotes: neuroprobe circuit edge '2:5->3:17', or leave the arrow out: neuroprobe circuit edge 2:5 3:17"
	switch len(args) {
	case 0:
		return "", hint(usagef("which edge?"), "%s", quoted)
	case 1:
		name := strings.NewReplacer("->", "->", "→", "->", ">", "->", " ", "").Replace(args[0])
		if strings.HasSuffix(name, "-") && strings.Count(name, ":") == 1 {
			return "", hint(usagef("edge %q ends before its receiver: the shell has read > as a redirection into a file", args[0]), "%s", quoted)
		}
		if !strings.Contains(name, "->") {
			return "", hint(usagef("edge %q has no arrow: want SENDER->RECEIVER", args[0]), "%s", quoted)
		}
		return name, nil
	case 2:
		return args[0] + "->" + args[1], nil
	}
	return "", hint(usagef("%d arguments: want one edge", len(args)), "%s", quoted)
}

func runCircuitEdge(ctx context.Context, o *edgeOptions) error {
	var edge model.Edge
	e, c, err := o.open(ctx, func(n *model.Network) (err error) {
		edge, err = n.ParseEdge(o.edge)
		return err
	})
	if err != nil {
		return err
	}
	p, err := circuit.Prepare(ctx, e.network, e.set, c)
	if err != nil {
		return e.failed(err)
	}
	more := circuit.EdgeOptions{Controls: o.controls, Positions: o.positions}
	if o.controls == 0 {
		more.Controls = -1 // 0 means the default there
	}
	result, err := circuit.PatchEdge(ctx, p, edge, more)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.CircuitEdge(reports.CircuitEdgeReport{Result: result, Source: e.source()}))
}
