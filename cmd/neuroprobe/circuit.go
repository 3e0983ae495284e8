package main

import (
	"context"
	"errors"

	"neuroprobe/model"

	"github.com/spf13/cobra"
)

type findOptions struct {
	*circuitOptions
}

func newCircuitCmd(g *globals, runF func(context.Context, *findOptions) error) *cobra.Command {
	o := &findOptions{circuitOptions: newCircuitOptions(g)}
	cmd := &cobra.Command{
		Use:   "circuit",
		Short: "Find the wiring by which the network comes to an answer, and test it",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	cmd.AddCommand(circuitCommands(g)...)
	return cmd
}

// circuitCommands are the subcommands.
func circuitCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		newCircuitEdgeCmd(g, runCircuitEdge),
		// One line each.
	}
}

func runCircuit(ctx context.Context, o *findOptions) error {
	e, c, err := o.open(ctx, func(*model.Network) error { return nil })
	if err != nil {
		return err
	}
	_, _ = e, c
	return errors.New("not there yet")
}
