package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// smallEntry has one of every block and pictures that are no pictures.
func smallEntry(slug string) Entry {
	return Entry{
		Kind: "test", Slug: slug, Title: "A <b>test</b> of " + slug, Question: "Does it | work?", Answer: "Yes: 3 | 4 *stars*.",
		Sections: []Section{{"Part", []Block{
			Paragraph("# not a heading"),
			List{"one", "- two"},
			Table{Caption: "Counts", Columns: []Column{{"name_of_it", false}, {"n", true}}, Rows: [][]string{{"a|b", "1"}},
				Notes: []Note{{Text: "On the cell.", Row: 1, Col: 0}, {Text: "On the whole."}}, Terminal: true},
			Figure{File: "a.png", PNG: []byte("a"), Alt: "a [bracket]", Caption: "Of *a*."},
			Code{"mermaid", "graph LR\n  a --> b\n"},
			Files{{File: "a.dot", Data: []byte("digraph {}"), What: "for <Graphviz>"}},
		}}},
		Exclusions: []Exclusion{{Count: 3, What: "pairs whose denominator is tiny"}},
		Warnings:   []string{"Only a test."},
		Caveats:    []string{"None_known."},
		Provenance: []Fact{{"digest", fixtureDigest}, {"file", "a`b"}},
		Run:        Run{Command: "neuroprobe test --name '```'"},
		Data:       map[string]int{"n": 1},
	}
}

func open(t *testing.T, dir string) *Notebook {
	t.Helper()
	n, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func add(t *testing.T, n *Notebook, e Entry) string {
	t.Helper()
	path, err := n.Add(e)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// listing is every file below a folder, with the lock left out.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".lock" {
			name, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNotebookNumbersEntriesInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	n := open(t, dir)
	first := add(t, n, smallEntry("train"))
	second := add(t, open(t, dir), smallEntry("ablate-3-17")) // as another command would
	if want := filepath.Join(dir, "reports", "0001-train.md"); first != want {
		t.Errorf("first entry is %s, want %s", first, want)
	}
	if want := filepath.Join(dir, "reports", "0002-ablate-3-17.md"); second != want {
		t.Errorf("second entry is %s, want %s", second, want)
	}
	want := []string{"README.md",
		"reports/0001-train/a.dot", "reports/0001-train/a.png", "reports/0001-train.json", "reports/0001-train.md",
		"reports/0002-ablate-3-17/a.dot", "reports/0002-ablate-3-17/a.png", "reports/0002-ablate-3-17.json", "reports/0002-ablate-3-17.md"}
	got := listing(t, dir)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the lab holds\n%v, want\n%v", got, want)
	}
}

func TestSmallEntryGolden(t *testing.T) {
	golden(t, "blocks.md", smallEntry("blocks").Markdown("0007-blocks"))
	golden(t, "blocks.txt", []byte(Terminal(smallEntry("blocks"))))
}

func TestNumbersGoOnAfterTheHighest(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "reports", "0041-orphan"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(add(t, n, smallEntry("a"))); got != "0042-a.md" {
		t.Errorf("after a folder numbered 0041 comes %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "reports", "9999-x.md"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(add(t, n, smallEntry("b"))); got != "10000-b.md" {
		t.Errorf("after 9999 comes %s", got)
	}
	index := read(t, dir, "README.md")
	if strings.Index(index, "0042-a") > strings.Index(index, "10000-b") {
		t.Errorf("10000 is not sorted after 0042:\n%s", index)
	}
}

func TestIndexGolden(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"model.safetensors", "data.json", "specimens/02.safetensors", "specimens/03.safetensors", "recordings/confirm.parquet",
		"reports/notes.md", "reports/0003-by-hand.md", "reports/0005-unfinished.json", "reports/0006-foreign.md"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{
		"0004-corrupt.json": "{\"title\": \"half a", "0004-corrupt.md": "",
		"0006-foreign.json": `[1, 2, 3]`,
		"0007-newer.json":   `{"format": 99, "title": "From the future"}`, "0007-newer.md": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "reports", file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	n := open(t, dir)
	add(t, n, smallEntry("a"))
	golden(t, "index.md", []byte(read(t, dir, "README.md")))
}

func TestLeftoversOfACrashAreSweptAway(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir)
	add(t, n, smallEntry("a"))
	reports := filepath.Join(dir, "reports")
	for _, folder := range []string{".0002-b-123/0002-b", ".0002-b.md99"} {
		if err := os.MkdirAll(filepath.Join(reports, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{
		filepath.Join(dir, ".README.md4711"), filepath.Join(reports, ".0002-b.json42"), filepath.Join(reports, ".0002-b-123/0002-b/a.png"),
		filepath.Join(reports, ".mine"), filepath.Join(dir, ".gitignore"), // not ours: stay
	} {
		if err := os.WriteFile(file, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := filepath.Base(add(t, n, smallEntry("c"))); got != "0002-c.md" {
		t.Errorf("a number that never came to be is lost: %s", got)
	}
	var hidden []string
	for _, f := range listing(t, dir) {
		if strings.Contains(f, "/.") || strings.HasPrefix(f, ".") {
			hidden = append(hidden, f)
		}
	}
	if want := []string{".gitignore", "reports/.mine"}; !slices.Equal(hidden, want) {
		t.Errorf("hidden files are %v, want %v", hidden, want)
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 4, 4
	var wg sync.WaitGroup
	paths := make([][each]string, writers)
	for w := range writers {
		wg.Go(func() {
			n, err := Open(dir) // of its own, like a process
			for i := range each {
				if err == nil {
					paths[w][i], err = n.Add(smallEntry(fmt.Sprintf("w%d-%d", w, i)))
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for w := range paths {
		for _, p := range paths[w] {
			seen[filepath.Base(p)[:4]] = true
			checkLinks(t, p)
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d entries got %d different numbers", writers*each, len(seen))
	}
	index := read(t, dir, "README.md")
	if got := strings.Count(index, "](reports/0"); got != writers*each {
		t.Errorf("the index lists %d of %d entries", got, writers*each)
	}
	checkLinks(t, filepath.Join(dir, "README.md"))
}

func TestAddRefusesFaultyEntries(t *testing.T) {
	faulty := func(change func(*Entry)) Entry {
		e := smallEntry("a")
		change(&e)
		return e
	}
	figure := func(name string) func(*Entry) {
		return func(e *Entry) {
			e.Sections = append(e.Sections, Section{"x", []Block{Figure{File: name, PNG: []byte("x")}}})
		}
	}
	file := func(name, data string) func(*Entry) {
		return func(e *Entry) {
			e.Sections = append(e.Sections, Section{"x", []Block{Files{{File: name, Data: []byte(data)}}}})
		}
	}
	for want, e := range map[string]Entry{
		"slug is \"../x\"":              faulty(func(e *Entry) { e.Slug = "../x" }),
		"slug is \"\"":                  faulty(func(e *Entry) { e.Slug = "" }),
		"has no title":                  faulty(func(e *Entry) { e.Title = "" }),
		"named \"../b.png\"":            faulty(figure("../b.png")),
		"files named a.png":             faulty(figure("a.png")),
		"b.png of entry a is empty":     faulty(func(e *Entry) { e.Sections = []Section{{"x", []Block{Figure{File: "b.png"}}}} }),
		"named \"../b.dot\"":            faulty(file("../b.dot", "x")),
		"named \"b\"":                   faulty(file("b", "x")),
		"files named a.dot":             faulty(file("a.dot", "x")),
		"pictures or files named a.png": faulty(file("a.png", "x")),
		"b.dot of entry a is empty":     faulty(file("b.dot", "")),
		"as JSON":                       faulty(func(e *Entry) { e.Data = func() {} }),
	} {
		dir := t.TempDir()
		_, err := open(t, dir).Add(e)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "reports: ") {
			t.Errorf("error is %v, want one with %q", err, want)
		}
		if got := listing(t, dir); len(got) > 0 {
			t.Errorf("%s: the refused entry left %v", want, got)
		}
	}
}

func TestFailedEntryLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir)
	// A folder stands where the .md should go, so that the last of the three writes fails.
	if err := n.write("0001-a", smallEntry("a"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	n.discard("0001-a")
	os.Remove(filepath.Join(dir, "reports", "0001-a.md"))
	if got := listing(t, dir); len(got) > 0 {
		t.Errorf("a discarded entry left %v", got)
	}
	blocked := filepath.Join(dir, "README.md")
	if err := os.Mkdir(blocked, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Add(smallEntry("b")); err == nil || !strings.Contains(err.Error(), "README.md") {
		t.Errorf("error is %v, want one that names README.md", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	add(t, n, smallEntry("c"))
	if index := read(t, dir, "README.md"); !strings.Contains(index, "0001-b.md") || !strings.Contains(index, "0002-c.md") {
		t.Errorf("the next entry did not mend the index:\n%s", index)
	}
}

var link = regexp.MustCompile(`!?\[(?:[^\[\]\\]|\\.)*\]\(([^)]+)\)`)

// checkLinks verifies that every link and picture of a page exists, and that the page shows
// every picture of its folder.
func checkLinks(t *testing.T, page string) {
	t.Helper()
	text := read(t, page)
	found := map[string]bool{}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		target := filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))
		if _, err := os.Stat(target); err != nil {
			t.Errorf("%s links to %s: %v", page, m[1], err)
		}
		found[target] = true
	}
	if len(found) == 0 {
		t.Errorf("%s has no links", page)
	}
	pictures, err := os.ReadDir(strings.TrimSuffix(page, ".md"))
	if err != nil {
		return // the index has no folder
	}
	for _, p := range pictures {
		if !found[filepath.Join(strings.TrimSuffix(page, ".md"), p.Name())] {
			t.Errorf("%s does not show %s", page, p.Name())
		}
	}
}

func TestReportsOnDisk(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir)
	for _, e := range []Entry{Train(fixtureTrain(t)), Ablate(fixtureAblate(t))} {
		path := add(t, n, e)
		checkLinks(t, path)
		for _, f := range e.figures() {
			data := read(t, strings.TrimSuffix(path, ".md"), f.File)
			img, err := png.Decode(strings.NewReader(data))
			if err != nil {
				t.Errorf("%s: %v", f.File, err)
			} else if w := img.Bounds().Dx(); w < 300 || w > 830 {
				t.Errorf("%s is %d pixels wide: does not suit a page", f.File, w)
			}
			if !bytes.Equal([]byte(data), f.PNG) {
				t.Errorf("%s is not what the entry holds", f.File)
			}
		}
		var h header
		if err := json.Unmarshal([]byte(read(t, strings.TrimSuffix(path, ".md")+".json")), &h); err != nil {
			t.Fatal(err)
		}
		if h.Title != e.Title || h.Answer != e.Answer || len(h.Pictures) != len(e.figures()) {
			t.Errorf("JSON header is %+v", h)
		}
	}
	checkLinks(t, filepath.Join(dir, "README.md"))
}
