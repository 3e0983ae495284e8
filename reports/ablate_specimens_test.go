package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

func TestSpecimensGolden(t *testing.T) {
	for name, entry := range map[string]func() Entry{
		"0021-ablate-3-17-specimens":  func() Entry { return Specimens(fixtureSpecimens(t)) },
		"0022-ablate-sweep-specimens": func() Entry { return SweepSpecimens(fixtureSweepSpecimens(t)) },
	} {
		e := entry()
		if err := e.check(); err != nil {
			t.Error(err)
		}
		data, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", e.Markdown(name))
		golden(t, name+".json", data)
		golden(t, name+".txt", []byte(Terminal(e)))
		again := entry()
		for i, f := range e.figures() {
			if !bytes.Equal(f.PNG, again.figures()[i].PNG) {
				t.Errorf("%s: two drawings of %s differ", name, f.File)
			}
		}
	}
}

// TestSpecimensAnswer: no more certain than the numbers.
func TestSpecimensAnswer(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*ablate.Replication)
		want   []string
		not    string
	}{
		{"as it is", func(*ablate.Replication) {}, []string{"it shows for its homologue in 1 of 2 other networks, with the reference in 2 of 3", "in 6 of 40 random neurons of the same layer;",
			"the reference among them (95 % interval across networks [−1.59, +0.63])", "1 network without a homologue left out", "the change of logit-diff under mean ablation shows in 2 of 3"}, "no mark"},
		{"no effect in the reference", func(r *ablate.Replication) { h := r.Effects[0].Headlines[0]; h.High = 0.01 }, []string{"not distinguishable from 0", "no established effect"}, "it shows"},
		{"controls alike", func(r *ablate.Replication) { r.Effects[0].Controls[1].Alike = 19 }, []string{"21 of 40 random neurons of the same layer, so that to have it is no mark of a homologue"}, ""},
		{"no other network", func(r *ablate.Replication) {
			r.Effects[0].Others.Of, r.Specimens[1].Excluded = 0, "3:17 has no homologue: it is constant"
		}, []string{"nothing is known of networks like it, for no other has its homologue (3:17 has no homologue: it is constant)."}, "mean over"},
		{"mean of others", func(r *ablate.Replication) {
			r.Effects[0].OthersMean = ablate.Across{N: 4, Mean: -0.2, SD: 0.1, Low: -0.36, High: -0.04}
		}, []string{"mean over the 4 others −0.200 (95 % interval across networks [−0.360, −0.040])"}, "the reference among them"},
		{"a fraction", func(r *ablate.Replication) { r.Effects[0].Percent = true }, []string{"is −91.1 pp for neuron 3:17 in the reference (95 % interval [−106.4, −75.8] pp"}, ""},
	} {
		r := fixtureSpecimens(t)
		c.change(&r.Replication)
		e := Specimens(r)
		for _, want := range c.want {
			if !strings.Contains(e.Answer, want) {
				t.Errorf("%s: %q lacks %q", c.what, e.Answer, want)
			}
		}
		if c.not != "" && strings.Contains(e.Answer, c.not) {
			t.Errorf("%s: %q has %q", c.what, e.Answer, c.not)
		}
	}
}

// TestSpecimensOfSeveral: two neurons have two rows of homologues a network, and the table of effects the
// weaker of the two.
func TestSpecimensOfSeveral(t *testing.T) {
	r := fixtureSpecimens(t)
	second := model.Neuron(4, 1)
	r.Replication.Targets = append(r.Replication.Targets, second)
	for k := 1; k < 4; k++ {
		s := &r.Replication.Specimens[k]
		s.Homologues = append(s.Homologues, ablate.Homologue{Neuron: second, Match: second, R: 0.5, AdjustedP: 0.03, Mutual: true})
	}
	text := string(Specimens(r).Markdown("0001-x"))
	for _, want := range []string{"# Neurons 3:17 and 4:1 and their homologues in 4 networks", "do together", "| 3:34, 4:1 | 0.500 |          0.030 |", "random sets of 2 neurons of the same layers", "3:5, 4:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := strings.Count(text, "\n| 02  "); got < 4 { // effect twice, homologues twice, network
		t.Errorf("%d rows of network 02", got)
	}
}

func TestSweepSpecimensOfNothing(t *testing.T) {
	r := fixtureSweepSpecimens(t)
	for _, s := range r.Sweep.Specimens {
		for i := range s.Layers {
			s.Layers[i].Hurts = 0
		}
	}
	want := "In none of 4 networks does the loss of any single hidden neuron hurt logit-diff detectably (48 neurons each, zero ablation, 200 confirm images); 2 of 3 claims tried hold in every network."
	if got := SweepSpecimens(r).Answer; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSpecimensPlot: many networks and values at the ends are drawn.
func TestSpecimensPlot(t *testing.T) {
	names := strings.Fields("01 02 03 04 05 06 07 08 09 10 11 12 13 14 15")
	values := make([][]float64, 6)
	for k := range values {
		for i := range names {
			values[k] = append(values[k], float64(100*((i+k)%2)))
		}
	}
	png := specimensPlot{y: "share", columns: strings.Fields("a b c d e f"), names: names, values: values, high: 100}.png()
	if len(png) < 1000 {
		t.Errorf("%d bytes", len(png))
	}
}
