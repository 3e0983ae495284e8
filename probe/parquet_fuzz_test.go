package probe

import (
	"bytes"
	"context"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model/modeltest"

	"github.com/parquet-go/parquet-go"
)

// FuzzReadRecording: whatever the bytes and whatever the metadata, reading ends in an error or in
// what was written. Bytes reach the library only under a sound seal (without one, a list of 2³¹
// entries in a footer of a few bytes takes it down); metadata are ours to read, seal or not.
func FuzzReadRecording(f *testing.F) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}, {-1, 0}})
	set, err := datasets.New(datasets.Set{Channels: 1, Height: 1, Width: 1, Classes: n.Classes, Images: []float32{0, 1, 0, 1, 0, 1}, Labels: []int{0, 1, 0, 1, 0, 1}}, 2, 2, 2)
	if err != nil {
		f.Fatal(err)
	}
	var file bytes.Buffer
	origin, err := WriteParquet(context.Background(), &file, n, set, ParquetOptions{})
	if err != nil {
		f.Fatal(err)
	}
	sound := file.Bytes()
	opened, err := parquet.OpenFile(bytes.NewReader(sound), int64(len(sound)))
	if err != nil {
		f.Fatal(err)
	}
	good := origin.metadata()
	f.Add(sound, good[keyPrefix+"layers"], good[keyPrefix+"features"], good[keyPrefix+"first_image"], "train", int64(2))
	f.Add(sound[:len(sound)/2], `[{"number":1,"units":-1,"rows":1,"cols":1}]`, `["a"]`, "-1", "all", int64(1)<<40)
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"), `[{"number":1,"units":65534,"rows":16777216,"cols":16777216}]`, "null", "1e9", "", int64(0))
	f.Fuzz(func(t *testing.T, data []byte, layers, features, first, split string, rows int64) {
		if checkSeal(bytes.NewReader(data), int64(len(data))) == nil && !bytes.Equal(data, sound) {
			t.Fatal("other bytes carry a sound seal")
		}
		fuzzed := map[string]string{"layers": layers, "features": features, "first_image": first, "split": split}
		o, err := readOrigin(func(key string) (string, bool) {
			if value, ok := fuzzed[key[len(keyPrefix):]]; ok {
				return value, true
			}
			value, ok := good[key]
			return value, ok
		}, rows)
		if err != nil {
			return
		}
		if o.checkColumns(opened.Root().Columns()) != nil {
			return
		}
		if units, _ := o.units(); len(units) != 3 || o.width() != len(o.Columns()) {
			t.Errorf("units %v, columns %q accepted for the file's", units, o.Columns())
		}
	})
}
