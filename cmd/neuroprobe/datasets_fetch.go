package main

import (
	"context"
	"errors"
	"fmt"

	"neuroprobe/datasets"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

type fetchOptions struct {
	*globals
	datasets.FetchOptions
}

func newFetchCmd(g *globals, runF func(context.Context, *fetchOptions) error) *cobra.Command {
	o := &fetchOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "fetch cifar10 --to DIR",
		Short: "Download a data set",
		Long: `Download CIFAR-10's official archive (170 MB), verify its MD5 sum and unpack it. An
interrupted download goes on where it stopped when the command is given again.`,
		Example:   "  neuroprobe datasets fetch cifar10 --to cifar\n  neuroprobe train --data cifar10:cifar",
		ValidArgs: []string{"cifar10"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "cifar10" {
				return hint(usagef("fetch what? got %q", args), "neuroprobe datasets fetch cifar10 --to DIR")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.To == "" {
				return hint(usagef("where to? --to is missing"), "like --to cifar")
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.To, "to", "", "the `folder` to put it in")
	cmd.Flags().StringVar(&o.URL, "url", datasets.CIFAR10URL, "where the archive lies")
	mustExist(cmd.MarkFlagDirname("to"))
	return cmd
}

func runFetch(ctx context.Context, o *fetchOptions) error {
	bar := newBar(o.streams, "downloading", progressbar.OptionShowBytes(true))
	o.Progress = bar.set64
	err := datasets.FetchCIFAR10(ctx, o.FetchOptions)
	bar.finish()
	if errors.Is(err, context.Canceled) {
		return hint(err, "the same command goes on with the download")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "CIFAR-10 is in %s\ntrain on it with: neuroprobe train --data %s\n", o.To, quote("cifar10:"+o.To))
	return err
}
