package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The metadata of a model file. All but the format and the digest are JSON.
const (
	metaFormat  = "neuroprobe.format"
	metaSpec    = "neuroprobe.spec"
	metaRecord  = "neuroprobe.record"
	metaClasses = "neuroprobe.classes"
	metaMean    = "neuroprobe.mean"
	metaStd     = "neuroprobe.std"
	metaDigest  = "neuroprobe.digest"
)

// fileFormat is the version of what a model file holds. Digest covers the JSON of Spec and
// Record, so a new field of theirs needs omitempty, or a new format.
const fileFormat = "1"

// maxMetadata is the length up to which a part of the metadata is decoded: "{}" is a layer of
// 112 bytes, so that a hostile file could ask for many times its size.
const maxMetadata = 8 << 20

// ErrNotModel marks a sound safetensors file that holds something else than a network of ours.
var ErrNotModel = errors.New("a safetensors file, but not a neuroprobe model")

// Save writes the network to one safetensors file, whole or not at all. Weights go by
// PyTorch's names and shapes: "conv1.weight" is out×in×kh×kw (out×in for a dense layer),
// "conv1.bias" is out. The same network gives the same bytes.
func (n *Network) Save(path string) error {
	f, err := n.tensorFile()
	if err != nil {
		return err
	}
	return f.write(path)
}

// Load reads a network that Save has written and verifies all of it: names, shapes, finite
// numbers, and the digest. A file of something else is an ErrNotModel.
func Load(path string) (*Network, error) {
	data, err := readRegular(path)
	if err != nil {
		return nil, err
	}
	return decodeNetwork(path, data)
}

// decodeNetwork is Load on the bytes of a file; name is for its errors.
func decodeNetwork(name string, data []byte) (*Network, error) {
	f, err := decodeTensors(name, data)
	if err != nil {
		return nil, err
	}
	n, err := f.network()
	if err != nil {
		return nil, inFile(name, err)
	}
	return n, nil
}

// tensorFile is the network in the form in which it is stored. It verifies the network
// first: what is written can be read.
func (n *Network) tensorFile() (*tensorFile, error) {
	checked := *n // a reader in another goroutine must not see resolve at work
	if err := checked.resolve(); err != nil {
		return nil, err
	}
	for _, class := range n.Classes {
		if !utf8.ValidString(class) {
			return nil, fmt.Errorf("model: class name %q is not UTF-8", class) // JSON would change it
		}
	}
	f := &tensorFile{Metadata: map[string]string{metaFormat: fileFormat}}
	for _, part := range n.metadata() {
		text, err := json.Marshal(part.value)
		if err != nil {
			return nil, fmt.Errorf("model: %s: %w", part.key, err) // a loss that is no number, say
		}
		if len(text) > maxMetadata {
			return nil, fmt.Errorf("model: %s has %d bytes (at most %d are supported)", part.key, len(text), maxMetadata)
		}
		f.Metadata[part.key] = string(text)
	}
	f.Metadata[metaDigest] = n.Digest()
	eachParam(&n.Spec, checked.geo, func(layer int, name string, shape []int, of func(Params) []float32) {
		f.Tensors = append(f.Tensors, storedTensor{Name: name, Shape: shape, Data: of(n.Params[layer])})
	})
	return f, nil
}

// metadataPart is a part of the network that is stored as JSON.
type metadataPart struct {
	key   string
	value any // a pointer
}

func (n *Network) metadata() []metadataPart {
	return []metadataPart{{metaSpec, &n.Spec}, {metaRecord, &n.Record}, {metaClasses, &n.Classes}, {metaMean, &n.Mean}, {metaStd, &n.Std}}
}

// network makes a network of a file's content.
func (f *tensorFile) network() (*Network, error) {
	n := &Network{}
	if err := f.readMetadata(n); err != nil {
		return nil, err
	}
	geo, err := n.Spec.Geometries()
	if err != nil {
		return nil, err
	}
	if n.Params, err = f.readParams(&n.Spec, geo); err != nil {
		return nil, err
	}
	if err := n.resolve(); err != nil {
		return nil, err
	}
	if want, got := f.Metadata[metaDigest], n.Digest(); got != want {
		return nil, fmt.Errorf("the file was changed or damaged: its content has the digest %s, where %s was written", got, want)
	}
	return n, nil
}

// readMetadata reads all that is not a tensor, and reports every key that is missing or faulty.
func (f *tensorFile) readMetadata(n *Network) error {
	format, ok := f.Metadata[metaFormat]
	if !ok {
		return fmt.Errorf("%w: there is no %s in its metadata (neuroprobe train writes models)", ErrNotModel, metaFormat)
	}
	if format != fileFormat {
		return fmt.Errorf("%s is %q (this version of neuroprobe reads %q)", metaFormat, format, fileFormat)
	}
	var faults []error
	for _, part := range n.metadata() {
		if err := f.readPart(part); err != nil {
			faults = append(faults, err)
		}
	}
	if _, ok := f.Metadata[metaDigest]; !ok {
		faults = append(faults, fmt.Errorf("metadata: %s is missing", metaDigest))
	}
	return errors.Join(faults...)
}

func (f *tensorFile) readPart(part metadataPart) error {
	text, ok := f.Metadata[part.key]
	if !ok {
		return fmt.Errorf("metadata: %s is missing", part.key)
	}
	if len(text) > maxMetadata {
		return fmt.Errorf("metadata: %s has %d bytes (at most %d are supported)", part.key, len(text), maxMetadata)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // a field this version does not know may change the network
	if err := decoder.Decode(part.value); err != nil {
		return fmt.Errorf("metadata: %s: %w", part.key, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("metadata: %s: more after byte %d", part.key, decoder.InputOffset())
	}
	return nil
}

// readParams takes the weights from the file's tensors and reports every tensor that is missing,
// too many, or faulty.
func (f *tensorFile) readParams(spec *Spec, geo []Geometry) ([]Params, error) {
	stored := map[string]*storedTensor{}
	for i := range f.Tensors {
		stored[f.Tensors[i].Name] = &f.Tensors[i]
	}
	params := make([]Params, len(geo))
	var faults []error
	eachParam(spec, geo, func(layer int, name string, shape []int, _ func(Params) []float32) {
		t := stored[name]
		delete(stored, name)
		if err := t.check(name, shape); err != nil {
			faults = append(faults, err)
		} else if len(shape) == 1 {
			params[layer].Bias = t.Data
		} else {
			params[layer].Weight = t.Data
		}
	})
	for i := range f.Tensors {
		if t := &f.Tensors[i]; stored[t.Name] != nil {
			faults = append(faults, fmt.Errorf("tensor %q (%s of shape %s) belongs to no layer", t.Name, t.DType, shapeText(t.Shape)))
		}
	}
	return params, errors.Join(faults...)
}

// check verifies that a tensor, nil if there is none, has the weights of a layer.
func (t *storedTensor) check(name string, shape []int) error {
	switch {
	case t == nil:
		return fmt.Errorf("tensor %q is missing (want F32 of shape %s)", name, shapeText(shape))
	case t.DType != "F32" || !slices.Equal(t.Shape, shape):
		return fmt.Errorf("tensor %q: %s of shape %s (want F32 of shape %s)", name, t.DType, shapeText(t.Shape), shapeText(shape))
	}
	if at := firstNotFinite(t.Data); at >= 0 {
		return fmt.Errorf("tensor %q: value %d is %v (want a finite number)", name, at, t.Data[at])
	}
	return nil
}

// inFile puts the package and the file before an error, and before each line of several.
func inFile(name string, err error) error { return &fileError{name, err} }

type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string {
	var b bytes.Buffer
	for line := range strings.Lines(e.err.Error()) {
		fmt.Fprintf(&b, "model: %s: %s", e.name, strings.TrimPrefix(line, "model: "))
	}
	return b.String()
}

func (e *fileError) Unwrap() error { return e.err }
