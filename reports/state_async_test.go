package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
)

func TestAsyncGolden(t *testing.T) {
	const name = "0043-state-async"
	e := Async(fixtureAsync(t))
	golden(t, name+".md", e.Markdown(name))
	golden(t, name+".txt", []byte(Terminal(e)))
	data, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("Dots")) || len(data) > 60_000 {
		t.Errorf("%d bytes of JSON: want single images left out", len(data))
	}
}

func TestAsyncPicturesRepeat(t *testing.T) {
	a, b := Async(fixtureAsync(t)).figures(), Async(fixtureAsync(t)).figures()
	if len(a) != 3 {
		t.Fatalf("%d pictures, want 3", len(a))
	}
	for k := range a {
		if !bytes.Equal(a[k].PNG, b[k].PNG) {
			t.Errorf("two drawings of %s differ", a[k].File)
		}
	}
}

// TestAsyncAnswersNoMoreThanItKnows goes through what an experiment can come to.
func TestAsyncAnswersNoMoreThanItKnows(t *testing.T) {
	for _, c := range []struct {
		name       string
		change     func(x *state.Async)
		want, lack []string
	}{
		{"as it is", func(*state.Async) {}, []string{"2,364 trials (100 images of confirm, 6 orders and starts)", "bit for bit", "From rest, where it says cat, 51 of 100 images must change the answer",
			"after 3.08 updates a neuron (95 % interval [2.88, 3.28])", "until 16.8 ([16.7, 16.9])", "harder images decide later (ρ = −0.640", "the order makes 46.0 %"}, nil},
		{"no relation to difficulty", func(x *state.Async) { x.Difficulty.Within.Rho = within(-0.05, 0.1) }, nil, []string{"harder", "easier"}},
		{"the easy ones later", func(x *state.Async) { x.Difficulty.Within.Rho = within(0.5, 0.1) }, []string{"easier images decide later (ρ = 0.500"}, []string{"harder"}},
		{"one order", func(x *state.Async) { x.Variances, x.Difficulty.Within = nil, nil }, nil, []string{"variance", "ρ"}},
		{"settled when decided", func(x *state.Async) {
			for k := range x.ByStart {
				x.ByStart[k].Settling = x.ByStart[k].Decision
			}
		}, nil, []string{"goes on changing"}},
		{"nothing to change", func(x *state.Async) { x.ByStart = x.ByStart[:1] }, []string{"every image begins with the answer that it ends with, 1.4 % of the trials leave it for a while"}, []string{"must change"}},
		{"several answers at the start", func(x *state.Async) { x.StartAnswers = []int{600, 200, 0} }, []string{"From rest, 51 of"}, []string{"says cat"}},
		{"silence", func(x *state.Async) { x.From, x.StartAnswers = state.FromSilence, []int{0, 0, 800} }, []string{"From silence, 51 of 100 images must find an answer"}, nil},
		{"previous", func(x *state.Async) { x.From = state.FromPrevious }, []string{"From another image's activity, 51"}, nil},
	} {
		r := fixtureAsync(t)
		c.change(&r.Result)
		e := Async(r)
		for _, want := range c.want {
			if !strings.Contains(e.Answer, want) {
				t.Errorf("%s: %q, want %q in it", c.name, e.Answer, want)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(e.Answer, lack) {
				t.Errorf("%s: %q, want no %q in it", c.name, e.Answer, lack)
			}
		}
	}
}

func TestAsyncNames(t *testing.T) {
	for _, c := range []struct {
		change      func(x *state.Async)
		slug, title string
	}{
		{func(*state.Async) {}, "state-async", "Out of step: neurons update at random, from rest"},
		{func(x *state.Async) { x.Part = 0.5 }, "state-async-0-5", "Out of step: neurons update at random, from rest"},
		{func(x *state.Async) { x.Part = 1 }, "state-async-1", "Out of step: neurons update all at once, from rest"},
		{func(x *state.Async) { x.Rule, x.From = state.Rule{Order: state.SequentialOrder}, state.FromSilence }, "state-async-sequential-from-silence", "Out of step: neurons update one at a time, from silence"},
		{func(x *state.Async) { x.Rule, x.From = state.Rule{Order: state.BackwardOrder}, state.FromPrevious }, "state-async-backward-from-previous",
			"Out of step: neurons update layer by layer, backward, from another image's activity"},
		{func(x *state.Async) { x.Rule = state.Rule{Order: state.ForwardOrder} }, "state-async-forward", "Out of step: neurons update layer by layer, forward, from rest"},
		{func(x *state.Async) { x.Lesions = lesioned }, "state-async-lesioned", "Out of step: neurons update at random, from rest, 3:17 silent"},
	} {
		r := fixtureAsync(t)
		c.change(&r.Result)
		if e := Async(r); e.Slug != c.slug || e.Title != c.title {
			t.Errorf("%q, %q; want %q, %q", e.Slug, e.Title, c.slug, c.title)
		}
	}
}

// TestAsyncManyClasses: with more than two there is no difference of two, and other answers have names.
func TestAsyncManyClasses(t *testing.T) {
	r := fixtureAsync(t)
	r.Result.Classes = []string{"cat", "dog", "hen"}
	r.Result.StartAnswers = []int{800, 0, 0, 0}
	page := string(Async(r).Markdown("0001-x"))
	for _, want := range []string{"commonest other answer", "cat, in 100.0 % of trials"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "dog − cat") {
		t.Error("the page has a difference of two of three classes")
	}
}

// TestAsyncOfACircle: a recurrent layer's steps do not come apart, which must be said.
func TestAsyncOfACircle(t *testing.T) {
	r := fixtureAsync(t)
	spec, err := model.Preset("recurrent", model.Shape{3, 32, 32}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if page := string(Async(r).Markdown("0001-x")); strings.Contains(page, "recurrent layer") {
		t.Error("the page speaks of a recurrent layer that the network has not")
	}
	r.Network.Spec = spec
	if page := string(Async(r).Markdown("0001-x")); !strings.Contains(page, "within the circle they are not") {
		t.Error("the page does not say that a recurrent layer's steps go together")
	}
}
