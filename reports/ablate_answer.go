package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// measure finds a measure of the leading kind by its name.
func (r AblateReport) measure(name string) (ablate.Measure, bool) { return measureOf(r.Measures, name) }

func measureOf(all []ablate.Measure, name string) (ablate.Measure, bool) {
	for _, m := range all {
		if m.Name == name {
			return m, true
		}
	}
	return ablate.Measure{}, false
}

// recalls are the measures of each class's recall.
func (r AblateReport) recalls() []ablate.Measure {
	var all []ablate.Measure
	for _, m := range r.Measures {
		if strings.HasPrefix(m.Name, "recall") {
			all = append(all, m)
		}
	}
	return all
}

// answer is the result on one line, no more certain than the intervals are: what the leading kind
// does, how that stands among matched controls, and whether the kinds agree.
func (r AblateReport) answer(t targets) string {
	sentences := []string{r.leadAnswer(t), r.controlsAnswer(), r.kindsAnswer()}
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

func (r AblateReport) leadAnswer(t targets) string {
	images := fmt.Sprintf("%s images", r.Split)
	if r.nothing() {
		if t.many {
			return fmt.Sprintf("%s fire on none of the %s %s (they are dead there), so zeroing them changes nothing.", capital(t.name), Count(r.Images), images)
		}
		return fmt.Sprintf("%s fires on none of the %s %s (it is dead there), so zeroing it changes nothing.", capital(t.name), Count(r.Images), images)
	}
	accuracy, ok := r.measure("accuracy")
	if !ok {
		return fmt.Sprintf("%s %s changes %s of %s answers.", verbOf(r.Kind), t.name, Count(r.Flips.Changed), Count(r.Images))
	}
	var s string
	detected := excludesZero(accuracy.Low, accuracy.High)
	test := fmt.Sprintf("%s %s", accuracy.Test, equalsP(float64(accuracy.P)))
	switch {
	case noneChanged(r.Flips):
		return fmt.Sprintf("%s %s changes none of the %s answers on %s%s.", verbOf(r.Kind), t.name, Count(r.Images), images, r.logitShift())
	case detected:
		direction := "lowers"
		if accuracy.Change > 0 {
			direction = "raises"
		}
		s = fmt.Sprintf("%s %s %s accuracy on %s by %s, from %s to %s (95 %% interval %s, n = %s, %s)",
			verbOf(r.Kind), t.name, direction, images, trimSign.Replace(Points(accuracy.Change)), Percent(accuracy.Intact), Percent(accuracy.Lesioned),
			PointsInterval(accuracy.Low, accuracy.High), Count(accuracy.N), test)
	default:
		s = fmt.Sprintf("%s %s makes no detectable difference to accuracy on %s (%s, 95 %% interval %s, n = %s, %s)",
			verbOf(r.Kind), t.name, images, Points(accuracy.Change), PointsInterval(accuracy.Low, accuracy.High), Count(accuracy.N), test)
	}
	if accuracy.P.Defined() && detected != (accuracy.P < 0.05) {
		s += ", a borderline case in which interval and test disagree"
	}
	s += r.classShift(detected)
	if !detected {
		s += r.logitShift()
	}
	return s + "."
}

func noneChanged(f ablate.Flips) bool {
	return f.Changed == 0 && f.CorrectToWrong+f.WrongToCorrect == 0
}

// controlsAnswer tells how the effect stands among matched controls.
func (r AblateReport) controlsAnswer() string {
	c := r.Controls
	if c == nil || r.nothing() {
		return ""
	}
	k := len(c.Units)
	what := r.metricWords()
	switch {
	case c.Rank == 1:
		return fmt.Sprintf("Its effect on the %s is larger than that of each of %s (rank 1 of %d, %s, the least possible).", what, plural(k, "matched control"), k+1, equalsP(c.P))
	case c.P <= 0.05:
		return fmt.Sprintf("Its effect on the %s is among the largest of it and %s (rank %d of %d, %s).", what, plural(k, "matched control"), c.Rank, k+1, equalsP(c.P))
	}
	return fmt.Sprintf("Its effect on the %s is not out of the ordinary among it and %s (rank %d of %d, %s).", what, plural(k, "matched control"), c.Rank, k+1, equalsP(c.P))
}

// metricWords are the metric in a sentence.
func (r AblateReport) metricWords() string {
	name, class, ofClass := strings.Cut(r.Metric.Name, ":")
	words := strings.ReplaceAll(name, "-", " ")
	switch name {
	case "logit-diff":
		words = "logit difference"
	case "cross-entropy":
		words = name
	}
	switch {
	case ofClass && name == "recall":
		return "recall of " + class
	case ofClass:
		return words + " of " + class
	}
	return words
}

// kindsAnswer tells whether the kinds of ablation agree.
func (r AblateReport) kindsAnswer() string {
	if len(r.Others) == 0 {
		return ""
	}
	var apart, size []string
	contrasts := slices.Clone(r.Contrasts)
	slices.SortStableFunc(contrasts, func(a, b ablate.Contrast) int { return cmp.Compare(weight(a.Measure), weight(b.Measure)) })
	for _, c := range contrasts {
		switch {
		case c.Verdict.Disagree():
			apart = append(apart, fmt.Sprintf("%s against %s on %s", c.Kinds[0], c.Kinds[1], measureWords(c.Measure)))
		case c.Verdict == ablate.Size && !slices.Contains(size, measureWords(c.Measure)):
			size = append(size, measureWords(c.Measure))
		}
	}
	const told = 2
	switch {
	case len(apart) > told:
		return fmt.Sprintf("The kinds of ablation disagree: %s, and in %s.", strings.Join(apart[:told], ", "), plural(len(apart)-told, "more comparison"))
	case len(apart) > 0:
		return fmt.Sprintf("The kinds of ablation disagree: %s.", strings.Join(apart, ", "))
	case len(size) > 0:
		return fmt.Sprintf("%s ablation do not contradict each other, but differ in size on %s.", capital(r.kindNames()), enumerate(size))
	}
	return fmt.Sprintf("%s ablation agree as far as the intervals can tell.", capital(r.kindNames()))
}

// weight is the order in which an answer speaks of measures.
func weight(measure string) int {
	switch measure {
	case "accuracy":
		return 0
	case "logit difference":
		return 1
	}
	return 2
}

// measureWords are a measure in a sentence.
func measureWords(name string) string {
	if name == "logit difference" {
		return "the logit difference"
	}
	return name
}

// classShift names the class hurt most and the class helped most, where both the interval and
// the exact test say so: for a few one-sided flips a bootstrap interval excludes 0 too easily,
// because resamples of one-sided flips are one-sided too.
func (r AblateReport) classShift(detected bool) string {
	hurt, helped := ablate.Measure{}, ablate.Measure{}
	for _, m := range r.recalls() {
		if !excludesZero(m.Low, m.High) || !(m.P < 0.05) {
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

// nothing tells that there was nothing to take away: the targets could fire and never do, and what
// was put in their place is 0. A unit without ReLU may do its work below 0, so for one the count
// of firings says nothing.
func (r AblateReport) nothing() bool {
	if r.Kind != ablate.Zero {
		return false
	}
	for _, t := range r.Targets {
		if t.Fires > 0 || r.Network.Layer(t.Address.Layer).Activation != model.ReLU {
			return false
		}
	}
	return noneChanged(r.Flips)
}
