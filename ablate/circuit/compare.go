package circuit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// CompareOptions say how the two circuits of a comparison are found: in the same way, and of one size.
// The target of Options is not used.
type CompareOptions struct {
	Options
	Method Method
	Edges  int // 0: DefaultCompareEdges
	Random int // random circuits that faithfulness is compared with; 0: DefaultRandom, below 0: none
}

// DefaultCompareEdges is the size of circuits that are compared.
const DefaultCompareEdges = 100

// faithful is the least faithfulness of a circuit that does some of its work by itself.
const faithful = 0.5

// Side is one of the two whose circuits are compared: what, in which network.
type Side struct {
	Name    string // in the report: "dog", "specimen 2"
	Network *model.Network
	Target  string
	Labels  map[model.Address]probe.Label
}

// Comparison is what two circuits have in common. Hidden neurons of two networks are compared by
// homology: B's are named by the neuron of A's network that is their match.
type Comparison struct {
	Split     datasets.Split `json:"-"`
	SplitName string         `json:"split"`
	A         ComparedSide   `json:"a"`
	B         ComparedSide   `json:"b"`
	// SameNetwork: no homologues are needed.
	SameNetwork bool   `json:"same_network"`
	Method      string `json:"method"`
	Size        int    `json:"edges_wanted"`
	Metric      string `json:"metric"`

	EdgesInNetwork int `json:"edges_in_network"`
	// Comparable is how many edges of A's network have a counterpart in B's.
	Comparable int          `json:"comparable_edges"`
	Matching   []LayerMatch `json:"matching,omitempty"`

	// Neurons has the hidden layers, and all of them together.
	Neurons    []Overlap `json:"neurons"`
	AllNeurons Overlap   `json:"all_neurons"`
	// Layers has the edges from layer to layer, AllEdges all together; Nulls are what chance makes of
	// that number.
	Layers   []Overlap `json:"edges"`
	AllEdges Overlap   `json:"all_edges"`
	Nulls    []Null    `json:"nulls"`

	Scores ScoreAgreement `json:"scores"`
	Cross  []CrossTask    `json:"cross_faithfulness"`

	// Nodes and Links are those of either circuit that can be compared, shared ones first.
	Nodes []ComparedNode `json:"nodes"`
	Links []ComparedLink `json:"links"`

	Permutations int      `json:"permutations"`
	Resamples    int      `json:"resamples"`
	Random       int      `json:"random_circuits"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// ComparedSide is one of the two circuits.
type ComparedSide struct {
	Name        string  `json:"name"`
	Target      Target  `json:"target"`
	Class       string  `json:"class"`
	Against     Against `json:"against"`
	Network     string  `json:"network_digest"`
	SelectPairs int     `json:"select_pairs"`
	Pairs       int     `json:"pairs"`
	Excluded    int     `json:"excluded"`
	// Edges and Neurons (hidden ones) are the circuit's, LeftOut of them have no counterpart in the other
	// network and are not compared.
	Edges          int `json:"edges"`
	Neurons        int `json:"hidden_neurons"`
	LeftOutEdges   int `json:"edges_left_out"`
	LeftOutNeurons int `json:"neurons_left_out"`
}

// LayerMatch is how many neurons of a layer have a homologue: each other's best match, and better than
// with shuffled images.
type LayerMatch struct {
	Layer   string       `json:"layer"`
	Neurons int          `json:"neurons"`
	Matched int          `json:"matched"`
	R       probe.Number `json:"median_r"` // of the matched
}

// Overlap is how much two sets have in common, and what two random sets of these sizes would have: P is
// the chance of as many or more (hypergeometric; of several layers together, the sum over them).
type Overlap struct {
	Name     string       `json:"name"`
	All      int          `json:"all"` // there are
	A        int          `json:"a"`
	B        int          `json:"b"`
	Shared   int          `json:"shared"`
	Jaccard  probe.Number `json:"jaccard"`
	Expected float64      `json:"expected"`
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"p_adjusted"` // over the rows of a table
}

// Null is the number of shared edges under a way to draw circuits at random.
type Null struct {
	Name  string       `json:"name"`
	Draws Spread       `json:"shared"`
	Many  probe.Number `json:"p_as_many"` // (b+1)/(m+1) of draws that share as many or more
	Few   probe.Number `json:"p_as_few"`
}

// The nulls. Layers: B's edges are drawn anew between the same layers. Relabelled: B's hidden neurons
// change places within their layers, the circuit keeps its shape. Neurons: the edges of both are drawn
// anew among the neurons that each has.
const (
	NullLayers     = "edges drawn anew between the same layers"
	NullRelabelled = "neurons changing places within their layers"
	NullNeurons    = "edges drawn anew among each circuit's own neurons"
)

// ScoreAgreement is how the scores of all comparable edges go together.
type ScoreAgreement struct {
	Edges    int          `json:"edges"`
	Spearman probe.Number `json:"spearman"`
	Sizes    probe.Number `json:"spearman_of_sizes"`
	// SameSign counts the shared edges with scores of one sign, Low and High are Wilson's limits of their
	// share, P is the sign test against ½.
	Shared   int          `json:"shared_edges"`
	SameSign int          `json:"same_sign"`
	Low      probe.Number `json:"same_sign_low"`
	High     probe.Number `json:"same_sign_high"`
	P        probe.Number `json:"p"`
}

// ComparedNode is a neuron of either circuit.
type ComparedNode struct {
	Neuron model.Address `json:"-"`
	ID     string        `json:"id"`
	Other  string        `json:"id_in_b,omitempty"` // where it is another network
	R      probe.Number  `json:"r"`                 // of the homologue
	Layer  string        `json:"layer"`
	Label  string        `json:"label,omitempty"`
	LabelB string        `json:"label_in_b,omitempty"`
	InA    bool          `json:"in_a"`
	InB    bool          `json:"in_b"`
	// A and B are how many edges it has in the circuits, and Σ|score| of these as a share of all the
	// circuit's.
	EdgesA int     `json:"edges_a"`
	EdgesB int     `json:"edges_b"`
	ShareA float64 `json:"share_a"`
	ShareB float64 `json:"share_b"`
}

// ComparedLink is an edge of either circuit.
type ComparedLink struct {
	Edge   model.Edge `json:"-"`
	Source string     `json:"source"`
	Target string     `json:"target"`
	Other  string     `json:"edge_in_b,omitempty"`
	InA    bool       `json:"in_a"`
	InB    bool       `json:"in_b"`
	// Contribution is what the sender adds to the receiver's pre-activation in A's network, on average over
	// select images and positions.
	Contribution float64 `json:"contribution"`
	ScoreA       float64 `json:"score_a"`
	ScoreB       float64 `json:"score_b"`
	// RankA and RankB are by |score| among all edges of each network.
	RankA int `json:"rank_a"`
	RankB int `json:"rank_b"`
}

// Shared tells whether both circuits have it.
func (l ComparedLink) Shared() bool { return l.InA && l.InB }

// SameSign tells whether both scores have one sign.
func (l ComparedLink) SameSign() bool { return l.ScoreA*l.ScoreB > 0 }

// CrossTask is how circuits do on one side's task, alone, all other edges corrupted.
type CrossTask struct {
	Side      string     `json:"task"` // its name
	Against   Against    `json:"against"`
	Pairs     int        `json:"pairs"`
	Whole     float64    `json:"whole"`
	Corrupted float64    `json:"corrupted"`
	Defined   bool       `json:"defined"`
	Rows      []CrossRow `json:"circuits"`
}

// CrossRow is one circuit on a task.
type CrossRow struct {
	Circuit      string          `json:"circuit"`
	Edges        int             `json:"edges"`
	Faithfulness ablate.Interval `json:"faithfulness"`
	// Random are circuits with as many edges from layer to layer, P the share of them at least as
	// faithful.
	Random Spread       `json:"random"`
	P      probe.Number `json:"p"`
}

// The circuits of a cross-faithfulness table.
const (
	CrossOwn        = "its own"
	CrossComparable = "its own, what can be compared"
	CrossOther      = "the other's"
	CrossShared     = "what is shared"
)

// ErrIncomparable marks two sides that have nothing to compare.
var ErrIncomparable = errors.New("cannot be compared")

// Incomparable tells why circuits of two networks cannot be compared: another make, other classes, other
// data.
func Incomparable(a, b *model.Network) error {
	switch {
	case !slices.Equal(a.Classes, b.Classes):
		return fmt.Errorf("circuit: %w: one network tells %s apart, the other %s", ErrIncomparable, strings.Join(a.Classes, ", "), strings.Join(b.Classes, ", "))
	case !reflect.DeepEqual(a.Spec, b.Spec):
		return fmt.Errorf("circuit: %w: the networks are of another make: %s and %s", ErrIncomparable, makeOf(a), makeOf(b))
	case a.Record.DataDigest != b.Record.DataDigest:
		return fmt.Errorf("circuit: %w: the networks were raised on other data, with the digests %.12s… and %.12s…", ErrIncomparable, a.Record.DataDigest, b.Record.DataDigest)
	}
	return nil
}

// makeOf says what a network is made of.
func makeOf(n *model.Network) string {
	var layers []string
	for l := 1; l <= n.Depth(); l++ {
		layers = append(layers, fmt.Sprintf("%s %d", n.Layer(l).Name, n.Geometry(l).Act[0]))
	}
	return fmt.Sprintf("%s (%s)", n.Spec.Name, strings.Join(layers, ", "))
}

// Compare finds the circuits of both sides on select, by one method and of one size, and compares
// them. Faithfulness is from the measured split.
func Compare(ctx context.Context, set *datasets.Set, a, b Side, o CompareOptions) (*Comparison, error) {
	if o.Method == nil {
		return nil, errors.New("circuit: no method")
	}
	if o.Edges == 0 {
		o.Edges = DefaultCompareEdges
	}
	if o.Random == 0 {
		o.Random = DefaultRandom
	}
	if o.Edges < 1 {
		return nil, fmt.Errorf("circuit: %d edges (want 1 or more)", o.Edges)
	}
	if err := Incomparable(a.Network, b.Network); err != nil {
		return nil, err
	}
	c := &comparer{random: max(0, o.Random), same: a.Network.Digest() == b.Network.Digest()}
	for k, s := range []Side{a, b} {
		side, err := o.side(ctx, set, s)
		if err != nil {
			return nil, fmt.Errorf("%w (of %s)", err, s.Name)
		}
		c.sides[k] = side
	}
	p := c.sides[0].Preparation
	c.result = &Comparison{Split: o.Split, SplitName: o.Split.String(), SameNetwork: c.same, Method: o.Method.Name(), Size: o.Edges, Metric: p.Metric,
		EdgesInNetwork: len(p.Edges), Permutations: p.Permutations, Resamples: p.Resamples, Random: c.random, Seed: p.Seed}
	if err := c.match(ctx); err != nil {
		return nil, err
	}
	c.describe()
	c.overlaps()
	c.nulls()
	c.scores()
	if err := c.cross(ctx); err != nil {
		return nil, err
	}
	c.warn()
	return c.result, ctx.Err()
}

// warn says what makes the numbers doubtful.
func (c *comparer) warn() {
	r := c.result
	warnf := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	if c.same && r.A.Target == r.B.Target && r.A.Against == r.B.Against {
		warnf("both sides are the same target in the same network")
	}
	for _, s := range []ComparedSide{r.A, r.B} {
		if s.Edges < r.Size {
			warnf("the circuit of %s has %d edges of the %d wanted: no larger one has every edge on a path from the image to the output", s.Name, s.Edges, r.Size)
		}
		if s.Pairs < fewPairs {
			warnf("%d pairs of %s are few: intervals from so few are too narrow", s.Pairs, s.Name)
		}
		if 2*s.LeftOutEdges > s.Edges {
			warnf("most of the circuit of %s, %d of %d edges, has no counterpart in the other network", s.Name, s.LeftOutEdges, s.Edges)
		}
	}
	if r.A.Against != r.B.Against {
		warnf("the circuits answer questions of two kinds: corrupted edges carry %s for %s, and %s for %s", r.A.Against, r.A.Name, r.B.Against, r.B.Name)
	}
	for _, t := range r.Cross {
		if own := t.Rows[0].Faithfulness; t.Defined && own.Estimate < faithful {
			warnf("the circuit of %s alone has a faithfulness of %.2f: at this size it is its strongest edges, and not yet what works by itself", t.Side, math.Round(100*own.Estimate)/100+0)
		}
		if !t.Defined {
			warnf("for %s, y of the whole network (%.3g) cannot be told from y with every edge corrupted (%.3g): faithfulness is not defined", t.Side, t.Whole, t.Corrupted)
		}
	}
	if r.Split == datasets.Select {
		warnf("measured on the select split, on which the circuits were chosen: faithfulness is too good")
	}
}
