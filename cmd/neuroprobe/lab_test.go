package main

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// neuroprobe runs one command line in the current folder and returns its exit code, product and
// messages.
func neuroprobe(ctx context.Context, args ...string) (code int, out, messages string) {
	var stdout, stderr bytes.Buffer
	code = run(ctx, args, streams{Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// mustRun is neuroprobe for commands that have to succeed.
func mustRun(t *testing.T, args ...string) (out string) {
	t.Helper()
	code, out, messages := neuroprobe(t.Context(), args...)
	if code != exitDone {
		t.Fatalf("neuroprobe %s: exit code %d\n%s", strings.Join(args, " "), code, messages)
	}
	return out
}

// headerTimes are what may differ between two runs of the same command: the times and the host
// in the header of an entry.
var headerTimes = regexp.MustCompile(`(?m)^\*Entry \d+ · .*\*$|^  "(created|host|seconds)": .*$`)

// contents are all files below a folder by their path, without what may differ between two runs.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = headerTimes.ReplaceAllString(string(data), "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sameContents compares two folders file by file.
func sameContents(t *testing.T, got, want map[string]string) {
	t.Helper()
	names := func(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
	if !slices.Equal(names(got), names(want)) {
		t.Errorf("the folder holds %q, want %q", names(got), names(want))
	}
	for path, data := range want {
		if got[path] != data {
			t.Errorf("%s differs", path)
		}
	}
}

// short makes a training of a few steps.
var short = []string{"train", "--train-images", "64", "--select-images", "20", "--confirm-images", "40", "--epochs", "3", "--batch", "16"}

func TestSameSeedSameBytes(t *testing.T) {
	var labs [2]map[string]string
	for k := range labs {
		t.Chdir(t.TempDir())
		mustRun(t, append(short, "--seed", "3")...)
		mustRun(t, "ablate", "--neuron", "3:17")
		labs[k] = contents(t, "lab")
	}
	if n := len(labs[0]); n < 10 || !headerTimes.MatchString(`*Entry 0001 · now*`) {
		t.Fatalf("%d files in the lab", n)
	}
	sameContents(t, labs[1], labs[0])

	mustRun(t, append(short, "--seed", "4", "--lab", "other")...)
	if other := contents(t, "other"); other["model.safetensors"] == labs[0]["model.safetensors"] {
		t.Error("another seed gives the same network")
	}
}

// trigger is a writer that calls do once, when it has seen the text.
type trigger struct {
	seen bytes.Buffer
	text string
	do   func()
}

func (w *trigger) Write(p []byte) (int, error) {
	w.seen.Write(p)
	if w.do != nil && strings.Contains(w.seen.String(), w.text) {
		w.do()
		w.do = nil
	}
	return len(p), nil
}

// interrupted runs a command line and presses Ctrl-C when its messages show the text. On a
// terminal they hold a bar, which appears with the first step.
func interrupted(t *testing.T, text string, terminal bool, args ...string) (code int, out, messages string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout bytes.Buffer
	stderr := &trigger{text: text, do: cancel}
	code = run(ctx, args, streams{Out: &stdout, Err: stderr, Terminal: terminal})
	if stderr.do != nil {
		t.Fatalf("the messages never show %q:\n%s", text, stderr.seen.String())
	}
	return code, stdout.String(), stderr.seen.String()
}
