package probe_test

import (
	"context"
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
)

// A network with two units: the first reads the brightness of pixel 0, by which the classes differ.
func ExampleMeasure() {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0.5}, {1, 0, 0}})
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: n.Classes}
	for i := range 204 {
		s.Images = append(s.Images, float32(i%2), float32(i*37%100)/100)
		s.Labels = append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 4, 100, 100)
	if err != nil {
		panic(err)
	}
	survey, err := probe.Measure(context.Background(), n, set, probe.DefaultOptions())
	if err != nil {
		panic(err)
	}
	for _, u := range survey.Units[:2] {
		if u.Label == nil {
			fmt.Println(u.Address, "no label")
			continue
		}
		fmt.Printf("%v %s, AUROC %.2f\n", u.Address, u.Label.Name, u.Label.AUROC)
	}
	// Output:
	// 1:0 B, AUROC 1.00
	// 1:1 no label
}
