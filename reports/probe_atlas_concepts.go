package reports

import (
	"fmt"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// conceptSection counts the neurons that respond to each concept and to each part.
func (r AtlasReport) conceptSection() Section {
	has := contentsOf(r.Survey)
	s := Section{Title: "What the neurons respond to", Blocks: []Block{r.responders(has)}}
	if len(r.Survey.Detectors) > 0 {
		s.Blocks = append(s.Blocks, r.detectors())
	}
	if why := has.missing(r.Set); why != "" {
		s.Blocks = append(s.Blocks, Paragraph(why))
	}
	return s
}

func (r AtlasReport) responders(has surveyed) Table {
	t := Table{
		Caption:  "Neurons that beat the null",
		Columns:  append(textColumns("concept"), numberColumns("tested", "raw")...),
		Terminal: true,
	}
	if has.within {
		t.Columns = append(t.Columns, Column{"within class", true})
	}
	if has.twins {
		t.Columns = append(t.Columns, Column{"twins", true})
	}
	t.Columns = append(t.Columns, Column{"named", true}, Column{"strongest", false}, Column{"AUROC", true})
	if has.twins {
		t.Columns = append(t.Columns, Column{"on twins", false}, Column{"effect", true})
	}
	for _, x := range r.Survey.Responders {
		t.Rows = append(t.Rows, r.respondersRow(x, has))
	}
	note := "Strongest: the best AUROC on select of those that beat the null; below 0.5 it prefers images without the concept."
	if has.twins {
		note += " On twins: the same by the size of the effect, in standard deviations."
	}
	t.Notes = append([]Note{{Text: note + " Named: neurons that carry the concept or its absence as their label."}}, warningNotes(r.Survey.Warnings)...)
	return t
}

func (r AtlasReport) respondersRow(x probe.Responders, has surveyed) []string {
	c := r.Survey.Concepts[x.Concept]
	of := func(k int) string { // a class has neither twins nor a tuning within class
		if c.Kind == probe.Class {
			return Missing
		}
		return Count(k)
	}
	row := []string{conceptName(r.Survey, c), Count(x.Tested), Count(x.Raw)}
	if has.within {
		row = append(row, of(x.Within))
	}
	if has.twins {
		row = append(row, of(x.Twin))
	}
	address, auroc := r.tuningAt(x.Strongest, x.Concept, func(t *probe.Tuning) string { return figure(t.AUROC) })
	row = append(row, Count(x.Named), address, auroc)
	if has.twins {
		address, effect := r.tuningAt(x.StrongTwin, x.Concept, func(t *probe.Tuning) string {
			if t.Twin == nil {
				return Missing
			}
			return inSDs(t.Twin.SDs)
		})
		row = append(row, address, effect)
	}
	return row
}

// tuningAt is the address of a neuron and a number of its tuning to a concept.
func (r AtlasReport) tuningAt(a *model.Address, concept int, number func(*probe.Tuning) string) (address, value string) {
	if a == nil {
		return Missing, Missing
	}
	if u := unitOf(r.Survey, *a); u != nil && u.Tested() && u.Tuning[concept] != nil {
		return a.String(), number(u.Tuning[concept])
	}
	return a.String(), Missing
}

func (r AtlasReport) detectors() Table {
	t := Table{
		Caption:  "Neurons whose map overlaps a part",
		Columns:  append(textColumns("part"), numberColumns("tested", "beat the null", fmt.Sprintf("detectors (IoU > %s)", fixed(probe.DetectorIoU, 2)))...),
		Terminal: true,
	}
	t.Columns = append(t.Columns, Column{"strongest", false}, Column{"IoU", true})
	for _, d := range r.Survey.Detectors {
		address, iou := Missing, Missing
		if d.Strongest != nil {
			address = d.Strongest.String()
			if u := unitOf(r.Survey, *d.Strongest); u != nil && u.Overlaps != nil {
				iou = figure(u.Overlaps[d.Part].IoU)
			}
		}
		t.Rows = append(t.Rows, []string{r.Survey.Parts[d.Part], Count(d.Tested), Count(d.BeatNull), Count(d.Detectors), address, iou})
	}
	return t
}

// stripSection shows how well each neuron of each layer tells the first class from the rest.
func (r AtlasReport) stripSection() Section {
	s := r.Survey
	if len(s.Concepts) == 0 || s.Concepts[0].Kind != probe.Class {
		return Section{}
	}
	columns, dots := r.strips()
	if dots == 0 {
		return Section{}
	}
	against := "the rest"
	if len(s.Classes) == 2 {
		against = s.Concepts[0].Without
	}
	p := stripPlot{
		x:       "layer; how many of its tested neurons beat the null",
		y:       fmt.Sprintf("AUROC for %s against %s", elide(s.Concepts[0].Name, longestLabel), elide(against, longestLabel)),
		columns: columns, band: [2]float64{float64(s.Null[0]), float64(s.Null[1])},
	}
	caption := fmt.Sprintf("One dot a neuron, %s images. Above 0.5: more active for %s; below: for %s.", s.Split, s.Concepts[0].Name, against)
	if p.hasBand() {
		caption += fmt.Sprintf(" The band holds 95 %% of the AUROCs under shuffled labels, %s.", Interval(p.band[0], p.band[1]))
	}
	return Section{"Selectivity by layer", []Block{Figure{
		File:    "selectivity.png",
		PNG:     p.png(),
		Alt:     fmt.Sprintf("AUROC of every neuron for %s against %s, by layer", s.Concepts[0].Name, against),
		Caption: caption,
	}}}
}

// namedLayers is how many layers have room for their names under the plot; more have numbers.
const namedLayers = 10

// strips are the dots of each layer, and how many there are in all.
func (r AtlasReport) strips() (columns []stripColumn, dots int) {
	for l := 1; l <= r.Network.Depth(); l++ {
		var c stripColumn
		found := 0
		for _, u := range r.Survey.Units {
			if u.Address.Layer != l || !u.Tested() || u.Tuning[0] == nil || !u.Tuning[0].AUROC.Defined() {
				continue
			}
			d := stripDot{float64(u.Tuning[0].AUROC), beats(u.Tuning[0].Adjusted)}
			if d.found {
				found++
			}
			c.dots = append(c.dots, d)
		}
		c.label = fmt.Sprintf("%s\n%d of %d", elide(r.Network.Layer(l).Name, 12), found, len(c.dots))
		if r.Network.Depth() > namedLayers {
			c.label = fmt.Sprintf("%d\n%d/%d", l, found, len(c.dots))
		}
		columns, dots = append(columns, c), dots+len(c.dots)
	}
	return columns, dots
}
