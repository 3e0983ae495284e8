package reports

import (
	"fmt"

	"neuroprobe/ablate"
)

// listedTargets is how many targets the table of activity lists.
const listedTargets = 20

// activitySection is what the targets did before they were ablated.
func (r AblateReport) activitySection(t targets) Section {
	rule := fmt.Sprintf("Before the ablation, on the %s split. A target fires on an image where its activation is above 0 at any position.", r.Split)
	all := r.Targets
	if len(all) == 1 {
		rule += " The mean activation is over images and positions."
		return Section{"Activity", []Block{Paragraph(rule), r.activityByClass(all[0])}}
	}
	table := Table{Columns: append(textColumns("target", "layer"), numberColumns("fires on", "share")...), Terminal: true}
	perClass := len(r.Classes) <= widestSplits
	if perClass {
		for _, c := range r.Classes {
			table.Columns = append(table.Columns, Column{"of " + c, true})
		}
	}
	table.Columns = append(table.Columns, Column{"mean activation", true})
	for _, x := range all[:min(len(all), listedTargets)] {
		row := []string{x.Address.String(), x.Layer, Count(x.Fires), share(x.Fires, r.Images)}
		if perClass {
			for c := range r.Classes {
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
	t := Table{Columns: append(textColumns("images"), numberColumns("fires on", "of", "share", "mean activation")...), Terminal: true}
	for c, name := range r.Classes {
		k, n := x.FiresByClass[c], x.ImagesByClass[c]
		t.Rows = append(t.Rows, []string{name, Count(k), Count(n), share(k, n), Number(float64(x.MeanByClass[c]))})
	}
	t.Rows = append(t.Rows, []string{"all", Count(x.Fires), Count(r.Images), share(x.Fires, r.Images), Number(x.Mean)})
	return t
}

// share is k of n in percent; none of none has no share.
func share(k, n int) string {
	if n == 0 {
		return Missing
	}
	return Percent(float64(k) / float64(n))
}
