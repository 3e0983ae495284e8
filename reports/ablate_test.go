package reports

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// set changes a measure of a result.
func set(r *AblateReport, name string, change, low, high float64) {
	for i := range r.Result.Measures {
		if m := &r.Result.Measures[i]; m.Name == name {
			m.Change, m.Low, m.High, m.Lesioned = change, low, high, m.Intact+change
			m.Flips = oneSided(change, m.N)
			return
		}
	}
	panic(name)
}

// oneSided are the flips behind a change if all went the same way.
func oneSided(change float64, n int) *ablate.Flips {
	k := int(math.Round(math.Abs(change) * float64(n)))
	f := &ablate.Flips{Changed: k, McNemarP: min(1, 2*math.Pow(0.5, float64(k)))}
	if change < 0 {
		f.CorrectToWrong = k
	} else {
		f.WrongToCorrect = k
	}
	return f
}

// noEffect takes every effect away.
func noEffect(r *AblateReport) {
	for i := range r.Result.Measures {
		m := &r.Result.Measures[i]
		m.Change, m.Low, m.High, m.Lesioned = 0, 0, 0, m.Intact
	}
	r.Result.Flips = ablate.Flips{McNemarP: 1}
}

func target(r *AblateReport, addresses ...model.Address) {
	first := r.Result.Targets[0]
	r.Result.Targets = nil
	for _, a := range addresses {
		t := first
		t.Address, t.Layer, t.Kind = a, r.Network.Layer(a.Layer).Name, r.Network.Layer(a.Layer).Kind
		r.Result.Targets = append(r.Result.Targets, t)
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
			r.Result.Flips.McNemarP = 0.62
		}},
		{"no detectable difference, but one class pays for the other", func(r *AblateReport) {
			set(r, "accuracy", -0.005, -0.02, 0.01)
			set(r, "recall of cat", -0.06, -0.1, -0.02)
			set(r, "recall of dog", 0.05, 0.01, 0.09)
			set(r, "logit difference", 0.01, -0.2, 0.2)
			r.Result.Flips.McNemarP = 0.62
		}},
		{"an interval that excludes 0 for a handful of images", func(r *AblateReport) {
			set(r, "accuracy", -0.02, -0.04, 0)
			set(r, "recall of cat", -0.05, -0.09, -0.01)
			r.Result.Flips.McNemarP = 0.22
		}},
		{"a gain", func(r *AblateReport) {
			set(r, "accuracy", 0.03, 0.01, 0.05)
			set(r, "recall of cat", 0.06, 0.01, 0.11)
			r.Result.Flips.McNemarP = 0.0313
		}},
		{"damage that no class shows, and a test that disagrees", func(r *AblateReport) {
			set(r, "accuracy", -0.02, -0.04, -0.0004)
			set(r, "recall of cat", -0.02, -0.05, 0.01)
			r.Result.Flips.McNemarP = 0.0574
		}},
		{"no answer changes, but the logits move", func(r *AblateReport) {
			noEffect(r)
			set(r, "logit difference", -0.031, -0.042, -0.02)
		}},
		{"dead", func(r *AblateReport) { noEffect(r); r.Result.Targets[0].Fires = 0 }},
		{"dead, several", func(r *AblateReport) {
			noEffect(r)
			r.Result.Targets[0].Fires = 0
			target(r, model.Neuron(3, 1), model.Neuron(3, 9))
		}},
		{"an output below 0 is not dead", func(r *AblateReport) {
			r.Result.Targets[0].Fires = 0
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
		{"failed sham", func(r *AblateReport) { r.Result.Sham.Identical = false }},
		{"no sham", func(r *AblateReport) { r.Result.Sham = ablate.Sham{} }},
		{"measured on select", func(r *AblateReport) { r.Result.Split = datasets.Select }},
		{"another kind", func(r *AblateReport) { r.Result.Kind = "mean" }},
		{"hostile names", func(r *AblateReport) {
			r.Result.Classes = []string{"a|b", "<c>\n# d"}
			r.Network.Classes = r.Result.Classes
		}},
	} {
		r := fixtureAblate(t)
		c.change(&r)
		e := r.frame(nameTargets(r.Network, r.Result.Targets))
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
	photos, dead := fixtureAblate(t), fixtureAblate(t)
	photos.Result.Features = nil
	noEffect(&dead)
	dead.Result.Targets[0].Fires = 0
	for _, c := range []struct {
		r    AblateReport
		want string
	}{
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
