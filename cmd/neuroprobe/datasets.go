package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

func newDatasetsCmd(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "datasets",
		Short: "List, show, export and fetch the images to train on",
		Example: `  neuroprobe datasets list
  neuroprobe datasets show --data folder:photos
  neuroprobe datasets export --to faces
  neuroprobe datasets fetch cifar10 --to cifar`,
		SuggestionsMinimumDistance: 2,
		Args:                       noArguments,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newListCmd(g), newShowCmd(g, runShow), newExportCmd(g, runExport), newFetchCmd(g, runFetch))
	return cmd
}

func newListCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List what --data accepts",
		Example: "  neuroprobe datasets list",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(g.Out, reports.SourceTable(datasets.Sources).Text())
			return err
		},
	}
}

// readData opens a set under a progress bar; name is what the user calls it.
func (s streams) readData(ctx context.Context, o datasets.Options, name string) (*datasets.Set, error) {
	bar := newBar(s, "reading "+name)
	defer bar.finish()
	o.Progress = bar.set
	set, err := datasets.Open(ctx, o)
	if err != nil && strings.Contains(o.Data, ":~") {
		return nil, hint(err, "a shell does not replace the ~ after a colon: write $HOME")
	}
	if err == nil {
		collectOften(set)
	}
	return set, err
}

// collectOften keeps the garbage collector from letting the heap grow to twice its size where most
// of it are images: those stay, and hold no pointers, so that collecting is cheap. GOGC, if set,
// stands.
func collectOften(set *datasets.Set) {
	if os.Getenv("GOGC") == "" {
		const garbage = 128 << 20 // bytes we can spare
		debug.SetGCPercent(max(10, min(100, garbage*100/(4*len(set.Images)+1))))
	}
}
