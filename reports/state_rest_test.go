package reports

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureRest says dog to nearly everything, with three hidden layers of which the last resembles dogs.
func fixtureRest(t testing.TB) RestReport {
	r := RestReport{Source: fixtureSource(t, "neuroprobe state rest"), Result: state.Rest{Classes: []string{"cat", "dog"}, Split: datasets.Confirm, Images: 200, SelectImages: 100, Draws: 50,
		Alone: 40, Margin: 1.234, Tests: 27, Shuffles: 999, Resamples: 2000, Seed: 1, Warnings: []string{"the mean image is nobody's face"}}}
	x := &r.Result
	condition := func(name string, strength float64, draws, said int, share, confidence float64, resembles float64) state.RestCondition {
		c := state.RestCondition{Name: name, Strength: strength, Draws: draws, Said: said, Answers: []float64{0, 0}, Confidence: within(confidence, 0.02), Lead: within(4*confidence-2, 0.1), Surer: round(confidence / 3)}
		c.Answers[said], c.Answers[1-said] = share, round(1-share)
		for k := range 3 {
			f := float64(k)
			p := probe.Number(0.02)
			if k < 2 {
				p = 0.4
			}
			c.Layers = append(c.Layers, state.RestLayer{Layer: k + 1, Name: r.Network.Layer(k + 1).Name, Firing: round(0.3 + 0.1*f), Ratio: [3]probe.Number{probe.Number(round(0.1 + 0.05*f)), 0.01, probe.Number(round(0.4 + 0.1*f))},
				Resembles: []state.Resemblance{{Class: 1, R: probe.Number(round(resembles * (0.2 + 0.3*f))), Null: [2]float64{-0.45, 0.47}, P: p / 2, Adjusted: p}}})
		}
		return c
	}
	x.Conditions = []state.RestCondition{condition(state.NoInput, 0, 1, 1, 1, 0.83, 1), condition("black", 0, 1, 1, 1, 0.95, 0.8), condition("white", 0, 1, 0, 1, 0.7, -0.5),
		condition("noise", 0.5, 50, 1, 0.94, 0.8, 0.7), condition("noise", 2, 50, 1, 0.66, 0.74, 0.4)}
	x.Conditions[4].Clipped = 0.2
	x.Evoked = []state.RestCondition{condition("images of cat", 0, 100, 0, 0.96, 0.97, -1.2), condition("images of dog", 0, 100, 1, 0.98, 0.98, 1.2)}
	for k := range 3 {
		units := r.Network.Geometry(k + 1).Act[0]
		x.Total += units
		for u := range units {
			n := state.RestNeuron{Address: model.Neuron(k+1, u), Bias: round(0.05 * math.Sin(float64(u))), Rest: round(0.5 / float64(u+1)), Evoked: 0.4, Ratio: probe.Number(round(1.25 / float64(u+1)))}
			if u == 2 {
				n.Evoked, n.Rest, n.Ratio = 0, 0, probe.Undefined
			}
			x.Neurons = append(x.Neurons, n)
		}
	}
	for u := range 12 {
		x.Drivers = append(x.Drivers, state.RestDriver{Address: model.Neuron(3, u), Change: round(-1.5 * math.Pow(0.6, float64(u))), Flips: u == 0})
	}
	return r
}

func TestGoldenRest(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0053-state-rest": Rest(fixtureRest(t))})
}

func TestRestWording(t *testing.T) {
	var words strings.Builder
	for _, c := range []struct {
		name   string
		change func(x *state.Rest)
	}{
		{"all alike", func(x *state.Rest) { x.Conditions[2].Said = 1 }},
		{"like the other of two", func(x *state.Rest) { x.Conditions[0].Layers[2].Resembles[0].R = -0.8 }},
		{"like none", func(x *state.Rest) { x.Conditions[0].Layers[2].Resembles[0].Adjusted = 0.3 }},
		{"not to be told", func(x *state.Rest) { x.Conditions[0].Layers[2].Resembles = nil }},
		{"lesioned", func(x *state.Rest) {
			for u := range 8 {
				x.Lesions = append(x.Lesions, model.Neuron(2, u))
			}
		}},
		{"dead", func(x *state.Rest) { x.Neurons, x.Drivers = nil, nil }},
	} {
		r := fixtureRest(t)
		c.change(&r.Result)
		e := Rest(r)
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&words, "%s: %s\n%s\n\n", c.name, e.Title, e.Answer)
	}
	golden(t, "state-rest-words.txt", []byte(words.String()))
}
