package ablate

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Epistasis is what pairs of units do together that the units alone do not tell.
//
// Everything is counted as contribution lost, in the metric's own units: intact − ablated, or
// ablated − intact where a higher value of the metric is worse. So a positive number is damage.
type Epistasis struct {
	Kind   Kind           `json:"kind"`
	Metric Metric         `json:"metric"`
	Split  datasets.Split `json:"-"`
	Images int            `json:"images"` // that count for the metric
	Intact float64        `json:"intact"` // the metric of the intact network
	Sham   Sham           `json:"sham"`
	// Choice tells how the units were chosen; nil where they were named.
	Choice *PairsChoice `json:"choice,omitempty"`
	// Singles has the units in the order of their addresses.
	Singles []SingleLoss `json:"singles"`
	// Pairs has every pair of them, the strongest interaction first.
	Pairs []PairLoss `json:"pairs"`
	// Interacting counts the pairs that interact after correction for all Pairs; Exact those
	// whose losses add up on every single image.
	Interacting  int      `json:"interacting"`
	Exact        int      `json:"exactly_additive"`
	Resamples    int      `json:"bootstrap_resamples"`
	Permutations int      `json:"sign_flips"`
	Draws        int      `json:"draws"`
	MeanOver     MeanOver `json:"mean_over"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// PairsChoice tells how units were chosen: the largest |contribution lost| alone, under zero
// ablation, on the select split.
type PairsChoice struct {
	Candidates int   `json:"candidates"`
	Layers     []int `json:"layers"`
	Images     int   `json:"images"` // of select that count for the metric
	Units      []ChosenUnit
}

// ChosenUnit is a unit with what its loss cost on select.
type ChosenUnit struct {
	Address model.Address `json:"address"`
	Lost    float64       `json:"lost_on_select"`
}

// SingleLoss is the contribution lost with one unit.
type SingleLoss struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"`
	Lost    Interval      `json:"lost"`
}

// PairLoss is the contribution lost with two units.
type PairLoss struct {
	A     model.Address `json:"a"`
	B     model.Address `json:"b"`
	LostA float64       `json:"lost_a"`
	LostB float64       `json:"lost_b"`
	Lost  Interval      `json:"lost_both"`
	// Epistasis is Lost − LostA − LostB.
	Epistasis Interval `json:"epistasis"`
	// Share is |Epistasis| over |Lost|; undefined where the interval of Lost includes 0.
	Share    probe.Number `json:"share_of_lost_both"`
	P        float64      `json:"p"`          // sign-flip, two-sided
	Adjusted float64      `json:"adjusted_p"` // Benjamini–Hochberg over all pairs
	Class    PairClass    `json:"class"`
	// Significant: the adjusted p is below 0.05, and the interval excludes 0.
	Significant bool `json:"significant"`
	// ReversesA: whether the loss of A costs or gains depends on whether B is there, both
	// intervals excluding 0 (sign epistasis; Weinreich, Watson and Chao 2005). ReversesB likewise.
	ReversesA bool `json:"reverses_a"`
	ReversesB bool `json:"reverses_b"`
	// Exact: the losses add up on every image.
	Exact bool `json:"exactly_additive"`
}

// PairClass is how two units' losses combine.
type PairClass string

// The classes of pairs. Additive: the interval of the epistasis includes 0. Buffering: losing both
// costs more than the sum, as with two inputs of an OR, which stand in for each other. Synergistic:
// losing both costs less than the sum, as with two inputs of an AND, or two links of a chain, where
// each loss already costs what both cost.
const (
	Additive    PairClass = "additive"
	Buffering   PairClass = "buffering"
	Synergistic PairClass = "synergistic"
)
