package datasets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// featureTable is the content of features.csv.
//
// The file's first line names the columns: path, then the features. Each further line is a
// photo, by its path below the folder with slashes, and a 0 or a 1 for each feature.
type featureTable struct {
	names  []string       // of the features
	rows   map[int][]bool // by photo's number in the listing
	spoilt map[int]bool   // photos whose row is missing or bad
}

// openFeatures reads features.csv where there is one. Only the wanted classes need rows.
func openFeatures(dir string, l *listing, slots []int, f *faults) *featureTable {
	t := &featureTable{rows: map[int][]bool{}, spoilt: map[int]bool{}}
	file, err := os.Open(filepath.Join(dir, featuresFile))
	if errors.Is(err, os.ErrNotExist) {
		return t
	}
	if err != nil {
		f.add(featuresFile, "%w", bare(err))
		return t
	}
	defer file.Close()
	if t.read(file, l, f) {
		t.requireRows(l, slots, f)
	}
	return t
}

// read takes the rows and tells whether the file could be read to its end.
func (t *featureTable) read(r io.Reader, l *listing, f *faults) bool {
	lines := newCSV(r)
	header, err := lines.Read()
	if err != nil {
		f.add(featuresFile, "%s", csvFault(err))
		return false
	}
	if err := checkFeatureHeader(header); err != nil {
		f.add(featuresFile, "line 1: %w", err)
		return false
	}
	t.names = slices.Clone(header[1:])
	seen := map[int]int{} // photo to line
	for {
		row, err := lines.Read()
		if err == io.EOF {
			return true
		}
		if err != nil {
			f.add(featuresFile, "%s", csvFault(err))
			return false
		}
		line, _ := lines.FieldPos(0)
		t.take(row, line, l, seen, f)
	}
}

func checkFeatureHeader(header []string) error {
	switch {
	case header[0] != "path":
		return fmt.Errorf("first column %q (it must be path, with commas between the columns)", header[0])
	case len(header) == 1:
		return errors.New("no feature columns beside path")
	}
	for k, name := range header {
		if name == "" {
			return fmt.Errorf("column %d has no name", k+1)
		}
		if slices.Index(header, name) < k {
			return fmt.Errorf("column %q is there twice", name)
		}
	}
	return nil
}

// take keeps the row of one photo.
func (t *featureTable) take(row []string, line int, l *listing, seen map[int]int, f *faults) {
	i, known := l.number[row[0]]
	if !known {
		f.addBad(featuresFile, "line %d: no photo %s", line, row[0])
		return
	}
	if first, again := seen[i]; again {
		f.addBad(featuresFile, "line %d: %s again (first on line %d)", line, row[0], first)
		t.spoilt[i] = true
		return
	}
	seen[i] = line
	present, err := parseFeatureRow(row[1:], t.names)
	if err != nil {
		f.addBad(featuresFile, "line %d: %w", line, err)
		t.spoilt[i] = true
		return
	}
	t.rows[i] = present
}

func parseFeatureRow(values, features []string) ([]bool, error) {
	if len(values) != len(features) {
		return nil, fmt.Errorf("%d columns (the header has %d)", 1+len(values), 1+len(features))
	}
	present := make([]bool, len(values))
	for k, value := range values {
		switch value {
		case "1":
			present[k] = true
		case "0":
		default:
			return nil, fmt.Errorf("column %s: %q (must be 0 or 1)", features[k], value)
		}
	}
	return present, nil
}

// requireRows notes the photos of the wanted classes that have no row.
func (t *featureTable) requireRows(l *listing, slots []int, f *faults) {
	for i, p := range l.photos {
		if slots[p.class] >= 0 && t.rows[i] == nil && !t.spoilt[i] {
			f.addBad(p.path, "no row in %s", featuresFile)
			t.spoilt[i] = true
		}
	}
}

// fill writes features and presence into the set; order gives each image's place in wanted.
func (t *featureTable) fill(s *Set, wanted, order []int) {
	s.Features = t.names
	if len(t.names) == 0 {
		return
	}
	for _, k := range order {
		s.Present = append(s.Present, t.rows[wanted[k]]...)
	}
}

// newCSV reads comma separated lines of any width, with or without a byte order mark.
func newCSV(r io.Reader) *csv.Reader {
	buffered := bufio.NewReader(r)
	mark := []byte("\xef\xbb\xbf") // spreadsheets like to write one
	if start, _ := buffered.Peek(len(mark)); bytes.Equal(start, mark) {
		buffered.Discard(len(mark))
	}
	lines := csv.NewReader(buffered)
	lines.FieldsPerRecord = -1
	return lines
}

// csvFault words an error of encoding/csv as our own faults are.
func csvFault(err error) string {
	var parse *csv.ParseError
	switch {
	case err == io.EOF:
		return "empty (the first line names the columns)"
	case errors.As(err, &parse):
		return fmt.Sprintf("line %d: %s", parse.Line, strings.TrimPrefix(parse.Err.Error(), "csv: "))
	}
	return bare(err).Error()
}
