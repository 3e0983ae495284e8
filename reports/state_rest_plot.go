package reports

import (
	"math"
)

// answersPNG draws answers to the left, confidence to the right, along the strength of noise.
func (r RestReport) answersPNG() []byte {
	strengths, conditions := r.restAt()
	if len(strengths) == 1 { // an axis wants two ends
		strengths, conditions = append(strengths, 1), append(conditions, conditions[0])
	}
	left := tiredPanel{x: "noise, in sd of the data", y: "answers (%)", doses: strengths, place: logPlace, low: 0, level: math.NaN()}
	for k, class := range r.mostSaid() {
		s := []func(string) series{firstSeries, secondSeries, thirdSeries}[k](elide(r.Result.Classes[class], 14))
		left.lines = append(left.lines, tiredLine{s, [][]float64{solid, dashed, dotted}[k], exact(len(conditions), func(c int) float64 { return conditions[c].Answers[class] })})
	}
	sure := make([]effect, len(conditions))
	for k, c := range conditions {
		sure[k] = percentOf(c.Confidence)
	}
	right := tiredPanel{x: "noise, in sd of the data", y: "confidence (%)", doses: strengths, place: logPlace, low: 0, level: 100 * r.evokedConfidence(),
		lines: []tiredLine{{series{"confidence", ink, diamond{}, diamond{}}, dashDotted, sure}}}
	return tiredPanels(left, right)
}

// mostSaid are up to three classes that anything without a stimulus is answered with.
func (r RestReport) mostSaid() (classes []int) {
	total := make([]float64, len(r.Result.Classes))
	for _, c := range r.Result.Conditions {
		for k, v := range c.Answers {
			total[k] += v
		}
	}
	for range min(3, len(total)) {
		best := 0
		for k, v := range total {
			if v > total[best] {
				best = k
			}
		}
		classes = append(classes, best)
		total[best] = -1
	}
	return classes
}

// evokedConfidence is the mean on real images.
func (r RestReport) evokedConfidence() float64 {
	sum, images := 0.0, 0
	for _, c := range r.Result.Evoked {
		sum, images = sum+c.Confidence.Estimate*float64(c.Draws), images+c.Draws
	}
	return sum / float64(images)
}

// mostTimes is where the axis of the picture of activity ends.
const mostTimes = 3

// activityPNG draws every neuron's resting rate as a multiple of its evoked one.
func (r RestReport) activityPNG() []byte {
	s := swarmPlot{y: "rate at rest / evoked rate", found: "fires more than on images", other: "does not"}
	for _, l := range r.nothing().Layers {
		c := stripColumn{label: l.Name}
		var names []string
		for _, n := range r.Result.Neurons {
			if n.Address.Layer == l.Layer && n.Ratio.Defined() {
				c.dots, names = append(c.dots, stripDot{math.Min(mostTimes, float64(n.Ratio)), n.Ratio > 1}), append(names, n.Address.String())
			}
		}
		if len(c.dots) > 0 {
			s.columns, s.names = append(s.columns, c), append(s.names, names)
		}
	}
	return s.png()
}
