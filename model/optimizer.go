package model

import (
	"fmt"
	"math"

	"neuroprobe/model/kernel"

	G "gorgonia.org/gorgonia"
)

// AdamW is Adam (Kingma & Ba 2015) with bias correction and decoupled weight decay
// (Loshchilov & Hutter 2019), as a gorgonia.Solver. Gorgonia's own keep learning rate and
// moments unexported, which rules out a schedule and an exact resume.
//
// Weight decay applies to matrices and kernels, not to biases.
type AdamW struct {
	Rate         float64 // learning rate of the next step
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64
	// Coupled adds the decay to the gradient instead (Adam with L2 penalty).
	Coupled bool

	// The state: steps taken, and the first and second moments of each parameter.
	Steps   int
	Moments []Moments
}

// Moments are the running means of one parameter's gradient and of its square.
type Moments struct{ First, Second []float32 }

// NewAdamW uses the customary β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
func NewAdamW(rate, weightDecay float64) *AdamW {
	return &AdamW{Rate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: weightDecay}
}

var _ G.Solver = (*AdamW)(nil)

// Step moves every parameter against its gradient. The parameters must come in the same
// order every time. A gradient that is not finite is an error, and nothing is changed.
func (a *AdamW) Step(params []G.ValueGrad) error {
	if a.Moments == nil {
		a.Moments = make([]Moments, len(params))
	}
	if len(params) != len(a.Moments) {
		return fmt.Errorf("model: optimizer has state for %d parameters, not %d", len(a.Moments), len(params))
	}
	values, gradients := make([][]float32, len(params)), make([][]float32, len(params))
	for i, p := range params {
		grad, err := p.Grad()
		if err != nil {
			return err
		}
		var okV, okG bool
		values[i], okV = p.Value().Data().([]float32)
		gradients[i], okG = grad.Data().([]float32)
		if !okV || !okG || len(values[i]) != len(gradients[i]) {
			return fmt.Errorf("model: optimizer: parameter %d is not float32 with a gradient of its size", i)
		}
		if firstNotFinite(gradients[i]) >= 0 {
			return errNotFinite
		}
	}
	a.Steps++
	for i, v := range values {
		if a.Moments[i].First == nil {
			a.Moments[i] = Moments{make([]float32, len(v)), make([]float32, len(v))}
		}
		decay := a.WeightDecay
		if params[i].Value().Shape().Dims() < 2 {
			decay = 0
		}
		const block = 1 << 14
		m := a.Moments[i]
		kernel.Parallel(0, (len(v)+block-1)/block, func(_, task int) {
			lo, hi := task*block, min((task+1)*block, len(v))
			a.update(v[lo:hi], gradients[i][lo:hi], Moments{m.First[lo:hi], m.Second[lo:hi]}, decay)
		})
	}
	return nil
}

var errNotFinite = fmt.Errorf("a gradient is not a finite number")

func (a *AdamW) update(value, grad []float32, m Moments, decay float64) {
	b1, b2 := float32(a.Beta1), float32(a.Beta2)
	correct1 := 1 - math.Pow(a.Beta1, float64(a.Steps))
	correct2 := 1 - math.Pow(a.Beta2, float64(a.Steps))
	step := float32(a.Rate / correct1)
	root := float32(1 / math.Sqrt(correct2))
	epsilon := float32(a.Epsilon)
	shrink, penalty := float32(1-a.Rate*decay), float32(0)
	if a.Coupled {
		shrink, penalty = 1, float32(decay)
	}
	first, second := m.First[:len(value)], m.Second[:len(value)]
	grad = grad[:len(value)]
	for k, g := range grad {
		g += penalty * value[k]
		first[k] = b1*first[k] + (1-b1)*g
		second[k] = b2*second[k] + (1-b2)*g*g
		value[k] = value[k]*shrink - step*first[k]/(float32(math.Sqrt(float64(second[k])))*root+epsilon)
	}
}

// cosineRate is the learning rate at a step: from the peak at step 0 to 0 after the last
// (Loshchilov & Hutter 2017, without restarts).
func cosineRate(peak float64, step, steps int) float64 {
	return peak * 0.5 * (1 + math.Cos(math.Pi*float64(step)/float64(steps)))
}
