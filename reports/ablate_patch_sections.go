package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// recoverySection is one target on every set of pairs.
func (r PatchReport) recoverySection() Section {
	t := Table{
		Columns:  append(textColumns("pairs"), numberColumns("n", "clean − corrupted", "denoising", "95 % interval", "p, adjusted", "noising", "95 % interval", "p, adjusted")...),
		Terminal: true,
	}
	plot := effectsPlot{axis: "share of clean − corrupted (%)", series: []series{firstSeries("denoising: given back"), secondSeries("noising: taken away")},
		write: func(e effect) string { return signedFixed(e.estimate, 1) + "  " + interval(e.low, e.high, 1, true) }}
	for _, s := range r.sorted() {
		u := s.Units[0]
		t.Rows = append(t.Rows, []string{s.Name, Count(s.Left()), Signed(s.Total.Estimate), patchShare(u.Denoising), patchSpan(u.Denoising), pFigure(u.Denoising.Adjusted),
			patchShare(u.Noising), patchSpan(u.Noising), pFigure(u.Noising.Adjusted)})
		plot.rows = append(plot.rows, effectRow{s.Name, []*effect{patchBar(u.Denoising), patchBar(u.Noising)}})
	}
	if len(t.Rows) == 0 {
		return Section{}
	}
	t.Notes = append(t.Notes, Note{Text: "clean − corrupted is in logits."})
	t.Notes = append(t.Notes, warningNotes(r.Result.Warnings)...)
	return Section{"Recovery and damage", []Block{t, Figure{File: "shares.png", PNG: plot.png(),
		Alt:     "Shares of clean − corrupted given back by denoising and taken away by noising, with 95 % intervals, as in the table above",
		Caption: "Shares of clean − corrupted with 95 % intervals."}}}
}

func patchBar(e ablate.PatchEffect) *effect {
	return &effect{100 * notRounding(e.Share), 100 * notRounding(e.Low), 100 * notRounding(e.High)}
}

// sorted are the usable sets, the largest share first.
func (r PatchReport) sorted() []ablate.PatchSet {
	sets := r.usable()
	size := func(s ablate.PatchSet) float64 {
		return max(math.Abs(float64(s.Units[0].Denoising.Share)), math.Abs(float64(s.Units[0].Noising.Share)))
	}
	slices.SortStableFunc(sets, func(a, b ablate.PatchSet) int {
		switch x, y := size(a), size(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return sets
}

// detailSection has what the pairs are like.
func (r PatchReport) detailSection() Section {
	t := Table{Columns: append(textColumns("pairs", "speaks for", "on train in"), numberColumns("clean − corrupted", "95 % interval", "left out", "activation clean", "corrupted", "median denoising", "median noising")...)}
	t.Columns = append(t.Columns, textColumns("reading")...)
	for _, s := range r.sorted() {
		u := s.Units[0]
		speaks, on := s.For, Missing
		if !s.Twins {
			speaks = "the clean image's class"
		} else if len(s.Presence) <= 4 {
			var parts []string
			for c, p := range s.Presence {
				parts = append(parts, fmt.Sprintf("%s of %s", Percent(p), r.Result.Classes[c]))
			}
			on = strings.Join(parts, ", ")
		}
		t.Rows = append(t.Rows, []string{s.Name, speaks, on, Signed(s.Total.Estimate), SignedInterval(s.Total.Low, s.Total.High), Count(s.Excluded), figure(u.CleanMean), figure(u.CorruptedMean),
			Percent(notRounding(u.Denoising.Median)), Percent(notRounding(u.Noising.Median)), patchReading(u)})
	}
	if len(t.Rows) == 0 {
		return Section{}
	}
	t.Notes = []Note{{Text: "Activations are means over images and positions. Medians are of the pairs' own ratios: where they are far from the ratio of means, few pairs make the share."}}
	return Section{"The pairs", []Block{t}}
}

// controlsSection has the arms whose outcome is known.
func (r PatchReport) controlsSection() Section {
	sets := r.usable()
	if len(sets) == 0 || len(sets[0].Layers) == 0 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("patched"), numberColumns("denoising", "noising", "farthest pair")...)}
	for k, l := range sets[0].Layers {
		row := []string{fmt.Sprintf("all of layer %d (%s)", l.Layer, l.Name)}
		for _, of := range []func(ablate.PatchLayer) probe.Number{func(l ablate.PatchLayer) probe.Number { return l.Denoising }, func(l ablate.PatchLayer) probe.Number { return l.Noising }} {
			low, high := math.Inf(1), math.Inf(-1)
			for _, s := range sets {
				low, high = min(low, float64(of(s.Layers[k]))), max(high, float64(of(s.Layers[k])))
			}
			cell := unit(fixed(100*low, 2), "%")
			if top := unit(fixed(100*high, 2), "%"); top != cell {
				cell += " to " + top
			}
			row = append(row, cell)
		}
		worst := 0.0
		for _, s := range sets {
			worst = max(worst, s.Layers[k].Worst)
		}
		t.Rows = append(t.Rows, append(row, Number(worst)))
		if l.Bypassed {
			t.Notes = append(t.Notes, Note{Text: "A skip connection leads around this layer: it need not carry everything.", Row: k + 1})
		}
	}
	t.Notes = append(t.Notes, Note{Text: "Positive control: a whole layer carries everything that reaches the output, 100 %. Farthest pair: how far, in logits, any pair ended from the run it should have become."})
	sham := fmt.Sprintf("Sham arms: each hidden layer patched with the run's own activations left y of all %s bit-identical, in both directions: recovery and damage are exactly 0.", plural(sets[0].Sham.Images, "pair"))
	return Section{"Controls", []Block{t, Paragraph(sham)}}
}

// layersOf are the layers of a map's units, in order.
func patchLayers(s ablate.PatchSet) []int {
	var layers []int
	for _, u := range s.Units {
		if l := u.Targets[0].Layer; !slices.Contains(layers, l) {
			layers = append(layers, l)
		}
	}
	slices.Sort(layers)
	return layers
}

func patchUnitsIn(s ablate.PatchSet, layer int) []ablate.PatchUnit {
	var out []ablate.PatchUnit
	for _, u := range s.Units {
		if u.Targets[0].Layer == layer {
			out = append(out, u)
		}
	}
	return out
}

// mapSection is the map by layer, and its pictures.
func (r PatchReport) mapSection(s ablate.PatchSet) Section {
	if !patchUsable(s) {
		return Section{}
	}
	t := Table{Columns: append(textColumns("layer"), numberColumns("neurons", "denoising told from 0", "sum of shares", "noising told from 0", "sum of shares")...), Terminal: true}
	for _, l := range patchLayers(s) {
		var d, n int
		var sumD, sumN float64
		units := patchUnitsIn(s, l)
		for _, u := range units {
			if patchTold(u.Denoising) {
				d++
			}
			if patchTold(u.Noising) {
				n++
			}
			sumD, sumN = sumD+float64(u.Denoising.Share), sumN+float64(u.Noising.Share)
		}
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%d (%s)", l, r.Network.Layer(l).Name), Count(len(units)), Count(d), Percent(sumD), Count(n), Percent(sumN)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Told from 0: adjusted p < %v (%s) and the 95 %% interval excludes 0. Clean − corrupted is %s logits (95 %% interval %s, n = %s). Where neurons back each other up (OR), denoising shares add up to more than 100 %% and noising shares to less; where they need each other (AND), it is the other way round.",
		probe.Alpha, plural(r.Result.Tests, "test"), Signed(s.Total.Estimate), SignedInterval(s.Total.Low, s.Total.High), plural(s.Left(), "pair"))}}
	t.Notes = append(t.Notes, warningNotes(r.Result.Warnings)...)
	return Section{"By layer", []Block{t, r.mapFigure(s), r.againstFigure(s)}}
}

func (r PatchReport) mapFigure(s ablate.PatchSet) Figure {
	m := patchMap{}
	for _, l := range patchLayers(s) {
		c := patchMapLayer{label: fmt.Sprintf("%d %s", l, r.Network.Layer(l).Name)}
		for _, u := range patchUnitsIn(s, l) {
			c.denoising = append(c.denoising, patchDot{patchNames(u), 100 * notRounding(u.Denoising.Share), patchTold(u.Denoising)})
			c.noising = append(c.noising, patchDot{patchNames(u), 100 * notRounding(u.Noising.Share), patchTold(u.Noising)})
		}
		m.layers = append(m.layers, c)
	}
	return Figure{File: "map.png", PNG: m.png(), Alt: "Share of clean − corrupted of every neuron, layer by layer, by denoising and by noising",
		Caption: "The share of clean − corrupted that each neuron carries, layer by layer: given back by denoising (circles, left) and taken away by noising (squares, right). Full: told from 0. The largest of each is named."}
}

func (r PatchReport) againstFigure(s ablate.PatchSet) Figure {
	p := scatterPlot{x: "taken away by noising (% of clean − corrupted)", y: "given back by denoising (%)", sign: true,
		diagonal: "as much needed as enough", marked: "intervals do not overlap", plain: "overlap"}
	for _, u := range s.Units {
		d, n := patchBar(u.Denoising), patchBar(u.Noising)
		p.points = append(p.points, scatterPoint{patchNames(u), *n, *d, (patchTold(u.Denoising) || patchTold(u.Noising)) && (d.low > n.high || n.low > d.high)})
	}
	return Figure{File: "against.png", PNG: p.png(), Alt: "Denoising against noising, a point a neuron, with 95 % intervals",
		Caption: "Denoising against noising, a point a neuron, with 95 % intervals. Above the line a neuron is more enough than needed (others back it up, OR-like), below it more needed than enough (it works with others, AND-like)."}
}

// topSection has the highest units of all, and of each layer.
func (r PatchReport) topSection(s ablate.PatchSet) Section {
	if !patchUsable(s) {
		return Section{}
	}
	layers := patchLayers(s)
	overall := patchTable(s.Units)
	overall.Terminal = true
	blocks := []Block{overall}
	for _, l := range layers {
		if len(layers) == 1 {
			break
		}
		t := patchTable(patchUnitsIn(s, l))
		t.Caption = fmt.Sprintf("Layer %d (%s)", l, r.Network.Layer(l).Name)
		blocks = append(blocks, t)
	}
	return Section{"The strongest neurons", blocks}
}

// patchTable shows the first of some units.
func patchTable(units []ablate.PatchUnit) Table {
	t := Table{Columns: append(textColumns("neuron"), numberColumns("denoising", "95 % interval", "p, adjusted", "noising", "95 % interval", "p, adjusted")...)}
	t.Columns = append(t.Columns, textColumns("reading")...)
	for _, u := range units[:min(len(units), patchTop)] {
		t.Rows = append(t.Rows, []string{patchNames(u), patchShare(u.Denoising), patchSpan(u.Denoising), pFigure(u.Denoising.Adjusted),
			patchShare(u.Noising), patchSpan(u.Noising), pFigure(u.Noising.Adjusted), patchReading(u)})
	}
	if more := len(units) - patchTop; more > 0 {
		t.Notes = []Note{{Text: fmt.Sprintf("The %d ranked highest on select; %s more only in the JSON.", patchTop, Count(more))}}
	}
	return t
}
