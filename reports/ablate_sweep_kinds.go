package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// kindsSection tells where the kinds of ablation disagree.
func (r SweepReport) kindsSection() Section {
	if len(r.Result.Pairs) == 0 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("ablations"), append(numberColumns("rank correlation", "opposite sign"), textColumns("of these")...)...)}
	for _, p := range r.Result.Pairs {
		var names []string
		for _, a := range p.Opposite[:min(len(p.Opposite), 6)] {
			names = append(names, a.String())
		}
		list := strings.Join(names, ", ")
		switch more := len(p.Opposite) - len(names); {
		case more > 0:
			list += fmt.Sprintf(" and %d more", more)
		case list == "":
			list = Missing
		}
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%s and %s", p.A, p.B), figure(p.Correlation), Count(len(p.Opposite)), list})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Spearman's correlation of the effects on %s over all %s. Opposite sign: both intervals exclude 0, on different sides.",
		metricName(r.Result.Metric), plural(len(r.Result.Neurons), "neuron"))}}
	return Section{"Do the kinds of ablation agree?", []Block{t}}
}

// dependants is how many neurons are named for each class and feature, and dependantRows how many
// there are in all.
const (
	dependants    = 3
	dependantRows = 30
)

// dependsSection names, for each class and feature, the neurons whose loss hurts it most.
func (r SweepReport) dependsSection() Section {
	res := r.Result
	t := Table{Columns: append(textColumns("images", "neuron"), numberColumns("change", "95 % interval", "adjusted p", "on select", "n")...),
		Caption: fmt.Sprintf("Neurons whose loss (%s ablation) hurts most", r.first())}
	each := min(dependants, max(1, dependantRows/(len(res.Classes)+len(res.Features))))
	add := func(name string, n int, of func(*ablate.NeuronLesion) ablate.Tested, onSelect func(*ablate.NeuronLesion) probe.Number) {
		hurting := r.sorted(func(u *ablate.SweptNeuron) bool { return onSelect(r.lesion(u)) < 0 && r.lesion(u).Moved },
			func(u *ablate.SweptNeuron) float64 { return -float64(onSelect(r.lesion(u))) })
		if len(hurting) == 0 {
			t.Rows = append(t.Rows, []string{name, "none", Missing, Missing, Missing, Missing, Count(n)})
		}
		for k, u := range hurting[:min(len(hurting), each)] {
			x := of(r.lesion(u))
			row := append(append([]string{name, u.Address.String()}, changeCells(x.Change)...), pFigure(x.Adjusted), signedFigure(onSelect(r.lesion(u))), Count(n))
			if k > 0 {
				row[0], row[6] = "", ""
			}
			t.Rows = append(t.Rows, row)
		}
	}
	for c, class := range res.Classes {
		add(class, res.ClassImages[c], func(l *ablate.NeuronLesion) ablate.Tested { return l.ByClass[c] },
			func(l *ablate.NeuronLesion) probe.Number { return l.Select.ByClass[c] })
	}
	for f, feature := range res.Features {
		if !slices.ContainsFunc(res.Neurons, func(u ablate.SweptNeuron) bool { return u.Lesions[0].Contrast[f].Estimate.Defined() }) {
			continue
		}
		add(feature, res.FeatureImages[f], func(l *ablate.NeuronLesion) ablate.Tested { return l.Contrast[f] },
			func(l *ablate.NeuronLesion) probe.Number { return l.Select.Contrast[f] })
	}
	text := "For a class: the change of the logit difference on its images."
	if len(res.Features) > 0 {
		text += " For a feature: the contrast, that is the change on images with it less the change on images without it, of the same class; below 0 the loss hurts images with the feature more. n: images with it."
	}
	t.Notes = []Note{{Text: text + fmt.Sprintf(" The neurons are those with the most negative number on select; the other numbers are from %s.", res.Split)}}
	if more := len(t.Rows) - dependantRows; more > 0 {
		t.Rows = t.Rows[:dependantRows]
		t.Notes = append(t.Notes, Note{Text: plural(more, "more row") + " can be had from the JSON and from " + r.Table + "."})
	}
	return Section{"Whose loss hurts whom", []Block{t}}
}

// distributionSection shows all neurons' effects at once.
func (r SweepReport) distributionSection() Section {
	res := r.Result
	p := swarmPlot{y: "change of the logit difference", found: "adjusted p < 0.05", other: "not significant"}
	for _, l := range res.Layers {
		column := stripColumn{label: l.Name}
		var names []string
		for _, u := range r.ofLayer(l.Number) {
			x := r.lesion(u).LogitDiff
			if v := float64(x.Estimate); !math.IsNaN(v) {
				column.dots = append(column.dots, stripDot{v, x.Significant()})
				names = append(names, u.Address.String())
			}
		}
		p.columns, p.names = append(p.columns, column), append(p.names, names)
	}
	return Section{"All neurons", []Block{Figure{
		File: "effects.png", PNG: p.png(),
		Alt:     "A dot a neuron: the change of the logit difference under " + string(r.first()) + " ablation, layer by layer",
		Caption: fmt.Sprintf("The change of the logit difference under %s ablation: a dot a neuron. Full: significant after correction. The largest of each layer is named.", r.first()),
	}}}
}

// curvesSection shows what becomes of accuracy as more and more neurons go.
func (r SweepReport) curvesSection() Section {
	res := r.Result
	if len(res.Curves) == 0 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("layer"), numberColumns("neurons", "can go", "all gone", "least − most", "random − most")...), Terminal: true,
		Caption: fmt.Sprintf("Ablating more and more neurons at once (%s ablation)", res.Curves[0].Kind)}
	var p cumulativePlot
	for _, c := range res.Curves {
		name := c.Name
		if c.Layer == 0 {
			name = "all layers"
		}
		end := c.Most[len(c.Most)-1]
		t.Rows = append(t.Rows, []string{name, Count(c.Neurons), Count(c.Spare), Percent(end.Accuracy), Points(c.Area), Points(c.AreaRandom)})
		p.panels = append(p.panels, cumulativePanel{name, c})
	}
	orders := len(res.Curves[0].Random)
	t.Notes = []Note{{Text: fmt.Sprintf("can go: how many neurons, the least important first, can be ablated together before accuracy is more than %s pp below the intact %s. all gone: accuracy with all of them ablated. "+
		"least − most: area between the curves of the two orders (accuracy over the fraction ablated), random − most with the mean of %s: near 0, the ranking tells nothing.",
		trimSign.Replace(fixed(100*ablate.Tolerance, 0)), Percent(res.Intact.Accuracy), plural(orders, "random order"))}}
	return Section{"How many neurons can go", []Block{t, Figure{
		File: "cumulative.png", PNG: p.png(),
		Alt: "Accuracy while more and more neurons are ablated, a panel a layer: most important first, least important first, and random orders",
		Caption: fmt.Sprintf("Accuracy on %s while more and more neurons are ablated (%s), in the order of their contribution to %s on select, in the opposite order, and in %s (line: mean; band: their range, not an interval).",
			res.Split, res.Curves[0].Kind, metricName(res.Metric), plural(orders, "random order")),
	}}}
}
