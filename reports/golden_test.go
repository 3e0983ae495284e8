package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares with a file in testdata, or rewrites it under -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			line := func(s []string) string {
				if i < len(s) {
					return s[i]
				}
				return "(end)"
			}
			t.Errorf("%s:%d differs\n got %s\nwant %s", path, i+1, line(g), line(w))
			return
		}
	}
}

func TestGolden(t *testing.T) {
	goldenEntries(t, map[string]Entry{
		"0001-train":       Train(fixtureTrain(t)),
		"0001-train-ff":    Train(fixtureForwardForward(t)),
		"0002-ablate-3-17": Ablate(fixtureAblate(t)),
	})
}

// goldenEntries holds entries, by name, against their files: as a page, for programs, in short.
func goldenEntries(t *testing.T, entries map[string]Entry) {
	t.Helper()
	for name, e := range entries {
		data, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", e.Markdown(name))
		golden(t, name+".json", data)
		golden(t, name+".txt", []byte(Terminal(e)))
	}
}

func TestSameResultSameBytes(t *testing.T) {
	for name, entry := range map[string]func() Entry{
		"train":  func() Entry { return Train(fixtureTrain(t)) },
		"ablate": func() Entry { return Ablate(fixtureAblate(t)) },
	} {
		a, b := entry(), entry()
		if !bytes.Equal(a.Markdown("0001-x"), b.Markdown("0001-x")) || Terminal(a) != Terminal(b) {
			t.Errorf("%s: two renderings differ", name)
		}
		x, y := a.figures(), b.figures()
		if len(x) == 0 || len(x) != len(y) {
			t.Fatalf("%s: %d and %d pictures", name, len(x), len(y))
		}
		for i := range x {
			if !bytes.Equal(x[i].PNG, y[i].PNG) {
				t.Errorf("%s: two drawings of %s differ", name, x[i].File)
			}
		}
	}
}
