package main

import (
	"fmt"
	"strings"

	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type recordShowOptions struct {
	*globals
	path string
	json bool
}

func newRecordShowCmd(g *globals, runF func(*recordShowOptions) error) *cobra.Command {
	o := &recordShowOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "show FILE.parquet",
		Short: "Print what a recording holds",
		Long: `Print which network, data, images and layers a recording is of, after checking that the
file is whole. A recording of another network than the lab's is refused, if the lab has one.`,
		Example: `  neuroprobe record show lab/recordings/confirm.parquet
  neuroprobe record show run.parquet --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("record show takes one recording, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			o.path = args[0]
			return runF(o)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"parquet"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print it as JSON")
	return cmd
}

func runRecordShow(o *recordShowOptions) error {
	origin, err := probe.ReadOrigin(o.path)
	if err != nil {
		return err
	}
	if l := (lab{o.labDir}); exists(l.modelPath()) {
		n, err := l.openModel()
		if err != nil {
			return err
		}
		if err := origin.CheckModel(n.Digest()); err != nil {
			return hint(fmt.Errorf("%s: %w", o.path, err), "name the lab of its network with --lab, or a folder without one")
		}
	}
	r, err := newRecorded(o.path, origin)
	if err != nil {
		return err
	}
	if o.json {
		return r.printJSON(o.Out)
	}
	_, err = fmt.Fprint(o.Out, r.facts().Text(), "\n", r.layers().Text())
	return err
}

// facts is the table of where a recording is from.
func (r *recorded) facts() reports.Table {
	images := fmt.Sprintf("%s (%d to %d of the set)", reports.Count(r.Images), r.First, r.First+r.Images-1)
	features := strings.Join(r.Features, ", ")
	if features == "" {
		features = "none"
	}
	return reports.Table{Columns: []reports.Column{{Name: "recording"}, {Name: r.File}}, Rows: [][]string{
		{"model", r.Model},
		{"data", r.Data},
		{"data digest", r.DataDigest},
		{"split", r.Split},
		{"images", images},
		{"classes", strings.Join(r.Classes, ", ")},
		{"features", features},
		{"columns", reports.Count(r.Columns)},
		{"size", megabytes(r.Bytes)},
		{"command", r.Command},
		{"neuroprobe", r.Version},
	}}
}

// layers is the table of the recorded layers and their columns.
func (r *recorded) layers() reports.Table {
	t := reports.Table{Columns: []reports.Column{{Name: "#", Right: true}, {Name: "layer"}, {Name: "neurons", Right: true}, {Name: "map", Right: true}, {Name: "columns of neuron 0"}}}
	names := r.Origin.Columns()
	for _, l := range r.Layers {
		var own []string
		for _, name := range names {
			if address, _, _ := strings.Cut(name, "."); address == fmt.Sprintf("%d:0", l.Number) {
				own = append(own, name)
			}
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Number), l.Name, reports.Count(l.Units), fmt.Sprintf("%d×%d", l.Rows, l.Cols), strings.Join(own, ", ")})
	}
	return t
}
