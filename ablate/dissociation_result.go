package ablate

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Dissociation is what two lesions do to two outcomes. Contributions lost are counted as in
// Epistasis: above 0 is damage.
type Dissociation struct {
	Kind     Kind           `json:"kind"`
	Metric   Metric         `json:"metric"`
	Split    datasets.Split `json:"-"`
	Outcomes [2]Outcome     `json:"outcomes"` // A, B
	Images   int            `json:"images"`   // that count for either outcome
	// Search tells how the units were found; nil where they were named. Where it found none,
	// nothing below was measured.
	Search *DissociationSearch `json:"search,omitempty"`
	Found  bool                `json:"measured"`

	Units  [2]model.Address `json:"units"` // a, b
	Layers [2]string        `json:"layers"`
	// Lost is what each unit's loss costs each outcome: Lost[0][1] is that of a to B.
	Lost [2][2]Interval `json:"lost"`
	// The simple comparisons. Within is, for each unit, Lost of A − Lost of B. Between is, for each
	// outcome, Lost with a − Lost with b, on which a difference in frailty of the outcomes has no
	// bearing.
	Within  [2]Interval `json:"a_minus_b_within_unit"`
	Between [2]Interval `json:"a_minus_b_within_outcome"`
	// Interaction is Within[0] − Within[1], tested by permuting which image belongs to which group.
	Interaction Interval `json:"interaction"`
	P           float64  `json:"p"`
	// Hurts is, for each unit, the outcome that its loss hurts more than the other: 0 or 1, where
	// that outcome is hurt and the comparison holds, both with intervals that exclude 0; else -1.
	Hurts   [2]int  `json:"hurts"`
	Verdict Verdict `json:"verdict"`
	Sham    Sham    `json:"sham"`

	Resamples    int      `json:"bootstrap_resamples"`
	Permutations int      `json:"permutations"`
	Draws        int      `json:"draws"`
	MeanOver     MeanOver `json:"mean_over"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Verdict is what two lesions show of two outcomes.
type Verdict string

// The verdicts. DoubleDissociation: each unit's loss hurts one outcome more than the other, not the
// same one, and that outcome more than the other unit's loss does: the lines cross.
// UncrossedDissociation: the same without the last, so that one loss may just be larger and one
// outcome frailer. SingleDissociation: one unit's loss hurts one outcome more. NoDissociation:
// neither does, or both hurt the same more. All that with intervals that exclude 0.
const (
	DoubleDissociation    Verdict = "double dissociation"
	UncrossedDissociation Verdict = "uncrossed dissociation"
	SingleDissociation    Verdict = "single dissociation"
	NoDissociation        Verdict = "no dissociation"
)

// Outcome is what a loss is looked at for: the images of a class, or a feature.
type Outcome struct {
	Name    string      `json:"name"`
	Kind    OutcomeKind `json:"kind"`
	With    int         `json:"images_with"`
	Without int         `json:"images_without"` // of a feature: images of the same classes without it

	index int
}

// OutcomeKind is what an outcome is made of.
type OutcomeKind string

// OfClass: the mean over the images of the class. OfFeature: the mean over images with the feature
// less that over images without it, class by class and averaged in proportion to the classes'
// images; classes whose images all have or all lack the feature do not count.
const (
	OfClass   OutcomeKind = "class"
	OfFeature OutcomeKind = "feature"
)

// DissociationSearch tells how two units were found on the select split, from the loss of each
// alone.
type DissociationSearch struct {
	Candidates int   `json:"candidates"`
	Layers     []int `json:"layers"`
	Images     int   `json:"images"`
	Tried      int   `json:"pairs_tried"` // ordered pairs
	// Best are the pairs with the highest scores.
	Best []ScoredPair `json:"best"`
	// Confirmed is the best pair on the measured split.
	Confirmed ScoredPair `json:"confirmed"`
}

// ScoredPair is a pair with what the losses of its units cost. Its Score is how far the smaller of
// the two damages that belong together (a to A, b to B) exceeds the larger of the other two, gains
// counting as none:
//
//	min(Δ_aA, Δ_bB) − max(0, Δ_aB, Δ_bA).
//
// Above 0, each loss hurts its own outcome more than the other, and each outcome is hurt more by its
// own loss: the pair crosses.
type ScoredPair struct {
	A     model.Address `json:"a"`
	B     model.Address `json:"b"`
	Lost  [2][2]float64 `json:"lost"`
	Score float64       `json:"score"`
}
