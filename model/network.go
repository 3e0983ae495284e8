package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
)

// Network is a trained network as plain data. It is not changed once trained: experiments
// go through a Session with Edits, never through the weights. Several goroutines may read it.
type Network struct {
	Spec Spec
	// Params are indexed by layer number; Params[0] (the input) and add layers are empty.
	Params []Params
	// Mean and Std normalise the input, one value a channel: (x - Mean) / Std.
	Mean, Std []float32
	Classes   []string
	Record    Record

	geo   []Geometry
	swept *sweptCache
}

// Params are one layer's weights in PyTorch's conventions: Weight is out×in for a dense
// layer and out×in×kh×kw for a convolution, Bias has one value a neuron.
type Params struct {
	Weight, Bias []float32
}

// Record tells how a network came to be. It holds no time and no host, so that the same
// seed writes the same file.
type Record struct {
	Tool       string       `json:"tool"` // neuroprobe's version
	Arithmetic string       `json:"arithmetic"`
	Data       string       `json:"data"` // the Set's source
	DataDigest string       `json:"data_digest"`
	Options    TrainOptions `json:"options"`
	Epochs     []Epoch      `json:"epochs"`
	// Best is the epoch (counted from 1) whose weights were kept: lowest cross-entropy on select.
	Best int `json:"best_epoch"`
	// Stopped says why training ended: "all epochs done" or "no gain on select for N epochs".
	Stopped string `json:"stopped"`
	// Goodness is there for networks trained by forward-forward.
	Goodness *GoodnessRecord `json:"goodness,omitempty"`
}

// Epoch is one row of the training curve. Losses are cross-entropies in nats a image;
// the training figures are averages over the epoch's augmented batches as they were met.
type Epoch struct {
	Epoch          int     `json:"epoch"`
	LearningRate   float64 `json:"learning_rate"`
	TrainLoss      float64 `json:"train_loss"`
	TrainAccuracy  float64 `json:"train_accuracy"`
	SelectLoss     float64 `json:"select_loss"`
	SelectAccuracy float64 `json:"select_accuracy"`
}

// NewNetwork checks that the parts fit together and returns the network. It keeps the slices.
func NewNetwork(spec Spec, params []Params, mean, std []float32, classes []string) (*Network, error) {
	n := &Network{Spec: spec, Params: params, Mean: mean, Std: std, Classes: classes}
	return n, n.resolve()
}

// resolve works out the shapes and verifies the parameters against them.
func (n *Network) resolve() error {
	geo, err := n.Spec.Geometries()
	if err != nil {
		return err
	}
	n.geo, n.swept = geo, &sweptCache{}
	if len(n.Params) != len(geo) {
		return fmt.Errorf("model: parameters for %d layers (the spec has %d)", len(n.Params)-1, len(geo)-1)
	}
	for i := 1; i < len(geo); i++ {
		weights, biases := geo[i].Act[0]*geo[i].FanIn, geo[i].Act[0]
		if n.Spec.Layers[i-1].Kind == Add {
			weights, biases = 0, 0
		}
		p := n.Params[i]
		if len(p.Weight) != weights || len(p.Bias) != biases {
			return fmt.Errorf("model: layer %d (%s) has %d weights and %d biases (want %d and %d)",
				i, n.Spec.Layers[i-1].Name, len(p.Weight), len(p.Bias), weights, biases)
		}
		if at := firstNotFinite(p.Weight); at >= 0 {
			return fmt.Errorf("model: layer %d (%s): weight %d is %v (want a finite number)", i, n.Spec.Layers[i-1].Name, at, p.Weight[at])
		}
		if at := firstNotFinite(p.Bias); at >= 0 {
			return fmt.Errorf("model: layer %d (%s): bias %d is %v (want a finite number)", i, n.Spec.Layers[i-1].Name, at, p.Bias[at])
		}
	}
	if c := n.Spec.Input[0]; len(n.Mean) != c || len(n.Std) != c {
		return fmt.Errorf("model: %d means and %d standard deviations for %d input channels", len(n.Mean), len(n.Std), c)
	}
	for c := range n.Std {
		if !(n.Std[c] > 0) || firstNotFinite(n.Std) >= 0 || firstNotFinite(n.Mean) >= 0 {
			return fmt.Errorf("model: input normalisation of channel %d is mean %v, std %v (want finite numbers, std above 0)", c, n.Mean[c], n.Std[c])
		}
	}
	if last := geo[len(geo)-1].Out.Size(); len(n.Classes) != last {
		return fmt.Errorf("model: %d classes for %d output neurons", len(n.Classes), last)
	}
	return nil
}

func firstNotFinite(v []float32) int {
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return i
		}
	}
	return -1
}

// Depth is the number of layers, the input not counted; the output layer has this number.
func (n *Network) Depth() int { return len(n.geo) - 1 }

// Layer is the description of a layer, 1 to Depth.
func (n *Network) Layer(number int) Layer { return n.Spec.Layers[number-1] }

// Geometry is the resolved shape of a layer, 0 (the input) to Depth.
func (n *Network) Geometry(number int) Geometry { return n.geo[number] }

// Digest is a SHA-256 over everything that decides the network's answers and its record.
func (n *Network) Digest() string {
	h := sha256.New()
	head, err := json.Marshal(struct {
		Spec      Spec
		Mean, Std []float32
		Classes   []string
		Record    Record
	}{n.Spec, n.Mean, n.Std, n.Classes, n.Record})
	if err != nil {
		panic(err) // plain data of finite numbers always marshals
	}
	h.Write(head)
	for _, p := range n.Params {
		for _, values := range [][]float32{p.Weight, p.Bias} {
			h.Write(float32Bytes(values))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// float32Bytes are the values as little-endian IEEE 754, safetensors' F32.
func float32Bytes(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
