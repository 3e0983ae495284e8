package reports

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

func TestGoldenPairs(t *testing.T) {
	goldenEntries(t, map[string]Entry{
		"0008-pairs-top-7":              Pairs(fixturePairs(t)),
		"0009-dissociate-3-17-and-3-41": Dissociate(fixtureDissociate(t)),
	})
}

func TestPairsWording(t *testing.T) {
	accuracy, err := ablate.ParseMetric("accuracy", []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	entropy, err := ablate.ParseMetric("cross-entropy", []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	noEffect := func(x *ablate.Epistasis) {
		x.Interacting = 0
		for k := range x.Pairs {
			x.Pairs[k].Significant = false
		}
	}
	var b bytes.Buffer
	for _, c := range []struct {
		name   string
		change func(x *ablate.Epistasis)
	}{
		{"as it is", func(*ablate.Epistasis) {}},
		{"one pair interacts, not the largest", func(x *ablate.Epistasis) { noEffect(x); x.Interacting, x.Pairs[1].Significant = 1, true }},
		{"none after correction", noEffect},
		{"all add up", func(x *ablate.Epistasis) { noEffect(x); x.Exact = len(x.Pairs) }},
		{"named neurons", func(x *ablate.Epistasis) { x.Choice = nil }},
		{"two neurons, resample, accuracy, on select", func(x *ablate.Epistasis) {
			x.Choice, x.Kind, x.Metric, x.Split = nil, ablate.Resample, accuracy, datasets.Select
			x.Singles, x.Pairs, x.Interacting = x.Singles[:2], x.Pairs[:1], 1
			x.Exact = 0
		}},
		{"mean, cross-entropy", func(x *ablate.Epistasis) { x.Kind, x.Metric = ablate.Mean, entropy }},
	} {
		r := fixturePairs(t)
		c.change(&r.Result)
		writeWording(t, &b, c.name, Pairs(r))
	}
	golden(t, "wording-pairs.txt", b.Bytes())
}

func writeWording(t *testing.T, b *bytes.Buffer, name string, e Entry) {
	t.Helper()
	if err := e.check(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	fmt.Fprintf(b, "== %s\nslug:     %s\ntitle:    %s\nquestion: %s\nanswer:   %s\nmethod:   %s\n", name, e.Slug, e.Title, e.Question, e.Answer, e.Method)
	for _, s := range e.Sections {
		for _, block := range s.Blocks {
			if t, ok := block.(Table); ok {
				for _, n := range t.Notes {
					fmt.Fprintf(b, "note:     %s\n", n.Text)
				}
			}
		}
	}
	fmt.Fprintf(b, "caveats:  %d\n\n", len(e.Caveats))
}

func TestDissociateWording(t *testing.T) {
	var b bytes.Buffer
	for _, c := range []struct {
		name   string
		change func(x *ablate.Dissociation)
	}{
		{"as it is", func(*ablate.Dissociation) {}},
		{"named, the other way round", func(x *ablate.Dissociation) {
			x.Search = nil
			x.Outcomes[0], x.Outcomes[1] = x.Outcomes[1], x.Outcomes[0]
			x.Hurts = [2]int{1, 0}
			for u := range 2 {
				x.Within[u] = ablate.Interval{Estimate: -x.Within[u].Estimate, Low: -x.Within[u].High, High: -x.Within[u].Low}
			}
		}},
		{"uncrossed", func(x *ablate.Dissociation) {
			x.Verdict, x.Between[0] = ablate.UncrossedDissociation, within(-0.3, 0.1)
		}},
		{"single", func(x *ablate.Dissociation) {
			x.Verdict, x.Hurts[1], x.Within[1] = ablate.SingleDissociation, -1, within(-0.05, 0.1)
		}},
		{"a gain and no damage", func(x *ablate.Dissociation) {
			x.Verdict, x.Hurts[1], x.Lost[1][1] = ablate.SingleDissociation, -1, within(0.01, 0.1)
		}},
		{"none", func(x *ablate.Dissociation) {
			x.Verdict, x.Hurts = ablate.NoDissociation, [2]int{-1, -1}
			x.Within = [2]ablate.Interval{within(0.04, 0.1), within(-0.05, 0.1)}
			x.Interaction, x.P = within(0.09, 0.15), 0.23
		}},
		{"both hurt cats", func(x *ablate.Dissociation) {
			x.Verdict, x.Hurts, x.Within[1] = ablate.NoDissociation, [2]int{0, 0}, within(0.7, 0.1)
			x.Interaction, x.P = within(0.09, 0.05), 0.06
		}},
		{"features", func(x *ablate.Dissociation) {
			x.Outcomes[0] = ablate.Outcome{Name: "whiskers", Kind: ablate.OfFeature, With: 67, Without: 133}
			x.Outcomes[1] = ablate.Outcome{Name: "collar", Kind: ablate.OfFeature, With: 40, Without: 160}
		}},
		{"nothing crosses", func(x *ablate.Dissociation) {
			*x = ablate.Dissociation{Kind: ablate.Zero, Metric: x.Metric, Split: x.Split, Outcomes: x.Outcomes, Search: x.Search, Seed: 1, Resamples: 2000, Permutations: 999}
			for k := range x.Search.Best {
				x.Search.Best[k].Score = round(-0.01 * float64(k))
			}
			x.Search.Confirmed = ablate.ScoredPair{}
		}},
		{"a search on the images it is measured on", func(x *ablate.Dissociation) { x.Split = datasets.Select }},
	} {
		r := fixtureDissociate(t)
		c.change(&r.Result)
		writeWording(t, &b, c.name, Dissociate(r))
	}
	golden(t, "wording-dissociate.txt", b.Bytes())
}

// TestManyPairsAreCut: 64 neurons have 2,016 pairs; the table lists 20 of them, and says so.
func TestManyPairsAreCut(t *testing.T) {
	r := fixturePairs(t)
	first := r.Result.Pairs[0]
	r.Result.Singles, r.Result.Pairs, r.Result.Choice = nil, nil, nil
	for k := range 64 {
		r.Result.Singles = append(r.Result.Singles, ablate.SingleLoss{Address: model.Neuron(3, k), Layer: "conv3", Lost: within(0.1, 0.05)})
		for a := range k {
			p := first
			p.A, p.B = model.Neuron(3, a), model.Neuron(3, k)
			r.Result.Pairs = append(r.Result.Pairs, p)
		}
	}
	text := string(Pairs(r).Markdown("0001-x"))
	for _, want := range []string{"1,996 more pairs only in the JSON file", "34 more neurons only in the JSON file", "neurons 3:0-63 act for themselves"} {
		if !strings.Contains(text, want) {
			t.Errorf("the entry does not say %q", want)
		}
	}
}

// TestMatrixFitsThePage: whatever the number of units, the picture is as wide as the page, not
// much higher, and changes with what counts.
func TestMatrixFitsThePage(t *testing.T) {
	picture := func(n int, counts bool) []byte {
		m := pairMatrix{write: lossWords{}.decimals, above: "buffering", below: "synergistic", unit: "alone"}
		for k := range n {
			m.labels, m.groups, m.single = append(m.labels, fmt.Sprintf("3:%d", k)), append(m.groups, k/3), append(m.single, float64(k)-2)
		}
		m.pair = func(a, b int) matrixCell { return matrixCell{float64(a) - float64(b)/2, counts && a == 0} }
		return m.png()
	}
	for _, n := range []int{2, 7, 12, 20, 64} {
		data := picture(n, true)
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if size := img.Bounds().Size(); size.X != plotWidth || size.Y < 150 || size.Y > 900 {
			t.Errorf("%d units: %v pixels", n, size)
		}
		if bytes.Equal(data, picture(n, false)) {
			t.Errorf("%d units: what counts does not show", n)
		}
	}
}
