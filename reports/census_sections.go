package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// daleSection asks whether senders keep to one sign.
func (r CensusReport) daleSection() Section {
	x := r.Result
	plot := censusColumns{y: "share of outgoing synapses with the majority's sign", low: 0.48, high: 1.02, line: math.NaN(), full: "keeps to one sign", hollow: "has both", shade: "95 % of senders with shuffled signs"}
	t := Table{
		Caption: "Mean balance of a layer's senders",
		Columns: append(append(numberColumns("#"), textColumns("layer", "measured by", "null shuffles")...),
			numberColumns("mean balance", "expected", "95 % of permutations", "p, more", "p, less")...),
		Terminal: true,
	}
	exact := Table{
		Caption: "Senders with a single sign",
		Columns: append(append(numberColumns("#"), textColumns("layer")...), numberColumns("senders", "synapses", "keep to one sign", "expected, signs shuffled", "p, more", "expected, senders shuffled", "p, more")...),
	}
	var untested List
	for _, d := range x.Dale {
		if d.NotTested != "" {
			untested = append(untested, fmt.Sprintf("Layer %d (%s) was not tested: %s.", d.Layer, d.Name, d.NotTested))
			continue
		}
		plot.columns = append(plot.columns, r.daleColumn(d))
		for _, b := range d.Balance {
			t.Rows = append(t.Rows, []string{fmt.Sprint(d.Layer), d.Name, b.Measure, string(b.Null), Percent(b.Observed), Percent(b.Expected), PercentInterval(b.Low, b.High), PValue(b.AdjustedOver), PValue(b.AdjustedUnder)})
		}
		s, k := d.Exacts[0], d.Exacts[1]
		exact.Rows = append(exact.Rows, []string{fmt.Sprint(d.Layer), d.Name, Count(d.Senders), Count(d.Synapses), Count(d.Exact),
			expectedCount(s.Expected), PValue(s.AdjustedOver), expectedCount(k.Expected), PValue(k.AdjustedOver)})
	}
	var blocks []Block
	if len(t.Rows) > 0 {
		t.Notes = []Note{
			{Text: fmt.Sprintf("p of as much one-sidedness or more, and of as little or less, adjusted for %s. Pixels (layer 0) have a sign of their own and are left out.", plural(x.DaleTests, "test"))},
			{Text: "A sender of few synapses keeps to one sign by chance: one of two synapses half of the time. That is why the expectation matters and not the share itself."},
		}
		if dead := r.deadSenders(); dead > 0 {
			t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s of the tested layers never fired on these images; they are counted as senders.", capital(plural(dead, "neuron")))})
		}
		blocks = append(blocks, Figure{
			File:    "dale.png",
			PNG:     plot.png(),
			Alt:     "The share of the majority sign among each sender's outgoing synapses, layer by layer; the table below has the means",
			Caption: "Each sender's balance by number. 1 is one sign alone, as Dale's principle has it; 0.5 is as many excitatory as inhibitory synapses.",
		}, t, exact)
	}
	if len(untested) > 0 {
		blocks = append(blocks, untested)
	}
	return Section{"Does a neuron excite or inhibit?", blocks}
}

// deadSenders counts the senders of the test that never fire.
func (r CensusReport) deadSenders() (dead int) {
	for _, d := range r.Result.Dale {
		if d.NotTested == "" {
			dead += len(r.Result.Layers[d.Layer-1].Activity.Dead)
		}
	}
	return dead
}

// daleColumn are a layer's senders as dots.
func (r CensusReport) daleColumn(d probe.Dale) censusColumn {
	c := censusColumn{label: fmt.Sprintf("%d %s", d.Layer, d.Name), band: [2]float64{float64(d.Band[0]), float64(d.Band[1])}}
	for _, n := range r.Result.Neurons {
		if n.Address.Layer == d.Layer && n.Balance.Defined() {
			c.dots = append(c.dots, stripDot{float64(n.Balance), n.Balance == 1})
		}
	}
	return c
}

// weightSection shows how weights are distributed, over a layer and within its neurons.
func (r CensusReport) weightSection() Section {
	x := r.Result
	t := Table{Columns: append(append(numberColumns("#"), textColumns("layer")...),
		numberColumns("mean", "sd", "excess kurtosis", "Gini of |w|", "weak", "K", "effective fan-in", "range", "share of K")...)}
	fanIn := censusColumns{y: "effective fan-in, as a share of K", low: -0.02, high: 1.02, line: 1.0 / 3, lineName: "normal weights: about a third", full: "dead neuron", hollow: "neuron that fires"}
	var panels []weightPanel
	for _, l := range x.Layers {
		if l.Synapses == 0 {
			continue
		}
		w, e := l.Weights, l.EffectiveFanIn
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Layer), l.Name, Number(float64(w.Mean)), Number(float64(w.SD)), Number(float64(w.Kurtosis)), Number(float64(w.Gini)),
			Percent(float64(w.Weak)), Count(l.Dendrites), Number(float64(e.Median)), Interval(float64(e.Least), float64(e.Most)), Percent(float64(e.Median) / float64(l.Dendrites))})
		label := fmt.Sprintf("%d %s", l.Layer, l.Name)
		if w.Bins != nil {
			panels = append(panels, weightPanel{label: label, note: fmt.Sprintf("%s weights, sd %s", Count(l.Synapses), Number(float64(w.SD))), bins: w.Bins, mean: float64(w.Mean) / float64(w.SD)})
		}
		column := censusColumn{label: label, band: [2]float64{math.NaN(), math.NaN()}}
		for _, n := range x.Neurons {
			if n.Address.Layer == l.Layer && n.EffectiveFanIn.Defined() {
				column.dots = append(column.dots, stripDot{float64(n.EffectiveFanIn) / float64(l.Dendrites), n.Quality.Dead})
			}
		}
		fanIn.columns = append(fanIn.columns, column)
	}
	t.Notes = []Note{{Text: "Normally distributed weights have an excess kurtosis of 0, a Gini coefficient of 0.414, 8.0 % weak synapses (|w| < 0.1 sd) and an effective fan-in of about a third of K: more kurtosis, a higher Gini and a smaller share mean that few synapses do most of the work. " +
		"Effective fan-in is the median over the layer's neurons, with the range from the least to the most."}}
	var blocks []Block
	if len(panels) > 0 {
		blocks = append(blocks, Figure{
			File:    "weights.png",
			PNG:     weightHistogram(panels),
			Alt:     "Histograms of the weights of each layer, in units of the layer's standard deviation; the table below has their moments",
			Caption: fmt.Sprintf("Weights by layer, in standard deviations of the layer: inhibitory to the left, excitatory to the right. The line is a normal distribution of the same mean and width. What lies beyond ±%s is in the outermost bars.", Number(probe.HistogramReach)),
		})
	}
	blocks = append(blocks, t, Figure{
		File:    "fan-in.png",
		PNG:     fanIn.png(),
		Alt:     "The effective fan-in of each neuron as a share of its K synapses, layer by layer",
		Caption: "How many of its K synapses a neuron effectively has. 1: all are equally strong.",
	})
	return Section{"Strong and weak synapses", blocks}
}

// listedDead is how many neurons a list of dead ones names.
const listedDead = 20

// activitySection says how sparsely neurons fire.
func (r CensusReport) activitySection() Section {
	x := r.Result
	t := Table{Columns: append(append(numberColumns("#"), textColumns("layer")...),
		numberColumns("neurons", "fire on an image", "positions above 0", "lifetime sparseness", "quartiles", "population sparseness", "quartiles", "dead", "always on", "constant")...)}
	var lists List
	for _, l := range x.Layers {
		a := l.Activity
		if a == nil {
			continue
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Layer), l.Name, Count(l.Neurons), Percent(float64(a.Firing.Median)), Percent(float64(a.Presence)),
			Number(float64(a.Lifetime.Median)), Interval(float64(a.Lifetime.Low), float64(a.Lifetime.High)),
			Number(float64(a.Population.Median)), Interval(float64(a.Population.Low), float64(a.Population.High)), Count(len(a.Dead)), Count(len(a.AlwaysOn)), Count(len(a.Constant))})
		if len(a.Dead) > 0 {
			lists = append(lists, fmt.Sprintf("Dead in layer %d: %s.", l.Layer, addressList(a.Dead, listedDead)))
		}
		if len(a.AlwaysOn) > 0 {
			lists = append(lists, fmt.Sprintf("Always on in layer %d (linear on these images): %s.", l.Layer, addressList(a.AlwaysOn, listedDead)))
		}
	}
	if len(t.Rows) == 0 {
		return Section{"How sparsely they fire", []Block{Paragraph("No layer has a ReLU: there are no firing rates.")}}
	}
	t.Notes = []Note{{Text: fmt.Sprintf("On %s of the %s split: medians over images (fire on an image, population sparseness) and over the neurons that fire at all (lifetime sparseness). Sparseness is 0 for even and 1 for a single response; dead neurons count in that of a population.", plural(x.Images, "image"), x.Split)}}
	blocks := []Block{t}
	if len(lists) > 0 {
		blocks = append(blocks, lists)
	}
	return Section{"How sparsely they fire", blocks}
}

// addressList names up to `most` neurons.
func addressList(all []model.Address, most int) string {
	var names []string
	for _, a := range all[:min(len(all), most)] {
		names = append(names, a.String())
	}
	if more := len(all) - most; more > 0 {
		names = append(names, fmt.Sprintf("%s more", Count(more)))
	}
	return strings.Join(names, ", ")
}
