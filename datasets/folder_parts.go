package datasets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// partTable tells which parts there are and in which of them each feature shows.
type partTable struct {
	parts  []string
	folder []int // place of each part among the sorted folders
	of     []int // part of each feature, or -1
}

// openParts reads parts.csv where there is one. A feature it does not name shows in the
// part of its own name, a part it does not name comes after the others.
//
// The file's first line is feature,part. A line with both puts a feature in a part; without
// a part it says that the feature has none; without a feature it only names the part. The
// parts are in the order in which the file first names them.
func openParts(dir string, features, folders []string, f *faults) *partTable {
	lines := &partLines{features: features, folders: folders, part: map[int]string{}}
	file, err := os.Open(filepath.Join(dir, partsFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		f.add(partsFile, "%w", bare(err))
	default:
		defer file.Close()
		lines.read(file, f)
	}
	return lines.table()
}

// partLines is what parts.csv says.
type partLines struct {
	features, folders []string

	named []string       // parts in the order of their first mention
	part  map[int]string // of the features named
}

func (p *partLines) read(r io.Reader, f *faults) {
	lines := newCSV(r)
	header, err := lines.Read()
	if err != nil {
		f.add(partsFile, "%s", csvFault(err))
		return
	}
	if !slices.Equal(header, []string{"feature", "part"}) {
		f.add(partsFile, "line 1: columns %s (must be feature,part)", strings.Join(header, ","))
		return
	}
	for {
		row, err := lines.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			f.add(partsFile, "%s", csvFault(err))
			return
		}
		if err := p.take(row); err != nil {
			line, _ := lines.FieldPos(0)
			f.add(partsFile, "line %d: %w", line, err)
		}
	}
}

func (p *partLines) take(row []string) error {
	if len(row) != 2 {
		return fmt.Errorf("%d columns (must be 2: feature,part)", len(row))
	}
	feature, part := row[0], row[1]
	if part != "" {
		if !slices.Contains(p.folders, part) {
			return fmt.Errorf("no folder %s/%s (there: %s)", masksFolder, part, orNone(p.folders))
		}
		if !slices.Contains(p.named, part) {
			p.named = append(p.named, part)
		}
	}
	if feature == "" {
		return nil
	}
	k := slices.Index(p.features, feature)
	if k < 0 {
		return fmt.Errorf("no feature %q in %s (there: %s)", feature, featuresFile, orNone(p.features))
	}
	if _, again := p.part[k]; again {
		return fmt.Errorf("feature %q again", feature)
	}
	p.part[k] = part
	return nil
}

func (p *partLines) table() *partTable {
	t := &partTable{parts: p.named, of: make([]int, len(p.features))}
	for _, folder := range p.folders {
		if !slices.Contains(t.parts, folder) {
			t.parts = append(t.parts, folder)
		}
	}
	for _, part := range t.parts {
		t.folder = append(t.folder, slices.Index(p.folders, part))
	}
	for k, feature := range p.features {
		part, named := p.part[k]
		if !named {
			part = feature
		}
		t.of[k] = slices.Index(t.parts, part) // no part is named ""
	}
	return t
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
