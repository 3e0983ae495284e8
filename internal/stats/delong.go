package stats

import (
	"math"
	"slices"
)

// AUROCInterval is AUROC with an interval of the given confidence, between 0 and 1. The variance
// is DeLong's: with the placement of a positive x the share of negatives below it, and that of a
// negative y the share of positives above it, ties half,
//
//	Var = S₁/n₁ + S₀/n₀,   S the sample variances of the n₁ and n₀ placements,
//
// which costs O(n log n) by midranks. The interval is symmetric on the logit scale, so that it
// stays within (0,1) and covers better near the ends than A ± z·√Var does:
//
//	logit⁻¹( logit(A) ± z·√Var/(A(1-A)) ),   z = Φ⁻¹((1+confidence)/2).
//
// At an AUROC of exactly 0 or 1 the variance is 0, which would claim that there is no doubt. Of
// the n₁n₀ pairs m = min(n₁, n₀) can be chosen so that they have no value in common: as many
// independent trials, all of them right. The interval at 1 is therefore Clopper and Pearson's
// for m of m, from ((1-confidence)/2)^(1/m) to 1, and at 0 its mirror image. It never covers too
// seldom, and is wider than need be.
//
// All three are NaN where AUROC is, or where the confidence is not within (0,1). The limits alone
// are NaN where a group has one value, so that there is no sample variance, and the AUROC is
// between 0 and 1.
//
// E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44:837 (1988); midranks: X. Sun
// and W. Xu, IEEE Signal Processing Letters 21:1389 (2014); logit scale: M. S. Pepe, The
// Statistical Evaluation of Medical Tests (2003); m of m: C. J. Clopper and E. S.
// Pearson, Biometrika 26:404 (1934).
func AUROCInterval(positive, negative []float64, confidence float64) (auroc, low, high float64) {
	auroc = AUROC(positive, negative)
	if math.IsNaN(auroc) || !(confidence > 0 && confidence < 1) {
		return math.NaN(), math.NaN(), math.NaN()
	}
	if auroc == 0 || auroc == 1 {
		m := min(len(positive), len(negative))
		reach := math.Pow((1-confidence)/2, 1/float64(m))
		if auroc == 1 {
			return 1, reach, 1
		}
		return 0, 0, 1 - reach
	}
	variance := Variance(placements(positive, negative))/float64(len(positive)) +
		Variance(placements(negative, positive))/float64(len(negative))
	z := math.Sqrt2 * math.Erfinv(confidence)
	centre, reach := math.Log(auroc/(1-auroc)), z*math.Sqrt(variance)/(auroc*(1-auroc))
	return auroc, logistic(centre - reach), logistic(centre + reach)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// placements are, for each of values, the share of others below it, ties half: what its midrank
// among all exceeds that among its own group by. In ascending order of values.
func placements(values, others []float64) []float64 {
	values, others = slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(others))
	out := make([]float64, len(values))
	below, upTo := 0, 0 // others below v, others up to v
	for i, v := range values {
		for below < len(others) && others[below] < v {
			below++
		}
		for upTo < len(others) && others[upTo] <= v {
			upTo++
		}
		out[i] = float64(below+upTo) / 2 / float64(len(others))
	}
	return out
}
