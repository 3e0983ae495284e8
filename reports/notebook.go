package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/lockedfile"

	"neuroprobe/internal/atomicfile"
)

// Notebook is a lab's folder of entries and their index:
//
//	README.md                  the index
//	reports/0001-train/        an entry's pictures, and files for other programs
//	reports/0001-train.json    an entry for programs
//	reports/0001-train.md      the entry
//
// The files are written in this order, the index last, each whole or not at all; an entry
// exists once its .md does. So a crash at any moment leaves no page with missing pictures.
// Several processes and goroutines may add entries to one notebook at once.
type Notebook struct{ dir string }

// Open opens the notebook of the lab in dir, and starts one where there is none.
func Open(dir string) (*Notebook, error) {
	n := &Notebook{dir}
	if err := os.MkdirAll(n.reports(), 0o777); err != nil {
		return nil, fmt.Errorf("reports: open notebook: %w", err)
	}
	return n, nil
}

func (n *Notebook) reports() string { return filepath.Join(n.dir, "reports") }

// Add numbers the entry, writes it, brings the index up to date, and returns the path of the
// entry's Markdown file.
func (n *Notebook) Add(e Entry) (path string, err error) {
	if err := e.check(); err != nil {
		return "", err
	}
	data, err := e.JSON()
	if err != nil {
		return "", err
	}
	// The system drops the lock of a process that dies, so it never has to be broken.
	unlock, err := lockedfile.MutexAt(filepath.Join(n.reports(), ".lock")).Lock()
	if err != nil {
		return "", fmt.Errorf("reports: lock notebook: %w", err)
	}
	defer unlock()
	if err := n.sweep(); err != nil {
		return "", fmt.Errorf("reports: %w", err)
	}
	number, err := n.next()
	if err != nil {
		return "", fmt.Errorf("reports: %w", err)
	}
	name := fmt.Sprintf("%04d-%s", number, e.Slug)
	if err := n.write(name, e, data); err != nil {
		n.discard(name)
		return "", fmt.Errorf("reports: entry %s: %w", name, err)
	}
	if err := n.index(); err != nil {
		return "", fmt.Errorf("reports: index: %w", err)
	}
	return filepath.Join(n.reports(), name+".md"), nil
}

func (n *Notebook) write(name string, e Entry, data []byte) error {
	base := filepath.Join(n.reports(), name)
	if beside := e.beside(); len(beside) > 0 {
		err := atomicfile.Dir(base, func(dir string) error {
			for _, f := range beside {
				if err := atomicfile.Write(filepath.Join(dir, f.File), f.Data); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := atomicfile.Write(base+".json", data); err != nil {
		return err
	}
	return atomicfile.Write(base+".md", e.Markdown(name))
}

// discard takes back what was written of an entry that could not be finished. It does what
// it can: the caller reports why the entry failed.
func (n *Notebook) discard(name string) {
	base := filepath.Join(n.reports(), name)
	os.Remove(base + ".json")
	os.RemoveAll(base)
}

// numbered is how the name of an entry's file or folder starts.
var numbered = regexp.MustCompile(`^([0-9]{4,})-`)

// next is the number after the highest in use, by whatever file or folder.
func (n *Notebook) next() (int, error) {
	files, err := os.ReadDir(n.reports())
	if err != nil {
		return 0, err
	}
	highest := 0
	for _, f := range files {
		if m := numbered.FindStringSubmatch(f.Name()); m != nil {
			number, err := strconv.Atoi(m[1])
			if err != nil {
				return 0, fmt.Errorf("%s: no entry can follow this number", filepath.Join(n.reports(), f.Name()))
			}
			highest = max(highest, number)
		}
	}
	return highest + 1, nil
}

// leftover is the temporary name of something that a killed process did not put in place.
var leftover = regexp.MustCompile(`^\.([0-9]{4,}-|README\.md[0-9]+$)`)

// sweep removes leftovers. The caller holds the lock, so nobody is writing them now.
func (n *Notebook) sweep() error {
	for _, dir := range []string{n.dir, n.reports()} {
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			if leftover.MatchString(f.Name()) {
				if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
