package probe_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuroprobe/probe"

	"github.com/parquet-go/parquet-go"
)

func table() []probe.TableColumn {
	return []probe.TableColumn{
		{Name: "unit", Values: []int{10, 2, -1}},
		{Name: "layer", Values: []string{"conv1", "conv1", "b\xffd"}},
		{Name: "dead", Values: []bool{false, true, false}},
		{Name: "effect", Values: []probe.Number{-0.25, probe.Undefined, 1e-300}},
	}
}

func TestWriteTableIsReadBack(t *testing.T) {
	var b, again bytes.Buffer
	about := map[string]string{"model": "abc", "command": "neuroprobe ablate sweep"}
	if err := probe.WriteTable(&b, "ablate-sweep", "1.2.3", table(), about); err != nil {
		t.Fatal(err)
	}
	if err := probe.WriteTable(&again, "ablate-sweep", "1.2.3", table(), about); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the same table twice: %v, or other bytes", err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"table": "ablate-sweep", "model": "abc", "command": "neuroprobe ablate sweep", "version": "1.2.3"} {
		if got, _ := f.Lookup("neuroprobe." + key); got != want {
			t.Errorf("metadata %s is %q, want %q", key, got, want)
		}
	}
	type row struct {
		Unit   int64    `parquet:"unit"`
		Layer  string   `parquet:"layer"`
		Dead   bool     `parquet:"dead"`
		Effect *float64 `parquet:"effect"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if r := rows[0]; r.Unit != 10 || r.Layer != "conv1" || r.Dead || r.Effect == nil || *r.Effect != -0.25 {
		t.Errorf("first row %+v", r)
	}
	if r := rows[1]; r.Unit != 2 || !r.Dead || r.Effect != nil {
		t.Errorf("second row %+v, want no effect", r)
	}
	if r := rows[2]; r.Unit != -1 || r.Layer != "b\uFFFDd" || *r.Effect != 1e-300 {
		t.Errorf("third row %+v", r)
	}
}

func TestWriteTableRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := probe.WriteTable(&b, "x", "1", nil, nil); err == nil {
		t.Error("a table without columns was written")
	}
	columns := append(table(), probe.TableColumn{Name: "short", Values: []int{1}})
	if err := probe.WriteTable(&b, "x", "1", columns, nil); err == nil || !strings.Contains(err.Error(), `column "short" has 1 values`) {
		t.Errorf("columns of unequal length: %v", err)
	}
}

func TestTableName(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var b bytes.Buffer
	if err := probe.WriteTable(&b, "ablate-sweep", "1", table(), nil); err != nil {
		t.Fatal(err)
	}
	if name, err := probe.TableName(write("good", b.Bytes())); err != nil || name != "ablate-sweep" {
		t.Errorf("%q, %v", name, err)
	}
	damaged := bytes.Clone(b.Bytes())
	damaged[len(damaged)/2] ^= 1
	n, set := spots(t)
	var recording bytes.Buffer
	if _, err := probe.WriteParquet(t.Context(), &recording, n, set, probe.ParquetOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"damaged": damaged, "text": []byte("my own notes, which are long enough"), "empty": nil, "recording": recording.Bytes()} {
		if got, err := probe.TableName(write(name, data)); err == nil {
			t.Errorf("%s: a table %q", name, got)
		}
	}
}
