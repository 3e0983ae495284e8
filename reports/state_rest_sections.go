package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate/state"
	"neuroprobe/probe"
)

// answerSection is what the classifier says.
func (r RestReport) answerSection() Section {
	x := r.Result
	t := Table{
		Columns:  append(append(textColumns("condition"), numberColumns("draws", "clipped")...), append(textColumns("answer"), numberColumns("share", "95 % interval", "confidence", "95 % interval", "margin", "more confident than")...)...),
		Terminal: true,
	}
	row := func(name, clipped string, a state.RestAnswer) {
		share, shareIn, confidenceIn := "", "", ""
		if a.N > 1 {
			share, shareIn, confidenceIn = Percent(a.Share().Estimate), PercentInterval(a.Share().Low, a.Share().High), PercentInterval(a.Confidence.Low, a.Confidence.High)
		}
		t.Rows = append(t.Rows, []string{name, Count(a.N), clipped, r.class(a.Answer), share, shareIn, Percent(a.Confidence.Estimate), confidenceIn, Number(a.Margin.Estimate), Percent(a.Rank)})
	}
	for _, c := range x.Conditions {
		clipped := ""
		if !c.Still() {
			clipped = Percent(c.Clipped)
		}
		row(condition(c), clipped, c.RestAnswer)
	}
	if x.OutputAlone.N > 0 {
		row("output's biases alone", "", x.OutputAlone)
	}
	for class, a := range x.ByClass[:min(len(x.ByClass), 10)] {
		if a.N > 0 {
			row("real images: "+r.class(class), "", a)
		}
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Answer: the most frequent one, with its share of draws. Margin in logits. More confident than: so many of the %s of %s. The output's biases alone: all of its dendrites silent. Real images are of %s, for comparison.", plural(x.Images, "image"), x.Split, x.Split)}}
	blocks := []Block{t}
	if p, ok := r.noisePlot(); ok {
		blocks = append(blocks, Figure{
			File:    "noise.png",
			PNG:     p.png(),
			Alt:     "The answers to noise of each strength, and the confidence in them; the table above has the numbers",
			Caption: fmt.Sprintf("What it says of noise, by strength (0 is the uniform mean colour of the network's normalisation, no input). Left: the share of %s with each answer, with 95 %% intervals. Right: mean confidence; the grey band is the middle half of the confidences on real images, the line their median.", plural(x.Draws, "draw")),
		})
	}
	return Section{"What it answers", blocks}
}

// firingSection is which neurons fire, and how strongly.
func (r RestReport) firingSection() Section {
	x := r.Result
	var rated []int
	for k, l := range x.Layers {
		if l.Rated {
			rated = append(rated, k)
		}
	}
	if len(rated) == 0 {
		return Section{"Which neurons fire", []Block{Paragraph("No hidden layer has a ReLU: there are no firing rates.")}}
	}
	share := Table{Caption: "Share of neurons that fire", Columns: textColumns("condition"), Terminal: true}
	ratio := Table{Caption: "Resting activity as a share of evoked activity: median over neurons, with the range of the middle half; whole layer", Columns: textColumns("condition")}
	var names []string
	for _, k := range rated {
		names = append(names, fmt.Sprintf("%d %s", x.Layers[k].Layer, x.Layers[k].Name))
	}
	share.Columns = append(share.Columns, numberColumns(names...)...)
	for _, name := range names {
		ratio.Columns = append(ratio.Columns, numberColumns(name, "whole layer")...)
	}
	add := func(name string, of func(k int) state.RestActivity) {
		a, b := []string{name}, []string{name}
		for _, k := range rated {
			l := of(k)
			a = append(a, Percent(float64(l.Firing)))
			b = append(b, percentRange(l.Ratio), Percent(float64(l.Population)))
		}
		share.Rows, ratio.Rows = append(share.Rows, a), append(ratio.Rows, b)
	}
	for _, c := range x.Conditions {
		add(condition(c), func(k int) state.RestActivity { return c.Layers[k] })
	}
	add("dendrites silent", func(k int) state.RestActivity { return x.Layers[k].Alone })
	real, silent := []string{"real images"}, 0
	for _, k := range rated {
		real = append(real, Percent(float64(x.Layers[k].Firing)))
		silent += x.Layers[k].Silent
	}
	share.Rows = append(share.Rows, real)
	share.Notes = []Note{{Text: "Dendrites silent: each neuron by itself, ReLU(bias); of the first layer that is what no input does. Real images: mean over the split."}}
	ratio.Notes = []Note{{Text: fmt.Sprintf("Over the neurons that real images of the split drive; left out: %s that none does.", plural(silent, "neuron"))}}
	return Section{"Which neurons fire, and how strongly", []Block{share, ratio, Figure{
		File:    "resting.png",
		PNG:     r.restingPlot(rated).png(),
		Alt:     "Each hidden neuron's activity without input against its mean evoked activity, a panel a layer",
		Caption: "Each neuron's activity without input against its mean activity on real images, a panel a layer, in activation units on a square-root scale. On the dashed line a neuron fires at rest as it does on an average image.",
	}, r.neuronTable()}}
}

// percentRange is a median share with its quartiles.
func percentRange(s probe.Spread) string {
	if s.N == 0 {
		return Missing
	}
	return fmt.Sprintf("%s %s", Percent(float64(s.Median)), PercentInterval(float64(s.Low), float64(s.High)))
}

// listedResting is how many neurons each table names.
const listedResting = 12

// neuronTable names the neurons that are most active without input.
func (r RestReport) neuronTable() Table {
	x := r.Result
	t := Table{Caption: "The neurons most active without input", Columns: append(textColumns("neuron", "layer"), numberColumns("resting", "evoked", "sd", "resting/evoked", "fires less on")...)}
	var order []int
	for k, n := range x.Neurons {
		if n.Resting[0] > 0 && x.Layers[n.Address.Layer-1].Rated {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(x.Neurons[b].Rank, x.Neurons[a].Rank), cmp.Compare(ratioOf(x.Neurons[b]), ratioOf(x.Neurons[a])))
	})
	for _, k := range order[:min(len(order), listedResting)] {
		n := x.Neurons[k]
		t.Rows = append(t.Rows, []string{n.Address.String(), x.Layers[n.Address.Layer-1].Name, Number(n.Resting[0]), Number(n.Evoked), Number(n.EvokedSD), Number(float64(n.Ratio)), Percent(n.Rank)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Fires less on: the share of the split's %s on which the neuron fires less than without input, ties half; the largest first. %s without input.", plural(x.Images, "image"), capital(plural(len(order), "neuron")+" fire"))}}
	if more := len(order) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	return t
}

// ratioOf is for sorting: neurons that images never drive, first.
func ratioOf(n state.RestNeuron) float64 {
	if !n.Ratio.Defined() {
		return math.Inf(1)
	}
	return float64(n.Ratio)
}

// resemblanceSection compares activity with the classes'.
func (r RestReport) resemblanceSection() Section {
	x := r.Result
	t := Table{Columns: textColumns("condition")}
	for _, l := range x.Layers {
		t.Columns = append(t.Columns, numberColumns(fmt.Sprintf("%d %s", l.Layer, l.Name))...)
	}
	found := 0
	for _, c := range x.Conditions {
		row := []string{condition(c)}
		for _, a := range c.Layers {
			cell := Missing
			if m, ok := closest(a.Resemblance); ok {
				cell = fmt.Sprintf("%s %s (%s)", r.towards(m), r.size(m), PValue(float64(m.Adjusted)))
			}
			for _, m := range a.Resemblance {
				if m.Adjusted < probe.Alpha {
					found++
				}
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("The class that the layer's activity is most like, r over its neurons and in brackets p, adjusted for %s; %s below 0.05.", plural(x.Tests, "test"), are(found))}}
	if len(x.Classes) == 2 {
		t.Notes = append(t.Notes, Note{Text: "Two classes' profiles are each other's mirror: every pattern leans to one of them, by chance or not."})
	}
	control := Table{
		Caption: "Controls: real images and their own class",
		Columns: append(append(numberColumns("#"), textColumns("layer", "class")...), numberColumns("neurons", "r of the class's mean", "p", "r of single images", "middle half", "found singly", "r without input", "lower on")...),
	}
	for _, c := range x.Controls {
		if len(control.Rows) == 30 {
			control.Notes = append(control.Notes, Note{Text: plural(len(x.Controls)-30, "more row") + " only in the JSON file."})
			break
		}
		l := x.Layers[c.Layer-1]
		control.Rows = append(control.Rows, []string{fmt.Sprint(c.Layer), l.Name, r.class(c.Class), Count(l.Varying), Number(float64(c.Mean.R)), PValue(float64(c.Mean.P)),
			Number(float64(c.Single.Median)), Interval(float64(c.Single.Low), float64(c.Single.High)), Percent(float64(c.Found)), Number(float64(c.Bare)), Percent(float64(c.BareRank))})
	}
	control.Notes = append(control.Notes, Note{Text: fmt.Sprintf("Profiles are from select, these images from %s. Neurons: those that vary over select. p is not adjusted. Found singly: the share of single images with p < 0.05 and the right sign, the power of the test for one image. Lower on: the share of the class's images with a lower r than there is without input.", x.Split)})
	return Section{"Does it resemble a class?", []Block{t, control}}
}

// closest is the resemblance with the largest r, or |r| where one class stands for two.
func closest(all []state.Resemblance) (best state.Resemblance, ok bool) {
	for _, m := range all {
		if m.R.Defined() && (!ok || m.R > best.R) {
			best, ok = m, true
		}
	}
	return best, ok
}

// lesionSection is which neurons the resting answer hangs on.
func (r RestReport) lesionSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("neuron", "layer"), numberColumns("resting")...)}
	var stills []state.RestCondition
	for _, c := range x.Conditions {
		if c.Still() {
			stills = append(stills, c)
			t.Columns = append(t.Columns, Column{fmt.Sprintf("%s: %s", c.Name, r.class(c.Answer)), true})
		}
	}
	order := make([]int, len(x.Neurons))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(math.Abs(x.Neurons[b].Effect[0]), math.Abs(x.Neurons[a].Effect[0]))
	})
	flips := false
	for _, k := range order[:min(len(order), listedResting)] {
		n := x.Neurons[k]
		row := []string{n.Address.String(), x.Layers[n.Address.Layer-1].Name, Number(n.Resting[0])}
		for s := range stills {
			cell := Signed(n.Effect[s])
			if n.Flips[s] {
				cell, flips = cell+" ↔", true
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{{Text: "Effect of zero ablation on the margin of the answer named above, in logits: below 0 the neuron holds the answer up. The largest without input first; the others only in the JSON file."}}
	if flips {
		t.Notes = append(t.Notes, Note{Text: "↔: the answer changes."})
	}
	none, flipping := 0, 0
	for _, n := range x.Neurons {
		if n.Effect[0] == 0 {
			none++
		}
		if n.Flips[0] {
			flipping++
		}
	}
	said := fmt.Sprintf("Without input the answer is %s by %s; the output's biases alone make it %s by %s. Of %s, %s no effect at all on it; %s.",
		r.class(r.bare().Answer), Number(r.bare().Margin.Estimate), r.class(x.OutputAlone.Answer), Number(x.OutputAlone.Margin.Estimate), plural(len(x.Neurons), "hidden neuron"), have(none), aloneChange(flipping))
	if x.OutputAlone.N == 0 {
		said = fmt.Sprintf("Of %s, %s no effect at all on the answer without input.", plural(len(x.Neurons), "hidden neuron"), have(none))
	}
	return Section{"Which neurons make the answer without input", []Block{Paragraph(said), t}}
}

func aloneChange(n int) string {
	switch n {
	case 0:
		return "no neuron's loss alone changes the answer"
	case 1:
		return "one neuron's loss alone changes the answer"
	}
	return fmt.Sprintf("of each of %s the loss alone changes the answer", Count(n))
}

func have(n int) string {
	if n == 1 {
		return "1 has"
	}
	return Count(n) + " have"
}
