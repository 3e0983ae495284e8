package circuit

import (
	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// ChainsOptions are the settings of Chains.
type ChainsOptions struct {
	Options
	// To is the output neuron where chains end: "5:1", or the name of its class; "" for the target's
	// class. Without a Target, its class is the target.
	To string
	// Top is how many chains are sought; 0: DefaultChains.
	Top int
	// Surrogates is how many networks with shuffled weights the chains are held against; 0:
	// DefaultSurrogates, below 0: none.
	Surrogates int
	// SurrogatePairs is how many pairs are used in that comparison, of them and of the network
	// itself; 0: DefaultSurrogatePairs.
	SurrogatePairs int
}

// The defaults of ChainsOptions. 39 surrogates can give a p of 0.025; all their edges are measured
// exactly, which is dear, so few pairs are used.
const (
	DefaultChains         = 10
	DefaultSurrogates     = 39
	DefaultSurrogatePairs = 24
)

// ChainsResult are the strongest chains of neurons from the image to an output neuron.
type ChainsResult struct {
	Split       datasets.Split `json:"-"`
	SplitName   string         `json:"split"`
	Target      Target         `json:"target"`
	Class       string         `json:"class"` // whose logit y is about
	Metric      string         `json:"metric"`
	Against     Against        `json:"against"`
	End         string         `json:"to"` // the output neuron
	EndClass    string         `json:"to_class"`
	SelectPairs int            `json:"select_pairs"` // on which chains were ranked
	Pairs       int            `json:"pairs"`        // on which effects were measured
	Excluded    int            `json:"excluded"`     // images without a counterpart, of both splits

	// Edges is how many edges were measured on select: all but those into other output neurons. Silent
	// is how many of them change y by nothing but rounding.
	Edges  int `json:"edges"`
	Silent int `json:"silent_edges"`
	// InNetwork is how many chains the wiring has, Effective how many have no silent edge.
	InNetwork float64 `json:"chains_in_network"`
	Effective float64 `json:"effective_chains"`

	Chains []Chain `json:"chains"` // strongest first, by select
	Nodes  []Node  `json:"nodes"`  // the neurons of the chains, by address
	Links  []Link  `json:"edges_of_chains"`
	// Bottlenecks are the edges that are the weakest of a chain here, in the order of the chains.
	Bottlenecks []Bottleneck `json:"bottlenecks"`
	// SharedNeurons (without the end) and SharedLinks are on every chain here; of two chains or more.
	SharedNeurons []string `json:"neurons_on_all"`
	SharedLinks   []string `json:"edges_on_all"`

	// Whole and Corrupted are mean y of the whole network and with every edge corrupted, Together is
	// the share of the difference that the edges of all chains here keep, alone: their faithfulness.
	// Shared tells whether there is a difference to take a share of.
	Whole     float64         `json:"whole"`
	Corrupted float64         `json:"corrupted"`
	Together  ablate.Interval `json:"faithfulness_of_all"`
	Shared    bool            `json:"faithfulness_defined"`

	Surrogates Surrogates `json:"surrogates"`

	Permutations int      `json:"permutations"`
	Resamples    int      `json:"resamples"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Chain is a path of neurons, each of which sends to the next.
type Chain struct {
	Neurons []string `json:"neurons"` // from a channel of the image on
	Links   []int    `json:"links"`   // places in ChainsResult.Links
	// Chosen is the size of its weakest link's effect on select, by which it was found; ChosenWeakest is
	// that link's place in Links of the chain.
	Chosen        float64 `json:"strength_select"`
	ChosenWeakest int     `json:"weakest_select"`
	// Strength is the size of the weakest link's effect, from the measured split, with its interval turned
	// the same way round: it may reach below 0. Weakest is that link's place.
	Strength ablate.Interval `json:"strength"`
	Weakest  int             `json:"weakest"`
	// Sign is the product of its links' signs: 1 if the image's channel excites the output neuron along it,
	// −1 if it inhibits it.
	Sign int `json:"sign"`
	// Cut is the effect on y of corrupting all links at once.
	Cut ablate.Interval `json:"cut"`
	// Compared is its strength on the pairs of the comparison with surrogates, P the share of surrogates
	// whose strongest chain is at least as strong, (b+1)/(m+1). RelativeP is the same of strengths as shares
	// of each network's own Total.
	Compared  probe.Number `json:"strength_compared"`
	P         probe.Number `json:"p"`
	RelativeP probe.Number `json:"p_relative"`
}

// Bottleneck is the weakest edge of some chains.
type Bottleneck struct {
	Edge   string  `json:"edge"`
	Chosen float64 `json:"strength_select"`
	// Listed is how many of the chains of the result have it as their weakest, Sharing how many of the
	// network.
	Listed  int     `json:"listed_chains"`
	Sharing float64 `json:"chains"`
}

// Surrogates are networks with the same weights in other places.
type Surrogates struct {
	Count int `json:"count"`
	Pairs int `json:"pairs"`
	// Networks are the surrogates, by the strength of their strongest chain, in ascending order.
	Networks []SurrogateChain `json:"networks"`
	// Own is the network itself, its chain searched for in the same way on the same pairs.
	Own SurrogateChain `json:"own"`
}

// SurrogateChain is the strongest chain of a network with shuffled weights.
type SurrogateChain struct {
	Strength float64 `json:"strength"`
	// Total is how much y changes when every edge is corrupted: the root of its mean square over the pairs.
	Total float64 `json:"total"`
}

// Relative is the strength as a share of Total, 0 where nothing changes y.
func (s SurrogateChain) Relative() float64 {
	if s.Total == 0 {
		return 0
	}
	return s.Strength / s.Total
}

// Weakest is the weakest link of a chain, as measured.
func (x *ChainsResult) Weakest(c Chain) Link { return x.Links[c.Links[c.Weakest]] }

// Node finds a neuron of the chains.
func (x *ChainsResult) Node(id string) Node {
	for _, n := range x.Nodes {
		if n.ID == id {
			return n
		}
	}
	return Node{ID: id}
}

// ID is a neuron's name in results: "3:17", "0:1" for a channel of the image.
func ID(a model.Address) string { return model.Neuron(a.Layer, a.Unit).String() }
