package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/model"
)

func TestTiredGolden(t *testing.T) {
	const name = "0041-state-tired"
	e := Tired(fixtureTired(t))
	golden(t, name+".md", e.Markdown(name))
	golden(t, name+".txt", []byte(Terminal(e)))
	if _, err := e.JSON(); err != nil {
		t.Error(err)
	}
}

func TestTiredPicturesRepeat(t *testing.T) {
	a, b := Tired(fixtureTired(t)).figures(), Tired(fixtureTired(t)).figures()
	if len(a) != 4 {
		t.Fatalf("%d pictures, want 4", len(a))
	}
	for k := range a {
		if !bytes.Equal(a[k].PNG, b[k].PNG) {
			t.Errorf("two drawings of %s differ", a[k].File)
		}
	}
}

// TestTiredAnswersNoMoreThanItKnows goes through what an experiment can come to.
func TestTiredAnswersNoMoreThanItKnows(t *testing.T) {
	for _, c := range []struct {
		name       string
		change     func(*state.TiredResult)
		want, lack []string
	}{
		{"as it is", func(*state.TiredResult) {}, []string{"No, as claimed: in 10,800 showings no logit changed by a bit", "fall by 18.0 pp to 78.0 %", "dog suffers (recall −37.6 pp), as it comes to say cat",
			"AUROC of 0.989 (fresh 0.997)", "a rest of 0.25 τ gives back 22.1 %"}, []string{"may be none"}},
		{"broken", func(x *state.TiredResult) { x.Unchanging.NoFatigue.Differing = 3 }, []string{"Not as claimed: 3 logits changed"}, []string{"No, as claimed"}},
		{"no effect", func(x *state.TiredResult) {
			x.Tired.Accuracy.Change = ablate.Interval{Estimate: -0.01, Low: -0.03, High: 0.01}
		},
			[]string{"change by −1.0 pp", "which may be none"}, []string{"fall by"}},
		{"no class more than another", func(x *state.TiredResult) { x.Tired.Adjusted = 0.3 }, []string{"no class suffers more than the others beyond chance"}, []string{"dog suffers"}},
		{"a class that suffers while none is favoured", func(x *state.TiredResult) { x.Tired.Answers[0].Change.Low = -0.1 }, []string{"dog suffers"}, []string{"comes to say"}},
		{"better when tired", func(x *state.TiredResult) {
			x.Tired.Accuracy = state.Level{Interval: within(0.97, 0.01), Change: within(0.05, 0.01)}
		}, []string{"rise by 5.0 pp to 97.0 %"}, nil},
	} {
		r := fixtureTired(t)
		c.change(r.Result)
		got := Tired(r).Answer
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q in it", c.name, got, want)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(got, lack) {
				t.Errorf("%s: %q, want no %q in it", c.name, got, lack)
			}
		}
	}
}

// TestTiredOfManyClasses shows those that change most, and names lesions.
func TestTiredOfManyClasses(t *testing.T) {
	r := fixtureTired(t)
	r.Result.Classes = []string{"ant", "bee", "cat", "dog", "eel"}
	r.Result.Lesions = []model.Address{model.Neuron(3, 17), model.Neuron(1, 2)}
	widen := func(c *state.Condition) {
		for k, change := range []float64{0.01, -0.3, 0.02, -0.5, 0.4} {
			for _, levels := range []*[]state.Level{&c.Recall, &c.Answers, &c.LogitDiffOf} {
				*levels = append((*levels)[:k:k], state.Level{Interval: within(0.5+change, 0.01), Change: within(change, 0.01)})
			}
		}
	}
	x := r.Result
	all := []*state.Condition{&x.Fresh, &x.Tired, &x.Histories.Own.Condition, &x.Histories.Other.Condition, &x.Histories.Mixed.Condition, &x.Controls.Uniform.Condition, &x.Controls.Matched.Condition}
	for k := range x.Doses {
		all = append(all, &x.Doses[k].Condition)
	}
	for k := range x.Course {
		all = append(all, &x.Course[k].Condition)
	}
	for k := range x.Recovery.Rests {
		all = append(all, &x.Recovery.Rests[k].Condition)
	}
	for _, g := range []*state.GlobalCurve{&x.Arousal, &x.Noise} {
		for k := range g.Doses {
			all = append(all, &g.Fresh[k], &g.Tired[k])
		}
	}
	for _, c := range all {
		widen(c)
	}
	e := Tired(r)
	page := string(e.Markdown(e.Slug))
	for _, want := range []string{"recall of bee", "recall of dog", "recall of eel", "2 more only in the JSON file", "3:17 and 1:2 are silenced throughout", "A tired network under a lesion of 3:17 and 1:2"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if strings.Contains(page, "recall of ant") || e.Slug != "state-tired-lesion-3-17-1-2" {
		t.Errorf("the page shows a class that hardly changes, or the slug is %q", e.Slug)
	}
}
