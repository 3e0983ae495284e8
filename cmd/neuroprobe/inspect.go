package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type inspectOptions struct {
	*globals
	path string // of a model file; empty for the lab's
	json bool
}

func newInspectCmd(g *globals, runF func(*inspectOptions) error) *cobra.Command {
	o := &inspectOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "inspect [MODEL.safetensors]",
		Short: "Print a network's layers",
		Long: `Print the layers of the lab's network, or of a model file: number, name, kind, shape,
neurons, synapses of one neuron, synapses in all, parameters. With --json, print the spec,
which train --spec reads.`,
		Example: `  neuroprobe inspect
  neuroprobe inspect --json > spec.json
  neuroprobe inspect lab/specimens/02.safetensors`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("inspect takes one model file, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.path = args[0]
			}
			return runF(o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print the spec as JSON")
	return cmd
}

func runInspect(o *inspectOptions) error {
	n, err := o.network()
	if err != nil {
		return err
	}
	if o.json {
		text, err := json.MarshalIndent(n.Spec, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.Out, "%s\n", text)
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s, %s, trained on %s (digest %.12s)\n%s", n.Spec.Name, classNames(n.Classes), n.Record.Data, n.Digest(), reports.LayerTable(n).Text())
	return err
}

// network is the model file named, or the lab's.
func (o *inspectOptions) network() (*model.Network, error) {
	if o.path == "" {
		return lab{o.labDir}.openModel()
	}
	n, err := model.Load(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint(err, "neuroprobe train writes model.safetensors into the lab")
	}
	return n, err
}

func classNames(classes []string) string {
	if len(classes) == 2 {
		return classes[0] + " or " + classes[1]
	}
	return fmt.Sprintf("%d classes", len(classes))
}
