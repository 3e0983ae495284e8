package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// What the atlas and a neuron's page say alike.

func figure(x probe.Number) string                 { return Number(float64(x)) }
func signedFigure(x probe.Number) string           { return Signed(float64(x)) }
func pFigure(p probe.Number) string                { return PValue(float64(p)) }
func figureInterval(low, high probe.Number) string { return Interval(float64(low), float64(high)) }
func signedFigInterval(low, high probe.Number) string {
	return SignedInterval(float64(low), float64(high))
}

// inSDs is an effect in standard deviations of the unit's summary.
func inSDs(x probe.Number) string { return unit(signedFigure(x), "sd") }

// beats tells whether a test beats its null after correction.
func beats(adjusted probe.Number) bool { return float64(adjusted) < probe.Alpha }

// conceptName is a concept as a row's title: of two classes, both.
func conceptName(s *probe.Survey, c probe.Concept) string {
	if c.Kind == probe.Class && len(s.Classes) == 2 {
		return c.Name + " or " + c.Without
	}
	return c.Name
}

// drivenBy says, after "responds to", which images a unit prefers.
func drivenBy(s *probe.Survey, l probe.Label) string {
	switch c := s.Concepts[l.Concept]; {
	case !l.Absent || c.Kind == probe.Class && len(s.Classes) == 2:
		return l.Name
	case c.Kind == probe.Class:
		return "images that are " + l.Name
	default:
		return "images " + l.Name
	}
}

// labelled is a label for a table.
func labelled(l *probe.Label) string {
	if l == nil {
		return Missing
	}
	return l.Name
}

// directed is a number that is negative for the opposite, in the direction of a label.
func directed(x probe.Number, l *probe.Label) probe.Number {
	if l.Absent {
		return -x
	}
	return x
}

// surveyed is what a survey holds: what it does not has no table, and a sentence says why.
type surveyed struct{ features, within, twins, parts bool }

func contentsOf(s *probe.Survey) surveyed {
	has := surveyed{within: s.Families.Within > 0, twins: s.Families.Twin > 0, parts: s.Families.Part > 0}
	for _, c := range s.Concepts {
		has.features = has.features || c.Kind == probe.Feature
	}
	return has
}

// missing says in a sentence each what the data or the choice of concepts left out.
func (has surveyed) missing(set *datasets.Set) string {
	var why []string
	switch {
	case len(set.Features) == 0:
		why = append(why, "The data name no features, so that only classes could be tested.")
	case !has.features:
		why = append(why, "No feature was among the concepts asked for.")
	}
	if has.features && !has.twins && !set.HasTwins() {
		why = append(why, "The data have no twins (the same image with one feature flipped), so that nothing here is causal.")
	}
	if !set.HasMasks() {
		why = append(why, "The data have no masks, so that no map could be compared with the parts of an image.")
	}
	return strings.Join(why, " ")
}

// confounded are the features that beat the null raw but not where the class cannot help: not
// on twins, or within class where there are no twins.
func confounded(s *probe.Survey, u *probe.Unit) []int {
	var out []int
	for c, t := range u.Tuning {
		if t == nil || s.Concepts[c].Kind != probe.Feature || !beats(t.Adjusted) || t.Twin == nil && t.Within == nil {
			continue
		}
		if t.Twin != nil && !beats(t.Twin.Adjusted) || t.Twin == nil && !beats(t.Within.Adjusted) {
			out = append(out, c)
		}
	}
	return out
}

// bestConcept is the concept of the largest |AUROC − ½| on select, among those of which keep is
// true; -1 for none.
func bestConcept(u *probe.Unit, keep func(c int, t *probe.Tuning) bool) int {
	best, strength := -1, -1.0
	for c, t := range u.Tuning {
		if t == nil || !keep(c, t) {
			continue
		}
		if x := math.Abs(float64(t.SelectAUROC) - 0.5); x > strength {
			best, strength = c, x
		}
	}
	return best
}

// strongestTwin is the concept of the largest twin effect on select, in standard deviations,
// among those that beat the null; -1 for none.
func strongestTwin(u *probe.Unit) int {
	best, strength := -1, -1.0
	for c, t := range u.Tuning {
		if t == nil || t.Twin == nil || !beats(t.Twin.Adjusted) {
			continue
		}
		if x := math.Abs(float64(t.Twin.SelectSDs)); x > strength {
			best, strength = c, x
		}
	}
	return best
}

// flags are what makes a unit worth a second look.
func flags(s *probe.Survey, u *probe.Unit) string {
	var out []string
	q := u.Quality
	for _, f := range []struct {
		on   bool
		name string
	}{{q.Dead, "dead"}, {q.Constant, "constant"}, {q.AlwaysOn, "always on"}} {
		if f.on {
			out = append(out, f.name)
		}
	}
	if n := len(q.Duplicates); n > 0 {
		text := "duplicate of " + q.Duplicates[0].Address.String()
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
		out = append(out, text)
	}
	best := bestConcept(u, func(_ int, t *probe.Tuning) bool { return beats(t.Adjusted) })
	for _, c := range confounded(s, u) {
		if c == best {
			out = append(out, "confounded: "+s.Concepts[c].Name)
		}
	}
	return strings.Join(out, ", ")
}

// surveyExclusions are what took no part in the tests.
func surveyExclusions(s *probe.Survey) []Exclusion {
	var out []Exclusion
	for _, x := range s.Excluded {
		names := append([]string(nil), x.Names...)
		for _, a := range x.Units {
			names = append(names, a.String())
		}
		out = append(out, Exclusion{Count: len(names), What: x.What, Examples: names[:min(len(names), listedExclusions)]})
	}
	return out
}

// unitOf finds a unit of the survey.
func unitOf(s *probe.Survey, a model.Address) *probe.Unit {
	for i := range s.Units {
		if s.Units[i].Address == a {
			return &s.Units[i]
		}
	}
	return nil
}

// surveyFacts are the lines of provenance of both reports.
func surveyFacts(s *probe.Survey, n *model.Network, set *datasets.Set, modelPath, dataDigest string, run Run) []Fact {
	facts := []Fact{
		{"model", modelPath},
		{"model digest", n.Digest()},
		{"data", set.Source},
		{"data digest", dataDigest},
	}
	if s.MaskDigest != "" {
		facts = append(facts, Fact{"mask digest", s.MaskDigest})
	}
	return append(append(facts, []Fact{
		{"split", s.Split.String()},
		{"seed", fmt.Sprint(s.Seed)},
		{"permutations", Count(s.Permutations)},
		{"bootstrap resamples", Count(s.Resamples)},
		{"fires above", s.Fires.String()},
		{"summary", string(s.Summary)},
	}...), run.facts()...)
}

// activationName says what stands for a unit of a layer on an image.
func activationName(s *probe.Survey, n *model.Network, layer int) string {
	positions := "positions"
	if n.Steps(layer) > 0 {
		positions = "steps"
	}
	switch {
	case n.Geometry(layer).Act.Area() == 1:
		return "activation"
	case s.Summary == probe.Mean:
		return "activation (mean over " + positions + ")"
	}
	return "activation (maximum over " + positions + ")"
}
