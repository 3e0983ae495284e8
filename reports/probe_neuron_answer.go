package reports

import (
	"fmt"

	"neuroprobe/probe"
)

// answer is the neuron's label with its evidence in one sentence, or why there is none.
func (r NeuronReport) answer() string {
	u, s := r.unit(), r.Examination.Survey
	name := fmt.Sprintf("neuron %s", u.Address)
	switch {
	case u.Quality.Dead:
		return capital(name) + " is dead: its activation is never above 0 on these images, so there was nothing to test."
	case u.Quality.Constant:
		return capital(name) + " is constant (the same on every image of select or of " + s.Split.String() + "), so there was nothing to test."
	case u.Label == nil:
		return r.unlabelled(name)
	}
	t := u.Tuning[u.Label.Concept]
	return fmt.Sprintf("%s responds to %s: AUROC %s%s%s.", capital(name), drivenBy(s, *u.Label), r.labelEvidence(t), r.withinEvidence(t), r.causalEvidence(u.Label.Concept))
}

// labelEvidence is the AUROC in the label's direction, with its interval.
func (r NeuronReport) labelEvidence(t *probe.Tuning) string {
	l := r.unit().Label
	return fmt.Sprintf("%s (%sn = %s, adjusted %s)", figure(l.AUROC), r.intervalOf(t.Concept, l.Absent), Count(t.With+t.Without), equalsP(float64(l.Adjusted)))
}

// intervalOf is DeLong's interval for a sentence; turned round for the absence of a concept.
func (r NeuronReport) intervalOf(concept int, absent bool) string {
	d := r.detail(concept)
	if d == nil || !d.AUROCLow.Defined() || !d.AUROCHigh.Defined() {
		return ""
	}
	low, high := d.AUROCLow, d.AUROCHigh
	if absent {
		low, high = 1-high, 1-low
	}
	return fmt.Sprintf("95 %% interval %s, ", figureInterval(low, high))
}

func (r NeuronReport) detail(concept int) *probe.Detail {
	if concept >= len(r.Examination.Details) {
		return nil
	}
	return r.Examination.Details[concept]
}

// withinEvidence is what is left of the label with the class held constant.
func (r NeuronReport) withinEvidence(t *probe.Tuning) string {
	if t.Within == nil || !t.Within.AUROC.Defined() {
		return ""
	}
	auroc := t.Within.AUROC
	if r.unit().Label.Absent {
		auroc = 1 - auroc
	}
	return fmt.Sprintf("; within class %s (adjusted %s)", figure(auroc), equalsP(float64(t.Within.Adjusted)))
}

// causalEvidence is the label's twin effect; for a class, the strongest one of any feature.
func (r NeuronReport) causalEvidence(concept int) string {
	s, u := r.Examination.Survey, r.unit()
	if !contentsOf(s).twins {
		return ""
	}
	start := fmt.Sprintf("; drawing %s into the same image moves the activation by ", s.Concepts[concept].Name)
	if u.Tuning[concept].Twin == nil {
		if concept = strongestTwin(u); concept < 0 {
			return "; no feature moves it on twins"
		}
		start = fmt.Sprintf("; of the features, %s moves it most on twins, by ", s.Concepts[concept].Name)
	}
	t := u.Tuning[concept].Twin
	return fmt.Sprintf("%s%s (95 %% interval %s, %s, adjusted %s)", start, signedFigure(t.Mean), signedFigInterval(t.Low, t.High), inSDs(t.SDs), equalsP(float64(t.Adjusted)))
}

// unlabelled says how near the nearest concept came, and what it lacks.
func (r NeuronReport) unlabelled(name string) string {
	s, u := r.Examination.Survey, r.unit()
	best := bestConcept(u, func(_ int, t *probe.Tuning) bool { return beats(t.Adjusted) })
	if best < 0 {
		best = bestConcept(u, func(_ int, t *probe.Tuning) bool { return t.AUROC.Defined() })
		if best < 0 {
			return fmt.Sprintf("No concept could be tested on %s.", name)
		}
		t := u.Tuning[best]
		return fmt.Sprintf("No concept beats the null for %s; the nearest is %s, AUROC %s (%sadjusted %s).",
			name, s.Concepts[best].Name, figure(t.AUROC), r.intervalOf(best, false), equalsP(float64(t.Adjusted)))
	}
	t := u.Tuning[best]
	text := fmt.Sprintf("%s carries no label: %s has AUROC %s (%sadjusted %s)", capital(name), s.Concepts[best].Name, figure(t.AUROC), r.intervalOf(best, false), equalsP(float64(t.Adjusted)))
	switch {
	case t.Twin != nil && !beats(t.Twin.Adjusted):
		return text + fmt.Sprintf(", but on twins the feature does not beat the null (%s, adjusted %s), so what goes with it may drive the neuron.", inSDs(t.Twin.SDs), equalsP(float64(t.Twin.Adjusted)))
	case t.Twin == nil && t.Within != nil && !beats(t.Within.Adjusted):
		return text + fmt.Sprintf(", but within class it does not beat the null (AUROC %s, adjusted %s), so the class may explain it.", figure(t.Within.AUROC), equalsP(float64(t.Within.Adjusted)))
	}
	return text + ", but not in the same direction on select, on the measured images and where the class cannot help."
}
