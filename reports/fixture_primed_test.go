package reports

import (
	"fmt"
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixturePrimed is contrast of dog against cat, carried by a few neurons of the last hidden layer.
func fixturePrimed(t testing.TB) PrimedReport {
	r := PrimedReport{Source: fixtureSource(t, "neuroprobe state primed --targets 80"), Result: state.Priming{
		Classes: [2]string{"dog", "cat"}, Confused: 4, Body: state.Body{Fatigue: 1, Recovery: 4}, Duration: 1, Choice: state.Typical, Split: datasets.Confirm,
		Targets: 80, CurveTargets: 40, Verdict: state.Contrast,
		Replay:    state.Replay{Logits: 64, Largest: 9.5e-7},
		Stateless: state.Stateless{Primes: 6, Logits: 320},
		Resamples: 2000, Permutations: 999, Seed: 1,
		Warnings: []string{"the intervals of ambiguous targets rest on 16 of them and are too narrow"},
	}}
	x := &r.Result
	for k := range 6 {
		p := state.Prime{Image: 200 + 2*k, Name: fmt.Sprintf("image %d", 200+2*k), Class: 1, Y: round(-9 + 0.3*float64(k)), Drive: round(1.1 + 0.02*float64(k)), Shift: round(0.6 + 0.05*math.Sin(float64(k)))}
		if k < 3 {
			p.Image, p.Name, p.Class, p.Y, p.Shift = p.Image+1, fmt.Sprintf("image %d", p.Image+1), 0, -p.Y, round(-p.Shift-0.5)
		}
		x.Primes = append(x.Primes, p)
	}
	group := func(name string, n int, rest, a, b float64) state.PrimedGroup {
		return state.PrimedGroup{Name: name, N: n, Rest: rest, After: [2]ablate.Interval{within(a, 0.3), within(b, 0.3)}, Effect: within(a-b, 0.12),
			OverTargets: within(a-b, 0.05), OverPrimes: within(a-b, 0.1), P: 0.001}
	}
	x.Groups = []state.PrimedGroup{group("all targets", 80, 0.35, -1.1, 0.6), group("ambiguous targets", 16, -0.4, -0.3, 0.8), group("targets of dog", 40, 6.9, -5.3, -3.4), group("targets of cat", 40, -6.2, 3, 4.6)}
	x.Answers = state.PrimedAnswers{Rest: 0.5125, After: [2]ablate.Interval{within(0.4833, 0.03), within(0.5375, 0.03)}, Effect: within(-0.0542, 0.013), P: 0.002,
		Accuracy: [3]float64{0.9625, 0.9542, 0.9375}, Away: [2]float64{2.333, 2}, Toward: [2]float64{0, 0.333}}
	for k := range 80 {
		x.ClassOf = append(x.ClassOf, k%2)
		x.Shifts[0] = append(x.Shifts[0], round(-1.1+0.4*math.Sin(float64(k))))
		x.Shifts[1] = append(x.Shifts[1], round(0.6+0.3*math.Cos(float64(2*k))))
	}
	curve := func(name string, levels ...float64) {
		c := state.PrimedCurve{Name: name}
		for _, l := range levels {
			lost := l / (1 + l)
			if name == "delay" {
				lost = math.Exp(-l/4) / 2
			}
			effect := round(-5 * lost * (1 - lost))
			c.Points = append(c.Points, state.PrimedPoint{X: l, After: [2]ablate.Interval{within(0.6*effect, 0.2), within(-0.4*effect, 0.2)}, Effect: within(effect, 0.05*math.Abs(effect)), Gain: round(1 - lost/2), Size: round(6 * (1 - lost))})
		}
		x.Curves = append(x.Curves, c)
	}
	curve("duration", 0, 0.5, 1, 2, 4, 8)
	curve("contrast", 0, 0.25, 0.5, 0.75, 1)
	curve("fatigue", 0, 0.25, 0.5, 1, 2, 4)
	curve("delay", 0, 2, 4, 8, 12, 16)
	x.Decay = state.Decay{Tau: state.Constant{Estimate: 6.01, Low: 5.94, High: 6.08}, Late: state.Constant{Estimate: 4.2, Low: 4.19, High: 4.22}, Gains: 4, Body: 4}
	control := func(name string, drive, effect, half, p float64) {
		x.Controls = append(x.Controls, state.PrimedControl{Name: name, Drive: [2]float64{drive, round(drive + 0.02)}, After: [2]ablate.Interval{within(0.6*effect, 0.3), within(-0.4*effect, 0.3)}, Effect: within(effect, half), P: probe.Number(p)})
	}
	control(state.ControlNone, 1.15, -1.7, 0.12, 0.001)
	control(state.ControlDrive, 1.15, -1.6, 0.13, 0.001)
	control(state.ControlShuffled, 0.58, -0.01, 0.08, 0.84)
	control(state.ControlPhase, 0.71, 0.08, 0.15, 0.21)
	for k, name := range []string{state.PrimeSelf, state.PrimeSame, state.PrimeOther, state.PrimeMean, state.PrimeGrey} {
		x.Own = append(x.Own, state.OwnShift{Prime: name, Shift: within([]float64{-4.4, -5, -3.2, -2.1, -1.1}[k], 0.2)})
	}
	for k, effect := range []float64{0.04, -0.12, -3.3} {
		x.Layers = append(x.Layers, state.PrimedLayer{Layer: k + 1, Name: r.Network.Layer(k + 1).Name, Alone: within(effect, 0.08), Frozen: within(-2.2-effect, 0.1), Share: probe.Number(round(effect / -1.7))})
	}
	r.neurons(x)
	return r
}

// neurons are 24, of which the first 20 carry contrast and two assimilation.
func (PrimedReport) neurons(x *state.Priming) {
	n := &x.Neurons
	*n = state.PrimedNeurons{Whole: within(-1.7, 0.12), Tests: 23, Shuffles: 999, Contrast: -2.9, Assimilation: 0.05, Top: 10, TopAlone: within(-1.6, 0.1), TopFrozen: within(-0.9, 0.1),
		Tires: state.Correlation{Neurons: 23, R: 0.96, Low: 0.94, High: 0.98, P: 0.001}, Carries: state.Correlation{Neurons: 23, R: -0.73, Low: -0.79, High: -0.64, P: 0.001}}
	for k := range 24 {
		f := float64(k)
		p := state.PrimedNeuron{Address: model.Neuron(3, 63-2*k), Layer: "conv3", Selectivity: probe.Number(round(0.9 - 0.01*f)), Gain: [2]float64{round(0.5 + 0.01*f), 1},
			Push: round(0.12 - 0.005*f), Effect: within(-0.25+0.012*f, 0.005), Share: probe.Number(round((0.25 - 0.012*f) / 1.7)), P: 0.001, Adjusted: 0.0012, Carries: true}
		if k%2 == 1 {
			p.Selectivity, p.Push, p.Gain = -p.Selectivity, -p.Push, [2]float64{1, p.Gain[0]}
		}
		if k < n.Top {
			frozen := within(0.1-0.004*f, 0.01)
			p.Frozen = &frozen
		}
		switch {
		case k == 23: // dead
			p = state.PrimedNeuron{Address: p.Address, Layer: p.Layer, Selectivity: probe.Undefined, Gain: [2]float64{1, 1}, Share: 0, P: probe.Undefined, Adjusted: probe.Undefined}
		case k == 22:
			p.P, p.Adjusted, p.Carries = 0.3, 0.3, false
		case k > 19:
			p.Effect, p.Push, p.Address.Layer, p.Layer = within(0.02, 0.004), -p.Push, 2, "conv2"
			p.Address.Unit = k
		}
		n.Neurons = append(n.Neurons, p)
	}
}
