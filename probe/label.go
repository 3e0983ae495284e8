package probe

import "math"

// labels are the names a unit may carry: the concepts whose tests beat the null, best AUROC on
// select first. A class needs its raw tuning to do so, in the direction it had on select. A feature
// must also beat the null where the class cannot help: on twins where there are any, else within
// class, each in the same direction.
func labels(tunings []*Tuning, concepts []Concept) []Label {
	var candidates []*Tuning
	for _, t := range tunings {
		if t != nil && t.SelectAUROC.Defined() {
			candidates = append(candidates, t)
		}
	}
	sortBy(candidates, func(t *Tuning) float64 { return math.Abs(float64(t.SelectAUROC) - 0.5) })
	var out []Label
	for _, t := range candidates {
		c, absent := concepts[t.Concept], t.SelectAUROC < 0.5
		l := Label{Concept: t.Concept, Absent: absent, Name: c.Name, AUROC: t.AUROC, Adjusted: t.Adjusted}
		sign := 1.0
		if absent {
			l.Name, l.AUROC, sign = c.Without, 1-t.AUROC, -1
		}
		l.Within = t.Within != nil && beatsNull(t.Within.Adjusted, sign*(float64(t.Within.AUROC)-0.5))
		l.Causal = t.Twin != nil && beatsNull(t.Twin.Adjusted, sign*float64(t.Twin.Mean))
		specific := c.Kind == Class || l.Causal || t.Twin == nil && l.Within
		if specific && beatsNull(t.Adjusted, sign*(float64(t.AUROC)-0.5)) {
			out = append(out, l)
		}
	}
	return out
}

// beatsNull tells whether a test is significant after correction, with an effect above 0.
func beatsNull(adjusted Number, effect float64) bool { return float64(adjusted) < Alpha && effect > 0 }
