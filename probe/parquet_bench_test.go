package probe_test

import (
	"io"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// BenchmarkRecord records every layer of the cnn preset on 2,000 images: into memory, as a
// Parquet file, and as one with maps. "forward" is the network alone.
func BenchmarkRecord(b *testing.B) {
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	set := modeltest.Blobs(spec.Input, 2, 2, 2000, 2)
	set.Classes = n.Classes
	confirm := set.Images[4*set.ImageSize():]
	write := func(b *testing.B, maps bool) error {
		o := probe.ParquetOptions{Split: datasets.Confirm, Maps: maps}
		_, err := probe.WriteParquet(b.Context(), io.Discard, n, set, o)
		return err
	}
	for _, c := range []struct {
		name string
		run  func(b *testing.B) error
	}{
		{"forward", func(b *testing.B) error { _, err := n.Logits(b.Context(), confirm, nil, 0); return err }},
		{"activations", func(b *testing.B) error {
			_, err := probe.Record(b.Context(), n, set, datasets.Confirm, nil, 0, nil)
			return err
		}},
		{"parquet", func(b *testing.B) error { return write(b, false) }},
		{"maps", func(b *testing.B) error { return write(b, true) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(b); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2000*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
