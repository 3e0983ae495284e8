package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/probe"
)

// answer is the survey in one sentence: classes first, then what is causal, then labels.
func (r AtlasReport) answer() string {
	s := r.Survey
	tested, byClass, byFeature := 0, 0, 0
	for i := range s.Units {
		if s.Units[i].Tested() {
			tested++
		}
		switch l := s.Units[i].Label; {
		case l == nil:
		case s.Concepts[l.Concept].Kind == probe.Class:
			byClass++
		default:
			byFeature++
		}
	}
	if tested == 0 {
		return fmt.Sprintf("None of the %s varies on the images, so nothing could be tested.", plural(len(s.Units), "neuron"))
	}
	parts := []string{}
	for _, part := range []string{r.classAnswer(), r.featureAnswer()} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	parts = append(parts, labelAnswer(byClass, byFeature, contentsOf(s).features))
	return fmt.Sprintf("Of %s tested on %s %s images, %s.", plural(tested, "neuron"), Count(s.Images), s.Split, strings.Join(parts, "; "))
}

// labelAnswer counts the labels.
func labelAnswer(byClass, byFeature int, features bool) string {
	switch {
	case byClass+byFeature == 0:
		return "labels: none"
	case features:
		return fmt.Sprintf("labels: %s (%s of a class, %s of a feature)", Count(byClass+byFeature), Count(byClass), Count(byFeature))
	}
	return "labels: " + Count(byClass)
}

// classAnswer counts the neurons that tell classes apart, and names the best.
func (r AtlasReport) classAnswer() string {
	s := r.Survey
	classes, tell := 0, 0
	for _, c := range s.Concepts {
		if c.Kind == probe.Class {
			classes++
		}
	}
	if classes == 0 {
		return ""
	}
	isClass := func(c int, t *probe.Tuning) bool { return s.Concepts[c].Kind == probe.Class && beats(t.Adjusted) }
	var best *probe.Unit
	concept, strength := -1, -1.0
	for i := range s.Units {
		u := &s.Units[i]
		c := bestConcept(u, isClass)
		if c < 0 {
			continue
		}
		tell++
		if x := math.Abs(float64(u.Tuning[c].SelectAUROC) - 0.5); x > strength {
			best, concept, strength = u, c, x
		}
	}
	verb := "tell "
	if tell == 1 {
		verb = "tells "
	}
	what := fmt.Sprintf("at least one of %d classes from the rest", classes)
	if classes == 1 {
		what = s.Concepts[0].Name + " from " + s.Concepts[0].Without
		if len(s.Classes) > 2 {
			what = s.Concepts[0].Name + " from the rest"
		}
	}
	if best == nil {
		return "none can be shown to tell " + what
	}
	name, auroc := s.Concepts[concept].Name, best.Tuning[concept].AUROC
	if auroc < 0.5 {
		name, auroc = s.Concepts[concept].Without, 1-auroc
	}
	return fmt.Sprintf("%s "+verb+"%s (the best, chosen on select, is %s: AUROC %s for %s)", Count(tell), what, best.Address, figure(auroc), name)
}

// featureAnswer counts the features that some neuron responds to where the class cannot help: on
// twins, else within class, else raw.
func (r AtlasReport) featureAnswer() string {
	s := r.Survey
	has := contentsOf(s)
	if !has.features {
		return ""
	}
	features, driving, most := 0, 0, -1
	count := func(x probe.Responders) int {
		switch {
		case has.twins:
			return x.Twin
		case has.within:
			return x.Within
		}
		return x.Raw
	}
	for k, x := range s.Responders {
		if s.Concepts[x.Concept].Kind != probe.Feature {
			continue
		}
		features++
		if count(x) > 0 {
			driving++
		}
		if most < 0 || count(x) > count(s.Responders[most]) {
			most = k
		}
	}
	name := ""
	if most >= 0 && count(s.Responders[most]) > 0 {
		x := s.Responders[most]
		name = fmt.Sprintf(", %s the most (%s)", s.Concepts[x.Concept].Name, plural(count(x), "neuron"))
	}
	if features == 1 { // most is the only one
		where := ""
		switch {
		case has.twins:
			where = " on twins"
		case has.within:
			where = " within class"
		}
		return fmt.Sprintf("%s respond to %s%s%s", Count(count(s.Responders[most])), s.Concepts[s.Responders[most].Concept].Name, where, r.strongestEffect())
	}
	switch {
	case has.twins:
		return fmt.Sprintf("%d of %s move some neuron's activation on twins%s%s", driving, plural(features, "feature"), name, r.strongestEffect())
	case has.within:
		return fmt.Sprintf("%d of %s go with some neuron within class%s", driving, plural(features, "feature"), name)
	}
	return fmt.Sprintf("%d of %s go with some neuron%s", driving, plural(features, "feature"), name)
}

// strongestEffect names the largest twin effect on select.
func (r AtlasReport) strongestEffect() string {
	s := r.Survey
	var best *probe.Unit
	concept, strength := -1, -1.0
	for i := range s.Units {
		u := &s.Units[i]
		if c := strongestTwin(u); c >= 0 {
			if x := math.Abs(float64(u.Tuning[c].Twin.SelectSDs)); x > strength {
				best, concept, strength = u, c, x
			}
		}
	}
	if best == nil {
		return ""
	}
	t := best.Tuning[concept].Twin
	return fmt.Sprintf(", the strongest effect being that of %s on %s (%s = %s, 95 %% interval %s)",
		s.Concepts[concept].Name, best.Address, inSDs(t.SDs), signedFigure(t.Mean), signedFigInterval(t.Low, t.High))
}
