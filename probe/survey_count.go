package probe

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// adjust corrects every family of tests for their number.
func (s *surveyor) adjust() {
	type test struct{ p, adjusted *Number }
	var raw, within, twin, part []test
	for u := range s.result.Units {
		unit := &s.result.Units[u]
		for _, t := range unit.Tuning {
			if t == nil {
				continue
			}
			raw = append(raw, test{&t.P, &t.Adjusted})
			if t.Within != nil {
				within = append(within, test{&t.Within.P, &t.Within.Adjusted})
			}
			if t.Twin != nil {
				twin = append(twin, test{&t.Twin.P, &t.Twin.Adjusted})
			}
		}
		for k := range unit.Overlaps {
			part = append(part, test{&unit.Overlaps[k].P, &unit.Overlaps[k].Adjusted})
		}
	}
	family := func(tests []test) (made int) {
		p := make([]float64, len(tests))
		for k, t := range tests {
			if p[k] = float64(*t.p); t.p.Defined() {
				made++
			}
		}
		for k, adjusted := range stats.BenjaminiHochberg(p) {
			*tests[k].adjusted = Number(adjusted)
		}
		return made
	}
	s.result.Families = Families{Raw: family(raw), Within: family(within), Twin: family(twin), Part: family(part)}
}

// label names the units.
func (s *surveyor) label() {
	for u := range s.result.Units {
		unit := &s.result.Units[u]
		if names := labels(unit.Tuning, s.result.Concepts); len(names) > 0 {
			unit.Label, unit.RunnersUp = &names[0], names[1:]
		}
	}
}

// count says for each concept and part how many units beat the null. The strongest one is chosen
// by what it does on select.
func (s *surveyor) count() {
	for c := range s.result.Concepts {
		s.result.Responders = append(s.result.Responders, s.responders(c))
	}
	for p := range s.parts {
		s.result.Detectors = append(s.result.Detectors, s.detectors(p))
	}
}

func (s *surveyor) responders(c int) Responders {
	r := Responders{Concept: c}
	var tuning, twin strongest
	for u := range s.result.Units {
		unit := &s.result.Units[u]
		if unit.Label != nil && unit.Label.Concept == c {
			r.Named++
		}
		if unit.Tuning == nil || unit.Tuning[c] == nil {
			continue
		}
		t := unit.Tuning[c]
		if t.P.Defined() {
			r.Tested++
		}
		if float64(t.Adjusted) < Alpha {
			r.Raw++
			tuning.see(unit.Address, math.Abs(float64(t.SelectAUROC)-0.5))
		}
		if t.Within != nil && float64(t.Within.Adjusted) < Alpha {
			r.Within++
		}
		if t.Twin != nil && float64(t.Twin.Adjusted) < Alpha {
			r.Twin++
			twin.see(unit.Address, math.Abs(float64(t.Twin.SelectSDs)))
		}
	}
	r.Strongest, r.StrongTwin = tuning.address, twin.address
	return r
}

func (s *surveyor) detectors(part int) Detectors {
	d := Detectors{Part: part}
	var best strongest
	for u := range s.result.Units {
		unit := &s.result.Units[u]
		if unit.Overlaps == nil {
			continue
		}
		o := unit.Overlaps[part]
		if o.P.Defined() {
			d.Tested++
		}
		if float64(o.Adjusted) < Alpha {
			d.BeatNull++
			best.see(unit.Address, float64(o.SelectIoU))
		}
		if o.Detector() {
			d.Detectors++
		}
	}
	d.Strongest = best.address
	return d
}

// strongest remembers the address of the largest value, the first of equals.
type strongest struct {
	address *model.Address
	value   float64
}

func (s *strongest) see(a model.Address, value float64) {
	if !math.IsNaN(value) && (s.address == nil || value > s.value) {
		s.address, s.value = &a, value
	}
}

// exclude lists what took no part in the tests.
func (s *surveyor) exclude() {
	var dead, constant []model.Address
	for _, u := range s.result.Units {
		switch {
		case u.Quality.Dead:
			dead = append(dead, u.Address)
		case u.Quality.Constant:
			constant = append(constant, u.Address)
		}
	}
	var names []string
	for c, concept := range s.result.Concepts {
		if s.result.Responders[c].Tested == 0 && len(s.tested) > 0 {
			names = append(names, concept.Name)
		}
	}
	for _, x := range []Exclusion{
		{What: "dead units (activation never above 0)", Units: dead},
		{What: "constant units (the same on every image of select or of " + s.Split.String() + ")", Units: constant},
		{What: "concepts that do not vary (on select or on " + s.Split.String() + ")", Names: names},
	} {
		if len(x.Units)+len(x.Names) > 0 {
			s.result.Excluded = append(s.result.Excluded, x)
		}
	}
}

// fewImages is how many images with and without a concept it takes for its numbers to be sound.
const fewImages = 30

// warn adds the doubts that belong under the survey.
func (s *surveyor) warn() {
	warn := func(format string, args ...any) {
		s.result.Warnings = append(s.result.Warnings, fmt.Sprintf(format, args...))
	}
	s.result.Warnings = append(s.result.Warnings, s.set.Warnings...)
	if s.measured == s.selected {
		warn("measured on select, the images on which labels, thresholds and rankings were chosen: the numbers are too good")
	}
	for c, concept := range s.result.Concepts {
		shows := s.shows(c)
		with := 0
		for _, v := range shows {
			if v {
				with++
			}
		}
		switch without := len(shows) - with; {
		case s.result.Responders[c].Tested == 0 && len(s.tested) > 0:
			warn("%s does not vary on select or on %s: no unit can be tuned to it there", concept.Name, s.Split)
		case min(with, without) < fewImages:
			warn("%s: only %d images with and %d without it", concept.Name, with, without)
		}
	}
	if always := s.alwaysFiring(); 2*always > len(s.tested) {
		warn("%d of %d neurons fire on at least 99 %% of the images (activation above %v): firing rates tell little here; q0.9 as threshold would tell more",
			always, len(s.tested), s.Fires)
	}
	if coarse := s.coarse(); len(coarse) > 0 {
		warn("%d permutations give no p below %.2g: with so many tests and so few of them at that floor, nothing %s can pass the correction; use more --permutations",
			s.Permutations, 1/float64(s.Permutations+1), strings.Join(coarse, " or "))
	}
}

// alwaysFiring counts the tested units that fire on nearly every measured image.
func (s *surveyor) alwaysFiring() int {
	count := 0
	for _, u := range s.tested {
		if s.result.Units[u].FiresOn.Share() >= 0.99 {
			count++
		}
	}
	return count
}

// coarse are the families in which tests reach the least p there can be, and it is too large to
// pass the correction.
func (s *surveyor) coarse() []string {
	floor := 1 / float64(s.Permutations+1)
	atFloor := map[string]bool{}
	see := func(family string, p, adjusted Number) {
		if p.Defined() && float64(p) <= floor*(1+1e-9) && float64(adjusted) >= Alpha {
			atFloor[family] = true
		}
	}
	for _, u := range s.result.Units {
		for _, t := range u.Tuning {
			if t == nil {
				continue
			}
			see("raw", t.P, t.Adjusted)
			if t.Within != nil {
				see("within class", t.Within.P, t.Within.Adjusted)
			}
			if t.Twin != nil {
				see("on twins", t.Twin.P, t.Twin.Adjusted)
			}
		}
		for _, o := range u.Overlaps {
			see("by part", o.P, o.Adjusted)
		}
	}
	var families []string
	for _, f := range []string{"raw", "within class", "on twins", "by part"} {
		if atFloor[f] {
			families = append(families, f)
		}
	}
	return families
}
