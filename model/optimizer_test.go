package model_test

import (
	"fmt"
	"math"
	"testing"

	"neuroprobe/model"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type pair struct{ value, grad *tensor.Dense }

func (p pair) Value() G.Value         { return p.value }
func (p pair) Grad() (G.Value, error) { return p.grad, nil }

// TestAdamAgainstGorgonias takes the same steps with both solvers.
func TestAdamAgainstGorgonias(t *testing.T) {
	vec := func(v ...float32) *tensor.Dense { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
	ours, theirs := vec(1, -2, 0.5), vec(1, -2, 0.5)
	a, b := model.NewAdamW(0.01, 0), G.NewAdamSolver(G.WithLearnRate(0.01))
	for step := range 20 {
		s := float32(step + 1)
		if err := a.Step([]G.ValueGrad{pair{ours, vec(0.3*s, -0.1, float32(math.Sin(float64(s))))}}); err != nil {
			t.Fatal(err)
		}
		if err := b.Step([]G.ValueGrad{pair{theirs, vec(0.3*s, -0.1, float32(math.Sin(float64(s))))}}); err != nil {
			t.Fatal(err)
		}
		closeEnough(t, fmt.Sprint("step ", step+1), ours.Data().([]float32), theirs.Data().([]float32))
	}
}

// TestWeightDecayByHand: with a gradient of 0, decoupled decay multiplies by 1 - rate·decay.
func TestWeightDecayByHand(t *testing.T) {
	w := tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{2}))
	bias := tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{2}))
	zero := func(shape ...int) *tensor.Dense {
		return tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	}
	a := model.NewAdamW(0.1, 0.5)
	if err := a.Step([]G.ValueGrad{pair{w, zero(1, 1)}, pair{bias, zero(1)}}); err != nil {
		t.Fatal(err)
	}
	closeEnough(t, "weight", w.Data().([]float32), []float32{1.9})
	closeEnough(t, "bias", bias.Data().([]float32), []float32{2})
}

// TestCoupledDecayAgainstGorgonias: Adam with an L2 penalty, the penalty being part of the gradient.
func TestCoupledDecayAgainstGorgonias(t *testing.T) {
	vec := func(v ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, len(v)), tensor.WithBacking(v))
	}
	ours, theirs := vec(1, -2, 0.5), vec(1, -2, 0.5)
	a, b := model.NewAdamW(0.01, 0.3), G.NewAdamSolver(G.WithLearnRate(0.01), G.WithL2Reg(0.3))
	a.Coupled = true
	for step := range 20 {
		s := float32(step + 1)
		if err := a.Step([]G.ValueGrad{pair{ours, vec(0.3*s, -0.1, 0.2)}}); err != nil {
			t.Fatal(err)
		}
		if err := b.Step([]G.ValueGrad{pair{theirs, vec(0.3*s, -0.1, 0.2)}}); err != nil {
			t.Fatal(err)
		}
		closeEnough(t, fmt.Sprint("step ", step+1), ours.Data().([]float32), theirs.Data().([]float32))
	}
}
