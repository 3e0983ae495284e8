package main

import (
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
	"neuroprobe/probe"
	"neuroprobe/reports"
)

// toured is a tour whose atlas has these units, each of one concept, and whose sweep ranks neurons in the order given.
func toured(t *testing.T, units []probe.Unit, ranked ...model.Address) *tour {
	t.Helper()
	notebook, err := reports.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sweep := ablate.SweepResult{}
	for k, a := range ranked {
		sweep.Neurons = append(sweep.Neurons, ablate.SweptNeuron{Address: a, Lesions: []ablate.NeuronLesion{{Kind: ablate.Zero, Select: ablate.SelectEffect{Rank: k + 1}}}})
	}
	for slug, data := range map[string]any{"probe": probe.Survey{Units: units}, "ablate-sweep": sweep} {
		if _, err := notebook.Add(reports.Entry{Slug: slug, Title: slug, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	made, err := notebook.Entries()
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {1, 0, 0}}, [][]float32{{1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}})
	return &tour{notebook: notebook, network: n, made: made}
}

func labelled(layer, unit int, auroc float64, causal, absent bool) probe.Unit {
	return probe.Unit{Address: model.Neuron(layer, unit), Tuning: []*probe.Tuning{{SelectAUROC: probe.Number(auroc)}},
		Label: &probe.Label{Name: "spot", Causal: causal, Absent: absent}}
}

func TestTourChoosesTheDetector(t *testing.T) {
	unlabelled := probe.Unit{Address: model.Neuron(1, 0)}
	for _, c := range []struct {
		name  string
		units []probe.Unit
		want  model.Address
	}{
		{"twins before a better AUROC", []probe.Unit{labelled(1, 0, 0.99, false, false), labelled(1, 1, 0.8, true, false)}, model.Neuron(1, 1)},
		{"presence before a better absence", []probe.Unit{labelled(1, 0, 0.01, true, true), labelled(1, 1, 0.9, true, false)}, model.Neuron(1, 1)},
		{"the best AUROC on select", []probe.Unit{labelled(1, 0, 0.8, true, false), labelled(1, 1, 0.9, true, false), labelled(1, 2, 0.85, true, false)}, model.Neuron(1, 1)},
		{"the first of equals", []probe.Unit{labelled(1, 1, 0.9, true, false), labelled(1, 2, 0.9, true, false)}, model.Neuron(1, 1)},
		{"not the output", []probe.Unit{labelled(1, 1, 0.7, false, true), labelled(2, 0, 1, true, false)}, model.Neuron(1, 1)},
		{"any without labels", []probe.Unit{unlabelled}, model.Neuron(1, 0)},
	} {
		got, err := toured(t, c.units).detector()
		if err != nil || got != c.want {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

// TestTourChoosesTheImportantNeuron: the first on select, or the next where that is the detector.
func TestTourChoosesTheImportantNeuron(t *testing.T) {
	units := []probe.Unit{labelled(1, 1, 0.9, true, false)}
	for want, ranked := range map[string][]model.Address{
		"1:2": {model.Neuron(1, 1), model.Neuron(1, 2), model.Neuron(1, 0)},
		"1:3": {model.Neuron(1, 3), model.Neuron(1, 1)},
		"1:1": {model.Neuron(1, 1)},
	} {
		if got, err := toured(t, units, ranked...).choice("important"); err != nil || got != want {
			t.Errorf("of %v: %s, want %s (%v)", ranked, got, want, err)
		}
	}
	if _, err := (&tour{}).choice("detector"); err == nil {
		t.Error("a detector was chosen without an atlas")
	}
}
