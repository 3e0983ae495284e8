package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type labsOptions struct {
	*experimentOptions
	sides   [2]string // folders
	images  int
	noSeeds bool
	file    lab // where the entry goes
}

func newCompareCmd(g *globals, runF func(context.Context, *labsOptions) error) *cobra.Command {
	o := &labsOptions{experimentOptions: newExperimentOptions(g, ""), images: ablate.DefaultCompareImages}
	cmd := &cobra.Command{
		Use:   "compare LAB_A LAB_B",
		Short: "Put two networks under the same battery: two rules of learning, seeds, data sets, wirings",
		Long: `Measure the networks of two labs in the same way, each on the data of its own lab, and say what
differs and by how much:

  answers        accuracy, balanced accuracy, cross-entropy
  selectivity    each hidden neuron's AUROC for the class it tells best, class-selectivity index
  sparsity       lifetime and population sparseness, dead neurons
  importance     how many neurons matter when silenced alone, and how unevenly
  lesions        accuracy while more and more neurons are silenced, by importance and at random
  decodability   what a linear probe reads from each layer
  similarity     linear CKA of every layer of A with every layer of B, on the same images

Differences are B − A with bootstrap intervals over images, paired where both labs have the same
data. Untrained networks of the same wiring stand beside both. Where a lab holds several networks
(train --specimens), these are measured too: what seeds alone make differ is the yardstick.

The entry goes into the notebook of --lab if that is given, else into that of LAB_A.`,
		Example: `  neuroprobe train --preset mlp --lab dense    another wiring on the same images …
  neuroprobe compare lab dense                 … and what it changes
  neuroprobe train --seed 2 --lab two          another seed, which draws other images too …
  neuroprobe compare lab two                   … each measured on its own
  neuroprobe train --specimens 3 --lab three   three networks that differ in their seeds alone …
  neuroprobe compare three dense               … as the yardstick
  neuroprobe compare lab lab                   a control: every difference is 0
  neuroprobe compare lab dense --lab notes     with the entry in a third notebook
  neuroprobe compare lab dense --images 300 --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return hint(usagef("%d arguments: want two labs", len(args)), "like neuroprobe compare lab other")
			}
			copy(o.sides[:], args)
			if o.images < 50 || o.images > 10_000 {
				return usagef("--images %d: want 50 to 10000", o.images)
			}
			if err := o.parse(cmd); err != nil {
				return err
			}
			o.file = lab{args[0]}
			if cmd.Flag("lab").Changed {
				o.file.dir = o.labDir
			}
			o.command += " " + quote(args[0]) + " " + quote(args[1])
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over", "specimens")
	f := cmd.Flags()
	f.IntVar(&o.images, "images", o.images, "use so many `images` of select and of the measured split at most; answers are judged on all")
	f.BoolVar(&o.noSeeds, "no-seeds", false, "leave out the other networks of labs raised with train --specimens")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return cmd
}

// openSide loads a lab's network, the others of its kind, and its data, unless the data are those
// that known has.
func (o *labsOptions) openSide(ctx context.Context, dir, name string, known *ablate.CompareSide) (ablate.CompareSide, error) {
	l := lab{dir}
	s := ablate.CompareSide{Name: name}
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return s, hint(fmt.Errorf("there is no lab %q", dir), "raise a network in it with: neuroprobe train --lab %s", quote(dir))
	case err != nil:
		return s, err
	case !info.IsDir():
		return s, hint(fmt.Errorf("%q is no lab: want a folder", dir), "like neuroprobe compare lab other")
	}
	var err error
	if s.Network, err = l.openModel(); err != nil {
		return s, err
	}
	if known != nil && known.Network.Record.DataDigest == s.Network.Record.DataDigest {
		s.Set = known.Set
	} else if s.Set, err = l.openData(ctx, s.Network, o.streams); err != nil {
		return s, err
	}
	if o.noSeeds || !exists(l.specimensPath()) {
		return s, nil
	}
	all, err := l.openSpecimens(s.Network)
	if err != nil {
		return s, err
	}
	seen := map[string]bool{s.Network.Digest(): true}
	for _, n := range all.networks[1:] {
		if digest := n.Digest(); !seen[digest] {
			seen[digest] = true
			s.Others = append(s.Others, n)
		}
	}
	return s, nil
}

// labNames are how the report calls two labs.
func labNames(dirs [2]string) [2]string {
	names := [2]string{filepath.ToSlash(filepath.Clean(dirs[0])), filepath.ToSlash(filepath.Clean(dirs[1]))}
	if a, b := filepath.Base(names[0]), filepath.Base(names[1]); a != b {
		return [2]string{a, b}
	}
	if base := filepath.Base(names[0]); names[0] == names[1] {
		return [2]string{base + " (A)", base + " (B)"}
	}
	return names
}

func runCompare(ctx context.Context, o *labsOptions) error {
	e := &experiment{experimentOptions: o.experimentOptions, lab: o.file, started: time.Now()}
	var sides [2]ablate.CompareSide
	names := labNames(o.sides)
	for k, dir := range o.sides {
		var known *ablate.CompareSide
		if k == 1 {
			known = &sides[0]
		}
		var err error
		if sides[k], err = o.openSide(ctx, dir, names[k], known); err != nil {
			return err
		}
	}
	if err := e.lab.claim(); err != nil {
		return err
	}
	e.network, e.set = sides[0].Network, sides[0].Set
	belongs := []string{o.command, version}
	for _, s := range sides {
		for _, n := range append([]*model.Network{s.Network}, s.Others...) {
			belongs = append(belongs, n.Digest())
		}
	}
	var err error
	if e.parts, err = openParts(e.lab, o.resume, belongs...); err != nil {
		return err
	}
	e.bar = newBar(o.streams, "")
	o.ablate.Progress, o.ablate.Parts = e.bar.stage, e.parts
	result, err := ablate.Compare(ctx, sides[0], sides[1], ablate.CompareOptions{Options: o.ablate, Images: o.images})
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Compare(reports.CompareReport{Result: result, Sets: [2]*datasets.Set{sides[0].Set, sides[1].Set}, Source: e.source()}))
}
