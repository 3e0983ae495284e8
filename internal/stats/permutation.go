package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// PermutationP is the p of a permutation test in which the statistic was as extreme as the
// observed one, or more so, in `extreme` of so many random permutations,
//
//	p = (b+1) / (m+1).
//
// The data as observed are one more permutation, so that p is never 0; b/m would be too small.
// Without permutations nothing is known and p is 1. Counts out of range give NaN.
//
// B. Phipson and G. K. Smyth, Statistical Applications in Genetics and Molecular Biology 9:39
// (2010).
func PermutationP(extreme, permutations int) float64 {
	if extreme < 0 || extreme > permutations {
		return math.NaN()
	}
	return (float64(extreme) + 1) / (float64(permutations) + 1)
}

// Permutations makes random permutations, for null distributions. They depend on Seed, Strata
// and n alone: more of them begin with the same, and all statistics computed on one
// permutation, or on the same seed, see the same.
type Permutations struct {
	Count int // 0 means DefaultPermutations
	Seed  uint64
	// Strata, if any, has the stratum of each observation (its class, say): observations then
	// change places only within their stratum.
	Strata []int
}

// DefaultPermutations bring p down to 1/1000. The smallest p possible times the number of tests
// must be below the q asked for if Benjamini–Hochberg is to let a single one pass: many tests
// need more permutations.
const DefaultPermutations = 999

// Shuffle calls use with Count random permutations of 0..n-1, all equally likely: place i gets
// the label of observation order[i]. use must not keep order.
//
// Two traps for who counts extreme ones: a permutation on which the statistic equals the observed
// one but for rounding is extreme; and a NaN compares as not extreme, which makes p tiny where it
// should be NaN.
func (p Permutations) Shuffle(n int, use func(order []int)) {
	random := rand.New(rand.NewPCG(p.Seed, 0x7065726d)) // "perm"
	groups := p.groups(n)
	order := make([]int, n)
	for range p.count() {
		for i := range order {
			order[i] = i
		}
		for _, group := range groups {
			random.Shuffle(len(group), func(i, j int) {
				a, b := group[i], group[j]
				order[a], order[b] = order[b], order[a]
			})
		}
		use(order)
	}
}

// groups are the places of each stratum, in the order in which the strata first appear; without
// strata a single group of all.
func (p Permutations) groups(n int) [][]int {
	if len(p.Strata) != 0 && len(p.Strata) != n {
		panic(fmt.Sprintf("stats: strata of %d observations for %d", len(p.Strata), n))
	}
	var groups [][]int
	number := map[int]int{}
	for i := range n {
		stratum := 0
		if len(p.Strata) != 0 {
			stratum = p.Strata[i]
		}
		k, known := number[stratum]
		if !known {
			k = len(groups)
			number[stratum], groups = k, append(groups, nil)
		}
		groups[k] = append(groups[k], i)
	}
	return groups
}

func (p Permutations) count() int {
	if p.Count == 0 {
		return DefaultPermutations
	}
	return max(p.Count, 0)
}
