package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// storedNet has every kind of layer, random weights with awkward values among them, and a record.
func storedNet(t testing.TB) *Network {
	t.Helper()
	spec := Spec{Name: `a "net" <1>`, Input: Shape{2, 6, 5}, Layers: []Layer{
		{Name: "conv1", Kind: Conv2D, Units: 3, Kernel: 3, Stride: 2, Padding: 1, Activation: ReLU},
		{Name: "skip", Kind: Conv2D, Inputs: []int{0}, Units: 3, Kernel: 1, Stride: 2, Activation: Identity},
		{Name: "sum", Kind: Add, Inputs: []int{1, 2}, Activation: ReLU, Pool: &Pool{Kind: MaxPool, Size: 2, Stride: 1}},
		{Name: "fc.é_4", Kind: Dense, Units: 4, Activation: ReLU},
		{Name: "out", Kind: Dense, Units: 2, Activation: Identity},
	}}
	geo, err := spec.Geometries()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 2))
	random := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(r.NormFloat64())
		}
		return out
	}
	params := make([]Params, len(geo))
	for i, l := range spec.Layers {
		if g := geo[i+1]; l.Kind != Add {
			params[i+1] = Params{random(g.Act[0] * g.FanIn), random(g.Act[0])}
		}
	}
	copy(params[1].Weight, []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, 1. / 3})
	n, err := NewNetwork(spec, params, []float32{0.485, 1. / 3}, []float32{0.229, 1e-7}, []string{"cat", "perro ñ\u2028\""})
	if err != nil {
		t.Fatal(err)
	}
	n.Record = Record{Tool: "0.1", Arithmetic: "go", Data: "petfaces", DataDigest: "abc", Options: DefaultTrainOptions(),
		Epochs: []Epoch{{Epoch: 1, LearningRate: 0.1, TrainLoss: 1. / 3, SelectLoss: 5e-324, SelectAccuracy: 1}}, Best: 1, Stopped: "all epochs done"}
	n.Record.Options.Seed = math.MaxUint64
	return n
}

func encoded(t testing.TB, n *Network) []byte {
	t.Helper()
	f, err := n.tensorFile()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, f)
}

func TestSaveLoadIsBitIdentical(t *testing.T) {
	n, dir := storedNet(t), t.TempDir()
	first, second := filepath.Join(dir, "1.safetensors"), filepath.Join(dir, "2.safetensors")
	if err := n.Save(first); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(first)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(n, loaded) {
		t.Errorf("loaded\n%+v, saved\n%+v", loaded, n)
	}
	for i, p := range n.Params { // DeepEqual takes 0 and -0 for the same
		if q := loaded.Params[i]; !bytes.Equal(float32Bytes(p.Weight), float32Bytes(q.Weight)) || !bytes.Equal(float32Bytes(p.Bias), float32Bytes(q.Bias)) {
			t.Errorf("layer %d: parameters differ in their bits", i)
		}
	}
	if loaded.Digest() != n.Digest() {
		t.Errorf("digest %s, saved %s", loaded.Digest(), n.Digest())
	}
	if err := loaded.Save(second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileBytes(t, first), fileBytes(t, second)) {
		t.Error("saved again, the bytes differ")
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("the folder holds %v", left)
	}
}

func fileBytes(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestAnyoneCanRead reads a saved model by the format's definition, sharing no code with us.
func TestAnyoneCanRead(t *testing.T) {
	n, path := storedNet(t), filepath.Join(t.TempDir(), "m.safetensors")
	if err := n.Save(path); err != nil {
		t.Fatal(err)
	}
	data := fileBytes(t, path)
	length := binary.LittleEndian.Uint64(data)
	if length%8 != 0 {
		t.Errorf("header of %d bytes: the data are not aligned", length)
	}
	var header map[string]struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	var metadata struct {
		M map[string]string `json:"__metadata__"`
	}
	if err := errors.Join(json.Unmarshal(data[8:8+length], &header), json.Unmarshal(data[8:8+length], &metadata)); err != nil {
		t.Fatal(err)
	}
	delete(header, "__metadata__")
	for name, want := range map[string]struct {
		shape  []int
		values []float32
	}{
		"conv1.weight":  {[]int{3, 2, 3, 3}, n.Params[1].Weight},
		"conv1.bias":    {[]int{3}, n.Params[1].Bias},
		"skip.weight":   {[]int{3, 2, 1, 1}, n.Params[2].Weight},
		"skip.bias":     {[]int{3}, n.Params[2].Bias},
		"fc.é_4.weight": {[]int{4, 12}, n.Params[4].Weight},
		"fc.é_4.bias":   {[]int{4}, n.Params[4].Bias},
		"out.weight":    {[]int{2, 4}, n.Params[5].Weight},
		"out.bias":      {[]int{2}, n.Params[5].Bias},
	} {
		got := header[name]
		values := make([]float32, (got.Offsets[1]-got.Offsets[0])/4)
		if err := binary.Read(bytes.NewReader(data[8+int(length)+got.Offsets[0]:]), binary.LittleEndian, values); err != nil {
			t.Fatal(err)
		}
		if got.DType != "F32" || !reflect.DeepEqual(got.Shape, want.shape) || !reflect.DeepEqual(values, want.values) {
			t.Errorf("%s: %+v %v, want %v %v", name, got, values, want.shape, want.values)
		}
		delete(header, name)
	}
	if len(header) != 0 {
		t.Errorf("more tensors: %v", header)
	}
	want := map[string]string{"neuroprobe.format": "1", "neuroprobe.digest": n.Digest(), "neuroprobe.mean": "[0.485,0.33333334]", "neuroprobe.std": "[0.229,1e-7]"}
	for _, key := range []string{"spec", "record", "classes"} {
		want["neuroprobe."+key] = metadata.M["neuroprobe."+key]
	}
	if !reflect.DeepEqual(metadata.M, want) {
		t.Errorf("metadata %q, want %q", metadata.M, want)
	}
	var spec Spec
	var record Record
	var classes []string
	if err := errors.Join(json.Unmarshal([]byte(want["neuroprobe.spec"]), &spec), json.Unmarshal([]byte(want["neuroprobe.record"]), &record),
		json.Unmarshal([]byte(want["neuroprobe.classes"]), &classes)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(spec, n.Spec) || !reflect.DeepEqual(record, n.Record) || !reflect.DeepEqual(classes, n.Classes) {
		t.Errorf("metadata hold %+v, %+v, %v", spec, record, classes)
	}
}

// TestLoadFaults changes one thing of a sound file.
func TestLoadFaults(t *testing.T) {
	n := storedNet(t)
	tensorAt := func(f *tensorFile, name string) *storedTensor {
		for i := range f.Tensors {
			if f.Tensors[i].Name == name {
				return &f.Tensors[i]
			}
		}
		t.Fatalf("no tensor %s", name)
		return nil
	}
	other := strings.Repeat("0", 64)
	spec := func(f *tensorFile, old, new string) {
		f.Metadata[metaSpec] = strings.Replace(f.Metadata[metaSpec], old, new, 1)
	}
	for _, test := range []struct {
		name   string
		change func(f *tensorFile)
		want   string
	}{
		{"someone else's file", func(f *tensorFile) { f.Metadata = map[string]string{"format": "pt"} },
			`model: m: a safetensors file, but not a neuroprobe model: there is no neuroprobe.format in its metadata (neuroprobe train writes models)`},
		{"no metadata", func(f *tensorFile) { f.Metadata = nil },
			`model: m: a safetensors file, but not a neuroprobe model: there is no neuroprobe.format in its metadata (neuroprobe train writes models)`},
		{"from the future", func(f *tensorFile) { f.Metadata[metaFormat] = "2" },
			`model: m: neuroprobe.format is "2" (this version of neuroprobe reads "1")`},
		{"metadata missing", func(f *tensorFile) { f.Metadata = map[string]string{metaFormat: "1", metaMean: "[]"} },
			"model: m: metadata: neuroprobe.spec is missing\nmodel: m: metadata: neuroprobe.record is missing\nmodel: m: metadata: neuroprobe.classes is missing\n" +
				"model: m: metadata: neuroprobe.std is missing\nmodel: m: metadata: neuroprobe.digest is missing"},
		{"metadata no JSON", func(f *tensorFile) { f.Metadata[metaMean] = "[1," },
			`model: m: metadata: neuroprobe.mean: unexpected EOF`},
		{"metadata and more", func(f *tensorFile) { f.Metadata[metaMean] += " 7" },
			`model: m: metadata: neuroprobe.mean: more after byte 20`},
		{"metadata of another type", func(f *tensorFile) { f.Metadata[metaClasses] = `"cat"` },
			`model: m: metadata: neuroprobe.classes: json: cannot unmarshal string into Go value of type []string`},
		{"unknown field", func(f *tensorFile) { spec(f, `"kernel":3`, `"dilation":2,"kernel":3`) },
			`model: m: metadata: neuroprobe.spec: json: unknown field "dilation"`},
		{"faulty spec", func(f *tensorFile) { spec(f, `"units":3,"kernel":3`, `"units":-3,"kernel":0`) },
			"model: m: layer 1 (conv1): units -3 (want 1 to 1048576)\nmodel: m: layer 1 (conv1): kernel 0, stride 2, padding 1 (want a kernel and a stride of 1 to 1024, and less padding than kernel)"},
		{"tensor missing", func(f *tensorFile) { f.Tensors = f.Tensors[1:] },
			`model: m: tensor "conv1.weight" is missing (want F32 of shape 3×2×3×3)`},
		{"tensor too many", func(f *tensorFile) { f.Tensors = append(f.Tensors, f32("sum.bias", []float32{1}, 1)) },
			`model: m: tensor "sum.bias" (F32 of shape 1) belongs to no layer`},
		{"tensors renamed", func(f *tensorFile) { f.Tensors[0].Name, f.Tensors[7].Name = "0.weight", "9.bias" },
			"model: m: tensor \"conv1.weight\" is missing (want F32 of shape 3×2×3×3)\nmodel: m: tensor \"out.bias\" is missing (want F32 of shape 2)\n" +
				"model: m: tensor \"0.weight\" (F32 of shape 3×2×3×3) belongs to no layer\nmodel: m: tensor \"9.bias\" (F32 of shape 2) belongs to no layer"},
		{"transposed", func(f *tensorFile) { tensorAt(f, "out.weight").Shape = []int{4, 2} },
			`model: m: tensor "out.weight": F32 of shape 4×2 (want F32 of shape 2×4)`},
		{"flattened", func(f *tensorFile) { tensorAt(f, "conv1.weight").Shape = []int{3, 18} },
			`model: m: tensor "conv1.weight": F32 of shape 3×18 (want F32 of shape 3×2×3×3)`},

		{"NaN", func(f *tensorFile) {
			*tensorAt(f, "out.bias") = f32("out.bias", []float32{1, float32(math.NaN())}, 2)
		},
			`model: m: tensor "out.bias": value 1 is NaN (want a finite number)`},
		{"infinite", func(f *tensorFile) { tensorAt(f, "conv1.weight").Data[2] = float32(math.Inf(-1)) },
			`model: m: tensor "conv1.weight": value 2 is -Inf (want a finite number)`},
		{"classes", func(f *tensorFile) { f.Metadata[metaClasses] = `["cat"]` },
			`model: m: 1 classes for 2 output neurons`},
		{"std", func(f *tensorFile) { f.Metadata[metaStd] = `[1,0]` },
			`model: m: input normalisation of channel 1 is mean 0.33333334, std 0 (want finite numbers, std above 0)`},
		{"digest", func(f *tensorFile) { f.Metadata[metaDigest] = other },
			`model: m: the file was changed or damaged: its content has the digest ` + n.Digest() + `, where ` + other + ` was written`},
	} {
		f, err := n.tensorFile()
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Tensors {
			f.Tensors[i].Data = slices.Clone(f.Tensors[i].Data) // n's otherwise
		}
		test.change(f)
		loaded, err := decodeNetwork("m", written(t, f))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: error\n%v, want\n%s", test.name, err, test.want)
		}
		if loaded != nil {
			t.Errorf("%s: came with a network", test.name)
		}
		if is, want := errors.Is(err, ErrNotModel), strings.Contains(test.want, "not a neuroprobe model"); is != want {
			t.Errorf("%s: ErrNotModel is %v", test.name, is)
		}
	}
}

func TestMetadataTooLong(t *testing.T) {
	f, err := storedNet(t).tensorFile()
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata[metaClasses] = strings.Repeat(" ", maxMetadata) + "[]"
	if _, err := f.network(); err == nil || err.Error() != "metadata: neuroprobe.classes has 8388610 bytes (at most 8388608 are supported)" {
		t.Errorf("error %v", err)
	}
}

// TestLoadHalves: weights of another type are no model of ours, even where the values are.
func TestLoadHalves(t *testing.T) {
	n := storedNet(t)
	n.Params[5].Bias = []float32{0, 0}
	whole := encoded(t, n)
	length := binary.LittleEndian.Uint64(whole)
	header := strings.Replace(string(whole[8:8+length]), `"out.bias":{"dtype":"F32"`, `"out.bias":{"dtype":"F16"`, 1)
	end := len(whole) - 8 - int(length)
	header = strings.Replace(header, fmt.Sprintf(",%d]", end), fmt.Sprintf(",%d]", end-4), 1)
	_, err := decodeNetwork("m", safetensorsBytes(header, whole[8+length:len(whole)-4]...))
	if want := `model: m: tensor "out.bias": F16 of shape 2 (want F32 of shape 2)`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestEveryBitCounts flips a bit in every third byte of a file: Load refuses it, unless it is in
// the header and means the same (a key's upper case, say).
func TestEveryBitCounts(t *testing.T) {
	n := storedNet(t)
	sound := encoded(t, n)
	if _, err := decodeNetwork("sound", sound); err != nil {
		t.Fatal(err)
	}
	start := 8 + int(binary.LittleEndian.Uint64(sound))
	for at := 0; at < len(sound); at += 3 {
		changed := bytes.Clone(sound)
		changed[at] ^= 1 << (at % 8)
		got, err := decodeNetwork("changed", changed)
		if err != nil {
			continue
		}
		if at >= start {
			t.Errorf("bit %d of byte %d of the data flipped unnoticed", at%8, at-start)
		}
		if got.Digest() != n.Digest() {
			t.Errorf("byte %d: another network was accepted", at)
		}
	}
}

func TestLoadNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.safetensors")
	_, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "model: ") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	picture := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(picture, []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(picture); err == nil || !strings.HasPrefix(err.Error(), "model: "+picture+": not a safetensors file") {
		t.Errorf("error %v", err)
	}
}

// TestSaveKeepsTheOldFile: what cannot be saved leaves what was there.
func TestSaveKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	if err := storedNet(t).Save(path); err != nil {
		t.Fatal(err)
	}
	before := fileBytes(t, path)
	for want, spoil := range map[string]func(n *Network){
		"model: layer 5 (out): bias 1 is NaN (want a finite number)":         func(n *Network) { n.Params[5].Bias[1] = float32(math.NaN()) },
		"model: class name \"\\xff\" is not UTF-8":                           func(n *Network) { n.Classes[0] = "\xff" },
		"model: neuroprobe.record: json: unsupported value: NaN":             func(n *Network) { n.Record.Epochs[0].SelectLoss = math.NaN() },
		"model: 1 means and 2 standard deviations for 2 input channels":      func(n *Network) { n.Mean = n.Mean[:1] },
		"model: neuroprobe.record has ":                                      func(n *Network) { n.Record.Epochs = make([]Epoch, maxMetadata/100) },
		"model: layer 1 (conv1) has 53 weights and 3 biases (want 54 and 3)": func(n *Network) { n.Params[1].Weight = n.Params[1].Weight[1:] },
		"model: layer 1: name \"a\\xff\" (want letters, digits, _ and .)":    func(n *Network) { n.Spec.Layers[0].Name = "a\xff" },
	} {
		n := storedNet(t)
		spoil(n)
		if err := n.Save(path); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if !bytes.Equal(before, fileBytes(t, path)) {
		t.Error("the old file has changed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the folder holds %v", left)
	}
	nowhere := filepath.Join(dir, "no", "m.safetensors")
	if err := storedNet(t).Save(nowhere); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("no such folder: error %v", err)
	}
}

// TestSaveWhileRead: saving a network others are reading is no race.
func TestSaveWhileRead(t *testing.T) {
	n, dir := storedNet(t), t.TempDir()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			if err := n.Save(filepath.Join(dir, fmt.Sprint(i))); err != nil || n.Geometry(1).Act != (Shape{3, 3, 3}) {
				t.Error(err, n.Geometry(1))
			}
		})
	}
	all.Wait()
}

// FuzzLoad: no bytes panic, and a network that is accepted survives saving.
func FuzzLoad(f *testing.F) {
	n := storedNet(f)
	sound := encoded(f, n)
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	small, err := NewNetwork(Spec{Input: Shape{1, 1, 1}, Layers: []Layer{{Name: "a", Kind: Dense, Units: 1, Activation: Identity}}},
		[]Params{{}, {[]float32{2}, []float32{1}}}, []float32{0}, []float32{1}, []string{"x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded(f, small))
	for _, spec := range []string{`{}`, `null`, `{"input":[67108864,1,1],"layers":[{"name":"a","kind":"conv2d","units":1048576,"kernel":1024,"padding":512,"activation":"relu","pool":{"kind":"global-average"}}]}`} {
		file, err := small.tensorFile()
		if err != nil {
			f.Fatal(err)
		}
		file.Metadata[metaSpec] = spec
		f.Add(written(f, file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := decodeNetwork("fuzz", data)
		if err != nil {
			return
		}
		once := encoded(t, n)
		again, err := decodeNetwork("again", once)
		if err != nil || again.Digest() != n.Digest() || !bytes.Equal(once, encoded(t, again)) {
			t.Errorf("saved and loaded, it is another network (%v)", err)
		}
	})
}
