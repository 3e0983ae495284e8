package reports

import (
	"bytes"
	"strings"
	"testing"

	"neuroprobe/probe"
)

func TestGoldenCensus(t *testing.T) {
	goldenEntries(t, map[string]Entry{"0050-census": Census(fixtureCensus(t))})
}

func TestCensusAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(x *probe.Census)
		want   string
	}{
		{"as it is", func(*probe.Census) {}, "senders are on average more one-sided than under both nulls in layer 1 (75.0 % against 64.0 %)"},
		{"one null only", func(x *probe.Census) { x.Dale[0].Balance[2].AdjustedOver = 0.2 }, "no layer's mean balance differs from both nulls"},
		{"less", func(x *probe.Census) {
			for k := range x.Dale[0].Balance {
				x.Dale[0].Balance[k].AdjustedOver, x.Dale[0].Balance[k].AdjustedUnder = 1, 0.01
			}
		}, "less one-sided than under both nulls in layer 1"},
		{"obeyed", func(x *probe.Census) { x.Dale[0].Exact = 3 }, "And each of 3 senders keeps to one sign"},
		{"no test", func(x *probe.Census) { x.Dale = x.Dale[1:] }, "No layer's neurons can be tested"},
	} {
		r := fixtureCensus(t)
		c.change(r.Result)
		e := Census(r)
		if err := e.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !strings.Contains(e.Answer, c.want) {
			t.Errorf("%s: answer %q, want %q in it", c.name, e.Answer, c.want)
		}
	}
	a, b := Census(fixtureCensus(t)).figures(), Census(fixtureCensus(t)).figures()
	if len(a) != 3 || !bytes.Equal(a[0].PNG, b[0].PNG) {
		t.Errorf("%d pictures, want 3, the same each time", len(a))
	}
}
