package circuit_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// The channels of the planted data: each of the first shows one feature, and class B has most of them;
// then come channels of noise, and channels that are always the same.
const (
	plantedFeatures = 5
	plantedNoise    = 5
	plantedConstant = 2
)

// votes are images of one pixel of many channels, with a vote for their class.
func votes(t testing.TB, train, each int) *datasets.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	s := datasets.Set{Channels: plantedFeatures + plantedNoise + plantedConstant, Height: 1, Width: 1, Classes: []string{"A", "B"}}
	for range train + 2*each {
		count := 0
		for range plantedFeatures {
			v := r.IntN(2)
			count += v
			s.Images = append(s.Images, 0.2+0.5*float32(v)+0.1*r.Float32())
		}
		for range plantedNoise {
			s.Images = append(s.Images, r.Float32())
		}
		s.Images = append(s.Images, slices.Repeat([]float32{0.5}, plantedConstant)...)
		label := 0
		if 2*count > plantedFeatures {
			label = 1
		}
		s.Labels = append(s.Labels, label)
	}
	set, err := datasets.New(s, train, each, each)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// raised is a network trained to tell the classes apart.
func raised(t testing.TB, set *datasets.Set) *model.Network {
	t.Helper()
	spec := model.Spec{Name: "planted", Input: model.Shape{set.Channels, 1, 1}, Layers: []model.Layer{
		{Name: "dense1", Kind: model.Dense, Units: 20, Activation: model.ReLU},
		{Name: "dense2", Kind: model.Dense, Units: 12, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	o := model.DefaultTrainOptions()
	o.Epochs, o.Batch, o.Rate, o.Flip, o.Shift, o.Patience = 12, 32, 1e-2, false, 0, 0
	trainer, err := model.NewTrainer(set, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(context.Background(), func(model.Progress) {}); err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	n, err := trainer.Network("planted")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// planted is a trained network part of whose wiring was taken out.
type planted struct {
	name  string
	net   *model.Network
	edges []int  // those of which the truth is known
	truth []bool // of each: it is part of what is left
}

func (p *planted) add(edge int, truth bool) {
	p.edges, p.truth = append(p.edges, edge), append(p.truth, truth)
}

// rewired multiplies every weight by what change says of its edge.
func rewired(t testing.TB, n *model.Network, change func(e model.Edge) float32) *model.Network {
	t.Helper()
	params := make([]model.Params, len(n.Params))
	for l, p := range n.Params {
		params[l] = model.Params{Weight: slices.Clone(p.Weight), Bias: slices.Clone(p.Bias)}
	}
	out, err := model.NewNetwork(n.Spec, params, n.Mean, n.Std, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range out.Edges() {
		for k, w := range out.Synapses(e.From, e.To) {
			out.Synapses(e.From, e.To)[k] = w * change(e)
		}
	}
	return out
}

// weakened multiplies what half of the hidden neurons of each layer say to all others. At 0 what
// they hear still differs between images and classes, and is in no circuit; nor are channels that
// never change. Near 0 it has a little effect; then edges from noise, which may have as little, are
// not judged.
func weakened(t testing.TB, n *model.Network, name string, factor float32) planted {
	weak := func(a model.Address) bool { return a.Layer > 0 && a.Layer < n.Depth() && a.Unit%2 == 1 }
	p := planted{name: name, net: rewired(t, n, func(e model.Edge) float32 {
		if weak(e.From) {
			return factor
		}
		return 1
	})}
	for k, e := range p.net.Edges() {
		constant := e.From.Layer == 0 && e.From.Unit >= plantedFeatures+plantedNoise
		noise := e.From.Layer == 0 && e.From.Unit >= plantedFeatures && !constant
		if factor == 0 || !noise {
			p.add(k, !weak(e.From) && !weak(e.To) && !constant)
		}
	}
	return p
}

// features marks, of the edges out of the image, those of channels that tell of the class; of all
// other edges the truth is not known.
func features(n *model.Network) planted {
	p := planted{name: "features", net: n}
	for k, e := range n.Edges() {
		if e.From.Layer == 0 {
			p.add(k, e.From.Unit < plantedFeatures)
		}
	}
	return p
}

// TestPlantedCircuits: how well the size of a score tells the edges of a known circuit from others,
// in trained networks. With "cut", all others have no effect at all: what is missing to 1 are edges of
// the circuit that happen to have none either, such as those of neurons that never fire.
func TestPlantedCircuits(t *testing.T) {
	set := votes(t, 400, 150)
	n := raised(t, set)
	least := map[string]float64{"cut": 0.95, "faint": 0.85, "features": 0.8}
	table := []string{"", "area under the ROC of |score| against the truth", "planted   against   eap     eap-ig  exact   acdc    elimination"}
	plants := []planted{weakened(t, n, "cut", 0)}
	if !testing.Short() {
		plants = append(plants, weakened(t, n, "faint", 0.02), features(n))
	}
	for _, p := range plants {
		for _, against := range []circuit.Against{circuit.Resample, circuit.Mean} {
			task := taskOf(t, p.net, set, against, difference)
			line := fmt.Sprintf("%-9s %-9s", p.name, against)
			for _, m := range everyMethod {
				scores := score(t, m, task)
				var sizes []float64
				for _, e := range p.edges {
					sizes = append(sizes, math.Abs(scores.Score[e]))
				}
				area := stats.AUROCOf(sizes, p.truth)
				if line += fmt.Sprintf(" %.3f  ", area); !(area >= least[p.name]) {
					t.Errorf("%s against %s, %s: %.3f, want at least %v", p.name, against, m.Name(), area, least[p.name])
				}
			}
			table = append(table, line)
		}
	}
	t.Log(strings.Join(table, "\n"))
}
