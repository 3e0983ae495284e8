package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// PatchReport is what activation patching hands in.
type PatchReport struct {
	Result *ablate.PatchResult
	Source
}

// Patch is the entry of activation patching: of one target on several sets of pairs, or the map of
// many on one.
func Patch(r PatchReport) Entry {
	e := Entry{
		Kind:     "ablate-patch",
		Warnings: r.unusable(),
		Method:   r.method(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(r.Result.Split, r.Result.Seed,
			Fact{"bootstrap resamples", Count(r.Result.Resamples)}, Fact{"sign flips", Count(r.Result.Permutations)}),
		Exclusions: r.exclusions(),
		Run:        r.Run,
		Data:       patchData{r.Result.Split.String(), r.Result},
	}
	if r.Result.Map {
		set := r.Result.Sets[0]
		e.Slug = Slug("patch", "map", set.Name)
		e.Title = fmt.Sprintf("Patching map of %s", r.difference(set))
		e.Question = fmt.Sprintf("Which neurons carry %s, and are they enough or only needed?", r.difference(set))
		e.Answer = r.mapAnswer(set)
		e.Sections = nonEmpty(r.mapSection(set), r.topSection(set), r.controlsSection())
		return e
	}
	t := r.target()
	e.Slug = strings.Replace(t.slug, "ablate-", "patch-", 1)
	e.Title = fmt.Sprintf("Patching of %s (%s)", t.name, t.where)
	e.Question = fmt.Sprintf("How much of what tells a clean image from a corrupted one goes through %s (%s)?", t.name, t.where)
	e.Answer = r.targetAnswer(t)
	e.Sections = nonEmpty(r.recoverySection(), r.detailSection(), r.controlsSection())
	return e
}

// patchData is patching for programs.
type patchData struct {
	Split string `json:"split"`
	*ablate.PatchResult
}

// target names what was patched.
func (r PatchReport) target() targets {
	var all []ablate.Target
	for _, a := range r.Result.Targets[0] {
		all = append(all, ablate.Target{Address: a, Layer: r.Network.Layer(a.Layer).Name})
	}
	return nameTargets(r.Network, all)
}

// difference is what tells clean from corrupted, in a sentence.
func (r PatchReport) difference(s ablate.PatchSet) string {
	if s.Twins {
		return "the feature " + s.Name
	}
	return "the difference between " + classList(r.Result.Classes)
}

func classList(classes []string) string {
	if len(classes) > 4 {
		return Count(len(classes)) + " classes"
	}
	return enumerate(classes)
}

// usable are the sets of pairs on which clean − corrupted can be told from 0: only there do shares of it
// mean something.
func (r PatchReport) usable() []ablate.PatchSet {
	var out []ablate.PatchSet
	for _, s := range r.Result.Sets {
		if patchUsable(s) {
			out = append(out, s)
		}
	}
	return out
}

func patchUsable(s ablate.PatchSet) bool {
	return len(s.Units) > 0 && (s.Total.Low > roundingOfFloat32 || s.Total.High < -roundingOfFloat32)
}

// unusable are warnings that have no table to stand under.
func (r PatchReport) unusable() []string {
	if len(r.usable()) == 0 {
		return r.Result.Warnings
	}
	return nil
}

// share is an effect in a cell, its interval in another.
func patchShare(e ablate.PatchEffect) string { return Percent(notRounding(e.Share)) }

func patchSpan(e ablate.PatchEffect) string {
	low, high := notRounding(e.Low), notRounding(e.High)
	return unit(interval(100*low, 100*high, 1, false), "%")
}

// rounded is 0 for what rounding errors leave of it.
func notRounding(x probe.Number) float64 {
	if math.Abs(float64(x)) < roundingOfFloat32 {
		return 0
	}
	return float64(x)
}

func patchTold(e ablate.PatchEffect) bool {
	return e.Adjusted.Defined() && e.Adjusted < probe.Alpha && excludesZero(notRounding(e.Low), notRounding(e.High))
}

// patchReading says which of the two directions shows more.
func patchReading(u ablate.PatchUnit) string {
	d, n := u.Denoising, u.Noising
	switch {
	case !patchTold(d) && !patchTold(n):
		return "neither"
	case d.Share < 0 && n.Share < 0:
		return "against the difference"
	case d.Low > n.High:
		return "rather sufficient (OR-like)"
	case n.Low > d.High:
		return "rather necessary (AND-like)"
	}
	return "alike"
}

func (r PatchReport) targetAnswer(t targets) string {
	sets, name, carries := r.usable(), t.name, capital(t.name)+" carries"
	if t.many {
		name, carries = name+" together", "Patched together, "+name+" carry"
	}
	if len(sets) == 0 {
		return fmt.Sprintf("Nothing can be said about %s: on no set of pairs do clean and corrupted runs differ in a way that can be told from 0.", name)
	}
	best, passed := sets[0], 0
	for _, s := range sets {
		if u := s.Units[0]; math.Abs(float64(u.Denoising.Share)) > math.Abs(float64(best.Units[0].Denoising.Share)) {
			best = s
		}
		if patchTold(s.Units[0].Denoising) || patchTold(s.Units[0].Noising) {
			passed++
		}
	}
	u := best.Units[0]
	said := fmt.Sprintf("denoising gives back %s of it (95 %% interval %s) and noising takes %s (%s), on %s of the %s split",
		patchShare(u.Denoising), patchSpan(u.Denoising), patchShare(u.Noising), patchSpan(u.Noising), plural(best.Left(), pairWord(best)), r.Result.Split)
	if len(sets) == 1 {
		if passed == 0 {
			return fmt.Sprintf("No share of %s can be told from 0 in %s: %s.", r.difference(best), name, said)
		}
		return fmt.Sprintf("%s part of %s: %s.", carries, r.difference(best), said)
	}
	if passed == 0 {
		return fmt.Sprintf("%s no share of any of %s that can be told from 0; the largest is that of %s: %s.", carries, plural(len(sets), "feature"), best.Name, said)
	}
	return fmt.Sprintf("%s a share that can be told from 0 of %s of %s; denoising shows most for %s: it", carries, Count(passed), plural(len(sets), "feature"), best.Name) + strings.TrimPrefix(said, "denoising") + "."
}

func pairWord(s ablate.PatchSet) string {
	if s.Twins {
		return "twin pair"
	}
	return "class pair"
}

func (r PatchReport) mapAnswer(s ablate.PatchSet) string {
	if !patchUsable(s) {
		return fmt.Sprintf("There is no map of %s: clean and corrupted runs do not differ in a way that can be told from 0.", r.difference(s))
	}
	denoising, noising, strongest, neediest := 0, 0, s.Units[0], s.Units[0]
	for _, u := range s.Units {
		if patchTold(u.Denoising) {
			denoising++
		}
		if patchTold(u.Noising) {
			noising++
		}
		if u.SelectDenoising > strongest.SelectDenoising {
			strongest = u
		}
		if u.SelectNoising > neediest.SelectNoising {
			neediest = u
		}
	}
	answer := fmt.Sprintf("Of %s, %s carry a share of %s told from 0 by denoising and %s by noising; chosen on select, %s gives back most, %s of it (95 %% interval %s)",
		plural(len(s.Units), "neuron"), Count(denoising), r.difference(s), Count(noising), patchNames(strongest), patchShare(strongest.Denoising), patchSpan(strongest.Denoising))
	if patchNames(neediest) == patchNames(strongest) {
		answer += fmt.Sprintf(", and is needed most, for %s (%s)", patchShare(neediest.Noising), patchSpan(neediest.Noising))
	} else {
		answer += fmt.Sprintf(", and %s is needed most, for %s (%s)", patchNames(neediest), patchShare(neediest.Noising), patchSpan(neediest.Noising))
	}
	return answer + fmt.Sprintf(", on %s of the %s split.", plural(s.Left(), pairWord(s)), r.Result.Split)
}

// patched names a unit's neurons.
func patchNames(u ablate.PatchUnit) string {
	var names []string
	for _, a := range u.Targets {
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

func (r PatchReport) method() string {
	res := r.Result
	twins := slices.ContainsFunc(res.Sets, func(s ablate.PatchSet) bool { return s.Twins })
	pairs := "Each image of the split is a clean image once, with a random image of another class as the corrupted one; y is the logit of the clean image's class minus that of the corrupted image's"
	if twins {
		pairs = "A pair are twins: an image of the split and the same image drawn again with the feature flipped, all else equal; the one that has the feature is clean. " +
			"y is the logit of the class that the feature speaks for, in which it is more frequent on train, minus the strongest other logit of the clean run (which class that is stays fixed)"
	}
	ranked := ""
	if res.Map {
		ranked = " Neurons are ranked by the larger of their two shares on pairs of the select split; all numbers shown are from the split named."
	}
	return fmt.Sprintf("Activation patching. %s. Denoising: the corrupted run with the target's activation from the clean run; recovery = (patched − corrupted) / (clean − corrupted). "+
		"Noising: the clean run with the activation from the corrupted run; damage = (clean − noised) / (clean − corrupted), each in y. Everything else is left to the network. 100 %% means all of the difference, 0 none. "+
		"The main number is the ratio of means, Σ numerators / Σ denominators, over pairs whose |clean − corrupted| is at least 5 %% of the median; others are left out and counted. "+
		"Intervals are 95 %% bootstrap intervals over pairs (%s, seed %d). p is a sign-flip test of the numerators against 0 (%s flips, two-sided), adjusted by Benjamini and Hochberg over all %s of this entry.%s",
		pairs, plural(res.Resamples, "resample"), res.Seed, Count(res.Permutations), plural(res.Tests, "test"), ranked)
}

func (r PatchReport) caveats() []string {
	c := []string{
		"Denoising asks what is enough, noising what is needed. Of two neurons that back each other up (OR), either gives everything back and neither is needed; of two that need each other (AND), either takes everything away and neither is enough. A neuron in series with others has both. Shares of different neurons need not add up to 100 %.",
		"A patched activation is one that the network really has on the other image, but in company it never keeps: the rest of the run is that of another image.",
		"That a neuron carries a share of a difference does not say that it codes for it: it may pass on brightness, or size, or anything else that differs within the pair.",
	}
	if !slices.ContainsFunc(r.Result.Sets, func(s ablate.PatchSet) bool { return s.Twins }) {
		c = append(c, "The two images of a class pair differ in everything, not in the class alone; twins, where the data make them, differ in one feature.")
	}
	if r.Result.Split == datasets.Select && r.Result.Map {
		c = append(c, "Measured on the select split, on which the neurons were also ranked: the shares of the highest are overstated.")
	}
	if !r.Result.Map && len(r.Result.Sets) > 1 {
		c = append(c, "The feature with the largest share is named among several measured on the same images, so that its share is likely to be a little too large.")
	}
	if last := r.Network.Depth() - 1; r.Result.Map && slices.Contains(patchLayers(r.Result.Sets[0]), last) && len(r.Network.Geometry(last+1).Inputs) == 1 {
		c = append(c, fmt.Sprintf("y is a sum over the neurons of layer %d, the last before the output: there denoising and noising are the same and shares add up to 100 %%, by construction.", last))
	}
	return append(c, "One network is one specimen (n = 1): pairs are repeated measures within it. A network raised from another seed may divide the work differently.")
}

func (r PatchReport) exclusions() []Exclusion {
	var out []Exclusion
	for _, s := range r.Result.Sets {
		if s.Excluded > 0 {
			out = append(out, Exclusion{Count: s.Excluded, What: fmt.Sprintf("of %s in %s, whose |clean − corrupted| is below %s", plural(s.Pairs, "pair"), s.Name, Number(s.Threshold))})
		}
	}
	return out
}

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

// patchTop is how many units of a layer the tables show.
const patchTop = 8

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
