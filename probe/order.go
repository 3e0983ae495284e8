package probe

import (
	"cmp"
	"slices"
)

// sortBy sorts by a number, the largest first; equals keep their order, which is by address or by
// concept. What has no number comes last.
func sortBy[T any](all []T, by func(T) float64) {
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(by(b), by(a)) })
}
