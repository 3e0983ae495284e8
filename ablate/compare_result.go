package ablate

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Comparison is two networks under the same battery. Differences are B − A.
type Comparison struct {
	Split datasets.Split `json:"-"`
	A     ComparedNet    `json:"a"`
	B     ComparedNet    `json:"b"`
	// SameData: both were measured on the same images, so that differences are paired by image.
	SameData bool `json:"same_data"`
	// SameNetwork: the two are one, and every difference is 0.
	SameNetwork bool         `json:"same_network"`
	Rows        []CompareRow `json:"measures"`
	Tests       int          `json:"tests"`

	Similarity *NetSimilarity `json:"similarity,omitempty"`
	// NoSimilarity says why there is none.
	NoSimilarity string `json:"no_similarity,omitempty"`

	Resamples    int      `json:"bootstrap_resamples"`
	Permutations int      `json:"permutations"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// ComparedNet is one side.
type ComparedNet struct {
	Name       string `json:"name"`
	Spec       string `json:"spec"`
	Rule       string `json:"rule"` // how it was trained
	Seed       uint64 `json:"training_seed"`
	Digest     string `json:"model_digest"`
	Data       string `json:"data"`
	DataDigest string `json:"data_digest"`
	Hidden     int    `json:"hidden_neurons"`
	Parameters int    `json:"parameters"`
	// Judged are the images behind the answers, Images those behind everything else.
	Judged int `json:"judged_images"`
	Images int `json:"images"`
	// Others are how many more networks of its lab were measured.
	Others    int      `json:"other_networks"`
	Battery   *Battery `json:"battery"`
	Untrained *Battery `json:"untrained"`
	// UntrainedSeed is that of the untrained network's weights.
	UntrainedSeed uint64        `json:"untrained_seed"`
	Layers        []model.Layer `json:"-"`
}

// CompareTest names the test behind a p of a comparison, beside those of Measure.
const Bootstrapped Test = "bootstrap"

// CompareRow is one measure of both.
type CompareRow struct {
	Name    string        `json:"name"`
	Group   string        `json:"group"`
	Percent bool          `json:"percent"`
	N       [2]int        `json:"images"`
	A       probe.Sampled `json:"a"`
	B       probe.Sampled `json:"b"`
	// Difference is B − A, with a 95 % bootstrap interval over images; none for a share of all the
	// neurons there are.
	Difference Change       `json:"difference"`
	P          probe.Number `json:"p"`
	Adjusted   probe.Number `json:"p_adjusted"`
	Test       Test         `json:"test,omitempty"`
	// Untrained are the values of an untrained network of A's spec and of one of B's.
	Untrained [2]probe.Number `json:"untrained"`
	// Seeds is the yardstick; nil where neither lab has several networks.
	Seeds *SeedSpread `json:"seeds,omitempty"`
}

// SeedSpread is how much a measure differs between networks of one lab, which differ in their seeds
// alone.
type SeedSpread struct {
	A []probe.Number `json:"a"` // of every network, the compared one first
	B []probe.Number `json:"b"`
	// SD is the standard deviation between networks, pooled over the labs that have several.
	SD probe.Number `json:"sd"`
	// Reach is how far two networks of one lab differ at most in 95 % of cases, if the measure is
	// normally distributed over seeds: t·√2·SD.
	Reach probe.Number `json:"reach"`
}

// Beyond tells whether a difference is larger than seeds make it.
func (s *SeedSpread) Beyond(difference float64) bool {
	return s != nil && s.Reach.Defined() && (difference > float64(s.Reach) || -difference > float64(s.Reach))
}

// NetSimilarity is how alike the layers of two networks are, by linear CKA on the same images.
type NetSimilarity struct {
	// Data is whose images.
	Data   string `json:"data"`
	Images int    `json:"images"`
	// Between has A's layers as rows and B's as columns, Untrained the same of the untrained networks,
	// WithinA and WithinB those of one network among each other.
	Between   *probe.Similarities `json:"between"`
	Untrained *probe.Similarities `json:"untrained"`
	WithinA   *probe.Similarities `json:"within_a"`
	WithinB   *probe.Similarities `json:"within_b"`
	// Depths pairs layers of the same relative depth: of each layer of the network that has fewer, the
	// nearest in the other.
	Depths []DepthPair `json:"same_depth"`
	// Mean is the mean debiased CKA of the pairs of hidden layers among Depths, MeanUntrained that of
	// untrained networks, Gain the former less the latter; jackknife intervals over images.
	Mean          Change `json:"mean"`
	MeanUntrained Change `json:"mean_untrained"`
	Gain          Change `json:"gain"`
	// UntrainedPairs are MeanUntrained of several pairs, the drawn one first: it hangs on their seeds.
	UntrainedPairs []probe.Number `json:"untrained_pairs"`
	// SeedsA and SeedsB are the same mean between the compared network and each of the other ones of its lab.
	SeedsA []probe.Number `json:"seeds_a,omitempty"`
	SeedsB []probe.Number `json:"seeds_b,omitempty"`
}

// DepthPair is a layer of A and one of B; numbers from 1.
type DepthPair struct {
	A int `json:"a"`
	B int `json:"b"`
}
