package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"neuroprobe/internal/atomicfile"
)

// tensorFile is the content of a safetensors file: named arrays and a text-to-text map.
//
// The format (https://github.com/huggingface/safetensors) is the header's length as 8 bytes,
// little-endian; the header, a JSON object of name → {dtype, shape, data_offsets} with the map
// under "__metadata__"; and the data, without gaps, offsets counted from their beginning.
type tensorFile struct {
	Metadata map[string]string
	Tensors  []storedTensor // in the order of their data
}

// storedTensor is one array. Whatever it was stored as, it is float32 here and is written as F32.
type storedTensor struct {
	Name  string
	Shape []int     // none for a scalar
	Data  []float32 // row-major
	DType string    // of the file it was read from; "" otherwise
}

// metadataKey is the one name no tensor can have.
const metadataKey = "__metadata__"

// The limits of a file. The header's is the reference implementation's; the others are well
// above any network that Spec allows, and keep a sparse file from filling the memory.
const (
	maxHeader     = 100_000_000
	maxTensorFile = maxHeader + 16*maxParameters
	maxRank       = 32
)

// dtypeSizes are the element types of the format, in bytes a value.
var dtypeSizes = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}

// toFloat32 converts an array's bytes: F32 bit by bit, F16 and BF16 exactly, F64 to the nearest.
func toFloat32(dtype string, data []byte) ([]float32, error) {
	var convert func([]byte) float32
	switch dtype {
	case "F32":
		convert = func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case "F16":
		convert = func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) }
	case "BF16":
		convert = func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	case "F64":
		convert = func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }
	default:
		return nil, fmt.Errorf("dtype %s (want F32, F16, BF16 or F64)", dtype)
	}
	size := dtypeSizes[dtype]
	out := make([]float32, len(data)/size)
	for i := range out {
		out[i] = convert(data[i*size:])
	}
	return out, nil
}

// fromHalf reads IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // fraction · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// elements is the number of values of a shape, or -1 where that overflows.
func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		if d != 0 && n > math.MaxInt/d {
			return -1
		}
		n *= d
	}
	return n
}

// shapeText is "16×3×3×3", or "scalar".
func shapeText(shape []int) string {
	var dims []string
	for _, d := range shape {
		dims = append(dims, strconv.Itoa(d))
	}
	return cmp.Or(strings.Join(dims, "×"), "scalar")
}

// write puts the file at path, whole or not at all.
func (f *tensorFile) write(path string) error {
	if err := atomicfile.WriteFunc(path, f.encode); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// encode writes the file's bytes. The same content gives the same bytes: tensors come in
// their order, metadata sorted by key. The data begin at a multiple of 8 bytes.
func (f *tensorFile) encode(w io.Writer) error {
	header, err := f.header()
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for i := range f.Tensors {
		if _, err := w.Write(float32Bytes(f.Tensors[i].Data)); err != nil {
			return err
		}
	}
	return nil
}

// header writes the JSON, padded with spaces to a multiple of 8 bytes.
func (f *tensorFile) header() ([]byte, error) {
	var b bytes.Buffer
	object := newObjectWriter(&b)
	if len(f.Metadata) > 0 {
		if err := object.key(metadataKey); err != nil {
			return nil, err
		}
		if err := writeMetadata(&b, f.Metadata); err != nil {
			return nil, err
		}
	}
	offset := 0
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if elements(t.Shape) != len(t.Data) {
			return nil, fmt.Errorf("tensor %q: %d values for the shape %s", t.Name, len(t.Data), shapeText(t.Shape))
		}
		if err := object.key(t.Name); err != nil {
			return nil, err
		}
		shape, err := json.Marshal(append([]int{}, t.Shape...)) // [] for a scalar, not null
		if err != nil {
			return nil, err
		}
		end := offset + 4*len(t.Data)
		fmt.Fprintf(&b, `{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, shape, offset, end)
		offset = end
	}
	object.end()
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

func writeMetadata(b *bytes.Buffer, metadata map[string]string) error {
	object := newObjectWriter(b)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if err := object.key(key); err != nil {
			return err
		}
		if err := writeString(b, metadata[key]); err != nil {
			return err
		}
	}
	object.end()
	return nil
}

// objectWriter writes a JSON object in the order it is told, which encoding/json cannot.
type objectWriter struct {
	b    *bytes.Buffer
	keys map[string]bool
}

func newObjectWriter(b *bytes.Buffer) *objectWriter {
	b.WriteByte('{')
	return &objectWriter{b, map[string]bool{}}
}

func (o *objectWriter) key(key string) error {
	if o.keys[key] {
		return fmt.Errorf("%q appears twice", key)
	}
	if len(o.keys) > 0 {
		o.b.WriteByte(',')
	}
	o.keys[key] = true
	if err := writeString(o.b, key); err != nil {
		return err
	}
	return o.b.WriteByte(':')
}

func (o *objectWriter) end() { o.b.WriteByte('}') }

func writeString(b *bytes.Buffer, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not UTF-8", s)
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder ends with a new line
	return nil
}
