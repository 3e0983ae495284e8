package selftest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestAllCasesPass(t *testing.T) {
	seen := map[string]bool{}
	err := Run(t.Context(), Cases(), func(r Result) {
		if !r.Pass {
			t.Errorf("%s: %s: got %v %s, want %v ± %v", r.Room, r.Name, r.Got, r.Error, r.Expected, r.Tolerance)
		}
		if id := r.Room + ": " + r.Name; seen[id] || r.Source == "" || len(r.Expected) == 0 {
			t.Errorf("%s: twice, without a source or without an answer", id)
		} else {
			seen[id] = true
		}
	})
	if err != nil || len(seen) != len(Cases()) {
		t.Errorf("%d of %d cases: %v", len(seen), len(Cases()), err)
	}
}

// TestWrongAnswersFail: a case must fail if its answer is out of tolerance, short, undefined, an error or
// a panic, and only then.
func TestWrongAnswersFail(t *testing.T) {
	answer := func(v ...float64) func(context.Context) ([]float64, error) {
		return numbers(func() []float64 { return v })
	}
	for name, c := range map[string]Case{
		"passes exact":    {Expected: []float64{1, -2}, Run: answer(1, -2)},
		"passes near":     {Expected: []float64{1}, Tolerance: 0.1, Run: answer(1.09)},
		"far":             {Expected: []float64{1}, Tolerance: 0.1, Run: answer(1.11)},
		"one of two":      {Expected: []float64{1, 2}, Run: answer(1, 2.5)},
		"wrong sign":      {Expected: []float64{1}, Run: answer(-1)},
		"short":           {Expected: []float64{1, 2}, Run: answer(1)},
		"long":            {Expected: []float64{1}, Run: answer(1, 1)},
		"nothing":         {Expected: []float64{0}, Run: answer()},
		"not a number":    {Expected: []float64{0}, Tolerance: 1, Run: answer(math.NaN())},
		"infinite":        {Expected: []float64{0}, Tolerance: 1, Run: answer(math.Inf(1))},
		"error":           {Expected: []float64{0}, Run: func(context.Context) ([]float64, error) { return []float64{0}, errors.New("the sham changed a bit") }},
		"panic":           {Expected: []float64{0}, Run: func(context.Context) ([]float64, error) { panic("index out of range") }},
		"no answer known": {Run: answer(0)},
	} {
		err := Run(t.Context(), []Case{c}, func(r Result) {
			if want := strings.HasPrefix(name, "passes"); r.Pass != want {
				t.Errorf("%s: pass %v", name, r.Pass)
			}
			if (name == "error" || name == "panic") != (r.Error != "") {
				t.Errorf("%s: error %q", name, r.Error)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryAnswerCounts: with any expected number moved by more than its tolerance, the case fails.
func TestEveryAnswerCounts(t *testing.T) {
	for _, c := range statsCases() {
		for k := range c.Expected {
			wrong := c
			wrong.Expected = append([]float64(nil), c.Expected...)
			wrong.Expected[k] += 2*c.Tolerance + 1e-6
			if r := wrong.result(t.Context()); r.Pass {
				t.Errorf("%s passes with the answer %v", c.Name, wrong.Expected)
			}
		}
	}
}

func TestStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	c := Case{Expected: []float64{1}, Run: numbers(func() []float64 { return []float64{1} })}
	err := Run(ctx, []Case{c, c, c}, func(Result) {
		asked++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("%d cases, %v", asked, err)
	}
}
