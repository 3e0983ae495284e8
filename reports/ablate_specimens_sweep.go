package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
)

// SweepSpecimensReport is a sweep over the hidden neurons of several networks.
type SweepSpecimensReport struct {
	Source
	Files []string // of the specimens, as the lab names them
	Sweep ablate.SweepReplication
}

// SweepSpecimens is the entry of a sweep made in several networks.
func SweepSpecimens(r SweepSpecimensReport) Entry {
	x := r.Sweep
	e := Entry{
		Kind:     "ablate-sweep-specimens",
		Slug:     Slug("ablate-sweep-specimens"),
		Title:    fmt.Sprintf("Ablation of every hidden neuron in %s", plural(len(x.Specimens), "network")),
		Question: fmt.Sprintf("Which findings of a sweep hold in all networks raised by the same recipe to tell %s?", telling(r.Set.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: nonEmpty(r.shareSection(), r.claimSection(), r.agreementSection(), r.concentrationSection(), networksSection(r.Files, r.facts(), x.Split, x.Images)),
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, append(specimenFiles(r.Files, r.facts()),
			Fact{"permutations", Count(x.Permutations)})...),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			ablate.SweepReplication
		}{x.Split.String(), x},
	}
	return e
}

func (r SweepSpecimensReport) facts() []ablate.SpecimenFacts {
	var all []ablate.SpecimenFacts
	for _, s := range r.Sweep.Specimens {
		all = append(all, s.SpecimenFacts)
	}
	return all
}

// neuronShare is how many neurons of a network's layer there are, and of how many the loss does something.
type neuronShare struct{ hits, of int }

func (s neuronShare) rate() float64 { return float64(s.hits) / float64(s.of) }

func (s neuronShare) String() string {
	return fmt.Sprintf("%d/%d (%s)", s.hits, s.of, Percent(s.rate()))
}

// shares are a count in each network; layer −1 is all of them.
func (r SweepSpecimensReport) shares(layer int, count func(ablate.LayerTally) int) []neuronShare {
	var all []neuronShare
	for _, s := range r.Sweep.Specimens {
		var sum neuronShare
		for i, l := range s.Layers {
			if layer < 0 || i == layer {
				sum.hits, sum.of = sum.hits+count(l), sum.of+l.Neurons
			}
		}
		all = append(all, sum)
	}
	return all
}

func hurts(l ablate.LayerTally) int { return l.Hurts }
func helps(l ablate.LayerTally) int { return l.Helps }

// meanAndRange is the mean and the range of shares over networks.
func meanAndRange(all []neuronShare) (mean, low, high float64) {
	low, high = 1, 0
	for _, s := range all {
		mean += s.rate() / float64(len(all))
		low, high = min(low, s.rate()), max(high, s.rate())
	}
	return mean, low, high
}

func (r SweepSpecimensReport) answer() string {
	x := r.Sweep
	mean, low, high := meanAndRange(r.shares(-1, hurts))
	how := fmt.Sprintf("%s neurons each, %s ablation, %s", Count(x.Neurons), x.Kind, plural(x.Images, x.Split.String()+" image"))
	s := fmt.Sprintf("The loss of %s of the hidden neurons hurts %s detectably, on average over %s (range %s; %s)",
		Percent(mean), x.Metric.Name, plural(len(x.Specimens), "network"), PercentInterval(low, high), how)
	if high == 0 {
		s = fmt.Sprintf("In none of %s does the loss of any single hidden neuron hurt %s detectably (%s)", plural(len(x.Specimens), "network"), x.Metric.Name, how)
	}
	if len(x.Layers) > 1 && high > 0 {
		type layer struct {
			name  string
			share float64
		}
		var layers []layer
		for i, name := range x.Layers {
			share, _, _ := meanAndRange(r.shares(i, hurts))
			layers = append(layers, layer{name, share})
		}
		slices.SortStableFunc(layers, func(a, b layer) int { return cmp.Compare(a.share, b.share) })
		least, most := layers[0], layers[len(layers)-1]
		s += fmt.Sprintf(", from %s in %s to %s in %s", Percent(least.share), least.name, Percent(most.share), most.name)
	}
	all := 0
	for _, c := range x.Claims {
		if c.Holds == c.Of {
			all++
		}
	}
	return s + fmt.Sprintf("; %d of %d claims tried hold in every network.", all, len(x.Claims))
}

func (r SweepSpecimensReport) method() string {
	x := r.Sweep
	side := "below 0"
	if x.Metric.Loss {
		side = "above 0"
	}
	return fmt.Sprintf("%s networks were raised by the same recipe on the same data from different seeds; the first is the reference. In each, every hidden neuron was ablated alone (%s) and %s measured on %s of the %s split: "+
		"effect = with ablation − without, %s is damage. Each effect is tested over images, by McNemar's exact test where images only change between right and wrong, else by %s of signs (seed %d), and corrected by Benjamini–Hochberg "+
		"over the %s of its network. The loss of a neuron hurts (helps) where the effect is damage (gain) with an adjusted p below 0.05. %s, and Benjamini–Hochberg over %s. Agreement is Spearman's rank correlation between the effects of the "+
		"reference's neurons and those of their homologues, with a one-sided p from dealing out the homologues of the layer at random, corrected over %s. The claims are the same whatever the outcome, those that fail are listed too; which "+
		"side of a claim is tried is read off the mean over networks, so that an order of two layers that means nothing would still hold in all %d with a chance of %s.",
		capital(numberWord(len(x.Specimens))), x.Kind, x.Metric.Name, plural(x.Images, "image"), x.Split, side, plural(x.Permutations, "random choice"), x.Seed,
		plural(x.Neurons, "test"), matchingMethod(x.Matched, x.Permutations), matches(x.Matches), plural(x.Correlations, "correlation"),
		len(x.Specimens), Number(2/float64(int(1)<<min(len(x.Specimens), 60))))
}

func (r SweepSpecimensReport) caveats() []string {
	return append(specimenCaveats(len(r.Sweep.Specimens)),
		"Whether a single loss is detected depends on the number of images: with more of them smaller effects count, and every share rises. Compare shares within this entry, not with those of other numbers of images.",
		"Lesions of one neuron at a time are blind to redundancy: a neuron whose loss does nothing may still share its work with another.")
}

// shareSection is the share of neurons whose loss matters, by layer and network.
func (r SweepSpecimensReport) shareSection() Section {
	hurt := r.shareTable("Neurons whose loss hurts", hurts)
	hurt.Terminal = true
	hurt.Notes = warningNotes(r.Sweep.Warnings)
	var points [][]float64
	for i := range r.Sweep.Layers {
		var column []float64
		for _, s := range r.shares(i, hurts) {
			column = append(column, 100*s.rate())
		}
		points = append(points, column)
	}
	var names []string
	for _, s := range r.Sweep.Specimens {
		names = append(names, s.Name)
	}
	figure := Figure{File: "shares.png",
		PNG:     specimensPlot{y: "neurons whose loss hurts (%)", columns: r.Sweep.Layers, names: names, values: points, low: 0, high: 100}.png(),
		Alt:     "Share of neurons whose loss hurts, by layer, a mark a network, as in the table above",
		Caption: "Share of neurons whose loss hurts, by layer: each mark is a network, with its name, the bar the mean over networks.",
	}
	return Section{"Share of neurons that matter", []Block{hurt, figure, r.shareTable("Neurons whose loss helps", helps), r.damageTable()}}
}

func (r SweepSpecimensReport) shareTable(caption string, count func(ablate.LayerTally) int) Table {
	t := Table{Caption: caption, Columns: textColumns("layer")}
	for k, s := range r.Sweep.Specimens {
		t.Columns = append(t.Columns, Column{specimenName(k, s.SpecimenFacts), true})
	}
	t.Columns = append(t.Columns, numberColumns("mean", "range")...)
	row := func(name string, all []neuronShare) {
		cells := []string{name}
		for _, s := range all {
			cells = append(cells, s.String())
		}
		mean, low, high := meanAndRange(all)
		t.Rows = append(t.Rows, append(cells, Percent(mean), PercentInterval(low, high)))
	}
	for i, name := range r.Sweep.Layers {
		row(name, r.shares(i, count))
	}
	if len(r.Sweep.Layers) > 1 {
		row("all", r.shares(-1, count))
	}
	return t
}

// damageTable is how much the loss of one neuron does on average.
func (r SweepSpecimensReport) damageTable() Table {
	t := Table{Caption: "Mean damage of the loss of one neuron", Columns: textColumns("layer")}
	for k, s := range r.Sweep.Specimens {
		t.Columns = append(t.Columns, Column{specimenName(k, s.SpecimenFacts), true})
	}
	t.Columns = append(t.Columns, numberColumns("mean", "range")...)
	show, span := Number, Interval
	if r.Sweep.Metric.Percent {
		show = func(x float64) string { return unit(fixed(100*x, 2), "pp") }
		span = func(low, high float64) string { return unit(interval(100*low, 100*high, 2, false), "pp") }
	}
	for i, name := range r.Sweep.Layers {
		row := []string{name}
		mean, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for _, s := range r.Sweep.Specimens {
			lost := s.Layers[i].Lost
			row = append(row, show(lost))
			mean += lost / float64(len(r.Sweep.Specimens))
			low, high = min(low, lost), max(high, lost)
		}
		t.Rows = append(t.Rows, append(row, show(mean), span(low, high)))
	}
	takes := "takes off"
	if r.Sweep.Metric.Loss {
		takes = "adds to"
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Damage is what the loss %s %s, averaged over the layer's neurons; unlike the shares it does not grow with the number of images.", takes, r.Sweep.Metric.Name)}}
	return t
}

// claimSection lists what was tried, what holds in all networks first.
func (r SweepSpecimensReport) claimSection() Section {
	claims := slices.Clone(r.Sweep.Claims)
	slices.SortStableFunc(claims, func(a, b ablate.Claim) int {
		return cmp.Compare(float64(b.Holds)/float64(b.Of), float64(a.Holds)/float64(a.Of))
	})
	t := Table{Columns: append(textColumns("claim"), numberColumns("holds in")...), Terminal: true}
	for _, c := range claims {
		t.Rows = append(t.Rows, []string{c.Text, fmt.Sprintf("%d of %d", c.Holds, c.Of)})
	}
	t.Notes = []Note{{Text: "Claims on homologues are tried in the networks beside the reference."}}
	return Section{"What holds in all networks", []Block{t}}
}

// agreementSection is whether homologues matter alike.
func (r SweepSpecimensReport) agreementSection() Section {
	t := Table{Columns: append(textColumns("layer", "network"), numberColumns("pairs", "rank correlation", "p", "adjusted p")...)}
	for i, name := range r.Sweep.Layers {
		for _, s := range r.Sweep.Specimens[1:] {
			l := s.Layers[i]
			t.Rows = append(t.Rows, []string{name, s.Name, fmt.Sprintf("%d of %d", l.Homologues, l.Neurons), Number(float64(l.Agreement)), PValue(float64(l.P)), PValue(float64(l.AdjustedP))})
		}
	}
	t.Notes = []Note{{Text: "Spearman's correlation between the effects of the reference's neurons and those of their homologues; pairs are the neurons of the reference that have one."}}
	if len(t.Rows) > longestHomologues {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s more are in the JSON file only.", plural(len(t.Rows)-longestHomologues, "row"))})
		t.Rows = t.Rows[:longestHomologues]
	}
	return Section{"Do homologues matter alike?", []Block{t}}
}

// concentrationSection is in how few neurons the damage sits.
func (r SweepSpecimensReport) concentrationSection() Section {
	t := Table{Columns: append(textColumns("network"), numberColumns("share of damage by the worst tenth", "worst single loss")...)}
	for k, s := range r.Sweep.Specimens {
		worst := s.Effects[0]
		for _, e := range s.Effects {
			if lost, most := r.lost(e.Change), r.lost(worst.Change); lost > most {
				worst = e
			}
		}
		t.Rows = append(t.Rows, []string{specimenName(k, s.SpecimenFacts), Percent(float64(s.TopShare)),
			fmt.Sprintf("%v: %s", worst.Neuron, effectText(worst.Change, r.Sweep.Metric.Percent))})
	}
	t.Notes = []Note{{Text: "Damage is the sum of what single losses take off (effects that are gains count 0); the worst tenth are the neurons with the greatest damage, chosen on the images on which it is measured, so that the share is somewhat overstated."}}
	return Section{"How concentrated the damage is", []Block{t}}
}

// lost is a change as damage.
func (r SweepSpecimensReport) lost(change float64) float64 {
	if r.Sweep.Metric.Loss {
		return change
	}
	return -change
}
