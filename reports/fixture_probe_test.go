package reports

import (
	"math"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureSurvey is a survey of fixtureNetwork made up by hand, on the confirm images of fixtureSet.
// Every neuron leans to one concept or its absence by an amount that its number gives; a few have
// a peculiarity, and 3:17 has all of its numbers written out.
func fixtureSurvey(t testing.TB) *probe.Survey {
	n, set := fixtureNetwork(t), fixtureSet()
	s := &probe.Survey{
		Split: datasets.Confirm, Images: 200, SelectImages: 60, Classes: set.Classes, Parts: []string{"ears", "eyes"},
		Concepts: []probe.Concept{
			{Name: "cat", Without: "dog", Kind: probe.Class, Part: -1},
			{Name: "pointed_ears", Without: "without pointed_ears", Kind: probe.Feature, Part: 0},
			{Name: "whiskers", Without: "without whiskers", Kind: probe.Feature, Index: 1, Part: -1},
			{Name: "collar", Without: "without collar", Kind: probe.Feature, Index: 2, Part: -1},
		},
		Summary: probe.Max, Permutations: 999, Resamples: 2000, Seed: 1,
		Families: probe.Families{Raw: 448, Within: 336, Twin: 336, Part: 220},
		Null:     [2]probe.Number{0.421, 0.579},
		Excluded: []probe.Exclusion{{What: "dead units (activation never above 0)", Units: []model.Address{model.Neuron(1, 3)}},
			{What: "constant units (the same on every image of select or of confirm)", Units: []model.Address{model.Neuron(2, 5)}}},
		Warnings: []string{"3 images appear in two splits"},
	}
	for l := 1; l <= n.Depth(); l++ {
		for u := range n.Geometry(l).Act[0] {
			s.Units = append(s.Units, fixtureUnit(n, model.Neuron(l, u)))
		}
	}
	special(s)
	for c := range s.Concepts {
		s.Responders = append(s.Responders, fixtureResponders(s, c))
	}
	first, second := model.Neuron(3, 17), model.Neuron(2, 4)
	s.Detectors = []probe.Detectors{{Part: 0, Tested: 110, BeatNull: 9, Detectors: 4, Strongest: &first}, {Part: 1, Tested: 110, BeatNull: 2, Strongest: &second}}
	for _, a := range []model.Address{model.Neuron(1, 0), model.Neuron(3, 17), model.Neuron(3, 2), model.Neuron(4, 0)} {
		s.Sheets = append(s.Sheets, probe.Sheet{Address: a, Images: fixtureExemplars(n, a, 6, true)})
	}
	return s
}

// fixtureUnit leans to concept number mod 5, to none if that is 4.
func fixtureUnit(n *model.Network, a model.Address) probe.Unit {
	l := n.Layer(a.Layer)
	k := a.Layer*31 + a.Unit
	lean := round(0.12 + 0.33*math.Abs(math.Sin(float64(k)*2.7)))
	u := probe.Unit{Address: a, Layer: l.Name, Kind: l.Kind, Mean: 1.25, SD: 0.5, FiresOn: fixtureRate(150, 200),
		FiresByClass: []probe.Rate{fixtureRate(90, 100), fixtureRate(60, 100)}, Selectivity: 0.2, BestPart: -1, MapThreshold: probe.Undefined}
	u.Quality.Presence = 0.4
	for c := range 4 {
		auroc := round(0.5 + 0.04*math.Sin(float64(k+c)))
		if c == k%5 {
			auroc = 0.5 + lean
			if k%2 == 1 {
				auroc = 0.5 - lean
			}
		}
		u.Tuning = append(u.Tuning, fixtureTuning(c, auroc))
	}
	if c := k % 5; c < 4 {
		t := u.Tuning[c]
		label := probe.Label{Concept: c, Absent: t.AUROC < 0.5, Name: []string{"cat", "pointed_ears", "whiskers", "collar"}[c], AUROC: t.AUROC, Adjusted: t.Adjusted, Causal: c > 0, Within: c > 0}
		if label.Absent {
			label.Name, label.AUROC = []string{"dog", "without pointed_ears", "without whiskers", "without collar"}[c], 1-t.AUROC
		}
		u.Label = &label
	}
	if n.Geometry(a.Layer).Act.Area() > 1 {
		u.MapThreshold = 0.91
		u.Overlaps = []probe.Overlap{{Part: 0, IoU: 0.0123, SelectIoU: 0.01, NullIoU: 0.0119, P: 0.4, Adjusted: 0.6}, {Part: 1, IoU: 0.031, SelectIoU: 0.03, NullIoU: 0.011, P: 0.001, Adjusted: 0.02}}
		u.BestPart = 1
	}
	return u
}

// fixtureTuning beats its null where the AUROC is at least 0.1 from ½.
func fixtureTuning(c int, auroc float64) *probe.Tuning {
	found, p := math.Abs(auroc-0.5) >= 0.1, 0.41
	if found {
		p = 0.001
	}
	t := &probe.Tuning{Concept: c, With: 100, Without: 100, AUROC: probe.Number(auroc), SelectAUROC: probe.Number(auroc), DPrime: probe.Number(round(5 * (auroc - 0.5))),
		Difference: probe.Number(round(2 * (auroc - 0.5))), FiresWith: fixtureRate(95, 100), FiresOff: fixtureRate(55, 100), P: probe.Number(p), Adjusted: probe.Number(4 * p / (1 + 3*p))}
	if c > 0 {
		mean := probe.Number(round(1.2 * (auroc - 0.5)))
		t.Within = &probe.Within{AUROC: probe.Number(round(0.5 + 0.8*(auroc-0.5))), P: t.P, Adjusted: t.Adjusted}
		t.Twin = &probe.TwinEffect{Pairs: 200, Mean: mean, Low: mean - 0.04, High: mean + 0.04, SDs: 2 * mean, SelectSDs: 2 * mean, P: t.P, Adjusted: t.Adjusted}
	}
	return t
}

func fixtureRate(count, of int) probe.Rate {
	share := float64(count) / float64(of)
	return probe.Rate{Count: count, Of: of, Low: probe.Number(round(share * 0.9)), High: probe.Number(round(share*0.9 + 0.1))}
}

// special gives a few units their peculiarities.
func special(s *probe.Survey) {
	dead, constant := unitOf(s, model.Neuron(1, 3)), unitOf(s, model.Neuron(2, 5))
	for _, u := range []*probe.Unit{dead, constant} {
		u.Tuning, u.Label, u.Overlaps, u.BestPart, u.SD, u.Selectivity = nil, nil, nil, -1, 0, probe.Undefined
	}
	dead.Quality, dead.Mean, dead.FiresOn, dead.FiresByClass = probe.Quality{Dead: true}, 0, fixtureRate(0, 200), []probe.Rate{fixtureRate(0, 100), fixtureRate(0, 100)}
	constant.Quality.Constant = true
	unitOf(s, model.Neuron(1, 4)).Quality.AlwaysOn = true
	unitOf(s, model.Neuron(3, 5)).Quality.Duplicates = []probe.Duplicate{{Address: model.Neuron(3, 4), R: 0.993}, {Address: model.Neuron(3, 9), R: -0.985}}

	// 3:11 follows whiskers, but not where class or twins hold all else equal.
	confounded := unitOf(s, model.Neuron(3, 11))
	confounded.Label = nil
	for c := range confounded.Tuning {
		confounded.Tuning[c] = fixtureTuning(c, 0.51)
	}
	x := fixtureTuning(2, 0.7)
	x.Within.AUROC, x.Within.Adjusted, x.Twin.Mean, x.Twin.Low, x.Twin.High, x.Twin.SDs, x.Twin.Adjusted = 0.52, 0.5, 0.01, -0.02, 0.04, 0.02, 0.6
	confounded.Tuning[2] = x

	best := unitOf(s, model.Neuron(3, 17))
	best.Tuning = []*probe.Tuning{fixtureTuning(0, 0.88), fixtureTuning(1, 0.9512), fixtureTuning(2, 0.36), fixtureTuning(3, 0.52)}
	best.Label = &probe.Label{Concept: 1, Name: "pointed_ears", AUROC: 0.9512, Adjusted: best.Tuning[1].Adjusted, Causal: true, Within: true}
	best.RunnersUp = []probe.Label{{Concept: 0, Name: "cat", AUROC: 0.88, Adjusted: 0.004}, {Concept: 2, Absent: true, Name: "without whiskers", AUROC: 0.64, Adjusted: 0.004, Causal: true}}
	best.Overlaps[0] = probe.Overlap{Part: 0, IoU: 0.1204, SelectIoU: 0.118, NullIoU: 0.0131, P: 0.001, Adjusted: 0.008}
	best.BestPart = 0
}

// fixtureResponders counts what the units say, so that the fixture is of a piece.
func fixtureResponders(s *probe.Survey, c int) probe.Responders {
	x := probe.Responders{Concept: c}
	strength := 0.0
	for _, u := range s.Units {
		if u.Label != nil && u.Label.Concept == c {
			x.Named++
		}
		if !u.Tested() {
			continue
		}
		x.Tested++
		t := u.Tuning[c]
		if beats(t.Adjusted) {
			x.Raw++
		}
		if t.Within != nil && beats(t.Within.Adjusted) {
			x.Within++
		}
		if t.Twin != nil && beats(t.Twin.Adjusted) {
			x.Twin++
		}
		if d := math.Abs(float64(t.SelectAUROC) - 0.5); beats(t.Adjusted) && d > strength {
			strength, x.Strongest = d, &u.Address
			if c > 0 {
				x.StrongTwin = &u.Address
			}
		}
	}
	return x
}

// fixtureExemplars are cats (or dogs), with a blob of activation where the left ear is.
func fixtureExemplars(n *model.Network, a model.Address, count int, cats bool) []probe.Exemplar {
	var all []probe.Exemplar
	act := n.Geometry(a.Layer).Act
	for k := range count {
		image := 260 + 2*(a.Unit%7+k)
		value := round(3.2 - 0.17*float64(k))
		if !cats {
			image, value = image+1, round(0.11*float64(k))
		}
		e := probe.Exemplar{Image: image, Name: fixtureSet().Names[image], Value: value}
		if act.Area() > 1 {
			e.Rows, e.Cols = act[1], act[2]
			for y := range act[1] {
				for x := range act[2] {
					px, py := (float64(x)+0.5)/float64(act[2])-0.3, (float64(y)+0.5)/float64(act[1])-0.27
					e.Map = append(e.Map, float32(round(value*math.Exp(-(px*px+py*py)*60))))
				}
			}
		}
		all = append(all, e)
	}
	return all
}

func fixtureAtlas(t testing.TB) AtlasReport {
	return AtlasReport{Survey: fixtureSurvey(t), Network: fixtureNetwork(t), Set: fixtureSet(), DataDigest: fixtureDigest, ModelPath: "model.safetensors",
		Run: fixtureRun("neuroprobe probe")}
}

func fixtureNeuron(t testing.TB, a model.Address) NeuronReport {
	n, s := fixtureNetwork(t), fixtureSurvey(t)
	x := &probe.Examination{
		Survey: s, Unit: *unitOf(s, a), Highest: fixtureExemplars(n, a, 9, true), Lowest: fixtureExemplars(n, a, 9, false),
		Histogram: probe.Histogram{Edges: []float64{0.1, 0.6, 1.1, 1.6, 2.1, 2.6, 3.2}, Counts: [][]int{{4, 9, 21, 30, 20, 10}, {30, 14, 8, 3, 1, 0}}, Zeros: []int{6, 44}},
		Incoming: []probe.Synapse{{From: model.Neuron(2, 4), To: a, Weight: 0.31, Contribution: 0.0921, Label: unitOf(s, model.Neuron(2, 4)).Label},
			{From: model.Neuron(2, 5), To: a, Weight: -0.22, Contribution: -0.0411}},
		IncomingCount: probe.SignCount{Excitatory: 17, Inhibitory: 14},
		Outgoing:      []probe.Synapse{{From: a, To: model.Neuron(4, 0), Weight: 0.52, Contribution: 0.4102, Label: unitOf(s, model.Neuron(4, 0)).Label}, {From: a, To: model.Neuron(4, 1), Weight: -0.47, Contribution: -0.3711}},
		OutgoingCount: probe.SignCount{Excitatory: 1, Inhibitory: 1},
		Nearest:       []probe.Duplicate{{Address: model.Neuron(a.Layer, 1), R: 0.9912}, {Address: model.Neuron(a.Layer, 0), R: -0.71}},
		Warnings:      []string{"3 images appear in two splits"},
	}
	for c, t := range x.Unit.Tuning {
		x.Details = append(x.Details, &probe.Detail{Concept: c, AUROCLow: t.AUROC - 0.03, AUROCHigh: min(t.AUROC+0.02, 1), DifferenceLow: t.Difference - 0.1, DifferenceHigh: t.Difference + 0.1})
	}
	return NeuronReport{Examination: x, Network: n, Set: fixtureSet(), DataDigest: fixtureDigest, ModelPath: "model.safetensors",
		Run: fixtureRun("neuroprobe probe --neuron " + a.String())}
}
