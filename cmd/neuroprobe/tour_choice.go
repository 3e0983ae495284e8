package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// choice is what a word of a stop's line stands for, taken from the entries that the tour has made.
func (t *tour) choice(name string) (string, error) {
	switch name {
	case "detector":
		a, err := t.detector()
		return a.String(), err
	case "important":
		a, err := t.important()
		return a.String(), err
	case "classes":
		c := t.network.Classes
		return joined(c[0], c[len(c)-1])
	case "last":
		return t.network.Classes[len(t.network.Classes)-1], nil
	}
	panic("tour: no choice " + name) // a stop of ours
}

// joined are names by comma, if none has one itself.
func joined(names ...string) (string, error) {
	for _, n := range names {
		if strings.Contains(n, ",") {
			return "", fmt.Errorf("class %q has a comma in its name", n)
		}
	}
	return strings.Join(names, ","), nil
}

// entry is the data of the tour's first entry of a kind.
func (t *tour) entry(slug string, into any) error {
	for _, e := range t.made {
		if _, s, _ := strings.Cut(e.Name, "-"); s == slug {
			return t.notebook.Data(e.Name, into)
		}
	}
	return fmt.Errorf("the tour has no entry %q yet", slug)
}

// detector is the hidden neuron whose label fits best on select: one that twins confirm before any other, then
// one of something that is there before one of something missing, then by the distance of its AUROC from ½.
// Without any label it is the first neuron.
func (t *tour) detector() (model.Address, error) {
	var atlas probe.Survey
	if err := t.entry("probe", &atlas); err != nil {
		return model.Address{}, err
	}
	best, rank := model.Neuron(1, 0), -1.0
	for _, u := range atlas.Units {
		if u.Label == nil || u.Address.Layer == t.network.Depth() {
			continue
		}
		fits := math.Abs(float64(u.Tuning[u.Label.Concept].SelectAUROC) - 0.5)
		if u.Label.Causal {
			fits += 2
		}
		if !u.Label.Absent {
			fits++
		}
		if fits > rank { // units are in the order of their addresses
			best, rank = u.Address, fits
		}
	}
	return best, nil
}

// important is the first neuron of the sweep's ranking, which is made on select, that is not the detector.
func (t *tour) important() (model.Address, error) {
	var sweep ablate.SweepResult
	if err := t.entry("ablate-sweep", &sweep); err != nil {
		return model.Address{}, err
	}
	detector, err := t.detector()
	if err != nil {
		return model.Address{}, err
	}
	others := slices.DeleteFunc(sweep.Neurons, func(n ablate.SweptNeuron) bool { return n.Address == detector })
	if len(others) == 0 {
		return detector, nil
	}
	return slices.MinFunc(others, func(a, b ablate.SweptNeuron) int {
		return cmp.Compare(a.Lesions[0].Select.Rank, b.Lesions[0].Select.Rank)
	}).Address, nil
}
