package main

import (
	"fmt"
	"runtime/debug"

	"neuroprobe/model/kernel"

	"github.com/spf13/cobra"
)

func newVersionCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version and what multiplies matrices",
		Example: "  neuroprobe version\n  neuroprobe version --blas go",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(g.Out, "neuroprobe %s\n%sarithmetic: %s, %d workers\n", version, build(), g.arithmetic(), kernel.Workers())
			if panels := kernel.Panels(); err == nil && panels != "" {
				_, err = fmt.Fprintf(g.Out, "sweeps: %s\n", panels)
			}
			return err
		},
	}
}

// build says what the program was built with and from, as far as it is known.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	text := "built with " + info.GoVersion
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			text += fmt.Sprintf(" from %.12s", s.Value)
		}
	}
	return text + "\n"
}
