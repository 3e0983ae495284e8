package circuit

import (
	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Result is a circuit with its checks.
type Result struct {
	Split       datasets.Split `json:"-"`
	SplitName   string         `json:"split"`
	Target      Target         `json:"target"`
	Class       string         `json:"class"` // whose logit y is about
	Metric      string         `json:"metric"`
	Against     Against        `json:"against"`
	Method      string         `json:"method"`
	SelectPairs int            `json:"select_pairs"` // the circuit was chosen on
	Pairs       int            `json:"pairs"`        // the checks are from
	Excluded    int            `json:"excluded"`     // images without a counterpart, of both splits
	// Wish is what was asked for: so many edges, a threshold of the score, or a faithfulness on select.
	Wish Wish `json:"wish"`

	// EdgesInNetwork counts all edges, HiddenEdges those between hidden neurons.
	EdgesInNetwork int `json:"edges_in_network"`
	HiddenEdges    int `json:"hidden_edges"`
	NeuronsHidden  int `json:"hidden_neurons"`
	// Dropped are candidates strong enough, but on no path from the image to the output.
	Dropped []DroppedEdge `json:"dropped,omitempty"`

	Nodes []Node `json:"nodes"` // by address; the image's channels and the outputs are among them
	Edges []Link `json:"edges"` // strongest first, by |score|

	// Agreement of scores and exact effects, over all edges of the network (Spearman), and over those of
	// the last three layers; undefined where the method is exact itself.
	Rank     probe.Number `json:"rank_correlation"`
	RankLast probe.Number `json:"rank_correlation_last_layers"`
	RankN    int          `json:"rank_correlation_edges"`
	LastN    int          `json:"rank_correlation_last_layers_edges"`
	// RankPairs is how many pairs of the measured split the exact effects behind both are from. Of a
	// network with many edges, RankN and LastN are those of random samples.
	RankPairs int `json:"rank_correlation_pairs"`

	Checks []Check      `json:"checks"` // by kind of reference, Against's first
	Curve  []CurvePoint `json:"curve"`
	// Minimal has, for each edge of the circuit in the order of Edges, what F loses without it.
	Minimal []ablate.Interval `json:"minimality"`

	Identities Identities `json:"identities"`

	Random       int      `json:"random_circuits"`
	Permutations int      `json:"permutations"`
	Resamples    int      `json:"resamples"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Wish is how the size of a circuit was decided; one of the fields is set.
type Wish struct {
	Edges        int     `json:"edges,omitempty"`
	Threshold    float64 `json:"threshold,omitempty"`
	Faithfulness float64 `json:"faithfulness,omitempty"`
}

// DroppedEdge is an edge that was left out although its score is large enough.
type DroppedEdge struct {
	Edge  string  `json:"edge"`
	Score float64 `json:"score"`
}

// Node is a neuron of a circuit.
type Node struct {
	ID     string        `json:"id"` // "3:17"; "0:1" is a channel of the image
	Neuron model.Address `json:"-"`
	Layer  string        `json:"layer"` // its name, "input" for the image
	// Label is what probe found it tuned to, "" for nothing; AUROC is in the label's direction.
	Label string       `json:"label,omitempty"`
	AUROC probe.Number `json:"label_auroc"`
	// Lesion is the effect on y of giving the neuron's activation its reference value in the clean run;
	// zero interval for channels of the image and outputs, which are not lesioned.
	Lesion   ablate.Interval `json:"lesion"`
	Lesioned bool            `json:"lesioned"`
	In       int             `json:"edges_in"`
	Out      int             `json:"edges_out"`
}

// Link is an edge of a circuit.
type Link struct {
	Edge   model.Edge `json:"-"`
	Source string     `json:"source"` // networkx's names
	Target string     `json:"target"`
	// Score is the method's, from select; Exact is the measured effect on y of corrupting the edge in the
	// clean run, from the measured split, with its sign-flip p adjusted over all edges of the circuit.
	Score float64         `json:"score"`
	Exact ablate.Interval `json:"exact"`
	P     probe.Number    `json:"p"`
	Adj   probe.Number    `json:"adjusted_p"`
	// Restored is the effect on y of restoring the edge in the corrupted run (denoising): the two
	// directions differ where edges stand in for each other. Undefined against mean and zero.
	Restored probe.Number `json:"restored"`
	// Contribution is what the sender adds to the receiver's pre-activation, averaged over clean
	// images and positions: above 0 excitatory, below 0 inhibitory.
	Contribution float64 `json:"contribution"`
	// Synapses is how many weights make up the edge, Weight their sum.
	Synapses int     `json:"synapses"`
	Weight   float64 `json:"weight_sum"`
}

// Excitatory tells the sign of the contribution.
func (l Link) Excitatory() bool { return l.Contribution > 0 }

// Check is the circuit alone under one kind of reference.
type Check struct {
	Against Against `json:"against"`
	Pairs   int     `json:"pairs"`
	// Whole, Corrupted and Alone are mean y of the whole network, with every edge corrupted, and of the
	// circuit alone.
	Whole     float64 `json:"whole"`
	Corrupted float64 `json:"corrupted"`
	Alone     float64 `json:"alone"`
	// Defined tells whether Whole − Corrupted can be told from 0. Where not, shares of it, their
	// intervals and the curve (of Against) are 0 and mean nothing.
	Defined bool `json:"defined"`
	// Faithfulness and Completeness are shares of Whole − Corrupted, bootstrapped over pairs.
	Faithfulness ablate.Interval `json:"faithfulness"`
	Completeness ablate.Interval `json:"completeness"` // of the complement
	// Random and RandomComplete describe the same numbers of random circuits with as many edges from
	// layer to layer.
	Random         Spread `json:"random_faithfulness"`
	RandomComplete Spread `json:"random_completeness"`
	// FaithfulnessP and CompletenessP are the share of random circuits that do at least as well, (b+1)/(m+1).
	FaithfulnessP probe.Number `json:"faithfulness_p"`
	CompletenessP probe.Number `json:"completeness_p"`
	// RestCut: the circuit holds an edge of every path, so that nothing of the image reaches the output through
	// the others: completeness then says nothing, and has no p.
	RestCut bool `json:"rest_cut"`
	// Needed is how many edges' removal costs something: the interval of F(C) − F(C without) is above 0.
	Needed int `json:"needed_edges"`
	// Correlation is that of y alone and y whole over the images of all classes, Agreement the share
	// of these images on which both give the same answer, Accuracy of the circuit alone and the whole.
	Correlation   probe.Number `json:"correlation"`
	Agreement     probe.Number `json:"agreement"`
	Accuracy      probe.Number `json:"accuracy_alone"`
	WholeAccuracy probe.Number `json:"accuracy_whole"`
	Images        int          `json:"images"` // of all classes
}

// Spread describes a distribution.
type Spread struct {
	N      int          `json:"n"`
	Mean   probe.Number `json:"mean"`
	Low    probe.Number `json:"low"` // 2.5 %
	High   probe.Number `json:"high"`
	Lowest probe.Number `json:"lowest"`
	Most   probe.Number `json:"highest"`
}

// CurvePoint is the faithfulness of the circuit of so many edges.
type CurvePoint struct {
	Edges        int             `json:"edges"` // after pruning
	Candidates   int             `json:"candidates"`
	Share        float64         `json:"share_of_edges"`
	Select       float64         `json:"faithfulness_select"` // by which the size is chosen
	Faithfulness ablate.Interval `json:"faithfulness"`
	RandomLow    probe.Number    `json:"random_low"` // 2.5 % and 97.5 % of random circuits of the size
	RandomHigh   probe.Number    `json:"random_high"`
	Chosen       bool            `json:"chosen"`
}

// Identities are what must hold if the machinery is right; the largest deviation found, in units of y.
type Identities struct {
	// WholeWorst: all edges kept against the intact network. NoneWorst: none kept against the corrupted
	// run (against mean and zero: the output's bias and reference contributions by definition).
	WholeWorst float64 `json:"all_kept_worst"`
	NoneWorst  float64 `json:"none_kept_worst"`
	Tolerance  float64 `json:"tolerance"`
}
