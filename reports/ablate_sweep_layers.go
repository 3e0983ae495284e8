package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// layersSection sums the sweep up, a row a layer.
func (r SweepReport) layersSection() Section {
	res := r.Result
	perClass := len(res.Classes) <= classesByColumn
	t := Table{
		Columns: append(textColumns("layer"), numberColumns("neurons", "dead", "accuracy", "logit diff")...), Terminal: true,
		Caption: fmt.Sprintf("Neurons whose %s ablation changes something (adjusted p < 0.05)", r.first()),
	}
	if perClass {
		for _, class := range res.Classes {
			t.Columns = append(t.Columns, Column{"hurts " + class, true})
		}
	} else {
		t.Columns = append(t.Columns, Column{"hurts a class", true})
	}
	t.Columns = append(append(t.Columns, textColumns("strongest")...), numberColumns("logit diff: change", "95 % interval", "select ρ")...)
	for _, l := range res.Layers {
		units := r.ofLayer(l.Number)
		count := func(of func(*ablate.NeuronLesion) bool) string {
			n := 0
			for _, u := range units {
				if of(r.lesion(u)) {
					n++
				}
			}
			return Count(n)
		}
		hurts := func(class int) func(*ablate.NeuronLesion) bool {
			return func(x *ablate.NeuronLesion) bool {
				return x.ByClass[class].Significant() && x.ByClass[class].Estimate < 0
			}
		}
		row := []string{l.Name, Count(l.Neurons), Count(l.Dead),
			count(func(x *ablate.NeuronLesion) bool { return x.Accuracy.Significant() }),
			count(func(x *ablate.NeuronLesion) bool { return x.LogitDiff.Significant() })}
		if perClass {
			for class := range res.Classes {
				row = append(row, count(hurts(class)))
			}
		} else {
			row = append(row, count(func(x *ablate.NeuronLesion) bool {
				for class := range res.Classes {
					if hurts(class)(x) {
						return true
					}
				}
				return false
			}))
		}
		strongest := units[0]
		row = append(append(row, strongest.Address.String()), changeCells(r.lesion(strongest).LogitDiff.Change)...)
		t.Rows = append(t.Rows, append(row, figure(l.Trust[0])))
	}
	t.Notes = append(t.Notes,
		Note{Text: fmt.Sprintf("strongest: the largest effect on %s on select, either way. hurts %s: without the neuron the logit difference on its images falls. select ρ: Spearman's correlation of the neurons' effects on select and on %s, which tells how far a ranking can be trusted.",
			metricName(r.Result.Metric), res.Classes[0], res.Split)})
	t.Notes = append(t.Notes, warningNotes(res.Warnings)...)
	return Section{"By layer", []Block{t}}
}

// listedLesions is how many rows a layer's table has at most.
const listedLesions = 15

// layerSection lists the neurons of a layer with the largest effects.
func (r SweepReport) layerSection(l ablate.SweptLayer) Section {
	res := r.Result
	units := r.ofLayer(l.Number)
	shown := units
	if len(units) > listedLesions+1 { // a note takes as much room as one row
		shown = units[:listedLesions]
	}
	t := Table{Columns: append(textColumns("neuron"), numberColumns("logit diff: change", "95 % interval", "adjusted p")...)}
	for _, k := range res.Kinds[1:] {
		t.Columns = append(t.Columns, Column{string(k), true})
	}
	t.Columns = append(t.Columns, numberColumns("accuracy: change", "95 % interval", "adjusted p")...)
	perClass := len(res.Classes) <= classesByColumn
	if perClass {
		for _, class := range res.Classes {
			t.Columns = append(t.Columns, Column{"recall of " + class, true})
		}
	}
	t.Columns = append(t.Columns, numberColumns("fires on", "on select")...)
	for _, u := range shown {
		x := r.lesion(u)
		row := append(append([]string{u.Address.String()}, changeCells(x.LogitDiff.Change)...), pFigure(x.LogitDiff.Adjusted))
		for _, k := range res.Kinds[1:] {
			row = append(row, signedFigure(u.Lesion(k).LogitDiff.Estimate))
		}
		row = append(append(row, pointsCells(x.Accuracy.Change)...), pFigure(x.Accuracy.Adjusted))
		if perClass {
			for class := range res.Classes {
				row = append(row, Points(float64(x.Recall[class].Estimate)))
			}
		}
		fires := Percent(float64(u.Fires) / float64(res.Images))
		if u.Dead {
			fires = "never"
		}
		onSelect := Signed(x.Select.Metric)
		if res.Metric.Percent {
			onSelect = Points(x.Select.Metric)
		}
		t.Rows = append(t.Rows, append(row, fires, onSelect))
	}
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("on select: the change of %s on the select images, by which the table is sorted, either way.", metricName(res.Metric))})
	if len(shown) < len(units) {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("The %d of %s with the largest effect on select; the other %s are in the JSON and in %s.", len(shown), plural(len(units), "neuron"), Count(len(units)-len(shown)), r.Table)})
	}
	if len(res.Kinds) > 1 {
		var names []string
		for _, k := range res.Kinds[1:] {
			names = append(names, string(k))
		}
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s: the change of the logit difference under that ablation.", enumerate(names))})
	}
	return Section{fmt.Sprintf("Layer %d: %s (%s)", l.Number, l.Name, plural(l.Neurons, "neuron")), []Block{t}}
}

// testsSection counts the tests.
func (r SweepReport) testsSection() Section {
	t := Table{Columns: append(textColumns("ablation", "test"), numberColumns("tests", "significant", "left out")...)}
	total := 0
	for _, f := range r.Result.Families {
		t.Rows = append(t.Rows, []string{string(f.Kind), string(f.Test), Count(f.Tests), Count(f.Significant), Count(f.LeftOut)})
		total += f.Tests
	}
	t.Notes = []Note{{Text: fmt.Sprintf("%s in all. Each row is one family, corrected together: over all neurons, and for classes and features over all of these too. Left out: ablations that moved nothing, and features that vary within no class.", plural(total, "test"))}}
	return Section{"Tests", []Block{t}}
}
