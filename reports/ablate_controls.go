package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// controlsSection sets the target among neurons like it.
func (r AblateReport) controlsSection(t targets) Section {
	c := r.Controls
	if r.nothing() && r.Dose != nil {
		return Section{"Controls, doses and rescue", []Block{Paragraph("Not shown: where nothing was taken away there is nothing to compare with controls, to dose or to rescue. The JSON file has the numbers.")}}
	}
	if c == nil {
		if r.NoControls == "" {
			return Section{}
		}
		return Section{"Matched controls", []Block{Paragraph("Left out: " + r.NoControls + ".")}}
	}
	return Section{"Matched controls", []Block{
		Paragraph(r.controlsMethod(t)),
		Figure{
			File:    "controls.png",
			PNG:     r.controlsPlot(t).png(),
			Alt:     "Effects of the matched controls as dots on one axis, with the target's effect below them, as in the table",
			Caption: fmt.Sprintf("Change of the %s by %s ablation of %s and of each control.", r.metricWords(), c.Kind, t.name),
		},
		r.controlsTable(),
		Paragraph(r.controlsReading(t)),
	}}
}

func (r AblateReport) controlsMethod(t targets) string {
	return fmt.Sprintf("%s of the same layer, each ablated the same way (%s) on the same images: those nearest to %s in mean activation over the select split and in the norm of all "+
		"outgoing weights, both in standard deviations over the layer (Euclidean distance). Ranked by the size of the change of the %s, whichever way it goes; "+
		"a control with an equal effect goes before the target. p is the share of the %d neurons whose effect is at least as large; it cannot be below 1/%d = %s.",
		capital(plural(len(r.Controls.Units), "other neuron")), r.Controls.Kind, t.name, r.metricWords(), len(r.Controls.Units)+1, len(r.Controls.Units)+1, PValue(r.Controls.Floor))
}

func (r AblateReport) controlsTable() Table {
	c := r.Controls
	t := Table{Columns: append(textColumns("neuron"), numberColumns("mean activation", "outgoing norm", "distance", r.metricWords()+": change", "95 % interval", "accuracy: change", "95 % interval")...)}
	row := func(name string, u ablate.Control, distance string) {
		t.Rows = append(t.Rows, []string{name, Number(u.Mean), Number(u.Norm), distance, r.metricChange(u.Effect.Estimate), r.metricInterval(u.Effect),
			Points(u.Accuracy.Estimate), PointsInterval(u.Accuracy.Low, u.Accuracy.High)})
	}
	row(c.Target.Address.String()+" (target)", c.Target, Missing)
	for _, u := range c.Units[:min(len(c.Units), listedRows-1)] {
		row(u.Address.String(), u, fixed(u.Distance, 2))
		if u.Dead {
			t.Notes = append(t.Notes, Note{Row: len(t.Rows), Text: "Silent on every select image."})
		}
	}
	if more := len(c.Units) - listedRows + 1; more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more control") + " not listed here; the JSON file has them."})
	}
	t.Notes = append(t.Notes, warningNotes(c.Warnings)...)
	return t
}

func (r AblateReport) controlsReading(t targets) string {
	c := r.Controls
	s := fmt.Sprintf("%s has rank %d of %d (%s). Its effect less the controls' mean effect is %s (95 %% interval %s).",
		capital(t.name), c.Rank, len(c.Units)+1, equalsP(c.P), r.metricChange(c.Beyond.Estimate), r.metricInterval(c.Beyond))
	if c.Dead > 0 {
		s += fmt.Sprintf(" %s silent on every select image.", capital(dead(c.Dead)))
	}
	return s
}

func dead(n int) string {
	if n == 1 {
		return "one control is"
	}
	return fmt.Sprintf("%d controls are", n)
}

// metricChange is a change of the metric.
func (r AblateReport) metricChange(x float64) string {
	if r.Metric.Percent {
		return Points(x)
	}
	return Signed(x)
}

func (r AblateReport) metricInterval(i ablate.Interval) string {
	if r.Metric.Percent {
		return PointsInterval(i.Low, i.High)
	}
	return SignedInterval(i.Low, i.High)
}

// metricAxis says what an axis of changes of the metric shows, and the factor to its units.
func (r AblateReport) metricAxis() (string, float64) {
	worse := "below 0 is damage"
	if r.Metric.Loss {
		worse = "above 0 is damage"
	}
	if r.Metric.Percent {
		return fmt.Sprintf("change of the %s (percentage points; %s)", r.metricWords(), worse), 100
	}
	return fmt.Sprintf("change of the %s (%s)", r.metricWords(), worse), 1
}

func (r AblateReport) controlsPlot(t targets) lanePlot {
	axis, by := r.metricAxis()
	at := func(u ablate.Control) effect {
		return effect{by * u.Effect.Estimate, by * u.Effect.Low, by * u.Effect.High}
	}
	p := lanePlot{axis: axis, target: at(r.Controls.Target), name: t.name}
	for _, u := range r.Controls.Units {
		p.others = append(p.others, at(u))
	}
	return p
}
