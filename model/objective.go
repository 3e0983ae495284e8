package model

import "math"

// logSumExp is log Σ exp(v), computed without overflow.
func logSumExp(v []float32) float64 {
	top := v[0]
	for _, x := range v[1:] {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(float64(x - top))
	}
	return float64(top) + math.Log(sum)
}

// Softmax writes the probabilities of one image's logits into p.
func Softmax(p, logits []float32) {
	norm := logSumExp(logits)
	for i, x := range logits {
		p[i] = float32(math.Exp(float64(x) - norm))
	}
}

func crossEntropy(logits, targets []float32, images int) float32 {
	k := len(logits) / images
	total := 0.0
	for i := range images {
		row, target := logits[i*k:(i+1)*k], targets[i*k:(i+1)*k]
		norm := logSumExp(row)
		for j, t := range target {
			if t != 0 {
				total += float64(t) * (norm - float64(row[j]))
			}
		}
	}
	return float32(total / float64(images))
}

// crossEntropyGradient is (softmax·Σtarget - target) / images.
func crossEntropyGradient(d, logits, targets []float32, images int) {
	k := len(logits) / images
	for i := range images {
		row, target, to := logits[i*k:(i+1)*k], targets[i*k:(i+1)*k], d[i*k:(i+1)*k]
		norm, mass := logSumExp(row), 0.0
		for _, t := range target {
			mass += float64(t)
		}
		for j, x := range row {
			p := math.Exp(float64(x) - norm)
			to[j] = float32((p*mass - float64(target[j])) / float64(images))
		}
	}
}

func weightedLogits(logits, targets []float32, _ int) float32 {
	total := 0.0
	for i, t := range targets {
		total += float64(t) * float64(logits[i])
	}
	return float32(total)
}

func weightedLogitsGradient(d, _, targets []float32, _ int) { copy(d, targets) }

// CrossEntropyOf is -log softmax(logits)[label], in nats: what the label's logit lacks to the
// largest, plus log(1 + Σ exp(other - largest)), which keeps its digits where the answer is sure.
func CrossEntropyOf(logits []float32, label int) float64 {
	top := Answer(logits)
	rest := 0.0
	for i, x := range logits {
		if i != top {
			rest += math.Exp(float64(x) - float64(logits[top]))
		}
	}
	return float64(logits[top]) - float64(logits[label]) + math.Log1p(rest)
}
