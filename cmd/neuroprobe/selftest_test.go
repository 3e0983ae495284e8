package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"neuroprobe/ablate/selftest"
)

// TestWrongAnswerEndsSelftest: with one wrong answer among the cases, the command that users run prints
// the table all the same, names the case and ends with exit code 1.
func TestWrongAnswerEndsSelftest(t *testing.T) {
	wrong := selftest.Case{Room: "model", Name: "two and two", Source: "by hand", Expected: []float64{5},
		Run: func(context.Context) ([]float64, error) { return []float64{4}, nil }}
	var out, messages bytes.Buffer
	s := streams{Out: &out, Err: &messages}
	cmd := newSelftestCmd(&globals{streams: s, blas: "auto"}, func(ctx context.Context, o *selftestOptions) error {
		o.cases = append(o.cases[:3:3], wrong)
		return runSelftest(ctx, o)
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(nil)
	if code := ended(t.Context(), cmd.ExecuteContext(t.Context()), s); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if want := "neuroprobe: 1 of 4 cases failed:\nneuroprobe: model: two and two (by hand)\n"; messages.String() != want {
		t.Errorf("messages %q, want %q", messages.String(), want)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "3 of 4 pass: neuroprobe "+version) || !strings.Contains(out.String(), " model  two and two                   5                     4             NO") {
		t.Errorf("prints\n%s", out.String())
	}
}
