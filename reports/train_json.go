package reports

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// trainData is a training run for programs.
type trainData struct {
	Network  string           `json:"network"`
	Classes  []string         `json:"classes"`
	Confirm  model.Evaluation `json:"confirm"`
	Accuracy CI               `json:"confirm_accuracy_interval"`
	Recall   []recallData     `json:"confirm_recall"`
	// Goodness is the other way in which a network trained by forward-forward answers.
	Goodness *goodnessData      `json:"by_goodness,omitempty"`
	Bound    *boundData         `json:"best_possible,omitempty"`
	Sizes    map[string]int     `json:"images"`
	Features []string           `json:"features,omitempty"`
	Layers   []layerData        `json:"layers"`
	Options  model.TrainOptions `json:"options"`
	Best     int                `json:"best_epoch"`
	Stopped  string             `json:"stopped"`
	Epochs   []model.Epoch      `json:"epochs"`
	// Specimens are all networks raised; empty where there was one.
	Specimens []Specimen `json:"specimens,omitempty"`
	Warnings  []string   `json:"data_warnings,omitempty"`
	Skipped   []string   `json:"skipped_images,omitempty"`
}

type recallData struct {
	Class  string  `json:"class"`
	Images int     `json:"images"`
	Recall float64 `json:"recall"`
	CI
}

type goodnessData struct {
	model.GoodnessRecord
	Interval CI `json:"confirm_accuracy_interval"`
}

type boundData struct {
	Accuracy float64 `json:"accuracy"`
	How      string  `json:"how"`
}

type layerData struct {
	Number     int    `json:"number"`
	Name       string `json:"name"`
	Activation [3]int `json:"activation"`
	Output     [3]int `json:"output"`
	Neurons    int    `json:"neurons"`
	Synapses   int    `json:"synapses_per_neuron"`
	Parameters int    `json:"parameters"`
}

func (r TrainReport) data() trainData {
	n, record := r.Network, r.Network.Record
	d := trainData{
		Network: n.Spec.Name, Classes: n.Classes, Confirm: r.Confirm, Accuracy: r.Accuracy,
		Sizes: map[string]int{}, Features: r.Set.Features,
		Options: record.Options, Best: record.Best, Stopped: record.Stopped, Epochs: record.Epochs,
		Specimens: r.Specimens, Warnings: r.Set.Warnings, Skipped: r.Set.Skipped,
	}
	for c, counts := range r.Confirm.Confusion {
		x := recallData{Class: n.Classes[c], Images: sum(counts)}
		if x.Images > 0 {
			x.Recall = recall(counts, c)
		}
		if c < len(r.Recall) {
			x.CI = r.Recall[c]
		}
		d.Recall = append(d.Recall, x)
	}
	if g := record.Goodness; g != nil {
		d.Goodness = &goodnessData{*g, r.Goodness}
	}
	if b := r.Set.Bound; b != nil {
		d.Bound = &boundData{b.Accuracy, b.How}
	}
	for _, split := range datasets.Splits {
		lo, hi := r.Set.Range(split)
		d.Sizes[split.String()] = hi - lo
	}
	for i := 1; i <= n.Depth(); i++ {
		g := n.Geometry(i)
		d.Layers = append(d.Layers, layerData{i, n.Layer(i).Name, g.Act, g.Out, g.Act[0], g.FanIn,
			len(n.Params[i].Weight) + len(n.Params[i].Bias)})
	}
	return d
}
