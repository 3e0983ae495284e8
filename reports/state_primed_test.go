package reports

import (
	"bytes"
	"image/png"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/probe"
)

func TestGoldenPrimed(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0050-primed-dog-cat": Primed(fixturePrimed(t))})
}

func TestPrimedWording(t *testing.T) {
	none := state.Correlation{R: probe.Undefined, Low: probe.Undefined, High: probe.Undefined, P: probe.Undefined}
	nothing := func(x *state.Priming) {
		x.Neurons.Carries, x.Neurons.Tires, x.Neurons.Tests = none, none, 0
		for k := range x.Neurons.Neurons {
			x.Neurons.Neurons[k].Carries = false
		}
		x.Decay = state.Decay{Tau: state.Constant{Estimate: probe.Undefined}, Late: state.Constant{Estimate: probe.Undefined}, Gains: probe.Undefined, Body: 4}
	}
	var b bytes.Buffer
	for _, c := range []struct {
		name   string
		change func(x *state.Priming)
	}{
		{"assimilation, carried by neurons", func(x *state.Priming) {
			x.Verdict = state.Assimilation
			x.Groups[0].Effect, x.Groups[3].Effect = within(1.7, 0.1), within(1.6, 0.1)
			x.Neurons.Carries.R, x.Neurons.Carries.Low, x.Neurons.Carries.High = 0.5, 0.4, 0.6
		}},
		{"neither", func(x *state.Priming) {
			x.Verdict = state.Neither
			x.Groups[0].Effect, x.Groups[0].P = within(-0.1, 0.2), 0.4
			x.Groups[3].Effect = within(1.6, 0.1)
			x.Controls[1].P, x.Neurons.Carries.High = 0.2, 0.1
		}},
		{"without fatigue", func(x *state.Priming) { nothing(x); x.Body.Fatigue, x.Verdict = 0, state.Neither }},
		{"lesions, random primes, no late fit", func(x *state.Priming) {
			x.Lesions, x.Choice, x.Duration, x.Delay = []model.Address{model.Neuron(3, 1), model.Neuron(3, 2), model.Neuron(2, 7)}, state.Random, 2.5, 1
			x.Decay.Late = state.Constant{Estimate: probe.Undefined}
		}},
		{"one lesion, all controls have an effect", func(x *state.Priming) {
			x.Lesions = []model.Address{model.Neuron(3, 1)}
			for k := range x.Controls {
				x.Controls[k].Effect, x.Controls[k].P = within(-1, 0.1), 0.001
			}
			x.Shifts, x.ClassOf = [2][]float64{}, nil
		}},
	} {
		r := fixturePrimed(t)
		c.change(&r.Result)
		e := Primed(r)
		writeWording(t, &b, c.name, e)
		for _, s := range e.Sections {
			for _, block := range s.Blocks {
				if p, ok := block.(Paragraph); ok {
					b.WriteString(s.Title + ": " + string(p) + "\n")
				}
			}
		}
		if _, err := e.JSON(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	golden(t, "wording-primed.txt", b.Bytes())
}

// TestPrimedPictures are drawn, whatever there is to draw.
func TestPrimedPictures(t *testing.T) {
	r := fixturePrimed(t)
	empty := fixturePrimed(t)
	for k := range empty.Result.Curves {
		for i := range empty.Result.Curves[k].Points {
			empty.Result.Curves[k].Points[i].Effect = ablate.Interval{}
		}
	}
	for k := range empty.Result.Neurons.Neurons {
		empty.Result.Neurons.Neurons[k].Effect = ablate.Interval{}
	}
	for t := range empty.Result.Shifts[0] {
		empty.Result.Shifts[0][t], empty.Result.Shifts[1][t] = 0, 0
	}
	for _, r := range []PrimedReport{r, empty} {
		for name, picture := range map[string][]byte{"shifts": r.shiftsPNG(), "curves": r.curvesPNG(), "neurons": r.neuronsPNG()} {
			image, err := png.Decode(bytes.NewReader(picture))
			if err != nil || image.Bounds().Dx() != plotWidth {
				t.Errorf("%s: %v, %v", name, err, image)
			}
		}
	}
	if !bytes.Equal(r.curvesPNG(), fixturePrimed(t).curvesPNG()) {
		t.Error("two drawings of the same curves differ")
	}
}
