package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"neuroprobe/internal/atomicfile"
)

// entryFile is the name of an entry's file: number, slug and ending.
var entryFile = regexp.MustCompile(`^([0-9]{4,}-[A-Za-z0-9_-]+)\.(md|json)$`)

// index writes the lab's README.md anew from the headers of the entries' JSON files.
func (n *Notebook) index() error {
	files, err := os.ReadDir(n.reports())
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, f := range files {
		if m := entryFile.FindStringSubmatch(f.Name()); m != nil && !f.IsDir() {
			names[m[1]] = true
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Lab notebook\n\nEvery experiment of this lab in the order in which it was done. neuroprobe rewrites this page after each one.\n\n")
	for _, line := range n.holdings() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	// Not padded to columns as other tables are: one new entry should not change every line.
	fmt.Fprintf(&b, "\n## Experiments\n\n| # | experiment | result |\n|--:|:--|:--|\n")
	for _, name := range sortedEntries(names) {
		b.WriteString(n.indexRow(name))
	}
	return atomicfile.Write(filepath.Join(n.dir, "README.md"), b.Bytes())
}

// Filed is what the notebook knows of one of its entries.
type Filed struct {
	Name    string // "0002-ablate-3-17"
	Title   string
	Answer  string
	Command string // repeats it
	Model   string // digest of the network it is about
}

// Entries are the notebook's finished entries, in order; those that cannot be read are left out.
func (n *Notebook) Entries() ([]Filed, error) {
	pages, err := filepath.Glob(filepath.Join(n.reports(), "*.md"))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, page := range pages {
		if m := entryFile.FindStringSubmatch(filepath.Base(page)); m != nil {
			names[m[1]] = true
		}
	}
	var filed []Filed
	for _, name := range sortedEntries(names) {
		if h, err := n.header(name); err == nil {
			filed = append(filed, Filed{name, h.Title, h.Answer, h.Command, h.Provenance["model digest"]})
		}
	}
	return filed, nil
}

// Data reads the result in an entry's JSON file.
func (n *Notebook) Data(name string, into any) error {
	text, err := os.ReadFile(filepath.Join(n.reports(), name+".json"))
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	if err := json.Unmarshal(text, &struct {
		Data any `json:"data"`
	}{into}); err != nil {
		return fmt.Errorf("reports: entry %s: %w", name, err)
	}
	return nil
}

// sortedEntries orders names by number, then by slug; "10000-x" comes after "9999-x".
func sortedEntries(names map[string]bool) []string {
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.SortFunc(sorted, func(a, b string) int {
		x, _, _ := strings.Cut(a, "-")
		y, _, _ := strings.Cut(b, "-")
		if d := len(x) - len(y); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return sorted
}

func (n *Notebook) indexRow(name string) string {
	number, slug, _ := strings.Cut(name, "-")
	title, result := slug, ""
	h, err := n.header(name)
	if err == nil {
		title, result = h.Title, escape(h.Answer)
	} else {
		result = "unreadable: " + escape(err.Error())
	}
	title = escapeLink(title)
	if _, err := os.Stat(filepath.Join(n.reports(), name+".md")); err == nil {
		title = fmt.Sprintf("[%s](reports/%s.md)", title, name)
	} else {
		result = "unfinished: the report was not written"
	}
	return fmt.Sprintf("| %s | %s | %s |\n", number, title, result)
}

// header reads what an entry's JSON file says about it.
func (n *Notebook) header(name string) (header, error) {
	var h header
	file := name + ".json"
	data, err := os.ReadFile(filepath.Join(n.reports(), file))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return h, fmt.Errorf("there is no %s", file)
	case err != nil:
		return h, fmt.Errorf("%s cannot be read", file)
	}
	if err := json.Unmarshal(data, &h); err != nil || h.Title == "" {
		return h, fmt.Errorf("%s is not a notebook entry", file)
	}
	if h.Format > jsonFormat {
		return h, fmt.Errorf("%s was written by a newer neuroprobe", file)
	}
	return h, nil
}

// holdings are lines, in Markdown, on what the lab's folder holds beside the reports.
func (n *Notebook) holdings() []string {
	var lines []string
	add := func(path, what string) {
		lines = append(lines, fmt.Sprintf("[%s](%s): %s", path, path, what))
	}
	for _, file := range []struct{ name, what string }{
		{"model.safetensors", "the trained network, the specimen of these experiments"},
		{"data.json", "which data set, with which options"},
	} {
		if _, err := os.Stat(filepath.Join(n.dir, file.name)); err == nil {
			add(file.name, file.what)
		}
	}
	if k := n.countFiles("specimens", ".safetensors"); k > 0 {
		add("specimens/", plural(k, "more network")+", raised from other seeds")
	}
	if k := n.countFiles("recordings", ".parquet"); k > 0 {
		add("recordings/", plural(k, "Parquet file")+": recorded activations, tables of sweeps")
	}
	return append(lines, "[reports/](reports/): the entries, each as .md for readers and .json for programs")
}

// countFiles counts a folder's files with an ending; none where there is no such folder.
func (n *Notebook) countFiles(folder, ending string) int {
	files, err := os.ReadDir(filepath.Join(n.dir, folder))
	if err != nil {
		return 0
	}
	k := 0
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ending) {
			k++
		}
	}
	return k
}
