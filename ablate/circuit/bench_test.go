package circuit_test

import (
	"context"
	"testing"

	"neuroprobe/ablate/circuit"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// BenchmarkMethods scores all 6,832 edges of the cnn preset on 500 images.
func BenchmarkMethods(b *testing.B) {
	spec, err := model.Preset("cnn", model.Shape{3, 32, 32}, 2)
	if err != nil {
		b.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	set := modeltest.Blobs(spec.Input, 2, 1000, 2, 1)
	n.Classes = set.Classes
	for _, against := range []circuit.Against{circuit.Mean, circuit.Resample} {
		task := taskOf(b, n, set, against, func(o *circuit.Options) { o.Target = "right" })
		for _, m := range everyMethod {
			b.Run(m.Name()+"/"+string(against), func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Score(context.Background(), task); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(task.Edges)*task.Len()*b.N)/b.Elapsed().Seconds(), "edges×images/s")
			})
		}
	}
}
