package probe

import (
	"math"
	"slices"
	"sync"
)

// tailShare is the share of a unit's activations that may exceed its threshold for maps, as one in
// so many: 0.5 % (Bau et al. 2017). A whole number, so that the count is exact.
const tailShare = 200

// upperTail finds the level T that at most ⌊n/tailShare⌋ of n values exceed: the set {v > T} is the
// largest that is no larger; values that tie with T fall out. T is the (⌊n/tailShare⌋+1)-th largest
// value, exactly, and does not depend on the order in which the values come, for the values
// that are dropped on the way could not have been it. It keeps at most twice as many values as
// may exceed T, 4 bytes each: 1 % of all. Several goroutines may add at once.
type upperTail struct {
	mu     sync.Mutex
	keep   int       // of the largest values
	floor  float32   // values up to it are not among them, or tie with the last of them
	values []float32 // at most 2·keep
}

// newUpperTail makes room for so many values.
func newUpperTail(n int) *upperTail {
	return &upperTail{keep: n/tailShare + 1, floor: float32(math.Inf(-1))}
}

// add takes in values. A NaN is above no level and is left out.
func (t *upperTail) add(values []float32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range values {
		if v > t.floor {
			if t.values = append(t.values, v); len(t.values) == 2*t.keep {
				t.prune()
			}
		}
	}
}

// prune leaves the largest values, in ascending order. That happens seldom: with values in no
// order, some ln(tailShare) times after the first.
func (t *upperTail) prune() {
	slices.Sort(t.values)
	if extra := len(t.values) - t.keep; extra >= 0 {
		copy(t.values, t.values[extra:])
		t.values = t.values[:t.keep]
		t.floor = t.values[0]
	}
}

// threshold is T, -∞ if fewer values came than had to be kept (the others were -∞ themselves).
func (t *upperTail) threshold() float64 {
	t.prune()
	if t.floor == 0 {
		return 0 // of a zero and a negative zero, which a ReLU also makes, either may have been kept
	}
	return float64(t.floor)
}
