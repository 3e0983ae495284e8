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

// goodness is, per image, log(1+exp(∓(g−θ)/τ)) with g the sum of the squares of one layer's k
// activities, θ = k and τ = √k: the mean over the images (Hinton 2022, equation 1). The sum of k
// squares of unit mean fluctuates as √k; divided by it, the logistic does not saturate at once.
func goodness(activities, signs []float32, images int) float32 {
	total := 0.0
	for i, sign := range signs {
		m := -float64(sign) * goodnessMargin(activities, i, images)
		total += max(m, 0) + math.Log1p(math.Exp(-math.Abs(m)))
	}
	return float32(total / float64(images))
}

func goodnessGradient(d, activities, signs []float32, images int) {
	k := len(activities) / images
	for i, sign := range signs {
		m := float64(sign) * goodnessMargin(activities, i, images)
		scale := float32(-2 * float64(sign) / (1 + math.Exp(m)) / math.Sqrt(float64(k)) / float64(images))
		for j, a := range activities[i*k : (i+1)*k] {
			d[i*k+j] = scale * a
		}
	}
}

// goodnessMargin is (g − θ)/τ of image i.
func goodnessMargin(activities []float32, i, images int) float64 {
	k := len(activities) / images
	g := 0.0
	for _, a := range activities[i*k : (i+1)*k] {
		g += float64(a) * float64(a)
	}
	return (g - float64(k)) / math.Sqrt(float64(k))
}

// CrossEntropyOf is -log softmax(logits)[label], in nats: what the label's logit lacks to the
// largest, plus log(1 + Σ exp(other - largest)), which keeps its digits where the answer is sure.
func CrossEntropyOf(logits []float32, label int) float64 {
	if len(logits) == 2 {
		lead := float64(logits[1-label]) - float64(logits[label])
		return max(lead, 0) + log1p(math.Exp(-math.Abs(lead)))
	}
	top := Answer(logits)
	rest := 0.0
	for i, x := range logits {
		if i != top {
			rest += math.Exp(float64(x) - float64(logits[top]))
		}
	}
	return float64(logits[top]) - float64(logits[label]) + log1p(rest)
}

// log1p is log(1+x) for x from 0 on, twice as fast as the library's. The rounding of 1+x is made
// good by a factor: W. Kahan, as in D. Goldberg, ACM Computing Surveys 23:5 (1991), theorem 4.
func log1p(x float64) float64 {
	u := 1 + x
	if u == 1 || math.IsInf(u, 1) {
		return x
	}
	return math.Log(u) * x / (u - 1)
}
