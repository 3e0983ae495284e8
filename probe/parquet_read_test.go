package probe_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/probe"

	"github.com/parquet-go/parquet-go"
)

// saved puts a file on the disk.
func saved(t testing.TB, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.parquet")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadingGivesBackTheRecording(t *testing.T) {
	n, set := mapped(t, 1100)
	want, err := probe.Record(t.Context(), n, set, datasets.Confirm, nil, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, maps := range []bool{false, true} {
		file, _ := written(t, n, set, probe.ParquetOptions{Split: datasets.Confirm, Maps: maps})
		o, got, err := probe.ReadRecording(saved(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Max, want.Max) || !slices.Equal(got.Mean, want.Mean) || !slices.Equal(got.Units, want.Units) ||
			!slices.Equal(got.Positions, want.Positions) || got.First != want.First || got.Images != want.Images {
			t.Errorf("maps %v: read %d units of %d images from %d, or other values", maps, len(got.Units), got.Images, got.First)
		}
		if got.Active != nil || got.Logits != nil || o.Maps != maps {
			t.Errorf("maps %v: Active or Logits out of nothing, or the origin says %v", maps, o.Maps)
		}
	}
}

func TestAnotherModelIsRefusedByDigest(t *testing.T) {
	n, set := spots(t)
	_, o := written(t, n, set, probe.ParquetOptions{})
	if err := o.CheckModel(n.Digest()); err != nil {
		t.Error(err)
	}
	other := strings.Repeat("ab", 32)
	want := fmt.Sprintf("probe: a recording of another model: its digest is %.12s…, this model's abababababab…", n.Digest())
	if err := o.CheckModel(other); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestNoBitCanChange: any one bit turned over is noticed, wherever it is.
func TestNoBitCanChange(t *testing.T) {
	n, set := spots(t)
	file, _ := written(t, n, set, probe.ParquetOptions{})
	path := saved(t, file)
	for at := range file {
		file[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := probe.ReadRecording(path); err == nil || !strings.HasPrefix(err.Error(), "probe: "+path+": ") {
			t.Errorf("byte %d of %d: error %v", at, len(file), err)
		}
		file[at] ^= 1 << (at % 8)
	}
}

func TestNoByteCanBeMissing(t *testing.T) {
	n, set := spots(t)
	file, _ := written(t, n, set, probe.ParquetOptions{})
	for size := 0; size < len(file); size += 7 {
		if _, err := probe.ReadOrigin(saved(t, file[:size])); err == nil {
			t.Errorf("%d of %d bytes are accepted", size, len(file))
		}
	}
}

func TestWhatIsNoRecording(t *testing.T) {
	type pair struct{ A, B int }
	var foreign bytes.Buffer
	w := parquet.NewGenericWriter[pair](&foreign)
	if _, err := w.Write([]pair{{1, 2}, {3, 4}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, want string }{
		{"", "not a Parquet file: 0 bytes"},
		{"image,name\n1,a.png\n", `not a Parquet file: it starts with "imag", not "PAR1"`},
		{"PAR1 and then something else", `damaged: it ends with "else", not "PAR1"; record it again`},
		{"PAR1\xff\xff\xff\xffPAR1", "damaged: its footer is larger than the file; record it again"},
		{foreign.String(), "a Parquet file, but not a recording (neuroprobe record writes those)"},
	} {
		path := saved(t, []byte(c.file))
		want := "probe: " + path + ": " + c.want
		if _, _, err := probe.ReadRecording(path); err == nil || err.Error() != want {
			t.Errorf("error %v\nwant  %s", err, want)
		}
	}
	if _, err := probe.ReadOrigin(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), ": not a file") {
		t.Errorf("a folder: error %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none.parquet")
	if _, err := probe.ReadOrigin(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("no file: error %v", err)
	}
}
