package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// small is a network of 14 hidden neurons on small faces, to be toured in a moment.
func small(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	spec := `{"name": "small", "input": [3, 16, 16], "layers": [
		{"name": "look", "kind": "conv2d", "units": 6, "kernel": 5, "stride": 2, "activation": "relu", "pool": {"kind": "max", "size": 2}},
		{"name": "mix", "kind": "dense", "units": 8, "activation": "relu"},
		{"name": "say", "kind": "dense", "units": 2, "activation": "none"}]}`
	if err := os.WriteFile("small.json", []byte(spec), 0o666); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "train", "--spec", "small.json", "--size", "16", "--train-images", "400", "--select-images", "60", "--confirm-images", "60", "--epochs", "4")
}

// TestInterruptedTourResumesToTheSameNotebook: stopped between and within steps, it goes on where it was, and
// ends with the notebook of a tour without a break.
func TestInterruptedTourResumesToTheSameNotebook(t *testing.T) {
	if testing.Short() {
		t.Skip("two tours")
	}
	small(t)
	out := mustRun(t, "tour")
	whole := contents(t, "lab")
	var pages []string
	for path := range whole {
		if filepath.Ext(path) == ".md" && path != "README.md" {
			pages = append(pages, filepath.Base(path))
		}
	}
	slices.Sort(pages)
	if len(pages) != 1+len(stops) || pages[0] != "0001-train.md" || pages[1] != "0002-probe.md" || pages[2] != "0003-ablate-sweep.md" ||
		!strings.HasPrefix(pages[3], "0004-probe-") || pages[4] == strings.Replace(pages[3], "0004", "0005", 1) {
		t.Errorf("the notebook has %q", pages)
	}
	if !strings.HasPrefix(out, "Atlas of the network's neurons\n  ") || !strings.HasSuffix(out, "\nnotebook: "+filepath.Join("lab", "README.md")+"\n") {
		t.Errorf("the tour prints\n%s", out)
	}

	small(t)
	for _, at := range []string{"recording", "statistics of mean", "step 4 of"} {
		code, out, messages := interrupted(t, at, true, "tour", "--resume")
		if code != exitInterrupted || out != "" || !strings.HasSuffix(messages, "hint: go on with: neuroprobe tour --resume\n") || !strings.Contains(messages, "neuroprobe: interrupted") {
			t.Errorf("at %q: exit code %d with the product %q and %q", at, code, out, messages)
		}
	}
	if again := mustRun(t, "tour", "--resume"); again != out {
		t.Errorf("the resumed tour prints\n%swant\n%s", again, out)
	}
	sameContents(t, contents(t, "lab"), whole)
	code, _, messages := neuroprobe(t.Context(), "tour", "--resume")
	if code != exitDone || strings.Count(messages, ": done before, 00") != len(stops) {
		t.Errorf("nothing left to do: exit code %d, %s", code, messages)
	}
	sameContents(t, contents(t, "lab"), whole)
}

// TestTourRaisesANetworkFirst, with the command and hints of the tour.
func TestTourRaisesANetworkFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, messages := interrupted(t, "training cnn", false, "tour", "--lab", "sample")
	if code != exitInterrupted || !strings.HasPrefix(messages, "before the tour: neuroprobe train --lab sample\n") || !strings.HasSuffix(messages, "hint: go on with: neuroprobe tour --lab sample --resume\n") {
		t.Errorf("exit code %d: %s", code, messages)
	}
	if left := entries(t, "sample"); !slices.Equal(left, []string{"checkpoint.safetensors", "reports"}) {
		t.Errorf("the lab holds %q", left)
	}
	if code, _, messages := neuroprobe(t.Context(), "tour", "--lab", "sample"); code != exitFailed || !strings.Contains(messages, "checkpoint of an interrupted run") {
		t.Errorf("without --resume: exit code %d: %s", code, messages)
	}
}
