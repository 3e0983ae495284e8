package reports

import (
	"fmt"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// The most a layer's section shows.
const (
	listedNeurons   = 20 // rows of its table
	classesByColumn = 4  // classes with a column of their own
)

// layerSection lists a layer's neurons and shows the images that drive the first of them.
func (r AtlasReport) layerSection(layer int) Section {
	ranked := r.Survey.Ranked(layer)
	if len(ranked) == 0 {
		return Section{}
	}
	l := r.Network.Layer(layer)
	title := fmt.Sprintf("Layer %d: %s (%s)", layer, l.Name, plural(len(ranked), "neuron"))
	if layer == r.Network.Depth() {
		title = fmt.Sprintf("Layer %d: %s, the output (%s)", layer, l.Name, plural(len(ranked), "neuron"))
	}
	s := Section{title, []Block{r.layerTable(layer, ranked)}}
	if f, ok := r.sheet(layer); ok {
		s.Blocks = append(s.Blocks, f)
	}
	return s
}

func (r AtlasReport) layerTable(layer int, ranked []probe.Unit) Table {
	has := contentsOf(r.Survey)
	maps := has.parts && r.Network.Maps(layer)
	t := Table{Columns: append(textColumns("neuron", "label"), numberColumns("AUROC", "d′")...)}
	perClass := len(r.Survey.Classes) <= classesByColumn
	if perClass {
		for _, c := range r.Survey.Classes {
			t.Columns = append(t.Columns, Column{"fires: " + c, true})
		}
	} else {
		t.Columns = append(t.Columns, numberColumns("fires: all", "fires: label", "fires: rest")...)
	}
	if has.twins {
		t.Columns = append(t.Columns, Column{"twin effect", true})
	}
	if maps {
		t.Columns = append(t.Columns, Column{"IoU", true})
	}
	t.Columns = append(t.Columns, Column{"flags", false})
	for _, u := range ranked[:min(len(ranked), listedNeurons)] {
		row := append([]string{r.unitName(u), labelled(u.Label)}, labelNumbers(&u)...)
		row = append(row, firing(&u, perClass)...)
		if has.twins {
			row = append(row, r.twinCell(&u))
		}
		if maps {
			row = append(row, r.overlapCell(&u))
		}
		t.Rows = append(t.Rows, append(row, flags(r.Survey, &u)))
	}
	t.Notes = r.layerNotes(ranked, has.twins, maps)
	return t
}

// unitName is a neuron's address; an output neuron's has its class.
func (r AtlasReport) unitName(u probe.Unit) string {
	if a := u.Address; a.Layer == r.Network.Depth() && a.Unit < len(r.Survey.Classes) {
		return fmt.Sprintf("%s (logit of %s)", a, r.Survey.Classes[a.Unit])
	}
	return u.Address.String()
}

// labelNumbers are AUROC and d′ for a unit's label, in its direction.
func labelNumbers(u *probe.Unit) []string {
	if u.Label == nil {
		return []string{Missing, Missing}
	}
	return []string{figure(u.Label.AUROC), signedFigure(directed(u.Tuning[u.Label.Concept].DPrime, u.Label))}
}

// firing is on how many images a unit fires: of each class, or in all and with and without its
// label's concept.
func firing(u *probe.Unit, perClass bool) []string {
	rate := func(x probe.Rate) string { return share(x.Count, x.Of) }
	if perClass {
		var cells []string
		for _, x := range u.FiresByClass {
			cells = append(cells, rate(x))
		}
		return cells
	}
	if u.Label == nil {
		return []string{rate(u.FiresOn), Missing, Missing}
	}
	t := u.Tuning[u.Label.Concept]
	if u.Label.Absent {
		return []string{rate(u.FiresOn), rate(t.FiresOff), rate(t.FiresWith)}
	}
	return []string{rate(u.FiresOn), rate(t.FiresWith), rate(t.FiresOff)}
}

// twinCell is the twin effect of the label's feature, else the strongest of any feature.
func (r AtlasReport) twinCell(u *probe.Unit) string {
	if u.Label != nil && u.Tuning[u.Label.Concept].Twin != nil {
		return inSDs(u.Tuning[u.Label.Concept].Twin.SDs)
	}
	if c := strongestTwin(u); c >= 0 {
		return r.Survey.Concepts[c].Name + " " + inSDs(u.Tuning[c].Twin.SDs)
	}
	return Missing
}

// overlapCell is the part that a unit's map overlaps best, where it beats the null.
func (r AtlasReport) overlapCell(u *probe.Unit) string {
	if u.BestPart < 0 || u.BestPart >= len(u.Overlaps) || !beats(u.Overlaps[u.BestPart].Adjusted) {
		return Missing
	}
	o := u.Overlaps[u.BestPart]
	return r.Survey.Parts[o.Part] + " " + figure(o.IoU)
}

func (r AtlasReport) layerNotes(ranked []probe.Unit, twins, maps bool) []Note {
	text := "AUROC and d′ are in the label's direction."
	if twins {
		text += " Twin effect: that of the label's feature, with − without; where the label is none, the strongest that beats the null, by name."
	}
	if maps {
		text += " IoU: with the best part on select, where it beats the null."
	}
	notes := []Note{{Text: text}}
	if more := len(ranked) - listedNeurons; more > 0 {
		notes = append(notes, Note{Text: plural(more, "more neuron") + " not listed here; the JSON file has them."})
	}
	return notes
}

// sheet shows the images that drive a layer's first neurons most.
func (r AtlasReport) sheet(layer int) (Figure, bool) {
	sheet := heatSheet{set: r.Set, perRow: sheetImages}
	for _, x := range r.Survey.Sheets {
		if x.Address.Layer != layer || len(x.Images) == 0 {
			continue
		}
		sheet.rows = append(sheet.rows, newHeatRow(r.sheetTitle(x.Address), x.Images))
	}
	if len(sheet.rows) == 0 {
		return Figure{}, false
	}
	caption := fmt.Sprintf("The %s images that drive each neuron most; under each its %s.", r.Survey.Split, activationName(r.Survey, r.Network, layer))
	if sheet.hasMaps() {
		caption += " Grey where the neuron is silent; it glows where it is active, on one scale a row, from 0 to the row's highest."
	}
	return Figure{
		File:    fmt.Sprintf("layer-%d.png", layer),
		PNG:     sheet.png(),
		Alt:     fmt.Sprintf("The images that drive the first %s of layer %d most", plural(len(sheet.rows), "neuron"), layer),
		Caption: caption,
	}, true
}

// sheetImages is how many images stand in a line of a sheet.
const sheetImages = 6

// sheetTitle names a row: the neuron and its label.
func (r AtlasReport) sheetTitle(a model.Address) string {
	u := unitOf(r.Survey, a)
	if u == nil || u.Label == nil {
		return a.String() + "  no label"
	}
	return fmt.Sprintf("%s  %s (AUROC %s)", a, u.Label.Name, figure(u.Label.AUROC))
}
