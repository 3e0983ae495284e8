package reports

import (
	"fmt"
	"math"

	"neuroprobe/ablate"
)

// doseSection is the effect by dose, with what was fitted.
func (r AblateReport) doseSection(t targets) Section {
	d := r.Dose
	if d == nil || r.nothing() {
		return Section{}
	}
	blocks := []Block{Paragraph(r.doseMethod(t))}
	blocks = append(blocks, Figure{
		File:    "dose.png",
		PNG:     r.dosePlot().png(),
		Alt:     "Effect by dose, with intervals and fitted curves, as in the tables",
		Caption: r.doseCaption(),
	}, r.fitTable(), r.doseTable())
	return Section{"Dose–response", blocks}
}

func (r AblateReport) doseMethod(t targets) string {
	d := r.Dose
	s := fmt.Sprintf("At dose d the activation of %s is multiplied by 1 − d: 0 leaves it, 1 is the lesion, below 0 stimulates. The effect is the change of the %s.", t.name, r.doseMetric())
	if d.OnClass != "" {
		s += fmt.Sprintf(" On-class is %s, on whose select images it is most active on average; off-class is %s.", d.OnClass, r.offClass())
	} else if d.NoClasses != "" {
		s += fmt.Sprintf(" Not split into on-class and off-class: %s.", d.NoClasses)
	}
	return s + fmt.Sprintf(" From dose 0 to 1 a Hill curve, plateau·dˢ/(dˢ + EC50ˢ), is fitted by least squares to the mean effects where they are monotone: at no dose does the effect fall behind the "+
		"largest at a lower dose. Drops whose 95 %% interval includes 0, and drops of less than 1 %% of the largest effect, do not count. Intervals of the parameters are from fits to %s of the images; "+
		"EC50 is searched up to a hundred times dose 1. Half dose: where the curve has half of the lesion's effect.", plural(d.FitResamples, "resample"))
}

// doseMetric is the metric of the curves in a sentence.
func (r AblateReport) doseMetric() string {
	if r.Metric.Name == "balanced-accuracy" && r.Dose.OnClass != "" {
		return "balanced accuracy (by class: accuracy)"
	}
	return r.metricWords()
}

// offClass names the rest.
func (r AblateReport) offClass() string {
	var rest []string
	for _, c := range r.Classes {
		if c != r.Dose.OnClass {
			rest = append(rest, c)
		}
	}
	if len(rest) > 3 {
		return fmt.Sprintf("the %d other classes", len(rest))
	}
	return enumerate(rest)
}

// curveName is a curve in tables and pictures.
func (r AblateReport) curveName(c ablate.DoseCurve) string {
	switch c.Images {
	case ablate.OnClass:
		return "on-class (" + r.Dose.OnClass + ")"
	case ablate.OffClass:
		return "off-class (" + r.offClass() + ")"
	}
	return "all images"
}

func (r AblateReport) doseCaption() string {
	for _, c := range r.Dose.Curves {
		if c.Fit != nil && (c.Images != ablate.AllImages || len(r.Dose.Curves) == 1) {
			return "Effect at each dose with its 95 % interval; the smooth lines are the fitted Hill curves."
		}
	}
	return "Effect at each dose with its 95 % interval. No curve could be fitted."
}

// fitTable are shape and parameters of each curve.
func (r AblateReport) fitTable() Table {
	t := Table{Columns: append(append(textColumns("images"), numberColumns("n", "effect at dose 1", "95 % interval")...), textColumns("shape")...)}
	t.Columns = append(t.Columns, numberColumns("EC50", "slope", "plateau", "half dose", "R²")...)
	for _, c := range r.Dose.Curves {
		last := c.Effects[len(c.Effects)-1]
		row := []string{r.curveName(c), Count(c.N), r.metricChange(last.Estimate), r.metricInterval(last), string(c.Shape)}
		if f := c.Fit; f != nil {
			ec50, plateau := withEnds(f.EC50, Number, Interval), withEnds(f.Plateau, r.metricChange, func(low, high float64) string {
				return r.metricInterval(ablate.Interval{Low: low, High: high})
			})
			if f.Straight {
				ec50, plateau = "not determined", "not determined"
			}
			row = append(row, ec50, withEnds(f.Slope, Number, Interval), plateau, withEnds(f.Half, Number, Interval), fixed(f.R2, 3))
		} else {
			row = append(row, Missing, Missing, Missing, Missing, Missing)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = warningNotes(r.Dose.Warnings)
	return t
}

// withEnds is an estimate with its interval in one cell.
func withEnds(i ablate.Interval, number func(float64) string, ends func(low, high float64) string) string {
	return number(i.Estimate) + " " + ends(i.Low, i.High)
}

// doseTable has the effects themselves.
func (r AblateReport) doseTable() Table {
	t := Table{Columns: numberColumns("dose", "activation kept")}
	for _, c := range r.Dose.Curves {
		t.Columns = append(t.Columns, numberColumns(r.curveName(c), "95 % interval")...)
	}
	for k, d := range r.Dose.Doses {
		row := []string{fixed(d, 3), Percent(1 - d)}
		for _, c := range r.Dose.Curves {
			row = append(row, r.metricChange(c.Effects[k].Estimate), r.metricInterval(c.Effects[k]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (r AblateReport) dosePlot() dosePlot {
	axis, by := r.metricAxis()
	p := dosePlot{axis: axis, doses: r.Dose.Doses}
	curves := r.Dose.Curves
	if len(curves) > 1 {
		curves = curves[1:] // by class; all images are their mean
	}
	for k, c := range curves {
		l := doseLine{series: []func(string) series{firstSeries, secondSeries}[k](r.curveName(c))}
		for _, e := range c.Effects {
			l.effects = append(l.effects, effect{by * e.Estimate, by * e.Low, by * e.High})
		}
		if f := c.Fit; f != nil {
			l.fitted = func(dose float64) float64 { return by * f.Curve().At(math.Max(dose, 0)) }
		}
		p.lines = append(p.lines, l)
	}
	return p
}
