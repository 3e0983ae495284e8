package probe

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
)

// rowsAnInput is how many train images a probe should have for each number that it reads.
const rowsAnInput = 2

// constantIn names the splits on which the answers are all the same.
func (d *decoder) constantIn(answers []bool) []string {
	var names []string
	for _, s := range []struct {
		split datasets.Split
		*sample
	}{{datasets.Train, d.train}, {datasets.Select, d.selected}, {d.Split, d.measured}} {
		yes := share(s.answers(answers))
		if name := s.split.String(); (yes == 0 || yes == 1) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// warn tells of everything that makes the numbers less than they seem.
func (d *decoder) warn() {
	warn := func(format string, args ...any) {
		d.result.Warnings = append(d.result.Warnings, fmt.Sprintf(format, args...))
	}
	switch d.Split {
	case datasets.Train:
		warn("scored on train, the images that the probes were fitted to: every accuracy is overstated, the controls' too")
	case datasets.Select:
		warn("scored on select, the images by which penalties and best layers were chosen: the accuracies are slightly overstated")
	}
	if lo, hi := d.set.Range(datasets.Train); len(d.train.images) < hi-lo {
		warn("the probes were fitted on a random %d of the %d train images", len(d.train.images), hi-lo)
	}
	if len(d.set.Features) == 0 {
		warn("no features are known, so each image is a stimulus type of its own: no probe can know the control answers of new images, " +
			"the control accuracy is chance by construction, and selectivity is no more than accuracy above chance")
	}
	d.warnOfConcepts(warn)
	d.warnOfLayers(warn)
	if d.unconverged > 0 {
		warn("%d of %d fits did not converge: their accuracies are those of the best probes met on the way", d.unconverged, d.fitted)
	}
	d.result.Warnings = append(d.result.Warnings, d.set.Warnings...)
}

func (d *decoder) warnOfConcepts(warn func(string, ...any)) {
	var few []string
	for _, c := range d.result.Concepts {
		answers := c.shows(d.set, 0, d.set.Len())
		if splits := d.constantIn(answers); len(splits) > 0 {
			warn("%s is the same on all images of %s: there is nothing to decode", c.Name, strings.Join(splits, " and "))
			continue
		}
		with := 0
		for _, yes := range d.measured.answers(answers) {
			if yes {
				with++
			}
		}
		if without := len(d.measured.images) - with; min(with, without) < fewImages {
			few = append(few, fmt.Sprintf("%s (%d with, %d without)", c.Name, with, without))
		}
	}
	if len(few) > 0 {
		warn("fewer than %d %v images of a kind, so coarse numbers: %s", fewImages, d.Split, strings.Join(few, ", "))
	}
}

func (d *decoder) warnOfLayers(warn func(string, ...any)) {
	var wide, blank []string
	for _, l := range d.result.Layers {
		switch {
		case l.Inputs == 0:
			blank = append(blank, l.Name)
		case len(d.train.images) < rowsAnInput*l.Inputs:
			wide = append(wide, fmt.Sprintf("%s (%d)", l.Name, l.Inputs))
		}
	}
	if len(wide) > 0 {
		warn("%d train images are few for the inputs of %s: a probe may fit them by chance", len(d.train.images), strings.Join(wide, ", "))
	}
	if len(blank) > 0 {
		warn("everything is constant in %s: a probe there can only give the more frequent answer", strings.Join(blank, ", "))
	}
}
