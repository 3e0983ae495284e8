package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type compareOptions struct {
	*circuitOptions
	sides   [2]string
	compare circuit.CompareOptions
	method  string
}

func newCircuitCompareCmd(g *globals, runF func(context.Context, *compareOptions) error) *cobra.Command {
	o := &compareOptions{circuitOptions: newCircuitOptions(g), compare: circuit.CompareOptions{Edges: circuit.DefaultCompareEdges, Random: circuit.DefaultRandom}}
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "See what two circuits have in common: of two classes, features, specimens or labs",
		Long: `Find the circuits of A and B in the same way and of the same size, and count the neurons and
edges that are in both, beside what chance would give. Each of A and B is

  a class or a feature    in this lab's network: dog, whiskers, class:dog, feature:whiskers
  specimen:K              the K-th network of a lab raised with train --specimens; 1 is its model
  lab:DIR                 the network of another lab, of the same make and raised on the same data

Specimens and labs are compared by --target. Neurons of two networks are matched by what they do
on the select images; those without a match are counted and left out. Edges are scored by corrupting
each alone, unless --method says otherwise: what a search makes of one network by accident would pass
for a difference.

  overlap      of neurons by layer and of edges from layer to layer, with what is expected if they
               were drawn at random, and if only the edges among each circuit's neurons were
  scores       rank correlation of all edges' scores, and whether shared edges push the same way
  faithfulness each circuit alone on the other's task`,
		Example: `  neuroprobe circuit compare cat dog                       two classes
  neuroprobe circuit compare whiskers pointed-ears         two features
  neuroprobe circuit compare dog whiskers --edges 200      larger circuits
  neuroprobe circuit compare specimen:1 specimen:2         two networks raised alike, target dog
  neuroprobe circuit compare specimen:1 specimen:3 --target whiskers
  neuroprobe circuit compare dog lab:../other              with another lab's network`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return hint(usagef("%d arguments: want the two to compare", len(args)), "like neuroprobe circuit compare cat dog")
			}
			copy(o.sides[:], args)
			switch {
			case o.compare.Edges < 1:
				return usagef("--edges %d: want 1 or more", o.compare.Edges)
			case o.compare.Random < 0 || o.compare.Random > 10_000:
				return usagef("--random %d: want 0 (none) to 10000", o.compare.Random)
			case o.target != "" && !isNetwork(args[0]) && !isNetwork(args[1]):
				return usagef("--target goes with specimens and labs; %s and %s are targets themselves", args[0], args[1])
			}
			var err error
			if o.compare.Method, err = circuit.ParseMethod(o.method); err != nil {
				return &usageError{err}
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			if o.compare.Random == 0 {
				o.compare.Random = -1 // 0 means the default there
			}
			o.command += " " + quote(args[0]) + " " + quote(args[1])
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	f := cmd.Flags()
	f.Lookup("target").Usage = "the `class` or feature by which specimens and labs are compared (default dog, where there is none the last class)"
	f.StringVar(&o.method, "method", "exact", "score edges by: `exact`, "+strings.Join(slices.DeleteFunc(slices.Clone(circuit.MethodNames), func(m string) bool { return m == "exact" }), ", "))
	f.IntVar(&o.compare.Edges, "edges", o.compare.Edges, "size of both circuits, in `edges`")
	f.IntVar(&o.compare.Random, "random", o.compare.Random, "random `circuits` that faithfulness is compared with")
	mustExist(cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions(circuit.MethodNames, cobra.ShellCompDirectiveNoFileComp)))
	cmd.ValidArgsFunction = o.completeTargets
	return cmd
}

// isNetwork tells a specimen or a lab from a target.
func isNetwork(word string) bool {
	return strings.HasPrefix(word, "specimen:") || strings.HasPrefix(word, "lab:")
}

// comparedNetwork is where a side's circuit is found.
type comparedNetwork struct {
	network *model.Network
	file    string // for provenance
}

// find loads the network of a side.
func (o *compareOptions) find(e *experiment, word string) (comparedNetwork, error) {
	if dir, ok := strings.CutPrefix(word, "lab:"); ok {
		other := lab{dir}
		n, err := other.openModel()
		return comparedNetwork{n, filepath.ToSlash(other.modelPath())}, err
	}
	number, ok := strings.CutPrefix(word, "specimen:")
	if !ok {
		return comparedNetwork{e.network, filepath.Base(e.lab.modelPath())}, nil
	}
	k, err := strconv.Atoi(number)
	if err != nil || k < 1 {
		return comparedNetwork{}, usagef("%q: want specimen:1, specimen:2, …", word)
	}
	path := e.lab.specimenPath(k)
	n, err := model.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return comparedNetwork{}, hint(usagef("no specimen %d in the lab %q", k, e.lab.dir), "raise several with: neuroprobe train --specimens 5 --lab five")
	}
	file, rel := filepath.Rel(e.lab.dir, path)
	if rel != nil {
		file = filepath.Base(path)
	}
	return comparedNetwork{n, filepath.ToSlash(file)}, err
}

// targets are what each side's circuit is for. A network beside a target is asked for the same.
func (o *compareOptions) targets(set *datasets.Set) ([2]string, error) {
	shared := o.target
	for _, word := range o.sides {
		if shared == "" && !isNetwork(word) {
			shared = word
		}
	}
	if shared == "" {
		shared = defaultTarget(set.Classes)
	}
	targets := o.sides
	for k, word := range o.sides {
		if isNetwork(word) {
			targets[k] = shared
		}
		if _, err := circuit.ParseTarget(targets[k], set); err != nil {
			return targets, hint(&usageError{err}, "A and B are classes, features, specimen:K or lab:DIR")
		}
	}
	return targets, nil
}

// sideNames are how the report calls the two.
func sideNames(words, targets [2]string) [2]string {
	networks := isNetwork(words[0]) || isNetwork(words[1])
	var names [2]string
	for k, word := range words {
		kind, rest, qualified := strings.Cut(word, ":")
		switch {
		case kind == "specimen":
			names[k] = "specimen " + rest
		case kind == "lab":
			names[k] = "lab " + rest
		case networks:
			names[k] = "this lab"
		case qualified:
			names[k] = rest
		default:
			names[k] = word
		}
	}
	if networks && targets[0] != targets[1] {
		for k := range names {
			names[k] = strings.TrimPrefix(strings.TrimPrefix(targets[k], "class:"), "feature:") + " in " + names[k]
		}
	}
	if names[0] == names[1] {
		names[0], names[1] = names[0]+" (A)", names[1]+" (B)"
	}
	return names
}

func runCircuitCompare(ctx context.Context, o *compareOptions) error {
	labels := !o.noLabels
	o.noLabels = true // each side's are found below
	target := o.target
	o.target = ""
	e, c, err := o.open(ctx, func(*model.Network) error { return nil })
	if err != nil {
		return err
	}
	o.target = target
	targets, err := o.targets(e.set)
	if err != nil {
		return err
	}
	var sides [2]circuit.Side
	var found [2]comparedNetwork
	for k, word := range o.sides {
		if found[k], err = o.find(e, word); err != nil {
			return err
		}
		sides[k] = circuit.Side{Network: found[k].network, Target: targets[k], Name: sideNames(o.sides, targets)[k]}
	}
	for k := range sides { // with this lab's, whose data are used
		if err := circuit.Incomparable(e.network, sides[k].Network); err != nil {
			return hint(fmt.Errorf("%s: %w", o.sides[k], err), "raise several on the same data with: neuroprobe train --specimens 5 --lab five")
		}
	}
	if labels {
		known := map[string]map[model.Address]probe.Label{}
		for k := range sides {
			digest := sides[k].Network.Digest()
			if known[digest] == nil {
				other := *e
				other.network = sides[k].Network
				if known[digest], err = neuronLabels(ctx, &other); err != nil {
					return e.failed(err)
				}
			}
			sides[k].Labels = known[digest]
		}
	}
	o.compare.Options = c
	result, err := circuit.Compare(ctx, e.set, sides[0], sides[1], o.compare)
	if errors.Is(err, circuit.ErrEmpty) {
		err = hint(err, "a higher --edges lets more in")
	}
	if err != nil {
		return e.failed(err)
	}
	source := e.source()
	source.Network, source.ModelPath = found[0].network, found[0].file
	return e.publish(reports.CircuitCompare(reports.CircuitCompareReport{Result: result, Source: source, Other: found[1].file}))
}
