package ablate_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// shuffledUnits is the same network with the neurons of its hidden layers in another order: neuron u of
// layer l is now moved[l][u]. Every layer must read the one before it.
func shuffledUnits(t *testing.T, n *model.Network, seed uint64) (shuffled *model.Network, moved [][]int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	moved = make([][]int, n.Depth()+1)
	params := []model.Params{{}}
	identity := func(units int) (order []int) {
		for u := range units {
			order = append(order, u)
		}
		return order
	}
	moved[0] = identity(n.Spec.Input[0])
	for l := 1; l <= n.Depth(); l++ {
		g, old := n.Geometry(l), n.Params[l]
		moved[l] = r.Perm(g.Act[0])
		if l == n.Depth() {
			moved[l] = identity(g.Act[0])
		}
		p := model.Params{Weight: make([]float32, len(old.Weight)), Bias: make([]float32, len(old.Bias))}
		block := g.FanIn / len(moved[l-1]) // the synapses of one sender
		for u, to := range moved[l] {
			p.Bias[to] = old.Bias[u]
			for s, sender := range moved[l-1] {
				copy(p.Weight[to*g.FanIn+sender*block:][:block], old.Weight[u*g.FanIn+s*block:][:block])
			}
		}
		params = append(params, p)
	}
	return rebuilt(t, n, params), moved
}

func rebuilt(t *testing.T, n *model.Network, params []model.Params) *model.Network {
	t.Helper()
	out, err := model.NewNetwork(n.Spec, params, n.Mean, n.Std, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rescaled is the network with what a dense layer reads from one neuron before it multiplied.
func rescaled(t *testing.T, n *model.Network, from model.Address, by float32) *model.Network {
	t.Helper()
	params := slices.Clone(n.Params)
	reader := &params[from.Layer+1]
	reader.Weight = slices.Clone(reader.Weight)
	fan := n.Geometry(from.Layer + 1).FanIn
	for row := 0; row < len(reader.Weight); row += fan {
		reader.Weight[row+from.Unit] *= by
	}
	return rebuilt(t, n, params)
}

// smallConvNet has channels, pooling and dense units, and nothing that is 0 by accident.
func smallConvNet(seed uint64) *model.Network {
	n := modeltest.Random(model.Spec{Name: "small", Input: model.Shape{1, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 8, Kernel: 3, Padding: 1, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "dense2", Kind: model.Dense, Units: 10, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, seed)
	n.Classes = []string{"left", "right"}
	return n
}

func prepareSpecimens(t *testing.T, set *datasets.Set, o ablate.Options, networks ...*model.Network) []ablate.Specimen {
	t.Helper()
	var names []string
	for k := range networks {
		names = append(names, string(rune('a'+k)))
	}
	specimens, err := ablate.PrepareSpecimens(context.Background(), networks, names, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return specimens
}

func parseMetric(t *testing.T, name string, n *model.Network) ablate.Metric {
	t.Helper()
	m, err := ablate.ParseMetric(name, n.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func replicate(t *testing.T, specimens []ablate.Specimen, targets []model.Address, experiments ...ablate.ReplicatedExperiment) *ablate.Replication {
	t.Helper()
	r, err := ablate.Replicate(context.Background(), specimens, targets, experiments...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keptParts keeps parts as diskParts does.
type keptParts map[string][]byte

func (m keptParts) Load(name string, into any) (bool, error) {
	data, ok := m[name]
	if !ok {
		return false, nil
	}
	return true, gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

func (m keptParts) Save(name string, value any) error {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(value)
	m[name] = b.Bytes()
	return err
}

// fewDraws are options with few random draws.
func fewDraws() ablate.Options {
	o := ablate.DefaultOptions()
	o.Resamples, o.Permutations = 200, 199
	return o
}
