package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
)

// plottedFeatures is how many features the picture shows; the table has all of them.
const plottedFeatures = 10

// featuresSection splits the effect by features, the strongest effect on the logit difference
// first.
func (r AblateReport) featuresSection() Section {
	features := slices.Clone(r.Features)
	if len(features) == 0 || r.nothing() {
		return Section{}
	}
	slices.SortStableFunc(features, func(a, b ablate.FeatureEffect) int {
		return cmp.Or(cmp.Compare(strength(b), strength(a)), strings.Compare(a.Feature, b.Feature))
	})
	t := Table{Columns: append(textColumns("feature", "images"), numberColumns("n", "logit difference: change", "95 % interval", "accuracy: change", "95 % interval")...)}
	var rows []effectRow
	for _, f := range features {
		t.Rows = append(t.Rows, groupRow(f.Feature, "with it", f.With), groupRow("", "without", f.Without))
		rows = append(rows, effectRow{f.Feature, []*effect{logitEffect(f.With), logitEffect(f.Without)}})
	}
	rows = rows[:min(len(rows), plottedFeatures)]
	caption := "Change of the logit difference on images with and without each feature, with 95 % intervals."
	if len(rows) < len(features) {
		caption = fmt.Sprintf("The %d features of the strongest effect. ", len(rows)) + caption
	}
	p := effectsPlot{
		axis:   "change of the logit difference (below 0 is damage)",
		series: []series{firstSeries("with the feature"), secondSeries("without it")},
		rows:   rows,
		write:  func(e effect) string { return Signed(e.estimate) + "  " + SignedInterval(e.low, e.high) },
	}
	if len(r.Others) > 0 {
		t.Caption = capital(string(r.Kind)) + " ablation"
		caption = strings.TrimSuffix(caption, ".") + fmt.Sprintf(", by %s ablation.", r.Kind)
	}
	return Section{"By feature", append([]Block{
		Figure{
			File:    "features.png",
			PNG:     p.png(),
			Alt:     "Change of the logit difference by feature, as in the table below",
			Caption: caption,
		},
		t,
	}, r.otherFeatures(features)...)}
}

// otherFeatures are the same rows under the other kinds of ablation.
func (r AblateReport) otherFeatures(features []ablate.FeatureEffect) []Block {
	if len(r.Others) == 0 {
		return nil
	}
	t := Table{Caption: "Change of the logit difference by the other kinds", Columns: append(textColumns("feature", "images"), numberColumns("n")...)}
	for _, k := range r.Others {
		t.Columns = append(t.Columns, numberColumns(string(k.Kind), "95 % interval")...)
	}
	shown := min(len(features), listedRows/2)
	if more := len(features) - shown; more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more feature") + " not listed here; the JSON file has them."})
	}
	for _, f := range features[:shown] {
		for i, images := range []string{"with it", "without"} {
			of := func(f ablate.FeatureEffect) ablate.Group { return []ablate.Group{f.With, f.Without}[i] }
			row := []string{[]string{f.Feature, ""}[i], images, Count(of(f).N)}
			for _, k := range r.Others {
				g := of(k.Features[slices.IndexFunc(k.Features, func(other ablate.FeatureEffect) bool { return other.Feature == f.Feature })])
				if g.N == 0 {
					row = append(row, Missing, Missing)
				} else {
					row = append(row, Signed(g.Logit.Estimate), SignedInterval(g.Logit.Low, g.Logit.High))
				}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return []Block{t}
}

// featureRows is how many rows of numbers the feature table has.
func (r AblateReport) featureRows() int {
	n := 0
	for _, f := range r.Features {
		for _, g := range []ablate.Group{f.With, f.Without} {
			if g.N > 0 {
				n++
			}
		}
	}
	return n
}

// strength is what features are sorted by: the larger change of the logit difference.
func strength(f ablate.FeatureEffect) float64 {
	s := 0.0
	for _, g := range []ablate.Group{f.With, f.Without} {
		if g.N > 0 {
			s = max(s, math.Abs(g.Logit.Estimate))
		}
	}
	return s
}

func logitEffect(g ablate.Group) *effect {
	if g.N == 0 {
		return nil
	}
	return &effect{g.Logit.Estimate, g.Logit.Low, g.Logit.High}
}

func groupRow(feature, images string, g ablate.Group) []string {
	if g.N == 0 {
		return []string{feature, images, "0", Missing, Missing, Missing, Missing}
	}
	return []string{feature, images, Count(g.N),
		Signed(g.Logit.Estimate), SignedInterval(g.Logit.Low, g.Logit.High),
		Points(g.Accuracy.Estimate), PointsInterval(g.Accuracy.Low, g.Accuracy.High)}
}
