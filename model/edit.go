package model

import "fmt"

// Edit is the one mechanism for every intervention: at its target the activation a becomes
// a·Keep + Fill. It acts after the activation function and before pooling.
//
//	zero ablation     Keep 0    Fill 0
//	mean ablation     Keep 0    Fill μ
//	dose d            Keep 1-d  Fill 0
//	clamp             Keep 0    Fill v
//	patching          Keep 0    Fill the other run's activation
//	noise             Keep 1    Fill ε
//	sham              Keep 1    Fill 0 (every output must stay bit-identical)
//
// With From set it is an edge edit: the contribution of From to the target's pre-activation
// becomes contribution·Keep + Fill.
type Edit struct {
	Target     Address
	From       *Address // nil: the activation itself; else one neuron of a layer the target reads
	Keep, Fill Level
}

// Level is a number an edit uses: the same everywhere, or one per position of the target,
// or one per image, or both. Values are ordered image-major, then unit, then position.
type Level struct {
	Values      []float32
	PerImage    bool
	PerPosition bool // per (unit, position) where the target is a whole layer
}

// Constant is the same level everywhere.
func Constant(v float32) Level { return Level{Values: []float32{v}} }

// Zero is the edit that silences its target.
func Zero(target Address) Edit { return Edit{Target: target, Keep: Constant(0), Fill: Constant(0)} }

// Sham is the edit that changes nothing but takes the same path as every other.
func Sham(target Address) Edit { return Edit{Target: target, Keep: Constant(1), Fill: Constant(0)} }

func (l *Level) constant() bool { return !l.PerImage && !l.PerPosition }

// at is the level for an image and the p-th of the target's positions.
func (l *Level) at(image, p, positions int) float32 {
	switch {
	case l.PerImage && l.PerPosition:
		return l.Values[image*positions+p]
	case l.PerImage:
		return l.Values[image]
	case l.PerPosition:
		return l.Values[p]
	}
	return l.Values[0]
}

// check verifies the number of values for positions at the target and at least `images` images.
func (l *Level) check(what string, target Address, positions, images int) error {
	want := 1
	if l.PerPosition {
		want = positions
	}
	if l.PerImage {
		want *= images
		if len(l.Values) >= want {
			return nil
		}
	}
	if len(l.Values) != want {
		return fmt.Errorf("model: edit of %v: %s has %d values (want %d)", target, what, len(l.Values), want)
	}
	return nil
}

// apply changes the activations act (images × shape) of a batch whose first image has the
// number first.
func (e *Edit) apply(act []float32, shape Shape, images, first int) {
	from, positions, step := e.Target.span(shape)
	for i := range images {
		values := act[i*shape.Size()+from:]
		if !e.Keep.PerPosition && !e.Fill.PerPosition {
			keep, fill := e.Keep.at(first+i, 0, positions), e.Fill.at(first+i, 0, positions)
			for p := range positions {
				values[p*step] = values[p*step]*keep + fill
			}
			continue
		}
		for p := range positions {
			keep, fill := e.Keep.at(first+i, p, positions), e.Fill.at(first+i, p, positions)
			values[p*step] = values[p*step]*keep + fill
		}
	}
}

// span tells which of one image's activations an address names: `positions` values, `step`
// apart, beginning at from.
func (a Address) span(shape Shape) (from, positions, step int) {
	area := shape.Area()
	switch {
	case a.Unit == AllUnits && a.Row == AllPositions:
		return 0, shape.Size(), 1
	case a.Unit == AllUnits:
		return a.Row*shape[2] + a.column(), shape[0], area
	case a.Row == AllPositions:
		return a.Unit * area, area, 1
	}
	return a.Unit*area + a.Row*shape[2] + a.column(), 1, 1
}

// column is 0 for a step.
func (a Address) column() int { return max(a.Col, 0) }

// Positions is the number of values one image has at an address: 1 for a dense unit, H·W for
// a channel.
func (n *Network) Positions(a Address) int {
	_, positions, _ := a.span(n.geo[a.Layer].Act)
	return positions
}

// checkEdit verifies an edit against the network; images is the number of images its
// per-image levels must reach.
func (n *Network) checkEdit(e *Edit, images int) error {
	if err := n.CheckAddress(e.Target); err != nil {
		return err
	}
	if e.From != nil {
		if err := n.checkEdge(*e.From, e.Target); err != nil {
			return err
		}
	}
	positions := n.Positions(e.Target)
	if err := e.Keep.check("Keep", e.Target, positions, images); err != nil {
		return err
	}
	return e.Fill.check("Fill", e.Target, positions, images)
}

// CheckAddress tells whether the network has what an address names.
func (n *Network) CheckAddress(a Address) error {
	if a.Layer < 1 || a.Layer > n.Depth() {
		return fmt.Errorf("model: layer %d not in model (it has layers 1 to %d)", a.Layer, n.Depth())
	}
	shape := n.geo[a.Layer].Act
	if a.Unit != AllUnits && (a.Unit < 0 || a.Unit >= shape[0]) {
		return fmt.Errorf("model: neuron %v: layer %d has neurons 0 to %d", a, a.Layer, shape[0]-1)
	}
	if a.Col == AtStep {
		return n.checkStep(a)
	}
	if (a.Row == AllPositions) != (a.Col == AllPositions) || a.Row < AllPositions || a.Col < AllPositions || a.Row >= shape[1] || a.Col >= shape[2] {
		return fmt.Errorf("model: neuron %v: layer %d has rows 0 to %d and columns 0 to %d", a, a.Layer, shape[1]-1, shape[2]-1)
	}
	return nil
}

func (n *Network) checkEdge(from, to Address) error {
	if from.Layer < 0 || from.Layer > n.Depth() {
		return fmt.Errorf("model: edge from %v: no such layer (there are 0 to %d)", from, n.Depth())
	}
	reads := false
	for _, in := range n.geo[to.Layer].Inputs {
		reads = reads || in == from.Layer
	}
	if !reads {
		return fmt.Errorf("model: edge %v->%v: layer %d reads layers %v", from, to, to.Layer, n.geo[to.Layer].Inputs)
	}
	if n.Spec.Layers[to.Layer-1].Kind == Recurrent {
		return fmt.Errorf("model: edge %v->%v: layer %d is recurrent: a signal that comes round within it belongs to no edge (ablate its neurons, like %v, or one step, like %v)",
			from, to, to.Layer, Neuron(to.Layer, 0), Step(to.Layer, 0, 1))
	}
	if units := n.geo[from.Layer].Out[0]; from.Unit < 0 || from.Unit >= units || from.Row != AllPositions || from.Col != AllPositions {
		return fmt.Errorf("model: edge %v->%v: want one neuron of layer %d as sender, 0 to %d", from, to, from.Layer, units-1)
	}
	if to.Unit == AllUnits {
		return fmt.Errorf("model: edge %v->%v: want one neuron as receiver", from, to)
	}
	return nil
}

// EachActivation calls see for every image of a recorded layer (images × units × positions,
// as a Trace holds it) with the activations that an address names.
func (n *Network) EachActivation(a Address, recorded []float32, see func(image int, values func(yield func(float32) bool))) {
	shape := n.geo[a.Layer].Act
	from, positions, step := a.span(shape)
	for image := range len(recorded) / shape.Size() {
		see(image, func(yield func(float32) bool) {
			for p := range positions {
				if !yield(recorded[image*shape.Size()+from+p*step]) {
					return
				}
			}
		})
	}
}
