package circuit_test

import (
	"bytes"
	"context"
	"encoding/gob"
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

// given is a method whose scores are known beforehand; edges without one have 0.
type given map[string]float64

func (given) Name() string { return "given" }

func (g given) Score(_ context.Context, t *circuit.Task) (*circuit.Scores, error) {
	s := &circuit.Scores{Score: make([]float64, len(t.Edges))}
	for k, e := range t.Edges {
		s.Score[k] = g[e.String()]
	}
	return s, nil
}

// findOptions ask for class B's logit with few resamples.
func findOptions(m circuit.Method, against circuit.Against, change func(*circuit.FindOptions)) circuit.FindOptions {
	o := circuit.FindOptions{Method: m, Random: 20}
	o.Target, o.Against, o.Metric, o.Seed, o.Split = "B", against, "logit", 1, datasets.Confirm
	o.Resamples, o.Permutations = 200, 99
	if change != nil {
		change(&o)
	}
	return o
}

func find(t testing.TB, n *model.Network, set *datasets.Set, o circuit.FindOptions) *circuit.Result {
	t.Helper()
	r, err := circuit.Find(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// edgesOf are the names of a circuit's edges, in order of the name.
func edgesOf(r *circuit.Result) (names []string) {
	for _, l := range r.Edges {
		names = append(names, l.Edge.String())
	}
	slices.Sort(names)
	return names
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-5) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// shades are pairs of one brightness and darkness, of different brightness.
func shades(inputs int) (out []pairing) {
	for k := range 8 {
		out = append(out, pairing{slices.Repeat([]float32{float32(k+1) / 8}, inputs), make([]float32, inputs)})
	}
	return out
}

// TestTwoChainsByHand takes the stronger of two chains, y = a + 2b: of the whole, 3·brightness, it
// carries two thirds; what is left carries one; and without any one of its edges it carries nothing.
func TestTwoChainsByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, answers(1, 2, 0))
	set := pairsOf(t, n.Spec.Input, shades(2)...)
	r := find(t, n, set, findOptions(circuit.Exact{}, circuit.Zero, func(o *circuit.FindOptions) { o.Edges = 3 }))
	if got, want := edgesOf(r), []string{"0:1->1:1", "1:1->2:1", "2:1->3:1"}; !slices.Equal(got, want) {
		t.Fatalf("the circuit is %v, want %v", got, want)
	}
	c := r.Checks[0]
	near(t, "faithfulness", c.Faithfulness.Estimate, 2./3)
	near(t, "its lower end", c.Faithfulness.Low, 2./3) // the same share of every pair
	near(t, "completeness", c.Completeness.Estimate, 1./3)
	near(t, "y of the whole", c.Whole, 3*4.5/8)
	near(t, "y of nothing", c.Corrupted, 0)
	near(t, "y alone", c.Alone, 2*4.5/8)
	for k, m := range r.Minimal {
		near(t, "minimality of "+r.Edges[k].Edge.String(), m.Estimate, 2./3)
	}
	if c.Needed != 3 || c.Pairs != 8 || len(r.Checks) != 3 || c.RestCut {
		t.Errorf("%d of 3 edges needed, %d pairs, %d references, the rest cut: %v", c.Needed, c.Pairs, len(r.Checks), c.RestCut)
	}
	for _, l := range r.Edges {
		near(t, "exact effect of "+l.Edge.String(), l.Exact.Estimate, -2*4.5/8)
		if l.Restored.Defined() {
			t.Errorf("%v is restored in a run that there is not", l.Edge)
		}
	}
	for _, node := range r.Nodes {
		switch node.Neuron.Layer {
		case 1, 2:
			near(t, "lesion of "+node.ID, node.Lesion.Estimate, -2*4.5/8)
		default:
			if node.Lesioned {
				t.Errorf("%s is lesioned", node.ID)
			}
		}
	}
}

// TestANDByHand runs an AND against twins: all three edges, 1 and 0, and none can be left out. Its two
// inputs are on paths, of which one alone makes no circuit of two edges that does anything.
func TestANDByHand(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 1, -1}}, answers(1, 0))
	set := pairsOf(t, n.Spec.Input, lit[0], lit[0], lit[0])
	r := find(t, n, set, findOptions(circuit.Exact{}, circuit.Twins, nil))
	if len(r.Edges) != 3 || r.Wish.Faithfulness != circuit.DefaultFaithfulness {
		t.Fatalf("the circuit is %v, wished for %+v", edgesOf(r), r.Wish)
	}
	near(t, "faithfulness", r.Checks[0].Faithfulness.Estimate, 1)
	near(t, "completeness", r.Checks[0].Completeness.Estimate, 0)
	if c := r.Checks[0]; !c.RestCut || c.CompletenessP.Defined() { // by construction, whatever is in the edges
		t.Errorf("no way is left, %v, and completeness has p = %v", c.RestCut, c.CompletenessP)
	}
	for k, m := range r.Minimal {
		near(t, "minimality", m.Estimate, 1)
		near(t, "restored", float64(r.Edges[k].Restored), map[int]float64{0: 0, 1: 1}[r.Edges[k].Edge.From.Layer])
	}
}

// TestABackupMakesACircuitIncomplete lesions nothing of y = h0 + relu(h1 − h0), both copies of a: the
// chain through h0 gives all of y, and what is left, where h0 is silent, all of it again through h1.
func TestABackupMakesACircuitIncomplete(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 0, 0}, {-1, 1, 0}}, answers(1, 1, 0))
	set := pairsOf(t, n.Spec.Input, shades(1)...)
	chain := given{"0:0->1:0": -1, "1:0->2:0": -1, "2:0->3:1": -1}
	r := find(t, n, set, findOptions(chain, circuit.Zero, nil))
	near(t, "faithfulness", r.Checks[0].Faithfulness.Estimate, 1)
	near(t, "completeness", r.Checks[0].Completeness.Estimate, 1)
	if r.Checks[0].Needed != 3 {
		t.Errorf("%d edges needed alone, want 3", r.Checks[0].Needed)
	}
	for _, l := range r.Edges { // the backup steps in for the edges before it
		near(t, "exact effect of "+l.Edge.String(), l.Exact.Estimate, map[string]float64{"2:0->3:1": -4.5 / 8, "1:0->2:0": -4.5 / 8, "0:0->1:0": 0}[l.Edge.String()])
	}
}

// TestPruningByHand gives the strongest scores to edges that lead nowhere: 1:1 is fed but not read, 2:1
// is read but not fed. Three edges are asked for, and three on a path are found.
func TestPruningByHand(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 0, 0}, {0, 1, 0}}, answers(1, 1, 0))
	set := pairsOf(t, n.Spec.Input, shades(1)...)
	scores := given{"0:0->1:1": 9, "2:1->3:1": -8, "2:0->3:1": 3, "1:0->2:0": 2, "0:0->1:0": 1, "1:1->2:1": 0.5}
	r := find(t, n, set, findOptions(scores, circuit.Zero, func(o *circuit.FindOptions) { o.Edges = 3 }))
	if got, want := edgesOf(r), []string{"0:0->1:0", "1:0->2:0", "2:0->3:1"}; !slices.Equal(got, want) {
		t.Errorf("the circuit is %v, want %v", got, want)
	}
	if got, want := r.Dropped, []circuit.DroppedEdge{{Edge: "0:0->1:1", Score: 9}, {Edge: "2:1->3:1", Score: -8}}; !slices.Equal(got, want) {
		t.Errorf("dropped were %v, want %v", got, want)
	}
	// With one more candidate both are on a path: five edges make six.
	r = find(t, n, set, findOptions(scores, circuit.Zero, func(o *circuit.FindOptions) { o.Edges = 5 }))
	if len(r.Edges) != 3 || len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "5 edges were asked for") {
		t.Errorf("%d edges, warnings %q", len(r.Edges), r.Warnings)
	}
	r = find(t, n, set, findOptions(scores, circuit.Zero, func(o *circuit.FindOptions) { o.Threshold = 0.5 }))
	if len(r.Edges) != 6 || len(r.Dropped) != 0 {
		t.Errorf("above 0.5 are %d edges, %d dropped, want 6 and 0", len(r.Edges), len(r.Dropped))
	}
	_, err := circuit.Find(context.Background(), n, set, findOptions(scores, circuit.Zero, func(o *circuit.FindOptions) { o.Threshold = 2.5 }))
	if !errors.Is(err, circuit.ErrEmpty) {
		t.Errorf("no path above 2.5: %v", err)
	}
}

// TestACircuitThatAlwaysSaysB is faithful on B, whose images have no b, and wrong on A: y = a − 2b, with a lit
// in both classes. It is what the images of all classes are for.
func TestACircuitThatAlwaysSaysB(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, answers(1, -2, 0))
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for i := range 24 {
		s.Images, s.Labels = append(s.Images, float32(i%8+1)/8, float32(1-i%2)), append(s.Labels, i%2)
	}
	set, err := datasets.New(s, 8, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	r := find(t, n, set, findOptions(circuit.Exact{}, circuit.Zero, nil))
	c := r.Checks[0]
	near(t, "faithfulness", c.Faithfulness.Estimate, 1)
	near(t, "accuracy alone", float64(c.Accuracy), 0.5)
	near(t, "accuracy of the whole", float64(c.WholeAccuracy), 1)
	near(t, "agreement", float64(c.Agreement), 0.5)
	if c.Images != 8 || !(c.Correlation < 0.9) {
		t.Errorf("%d images, correlation %v", c.Images, c.Correlation)
	}
}

// TestAGoalThatIsNotReached has scores for one of two chains, a third of y.
func TestAGoalThatIsNotReached(t *testing.T) {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, answers(1, 2, 0))
	set := pairsOf(t, n.Spec.Input, shades(2)...)
	r := find(t, n, set, findOptions(given{"0:0->1:0": -1, "1:0->2:1": -1}, circuit.Zero, nil))
	near(t, "faithfulness", r.Checks[0].Faithfulness.Estimate, 1./3)
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "no circuit reaches a faithfulness of 0.9") }) {
		t.Errorf("warnings: %q", r.Warnings)
	}
}

// TestNothingToExplain has a target whose y no edge changes.
func TestNothingToExplain(t *testing.T) {
	n := modeltest.Wire(1, [][]float32{{1, 0}}, answers(0, 0.5))
	set := pairsOf(t, n.Spec.Input, shades(1)...)
	chain := given{"0:0->1:0": 1, "1:0->2:1": 1}
	_, err := circuit.Find(context.Background(), n, set, findOptions(chain, circuit.Zero, nil))
	if err == nil || !strings.Contains(err.Error(), "no size can be chosen by faithfulness") {
		t.Errorf("a size is chosen: %v", err)
	}
	r := find(t, n, set, findOptions(chain, circuit.Zero, func(o *circuit.FindOptions) { o.Edges = 2 }))
	if c := r.Checks[0]; c.Defined || c.Faithfulness.Estimate != 0 || c.FaithfulnessP.Defined() {
		t.Errorf("the check is %+v", c)
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "not defined") }) {
		t.Errorf("warnings: %q", r.Warnings)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// small is a network with random weights, and images that it has not learned.
func small() (*model.Network, *datasets.Set) {
	shape := model.Shape{1, 6, 6}
	spec := model.Spec{Name: "small", Input: shape, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 4, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "conv2", Kind: model.Conv2D, Units: 6, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 8, Activation: model.ReLU},
		{Name: "out", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, set := modeltest.Random(spec, 15), modeltest.Blobs(shape, 8, 60, 60, 4)
	n.Classes = set.Classes
	return n, set
}

// noise scores edges at random.
type noise uint64

func (noise) Name() string { return "noise" }

func (s noise) Score(_ context.Context, t *circuit.Task) (*circuit.Scores, error) {
	r := rand.New(rand.NewPCG(uint64(s), 1))
	out := make([]float64, len(t.Edges))
	for k := range out {
		out[k] = r.NormFloat64()
	}
	return &circuit.Scores{Score: out}, nil
}

// TestRandomScoresAreNoBetterThanChance is the negative control of the checks; exact scores pass it.
func TestRandomScoresAreNoBetterThanChance(t *testing.T) {
	n, set := small()
	change := func(o *circuit.FindOptions) { o.Target, o.Edges, o.Random = "right", 30, 99 }
	above := 0
	for seed := range 10 {
		r := find(t, n, set, findOptions(noise(seed), circuit.Resample, change))
		if !r.Checks[0].Defined {
			t.Fatal("there is nothing to be faithful to")
		}
		if r.Checks[0].FaithfulnessP < 0.05 {
			above++
		}
	}
	if above > 2 { // p < 0.05 in 3 or more of 10 has a probability of 1 %
		t.Errorf("%d of 10 random circuits are better than random", above)
	}
	r := find(t, n, set, findOptions(circuit.Exact{}, circuit.Resample, change))
	if p := r.Checks[0].FaithfulnessP; p != 0.01 {
		t.Errorf("the circuit of exact scores has p = %v among 99, want 0.01", p)
	}
}

func encoded(t *testing.T, r *circuit.Result) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFindDependsOnNoWorkers also holds the curve against itself: it ends at the whole network, and one
// of its points is the circuit.
func TestFindDependsOnNoWorkers(t *testing.T) {
	n, set := small()
	var texts []string
	for _, workers := range []int{1, 3} {
		r := find(t, n, set, findOptions(circuit.EAPIG{}, circuit.Mean, func(o *circuit.FindOptions) { o.Target, o.Workers = "right", workers }))
		texts = append(texts, encoded(t, r))
		chosen := 0
		for _, c := range r.Curve {
			if c.Chosen {
				chosen++
				near(t, "faithfulness of the chosen point", c.Faithfulness.Estimate, r.Checks[0].Faithfulness.Estimate)
				if c.Edges != len(r.Edges) || c.Select < circuit.DefaultFaithfulness {
					t.Errorf("the chosen point %+v is not the circuit, of %d edges", c, len(r.Edges))
				}
			}
		}
		if chosen != 1 {
			t.Errorf("%d points are chosen", chosen)
		}
		if end := r.Curve[len(r.Curve)-1].Faithfulness.Estimate; math.Abs(end-1) > 0.01 { // edges of score 0 are out
			t.Errorf("the curve ends at %v", end)
		}
	}
	if texts[0] != texts[1] {
		t.Error("one worker finds another circuit than three")
	}
}

// memory keeps parts.
type memory map[string][]byte

func (m memory) Load(name string, into any) (bool, error) {
	data, ok := m[name]
	if !ok {
		return false, nil
	}
	return true, gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

func (m memory) Save(name string, value any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(value); err != nil {
		return err
	}
	if m[name] != nil {
		return errors.New("a second part is named " + name)
	}
	m[name] = b.Bytes()
	return nil
}

// TestFindGoesOn ends a search at each of its stages and goes on: the result is the same.
func TestFindGoesOn(t *testing.T) {
	n, set := small()
	options := func(change func(*circuit.FindOptions)) circuit.FindOptions {
		return findOptions(circuit.Exact{}, circuit.Resample, func(o *circuit.FindOptions) { o.Target = "right"; change(o) })
	}
	stages := map[string]bool{}
	want := encoded(t, find(t, n, set, options(func(o *circuit.FindOptions) {
		o.Progress = func(stage string, _, _ int) { stages[stage] = true }
	})))
	if len(stages) < 8 {
		t.Errorf("progress tells of %d stages", len(stages))
	}
	for stage := range stages {
		kept := memory{}
		ctx, cancel := context.WithCancel(context.Background())
		_, err := circuit.Find(ctx, n, set, options(func(o *circuit.FindOptions) {
			o.Parts = kept
			o.Progress = func(s string, _, _ int) {
				if s == stage {
					cancel()
				}
			}
		}))
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled while %s: %v", stage, err)
		}
		r := find(t, n, set, options(func(o *circuit.FindOptions) { o.Parts = kept }))
		if encoded(t, r) != want {
			t.Errorf("after %d parts, cancelled while %s, the result is another one", len(kept), stage)
		}
	}
}

func TestFindRefuses(t *testing.T) {
	n, set := small()
	for want, change := range map[string]func(*circuit.FindOptions){
		"want one of":          func(o *circuit.FindOptions) { o.Edges, o.Threshold = 3, 1 },
		"-1 edges":             func(o *circuit.FindOptions) { o.Edges = -1 },
		"faithfulness 2":       func(o *circuit.FindOptions) { o.Faithfulness = 2 },
		"no method":            func(o *circuit.FindOptions) { o.Method = nil },
		`no target "up"`:       func(o *circuit.FindOptions) { o.Target = "up" },
		"cannot draw an image": func(o *circuit.FindOptions) { o.Against = circuit.Twins },
		`metric "sum"`:         func(o *circuit.FindOptions) { o.Metric = "sum" },
		"a threshold chooses":  func(o *circuit.FindOptions) { o.Method, o.Threshold = circuit.Elimination{}, 0.1 },
		"gave 1 scores for 92": func(o *circuit.FindOptions) { o.Method = tooFew{} },
	} {
		o := findOptions(circuit.Exact{}, circuit.Mean, func(o *circuit.FindOptions) { o.Target = "right" })
		change(&o)
		if _, err := circuit.Find(context.Background(), n, set, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

type tooFew struct{}

func (tooFew) Name() string { return "too-few" }
func (tooFew) Score(context.Context, *circuit.Task) (*circuit.Scores, error) {
	return &circuit.Scores{Score: []float64{1}}, nil
}
