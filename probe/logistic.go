package probe

import (
	"fmt"

	"neuroprobe/internal/logistic"
	"neuroprobe/internal/stats"
)

// penalties are tried from the strongest on; of equals that one is taken. In the terms of
// package logistic, of inputs that were standardised.
var penalties = []float64{1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5}

// reader fits probes to what one layer shows.
type reader struct {
	design                      *logistic.Design
	train, selected, measured   *sample
	selectMatrix, measureMatrix []float64
	inputs, constant            int
}

// newReader standardises a layer's summaries by the train images' mean and standard deviation.
func newReader(layer int, train, selected, measured *sample) (*reader, error) {
	scales, constant := train.scales(layer)
	design, err := logistic.NewDesign(train.matrix(layer, scales), len(train.images), len(scales), penalties...)
	if err != nil {
		return nil, fmt.Errorf("probe: layer %d: %w", layer, err)
	}
	return &reader{design: design, train: train, selected: selected, measured: measured,
		selectMatrix: selected.matrix(layer, scales), measureMatrix: measured.matrix(layer, scales),
		inputs: len(scales), constant: constant}, nil
}

// reading is what a fitted probe says.
type reading struct {
	penalty       float64
	selectLoss    float64
	selectCorrect int
	scores        []float64 // of the measured images, above 0 for yes
	correct       int
	converged     bool
}

// read fits a probe to the answers, given for all images of the set, and scores it.
func (r *reader) read(answers []bool) (reading, error) {
	path, err := r.design.Path(r.train.answers(answers))
	if err != nil {
		return reading{}, fmt.Errorf("probe: %w", err)
	}
	selected := r.selected.answers(answers)
	var best reading
	chosen := -1
	for k, m := range path {
		scores := m.Scores(r.selectMatrix, len(selected))
		loss := logistic.CrossEntropy(scores, selected)
		if chosen < 0 || loss < best.selectLoss {
			chosen, best = k, reading{penalty: m.Penalty, selectLoss: loss, selectCorrect: correct(scores, selected), converged: m.Converged}
		}
	}
	best.scores = path[chosen].Scores(r.measureMatrix, len(r.measured.images))
	best.correct = correct(best.scores, r.measured.answers(answers))
	return best, nil
}

// correct counts the scores on the right side of 0.
func correct(scores []float64, answers []bool) int {
	n := 0
	for i, s := range scores {
		if s > 0 == answers[i] {
			n++
		}
	}
	return n
}

// probe puts together the reading of a concept and those of its control tasks. labels are the
// classes of the measured images.
func (r *reader) probe(c Concept, answers []bool, own reading, controls []reading, labels []int) *LinearProbe {
	measured, images := r.measured.answers(answers), len(r.measured.images)
	p := &LinearProbe{Majority: Undefined, Within: Undefined, Control: Undefined, ControlSD: Undefined, Selectivity: Undefined,
		SelectSelectivity: Undefined, SelectLoss: Number(own.selectLoss), Penalty: own.penalty}
	for _, yes := range measured {
		if yes {
			p.With++
		}
	}
	p.Without = images - p.With
	p.Accuracy = newRate(own.correct, images)
	majority := p.Without
	if share(r.train.answers(answers)) > 0.5 {
		majority = p.With
	}
	p.Majority = Number(float64(majority) / float64(images))
	p.AUROC = Number(stats.AUROCOf(own.scores, measured))
	if c.Kind == Feature {
		p.Within = Number(stats.StratifiedAUROC(own.scores, measured, labels))
	}
	if len(controls) > 0 {
		r.compare(p, own, controls)
	}
	return p
}

// compare fills in what the control tasks say.
func (r *reader) compare(p *LinearProbe, own reading, controls []reading) {
	var measured, selected stats.Moments
	for _, k := range controls {
		measured.Add(float64(k.correct) / float64(len(r.measured.images)))
		selected.Add(float64(k.selectCorrect) / float64(len(r.selected.images)))
	}
	p.Control, p.ControlSD = Number(measured.Mean()), Number(measured.SD())
	p.Selectivity = Number(p.Accuracy.Share() - measured.Mean())
	p.SelectSelectivity = Number(float64(own.selectCorrect)/float64(len(r.selected.images)) - selected.Mean())
}

func newRate(count, of int) Rate {
	low, high := stats.Wilson(count, of)
	return Rate{Count: count, Of: of, Low: Number(low), High: Number(high)}
}
