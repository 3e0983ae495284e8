package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// listedTargets is how many targets the table of activity lists.
const listedTargets = 20

// activitySection is what the targets did before they were ablated.
func (r AblateReport) activitySection(t targets) Section {
	rule := fmt.Sprintf("Before the ablation, on the %s split. A target fires on an image where its activation is above 0 at any position.", r.Result.Split)
	all := r.Result.Targets
	if len(all) == 1 {
		rule += fmt.Sprintf(" Mean activation of %s over images and positions: %s.", t.name, Number(all[0].Mean))
		return Section{"Activity", []Block{Paragraph(rule), r.activityByClass(all[0])}}
	}
	table := Table{Columns: append(textColumns("target", "layer"), numberColumns("fires on", "share")...), Terminal: true}
	perClass := len(r.Result.Classes) <= widestSplits
	if perClass {
		for _, c := range r.Result.Classes {
			table.Columns = append(table.Columns, Column{"of " + c, true})
		}
	}
	table.Columns = append(table.Columns, Column{"mean activation", true})
	for _, x := range all[:min(len(all), listedTargets)] {
		row := []string{x.Address.String(), x.Layer, Count(x.Fires), share(x.Fires, r.Result.Images)}
		if perClass {
			for c := range r.Result.Classes {
				row = append(row, share(x.FiresByClass[c], x.ImagesByClass[c]))
			}
		}
		table.Rows = append(table.Rows, append(row, Number(x.Mean)))
	}
	if more := len(all) - listedTargets; more > 0 {
		table.Notes = append(table.Notes, Note{Text: plural(more, "more target") + " not listed here; the JSON file has them."})
	}
	return Section{"Activity", []Block{Paragraph(rule), table}}
}

func (r AblateReport) activityByClass(x ablate.Target) Table {
	t := Table{Columns: append(textColumns("images"), numberColumns("fires on", "of", "share")...), Terminal: true}
	for c, name := range r.Result.Classes {
		k, n := x.FiresByClass[c], x.ImagesByClass[c]
		t.Rows = append(t.Rows, []string{name, Count(k), Count(n), share(k, n)})
	}
	t.Rows = append(t.Rows, []string{"all", Count(x.Fires), Count(r.Result.Images), share(x.Fires, r.Result.Images)})
	return t
}

// share is k of n in percent; none of none has no share.
func share(k, n int) string {
	if n == 0 {
		return Missing
	}
	return Percent(float64(k) / float64(n))
}
