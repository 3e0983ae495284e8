package main

import (
	"context"
	"fmt"
	"path/filepath"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/reports"
)

// report measures the networks on confirm and writes the entry, about the first of them. They
// are read back from the lab: some may be from before a break.
func (r *trainRun) report(ctx context.Context) error {
	t := reports.TrainReport{Set: r.set, ModelPath: filepath.Base(r.lab.modelPath())}
	for k := 1; k <= r.plan.Specimens; k++ {
		n, err := model.Load(r.lab.specimenPath(k))
		if err != nil {
			return err
		}
		e, err := n.Evaluate(ctx, r.set, datasets.Confirm, 0)
		if err != nil {
			return err
		}
		if k == 1 {
			t.Network, t.Confirm, t.Accuracy, t.Recall = n, e, wilson(e.Correct, e.Images), recalls(e)
			if a, ok := n.Record.Goodness.On(datasets.Confirm); ok {
				t.Goodness = wilson(a.Correct, a.Images)
			}
		}
		path, err := filepath.Rel(r.lab.dir, r.lab.specimenPath(k))
		if err != nil {
			return err
		}
		t.Specimens = append(t.Specimens, reports.Specimen{Seed: n.Record.Options.Seed, Path: filepath.ToSlash(path),
			Accuracy: e.Accuracy, Interval: wilson(e.Correct, e.Images)})
	}
	t.Run = r.provenance(r.plan.Command, r.started)
	if err := r.publish(r.lab, r.json, reports.Train(t)); err != nil || r.json {
		return err
	}
	_, err := fmt.Fprintf(r.Out, "model:  %s\nnext:   neuroprobe ablate --neuron %s%s\n", r.lab.modelPath(), exampleNeuron(t.Network), r.lab.flag())
	return err
}

// wilson is the 95 % interval of a proportion.
func wilson(successes, n int) reports.CI {
	low, high := stats.Wilson(successes, n)
	return reports.CI{Low: low, High: high}
}

func recalls(e model.Evaluation) []reports.CI {
	var out []reports.CI
	for class, row := range e.Confusion {
		n := 0
		for _, k := range row {
			n += k
		}
		out = append(out, wilson(row[class], n))
	}
	return out
}

// exampleNeuron is a neuron that the network has, for the line that says how to go on.
func exampleNeuron(n *model.Network) string {
	layer := (n.Depth() + 1) / 2
	return model.Neuron(layer, min(17, n.Geometry(layer).Act[0]-1)).String()
}
