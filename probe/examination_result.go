package probe

import "neuroprobe/model"

// Examination is one neuron in full.
type Examination struct {
	Survey *Survey `json:"-"`
	Unit   Unit    `json:"unit"`
	// Details are ordered as Survey.Concepts; nil where Unit.Tuning is.
	Details []*Detail `json:"details,omitempty"`
	// Histogram is of the unit's summary over the measured images.
	Histogram Histogram  `json:"histogram"`
	Highest   []Exemplar `json:"highest"`
	Lowest    []Exemplar `json:"lowest"`
	// Incoming and Outgoing are the synapses of the largest mean contribution either way:
	// excitatory ones first, strongest first, then inhibitory ones, strongest first.
	Incoming []Synapse `json:"incoming"`
	Outgoing []Synapse `json:"outgoing"`
	// Counts are how many incoming and outgoing synapses there are of either sign.
	IncomingCount SignCount `json:"incoming_count"`
	OutgoingCount SignCount `json:"outgoing_count"`
	// Nearest are the most correlated units of the layer, duplicates or not.
	Nearest  []Duplicate `json:"nearest"`
	Warnings []string    `json:"warnings,omitempty"`
}

// Detail has the intervals of a tuning that the survey leaves out.
type Detail struct {
	Concept int `json:"concept"`
	// AUROCLow and AUROCHigh are DeLong's 95 % interval.
	AUROCLow  Number `json:"auroc_low"`
	AUROCHigh Number `json:"auroc_high"`
	// DifferenceLow and DifferenceHigh are the bootstrap 95 % interval of the mean difference,
	// images drawn within the groups.
	DifferenceLow  Number `json:"mean_difference_low"`
	DifferenceHigh Number `json:"mean_difference_high"`
}

// Histogram counts images by the unit's summary: bin k is [Edges[k], Edges[k+1]), the last one
// closed, but for exact zeros, which are counted apart where the unit has a ReLU.
type Histogram struct {
	Edges []float64 `json:"edges"`
	// Counts has one row a class.
	Counts [][]int `json:"counts"`
	// Zeros are the images of each class on which the summary is exactly 0; nil without a ReLU.
	Zeros []int `json:"zeros,omitempty"`
}

// Synapse is the bundle of weights from one neuron to another, in numbers.
type Synapse struct {
	From model.Address `json:"from"` // layer 0: an input channel
	To   model.Address `json:"to"`
	// Weight is the synapse's weight; of a bundle, the sum of its weights.
	Weight Number `json:"weight"`
	// Contribution is what the sender adds to the receiver's pre-activation, averaged over the
	// measured images and the receiver's positions. Above 0 it excites.
	Contribution Number `json:"contribution"`
	// Label is that of the neuron at the other end.
	Label *Label `json:"label,omitempty"`
}

// SignCount counts synapses by the sign of their contribution; those of exactly 0 are in neither.
type SignCount struct {
	Excitatory int `json:"excitatory"`
	Inhibitory int `json:"inhibitory"`
}
