package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

func TestGoldenShapleyAndPatch(t *testing.T) {
	for name, e := range map[string]Entry{
		"0003-shapley-3":         Shapley(fixtureShapley(t)),
		"0004-patch-3-17":        Patch(fixturePatch(t)),
		"0005-patch-map-classes": Patch(fixturePatchMap(t)),
	} {
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		data, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", e.Markdown(name))
		golden(t, name+".txt", []byte(Terminal(e)))
		if !bytes.Contains(data, []byte(`"split": "confirm"`)) {
			t.Errorf("%s: the JSON has no split", name)
		}
	}
}

func TestShapleyAnswers(t *testing.T) {
	var b bytes.Buffer
	agree := func(r *ShapleyReport) {
		for i := range r.Result.Units {
			r.Result.Units[i].Verdict = ablate.ShapleyAgrees
		}
	}
	for _, c := range []struct {
		name   string
		change func(r *ShapleyReport)
	}{
		{"disagreement", func(*ShapleyReport) {}},
		{"agreement", agree},
		{"no interaction", func(r *ShapleyReport) {
			agree(r)
			r.Result.Metric, _ = ablate.ParseMetric("logit-diff", r.Result.Classes)
			for i := range r.Result.Units {
				u := &r.Result.Units[i]
				u.SE, u.Single, u.Difference = 0, u.Value, ablate.Interval{Estimate: 1e-8, Low: -1e-7, High: 1e-7}
			}
		}},
		{"nothing found", func(r *ShapleyReport) {
			agree(r)
			r.Result.Total = around95(0.001, 0.01)
			for i := range r.Result.Units {
				r.Result.Units[i].Value = around95(0, 0.01)
			}
		}},
		{"exact, several layers, a loss, select", func(r *ShapleyReport) {
			r.Result.Metric, _ = ablate.ParseMetric("cross-entropy", r.Result.Classes)
			r.Result.Units, r.Result.Exact, r.Result.Orders, r.Result.Split, r.Result.Kind = r.Result.Units[:5], true, 0, 1, ablate.Mean
			r.Result.Units[0].Address = model.Neuron(2, 4)
		}},
	} {
		r := fixtureShapley(t)
		c.change(&r)
		e := Shapley(r)
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&b, "== %s\nslug:     %s\ntitle:    %s\nquestion: %s\nanswer:   %s\nmethod:   %s\n", c.name, e.Slug, e.Title, e.Question, e.Answer, e.Method)
		for _, w := range e.Warnings {
			fmt.Fprintf(&b, "warning:  %s\n", w)
		}
		for _, w := range e.Caveats {
			fmt.Fprintf(&b, "caveat:   %s\n", w)
		}
		fmt.Fprintln(&b)
	}
	golden(t, "shapley-wording.txt", b.Bytes())
}

func TestExactValuesHaveNoStandardErrors(t *testing.T) {
	r := fixtureShapley(t)
	if !strings.Contains(string(Shapley(r).Markdown("0001-x")), "|   SE |") {
		t.Error("sampled values have no column SE")
	}
	r.Result.Exact = true
	if strings.Contains(string(Shapley(r).Markdown("0001-x")), "SE |") {
		t.Error("exact values have a column SE")
	}
}

func TestPatchAnswers(t *testing.T) {
	var b bytes.Buffer
	for _, c := range []struct {
		name   string
		change func(r *PatchReport)
	}{
		{"one of two features", func(*PatchReport) {}},
		{"one feature", func(r *PatchReport) { r.Result.Sets = r.Result.Sets[1:2] }},
		{"one feature, nothing", func(r *PatchReport) { r.Result.Sets = r.Result.Sets[2:] }},
		{"features, nothing", func(r *PatchReport) {
			r.Result.Sets[1].Units[0].Denoising.Adjusted, r.Result.Sets[1].Units[0].Noising.Adjusted = 0.2, 0.3
		}},
		{"no difference to carry", func(r *PatchReport) { r.Result.Sets = r.Result.Sets[:1] }},
		{"no pair left", func(r *PatchReport) {
			r.Result.Sets = r.Result.Sets[:1]
			r.Result.Sets[0].Units = nil
		}},
		{"two neurons together, class pairs", func(r *PatchReport) {
			r.Result.Sets = r.Result.Sets[1:2]
			s := &r.Result.Sets[0]
			s.Name, s.Twins, s.For, s.Presence = "classes", false, "", nil
			r.Result.Targets[0] = []model.Address{model.Neuron(3, 17), model.Neuron(2, 4)}
			s.Units[0].Targets = r.Result.Targets[0]
		}},
		{"map", func(r *PatchReport) { *r = fixturePatchMap(t) }},
		{"map of nothing", func(r *PatchReport) {
			*r = fixturePatchMap(t)
			r.Result.Sets[0].Total = around95(0, 0.3)
		}},
		{"map with two neurons", func(r *PatchReport) {
			*r = fixturePatchMap(t)
			r.Result.Sets[0].Units[5].SelectNoising = 0.9
		}},
	} {
		r := fixturePatch(t)
		c.change(&r)
		e := Patch(r)
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := e.JSON(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&b, "== %s\nslug:     %s\ntitle:    %s\nquestion: %s\nanswer:   %s\n", c.name, e.Slug, e.Title, e.Question, e.Answer)
		for _, w := range e.Warnings {
			fmt.Fprintf(&b, "warning:  %s\n", w)
		}
		for _, x := range e.Exclusions {
			fmt.Fprintf(&b, "excluded: %d %s\n", x.Count, x.What)
		}
		var titles []string
		for _, s := range e.Sections {
			titles = append(titles, s.Title)
		}
		fmt.Fprintf(&b, "sections: %s\ncaveats:  %d\n\n", strings.Join(titles, ", "), len(e.Caveats))
	}
	golden(t, "patch-wording.txt", b.Bytes())
}

func TestPatchReadings(t *testing.T) {
	for _, c := range []struct {
		denoising, noising, p float64
		want                  string
	}{
		{1, 0, 0.001, "rather sufficient (OR-like)"},
		{0, 1, 0.001, "rather necessary (AND-like)"},
		{0.5, 0.52, 0.001, "alike"},
		{-0.4, -0.2, 0.001, "against the difference"},
		{0.5, 0.2, 0.3, "neither"},
	} {
		u := ablate.PatchUnit{Denoising: fixturePatchEffect(c.denoising, 0.05, c.p), Noising: fixturePatchEffect(c.noising, 0.05, c.p)}
		if got := patchReading(u); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// Pictures of what may be empty, flat or not finite are drawn all the same, and twice the same.
func TestShapleyAndPatchPictures(t *testing.T) {
	flat := scatterPlot{points: []scatterPoint{{label: "a", marked: true}, {label: "b"}}}
	for name, draw := range map[string]func() []byte{
		"scatter":       func() []byte { return Shapley(fixtureShapley(t)).figures()[0].PNG },
		"map":           func() []byte { return Patch(fixturePatchMap(t)).figures()[0].PNG },
		"flat scatter":  flat.png,
		"empty scatter": scatterPlot{}.png,
		"empty map":     patchMap{layers: []patchMapLayer{{label: "1"}}}.png,
	} {
		a, b := draw(), draw()
		if len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("%s: %d bytes, then %d, or others", name, len(a), len(b))
		}
	}
}
