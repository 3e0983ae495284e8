package main

import (
	"fmt"
	"os"

	"neuroprobe/model/kernel"

	"github.com/spf13/cobra"
)

// version is the tool's, for reports and model files.
const version = "0.1.0"

// globals are the flags every command has.
type globals struct {
	streams
	labDir string
	blas   string
	warned bool // that the system BLAS is not in use
}

func newRootCmd(s streams) *cobra.Command {
	g := &globals{streams: s}
	root := &cobra.Command{
		Use:   "neuroprobe",
		Short: "Find out what the neurons of a small vision network do",
		Long: `neuroprobe raises a small image classifier (train), finds out what its neurons respond to
(probe), knocks them out one at a time (ablate), traces the wiring behind an answer (circuit), and
writes every experiment into a lab notebook: Markdown with tables and pictures, and the same as
JSON.`,
		Example: `  neuroprobe train                          raise a network on built-in cat and dog faces
  neuroprobe probe                          which neuron fires for what
  neuroprobe ablate --neuron 3:17           silence channel 17 of the third layer
  neuroprobe ablate sweep                   lesion every neuron, and rank them
  neuroprobe circuit                        the wiring by which it says dog
  neuroprobe state tired                    what fatigue would do to it
  neuroprobe compare LAB_A LAB_B            two networks under the same battery
  neuroprobe record                         activations as Parquet
  neuroprobe inspect                        print the network's layers
  neuroprobe train --data folder:photos --lab photos-lab`,
		Version:                    version,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		Args:                       noArguments,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE:          func(*cobra.Command, []string) error { return g.check() },
	}
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetVersionTemplate("neuroprobe {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.StringVar(&g.labDir, "lab", defaultLab(), "the working `folder`: network, notebook and recordings (environment: NEUROPROBE_LAB)")
	f.StringVar(&g.blas, "blas", "auto", "matrix products by: auto (a system BLAS if there is one), go, or the `path` of a BLAS library")
	mustExist(root.MarkPersistentFlagDirname("lab"))
	mustExist(root.RegisterFlagCompletionFunc("blas", cobra.FixedCompletions([]string{"auto", "go"}, cobra.ShellCompDirectiveDefault)))
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelpCmd())
	root.AddCommand(newTrainCmd(g, runTrain), newProbeCmd(g, runProbe), newRecordCmd(g, runRecord), newAblateCmd(g, runAblate), newCircuitCmd(g, runCircuit), newStateCmd(g), newCensusCmd(g, runCensus), newCompareCmd(g, runCompare),
		newInspectCmd(g, runInspect), newDatasetsCmd(g), newSelftestCmd(g, runSelftest), newTourCmd(g, runTour), newVersionCmd(g), newCompletionCmd(g))
	return root
}

// mustExist panics if a flag does not exist: a mistake of ours, seen at the first start.
func mustExist(err error) {
	if err != nil {
		panic(err)
	}
}

func defaultLab() string {
	if dir := os.Getenv("NEUROPROBE_LAB"); dir != "" {
		return dir
	}
	return "lab"
}

// check verifies the flags that every command has, and loads what --blas names. "auto" is left
// for the first product: listing data or printing help should not load a library.
func (g *globals) check() error {
	switch {
	case g.labDir == "":
		return usagef("--lab is empty: want a folder")
	case g.blas == "":
		return usagef("--blas is empty: want auto, go, or the path of a BLAS library")
	case g.blas == "auto":
		return nil
	}
	if err := kernel.Use(g.blas); err != nil {
		return hint(err, "--blas auto or --blas go always works")
	}
	return nil
}

// arithmetic names the back end, after saying once why a library that was found is not in use.
func (g *globals) arithmetic() string {
	name := kernel.Arithmetic()
	if err := kernel.Problem(); err != nil && !g.warned {
		g.warned = true
		fmt.Fprintf(g.Err, "neuroprobe: system BLAS not used: %v\n", err)
	}
	return name
}

// noArguments refuses arguments. Those of a command that only holds others are taken for a
// misspelled one.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	what := "unexpected argument"
	if cmd.HasSubCommands() {
		what = "unknown command"
	}
	err := usagef("%s %q", what, args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return hint(err, "did you mean: %s %s", cmd.CommandPath(), near[0])
	}
	return hint(err, "see %s --help", cmd.CommandPath())
}
