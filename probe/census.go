package probe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// Census is a count of a network's neurons and synapses, as an anatomist's: a neuron is a row of
// weights, a synapse one weight; above 0 it excites, below 0 it inhibits, as long as its sender is
// never below 0.
type Census struct {
	Split        datasets.Split `json:"-"` // activity is measured on; dead neurons are silent on select too
	Images       int            `json:"images"`
	SelectImages int            `json:"select_images"`
	Layers       []LayerCensus  `json:"layers"`
	Neurons      []NeuronCensus `json:"neurons"`
	Total        Count          `json:"total"`
	// Negative is the share of the first layer's inputs, over the measured images, that are below 0:
	// there the sign of a weight is not that of its contribution.
	Negative Number `json:"negative_inputs"`
	Dale     []Dale `json:"dale"`
	// DaleTests is the number of p-values that are adjusted together.
	DaleTests    int      `json:"dale_tests"`
	Permutations int      `json:"permutations"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// Count are numbers of things.
type Count struct {
	Neurons  int `json:"neurons"`
	Synapses int `json:"synapses"` // weights; biases apart
	Biases   int `json:"biases"`
	// Connections are neuron-to-neuron contacts if each position of a map is taken for a cell of its
	// own: a convolution uses each synapse at every position, N·K·positions. An add layer has them
	// without synapses: its inputs arrive with a fixed weight of 1.
	Connections int `json:"connections"`
	// Padding are those connections that always read the zeros around the image.
	Padding int `json:"padding"`
	// Cells are neurons times positions.
	Cells int `json:"cells"`
}

// LayerCensus is what one layer holds.
type LayerCensus struct {
	Layer      int              `json:"layer"`
	Name       string           `json:"name"`
	Kind       model.Kind       `json:"kind"`
	Activation model.Activation `json:"activation"`
	Dendrites  int              `json:"dendrites"` // of each neuron, K; of an add layer its summands, which are no synapses
	Positions  int              `json:"positions"`
	Count
	Signs
	Weights WeightSpread `json:"weights"`
	// EffectiveFanIn is spread over the layer's neurons.
	EffectiveFanIn Spread `json:"effective_fan_in"`
	// Activity is nil for layers without ReLU, whose neurons have no firing rate.
	Activity *LayerActivity `json:"activity,omitempty"`
}

// Signs are synapses by sign, counted and weighed.
type Signs struct {
	Excitatory         int     `json:"excitatory"`
	Inhibitory         int     `json:"inhibitory"`
	Silent             int     `json:"silent"`              // weights of exactly 0
	ExcitatoryStrength float64 `json:"excitatory_strength"` // Σ|w| over w > 0
	InhibitoryStrength float64 `json:"inhibitory_strength"` // Σ|w| over w < 0
}

func (s *Signs) add(w float64) {
	switch {
	case w > 0:
		s.Excitatory++
		s.ExcitatoryStrength += w
	case w < 0:
		s.Inhibitory++
		s.InhibitoryStrength -= w
	default:
		s.Silent++
	}
}

// Share is the excitatory share of the synapses that have a sign.
func (s *Signs) Share() Number {
	return Number(float64(s.Excitatory) / float64(s.Excitatory+s.Inhibitory))
}

// StrengthShare is the excitatory share of the strength.
func (s *Signs) StrengthShare() Number {
	return Number(s.ExcitatoryStrength / (s.ExcitatoryStrength + s.InhibitoryStrength))
}

// majority is the share of the majority sign, by number and by strength; undefined where nothing
// has a sign.
func (s *Signs) majority() (number, strength float64) {
	e, i := float64(s.Excitatory), float64(s.Inhibitory)
	return max(e, i) / (e + i), max(s.ExcitatoryStrength, s.InhibitoryStrength) / (s.ExcitatoryStrength + s.InhibitoryStrength)
}

// NeuronCensus is what one neuron receives and sends.
type NeuronCensus struct {
	Address model.Address `json:"address"`
	In      Signs         `json:"in"`
	// EffectiveFanIn is the participation ratio of its weights, see participation.
	EffectiveFanIn Number `json:"effective_fan_in"`
	// Out are its outgoing synapses, nil for output neurons and those read by add layers alone.
	Out *Signs `json:"out,omitempty"`
	// Balance is the share of the outgoing synapses with the sign of the majority, by number and by
	// strength: 1 obeys Dale's principle, 0.5 is even.
	Balance         Number `json:"balance"`
	StrengthBalance Number `json:"strength_balance"`
	// Lifetime is its lifetime sparseness, undefined for neurons that never fire or have no rate.
	Lifetime Number  `json:"lifetime_sparseness"`
	Quality  Quality `json:"quality"`
}

// CensusOptions of a census. The zero value measures activity on train with the defaults.
type CensusOptions struct {
	Split        datasets.Split
	Permutations int // 0: stats.DefaultPermutations
	Seed         uint64
	Workers      int // 0: all cores
	Progress     func(stage string, done, total int)
}

// TakeCensus counts a network's neurons and synapses, tests whether senders keep to one sign, and
// measures how sparse the activity is on a split.
func TakeCensus(ctx context.Context, n *model.Network, set *datasets.Set, o CensusOptions) (*Census, error) {
	if o.Permutations == 0 {
		o.Permutations = stats.DefaultPermutations
	}
	if o.Permutations < 1 {
		return nil, fmt.Errorf("probe: %d permutations (want at least 1)", o.Permutations)
	}
	if o.Workers <= 0 {
		o.Workers = kernel.Workers()
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	c := &Census{Split: o.Split, Permutations: o.Permutations, Seed: o.Seed, Negative: Undefined}
	c.count(n)
	if err := c.daleTests(ctx, n, o); err != nil {
		return nil, err
	}
	if err := c.watch(ctx, n, set, o); err != nil {
		return nil, err
	}
	return c, ctx.Err()
}

// count is the part that only looks at the weights.
func (c *Census) count(n *model.Network) {
	for l := 1; l <= n.Depth(); l++ {
		c.Layers = append(c.Layers, c.layer(n, l))
		last := &c.Layers[l-1].Count
		c.Total.Neurons += last.Neurons
		c.Total.Synapses += last.Synapses
		c.Total.Biases += last.Biases
		c.Total.Connections += last.Connections
		c.Total.Padding += last.Padding
		c.Total.Cells += last.Cells
	}
	for k := range c.Neurons {
		x := &c.Neurons[k]
		x.Balance, x.StrengthBalance, x.Lifetime = Undefined, Undefined, Undefined
		if x.Out = outgoingSigns(n, x.Address); x.Out != nil && x.Out.Excitatory+x.Out.Inhibitory > 0 {
			number, strength := x.Out.majority()
			x.Balance, x.StrengthBalance = Number(number), Number(strength)
		}
	}
}

// layer counts one layer and adds its neurons to the census.
func (c *Census) layer(n *model.Network, l int) LayerCensus {
	g, spec, p := n.Geometry(l), n.Layer(l), n.Params[l]
	units, positions := g.Act[0], g.Act.Area()
	x := LayerCensus{Layer: l, Name: spec.Name, Kind: spec.Kind, Activation: spec.Activation, Dendrites: g.FanIn, Positions: positions,
		Count: Count{Neurons: units, Synapses: len(p.Weight), Biases: len(p.Bias), Cells: units * positions}}
	if spec.Kind == model.Add {
		x.Dendrites = len(g.Inputs)
	}
	x.Connections = units * x.Dendrites * positions
	if spec.Kind == model.Conv2D {
		inside := reach(spec, g.In[1], g.Act[1]) * reach(spec, g.In[2], g.Act[2])
		x.Padding = units * g.In[0] * (spec.Kernel*spec.Kernel*positions - inside)
	}
	var effective []float64
	for u := range units {
		neuron := NeuronCensus{Address: model.Neuron(l, u), EffectiveFanIn: Undefined}
		if g.FanIn > 0 {
			row := p.Weight[u*g.FanIn : (u+1)*g.FanIn]
			for _, w := range row {
				neuron.In.add(float64(w))
				x.Signs.add(float64(w))
			}
			neuron.EffectiveFanIn = Number(participation(row))
		}
		if neuron.EffectiveFanIn.Defined() {
			effective = append(effective, float64(neuron.EffectiveFanIn))
		}
		c.Neurons = append(c.Neurons, neuron)
	}
	x.Weights, x.EffectiveFanIn = spreadOf(p.Weight), SpreadOver(effective)
	return x
}

// reach is how many pairs of an output line and a line of the kernel there are, along one axis, that
// lie inside the image.
func reach(l model.Layer, in, out int) (pairs int) {
	for o := range out {
		for k := range l.Kernel {
			if at := o*max(l.Stride, 1) + k - l.Padding; at >= 0 && at < in {
				pairs++
			}
		}
	}
	return pairs
}

// participation is the number of synapses that a neuron effectively has, the participation ratio
//
//	(Σw²)² / Σw⁴,
//
// K if all are equally strong, 1 if one does it all; about (K+2)/3 for weights drawn from a normal
// distribution, whose Σw⁴/(Σw²)² is 3/(K+2) on average. NaN if all are 0.
//
// R. J. Bell and P. Dean, Discussions of the Faraday Society 50:55 (1970).
func participation(weights []float32) float64 {
	var squares, fourths float64
	for _, w := range weights {
		q := float64(w) * float64(w)
		squares += q
		fourths += q * q
	}
	return squares * squares / fourths
}

// Spread are quantiles of a number over neurons (or images).
type Spread struct {
	N      int    `json:"n"`
	Least  Number `json:"least"`
	Low    Number `json:"lower_quartile"`
	Median Number `json:"median"`
	High   Number `json:"upper_quartile"`
	Most   Number `json:"most"`
}

// SpreadOver are the quantiles of values, undefined without any.
func SpreadOver(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) Number { return Number(stats.QuantileSorted(sorted, q)) }
	return Spread{len(values), at(0), at(0.25), at(0.5), at(0.75), at(1)}
}

// WeightSpread is how the weights of a layer are distributed.
type WeightSpread struct {
	Mean     Number `json:"mean"`
	SD       Number `json:"sd"`
	Kurtosis Number `json:"excess_kurtosis"` // 0 for a normal distribution
	// Gini of the |w|: 0 if all are equally strong, near 1 if few hold all; 0.414 for normal weights.
	Gini Number `json:"gini"`
	// Weak is the share of synapses with |w| < WeakBelow·SD; 8.0 % of normal weights are.
	Weak Number `json:"weak"`
	// Bins are the counts of w/SD in HistogramBins equal bins from -HistogramReach to +HistogramReach; what lies
	// beyond is counted in the outermost ones.
	Bins []int `json:"bins,omitempty"`
}

// What counts as weak, and the bins of a weight histogram: an odd number, so that 0 is in the
// middle of one.
const (
	WeakBelow      = 0.1
	HistogramBins  = 41
	HistogramReach = 4.1
)

func spreadOf(weights []float32) WeightSpread {
	s := WeightSpread{Mean: Undefined, SD: Undefined, Kurtosis: Undefined, Gini: Undefined, Weak: Undefined}
	if len(weights) == 0 {
		return s
	}
	var m stats.Moments
	sizes := make([]float64, len(weights))
	for i, w := range weights {
		m.Add(float64(w))
		sizes[i] = math.Abs(float64(w))
	}
	s.Mean = Number(m.Mean())
	s.Gini = Number(gini(sizes))
	sd := math.Sqrt(m.PopulationVariance())
	if !(sd > 0) {
		return s
	}
	s.SD = Number(sd)
	fourth, weak := 0.0, 0
	s.Bins = make([]int, HistogramBins)
	for i, w := range weights {
		z := (float64(w) - m.Mean()) / sd
		fourth += z * z * z * z
		if sizes[i] < WeakBelow*sd {
			weak++
		}
		bin := int(math.Floor((float64(w)/sd + HistogramReach) / (2 * HistogramReach) * HistogramBins))
		s.Bins[min(max(bin, 0), HistogramBins-1)]++
	}
	s.Kurtosis = Number(fourth/float64(len(weights)) - 3)
	s.Weak = Number(float64(weak) / float64(len(weights)))
	return s
}

// gini is the Gini coefficient of sizes (0 or more), Σ(2i-n-1)·x₍ᵢ₎ / (n·Σx) over the sorted sizes; it
// sorts them. NaN if all are 0.
func gini(sizes []float64) float64 {
	slices.Sort(sizes)
	n := float64(len(sizes))
	weighted, total := 0.0, 0.0
	for i, x := range sizes {
		weighted += (2*float64(i+1) - n - 1) * x
		total += x
	}
	return weighted / (n * total)
}
