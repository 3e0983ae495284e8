package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"

	"github.com/parquet-go/parquet-go"
)

// spots is a network and a set whose every number is known. Images are one pixel of two channels,
// x and y; neuron 1:0 is ReLU(x−y), 1:1 is ReLU(y−x), and the answers 2:0 = 1:0 and 2:1 = 1:1 say
// which is brighter. Ten neurons more make 1:10 and 1:11, which a sort by name would put before 1:2;
// 1:k is ReLU(kx).
func spots(t testing.TB) (*model.Network, *datasets.Set) {
	hidden := [][]float32{{1, -1, 0}, {-1, 1, 0}}
	for k := float32(2); k < 12; k++ {
		hidden = append(hidden, []float32{k, 0, 0})
	}
	answers := make([][]float32, 2)
	for c := range answers {
		answers[c] = make([]float32, 13)
		answers[c][c] = 1
	}
	n := modeltest.Wire(2, hidden, answers)
	set, err := datasets.New(datasets.Set{
		Source: "spots", Channels: 2, Height: 1, Width: 1, Classes: n.Classes,
		// x, y of each image; train, select and confirm have two each.
		Images:   []float32{1, 0, 0, 1, 0.75, 0.25, 0.5, 1, 1, 0.5, 0.25, 0.5},
		Labels:   []int{0, 1, 0, 1, 0, 1},
		Features: []string{"bright", "image", "3:1"},
		Present: []bool{
			true, false, true,
			true, true, false,
			true, false, true,
			true, false, false,
			true, false, true,
			false, true, false,
		},
		Names: []string{"a.png", "b.png", "c.png", "d.png", "e.png", "f\xff.png"},
	}, 2, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	return n, set
}

// written is the file that WriteParquet writes.
func written(t testing.TB, n *model.Network, set *datasets.Set, o probe.ParquetOptions) ([]byte, *probe.Origin) {
	t.Helper()
	var b bytes.Buffer
	origin, err := probe.WriteParquet(context.Background(), &b, n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), origin
}

// tableOf is a file as the library reads it by rows, one text a cell, lists in brackets.
func tableOf(t *testing.T, file []byte) (names []string, rows [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Root().Columns() {
		names = append(names, c.Name())
	}
	for _, group := range f.RowGroups() {
		reader := group.Rows()
		buffer := make([]parquet.Row, group.NumRows())
		if n, err := reader.ReadRows(buffer); n != len(buffer) && err != nil {
			t.Fatal(err)
		}
		for _, r := range buffer {
			var cells []string
			for _, values := range r.Range {
				cell := fmt.Sprint(values[0])
				if len(values) > 1 {
					cell = fmt.Sprint(values)
				}
				cells = append(cells, cell)
			}
			rows = append(rows, cells)
		}
		reader.Close()
	}
	return names, rows
}

// TestEveryCellIsWhatThePaperSays holds a file against numbers worked out by hand: on the last
// image, x = 0.25 and y = 0.5, 1:0 is 0, 1:1 is 0.25 and 1:k is k/4.
func TestEveryCellIsWhatThePaperSays(t *testing.T) {
	n, set := spots(t)
	file, origin := written(t, n, set, probe.ParquetOptions{Split: datasets.Confirm})
	names, rows := tableOf(t, file)
	want := strings.Fields("image name split label class answer feature.bright feature.image feature.3:1 " +
		"1:0 1:1 1:2 1:3 1:4 1:5 1:6 1:7 1:8 1:9 1:10 1:11 2:0 2:1")
	if !slices.Equal(names, want) || !slices.Equal(origin.Columns(), want) {
		t.Errorf("columns %q, Columns %q, want %q", names, origin.Columns(), want)
	}
	for i, want := range []string{
		"4 e.png confirm 0 A A true false true 0.5 0 2 3 4 5 6 7 8 9 10 11 0.5 0",
		"5 f\uFFFD.png confirm 1 B B false true false 0 0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25 2.5 2.75 0 0.25",
	} {
		if got := strings.Join(rows[i], " "); got != want {
			t.Errorf("row %d: %s\nwant    %s", i, got, want)
		}
	}
}

func TestAllSplitsInTheOrderOfTheSet(t *testing.T) {
	n, set := spots(t)
	file, origin := written(t, n, set, probe.ParquetOptions{All: true, Layers: []int{2}})
	_, rows := tableOf(t, file)
	var got []string
	for _, r := range rows {
		got = append(got, r[0]+" "+r[2]+" "+r[9])
	}
	// 2:0 is ReLU(x−y).
	want := []string{"0 train 1", "1 train 0", "2 select 0.5", "3 select 0", "4 confirm 0.5", "5 confirm 0"}
	if !slices.Equal(got, want) || origin.Split != "all" || origin.First != 0 || origin.Images != 6 {
		t.Errorf("rows %q, want %q; origin %+v", got, want, origin)
	}
}

// mapped is a network with maps (6×6 and, after pooling, 3×3), a 1×1 one among them, and images
// for more than one block with maps.
func mapped(t testing.TB, confirm int) (*model.Network, *datasets.Set) {
	n := modeltest.Random(model.Spec{Name: "maps", Input: model.Shape{1, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 3, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "conv2", Kind: model.Conv2D, Units: 2, Kernel: 3, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, 3)
	set := modeltest.Blobs(n.Spec.Input, 4, 4, confirm, 5)
	set.Classes = n.Classes
	return n, set
}

// TestMapsAreTheActivations holds maps against the plain forward pass, and summaries against the
// maps.
func TestMapsAreTheActivations(t *testing.T) {
	n, set := mapped(t, 70)
	file, origin := written(t, n, set, probe.ParquetOptions{Split: datasets.Confirm, Maps: true})
	names, rows := tableOf(t, file)
	if len(rows) != 70 {
		t.Fatalf("%d rows, want 70", len(rows))
	}
	if want := strings.Fields("1:0.max 1:0.mean 1:0.map 1:1.max 1:1.mean 1:1.map 1:2.max 1:2.mean 1:2.map 2:0 2:1 3:0 3:1"); !slices.Equal(names[6:], want) {
		t.Fatalf("columns %q, want %q", names[6:], want)
	}
	if got := origin.Layers[0]; got.Rows != 6 || got.Cols != 6 {
		t.Errorf("layer %+v, want a map of 6×6", got)
	}
	for i, r := range rows {
		_, act, _ := modeltest.Forward(n, set.Image(8+i))
		for u := range 3 {
			var got []float64
			cells := strings.Fields(strings.Trim(r[6+3*u+2], "[]"))
			for _, c := range cells {
				var v float64
				fmt.Sscan(c, &v)
				got = append(got, v)
			}
			want := act[1][u*36 : (u+1)*36]
			if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-5 }) {
				t.Fatalf("image %d, 1:%d: map %v, want %v", i, u, got, want)
			}
			if highest := fmt.Sprint(float32(slices.Max(got))); highest != r[6+3*u] {
				t.Errorf("image %d, 1:%d: maximum %s, want %s", i, u, r[6+3*u], highest)
			}
		}
	}
}

// TestBytesDependOnNothingElse: not on workers, and the summaries not on maps, layers or split.
func TestBytesDependOnNothingElse(t *testing.T) {
	n, set := mapped(t, 1100) // two blocks
	o := probe.ParquetOptions{Split: datasets.Confirm, Maps: true, Workers: 1, Command: "record"}
	first, _ := written(t, n, set, o)
	o.Workers = 3
	if again, _ := written(t, n, set, o); !bytes.Equal(first, again) {
		t.Error("three workers write other bytes than one")
	}
	_, with := tableOf(t, first)
	without, _ := written(t, n, set, probe.ParquetOptions{All: true, Layers: []int{1}})
	_, all := tableOf(t, without)
	for i := range with {
		// The columns about the image, and those of 1:0 but for its map.
		if a, b := with[i][:8], all[8+i][:8]; !slices.Equal(a, b) {
			t.Fatalf("image %d: %q with maps, %q in all splits", i, a, b)
		}
	}
}

// full fails after so many bytes, like a disk.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, errFull
	}
	f.left -= len(p)
	return len(p), nil
}

var errFull = errors.New("no space left on device")

func TestEveryFailedWriteIsReported(t *testing.T) {
	n, set := mapped(t, 70)
	for _, maps := range []bool{false, true} {
		o := probe.ParquetOptions{Split: datasets.Confirm, Maps: maps}
		file, _ := written(t, n, set, o)
		for room := 0; room < len(file); room += max(1, len(file)/40) {
			if _, err := probe.WriteParquet(t.Context(), &full{room}, n, set, o); !errors.Is(err, errFull) {
				t.Errorf("room for %d of %d bytes: error %v, want %v", room, len(file), err, errFull)
			}
		}
		if _, err := probe.WriteParquet(t.Context(), &full{len(file) - 1}, n, set, o); !errors.Is(err, errFull) {
			t.Errorf("one byte short: error %v", err)
		}
	}
}

func TestInterruptedBetweenBlocks(t *testing.T) {
	n, set := mapped(t, 1100) // the second block starts at 1024
	ctx, cancel := context.WithCancel(t.Context())
	var seen []int
	_, err := probe.WriteParquet(ctx, io.Discard, n, set, probe.ParquetOptions{Split: datasets.Confirm, Progress: func(done, total int) {
		seen = append(seen, done, total)
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || !slices.Equal(seen, []int{1024, 1100}) {
		t.Errorf("error %v after %v, want an interruption after 1024 of 1100", err, seen)
	}
}

func TestWriteParquetRefuses(t *testing.T) {
	n, set := spots(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wide := modeltest.Random(model.Spec{Name: "wide", Input: model.Shape{1, 1, 1}, Layers: []model.Layer{
		{Name: "d", Kind: model.Dense, Units: 65_600, Activation: model.ReLU}, {Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}, 1)
	pixels := modeltest.Blobs(model.Shape{1, 1, 1}, 2, 2, 2, 1)
	pixels.Classes = wide.Classes
	for _, c := range []struct {
		ctx  context.Context
		n    *model.Network
		set  *datasets.Set
		o    probe.ParquetOptions
		want string
	}{
		{cancelled, n, set, probe.ParquetOptions{}, "context canceled"},
		{t.Context(), n, set, probe.ParquetOptions{Layers: []int{3}}, "probe: layer 3 not in model (it has layers 1 to 2)"},
		{t.Context(), n, pixels, probe.ParquetOptions{}, "model: the network reads images of 2×1×1, the data are 1×1×1"},
		{t.Context(), wide, pixels, probe.ParquetOptions{}, "probe: a recording of these layers has 65608 columns, Parquet takes at most 65534: record fewer layers"},
	} {
		if _, err := probe.WriteParquet(c.ctx, io.Discard, c.n, c.set, c.o); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestMetadataForOthers: what a program that knows only Parquet finds.
func TestMetadataForOthers(t *testing.T) {
	n, set := spots(t)
	file, origin := written(t, n, set, probe.ParquetOptions{Split: datasets.Select, Version: "1.2", Command: "neuroprobe record", Data: set.Digest()})
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"version": "1.2", "command": "neuroprobe record", "model": n.Digest(), "data": "spots", "data_digest": set.Digest(),
		"split": "select", "first_image": "2", "maps": "false", "classes": `["A","B"]`, "features": `["bright","image","3:1"]`,
		"layers": `[{"number":1,"name":"dense1","kind":"dense","units":12,"rows":1,"cols":1},{"number":2,"name":"dense2","kind":"dense","units":2,"rows":1,"cols":1}]`,
	} {
		if got, ok := f.Lookup("neuroprobe." + key); !ok || got != want {
			t.Errorf("neuroprobe.%s: %q, want %q", key, got, want)
		}
	}
	path := filepath.Join(t.TempDir(), "r.parquet")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	read, err := probe.ReadOrigin(path)
	a, _ := json.Marshal(origin)
	b, _ := json.Marshal(read)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("read %s, %v\nwant %s", b, err, a)
	}
}
