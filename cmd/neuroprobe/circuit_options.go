package main

import (
	"context"
	"slices"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"

	"github.com/spf13/cobra"
)

// circuitOptions are what all commands about circuits have in common.
type circuitOptions struct {
	*experimentOptions
	target, against string
	pairs           int
	noLabels        bool
}

func newCircuitOptions(g *globals) *circuitOptions {
	o := &circuitOptions{experimentOptions: newExperimentOptions(g, ""), pairs: circuit.DefaultPairs}
	o.metrics = circuit.MetricNames
	return o
}

// addFlags binds the common flags. Call it after RunE is set.
func (o *circuitOptions) addFlags(cmd *cobra.Command) {
	o.experimentOptions.addFlags(cmd, false)
	withoutFlags(cmd, "draws", "mean-over", "specimens")
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "the `class` or feature whose wiring is sought (default dog, where there is none the last class)")
	f.StringVar(&o.against, "against", "", "what a corrupted edge carries: `"+against("`, ")+" (default mean; for a feature twins or resample)")
	f.IntVar(&o.pairs, "pairs", o.pairs, "use at most so many random pairs of `images` of each split (0: all)")
	f.BoolVar(&o.noLabels, "no-labels", false, "do not probe the neurons for what they are tuned to")
	mustExist(cmd.RegisterFlagCompletionFunc("target", o.completeTargets))
	mustExist(cmd.RegisterFlagCompletionFunc("against", cobra.FixedCompletions(strings.Split(against(" "), " "), cobra.ShellCompDirectiveNoFileComp)))
}

// against lists the references; the first separator may be another one, to end a flag's metavariable.
func against(first string) string {
	var names []string
	for _, a := range circuit.AllAgainst {
		names = append(names, string(a))
	}
	if first == " " {
		return strings.Join(names, " ")
	}
	return names[0] + first + strings.Join(names[1:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// completeTargets offers the classes of the lab's network.
func (o *circuitOptions) completeTargets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	n, err := lab{o.labDir}.openModel()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return n.Classes, cobra.ShellCompDirectiveNoFileComp
}

// parse refuses what makes no sense before any work.
func (o *circuitOptions) parse(cmd *cobra.Command) error {
	if err := o.experimentOptions.parse(cmd); err != nil {
		return err
	}
	if o.against != "" {
		if _, err := circuit.ParseAgainst(o.against); err != nil {
			return usagef("--against %q: want %s", o.against, against(", "))
		}
	}
	if o.pairs < 0 {
		return usagef("--pairs %d: want 0 (all) or more", o.pairs)
	}
	return nil
}

// open opens the lab and makes the options of a circuit experiment out of the flags. check looks at
// what the command names in the network.
func (o *circuitOptions) open(ctx context.Context, check func(*model.Network) error) (*experiment, circuit.Options, error) {
	e, err := o.experimentOptions.open(ctx, func(n *model.Network) error {
		if err := n.CheckEdges(); err != nil {
			return err
		}
		return check(n)
	})
	if err != nil {
		return nil, circuit.Options{}, err
	}
	c := circuit.Options{Target: o.target, Against: circuit.Against(o.against), Pairs: o.pairs}
	if o.target == "" {
		c.Target = defaultTarget(e.set.Classes)
	}
	if o.pairs == 0 {
		c.Pairs = -1 // 0 means the default there
	}
	if _, err := circuit.ParseTarget(c.Target, e.set); err != nil {
		return nil, c, &usageError{err}
	}
	if c.Against == circuit.Twins && !e.set.HasTwins() {
		return nil, c, hint(usagef("the data %s have no twins", e.set.Source), "--against resample, mean or zero works with any data")
	}
	if !o.noLabels {
		if c.Labels, err = neuronLabels(ctx, e); err != nil {
			return nil, c, e.failed(err)
		}
	}
	c.Options = e.ablate
	return e, c, nil
}

// defaultTarget is dog where there are dogs, else the last class.
func defaultTarget(classes []string) string {
	name := "dog"
	if !slices.Contains(classes, name) {
		name = classes[len(classes)-1]
	}
	return "class:" + name
}
