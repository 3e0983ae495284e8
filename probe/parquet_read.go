package probe

import (
	"errors"
	"fmt"
	"io"
	"os"

	"neuroprobe/model"

	"github.com/parquet-go/parquet-go"
)

// ReadOrigin reads what a recording was made from. The file is read in full, to see whether it is
// what was written.
func ReadOrigin(path string) (o *Origin, err error) {
	err = readRecording(path, func(f *parquet.File, found *Origin) error {
		o = found
		return nil
	})
	return o, err
}

// ReadRecording reads a recording that WriteParquet wrote: Max and Mean of all its units, not the
// maps. Active and Logits are no part of a file, and nil.
func ReadRecording(path string) (o *Origin, r *Recording, err error) {
	err = readRecording(path, func(f *parquet.File, found *Origin) error {
		o, r = found, found.recording()
		return r.read(f, o.columns())
	})
	if err != nil {
		return nil, nil, err
	}
	return o, r, nil
}

// readRecording opens a recording and hands it on.
func readRecording(path string, read func(*parquet.File, *Origin) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("probe: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("probe: %s: not a file", path)
	}
	if err := checkSeal(f, info.Size()); err != nil {
		return fmt.Errorf("probe: %s: %w", path, err)
	}
	if err := parseRecording(f, info.Size(), read); err != nil {
		return fmt.Errorf("probe: %s: %w", path, err)
	}
	return nil
}

// parseRecording reads so many bytes of a file with a sound seal. The library panics on some
// bytes that are not Parquet; with the seal that takes a forger.
func parseRecording(r io.ReaderAt, size int64, read func(*parquet.File, *Origin) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not a sound Parquet file: %v", p)
		}
	}()
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	o, err := readOrigin(f.Lookup, f.NumRows())
	if err != nil {
		return err
	}
	if err := o.checkColumns(f.Root().Columns()); err != nil {
		return err
	}
	// Snappy makes 64 bytes of no less than 3; more rows than that are a lie that costs memory.
	if int64(o.Images) > 64*size/int64(o.width()) {
		return fmt.Errorf("metadata: %d images in %d bytes", o.Images, size)
	}
	return read(f, o)
}

// checkColumns compares the columns of a file with those that the origin tells of.
func (o *Origin) checkColumns(found []*parquet.Column) error {
	if len(found) != o.width() {
		return fmt.Errorf("%d columns (want %d, by its metadata)", len(found), o.width())
	}
	for i, c := range o.columns() {
		if found[i].Name() != c.name || found[i].Leaf() != (c.kind != mapColumn) {
			return fmt.Errorf("column %d is %q (want %q, by its metadata)", i, found[i].Name(), c.name)
		}
		if f := found[i]; c.kind == floatColumn && (f.Type().Kind() != parquet.Float || !f.Required()) {
			return fmt.Errorf("column %q is %v (want float)", c.name, f.Type())
		}
	}
	return nil
}

// recording makes room for the units and images of the origin.
func (o *Origin) recording() *Recording {
	r := &Recording{First: o.First, Images: o.Images}
	r.Units, r.Positions = o.units()
	r.Max = make([]float32, len(r.Units)*r.Images)
	r.Mean = make([]float32, len(r.Units)*r.Images)
	return r
}

// units are the recorded neurons and the positions of each.
func (o *Origin) units() (units []model.Address, positions []int) {
	for _, l := range o.Layers {
		for u := range l.Units {
			units = append(units, model.Neuron(l.Number, u))
			positions = append(positions, l.Rows*l.Cols)
		}
	}
	return units, positions
}

// read fills in the summaries.
func (r *Recording) read(f *parquet.File, columns []parquetColumn) error {
	first := 0
	for _, group := range f.RowGroups() {
		rows := int(group.NumRows())
		if rows < 0 || rows > r.Images-first {
			return fmt.Errorf("a row group of %d images, %d are left", rows, r.Images-first)
		}
		chunks := group.ColumnChunks() // one a column: a list has one leaf
		for i, c := range columns {
			if c.unit < 0 {
				continue
			}
			at := c.unit*r.Images + first
			to := r.Max[at : at+rows]
			if c.summary == Mean {
				to = r.Mean[at : at+rows]
			}
			if err := readFloats(chunks[i], to); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
			if c.summary == "" {
				copy(r.Mean[at:], to)
			}
		}
		first += rows
	}
	if first != r.Images {
		return fmt.Errorf("row groups of %d images, the file has %d", first, r.Images)
	}
	return nil
}

// readFloats reads exactly so many values of a column.
func readFloats(chunk parquet.ColumnChunk, to []float32) error {
	pages := chunk.Pages()
	defer pages.Close() // only read from
	done := 0
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		data := page.Data()
		values := data.Float()
		if len(values) > len(to)-done {
			return fmt.Errorf("more than %d values", len(to))
		}
		done += copy(to[done:], values)
		parquet.Release(page)
	}
	if done != len(to) {
		return fmt.Errorf("%d values (want %d)", done, len(to))
	}
	return nil
}
