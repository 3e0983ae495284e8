package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// layerName is a layer of a side: "3 conv3".
func compareLayer(side ablate.ComparedNet, layer int) string {
	return fmt.Sprintf("%d %s", layer, side.Layers[layer-1].Name)
}

// similaritySection is CKA: pictures of all pairs of layers, a table of those at the same depth.
func (r CompareReport) similaritySection() Section {
	x := r.Result
	s := x.Similarity
	if s == nil {
		return Section{"Similarity of representations", []Block{Paragraph("Not measured: " + x.NoSimilarity + ".")}}
	}
	names := func(side ablate.ComparedNet) (out []string) {
		for l := range side.Layers {
			out = append(out, compareLayer(side, l+1))
		}
		return out
	}
	a, b := names(x.A), names(x.B)
	between := ckaMaps{[]ckaMap{
		{"A against B, trained", a, b, s.Between.Cells, true},
		{"untrained A against untrained B", a, b, s.Untrained.Cells, true},
	}}
	within := ckaMaps{[]ckaMap{{"A against itself", a, a, s.WithinA.Cells, false}, {"B against itself", b, b, s.WithinB.Cells, false}}}
	t := Table{Caption: "Layers of the same depth", Columns: append(textColumns("A", "B"), numberColumns("CKA", "shuffled: mean", "95 %", "adjusted p", "debiased CKA", "95 % interval", "untrained, debiased")...), Terminal: true}
	for _, p := range s.Depths {
		c, u := s.Between.Cells[p.A-1][p.B-1], s.Untrained.Cells[p.A-1][p.B-1]
		t.Rows = append(t.Rows, []string{a[p.A-1], b[p.B-1], fixed(float64(c.CKA), 3), fixed(float64(c.NullCKA), 3), fixed(float64(c.NullHigh), 3), PValue(float64(c.Adjusted)),
			fixed(float64(c.Debiased), 3), interval(float64(c.Low), float64(c.High), 3, false), fixed(float64(u.Debiased), 3)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Linear CKA on %s of %s. Shuffled: B's images in %s random orders; p is one-sided, adjusted over all %s of layers. Debiased: unbiased HSIC estimates (Song et al. 2012; Nguyen et al. 2021), 0 on average for unrelated representations; interval by a jackknife over 20 shares of the images.",
		plural(s.Images, "image"), s.Data, Count(s.Between.Permutations), plural(s.Between.Tests, "pair"))}}
	low, high := r.untrainedRange()
	said := fmt.Sprintf("Mean debiased CKA of hidden layers of the same depth: %s (95 %% interval %s). Of the pair of untrained networks that is drawn beside it: %s (%s); trained less untrained %s (%s). These intervals are over images; which untrained pair is drawn matters too: %s of various seeds, this one among them, have %s to %s.",
		fixed(float64(s.Mean.Estimate), 3), interval(float64(s.Mean.Low), float64(s.Mean.High), 3, false), fixed(float64(s.MeanUntrained.Estimate), 3), interval(float64(s.MeanUntrained.Low), float64(s.MeanUntrained.High), 3, false),
		signedFixed(float64(s.Gain.Estimate), 3), interval(float64(s.Gain.Low), float64(s.Gain.High), 3, true), plural(len(s.UntrainedPairs), "pair"), fixed(low, 3), fixed(high, 3))
	for _, seeds := range []struct {
		name   string
		values []probe.Number
	}{{"A", s.SeedsA}, {"B", s.SeedsB}} {
		if len(seeds.values) > 0 {
			said += fmt.Sprintf(" Between %s and the other networks of its lab, layer by layer: %s.", seeds.name, enumerate(eachFixed(seeds.values, 3)))
		}
	}
	if !x.SameData {
		said += fmt.Sprintf(" The data differ: both networks were shown A's images, %s, which B was not raised on.", s.Data)
	}
	return Section{"Similarity of representations", []Block{
		Paragraph(said),
		Figure{File: "similarity.png", PNG: between.png(), Alt: "Debiased CKA of every layer of A with every layer of B, trained and untrained; the table below has the layers of the same depth",
			Caption: "Debiased linear CKA of every layer of A (rows) with every layer of B (columns); to the right, untrained networks of the same wirings. Framed: the plain CKA beats shuffled images (adjusted p < 0.05)."},
		t,
		Figure{File: "within.png", PNG: within.png(), Alt: "Debiased CKA of the layers of each network with each other", Caption: "The same of each network's layers with each other: how much a network's layers differ among themselves."},
	}}
}

func eachFixed(values []probe.Number, decimals int) (out []string) {
	for _, v := range values {
		out = append(out, fixed(float64(v), decimals))
	}
	return out
}

// sidesOf are both.
func (r CompareReport) sidesOf() [2]ablate.ComparedNet {
	return [2]ablate.ComparedNet{r.Result.A, r.Result.B}
}

// compareArm is a network that is drawn beside others: how it looks, and how far aside of the middle.
type compareArm struct {
	name      string
	side      ablate.ComparedNet
	battery   *ablate.Battery
	style     sideStyle
	aside     float64
	untrained bool
}

func (r CompareReport) arms() (out []compareArm) {
	for k, side := range r.sidesOf() {
		out = append(out, compareArm{"AB"[k : k+1], side, side.Battery, sideStyles[k], 2*float64(k) - 1, false})
	}
	for k, side := range r.sidesOf() {
		out = append(out, compareArm{"untrained " + "AB"[k:k+1], side, side.Untrained, untrainedStyles[k], 6*float64(k) - 3, true})
	}
	return out
}

// depth is where a layer of the arm stands on an axis from input to output.
func (a compareArm) depth(layer int) float64 {
	return float64(layer)/float64(len(a.side.Layers)) + 0.006*a.aside
}

// lesionsSection is the curves, and importance layer by layer.
func (r CompareReport) lesionsSection() Section {
	most := comparePanel{title: "the most important first", x: "hidden neurons silenced (%)", y: "accuracy (%)", xMax: 100}
	random := comparePanel{title: "random orders: mean and range", x: most.x, y: most.y, xMax: 100}
	t := Table{Caption: "Single lesions, by layer", Columns: append(textColumns("network", "layer"), numberColumns("neurons", "important", "share", "share of Σ|effect|")...)}
	for k, side := range r.sidesOf() {
		c, i := side.Battery.Curve, side.Battery.Importance
		if c == nil || i == nil {
			continue
		}
		ranked := compareLine{style: sideStyles[k], name: "AB"[k : k+1]}
		for j, n := range c.Removed {
			ranked.points = append(ranked.points, comparePoint{x: 100 * float64(n) / float64(c.Neurons), y: 100 * c.Most[j]})
		}
		mean := compareLine{style: sideStyles[k], name: ranked.name, bars: true}
		for j, n := range c.RandomRemoved {
			p := comparePoint{x: 100*float64(n)/float64(c.Neurons) + 1.2*float64(k) - 0.6, low: math.Inf(1), high: math.Inf(-1)}
			for _, line := range c.Random {
				p.y += 100 * line[j] / float64(len(c.Random))
				p.low, p.high = min(p.low, 100*line[j]), max(p.high, 100*line[j])
			}
			mean.points = append(mean.points, p)
		}
		most.lines, random.lines = append(most.lines, ranked), append(random.lines, mean)
		for _, l := range i.Layers {
			t.Rows = append(t.Rows, []string{"AB"[k : k+1], compareLayer(side, l.Layer), Count(l.Neurons), Count(l.Significant), Percent(float64(l.Significant) / float64(l.Neurons)), Percent(l.Share)})
		}
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s: of %s that changed any outcome, %s have an effect that beats sign flips after correction. Sham arms: the most that one changed a logit difference or a loss is %s.", "AB"[k:k+1], plural(i.Tests, "lesion"), Count(i.Significant), Number(i.ShamChange))})
	}
	if len(most.lines) == 0 {
		return Section{}
	}
	t.cut(listedRows)
	return Section{"Lesions", []Block{
		Figure{File: "cumulative.png", PNG: comparePlot{[]comparePanel{most, random}}.png(), Alt: "Accuracy of both networks while more and more hidden neurons are silenced; the areas are in the first table",
			Caption: "Accuracy while more and more hidden neurons are silenced at once (zero ablation): the most important first, as ranked on select, and in 10 random orders, with the range of these."},
		t,
	}}
}

// selectivitySection is selectivity and sparsity, layer by layer.
func (r CompareReport) selectivitySection() Section {
	auroc := comparePanel{title: "class AUROC of a neuron", x: "relative depth (1 is the output)", y: "AUROC", xMax: 1}
	index := comparePanel{title: "class-selectivity index", x: auroc.x, y: "index", xMax: 1}
	t := Table{Caption: "By layer: medians over neurons", Columns: append(textColumns("network", "layer"), numberColumns("neurons", "class AUROC", "selective", "selectivity index", "lifetime sparseness", "population", "firing", "dead", "always on")...)}
	for _, arm := range r.arms() {
		lines := [2]compareLine{{style: arm.style, name: arm.name, bars: true}, {style: arm.style, name: arm.name, bars: true}}
		for _, l := range arm.battery.Responses.Layers {
			for m, q := range []probe.Quantiles{l.AUROC, l.Index} {
				lines[m].points = append(lines[m].points, comparePoint{x: arm.depth(l.Layer), y: float64(q[2]), low: float64(q[1]), high: float64(q[3]), least: float64(q[0]), most: float64(q[4])})
			}
			t.Rows = append(t.Rows, []string{arm.name, compareLayer(arm.side, l.Layer), Count(l.Neurons), fixed(float64(l.AUROC[2]), 3), Count(l.Selective), fixed(float64(l.Index[2]), 3),
				fixed(float64(l.Lifetime[2]), 3), fixed(float64(l.Population), 3), Percent(float64(l.Firing)), Count(l.Dead), Count(l.AlwaysOn)})
		}
		auroc.lines, index.lines = append(auroc.lines, lines[0]), append(index.lines, lines[1])
	}
	t.Notes = []Note{{Text: "Population and firing are means over images. The JSON file has the quantiles over neurons (10, 25, 50, 75 and 90 %)."}}
	t.cut(listedRows)
	return Section{"Selectivity and sparsity by depth", []Block{
		Figure{File: "selectivity.png", PNG: comparePlot{panels: []comparePanel{auroc, index}}.png(), Alt: "Distribution of selectivity over neurons at each depth, of both networks and untrained ones; the table has the medians",
			Caption: "Selectivity over the neurons of each hidden layer: median, 25 to 75 % (thick) and 10 to 90 % (thin)."},
		t,
	}}
}

// cut leaves out the rows past so many, and says so.
func (t *Table) cut(most int) {
	if more := len(t.Rows) - most; more > 0 {
		t.Rows = t.Rows[:most]
		t.Notes = append(t.Notes, Note{Text: plural(more, "more row") + " only in the JSON file."})
	}
}

// decodingSection is what linear probes read at each depth.
func (r CompareReport) decodingSection() Section {
	x := r.Result
	class := comparePanel{title: "class", x: "relative depth (0 is the input)", y: "accuracy (%)", xMax: 1}
	features := comparePanel{title: "features, mean", x: class.x, y: class.y, xMax: 1}
	t := Table{Columns: append(textColumns("network", "layer"), numberColumns("class", "95 % interval", "features", "95 % interval")...)}
	known := false
	for _, arm := range r.arms() {
		lines := [2]compareLine{{style: arm.style, name: arm.name, bars: true}, {style: arm.style, name: arm.name, bars: true}}
		for _, l := range arm.battery.Decoding.Layers {
			for m, s := range []probe.Sampled{l.Class, l.Features} {
				if s.Value.Defined() {
					lines[m].points = append(lines[m].points, comparePoint{x: arm.depth(l.Layer), y: 100 * float64(s.Value), low: 100 * float64(s.Low), high: 100 * float64(s.High)})
				}
			}
			row := "0 input"
			if l.Layer > 0 {
				row = compareLayer(arm.side, l.Layer)
			} else if arm.untrained {
				continue // the same images
			}
			t.Rows = append(t.Rows, []string{arm.name, row, Percent(float64(l.Class.Value)), PercentInterval(float64(l.Class.Low), float64(l.Class.High)),
				Percent(float64(l.Features.Value)), PercentInterval(float64(l.Features.Low), float64(l.Features.High))})
		}
		class.lines = append(class.lines, lines[0])
		if len(lines[1].points) > 0 {
			features.lines, known = append(features.lines, lines[1]), true
		}
	}
	panels := []comparePanel{class}
	if known {
		panels = append(panels, features)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Accuracy of linear probes on %s, with 95 %% bootstrap intervals; each channel's maximum and mean over positions, each dense neuron's activation. Input: maximum and mean of each colour channel.", x.Split)}}
	t.cut(listedRows)
	return Section{"Decodability by depth", []Block{
		Figure{File: "decodability.png", PNG: comparePlot{panels: panels}.png(), Alt: "Accuracy of linear probes at each depth, of both networks and untrained ones; as in the table", Caption: "What a linear probe reads from each layer, with 95 % intervals."},
		t,
	}}
}

// seedsSection is the yardstick in full.
func (r CompareReport) seedsSection() Section {
	if !r.hasSeeds() {
		return Section{}
	}
	t := Table{Columns: append(textColumns("measure"), numberColumns("A's lab", "B's lab", "SD between seeds", "B − A")...)}
	for _, row := range r.Result.Rows {
		if row.Seeds == nil || !row.Seeds.SD.Defined() {
			continue
		}
		list := func(values []probe.Number) string {
			var out []string
			for _, v := range values {
				if row.Percent {
					out = append(out, fixed(100*float64(v), 1))
				} else {
					out = append(out, fixed(float64(v), 3))
				}
			}
			return strings.Join(out, " · ")
		}
		sd := fixed(float64(row.Seeds.SD), 3)
		if row.Percent {
			sd = unit(fixed(100*float64(row.Seeds.SD), 1), "pp")
		}
		t.Rows = append(t.Rows, []string{row.Name, list(row.Seeds.A), list(row.Seeds.B), sd, compareSigned(row, float64(row.Difference.Estimate))})
	}
	t.Notes = []Note{{Text: "Every network measured, the compared one first; shares in %. SD: pooled over the labs that hold several networks."}}
	return Section{"Seeds as the yardstick", []Block{t}}
}

// networksSection is what the two are.
func (r CompareReport) networksSection() Section {
	t := Table{Columns: textColumns("", "A", "B")}
	add := func(what string, of func(ablate.ComparedNet) string) {
		t.Rows = append(t.Rows, []string{what, of(r.Result.A), of(r.Result.B)})
	}
	add("lab", func(n ablate.ComparedNet) string { return n.Name })
	add("wiring", func(n ablate.ComparedNet) string { return n.Spec })
	add("rule of learning", func(n ablate.ComparedNet) string { return n.Rule })
	add("training seed", func(n ablate.ComparedNet) string { return fmt.Sprint(n.Seed) })
	add("data", func(n ablate.ComparedNet) string { return n.Data })
	add("layers", func(n ablate.ComparedNet) string { return Count(len(n.Layers)) })
	add("hidden neurons", func(n ablate.ComparedNet) string { return Count(n.Hidden) })
	add("parameters", func(n ablate.ComparedNet) string { return Count(n.Parameters) })
	add("images judged", func(n ablate.ComparedNet) string { return Count(n.Judged) })
	add("images of the other measures", func(n ablate.ComparedNet) string { return Count(n.Images) })
	add("networks of the lab measured", func(n ablate.ComparedNet) string { return Count(n.Others + 1) })
	return Section{"The two networks", []Block{t}}
}
