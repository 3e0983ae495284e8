package reports

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// set changes a measure of a result.
func set(r *AblateReport, name string, change, low, high float64) {
	for i := range r.Measures {
		if m := &r.Measures[i]; m.Name == name {
			m.Change, m.Low, m.High, m.Lesioned = change, low, high, m.Intact+change
			m.Flips = oneSided(change, m.N)
			m.P = probe.Number(m.Flips.McNemarP)
			return
		}
	}
	panic(name)
}

// oneSided are the flips behind a change if all went the same way.
func oneSided(change float64, n int) *ablate.Flips {
	k := math.Round(math.Abs(change) * float64(n))
	f := &ablate.Flips{Changed: int(k), McNemarP: min(1, 2*math.Pow(0.5, k))}
	if change < 0 {
		f.CorrectToWrong = k
	} else {
		f.WrongToCorrect = k
	}
	return f
}

// setP sets the p of accuracy.
func setP(r *AblateReport, p float64) {
	r.Measures[0].P, r.Flips.McNemarP = probe.Number(p), p
}

// lesionAlone leaves of an operation what zeroing does.
func lesionAlone(r *AblateReport) {
	r.Others, r.Contrasts, r.Controls, r.Dose, r.Rescue = nil, nil, nil, nil, nil
}

// noEffect takes every effect away.
func noEffect(r *AblateReport) {
	for i := range r.Measures {
		m := &r.Measures[i]
		m.Change, m.Low, m.High, m.Lesioned = 0, 0, 0, m.Intact
	}
	r.Flips = ablate.Flips{McNemarP: 1}
}

func target(r *AblateReport, addresses ...model.Address) {
	first := r.Targets[0]
	r.Targets = nil
	for _, a := range addresses {
		t := first
		t.Address, t.Layer, t.Kind = a, r.Network.Layer(a.Layer).Name, r.Network.Layer(a.Layer).Kind
		r.Targets = append(r.Targets, t)
	}
}

func TestAblationWording(t *testing.T) {
	var b bytes.Buffer
	for _, c := range []struct {
		name   string
		change func(r *AblateReport)
	}{
		{"one channel, damage", func(*AblateReport) {}},
		{"no detectable difference, but the logits move", func(r *AblateReport) {
			set(r, "accuracy", -0.005, -0.02, 0.01)
			set(r, "recall of cat", -0.01, -0.04, 0.02)
			setP(r, 0.62)
		}},
		{"no detectable difference, but one class pays for the other", func(r *AblateReport) {
			set(r, "accuracy", -0.005, -0.02, 0.01)
			set(r, "recall of cat", -0.06, -0.1, -0.02)
			set(r, "recall of dog", 0.05, 0.01, 0.09)
			set(r, "logit difference", 0.01, -0.2, 0.2)
			setP(r, 0.62)
		}},
		{"an interval that excludes 0 for a handful of images", func(r *AblateReport) {
			set(r, "accuracy", -0.02, -0.04, 0)
			set(r, "recall of cat", -0.05, -0.09, -0.01)
			setP(r, 0.22)
		}},
		{"a gain", func(r *AblateReport) {
			set(r, "accuracy", 0.03, 0.01, 0.05)
			set(r, "recall of cat", 0.06, 0.01, 0.11)
			setP(r, 0.0313)
		}},
		{"damage that no class shows, and a test that disagrees", func(r *AblateReport) {
			set(r, "accuracy", -0.02, -0.04, -0.0004)
			set(r, "recall of cat", -0.02, -0.05, 0.01)
			setP(r, 0.0574)
		}},
		{"no answer changes, but the logits move", func(r *AblateReport) {
			noEffect(r)
			set(r, "logit difference", -0.031, -0.042, -0.02)
		}},
		{"dead", func(r *AblateReport) { noEffect(r); r.Targets[0].Fires = 0 }},
		{"dead, several", func(r *AblateReport) {
			noEffect(r)
			r.Targets[0].Fires = 0
			target(r, model.Neuron(3, 1), model.Neuron(3, 9))
		}},
		{"an output below 0 is not dead", func(r *AblateReport) {
			r.Targets[0].Fires = 0
			target(r, model.Neuron(4, 1))
		}},
		{"one position", func(r *AblateReport) { target(r, model.Address{Layer: 3, Unit: 17, Row: 4, Col: 5}) }},
		{"one position of all channels", func(r *AblateReport) {
			target(r, model.Address{Layer: 3, Unit: model.AllUnits, Row: 4, Col: 5})
		}},
		{"a layer", func(r *AblateReport) { target(r, model.Neuron(3, model.AllUnits)) }},
		{"two neurons", func(r *AblateReport) { target(r, model.Neuron(3, 17), model.Neuron(4, 0)) }},
		{"a range", func(r *AblateReport) {
			var all []model.Address
			for u := range 16 {
				all = append(all, model.Neuron(3, u))
			}
			target(r, append(all, model.Neuron(3, 40))...)
		}},
		{"many", func(r *AblateReport) {
			var all []model.Address
			for u := range 16 {
				all = append(all, model.Neuron(3, 3*u))
			}
			target(r, all...)
		}},
		{"a layer and a neuron", func(r *AblateReport) { target(r, model.Neuron(2, model.AllUnits), model.Neuron(3, 17)) }},
		{"failed sham", func(r *AblateReport) { r.Sham.Identical = false }},
		{"no sham", func(r *AblateReport) { r.Sham = ablate.Sham{} }},
		{"measured on select", func(r *AblateReport) { r.Split = datasets.Select }},
		{"another kind", func(r *AblateReport) { r.Kind = "mean" }},
		{"resampled alone", func(r *AblateReport) {
			r.Kind, r.Flips = ablate.Resample, ablate.Flips{CorrectToWrong: 17.4, WrongToCorrect: 2.2}
			r.Measures[0].Test, r.Measures[0].P = ablate.SignFlip, 0.001
		}},
		{"first among controls, kinds disagree", func(r *AblateReport) { *r = fixtureAblate(t) }},
		{"among controls, kinds differ in size", func(r *AblateReport) {
			*r = fixtureAblate(t)
			r.Controls.Rank, r.Controls.P = 9, 9.0/21
			for k := range r.Contrasts {
				if r.Contrasts[k].Verdict.Disagree() {
					r.Contrasts[k].Verdict = ablate.Size
				}
			}
		}},
		{"second of 60, kinds agree", func(r *AblateReport) {
			*r = fixtureAblate(t)
			r.Metric = ablate.Metric{Name: "recall:cat", Percent: true}
			r.Controls.Units = slices.Repeat(r.Controls.Units, 3)[:59]
			r.Controls.Rank, r.Controls.P = 2, 2.0/60
			for k := range r.Contrasts {
				r.Contrasts[k].Verdict = ablate.Agree
			}
		}},
		{"dead, but its mean is not 0", func(r *AblateReport) {
			*r = fixtureAblate(t)
			noEffect(r)
			r.Targets[0].Fires = 0
		}},
		{"hostile names", func(r *AblateReport) {
			r.Classes = []string{"a|b", "<c>\n# d"}
			r.Network.Classes = r.Classes
		}},
	} {
		r := fixtureAblate(t)
		lesionAlone(&r)
		c.change(&r)
		e := r.frame(nameTargets(r.Network, r.Targets))
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&b, "== %s\nslug:     %s\ntitle:    %s\nquestion: %s\nanswer:   %s\n", c.name, e.Slug, e.Title, e.Question, e.Answer)
		for _, w := range e.Warnings {
			fmt.Fprintf(&b, "warning:  %s\n", w)
		}
		fmt.Fprintf(&b, "caveats:  %d\n\n", len(e.Caveats))
	}
	golden(t, "wording.txt", b.Bytes())
}

func TestEmptySectionsAreLeftOut(t *testing.T) {
	photos, dead, silent := fixtureAblate(t), fixtureAblate(t), fixtureAblate(t)
	noEffect(&silent)
	silent.Targets[0].Fires = 0
	lesionAlone(&photos)
	lesionAlone(&dead)
	photos.Features = nil
	noEffect(&dead)
	dead.Targets[0].Fires = 0
	for _, c := range []struct {
		r    AblateReport
		want string
	}{
		{fixtureAblate(t), "Effect, Kinds of ablation, Changed answers, Matched controls, Dose–response, Rescue, Activity, By feature and Images that changed most"},
		{silent, "Effect, Kinds of ablation, Changed answers, Controls, doses and rescue and Activity"},
		{photos, "Effect, Changed answers, Activity and Images that changed most"},
		{dead, "Effect, Changed answers and Activity"},
	} {
		var titles []string
		for _, s := range Ablate(c.r).Sections {
			titles = append(titles, s.Title)
		}
		if got := enumerate(titles); got != c.want {
			t.Errorf("sections are %s, want %s", got, c.want)
		}
	}
}

func TestAblationOfSeveralTargetsListsTheirActivity(t *testing.T) {
	r := fixtureAblate(t)
	var all []model.Address
	for u := range 30 {
		all = append(all, model.Neuron(3, u))
	}
	target(&r, all...)
	text := string(Ablate(r).Markdown("0001-x"))
	for _, want := range []string{"| 3:19 ", "10 more targets not listed here"} {
		if !strings.Contains(text, want) {
			t.Errorf("the entry does not say %q", want)
		}
	}
	if strings.Contains(text, "| 3:20 ") {
		t.Error("the entry lists more than 20 targets")
	}
}

func TestFeaturesAreSortedByTheirEffect(t *testing.T) {
	r := fixtureAblate(t)
	text := string(Ablate(r).Markdown("0001-x"))
	ears, whiskers, collar := strings.Index(text, "| pointed_ears"), strings.Index(text, "| whiskers"), strings.Index(text, "| collar")
	if !(0 < ears && ears < collar && collar < whiskers) {
		t.Errorf("order is wrong: pointed_ears at %d, collar at %d, whiskers at %d", ears, collar, whiskers)
	}
}
