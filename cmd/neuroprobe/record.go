package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/internal/atomicfile"
	"neuroprobe/model"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type recordOptions struct {
	*globals
	layers string
	what   probe.ParquetOptions
	out    string
	split  string
	force  bool
	json   bool
}

func newRecordCmd(g *globals, runF func(context.Context, *recordOptions) error) *cobra.Command {
	o := &recordOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Write what every neuron does on every image to a Parquet file",
		Long: `Run the images of a split through the network and write a row for each, to a file that
pandas and DuckDB read: image, name, split, label, class and answer; one boolean column a
feature, feature.NAME; and the neurons' activations, before pooling: L:N.max and L:N.mean for
a channel's maximum and mean over its positions, L:N for a dense unit. With --maps also
L:N.map, a channel's activation at every position, row by row; that takes much more room.

The file's key-value metadata say which network and which data it is from. A file that is not
a recording of this network is not overwritten without --force.`,
		Example: `  neuroprobe record                            all layers, on the confirm images
  neuroprobe record --layers 1-3 --split all   three layers, on every image
  neuroprobe record --layers conv3,5 --maps    with maps, layers by name or number
  neuroprobe record --out run.parquet --json
  neuroprobe record show run.parquet           what a recording holds`,
		SuggestionsMinimumDistance: 2,
		Args:                       noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.what.All = o.split == probe.AllSplits; !o.what.All {
				if o.what.Split, err = datasets.ParseSplit(o.split); err != nil {
					return usagef("--split %q: want train, select, confirm or all", o.split)
				}
			}
			o.what.Version, o.what.Command = version, commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.layers, "layers", "", "which `layers`: 1-3, or 2,4, or names, or a mixture (default all)")
	f.StringVar(&o.split, "split", datasets.Confirm.String(), "record the `images` of: train, select, confirm or all")
	f.BoolVar(&o.what.Maps, "maps", false, "add the activation at every position")
	f.StringVar(&o.out, "out", "", "the `file` to write (default recordings/SPLIT.parquet in the lab)")
	f.BoolVar(&o.force, "force", false, "overwrite whatever the file holds")
	f.BoolVar(&o.json, "json", false, "print what was recorded as JSON")
	mustExist(cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "select", "confirm", "all"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("layers", g.completeLayers))
	mustExist(cmd.MarkFlagFilename("out", "parquet"))
	cmd.AddCommand(newRecordShowCmd(g, runRecordShow))
	return cmd
}

// completeLayers offers the layers of the lab's network.
func (g *globals) completeLayers(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	n, err := lab{g.labDir}.openModel()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for i := 1; i <= n.Depth(); i++ {
		out = append(out, fmt.Sprintf("%d\t%s, %d neurons", i, n.Layer(i).Name, n.Geometry(i).Act[0]))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func runRecord(ctx context.Context, o *recordOptions) error {
	l := lab{o.labDir}
	n, err := l.openModel()
	if err != nil {
		return err
	}
	if o.what.Layers, err = n.ParseLayers(o.layers, false); err != nil {
		return hint(&usageError{err}, "neuroprobe inspect%s lists the layers", l.flag())
	}
	path := o.out
	if path == "" {
		path = filepath.Join(l.recordingsPath(), o.split+".parquet")
	}
	if err := mayOverwrite(path, n, o.force); err != nil {
		return err
	}
	set, err := l.openData(ctx, n, o.streams)
	if err != nil {
		return err
	}
	if o.out == "" {
		if err := os.MkdirAll(l.recordingsPath(), 0o777); err != nil {
			return err
		}
	}
	o.arithmetic() // says why a library is not in use
	o.what.Data = n.Record.DataDigest
	origin, err := o.write(ctx, path, n, set)
	if err != nil {
		return err
	}
	return o.print(path, origin)
}

func (l lab) recordingsPath() string { return filepath.Join(l.dir, "recordings") }

func (o *recordOptions) write(ctx context.Context, path string, n *model.Network, set *datasets.Set) (origin *probe.Origin, err error) {
	bar := newBar(o.streams, "recording "+path)
	defer bar.finish()
	o.what.Progress = bar.set
	err = atomicfile.WriteFunc(path, func(w io.Writer) error {
		origin, err = probe.WriteParquet(ctx, w, n, set, o.what)
		return err
	})
	return origin, err
}

// mayOverwrite protects what is no recording of the network.
func mayOverwrite(path string, n *model.Network, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a file", path)
	case force:
		return nil
	}
	const advice = "--force overwrites it, --out FILE writes elsewhere"
	o, err := probe.ReadOrigin(path)
	if err != nil {
		return hint(fmt.Errorf("not overwritten: %w", err), advice)
	}
	if err := o.CheckModel(n.Digest()); err != nil {
		return hint(fmt.Errorf("not overwritten: %s: %w", path, err), advice)
	}
	return nil
}

// recorded is a recording for programs.
type recorded struct {
	File    string `json:"file"`
	Bytes   int64  `json:"bytes"`
	Columns int    `json:"columns"`
	*probe.Origin
}

func newRecorded(path string, o *probe.Origin) (*recorded, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &recorded{path, info.Size(), len(o.Columns()), o}, nil
}

func (r *recorded) printJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

func (o *recordOptions) print(path string, origin *probe.Origin) error {
	r, err := newRecorded(path, origin)
	if err != nil {
		return err
	}
	if o.json {
		return r.printJSON(o.Out)
	}
	var names []string
	for _, l := range r.Layers {
		names = append(names, l.Name)
	}
	t := reports.Table{
		Columns: []reports.Column{{Name: "split"}, {Name: "images", Right: true}, {Name: "columns", Right: true}, {Name: "size", Right: true}, {Name: "layers"}},
		Rows:    [][]string{{r.Split, reports.Count(r.Images), reports.Count(r.Columns), megabytes(r.Bytes), strings.Join(names, ", ")}},
	}
	_, err = fmt.Fprintf(o.Out, "%srecording: %s\n%s", t.Text(), path, r.reading())
	return err
}

// reading says how to read the file elsewhere.
func (r *recorded) reading() string {
	columns := r.Origin.Columns()
	column := columns[len(columns)-1] // the last unit's: one number an image, maps or not
	for i := len(columns) - 1; strings.HasSuffix(column, ".map"); i-- {
		column = columns[i-1]
	}
	return fmt.Sprintf("pandas: pandas.read_parquet(%q).groupby(\"class\")[%q].mean()\nDuckDB: SELECT class, avg(%q) FROM '%s' GROUP BY class\n",
		r.File, column, column, strings.ReplaceAll(r.File, "'", "''"))
}

func megabytes(bytes int64) string {
	if bytes < 100_000 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
