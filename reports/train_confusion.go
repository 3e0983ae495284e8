package reports

import (
	"cmp"
	"slices"
)

// A confusion matrix of more classes than this is too wide to read; its largest entries are
// listed instead.
const (
	widestConfusion  = 12
	listedConfusions = 15
)

// confusion counts which class was answered for which.
func (r TrainReport) confusion() Table {
	classes := r.Network.Classes
	if len(classes) > widestConfusion {
		return r.topConfusions()
	}
	t := Table{Caption: "Images by class and answer", Columns: textColumns("class")}
	for _, c := range classes {
		t.Columns = append(t.Columns, Column{"answered " + c, true})
	}
	t.Columns = append(t.Columns, Column{"in all", true})
	for c, counts := range r.Confirm.Confusion {
		row := []string{classes[c]}
		for _, k := range counts {
			row = append(row, Count(k))
		}
		t.Rows = append(t.Rows, append(row, Count(sum(counts))))
	}
	return t
}

func (r TrainReport) topConfusions() Table {
	type confusion struct{ class, answer, images int }
	var all []confusion
	for c, counts := range r.Confirm.Confusion {
		for a, k := range counts {
			if a != c && k > 0 {
				all = append(all, confusion{c, a, k})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b confusion) int { return cmp.Compare(b.images, a.images) })
	t := Table{Caption: "The most frequent confusions", Columns: append(textColumns("class", "answered"), numberColumns("images", "of the class")...)}
	for _, x := range all[:min(len(all), listedConfusions)] {
		share := float64(x.images) / float64(sum(r.Confirm.Confusion[x.class]))
		t.Rows = append(t.Rows, []string{r.Network.Classes[x.class], r.Network.Classes[x.answer], Count(x.images), Percent(share)})
	}
	return t
}
