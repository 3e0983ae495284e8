package probe

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// TableColumn is a column of a table that is no recording: a name and a value a row.
type TableColumn struct {
	Name string
	// Values are []int, []bool, []string (words that recur) or []Number; of the last, what is no
	// number becomes a null.
	Values any
}

// rows is the number of values.
func (c TableColumn) rows() int {
	switch v := c.Values.(type) {
	case []int:
		return len(v)
	case []bool:
		return len(v)
	case []string:
		return len(v)
	case []Number:
		return len(v)
	}
	panic(fmt.Sprintf("probe: column %q of type %T", c.Name, c.Values))
}

func (c TableColumn) node() parquet.Node {
	switch c.Values.(type) {
	case []int:
		return parquet.Encoded(parquet.Int(64), &parquet.Plain)
	case []bool:
		return parquet.Encoded(parquet.Leaf(parquet.BooleanType), &parquet.Plain)
	case []string:
		return parquet.Encoded(parquet.String(), encoding.Encoding(&parquet.RLEDictionary))
	}
	return parquet.Optional(parquet.Encoded(parquet.Leaf(parquet.DoubleType), &parquet.Plain))
}

func (c TableColumn) values() []parquet.Value {
	out := make([]parquet.Value, 0, c.rows())
	switch v := c.Values.(type) {
	case []int:
		for _, x := range v {
			out = append(out, parquet.Int64Value(int64(x)))
		}
	case []bool:
		for _, x := range v {
			out = append(out, parquet.BooleanValue(x))
		}
	case []string:
		for _, x := range v {
			out = append(out, textValue(x))
		}
	case []Number:
		for _, x := range v {
			if x.Defined() {
				out = append(out, parquet.DoubleValue(float64(x)+0).Level(0, 1, 0)) // +0: never −0
			} else {
				out = append(out, parquet.NullValue())
			}
		}
	}
	return out
}

// tableKey is the entry of the metadata that tells which table a file holds.
const tableKey = "table"

// WriteTable writes columns of equal length as a Parquet file, which pandas and DuckDB read. name
// says which table it is; about says where it is from, and becomes key-value metadata under
// "neuroprobe.". The same table writes the same bytes. After an error, what w has received is not a
// Parquet file.
func WriteTable(w io.Writer, name, version string, columns []TableColumn, about map[string]string) error {
	if len(columns) == 0 || len(columns) > maxColumns {
		return fmt.Errorf("probe: a table of %d columns (Parquet takes 1 to %d)", len(columns), maxColumns)
	}
	metadata := map[string]string{keyPrefix + tableKey: name, keyPrefix + "version": validText(version)}
	for key, value := range about {
		metadata[keyPrefix+key] = validText(value)
	}
	config := parquet.WriterConfig{CreatedBy: "neuroprobe version " + version, Compression: &parquet.Snappy, KeyValueMetadata: metadata, DataPageVersion: 1}
	fields := make([]parquet.Field, len(columns))
	for i, c := range columns {
		if c.rows() != columns[0].rows() {
			return fmt.Errorf("probe: column %q has %d values, %q has %d", c.Name, c.rows(), columns[0].Name, columns[0].rows())
		}
		fields[i] = parquetField{c.node(), validText(c.Name)}
	}
	config.Schema = parquet.NewSchema(name, parquetSchema{fields: fields})
	out := newSealer(w)
	file := parquet.NewGenericWriter[any](out, &config)
	group := file.BeginRowGroup()
	for i, column := range group.ColumnWriters() {
		if _, err := column.WriteRowValues(columns[i].values()); err != nil {
			return err
		}
	}
	if _, err := group.Commit(); err != nil {
		return err
	}
	out.hold()
	if err := file.Close(); err != nil {
		return err
	}
	return out.close()
}

// TableName tells which table a file that WriteTable wrote holds. Of anything else it is an error.
func TableName(path string) (name string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("probe: %s: not a file", path)
	}
	if err := checkSeal(f, info.Size()); err != nil {
		return "", fmt.Errorf("probe: %s: %w", path, err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("probe: %s: not a sound Parquet file: %v", path, p)
		}
	}()
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return "", fmt.Errorf("probe: %s: %w", path, err)
	}
	name, ok := file.Lookup(keyPrefix + tableKey)
	if !ok {
		return "", fmt.Errorf("probe: %s: %w", path, errors.New("no table of neuroprobe's"))
	}
	return name, nil
}
