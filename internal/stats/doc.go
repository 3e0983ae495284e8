// Package stats holds the statistics that more than one room needs: intervals for rates, exact
// and permutation tests, bootstrap intervals, measures of tuning, quantiles and running moments.
//
//	Wilson, WilsonAt          score interval of a rate            Wilson 1927
//	McNemarExact, McNemarLog  exact test of paired yes/no         McNemar 1947
//	Bootstrap                 percentile intervals, stratified    Efron & Tibshirani 1993
//	AUROC, AUROCOf            order of two groups, ties half      Hanley & McNeil 1982
//	StratifiedAUROC           the same within strata              van Elteren 1960
//	AUROCInterval             its interval, on the logit scale    DeLong et al. 1988
//	DPrime                    distance of means in spreads        Green & Swets 1966
//	ClassSelectivity          best class against the rest         Morcos et al. 2018
//	Permutations              null draws, stratified; sign flips  Fisher 1935
//	PermutationP              (b+1)/(m+1)                         Phipson & Smyth 2010
//	BenjaminiHochberg         p adjusted for many tests           Benjamini & Hochberg 1995
//	Hill, HillFitter          dose–response by least squares      Hill 1910
//	Quantile                  linear interpolation, type 7        Hyndman & Fan 1996
//	Moments                   mean and variance in one pass       Welford 1962
//	MeanT, StudentQuantile    mean of a few, its t-interval       Student 1908
//	Pearson, Spearman         correlation, also of ranks          Spearman 1904
//
// Where a number is not defined (no data, arguments out of range, a NaN among the data) the
// answer is NaN: whoever reports it turns that into a warning. Slices that do not belong
// together (lengths differ) are a fault of the caller and panic. Nothing here draws from a
// global source of randomness: the same seed gives the same numbers.
package stats
