package probe

import (
	"math"
	"strings"
	"testing"

	"neuroprobe/model"
)

// TestBlocksStaySmallAndAligned: 64 MiB of what a block holds, 12 bytes a unit and image and 4 a
// position with maps, in whole batches.
func TestBlocksStaySmallAndAligned(t *testing.T) {
	// The cnn preset's convolutions: 16·32², 32·16² and 64·8² positions, 28,672 in all, and 112 units:
	// 112·12 + 28,672·4 = 116,032 bytes an image, of which 64 MiB hold 578, and 576 = 18·32.
	cnn := []RecordedLayer{
		{Number: 1, Kind: model.Conv2D, Units: 16, Rows: 32, Cols: 32},
		{Number: 2, Kind: model.Conv2D, Units: 32, Rows: 16, Cols: 16},
		{Number: 3, Kind: model.Conv2D, Units: 64, Rows: 8, Cols: 8},
	}
	for _, c := range []struct {
		layers []RecordedLayer
		maps   bool
		want   int
	}{
		{cnn, false, 1024},
		{cnn, true, 576},
		{[]RecordedLayer{{Units: 64, Rows: 256, Cols: 256}}, true, 32}, // 16.8 MB an image: one batch
	} {
		o := &Origin{Layers: c.layers, Maps: c.maps}
		if got := o.blockImages(); got != c.want {
			t.Errorf("%+v, maps %v: %d images a block, want %d", c.layers, c.maps, got, c.want)
		}
	}
}

func TestNoNegativeZeroIsWritten(t *testing.T) {
	zero := float32(math.Copysign(0, -1))
	if math.Signbit(float64(floatValue(zero).Float())) || math.Signbit(float64(appendMap(nil, []float32{zero})[0].Float())) {
		t.Error("−0 stays −0")
	}
	if got := floatValue(-1.5).Float(); got != -1.5 {
		t.Errorf("−1.5 is written as %v", got)
	}
}

// TestMetadataThatCannotBe: every size that the reader computes with is checked before.
func TestMetadataThatCannotBe(t *testing.T) {
	sound := Origin{Split: "all", Classes: []string{"A"}, Layers: []RecordedLayer{{Number: 2, Units: 3, Rows: 1, Cols: 1}}}
	read := func(change func(o *Origin), rows int64) error {
		o := sound
		change(&o)
		all := o.metadata()
		_, err := readOrigin(func(key string) (string, bool) { v, ok := all[key]; return v, ok }, rows)
		return err
	}
	if err := read(func(*Origin) {}, 5); err != nil {
		t.Fatal(err)
	}
	layer := func(l RecordedLayer) func(*Origin) { return func(o *Origin) { o.Layers = []RecordedLayer{l} } }
	for _, c := range []struct {
		change func(*Origin)
		rows   int64
		want   string
	}{
		{func(*Origin) {}, 0, "image numbers"},
		{func(*Origin) {}, 1 << 31, "image numbers"},
		{func(o *Origin) { o.First = -1 }, 5, "image numbers"},
		{func(o *Origin) { o.Split = "test" }, 5, `no split "test"`},
		{func(o *Origin) { o.Layers = nil }, 5, "0 layers"},
		{layer(RecordedLayer{Number: 1, Units: 0, Rows: 1, Cols: 1}), 5, "layer {"},
		{layer(RecordedLayer{Number: 1, Units: 65_535, Rows: 1, Cols: 1}), 5, "layer {"},
		{layer(RecordedLayer{Number: 1, Units: 1, Rows: 1 << 25, Cols: 1}), 5, "layer {"},
		{layer(RecordedLayer{Number: 1, Units: 1, Rows: 1, Cols: 0}), 5, "layer {"},
		{func(o *Origin) { o.Layers = append(o.Layers, o.Layers[0]) }, 5, "layer {"},
	} {
		if err := read(c.change, c.rows); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one on %s", err, c.want)
		}
	}
	if _, err := readOrigin(func(key string) (string, bool) { return "{", true }, 5); err == nil || !strings.Contains(err.Error(), "metadata neuroprobe.first_image: ") {
		t.Errorf("what is no JSON: error %v", err)
	}
}
