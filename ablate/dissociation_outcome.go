package ablate

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
)

// CheckDissociationMetric refuses metrics that do not count every image for itself.
func CheckDissociationMetric(name string) error {
	if !slices.Contains(dissociationMetrics, name) {
		return fmt.Errorf("ablate: metric %s does not fit a dissociation, which picks the images itself (want %s)", name, strings.Join(dissociationMetrics, ", "))
	}
	return nil
}

// ParseOutcomes reads two classes or two features by comma; nothing is the two classes.
func ParseOutcomes(set *datasets.Set, list string) (o [2]Outcome, err error) {
	names := set.Classes
	if list != "" {
		names = strings.Split(list, ",")
	}
	if len(names) != 2 {
		if list == "" {
			return o, fmt.Errorf("ablate: %d classes: which two outcomes? (classes: %s; features: %s)", len(names), strings.Join(set.Classes, ", "), strings.Join(set.Features, ", "))
		}
		return o, fmt.Errorf("ablate: outcomes %q: want two classes or two features", list)
	}
	for k, name := range names {
		name = strings.TrimSpace(name)
		o[k] = Outcome{Name: name, Kind: OfClass, index: slices.Index(set.Classes, name)}
		if o[k].index < 0 {
			o[k].Kind, o[k].index = OfFeature, slices.Index(set.Features, name)
		}
		if o[k].index < 0 {
			return o, fmt.Errorf("ablate: unknown outcome %q (classes: %s; features: %s)", name, strings.Join(set.Classes, ", "), strings.Join(set.Features, ", "))
		}
	}
	switch {
	case o[0].Kind != o[1].Kind:
		return o, fmt.Errorf("ablate: outcomes %q: %s is a %s and %s a %s (want two of a kind)", list, o[0].Name, o[0].Kind, o[1].Name, o[1].Kind)
	case o[0].index == o[1].index:
		return o, fmt.Errorf("ablate: outcomes %q: want two different ones", list)
	}
	return o, nil
}

// membership turns columns over images into outcomes: an outcome is a weighted sum over images.
type membership struct {
	images  []int        // those that count, as places in the split
	weights [2][]float64 // of the outcomes, by image that counts
	strata  []int        // within which images may change groups
	cells   []int        // of images that weigh alike, for the bootstrap
}

// group lays out two outcomes on the images of a split, and counts their images.
func (p *Preparation) group(outcomes *[2]Outcome) (*membership, error) {
	g := &membership{}
	all := [2][]float64{make([]float64, p.Images), make([]float64, p.Images)}
	for k := range outcomes {
		o := &outcomes[k]
		o.With, o.Without = 0, 0
		if o.Kind == OfClass {
			p.weighClass(o, all[k])
		} else {
			p.weighFeature(o, all[k])
		}
		if o.With == 0 {
			switch {
			case o.Kind == OfClass:
				return nil, fmt.Errorf("ablate: the %s split has no image of %s", p.Split, o.Name)
			default:
				return nil, fmt.Errorf("ablate: on the %s split %s is present or absent on whole classes: it cannot be told from the class", p.Split, o.Name)
			}
		}
	}
	type cell struct {
		stratum int
		a, b    float64
	}
	number := map[cell]int{}
	for i, label := range p.Labels {
		a, b := all[0][i], all[1][i]
		if a == 0 && b == 0 {
			continue
		}
		c := cell{0, a, b}
		if outcomes[0].Kind == OfFeature {
			c.stratum = label
		}
		if _, known := number[c]; !known {
			number[c] = len(number)
		}
		g.images, g.strata, g.cells = append(g.images, i), append(g.strata, c.stratum), append(g.cells, number[c])
		g.weights[0], g.weights[1] = append(g.weights[0], a), append(g.weights[1], b)
	}
	return g, nil
}

// weighClass gives the images of a class weights that make a mean of a sum.
func (p *Preparation) weighClass(o *Outcome, weights []float64) {
	for _, label := range p.Labels {
		if label == o.index {
			o.With++
		}
	}
	for i, label := range p.Labels {
		if label == o.index {
			weights[i] = 1 / float64(o.With)
		}
	}
}

// weighFeature gives images with a feature weights above 0 and those without it weights below, so
// that the sum is the difference of means within class, averaged over classes by their images.
func (p *Preparation) weighFeature(o *Outcome, weights []float64) {
	with, without := make([]int, len(p.Set.Classes)), make([]int, len(p.Set.Classes))
	for i, label := range p.Labels {
		if p.Set.HasFeature(p.First+i, o.index) {
			with[label]++
		} else {
			without[label]++
		}
	}
	for c := range with {
		if with[c] > 0 && without[c] > 0 {
			o.With, o.Without = o.With+with[c], o.Without+without[c]
		}
	}
	for i, label := range p.Labels {
		w, wo := with[label], without[label]
		if w == 0 || wo == 0 {
			continue
		}
		share := float64(w+wo) / float64(o.With+o.Without)
		if weights[i] = -share / float64(wo); p.Set.HasFeature(p.First+i, o.index) {
			weights[i] = share / float64(w)
		}
	}
}

// sum is an outcome of a column over all images of the split.
func (g *membership) sum(outcome int, column []float64) float64 {
	total := 0.0
	for k, i := range g.images {
		total += g.weights[outcome][k] * column[i]
	}
	return total
}

// scaled is a column whose mean over the images that count is Σ weight(k)·column[i].
func (g *membership) scaled(weight func(k int) float64, column []float64) []float64 {
	out := make([]float64, len(g.images))
	for k, i := range g.images {
		out[k] = float64(len(g.images)) * weight(k) * column[i]
	}
	return out
}
