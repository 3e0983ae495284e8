package main

import (
	"context"
	"fmt"

	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type showOptions struct {
	*globals
	data dataOptions
}

func newShowCmd(g *globals, runF func(context.Context, *showOptions) error) *cobra.Command {
	o := &showOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Count images by split, class and feature",
		Long: `Print how many images of each class every split holds and, where features are known,
how often each goes with each class.`,
		Example: "  neuroprobe datasets show\n  neuroprobe datasets show --data cifar10:cifar --classes cat,dog,horse",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.data.parsed(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.data.addFlags(cmd)
	addDataSeed(cmd, &o.data)
	return cmd
}

// addDataSeed adds the seed to a command that needs one for its data only.
func addDataSeed(cmd *cobra.Command, o *dataOptions) {
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "decides petfaces and the held-out select split")
}

func runShow(ctx context.Context, o *showOptions) error {
	set, err := o.readData(ctx, o.data.Options, o.data.Data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(o.Out, reports.SetText(set))
	return err
}
