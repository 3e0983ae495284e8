package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate/selftest"
)

// SelftestReport is what became of the cases of a self-test.
type SelftestReport struct {
	Results []selftest.Result `json:"cases"`
	// Of is how many cases there are; fewer were run where Only says which.
	Of   int    `json:"all_cases"`
	Only string `json:"only,omitempty"`
	// Built says what the program was built with, Sweeps by what sweeps multiply, and where it ran.
	Built    string `json:"built_with"`
	Platform string `json:"platform"`
	Sweeps   string `json:"sweeps"`
	Workers  int    `json:"workers"`
	Run      `json:"-"`
}

// Failed are the cases that did not pass.
func (r SelftestReport) Failed() []selftest.Result {
	var failed []selftest.Result
	for _, x := range r.Results {
		if !x.Pass {
			failed = append(failed, x)
		}
	}
	return failed
}

// Summary is the certificate in one line.
func (r SelftestReport) Summary() string {
	n := len(r.Results)
	return fmt.Sprintf("%s of %s pass: neuroprobe %s, %s; sweeps: %s; %s on %s, %s", Count(n-len(r.Failed())), Count(n), r.Version, r.Arithmetic, r.Sweeps, r.Platform,
		r.Host, r.Created.UTC().Format("2006-01-02 15:04 UTC"))
}

// Selftest makes a certificate of the results.
func Selftest(r SelftestReport) Entry {
	n, failed := len(r.Results), r.Failed()
	e := Entry{
		Kind: "selftest", Slug: "selftest", Title: "Self-test",
		Question: "Does this copy of neuroprobe, on this machine, get right what is known beforehand?",
		Answer:   fmt.Sprintf("%s of %s ground-truth cases pass.", Count(n-len(failed)), Count(n)),
		Method: "Each case is a question with a known answer: a network wired by hand whose lesions were worked out on paper, an identity, a value " +
			"published by others, a slow way that shares no code with the fast one, or a negative control, where there is nothing to find. A case passes if each number " +
			"lies within the tolerance (±) of what is expected; without ± it must be exactly that. 1 stands for yes, 0 for no.",
		Caveats: []string{"The cases show that the machinery measures what it says, on networks for which the answer is known. A result on another network stands on its own controls."},
		Run:     r.Run, Data: r,
	}
	if len(failed) > 0 {
		e.Answer = fmt.Sprintf("%s of %s ground-truth cases fail: no number of this copy of neuroprobe on this machine should be trusted until it is known why.", Count(len(failed)), Count(n))
	}
	if n < r.Of {
		e.Warnings = append(e.Warnings, fmt.Sprintf("Only %s of %s cases were run: those that match %s.", Count(n), Count(r.Of), r.Only))
	}
	e.Provenance = append([]Fact{{"built with", r.Built}, {"platform", r.Platform}, {"sweeps", r.Sweeps}, {"workers", Count(r.Workers)}}, r.Run.facts()...)
	e.Sections = []Section{{"Cases", []Block{selftestTable(r.Results)}}}
	return e
}

func selftestTable(results []selftest.Result) Table {
	t := Table{Terminal: true, Columns: textColumns("room", "case", "expected", "got", "pass")}
	for i, r := range results {
		got, pass := make([]float64, len(r.Got)), "yes"
		for k, v := range r.Got {
			got[k] = float64(v)
		}
		expected := listed(r.Expected, 3)
		if r.Tolerance > 0 {
			expected += fmt.Sprintf(" ± %.2g", r.Tolerance)
		}
		shown := listed(got, 3)
		if !r.Pass {
			pass, shown = "NO", listed(got, 9) // enough to see by how much
			if r.Error != "" {
				shown = Missing
				t.Notes = append(t.Notes, Note{Text: sentence(r.Error), Row: i + 1, Col: 3})
			}
		}
		t.Rows = append(t.Rows, []string{r.Room, r.Name, expected, shown, pass})
	}
	return t
}

// listed are numbers by comma, without zeros at their ends.
func listed(values []float64, figures int) string {
	var out []string
	for _, v := range values {
		out = append(out, trimmed(significant(v, figures)))
	}
	if out == nil {
		return Missing
	}
	return strings.Join(out, ", ")
}

// trimmed is a plain decimal number without zeros at its end.
func trimmed(number string) string {
	if !strings.Contains(number, ".") || strings.Contains(number, "e") {
		return number
	}
	return strings.TrimRight(strings.TrimRight(number, "0"), ".")
}
