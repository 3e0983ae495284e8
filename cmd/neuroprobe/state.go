package main

import "github.com/spf13/cobra"

func newStateCmd(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Give the network what a body has: rest, fatigue, history, asynchrony",
		Long: `A network has no memory from image to image, does nothing without input, does not tire, and works
in step. A brain is otherwise. Each of these commands puts one such difference to the test: it
states the claim, shows with controls that it holds of the network as it is, and then adds what is
missing and measures what changes.`,
		Example: `  neuroprobe state rest       what it does without input
  neuroprobe state tired      neurons that tire and recover
  neuroprobe state primed     whether what was seen before distorts what is seen next
  neuroprobe state async      neurons that do not work in step
  neuroprobe state circle     a layer that is fed back into itself`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(stateCommands(g)...)
	return cmd
}

// stateCommands are the subcommands.
func stateCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		newStateRestCmd(g, runStateRest),
		newStateTiredCmd(g, runStateTired),
		newStatePrimedCmd(g, runStatePrimed),
		newStateCircleCmd(g, runStateCircle),
		newStateAsyncCmd(g, runStateAsync),
	}
}
