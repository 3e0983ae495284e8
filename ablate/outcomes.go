package ablate

import (
	"math"

	"neuroprobe/model"
)

// judge fills in the outcomes of images from first on, of a network of so many classes whose
// logits (images × classes) are given.
func (o *Outcomes) judge(first int, logits []float32, labels []int, classes int) {
	for i, label := range labels {
		x := judge(logits[i*classes:(i+1)*classes], label)
		o.Answer[first+i] = int32(x.answer)
		o.Correct[first+i] = float32(x.correct)
		o.Loss[first+i] = float32(x.loss)
		o.Diff[first+i] = float32(x.diff)
	}
}

// Judge makes the outcomes of logits, images × classes, that came another way than by a sweep.
func Judge(logits []float32, labels []int, classes int) *Outcomes {
	o := newOutcomes(len(labels))
	o.judge(0, logits, labels, classes)
	return o
}

// moments are mean and spread from sums: of values at each (unit, position), of squares by unit.
func moments(values, squares []float64, images int, shape model.Shape) (means []float32, spreads []float64) {
	area := shape.Area()
	means, spreads = make([]float32, len(values)), make([]float64, len(squares))
	for u := range spreads {
		sum := 0.0
		for k := u * area; k < (u+1)*area; k++ {
			means[k] = float32(values[k] / float64(images))
			sum += values[k]
		}
		count := float64(images * area)
		mean := sum / count
		spreads[u] = math.Sqrt(max(0, squares[u]/count-mean*mean))
	}
	return means, spreads
}

func mean32(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}
