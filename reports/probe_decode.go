package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// DecodeReport is what the linear probes of a network hand in.
type DecodeReport struct {
	Decoding *probe.Decoding
	Network  *model.Network
	// Set is the data the probes were fitted to and scored on; its digest says so.
	Set        *datasets.Set
	DataDigest string

	ModelPath string // as the lab names it: "model.safetensors"
	Run
}

// Decode is the entry of the linear probes: what can be read from each layer.
func Decode(r DecodeReport) Entry {
	layers, slug := r.layers()
	var warnings []string
	if len(r.ranked()) == 0 {
		warnings = r.Decoding.Warnings // there is no table for them to stand under
	}
	return Entry{
		Kind:       "decode",
		Slug:       slug,
		Title:      "Decoding from " + layers,
		Question:   fmt.Sprintf("What can a linear probe read from %s, and how much of it by learning the images by heart?", layers),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.bestSection(), r.depthSection(), r.layersSection()),
		Exclusions: r.exclusions(),
		Warnings:   warnings,
		Caveats:    r.caveats(),
		Provenance: append([]Fact{
			{"model", r.ModelPath},
			{"model digest", r.Network.Digest()},
			{"data", r.Set.Source},
			{"data digest", r.DataDigest},
			{"split", r.Decoding.Split.String()},
			{"seed", fmt.Sprint(r.Decoding.Seed)},
			{"control tasks", Count(r.Decoding.Controls)},
		}, r.Run.facts()...),
		Run:  r.Run,
		Data: decodeData{r.Decoding.Split.String(), r.Decoding},
	}
}

// decodeData is a decoding for programs.
type decodeData struct {
	Split string `json:"split"`
	*probe.Decoding
}

// layers names what was read from, for sentences and for the file.
func (r DecodeReport) layers() (name, slug string) {
	var names, words []string
	for _, l := range r.Decoding.Layers {
		names, words = append(names, layerName(l)), append(words, fmt.Sprint(l.Layer))
	}
	if len(names) == r.Network.Depth()+1 {
		return "every layer", Slug("decode")
	}
	return enumerate(names), Slug(append([]string{"decode"}, words...)...)
}

// layerName is a layer in a sentence or a table.
func layerName(l probe.DecodedLayer) string {
	if l.Layer == 0 {
		return "the input"
	}
	return fmt.Sprintf("layer %d (%s)", l.Layer, l.Name)
}

// name is a concept as a row's title: of two classes, both.
func (r DecodeReport) name(concept int) string {
	c := r.Decoding.Concepts[concept]
	if c.Kind == probe.Class && len(r.Set.Classes) == 2 {
		return c.Name + " or " + c.Without
	}
	return c.Name
}

// ranked are the concepts that were decoded, the best selectivity on select first; without control
// tasks the lowest cross-entropy there.
func (r DecodeReport) ranked() []int {
	var order []int
	for c := range r.Decoding.Concepts {
		if r.Decoding.Best[c] >= 0 {
			order = append(order, c)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		_, p := r.Decoding.BestProbe(a)
		_, q := r.Decoding.BestProbe(b)
		if p.SelectSelectivity.Defined() && q.SelectSelectivity.Defined() {
			return cmp.Compare(q.SelectSelectivity, p.SelectSelectivity)
		}
		return cmp.Compare(p.SelectLoss, q.SelectLoss)
	})
	return order
}

// answer names the concepts read best and worst, and counts those read at all.
func (r DecodeReport) answer() string {
	order := r.ranked()
	if len(order) == 0 {
		return "Nothing could be decoded: no concept varies on all the splits that a probe needs."
	}
	first := r.told(order[0])
	if len(order) == 1 {
		return fmt.Sprintf("%s is read from %s.", capital(r.name(order[0])), first)
	}
	read := 0
	for _, c := range order {
		if _, p := r.Decoding.BestProbe(c); float64(p.Accuracy.Low) > float64(p.Majority) {
			read++
		}
	}
	last := order[len(order)-1]
	return fmt.Sprintf("%s of %s can be read better than by always giving the more frequent answer; the best is %s, from %s; the worst is %s, from %s.",
		Count(read), plural(len(order), "concept"), r.name(order[0]), first, r.name(last), r.told(last))
}

// told is a concept's best probe in a sentence.
func (r DecodeReport) told(concept int) string {
	l, p := r.Decoding.BestProbe(concept)
	s := fmt.Sprintf("%s with %s accuracy on %s images (95 %% interval %s, n = %s", layerName(*l), Percent(p.Accuracy.Share()), r.Decoding.Split,
		PercentInterval(float64(p.Accuracy.Low), float64(p.Accuracy.High)), Count(p.Accuracy.Of))
	if p.Control.Defined() {
		s += fmt.Sprintf("; control tasks %s, selectivity %s", Percent(float64(p.Control)), Points(float64(p.Selectivity)))
	}
	return s + ")"
}

func (r DecodeReport) method() string {
	d := r.Decoding
	var penalties []string
	for _, p := range d.Penalties {
		penalties = append(penalties, penaltyFigure(p))
	}
	types := fmt.Sprintf("a stimulus type is a combination of class and features (%s in these data)", Count(d.Types))
	if d.Types == 0 {
		types = "without known features every image is a stimulus type of its own"
	}
	return fmt.Sprintf("A linear probe is a logistic regression with an L2 penalty from what a layer does on an image to whether the image shows a concept. It reads the maximum and the mean of "+
		"each channel over its positions, before pooling, and the activation of each dense unit, standardised; of the input, the same of each colour channel of the raw image, as a baseline. "+
		"It was fitted on %s of the train split; the penalty (of %s) and the best layer of each concept were chosen by cross-entropy on %s of the select split; all numbers are from %s of the %s split. "+
		"Control tasks (Hewitt and Liang 2019) show what such a probe can learn by heart: each stimulus type gets a fixed random answer, yes about as often as for the concept, and a probe is fitted "+
		"and scored in exactly the same way; %s. The control accuracy is the mean of %s a concept, ± their standard deviation; selectivity = accuracy − control accuracy. "+
		"Majority is the accuracy of always giving train's more frequent answer. AUROC is the chance that the probe scores an image with the concept higher than one without it; "+
		"within class, only images of the same class are compared. Intervals are Wilson's.",
		plural(d.Train, "image"), strings.Join(penalties, ", "), plural(d.Select, "image"), plural(d.Images, "image"), d.Split, types, plural(d.Controls, "control task"))
}

// bestSection has each concept where it is read best, the best selectivity first.
func (r DecodeReport) bestSection() Section {
	short := Table{
		Columns:  append(textColumns("concept", "from"), numberColumns("accuracy", "95 % interval", "control", "selectivity", "AUROC within class")...),
		Notes:    append([]Note{{Text: "Ordered by selectivity on select."}}, warningNotes(r.Decoding.Warnings)...),
		Terminal: true,
	}
	rest := Table{Columns: append(textColumns("concept", "from"), numberColumns("images with it", "without", "majority", "AUROC", "AUROC within class", "penalty")...)}
	for _, c := range r.ranked() {
		l, p := r.Decoding.BestProbe(c)
		short.Rows = append(short.Rows, []string{r.name(c), l.Name, Percent(p.Accuracy.Share()), PercentInterval(float64(p.Accuracy.Low), float64(p.Accuracy.High)),
			spread(p.Control, p.ControlSD), Points(float64(p.Selectivity)), figure(p.Within)})
		rest.Rows = append(rest.Rows, []string{r.name(c), l.Name, Count(p.With), Count(p.Without), Percent(float64(p.Majority)), figure(p.AUROC), figure(p.Within), penaltyFigure(p.Penalty)})
	}
	if len(short.Rows) == 0 {
		return Section{}
	}
	return Section{"Best layer of each concept", []Block{short, rest}}
}

// penaltyFigure is a penalty, all of which are powers of ten.
func penaltyFigure(p float64) string { return strconv.FormatFloat(p, 'g', -1, 64) }

// spread is a mean fraction ± its standard deviation: "61.4 ± 4.1 %".
func spread(mean, sd probe.Number) string {
	if !sd.Defined() {
		return Percent(float64(mean))
	}
	return strings.TrimSuffix(Percent(float64(mean)), " %") + " ± " + Percent(float64(sd))
}

// plottedConcepts is how many concepts the picture shows; the table has all of them.
const plottedConcepts = 24

// depthSection shows how well each concept is read from each layer.
func (r DecodeReport) depthSection() Section {
	order := r.ranked()
	if len(r.Decoding.Layers) < 2 || len(order) == 0 {
		return Section{}
	}
	t := Table{Columns: textColumns("concept")}
	for _, l := range r.Decoding.Layers {
		t.Columns = append(t.Columns, numberColumns(l.Name)...)
	}
	for _, c := range order {
		row := []string{r.name(c)}
		for _, l := range r.Decoding.Layers {
			row = append(row, depthCell(l.Probes[c]))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []Note{{Text: "Selectivity in percentage points, and the accuracy in brackets."}}
	return Section{"By depth", []Block{r.depthFigure(order), t}}
}

// depthCell is selectivity and accuracy; where there are no control tasks, accuracy alone.
func depthCell(p *probe.LinearProbe) string {
	if !p.Selectivity.Defined() {
		return Percent(p.Accuracy.Share())
	}
	return fmt.Sprintf("%s (%s)", strings.TrimSuffix(Points(float64(p.Selectivity)), " pp"), Percent(p.Accuracy.Share()))
}

func (r DecodeReport) depthFigure(order []int) Figure {
	shown := order[:min(len(order), plottedConcepts)]
	d := depthPlot{deepest: r.Decoding.Layers[len(r.Decoding.Layers)-1].Layer, split: r.Decoding.Split.String()}
	for _, c := range shown {
		panel := depthPanel{title: r.name(c), best: -1, majority: math.NaN()}
		for k, l := range r.Decoding.Layers {
			p := l.Probes[c]
			if k == r.Decoding.Best[c] {
				panel.best, panel.majority = len(panel.points), 100*float64(p.Majority)
			}
			panel.points = append(panel.points, depthPoint{layer: l.Layer, accuracy: 100 * p.Accuracy.Share(),
				low: 100 * float64(p.Accuracy.Low), high: 100 * float64(p.Accuracy.High), control: 100 * float64(p.Control)})
		}
		d.panels = append(d.panels, panel)
	}
	caption := "Accuracy of linear probes by depth, with 95 % intervals, beside that of their control tasks: the gap is the selectivity. The layer chosen on select is ringed."
	if len(shown) < len(order) {
		caption = fmt.Sprintf("The %d concepts of the best selectivity. ", len(shown)) + caption
	}
	return Figure{File: "depth.png", PNG: d.png(), Alt: "Accuracy of linear probes and of their control tasks by layer, a panel a concept, as in the table below", Caption: caption}
}

// layersSection says what the probes of each layer had to read.
func (r DecodeReport) layersSection() Section {
	t := Table{Columns: append(textColumns("layer", "name"), numberColumns("numbers read", "constant, left out")...)}
	for _, l := range r.Decoding.Layers {
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Layer), l.Name, Count(l.Inputs), Count(l.Constant)})
	}
	return Section{"What the probes read", []Block{t}}
}

func (r DecodeReport) exclusions() []Exclusion {
	var names []string
	for c, concept := range r.Decoding.Concepts {
		if r.Decoding.Best[c] < 0 {
			names = append(names, concept.Name)
		}
	}
	var out []Exclusion
	if len(names) > 0 {
		out = append(out, Exclusion{Count: len(names), What: noun(len(names), "concept") + " without variation on a split", Examples: names[:min(len(names), listedExclusions)]})
	}
	for _, l := range r.Decoding.Layers {
		if l.Constant > 0 {
			out = append(out, Exclusion{Count: l.Constant, What: fmt.Sprintf("%s of %s, constant on train (of dead units, mostly)", noun(l.Constant, "number"), layerName(l))})
		}
	}
	return out
}

// noun is plural without the number.
func noun(n int, name string) string { return strings.TrimPrefix(plural(n, name), Count(n)+" ") }

func (r DecodeReport) caveats() []string {
	c := []string{
		"Decodable is not used: a probe finds information in a layer, not what the network does with it. Whether a concept matters to the answers, a lesion decides.",
		"A probe is linear and reads each channel's maximum and mean: what a layer holds in another form, or in where things are in the image, it misses.",
	}
	if r.Decoding.Types > 0 {
		c = append(c, "The control answers are functions of the same combinations of features as the concepts, so a probe that reads the features well can learn part of a control task: "+
			"a high control accuracy lowers the selectivity of a layer rich in features, too.")
	}
	features := slices.ContainsFunc(r.Decoding.Concepts, func(k probe.Concept) bool { return k.Kind == probe.Feature })
	if features {
		c = append(c, "Features come with classes and with each other, so a probe for one may read another; the AUROC within class rules out the class alone.")
	}
	if probes := len(r.ranked()) * len(r.Decoding.Layers); probes > 1 {
		c = append(c, fmt.Sprintf("There are %s probes, and their intervals are not corrected for multiple comparisons.", Count(probes)))
	}
	return append(c, "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
}
