package stats

import (
	"math"
	"math/rand/v2"
)

// exactFlips is up to how many differences other than 0 SignFlip goes through all signs.
const exactFlips = 20

// SignFlip is the two-sided p of the sign-flip (one-sample, paired) permutation test: if the
// differences are symmetric about 0, each is as likely with the other sign, and
//
//	p = the fraction of all choices of signs s with |Σ sᵢ·|dᵢ|| ≥ |Σ dᵢ|.
//
// The mean is 0 under that hypothesis; differences that are skewed about a mean of 0 are not
// covered (except roughly, for many of them). Differences of 0 do not matter. With up to 20
// others p is exact, at least 2/2ⁿ; beyond that it is PermutationP of Count random choices, which
// depend on Seed and on the number of differences other than 0. Strata play no part. For
// differences -1 and 1 it is McNemarExact.
//
// Sums that differ by less than 1e-12 of Σ|dᵢ| are taken as equal, so that rounding does not make
// p smaller. If all differences are 0, p is 1. It is NaN without differences and if one of them,
// or Σ|dᵢ|, is not a finite number.
//
// R. A. Fisher, The Design of Experiments (1935), section 21.
func (p Permutations) SignFlip(diffs []float64) float64 {
	var sizes []float64
	sum, total := 0.0, 0.0
	for _, d := range diffs {
		sum, total = sum+d, total+math.Abs(d)
		if d != 0 {
			sizes = append(sizes, math.Abs(d))
		}
	}
	if len(diffs) == 0 || math.IsNaN(total) || math.IsInf(total, 0) {
		return math.NaN()
	}
	bound := math.Abs(sum) - 1e-12*total
	if len(sizes) <= exactFlips {
		return exactSignFlip(sizes, bound)
	}
	return PermutationP(p.countFlips(sizes, bound), p.count())
}

// exactSignFlip is the fraction of the choices of signs whose sum is at least bound, or at most
// -bound. Every sum is that of a choice for the first half and one for the second: so none is
// had from more than 20 additions.
func exactSignFlip(sizes []float64, bound float64) float64 {
	half := len(sizes) / 2
	first, second := signedSums(sizes[:half]), signedSums(sizes[half:])
	extreme := 0
	for _, a := range first {
		for _, b := range second {
			if math.Abs(a+b) >= bound {
				extreme++
			}
		}
	}
	return float64(extreme) / float64(len(first)*len(second))
}

// signedSums are the 2ⁿ sums of n sizes with either sign.
func signedSums(sizes []float64) []float64 {
	sums := []float64{0}
	for _, size := range sizes {
		for i, s := range sums {
			sums[i] = s - size
			sums = append(sums, s+size)
		}
	}
	return sums
}

// countFlips is how many random choices of signs reach the bound either way.
func (p Permutations) countFlips(sizes []float64, bound float64) (extreme int) {
	random := rand.New(rand.NewPCG(p.Seed, 0x666c6970)) // "flip"
	for range p.count() {
		sum, bits := 0.0, uint64(0)
		for i, size := range sizes {
			if i%64 == 0 {
				bits = random.Uint64()
			}
			sum += math.Copysign(size, float64(int64(bits)))
			bits <<= 1
		}
		if math.Abs(sum) >= bound {
			extreme++
		}
	}
	return extreme
}
