package selftest

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/probe"
)

// Case is a question with a known answer.
type Case struct {
	Room string // whose machinery it tries: "stats", "model", "probe", "ablate", "circuit", "state"
	Name string
	// Source is where the answer comes from: a paper, "by hand", or the slow way that was compared.
	Source   string
	Expected []float64
	// Tolerance is how far each number may lie from what is expected; 0: not at all.
	Tolerance float64
	Run       func(ctx context.Context) ([]float64, error)
}

// Cases are all cases, room by room.
func Cases() []Case {
	return slices.Concat(statsCases(), modelCases(), probeCases(), ablateCases(), circuitCases(), stateCases())
}

// Result is what became of a case.
type Result struct {
	Room      string         `json:"room"`
	Name      string         `json:"case"`
	Source    string         `json:"source"`
	Expected  []float64      `json:"expected"`
	Tolerance float64        `json:"tolerance"`
	Got       []probe.Number `json:"got"`
	Error     string         `json:"error,omitempty"` // why there are no numbers
	Pass      bool           `json:"pass"`
}

// Run asks every case in turn and tells see what became of it.
func Run(ctx context.Context, cases []Case, see func(Result)) error {
	for _, c := range cases {
		r := c.result(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		see(r)
	}
	return nil
}

func (c Case) result(ctx context.Context) Result {
	r := Result{Room: c.Room, Name: c.Name, Source: c.Source, Expected: c.Expected, Tolerance: c.Tolerance}
	got, err := c.ask(ctx)
	for _, v := range got {
		r.Got = append(r.Got, probe.Number(v))
	}
	if err != nil {
		r.Error = err.Error()
		return r
	}
	r.Pass = slices.EqualFunc(got, c.Expected, func(got, want float64) bool { return math.Abs(got-want) <= c.Tolerance })
	return r
}

// ask takes a panic for an answer too: a certificate that names the broken case is worth more than
// a stack trace.
func (c Case) ask(ctx context.Context) (got []float64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.Run(ctx)
}

// numbers makes a case's answer of values that take no time and cannot fail.
func numbers(f func() []float64) func(context.Context) ([]float64, error) {
	return func(context.Context) ([]float64, error) { return f(), nil }
}

// is counts what holds: 1 for true.
func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
