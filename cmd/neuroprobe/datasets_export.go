package main

import (
	"context"
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type exportOptions struct {
	*globals
	data dataOptions
	to   string
}

func newExportCmd(g *globals, runF func(context.Context, *exportOptions) error) *cobra.Command {
	o := &exportOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "export --to DIR",
		Short: "Write a data set as PNG files, with features and masks",
		Long: `Write every image as a PNG in the form that --data folder: reads, with features.csv and
masks where they are known, and a contact sheet. Reading it back gives the same set.`,
		Example: "  neuroprobe datasets export --to faces --train-images 100 --select-images 50 --confirm-images 50",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.to == "" {
				return hint(usagef("where to? --to is missing"), "like --to faces")
			}
			o.data.parsed(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.data.addFlags(cmd)
	addDataSeed(cmd, &o.data)
	cmd.Flags().StringVar(&o.to, "to", "", "the `folder` to write; it must be new or empty")
	mustExist(cmd.MarkFlagDirname("to"))
	return cmd
}

func runExport(ctx context.Context, o *exportOptions) error {
	if err := datasets.CheckExport(o.to); err != nil {
		return err
	}
	set, err := o.readData(ctx, o.data.Options, o.data.Data)
	if err != nil {
		return err
	}
	bar := newBar(o.streams, "writing "+o.to)
	err = datasets.Export(ctx, set, o.to, bar.set)
	bar.finish()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s images written to %s\nread them with: --data %s\n", reports.Count(set.Len()), o.to, quote("folder:"+o.to))
	return err
}
