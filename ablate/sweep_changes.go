package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// changes are what ablating each of some neurons changed on each image, with − without: neurons
// × images.
type changes struct {
	Correct, Loss, Diff []float32
	// Sham is the most that a sham arm changed a logit difference or a loss.
	Sham float64
}

// neuron are the changes of one of them.
func (c *changes) neuron(k, images int) (correct, loss, diff []float32) {
	from, to := k*images, (k+1)*images
	return c.Correct[from:to], c.Loss[from:to], c.Diff[from:to]
}

func (c *changes) append(other changes) {
	c.Correct = append(c.Correct, other.Correct...)
	c.Loss = append(c.Loss, other.Loss...)
	c.Diff = append(c.Diff, other.Diff...)
	c.Sham = max(c.Sham, other.Sham)
}

// lesion fills in the k-th kind of lesion of every neuron.
func (s *sweep) lesion(ctx context.Context, k int, kind Kind) error {
	onSelect, err := s.change(ctx, s.selected, kind)
	if err != nil {
		return err
	}
	for i := range s.result.Neurons {
		s.result.Neurons[i].Lesions[k] = NeuronLesion{Kind: kind, Select: s.chosen.selectEffect(onSelect, i, s.metric, s.Set.Classes)}
	}
	measured, err := s.change(ctx, s.Preparation, kind)
	if err != nil {
		return err
	}
	lesions, err := Part(s.Parts, fmt.Sprintf("sweep/%s/statistics", kind), func() ([]NeuronLesion, error) {
		return s.groups.measure(ctx, measured, kind, s.Preparation)
	})
	for i, l := range lesions {
		l.Select = s.result.Neurons[i].Lesions[k].Select
		s.result.Neurons[i].Lesions[k] = l
	}
	return err
}

// change ablates every neuron, layer by layer: each layer is a part.
func (s *sweep) change(ctx context.Context, p *Preparation, kind Kind) (changes, error) {
	var all changes
	for _, l := range s.result.Layers {
		name := fmt.Sprintf("sweep/%s/%s/%d", kind, p.Split, l.Number)
		c, err := Part(s.Parts, name, func() (changes, error) {
			return s.changeLayer(ctx, p, kind, l)
		})
		if err != nil {
			return all, err
		}
		all.append(c)
		s.result.Intact.Shams++
		s.result.Intact.ShamChange = max(s.result.Intact.ShamChange, c.Sham)
	}
	return all, nil
}

// changeLayer ablates a layer's neurons one at a time. The first arm is the intact network and the
// second a sham, on the whole layer: all go through the same code at once, and what they are
// compared with was computed as they were.
func (s *sweep) changeLayer(ctx context.Context, p *Preparation, kind Kind, l SweptLayer) (changes, error) {
	whole := model.Neuron(l.Number, model.AllUnits)
	groups := [][]model.Arm{{{}}, {{Edits: []model.Edit{model.Sham(whole)}}}}
	for _, t := range p.Rows([]int{l.Number}) {
		groups = append(groups, p.Arms(kind, t))
	}
	var c changes
	var intact *Outcomes
	var failed error
	err := p.averages(ctx, fmt.Sprintf("%s ablation of %s, %s", kind, l.Name, p.Split), groups, nil, func(group int, o *Outcomes) {
		switch group {
		case 0:
			intact = o
		case 1:
			c.Sham, failed = sameOutcomes(intact, o, whole)
		default:
			c.compare(intact, o)
		}
	})
	return c, cmp.Or(failed, err)
}

// sameOutcomes holds a sham arm against the intact network. Its sums may be taken in another order,
// so that the last bits differ; anything more is a fault. It returns the largest difference.
func sameOutcomes(intact, sham *Outcomes, target model.Address) (float64, error) {
	most, largest := float32(0), float32(1)
	for i := range intact.Diff {
		largest = max(largest, abs32(intact.Diff[i]))
		most = max(most, abs32(sham.Diff[i]-intact.Diff[i]), abs32(sham.Loss[i]-intact.Loss[i]))
	}
	if !(most <= rounding*largest) {
		return 0, fmt.Errorf("ablate: %w: by %v, under the identity edit of %v", ErrSham, most, target)
	}
	return float64(most), nil
}

// compare appends what one more lesion changed. What it moved by no more than rounding, as a part
// of the largest logit difference, it did not move.
func (c *changes) compare(intact, lesioned *Outcomes) {
	at, moved, largest := len(c.Diff), false, float32(1)
	for i := range intact.Diff {
		largest = max(largest, abs32(intact.Diff[i]))
		c.Correct = append(c.Correct, lesioned.Correct[i]-intact.Correct[i])
		c.Loss = append(c.Loss, lesioned.Loss[i]-intact.Loss[i])
		c.Diff = append(c.Diff, lesioned.Diff[i]-intact.Diff[i])
	}
	for i := at; i < len(c.Diff); i++ {
		moved = moved || max(abs32(c.Loss[i]), abs32(c.Diff[i])) > rounding*largest
	}
	if !moved {
		clear(c.Correct[at:])
		clear(c.Loss[at:])
		clear(c.Diff[at:])
	}
}

func abs32(v float32) float32 { return float32(math.Abs(float64(v))) }

// selectEffect is what ranking needs of one neuron.
func (g *grouping) selectEffect(c changes, k int, m Metric, classes []string) SelectEffect {
	l := g.shape(g.estimate(c.neuron(k, g.images)))
	e := SelectEffect{Metric: float64(l.In(m, classes).Estimate)}
	for _, t := range l.ByClass {
		e.ByClass = append(e.ByClass, t.Estimate)
	}
	for _, t := range l.Contrast {
		e.Contrast = append(e.Contrast, t.Estimate)
	}
	return e
}

// shape puts numbers, in the order of grouping.statistics, into the places of a lesion.
func (g *grouping) shape(values []float64) NeuronLesion {
	classes := len(g.classes)
	l := NeuronLesion{Recall: make([]Change, classes), ByClass: make([]Tested, classes), With: make([]Change, g.features), Contrast: make([]Tested, g.features)}
	for k, place := range l.places() {
		place.Estimate = probe.Number(values[k])
	}
	for _, t := range l.tested() {
		t.P, t.Adjusted = probe.Undefined, probe.Undefined
	}
	return l
}

// places are a lesion's changes in the order of grouping.statistics.
func (l *NeuronLesion) places() []*Change {
	all := []*Change{&l.Accuracy.Change, &l.Balanced, &l.CrossEntropy, &l.LogitDiff.Change}
	for c := range l.Recall {
		all = append(all, &l.Recall[c], &l.ByClass[c].Change)
	}
	for f := range l.With {
		all = append(all, &l.With[f], &l.Contrast[f].Change)
	}
	return all
}

// tested are a lesion's changes that have a test.
func (l *NeuronLesion) tested() []*Tested {
	all := []*Tested{&l.Accuracy, &l.LogitDiff}
	for c := range l.ByClass {
		all = append(all, &l.ByClass[c])
	}
	for f := range l.Contrast {
		all = append(all, &l.Contrast[f])
	}
	return all
}
