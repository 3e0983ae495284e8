package reports

import (
	"fmt"

	"neuroprobe/probe"
)

// The nine highest and lowest images stand three by three, each beside its heatmap.
const pairsPerLine, plainPerLine = 3, 5

// imagesSection shows the images that drive the neuron most and least.
func (r NeuronReport) imagesSection() Section {
	x := r.Examination
	s := Section{Title: "What drives it"}
	top := highestOf(x.Highest)
	for _, group := range []struct {
		name, file string
		exemplars  []probe.Exemplar
	}{{"highest", "highest.png", x.Highest}, {"lowest", "lowest.png", x.Lowest}} {
		if len(group.exemplars) == 0 {
			continue
		}
		sheet := heatSheet{set: r.Set, paired: true, perRow: pairsPerLine, rows: []heatRow{{
			title:     fmt.Sprintf("%s · the %s of %s %s images", r.address(), group.name, Count(x.Survey.Images), x.Survey.Split),
			exemplars: group.exemplars, top: top,
		}}}
		if !sheet.hasMaps() {
			sheet.perRow = plainPerLine
		}
		s.Blocks = append(s.Blocks, Figure{
			File:    group.file,
			PNG:     sheet.png(),
			Alt:     fmt.Sprintf("The %s with the %s activation of neuron %s", plural(len(group.exemplars), "image"), group.name, r.address()),
			Caption: r.imagesCaption(sheet, group.name),
		})
	}
	return s
}

func (r NeuronReport) imagesCaption(sheet heatSheet, which string) string {
	e := sheet.rows[0].exemplars
	text := fmt.Sprintf("The %s %s images; under each its %s, from %s to %s.", which, r.Examination.Survey.Split,
		activationName(r.Examination.Survey, r.Network, r.address().Layer), Number(e[0].Value), Number(e[len(e)-1].Value))
	if sheet.hasMaps() {
		text += fmt.Sprintf(" Beside each image its activation map: grey where the neuron is silent, glowing where it is active. In both pictures of this neuron the scale goes from 0 to %s, "+
			"the highest activation of its highest images.", Number(sheet.rows[0].top))
	}
	return text
}
