package reports

import (
	"strings"
	"testing"

	"neuroprobe/ablate/selftest"
	"neuroprobe/probe"
)

func fixtureSelftest(failing bool) SelftestReport {
	r := SelftestReport{Of: 3, Built: "go1.26", Platform: "linux/amd64", Sweeps: "AVX2", Workers: 2, Run: fixtureRun("neuroprobe selftest"), Results: []selftest.Result{
		{Room: "stats", Name: "Wilson interval of 81 in 263", Source: "Newcombe 1998, table I", Expected: []float64{0.2553, 0.3662}, Tolerance: 5e-5, Got: []probe.Number{0.25529, 0.36621}, Pass: true},
		{Room: "model", Name: "cnn: sham of every neuron, bits that differ", Source: "identity", Expected: []float64{0}, Got: []probe.Number{0}, Pass: true},
		{Room: "ablate", Name: "XOR: Δ(a), Δ(b), Δ(ab), ε", Source: "by hand", Expected: []float64{-1, -1, 0, 2}, Tolerance: 1e-6, Got: []probe.Number{-1, -1, 0, 2}, Pass: true},
	}}
	if failing {
		r.Of, r.Command, r.Only = 74, "neuroprobe selftest --run sham", "sham"
		r.Results[1].Got, r.Results[1].Pass = []probe.Number{17}, false
		r.Results[2].Got, r.Results[2].Pass = []probe.Number{-1, -1, 0, 2.00001}, false
		r.Results = append(r.Results, selftest.Result{Room: "probe", Name: "map and part: IoU", Source: "by hand", Expected: []float64{3. / 7, 1}, Tolerance: 1e-12, Error: "panic: index out of range"})
	}
	return r
}

func TestGoldenSelftest(t *testing.T) {
	for name, r := range map[string]SelftestReport{"selftest": fixtureSelftest(false), "selftest-fails": fixtureSelftest(true)} {
		e := Selftest(r)
		text, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", []byte(Terminal(e)))
		golden(t, name+".json", text)
	}
}

// TestSelftestSummary is the line that is filed.
func TestSelftestSummary(t *testing.T) {
	for failing, want := range map[bool]string{false: "3 of 3 pass: neuroprobe ", true: "1 of 4 pass: neuroprobe "} {
		got := fixtureSelftest(failing).Summary()
		if !strings.HasPrefix(got, want) || !strings.Contains(got, "; sweeps: AVX2; linux/amd64 on ") {
			t.Errorf("%q", got)
		}
	}
}
