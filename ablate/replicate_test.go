package ablate_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// TestReplicateInShuffledNetworks: networks that differ in the order of their units alone have every
// unit's homologue where it was moved to, with r = 1, and every effect is found again.
func TestReplicateInShuffledNetworks(t *testing.T) {
	n := smallConvNet(3)
	set := modeltest.Blobs(n.Spec.Input, 2, 60, 60, 1)
	networks, moves := []*model.Network{n}, [][][]int{nil}
	for seed := range uint64(3) {
		shuffled, moved := shuffledUnits(t, n, seed+1)
		networks, moves = append(networks, shuffled), append(moves, moved)
	}
	specimens := prepareSpecimens(t, set, fewDraws(), networks...)
	for _, target := range []model.Address{model.Neuron(1, 2), model.Neuron(1, 7), model.Neuron(2, 0), model.Neuron(2, 8)} {
		r := replicate(t, specimens, []model.Address{target}, ablate.LesionHeadline(parseMetric(t, "logit-diff", n), ablate.Zero))
		e := r.Effects[0]
		for k, s := range r.Specimens[1:] {
			h, want := s.Homologues[0], model.Neuron(target.Layer, moves[k+1][target.Layer][target.Unit])
			if h.Match != want || math.Abs(float64(h.R)-1) > 1e-6 || !h.Mutual || h.P != 1./200 || h.AdjustedP != h.P || !h.Found() || h.RunnerUpR >= h.R {
				t.Errorf("%v in network %s: %+v, want %v with r = 1, mutual, p = 1/200", target, s.Name, h, want)
			}
			if got, want := e.Headlines[k+1], e.Headlines[0]; math.Abs(got.Estimate-want.Estimate) > 1e-5 || math.Abs(got.Low-want.Low) > 1e-4 || math.Abs(got.High-want.High) > 1e-4 || got.N != 60 {
				t.Errorf("%v in network %s: effect %+v, in the reference %+v", target, s.Name, *got, *want)
			}
		}
		if want := 4; e.Headlines[0].Detected() && (e.All.Shows != want || e.All.Of != want || e.Others.Shows != 3 || e.Mutual.Of != 3) {
			t.Errorf("%v: penetrance %+v, in others %+v, want 4 of 4 and 3 of 3", target, e.All, e.Others)
		}
		if e.Mean.N != 4 || math.Abs(float64(e.Mean.Mean)-e.Headlines[0].Estimate) > 1e-5 || e.Mean.SD > 1e-5 {
			t.Errorf("%v: across networks %+v, want the reference's %v", target, e.Mean, e.Headlines[0].Estimate)
		}
	}
}

// TestReplicateAcross by hand. Silencing the detector takes h₀ off the logit of B, in which it counts w
// times: on the 28 images of B the logit difference falls by w·h₀, on the 12 of A it rises by as much.
// Σh₀ is 20·0.74 + 0.1+0.2+0.3+0.4 = 15.8 on B and 1+0.96+0.98+0.25+0.45 = 3.64 on A: w·(3.64-15.8)/40 = -0.304w.
// With w = 1, 2, 3 and 0: mean -0.456, SD 0.304·1.290994 = 0.392462, t₃ = 3.182446, so that the interval
// reaches 3.182446·0.392462/2 = 0.624495 to either side.
func TestReplicateAcross(t *testing.T) {
	n, target := detector(), model.Neuron(1, 0)
	specimens := prepareSpecimens(t, lights(t), fewDraws(), n, rescaled(t, n, target, 2), rescaled(t, n, target, 3), rescaled(t, n, target, 0))
	r := replicate(t, specimens, []model.Address{target}, ablate.LesionHeadline(parseMetric(t, "logit-diff", n), ablate.Zero))
	e := r.Effects[0]
	for k, w := range []float64{1, 2, 3, 0} {
		if h := e.Headlines[k]; math.Abs(h.Estimate+0.304*w) > 1e-6 || h.N != 40 || h.Detected() != (w != 0) {
			t.Errorf("effect with w = %v: %+v, want %v", w, *h, -0.304*w)
		}
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"mean", float64(e.Mean.Mean), -0.456}, {"SD", float64(e.Mean.SD), 0.392462}, {"low", float64(e.Mean.Low), -0.456 - 0.624495}, {"high", float64(e.Mean.High), -0.456 + 0.624495},
		{"mean of others", float64(e.OthersMean.Mean), -0.304 * 5 / 3},
	} {
		if math.Abs(c.got-c.want) > 1e-5 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	// The effect was removed from one: it shows in 3 of 4, in 2 of the 3 others. Wilson's interval of
	// 3 of 4 is [0.3006, 0.9544].
	if p := e.All; p.Shows != 3 || p.Of != 4 || math.Abs(p.Low-0.3006) > 1e-4 || math.Abs(p.High-0.9544) > 1e-4 {
		t.Errorf("penetrance %+v, want 3 of 4", p)
	}
	if e.Others.Shows != 2 || e.Others.Of != 3 {
		t.Errorf("penetrance in others %+v, want 2 of 3", e.Others)
	}
}

// TestReplicateOppositeEffect: an effect of the other sign does not count as the same.
func TestReplicateOppositeEffect(t *testing.T) {
	n, target := detector(), model.Neuron(1, 0)
	specimens := prepareSpecimens(t, lights(t), fewDraws(), n, rescaled(t, n, target, -1))
	r := replicate(t, specimens, []model.Address{target}, ablate.LesionHeadline(parseMetric(t, "logit-diff", n), ablate.Zero))
	e := r.Effects[0]
	if !e.Headlines[1].Detected() || e.All.Shows != 1 || e.Others.Shows != 0 || e.Others.Of != 1 {
		t.Errorf("effects %+v and %+v: penetrance %+v, in others %+v", *e.Headlines[0], *e.Headlines[1], e.All, e.Others)
	}
	if e.Mean.Low.Defined() || !e.Mean.SD.Defined() || !mentions(r.Warnings, "too few for an interval") {
		t.Errorf("two networks: %+v, warnings %q", e.Mean, r.Warnings)
	}
}

func mentions(warnings []string, what string) bool {
	return slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, what) })
}

// readout are the weights of detector's output layer.
var readout = [][]float32{{0, 0, 0, 0.5}, {1, 0, 5, 0}}

// TestNoHomologue: a neuron that is dead, one whose match is dead, two with the same match.
func TestNoHomologue(t *testing.T) {
	n := detector()
	allDead := modeltest.Wire(2, [][]float32{{0, 0, -1}, {0, 0, 0}, {0, 0, 1}}, readout) // the last is constant at 1
	duplicates := modeltest.Wire(2, [][]float32{{1, 0, 0}, {1, 0, 0}, {0, 0, -1}}, readout)
	lesion := ablate.LesionHeadline(parseMetric(t, "logit-diff", n), ablate.Zero)
	for _, c := range []struct {
		what     string
		other    *model.Network
		targets  []model.Address
		excluded string
	}{
		{"a dead neuron", n, []model.Address{model.Neuron(1, 2)}, "1:2 has no homologue: it is constant over the select images in the reference"},
		{"all dead there", allDead, []model.Address{model.Neuron(1, 0)}, "1:0 has no homologue: every neuron of the layer is constant"},
		{"one dead of two", n, []model.Address{model.Neuron(1, 0), model.Neuron(1, 2)}, "1:2 has no homologue"},
		{"found", n, []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)}, ""},
	} {
		r := replicate(t, prepareSpecimens(t, lights(t), fewDraws(), n, c.other), c.targets, lesion)
		if got := r.Specimens[1].Excluded; !strings.HasPrefix(got, c.excluded) || (got == "") != (c.excluded == "") {
			t.Errorf("%s: excluded for %q, want %q", c.what, got, c.excluded)
		}
		e := r.Effects[0]
		if excluded := c.excluded != ""; excluded != (e.Headlines[1] == nil) || excluded && (e.All.Of != 1 || e.Others.Of != 0 || e.Mean.N != 1 || !mentions(r.Warnings, "1 of 2 networks are left out")) {
			t.Errorf("%s: %+v, warnings %q", c.what, e, r.Warnings)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
	// Both copies of the detector have the one detector as their homologue; for the detector itself
	// the two copies tie, and the first is taken.
	r := replicate(t, prepareSpecimens(t, lights(t), fewDraws(), duplicates, n), []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)}, lesion)
	if got := r.Specimens[1].Excluded; got != "1:0 and 1:1 have the same homologue, 1:0" {
		t.Errorf("two copies: excluded for %q", got)
	}
	r = replicate(t, prepareSpecimens(t, lights(t), fewDraws(), n, duplicates), []model.Address{model.Neuron(1, 0)}, lesion)
	if h := r.Specimens[1].Homologues[0]; h.Match != model.Neuron(1, 0) || h.RunnerUp != model.Neuron(1, 1) || h.R != h.RunnerUpR || !h.Mutual {
		t.Errorf("of two copies: %+v", h)
	}
}

// TestGivenHomologues: a whole layer and the neuron of a class have no match to find; positions keep
// their place in the homologue.
func TestGivenHomologues(t *testing.T) {
	n := smallConvNet(3)
	shuffled, moved := shuffledUnits(t, n, 5)
	specimens := prepareSpecimens(t, modeltest.Blobs(n.Spec.Input, 2, 40, 40, 1), fewDraws(), n, shuffled)
	lesion := ablate.LesionHeadline(parseMetric(t, "accuracy", n), ablate.Mean)
	for _, c := range []struct {
		target, want model.Address
		given        string
	}{
		{model.Address{Layer: 1, Unit: model.AllUnits, Row: model.AllPositions, Col: model.AllPositions}, model.Address{Layer: 1, Unit: model.AllUnits, Row: model.AllPositions, Col: model.AllPositions}, "the same layer"},
		{model.Neuron(3, 1), model.Neuron(3, 1), "the same class"},
		{model.Address{Layer: 1, Unit: 4, Row: 2, Col: 3}, model.Address{Layer: 1, Unit: moved[1][4], Row: 2, Col: 3}, ""},
	} {
		r := replicate(t, specimens, []model.Address{c.target}, lesion)
		h, e := r.Specimens[1].Homologues[0], r.Effects[0]
		if h.Match != c.want || h.Given != c.given || !h.Found() || h.P.Defined() == (c.given != "") {
			t.Errorf("%v: %+v, want %v", c.target, h, c.want)
		}
		if math.Abs(e.Headlines[1].Estimate-e.Headlines[0].Estimate) > 1e-6 {
			t.Errorf("%v: effect %v, in the reference %v", c.target, e.Headlines[1].Estimate, e.Headlines[0].Estimate)
		}
	}
}

// TestReplicateEpistasis by hand: B's logit is 1 - relu(1-(h₀+h₁)), an OR of two pixels, A's is 0.5. Where
// both are lit the logit difference of B is 0.5 with both neurons or either, -0.5 with neither: each alone
// loses nothing, both together 1, so ε is +1.
func TestReplicateEpistasis(t *testing.T) {
	or := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{-1, -1, 1}}, [][]float32{{0, 0.5}, {-1, 1}})
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 52 {
		pixels, label := []float32{r.Float32(), r.Float32()}, i%2
		if i >= 42 { // confirm: nine of B with both lit, one of A in the dark, which no lesion touches
			pixels, label = []float32{1, 1}, 1
		}
		if i == 51 {
			pixels, label = []float32{0, 0}, 0
		}
		s.Images, s.Labels = append(s.Images, pixels...), append(s.Labels, label)
	}
	set, err := datasets.New(s, 2, 40, 10)
	if err != nil {
		t.Fatal(err)
	}
	shuffled, _ := shuffledUnits(t, or, 1)
	specimens := prepareSpecimens(t, set, fewDraws(), or, shuffled, or)
	got := replicate(t, specimens, []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)},
		ablate.EpistasisHeadline(parseMetric(t, "logit-diff:B", or), ablate.Zero), ablate.LesionHeadline(parseMetric(t, "logit-diff:B", or), ablate.Zero),
		ablate.EpistasisHeadline(parseMetric(t, "recall:B", or), ablate.Zero), ablate.EpistasisHeadline(parseMetric(t, "cross-entropy", or), ablate.Zero))
	// Cross-entropy is log(1+e^-0.5) intact and with one, log(1+e^0.5) with none: 0.5 nats more, on
	// nine images of ten.
	for k, want := range []float64{1, -1, 1, 0.45} {
		if e := got.Effects[k]; math.Abs(float64(e.Mean.Mean)-want) > 1e-6 || e.Mean.SD > 1e-6 || e.All.Shows != 3 {
			t.Errorf("%s: %+v, penetrance %+v; want %v in all 3", e.Quantity, e.Mean, e.All, want)
		}
	}
	one := ablate.EpistasisHeadline(parseMetric(t, "accuracy", or), ablate.Zero)
	if _, err := ablate.Replicate(context.Background(), specimens, []model.Address{model.Neuron(1, 0)}, one); err == nil || !strings.Contains(err.Error(), "two neurons, not 1") {
		t.Errorf("epistasis of one neuron: %v", err)
	}
}

// independent are networks over eight pixels of noise, of which the first reads the first four and
// the second the others: their units have nothing to do with each other.
func independent(seed uint64) (a, b *model.Network) {
	r := rand.New(rand.NewPCG(seed, 3))
	wire := func(from int) *model.Network {
		var hidden [][]float32
		for range 6 {
			row := make([]float32, 9)
			for p := range 4 {
				row[from+p] = float32(r.NormFloat64())
			}
			row[8] = float32(0.2 * r.NormFloat64())
			hidden = append(hidden, row)
		}
		return modeltest.Wire(8, hidden, [][]float32{{1, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 1, 1, 1, 0}})
	}
	return wire(0), wire(4)
}

// TestHomologueNull is the negative control: the p of the best of six matches is uniform where there
// is no homologue. Of 80 draws 4 should be at or below 0.05 and 40 below 0.5: with a binomial 99.9 %
// interval at most 12, and 26 to 54. Without paying for the best of six 0.05 would hold 21.
func TestHomologueNull(t *testing.T) {
	small, half, excluded := 0, 0, 0
	for seed := range uint64(80) {
		a, b := independent(seed)
		s := datasets.Set{Channels: 8, Height: 1, Width: 1, Classes: a.Classes, Images: modeltest.Images(model.Shape{8, 1, 1}, 82, seed)}
		for i := range 82 {
			s.Labels = append(s.Labels, i%2)
		}
		set, err := datasets.New(s, 2, 60, 20)
		if err != nil {
			t.Fatal(err)
		}
		o := fewDraws()
		o.Permutations = 99
		r := replicate(t, prepareSpecimens(t, set, o, a, b), []model.Address{model.Neuron(1, 1)}, ablate.LesionHeadline(parseMetric(t, "accuracy", a), ablate.Zero))
		p := float64(r.Specimens[1].Homologues[0].P)
		if p <= 0.05 {
			small++
		}
		if p < 0.5 {
			half++
		}
		if (r.Specimens[1].Excluded != "") != (p >= 0.05 || math.IsNaN(p)) {
			t.Errorf("seed %d: p %v, excluded for %q", seed, p, r.Specimens[1].Excluded)
		}
		if r.Specimens[1].Excluded != "" {
			excluded++
		}
	}
	if small > 12 || half < 26 || half > 54 || excluded < 68 {
		t.Errorf("of 80 unrelated networks %d have p ≤ 0.05 and %d p < 0.5; %d excluded", small, half, excluded)
	}
}

// TestHomologueOracle holds every number of a match against plain loops.
func TestHomologueOracle(t *testing.T) {
	a, b := smallConvNet(3), smallConvNet(4)
	set := modeltest.Blobs(a.Spec.Input, 2, 30, 20, 1)
	o := fewDraws()
	r := replicate(t, prepareSpecimens(t, set, o, a, b), []model.Address{model.Neuron(1, 3), model.Neuron(2, 4), model.Neuron(1, 0)}, ablate.LesionHeadline(parseMetric(t, "accuracy", a), ablate.Zero))
	var ps []float64
	for _, h := range r.Specimens[1].Homologues {
		mine, theirs := means(a, set, h.Neuron.Layer), means(b, set, h.Neuron.Layer)
		best, second := -1, -1
		for u, column := range theirs {
			v := stats.Pearson(mine[h.Neuron.Unit], column)
			switch {
			case math.IsNaN(v):
			case best < 0 || v > stats.Pearson(mine[h.Neuron.Unit], theirs[best]):
				best, second = u, best
			case second < 0 || v > stats.Pearson(mine[h.Neuron.Unit], theirs[second]):
				second = u
			}
		}
		mutual := true
		for _, column := range mine {
			mutual = mutual && !(stats.Pearson(column, theirs[best]) > stats.Pearson(mine[h.Neuron.Unit], theirs[best]))
		}
		extreme, total := 0, 0
		stats.Permutations{Count: o.Permutations, Seed: o.Seed}.Shuffle(30, func(order []int) {
			shuffled := make([]float64, 30)
			for i, k := range order {
				shuffled[i] = mine[h.Neuron.Unit][k]
			}
			highest := math.Inf(-1)
			for _, column := range theirs {
				if v := stats.Pearson(shuffled, column); v > highest {
					highest = v
				}
			}
			if total++; highest >= float64(h.R)-1e-6 {
				extreme++
			}
		})
		ps = append(ps, stats.PermutationP(extreme, total))
		if h.Match.Unit != best || h.RunnerUp.Unit != second || h.Mutual != mutual || math.Abs(float64(h.P)-ps[len(ps)-1]) > 1.5/200 {
			t.Errorf("%+v, want match %d, runner-up %d, mutual %v, p %v", h, best, second, mutual, ps[len(ps)-1])
		}
		if r, r2 := stats.Pearson(mine[h.Neuron.Unit], theirs[best]), stats.Pearson(mine[h.Neuron.Unit], theirs[second]); math.Abs(float64(h.R)-r) > 1e-5 || math.Abs(float64(h.RunnerUpR)-r2) > 1e-5 {
			t.Errorf("%+v, want r %v and %v", h, r, r2)
		}
		var within float64
		{
			// Two classes in turn: odd images, even images.
			centred := func(column []float64) []float64 {
				out := slices.Clone(column)
				for class := range 2 {
					mean := 0.0
					for i := class; i < 30; i += 2 {
						mean += column[i] / 15
					}
					for i := class; i < 30; i += 2 {
						out[i] -= mean
					}
				}
				return out
			}
			within = stats.Pearson(centred(mine[h.Neuron.Unit]), centred(theirs[best]))
		}
		if math.Abs(float64(h.Within)-within) > 1e-4 {
			t.Errorf("%+v, want %v within classes", h, within)
		}
	}
	for k, want := range stats.BenjaminiHochberg(ps) {
		if got := float64(r.Specimens[1].Homologues[k].AdjustedP); math.Abs(got-want) > 0.01 {
			t.Errorf("adjusted p %v, want %v", got, want)
		}
	}
}

// means are the activations of a layer's neurons on the select images, mean over positions, by plain
// loops in float64.
func means(n *model.Network, set *datasets.Set, layer int) [][]float64 {
	lo, hi := set.Range(datasets.Select)
	shape := n.Geometry(layer).Act
	out := make([][]float64, shape[0])
	for i := lo; i < hi; i++ {
		_, act, _ := modeltest.Forward(n, set.Image(i))
		for u := range out {
			sum := 0.0
			for _, v := range act[layer][u*shape.Area() : (u+1)*shape.Area()] {
				sum += v
			}
			out[u] = append(out[u], sum/float64(shape.Area()))
		}
	}
	return out
}

// TestReplicateKeepsParts: what is kept is not measured again, whatever the number of workers comes to
// the same, and what JSON holds comes back.
func TestReplicateKeepsParts(t *testing.T) {
	n := smallConvNet(3)
	shuffled, _ := shuffledUnits(t, n, 1)
	set := modeltest.Blobs(n.Spec.Input, 2, 40, 40, 1)
	lesion := ablate.LesionHeadline(parseMetric(t, "cross-entropy", n), ablate.Resample)
	measured, measure := 0, lesion.Measure
	lesion.Measure = func(ctx context.Context, p *ablate.Preparation, targets [][]model.Address) ([]ablate.Headline, error) {
		measured++
		return measure(ctx, p, targets)
	}
	var texts []string
	o := fewDraws()
	o.Parts = keptParts{}
	for _, workers := range []int{1, 3, 2} {
		o.Workers = workers
		if workers == 2 {
			o.Parts = nil
		}
		r := replicate(t, prepareSpecimens(t, set, o, n, shuffled, smallConvNet(4)), []model.Address{model.Neuron(2, 3)}, lesion)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back ablate.Replication
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back.Specimens[1], r.Specimens[1]) && back.Specimens[1].Excluded == "" && back.Effects[0].Mean.Mean != r.Effects[0].Mean.Mean {
			t.Errorf("from JSON %+v, want %+v (%v)", back, *r, err)
		}
		texts = append(texts, string(text))
		if want := map[int]int{1: 3, 3: 3, 2: 6}[workers]; measured > want {
			t.Errorf("measured %d times with %d workers, want %d at most", measured, workers, want)
		}
	}
	if texts[0] != texts[1] || texts[0] != texts[2] {
		t.Errorf("kept parts or workers make a difference:\n%s\n%s\n%s", texts[0], texts[1], texts[2])
	}
}

// TestReplicateControls: of ten detectors B's logit counts the first two and not the others, so that of the
// nine that are no homologue of the first one shows its effect, and goes further; of sets of two that avoid
// both homologues none does. What is costly has none.
func TestReplicateControls(t *testing.T) {
	n := ten(1, 2)
	shuffled, _ := shuffledUnits(t, n, 4)
	specimens := prepareSpecimens(t, noisy(t, 10, 1), fewDraws(), n, shuffled, n)
	lesion := ablate.LesionHeadline(parseMetric(t, "logit-diff:B", n), ablate.Zero)
	first, both := []model.Address{model.Neuron(1, 0)}, []model.Address{model.Neuron(1, 0), model.Neuron(1, 1)}
	e := replicate(t, specimens, first, lesion).Effects[0]
	if want := (ablate.ControlTally{Of: 9, Alike: 1, Stronger: 1}); e.Controls[0] != (ablate.ControlTally{}) || e.Controls[1] != want || e.Controls[2] != want || e.ControlsOfAll() != (ablate.ControlTally{Of: 18, Alike: 2, Stronger: 2}) {
		t.Errorf("controls %+v, want %+v in each but the reference", e.Controls, want)
	}
	e = replicate(t, specimens, both, lesion).Effects[0]
	if want := (ablate.ControlTally{Of: 20}); e.Controls[1] != want {
		t.Errorf("controls of two %+v, want %+v", e.Controls, want)
	}
	lesion.Costly = true
	if e := replicate(t, specimens, first, lesion).Effects[0]; e.ControlsOfAll().Of != 0 {
		t.Errorf("controls of a costly experiment %+v", e.Controls)
	}
	measure := lesion.Measure
	lesion.Costly, lesion.Measure = false, ablate.OneByOne(func(ctx context.Context, p *ablate.Preparation, targets []model.Address) (ablate.Headline, error) {
		all, err := measure(ctx, p, [][]model.Address{targets})
		return all[0], err
	})
	if again := replicate(t, specimens, first, lesion).Effects[0]; !reflect.DeepEqual(again.Headlines, replicate(t, specimens, first, ablate.LesionHeadline(parseMetric(t, "logit-diff:B", n), ablate.Zero)).Effects[0].Headlines) {
		t.Errorf("one by one %+v", again.Headlines)
	}
}

func TestReplicateRefuses(t *testing.T) {
	n := detector()
	set := lights(t)
	if _, err := ablate.PrepareSpecimens(context.Background(), []*model.Network{n}, []string{"a"}, set, fewDraws()); err == nil || !strings.Contains(err.Error(), "two networks or more") {
		t.Errorf("one network: %v", err)
	}
	specimens := prepareSpecimens(t, set, fewDraws(), n, n)
	lesion := ablate.LesionHeadline(parseMetric(t, "accuracy", n), ablate.Zero)
	if _, err := ablate.Replicate(context.Background(), specimens, []model.Address{model.Neuron(1, 9)}, lesion); err == nil || !strings.Contains(err.Error(), "1:9") {
		t.Errorf("no such neuron: %v", err)
	}
	if _, err := ablate.Replicate(context.Background(), specimens, nil, lesion); err == nil {
		t.Error("no neuron: no error")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ablate.Replicate(cancelled, specimens, []model.Address{model.Neuron(1, 0)}, lesion); !strings.Contains(err.Error(), "cancel") {
		t.Errorf("cancelled: %v", err)
	}
}
