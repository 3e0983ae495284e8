package probe

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
)

// ConceptKind is where a concept comes from.
type ConceptKind string

// The kinds of concepts that an image shows or does not show.
const (
	Class   ConceptKind = "class"
	Feature ConceptKind = "feature"
)

// Concept is something an image shows or does not show: a class or a feature.
type Concept struct {
	Name string `json:"name"`
	// Without names its absence: "without whiskers"; of two classes, the other one.
	Without string      `json:"without"`
	Kind    ConceptKind `json:"kind"`
	Index   int         `json:"-"` // among the Set's classes or features
	Part    int         `json:"-"` // of a feature: the part in which it shows, an index into Set.Parts; -1 for none
}

// concepts are the set's classes and features, and the parts to dissect, restricted to names
// (nil: all). Two classes are one concept, the first against the second, and either name means it.
func concepts(set *datasets.Set, names []string) (chosen []Concept, parts []int, err error) {
	all := allConcepts(set)
	wanted := func(names []string, aliases ...string) bool {
		return len(names) == 0 || slices.ContainsFunc(aliases, func(a string) bool { return slices.Contains(names, a) })
	}
	for _, c := range all {
		aliases := []string{c.Name}
		if c.Kind == Class && len(set.Classes) == 2 {
			aliases = set.Classes
		}
		if wanted(names, aliases...) {
			chosen = append(chosen, c)
		}
	}
	if set.HasMasks() {
		for p, name := range set.Parts {
			if wanted(names, name) {
				parts = append(parts, p)
			}
		}
	}
	known := slices.Concat(set.Classes, set.Features)
	if set.HasMasks() {
		known = append(known, set.Parts...)
	}
	var unknown []string
	for _, name := range names {
		if !slices.Contains(known, name) {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		return nil, nil, fmt.Errorf("probe: unknown concept %s (known: %s)", strings.Join(unknown, ", "), strings.Join(known, ", "))
	}
	return chosen, parts, nil
}

// CheckConcepts tells whether the set has what the names name: classes, features and parts.
func CheckConcepts(set *datasets.Set, names []string) error {
	_, _, err := concepts(set, names)
	return err
}

func allConcepts(set *datasets.Set) []Concept {
	var all []Concept
	for k, name := range set.Classes {
		c := Concept{Name: name, Without: "not " + name, Kind: Class, Index: k, Part: -1}
		if len(set.Classes) == 2 {
			if k == 1 {
				break
			}
			c.Without = set.Classes[1]
		}
		all = append(all, c)
	}
	for f, name := range set.Features {
		all = append(all, Concept{Name: name, Without: "without " + name, Kind: Feature, Index: f, Part: set.FeatureParts[f]})
	}
	return all
}

// shows tells for images [lo, hi) of the set which of them show the concept.
func (c Concept) shows(set *datasets.Set, lo, hi int) []bool {
	out := make([]bool, hi-lo)
	for i := range out {
		if c.Kind == Class {
			out[i] = set.Labels[lo+i] == c.Index
		} else {
			out[i] = set.HasFeature(lo+i, c.Index)
		}
	}
	return out
}
