package probe

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"neuroprobe/datasets"
)

// stimulusTypes gives every image of the set its stimulus type: the combination of its class and
// all its features. Without features every image is a type of its own. Types are numbered in the
// order of the combinations, so that the order of the images does not matter.
func stimulusTypes(set *datasets.Set) (types []int, count int) {
	types = make([]int, set.Len())
	if len(set.Features) == 0 {
		for i := range types {
			types[i] = i
		}
		return types, len(types)
	}
	keys := make([]string, set.Len())
	for i := range keys {
		key := []byte(strconv.Itoa(set.Labels[i]) + ":")
		for f := range set.Features {
			key = strconv.AppendBool(key, set.HasFeature(i, f))
		}
		keys[i] = string(key)
	}
	distinct := slices.Clone(keys)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	for i, key := range keys {
		types[i], _ = slices.BinarySearch(distinct, key)
	}
	return types, len(distinct)
}

// controlTask draws the answers of a control task for every image of the set (Hewitt and Liang
// 2019): each stimulus type gets a fixed random answer, so that a probe can be right only by having
// learnt types by heart. Of the types among the train images the share `prevalence` says yes, at
// least one and not all; types that train lacks say yes with that probability. nil if train has
// one type only. The stream makes draws from the same seed independent.
func controlTask(types []int, count int, train []int, prevalence float64, seed, stream uint64) []bool {
	random := rand.New(rand.NewPCG(seed, stream))
	inTrain := make([]bool, count)
	for _, i := range train {
		inTrain[types[i]] = true
	}
	var known []int
	answer := make([]bool, count)
	for t, is := range inTrain {
		if is {
			known = append(known, t)
		} else {
			answer[t] = random.Float64() < prevalence
		}
	}
	if len(known) < 2 {
		return nil
	}
	random.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	yes := int(math.Round(prevalence * float64(len(known))))
	for _, t := range known[:min(max(yes, 1), len(known)-1)] {
		answer[t] = true
	}
	answers := make([]bool, len(types))
	for i, t := range types {
		answers[i] = answer[t]
	}
	return answers
}

// controlStream is the random stream of a concept's k-th control task. It does not depend on which
// other concepts take part.
func controlStream(c Concept, k int) uint64 {
	stream := uint64(c.Index)<<32 | uint64(k)<<1
	if c.Kind == Class {
		stream |= 1
	}
	return stream
}
