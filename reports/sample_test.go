package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleLimit bounds what the sample adds to a clone, which carries it compressed.
const sampleLimit = 7 << 19

// TestSampleIsWhole: the notebook in sample is complete as it is committed. Every link of every page leads to a file
// or a folder of it, every picture is shown, and every entry is in the index, with its JSON.
func TestSampleIsWhole(t *testing.T) {
	var packed bytes.Buffer
	err := filepath.WalkDir("sample", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if filepath.Ext(path) == ".md" {
			checkLinks(t, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w := zlib.NewWriter(&packed)
		if _, err := w.Write(data); err != nil {
			return err
		}
		return w.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if packed.Len() > sampleLimit {
		t.Errorf("the sample takes %d bytes of a clone, want at most %d", packed.Len(), sampleLimit)
	}
	checkSampleIndex(t)
}

// checkSampleIndex: the index lists every page, and each has an answer and a readable JSON file.
func checkSampleIndex(t *testing.T) {
	t.Helper()
	entries, err := (&Notebook{"sample"}).Entries()
	if err != nil {
		t.Fatal(err)
	}
	index := read(t, "sample", "README.md")
	var kinds []string
	for _, e := range entries {
		if !strings.Contains(index, "](reports/"+e.Name+".md)") || e.Answer == "" || !json.Valid([]byte(read(t, "sample", "reports", e.Name+".json"))) {
			t.Errorf("entry %s is not in the index, has no answer or no JSON", e.Name)
		}
		kinds = append(kinds, e.Name[5:])
	}
	pages, err := filepath.Glob("sample/reports/*.md")
	if err != nil || len(pages) != len(entries) {
		t.Errorf("%d pages, %d entries (%v)", len(pages), len(entries), err)
	}
	for _, want := range []string{"train", "probe", "probe-", "ablate-sweep", "ablate-", "pairs", "dissociate", "circuit", "chains", "image"} {
		if !strings.Contains(" "+strings.Join(kinds, " "), " "+want) {
			t.Errorf("the sample has no entry %s: %q", want, kinds)
		}
	}
}
