package ablate

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Result is what one lesion did, measured against the intact network on the same images.
// Every change is lesioned − intact: a negative change of accuracy is damage.
type Result struct {
	Kind    Kind           `json:"kind"`
	Targets []Target       `json:"targets"`
	Split   datasets.Split `json:"-"`
	Images  int            `json:"images"`
	Classes []string       `json:"classes"`
	// Measures: accuracy, balanced accuracy, recall of each class, cross-entropy, logit difference.
	Measures []Measure `json:"measures"`
	Flips    Flips     `json:"flips"`
	Sham     Sham      `json:"sham"`
	// Features has one row a feature the data set knows; none for plain photos.
	Features []FeatureEffect `json:"features,omitempty"`
	// Changed are the images whose logit difference moved most, strongest first.
	Changed   []ImageChange `json:"changed"`
	Resamples int           `json:"bootstrap_resamples"`
	Seed      uint64        `json:"seed"`
	Warnings  []string      `json:"warnings,omitempty"`
}

// Target is one lesioned neuron (or position, or layer) and what it did before the lesion.
type Target struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"` // the layer's name
	Kind    model.Kind    `json:"kind"`
	// Fires is the number of images on which the activation is above 0 anywhere in the target,
	// Mean its mean over images and positions; both intact, on the measured split.
	Fires int     `json:"fires"`
	Mean  float64 `json:"mean_activation"`
	// FiresByClass counts the same for each class; ImagesByClass are the images of each class.
	FiresByClass  []int `json:"fires_by_class"`
	ImagesByClass []int `json:"images_by_class"`
	// MeanByClass is the mean activation on the images of each class.
	MeanByClass []probe.Number `json:"mean_activation_by_class"`
}

// Measure is one number intact, lesioned and changed, with a paired bootstrap 95 % interval
// of the change.
type Measure struct {
	Name string `json:"name"`
	// Percent: the values are fractions, to be shown in percent (changes in percentage points).
	Percent  bool    `json:"percent"`
	N        int     `json:"n"` // images behind it
	Intact   float64 `json:"intact"`
	Lesioned float64 `json:"lesioned"`
	Change   float64 `json:"change"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	// P is that of Test, against no change at all: McNemar's exact test on correctness, or where
	// that does not apply a sign-flip permutation test of the mean change. Adjusted is P by
	// Benjamini and Hochberg, over all measures and kinds of the experiment.
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"p_adjusted"`
	Test     Test         `json:"test"`
	// Flips are the answers that went from right to wrong and back, for accuracy and recalls.
	Flips *Flips `json:"flips,omitempty"`
}

// Test names the test behind a p.
type Test string

// The tests of a measure.
const (
	McNemar  Test = "McNemar"
	SignFlip Test = "sign flip"
)

// Flips counts images whose answer the lesion changed. With two classes every changed answer
// changes correctness; with more, Changed can exceed the sum of the two directions.
//
// Under resample ablation the two directions are averages over draws, no whole numbers, and
// there is neither Changed nor McNemarP.
type Flips struct {
	CorrectToWrong float64 `json:"correct_to_wrong"`
	WrongToCorrect float64 `json:"wrong_to_correct"`
	Changed        int     `json:"changed"`
	McNemarP       float64 `json:"mcnemar_p,omitempty"` // exact, two-sided, on paired correctness
}

// Sham is the control arm: the identity edit on the same target through the same code.
type Sham struct {
	Images    int  `json:"images"`
	Identical bool `json:"bit_identical"` // every logit of every image, bit by bit
	// Sweep is the largest difference of a logit when the same goes through the sweep that measures
	// all other arms: 0, or rounding.
	Sweep float64 `json:"largest_difference_in_sweep"`
}

// FeatureEffect is the lesion's effect on images with and without a feature.
type FeatureEffect struct {
	Feature string `json:"feature"`
	With    Group  `json:"with"`
	Without Group  `json:"without"`
}

// Group is the change on some of the images, with paired bootstrap 95 % intervals. With N = 0
// the changes are 0 and mean nothing.
type Group struct {
	N        int      `json:"n"`
	Accuracy Interval `json:"accuracy_change"`
	Logit    Interval `json:"logit_difference_change"`
}

// Interval is an estimate with its 95 % interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// ImageChange is one image before and after the lesion. The logit difference is the true
// class's logit minus the strongest other one: above 0 the answer is right.
type ImageChange struct {
	Image      int     `json:"image"` // index in the Set
	Name       string  `json:"name"`
	Label      int     `json:"label"`
	Intact     int     `json:"intact_answer"`
	Lesioned   int     `json:"lesioned_answer"`
	DiffIntact float64 `json:"intact_logit_difference"`
	DiffLesion float64 `json:"lesioned_logit_difference"`
}
