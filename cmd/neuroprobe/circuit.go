package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type findOptions struct {
	*circuitOptions
	find   circuit.FindOptions
	method string
	steps  int
}

func newCircuitCmd(g *globals, runF func(context.Context, *findOptions) error) *cobra.Command {
	o := &findOptions{circuitOptions: newCircuitOptions(g), steps: circuit.DefaultSteps}
	o.find.Random = circuit.DefaultRandom
	cmd := &cobra.Command{
		Use:   "circuit",
		Short: "Find the wiring by which the network comes to an answer, and test it",
		Long: `Score every edge (what one neuron contributes to another's pre-activation), take the strongest
that are on a path from the image to the output, run them alone with all other edges corrupted, and
see how much of the answer is left. What is explained is one number of an image: the logit of the
target's class minus the mean of the others.

  scores        on the select images: anew within what is left while the weakest leave (elimination),
                by gradients in the whole network (eap, eap-ig), by corrupting one edge at a time
                (exact), or by greedy removal (acdc)
  faithfulness  the circuit alone: 1 is the whole network, 0 every edge corrupted
  completeness  everything but the circuit: should be near 0
  minimality    what faithfulness loses without each edge
  controls      random circuits with as many edges from layer to layer

All checks are from the measured split, against the mean, zero and other images in turn. Without
--edges or --threshold, the size is the smallest that reaches --faithfulness on select.`,
		Example: `  neuroprobe circuit                                  the wiring behind "dog"
  neuroprobe circuit --target cat --edges 50          50 edges for "cat"
  neuroprobe circuit --target whiskers                a feature, against twins without it
  neuroprobe circuit --against resample               corrupted edges carry another class's image
  neuroprobe circuit --method eap-ig --edges 300      attribution patching along a path
  neuroprobe circuit --method acdc                    greedy removal
  neuroprobe circuit --method exact --faithfulness 0.8
  neuroprobe circuit --json                           nodes and edges, for networkx`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.method, "method", circuit.MethodNames[0], "score edges by: `"+circuit.MethodNames[0]+"`, "+strings.Join(circuit.MethodNames[1:], ", "))
	f.IntVar(&o.find.Edges, "edges", 0, "take the strongest so many `edges`")
	f.Float64Var(&o.find.Threshold, "threshold", 0, "take edges whose score is at least this, in `logits`; of acdc, the least loss as a share of the whole")
	f.Float64Var(&o.find.Faithfulness, "faithfulness", circuit.DefaultFaithfulness, "take as few edges as give this `share` of the whole on select")
	f.IntVar(&o.find.Random, "random", o.find.Random, "random `circuits` for comparison")
	f.IntVar(&o.steps, "steps", o.steps, "of eap-ig: `points` on the way from the reference image to the clean one")
	mustExist(cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions(circuit.MethodNames, cobra.ShellCompDirectiveNoFileComp)))
	cmd.AddCommand(circuitCommands(g)...)
	return cmd
}

// circuitCommands are the subcommands.
func circuitCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		newCircuitEdgeCmd(g, runCircuitEdge),
		newCircuitCompareCmd(g, runCircuitCompare),
		// One line each.
		newCircuitChainsCmd(g, runCircuitChains),
		newCircuitImageCmd(g, runCircuitImage),
	}
}

// parse refuses what makes no sense before any work.
func (o *findOptions) parse(cmd *cobra.Command) error {
	if err := o.circuitOptions.parse(cmd); err != nil {
		return err
	}
	changed := cmd.Flags().Changed
	var wishes []string
	for _, name := range []string{"edges", "threshold", "faithfulness"} {
		if changed(name) {
			wishes = append(wishes, "--"+name)
		}
	}
	switch {
	case !slices.Contains(circuit.MethodNames, o.method):
		return usagef("--method %q: want %s", o.method, strings.Join(circuit.MethodNames, ", "))
	case len(wishes) > 1:
		return usagef("%s exclude each other", strings.Join(wishes, " and "))
	case changed("edges") && o.find.Edges < 1:
		return usagef("--edges %d: want 1 or more", o.find.Edges)
	case changed("threshold") && !(o.find.Threshold > 0):
		return usagef("--threshold %v: want above 0", o.find.Threshold)
	case !(o.find.Faithfulness > 0 && o.find.Faithfulness <= 1):
		return usagef("--faithfulness %v: want above 0, up to 1", o.find.Faithfulness)
	case o.find.Random < 0 || o.find.Random > 10_000:
		return usagef("--random %d: want 0 (none) to 10000", o.find.Random)
	case o.steps < 1 || o.steps > 1000:
		return usagef("--steps %d: want 1 to 1000", o.steps)
	case changed("threshold") && o.method == "elimination":
		return hint(usagef("--threshold does not go with --method elimination, which ranks edges by when they leave"), "--edges or --faithfulness choose the size; --method exact, eap-ig, eap and acdc take a threshold")
	case changed("steps") && o.method != "eap-ig":
		return usagef("--steps goes with --method eap-ig")
	}
	if !changed("faithfulness") {
		o.find.Faithfulness = 0 // the default, where nothing else is wished
	}
	if o.find.Random == 0 {
		o.find.Random = -1 // 0 means the default there
	}
	return o.chooseMethod()
}

// chooseMethod makes the method with its parameters. The threshold of acdc is the method's own.
func (o *findOptions) chooseMethod() (err error) {
	if o.find.Method, err = circuit.ParseMethod(o.method); err != nil {
		return &usageError{err}
	}
	switch m := o.find.Method.(type) {
	case circuit.EAPIG:
		m.Steps = o.steps
		o.find.Method = m
	case circuit.ACDC:
		m.Threshold, o.find.Threshold = o.find.Threshold, 0
		o.find.Method = m
	}
	return nil
}

func runCircuit(ctx context.Context, o *findOptions) error {
	e, c, err := o.open(ctx, func(*model.Network) error { return nil })
	if err != nil {
		return err
	}
	o.find.Options = c
	result, err := circuit.Find(ctx, e.network, e.set, o.find)
	if errors.Is(err, circuit.ErrEmpty) {
		err = hint(err, "more --edges or a lower --threshold let more in")
	}
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Circuit(reports.CircuitReport{Result: *result, Source: e.source()}))
}
