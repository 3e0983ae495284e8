package stats_test

import (
	"fmt"

	"neuroprobe/internal/stats"
)

// A lesion turned 9 of 40 right answers wrong and 1 wrong answer right.
func Example() {
	change := make([]float64, 40) // of correctness, with − without
	for i := range 9 {
		change[i] = -1
	}
	change[9] = 1
	low, high := stats.Bootstrap{Seed: 1}.Mean(change)
	fmt.Printf("accuracy change %.1f points (95 %% interval %.1f to %.1f), exact McNemar p = %.3f\n",
		100*stats.Mean(change), 100*low, 100*high, stats.McNemarExact(9, 1))
	low, high = stats.Wilson(9, 40)
	fmt.Printf("answers turned wrong: 9 of 40 (%.1f to %.1f %%)\n", 100*low, 100*high)
	// Output:
	// accuracy change -20.0 points (95 % interval -35.0 to -5.0), exact McNemar p = 0.021
	// answers turned wrong: 9 of 40 (12.3 to 37.5 %)
}
