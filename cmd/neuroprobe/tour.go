package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type tourOptions struct {
	*globals
	resume  bool
	command string
	shared  []string // --lab and --blas, as they were given
}

func newTourCmd(g *globals, runF func(context.Context, *tourOptions) error) *cobra.Command {
	o := &tourOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "tour",
		Short: "Make a complete notebook: every experiment once, on the neurons that matter",
		Long: `Run the experiments one after another, each as its own command would, and write a complete
notebook: raise a network if the lab has none, find out what its neurons respond to and which it
needs, and look closely at two of them: the best detector and the most important neuron. Which
those are is taken from the entries before, where it was chosen on the select images.

Every step is an entry of its own, with the command that repeats it. Ctrl-C stops within a step;
--resume skips the steps that have their entry for this network, and goes on.`,
		Example: `  neuroprobe tour                        a notebook in ./lab, in a few minutes
  neuroprobe tour --lab sample           in another folder
  neuroprobe train --data folder:photos --lab photos-lab
  neuroprobe tour --lab photos-lab       of a network that is there already
  neuroprobe tour --resume               go on after Ctrl-C`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.command = commandLine(cmd)
			for _, name := range []string{"lab", "blas"} {
				if f := cmd.Flag(name); f.Changed {
					o.shared = append(o.shared, "--"+name, f.Value.String())
				}
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.resume, "resume", false, "skip the steps that have their entry already")
	return cmd
}

// stop is a step of the tour: a command line without what is common to all, made when its turn comes.
type stop struct {
	about string
	args  func(t *tour) ([]string, error)
	edges bool // it asks for edges, which not every network has
}

// stops are the tour. Words in a line that begin with a % are the choices of the tour; see choice.
var stops = []stop{
	{about: "what its neurons respond to", args: line("probe")},
	{about: "which neurons it needs", args: line("ablate sweep")},
	{about: "the best detector", args: line("probe --neuron %detector")},
	{about: "the most important neuron", args: line("probe --neuron %important")},
	{about: "operations on the most important neuron", args: line("ablate --neuron %important")},
	{about: "which neurons stand in for each other", args: line("ablate pairs")},
	{about: "two neurons that matter for different classes", args: line("ablate dissociate --search --outcomes %classes")},
	{about: "the wiring behind an answer", args: line("circuit --target %last"), edges: true},
	{about: "the strongest chains", args: line("circuit chains --target %last"), edges: true},
	{about: "what happens on one image", args: line("circuit image --index 0"), edges: true},
	{about: "neurons and synapses counted", args: line("census")},
	{about: "what it does without input", args: line("state rest")},
	{about: "whether it tires", args: line("state tired")},
	{about: "whether what was seen distorts what is seen next", args: line("state primed")},
	{about: "what becomes of it out of step", args: line("state async")},
}

// line is a stop's command line.
func line(text string) func(*tour) ([]string, error) {
	return func(t *tour) (args []string, err error) {
		for word := range strings.FieldsSeq(text) {
			if choice, ok := strings.CutPrefix(word, "%"); ok {
				if word, err = t.choice(choice); err != nil {
					return nil, err
				}
			}
			args = append(args, word)
		}
		return args, nil
	}
}

// tour is one on its way.
type tour struct {
	*tourOptions
	lab      lab
	notebook *reports.Notebook
	network  *model.Network
	made     []reports.Filed // the entries of this tour
}

func runTour(ctx context.Context, o *tourOptions) error {
	t := &tour{tourOptions: o, lab: lab{o.labDir}}
	started := time.Now()
	if err := t.lab.claim(); err != nil {
		return err
	}
	var err error
	if t.notebook, err = reports.Open(t.lab.dir); err != nil {
		return err
	}
	if err := t.raise(ctx); err != nil {
		return err
	}
	way := t.way()
	for k, s := range way {
		if err := t.visit(ctx, fmt.Sprintf("step %d of %d, %s", k+1, len(way), s.about), s); err != nil {
			return err
		}
	}
	fmt.Fprintf(o.Err, "%d steps in %s\n", len(way), reports.Duration(time.Since(started).Seconds()))
	for _, e := range t.made {
		fmt.Fprintf(o.Out, "%s\n  %s\n", e.Title, e.Answer)
	}
	_, err = fmt.Fprintf(o.Out, "\nnotebook: %s\n", filepath.Join(t.lab.dir, "README.md"))
	return err
}

// way are the stops that the network has something to show at.
func (t *tour) way() (way []stop) {
	for _, s := range stops {
		if !s.edges || t.network.CheckEdges() == nil {
			way = append(way, s)
		}
	}
	return way
}

// raise trains a network if there is none.
func (t *tour) raise(ctx context.Context) (err error) {
	args := []string{"train"}
	if exists(t.lab.checkpointPath()) && t.resume {
		args = append(args, "--resume")
	}
	if !exists(t.lab.modelPath()) || len(args) > 1 {
		command, err := t.commandOf(args)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "before the tour: %s\n", command)
		if err := t.run(ctx, args); err != nil {
			return err
		}
	}
	t.network, err = t.lab.openModel()
	return err
}

// visit makes one step, unless it is to be skipped.
func (t *tour) visit(ctx context.Context, what string, s stop) error {
	args, err := s.args(t)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	command, err := t.commandOf(args)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if t.resume {
		if e, err := t.filed(command); err != nil || e != nil {
			if e != nil {
				fmt.Fprintf(t.Err, "%s: done before, %s\n", what, e.Name)
				t.made = append(t.made, *e)
			}
			return err
		}
		if partsOf(t.lab, command, t.network.Digest(), version).kept() {
			args = append(args, "--resume")
		}
	}
	fmt.Fprintf(t.Err, "%s: %s\n", what, command)
	if err := t.run(ctx, args); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	e, err := t.filed(command)
	if err != nil {
		return err
	}
	if e == nil {
		return fmt.Errorf("%s: the notebook has no entry of %s", what, command)
	}
	t.made = append(t.made, *e)
	return nil
}

// run executes a command line as if it had been typed, but for what it prints.
func (t *tour) run(ctx context.Context, args []string) error {
	s := t.streams
	s.Out = io.Discard
	root := newRootCmd(s)
	root.SetArgs(append(args, t.shared...))
	err := root.ExecuteContext(ctx)
	if errors.Is(err, context.Canceled) {
		return hint(err, "go on with: %s --resume", t.command)
	}
	return err
}

// commandOf is the command line as the step's entry has it.
func (t *tour) commandOf(args []string) (string, error) {
	cmd, rest, err := newRootCmd(t.streams).Find(append(args[:len(args):len(args)], t.shared...))
	if err != nil {
		return "", err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return "", err
	}
	return commandLine(cmd), nil
}

// filed is the newest entry of a command on the lab's network; nil for none.
func (t *tour) filed(command string) (*reports.Filed, error) {
	entries, err := t.notebook.Entries()
	if err != nil {
		return nil, err
	}
	for k := len(entries) - 1; k >= 0; k-- {
		if e := &entries[k]; e.Command == command && e.Model == t.network.Digest() {
			return e, nil
		}
	}
	return nil, nil
}
