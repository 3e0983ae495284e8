package stats

import (
	"fmt"
	"math"
)

// MeanOf is the mean of diffs over the drawn observations.
func MeanOf(diffs []float64) Statistic {
	n := float64(len(diffs))
	for _, d := range diffs {
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return undefined
		}
	}
	return func(counts []float64) float64 { return dot(counts, diffs) / n }
}

// GroupMean is the mean of diffs over the drawn observations that are members of a group: with
// diffs the change of correctness and the group a class, the change of that class's recall.
// How many members are drawn varies from resample to resample (unless groups are the strata);
// without any the mean is undefined.
func GroupMean(diffs []float64, member []bool) Statistic {
	var values []float64
	var places []int
	for i, d := range diffs {
		if !member[i] {
			continue
		}
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return undefined
		}
		values, places = append(values, d), append(places, i)
	}
	return func(counts []float64) float64 {
		checkLength(len(diffs), len(counts))
		sum, n := 0.0, 0.0
		for k, i := range places {
			sum += counts[i] * values[k]
			n += counts[i]
		}
		return sum / n // 0/0 is NaN: undefined
	}
}

// Average is the unweighted mean of statistics, undefined where one of them is: the change of
// balanced accuracy is the Average of the classes' recall changes.
func Average(statistics ...Statistic) Statistic {
	return func(counts []float64) float64 {
		sum := 0.0
		for _, s := range statistics {
			sum += s(counts)
		}
		return sum / float64(len(statistics))
	}
}

func undefined([]float64) float64 { return math.NaN() }

// dot keeps four sums at once, so that one addition need not wait for the last.
func dot(a, b []float64) float64 {
	checkLength(len(b), len(a))
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func checkLength(values, observations int) {
	if values != observations {
		panic(fmt.Sprintf("stats: %d values for %d observations", values, observations))
	}
}
