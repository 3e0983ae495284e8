package circuit

import (
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// ImageOptions are the settings of Image. Target and Against of Options are not used: y is about the
// class that the network answers with, and a cut edge carries its mean over select.
type ImageOptions struct {
	Options
	// Index is the image's place within the split. With Pixels it is not used.
	Index int
	// Pixels are an image of the user's own (C×H×W, values in [0,1]), Name says which.
	Pixels []float32
	Name   string
	// Random is how many random chains are cut for comparison; 0: DefaultRandomChains, below 0: none.
	Random int
	// Strongest is how many neurons of each layer are listed; 0: DefaultStrongest.
	Strongest int
}

// The defaults of ImageOptions.
const (
	DefaultRandomChains = 99
	DefaultStrongest    = 5
)

// ImageResult is what happened in the network for one image.
type ImageResult struct {
	Split     datasets.Split `json:"-"`
	SplitName string         `json:"split,omitempty"` // none of an image of the user's own
	Index     int            `json:"index"`           // within the split, −1 of one of the user's own
	Name      string         `json:"name"`
	Own       bool           `json:"own"`
	Pixels    []float32      `json:"-"`
	// Label is the image's true class, "" where it is not known.
	Label    string       `json:"label,omitempty"`
	Answer   string       `json:"answer"`
	RunnerUp string       `json:"runner_up,omitempty"`
	Classes  []ClassLogit `json:"classes"` // the highest first
	Metric   string       `json:"metric"`
	// Y is the metric for the answered class, Corrupted the same with every edge at its mean.
	Y         float64 `json:"y"`
	Corrupted float64 `json:"y_corrupted"`
	// SelectImages is what typical activations and means are from.
	SelectImages int `json:"select_images"`

	Layers []LayerActivity `json:"layers"` // hidden ones, in order
	// Chain is the strongest chain of edges whose cut lowers y, nil if there is none.
	Chain *ImageChain `json:"chain"`
	// Sums are those of the neurons of the chain, then of all output neurons, the answer first.
	Sums []DendriticSum `json:"dendritic_sums"`
	// Worst is the largest residual of all sums, relative to Σ|w·x| + |bias|.
	Worst float64 `json:"largest_relative_residual"`

	Seed     uint64   `json:"seed"`
	Warnings []string `json:"warnings,omitempty"`
}

// ClassLogit is what the network says of one class.
type ClassLogit struct {
	Class       string  `json:"class"`
	Neuron      string  `json:"neuron"`
	Logit       float64 `json:"logit"`
	Probability float64 `json:"probability"` // softmax
}

// LayerActivity is which neurons of a layer fired.
type LayerActivity struct {
	Layer   int    `json:"layer"`
	Name    string `json:"name"`
	Neurons int    `json:"neurons"`
	// Fired is how many have an activation above 0 somewhere, Typical how many do on a select image, on
	// average.
	Fired   int     `json:"fired"`
	Typical float64 `json:"typically_fired"`
	// Strongest are those furthest above their own typical activation, by z.
	Strongest []Activity `json:"strongest"`
}

// Activity is a neuron's activation on the image beside those on select; of a channel the highest of all
// positions.
type Activity struct {
	ID         string        `json:"neuron"`
	Neuron     model.Address `json:"-"`
	Label      string        `json:"label,omitempty"`
	AUROC      probe.Number  `json:"label_auroc"`
	Activation float64       `json:"activation"`
	Mean       float64       `json:"mean_select"`
	SD         float64       `json:"sd_select"`
	Z          probe.Number  `json:"z"` // (activation − mean) / sd
	// Percentile is the share of select images with a lower activation, ties half.
	Percentile float64 `json:"percentile"`
	Row        int     `json:"row"` // of the peak; −1 of a dense neuron
	Col        int     `json:"col"`
}

// ImageChain is the chain that carried the decision, with the answers after it is cut.
type ImageChain struct {
	Neurons  []ChainNeuron `json:"neurons"`
	Links    []ImageLink   `json:"links"`
	Strength float64       `json:"strength"` // of the weakest link
	Sign     int           `json:"sign"`
	// Supporting is how many chains consist of edges whose cut lowers y, of InNetwork.
	Supporting float64 `json:"supporting_chains"`
	InNetwork  float64 `json:"chains_in_network"`
	Cut        Cut     `json:"cut"` // all links at once
	// Random are the effects on y of cutting random chains from the image to the answer's neuron, as a
	// whole, in ascending order; RandomFlips is how many changed the answer, AtLeast how many lowered
	// y as much as the chain.
	Random      []float64 `json:"random"`
	RandomFlips int       `json:"random_flips"`
	AtLeast     int       `json:"random_at_least"`
}

// ChainNeuron is a neuron of the chain.
type ChainNeuron struct {
	Activity
	Layer string `json:"layer"`
	// Map is the activation at Rows × Cols positions, nil of a dense neuron and of the image.
	Map  []float32 `json:"-"`
	Rows int       `json:"-"`
	Cols int       `json:"-"`
}

// ImageLink is one link of the chain.
type ImageLink struct {
	Edge   model.Edge `json:"-"`
	Source string     `json:"source"`
	Target string     `json:"target"`
	// Term is what the sender adds at the receiver's peak, Usual what it adds there on average over select,
	// which takes its place in a cut.
	Term  float64 `json:"term"`
	Usual float64 `json:"term_usual"`
	Cut
	// Rank is the link's place, by effect, among the Of edges between the same two layers.
	Rank int `json:"rank"`
	Of   int `json:"edges_between_layers"`
}

// Excitatory tells the sign of the term; of a silent sender, of what it usually adds.
func (l ImageLink) Excitatory() bool { return l.Term > 0 || l.Term == 0 && l.Usual > 0 }

// Cut is what becomes of the answer.
type Cut struct {
	After  float64 `json:"y_after"`
	Effect float64 `json:"effect"` // after − before
	Answer string  `json:"answer_after"`
	Flips  bool    `json:"flips"`
}
