package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// ShapleyReport is what Shapley values of units hand in.
type ShapleyReport struct {
	Result *ablate.ShapleyResult
	Source
}

// Shapley is the entry of the Shapley values of units.
func Shapley(r ShapleyReport) Entry {
	name, slug := r.players()
	return Entry{
		Kind:     "ablate-shapley",
		Slug:     slug,
		Title:    "Shapley values of " + name,
		Question: fmt.Sprintf("How much of %s does each of %s account for, when all are given their fair share, and what do single lesions miss?", r.metric(), name),
		Answer:   r.answer(name),
		Method:   r.method(name),
		Sections: nonEmpty(r.sharesSection(), r.disagreementSection(), r.checksSection()),
		Warnings: r.warnings(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(r.Result.Split, r.Result.Seed,
			Fact{"bootstrap resamples", Count(r.Result.Resamples)}, Fact{"orders", Count(r.Result.Orders)}),
		Run:  r.Run,
		Data: shapleyData{r.Result.Split.String(), r.Result},
	}
}

// shapleyData are Shapley values for programs.
type shapleyData struct {
	Split string `json:"split"`
	*ablate.ShapleyResult
}

// players names the units: a whole layer or a list.
func (r ShapleyReport) players() (name, slug string) {
	units := slices.Clone(r.Result.Units)
	slices.SortFunc(units, func(a, b ablate.ShapleyUnit) int {
		return (a.Address.Layer-b.Address.Layer)*1_000_000 + a.Address.Unit - b.Address.Unit
	})
	layer := units[0].Address.Layer
	all := len(units) == r.Network.Geometry(layer).Act[0]
	var targets []ablate.Target
	for _, u := range units {
		all = all && u.Address.Layer == layer && u.Address.Unit != model.AllUnits && u.Address.Row == model.AllPositions
		targets = append(targets, ablate.Target{Address: u.Address, Layer: u.Layer})
	}
	if all {
		return fmt.Sprintf("the %s of layer %d (%s)", plural(len(units), "neuron"), layer, units[0].Layer), Slug("shapley", fmt.Sprint(layer))
	}
	t := nameTargets(r.Network, targets)
	return t.name, strings.Replace(t.slug, "ablate-", "shapley-", 1)
}

func (r ShapleyReport) metric() string { return r.Result.Metric.Name }

// value, change and span are numbers of the metric.
func (r ShapleyReport) value(x float64) string {
	if r.Result.Metric.Percent {
		return Percent(x)
	}
	return Number(x)
}

func (r ShapleyReport) change(x float64) string {
	if math.Abs(x) < roundingOfFloat32 {
		x = 0
	}
	if r.Result.Metric.Percent {
		return unit(signedFixed(100*x, 2), "pp")
	}
	return Signed(x)
}

func (r ShapleyReport) span(i ablate.Interval) string {
	low, high := i.Low, i.High
	for _, end := range []*float64{&low, &high} {
		if math.Abs(*end) < roundingOfFloat32 {
			*end = 0
		}
	}
	if r.Result.Metric.Percent {
		return unit(interval(100*low, 100*high, 2, true), "pp")
	}
	return SignedInterval(low, high)
}

// roundingOfFloat32 is what rounding errors of logits can leave of a difference of exactly 0.
const roundingOfFloat32 = 1e-6

// images says what was measured on.
func (r ShapleyReport) images() string {
	s := fmt.Sprintf("%s %s", Count(r.Result.Images), imagesOf(r.Result.Split))
	if r.Result.Images < r.Result.Of {
		s = fmt.Sprintf("%s random %s of %s", Count(r.Result.Images), imagesOf(r.Result.Split), Count(r.Result.Of))
	}
	if r.Result.Counted < r.Result.Images {
		s += fmt.Sprintf(", of which the metric counts %s", Count(r.Result.Counted))
	}
	return s
}

func imagesOf(split datasets.Split) string { return split.String() + " images" }

// disagreeing are the units whose value and single lesion disagree, the largest difference first.
func (r ShapleyReport) disagreeing() []ablate.ShapleyUnit {
	var all []ablate.ShapleyUnit
	for _, u := range r.Result.Units {
		if u.Verdict != ablate.ShapleyAgrees {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b ablate.ShapleyUnit) int {
		x, y := math.Abs(a.Difference.Estimate), math.Abs(b.Difference.Estimate)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return all
}

// additive tells that no unit's value differs from its lesion by more than rounding errors.
func (r ShapleyReport) additive() bool {
	return !slices.ContainsFunc(r.Result.Units, func(u ablate.ShapleyUnit) bool {
		return math.Abs(u.Difference.Estimate) > 10*roundingOfFloat32 || u.SE > 10*roundingOfFloat32
	})
}

func (r ShapleyReport) answer(name string) string {
	res := r.Result
	s := fmt.Sprintf("Ablating %s all together costs %s of %s (95 %% interval %s, n = %s %s)", name, strings.TrimPrefix(r.change(res.Total.Estimate), "+"), r.metric(), r.span(res.Total),
		Count(res.Counted), imagesOf(res.Split))
	if u := res.Units[0]; u.Value.Low > roundingOfFloat32 {
		s += fmt.Sprintf("; the largest share is that of %v, %s %s", u.Address, r.change(u.Value.Estimate), r.span(u.Value))
	} else {
		s += "; no unit has a share above 0 that can be told from 0"
	}
	if r.additive() {
		return s + "; the units do not interact in this metric, so single lesions say the same."
	}
	off := r.disagreeing()
	if len(off) == 0 {
		return s + fmt.Sprintf("; for none of them do single lesion and Shapley value disagree (rank correlation %s).", figure(res.Rank))
	}
	u := off[0]
	return s + fmt.Sprintf("; single lesions disagree with the shares of %d of %s (rank correlation %s), most with that of %v: its lesion alone costs %s, its share is %s.",
		len(off), Count(len(res.Units)), figure(res.Rank), u.Address, r.change(u.Single.Estimate), r.change(u.Value.Estimate))
}

func (r ShapleyReport) method(name string) string {
	res := r.Result
	how := fmt.Sprintf("All %s coalitions were measured, in the order of a Gray code, each one unit away from the one before: the values are exact for these images.", Count(1<<len(res.Units)))
	errors := "Intervals are 95 % paired bootstrap intervals over images"
	if !res.Exact {
		how = fmt.Sprintf("The units left one after another in %s random orders, each of %s drawn and gone through forwards and backwards (antithetic: effects of two units on each other cancel within such a pair); "+
			"φ is the mean marginal contribution. SE is the standard error for the orders being a sample: with d the mean of the two orders of a pair, sd(d)/√%d.", Count(res.Orders), Count(res.Orders/2), res.Orders/2)
		errors = "Intervals are 95 % paired bootstrap intervals over images, widened by 1.96 SE (in quadrature) for the orders"
	}
	loss := ""
	if res.Metric.Loss {
		loss = " The metric is a loss and is taken with a minus, so that more is better."
	}
	filled := "its activation set to 0"
	if res.Kind == ablate.Mean {
		filled = "its activation replaced by its mean over the select split"
	}
	return fmt.Sprintf("Shapley values of units (Ghorbani and Zou 2020). The players are %s; v(S) is %s on %s with every player outside S ablated (%s ablation: %s), all other units being intact.%s "+
		"A unit's value is its marginal contribution averaged over all orders in which units can leave, φᵢ = 1/n · Σ over sizes s of the mean over coalitions S of size s without i of v(S ∪ i) − v(S). "+
		"It is the only division with Σφ = v(all) − v(none) that gives 0 to who never matters, the same to who does the same, and adds over metrics. A positive φ is a contribution. %s "+
		"The single lesion is what is lost by ablating the unit alone, v(all) − v(all without i): the same sign, so that both can be compared. Difference = φ − single lesion, image by image. "+
		"%s (%s, seed %d).",
		name, res.Metric.Name, r.images(), res.Kind, filled, loss, how, errors, plural(res.Resamples, "resample"), res.Seed)
}

// warnings stand above the method, because they concern every number.
func (r ShapleyReport) warnings() []string {
	if r.additive() && strings.HasPrefix(r.Result.Metric.Name, "logit-diff") {
		return []string{"the metric is a sum of what these units do one by one, as a difference of two logits is of the last hidden layer: values and single lesions are the same by construction. Another metric (accuracy, cross-entropy) or an earlier layer has interactions to divide"}
	}
	return nil
}

func (r ShapleyReport) caveats() []string {
	res := r.Result
	c := []string{
		"A value is a unit's average over states most of which never occur: with half the units ablated the network is far from what it was trained to be. It divides the joint effect fairly; it does not say what the unit computes.",
	}
	if res.Kind == ablate.Zero {
		c = append(c, "Zero ablation is off-distribution, the more so the more units are out; --kind mean takes the mean activation instead.")
	}
	if n := len(res.Units); n > 1 {
		c = append(c, fmt.Sprintf("There are %s intervals of values and as many of single lesions, none corrected for multiple comparisons: if nothing had an effect, about 1 in 20 would still exclude 0. "+
			"The largest of %s estimates is also likely to be too large.", Count(n), Count(n)))
	}
	if res.Split == datasets.Select {
		c = append(c, "Measured on the select split: if the units were chosen on these images, their values are overstated.")
	}
	return append(c, "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
}

// shownUnits is how many units the table of shares has.
const shownUnits = 20

func (r ShapleyReport) row(u ablate.ShapleyUnit) []string {
	row := []string{u.Address.String(), r.change(u.Value.Estimate), r.span(u.Value)}
	if !r.Result.Exact {
		se := Number(u.SE)
		if r.Result.Metric.Percent {
			se = fixed(100*u.SE, 2)
		}
		row = append(row, se)
	}
	return append(row, r.change(u.Single.Estimate), r.span(u.Single), r.change(u.Difference.Estimate), string(u.Verdict))
}

func (r ShapleyReport) columns() []Column {
	names := []string{"φ", "95 % interval"}
	if !r.Result.Exact {
		names = append(names, "SE")
	}
	c := append(textColumns("neuron"), numberColumns(append(names, "single lesion", "95 % interval", "difference")...)...)
	return append(c, textColumns("single lesion and φ")...)
}

// sharesSection is the table of values, and the picture.
func (r ShapleyReport) sharesSection() Section {
	units := r.Result.Units
	t := Table{Columns: r.columns(), Terminal: true}
	for _, u := range units[:min(len(units), shownUnits)] {
		t.Rows = append(t.Rows, r.row(u))
	}
	if more := len(units) - shownUnits; more > 0 {
		last := units[len(units)-1]
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("The %d largest of %s; %s more only in the JSON, down to %s of %v.", shownUnits, Count(len(units)), Count(more), r.change(last.Value.Estimate), last.Address)})
	}
	if r.ordersDominate() {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Most intervals are as wide as they are because only %s orders were drawn; four times --permutations-of-units would halve the standard errors.", Count(r.Result.Orders))})
	}
	t.Notes = append(t.Notes, warningNotes(r.Result.Warnings)...)
	return Section{"Shares", []Block{t, r.figure()}}
}

// ordersDominate tells that more than half of the width of most intervals comes from the sample of
// orders and not from that of images.
func (r ShapleyReport) ordersDominate() bool {
	wide := 0
	for _, u := range r.Result.Units {
		if half := (u.Value.High - u.Value.Low) / 2; u.SE > roundingOfFloat32 && 1.96*u.SE > half/math.Sqrt2 {
			wide++
		}
	}
	return 2*wide > len(r.Result.Units)
}

func (r ShapleyReport) figure() Figure {
	scale, axis := 1.0, r.metric()
	if r.Result.Metric.Percent {
		scale, axis = 100, "percentage points of "+r.metric()
	}
	s := scatterPlot{x: "lost by the single lesion (" + axis + ")", y: "Shapley value φ (" + axis + ")", sign: true,
		diagonal: "φ = single lesion", marked: "disagree", plain: "agree"}
	for _, u := range r.Result.Units {
		of := func(i ablate.Interval) effect { return effect{scale * i.Estimate, scale * i.Low, scale * i.High} }
		s.points = append(s.points, scatterPoint{u.Address.String(), of(u.Single), of(u.Value), u.Verdict != ablate.ShapleyAgrees})
	}
	return Figure{File: "shapley.png", PNG: s.png(), Alt: "Shapley value against single-lesion effect, a point a unit, with 95 % intervals",
		Caption: "Each unit's Shapley value against what its lesion alone costs, with 95 % intervals (thin lines, cut off at the edge); the axes differ in scale. Above the diagonal the lesion shows too little: others stand in for the unit. Below it the lesion shows too much."}
}

// verdicts are the ways in which a single lesion can mislead, with what they mean.
var verdicts = []struct {
	match ablate.ShapleyMatch
	means string
}{
	{ablate.ShapleyMissed, "not told from 0 alone, but has a share: others stand in for it (redundant)"},
	{ablate.ShapleyMore, "alone it costs less than its share: others stand in for part of it"},
	{ablate.ShapleyLess, "alone it costs more than its share: it works together with others, whose lesions count the same work again"},
	{ablate.ShapleyNothing, "alone it matters, but on average over states of the others it has no share that can be told from 0"},
	{ablate.ShapleyOpposite, "alone it helps and on average it hurts, or the other way round"},
}

// disagreementSection names the units that single lesions are wrong about.
func (r ShapleyReport) disagreementSection() Section {
	res := r.Result
	if r.additive() {
		return Section{"Where single lesions mislead", []Block{Paragraph("Nowhere: every unit's value is what its lesion alone costs, to within rounding errors. The units do not interact in this metric.")}}
	}
	off := r.disagreeing()
	told := fmt.Sprintf("Values and single lesions rank the units with a Spearman correlation of %s. They disagree for %s of %s: the interval of their difference excludes 0 and, besides, "+
		"only one of them can be told from 0, or their signs differ, or their intervals do not overlap. The single lesions add up to %s, the values to %s.",
		figure(res.Rank), Count(len(off)), plural(len(res.Units), "unit"), r.change(r.singles()), r.change(res.Sum))
	if len(off) == 0 {
		return Section{"Where single lesions mislead", []Block{Paragraph(told)}}
	}
	t := Table{Columns: append(textColumns("single lesion and φ", "what it means"), append(numberColumns("units"), textColumns("which, largest difference first")...)...)}
	for _, v := range verdicts {
		var names []string
		for _, u := range off {
			if u.Verdict == v.match {
				names = append(names, u.Address.String())
			}
		}
		if n := len(names); n > 0 {
			shown := names[:min(n, 8)]
			if n > 8 {
				shown = append(shown, fmt.Sprintf("%d more", n-8))
			}
			t.Rows = append(t.Rows, []string{string(v.match), v.means, Count(n), enumerate(shown)})
		}
	}
	return Section{"Where single lesions mislead", []Block{Paragraph(told), t}}
}

// singles is what the single lesions add up to.
func (r ShapleyReport) singles() float64 {
	sum := 0.0
	for _, u := range r.Result.Units {
		sum += u.Single.Estimate
	}
	return sum
}

func (r ShapleyReport) checksSection() Section {
	res := r.Result
	t := Table{Columns: append(textColumns("check"), numberColumns("expected", "found")...)}
	t.Rows = [][]string{
		{"Σφ = v(all) − v(none)", r.precise(res.Total.Estimate), r.precise(res.Sum)},
		{"v(none), units out one by one = all at once", r.precise(res.AtOnce), r.precise(res.None)},
	}
	t.Notes = []Note{{Text: fmt.Sprintf("v(all) = %s, v(none) = %s. The run fails if the first two differ by more than 1e-9; they differ by %s. The second compares two ways through the arithmetic, in float32. %s coalitions were run, %s.",
		r.value(res.All), r.value(res.None), Number(math.Abs(res.Total.Estimate-res.Sum)), Count(res.Coalitions), "the intact network, single lesions and repetitions included")}}
	sham := fmt.Sprintf("Sham arms: an edit that keeps the activation as it is, on each unit and through the same code, left every logit of %s bit-identical.", plural(res.Sham.Images, "image"))
	return Section{"Checks", []Block{t, Paragraph(sham)}}
}

// precise shows enough digits for a check.
func (r ShapleyReport) precise(x float64) string { return significant(x, 6) }
