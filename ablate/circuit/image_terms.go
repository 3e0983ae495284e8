package circuit

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// Term is what one sender adds to a neuron's pre-activation at one position: above 0 excitatory, below 0
// inhibitory.
type Term struct {
	Sender string        `json:"sender"`
	From   model.Address `json:"-"`
	Label  string        `json:"label,omitempty"`
	Value  float64       `json:"value"`
	// Activation is the sender's own: of a channel its highest on the image.
	Activation float64 `json:"sender_activation"`
}

// DendriticSum is a neuron's pre-activation taken apart:
//
//	T₁ + T₂ + … + bias = pre-activation,    T_j = Σ w·x over what sender j hands on.
type DendriticSum struct {
	ID     string        `json:"neuron"`
	Neuron model.Address `json:"-"`
	Layer  string        `json:"layer"`
	Label  string        `json:"label,omitempty"`
	AUROC  probe.Number  `json:"label_auroc"`
	// Row and Col are the position that is told of: a channel's peak. −1 of a dense neuron.
	Row int `json:"row"`
	Col int `json:"col"`
	// Terms are all, the largest first.
	Terms []Term  `json:"terms"`
	Bias  float64 `json:"bias"`
	// Sum is that of terms and bias in float64, PreActivation what the network computed, in float32.
	Sum           float64 `json:"sum"`
	PreActivation float64 `json:"pre_activation"`
	// Residual is Sum − PreActivation; Scale is Σ|w·x| + |bias|, to which rounding is in proportion.
	Residual float64 `json:"residual"`
	Scale    float64 `json:"scale"`
	// The counts and sums of terms above and below 0.
	Excitatory    int     `json:"excitatory"`
	Inhibitory    int     `json:"inhibitory"`
	ExcitatorySum float64 `json:"excitatory_sum"`
	InhibitorySum float64 `json:"inhibitory_sum"`
}

// SumTolerance is how far a dendritic sum may be from the recorded pre-activation, relative to Scale.
const SumTolerance = 1e-6

// Relative is the residual's size relative to Scale.
func (s DendriticSum) Relative() float64 {
	if s.Scale == 0 {
		return math.Abs(s.Residual)
	}
	return math.Abs(s.Residual) / s.Scale
}

// Check tells whether the terms add up.
func (s DendriticSum) Check() error {
	if s.Relative() <= SumTolerance {
		return nil
	}
	return fmt.Errorf("circuit: the terms of neuron %s add up to %v, its pre-activation is %v: the difference is %.2g of Σ|w·x|, above %g", s.ID, s.Sum, s.PreActivation, s.Relative(), SumTolerance)
}

// recording is one image's run: by layer, pre-activations, activations and what is handed on.
type recording struct {
	net            *model.Network
	pre, post, out [][]float32
	logits         []float32
}

// record runs one image.
func record(n *model.Network, image []float32) (*recording, error) {
	var t model.Trace
	for l := range n.Depth() + 1 {
		t.Post, t.Out = append(t.Post, l), append(t.Out, l)
		if l > 0 {
			t.Pre = append(t.Pre, l)
		}
	}
	logits, err := model.NewSession(n).Run(image, 0, nil, &t)
	if err != nil {
		return nil, err
	}
	r := &recording{net: n, logits: slices.Clone(logits)}
	for l := range n.Depth() + 1 {
		r.pre = append(r.pre, slices.Clone(t.PreActivation(l)))
		r.post, r.out = append(r.post, slices.Clone(t.Activation(l))), append(r.out, slices.Clone(t.Output(l)))
	}
	return r, nil
}

// mapOf is a neuron's activation at all positions.
func (r *recording) mapOf(a model.Address) []float32 {
	area := r.net.Geometry(a.Layer).Act.Area()
	return r.post[a.Layer][a.Unit*area : (a.Unit+1)*area]
}

// peak is where a neuron's pre-activation is highest, the first of equals; of the image, the activation.
func (r *recording) peak(a model.Address) (row, col int) {
	values, shape := r.mapOf(a), r.net.Geometry(a.Layer).Act
	if a.Layer > 0 {
		values = r.pre[a.Layer][a.Unit*shape.Area() : (a.Unit+1)*shape.Area()]
	}
	at := slices.Index(values, slices.Max(values))
	return at / shape[2], at % shape[2]
}

// sum takes a neuron's pre-activation at a position apart.
func (r *recording) sum(a model.Address, row, col int) DendriticSum {
	n, g := r.net, r.net.Geometry(a.Layer)
	s := DendriticSum{ID: ID(a), Neuron: a, Layer: n.Layer(a.Layer).Name, AUROC: probe.Undefined, Row: row, Col: col,
		PreActivation: float64(r.pre[a.Layer][(a.Unit*g.Act[1]+row)*g.Act[2]+col])}
	if n.Layer(a.Layer).Kind != model.Add {
		s.Bias = float64(n.Params[a.Layer].Bias[a.Unit])
	}
	s.Sum, s.Scale = s.Bias, math.Abs(s.Bias)
	if g.Act.Area() == 1 {
		s.Row, s.Col = model.AllPositions, model.AllPositions
	}
	for _, from := range senders(n, a) {
		value, size := r.term(from, a, row, col)
		s.Sum, s.Scale = s.Sum+value, s.Scale+size
		s.Terms = append(s.Terms, Term{Sender: ID(from), From: from, Value: value, Activation: float64(slices.Max(r.mapOf(from)))})
		switch {
		case value > 0:
			s.Excitatory++
			s.ExcitatorySum += value
		case value < 0:
			s.Inhibitory++
			s.InhibitorySum += value
		}
	}
	slices.SortStableFunc(s.Terms, func(x, y Term) int { return cmp.Compare(math.Abs(y.Value), math.Abs(x.Value)) })
	s.Residual = s.Sum - s.PreActivation
	return s
}

// senders are the neurons a neuron reads, each once.
func senders(n *model.Network, a model.Address) (all []model.Address) {
	inputs := slices.Clone(n.Geometry(a.Layer).Inputs)
	slices.Sort(inputs)
	for _, k := range slices.Compact(inputs) {
		if n.Layer(a.Layer).Kind == model.Add {
			all = append(all, model.Neuron(k, a.Unit))
			continue
		}
		for j := range n.Geometry(k).Out[0] {
			all = append(all, model.Neuron(k, j))
		}
	}
	return all
}

// term is what one sender adds at a position, by the definition of each kind of layer, and Σ|w·x|.
func (r *recording) term(from, to model.Address, row, col int) (value, size float64) {
	n, l, g := r.net, r.net.Layer(to.Layer), r.net.Geometry(to.Layer)
	x := r.out[from.Layer][from.Unit*g.In.Area():][:g.In.Area()]
	add := func(v, w float32) {
		value += float64(v) * float64(w)
		size += math.Abs(float64(v) * float64(w))
	}
	switch l.Kind {
	case model.Dense:
		for p, w := range n.Synapses(from, to) {
			add(x[p], w)
		}
	case model.Conv2D:
		for k, w := range n.Synapses(from, to) {
			y, x0 := row*max(l.Stride, 1)+k/l.Kernel-l.Padding, col*max(l.Stride, 1)+k%l.Kernel-l.Padding
			if y >= 0 && y < g.In[1] && x0 >= 0 && x0 < g.In[2] {
				add(x[y*g.In[2]+x0], w)
			}
		}
	case model.Add:
		for _, k := range g.Inputs { // an add may read a layer twice
			if k == from.Layer {
				add(x[row*g.In[2]+col], 1)
			}
		}
	}
	return value, size
}
