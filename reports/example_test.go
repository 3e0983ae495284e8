package reports_test

import (
	"fmt"
	"os"
	"path/filepath"

	"neuroprobe/reports"
)

// An experiment of one's own becomes an entry: a question, an answer, a table.
func Example() {
	entry := reports.Entry{
		Kind:     "count",
		Slug:     "count-dead",
		Title:    "Dead neurons of conv3",
		Question: "How many neurons of conv3 never fire?",
		Answer:   fmt.Sprintf("%s of %s never fire on %s confirm images.", reports.Count(5), reports.Count(64), reports.Count(1000)),
		Sections: []reports.Section{{Title: "Firing", Blocks: []reports.Block{reports.Table{
			Columns:  []reports.Column{{Name: "neuron"}, {Name: "fires on", Right: true}, {Name: "mean activation", Right: true}},
			Rows:     [][]string{{"3:4", "0", reports.Number(0)}, {"3:17", reports.Percent(0.655), reports.Number(0.08342)}},
			Notes:    []reports.Note{{Text: "Dead on these images.", Row: 1, Col: 0}},
			Terminal: true,
		}}}},
		Run: reports.Run{Command: "neuroprobe count --dead"},
	}
	fmt.Print(reports.Terminal(entry))

	lab, err := os.MkdirTemp("", "lab")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(lab)
	notebook, err := reports.Open(lab)
	if err != nil {
		fmt.Println(err)
		return
	}
	path, err := notebook.Add(entry)
	fmt.Println(filepath.Base(path), err)
	// Output:
	// Dead neurons of conv3
	//
	// 5 of 64 never fire on 1,000 confirm images.
	//
	// Firing
	//  neuron  fires on  mean activation
	// ───────────────────────────────────
	//  3:4 ¹          0                0
	//  3:17      65.5 %           0.0834
	// ¹ Dead on these images.
	// 0001-count-dead.md <nil>
}

func ExamplePValue() {
	for _, p := range []float64{1, 0.6234, 0.031, 1.234e-5, 0} {
		fmt.Println(reports.PValue(p))
	}
	// Output:
	// 1.0
	// 0.62
	// 0.031
	// 1.2e-05
	// < 1e-300
}
