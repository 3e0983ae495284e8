package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// measure finds a measure by its name.
func (r AblateReport) measure(name string) (ablate.Measure, bool) {
	for _, m := range r.Result.Measures {
		if m.Name == name {
			return m, true
		}
	}
	return ablate.Measure{}, false
}

// recalls are the measures of each class's recall.
func (r AblateReport) recalls() []ablate.Measure {
	var all []ablate.Measure
	for _, m := range r.Result.Measures {
		if strings.HasPrefix(m.Name, "recall") {
			all = append(all, m)
		}
	}
	return all
}

// answer is the result in one sentence, no more certain than the intervals are.
func (r AblateReport) answer(t targets) string {
	res := r.Result
	images := fmt.Sprintf("%s images", res.Split)
	if r.nothing() {
		if t.many {
			return fmt.Sprintf("%s fire on none of the %s %s (they are dead there), so ablating them changes nothing.", capital(t.name), Count(res.Images), images)
		}
		return fmt.Sprintf("%s fires on none of the %s %s (it is dead there), so ablating it changes nothing.", capital(t.name), Count(res.Images), images)
	}
	accuracy, ok := r.measure("accuracy")
	if !ok {
		return fmt.Sprintf("%s %s changes %s of %s answers.", r.verb(), t.name, Count(res.Flips.Changed), Count(res.Images))
	}
	var s string
	detected := excludesZero(accuracy.Low, accuracy.High)
	switch {
	case res.Flips.Changed == 0:
		return fmt.Sprintf("%s %s changes none of the %s answers on %s%s.", r.verb(), t.name, Count(res.Images), images, r.logitShift())
	case detected:
		direction := "lowers"
		if accuracy.Change > 0 {
			direction = "raises"
		}
		s = fmt.Sprintf("%s %s %s accuracy on %s by %s, from %s to %s (95 %% interval %s, n = %s, McNemar %s)",
			r.verb(), t.name, direction, images, trimSign.Replace(Points(accuracy.Change)), Percent(accuracy.Intact), Percent(accuracy.Lesioned),
			PointsInterval(accuracy.Low, accuracy.High), Count(accuracy.N), equalsP(res.Flips.McNemarP))
	default:
		s = fmt.Sprintf("%s %s makes no detectable difference to accuracy on %s (%s, 95 %% interval %s, n = %s, McNemar %s)",
			r.verb(), t.name, images, Points(accuracy.Change), PointsInterval(accuracy.Low, accuracy.High), Count(accuracy.N), equalsP(res.Flips.McNemarP))
	}
	if detected != (res.Flips.McNemarP < 0.05) {
		s += ", a borderline case in which interval and test disagree"
	}
	s += r.classShift(detected)
	if !detected {
		s += r.logitShift()
	}
	return s + "."
}

// classShift names the class hurt most and the class helped most, where both the interval and
// the exact test say so: for a few one-sided flips a bootstrap interval excludes 0 too easily,
// because resamples of one-sided flips are one-sided too.
func (r AblateReport) classShift(detected bool) string {
	hurt, helped := ablate.Measure{}, ablate.Measure{}
	for _, m := range r.recalls() {
		if !excludesZero(m.Low, m.High) || m.Flips == nil || m.Flips.McNemarP >= 0.05 {
			continue
		}
		if m.Change < hurt.Change {
			hurt = m
		}
		if m.Change > helped.Change {
			helped = m
		}
	}
	told := func(m ablate.Measure) string {
		return fmt.Sprintf("(%s, 95 %% interval %s, n = %s)", Points(m.Change), PointsInterval(m.Low, m.High), Count(m.N))
	}
	turn := "; "
	if !detected {
		turn = ", but "
	}
	switch {
	case hurt.N > 0 && helped.N > 0:
		return fmt.Sprintf(turn+"%s falls %s while %s rises %s", hurt.Name, told(hurt), helped.Name, told(helped))
	case hurt.N > 0 && len(r.recalls()) > 2:
		return fmt.Sprintf(turn+"%s is hurt most %s", hurt.Name, told(hurt))
	case hurt.N > 0:
		return fmt.Sprintf(turn+"%s falls %s", hurt.Name, told(hurt))
	case helped.N > 0:
		return fmt.Sprintf(turn+"%s rises %s", helped.Name, told(helped))
	case detected:
		return "; for no single class is the change detectable"
	}
	return ""
}

// logitShift tells of an effect that the answers do not show yet.
func (r AblateReport) logitShift() string {
	m, ok := r.measure("logit difference")
	if !ok || !excludesZero(m.Low, m.High) {
		return ""
	}
	return fmt.Sprintf("; the logit difference moves by %s (95 %% interval %s)", Signed(m.Change), SignedInterval(m.Low, m.High))
}

// trimSign leaves a change's size, for sentences whose verb tells its direction.
var trimSign = strings.NewReplacer("+", "", minus, "")

// nothing tells that there was nothing to take away: the targets could fire and never do. A
// unit without ReLU may do its work below 0, so for one the count of firings says nothing.
func (r AblateReport) nothing() bool {
	for _, t := range r.Result.Targets {
		if t.Fires > 0 || r.Network.Layer(t.Address.Layer).Activation != model.ReLU {
			return false
		}
	}
	return r.Result.Flips.Changed == 0
}
