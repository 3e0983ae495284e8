package model

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// kernelOp is an operation of gorgonia's graph whose arithmetic is model/kernel's. It owns
// its result, so gorgonia's reuse of registers cannot overwrite it between runs.
type kernelOp struct {
	name  string // unique within the graph: gorgonia merges nodes with equal hashes
	shape tensor.Shape
	out   *tensor.Dense // nil for a scalar
	run   func(out []float32, in [][]float32) (scalar float32)
	// differentiable says for which inputs gradient returns a node.
	differentiable []bool
	gradient       func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
	in             [][]float32 // reused between runs
	types          []hm.Type   // of the inputs, and last of the result
}

// newOp makes an operation with a result of the given shape; no shape means a scalar.
func newOp(name string, run func(out []float32, in [][]float32) float32, shape ...int) *kernelOp {
	op := &kernelOp{name: name, run: run, shape: tensor.ScalarShape()}
	if len(shape) > 0 {
		op.shape = shape
		op.out = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	}
	return op
}

// apply puts the operation into its inputs' graph.
func (o *kernelOp) apply(in ...*G.Node) (*G.Node, error) {
	o.in = make([][]float32, len(in))
	for _, n := range in {
		o.types = append(o.types, n.Type())
	}
	if o.out == nil {
		o.types = append(o.types, tensor.Float32)
	} else {
		o.types = append(o.types, G.TensorType{Dims: len(o.shape), Of: tensor.Float32})
	}
	n, err := G.ApplyOp(o, in...)
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", o.name, err)
	}
	return n, nil
}

// values is the result of the last run.
func (o *kernelOp) values() []float32 { return o.out.Data().([]float32) }

// Do runs the operation.
func (o *kernelOp) Do(in ...G.Value) (G.Value, error) {
	for i, v := range in {
		switch data := v.Data().(type) {
		case []float32:
			o.in[i] = data
		case float32:
			o.in[i] = append(o.in[i][:0], data)
		default:
			return nil, fmt.Errorf("model: %s: input %d holds %T, not float32", o.name, i, data)
		}
	}
	if o.out == nil {
		return G.NewF32(o.run(nil, o.in)), nil
	}
	o.run(o.values(), o.in)
	return o.out, nil
}

// Arity is the number of inputs.
func (o *kernelOp) Arity() int { return len(o.in) }

// Type is input → … → result, all concrete: the sizes are fixed when the op is made.
func (o *kernelOp) Type() hm.Type { return hm.NewFnType(o.types...) }

// InferShape gives the result's shape, which does not depend on what is asked.
func (o *kernelOp) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape, nil }

// ReturnsPtr: the result is the op's own tensor.
func (o *kernelOp) ReturnsPtr() bool { return true }

// CallsExtern is false so that gorgonia allocates no register for the result.
func (o *kernelOp) CallsExtern() bool { return false }

// OverwritesInput: never.
func (o *kernelOp) OverwritesInput() int { return -1 }

// WriteHash identifies the op by its unique name.
func (o *kernelOp) WriteHash(h hash.Hash) { fmt.Fprint(h, o.name) }

// Hashcode is the hash of the name.
func (o *kernelOp) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *kernelOp) String() string { return o.name }

// DiffWRT says for which inputs there is a gradient.
func (o *kernelOp) DiffWRT(int) []bool {
	if o.differentiable == nil {
		return make([]bool, len(o.in))
	}
	return o.differentiable
}

// SymDiff builds the gradient's nodes.
func (o *kernelOp) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	return o.gradient(in, out, grad)
}
