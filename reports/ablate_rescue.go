package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// rescueSection is what gives the network back what the lesion took.
func (r AblateReport) rescueSection(t targets) Section {
	x := r.Rescue
	if x == nil || r.nothing() {
		return Section{}
	}
	level := func(v float64) string {
		if r.Metric.Percent {
			return Percent(v)
		}
		return Number(noDust(v))
	}
	table := Table{Columns: append(textColumns("injected after the lesion"), numberColumns(r.metricWords(), "recovered", "95 % interval")...), Terminal: true}
	table.Rows = append(table.Rows, []string{"nothing (lesion)", level(x.Lesioned), Missing, Missing})
	for _, a := range x.Arms {
		row := []string{injectionWords(a.Injection), level(a.Value), Missing, Missing}
		if i := a.Recovery; i != nil {
			row[2] = Percent(i.Estimate)
			row[3] = PercentInterval(i.Low, i.High)
		}
		table.Rows = append(table.Rows, row)
		if a.Identical {
			table.Notes = append(table.Notes, Note{Row: len(table.Rows), Text: fmt.Sprintf("Every logit of %s is that of the intact network, bit by bit.", plural(r.Images, "image"))})
		}
	}
	table.Rows = append(table.Rows, []string{"intact network", level(x.Intact), Missing, Missing})
	table.Notes = append(table.Notes, warningNotes(x.Warnings)...)
	return Section{"Rescue", []Block{
		Paragraph(fmt.Sprintf("%s silenced (zero), then an activation is injected in the same place. Recovered is (rescued − lesioned)/(intact − lesioned) of the mean %s: 0 %% is none of what the lesion took, 100 %% all of it. "+
			"Other images are drawn from the %s split, seed %d, %s in turn and averaged: of the same class by a random cycle through the class, of another class each as likely as any.",
			capital(t.name)+" "+isAre(t), r.metricWords(), r.Split, r.Seed, plural(x.Draws, "draw"))),
		table,
		Paragraph(r.rescueReading()),
	}}
}

func isAre(t targets) string {
	if t.many {
		return "are"
	}
	return "is"
}

func injectionWords(i ablate.Injection) string {
	switch i {
	case ablate.Recorded:
		return "its own recorded activation"
	case ablate.MeanValue:
		return "its mean over the select split"
	case ablate.SameClass:
		return "its activation on another image of the class"
	}
	return "its activation on an image of another class"
}

// rescueReading says what the recoveries mean, as far as their intervals go.
func (r AblateReport) rescueReading() string {
	found := map[ablate.Injection]*ablate.Interval{}
	for _, a := range r.Rescue.Arms {
		found[a.Injection] = a.Recovery
	}
	mean, same, other := found[ablate.MeanValue], found[ablate.SameClass], found[ablate.OtherClass]
	if mean == nil || same == nil {
		return "The lesion has no effect on the metric that its interval could tell from 0, so that nothing can be said about recovery."
	}
	var s string
	switch {
	case mean.Low > 0.5:
		s = "Its mean alone restores more than half: most of what zeroing does comes from the missing level, not from what the activation tells about the image."
	case mean.High < 0.5:
		s = "Its mean restores less than half: most of what zeroing does is the loss of how the activation varies with the image."
	default:
		s = "How much its mean restores, more than half or less, the interval leaves open."
	}
	switch {
	case other == nil:
	case same.Low > other.High:
		s += " An activation from the same class restores more than one from another class: what is restored depends on the class."
	case other.Low > same.High:
		s += " An activation from another class restores more than one from the same class."
	default:
		s += " Whether the donor is of the same class makes no difference that the intervals could tell."
	}
	return s
}
