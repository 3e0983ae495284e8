package reports

import (
	"math"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// fixtureDecode is a decoding made up by hand: class, ears and whiskers rise with depth, the collar
// falls, the hat is on every image.
func fixtureDecode(t testing.TB) DecodeReport {
	set, n := fixtureSet(), fixtureNetwork(t)
	d := &probe.Decoding{Split: datasets.Confirm, Train: 200, Select: 60, Images: 200, Types: 14, Controls: 5, Seed: 1,
		Penalties: []float64{1, 0.1, 0.01, 0.001, 1e-4, 1e-5},
		Concepts: []probe.Concept{
			{Name: "cat", Without: "dog", Kind: probe.Class, Part: -1},
			{Name: "pointed_ears", Without: "without pointed_ears", Kind: probe.Feature, Part: -1},
			{Name: "whiskers", Without: "without whiskers", Kind: probe.Feature, Index: 1, Part: -1},
			{Name: "collar", Without: "without collar", Kind: probe.Feature, Index: 2, Part: -1},
			{Name: "hat", Without: "without hat", Kind: probe.Feature, Index: 3, Part: -1},
		},
		Best: []int{3, 3, 2, 0, -1},
		Warnings: []string{"hat is the same on all images of train and confirm: there is nothing to decode",
			"fewer than 30 confirm images of a kind, so coarse numbers: collar (20 with, 180 without)"},
	}
	right := [][]int{{112, 108, 131, 181}, {150, 119, 128, 182}, {171, 121, 130, 180}, {188, 117, 133, 179}, {183, 111, 127, 178}} // of 200
	for k, l := range []probe.DecodedLayer{{Name: "input", Inputs: 6}, {Layer: 1, Name: "conv1", Inputs: 32}, {Layer: 2, Name: "conv2", Inputs: 61, Constant: 3},
		{Layer: 3, Name: "conv3", Inputs: 128}, {Layer: 4, Name: "dense4", Inputs: 2}} {
		for c, with := range []int{100, 100, 67, 20} {
			accuracy := float64(right[k][c]) / 200
			control := round(0.55 + 0.02*float64(k) + 0.01*float64(c))
			p := &probe.LinearProbe{Concept: c, With: with, Without: 200 - with,
				Accuracy: probe.Rate{Count: right[k][c], Of: 200, Low: probe.Number(round(accuracy - 0.05)), High: probe.Number(round(accuracy + 0.03))},
				Majority: probe.Number(max(float64(with), 200-float64(with)) / 200), AUROC: probe.Number(round(min(1, accuracy+0.03))),
				Within: probe.Number(round(accuracy - 0.04)), Control: probe.Number(control), ControlSD: 0.031, Selectivity: probe.Number(round(accuracy - control)),
				SelectLoss: probe.Number(round(1 - accuracy)), SelectSelectivity: probe.Number(round(accuracy - control + 0.004)), Penalty: math.Pow(10, -float64(k))}
			if c == 0 {
				p.Within = probe.Undefined
			}
			l.Probes = append(l.Probes, p)
		}
		l.Probes = append(l.Probes, nil)
		d.Layers = append(d.Layers, l)
	}
	return DecodeReport{Decoding: d, Network: n, Set: set, DataDigest: fixtureDigest, ModelPath: "model.safetensors", Run: fixtureRun("neuroprobe probe decode")}
}
