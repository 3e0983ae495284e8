package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// TestSweepSpecimens: the sweep over a layer of three networks files its entry; interrupted in the third
// network it goes on from there and comes to the same.
func TestSweepSpecimens(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, slices.Concat([]string{"train", "--specimens", "3"}, tiny)...)
	first := func(*model.Network) ([]int, error) { return []int{1}, nil }
	sweep := func(ctx context.Context, resume bool, s streams, kinds ...ablate.Kind) error {
		o := newExperimentOptions(&globals{streams: s, labDir: "lab"}, "zero")
		o.kinds, o.resume, o.command = kinds, resume, "neuroprobe ablate sweep --layers 1 --specimens"
		o.ablate.Permutations = 99
		return runSweepSpecimens(ctx, o, first)
	}
	var whole, resumed bytes.Buffer
	if err := sweep(t.Context(), false, streams{Out: &whole, Err: &bytes.Buffer{}}, ablate.Zero); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in 3 networks", "01 (reference)", "What holds in all networks", "0002-ablate-sweep-specimens.md"} {
		if !strings.Contains(whole.String(), want) {
			t.Errorf("no %q in\n%s", want, &whole)
		}
	}

	// The homologues in two networks and the sweeps of two are kept.
	err := sweep(untilParts{t.Context(), 4}, false, streams{Out: &resumed, Err: &bytes.Buffer{}}, ablate.Zero)
	if !errors.Is(err, context.Canceled) || resumed.Len() > 0 || kept() != 4 {
		t.Fatalf("interrupted: %v, with %d parts and the product %q", err, kept(), &resumed)
	}
	if err := sweep(t.Context(), true, streams{Out: &resumed, Err: &bytes.Buffer{}}, ablate.Zero); err != nil {
		t.Fatal(err)
	}
	if got := strings.Replace(resumed.String(), "0003-", "0002-", 1); got != whole.String() {
		t.Errorf("resumed:\n%s\nwant\n%s", got, &whole)
	}
	if _, err := os.Stat("lab/.parts"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("parts are left: %v", err)
	}

	if err := sweep(t.Context(), false, streams{Out: &whole, Err: &whole}, ablate.Zero, ablate.Mean); err == nil || !strings.Contains(err.Error(), "one --kind") {
		t.Errorf("two kinds: %v", err)
	}
}

// untilParts is a context that ends when so many parts are kept.
type untilParts struct {
	context.Context
	parts int
}

func (c untilParts) Err() error {
	if kept() >= c.parts {
		return context.Canceled
	}
	return c.Context.Err()
}

// kept is how many parts the lab keeps.
func kept() int {
	files, _ := filepath.Glob("lab/.parts/*/*.gob") // the pattern is right
	return len(files)
}

// TestPairSpecimens: epistasis of a pair of neurons in two networks.
func TestPairSpecimens(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, slices.Concat([]string{"train", "--specimens", "2"}, tiny)...)
	var out bytes.Buffer
	pair := func(neurons string) error {
		o := newExperimentOptions(&globals{streams: streams{Out: &out, Err: &bytes.Buffer{}}, labDir: "lab"}, "zero")
		o.kinds, o.command = []ablate.Kind{ablate.Zero, ablate.Mean}, "neuroprobe ablate pairs --neurons "+neurons+" --specimens"
		o.ablate.Resamples, o.ablate.Permutations = 100, 99
		return runPairSpecimens(t.Context(), o, neurons)
	}
	if err := pair("3:0,3:1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Neurons 3:0 and 3:1 and their homologues", "The epistasis in logit-diff under zero ablation", "The epistasis in logit-diff under mean ablation"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	for _, wrong := range []string{"3:0", "3:0,3:1,3:2", "3:0-5"} {
		if err := pair(wrong); err == nil || !strings.Contains(err.Error(), "two neurons") {
			t.Errorf("--neurons %s: %v", wrong, err)
		}
	}
}
