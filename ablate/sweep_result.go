package ablate

import (
	"math"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// SweepResult is what the loss of each neuron alone did, for every hidden neuron of the layers
// asked for, and what losing many did. Changes are with ablation − without, on the measured
// split; orders and ranks are from the select split.
type SweepResult struct {
	Split        datasets.Split `json:"-"`
	Images       int            `json:"images"`
	SelectImages int            `json:"select_images"`
	Classes      []string       `json:"classes"`
	// ClassImages are the images of each class; FeatureImages those with each feature.
	ClassImages   []int    `json:"class_images"`
	Features      []string `json:"features"`
	FeatureImages []int    `json:"feature_images"`
	Metric        Metric   `json:"metric"`
	Intact        Intact   `json:"intact"`

	Kinds []Kind `json:"kinds"`
	// Draws are those of resample ablation on the measured split, SelectDraws those on select.
	Draws       int           `json:"draws"`
	SelectDraws int           `json:"select_draws"`
	MeanOver    MeanOver      `json:"mean_over"`
	Layers      []SweptLayer  `json:"layers"`
	Families    []Family      `json:"families"`
	Pairs       []KindPair    `json:"kind_pairs"`
	Curves      []Cumulative  `json:"curves,omitempty"`
	Neurons     []SweptNeuron `json:"neurons"` // by address

	Resamples    int      `json:"bootstrap_resamples"`
	Permutations int      `json:"permutations"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Intact is the network without ablation, on the measured split.
type Intact struct {
	Accuracy  float64 `json:"accuracy"`
	LogitDiff float64 `json:"logit_difference"`
	// Shams are the sham arms: a whole layer under the identity edit, through the same code.
	// ShamChange is the most that one of them changed a logit difference or a loss: 0, or the last
	// bits where sums are taken in another order; more than rounding, and there is no result.
	Shams      int     `json:"shams"`
	ShamChange float64 `json:"sham_change"`
}

// SweptLayer is a layer of the sweep.
type SweptLayer struct {
	Number  int        `json:"number"`
	Name    string     `json:"name"`
	Kind    model.Kind `json:"kind"`
	Neurons int        `json:"neurons"`
	Dead    int        `json:"dead"`
	// Trust has, for each of the sweep's kinds, Spearman's correlation between the neurons'
	// effects on select and on the measured split: how far a ranking made on one holds on the other.
	Trust []probe.Number `json:"select_rank_correlation"`
}

// SweptNeuron is one neuron and its lesions, one for each of the sweep's kinds.
type SweptNeuron struct {
	Address model.Address `json:"address"`
	// Fires is on how many images of the measured split the activation is above 0 somewhere; Mean
	// is its mean over images and positions.
	Fires        int     `json:"fires"`
	FiresByClass []int   `json:"fires_by_class"`
	Mean         float64 `json:"mean_activation"`
	// Dead: a neuron that can only fire (ReLU) and never does on the measured split.
	Dead    bool           `json:"dead"`
	Lesions []NeuronLesion `json:"lesions"`
}

// Change is an effect with its paired bootstrap 95 % interval; NaN where there are no images for
// it.
type Change struct {
	Estimate probe.Number `json:"estimate"`
	Low      probe.Number `json:"low"`
	High     probe.Number `json:"high"`
}

// Tested is a change with the p of its test, and p adjusted for all tests of its family. Both are
// NaN where nothing was tested.
type Tested struct {
	Change
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"adjusted_p"`
}

// Significant tells whether the change survives correction.
func (t Tested) Significant() bool { return float64(t.Adjusted) < probe.Alpha }

// Clear tells whether the interval excludes 0.
func (c Change) Clear() bool { return c.Low > 0 || c.High < 0 }

// NeuronLesion is what ablating one neuron in one way did.
type NeuronLesion struct {
	Kind Kind `json:"kind"`
	// Moved: some image's logit difference or loss changed by more than rounding. A lesion that
	// moves nothing has nothing to test; it is counted and left out of the families.
	Moved bool `json:"moved"`
	// RightToWrong and WrongToRight are images whose answer flipped; under Resample those that
	// were answered rightly in a smaller or a larger share of the draws.
	RightToWrong int `json:"right_to_wrong"`
	WrongToRight int `json:"wrong_to_right"`

	Accuracy     Tested   `json:"accuracy"`
	Balanced     Change   `json:"balanced_accuracy"`
	Recall       []Change `json:"recall"` // by class
	CrossEntropy Change   `json:"cross_entropy"`
	LogitDiff    Tested   `json:"logit_difference"`
	// ByClass is the change of the logit difference on the images of each class.
	ByClass []Tested `json:"logit_difference_by_class"`
	// With is the change of the logit difference on images that have each feature; Contrast is
	// that less the change on images without it, both of the same class.
	With     []Change `json:"logit_difference_with_feature,omitempty"`
	Contrast []Tested `json:"feature_contrast,omitempty"`

	Select SelectEffect `json:"select"`
}

// SelectEffect is the same lesion on the select split, where neurons are ranked.
type SelectEffect struct {
	Metric float64 `json:"metric"` // change of the sweep's metric
	// Rank is the neuron's place by contribution lost, 1 the largest, among all neurons of the
	// sweep; LayerRank among those of its layer.
	Rank      int `json:"rank"`
	LayerRank int `json:"layer_rank"`
	// ByClass and Contrast are those of NeuronLesion.
	ByClass  []probe.Number `json:"logit_difference_by_class"`
	Contrast []probe.Number `json:"feature_contrast,omitempty"`
}

// SweepTest is what a family of tests is about.
type SweepTest string

// The tests of a sweep. Each is one family for each kind of ablation: over all neurons, and for
// classes and features over all of these too.
const (
	TestAccuracy  SweepTest = "accuracy"
	TestLogitDiff SweepTest = "logit difference"
	TestClass     SweepTest = "by class"
	TestFeature   SweepTest = "by feature"
)

// Family is a set of tests that are corrected together.
type Family struct {
	Kind        Kind      `json:"kind"`
	Test        SweepTest `json:"test"`
	Tests       int       `json:"tests"`
	Significant int       `json:"significant"`
	// LeftOut are tests that could not be made: lesions that moved nothing, features that all or
	// no images of each class have.
	LeftOut int `json:"left_out"`
}

// KindPair compares two kinds of ablation over all neurons.
type KindPair struct {
	A Kind `json:"a"`
	B Kind `json:"b"`
	// Correlation is Spearman's, of the effects on the sweep's metric.
	Correlation probe.Number `json:"rank_correlation"`
	// Opposite are the neurons whose effects are of opposite sign, with both intervals clear of 0.
	Opposite []model.Address `json:"opposite"`
}

// Lesion is the neuron's lesion of a kind, nil where the sweep has none.
func (n *SweptNeuron) Lesion(k Kind) *NeuronLesion {
	for i := range n.Lesions {
		if n.Lesions[i].Kind == k {
			return &n.Lesions[i]
		}
	}
	return nil
}

// In is the lesion's effect on a metric.
func (l *NeuronLesion) In(m Metric, classes []string) Change {
	base, class := m.split(classes)
	switch {
	case base == "accuracy":
		return l.Accuracy.Change
	case base == "balanced-accuracy":
		return l.Balanced
	case base == "cross-entropy":
		return l.CrossEntropy
	case base == "recall":
		return l.Recall[class]
	case class >= 0:
		return l.ByClass[class].Change
	}
	return l.LogitDiff.Change
}

// Lost is the contribution that an effect on the metric means: what the ablation took away.
func (m Metric) Lost(effect float64) float64 {
	if m.Loss || math.IsNaN(effect) {
		return effect
	}
	return 0 - effect // never −0
}
