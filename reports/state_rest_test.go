package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate/state"
	"neuroprobe/probe"
)

func TestGoldenRest(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0051-state-rest": Rest(fixtureRest(t))})
}

func TestRestWording(t *testing.T) {
	unlike := func(x *state.Rest) {
		for l := range x.Conditions[0].Layers {
			x.Conditions[0].Layers[l].Resemblance[0].Adjusted = 0.4
		}
	}
	for _, c := range []struct {
		name   string
		change func(x *state.Rest)
		want   []string
	}{
		{"as it is", func(*state.Rest) {}, []string{"It does not rest: without input 5 of 10 hidden neurons with ReLU fire, and it answers dog with a confidence of 71.0 %, more than on 4.0 % of 200 images (confirm)",
			"of noise it mostly says dog from 0.5 sd on (96.0 % of 100 draws) and cat from 2 sd on (61.0 % of 100 draws)", "resembles dog in layer 2 (r = 0.540) and dog in layer 3 (r = 0.810)"}},
		{"like nothing", unlike, []string{"in none of 3 hidden layers", "(adjusted p of 0.40 or more; of real images the same test finds 10.0 % to 30.0 %, by layer and class)"}},
		{"no test", func(x *state.Rest) {
			for l := range x.Conditions[0].Layers {
				x.Conditions[0].Layers[l].Resemblance[0].R, x.Conditions[0].Layers[l].Resemblance[0].P = probe.Undefined, probe.Undefined
			}
		}, []string{"resemblance to a class cannot be tested"}},
		{"silent", func(x *state.Rest) { x.Conditions[0].Layers[0].Firing, x.Conditions[0].Layers[2].Firing = 0, 0 }, []string{"Without input none of 10 hidden neurons with ReLU fires, and it answers"}},
		{"linear", func(x *state.Rest) {
			for l := range x.Layers {
				x.Layers[l].Rated = false
			}
		}, []string{"Without input it answers dog"}},
		{"always dog", func(x *state.Rest) { x.Conditions[6].RestAnswer = x.Conditions[5].RestAnswer }, []string{"of noise of every strength it says dog on 96.0 % of draws (100 each)"}},
	} {
		r := fixtureRest(t)
		c.change(r.Result)
		e := Rest(r)
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(e.Answer, want) {
				t.Errorf("%s: answer %q, want %q in it", c.name, e.Answer, want)
			}
		}
	}
}

// TestRestOfThreeClasses: with more than two classes there is a resemblance to each, and no mirror.
func TestRestOfThreeClasses(t *testing.T) {
	r := fixtureRest(t)
	r.Result.Classes = []string{"cat", "dog", "horse"}
	for c := range r.Result.Conditions {
		for l := range r.Result.Conditions[c].Layers {
			r.Result.Conditions[c].Layers[l].Resemblance = []state.Resemblance{{Class: 0, R: -0.4, P: 0.2, Adjusted: 0.3}, {Class: 1, R: 0.1, P: 0.9, Adjusted: 0.9}, {Class: 2, R: 0.66, P: 0.001, Adjusted: 0.01}}
		}
		a := &r.Result.Conditions[c].RestAnswer
		a.Answers, a.Shares = append(a.Answers, 0), append(a.Shares, within(0, 0.01))
	}
	page := string(Rest(r).Markdown("0001-x"))
	if !strings.Contains(page, "horse 0.660 (0.010)") || strings.Contains(page, "mirror") || !strings.Contains(page, "resembles horse in layer 1 (r = 0.660)") {
		t.Error("the page of three classes does not say horse, or speaks of a mirror")
	}
	a, b := Rest(fixtureRest(t)).figures(), Rest(fixtureRest(t)).figures()
	if len(a) != 2 || !bytes.Equal(a[0].PNG, b[0].PNG) || !bytes.Equal(a[1].PNG, b[1].PNG) {
		t.Errorf("%d pictures, want 2, the same each time", len(a))
	}
}
