package datasets

import (
	"fmt"
	"slices"
)

// limit keeps the first wanted[s] images of each split, in the proportions of the classes;
// 0 keeps all.
func limit(p picks, labels []int, classes int, wanted [3]int) (picks, error) {
	for _, split := range Splits {
		want := wanted[split]
		if want == 0 {
			continue
		}
		byClass := groupByClass(labels, p[split], classes)
		counts := make([]int, classes)
		for c, members := range byClass {
			counts[c] = len(members)
		}
		left := quotas(counts, counts, want)
		if left == nil {
			return p, fmt.Errorf("datasets: --%s-images %d: from %d to %d images can be had there", split, want, classes, len(p[split]))
		}
		var kept []int
		for _, i := range p[split] {
			if c := labels[i]; left[c] > 0 {
				left[c]--
				kept = append(kept, i)
			}
		}
		p[split] = kept
	}
	return p, nil
}

// quotas shares want among the classes in proportion to counts: at least one each, none
// above its room, the last ones to whom the proportion owes most. It is nil where that
// cannot be done.
func quotas(counts, room []int, want int) []int {
	if want < len(counts) || want > sum(room) || slices.Min(room) < 1 {
		return nil
	}
	quota := slices.Repeat([]int{1}, len(counts))
	total := sum(counts)
	for range want - len(counts) {
		most := -1
		for c := range quota {
			if quota[c] == room[c] {
				continue
			}
			if most < 0 || want*counts[c]-quota[c]*total > want*counts[most]-quota[most]*total {
				most = c
			}
		}
		quota[most]++
	}
	return quota
}

func groupByClass(labels, from []int, classes int) [][]int {
	groups := make([][]int, classes)
	for _, i := range from {
		groups[labels[i]] = append(groups[labels[i]], i)
	}
	return groups
}

func sum(list []int) int {
	total := 0
	for _, n := range list {
		total += n
	}
	return total
}
