package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureChains are three chains to dog with a neuron in common.
func fixtureChains(t testing.TB) ChainsReport {
	r := ChainsReport{Source: fixtureSource(t, "neuroprobe circuit chains --top 3"), Result: circuit.ChainsResult{
		Split: datasets.Confirm, SplitName: "confirm", Target: circuit.Target{Name: "dog", Class: 1, Feature: -1}, Class: "dog", Metric: "logit-diff", Against: circuit.Resample,
		End: "4:1", EndClass: "dog", SelectPairs: 30, Pairs: 98, Excluded: 2, Edges: 2672, Silent: 131, InNetwork: 98304, Effective: 81234,
		Bottlenecks: []circuit.Bottleneck{{Edge: "2:11->3:17", Chosen: 0.22, Listed: 2, Sharing: 12}, {Edge: "0:2->1:9", Chosen: 0.1213, Listed: 1, Sharing: 1}},
		Whole:       3.91, Corrupted: -2.87, Together: within(0.14, 0.03), Shared: true,
		SharedNeurons: []string{"3:17"}, SharedLinks: []string{"3:17->4:1"},
		Permutations: 999, Resamples: 2000, Seed: 1, Warnings: []string{"3 images appear in two splits"},
		Surrogates: circuit.Surrogates{Count: 39, Pairs: 24, Own: circuit.SurrogateChain{Strength: 0.2503, Total: 6.93}},
	}}
	x := &r.Result
	for k := range 39 {
		f := float64(k)
		x.Surrogates.Networks = append(x.Surrogates.Networks, circuit.SurrogateChain{Strength: round(0.002 + 0.004*f), Total: round(0.9 + 0.5*math.Sin(f))})
	}
	for _, n := range []struct {
		a      model.Address
		layer  string
		label  string
		auroc  float64
		lesion float64
	}{{model.Neuron(0, 0), "input", "", 0, 0}, {model.Neuron(0, 2), "input", "", 0, 0}, {model.Neuron(1, 3), "conv1", "whiskers", 0.71, -0.61}, {model.Neuron(1, 9), "conv1", "", 0, 0.34},
		{model.Neuron(2, 11), "conv2", "without pointed_ears", 0.88, -1.2}, {model.Neuron(3, 17), "conv3", "dog", 0.97, -1.9}, {model.Neuron(4, 1), "dense4", "dog", 0.99, 0}} {
		node := circuit.Node{ID: circuit.ID(n.a), Neuron: n.a, Layer: n.layer, Label: n.label, AUROC: probe.Undefined, Lesioned: n.a.Layer > 0 && n.a.Layer < 4}
		if n.label != "" {
			node.AUROC = probe.Number(n.auroc)
		}
		if node.Lesioned {
			node.Lesion = within(n.lesion, 0.1)
		}
		x.Nodes = append(x.Nodes, node)
	}
	for _, l := range []struct {
		from, to             model.Address
		effect, contribution float64
	}{{model.Neuron(0, 0), model.Neuron(1, 3), -0.52, 0.31}, {model.Neuron(0, 2), model.Neuron(1, 9), 0.12, -0.09}, {model.Neuron(1, 3), model.Neuron(2, 11), -0.33, 0.12},
		{model.Neuron(1, 9), model.Neuron(2, 11), 0.27, -0.41}, {model.Neuron(1, 3), model.Neuron(3, 17), -0.24, 0.2}, {model.Neuron(2, 11), model.Neuron(3, 17), -0.23, 0.15}, {model.Neuron(3, 17), model.Neuron(4, 1), -1.6, 2.2}} {
		e := model.Edge{From: l.from, To: l.to}
		x.Links = append(x.Links, circuit.Link{Edge: e, Source: circuit.ID(l.from), Target: circuit.ID(l.to), Score: math.Abs(l.effect), Exact: within(l.effect, 0.04), P: 0.001, Adj: 0.001,
			Restored: probe.Undefined, Contribution: l.contribution, Synapses: 9, Weight: 0.3})
	}
	add := func(neurons []string, links []int, weakest, sign int, cut float64, p, relative probe.Number) {
		strength := x.Links[links[weakest]].Exact
		if strength.Estimate < 0 {
			strength = ablate.Interval{Estimate: -strength.Estimate, Low: -strength.High, High: -strength.Low}
		}
		x.Chains = append(x.Chains, circuit.Chain{Neurons: neurons, Links: links, Chosen: round(strength.Estimate - 0.01), ChosenWeakest: weakest, Strength: strength, Weakest: weakest, Sign: sign,
			Cut: within(cut, 0.1), Compared: probe.Number(round(strength.Estimate + 0.02)), P: p, RelativeP: relative})
	}
	add([]string{"0:0", "1:3", "2:11", "3:17", "4:1"}, []int{0, 2, 5, 6}, 2, 1, -1.7, 0.025, 0.725)
	add([]string{"0:0", "1:3", "3:17", "4:1"}, []int{0, 4, 6}, 1, 1, -1.65, 0.025, 0.725) // a skip
	add([]string{"0:2", "1:9", "2:11", "3:17", "4:1"}, []int{1, 3, 5, 6}, 0, 1, -1.2, 0.15, 1)
	return r
}

// fixtureImage is image 12 of confirm, its chain, and sums whose terms add up.
func fixtureImage(t testing.TB) ImageReport {
	set := fixtureSet()
	lo, _ := set.Range(datasets.Confirm)
	r := ImageReport{Source: fixtureSource(t, "neuroprobe circuit image --index 13"), Result: circuit.ImageResult{
		Split: datasets.Confirm, SplitName: "confirm", Index: 13, Name: set.Names[lo+13], Pixels: set.Image(lo + 13), Label: "dog", Answer: "dog", RunnerUp: "cat",
		Classes: []circuit.ClassLogit{{Class: "dog", Neuron: "4:1", Logit: 1.22, Probability: 0.861}, {Class: "cat", Neuron: "4:0", Logit: -0.6, Probability: 0.139}},
		Metric:  "logit-diff", Y: 1.82, Corrupted: 0.21, SelectImages: 60, Worst: 1.3e-7, Seed: 1,
	}}
	x := &r.Result
	activity := func(a model.Address, label string, value, mean, sd, percentile float64) circuit.Activity {
		out := circuit.Activity{ID: circuit.ID(a), Neuron: a, Label: label, AUROC: probe.Undefined, Activation: value, Mean: mean, SD: sd, Z: probe.Number(round((value - mean) / sd)), Percentile: percentile, Row: 4, Col: 7}
		if a.Layer == 4 {
			out.Row, out.Col = -1, -1
		}
		return out
	}
	for l := 1; l <= 3; l++ {
		layer := circuit.LayerActivity{Layer: l, Name: r.Network.Layer(l).Name, Neurons: r.Network.Geometry(l).Act[0], Fired: 13 * l, Typical: 12.4}
		for k := range 3 {
			label := ""
			if k < 2 {
				label = []string{"whiskers", "without collar"}[k]
			}
			layer.Strongest = append(layer.Strongest, activity(model.Neuron(l, 3+4*k), label, round(2.5-0.5*float64(k)), 1.2, 0.5, 0.995-0.03*float64(k)))
		}
		x.Layers = append(x.Layers, layer)
	}
	chain := &circuit.ImageChain{Strength: 0.21, Sign: -1, Supporting: 1203, InNetwork: 98304, Cut: circuit.Cut{After: -0.4, Effect: -2.22, Answer: "cat", Flips: true}, AtLeast: 1, RandomFlips: 2}
	neurons := []model.Address{model.Neuron(0, 1), model.Neuron(1, 3), model.Neuron(2, 11), model.Neuron(3, 17), model.Neuron(4, 1)}
	for k, a := range neurons {
		n := circuit.ChainNeuron{Activity: activity(a, []string{"", "whiskers", "without pointed_ears", "", "dog"}[k], round(0.8+0.4*float64(k)), 1, 0.6, 0.1+0.2*float64(k)), Layer: "input"}
		if a.Layer > 0 {
			n.Layer = r.Network.Layer(a.Layer).Name
			if shape := r.Network.Geometry(a.Layer).Act; shape.Area() > 1 {
				n.Rows, n.Cols = shape[1], shape[2]
				for p := range n.Rows * n.Cols {
					n.Map = append(n.Map, float32(round(max(0, math.Sin(float64(p%n.Cols)*3/float64(n.Cols))-float64(p/n.Cols)/float64(n.Rows)))))
				}
			}
		}
		chain.Neurons = append(chain.Neurons, n)
	}
	for k, effect := range []float64{-0.35, -0.21, -0.6, -1.9} {
		cut := circuit.Cut{After: round(1.82 + effect), Effect: effect, Answer: "dog"}
		if k == 3 {
			cut.Answer, cut.Flips = "cat", true
		}
		chain.Links = append(chain.Links, circuit.ImageLink{Edge: model.Edge{From: neurons[k], To: neurons[k+1]}, Source: circuit.ID(neurons[k]), Target: circuit.ID(neurons[k+1]),
			Term: []float64{0.4, 0, 0.33, 0.9}[k], Usual: []float64{0.1, -0.3, 0.2, 0.4}[k], Cut: cut, Rank: k + 1, Of: []int{48, 512, 2048, 64}[k]})
	}
	for k := range 40 {
		chain.Random = append(chain.Random, round(0.06*float64(k)-2.3))
	}
	x.Chain = chain
	sum := func(a model.Address, label string, bias float64, terms ...float64) {
		s := circuit.DendriticSum{ID: circuit.ID(a), Neuron: a, Layer: r.Network.Layer(a.Layer).Name, Label: label, AUROC: probe.Undefined, Row: 4, Col: 7, Bias: bias, Sum: bias, Scale: math.Abs(bias)}
		if a.Layer == 4 {
			s.Row, s.Col = -1, -1
		}
		for k, v := range terms {
			s.Terms = append(s.Terms, circuit.Term{Sender: circuit.ID(model.Neuron(a.Layer-1, 2*k+1)), From: model.Neuron(a.Layer-1, 2*k+1), Value: v, Activation: round(1 + 0.1*float64(k)), Label: []string{"", "collar"}[k%2]})
			s.Sum, s.Scale = round(s.Sum+v), s.Scale+math.Abs(v)
			if v > 0 {
				s.Excitatory, s.ExcitatorySum = s.Excitatory+1, round(s.ExcitatorySum+v)
			} else {
				s.Inhibitory, s.InhibitorySum = s.Inhibitory+1, round(s.InhibitorySum+v)
			}
		}
		s.PreActivation = s.Sum
		x.Sums = append(x.Sums, s)
	}
	sum(neurons[1], "whiskers", 0.1, 0.9, 0.4, -0.2)
	sum(neurons[2], "without pointed_ears", -0.05, 1.4, -0.5, 0.4, 0.3, -0.12, 0.1, 0.07)
	sum(neurons[3], "", 0, 0.8, 0.33, 0.3, -0.2, 0.17, 0.1, -0.04, 0.02)
	sum(model.Neuron(4, 1), "dog", 0.02, 0.9, 0.5, -0.3, 0.2, -0.1)
	sum(model.Neuron(4, 0), "cat", -0.02, -0.9, -0.4, 0.5, 0.3, -0.08)
	return r
}
