package selftest

import (
	"context"
	"math"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

func stateCases() []Case {
	by := func(name string, tolerance float64, run func(context.Context) ([]float64, error), want ...float64) Case {
		return Case{"state", name, "by hand", want, tolerance, run}
	}
	// κ = 2, τ = 5 and a constant drive of ½: the gain falls as ½ + ½·exp(−2t/5) to 1/(1+κr) = ½.
	at := func(t float64) float64 { return 0.5 + 0.5*math.Exp(-2*t/5) }
	return []Case{
		{"state", "fatigue under a constant drive at t = 0, 1, 3, 1000", "closed form", []float64{1, at(1), at(3), 0.5}, 1e-7, fatigue},
		// From a gain of ½ what is missing falls to a 1/e in τ.
		by("recovery after 0, τ, 2τ", 1e-9, recovery, 0.5, 1-0.5/math.E, 1-0.5/(math.E*math.E)),
		{"state", "no body: logits that differ in a bit in 10 showings", "identity", []float64{0}, 0, bodiless},
		// Two neurons repeat x = 1, at a gain of ½; the output adds them up: 1, and ½ without one.
		by("a lesion in a tired network: intact, lesioned", 1e-6, tiredLesion, 1, 0.5),
	}
}

// relay is a neuron that repeats its input, and an output that repeats the neuron.
func relay() *model.Network { return modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}}) }

// subject is one subject with a body. Every neuron's usual rate is 1.
func subject(n *model.Network, b state.Body) (*state.Session, error) {
	rates := &state.Rates{Mean: make([][]float64, n.Depth()+1), SD: make([][]float64, n.Depth()+1)}
	for l := 1; l <= n.Depth(); l++ {
		for range n.Geometry(l).Act[0] {
			rates.Mean[l], rates.SD[l] = append(rates.Mean[l], 1), append(rates.SD[l], 1)
		}
	}
	return state.NewSession(n, b, rates, 0, state.NewState(n, 1))
}

func fatigue(context.Context) (gains []float64, err error) {
	for _, t := range []float64{0, 1, 3, 1000} {
		s, err := subject(relay(), state.Body{Fatigue: 2, Recovery: 5})
		if err != nil {
			return nil, err
		}
		if _, err := s.Show([]float32{0.5}, t); err != nil {
			return nil, err
		}
		gains = append(gains, s.State.Gain(1, 0, 0))
	}
	return gains, nil
}

func recovery(context.Context) (gains []float64, err error) {
	s, err := subject(relay(), state.Body{Fatigue: 1, Recovery: 3})
	if err != nil {
		return nil, err
	}
	if _, err := s.Show([]float32{1}, 1000); err != nil {
		return nil, err
	}
	for k := range 3 {
		if err := s.Rest(3 * min(1, float64(k))); err != nil {
			return nil, err
		}
		gains = append(gains, s.State.Gain(1, 0, 0))
	}
	return gains, nil
}

func bodiless(context.Context) ([]float64, error) {
	spec, err := model.Preset("cnn", model.Shape{3, 16, 16}, 2)
	if err != nil {
		return nil, err
	}
	n, image := modeltest.Random(spec, 3), modeltest.Images(spec.Input, 1, 4)
	plain, err := model.NewSession(n).Run(image, 0, nil, nil)
	if err != nil {
		return nil, err
	}
	s, err := subject(n, state.Body{})
	if err != nil {
		return nil, err
	}
	differ := 0.0
	for range 10 {
		got, err := s.Show(image, 1)
		if err != nil {
			return nil, err
		}
		for k, v := range got {
			differ += is(math.Float32bits(v) != math.Float32bits(plain[k]))
		}
	}
	return []float64{differ}, nil
}

func tiredLesion(context.Context) ([]float64, error) {
	s, err := subject(modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 1, 0}}), state.Body{Fatigue: 1, Recovery: 1})
	if err != nil {
		return nil, err
	}
	if _, err := s.Show([]float32{1}, 1000); err != nil {
		return nil, err
	}
	var out []float64
	for _, edits := range [][]model.Edit{nil, {model.Zero(model.Neuron(1, 0))}} {
		got, err := s.Show([]float32{1}, 0, edits...)
		if err != nil {
			return nil, err
		}
		out = append(out, float64(got[0]))
	}
	return out, nil
}
