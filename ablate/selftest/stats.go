package selftest

import (
	"math"
	"slices"

	"neuroprobe/internal/stats"
)

func statsCases() []Case {
	stat := func(name, source string, tolerance float64, f func() []float64, want ...float64) Case {
		return Case{Room: "stats", Name: name, Source: source, Expected: want, Tolerance: tolerance, Run: numbers(f)}
	}
	return []Case{
		stat("Wilson interval of 81 in 263", "Newcombe 1998, table I", 5e-5, wilson(81, 263), 0.2553, 0.3662),
		stat("Wilson interval of 0 in 20", "Newcombe 1998, table I", 5e-5, wilson(0, 20), 0, 0.1611),
		// 2·(1 + 10)/2¹⁰.
		stat("exact McNemar, 1 against 9", "by hand", 1e-15, func() []float64 { return []float64{stats.McNemarExact(1, 9)} }, 22./1024),
		// 2·(1 + 71)/2⁷¹, far below what a normal approximation can tell.
		stat("exact McNemar, 1 against 70, times 2⁷⁰", "by hand", 1e-9, func() []float64 { return []float64{math.Ldexp(stats.McNemarExact(1, 70), 70)} }, 72),
		// Four of fifteen found at 0.05; the fourth's adjusted p is 15/4·0.0095.
		stat("Benjamini–Hochberg: found, 4th adjusted p", "Benjamini & Hochberg 1995", 1e-12, benjaminiHochberg, 4, 0.035625),
		stat("AUROC of 109 rated CT images", "Hanley & McNeil 1982", 5e-4, hanleyMcNeil, 0.893),
		stat("AUROC of albumin, standard error", "DeLong et al. 1988", 5e-5, deLong, 0.7366, 0.0927),
		stat("Student's t at 97.5 %, 4 and 9 df", "tables", 1e-8, func() []float64 {
			return []float64{stats.StudentQuantile(0.975, 4), stats.StudentQuantile(0.975, 9)}
		}, 2.7764451052, 2.2621571628),
		// Fisher counts 863 of 2¹⁵ choices of signs, on one side.
		stat("sign flips of Darwin's maize", "Fisher 1935", 1e-15, func() []float64 {
			return []float64{stats.Permutations{}.SignFlip([]float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48})}
		}, 2*863./32768),
		stat("p of 0 and 49 in 999 permutations", "Phipson & Smyth 2010", 1e-15, func() []float64 {
			return []float64{stats.PermutationP(0, 999), stats.PermutationP(49, 999)}
		}, 0.001, 0.05),
		// Σd² = 194 over ten children.
		stat("Spearman: IQ and television", "Myers & Well 2003, p. 508", 1e-14, func() []float64 {
			return []float64{stats.Spearman([]float64{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}, []float64{7, 27, 2, 50, 28, 29, 20, 12, 6, 17})}
		}, -29./165),
		// Means 5 and 2, variances 2 and 2.
		stat("d′ of 4, 6 and 1, 3", "by hand", 1e-14, func() []float64 { return []float64{stats.DPrime([]float64{4, 6}, []float64{1, 3})} }, 3/math.Sqrt2),
		stat("quantiles 0.1 and 0.25 of 10 … 50", "R, type 7", 1e-12, func() []float64 {
			v := []float64{10, 20, 30, 40, 50}
			return []float64{stats.Quantile(v, 0.1), stats.Quantile(v, 0.25)}
		}, 14, 20),
		stat("Hill curve: planted EC50, slope, plateau", "planted", 1e-4, hill(stats.Hill{EC50: 0.3, Slope: 2, Plateau: -8}), 0.3, 2, -8),
		stat("Hill curve: EC50 beyond the doses", "planted", 1e-4, hill(stats.Hill{EC50: 1.4, Slope: 3, Plateau: 2}), 1.4, 3, 2),
		// Of 100 throws of a coin 40 and 60 are the exact 2.5 % and 97.5 % quantiles.
		stat("bootstrap interval of 50 in 100", "binomial quantiles", 0.011, coin, 0.4, 0.6),
	}
}

func wilson(successes, n int) func() []float64 {
	return func() []float64 {
		low, high := stats.Wilson(successes, n)
		return []float64{low, high}
	}
}

func benjaminiHochberg() []float64 {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	adjusted, found := stats.BenjaminiHochberg(p), 0.0
	for _, q := range adjusted {
		found += is(q <= 0.05)
	}
	return []float64{found, adjusted[3]}
}

// hanleyMcNeil has the paper's table I: five ratings of normal and abnormal images.
func hanleyMcNeil() []float64 {
	var normal, abnormal []float64
	for rating, count := range [5][2]int{{33, 3}, {6, 2}, {6, 2}, {11, 11}, {2, 33}} {
		normal = append(normal, slices.Repeat([]float64{float64(rating)}, count[0])...)
		abnormal = append(abnormal, slices.Repeat([]float64{float64(rating)}, count[1])...)
	}
	return []float64{stats.AUROC(abnormal, normal)}
}

// deLong has the albumin of the paper's 43 patients, of those who benefited from surgery and those
// who did not, as SAS/STAT's guide reprints them.
func deLong() []float64 {
	benefited := []float64{3.2, 3.9, 3.2, 1.6, 3.8, 3.7, 3.2, 3.8, 4.1, 3.6, 4.3, 2.3, 3.5, 3.8, 4.5, 3.7, 3.1, 4.1, 4.3, 4.3, 3.2, 2.6, 3.7, 3.3, 4.2, 3.5, 2.1, 4.0, 3.3, 3.7, 3.6}
	not := []float64{3.0, 2.8, 0.9, 2.5, 3.6, 4.2, 4.0, 3.0, 3.3, 1.7, 2.9, 2.8}
	a, low, high := stats.AUROCInterval(benefited, not, 0.95)
	// Half the interval on the logit scale is z·SE/(A(1-A)).
	half := (math.Log(high/(1-high)) - math.Log(low/(1-low))) / 2
	return []float64{a, half * a * (1 - a) / 1.959963984540054}
}

// hill fits a curve to points of itself.
func hill(planted stats.Hill) func() []float64 {
	return func() []float64 {
		doses := []float64{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}
		var effects []float64
		for _, d := range doses {
			effects = append(effects, planted.At(d))
		}
		f, err := stats.NewHillFitter(doses)
		if err != nil {
			panic(err) // the doses are in order
		}
		got := f.Fit(effects)
		return []float64{got.EC50, got.Slope, got.Plateau}
	}
}

func coin() []float64 {
	low, high := stats.Bootstrap{Seed: 1}.Interval(100, func(drawn []int) float64 {
		heads := 0.0
		for _, i := range drawn {
			heads += is(i%2 == 0)
		}
		return heads / float64(len(drawn))
	})
	return []float64{low, high}
}
