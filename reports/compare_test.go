package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/ablate"
)

func TestGoldenCompare(t *testing.T) {
	goldenEntries(t, map[string]Entry{
		"0050-compare-lab-dense": Compare(fixtureCompare(t)),
		"0051-compare-lab-ff":    Compare(fixtureCompareSeeds(t)),
	})
}

// TestCompareClaims: the claim about brains stands over a comparison of two rules alone.
func TestCompareClaims(t *testing.T) {
	plain, rules := Compare(fixtureCompare(t)), Compare(fixtureCompareSeeds(t))
	if plain.Claim != "" || rules.Claim != "A brain does not back-propagate." {
		t.Errorf("claims %q and %q", plain.Claim, rules.Claim)
	}
	both := fixtureCompareSeeds(t)
	both.Result.A.Rule = ablate.ForwardForward
	if e := Compare(both); e.Claim != "" {
		t.Errorf("two networks of one rule: claim %q", e.Claim)
	}
	if !strings.Contains(rules.Answer, "n = 200 images of A's data and 200 of B's") {
		t.Errorf("%q", rules.Answer)
	}
}

// TestCompareSaysWhatIsNotShown: a difference that may be chance is not told as one.
func TestCompareSaysWhatIsNotShown(t *testing.T) {
	r := fixtureCompare(t)
	for k := range r.Result.Rows {
		r.Result.Rows[k].Adjusted = 0.4
	}
	if e := Compare(r); !strings.HasPrefix(e.Answer, "0 of 12 measures tested differ") || !strings.Contains(e.Answer, "which shows no difference") || strings.Contains(e.Answer, "surest") {
		t.Errorf("%q", e.Answer)
	}
	r.Result.SameNetwork = true
	if e := Compare(r); !strings.Contains(e.Answer, "this is the control") {
		t.Errorf("%q", e.Answer)
	}
}

func TestCompareDrawsTheSameTwice(t *testing.T) {
	a, b := Compare(fixtureCompare(t)).figures(), Compare(fixtureCompare(t)).figures()
	if len(a) != 5 {
		t.Errorf("%d pictures, want 5", len(a))
	}
	for k := range a {
		if !bytes.Equal(a[k].PNG, b[k].PNG) {
			t.Errorf("two drawings of %s differ", a[k].File)
		}
	}
}
