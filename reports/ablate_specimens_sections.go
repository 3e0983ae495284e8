package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

// effectSection is a table and a forest plot for each experiment.
func (r SpecimensReport) effectSection() Section {
	s := Section{Title: "Effect in each network"}
	for k, e := range r.Replication.Effects {
		t := r.effectTable(e)
		if k == 0 {
			t.Notes = append(t.Notes, warningNotes(r.Replication.Warnings)...)
		}
		s.Blocks = append(s.Blocks, t, r.forest(k, e))
	}
	return s
}

func (r SpecimensReport) effectTable(e ablate.ReplicatedEffect) Table {
	t := Table{Caption: capital(e.Quantity), Terminal: true,
		Columns: append(append(textColumns("network", "homologue"), numberColumns("r", "match p (adj.)")...),
			append(textColumns("mutual"), append(numberColumns("effect", "95 % interval", "p"), textColumns("as in reference", "controls so")...)...)...)}
	for k, s := range r.Replication.Specimens {
		row := []string{specimenName(k, s.SpecimenFacts), r.homologueNames(s)}
		row = append(row, matchCells(s)...)
		h := e.Headlines[k]
		switch {
		case h == nil:
			row = append(row, Missing, Missing, Missing, "left out", "")
			t.Notes = append(t.Notes, Note{Text: sentence(s.Excluded), Row: k + 1, Col: 0})
		default:
			row = append(row, effectText(h.Estimate, e.Percent), effectInterval(h.Low, h.High, e.Percent), PValue(float64(h.P)), r.alike(e, k), controlCell(e.Controls[k]))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, m := range []struct {
		name   string
		across ablate.Across
		shows  ablate.Penetrance
	}{{"mean of all", e.Mean, e.All}, {"mean of others", e.OthersMean, e.Others}} {
		if m.across.N < 2 {
			continue
		}
		controls := ""
		if m.name == "mean of others" {
			controls = controlCell(e.ControlsOfAll())
		}
		t.Rows = append(t.Rows, []string{m.name, "", "", "", "", effectText(float64(m.across.Mean), e.Percent),
			effectInterval(float64(m.across.Low), float64(m.across.High), e.Percent), "", ofAll(m.shows), controls})
		t.Notes = append(t.Notes, Note{Row: len(t.Rows), Col: 0, Text: fmt.Sprintf("n = %s, SD %s; Student's interval over networks%s. Penetrance %s (95 %% interval %s).",
			plural(m.across.N, "network"), sdText(m.across, e.Percent), tooFew(m.across), ofAll(m.shows), PercentInterval(m.shows.Low, m.shows.High))})
	}
	if c := e.ControlsOfAll(); c.Of > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Controls: of %d random %s of the same %s, %d show the reference's effect as well, and %d go further its way than the homologue does.",
			c.Of, r.setsName(), r.layersName(), c.Alike, c.Stronger)})
	}
	switch {
	case e.Others.Of > 0 && e.Mutual.Of == 0:
		t.Notes = append(t.Notes, Note{Text: "In none of the other networks are all matches mutual."})
	case e.Mutual.Of < e.Others.Of:
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Among the other networks with mutual matches alone the effect shows in %s.", ofAll(e.Mutual))})
	}
	return t
}

func controlCell(c ablate.ControlTally) string {
	if c.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", c.Alike, c.Of)
}

func tooFew(a ablate.Across) string {
	if a.Low.Defined() {
		return ""
	}
	return " (three or more are needed)"
}

func sdText(a ablate.Across, percent bool) string {
	if percent {
		return trimSign.Replace(Points(float64(a.SD)))
	}
	return Number(float64(a.SD))
}

// alike tells whether an effect counts as the reference's.
func (r SpecimensReport) alike(e ablate.ReplicatedEffect, k int) string {
	h := e.Headlines[k]
	switch {
	case h.Estimate*e.Headlines[0].Estimate > 0 && h.Detected():
		return "yes"
	case h.Detected():
		return "opposite"
	}
	return "no"
}

// homologueNames are where the experiment was made in a network.
func (r SpecimensReport) homologueNames(s ablate.ReplicatedSpecimen) string {
	var addresses []string
	if s.Homologues == nil {
		for _, a := range r.Replication.Targets {
			addresses = append(addresses, a.String())
		}
	}
	for _, h := range s.Homologues {
		if h.Found() {
			addresses = append(addresses, h.Match.String())
		} else {
			addresses = append(addresses, "none")
		}
	}
	if more := len(addresses) - listedAddresses; more > 0 {
		addresses = append(addresses[:listedAddresses:listedAddresses], fmt.Sprintf("%d more", more))
	}
	return strings.Join(addresses, ", ")
}

// matchCells are r, match p and mutual of a network's homologues, the weakest of several.
func matchCells(s ablate.ReplicatedSpecimen) []string {
	if s.Homologues == nil {
		return []string{"", "", ""}
	}
	r, p, mutual := probe.Undefined, probe.Undefined, "yes"
	for _, h := range s.Homologues {
		if h.R.Defined() && !(h.R >= r) {
			r = h.R
		}
		if h.AdjustedP.Defined() && !(h.AdjustedP <= p) {
			p = h.AdjustedP
		}
	}
	switch {
	case !r.Defined():
		mutual = Missing
	case !s.Mutual():
		mutual = "no"
	}
	return []string{Number(float64(r)), PValue(float64(p)), mutual}
}

// forest draws the effects, a row a network, and then the means over networks.
func (r SpecimensReport) forest(k int, e ablate.ReplicatedEffect) Figure {
	factor, unit := 1.0, ""
	write := func(e effect) string { return Signed(e.estimate) + "  " + SignedInterval(e.low, e.high) }
	if e.Percent {
		factor, unit = 100, " (percentage points)"
		write = func(e effect) string {
			return signedFixed(e.estimate, 1) + "  " + interval(e.low, e.high, 1, true)
		}
	}
	scaled := func(estimate, low, high float64) []*effect {
		return []*effect{{factor * estimate, factor * low, factor * high}}
	}
	p := effectsPlot{axis: strings.TrimPrefix(e.Quantity, "the ") + unit, series: []series{firstSeries("")}, write: write}
	for i, s := range r.Replication.Specimens {
		row := effectRow{label: s.Name + ": " + r.homologueNames(s), effects: []*effect{nil}}
		if h := e.Headlines[i]; h != nil {
			row.effects = scaled(h.Estimate, h.Low, h.High)
		}
		if i == 0 {
			row.label += " (reference)"
		}
		p.rows = append(p.rows, row)
	}
	for _, m := range []struct {
		name string
		ablate.Across
	}{{"mean of %d", e.Mean}, {"mean of %d others", e.OthersMean}} {
		if m.Low.Defined() {
			p.rows = append(p.rows, effectRow{fmt.Sprintf(m.name, m.N), scaled(float64(m.Mean), float64(m.Low), float64(m.High))})
		}
	}
	return Figure{
		File: fmt.Sprintf("effect-%d.png", k+1), PNG: p.png(),
		Alt:     fmt.Sprintf("%s in each network with its 95 %% interval, as in the table above", capital(e.Quantity)),
		Caption: fmt.Sprintf("%s in each network with its 95 %% interval over images, then the means with their 95 %% intervals over networks.", capital(e.Quantity)),
	}
}

// matchSection is how sure each homologue is.
func (r SpecimensReport) matchSection() Section {
	t := Table{Columns: append(textColumns("network", "neuron", "homologue"), append(numberColumns("r", "r within class"), append(textColumns("runner-up"),
		append(numberColumns("its r", "match p", "adjusted p"), textColumns("mutual")...)...)...)...)}
	hidden := 0
	for _, s := range r.Replication.Specimens[1:] {
		for _, h := range s.Homologues {
			if len(t.Rows) == longestHomologues {
				hidden++
				continue
			}
			t.Rows = append(t.Rows, homologueRow(s.Name, h))
		}
	}
	if hidden > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s more are in the JSON file only.", plural(hidden, "row"))})
	}
	return Section{"Homologues", []Block{t}}
}

func homologueRow(network string, h ablate.Homologue) []string {
	row := []string{network, h.Neuron.String()}
	switch {
	case h.Given != "":
		return append(row, h.Match.String(), h.Given, "", "", "", "", "", "")
	case !h.R.Defined():
		return append(row, "none", "", "", "", "", "", "", "")
	}
	match, mutual, runnerUp := h.Match.String(), "no", Missing
	if !h.Found() {
		match = fmt.Sprintf("none (%s)", match)
	}
	if h.Mutual {
		mutual = "yes"
	}
	if h.RunnerUpR.Defined() {
		runnerUp = h.RunnerUp.String()
	}
	return append(row, match, Number(float64(h.R)), Number(float64(h.Within)), runnerUp, Number(float64(h.RunnerUpR)), PValue(float64(h.P)), PValue(float64(h.AdjustedP)), mutual)
}
