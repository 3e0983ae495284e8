package stats

// Counts has how often each of n observations is drawn in each resample, Resamples × n: the same
// draws as those of Intervals, for many columns at once, whose sums over all resamples are one
// matrix product. No observation is counted more than 255 times; in resamples of thousands none
// comes near it, and fewer than 256 cannot.
func (b Bootstrap) Counts(n int) []uint8 {
	counts := make([]uint8, 0, b.resamples()*n)
	b.each(n, func(indices []int) {
		at := len(counts)
		counts = counts[:at+n]
		for _, i := range indices {
			if counts[at+i] < 255 {
				counts[at+i]++
			}
		}
	})
	return counts
}

// Percentiles is the interval of a statistic whose values on the resamples are given. Those that
// are NaN are left out. It sorts them.
func (b Bootstrap) Percentiles(values []float64) Interval { return b.percentiles(values) }
