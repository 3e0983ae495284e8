package circuit_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// oneOfTwo are images of two pixels: (1, 0) of class A, (0, 1) of class B.
func oneOfTwo(t *testing.T) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 120 {
		s.Labels = append(s.Labels, i%2)
		s.Images = append(s.Images, float32(1-i%2), float32(i%2))
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// parallel has a chain from pixel 0 to A and one from pixel 1 to B, through two layers each.
func parallel() *model.Network {
	through := [][]float32{{1, 0, 0}, {0, 1, 0}}
	return modeltest.Wire(2, through, through, through)
}

func compare(t *testing.T, set *datasets.Set, a, b circuit.Side, o circuit.CompareOptions) *circuit.Comparison {
	t.Helper()
	o.Split, o.Seed = datasets.Confirm, max(o.Seed, 1)
	c, err := circuit.Compare(context.Background(), set, a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func chainsOptions() circuit.CompareOptions {
	o := circuit.CompareOptions{Method: circuit.Exact{}, Edges: 3, Random: 20}
	o.Against, o.Metric, o.Permutations = circuit.Resample, "logit", 199
	return o
}

// TestParallelChainsShareNothing: each circuit is one chain of 3 edges. Of two random neurons of two one
// is shared with chance ½; A's circuit gives all of A's logit and none of B's.
func TestParallelChainsShareNothing(t *testing.T) {
	n := parallel()
	c := compare(t, oneOfTwo(t), circuit.Side{Name: "A", Network: n, Target: "A"}, circuit.Side{Name: "B", Network: n, Target: "B"}, chainsOptions())
	if !c.SameNetwork || c.A.Edges != 3 || c.B.Edges != 3 || c.A.Neurons != 2 || c.B.Neurons != 2 || c.Comparable != 12 || len(c.Links) != 6 || len(c.Nodes) != 4 {
		t.Fatalf("%+v", c)
	}
	if o := c.AllNeurons; o.All != 4 || o.A != 2 || o.B != 2 || o.Shared != 0 || o.Jaccard != 0 || !edgeNear(o.Expected, 1) || !edgeNear(float64(o.P), 1) {
		t.Errorf("neurons %+v", o)
	}
	if o := c.Neurons[0]; o.Name != "dense1" || o.All != 2 || o.A != 1 || !edgeNear(o.Expected, 0.5) {
		t.Errorf("layer 1: %+v", o)
	}
	if o := c.AllEdges; o.All != 12 || o.A != 3 || o.B != 3 || o.Shared != 0 || !edgeNear(o.Expected, 0.75) || len(c.Layers) != 3 {
		t.Errorf("edges %+v", o)
	}
	for k, want := range []struct{ mean, many float64 }{{0.75, 1}, {0.25, 1}, {0, 1}} {
		// Relabelled: pixel 1 stays, so that the edge out of it meets none of A's; the one in the middle meets
		// A's if both ends move, ¼; B's output stays.
		if got := c.Nulls[k]; math.Abs(float64(got.Draws.Mean)-want.mean) > 0.15 || float64(got.Many) != want.many || got.Draws.N != 199 {
			t.Errorf("%s: %+v", got.Name, got)
		}
	}
	for k, side := range []string{"A", "B"} {
		cross := c.Cross[k]
		if cross.Side != side || !cross.Defined || cross.Whole != 1 || cross.Corrupted != 0 || len(cross.Rows) != 3 {
			t.Fatalf("%+v", cross)
		}
		for i, want := range []float64{1, 0, 0} {
			if got := cross.Rows[i]; !edgeNear(got.Faithfulness.Estimate, want) {
				t.Errorf("%s, %s: %+v", side, got.Circuit, got)
			}
		}
	}
	if c.Scores.Shared != 0 || c.Scores.P.Defined() || c.Scores.Spearman >= 0 {
		t.Errorf("scores %+v", c.Scores)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

// TestTheSameTwiceSharesAll.
func TestTheSameTwiceSharesAll(t *testing.T) {
	n := parallel()
	side := circuit.Side{Name: "A", Network: n, Target: "A"}
	c := compare(t, oneOfTwo(t), side, side, chainsOptions())
	if c.AllEdges.Shared != 3 || c.AllEdges.Jaccard != 1 || c.AllNeurons.Shared != 2 || c.AllNeurons.Jaccard != 1 || c.Scores.Spearman != 1 || c.Scores.SameSign != 3 {
		t.Errorf("%+v %+v %+v", c.AllEdges, c.AllNeurons, c.Scores)
	}
	for _, cross := range c.Cross {
		for _, r := range cross.Rows {
			if !edgeNear(r.Faithfulness.Estimate, 1) || r.Edges != 3 {
				t.Errorf("%+v", r)
			}
		}
	}
	if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "same target in the same network") }) {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// shuffledUnits is a network whose hidden units have changed places: conv 6, conv 6, dense 8.
func shuffledUnits(t *testing.T, n *model.Network, seed uint64) *model.Network {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	params := make([]model.Params, len(n.Params))
	before := []int(nil)
	for l := 1; l <= n.Depth(); l++ {
		g := n.Geometry(l)
		order := make([]int, g.Act[0])
		for u := range order {
			order[u] = u
		}
		if l < n.Depth() {
			r.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		}
		each := g.FanIn / g.In[0]
		for _, u := range order {
			row := n.Params[l].Weight[u*g.FanIn:][:g.FanIn]
			for j := range g.In[0] {
				from := j
				if before != nil {
					from = before[j]
				}
				params[l].Weight = append(params[l].Weight, row[from*each:][:each]...)
			}
			params[l].Bias = append(params[l].Bias, n.Params[l].Bias[u])
		}
		before = order
	}
	out, err := model.NewNetwork(n.Spec, params, n.Mean, n.Std, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// spotted has two convolutions and a hidden dense layer.
func spotted(seed uint64) *model.Network {
	conv := func(name string) model.Layer {
		return model.Layer{Name: name, Kind: model.Conv2D, Units: 6, Kernel: 3, Padding: 1, Activation: model.ReLU}
	}
	spec := model.Spec{Name: "spotted", Input: model.Shape{2, 4, 5}, Layers: []model.Layer{conv("one"), conv("two"),
		{Name: "three", Kind: model.Dense, Units: 8, Activation: model.ReLU}, {Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n := modeltest.Random(spec, seed)
	n.Classes = []string{"left", "right"}
	return n
}

// TestAPermutedCopyIsTheSame: through homologues, everything that can be compared is shared, and either's
// circuit does the other's work.
func TestAPermutedCopyIsTheSame(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 20, 80, 40, 3)
	n := spotted(5)
	o := circuit.CompareOptions{Method: circuit.EAP{}, Edges: 30, Random: 10}
	o.Permutations = 199
	c := compare(t, set, circuit.Side{Name: "it", Network: n, Target: "left"}, circuit.Side{Name: "copy", Network: shuffledUnits(t, n, 9), Target: "left"}, o)
	if c.SameNetwork || len(c.Matching) != 3 || c.Matching[0].R < 0.9999 || c.Matching[0].Matched < 4 {
		t.Fatalf("matching %+v", c.Matching)
	}
	if c.A.Edges < 20 || c.A.LeftOutEdges > c.A.Edges/4 || c.A.LeftOutEdges != c.B.LeftOutEdges {
		t.Fatalf("sides %+v %+v", c.A, c.B)
	}
	if want := c.A.Edges - c.A.LeftOutEdges; c.AllEdges.Shared != want || c.AllEdges.Jaccard != 1 || c.AllNeurons.Jaccard != 1 || c.Scores.SameSign != want || c.Scores.Spearman < 0.9999 {
		t.Errorf("shared %+v %+v %+v, want %d", c.AllEdges, c.AllNeurons, c.Scores, want)
	}
	if c.Nulls[0].Many != 1./200 || c.Nulls[1].Many != 1./200 {
		t.Errorf("nulls %+v", c.Nulls)
	}
	for _, cross := range c.Cross {
		own, other := cross.Rows[0], cross.Rows[len(cross.Rows)-2]
		if other.Circuit != circuit.CrossOther || c.A.LeftOutEdges == 0 && math.Abs(own.Faithfulness.Estimate-other.Faithfulness.Estimate) > 1e-4 {
			t.Errorf("%+v and %+v", own, other)
		}
	}
	for _, l := range c.Links {
		if l.Other == "" || l.RankA != l.RankB && math.Abs(l.ScoreA-l.ScoreB) > 1e-5 {
			t.Errorf("%+v", l)
		}
	}
}

// byChance is a method that scores edges at random, for each class and seed anew.
type byChance struct{ seed uint64 }

func (byChance) Name() string { return "chance" }

func (m byChance) Score(_ context.Context, t *circuit.Task) (*circuit.Scores, error) {
	r := rand.New(rand.NewPCG(m.seed, uint64(t.Goal.Class)))
	s := &circuit.Scores{}
	for range t.Edges {
		s.Score = append(s.Score, r.NormFloat64())
	}
	return s, nil
}

// TestRandomCircuitsOverlapByChance: over 80 pairs of random circuits, as many edges and neurons are shared
// as expected, and p of the null that keeps the circuit's shape is small as seldom as it should be.
func TestRandomCircuitsOverlapByChance(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 4, 8, 8, 3)
	n := spotted(1)
	shared, expected, neurons, expectedNeurons, low, high := 0., 0., 0., 0., 0, 0
	const rounds = 80
	for seed := range uint64(rounds) {
		o := circuit.CompareOptions{Method: byChance{seed}, Edges: 25, Random: -1}
		o.Seed, o.Permutations, o.Resamples, o.Against, o.Workers = seed, 99, 100, circuit.Zero, 1
		c := compare(t, set, circuit.Side{Name: "left", Network: n, Target: "left"}, circuit.Side{Name: "right", Network: n, Target: "right"}, o)
		shared, expected = shared+float64(c.AllEdges.Shared), expected+c.AllEdges.Expected
		neurons, expectedNeurons = neurons+float64(c.AllNeurons.Shared), expectedNeurons+c.AllNeurons.Expected
		low, high = low+asNumber(c.Nulls[1].Many < 0.1), high+asNumber(c.Nulls[1].Few < 0.1)
	}
	if math.Abs(shared/expected-1) > 0.15 || math.Abs(neurons/expectedNeurons-1) > 0.1 {
		t.Errorf("%v edges shared, %v expected; %v neurons, %v expected", shared, expected, neurons, expectedNeurons)
	}
	// 8 of 80 at most, by expectation; 16 are three standard errors more.
	if low > 16 || high > 16 {
		t.Errorf("p below 0.1 in %d and %d of %d", low, high, rounds)
	}
}

func asNumber(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestIncomparable(t *testing.T) {
	n := parallel()
	other := modeltest.Wire(2, [][]float32{{1, 0, 0}}, [][]float32{{1, 0}, {0, 0}})
	classes := parallel()
	classes.Classes = []string{"A", "C"}
	data := parallel()
	data.Record.DataDigest = "0123456789abcdef"
	for want, b := range map[string]*model.Network{"of another make: hand-wired (dense1 2, dense2 2, dense3 2) and hand-wired (dense1 1, dense2 2)": other,
		"tells A, B apart, the other A, C": classes, "raised on other data": data} {
		_, err := circuit.Compare(context.Background(), oneOfTwo(t), circuit.Side{Name: "A", Network: n, Target: "A"}, circuit.Side{Name: "B", Network: b, Target: "A"}, chainsOptions())
		if !errors.Is(err, circuit.ErrIncomparable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	o := chainsOptions()
	o.Edges = 1
	if _, err := circuit.Compare(context.Background(), oneOfTwo(t), circuit.Side{Name: "A", Network: n, Target: "A"}, circuit.Side{Name: "B", Network: n, Target: "B"}, o); !errors.Is(err, circuit.ErrEmpty) {
		t.Errorf("one edge is on no path: %v", err)
	}
}

// TestComparisonWhateverTheWorkers: the same bytes.
func TestComparisonWhateverTheWorkers(t *testing.T) {
	set := modeltest.Blobs(model.Shape{2, 4, 5}, 20, 40, 40, 3)
	var first []byte
	for _, workers := range []int{1, 3} {
		o := circuit.CompareOptions{Method: circuit.EAP{}, Edges: 30, Random: 5}
		o.Permutations, o.Workers = 99, workers
		text, err := json.Marshal(compare(t, set, circuit.Side{Name: "left", Network: spotted(2), Target: "left"}, circuit.Side{Name: "other", Network: spotted(3), Target: "right"}, o))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		} else if string(first) != string(text) {
			t.Error("another result with other workers")
		}
	}
}
