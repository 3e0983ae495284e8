package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestInterruptedAblationResumesToTheSameReport: the parts that were finished are kept, and only
// they; --resume wants the same command.
func TestInterruptedAblationResumesToTheSameReport(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, short...)
	before := contents(t, "lab")
	for at, parts := range map[string][]string{
		"controls": {"kinds.gob"},
		"rescue":   {"controls.gob", "dose.gob", "kinds.gob"},
	} {
		code, out, messages := interrupted(t, at, true, "ablate", "--neuron", "4:2")
		if code != exitInterrupted || out != "" || !strings.HasSuffix(messages, "hint: finished parts are kept; go on with: neuroprobe ablate --neuron 4:2 --resume\n") {
			t.Errorf("at %s: exit code %d with the product %q and %q", at, code, out, messages)
		}
		kept, err := filepath.Glob("lab/.parts/*/*")
		if err != nil || len(kept) != len(parts) {
			t.Fatalf("at %s: parts %q, want %q (%v)", at, kept, parts, err)
		}
		for k, name := range parts {
			if filepath.Base(kept[k]) != name {
				t.Errorf("at %s: parts %q, want %q", at, kept, parts)
			}
		}
	}
	if code, _, messages := neuroprobe(t.Context(), "ablate", "--neuron", "4:3", "--resume"); code != exitFailed || !strings.Contains(messages, "nothing to resume") {
		t.Errorf("another command resumes: exit code %d, %s", code, messages)
	}
	mustRun(t, "ablate", "--neuron", "4:2", "--resume")
	resumed := contents(t, "lab")
	t.Chdir(t.TempDir())
	mustRun(t, short...)
	sameContents(t, contents(t, "lab"), before)
	mustRun(t, "ablate", "--neuron", "4:2")
	sameContents(t, resumed, contents(t, "lab"))
}
