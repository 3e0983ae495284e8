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

// TestCompareClaims: the claim about brains stands over a comparison of two rules alone, and is answered.
func TestCompareClaims(t *testing.T) {
	plain, rules, both := fixtureCompare(t), fixtureCompareSeeds(t), fixtureCompareSeeds(t)
	both.Result.A.Rule = ablate.ForwardForward
	if a, b, c := plain.claim(), rules.claim(), both.claim(); a != "" || b != "A brain does not back-propagate." || c != "" {
		t.Errorf("claims %q, %q and %q", a, b, c)
	}
	if a := rules.answer(); !strings.HasPrefix(a, "Trained without backpropagation, by forward-forward, a network answers 81.5 % rightly") || !strings.Contains(a, "n = 200 images of A's data and 200 of B's") {
		t.Errorf("%q", a)
	}
}

// TestCompareSaysWhatIsNotShown: a difference that may be chance is not told as one.
func TestCompareSaysWhatIsNotShown(t *testing.T) {
	r := fixtureCompare(t)
	for k := range r.Result.Rows {
		r.Result.Rows[k].Adjusted = 0.4
	}
	if a := r.answer(); !strings.HasPrefix(a, "0 of 12 measures tested differ") || !strings.Contains(a, "which shows no difference") || strings.Contains(a, "surest") {
		t.Errorf("%q", a)
	}
	r.Result.SameNetwork = true
	if a := r.answer(); !strings.Contains(a, "this is the control") {
		t.Errorf("%q", a)
	}
	// Where seeds are the yardstick, only what exceeds them is named: of a group the first, so neither
	// the AUROC (0.060 within 0.061) nor the index of Gini.
	if a := fixtureCompareSeeds(t).answer(); !strings.Contains(a, "the surest others: class read from hidden layers −7.0 pp") || strings.Contains(a, "Gini") || strings.Contains(a, "AUROC") {
		t.Errorf("%q", a)
	}
}

func TestCompareDrawsTheSameTwice(t *testing.T) {
	a, b := Compare(fixtureCompareSeeds(t)).figures(), Compare(fixtureCompareSeeds(t)).figures()
	if len(a) != 3 {
		t.Errorf("%d pictures, want 3", len(a))
	}
	for k := range a {
		if !bytes.Equal(a[k].PNG, b[k].PNG) {
			t.Errorf("two drawings of %s differ", a[k].File)
		}
	}
}
