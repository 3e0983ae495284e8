package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// CompareReport is what a comparison of two networks hands in. Source is that of A.
type CompareReport struct {
	Result *ablate.Comparison
	Sets   [2]*datasets.Set
	Source
}

// backpropClaim is what the project's founding text says of learning.
const backpropClaim = "A brain does not back-propagate."

// Compare is the entry of a comparison of two networks.
func Compare(r CompareReport) Entry {
	x := r.Result
	facts := []Fact{{"model digest of B", x.B.Digest}, {"data of B", x.B.Data}, {"data digest of B", x.B.DataDigest}, {"untrained seeds", fmt.Sprintf("%d, %d", x.A.UntrainedSeed, x.B.UntrainedSeed)},
		{"bootstrap resamples", Count(x.Resamples)}, {"permutations", Count(x.Permutations)}}
	return Entry{
		Kind:       "compare",
		Slug:       Slug("compare", x.A.Name, x.B.Name),
		Title:      fmt.Sprintf("%s and %s compared", x.A.Name, x.B.Name),
		Claim:      r.claim(),
		Question:   r.question(),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.measuresSection(), r.similaritySection(), r.lesionsSection(), r.selectivitySection(), r.decodingSection(), r.seedsSection(), r.networksSection()),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, facts...),
		Run:        r.Run,
		Data: struct {
			Split string `json:"split"`
			*ablate.Comparison
		}{x.Split.String(), x},
	}
}

// claim is put to the test by two rules of learning, and by nothing else.
func (r CompareReport) claim() string {
	if r.forwardForward() >= 0 {
		return backpropClaim
	}
	return ""
}

// forwardForward is the side that was trained by forward-forward where the other was not, 0 or 1;
// -1 where there is none.
func (r CompareReport) forwardForward() int {
	a, b := r.Result.A.Rule == ablate.ForwardForward, r.Result.B.Rule == ablate.ForwardForward
	switch {
	case a == b:
		return -1
	case a:
		return 0
	}
	return 1
}

func (r CompareReport) question() string {
	if a, b := r.Result.A, r.Result.B; r.forwardForward() >= 0 {
		return fmt.Sprintf("Can a network learn without backpropagation, and what differs between %s (A, %s) and %s (B, %s): is it more than chance?", a.Name, a.Rule, b.Name, b.Rule)
	}
	return fmt.Sprintf("What differs between these two specimens, %s (A) and %s (B), and is it more than chance?", r.Result.A.Name, r.Result.B.Name)
}

// sure tells whether a row's difference survives correction, with an interval on one side of 0.
func sure(row ablate.CompareRow) bool {
	return float64(row.Adjusted) < probe.Alpha && row.Difference.Clear()
}

// surest are the sure rows, without those that seeds may have made where these are the yardstick, by how
// many widths of its interval the difference is from 0; of a group of measures, which say much the same,
// the first.
func (r CompareReport) surest() []ablate.CompareRow {
	var out []ablate.CompareRow
	for _, row := range r.Result.Rows {
		if known := row.Seeds != nil && row.Seeds.Reach.Defined(); sure(row) && (!known || row.Seeds.Beyond(float64(row.Difference.Estimate))) {
			out = append(out, row)
		}
	}
	distance := func(row ablate.CompareRow) float64 {
		d := row.Difference
		return math.Abs(float64(d.Estimate)) / float64(d.High-d.Low)
	}
	slices.SortStableFunc(out, func(a, b ablate.CompareRow) int { return cmp.Compare(distance(b), distance(a)) })
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(row ablate.CompareRow) bool {
		again := seen[row.Group]
		seen[row.Group] = true
		return again
	})
}

// namedDifferences is how many differences the answer names beside the accuracy.
const namedDifferences = 3

func (r CompareReport) answer() string {
	x := r.Result
	if x.SameNetwork {
		said := fmt.Sprintf("A and B are the same network: on %s (n = %s) every measure is the same", x.Split, plural(x.A.Images, "image"))
		if s := x.Similarity; s != nil {
			said += fmt.Sprintf(", and the mean debiased CKA of a layer with itself is %s", fixed(float64(s.Mean.Estimate), 3))
		}
		return said + "; this is the control, and shows nothing else."
	}
	differ := 0
	for _, row := range x.Rows {
		if sure(row) {
			differ++
		}
	}
	verb := "differ"
	if differ == 1 {
		verb = "differs"
	}
	accuracy := x.Rows[0]
	said := ""
	if k := r.forwardForward(); k >= 0 {
		forward, back := accuracy.A, accuracy.B
		if k == 1 {
			forward, back = back, forward
		}
		said = fmt.Sprintf("Trained without backpropagation, by forward-forward, a network answers %s rightly (95 %% interval %s), by backpropagation %s (%s). ", Percent(float64(forward.Value)),
			PercentInterval(float64(forward.Low), float64(forward.High)), Percent(float64(back.Value)), PercentInterval(float64(back.Low), float64(back.High)))
	}
	said += fmt.Sprintf("%s of %s tested %s after correction on %s (%s; one network each). B (%s) less A (%s): accuracy %s (95 %% interval %s, adjusted %s)", Count(differ), plural(x.Tests, "measure"), verb, x.Split, r.images(), x.B.Name, x.A.Name,
		compareSigned(accuracy, float64(accuracy.Difference.Estimate)), compareInterval(accuracy), equalsP(float64(accuracy.Adjusted)))
	if !sure(accuracy) {
		said += ", which shows no difference"
	}
	var named []string
	for _, row := range r.surest() {
		if row.Group != accuracy.Group && len(named) < namedDifferences {
			named = append(named, fmt.Sprintf("%s %s (%s)", row.Name, compareSigned(row, float64(row.Difference.Estimate)), compareInterval(row)))
		}
	}
	if len(named) > 0 {
		said += "; the surest others: " + strings.Join(named, ", ")
	}
	said += "."
	if s := x.Similarity; s != nil {
		low, high := r.untrainedRange()
		said += fmt.Sprintf(" Hidden layers of the same depth have a mean debiased CKA of %s (%s), %s of untrained networks %s to %s; shuffled images give %s.",
			fixed(float64(s.Mean.Estimate), 2), r.cka(s.Mean), plural(len(s.UntrainedPairs), "pair"), fixed(low, 2), fixed(high, 2), fixed(r.nullDebiased(), 2))
	}
	if beyond, of := r.beyond(); of > 0 {
		said += fmt.Sprintf(" Of the %s that differ, %s by more than two seeds of one lab make it (95 %%).", Count(of), Count(beyond))
	}
	return said
}

// beyond counts the sure rows whose difference exceeds what seeds make.
func (r CompareReport) beyond() (beyond, of int) {
	for _, row := range r.Result.Rows {
		if sure(row) && row.Seeds != nil && row.Seeds.Reach.Defined() {
			of++
			if row.Seeds.Beyond(float64(row.Difference.Estimate)) {
				beyond++
			}
		}
	}
	return beyond, of
}

// images says on how many images, and whether both saw the same ones.
func (r CompareReport) images() string {
	count := func(a, b int) string {
		if r.Result.SameData {
			return plural(a, "image")
		}
		return fmt.Sprintf("%s of A's data and %s of B's", plural(a, "image"), Count(b))
	}
	a, b := r.Result.A, r.Result.B
	said := "n = " + count(a.Images, b.Images)
	if r.Result.SameData {
		said += ", the same for both"
	}
	if a.Judged != a.Images || b.Judged != b.Images {
		said += "; answers on " + count(a.Judged, b.Judged)
	}
	return said
}

func (r CompareReport) cka(c ablate.Change) string {
	return "95 % interval " + interval(float64(c.Low), float64(c.High), 2, false)
}

// untrainedRange is that of the untrained pairs' mean similarity.
func (r CompareReport) untrainedRange() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range r.Result.Similarity.UntrainedPairs {
		low, high = min(low, float64(v)), max(high, float64(v))
	}
	return low, high
}

// nullDebiased is the mean over cells of the debiased CKA under shuffled images.
func (r CompareReport) nullDebiased() float64 {
	sum, n := 0.0, 0.0
	for _, row := range r.Result.Similarity.Between.Cells {
		for _, c := range row {
			if c.NullDebiased.Defined() {
				sum, n = sum+float64(c.NullDebiased), n+1
			}
		}
	}
	return sum / n
}

// compareValue shows a measure's value, compareSigned a difference, compareInterval its interval.
func compareValue(row ablate.CompareRow, v float64) string {
	if row.Percent {
		return Percent(v)
	}
	return fixed(v, 3)
}

func compareSigned(row ablate.CompareRow, v float64) string {
	if row.Percent {
		return Points(v)
	}
	return signedFixed(v, 3)
}

func compareInterval(row ablate.CompareRow) string {
	d := row.Difference
	if row.Percent {
		return PointsInterval(float64(d.Low), float64(d.High))
	}
	return interval(float64(d.Low), float64(d.High), 3, true)
}

func (r CompareReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "A is the network of %s, B that of %s. Differences are B − A, on the %s split (%s). ", x.A.Name, x.B.Name, x.Split, r.images())
	if x.SameData {
		s.WriteString("Both were measured on the same images, so that differences are paired: bootstrap resamples draw the same images for both. p: McNemar's exact test for the accuracy, sign flips for other means over images, else the bootstrap's 2·(min(#{d* ≤ 0}, #{d* ≥ 0}) + 1)/(m + 1). ")
	} else {
		s.WriteString("Each was measured on its own data: resamples are drawn for each by itself, and p is the bootstrap's 2·(min(#{d* ≤ 0}, #{d* ≥ 0}) + 1)/(m + 1). ")
	}
	fmt.Fprintf(&s, "Intervals are 95 %% percentile bootstrap intervals over images (%s); they hold the two networks fixed. p is adjusted by Benjamini and Hochberg over the %s of the table. Permutations and sign flips: %s. Seed %d. ",
		plural(x.Resamples, "resample"), plural(x.Tests, "tested measure"), Count(x.Permutations), x.Seed)
	s.WriteString("Untrained: a network of the same wiring and input normalisation with the weights that training would have begun with, from another seed. ")
	return s.String()
}

// definitions are the measures, for under their table.
func (r CompareReport) definitions() []string {
	x := r.Result
	return []string{
		"Class AUROC of a neuron: a hidden neuron's AUROC for the class and in the direction that it tells best on select, mean over neurons; 0.5 is chance. A channel is its mean over positions throughout. Selective: beats permuted classes (adjusted over the network's neurons). Class-selectivity index: (μ − μ̄ of the others)/(sum) for the class of the highest mean on select (Morcos et al. 2018).",
		"Sparseness: (1 − a)/(1 − 1/n), a = mean(r)²/mean(r²) (Treves and Rolls 1991; Vinje and Gallant 2000): lifetime, of a neuron over images; population, of a layer over its neurons, mean over images and layers; an image to which a layer is silent counts as 1. Layers with a ReLU alone. Dead: never above 0 on select and the measured images; always on: above 0 everywhere.",
		fmt.Sprintf("Effects: change of the mean logit difference by zero ablation of one hidden neuron. Important: beats sign flips (%s, adjusted over neurons). Gini index of |effect|: 0 if all neurons matter alike, towards 1 if one does.", Count(x.Permutations)),
		"Area: under the curve of accuracy over the share of hidden neurons silenced, ranked by contribution on select, or in 10 random orders.",
		"Read from hidden layers: accuracy of linear probes (L2-penalised logistic regression, fitted on train, penalty chosen on select), mean over hidden layers and features.",
		"Shares of all neurons (selective, dead, always on, important) are counts of a network's own neurons: no interval belongs to them.",
	}
}

// measuresSection is the one table.
func (r CompareReport) measuresSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("measure"), numberColumns("A", "B", "B − A", "95 % interval", "adjusted p", "untrained A", "untrained B")...), Terminal: true}
	seeds := r.hasSeeds()
	if seeds {
		t.Columns = append(t.Columns, numberColumns("seeds: 95 % within")...)
	}
	for _, row := range x.Rows {
		if !row.A.Value.Defined() && !row.B.Value.Defined() {
			continue
		}
		cells := []string{row.Name, compareValue(row, float64(row.A.Value)), compareValue(row, float64(row.B.Value)), compareSigned(row, float64(row.Difference.Estimate)), compareInterval(row), PValue(float64(row.Adjusted)),
			compareValue(row, float64(row.Untrained[0])), compareValue(row, float64(row.Untrained[1]))}
		if sure(row) {
			cells[5] += " *"
		}
		if seeds {
			cells = append(cells, seedsCell(row))
		}
		t.Rows = append(t.Rows, cells)
	}
	t.Notes = []Note{{Text: fmt.Sprintf("A: %s. B: %s. *: differs after correction over %s, interval on one side of 0.", x.A.Name, x.B.Name, plural(x.Tests, "test"))}}
	if seeds {
		t.Notes = append(t.Notes, Note{Text: "Seeds: how far two networks of one lab, which differ in their seeds alone, differ at most in 95 % of cases (t·√2·SD between networks, pooled over labs). !: the difference between A and B is larger."})
	}
	t.Notes = append(t.Notes, warningNotes(x.Warnings)...)
	blocks := []Block{t}
	if list := r.definitions(); len(list) > 0 {
		blocks = append(blocks, List(list))
	}
	return Section{"Measures", blocks}
}

func (r CompareReport) hasSeeds() bool {
	return slices.ContainsFunc(r.Result.Rows, func(row ablate.CompareRow) bool { return row.Seeds != nil && row.Seeds.Reach.Defined() })
}

// seedsCell shows the yardstick.
func seedsCell(row ablate.CompareRow) string {
	if row.Seeds == nil || !row.Seeds.Reach.Defined() {
		return Missing
	}
	s := "± " + fixed(float64(row.Seeds.Reach), 3)
	if row.Percent {
		s = "± " + unit(fixed(100*float64(row.Seeds.Reach), 1), "pp")
	}
	if row.Seeds.Beyond(float64(row.Difference.Estimate)) {
		s += " !"
	}
	return s
}

func (r CompareReport) caveats() []string {
	x := r.Result
	var c []string
	if a, b := x.A.Others, x.B.Others; a+b == 0 {
		c = append(c, "One network against one is an anecdote (n = 1 each): intervals hold these two fixed and say nothing of other networks raised in the same ways. Labs raised with train --specimens would give the yardstick: how much seeds alone make differ.")
	} else {
		c = append(c, fmt.Sprintf("The yardstick rests on %s of A's lab and %s of B's: with so few the spread between seeds is poorly known.", plural(a+1, "network"), Count(b+1)))
	}
	if k := r.forwardForward(); k >= 0 {
		c = append(c, "That a network can be trained without backpropagation says that learning of this kind does not need it, not that a brain learns so: forward-forward still wants exact sums, separate positive and negative phases, and a label in the input.")
	}
	if !x.SameData {
		c = append(c, "The labs have different data: what differs may be the images, not the networks. Nothing here separates the two.")
	}
	if x.A.Spec != x.B.Spec || x.A.Hidden != x.B.Hidden {
		c = append(c, "The networks are of different makes: means over neurons and shares of them depend on how many there are and where. The tables by layer tell more.")
	}
	return append(c,
		"CKA of channel means over positions does not see where in an image something is. CKA is led by the directions of the largest variance (Kornblith et al. 2019): networks may differ in small directions that decide answers.",
		"That a similarity beats shuffled images says that both networks see the same images, which untrained ones do too. What training adds is the difference from untrained networks.",
		"Zero ablation is off-distribution, with many neurons at 0 more so than with one: curves are about robustness to that, not about what each neuron encodes.",
		"A linear probe shows what can be read from a layer, not what the network uses.",
		"With many images even a tiny difference is detected: look at B − A, not at p.")
}
