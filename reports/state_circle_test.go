package reports

import (
	"math"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureCircle is a layer of 14 neurons over three steps, whose first neurons matter and one of which
// turns.
func fixtureCircle(t testing.TB) CircleReport {
	r := CircleReport{Source: fixtureSource(t, "neuroprobe state circle"), Result: state.Circle{Layer: 2, Name: "recur2", Units: 14, Steps: 3, Classes: []string{"cat", "dog"},
		Split: datasets.Confirm, Images: 200, ShuffledP: 0.0476, ShamArms: 4, Tests: 52, Resamples: 2000, Permutations: 999, Seed: 1,
		Warnings: []string{"the features are of the fixture's own making"}}}
	x := &r.Result
	for k := range 3 {
		f := float64(k)
		read := state.CircleReading{Step: k + 1, Accuracy: within(0.88+0.03*f, 0.04), Diff: within(1.5+1.7*f, 0.2), AccuracyChange: within(0.03*(f-2), 0.02), DiffChange: within(1.7*(f-2), 0.1), Other: 8 * (2 - k), P: probe.Number(round(0.01 + 0.3*f))}
		if k == 2 {
			read.AccuracyChange, read.DiffChange, read.P = ablate.Interval{}, ablate.Interval{}, 1
		}
		x.Readings = append(x.Readings, read)
		x.Activity = append(x.Activity, state.StepActivity{Step: k + 1, Mean: []float64{round(0.4 + 0.3*f), round(0.3 + 0.2*f)}, Firing: round(0.3 - 0.02*f), Change: []float64{1, 0.42, 0.21}[k], Similar: []float64{0.9, 0.97, 1}[k]})
		x.SilentLayer = append(x.SilentLayer, state.CircleArm{What: "layer silent at step " + string(rune('1'+k)), Accuracy: round(0.93 - 0.1*f), Change: within(-0.01-0.1*f, 0.02), Diff: within(-1-f, 0.1), P: probe.Number(round(0.02 - 0.009*f))})
	}
	x.SilentLayer = append(x.SilentLayer, state.CircleArm{What: "layer silent at all steps", Accuracy: 0.5, Change: within(-0.44, 0.05), Diff: within(-4.9, 0.2), P: 1e-20})
	x.Cut = state.CircleArm{What: "circle cut: no weights back", Accuracy: 0.88, Change: within(-0.06, 0.03), Diff: within(-3.4, 0.2), P: 0.004}
	x.Parts = []state.CircleArm{{What: "weights back to itself alone", Accuracy: 0.93, Change: within(-0.01, 0.02), Diff: within(0.4, 0.1), P: 0.4},
		{What: "weights back between neurons alone", Accuracy: 0.89, Change: within(-0.05, 0.03), Diff: within(-3.2, 0.2), P: 0.01}}
	for k := range 20 {
		x.Shuffled = append(x.Shuffled, state.CircleArm{What: "feedback shuffled", Accuracy: round(0.86 + 0.002*float64(k)), Change: within(-0.08+0.002*float64(k), 0.03), Diff: within(-3.5, 0.2), P: 0.01})
	}
	some := func(v, half float64) state.CircleEffect {
		p := probe.Number(0.001)
		if math.Abs(v) < half {
			p = 0.3
		}
		return state.CircleEffect{Interval: within(v, half), P: p, Adjusted: p}
	}
	for u := range 14 {
		size := -0.8 * math.Pow(0.7, float64(u))
		n := state.CircleNeuron{Address: model.Neuron(2, 13-u), Turned: u == 4, All: some(size, 0.04), Interaction: some(-size, 0.05), Accuracy: round(size / 20)}
		for k := range 3 {
			share := []float64{0.2, 0.5, 1.1}[k]
			n.Mean, n.Index, n.Preferred = append(n.Mean, round(0.2*float64(k+1))), append(n.Index, 0.3), append(n.Preferred, u%2)
			n.Lesions = append(n.Lesions, some(share*size, 0.04))
		}
		x.Neurons = append(x.Neurons, n)
	}
	return r
}

func TestGoldenCircle(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0052-circle-recur2": Circle(fixtureCircle(t))})
}

// TestCircleOfASingleStep: a layer that works once has a page too.
func TestCircleOfASingleStep(t *testing.T) {
	r := fixtureCircle(t)
	x := &r.Result
	x.Steps, x.Readings, x.Activity, x.SilentLayer = 1, x.Readings[2:], x.Activity[2:], x.SilentLayer[2:]
	x.Readings[0].Step, x.Activity[0].Step = 1, 1
	for k := range x.Neurons {
		x.Neurons[k].Lesions = x.Neurons[k].Lesions[2:]
	}
	e := Circle(r)
	if !strings.HasPrefix(e.Answer, "Here a layer works once on an image") || !strings.Contains(e.Answer, "lesions of 0 matter at a step before the last") {
		t.Errorf("answer %q", e.Answer)
	}
	if err := e.check(); err != nil {
		t.Error(err)
	}
}

func TestOrdinals(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 22: "22nd", 101: "101st", 113: "113th"} {
		if got := ordinal(n); got != want {
			t.Errorf("ordinal(%d) = %q, want %q", n, got, want)
		}
	}
}
