package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// safetensorsBytes puts a file together by hand.
func safetensorsBytes(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// f32 is a tensor as it is read from a file.
func f32(name string, values []float32, shape ...int) storedTensor {
	return storedTensor{Name: name, Shape: shape, Data: values, DType: "F32"}
}

func written(t testing.TB, f *tensorFile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWriteByHand holds the writer against bytes worked out by hand.
func TestWriteByHand(t *testing.T) {
	f := &tensorFile{
		Metadata: map[string]string{"b": "<2>", "a": "1\n"},
		Tensors: []storedTensor{
			f32("w", []float32{1, -2}, 2, 1),
			f32("scalar", []float32{0.5}),
			f32("empty", nil, 0, 3),
		},
	}
	header := `{"__metadata__":{"a":"1\n","b":"<2>"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},` +
		`"scalar":{"dtype":"F32","shape":[],"data_offsets":[8,12]},"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[12,12]}}`
	header += strings.Repeat(" ", 7-(len(header)+7)%8)
	want := safetensorsBytes(header, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f)
	if got := written(t, f); !bytes.Equal(got, want) {
		t.Errorf("\n%q, want\n%q", got, want)
	}
	if len(header)%8 != 0 {
		t.Errorf("the header has %d bytes", len(header))
	}
	if got, want := written(t, &tensorFile{}), safetensorsBytes("{}      "); !bytes.Equal(got, want) {
		t.Errorf("no tensors: %q, want %q", got, want)
	}
}

func TestWriteFaults(t *testing.T) {
	one := []float32{1}
	for want, f := range map[string]*tensorFile{
		`"a" appears twice`:                      {Tensors: []storedTensor{f32("a", one, 1), f32("a", one, 1)}},
		`"__metadata__" appears twice`:           {Metadata: map[string]string{"a": ""}, Tensors: []storedTensor{f32("__metadata__", one, 1)}},
		`"a\xff" is not UTF-8`:                   {Tensors: []storedTensor{f32("a\xff", one, 1)}},
		`"\xff" is not UTF-8`:                    {Metadata: map[string]string{"a": "\xff"}},
		`tensor "a": 1 values for the shape 2×3`: {Tensors: []storedTensor{f32("a", one, 2, 3)}},
	} {
		var b bytes.Buffer
		if err := f.encode(&b); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if b.Len() != 0 {
			t.Errorf("%s: %d bytes were written", want, b.Len())
		}
	}
}

// TestReadReference reads the example of the reference implementation's documentation, byte by
// byte, but for the dtype, which is I32 there.
func TestReadReference(t *testing.T) {
	const head, data = "<\x00\x00\x00\x00\x00\x00\x00{\"test\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}",
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	f, err := decodeTensors("m", []byte(head+data))
	if err != nil {
		t.Fatal(err)
	}
	if want := (&tensorFile{Tensors: []storedTensor{f32("test", make([]float32, 4), 2, 2)}}); !reflect.DeepEqual(f, want) {
		t.Errorf("%+v, want %+v", f, want)
	}
	_, err = decodeTensors("m", []byte(strings.Replace(head, "F32", "I32", 1)+data))
	if want := `model: m: tensor "test": dtype I32 (want F32, F16, BF16 or F64)`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestReadAnyOrder: the header may name tensors in another order than their data have.
func TestReadAnyOrder(t *testing.T) {
	f, err := decodeTensors("m", safetensorsBytes(`{"b":{"data_offsets":[4,6],"shape":[1],"dtype":"BF16"},"none":{"dtype":"F64","shape":[7,0],"data_offsets":[4,4]},`+
		"\n\t"+`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"__metadata__":{"k\u00e9y":"v"}}  `, 0, 0, 0x80, 0x3f, 0, 0x40))
	if err != nil {
		t.Fatal(err)
	}
	want := &tensorFile{Metadata: map[string]string{"kéy": "v"}, Tensors: []storedTensor{
		f32("a", []float32{1}), {"none", []int{7, 0}, []float32{}, "F64"}, {"b", []int{1}, []float32{2}, "BF16"}}}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("%+v, want %+v", f, want)
	}
}

func TestValuesOfEveryFloat(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, test := range []struct {
		dtype string
		data  []byte
		want  []float32
	}{
		{"F32", []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x80, 1, 0, 0, 0}, []float32{1, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32}},
		// binary16: 1, -2, largest 65504, smallest normal 2⁻¹⁴, smallest subnormal 2⁻²⁴,
		// largest subnormal 1023·2⁻²⁴, 1/3 rounded, ∞, -0.
		{"F16", []byte{0, 0x3c, 0, 0xc0, 0xff, 0x7b, 0, 0x04, 1, 0, 0xff, 0x03, 0x55, 0x35, 0, 0x7c, 0, 0x80},
			[]float32{1, -2, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, 0.333251953125, inf, float32(math.Copysign(0, -1))}},
		{"BF16", []byte{0x80, 0x3f, 0x49, 0x40, 0x80, 0xff}, []float32{1, 3.140625, -inf}},
		{"F64", []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf}, []float32{1.5, -0.1}},
	} {
		got, err := toFloat32(test.dtype, test.data)
		if err != nil || !bytes.Equal(float32Bytes(got), float32Bytes(test.want)) {
			t.Errorf("%s: %v (%v), want %v", test.dtype, got, err, test.want)
		}
	}
	nan, _ := toFloat32("F16", []byte{1, 0x7e})
	if nan[0] == nan[0] {
		t.Errorf("binary16 NaN: %v", nan[0])
	}
}

func TestReadFaults(t *testing.T) {
	// One tensor with its three keys as given.
	entry := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"w":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	two := func(a, b string) string {
		return `{"a":{"dtype":"U8","shape":[2],"data_offsets":` + a + `},"b":{"dtype":"U8","shape":[2],"data_offsets":` + b + `}}`
	}
	const sound = `{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, `not a safetensors file: it has 0 bytes (want at least 8)`},
		{"seven bytes", make([]byte, 7), `not a safetensors file: it has 7 bytes (want at least 8)`},
		{"a PNG", []byte("\x89PNG\r\n\x1a\n\x00\x00"), `not a safetensors file, or cut short: its header should have 727905341920923785 bytes (want at most 2)`},
		{"cut in the header", safetensorsBytes(sound)[:30], `not a safetensors file, or cut short: its header should have 53 bytes (want at most 22)`},
		{"largest length", bytes.Repeat([]byte{0xff}, 9), `not a safetensors file, or cut short: its header should have 18446744073709551615 bytes (want at most 1)`},
		{"no header", make([]byte, 8), `not a safetensors file: its header does not begin with {`},
		{"array", safetensorsBytes(`[]`), `not a safetensors file: its header does not begin with {`},
		{"space first", safetensorsBytes(` {}`), `not a safetensors file: its header does not begin with {`},
		{"not UTF-8", safetensorsBytes("{\"\xff\":1}"), `header: byte 2 is not UTF-8`},
		{"open", safetensorsBytes(`{`), `header: byte 1: unexpected end of JSON input`},
		{"comma", safetensorsBytes(`{"a":[1,]}`), `header: byte 9: invalid character ']' looking for beginning of value`},
		{"more", safetensorsBytes(`{}{}`), `header: byte 3: invalid character '{' after top-level value`},
		{"number", safetensorsBytes(`{"w":3}`), `tensor "w" is 3 (want an object)`},
		{"null", safetensorsBytes(`{"w":null}`), `tensor "w" is <nil> (want an object)`},
		{"metadata number", safetensorsBytes(`{"__metadata__":{"a":1}}`), `__metadata__: "a" is 1 (want a string)`},
		{"metadata object", safetensorsBytes(`{"__metadata__":{"a":{}}}`), `__metadata__: "a" is { (want a string)`},
		{"metadata list", safetensorsBytes(`{"__metadata__":[]}`), `__metadata__ is [ (want an object)`},
		{"metadata twice", safetensorsBytes(`{"__metadata__":{},"__metadata__":{}}`), `header: "__metadata__" appears twice`},
		{"metadata key twice", safetensorsBytes(`{"__metadata__":{"a":"1","a":"2"}}`), `__metadata__: "a" appears twice`},
		{"tensor twice", safetensorsBytes(sound[:len(sound)-1]+`,"\u0077":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}`, 1, 2), `header: "w" appears twice`},
		{"shape twice", safetensorsBytes(`{"w":{"dtype":"U8","shape":[2],"shape":[1]}}`), `tensor "w": "shape" appears twice`},
		{"no shape", safetensorsBytes(`{"w":{"dtype":"U8","data_offsets":[0,2]}}`, 1, 2), `tensor "w": no shape`},
		{"nothing", safetensorsBytes(`{"w":{}}`), `tensor "w": no data_offsets`},
		{"unknown key", safetensorsBytes(`{"w":{"stride":[1]}}`), `tensor "w": unknown key "stride" (want dtype, shape and data_offsets)`},
		{"dtype", safetensorsBytes(entry(`"F4"`, `[2]`, `[0,1]`), 1), `tensor "w": unknown dtype "F4" (known: BF16, BOOL, F16, F32, F64, F8_E4M3, F8_E5M2, I16, I32, I64, I8, U16, U32, U64, U8)`},
		{"dtype number", safetensorsBytes(entry(`32`, `[2]`, `[0,1]`), 1), `tensor "w": dtype is 32 (want a string)`},
		{"shape number", safetensorsBytes(entry(`"U8"`, `2`, `[0,2]`), 1, 2), `tensor "w": shape is 2 (want an array)`},
		{"shape string", safetensorsBytes(entry(`"U8"`, `["2"]`, `[0,2]`), 1, 2), `tensor "w": shape holds 2 (want whole numbers of 0 or more)`},
		{"shape nested", safetensorsBytes(entry(`"U8"`, `[[2]]`, `[0,2]`), 1, 2), `tensor "w": shape holds [ (want whole numbers of 0 or more)`},
		{"shape negative", safetensorsBytes(entry(`"U8"`, `[-1,-2]`, `[0,2]`), 1, 2), `tensor "w": shape holds -1 (want whole numbers of 0 or more)`},
		{"shape fraction", safetensorsBytes(entry(`"U8"`, `[2.0]`, `[0,2]`), 1, 2), `tensor "w": shape holds 2.0 (want whole numbers of 0 or more)`},
		{"shape 2⁶³", safetensorsBytes(entry(`"U8"`, `[9223372036854775808]`, `[0,2]`), 1, 2), `tensor "w": shape holds 9223372036854775808 (want whole numbers of 0 or more)`},
		{"rank", safetensorsBytes(entry(`"U8"`, `[`+strings.Repeat("1,", 32)+`1]`, `[0,1]`), 1), `tensor "w": shape has more than 32 numbers`},
		{"one offset", safetensorsBytes(entry(`"U8"`, `[2]`, `[0]`), 1, 2), `tensor "w": data_offsets are [0] (want begin and end)`},
		{"three offsets", safetensorsBytes(entry(`"U8"`, `[2]`, `[0,1,2]`), 1, 2), `tensor "w": data_offsets has more than 2 numbers`},
		{"backwards", safetensorsBytes(entry(`"U8"`, `[2]`, `[2,0]`), 1, 2), `tensor "w": data_offsets are [2 0] (want begin and end)`},
		{"too few bytes", safetensorsBytes(entry(`"F32"`, `[3,1]`, `[0,8]`), make([]byte, 8)...), `tensor "w": F32 of shape 3×1 does not take the 8 bytes of its data_offsets, 0 to 8`},
		{"scalar", safetensorsBytes(entry(`"F32"`, `[]`, `[0,8]`), make([]byte, 8)...), `tensor "w": F32 of shape scalar does not take the 8 bytes of its data_offsets, 0 to 8`},
		{"product wraps to 0", safetensorsBytes(entry(`"F32"`, `[4294967296,4294967296]`, `[0,0]`)), `tensor "w": F32 of shape 4294967296×4294967296 does not take the 0 bytes of its data_offsets, 0 to 0`},
		{"bytes wrap to 0", safetensorsBytes(entry(`"F32"`, `[4611686018427387904]`, `[0,0]`)), `tensor "w": F32 of shape 4611686018427387904 does not take the 0 bytes of its data_offsets, 0 to 0`},
		{"cut in the data", safetensorsBytes(sound, 1), `tensor "w": data_offsets are 0 to 2, but there are 1 bytes of data (is the file cut short?)`},
		{"more data", safetensorsBytes(sound, 1, 2, 3), `bytes 2 to 3 of the data belong to no tensor`},
		{"data of nothing", safetensorsBytes(`{}`, 1), `bytes 0 to 1 of the data belong to no tensor`},
		{"overlap", safetensorsBytes(two(`[0,2]`, `[1,3]`), 1, 2, 3), `tensor "b": begins at byte 1 of the data, before tensor "a" ends (at 2)`},
		{"the same bytes", safetensorsBytes(two(`[0,2]`, `[0,2]`), 1, 2), `tensor "b": begins at byte 0 of the data, before tensor "a" ends (at 2)`},
		{"hole", safetensorsBytes(two(`[3,5]`, `[0,2]`), 1, 2, 3, 4, 5), `bytes 2 to 3 of the data belong to no tensor`},
		{"hole first", safetensorsBytes(entry(`"U8"`, `[2]`, `[1,3]`), 1, 2, 3), `bytes 0 to 1 of the data belong to no tensor`},
	} {
		f, err := decodeTensors("m.safetensors", test.data)
		if want := "model: m.safetensors: " + test.want; err == nil || err.Error() != want {
			t.Errorf("%s: error\n%v, want\n%s", test.name, err, want)
		}
		if f != nil {
			t.Errorf("%s: came with tensors", test.name)
		}
	}
}

func TestReadTensors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	want := &tensorFile{Metadata: map[string]string{"k": "v"}, Tensors: []storedTensor{f32("w", []float32{1, 2}, 2)}}
	if err := os.WriteFile(path, written(t, want), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readTensors(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v (%v), want %+v", got, err, want)
	}
	if _, err := readTensors(dir); err == nil || err.Error() != "model: "+dir+": not a file" {
		t.Errorf("a folder: error %v", err)
	}
	if err := os.Truncate(path, maxTensorFile+1); err != nil { // sparse: takes no room
		t.Skip(err)
	}
	if _, err := readTensors(path); err == nil || !strings.Contains(err.Error(), "4394967297 bytes (at most 4394967296 are supported)") {
		t.Errorf("a sparse file: error %v", err)
	}
}

// FuzzReadTensors: no bytes panic, and what is accepted survives writing and reading.
func FuzzReadTensors(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(safetensorsBytes(`{}`))
	f.Add(safetensorsBytes(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"a":"b"}}`, 0, 0, 0x80, 0x3f))
	f.Add(safetensorsBytes(`{"a":{"dtype":"F16","shape":[],"data_offsets":[2,4]},"b":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]},"c":{"dtype":"F64","shape":[0],"data_offsets":[2,2]}}`, 1, 2, 3, 4))
	f.Add(safetensorsBytes(`{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`))
	f.Add(safetensorsBytes(`{"\ud800":{"dtype":"I64","shape":[0,9],"data_offsets":[0,0]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := decodeTensors("fuzz", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "model: fuzz: ") {
				t.Errorf("error %q names no file", err)
			}
			return
		}
		values := 0
		for i := range file.Tensors {
			values += len(file.Tensors[i].Data)
			file.Tensors[i].DType = "F32" // as all are written
		}
		if 2*values > len(data) {
			t.Errorf("%d values in a file of %d bytes", values, len(data))
		}
		once := written(t, file)
		again, err := decodeTensors("again", once)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, written(t, again)) || len(again.Tensors) != len(file.Tensors) || len(again.Metadata) != len(file.Metadata) {
			t.Errorf("%+v, written and read %+v", file, again)
		}
	})
}
