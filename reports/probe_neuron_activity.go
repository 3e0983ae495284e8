package reports

import (
	"fmt"
	"math"

	"neuroprobe/probe"
)

// plottedClasses is how many classes the histogram shows.
const plottedClasses = 12

// activitySection is how active the neuron is: over the images of each class, and how often it
// fires with and without each feature.
func (r NeuronReport) activitySection() Section {
	u, s := r.unit(), r.Examination.Survey
	text := fmt.Sprintf("Mean %s and standard deviation %s of the summary over %s. The neuron fires where it is above %s.",
		figure(u.Mean), figure(u.SD), plural(s.Images, "image"), figure(u.Threshold))
	blocks := []Block{Paragraph(text)}
	if f, ok := r.histogram(); ok {
		blocks = append(blocks, f)
	}
	return Section{"Activity", append(blocks, r.firingTable())}
}

// histogram is the summary over the images of each class.
func (r NeuronReport) histogram() (Figure, bool) {
	h, s := r.Examination.Histogram, r.Examination.Survey
	if len(h.Edges) < 2 || len(h.Counts) == 0 {
		return Figure{}, false
	}
	p := histogramPlot{axis: activationName(s, r.Network, r.address().Layer), edges: h.Edges, zeros: h.Zeros != nil, threshold: math.NaN()}
	if s.Fires.Quantile > 0 || s.Fires.Level != 0 {
		p.threshold = float64(r.unit().Threshold)
	}
	shown := min(len(h.Counts), plottedClasses)
	for c, counts := range h.Counts[:shown] {
		zeros := 0
		if h.Zeros != nil {
			zeros = h.Zeros[c]
		}
		p.panels = append(p.panels, classPanel(s.Classes[c], counts, zeros))
	}
	caption := "Activation by class; a bar is the share of the class's images, on one scale for all classes."
	if h.Zeros != nil {
		caption += " Images on which it is exactly 0 stand apart at the left, where full height is all images of the class."
	}
	if more := len(h.Counts) - shown; more > 0 {
		caption += fmt.Sprintf(" The first %d of %d classes; the JSON file has all.", shown, len(h.Counts))
	}
	return Figure{File: "activation.png", PNG: p.png(), Alt: fmt.Sprintf("Histogram of the activation of neuron %s by class", r.address()), Caption: caption}, true
}

// classPanel turns counts into shares of a class's images; a class without images has none.
func classPanel(name string, counts []int, zeros int) histogramPanel {
	total := float64(sum(counts) + zeros)
	p := histogramPanel{label: name, bars: make([]float64, len(counts)), zeros: float64(zeros) / total}
	for i, k := range counts {
		if total > 0 {
			p.bars[i] = float64(k) / total
		}
	}
	return p
}

// firingTable is on how many images of each group the neuron fires.
func (r NeuronReport) firingTable() Table {
	u, s := r.unit(), r.Examination.Survey
	t := Table{Caption: "Firing rates", Columns: append(textColumns("images"), numberColumns("fires on", "of", "share", "95 % interval")...)}
	row := func(name string, x probe.Rate) {
		t.Rows = append(t.Rows, []string{name, Count(x.Count), Count(x.Of), share(x.Count, x.Of), PercentInterval(float64(x.Low), float64(x.High))})
	}
	row("all", u.FiresOn)
	for c, x := range u.FiresByClass {
		row(s.Classes[c], x)
	}
	for c, x := range u.Tuning {
		if x != nil && s.Concepts[c].Kind == probe.Feature && x.FiresWith.Of+x.FiresOff.Of > 0 {
			row("with "+s.Concepts[c].Name, x.FiresWith)
			row(s.Concepts[c].Without, x.FiresOff)
		}
	}
	return t
}
