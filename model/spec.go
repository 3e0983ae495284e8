package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Spec describes a network's wiring: the shape of its input and its layers, in the order in
// which data reaches them. Layer 0 is the input; Layers[0] is layer 1.
type Spec struct {
	Name   string  `json:"name"`
	Input  Shape   `json:"input"`
	Layers []Layer `json:"layers"`
}

// Shape is channels × height × width. A dense layer's activation is N×1×1.
type Shape [3]int

// Size is the number of values, C·H·W.
func (s Shape) Size() int { return s[0] * s[1] * s[2] }

// Area is the number of positions, H·W.
func (s Shape) Area() int { return s[1] * s[2] }

// UnmarshalJSON wants exactly three numbers; encoding/json would fill up or cut off without a
// word, and read N×C×H×W as a shape.
func (s *Shape) UnmarshalJSON(data []byte) error {
	var sizes []int
	if err := json.Unmarshal(data, &sizes); err != nil {
		return err
	}
	if len(sizes) != len(s) {
		return fmt.Errorf("model: shape %v has %d numbers (want channels, height, width)", sizes, len(sizes))
	}
	copy(s[:], sizes)
	return nil
}

func (s Shape) String() string {
	if s.Area() == 1 {
		return fmt.Sprint(s[0])
	}
	return fmt.Sprintf("%d×%d×%d", s[0], s[1], s[2])
}

// Kind is what a layer computes.
type Kind string

// The layer kinds. Add sums two or more layers of equal shape: a skip connection. It has no
// weights, but neurons of its own. Recurrent is a dense layer fed back into itself, see Layer.Steps.
const (
	Dense     Kind = "dense"
	Conv2D    Kind = "conv2d"
	Add       Kind = "add"
	Recurrent Kind = "recurrent"
)

// Activation is the function between pre-activation and activation.
type Activation string

// The activation functions.
const (
	ReLU     Activation = "relu"
	Identity Activation = "none"
)

// PoolKind is how a layer's map is reduced after its activation.
type PoolKind string

// The pooling kinds.
const (
	MaxPool           PoolKind = "max"
	GlobalAveragePool PoolKind = "global-average"
	// LengthNormalise leaves a dense layer its shape and divides its activations by their root mean
	// square, √(mean a² + 1e-8): what is handed on is their direction alone (Hinton 2022).
	LengthNormalise PoolKind = "length"
	// LastStep hands on what a recurrent layer shows at its last step.
	LastStep PoolKind = "last-step"
)

// normalises tells whether the pooling couples all units of a layer and leaves it its shape.
func (p *Pool) normalises() bool { return p != nil && p.Kind == LengthNormalise }

// Pool is the pooling that hangs on a layer. Size and Stride apply to max pooling; a Stride
// of 0 means Size.
type Pool struct {
	Kind   PoolKind `json:"kind"`
	Size   int      `json:"size,omitempty"`
	Stride int      `json:"stride,omitempty"`
}

// Layer is a weight layer (or a sum of layers) with what hangs on it: bias, activation,
// pooling.
type Layer struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Inputs are the numbers of the layers it reads, 0 for the image. Empty: the layer before.
	Inputs []int `json:"inputs,omitempty"`
	// Units is the number of neurons: rows of a dense weight, output channels of a convolution.
	// An add layer has as many as its inputs; leave it out there.
	Units   int `json:"units,omitempty"`
	Kernel  int `json:"kernel,omitempty"`
	Stride  int `json:"stride,omitempty"` // 0 means 1
	Padding int `json:"padding,omitempty"`
	// Steps is how often a recurrent layer works on an image. With the input x, the same at every
	// step, and what the layer itself showed a step before,
	//
	//	h_t = f(W·x + U·h_{t-1} + b),  t = 1 … Steps,  h_0 = 0.
	//
	// Its activation is Units × Steps × 1: a step is a position. Its weight is [W | U], the columns of
	// the input first: PyTorch's weight_ih and weight_hh side by side, with one bias for its two.
	Steps      int        `json:"steps,omitempty"`
	Activation Activation `json:"activation"`
	Pool       *Pool      `json:"pool,omitempty"`
}

// Geometry is the resolved shape of one layer: what it reads, its activation (before
// pooling: where edits act and traces are taken), and what it hands on.
type Geometry struct {
	Inputs []int
	In     Shape // of each input; a dense layer reads it flattened, channel-major
	Act    Shape
	Out    Shape
	FanIn  int // synapses of one neuron, K, of a recurrent layer those from itself included; 0 for add
}

// The limits keep a hostile spec from asking for more memory than any real network needs.
const (
	maxLayers     = 1000
	maxUnits      = 1 << 20
	maxKernel     = 1 << 10
	maxSteps      = 1 << 10
	maxLayerSize  = 1 << 26 // activations of one layer for one image
	maxParameters = 1 << 28
)

// Geometries resolves the shapes of all layers; index 0 is the input. It reports every fault
// it finds, not only the first; where a layer is faulty, only the shapes that hang on it
// remain unchecked.
func (s *Spec) Geometries() ([]Geometry, error) {
	if s.Input[0] < 1 || s.Input[1] < 1 || s.Input[2] < 1 || s.Input.tooLarge() {
		return nil, fmt.Errorf("model: spec input is %d×%d×%d (want channels, height, width, each at least 1, and at most %d values)",
			s.Input[0], s.Input[1], s.Input[2], maxLayerSize)
	}
	if len(s.Layers) == 0 || len(s.Layers) > maxLayers {
		return nil, fmt.Errorf("model: spec has %d layers (want 1 to %d)", len(s.Layers), maxLayers)
	}
	faults := s.nameFaults()
	geo := make([]Geometry, 1, len(s.Layers)+1)
	geo[0] = Geometry{Act: s.Input, Out: s.Input}
	parameters := int64(0)
	for i := range s.Layers {
		g, own := s.Layers[i].resolve(i+1, geo)
		for _, err := range own {
			faults = append(faults, fmt.Errorf("model: layer %d (%s): %w", i+1, s.Layers[i].Name, err))
		}
		if s.Layers[i].Kind != Add {
			parameters += int64(g.Act[0]) * int64(g.FanIn+1)
		}
		geo = append(geo, g)
	}
	if len(faults) == 0 {
		faults = s.unreadFaults(geo)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if parameters > maxParameters {
		return nil, fmt.Errorf("model: spec has %d parameters (at most %d are supported)", parameters, maxParameters)
	}
	if last := geo[len(geo)-1]; last.Out.Area() != 1 {
		return nil, fmt.Errorf("model: the last layer gives %v values (want one neuron a class: dense, or global average pooling)", last.Out)
	}
	return geo, nil
}

// unreadFaults finds layers whose output nobody reads: they could not be trained.
func (s *Spec) unreadFaults(geo []Geometry) (faults []error) {
	read := make([]bool, len(geo))
	for _, g := range geo {
		for _, in := range g.Inputs {
			read[in] = true
		}
	}
	for i, l := range s.Layers[:len(s.Layers)-1] {
		if !read[i+1] {
			faults = append(faults, fmt.Errorf("model: layer %d (%s): no layer reads it", i+1, l.Name))
		}
	}
	return faults
}

// nameFaults verifies that addresses and tensor names can be made of the layers' names.
func (s *Spec) nameFaults() (faults []error) {
	first := map[string]int{}
	for i, l := range s.Layers {
		number := i + 1
		if strings.IndexFunc(l.Name, notOfName) >= 0 || l.Name == "" {
			faults = append(faults, fmt.Errorf("model: layer %d: name %q (want letters, digits, _ and .)", number, l.Name))
		} else if _, err := strconv.Atoi(l.Name); err == nil {
			faults = append(faults, fmt.Errorf("model: layer %d: name %q is a number (3:17 means the third layer, whatever it is called)", number, l.Name))
		}
		if k, taken := first[l.Name]; taken {
			faults = append(faults, fmt.Errorf("model: layers %d and %d are both named %q", k, number, l.Name))
		} else {
			first[l.Name] = number
		}
	}
	return faults
}

// notOfName also holds for U+FFFD, which stands for what is not UTF-8.
func notOfName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.'
}

// tooLarge compares by division, since the product of hostile sizes overflows. Sizes are 1
// or more.
func (s Shape) tooLarge() bool {
	return s[0] > maxLayerSize || s[1] > maxLayerSize/s[0] || s[2] > maxLayerSize/(s[0]*s[1])
}

// resolve works out a layer's shapes from those before it. A layer that is faulty, or reads
// one that is, comes back without shapes.
func (l *Layer) resolve(number int, before []Geometry) (Geometry, []error) {
	g := Geometry{Inputs: l.Inputs}
	if len(g.Inputs) == 0 {
		g.Inputs = []int{number - 1}
	}
	faults := l.faults()
	sound := true
	for _, in := range g.Inputs {
		if in < 0 || in >= number {
			faults = append(faults, fmt.Errorf("reads layer %d (want 0 to %d: data flows one way)", in, number-1))
		} else if before[in].Out.Size() == 0 {
			sound = false
		}
	}
	if len(faults) > 0 || !sound {
		return Geometry{}, faults
	}
	g.In = before[g.Inputs[0]].Out
	if err := l.shape(&g, before); err != nil {
		return Geometry{}, []error{err}
	}
	return g, nil
}

// faults are those that show without knowing the shapes.
func (l *Layer) faults() (faults []error) {
	complain := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	complain(!slices.Contains([]Kind{Dense, Conv2D, Add, Recurrent}, l.Kind), "kind %q (want dense, conv2d, add or recurrent)", l.Kind)
	complain(l.Activation != ReLU && l.Activation != Identity, "activation %q (want relu or none)", l.Activation)
	complain(l.Kind == Add && len(l.Inputs) < 2, "add wants at least two inputs")
	if l.Kind == Recurrent {
		complain(l.Steps < 1 || l.Steps > maxSteps, "steps %d (want 1 to %d)", l.Steps, maxSteps)
		complain(l.Pool != nil && l.Pool.Kind == MaxPool, "max pooling does not go over steps (want last-step, global-average or none)")
	} else {
		complain(l.Steps != 0, "steps belong to recurrent")
		complain(l.Pool != nil && l.Pool.Kind == LastStep, "last-step pooling belongs to recurrent")
	}
	if l.Kind == Dense || l.Kind == Conv2D || l.Kind == Recurrent {
		complain(l.Units < 1 || l.Units > maxUnits, "units %d (want 1 to %d)", l.Units, maxUnits)
		complain(len(l.Inputs) > 1, "%s reads one layer, not %d (use add to sum layers)", l.Kind, len(l.Inputs))
	}
	if l.Kind == Conv2D {
		complain(l.Kernel < 1 || l.Kernel > maxKernel || l.Stride < 0 || l.Stride > maxKernel || l.Padding < 0 || l.Padding >= max(l.Kernel, 1),
			"kernel %d, stride %d, padding %d (want a kernel and a stride of 1 to %d, and less padding than kernel)", l.Kernel, l.Stride, l.Padding, maxKernel)
	} else {
		complain(l.Kernel != 0 || l.Stride != 0 || l.Padding != 0, "kernel, stride and padding belong to conv2d")
	}
	if err := l.Pool.check(); err != nil {
		faults = append(faults, err)
	}
	complain(l.Pool.normalises() && l.Kind != Dense, "length normalisation belongs to a dense layer, not to %s", l.Kind)
	return faults
}

// shape fills in all that follows from g.In.
func (l *Layer) shape(g *Geometry, before []Geometry) (err error) {
	switch l.Kind {
	case Dense:
		g.Act, g.FanIn = Shape{l.Units, 1, 1}, g.In.Size()
	case Conv2D:
		err = l.shapeConv(g)
	case Add:
		err = l.shapeAdd(g, before)
	case Recurrent:
		g.Act, g.FanIn = Shape{l.Units, l.Steps, 1}, g.In.Size()+l.Units
		if g.Act.tooLarge() {
			err = fmt.Errorf("activation of %v is too large (at most %d values are supported)", g.Act, maxLayerSize)
		}
	}
	if err != nil {
		return err
	}
	if g.FanIn >= maxParameters/g.Act[0] {
		return fmt.Errorf("%d neurons of %d synapses each (at most %d parameters are supported)", g.Act[0], g.FanIn, maxParameters)
	}
	g.Out, err = l.Pool.out(g.Act)
	return err
}

func (l *Layer) shapeConv(g *Geometry) error {
	h, w := g.In[1]+2*l.Padding, g.In[2]+2*l.Padding
	if h < l.Kernel || w < l.Kernel {
		return fmt.Errorf("kernel %d does not fit into %d×%d (padding included)", l.Kernel, h, w)
	}
	g.Act = Shape{l.Units, (h-l.Kernel)/l.stride() + 1, (w-l.Kernel)/l.stride() + 1}
	if g.Act.tooLarge() {
		return fmt.Errorf("activation of %v is too large (at most %d values are supported)", g.Act, maxLayerSize)
	}
	if g.In[0] > maxParameters/(l.Kernel*l.Kernel) {
		return fmt.Errorf("kernels of %d×%d×%d are too large (at most %d parameters are supported)", g.In[0], l.Kernel, l.Kernel, maxParameters)
	}
	g.FanIn = g.In[0] * l.Kernel * l.Kernel
	return nil
}

func (l *Layer) shapeAdd(g *Geometry, before []Geometry) error {
	for _, in := range g.Inputs[1:] {
		if before[in].Out != g.In {
			return fmt.Errorf("adds layer %d of shape %v to layer %d of shape %v (want equal shapes)", in, before[in].Out, g.Inputs[0], g.In)
		}
	}
	if l.Units != 0 && l.Units != g.In[0] {
		return fmt.Errorf("has %d units, its inputs %d (leave units out)", l.Units, g.In[0])
	}
	g.Act = g.In
	return nil
}

func (l *Layer) stride() int { return max(l.Stride, 1) }

func (p *Pool) stride() int {
	if p.Stride > 0 {
		return p.Stride
	}
	return p.Size
}

// check verifies what shows without knowing the shape.
func (p *Pool) check() error {
	switch {
	case p == nil:
		return nil
	case !slices.Contains([]PoolKind{MaxPool, GlobalAveragePool, LengthNormalise, LastStep}, p.Kind):
		return fmt.Errorf("pool kind %q (want max, global-average, length or last-step)", p.Kind)
	case p.normalises() && (p.Size != 0 || p.Stride != 0):
		return errors.New("length normalisation takes no size or stride")
	case p.Kind != MaxPool && (p.Size != 0 || p.Stride != 0):
		return fmt.Errorf("%s pooling takes no size or stride", p.Kind)
	case p.Kind == MaxPool && (p.Size < 1 || p.Stride < 0):
		return fmt.Errorf("max pool of size %d, stride %d (want a size of at least 1 and a stride of 0 or more)", p.Size, p.Stride)
	}
	return nil
}

func (p *Pool) out(act Shape) (Shape, error) {
	switch {
	case p == nil || p.normalises():
		return act, nil
	case p.Kind == GlobalAveragePool || p.Kind == LastStep:
		return Shape{act[0], 1, 1}, nil
	case p.Size > act[1] || p.Size > act[2]:
		return Shape{}, fmt.Errorf("max pool of size %d does not fit into %d×%d", p.Size, act[1], act[2])
	}
	return Shape{act[0], (act[1]-p.Size)/p.stride() + 1, (act[2]-p.Size)/p.stride() + 1}, nil
}
