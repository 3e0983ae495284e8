package datasets

// petfaceBound is the accuracy no classifier of feature vectors can beat.
func petfaceBound() *Bound {
	return &Bound{
		Accuracy: bayesAccuracy(petfaceTable[:]),
		How: "exact sum over all 256 feature vectors of the likelier class's probability; an upper bound for a " +
			"classifier of pixels, from which an occluder can hide a feature",
	}
}

// bayesAccuracy is the accuracy of the Bayes classifier for two equally frequent classes
// whose features are independent given the class: the sum over all feature vectors x of
// ½·max(P(x|cat), P(x|dog)), found by enumeration (2^F vectors).
func bayesAccuracy(features []PetfaceFeature) float64 {
	sum := 0.0
	for x := range 1 << len(features) {
		pCat, pDog := 1.0, 1.0
		for f, row := range features {
			if x>>f&1 == 1 {
				pCat, pDog = pCat*row.Cat, pDog*row.Dog
			} else {
				pCat, pDog = pCat*(1-row.Cat), pDog*(1-row.Dog)
			}
		}
		sum += max(pCat, pDog) / 2
	}
	return sum
}
